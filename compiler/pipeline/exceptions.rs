//! What a spec asks for beside what is compiled by rule, each with the reason somebody wrote down: findings that are
//! allowed, patches, objects taken as they are, differences that are not told. A reviewer decides about these first.

use std::collections::BTreeMap;

use super::Compiled;
use crate::diag::Span;
use crate::model::fleet::{Fleet, Ignore, Patch, Raw};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// `allow`, `patch`, `raw` or `ignore`, as the spec calls it.
    pub kind: &'static str,
    /// The code of a finding, the target of a patch, a file.
    pub what: String,
    pub why: String,
    /// In the new side.
    pub at: Span,
}

/// What the new side has and the old one has not, in the order of the spec. One that moved is the same one.
pub fn exceptions(old: Option<&Compiled>, new: &Compiled) -> Vec<Exception> {
    let of = |compiled: &Compiled| compiled.fleet.as_ref().map(all).unwrap_or_default();
    let mut known: BTreeMap<(&str, String, String), usize> = BTreeMap::new();
    for one in old.map(of).unwrap_or_default() {
        *known.entry((one.kind, one.what, one.why)).or_default() += 1;
    }
    let mut found = of(new);
    found.retain(|one| match known.get_mut(&(one.kind, one.what.clone(), one.why.clone())) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    });
    found
}

fn all(fleet: &Fleet) -> Vec<Exception> {
    // What a profile says stands in each of its clusters: one line of the spec is one.
    let mut found: BTreeMap<(Span, String), Exception> = BTreeMap::new();
    let mut add = |kind, what: String, why: &str, at: Span| {
        let one = Exception { kind, what: what.clone(), why: why.to_owned(), at };
        found.entry((at, what)).or_insert(one);
    };
    fleet.allows.iter().for_each(|a| add("allow", a.code.clone(), &a.why, a.at));
    let patch = |p: &Patch| ("patch", p.target.value.clone(), p.why.clone(), p.at);
    let raw = |r: &Raw| ("raw", r.file.value.clone(), r.why.clone(), r.at);
    let ignore = |i: &Ignore| ("ignore", i.target.value.clone(), i.why.clone(), i.at);
    let of_clusters = fleet.clusters.iter().flat_map(|c| {
        let patches = c.patches.iter().map(patch).chain(c.raws.iter().map(raw));
        patches.chain(c.ignores.iter().map(ignore))
    });
    let of_stores = fleet.stores.iter().flat_map(|s| s.patches.iter().map(patch).chain(s.raws.iter().map(raw)));
    let of_others = fleet.alertmanagers.iter().flat_map(|a| a.patches.iter().map(patch).chain(a.raws.iter().map(raw)));
    of_clusters.chain(of_stores).chain(of_others).for_each(|(kind, what, why, at)| add(kind, what, &why, at));
    found.into_values().collect()
}
