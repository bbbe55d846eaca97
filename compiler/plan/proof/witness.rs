//! The series that are pushed through the rules, and where the route sends each.

use std::collections::BTreeSet;

use super::super::critical;
use super::super::monitors::CLASS_LABEL;
use super::super::parts::Part;
use super::super::routing::{Partition, PodLabel, Target, Who};
use super::super::source::Workload;
use super::endpoints::Scrapes;
use super::fault::Fault;
use super::scraped::{Stored, claimed};
use super::told_apart::told_apart;
use crate::model::plan::LanePlan;
use crate::relabel::{Labels, names_of_scrapes};

pub(super) struct Witness<'p, 'a> {
    /// As a Prometheus stores it.
    pub labels: Labels,
    /// As the relay has it that scrapes the target too.
    pub relayed: Option<Labels>,
    pub who: Who<'p, 'a>,
    /// Of the workload it is about.
    pub namespace: String,
    /// Labels of its pod that it carries.
    pub pods: &'p [PodLabel],
    /// Whether the Prometheus is the one that sends it, if anybody does.
    pub owned: bool,
    pub targets: Vec<Target>,
}

/// An exporter's own, called almost like those of whoever scrapes.
const LIKE_A_SCRAPE: [&str; 2] = ["scrape_errors_total", "upstream_total"];

/// What a Prometheus can hold, and where the route sends it; `several`: other routes meet it in the relay.
pub(super) fn witnesses<'p, 'a>(
    scrapes: &Scrapes<'p, 'a>,
    partition: Option<&'p Partition<'_>>,
    lane: &LanePlan<'_>,
    several: bool,
    faults: &mut Vec<Fault>,
) -> Vec<Witness<'p, 'a>> {
    let near = partition.map_or_else(Vec::new, Partition::near_misses);
    let named = partition.map_or_else(|| vec!["", "nobodys"], |p| p.witness_namespaces().collect());
    let namespaces: Vec<&str> = named.into_iter().chain(near.iter().map(String::as_str)).collect();
    // Those that rules tell apart, of parts whose own rules look at none.
    let apart = partition.map(|p| told_apart(p, scrapes.parts, scrapes.plan, lane));
    let few = apart
        .map_or_else(|| namespaces.clone(), |some| some.into_iter().chain(near.iter().map(String::as_str)).collect());
    // Of namespaces that are answered alike, one is asked for each of these names, the others for two.
    let questions: BTreeSet<&str> = partition.map_or_else(BTreeSet::new, |p| p.questions().collect());
    let made_by_scrapes: Vec<String> = names_of_scrapes().collect();
    let mut made = Made { partition, out: Vec::new() };
    for part in scrapes.parts {
        let owned = part.lane.name == lane.name;
        if !part.is_scraped() {
            few.iter().filter(|_| owned).for_each(|namespace| made.recorded(part, namespace));
            continue;
        }
        if !owned && !part.copies.iter().any(|c| c.0.name == lane.name) {
            continue;
        }
        let labelled = if owned { claimed(partition, part) } else { Vec::new() };
        let reaches = owned && partition.is_some_and(|p| !p.keeps_home(part));
        for mut scraped in scrapes.of(part, lane, faults) {
            if reaches && critical::is_critical(part) && !scraped.is_relayed() {
                faults.push(scraped.not_relayed());
            }
            let claims = scraped.claims(scrapes.parts, &labelled, several);
            let some = &made_by_scrapes[..2.min(made_by_scrapes.len())];
            for namespace in if scraped.is_blind() { &few } else { &namespaces } {
                for pods in labelled.iter().copied().chain([&[][..]]) {
                    for claimed in &claims {
                        let stored = scraped.sample(namespace, pods, claimed);
                        made.stored(Who::Sample(part), stored, pods, owned, faults);
                    }
                    let like = LIKE_A_SCRAPE.iter().filter(|_| part.source.workload == Workload::Reported);
                    for name in like {
                        if scraped.brings(name) {
                            let stored = scraped.sample_of(name, namespace, pods, &[]);
                            made.stored(Who::Sample(part), stored, pods, owned, faults);
                        }
                    }
                    let names = if questions.contains(namespace) { &made_by_scrapes[..] } else { some };
                    for name in names {
                        let stored = scraped.report(name, namespace, pods);
                        made.stored(Who::Scrape(part), stored, pods, owned, faults);
                    }
                }
            }
        }
    }
    namespaces.iter().for_each(|namespace| made.of_nobody(namespace, &scrapes.cx.fleet.identity.value));
    made.out
}

struct Made<'p, 'a, 'f> {
    partition: Option<&'p Partition<'f>>,
    out: Vec<Witness<'p, 'a>>,
}

impl<'p, 'a> Made<'p, 'a, '_> {
    fn stored(
        &mut self,
        who: Who<'p, 'a>,
        stored: Result<Option<Stored>, Fault>,
        pods: &'p [PodLabel],
        owned: bool,
        faults: &mut Vec<Fault>,
    ) {
        let Stored { labels, relayed, namespace } = match stored {
            Ok(Some(stored)) => stored,
            Ok(None) => return,
            Err(fault) => return faults.push(fault),
        };
        let targets = match self.partition.filter(|_| owned) {
            None => Vec::new(),
            Some(p) if pods.is_empty() => p.answer(who, &namespace).into_owned(),
            Some(p) => p.answer_labelled(who, &namespace, pods),
        };
        self.out.push(Witness { labels, relayed, who, namespace, pods, owned, targets });
    }

    /// What a rule of ours makes of a fast class, with the labels of its targets.
    fn recorded(&mut self, part: &'p Part<'a>, namespace: &str) {
        for job in &part.source.values {
            let labels = Labels::from_iter([
                ("__name__", "instance:measured:max_rate"),
                ("job", job),
                ("namespace", namespace),
                ("instance", "node-1"),
                (CLASS_LABEL, part.class.as_deref().unwrap_or("")),
            ]);
            self.push(Who::Sample(part), labels, namespace);
        }
    }

    /// A label of the identity's name is what somebody would write as another cluster with.
    fn of_nobody(&mut self, namespace: &str, identity: &str) {
        for (name, claimed) in [("recorded:of_no_job", ""), ("ALERTS", ""), ("recorded:of_no_job", "another")] {
            let labels = Labels::from_iter([("__name__", name), ("namespace", namespace), (identity, claimed)]);
            self.push(Who::Nobody, labels, namespace);
        }
    }

    fn push(&mut self, who: Who<'p, 'a>, labels: Labels, namespace: &str) {
        let targets = self.partition.map_or_else(Vec::new, |p| p.answer(who, namespace).into_owned());
        let namespace = namespace.to_owned();
        self.out.push(Witness { labels, relayed: None, who, namespace, pods: &[], owned: true, targets });
    }
}
