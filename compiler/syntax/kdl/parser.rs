//! KDL 2 tokens to nodes, with the place of every part; several faults in one run.
//!
//! KDL is read here and not by the `kdl` crate because a spec needs what that does not give: a
//! bound on nesting (it overflows the stack), linear time in `/-`, the place of a value apart from
//! its key, and messages in the words of this language (`report.rs`). A test compares the two.

use super::lexer::{Kind, Lexer, Token, is_reserved};
use super::value;
use crate::diag::{Diagnostic, FileId, Span};
use crate::syntax::faults::Faults;
use crate::syntax::text::{MAX_DEPTH, MAX_VALUES};
use crate::syntax::{Scalar, codes};
use std::ops::Range;

/// A node as written.
#[derive(Debug)]
pub(in crate::syntax) struct Statement {
    pub name: Word,
    pub args: Vec<Value>,
    pub props: Vec<Property>,
    pub block: Option<Block>,
    /// From the name to the closing brace or last value.
    pub span: Span,
}

#[derive(Debug)]
pub(in crate::syntax) struct Block {
    pub nodes: Vec<Statement>,
    /// Braces included.
    pub span: Span,
}

#[derive(Debug)]
pub(in crate::syntax) struct Property {
    pub key: Word,
    pub value: Value,
}

#[derive(Debug)]
pub(in crate::syntax) struct Word {
    pub text: String,
    pub span: Span,
}

#[derive(Debug)]
pub(in crate::syntax) struct Value {
    pub scalar: Scalar,
    pub span: Span,
    /// Where the characters of a string begin in the text, if they stand there as they are.
    pub verbatim: Option<usize>,
}

impl Property {
    pub fn span(&self) -> Span {
        self.key.span.to(self.value.span)
    }
}

/// What a text holds.
pub(in crate::syntax) struct Parsed {
    pub nodes: Vec<Statement>,
    /// Nodes taken out by `/-`, it included, outermost only.
    pub removed: Vec<Range<usize>>,
}

/// The nodes of a text. Faults are reported and read over.
pub(in crate::syntax) fn parse(text: &str, file: FileId, faults: &mut Faults) -> Parsed {
    let mut lexer = Lexer::new(text);
    let ahead = lexer.next();
    let mut parser =
        Parser { text, file, lexer, ahead, faults, depth: 0, values: 0, open_reported: false, removed: Vec::new() };
    let nodes = parser.nodes(None);
    Parsed { nodes, removed: parser.removed }
}

pub(super) struct Parser<'t, 'f> {
    pub(super) text: &'t str,
    pub(super) file: FileId,
    lexer: Lexer<'t>,
    ahead: Token,
    pub(super) faults: &'f mut Faults,
    depth: usize,
    values: usize,
    /// A `{` that is never closed was reported.
    pub(super) open_reported: bool,
    removed: Vec<Range<usize>>,
}

impl Parser<'_, '_> {
    /// Nodes up to the `}` that closes `open`, or to the end of the text.
    fn nodes(&mut self, open: Option<Span>) -> Vec<Statement> {
        let mut nodes = Vec::new();
        loop {
            if self.faults.full() {
                self.stop();
            }
            let token = self.ahead;
            match token.kind {
                Kind::Newline | Kind::Space | Kind::LineComment | Kind::BlockComment | Kind::Continuation => {
                    self.advance()
                }
                Kind::Semicolon => {
                    let at = self.span(token);
                    self.syntax(at, "this `;` ends nothing", "remove it");
                    self.advance();
                }
                Kind::End => {
                    if let Some(open) = open {
                        self.missing_brace(open);
                    }
                    return nodes;
                }
                Kind::Close if open.is_some() => {
                    self.advance();
                    return nodes;
                }
                Kind::Close => {
                    let at = self.span(token);
                    self.syntax(at, "this `}` closes nothing", "remove it, or put the `{` it belongs to before it");
                    self.advance();
                }
                Kind::SlashDash => {
                    self.slashdash();
                    match self.ahead.kind {
                        Kind::Close | Kind::End => self.nothing_to_take_out(token),
                        _ => self.take_out(token),
                    }
                }
                _ => nodes.extend(self.statement()),
            }
        }
    }

    /// Reads a node behind its `/-`.
    fn take_out(&mut self, slashdash: Token) {
        let inner = self.removed.len();
        if let Some(node) = self.statement() {
            self.removed.truncate(inner);
            self.removed.push(slashdash.start..node.span.end as usize);
        }
    }

