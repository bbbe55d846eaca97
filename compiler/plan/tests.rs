//! What people rely on when a fleet is planned: who scrapes, where it flows, what holds it back.

mod accelerators;
mod access;
mod alerting;
mod annotations;
mod boards;
mod copies;
mod critical;
mod edges;
mod labels;
mod lanes;
mod many;
mod matrix;
mod monitors;
mod peaks;
mod pod_labels;
mod proof;
mod relay;
mod routing;
mod rules;
mod stores;
mod trace;
mod variants;

use super::{Proven, plan, prove, settle, survey};
use crate::catalog::Catalog;
use crate::catalog::fields::Release;
use crate::check;
use crate::diag::{Diagnostic, Sink, Sources};
use crate::emit::emit;
use crate::fleet::resolve;
use crate::model::fleet::Fleet;
use crate::model::plan::{ClusterPlan, FleetPlan, LanePlan, Monitor};
use crate::object::{Tree, json};
use crate::spec::ROOT;
use crate::syntax::{Document, read};
use crate::world::Date;

/// A spec, resolved and settled.
struct World {
    doc: Document,
    catalog: Catalog,
    fleet: Fleet,
    fleet_plan: FleetPlan,
}

impl World {
    fn of(text: &str) -> World {
        let mut sources = Sources::default();
        sources.add("fleet.kdl", text);
        let mut sink = Sink::default();
        let doc = read(sources, &ROOT, &mut sink);
        let catalog = Catalog::builtin();
        let today = Date { year: 2026, month: 11, day: 22 };
        let fleet = resolve(&doc, &catalog, super::codes::ALL, today, &mut sink);
        let errors: Vec<String> = sink
            .into_sorted()
            .into_iter()
            // Parts of the language that are not compiled yet do not keep the rest from being planned.
            .filter(|d| d.severity == crate::diag::Severity::Error && d.code.id != "REF134")
            .map(|d| format!("{} {}: {}", d.code.id, doc.sources.slice(d.at), d.what))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
        let fleet = fleet.expect("a fleet");
        let summaries: Vec<_> = fleet.cluster_ids().map(|id| survey(&fleet, &catalog, id)).collect();
        let fleet_plan = settle(&fleet, &summaries);
        World { doc, catalog, fleet, fleet_plan }
    }

    /// The plan of a cluster, proven, and what was found.
    fn plan(&self, cluster: &str) -> (ClusterPlan<'_>, Vec<Diagnostic>) {
        let id = self.fleet.cluster_ids().find(|id| self.fleet.cluster(*id).name == cluster).expect("a cluster");
        let mut sink = Sink::default();
        let plan = plan(&self.fleet, &self.catalog, &self.fleet_plan, id, &mut sink);
        prove(&self.fleet, &self.catalog, &plan, &Proven::default(), &mut sink);
        let found = sink.into_sorted();
        for d in &found {
            assert!(!d.why.is_empty() && !d.help.is_empty() && !d.at.is_none(), "{d:?}");
            assert!(d.labels.iter().all(|l| !l.span.is_none()), "{d:?}");
        }
        (plan, found)
    }

    /// The plan of a cluster that nothing is wrong with.
    fn sound(&self, cluster: &str) -> ClusterPlan<'_> {
        let (plan, found) = self.plan(cluster);
        assert_eq!(self.told(&found), Vec::<String>::new());
        plan
    }

    /// Findings as `code "the text pointed at": what`.
    fn told(&self, found: &[Diagnostic]) -> Vec<String> {
        found.iter().map(|d| format!("{} {}: {}", d.code.id, self.doc.sources.slice(d.at), d.what)).collect()
    }
}

fn lane<'p, 'f>(plan: &'p ClusterPlan<'f>, name: &str) -> &'p LanePlan<'f> {
    plan.lanes.iter().find(|l| l.name == name).expect("a lane")
}

fn monitor<'p>(plan: &'p ClusterPlan<'_>, name: &str) -> &'p Monitor {
    let names: Vec<&str> = plan.monitors.iter().map(|m| m.name.as_str()).collect();
    plan.monitors.iter().find(|m| m.name == name).unwrap_or_else(|| panic!("no {name} in {names:?}"))
}

/// Every object as JSON, held against the tables of what Kubernetes and the operator accept.
fn emitted(world: &World, plan: &ClusterPlan<'_>) -> Vec<serde_json::Value> {
    let versions = check::Versions { operator: Release::new(0, 93, 0), kubernetes: Release::new(1, 35, 0) };
    let (mut origins, mut tree) = (plan.origins.clone(), Tree::new());
    let mut out = Vec::new();
    emit(plan, &world.fleet, &world.catalog, &mut origins, &mut tree, &mut |object, tree, _| {
        let mut found = Vec::new();
        match &object.release {
            Some(r) => {
                let chart = (r.chart.as_str(), r.version.as_str());
                check::values(tree, object.root, &object.id, chart, &mut |f| found.push(f));
            }
            None => check::object(tree, object.root, &versions, &mut |f| found.push(f)),
        }
        let found: Vec<String> = found.iter().map(|f| format!("{} {}: {}", f.code.id, f.path, f.what)).collect();
        assert_eq!(found, Vec::<String>::new(), "{}", object.id);
        let mut text = String::new();
        json::write(tree, object.root, false, &mut text);
        out.push(serde_json::from_str(&text).expect("JSON"));
    });
    out
}

#[test]
fn the_five_fleets_are_planned_and_proven() {
    for (name, text) in [
        ("1-single", include_str!("../../tests/fleets/1-single.kdl")),
        ("2-resource-only", include_str!("../../tests/fleets/2-resource-only.kdl")),
        ("3-serving", include_str!("../../tests/fleets/3-serving.kdl")),
        ("4-shared", include_str!("../../tests/fleets/4-shared.kdl")),
        ("5-hero", include_str!("../../tests/fleets/5-hero.kdl")),
    ] {
        let world = World::of(text);
        for cluster in &world.fleet.clusters {
            let (plan, found) = world.plan(&cluster.name);
            let told = world.told(&found);
            assert!(told.iter().all(|t| !t.starts_with("PLN9")), "{name} {}: {told:#?}", cluster.name);
            assert!(!plan.monitors.is_empty() && plan.lanes.iter().any(|l| !l.owns.is_empty()), "{name}");
        }
    }
}

#[test]
fn planning_twice_gives_the_same() {
    let world = World::of(include_str!("../../tests/fleets/5-hero.kdl"));
    for cluster in &world.fleet.clusters {
        let (first, second) = (world.plan(&cluster.name), world.plan(&cluster.name));
        assert_eq!(format!("{first:?}"), format!("{second:?}"), "{}", cluster.name);
    }
}

#[test]
fn codes_are_sorted_and_each_is_once() {
    let ids: Vec<&str> = super::codes::ALL.iter().map(|c| c.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}
