//! The example with everything in it: it leaves no job of the catalog out, and nothing is scraped by
//! nobody or by two.

use std::collections::{BTreeMap, BTreeSet};

use watershed::catalog::Kind;
use watershed::diag::{Severity, Sink};
use watershed::model::plan::ClusterPlan;
use watershed::pipeline::Compiled;
use watershed::plan;

use crate::support::library::{compile, example};

fn hero() -> Compiled {
    let compiled = compile(&example("hero"), "spec");
    let faults: Vec<String> = compiled.findings.iter().map(|d| format!("{} {}", d.code.id, d.what)).collect();
    assert!(compiled.findings.iter().all(|d| d.severity == Severity::Info), "{faults:#?}");
    compiled
}

fn plans(compiled: &Compiled) -> Vec<ClusterPlan<'_>> {
    let (fleet, fleet_plan) = (compiled.fleet.as_ref().unwrap(), compiled.fleet_plan.as_ref().unwrap());
    fleet.cluster_ids().map(|id| plan::plan(fleet, &compiled.catalog, fleet_plan, id, &mut Sink::default())).collect()
}

#[test]
fn every_job_of_the_catalog_is_scraped_somewhere() {
    let compiled = hero();
    let plans = plans(&compiled);
    let scraped: BTreeSet<&str> = plans.iter().flat_map(|p| &p.monitors).map(|m| m.job.as_str()).collect();
    let missing: Vec<&str> = compiled.catalog.names(Kind::Job).into_iter().filter(|j| !scraped.contains(j)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_class_is_owned_by_exactly_one_prometheus() {
    let compiled = hero();
    for plan in plans(&compiled) {
        let cluster = &plan.cluster.name;
        let mut owners: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for lane in &plan.lanes {
            lane.owns.iter().for_each(|class| owners.entry(class.clone()).or_default().push(lane.name));
        }
        for monitor in plan.monitors.iter().filter(|m| m.owned) {
            let class = watershed::model::plan::ClassRef { job: monitor.job.clone(), class: monitor.class.clone() };
            assert_eq!(owners.get(&class), Some(&vec![monitor.lane.as_str()]), "{cluster}: {class:?}");
        }
        assert!(owners.values().all(|lanes| lanes.len() == 1), "{cluster}: {owners:?}");
    }
}
