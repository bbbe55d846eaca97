//! The namespaces our objects live in.

use std::collections::BTreeSet;

use super::super::{Emit, Meta};
use crate::diag::Origin;
use crate::model::fleet::BaseKind;
use crate::object::Place;

/// One Namespace each for our objects, our exporters and our stores; none where the cluster's base
/// already brings it. They are never deleted by us.
pub fn namespaces(out: &mut Emit<'_, '_>) {
    let cluster = out.plan.cluster;
    let ours = &cluster.namespace;
    let mut names: BTreeSet<(&str, Origin)> = BTreeSet::new();
    if cluster.base.kind.value == BaseKind::None {
        names.insert((&ours.value, ours.origin));
    }
    for exporter in out.plan.exporters.iter().filter(|e| e.namespace != ours.value) {
        names.insert((&exporter.namespace, exporter.origin));
    }
    for store in out.plan.stores.iter().filter(|s| s.namespace != ours.value) {
        names.insert((&store.namespace, store.origin));
    }
    let mut last = "";
    for (name, origin) in names {
        if name == last {
            continue;
        }
        last = name;
        // node-exporter and GPU exporters need the host's network, devices and paths; without this
        // label a cluster that enforces the `baseline` profile refuses their pods.
        let privileged = out.plan.exporters.iter().any(|e| e.namespace == name);
        let labels: &[(&str, &str)] =
            if privileged { &[("pod-security.kubernetes.io/enforce", "privileged")] } else { &[] };
        let meta = Meta {
            place: Place::Prereq,
            api_version: "v1",
            kind: "Namespace",
            namespace: "",
            name,
            unit: ("namespace", name),
            origin,
            labels,
        };
        out.object(&meta, |_| {});
    }
}
