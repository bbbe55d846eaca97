//! KDL 2 text to tokens, comments and blanks included: the bytes of all tokens are the text.
//!
//! Reads lazily and without recursion, so that no input can exhaust the stack. Knows nothing of
//! nodes; see `parser.rs`, and `fmt/kdl.rs`, which prints tokens.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::syntax) enum Kind {
    Newline,
    /// Blanks within a line.
    Space,
    LineComment,
    BlockComment,
    /// `\`, up to and including the line break that it takes the meaning of.
    Continuation,
    Semicolon,
    Open,
    Close,
    ParenOpen,
    ParenClose,
    Equals,
    SlashDash,
    /// A string without quotes.
    Bare,
    Quoted,
    MultiLine,
    Raw,
    RawMultiLine,
    /// Anything that begins like a number; whether it is one is seen when it is decoded.
    Number,
    /// `#true`, `#null`, or another word behind `#`.
    Keyword,
    Bad(Flaw),
    End,
}

/// Why a token is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::syntax) enum Flaw {
    /// A quoted string that its line does not end.
    OpenString,
    /// A raw or multi-line string that the file does not end.
    OpenText,
    /// `"""` with text on its line.
    TextBehindQuotes,
    OpenComment,
    DeepComment,
    /// A `\` that does not stand at the end of a line.
    Backslash,
    Character(char),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::syntax) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    pub fn is_string(self) -> bool {
        matches!(self.kind, Kind::Bare | Kind::Quoted | Kind::MultiLine | Kind::Raw | Kind::RawMultiLine)
    }
}

/// Levels of `/* /* */ */`.
const MAX_COMMENT_DEPTH: usize = 8;

