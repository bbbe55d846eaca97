//! Selectors over clusters (§8 of the reference): names, labels, and, not.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use super::names::list;
use super::read::Read;
use crate::diag::{Diagnostic, Span, nearest};
use crate::model::ids::ClusterId;
use crate::model::value::{Clause, Selector};

/// What selectors can ask of a cluster.
#[derive(Debug)]
pub struct Candidate<'d> {
    pub name: &'d str,
    /// Where the cluster is named.
    pub at: Span,
    pub labels: BTreeMap<&'d str, &'d str>,
    pub zone: Option<&'d str>,
    pub profiles: &'d [&'d str],
}

/// The clusters that `terms` take, with the place of the first term that takes each, in the order
/// of the clusters. `candidates` are sorted by name. A term that matches nothing is reported,
/// except a negated one.
pub fn select(terms: &[(&str, Span)], candidates: &[Candidate<'_>], read: &mut Read<'_>) -> Vec<(ClusterId, Span)> {
    let mut taken: BTreeMap<usize, Span> = BTreeMap::new();
    let mut refused: BTreeSet<usize> = BTreeSet::new();
    for (text, at) in terms {
        // What is no selector has been reported as such.
        let Ok(term) = Selector::parse(text) else { continue };
        let matching = matching(&term, candidates);
        if term.negated {
            refused.extend(matching);
        } else if matching.is_empty() {
            read.report(nothing(text, &term, *at, candidates));
        } else {
            for i in matching {
                taken.entry(i).or_insert(*at);
            }
        }
    }
    taken.into_iter().filter(|(i, _)| !refused.contains(i)).map(|(i, at)| (ClusterId(i as u32), at)).collect()
}

fn matching(term: &Selector, candidates: &[Candidate<'_>]) -> Vec<usize> {
    // A plain name is looked up: a route may list a thousand of them.
    if let [Clause::Name(name)] = term.clauses.as_slice()
        && !name.contains('*')
    {
        return candidates.binary_search_by(|c| c.name.cmp(name)).into_iter().collect();
    }
    (0..candidates.len()).filter(|i| term.holds(candidates[*i].name, |key| candidates[*i].values(key))).collect()
}

impl<'d> Candidate<'d> {
    /// Values of a label, the built-in ones included.
    fn values(&self, key: &str) -> Vec<&'d str> {
        match key {
            "zone" => self.zone.into_iter().collect(),
            "profile" => self.profiles.to_vec(),
            _ => self.labels.get(key).copied().into_iter().collect(),
        }
    }
}

fn nothing(text: &str, term: &Selector, at: Span, candidates: &[Candidate<'_>]) -> Diagnostic {
    let found = Diagnostic::new(&codes::SELECTS_NOTHING, at, format!("no cluster matches `{text}`"));
    match term.clauses.as_slice() {
        [Clause::Name(name)] => found.did_you_mean(name, candidates.iter().map(|c| c.name)),
        [Clause::Label { key, equal: true, value }] => {
            let keys: BTreeSet<&str> =
                candidates.iter().flat_map(|c| c.labels.keys().copied()).chain(["zone", "profile"]).collect();
            if keys.contains(key.as_str()) {
                let values: BTreeSet<&str> = candidates.iter().flat_map(|c| c.values(key)).collect();
                return found.did_you_mean(value, values);
            }
            let known: Vec<&str> = keys.iter().copied().collect();
            found.help(match nearest(key, known.iter().copied()) {
                Some(near) => format!("no cluster has a label `{key}`; did you mean `{near}`?"),
                None => format!("no cluster has a label `{key}`; there is {}", list(&known)),
            })
        }
        _ => found,
    }
}
