//! Patches and raw objects of a cluster, each with its reason: what no table of the page knows of.

use crate::model::fleet::Fleet;
use crate::model::plan::ClusterPlan;

/// The section, where there is something to tell.
pub(super) fn section(fleet: &Fleet, plan: &ClusterPlan<'_>, out: &mut String) {
    if !plan.is_changed_by_hand(fleet) {
        return;
    }
    out.push_str("## Changed by hand\n\n");
    out.push_str(
        "Patches and objects of others are in the files of this folder; the tables of this page, the estimates and the proof \
         of routes are of what stands there without them.\n\n",
    );
    for patch in plan.patches(fleet) {
        out.push_str(&format!("- patch of `{}`: {}\n", patch.target.value, line(&patch.why)));
    }
    for raw in plan.raws(fleet) {
        out.push_str(&format!("- objects of `{}`: {}\n", raw.file.value, line(&raw.why)));
    }
    out.push('\n');
}

/// A reason on one line.
fn line(why: &str) -> String {
    why.split_whitespace().collect::<Vec<_>>().join(" ")
}