#[derive(Debug, Clone, Copy)]
pub(in crate::syntax) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t str) -> Self {
        Lexer { text, at: 0 }
    }

    /// The next token; `End` at the end of the text, any number of times.
    pub fn next(&mut self) -> Token {
        let start = self.at;
        let kind = self.kind();
        Token { kind, start, end: self.at }
    }

    /// Gives up the rest of the text.
    pub fn stop(&mut self) {
        self.at = self.text.len();
    }

    fn kind(&mut self) -> Kind {
        let Some(c) = self.peek() else { return Kind::End };
        match c {
            _ if is_newline(c) => {
                self.newline();
                Kind::Newline
            }
            _ if is_space(c) => {
                self.take_while(is_space);
                Kind::Space
            }
            '/' => self.slash(),
            '\\' => self.continuation(),
            ';' => self.one(Kind::Semicolon),
            '{' => self.one(Kind::Open),
            '}' => self.one(Kind::Close),
            '(' => self.one(Kind::ParenOpen),
            ')' => self.one(Kind::ParenClose),
            '=' => self.one(Kind::Equals),
            '"' => self.quoted(),
            '#' => self.hash(),
            _ if is_word(c) => {
                let start = self.at;
                self.take_while(is_word);
                if begins_number(&self.text[start..self.at]) { Kind::Number } else { Kind::Bare }
            }
            _ => self.one(Kind::Bad(Flaw::Character(c))),
        }
    }

    fn slash(&mut self) -> Kind {
        match self.rest().as_bytes().get(1) {
            Some(b'/') => {
                self.take_while(|c| !is_newline(c));
                Kind::LineComment
            }
            Some(b'*') => self.block_comment(),
            Some(b'-') => {
                self.at += 2;
                Kind::SlashDash
            }
            _ => self.one(Kind::Bad(Flaw::Character('/'))),
        }
    }

    fn block_comment(&mut self) -> Kind {
        let bytes = self.text.as_bytes();
        let mut depth = 0;
        while self.at < bytes.len() {
            match &bytes[self.at..] {
                [b'/', b'*', ..] => {
                    depth += 1;
                    self.at += 2;
                    if depth > MAX_COMMENT_DEPTH {
                        return Kind::Bad(Flaw::DeepComment);
                    }
                }
                [b'*', b'/', ..] => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Kind::BlockComment;
                    }
                }
                _ => self.at += 1,
            }
        }
        Kind::Bad(Flaw::OpenComment)
    }

    fn continuation(&mut self) -> Kind {
        let start = self.at;
        self.at += 1;
        loop {
            self.take_while(is_space);
            if self.rest().starts_with("/*") {
                let bad = self.block_comment();
                if bad != Kind::BlockComment {
                    return bad;
                }
                continue;
            }
            if self.rest().starts_with("//") {
                self.take_while(|c| !is_newline(c));
            }
            return match self.peek() {
                None => Kind::Continuation,
                Some(c) if is_newline(c) => {
                    self.newline();
                    Kind::Continuation
                }
                Some(_) => {
                    self.at = start + 1;
                    Kind::Bad(Flaw::Backslash)
                }
            };
        }
    }

    fn quoted(&mut self) -> Kind {
        if self.rest().starts_with("\"\"\"") {
            self.at += 3;
            return match self.peek() {
                Some(c) if is_newline(c) => self.multi_line(),
                None => Kind::Bad(Flaw::OpenText),
                Some(_) => {
                    self.take_while(|c| !is_newline(c));
                    Kind::Bad(Flaw::TextBehindQuotes)
                }
            };
        }
        self.at += 1;
        while let Some(c) = self.peek() {
            match c {
                '"' => return self.one(Kind::Quoted),
                '\\' => self.escape(),
                _ if is_newline(c) => return Kind::Bad(Flaw::OpenString),
                _ => self.at += c.len_utf8(),
            }
        }
        Kind::Bad(Flaw::OpenString)
    }

    fn multi_line(&mut self) -> Kind {
        while let Some(c) = self.peek() {
            match c {
                '\\' => self.escape(),
                '"' if self.rest().starts_with("\"\"\"") => {
                    self.at += 3;
                    return Kind::MultiLine;
                }
                _ => self.at += c.len_utf8(),
            }
        }
        Kind::Bad(Flaw::OpenText)
    }

    /// Over a `\` and what it escapes: one character, or all blanks and line breaks behind it.
    fn escape(&mut self) {
        self.at += 1;
        match self.peek() {
            Some(c) if is_space(c) || is_newline(c) => self.take_while(|c| is_space(c) || is_newline(c)),
            Some(c) => self.at += c.len_utf8(),
            None => {}
        }
    }

    fn hash(&mut self) -> Kind {
        let start = self.at;
        self.take_while(|c| c == '#');
        let hashes = self.at - start;
        if !self.rest().starts_with('"') {
            if hashes > 1 {
                return Kind::Bad(Flaw::Character('#'));
            }
            self.take_while(is_word);
            return Kind::Keyword;
        }
        let multi = self.rest().starts_with("\"\"\"") && {
            let behind = self.rest()[3..].chars().next();
            behind.is_some_and(is_newline)
        };
        self.at += if multi { 3 } else { 1 };
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    let quotes = if multi { "\"\"\"" } else { "\"" };
                    let behind = self.rest().strip_prefix(quotes);
                    let closed =
                        behind.is_some_and(|b| b.bytes().take(hashes).take_while(|b| *b == b'#').count() == hashes);
                    if closed {
                        self.at += quotes.len() + hashes;
                        return if multi { Kind::RawMultiLine } else { Kind::Raw };
                    }
                    self.at += 1;
                }
                _ if !multi && is_newline(c) => return Kind::Bad(Flaw::OpenString),
                _ => self.at += c.len_utf8(),
            }
        }
        Kind::Bad(Flaw::OpenText)
    }

    fn one(&mut self, kind: Kind) -> Kind {
        self.at += self.peek().map_or(0, char::len_utf8);
        kind
    }

    fn newline(&mut self) {
        self.at += if self.rest().starts_with("\r\n") { 2 } else { self.peek().map_or(0, char::len_utf8) };
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !keep(c)).unwrap_or(rest.len());
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }
}

