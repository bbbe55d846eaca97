//! The rules that are emitted, compiled as the programs that run them would, and series sent through
//! them.

use std::collections::BTreeMap;

use super::context::Context;
use super::critical;
use super::lanes;
use super::routing::{self, Target};
use crate::diag::Sink;
use crate::model::plan::{ClusterPlan, LanePlan};
use crate::relabel::regex::Cache;
use crate::relabel::stages::{self, Relayed};
use crate::relabel::{Chain, Dialect, Labels, Names, Outcome, Rule, Written};

/// What one Prometheus writes.
pub(super) struct Sender {
    /// Destination, `None` for the relay, and rules of each entry.
    pub entries: Vec<(Option<Target>, Chain)>,
    pub external: Labels,
}

/// The emitted rules, compiled as the programs that run them would.
pub(super) struct Senders {
    pub lanes: BTreeMap<String, Sender>,
    pub relay: Vec<(Target, Chain)>,
    /// What the relay does to all it sends.
    pub common: Chain,
}

impl Senders {
    pub fn compile(cx: &Context<'_>, plan: &ClusterPlan<'_>) -> Result<Self, Vec<String>> {
        let cache = Cache::new();
        let mut refused = Vec::new();
        let mut chain =
            |rules: &[Rule], dialect, written, of: &str| match Chain::compile(rules, dialect, written, &cache) {
                Ok(chain) => Some(chain),
                Err(errors) => {
                    refused.extend(errors.iter().map(|(i, e)| format!("rule {i} of `{of}` is refused: {e:?}")));
                    None
                }
            };
        let common = plan.relay.as_ref().map_or(&[][..], |r| &r.common);
        let common = chain(common, Dialect::Vmagent, Written::File, "common");
        let mut relay = Vec::new();
        for url in plan.relay.iter().flat_map(|r| &r.urls) {
            let target = Target { store: url.store, tenant: url.tenant };
            relay.extend(chain(&url.rules, Dialect::Vmagent, Written::File, &url.name).map(|c| (target, c)));
        }
        let outlets =
            super::relay::outlets(cx, routing::destinations(cx, &routing::partitions(cx)), &mut Sink::default());
        let mut lanes = BTreeMap::new();
        for lane in &plan.lanes {
            let dialect = dialect(lane);
            let mut entries = Vec::new();
            for write in &lane.remote_write {
                let target =
                    outlets.iter().find(|o| plan.relay.is_none() && o.name == write.name).map(|o| o.dest.target);
                entries.extend(chain(&write.rules, dialect, Written::CustomResource, &write.name).map(|c| (target, c)));
            }
            let mut external: Labels =
                lane.external_labels.iter().map(|(k, v)| (k.as_str(), v.value.as_str())).collect();
            external.set("prometheus", lanes::sender(cx, lane.name));
            if lane.replica_label.is_none() {
                external.set(lanes::REPLICA_LABEL, format!("prometheus-{}-0", lane.name));
            }
            lanes.insert(lane.name.to_owned(), Sender { entries, external });
        }
        match common {
            Some(common) if refused.is_empty() => Ok(Senders { lanes, relay, common }),
            _ => Err(refused),
        }
    }

    /// The series as a store is to have it. Where the replica label is taken off on the way, that is
    /// for the destination to decide, so it is left out of the comparison on both sides.
    pub fn external(&self, lane: &LanePlan<'_>, series: &Labels) -> Labels {
        let external = self.lanes.get(lane.name).map(|sender| &sender.external);
        let mut labels = external.map_or_else(|| series.clone(), |e| stages::external(series, e));
        labels.remove(lanes::REPLICA_LABEL);
        labels.settle();
        labels
    }

    /// A series as the relay has it when it scrapes by itself, and as stores are to have it.
    pub fn scraped(&self, cx: &Context<'_>, lane: &LanePlan<'_>, series: &Labels) -> (Labels, Labels) {
        let by_relay = |mut labels: Labels| {
            labels.set("prometheus", critical::sender(cx, lane.name));
            labels.settle();
            labels
        };
        (by_relay(series.clone()), by_relay(self.external(lane, series)))
    }

    /// Where the rules of the relay's URLs let a series through, and as what.
    pub fn relayed(&self, labels: &Labels) -> BTreeMap<Target, Labels> {
        let sent =
            self.relay.iter().filter_map(|(target, rules)| match stages::relay(labels, &self.common, rules, &[]) {
                Relayed::Sent(labels) => Some((*target, labels)),
                _ => None,
            });
        sent.collect()
    }

    pub fn send(&self, lane: &LanePlan<'_>, series: &Labels) -> BTreeMap<Target, Labels> {
        let mut out = BTreeMap::new();
        let Some(Sender { entries, external }) = self.lanes.get(lane.name) else { return out };
        let mut arrive = |target: Target, mut labels: Labels| {
            labels.remove(lanes::REPLICA_LABEL);
            labels.settle();
            out.insert(target, labels);
        };
        for (target, rules) in entries {
            let (outcome, labels) = stages::write(series, external, rules);
            if outcome != Outcome::Kept {
                continue;
            }
            match target {
                Some(target) => arrive(*target, labels),
                None => self.relayed(&labels).into_iter().for_each(|(target, labels)| arrive(target, labels)),
            }
        }
        out
    }
}

/// How the program of a lane reads rules.
pub(super) fn dialect(lane: &LanePlan<'_>) -> Dialect {
    let version = lane.version.value;
    match (version.major(), version.minor()) {
        (..=2, minor) => minor.map_or(Dialect::PROMETHEUS2, |minor| Dialect::Prometheus2 { minor }),
        (_, minor) => minor.map_or(Dialect::PROMETHEUS3, |minor| Dialect::Prometheus3 { minor, names: Names::Utf8 }),
    }
}
