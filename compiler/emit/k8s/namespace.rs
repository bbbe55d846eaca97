//! The namespaces our objects live in, and which pods each admits: a cluster may enforce a stricter
//! Pod Security profile than what runs there keeps.

use std::collections::BTreeSet;

use super::super::pod_security::{ENFORCE, Profile, WARN};
use super::super::{Emit, Meta};
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
    let mut last = "";
    for (name, origin) in names {
        if name == last {
            continue;
        }
        last = name;
        let labels: &[(&str, &str)] = match out.needs.get(name) {
            Some(Profile::Privileged) => &[(ENFORCE, "privileged")],
            Some(Profile::Baseline) => &[(ENFORCE, "baseline")],
            // Admitted everywhere: nothing to loosen, and nobody else's pods to refuse.
            Some(Profile::Restricted) | None => &[(WARN, "restricted")],
        };
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
