//! The proof that emitted rules do what the route says.
//!
//! Witness series — of every part, in every namespace that is answered differently, measured and
//! made by Prometheus itself, and of no job at all — are pushed through the very rules that are
//! emitted, with the relabel evaluator, and must arrive where the four questions send them and
//! nowhere else, their labels as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::codes;
use super::context::Context;
use super::critical;
use super::keep;
use super::lanes;
use super::monitors::{CLASS_LABEL, PATH_LABEL, shared_values};
use super::parts::{self, Part};
use super::pod_labels;
use super::routing::{self, Partition, Target, Who, route_of};
use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Sink};
use crate::model::fleet::{Fleet, Lane};
use crate::model::plan::{ClusterPlan, LanePlan};
use crate::model::value::Version;
use crate::relabel::regex::Cache;
use crate::relabel::stages::{self, Relayed};
use crate::relabel::{Chain, Dialect, Labels, Outcome, Rule, Written};

/// Checks the plan of a cluster; each contradiction is an internal error. Pure; costs some
/// milliseconds, so it is for the pass that only looks for findings.
pub fn prove(fleet: &Fleet, catalog: &Catalog, plan: &ClusterPlan<'_>, sink: &mut Sink) {
    for fault in faults(fleet, catalog, plan) {
        let at = plan.cluster.at;
        sink.push(Diagnostic::new(&codes::WITNESS, at, fault).here("planned for this cluster"));
    }
}

/// One line for each witness that goes astray.
fn faults(fleet: &Fleet, catalog: &Catalog, plan: &ClusterPlan<'_>) -> Vec<String> {
    let cx = Context::new(fleet, catalog, plan.id);
    let parts = parts::parts(&cx, &mut Sink::default()).all;
    let partitions = routing::partitions(&cx);
    let shared = shared_values(&parts);
    let mut out = Vec::new();
    let senders = match Senders::compile(&cx, plan) {
        Ok(senders) => senders,
        Err(refused) => return refused,
    };
    for lane in &plan.lanes {
        let route = route_of(fleet, cx.id, lane.name);
        let partition = partitions.iter().find(|p| Some(p.id) == route);
        for witness in witnesses(&parts, partition, lane.lane, &shared) {
            let expected: BTreeSet<Target> = witness.targets.iter().copied().collect();
            if witness.twice {
                let (scraped, labels) = senders.scraped(&cx, lane, &witness.labels);
                let arrived = senders.relayed(&scraped);
                if !expected.iter().eq(arrived.keys()) || arrived.values().any(|a| *a != labels) {
                    out.push(format!("{} scraped by the relay for `{}` goes astray", witness.labels, lane.name));
                }
            }
            let labels = senders.external(lane, &witness.labels);
            let arrived = senders.send(lane, &witness.labels);
            if !expected.iter().eq(arrived.keys()) {
                let names = |targets: &mut dyn Iterator<Item = &Target>| {
                    let all: Vec<String> = targets.map(|t| super::relay::name(&cx, *t)).collect();
                    if all.is_empty() { "no store".to_owned() } else { all.join(", ") }
                };
                out.push(format!(
                    "{} of `{}` should reach {} and reaches {}",
                    witness.labels,
                    lane.name,
                    names(&mut expected.iter()),
                    names(&mut arrived.keys())
                ));
            } else if let Some((_, labels)) = arrived.iter().find(|(_, arrived)| **arrived != labels) {
                out.push(format!("{} of `{}` arrives as {labels}", witness.labels, lane.name));
            }
        }
    }
    out
}

struct Witness {
    labels: Labels,
    targets: Vec<Target>,
    /// The relay scrapes it too.
    twice: bool,
}

