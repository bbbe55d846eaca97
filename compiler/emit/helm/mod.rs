//! Helm values files, one file per store kind that we deploy.
//!
//! Helm reads numbers of a values file as floats and prints 3000000 as 3e+06, on which the
//! VictoriaMetrics processes refuse to start: every flag's value is a quoted string here.

mod victoriametrics_cluster;

use super::pod_security::Profile;
use super::{Emit, Object, Release};
use crate::model::plan::StorePlan;
use crate::object::{Build, ObjectId, Place};

/// The values file of a store's release.
pub fn values(out: &mut Emit<'_, '_>, plan: &StorePlan) {
    let store = out.fleet.store(plan.store);
    out.tree.clear();
    let root = Build::map(out.tree, |b| victoriametrics_cluster::values(b, out.plan.cluster, store, plan));
    out.tree.set_origin(root, plan.origin);
    let object = Object {
        id: ObjectId {
            api_version: String::new(),
            kind: "values".to_owned(),
            namespace: plan.namespace.clone(),
            name: plan.release.clone(),
        },
        unit: format!("store/{}", store.name),
        spec_path: format!("store[{}]", store.name),
        place: Place::Helm,
        origin: plan.origin,
        root,
        release: Some(Release {
            name: plan.release.clone(),
            namespace: plan.namespace.clone(),
            chart: plan.chart.to_owned(),
            version: plan.chart_version.to_string(),
        }),
    };
    (out.visit)(&object, out.tree, out.origins);
    // Charts leave security contexts to whoever installs them; none of ours asks for its host.
    out.needs(&plan.namespace, Profile::Baseline);
}
