//! The printer of KDL: tokens in, tokens out, with blanks of its own between them.
//!
//! Keeps every comment, what `/-` takes out, the spelling of numbers, text of several lines, and
//! the author's choice between property and child; quotes every value, indents by four, leaves at
//! most one blank line between nodes.

use crate::diag::{Diagnostic, FileId};
use crate::syntax::faults::Faults;
use crate::syntax::kdl::lexer::{Kind, Lexer, Token, may_be_bare};
use crate::syntax::kdl::{parser, value};
use crate::syntax::text;

/// Blocks on one line stay there up to this many columns.
const WIDTH: usize = 110;

/// The text in the one layout.
///
/// # Errors
/// The faults of a text that is not KDL; `file` is what their places refer to.
pub fn kdl(text: &str, file: FileId) -> Result<String, Vec<Diagnostic>> {
    let mut faults = Faults::default();
    if text::admit("", text, file, &mut faults) {
        parser::parse(text, file, &mut faults);
    }
    if faults.count() > 0 {
        return Err(faults.into_sink().into_sorted());
    }
    let mut lexer = Lexer::new(text);
    let tokens: Vec<Token> = std::iter::from_fn(|| Some(lexer.next()).filter(|t| t.kind != Kind::End)).collect();
    let mut printer =
        Printer { text, tokens: &tokens, at: 0, out: String::with_capacity(text.len() + 64), glued: true };
    printer.nodes(0);
    let mut out = printer.out;
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    Ok(out)
}

struct Printer<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    out: String,
    /// Whether the next word of a node follows without a blank: behind `/-`, or on a new line.
    glued: bool,
}

