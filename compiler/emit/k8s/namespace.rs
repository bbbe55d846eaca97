//! The namespaces our objects live in.

use std::collections::BTreeSet;

use super::super::{Emit, Meta, exporters};
use crate::diag::Origin;
use crate::model::fleet::BaseKind;
use crate::object::Place;

/// One Namespace each for our objects, our exporters and our stores; none where the cluster's base
/// already brings it. They are never deleted by us.
pub fn namespaces(out: &mut Emit<'_, '_>) {
    let plan = out.plan;
    let cluster = plan.cluster;
    let ours = &cluster.namespace;
    let brought = (cluster.base.kind.value != BaseKind::None).then(|| cluster.base.namespace());
    let is_other = |name: &str| name != ours.value && brought != Some(name);
    let mut names: BTreeSet<(&str, Origin)> = BTreeSet::new();
    if brought != Some(ours.value.as_str()) {
        names.insert((&ours.value, ours.origin));
    }
    for exporter in plan.exporters.iter().filter(|e| is_other(&e.namespace)) {
        names.insert((&exporter.namespace, exporter.origin));
    }
    for store in plan.stores.iter().filter(|s| is_other(&s.namespace)) {
        names.insert((&store.namespace, store.origin));
    }
    let need_host = plan.exporters.iter().filter(|e| exporters::needs_host(out, e));
    let privileged: BTreeSet<&str> = need_host.map(|e| e.namespace.as_str()).collect();
    let mut last = "";
    for (name, origin) in names {
        if name == last {
            continue;
        }
        last = name;
        // Where pods need the host's network, processes or paths, a cluster that enforces the `baseline`
        // profile refuses them without this label.
        let labels: &[(&str, &str)] =
            if privileged.contains(name) { &[("pod-security.kubernetes.io/enforce", "privileged")] } else { &[] };
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
