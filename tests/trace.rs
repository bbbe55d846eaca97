//! `trace` finds a way for everything that is scraped, and what it finds is what the route means.

use std::collections::BTreeSet;

use watershed::diag::Sink;
use watershed::plan::{self, Question, Wanted};

use crate::support::library::{compile, example};

/// Examples that between them have every kind of monitor and route.
const EXAMPLES: [&str; 4] = ["hero", "shared-member", "single-split", "two-stores"];

#[test]
fn every_endpoint_of_every_monitor_has_a_way_through_its_own_rules() {
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
                }
            }
        }
    }
}