impl<'t> Printer<'t> {
    /// Nodes and comments up to the `}` or the end, each on a line of its own.
    fn nodes(&mut self, depth: usize) {
        // Behind `{` or the start of the file nothing is on the line yet that a comment could follow.
        let mut breaks = usize::from(self.out.is_empty());
        let mut first = true;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Newline => breaks += 1,
                Kind::Close => return,
                Kind::Space | Kind::Semicolon => {}
                Kind::LineComment if breaks == 0 => {
                    self.out.truncate(self.out.trim_end_matches('\n').len());
                    self.out.push_str("  ");
                    self.comment(token);
                    self.out.push('\n');
                    first = false;
                }
                Kind::LineComment => {
                    self.begin_line(depth, &mut breaks, &mut first);
                    self.comment(token);
                    self.out.push('\n');
                }
                Kind::Continuation => {
                    let raw = self.raw(token);
                    if let Some(comment) = raw.find("//").map(|c| raw[c..].trim_end()) {
                        self.begin_line(depth, &mut breaks, &mut first);
                        self.out.push_str(comment);
                        self.out.push('\n');
                    }
                }
                _ => {
                    self.begin_line(depth, &mut breaks, &mut first);
                    self.glued = true;
                    self.statement(depth);
                    self.out.push('\n');
                    continue;
                }
            }
            self.at += 1;
        }
    }

    fn begin_line(&mut self, depth: usize, breaks: &mut usize, first: &mut bool) {
        if *breaks > 1 && !*first {
            self.out.push('\n');
        }
        *breaks = 0;
        *first = false;
        self.indent(depth);
    }

    /// A node with what comments stand before it on its line; ends before its terminator, but
    /// behind a comment at the end of its line.
    fn statement(&mut self, depth: usize) {
        let mut named = false;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Newline if !named && self.awaits_node() => self.at += 1,
                Kind::Newline | Kind::Semicolon | Kind::Close => return,
                Kind::Space => self.at += 1,
                Kind::LineComment if !named && self.awaits_node() => {
                    // `/- // why` and then the node that is taken out.
                    self.out.push(' ');
                    self.comment(token);
                    self.out.push('\n');
                    self.indent(depth);
                    self.at += 1;
                    self.glued = true;
                }
                Kind::LineComment => {
                    self.out.push_str("  ");
                    self.comment(token);
                    self.at += 1;
                    return;
                }
                Kind::BlockComment => {
                    self.blank();
                    self.push_lines(self.raw(token));
                    self.at += 1;
                }
                Kind::Continuation => {
                    self.continuation(token, depth);
                    self.at += 1;
                }
                Kind::SlashDash => {
                    self.blank();
                    self.out.push_str("/-");
                    self.glued = true;
                    self.at += 1;
                    self.behind_slashdash(named, depth);
                }
                Kind::Open => self.block(depth),
                _ if !named => {
                    self.blank();
                    self.name(token);
                    self.at += 1;
                    named = true;
                }
                _ => self.entry(token, depth),
            }
        }
    }

    /// Whether the last thing printed was `/-`, so that the node it takes out is still to come.
    fn awaits_node(&self) -> bool {
        self.tokens[..self.at]
            .iter()
            .rev()
            .find(|t| {
                !matches!(
                    t.kind,
                    Kind::Newline | Kind::Space | Kind::LineComment | Kind::BlockComment | Kind::Continuation
                )
            })
            .is_some_and(|t| t.kind == Kind::SlashDash)
    }

    /// Line breaks that may stand between `/-` and an entry or block are dropped, comments kept.
    fn behind_slashdash(&mut self, named: bool, depth: usize) {
        while named && let Some(token) = self.peek() {
            match token.kind {
                Kind::Newline | Kind::Space => {}
                Kind::LineComment => {
                    self.out.push(' ');
                    self.comment(token);
                    self.out.push('\n');
                    self.indent(depth + 1);
                }
                Kind::Continuation => self.continuation(token, depth),
                Kind::BlockComment => {
                    self.push_lines(self.raw(token));
                    self.glued = false;
                    self.blank();
                }
                _ => break,
            }
            self.glued = true;
            self.at += 1;
        }
    }

    fn entry(&mut self, token: Token, depth: usize) {
        self.blank();
        if !(token.is_string() && self.is_key()) {
            self.value(token);
            self.at += 1;
            return;
        }
        self.name(token);
        self.at += 1;
        let mut assigned = false;
        while let Some(token) = self.peek() {
            self.at += 1;
            match token.kind {
                Kind::Space => {}
                Kind::BlockComment => {
                    self.out.push(' ');
                    self.push_lines(self.raw(token));
                    self.out.push(' ');
                }
                Kind::Continuation => self.continuation(token, depth),
                Kind::Equals if !assigned => {
                    self.out.push('=');
                    assigned = true;
                }
                _ => {
                    self.value(token);
                    break;
                }
            }
        }
        self.glued = false;
    }

    /// Whether the string at hand is the key of a property.
    fn is_key(&self) -> bool {
        self.tokens[self.at + 1..]
            .iter()
            .find(|t| !matches!(t.kind, Kind::Space | Kind::BlockComment | Kind::Continuation))
            .is_some_and(|t| t.kind == Kind::Equals)
    }

    fn block(&mut self, depth: usize) {
        self.blank();
        let inner = self.inner();
        if inner.iter().all(|t| matches!(t.kind, Kind::Newline | Kind::Space | Kind::Semicolon)) {
            self.out.push_str("{}");
            self.at += inner.len() + 2;
            return;
        }
        let on_one_line = inner.iter().all(|t| {
            !matches!(
                t.kind,
                Kind::Newline | Kind::LineComment | Kind::Continuation | Kind::MultiLine | Kind::RawMultiLine
            ) && !self.raw(*t).contains('\n')
        });
        let before = (self.at, self.out.len());
        if on_one_line {
            self.at += 1;
            self.line(depth);
            if self.column() <= WIDTH {
                self.glued = false;
                return;
            }
            self.at = before.0;
            self.out.truncate(before.1);
        }
        self.at += 1;
        self.out.push_str("{\n");
        self.nodes(depth + 1);
        self.at += 1;
        self.indent(depth);
        self.out.push('}');
        self.glued = false;
    }

    /// `{ a 1; b 2 }`, up to and with its closing brace.
    fn line(&mut self, depth: usize) {
        self.out.push('{');
        let mut first = true;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Space | Kind::Semicolon => self.at += 1,
                Kind::Close => {
                    self.at += 1;
                    break;
                }
                _ => {
                    self.out.push_str(if first { " " } else { "; " });
                    first = false;
                    self.glued = true;
                    self.statement(depth);
                }
            }
        }
        self.out.push_str(" }");
    }

    /// The tokens between the brace at hand and the one that closes it.
    fn inner(&self) -> &'t [Token] {
        let rest = &self.tokens[self.at + 1..];
        let mut depth = 0;
        let end = rest.iter().position(|t| {
            match t.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 0 => return true,
                Kind::Close => depth -= 1,
                _ => {}
            }
            false
        });
        &rest[..end.unwrap_or(rest.len())]
    }

    fn continuation(&mut self, token: Token, depth: usize) {
        let raw = self.raw(token);
        self.out.push_str(" \\");
        if let Some(start) = raw.find("/*") {
            let end = raw.rfind("*/").map_or(raw.len(), |e| e + 2);
            self.out.push(' ');
            self.push_lines(&raw[start..end]);
        }
        let behind = raw.rfind("*/").map_or(raw, |e| &raw[e + 2..]);
        if let Some(start) = behind.find("//") {
            self.out.push(' ');
            self.out.push_str(behind[start..].trim_end());
        }
        self.out.push('\n');
        self.indent(depth + 1);
        self.glued = true;
    }

    fn name(&mut self, token: Token) {
        match value::string(self.text, token) {
            Ok(name) if may_be_bare(&name) => self.out.push_str(&name),
            _ => self.push_lines(self.raw(token)),
        }
    }

    fn value(&mut self, token: Token) {
        let raw = self.raw(token);
        match (token.kind, value::string(self.text, token)) {
            (Kind::Bare | Kind::Raw, Ok(text)) if !text.contains(['"', '\\']) => {
                self.out.push('"');
                self.out.push_str(&text);
                self.out.push('"');
            }
            _ => self.push_lines(raw),
        }
    }

    fn comment(&mut self, token: Token) {
        let raw = self.raw(token);
        self.out.push_str(raw.trim_end());
    }

    /// A blank between two words of a node.
    fn blank(&mut self) {
        if !std::mem::replace(&mut self.glued, false) {
            self.out.push(' ');
        }
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n(' ', 4 * depth));
    }

    /// Text as it stands, with line breaks of one kind.
    fn push_lines(&mut self, raw: &str) {
        if raw.contains('\r') {
            self.out.push_str(&raw.replace("\r\n", "\n").replace('\r', "\n"));
        } else {
            self.out.push_str(raw);
        }
    }

    fn column(&self) -> usize {
        let line = self.out.rfind('\n').map_or(0, |n| n + 1);
        self.out[line..].chars().count()
    }

    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn raw(&self, token: Token) -> &'t str {
        &self.text[token.range()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fmt(text: &str) -> String {
        let out = kdl(text, FileId(0)).unwrap_or_else(|e| panic!("{e:#?}"));
        let again = kdl(&out, FileId(0)).unwrap_or_else(|e| panic!("{out}\n{e:#?}"));
        assert_eq!(again, out, "not idempotent");
        out
    }

    #[test]
    fn values_are_quoted_and_keys_are_not() {
        assert_eq!(
            fmt("\"cluster\" edge-1 \"zone\" = z nodes=3_000 \"a b\"=#true x=#\"y\"# r=#\"a\"b\"#"),
            "cluster \"edge-1\" \"zone\"=\"z\" nodes=3_000 \"a b\"=#true x=\"y\" r=#\"a\"b\"#\n"
                .replace("\"zone\"=", "zone=")
        );
    }

    #[test]
    fn every_comment_stays() {
        let text = "// head\n\n\n\nfleet  f {// open\n// a\n  x 1;// b\ny 2 /* c */ 3 // d\n\n\n/-z {\n w }\n/* e */\nv /-1 2 \\ // f\n 3\n// end\n}   // g\n// last";
        assert_eq!(
            fmt(text),
            "// head\n\nfleet \"f\" {  // open\n    // a\n    x 1  // b\n    y 2 /* c */ 3  // d\n\n    /-z {\n        w\n    }\n    /* e */\n    v /-1 2 \\ // f\n        3\n    // end\n}  // g\n// last\n"
        );
    }

    #[test]
    fn blocks_on_one_line_stay_there_while_they_fit() {
        assert_eq!(fmt("a{b 1;c{d 2}}"), "a { b 1; c { d 2 } }\n");
        assert_eq!(fmt("a {\n}\nb { }"), "a {}\nb {}\n");
        let long = format!("a {{ {} }}", (0..30).map(|i| format!("key-{i} {i}")).collect::<Vec<_>>().join("; "));
        assert_eq!(fmt(&long).lines().count(), 32);
    }

    #[test]
    fn text_of_several_lines_is_kept() {
        let text = "a {\n  b \"\"\"\n      x\n        y\n      \"\"\"\n}\n";
        assert!(fmt(text).contains("    b \"\"\"\n      x\n        y\n      \"\"\"\n"));
    }

    #[test]
    fn slashdash_takes_out_the_same_after_formatting() {
        assert_eq!(fmt("a /-\n  1 /- b=2 /-{ c } { d }"), "a /-1 /-b=2 /-{ c } { d }\n");
        assert_eq!(fmt("/-\n// why\nnode 1\nnext"), "/- // why\nnode 1\nnext\n");
    }

    #[test]
    fn what_is_not_kdl_is_refused() {
        assert!(kdl("a {", FileId(0)).is_err());
        assert_eq!(fmt(""), "");
        assert_eq!(fmt("\r\n\r\n"), "");
    }
}
