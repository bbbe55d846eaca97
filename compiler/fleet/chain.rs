//! The lines behind a value, as `explain` shows them.

use super::levels::Level;
use super::merge::{Block, Entry, Item, Value};
use super::show;
use crate::diag::Span;
use crate::syntax::{Data, Named, Scalar, Spanned};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub kind: StepKind,
    /// Who says it: ``cluster `edge-1` ``, `job[node-exporter].interval (fallback)`.
    pub from: String,
    /// What it says; empty where it says nothing.
    pub value: String,
    /// Its line in the spec, or [`Span::NONE`].
    pub at: Span,
    pub holds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// A line of the spec for this very key.
    Spec,
    /// A line for the key that this one falls back to.
    Fallback,
    /// Of the language or the catalog, or computed.
    Default,
}

/// The value of a key in one block, and its lines, nearest first.
pub fn said(block: &Block<'_>, key: &str) -> (Option<String>, Vec<Step>) {
    match block.entry(key) {
        Some(entry) => {
            let (value, mut lines) = (show::value(&entry.value), lines(entry));
            // A line that takes the inherited value back hides those behind it.
            lines.iter_mut().take(1).for_each(|nearest| nearest.holds = value.is_some());
            (value, lines)
        }
        None => (None, Vec::new()),
    }
}

fn lines(entry: &Entry<'_>) -> Vec<Step> {
    entry
        .said
        .iter()
        .rev()
        .map(|(level, node)| {
            let (value, at) = match &node.data {
                Data::Null => (show::NULL.to_owned(), node.span),
                Data::Scalar(s) => (show::scalar(&s.value).unwrap_or_default(), s.span),
                data => (show::data(data), node.span),
            };
            Step { kind: StepKind::Spec, from: level.quoted(), value, at, holds: false }
        })
        .collect()
}

/// The lines of an object, which hold together down to one that drops those behind it.
pub fn together(entry: &Entry<'_>) -> Vec<Step> {
    let mut lines = lines(entry);
    for line in lines.iter_mut().take_while(|l| l.value != show::NULL) {
        line.holds = true;
    }
    lines
}

/// The lines of one member of a named set.
pub fn member_lines(entry: &Entry<'_>, name: &str) -> Vec<Step> {
    let Value::Named(members) = &entry.value else { return Vec::new() };
    let line = |(level, named): &(Level<'_>, &Named)| Step {
        kind: StepKind::Spec,
        from: level.quoted(),
        value: named.object.as_ref().map_or_else(|| show::NULL.to_owned(), show::written),
        at: named.span,
        holds: false,
    };
    let mut lines: Vec<Step> = members.get(name).into_iter().flat_map(|m| m.said.iter().rev().map(line)).collect();
    for line in lines.iter_mut().take_while(|l| l.value != show::NULL) {
        line.holds = true;
    }
    lines
}

pub fn item_lines(item: &Item<'_>) -> Vec<Step> {
    let line = |(level, key, value): &(Level<'_>, &Spanned<String>, &Spanned<Scalar>)| Step {
        kind: StepKind::Spec,
        from: level.quoted(),
        value: show::scalar(&value.value).unwrap_or_else(|| show::NULL.to_owned()),
        at: key.span.to(value.span),
        holds: false,
    };
    item.said.iter().rev().map(line).collect()
}

pub fn default_step(from: String, value: String) -> Step {
    Step { kind: StepKind::Default, from, value, at: Span::NONE, holds: true }
}