    fn statement(&mut self) -> Option<Statement> {
        while self.ahead.kind == Kind::ParenOpen {
            self.annotation();
        }
        if !self.ahead.is_string() {
            self.no_name();
            return None;
        }
        let name = self.name()?;
        let mut node = Statement { span: name.span, name, args: Vec::new(), props: Vec::new(), block: None };
        let mut spaced = false;
        loop {
            let token = self.ahead;
            match token.kind {
                Kind::Space | Kind::BlockComment | Kind::Continuation => {
                    spaced = true;
                    self.advance();
                }
                Kind::Newline | Kind::LineComment | Kind::End | Kind::Close => return Some(node),
                Kind::Semicolon => {
                    self.advance();
                    return Some(node);
                }
                Kind::Open => {
                    let block = self.block();
                    if node.block.is_some() {
                        let what = format!("`{}` has two blocks", node.name.text);
                        self.syntax(block.span, what, "join the two blocks, or end the node before the second");
                    } else {
                        node.span = node.span.to(block.span);
                        node.block = Some(block);
                    }
                }
                Kind::SlashDash => {
                    self.slashdash();
                    match self.ahead.kind {
                        Kind::Open => drop(self.block()),
                        Kind::Newline | Kind::End | Kind::Close | Kind::Semicolon => self.nothing_to_take_out(token),
                        _ => drop(self.entry()),
                    }
                    spaced = false;
                }
                Kind::ParenOpen => {
                    self.annotation();
                    spaced = true;
                }
                _ => {
                    if !spaced {
                        let at = self.span(token);
                        self.syntax(at, "a blank is missing before this value", "put a blank between values");
                    }
                    spaced = false;
                    if let Some(entry) = self.entry() {
                        let at = match &entry {
                            Entry::Property(p) => p.span(),
                            Entry::Value(v) => v.span,
                        };
                        if node.block.is_some() {
                            let what = format!("a value of `{}` stands behind its block", node.name.text);
                            self.syntax(at, what, "move it before the `{`, or begin a new line for a new node");
                            continue;
                        }
                        node.span = node.span.to(at);
                        match entry {
                            Entry::Property(p) => node.props.push(p),
                            Entry::Value(v) => node.args.push(v),
                        }
                    }
                }
            }
        }
    }

    fn block(&mut self) -> Block {
        let open = self.span(self.ahead);
        if self.depth == MAX_DEPTH {
            let what = format!("this block is nested more than {MAX_DEPTH} levels deep");
            self.faults.add(&codes::TOO_DEEP, open, what);
            self.stop();
            return Block { nodes: Vec::new(), span: open };
        }
        self.advance();
        self.depth += 1;
        let nodes = self.nodes(Some(open));
        self.depth -= 1;
        // The token before the one ahead was the brace, or the end of the text.
        Block { nodes, span: Span::new(self.file, open.start as usize, self.ahead.start) }
    }

    /// An argument or a property; advances in any case.
    fn entry(&mut self) -> Option<Entry> {
        let token = self.ahead;
        if !token.is_string() {
            return self.value().map(Entry::Value);
        }
        if !self.equals_follows() {
            return self.value().map(Entry::Value);
        }
        // Without a name there may be no `=` either: reading was given up.
        let key = self.name();
        while !matches!(self.ahead.kind, Kind::Equals | Kind::End) {
            self.advance();
        }
        let equals = self.span(self.ahead);
        self.advance();
        while matches!(self.ahead.kind, Kind::Space | Kind::BlockComment | Kind::Continuation) {
            self.advance();
        }
        while self.ahead.kind == Kind::ParenOpen {
            self.annotation();
        }
        match self.ahead.kind {
            Kind::Newline
            | Kind::Semicolon
            | Kind::LineComment
            | Kind::End
            | Kind::Open
            | Kind::Close
            | Kind::Space
            | Kind::SlashDash => {
                let name = key.as_ref().map_or("", |k| &k.text);
                let what = format!("no value follows `{name}=`");
                self.syntax(equals, what, "write the value right behind the `=`, or remove the property");
                None
            }
            _ => {
                let value = self.value();
                Some(Entry::Property(Property { key: key?, value: value? }))
            }
        }
    }

    /// Whether the string ahead is the key of a property.
    fn equals_follows(&self) -> bool {
        let mut lexer = self.lexer;
        loop {
            match lexer.next().kind {
                Kind::Equals => return true,
                Kind::Space | Kind::BlockComment | Kind::Continuation => {}
                _ => return false,
            }
        }
    }

    fn value(&mut self) -> Option<Value> {
        let token = self.ahead;
        let span = self.span(token);
        let raw = &self.text[token.range()];
        self.values += 1;
        if self.values > MAX_VALUES {
            self.faults.add(&codes::TOO_LARGE, span, format!("this file has more than {MAX_VALUES} values"));
            self.stop();
            return None;
        }
        let (scalar, verbatim) = match token.kind {
            Kind::Bare if is_reserved(raw) => {
                self.version_one(span, raw);
                self.advance();
                return match raw {
                    "true" => Some(Value { scalar: Scalar::Bool(true), span, verbatim: None }),
                    "false" => Some(Value { scalar: Scalar::Bool(false), span, verbatim: None }),
                    "null" => Some(Value { scalar: Scalar::Null, span, verbatim: None }),
                    _ => None,
                };
            }
            Kind::Bare if raw == "r" && self.raw_string_follows() => {
                self.advance();
                let whole = span.to(self.span(self.ahead));
                let inner = self.text[self.ahead.range()].trim_matches('#');
                self.faults.push(
                    Diagnostic::new(&codes::KDL_V1, whole, "`r\"…\"` is a raw string of KDL 1")
                        .help(format!("write `#{inner}#`")),
                );
                self.advance();
                return None;
            }
            Kind::Number => match value::number(raw) {
                Ok(number) => (number, None),
                Err(error) => {
                    self.unreadable(token, error);
                    self.advance();
                    return None;
                }
            },
            Kind::Keyword => match raw {
                "#true" => (Scalar::Bool(true), None),
                "#false" => (Scalar::Bool(false), None),
                "#null" => (Scalar::Null, None),
                _ => {
                    self.keyword(span, raw);
                    self.advance();
                    return None;
                }
            },
            _ if token.is_string() => {
                let text = self.string(token);
                self.advance();
                let text = text?;
                let verbatim = match token.kind {
                    Kind::Bare => Some(token.start),
                    Kind::Quoted | Kind::Raw => raw.find('"').map(|q| token.start + q + 1),
                    _ => None,
                }
                .filter(|at| self.text[*at..].starts_with(&text));
                return Some(Value { scalar: Scalar::Str(text), span, verbatim });
            }
            _ => {
                self.stray(token);
                return None;
            }
        };
        self.advance();
        Some(Value { scalar, span, verbatim })
    }

