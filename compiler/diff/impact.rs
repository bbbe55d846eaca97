//! What a change does to the load of a fleet, as far as plans know it. Estimates on both sides, made
//! by the same model, so that their difference says more than each of them.

use std::collections::{BTreeMap, BTreeSet};

use super::routes::{Rerouted, Routes};
use crate::model::value::Duration;

/// What something carries: a Prometheus, a store, a route, the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// What is scraped; 0 where only what arrives is known.
    pub targets: u64,
    pub series: u64,
    pub samples_per_second: f64,
}

impl Load {
    pub fn add(&mut self, other: Load) {
        self.targets = self.targets.saturating_add(other.targets);
        self.series = self.series.saturating_add(other.series);
        self.samples_per_second += other.samples_per_second;
    }
}

/// The loads of one side, and where its series go.
#[derive(Debug, Clone, Default)]
pub struct Loads {
    pub clusters: usize,
    pub fleet: Load,
    /// By cluster (its identity) and name.
    pub lanes: BTreeMap<(String, String), Load>,
    pub stores: BTreeMap<String, Load>,
    /// Samples per second that a store takes, where the spec says.
    pub limits: BTreeMap<String, u64>,
    pub routes: BTreeMap<String, Load>,
    /// Where routes send what.
    pub ways: Routes,
    /// Where a class of a cluster goes, by what it is and who has it; equal ones counted together by
    /// [`moved`].
    pub flows: BTreeMap<(String, String), String>,
    pub promises: Promises,
}

/// How long a cluster (its identity) survives without a destination.
pub type Promises = BTreeMap<(String, String), Duration>;

/// A promise that differs, and the clusters that it does for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Promised {
    pub raised: bool,
    pub destination: String,
    pub before: Duration,
    pub after: Duration,
    /// Their identities.
    pub clusters: BTreeSet<String>,
}

/// What differs for destinations that a cluster sends to on both sides, what is lowered first.
pub fn promised(before: &Promises, after: &Promises) -> Vec<Promised> {
    let mut alike: BTreeMap<(bool, &str, Duration, Duration), BTreeSet<String>> = BTreeMap::new();
    for (key, was) in before {
        if let Some(is) = after.get(key).filter(|is| *is != was) {
            let (cluster, destination) = key;
            alike.entry((is > was, destination, *was, *is)).or_default().insert(cluster.clone());
        }
    }
    let one =
        |((raised, destination, before, after), clusters): ((bool, &str, Duration, Duration), BTreeSet<String>)| {
            Promised { raised, destination: destination.to_owned(), before, after, clusters }
        };
    alike.into_iter().map(one).collect()
}

/// What no field of an object says: where series go instead, and what outages they survive.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moves {
    pub ways: Vec<Rerouted>,
    pub promises: Vec<Promised>,
}

/// A value on both sides, where it differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved<T> {
    pub name: String,
    pub before: Option<T>,
    pub after: Option<T>,
}

/// What differs between two sides, by name.
pub fn moved<K: Ord, T: Clone + PartialEq>(
    before: &BTreeMap<K, T>,
    after: &BTreeMap<K, T>,
    name: impl Fn(&K) -> String,
) -> Vec<Moved<T>> {
    let mut keys: Vec<&K> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let both = keys.into_iter().map(|key| (key, before.get(key), after.get(key)));
    both.filter(|(_, before, after)| before != after)
        .map(|(key, before, after)| Moved { name: name(key), before: before.cloned(), after: after.cloned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told_whichever_side_it_is_on() {
        let before = BTreeMap::from([("a", 1), ("b", 2), ("c", 3)]);
        let after = BTreeMap::from([("a", 1), ("b", 5), ("d", 4)]);
        let told: Vec<(String, Option<i32>, Option<i32>)> =
            moved(&before, &after, |k| (*k).to_owned()).into_iter().map(|m| (m.name, m.before, m.after)).collect();
        let expected = [("b", Some(2), Some(5)), ("c", Some(3), None), ("d", None, Some(4))];
        assert_eq!(told, expected.map(|(n, b, a)| (n.to_owned(), b, a)));
    }
}
