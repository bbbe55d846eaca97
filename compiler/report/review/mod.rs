//! A review: what a branch does, for people who decide about it and have a minute.
//!
//! The page is the same in Markdown and in HTML. Where a forge takes only so many characters it is
//! shortened in steps that leave out what can be looked up first, and says so; what is destructive
//! goes last.

mod blocks;
mod first;
mod fold;
mod json;
mod load;
mod output;
mod page;
mod tables;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::changes::{ClusterChanges, veiled};
use super::masks::Masks;
use crate::diag::{Diagnostic, Sources, Span};
use crate::diff::{Change, Loads};
use page::{Detail, LEVELS};

/// Everything a review shows.
pub struct Review<'a> {
    pub fleet: &'a str,
    /// `abc1234 (origin/main)`.
    pub base: &'a str,
    pub head: &'a str,
    pub compiler: &'a str,
    /// What prints the whole of it.
    pub command: &'a str,
    pub state: State<'a>,
    pub changes: &'a [ClusterChanges<'a>],
    /// Of the new side.
    pub sources: &'a Sources,
    pub before: &'a Loads,
    pub after: &'a Loads,
    /// Findings that the old side does not have.
    pub found: &'a [Diagnostic],
    /// How many findings of the old side are gone.
    pub gone: usize,
    pub checked_in: Option<CheckedIn<'a>>,
    /// The output of the new side, where it is not what the spec there compiles to.
    pub built: Option<CheckedIn<'a>>,
    /// Why it is not known what is checked in.
    pub unread: Option<&'a Diagnostic>,
    /// What the branch excepts from the rules.
    pub exceptions: &'a [Exception<'a>],
}

/// An `allow`, a patch, an object taken as it is, a difference that is not told; with the reason that is given for it.
#[derive(Clone, Copy)]
pub struct Exception<'a> {
    pub kind: &'a str,
    pub what: &'a str,
    pub why: &'a str,
    pub at: Span,
}

/// Whether there are two sides to compare.
#[derive(Clone, Copy)]
pub enum State<'a> {
    Compared,
    /// The base has no spec.
    First,
    /// The spec of the base does not compile, for these reasons.
    BaseBroken {
        findings: &'a [Diagnostic],
        sources: &'a Sources,
    },
    /// The same, and the changes are against the output that was checked in there.
    AgainstOutput {
        findings: &'a [Diagnostic],
        sources: &'a Sources,
        compiler: &'a str,
        catalog: &'a str,
    },
    /// The new one does not, for these.
    HeadBroken {
        findings: &'a [Diagnostic],
    },
}

impl State<'_> {
    /// Whether it is known what both sides carry.
    fn has_loads(&self) -> bool {
        matches!(self, State::Compared | State::First)
    }
}

/// What this compiler writes otherwise than what was checked in at the base, from the same spec.
#[derive(Clone, Copy)]
pub struct CheckedIn<'a> {
    pub compiler: &'a str,
    pub catalog: &'a str,
    /// It was written by this compiler with this catalog: only the spec can differ.
    pub is_ours: bool,
    pub changes: &'a [ClusterChanges<'a>],
    pub sources: &'a Sources,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Markdown,
    Html,
    Json,
}

fn all_veiled<'c>(clusters: &'c [ClusterChanges<'_>], masks: &mut Masks) -> Vec<Cow<'c, [Change]>> {
    clusters.iter().map(|c| veiled(c.changes, masks)).collect()
}

/// The same clusters with other changes.
fn with<'c>(
    clusters: &'c [ClusterChanges<'c>],
    changes: &'c [Cow<'c, [Change]>],
    masks: &'c Masks,
) -> Vec<ClusterChanges<'c>> {
    clusters.iter().zip(changes).map(|(c, changes)| ClusterChanges { changes, masks: Some(masks), ..*c }).collect()
}

/// Renders a review in at most `limit` characters, if it is for people.
pub fn review(review: &Review<'_>, form: Form, limit: Option<usize>) -> String {
    let mut masks = Masks::default();
    let safe = all_veiled(review.changes, &mut masks);
    let safe_in = all_veiled(review.checked_in.as_ref().map_or(&[], |c| c.changes), &mut masks);
    let safe_built = all_veiled(review.built.as_ref().map_or(&[], |c| c.changes), &mut masks);
    let changes = with(review.changes, &safe, &masks);
    let changes_in = review.checked_in.map(|c| with(c.changes, &safe_in, &masks));
    let changes_built = review.built.map(|c| with(c.changes, &safe_built, &masks));
    let checked_in = review.checked_in.zip(changes_in.as_deref()).map(|(c, changes)| CheckedIn { changes, ..c });
    let built = review.built.zip(changes_built.as_deref()).map(|(c, changes)| CheckedIn { changes, ..c });
    let review = &Review { changes: &changes, checked_in, built, ..*review };
    let title = format!("Watershed: fleet {}", review.fleet);
    let render = |detail: &Detail| {
        let blocks = page::blocks(review, &title, detail, limit);
        if form == Form::Html { blocks::html(&title, &blocks) } else { blocks::markdown(&blocks) }
    };
    if form == Form::Json {
        return json::review(review);
    }
    let fits = |page: &String| limit.is_none_or(|limit| page.chars().count() <= limit);
    let mut pages = LEVELS.iter().map(render);
    pages.find(fits).unwrap_or_else(|| LEVELS.last().map(render).unwrap_or_default())
}
