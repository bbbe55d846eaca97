//! Patches and raw objects of a cluster, each with its reason: what no table of the page knows of.

use crate::model::fleet::{Fleet, Patch, Raw};
use crate::model::plan::ClusterPlan;

pub(super) fn is_there(fleet: &Fleet, plan: &ClusterPlan<'_>) -> bool {
    patches(fleet, plan).next().is_some() || raws(fleet, plan).next().is_some()
}

/// The section, where there is something to tell.
pub(super) fn section(fleet: &Fleet, plan: &ClusterPlan<'_>, out: &mut String) {
    if !is_there(fleet, plan) {
        return;
    }
    out.push_str("## Changed by hand\n\n");
    out.push_str(
        "Patches and objects of others are in the files of this folder; the tables of this page, the estimates and the proof \
         of routes are of what stands there without them.\n\n",
    );
    for patch in patches(fleet, plan) {
        out.push_str(&format!("- patch of `{}`: {}\n", patch.target.value, line(&patch.why)));
    }
    for raw in raws(fleet, plan) {
        out.push_str(&format!("- objects of `{}`: {}\n", raw.file.value, line(&raw.why)));
    }
    out.push('\n');
}

/// A reason on one line.
fn line(why: &str) -> String {
    why.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn patches<'p>(fleet: &'p Fleet, plan: &'p ClusterPlan<'_>) -> impl Iterator<Item = &'p Patch> {
    let stores = plan.stores.iter().flat_map(|s| &fleet.store(s.store).patches);
    let alertmanagers = plan.alertmanagers.iter().flat_map(|a| &fleet.alertmanager(a.alertmanager).patches);
    plan.cluster.patches.iter().chain(stores).chain(alertmanagers)
}

fn raws<'p>(fleet: &'p Fleet, plan: &'p ClusterPlan<'_>) -> impl Iterator<Item = &'p Raw> {
    let stores = plan.stores.iter().flat_map(|s| &fleet.store(s.store).raws);
    let alertmanagers = plan.alertmanagers.iter().flat_map(|a| &fleet.alertmanager(a.alertmanager).raws);
    plan.cluster.raws.iter().chain(stores).chain(alertmanagers)
}
