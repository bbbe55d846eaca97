//! The comments of a text, so that a conversion can take them along.

use super::faults::Faults;
use super::kdl::lexer::{Kind, Lexer};
use super::kdl::parser;
use super::read::Language;
use super::yaml;
use crate::diag::FileId;
use std::ops::Range;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    /// Lines without the mark of a comment.
    pub lines: Vec<String>,
    pub range: Range<usize>,
    /// Nothing but blanks stands before it on its line.
    pub own_line: bool,
    /// A blank line follows.
    pub gap: bool,
}

/// The comments of a text that can be read, in order. What `/-` takes out is a comment too where it
/// begins a line.
pub(super) fn of(text: &str, language: Language) -> Vec<Comment> {
    match language {
        Language::Kdl => kdl(text),
        Language::Yaml => {
            yaml::load::comments(text).into_iter().map(|r| comment(text, r, |raw| vec![bare(raw, "#")])).collect()
        }
    }
}

fn kdl(text: &str) -> Vec<Comment> {
    let removed = parser::parse(text, FileId(0), &mut Faults::default()).removed;
    let mut comments: Vec<Comment> =
        removed.iter().filter(|r| own_line(text, r.start)).map(|r| comment(text, r.clone(), dedented)).collect();
    let mut lexer = Lexer::new(text);
    loop {
        let token = lexer.next();
        let range = token.range();
        let taken_out = removed.iter().any(|r| r.start <= range.start && range.end <= r.end);
        match token.kind {
            Kind::End => break,
            _ if taken_out => {}
            Kind::LineComment => comments.push(comment(text, range, |raw| vec![bare(raw, "//")])),
            Kind::BlockComment => comments.push(comment(text, range, block)),
            Kind::Continuation => {
                let raw = &text[range.clone()];
                if let Some(at) = raw.find("//") {
                    let end = range.start + raw.trim_end().len();
                    comments.push(comment(text, range.start + at..end, |raw| vec![bare(raw, "//")]));
                }
            }
            _ => {}
        }
    }
    comments.sort_by_key(|c| c.range.start);
    comments
}

fn comment(text: &str, range: Range<usize>, lines: impl Fn(&str) -> Vec<String>) -> Comment {
    let behind = &text[range.end..];
    let mut breaks = behind.split('\n').skip(1);
    Comment {
        lines: lines(&text[range.clone()]),
        own_line: own_line(text, range.start),
        gap: breaks.next().is_some_and(|line| line.trim().is_empty()) && breaks.next().is_some(),
        range,
    }
}

fn own_line(text: &str, at: usize) -> bool {
    text[..at].rsplit('\n').next().is_none_or(|before| before.trim().is_empty())
}

/// The text behind the mark, one blank after it taken off.
fn bare(raw: &str, mark: &str) -> String {
    let text = raw.trim_end().strip_prefix(mark).unwrap_or(raw);
    text.strip_prefix(' ').unwrap_or(text).to_owned()
}

fn block(raw: &str) -> Vec<String> {
    let inner = raw.strip_prefix("/*").and_then(|r| r.strip_suffix("*/")).unwrap_or(raw);
    let lines = inner.lines().map(|l| l.trim().trim_start_matches("* ").to_owned());
    let lines: Vec<String> = lines.filter(|l| !l.is_empty()).collect();
    if lines.is_empty() { vec![String::new()] } else { lines }
}

fn dedented(raw: &str) -> Vec<String> {
    let indent = raw.lines().skip(1).filter(|l| !l.trim().is_empty()).map(|l| l.len() - l.trim_start().len()).min();
    let mut lines = raw.lines();
    let first = lines.next().unwrap_or("").trim_end().to_owned();
    std::iter::once(first)
        .chain(lines.map(|l| l.get(indent.unwrap_or(0)..).unwrap_or("").trim_end().to_owned()))
        .collect()
}
