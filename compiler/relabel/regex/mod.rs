//! Go's regular expressions, as Prometheus and vmagent use them.
//!
//! A pattern is pasted between anchors as text ([`Paste`]), parsed by Go's grammar and matched by
//! `regex-automata`, whose leftmost-first semantics are Go's. `\d \w \s \b` are ASCII. Case folding
//! and `\p{…}` follow the Unicode tables of `regex-syntax`, which may be a version ahead of those of
//! the Go release a given binary was built with.

mod cache;
mod classes;
mod error;
mod escape;
mod everything;
mod example;
mod literals;
mod names;
mod parser;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use regex_automata::meta;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input};

pub use cache::Cache;
pub use error::{Error, Fault};
pub use everything::is_everything;
pub use example::examples;
pub use parser::GoRelease;
pub use template::Template;

/// The text a pattern is put between before it is parsed. It is text, so `a)(b` is a pattern for
/// all but [`Paste::Bare`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Paste {
    /// `^(?s:R)$`: Prometheus 3, where `.` also matches a newline.
    DotAll,
    /// `^(?:R)$`: Prometheus 2.
    Plain,
    /// `R`
    Bare,
}

impl Paste {
    fn prefix(self) -> &'static str {
        match self {
            Paste::DotAll => "^(?s:",
            Paste::Plain => "^(?:",
            Paste::Bare => "",
        }
    }

    fn suffix(self) -> &'static str {
        if self == Paste::Bare { "" } else { ")$" }
    }
}

/// A compiled pattern. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Regex {
    /// For what is not listed, or for the groups; `None`: there is neither.
    engine: Option<meta::Regex>,
    /// Texts it matches, sorted, if it is anchored and has a list of literals.
    listed: Arc<[Box<str>]>,
    /// Whether they are all.
    complete: bool,
    names: Arc<[Option<String>]>,
    since: Option<GoRelease>,
}

/// Automata larger than this are refused with [`Fault::TooLarge`], in bytes.
const SIZE_LIMIT: usize = 64 << 20;
/// What the fast engine may take of memory, in bytes, and for each byte of a pattern: with less it is not built.
const CACHE: usize = 2 << 20;
const CACHE_OF_A_BYTE: usize = 96;

impl Regex {
    /// Compiles `pattern` between the anchors of `paste`.
    ///
    /// # Errors
    /// Whatever Go refuses, in its words, with the offset into `pattern`.
    pub fn new(pattern: &str, paste: Paste) -> Result<Self, Error> {
        let pasted = format!("{}{pattern}{}", paste.prefix(), paste.suffix());
        let shift = |mut error: Error| {
            error.at = error.at.saturating_sub(paste.prefix().len()).min(pattern.len());
            error
        };
        let parsed = parser::parse(&pasted).map_err(shift)?;
        let (listed, rest) = match literals::of(&parsed.hir) {
            Some(literals) => (literals.texts, Some(literals.rest)),
            None => (Vec::new(), None),
        };
        let complete = matches!(rest, Some(None));
        // A listed text has no groups to tell of, and what has none is not asked for them.
        let engine = match rest {
            Some(rest) if parsed.names.len() == 1 => rest,
            _ => Some(parsed.hir),
        };
        let built = engine.map(|hir| {
            let cache = CACHE.max(pasted.len().saturating_mul(CACHE_OF_A_BYTE));
            let config = meta::Config::new().nfa_size_limit(Some(SIZE_LIMIT)).utf8_empty(true);
            meta::Builder::new().configure(config.hybrid_cache_capacity(cache)).build_from_hir(&hir)
        });
        let engine = built.transpose().map_err(|_| Error { fault: Fault::TooLarge, at: 0, fragment: pasted })?;
        Ok(Regex { engine, listed: listed.into(), complete, names: parsed.names.into(), since: parsed.since })
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.lists(text) || !self.complete && self.engine.as_ref().is_some_and(|e| e.is_match(text))
    }

    fn lists(&self, text: &str) -> bool {
        self.listed.binary_search_by(|literal| (**literal).cmp(text)).is_ok()
    }

    /// The first match with its groups.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.captures_at(text, 0)
    }

    /// Every match replaced, as Go's `ReplaceAllString`: an empty match right behind another one
    /// is not replaced.
    pub fn replace_all(&self, text: &str, template: &Template) -> String {
        let mut out = String::new();
        let mut copied = 0;
        let mut from = 0;
        while from <= text.len() {
            let Some(captures) = self.captures_at(text, from) else { break };
            let Some((start, end)) = captures.span(0) else { break };
            out.push_str(&text[copied..start]);
            if end > copied || start == 0 {
                template.expand_into(&mut out, &captures);
            }
            copied = end;
            let width = text[from..].chars().next().map_or(1, char::len_utf8);
            from = end.max(from + width);
        }
        out.push_str(&text[copied..]);
        out
    }

    /// Number of groups, the whole match included.
    pub fn groups(&self) -> usize {
        self.names.len()
    }

    /// Names of the groups by index.
    pub fn names(&self) -> &[Option<String>] {
        &self.names
    }

    /// The first Go release that reads this pattern, if older ones refuse it.
    pub fn since(&self) -> Option<GoRelease> {
        self.since
    }

    /// All texts the pattern matches, sorted, if it is a list of at most 16,384 literals.
    pub fn literals(&self) -> Option<&[Box<str>]> {
        self.complete.then_some(&*self.listed)
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.names.iter().enumerate().filter(move |(_, n)| n.as_deref() == Some(name)).map(|(i, _)| i)
    }

    fn captures_at<'t>(&self, text: &'t str, from: usize) -> Option<Captures<'t>> {
        if from == 0 && self.groups() == 1 && self.lists(text) {
            let slots = vec![NonMaxUsize::new(0), NonMaxUsize::new(text.len())];
            return Some(Captures { text, slots });
        }
        let mut slots = vec![None; self.groups() * 2];
        let input = Input::new(text).range(from..).anchored(Anchored::No);
        self.engine.as_ref()?.search_slots(&input, &mut slots)?;
        Some(Captures { text, slots })
    }
}

/// One match.
#[derive(Debug, Clone)]
pub struct Captures<'t> {
    text: &'t str,
    slots: Vec<Option<NonMaxUsize>>,
}

impl<'t> Captures<'t> {
    /// The text of a group, or `None` if it took no part in the match.
    pub fn get(&self, index: usize) -> Option<&'t str> {
        self.span(index).map(|(start, end)| &self.text[start..end])
    }

    fn span(&self, index: usize) -> Option<(usize, usize)> {
        let start = (*self.slots.get(index * 2)?)?;
        let end = (*self.slots.get(index * 2 + 1)?)?;
        Some((start.get(), end.get()))
    }
}
