//! Characters that must not reach a terminal or a page as they are.

use std::borrow::Cow;

/// The text with every character made visible that could move the cursor, colour the terminal or
/// reorder what is read (Unicode TR 36): `\u{202e}`. Line breaks stay; tabs become four blanks.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c == '\t' || hides(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            c if hides(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The same for text that has to stay on one line.
pub fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n")
}

/// Whether a character would not be seen where it stands, or moves others.
pub fn hides(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_fool_a_terminal_is_made_visible() {
        assert_eq!(visible("a\x1b[31mb\u{202e}c\td"), "a\\u{1b}[31mb\\u{202e}c    d");
        assert_eq!(visible("集群 naïve\n"), "集群 naïve\n");
        assert_eq!(one_line("a\nb"), "a\\nb");
    }
}
