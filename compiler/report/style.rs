//! Colour and width.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::diag::Severity;
pub use crate::diag::shown::visible;
pub(super) use crate::diag::shown::{hides, one_line};

/// How text may look where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub colour: bool,
    /// Columns that prose is wrapped at.
    pub width: usize,
}

impl Look {
    pub(super) fn new(colour: bool, width: usize) -> Self {
        // Prose in lines over 120 columns is hard to read, and under 40 there are no lines.
        Look { colour, width: width.clamp(40, 120) }
    }

    pub(super) fn paint(self, style: Style, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Text in lines of at most the width; the second and later ones begin with `indent` blanks.
    /// Line breaks in the text stay.
    pub(super) fn wrap(self, first: &str, text: &str, indent: usize) -> String {
        let mut out = String::new();
        let mut column = first.width();
        out.push_str(first);
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
            }
            let mut fresh = true;
            for word in line.split(' ') {
                let width = word.width();
                if !fresh && column + 1 + width > self.width.max(indent + 20) {
                    out.push('\n');
                    out.push_str(&" ".repeat(indent));
                    column = indent;
                } else if !fresh {
                    out.push(' ');
                    column += 1;
                }
                out.push_str(word);
                column += width;
                fresh = false;
            }
        }
        out.push('\n');
        out
    }
}

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const ADDED: Style = AnsiColor::Green.on_default();
pub(super) const REMOVED: Style = AnsiColor::Red.on_default();
pub(super) const CHANGED: Style = AnsiColor::Yellow.on_default();
pub(super) const GUTTER: Style = AnsiColor::Blue.on_default().bold();

pub(super) fn of(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Info => AnsiColor::Cyan.on_default().bold(),
    }
}

/// `1 error`, `2 errors`.
pub fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_wrapped_by_columns_and_keeps_its_lines() {
        let look = Look { colour: false, width: 24 };
        assert_eq!(look.wrap("why: ", "one two three four five\nsix", 2), "why: one two three four\n  five\n  six\n");
        assert_eq!(look.wrap("", "集群集群集群 集群集群集群 x", 0), "集群集群集群\n集群集群集群 x\n");
    }
}
