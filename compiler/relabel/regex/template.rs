//! Replacement templates, read as Go's `Regexp.Expand` reads them.

use std::sync::LazyLock;

use super::classes::{self, RuneSet};
use super::{Captures, Regex};

/// A template, resolved against the groups of one pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    unknown: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Group(usize),
    /// Groups of one name: the first that took part in the match counts.
    Named(Box<[usize]>),
}

impl Template {
    /// Never fails: what is no reference stays text, what refers to no group expands to nothing.
    pub fn new(text: &str, regex: &Regex) -> Self {
        let mut template = Template { parts: Vec::new(), unknown: Vec::new() };
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            plain.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                plain.push('$');
                rest = after;
                continue;
            }
            let Some((name, after)) = reference(after) else {
                plain.push('$');
                rest = after;
                continue;
            };
            rest = after;
            template.text(&mut plain);
            template.refer(name, regex);
        }
        plain.push_str(rest);
        template.text(&mut plain);
        template
    }

    /// The text, if the template refers to nothing.
    pub fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether the template is one reference to group `index` and nothing else.
    pub fn is_group(&self, index: usize) -> bool {
        self.parts == [Part::Group(index)]
    }

    /// References that always expand to nothing, as written between `$` and the next character:
    /// `1_x` for the classic `$1_x`.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    pub fn expand(&self, captures: &Captures<'_>) -> String {
        let mut out = String::new();
        self.expand_into(&mut out, captures);
        out
    }

    pub fn expand_into(&self, out: &mut String, captures: &Captures<'_>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(index) => out.push_str(captures.get(*index).unwrap_or_default()),
                Part::Named(indexes) => {
                    out.push_str(indexes.iter().find_map(|i| captures.get(*i)).unwrap_or_default());
                }
            }
        }
    }

    /// The template with every reference expanded to nothing.
    pub fn expand_unmatched(&self) -> String {
        self.parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(&**text) } else { None }).collect()
    }

    fn text(&mut self, plain: &mut String) {
        if !plain.is_empty() {
            self.parts.push(Part::Text(std::mem::take(plain).into_boxed_str()));
        }
    }

    fn refer(&mut self, name: &str, regex: &Regex) {
        if let Some(index) = number(name) {
            if index < regex.groups() {
                self.parts.push(Part::Group(index));
            } else {
                self.unknown.push(name.to_owned());
            }
            return;
        }
        let indexes: Box<[usize]> = regex.named(name).collect();
        if indexes.is_empty() {
            self.unknown.push(name.to_owned());
        } else {
            self.parts.push(Part::Named(indexes));
        }
    }
}

/// The name behind a `$` and what follows it; braces have to close right after the name.
fn reference(after: &str) -> Option<(&str, &str)> {
    let (braced, body) = after.strip_prefix('{').map_or((false, after), |body| (true, body));
    let end = body.find(|c: char| !is_name(c)).unwrap_or(body.len());
    let (name, rest) = body.split_at(end);
    if name.is_empty() {
        return None;
    }
    Some((name, if braced { rest.strip_prefix('}')? } else { rest }))
}

/// A group number; `01` and numbers of more than nine digits are names.
fn number(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|b| b.is_ascii_digit());
    if !digits || name.len() > 9 || (name.len() > 1 && name.starts_with('0')) {
        return None;
    }
    name.parse().ok()
}

fn is_name(c: char) -> bool {
    static LETTERS_AND_DIGITS: LazyLock<RuneSet> = LazyLock::new(|| {
        let mut set = RuneSet::default();
        for name in ["L", "Nd"] {
            if let Some((class, _)) = classes::unicode(name) {
                set.extend(&class);
            }
        }
        set.clean();
        set
    });
    if c.is_ascii() { c == '_' || c.is_ascii_alphanumeric() } else { LETTERS_AND_DIGITS.contains(c) }
}
