//! The series that are pushed through the rules, and where the route sends each.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::critical;
use super::super::keep;
use super::super::monitors::{CLASS_LABEL, PATH_LABEL};
use super::super::parts::Part;
use super::super::pod_labels;
use super::super::routing::{Partition, PodLabel, Target, Who};
use crate::model::fleet::Lane;
use crate::relabel::Labels;

pub(super) struct Witness<'p, 'a> {
    /// As a Prometheus stores it.
    pub labels: Labels,
    pub who: Who<'p, 'a>,
    pub namespace: &'p str,
    /// Labels of its pod that it carries.
    pub pods: &'p [PodLabel],
    /// Whether the Prometheus is the one that sends it, if anybody does.
    pub owned: bool,
    pub targets: Vec<Target>,
    /// The relay scrapes it too.
    pub twice: bool,
}

/// What a Prometheus can hold, and where the route sends it.
pub(super) fn witnesses<'p, 'a>(
    parts: &'p [Part<'a>],
    partition: Option<&'p Partition<'_>>,
    lane: &Lane,
    shared: &BTreeSet<String>,
    identity: &str,
) -> Vec<Witness<'p, 'a>> {
    let namespaces = partition.map_or_else(|| vec!["", "nobodys"], |p| p.witness_namespaces().collect());
    let words = Words::new();
    let answer =
        |who: Who<'_, '_>, namespace: &str| partition.map_or_else(Vec::new, |p| p.answer(who, namespace).to_vec());
    let mut out = Vec::new();
    for namespace in namespaces {
        let in_namespace = Arc::<str>::from(namespace);
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
                        let twice = critical::is_critical(part);
                        out.push(Witness { labels, who, namespace, pods, owned, targets, twice });
                    }
                    let targets = if owned { answer(who, namespace) } else { Vec::new() };
                    let twice = owned && critical::is_critical(part);
                    out.push(Witness { labels, who, namespace, pods: &[], owned, targets, twice });
                }
            }
        }
        // A label of the identity's name is what somebody would write as another cluster with.
        for (name, claimed) in [("recorded:of_no_job", ""), ("ALERTS", ""), ("recorded:of_no_job", "another")] {
            let labels = Labels::from_iter([("__name__", name), ("namespace", namespace), (identity, claimed)]);
            let targets = answer(Who::Nobody, namespace);
            out.push(Witness { labels, who: Who::Nobody, namespace, pods: &[], owned: true, targets, twice: false });
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
