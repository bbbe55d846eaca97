//! Bounds on how many differences of one object are told. A live object holds what anybody has written into it, a
//! quarter of a million items as well as five.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::compare::Came;
use super::{Change, Edit, Effect};
use crate::diag::Origin;

/// Entries of one map or list that differ and are told one by one.
const OF_ENTRIES: usize = 1_000;
/// Where there are more: the first.
const FIRST: usize = 10;
/// Differences of one object, of each kind.
pub(super) const OF_OBJECT: usize = 5_000;
/// Stands in a path for all entries that are not told one by one.
pub(super) const REST: &str = "…";
/// What such a path ends with.
pub(super) const OF_REST: &str = "[…]";

/// Kinds of rests that are kept apart.
const RESTS: usize = 20;

/// What was told of the entries of a map or list, and what was not. Those that go, that come and that differ have a room of
/// their own each: however much somebody has added, what is ours and missing is told.
#[derive(Default)]
pub(super) struct Room {
    /// Of entries that are told: how they differ, and where their changes begin.
    told: Vec<(Edit, usize)>,
    counts: BTreeMap<Edit, usize>,
    rests: BTreeMap<(Edit, Origin), Rest>,
}

/// Entries that go, come or differ alike, and whose values have the same owner.
pub(super) struct Rest {
    pub edit: Edit,
    pub effect: Effect,
    pub consequence: Cow<'static, str>,
    pub came: Came,
    entries: usize,
}

impl Room {
    /// Takes in an entry, of which the changes from one on tell. Takes out what there is no room for, and returns it.
    pub fn take(&mut self, edit: Edit, from: usize, changes: &mut Vec<Change>) -> Vec<Change> {
        if changes.len() == from {
            return Vec::new();
        }
        let count = self.counts.entry(edit).or_default();
        *count += 1;
        if *count > OF_ENTRIES + 1 {
            let dropped = changes.split_off(from);
            self.drop(edit, &dropped);
            return dropped;
        }
        let full = *count > OF_ENTRIES;
        self.told.push((edit, from));
        if full { self.narrow(edit, changes) } else { Vec::new() }
    }

    /// Leaves the first of the entries that differ in one way.
    fn narrow(&mut self, edit: Edit, changes: &mut Vec<Change>) -> Vec<Change> {
        let told = std::mem::take(&mut self.told);
        let ends: Vec<usize> = told.iter().skip(1).map(|(_, from)| *from).chain([changes.len()]).collect();
        let mut all = changes.split_off(told.first().map_or(0, |(_, from)| *from)).into_iter();
        let mut dropped = Vec::new();
        for ((of, from), to) in told.into_iter().zip(ends) {
            let entry: Vec<Change> = all.by_ref().take(to - from).collect();
            if of == edit && self.told.iter().filter(|(told, _)| *told == edit).count() >= FIRST {
                self.drop(edit, &entry);
                dropped.extend(entry);
            } else {
                self.told.push((of, changes.len()));
                changes.extend(entry);
            }
        }
        dropped
    }

    /// Counts an entry that is not told; by its changes it is as grave as they are.
    pub fn drop(&mut self, edit: Edit, changes: &[Change]) {
        let Some(first) = changes.first() else { return };
        let edit = if matches!(edit, Edit::Added | Edit::Removed) { edit } else { Edit::Changed };
        let came = Came { old: first.was, new: first.origin };
        let known = |(of, _): &&(Edit, Origin)| *of == edit;
        let key = match self.rests.keys().find(known) {
            Some(alike) if self.rests.len() >= RESTS && !self.rests.contains_key(&(edit, came.old)) => *alike,
            _ => (edit, came.old),
        };
        let rest = self.rests.entry(key).or_insert(Rest {
            edit,
            effect: first.effect,
            consequence: first.consequence.clone(),
            came,
            entries: 0,
        });
        rest.entries += 1;
        if let Some(gravest) = changes.iter().max_by_key(|change| change.effect)
            && gravest.effect > rest.effect
        {
            (rest.effect, rest.consequence) = (gravest.effect, gravest.consequence.clone());
        }
    }

    pub fn rests(self) -> impl Iterator<Item = Rest> {
        self.rests.into_values()
    }
}

impl Rest {
    /// In the place of its values.
    pub fn words(&self) -> (Option<Json>, Option<Json>) {
        let more = Some(Json::from(format!("{} more", self.entries)));
        match self.edit {
            Edit::Added => (None, more),
            Edit::Removed => (more, None),
            _ => (more, Some("as many, and they differ".into())),
        }
    }
}
