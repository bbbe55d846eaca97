//! Reading the text of a pattern: escapes, counts and bracketed classes.

use super::classes::{self, RuneSet};
use super::error::{Error, Fault};
use super::parser::{GoRelease, Parser};

/// A place in the text of a pattern.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Cursor { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let here = self.peek() == Some(c);
        if here {
            self.at += c.len_utf8();
        }
        here
    }

    pub(super) fn error(&self, fault: Fault, from: usize, to: usize) -> Error {
        Error { fault, at: from, fragment: self.text.get(from..to).unwrap_or_default().to_owned() }
    }

    /// `{n}`, `{n,}` or `{n,m}`: the counts, −1 where a number is too long. Anything else is text
    /// and leaves the cursor where it is.
    pub(super) fn counts(&mut self) -> Option<(i64, Option<i64>)> {
        let start = self.at;
        let counts = self.try_counts();
        if counts.is_none() {
            self.at = start;
        }
        counts
    }

    fn try_counts(&mut self) -> Option<(i64, Option<i64>)> {
        self.bump();
        let min = self.number()?;
        let max = if !self.eat(',') {
            Some(min)
        } else if self.peek() == Some('}') {
            None
        } else {
            Some(self.number()?)
        };
        self.eat('}').then_some((min, max))
    }

    fn number(&mut self) -> Option<i64> {
        let digits = &self.rest()[..self.rest().bytes().take_while(u8::is_ascii_digit).count()];
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return None;
        }
        self.at += digits.len();
        Some(if digits.len() > 9 { -1 } else { digits.parse().unwrap_or(-1) })
    }

    /// The code point of an escape; the cursor stands at the backslash.
    pub(super) fn escape(&mut self) -> Result<u32, Error> {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.bump() else {
            return Err(Error { fault: Fault::TrailingBackslash, at: start, fragment: String::new() });
        };
        let rune = match c {
            '0' => Some(self.octal(0)),
            // `\1` alone would be a back-reference.
            '1'..='7' if matches!(self.peek(), Some('0'..='7')) => Some(self.octal(u32::from(c) - 0x30)),
            'x' => self.hex(),
            'a' => Some(7),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(u32::from(c)),
            _ => None,
        };
        rune.ok_or_else(|| self.error(Fault::InvalidEscape, start, self.at))
    }

    fn octal(&mut self, mut rune: u32) -> u32 {
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            rune = rune * 8 + digit;
            self.at += 1;
        }
        rune
    }

    fn hex(&mut self) -> Option<u32> {
        let first = self.bump()?;
        if first != '{' {
            let second = self.bump();
            return Some(first.to_digit(16)? * 16 + second?.to_digit(16)?);
        }
        let mut rune = 0;
        let mut digits = 0;
        loop {
            match self.bump()? {
                '}' if digits > 0 => return Some(rune),
                c => {
                    rune = rune * 16 + c.to_digit(16)?;
                    digits += 1;
                    if rune > 0x10FFFF {
                        return None;
                    }
                }
            }
        }
    }
}

impl Parser<'_> {
    /// `[…]`; the cursor stands at the bracket.
    pub(super) fn class(&mut self) -> Result<RuneSet, Error> {
        let start = self.cursor.at;
        self.cursor.bump();
        let negated = self.cursor.eat('^');
        let mut set = RuneSet::default();
        // `]` is text in the first place.
        let mut first = true;
        while first || self.cursor.peek() != Some(']') {
            first = false;
            if let Some(named) = self.ascii_class()? {
                set.extend(&named);
            } else if let Some(escaped) = self.class_escape()? {
                set.extend(&escaped);
            } else {
                let from = self.cursor.at;
                let low = self.class_rune(start)?;
                let rest = self.cursor.rest();
                let high = if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
                    self.cursor.bump();
                    self.class_rune(start)?
                } else {
                    low
                };
                if high < low {
                    return Err(self.cursor.error(Fault::InvalidCharRange, from, self.cursor.at));
                }
                let range = RuneSet::of(&[(low, high)]);
                set.extend(&if self.flags.fold { range.folded() } else { range });
            }
        }
        self.cursor.bump();
        set.clean();
        Ok(if negated { set.negated() } else { set })
    }

    fn class_rune(&mut self, class: usize) -> Result<u32, Error> {
        match self.cursor.peek() {
            Some('\\') => self.cursor.escape(),
            Some(c) => {
                self.cursor.bump();
                Ok(u32::from(c))
            }
            None => Err(self.cursor.error(Fault::MissingBracket, class, self.cursor.text.len())),
        }
    }

    /// `[:name:]` inside a class. Without `:]` behind, the bracket is text.
    fn ascii_class(&mut self) -> Result<Option<RuneSet>, Error> {
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        let Some(end) = rest.strip_prefix("[:").and_then(|inner| inner.find(":]")) else { return Ok(None) };
        let name = &rest[2..2 + end];
        let to = start + 2 + end + 2;
        let Some(set) = classes::ascii(name.strip_prefix('^').unwrap_or(name)) else {
            return Err(self.cursor.error(Fault::InvalidCharRange, start, to));
        };
        self.cursor.at = to;
        Ok(Some(self.signed(set, name.starts_with('^'))))
    }

    /// `\d`, `\pL` and the like; the cursor stands at a backslash or moves not at all.
    pub(super) fn class_escape(&mut self) -> Result<Option<RuneSet>, Error> {
        let start = self.cursor.at;
        let Some(letter) = self.cursor.rest().strip_prefix('\\').and_then(|rest| rest.chars().next()) else {
            return Ok(None);
        };
        if let Some(set) = classes::perl(letter.to_ascii_lowercase()) {
            self.cursor.at += 2;
            return Ok(Some(self.signed(set, letter.is_ascii_uppercase())));
        }
        if !matches!(letter, 'p' | 'P') {
            return Ok(None);
        }
        self.cursor.at += 2;
        let name = if self.cursor.peek() == Some('{') {
            let rest = self.cursor.rest();
            let Some(end) = rest.find('}') else {
                return Err(self.cursor.error(Fault::InvalidCharRange, start, self.cursor.text.len()));
            };
            self.cursor.at += end + 1;
            &rest[1..end]
        } else {
            let from = self.cursor.at;
            self.cursor.bump();
            &self.cursor.text[from..self.cursor.at]
        };
        let (plain, inverted) = name.strip_prefix('^').map_or((name, false), |plain| (plain, true));
        let Some((set, newer)) = classes::unicode(plain) else {
            return Err(self.cursor.error(Fault::InvalidCharRange, start, self.cursor.at));
        };
        if newer {
            self.since = self.since.max(Some(GoRelease::V1_25));
        }
        Ok(Some(self.signed(set, (letter == 'P') != inverted)))
    }

    /// Folding comes before negation.
    fn signed(&self, set: RuneSet, negated: bool) -> RuneSet {
        let mut set = if self.flags.fold { set.folded() } else { set };
        set.clean();
        if negated { set.negated() } else { set }
    }
}
