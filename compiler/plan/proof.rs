//! The proof that emitted rules do what the route says.
//!
//! Witness series — of every part, in every namespace that is answered differently, measured and
//! made by Prometheus itself, and of no job at all — are pushed through the very rules that are
//! emitted, with the relabel evaluator, and must arrive where the four questions send them and
//! nowhere else, their labels as they were.

mod shape;

pub(super) use shape::of_parts;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::codes;
use super::context::Context;
use super::critical;
use super::keep;
use super::monitors::{CLASS_LABEL, PATH_LABEL, shared_values};
use super::parts::{self, Part};
use super::pod_labels;
use super::routing::{self, Partition, Target, Who, route_of};
use super::senders::Senders;
use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Sink};
use crate::model::fleet::{Fleet, Lane};
use crate::model::plan::ClusterPlan;
use crate::relabel::Labels;

/// What is proven of one fleet: clusters of a kind differ in their identity only, and the rules of one
/// prove those of all.
#[derive(Debug, Default)]
pub struct Proven(Mutex<BTreeSet<u64>>);

impl Proven {
    fn has(&self, shape: u64) -> bool {
        self.0.lock().is_ok_and(|known| known.contains(&shape))
    }

    /// How many kinds of clusters are proven.
    pub fn kinds(&self) -> usize {
        self.0.lock().map_or(0, |known| known.len())
    }

    fn add(&self, shape: u64) {
        if let Ok(mut known) = self.0.lock() {
            known.insert(shape);
        }
    }
}

/// Checks the plan of a cluster; each contradiction is an internal error. Costs some milliseconds for
/// the first cluster of a kind in `proven`, which is for one fleet and catalog, so it is for the pass
/// that only looks for findings.
pub fn prove(fleet: &Fleet, catalog: &Catalog, plan: &ClusterPlan<'_>, proven: &Proven, sink: &mut Sink) {
    let shape = shape::of(fleet, plan);
    if proven.has(shape) {
        return;
    }
    let cx = Context::new(fleet, catalog, plan.id);
    let parts = parts::parts(&cx, &mut Sink::default()).all;
    let faults = faults(&cx, plan, &parts);
    if faults.is_empty() {
        proven.add(shape);
    }
    for fault in faults {
        let at = plan.cluster.at;
        sink.push(Diagnostic::new(&codes::WITNESS, at, fault).here("planned for this cluster"));
    }
}

/// One line for each witness that goes astray.
fn faults<'a>(cx: &Context<'a>, plan: &ClusterPlan<'_>, parts: &[Part<'a>]) -> Vec<String> {
    let partitions = routing::partitions(cx);
    let shared = shared_values(parts);
    let mut out = Vec::new();
    let senders = match Senders::compile(cx, plan) {
        Ok(senders) => senders,
        Err(refused) => return refused,
    };
    for lane in &plan.lanes {
        let route = route_of(cx.fleet, cx.id, lane.name);
        let partition = partitions.iter().find(|p| Some(p.id) == route);
        for witness in witnesses(parts, partition, lane.lane, &shared) {
            let expected: BTreeSet<Target> = witness.targets.iter().copied().collect();
            if witness.twice {
                let (scraped, labels) = senders.scraped(cx, lane, &witness.labels);
                let arrived = senders.relayed(&scraped);
                if !expected.iter().eq(arrived.keys()) || arrived.values().any(|a| *a != labels) {
                    out.push(format!("{} scraped by the relay for `{}` goes astray", witness.labels, lane.name));
                }
            }
            let labels = senders.external(lane, &witness.labels);
            let arrived = senders.send(lane, &witness.labels);
            if !expected.iter().eq(arrived.keys()) {
                let names = |targets: &mut dyn Iterator<Item = &Target>| {
                    let all: Vec<String> = targets.map(|t| super::relay::name(cx, *t)).collect();
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
    let namespaces = partition.map_or_else(|| vec!["", "nobodys"], |p| p.witness_namespaces().collect());
    let words = Words::new();
    let answer =
        |who: Who<'_, '_>, namespace: &str| partition.map_or_else(Vec::new, |p| p.answer(who, namespace).to_vec());
    let mut out = Vec::new();
    for namespace in namespaces {
        let in_namespace = Arc::<str>::from(namespace);
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
