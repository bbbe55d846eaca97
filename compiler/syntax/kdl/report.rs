//! What is said about text that is not KDL.

use super::lexer::{Flaw, Kind, Token};
use super::parser::Parser;
use super::value::Unreadable;
use crate::diag::{Diagnostic, Span};
use crate::syntax::codes;
use std::ops::Range;

impl Parser<'_, '_> {
    pub(super) fn syntax(&mut self, at: Span, what: impl Into<String>, help: impl Into<String>) {
        self.faults.push(Diagnostic::new(&codes::KDL, at, what).help(help));
    }

    pub(super) fn missing_brace(&mut self, open: Span) {
        // With one brace missing, every block around it is open too.
        if !std::mem::replace(&mut self.open_reported, true) {
            self.syntax(open, "this `{` is never closed", "add the `}`; the indentation shows where one is missing");
        }
    }

    pub(super) fn version_one(&mut self, span: Span, word: &str) {
        let mut found =
            Diagnostic::new(&codes::KDL_V1, span, format!("bare `{word}` is KDL 1; in KDL 2 it is not a value"));
        found = match word {
            "true" | "false" | "null" => {
                let new = format!("#{word}");
                found.help(format!("write `{new}`")).fix(span, new, "write it as KDL 2 does")
            }
            _ => found.help("no key takes it; write a number"),
        };
        self.faults.push(found);
    }

    pub(super) fn keyword(&mut self, span: Span, raw: &str) {
        match raw {
            "#inf" | "#-inf" | "#nan" => {
                self.faults.add(&codes::NUMBER, span, format!("`{raw}` is not a number a monitoring setting can have"));
            }
            _ => {
                let what = format!("`{raw}` is no value of KDL");
                let help =
                    "`#true`, `#false` and `#null` are all there are; a string stands in quotes, a comment behind `//`";
                self.syntax(span, what, help);
            }
        }
    }

    pub(super) fn unreadable(&mut self, token: Token, error: Unreadable) {
        let place = |range: Range<usize>| Span::new(self.file, range.start, range.end);
        let raw = self.excerpt(token);
        let found = match error {
            Unreadable::Escape(range) => Diagnostic::new(&codes::KDL, place(range), "this `\\` escapes nothing KDL knows")
                .help("write `\\\\` for a backslash, or a raw string: `#\"C:\\path\"#`; known are \\n \\r \\t \\b \\f \\s \\\" \\\\ and \\u{1F600}"),
            Unreadable::Indentation(range) => {
                Diagnostic::new(&codes::KDL, place(range), "a line of this text is indented less than its closing quotes")
                    .help("indent every line at least as far as the closing `\"\"\"`, with the same blanks")
            }
            Unreadable::TextBeforeQuotes(range) => {
                Diagnostic::new(&codes::KDL, place(range), "the closing `\"\"\"` must stand on a line of its own")
                    .help("begin a new line before it")
            }
            Unreadable::Number(help) => {
                let at = self.span(token);
                Diagnostic::new(&codes::NUMBER, at, format!("`{raw}` is not a number")).help(help)
            }
        };
        self.faults.push(found);
    }

    /// A token that can stand nowhere here; advances over it.
    pub(super) fn stray(&mut self, token: Token) {
        let at = self.span(token);
        match token.kind {
            Kind::Bad(Flaw::OpenString) => {
                self.syntax(
                    at,
                    "this string is not closed on its line",
                    "close it with `\"`; text of several lines stands in `\"\"\"`",
                );
            }
            Kind::Bad(Flaw::OpenText) => {
                let first = Span::new(self.file, token.start, (token.start + 3).min(token.end));
                self.syntax(
                    first,
                    "this string is never closed",
                    "close it with the same quotes and `#` signs it opens with",
                );
            }
            Kind::Bad(Flaw::TextBehindQuotes) => {
                self.syntax(
                    at,
                    "text stands behind `\"\"\"` on its line",
                    "begin the text on the next line, or use one `\"` for a string of one line",
                );
            }
            Kind::Bad(Flaw::OpenComment) => {
                let first = Span::new(self.file, token.start, (token.start + 2).min(token.end));
                self.syntax(first, "this comment is never closed", "close it with `*/`, once for every `/*` inside it");
            }
            Kind::Bad(Flaw::DeepComment) => {
                let first = Span::new(self.file, token.start, (token.start + 2).min(token.end));
                let found = Diagnostic::new(&codes::TOO_DEEP, first, "comments are nested more than 8 levels deep");
                self.faults.push(found.help("close the comments that are still open, or take the inner ones out"));
                self.stop();
                return;
            }
            Kind::Bad(Flaw::Backslash) => {
                self.syntax(
                    at,
                    "a `\\` stands in the middle of a line",
                    "it may only end a line, to continue the node on the next",
                );
            }
            Kind::Bad(Flaw::Character('[' | ']')) => {
                self.syntax(
                    at,
                    "KDL has no brackets for lists",
                    "write the items one behind the other: `jobs \"a\" \"b\"`",
                );
            }
            Kind::Bad(Flaw::Character('/')) => {
                self.syntax(
                    at,
                    "a `/` cannot stand in a string without quotes",
                    "put the string in quotes: `\"node-exporter/roce\"`",
                );
            }
            Kind::Equals => {
                self.syntax(at, "this `=` has no key before it", "a property is `key=value`");
            }
            Kind::Bad(Flaw::Character(c)) => {
                self.syntax(at, format!("`{c}` cannot stand here"), "put the string it belongs to in quotes");
            }
            _ => {
                let what = format!("`{}` cannot stand here", self.excerpt(token));
                self.syntax(at, what, "put the string it belongs to in quotes");
            }
        }
        self.advance();
    }
}
