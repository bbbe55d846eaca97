//! `trace` finds a way for everything that is scraped, and what it finds is what the route means.

use std::collections::BTreeSet;

use watershed::diag::Sink;
use watershed::model::plan::{Answered, ClassRef, InNamespace, Reach};
use watershed::model::trace::Way;
use watershed::plan::{self, Question, Wanted};

use crate::support::library::{compile, example};

/// Examples that between them have every kind of monitor and route.
const EXAMPLES: [&str; 4] = ["hero", "shared-member", "single-split", "two-stores"];

#[test]
fn every_endpoint_of_every_monitor_has_a_way_through_its_own_rules() {
    let mut ends = 0;
    for name in EXAMPLES {
        let compiled = compile(&example(name), "spec");
        let (fleet, fleet_plan) = (compiled.fleet.as_ref().unwrap(), compiled.fleet_plan.as_ref().unwrap());
        for id in fleet.cluster_ids() {
            let plan = plan::plan(fleet, &compiled.catalog, fleet_plan, id, &mut Sink::default());
            for job in plan.monitors.iter().map(|m| &m.job).collect::<BTreeSet<_>>() {
                let question = Question::new(Wanted::Job { job: job.clone(), class: None }, None);
                let trace = plan::trace(fleet, &compiled.catalog, &plan, &question);
                let cluster = &plan.cluster.name;
                assert!(trace.not_from.is_empty(), "{name}/{cluster}: {job}: {:?}", trace.not_from);
                let seen: BTreeSet<(String, &str)> = trace
                    .ways
                    .iter()
                    .filter_map(|w| w.scrape.as_ref())
                    .map(|s| (s.monitor.rsplit('/').next().unwrap_or_default().to_owned(), s.path.as_str()))
                    .collect();
                for monitor in plan.monitors.iter().filter(|m| m.job == *job) {
                    for endpoint in &monitor.endpoints {
                        let at = (monitor.name.clone(), endpoint.path.as_str());
                        assert!(seen.contains(&at), "{name}/{cluster}: no way from {at:?}");
                    }
                }
                for way in &trace.ways {
                    let scrape = way.scrape.as_ref().unwrap();
                    let sends = plan.lanes.iter().any(|l| l.name == way.lane && !l.remote_write.is_empty());
                    assert!(!scrape.owned || !sends || way.answer.is_some(), "{name}/{cluster}: {job} has no answer");
                    let copies = way.ends.iter().filter(|e| !scrape.owned && e.arrives.is_some());
                    assert_eq!(copies.count(), 0, "{name}/{cluster}: a copy of {job} is sent");
                    if scrape.owned && sends && way.dropped.is_none() {
                        let arrives: BTreeSet<&str> =
                            way.ends.iter().filter(|e| e.arrives.is_some()).map(|e| &*e.name).collect();
                        let namespace = way.stored.get("namespace");
                        assert_eq!(
                            Some(arrives),
                            meant(&plan.answered, way),
                            "{name}/{cluster}: {job} of {namespace:?}"
                        );
                        ends += 1;
                    }
                }
            }
        }
    }
    assert!(ends > 200, "{ends} ways are held against what the routes mean");
}

/// Where the route sends the series of a way, by the page of its cluster.
fn meant<'p>(answered: &'p [Answered], way: &Way) -> Option<BTreeSet<&'p str>> {
    let class: &ClassRef = &way.scrape.as_ref()?.class;
    let answered = answered.iter().find(|a| a.series.measured.contains(class))?;
    let namespace = way.stored.get("namespace");
    let labelled = |r: &&Reach| r.pod_labels.iter().all(|(label, value)| way.stored.get(label) == value);
    let fits = |r: &Reach| {
        let one = |n: &InNamespace| match n {
            InNamespace::Any => Some(0),
            InNamespace::None => namespace.is_empty().then_some(1),
            InNamespace::Other => (!namespace.is_empty()).then_some(1),
            InNamespace::Like(pattern) => match pattern.strip_suffix('*') {
                Some(stem) => namespace.starts_with(stem).then_some(2 + stem.len()),
                None => (pattern == namespace).then_some(usize::MAX),
            },
        };
        r.namespaces.iter().filter_map(one).max()
    };
    let reaches = answered.reaches.iter().filter(labelled);
    let (_, best) =
        reaches.filter_map(|r| Some(((r.pod_labels.len(), fits(r)?), r))).max_by_key(|(score, _)| *score)?;
    Some(best.to.iter().map(String::as_str).collect())
}
