//! The rules that are emitted, compiled as the programs that run them would, and series sent through
//! them.

use std::collections::BTreeMap;

use super::context::Context;
use super::lanes;
use super::relay::{self, Outlet};
use super::routing::{self, Target};
use crate::diag::{Origin, Sink};
use crate::model::plan::{ClusterPlan, LanePlan};
use crate::relabel::regex::Cache;
use crate::relabel::stages::{self, Relayed};
use crate::relabel::{Chain, Dialect, Labels, Names, Outcome, Rule, RuleError, Written};

/// What one Prometheus writes.
pub(super) struct Sender {
    /// Destination, `None` for the relay, and rules of each entry, in the order of the plan.
    pub entries: Vec<(Option<Target>, Chain)>,
    pub external: Labels,
}

/// The emitted rules, compiled as the programs that run them would.
pub(super) struct Senders<'a> {
    pub lanes: BTreeMap<String, Sender>,
    /// In the order of the relay's URLs.
    pub relay: Vec<(Target, Chain)>,
    /// What the relay does to all it sends.
    pub common: Chain,
    /// The destinations of the cluster that there is a way to, as its routes name them.
    pub outlets: Vec<Outlet<'a>>,
}

/// The queues that a series takes: an entry of a Prometheus (`None`: the relay scraped it), and a URL of
/// the relay (`None`: the entry writes to the store itself).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Queue {
    pub write: Option<usize>,
    pub url: Option<usize>,
}

/// A series at a store: once for each queue that brings it.
#[derive(Debug)]
pub(super) struct Arrival {
    pub target: Target,
    pub queue: Queue,
    pub labels: Labels,
}

/// Something of the plan that no program would take.
pub(super) struct Refused {
    pub what: String,
    pub origin: Origin,
}

impl<'a> Senders<'a> {
    /// # Errors
    /// Rules that are refused, and entries that write to no destination of the cluster.
    pub fn compile(cx: &Context<'a>, plan: &ClusterPlan<'_>) -> Result<Self, Vec<Refused>> {
        let cache = Cache::new();
        let mut refused = Vec::new();
        let chain = |rules: &[Rule], dialect, written, of: &str, refused: &mut Vec<Refused>| {
            let compiled = Chain::compile(rules, dialect, written, &cache);
            let told = |(i, error): (usize, RuleError)| Refused {
                what: format!("rule {} of `{of}` is refused: {error:?}", i + 1),
                origin: rules.get(i).map_or(Origin::INHERIT, |r: &Rule| r.origin),
            };
            compiled.map_err(|errors| refused.extend(errors.into_iter().map(told))).ok()
        };
        let common = plan.relay.as_ref().map_or(&[][..], |r| &r.common);
        let common = chain(common, Dialect::Vmagent, Written::File, "common", &mut refused);
        let mut relayed = Vec::new();
        for url in plan.relay.iter().flat_map(|r| &r.urls) {
            let target = Target { store: url.store, tenant: url.tenant };
            let rules = chain(&url.rules, Dialect::Vmagent, Written::File, &url.name, &mut refused);
            relayed.extend(rules.map(|c| (target, c)));
        }
        let outlets = relay::outlets(cx, routing::destinations(cx, &routing::partitions(cx)), &mut Sink::default());
        let mut lanes = BTreeMap::new();
        for lane in &plan.lanes {
            let dialect = dialect(lane);
            let mut entries = Vec::new();
            for write in &lane.remote_write {
                let to_relay = plan.relay.as_ref().is_some_and(|r| r.name == write.name);
                let target = outlets.iter().find(|o| !to_relay && o.name == write.name).map(|o| o.dest.target);
                if !to_relay && target.is_none() {
                    let what =
                        format!("`{}` of prometheus `{}` is no destination of the cluster", write.name, lane.name);
                    refused.push(Refused { what, origin: write.origin });
                }
                let rules = chain(&write.rules, dialect, Written::CustomResource, &write.name, &mut refused);
                entries.extend(rules.map(|c| (target, c)));
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
            Some(common) if refused.is_empty() => Ok(Senders { lanes, relay: relayed, common, outlets }),
            _ => Err(refused),
        }
    }

    /// What the relay's URLs let through of a series that came by this entry, and as what.
    pub fn relayed(&self, labels: &Labels, write: Option<usize>) -> Vec<Arrival> {
        let arrive = |(i, (target, rules)): (usize, &(Target, Chain))| {
            let Relayed::Sent(labels) = stages::relay(labels, &self.common, rules, &[]) else { return None };
            Some(Arrival { target: *target, queue: Queue { write, url: Some(i) }, labels })
        };
        self.relay.iter().enumerate().filter_map(arrive).collect()
    }

    /// Every store that a stored series of a Prometheus reaches, once for each queue that takes it there.
    pub fn send(&self, lane: &LanePlan<'_>, series: &Labels) -> Vec<Arrival> {
        let mut out = Vec::new();
        let Some(Sender { entries, external }) = self.lanes.get(lane.name) else { return out };
        for (i, (target, rules)) in entries.iter().enumerate() {
            let (outcome, labels) = stages::write(series, external, rules);
            match (outcome, target) {
                (Outcome::Kept, Some(target)) => {
                    out.push(Arrival { target: *target, queue: Queue { write: Some(i), url: None }, labels });
                }
                (Outcome::Kept, None) => out.extend(self.relayed(&labels, Some(i))),
                (Outcome::Dropped { .. }, _) => {}
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
