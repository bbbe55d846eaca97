//! What a change does to the load of a fleet, as far as plans know it. Estimates on both sides, made
//! by the same model, so that their difference says more than each of them.

use std::collections::BTreeMap;

use super::routes::Routes;
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
    /// How long a cluster (its identity) survives without a destination.
    pub promises: BTreeMap<(String, String), Duration>,
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