    /// The string ahead as the name of a node or property.
    fn name(&mut self) -> Option<Word> {
        let token = self.ahead;
        let span = self.span(token);
        let raw = &self.text[token.range()];
        self.values += 1;
        if self.values > MAX_VALUES {
            self.faults.add(&codes::TOO_LARGE, span, format!("this file has more than {MAX_VALUES} keys"));
            self.stop();
            return None;
        }
        if token.kind == Kind::Bare && is_reserved(raw) {
            self.version_one(span, raw);
        }
        let text = self.string(token);
        self.advance();
        Some(Word { text: text?, span })
    }

    fn string(&mut self, token: Token) -> Option<String> {
        match value::string(self.text, token) {
            Ok(text) => Some(text.into_owned()),
            Err(error) => {
                self.unreadable(token, error);
                None
            }
        }
    }

    /// `(…)`, which is refused, and read over.
    fn annotation(&mut self) {
        let open = self.span(self.ahead);
        let mut end = open;
        loop {
            self.advance();
            match self.ahead.kind {
                Kind::ParenClose => {
                    end = self.span(self.ahead);
                    self.advance();
                    break;
                }
                Kind::Newline | Kind::Open | Kind::Close | Kind::End | Kind::Semicolon => break,
                _ => {}
            }
        }
        while self.ahead.kind == Kind::Space {
            self.advance();
        }
        let what = "type annotations are not part of the language";
        self.faults.add(&codes::ANNOTATION, open.to(end), what);
    }

    /// Over `/-` and the blanks behind it. Another `/-` there has no meaning.
    fn slashdash(&mut self) {
        let first = self.span(self.ahead);
        let mut last = first;
        loop {
            self.advance();
            match self.ahead.kind {
                Kind::Newline | Kind::Space | Kind::LineComment | Kind::BlockComment | Kind::Continuation => {}
                Kind::SlashDash => last = self.span(self.ahead),
                _ => break,
            }
        }
        if last != first {
            self.faults.add(&codes::SLASHDASH, first.to(last), "`/-` stands several times in a row");
        }
    }

    fn nothing_to_take_out(&mut self, token: Token) {
        let at = self.span(token);
        self.faults.add(&codes::SLASHDASH, at, "nothing follows this `/-`");
    }

    fn no_name(&mut self) {
        let token = self.ahead;
        let at = self.span(token);
        match token.kind {
            Kind::Number | Kind::Keyword => {
                let what = format!("a line begins with a key, not with the value `{}`", self.excerpt(token));
                self.syntax(at, what, "write the key first; a line that goes on ends in `\\` on the line above");
                self.advance();
            }
            Kind::Open => {
                self.syntax(at, "this block has no key", "write the key before the `{`, on the same line");
                drop(self.block());
            }
            _ => self.stray(token),
        }
        self.skip_line();
    }

    /// Over what cannot be read, to where a node may begin or end.
    fn skip_line(&mut self) {
        loop {
            match self.ahead.kind {
                Kind::Semicolon => return self.advance(),
                Kind::Newline | Kind::End | Kind::Close | Kind::LineComment => return,
                Kind::Open => drop(self.block()),
                _ => self.advance(),
            }
        }
    }

    fn raw_string_follows(&self) -> bool {
        let mut lexer = self.lexer;
        matches!(lexer.next().kind, Kind::Quoted | Kind::Raw)
    }

    pub(super) fn advance(&mut self) {
        self.ahead = self.lexer.next();
    }

    /// Ends reading: what follows would only repeat the fault.
    pub(super) fn stop(&mut self) {
        self.lexer.stop();
        self.open_reported = true;
        self.advance();
    }

    pub(super) fn span(&self, token: Token) -> Span {
        Span::new(self.file, token.start, token.end)
    }

    /// The text of a token, cut to a length that fits a message.
    pub(super) fn excerpt(&self, token: Token) -> String {
        let raw = &self.text[token.range()];
        let line = raw.lines().next().unwrap_or("");
        match line.char_indices().nth(40) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line.to_owned(),
        }
    }
}

enum Entry {
    Property(Property),
    Value(Value),
}
