//! Helm values files, one file per store kind that we deploy.
//!
//! Helm reads numbers of a values file as floats and prints 3000000 as 3e+06, on which the
//! VictoriaMetrics processes refuse to start: every flag's value is a quoted string here.

mod victoriametrics_alert;
mod victoriametrics_cluster;

use super::pod_security::Profile;
use super::{Emit, Object, Release, VALUES, rules as packs};
use crate::diag::Origin;
use crate::model::plan::{StorePlan, StoreRulesPlan};
use crate::object::{Build, NodeId, ObjectId, Place, Tree};

/// The values file of a store's release.
pub fn values(out: &mut Emit<'_, '_>, plan: &StorePlan) {
    let store = out.fleet.store(plan.store);
    out.tree.clear();
    let root = Build::map(out.tree, |b| victoriametrics_cluster::values(b, out.plan.cluster, store, plan));
    out.tree.set_origin(root, plan.origin);
    let release = Release {
        name: plan.release.clone(),
        namespace: plan.namespace.clone(),
        chart: plan.chart.to_owned(),
        version: plan.chart_version.to_string(),
    };
    finish(out, release, &store.name, plan.origin, root);
}

/// The values file of the release that evaluates a store's rules.
pub fn rules(out: &mut Emit<'_, '_>, plan: &StoreRulesPlan) {
    let store = out.fleet.store(plan.store);
    let mut groups: Vec<(Tree, NodeId)> = Vec::new();
    for pack in &plan.packs {
        let Some(template) = out.catalog.rule_pack(&pack.value).and_then(|p| out.catalog.rules_template(p)) else {
            continue;
        };
        let settings = packs::store_settings(out.fleet, plan, &out.versions);
        let mut tree = Tree::new();
        if let Some(root) = out.evaluate(template, settings, &mut tree) {
            groups.push((tree, root));
        }
    }
    out.tree.clear();
    let root = Build::map(out.tree, |b| victoriametrics_alert::values(b, out.plan.cluster, plan, &groups));
    out.tree.set_origin(root, plan.origin);
    let release = Release {
        name: plan.release.clone(),
        namespace: plan.namespace.clone(),
        chart: plan.chart.to_owned(),
        version: plan.chart_version.to_string(),
    };
    finish(out, release, &store.name, plan.origin, root);
}

fn finish(out: &mut Emit<'_, '_>, release: Release, store: &str, origin: Origin, root: NodeId) {
    let namespace = release.namespace.clone();
    let object = Object {
        id: ObjectId {
            api_version: String::new(),
            kind: VALUES.to_owned(),
            namespace: namespace.clone(),
            name: release.name.clone(),
        },
        unit: format!("store/{store}"),
        spec_path: format!("store[{store}]"),
        place: Place::Helm,
        origin,
        root,
        release: Some(release),
    };
    (out.visit)(&object, out.tree, out.origins);
    // Charts leave security contexts to whoever installs them; none of ours asks for its host.
    out.needs(&namespace, Profile::Baseline);
}
