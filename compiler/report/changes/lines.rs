//! Texts of which no more is compared than anybody reads.

/// Lines between what two texts have in common, from which on they are compared no more: the shortest way from one to the
/// other may take as many steps as the square of them.
const MANY: usize = 4_000;
/// Of such texts: these, behind the last ones in common.
const FIRST: usize = 200;
const AROUND: usize = 3;

/// What of two texts is compared line by line, and whether more of them differs.
pub(super) fn clipped<'t>(before: &'t str, after: &'t str) -> (&'t str, &'t str, bool) {
    let [old, new] = [before, after].map(|text| text.split_inclusive('\n').collect::<Vec<&str>>());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    if old.len() + new.len() - 2 * (start + end) <= MANY {
        return (before, after, false);
    }
    let from = start.saturating_sub(AROUND);
    let cut = |text: &'t str, lines: &[&str]| {
        let length = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
        let skipped = length(&lines[..from]);
        let to = (start + FIRST).min(lines.len() - end);
        &text[skipped..skipped + length(&lines[from..to])]
    };
    (cut(before, &old), cut(after, &new), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_lines_the_first_are_compared() {
        let flood: String = (0..50_000).map(|n| format!("x{n}\n")).collect();
        let text = |middle: &str| format!("a\nb\nc\nd\n{middle}e\n");
        let (before, after) = (text(&flood), text("ours\n"));
        let (old, new, more) = clipped(&before, &after);
        assert_eq!((old.lines().count(), new, more), (203, "b\nc\nd\nours\n", true));
        let (before, after) = (text("1\n"), text("2\n"));
        assert_eq!(clipped(&before, &after), (before.as_str(), after.as_str(), false));
    }
}
