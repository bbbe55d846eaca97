//! Markdown and Mermaid, as far as the pages need them.

/// A table; nothing for no rows.
pub fn table(out: &mut String, head: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    row(out, head.iter().copied());
    row(out, head.iter().map(|_| "---"));
    for cells in rows {
        row(out, cells.iter().map(String::as_str));
    }
    out.push('\n');
}

fn row<'c>(out: &mut String, cells: impl Iterator<Item = &'c str>) {
    for cell in cells {
        out.push_str("| ");
        out.push_str(&cell.replace('|', "\\|").replace('\n', " "));
        out.push(' ');
    }
    out.push_str("|\n");
}

/// A node's id in a Mermaid graph: letters, digits and `_`, with a prefix that keeps kinds apart.
pub fn node_id(prefix: &str, name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{prefix}_{safe}")
}

/// `12,345`
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_a_table() {
        let mut out = String::new();
        table(&mut out, &["a"], &[vec!["x|y\nz".to_owned()]]);
        assert_eq!(out, "| a |\n| --- |\n| x\\|y z |\n\n");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
