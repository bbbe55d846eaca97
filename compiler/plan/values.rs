//! The label `job`: which jobs share a value of it, and whether their series can be told apart.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use super::context::Context;
use super::keep;
use super::parts::Part;
use crate::diag::{Diagnostic, Sink};

/// Values of `job` that series of more than one job of the cluster carry.
pub(super) fn shared(parts: &[Part<'_>]) -> BTreeSet<String> {
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for part in parts {
        for value in &part.source.values {
            if *owner.entry(value).or_insert(&part.job().name) != part.job().name {
                shared.insert(value.clone());
            }
        }
    }
    shared
}

/// Jobs whose series nothing tells apart: one of the spec's own that is called as the label `job` of another says, or two
/// of one value and one path.
pub(super) fn check(cx: &Context<'_>, parts: &[Part<'_>], sink: &mut Sink) {
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    let shared = shared(parts);
    let of = |value: &String| parts.iter().filter(|p| p.source.values.contains(value)).collect::<Vec<_>>();
    for (value, sharing) in shared.iter().map(|value| (value, of(value))) {
        for (i, a) in sharing.iter().enumerate() {
            for b in sharing[i + 1..].iter().filter(|b| b.job().name != a.job().name) {
                let (own, other) = if a.source.entry.is_none() { (a, b) } else { (b, a) };
                let alike = || keep::paths(a).iter().any(|path| keep::paths(b).contains(path));
                let is_own = own.source.entry.is_none();
                if !(is_own || alike()) || !told.insert((&own.job().name, &other.job().name)) {
                    continue;
                }
                let what = format!(
                    "series of `{}` carry `job=\"{value}\"`, as those of `{}` do",
                    own.job().name,
                    other.job().name
                );
                let at = cx.place(own.job().origin, own.origin);
                let found = Diagnostic::new(&codes::SAME_VALUE, at, what).here("not told apart");
                let found = match is_own {
                    true => found.help(format!(
                        "give the job a name of its own, `job \"{value}-own\"`, wherever the spec names it; or, where it is meant in place of `{0}`, switch that off: `job \"{0}\" disabled=#true`",
                        other.job().name
                    )),
                    false => found,
                };
                sink.push(cx.labelled(found, other.job().origin, "the other"));
            }
        }
    }
}