pub(in crate::syntax) fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(in crate::syntax) fn is_space(c: char) -> bool {
    matches!(c, '\t' | ' ' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// Characters of strings without quotes, and of numbers.
fn is_word(c: char) -> bool {
    !is_newline(c)
        && !is_space(c)
        && !matches!(c, '\\' | '/' | '(' | ')' | '{' | '}' | ';' | '[' | ']' | '"' | '#' | '=')
        && !matches!(c, '\0'..='\u{1F}' | '\u{7F}' | '\u{FEFF}')
        && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a word cannot be a bare string because it begins like a number: `1`, `-1`, `.5`, `-.5`.
fn begins_number(word: &str) -> bool {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// Words that stand for a value in KDL 1, and for nothing in KDL 2.
pub(in crate::syntax) fn is_reserved(word: &str) -> bool {
    matches!(word, "true" | "false" | "null" | "inf" | "-inf" | "nan")
}

/// Whether a string may stand without quotes.
pub(in crate::syntax) fn may_be_bare(word: &str) -> bool {
    !word.is_empty() && word.chars().all(is_word) && !begins_number(word) && !is_reserved(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        let mut lexer = Lexer::new(text);
        let mut kinds = Vec::new();
        let mut at = 0;
        loop {
            let token = lexer.next();
            assert_eq!(token.start, at, "a gap in {text:?}");
            at = token.end;
            if token.kind == Kind::End {
                assert_eq!(at, text.len());
                return kinds;
            }
            assert!(token.end > token.start, "no progress in {text:?}");
            kinds.push(token.kind);
        }
    }

    #[test]
    fn every_kind_of_string() {
        assert_eq!(kinds("edge-1"), [Kind::Bare]);
        assert_eq!(kinds(r#""a \" b""#), [Kind::Quoted]);
        assert_eq!(kinds("\"a \\\n   b\""), [Kind::Quoted]);
        assert_eq!(kinds("\"\""), [Kind::Quoted]);
        assert_eq!(kinds("\"\"\"\n  a\n  \"\"\""), [Kind::MultiLine]);
        assert_eq!(kinds(r###"##"a "# b"##"###), [Kind::Raw]);
        assert_eq!(kinds("#\"\"\"\n \"\"\" \n\"\"\"#"), [Kind::RawMultiLine]);
    }

    #[test]
    fn numbers_and_words_are_told_apart() {
        for number in ["1", "-1", "+1_000", ".5", "-.5", "0x1F", "1a", "1.34"] {
            assert_eq!(kinds(number), [Kind::Number], "{number}");
        }
        for word in ["-", "--", ".", "a1", "-a", "集群", "*", ">0.1", "a,b"] {
            assert_eq!(kinds(word), [Kind::Bare], "{word}");
        }
        assert_eq!(kinds("#true"), [Kind::Keyword]);
    }

    #[test]
    fn what_is_not_closed_is_bad_and_ends() {
        assert_eq!(kinds("\"abc\nx"), [Kind::Bad(Flaw::OpenString), Kind::Newline, Kind::Bare]);
        assert_eq!(kinds("/* a /* b */"), [Kind::Bad(Flaw::OpenComment)]);
        assert_eq!(kinds("\"\"\"\nabc"), [Kind::Bad(Flaw::OpenText)]);
        assert_eq!(kinds("##\"abc\"#"), [Kind::Bad(Flaw::OpenText)]);
        assert_eq!(kinds("[")[0], Kind::Bad(Flaw::Character('[')));
        assert_eq!(kinds("a \\ b")[2], Kind::Bad(Flaw::Backslash));
    }

    #[test]
    fn deep_comments_are_refused_in_linear_time() {
        let text = "/*".repeat(1_000_000);
        let mut lexer = Lexer::new(&text);
        assert_eq!(lexer.next().kind, Kind::Bad(Flaw::DeepComment));
        assert_eq!(kinds(&format!("{}{}", "/*".repeat(8), "*/".repeat(8))), [Kind::BlockComment]);
    }

    #[test]
    fn a_continuation_takes_its_comment_and_line_break() {
        assert_eq!(kinds("a \\ // why\n  b"), [Kind::Bare, Kind::Space, Kind::Continuation, Kind::Space, Kind::Bare]);
    }
}
