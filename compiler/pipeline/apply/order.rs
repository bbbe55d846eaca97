//! In which order clusters are applied to: those that others write to come first.

use std::collections::BTreeSet;

use super::super::Compiled;
use super::Intent;
use crate::model::fleet::Fleet;
use crate::model::ids::ClusterId;
use crate::model::plan::FleetPlan;

/// Puts what is intended in the order in which it is to be carried out: a cluster after the control planes it writes
/// to, as its page says; otherwise as it was.
pub fn in_order<'c>(compiled: &Compiled, intents: Vec<Intent<'c>>) -> Vec<Intent<'c>> {
    let (Some(fleet), Some(plan)) = (&compiled.fleet, &compiled.fleet_plan) else { return intents };
    let place = |intent: &Intent<'_>| fleet.clusters.iter().position(|c| c.id.value == intent.cluster.changes.identity);
    let order = receivers_first(fleet.clusters.len(), &writes(fleet, plan));
    let mut intents = intents;
    intents.sort_by_key(|i| place(i).and_then(|at| order.iter().position(|o| *o == at)));
    intents
}

/// Which cluster writes to a store that stands on which other.
fn writes(fleet: &Fleet, plan: &FleetPlan) -> BTreeSet<(usize, usize)> {
    let edges = fleet.stores.iter().zip(&plan.stores).filter_map(|(store, load)| {
        let on: ClusterId = store.cluster.as_ref()?.value;
        Some(load.senders.iter().map(move |(from, _)| (from.index(), on.index())))
    });
    edges.flatten().filter(|(from, to)| from != to).collect()
}

/// Places in an order in which `to` of each pair comes before `from`; of a circle, in the order of their numbers.
fn receivers_first(count: usize, pairs: &BTreeSet<(usize, usize)>) -> Vec<usize> {
    let mut order = Vec::with_capacity(count);
    let mut left: BTreeSet<usize> = (0..count).collect();
    // Those that somebody writes to, before those to which nobody does.
    let receives: BTreeSet<usize> = pairs.iter().map(|(_, to)| *to).collect();
    while !left.is_empty() {
        let free = |at: &&usize| pairs.iter().all(|(from, to)| from != *at || !left.contains(to));
        let next = left.iter().filter(free).min_by_key(|at| (!receives.contains(at), **at));
        let Some(next) = next.or(left.first()).copied() else { break };
        left.remove(&next);
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_written_to_comes_first() {
        let order = |count, pairs: &[(usize, usize)]| receivers_first(count, &pairs.iter().copied().collect());
        assert_eq!(order(3, &[]), [0, 1, 2]);
        assert_eq!(order(3, &[(0, 2), (1, 2)]), [2, 0, 1]);
        assert_eq!(order(4, &[(0, 2), (1, 2), (2, 3)]), [3, 2, 0, 1]);
        assert_eq!(order(3, &[(0, 1), (1, 0)]), [2, 0, 1], "a circle ends");
    }
}