/// What a Prometheus can hold, and where the route sends it.
fn witnesses(
    parts: &[Part<'_>],
    partition: Option<&Partition<'_>>,
    lane: &Lane,
    shared: &BTreeSet<String>,
) -> Vec<Witness> {
    let unsent = [String::new(), "nobodys".to_owned()];
    let namespaces = partition.map_or(&unsent[..], Partition::witness_namespaces);
    let words = Words::new();
    let answer =
        |who: Who<'_, '_>, namespace: &str| partition.map_or_else(Vec::new, |p| p.answer(who, namespace).to_vec());
    let mut out = Vec::new();
    for namespace in namespaces {
        let in_namespace = Arc::<str>::from(namespace.as_str());
        for name in ["recorded:of_no_job", "ALERTS"] {
            let labels = Labels::from_iter([("__name__", name), ("namespace", namespace)]);
            out.push(Witness { labels, targets: answer(Who::Nobody, namespace), twice: false });
        }
        for part in parts {
            let owned = part.lane.name == lane.name;
            if !owned && !part.copies.iter().any(|c| c.0.name == lane.name) {
                continue;
            }
            for base in series(part, &words, &in_namespace, shared) {
                let of_scrapes = [(&words.up, Who::Scrape(part)), (&words.duration, Who::Scrape(part))];
                let sample = match part.is_scraped() {
                    true => &words.measured,
                    false => &words.recorded,
                };
                for (name, who) in std::iter::once((sample, Who::Sample(part)))
                    .chain(of_scrapes.into_iter().filter(|_| part.is_scraped()))
                {
                    let mut labels = base.clone();
                    labels.set(Arc::clone(&words.name), Arc::clone(name));
                    labels.settle();
                    for pods in partition.iter().flat_map(|p| p.witness_labels()) {
                        // The label is there because a line asks for it, and only where it may.
                        let claimed = pods.iter().all(|l| pod_labels::carried(partition, part, &l.0));
                        if !owned || !claimed {
                            continue;
                        }
                        let mut labels = labels.clone();
                        pods.iter().for_each(|(label, value)| labels.set(label.as_str(), value.as_str()));
                        labels.settle();
                        let targets = partition.map_or_else(Vec::new, |p| p.answer_labelled(who, namespace, pods));
                        out.push(Witness { labels, targets, twice: critical::is_critical(part) });
                    }
                    let targets = if owned { answer(who, namespace) } else { Vec::new() };
                    out.push(Witness { labels, targets, twice: owned && critical::is_critical(part) });
                }
            }
        }
    }
    out
}

/// What all witnesses say, made once: there are thousands of them for each of a thousand clusters.
struct Words {
    name: Arc<str>,
    measured: Arc<str>,
    recorded: Arc<str>,
    up: Arc<str>,
    duration: Arc<str>,
    job: Arc<str>,
    namespace: Arc<str>,
    class: Arc<str>,
    instance: (Arc<str>, Arc<str>),
}

impl Words {
    fn new() -> Self {
        Words {
            name: "__name__".into(),
            measured: "measured_total".into(),
            recorded: "instance:measured:max_rate".into(),
            up: "up".into(),
            duration: "scrape_duration_seconds".into(),
            job: "job".into(),
            namespace: "namespace".into(),
            class: CLASS_LABEL.into(),
            instance: ("instance".into(), "node-1".into()),
        }
    }
}

/// One series, yet without a name, for each value of `job` and path that the part's targets have.
fn series(part: &Part<'_>, words: &Words, namespace: &Arc<str>, shared: &BTreeSet<String>) -> Vec<Labels> {
    let class = Arc::<str>::from(part.class.as_deref().unwrap_or(""));
    let mut out = Vec::new();
    for value in &part.source.values {
        let labels = Labels::from_iter([
            (Arc::clone(&words.job), Arc::from(value.as_str())),
            (Arc::clone(&words.namespace), Arc::clone(namespace)),
            words.instance.clone(),
            (Arc::clone(&words.class), Arc::clone(&class)),
        ]);
        if shared.contains(value) {
            for path in keep::paths(part) {
                let mut labels = labels.clone();
                labels.set(PATH_LABEL, path);
                labels.settle();
                out.push(labels);
            }
        } else {
            out.push(labels);
        }
    }
    out.dedup();
    out
}

/// What one Prometheus writes.
struct Sender {
    /// Destination, `None` for the relay, and rules of each entry.
    entries: Vec<(Option<Target>, Chain)>,
    external: Labels,
}

/// The emitted rules, compiled as the programs that run them would.
struct Senders {
    lanes: BTreeMap<String, Sender>,
    relay: Vec<(Target, Chain)>,
    /// What the relay does to all it sends.
    common: Chain,
}

impl Senders {
    fn compile(cx: &Context<'_>, plan: &ClusterPlan<'_>) -> Result<Self, Vec<String>> {
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
            let dialect =
                if lane.version.value < Version::new(3, 0, 0) { Dialect::Prometheus2 } else { Dialect::PROMETHEUS3 };
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
    fn external(&self, lane: &LanePlan<'_>, series: &Labels) -> Labels {
        let external = self.lanes.get(lane.name).map(|sender| &sender.external);
        let mut labels = external.map_or_else(|| series.clone(), |e| stages::external(series, e));
        labels.remove(lanes::REPLICA_LABEL);
        labels.settle();
        labels
    }

    /// A series as the relay has it when it scrapes by itself, and as stores are to have it.
    fn scraped(&self, cx: &Context<'_>, lane: &LanePlan<'_>, series: &Labels) -> (Labels, Labels) {
        let by_relay = |mut labels: Labels| {
            labels.set("prometheus", critical::sender(cx, lane.name));
            labels.settle();
            labels
        };
        (by_relay(series.clone()), by_relay(self.external(lane, series)))
    }

    /// Where the rules of the relay's URLs let a series through, and as what.
    fn relayed(&self, labels: &Labels) -> BTreeMap<Target, Labels> {
        let sent =
            self.relay.iter().filter_map(|(target, rules)| match stages::relay(labels, &self.common, rules, &[]) {
                Relayed::Sent(labels) => Some((*target, labels)),
                _ => None,
            });
        sent.collect()
    }

    fn send(&self, lane: &LanePlan<'_>, series: &Labels) -> BTreeMap<Target, Labels> {
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
