//! The workloads that serve jobs: the catalog's templates, filled in with what the plan decided.

use std::collections::BTreeMap;

use super::{Emit, Meta};
use crate::catalog::{ExporterInput, Setting, Settings};
use crate::model::fleet::{Resources, Toleration};
use crate::model::plan::ExporterPlan;
use crate::object::{NodeId, Place, Tree, Value};

/// Every object of an exporter, in the order of its template.
pub fn exporter(out: &mut Emit<'_, '_>, exporter: &ExporterPlan) {
    let Some(job) = out.catalog.job(&exporter.job) else { return };
    let Some(template) = out.catalog.exporter_template(job) else { return };
    let settings = settings(out, exporter);
    let mut objects = Tree::new();
    let Some(list) = out.evaluate(template, settings, &mut objects) else { return };
    let roots: Vec<NodeId> = objects.children(list).collect();
    for root in roots {
        let text = |path: &[&str]| objects.at(root, path).and_then(|n| objects.as_str(n)).unwrap_or("").to_owned();
        let (api_version, kind) = (text(&["apiVersion"]), text(&["kind"]));
        let (namespace, name) = (text(&["metadata", "namespace"]), text(&["metadata", "name"]));
        let meta = Meta {
            place: if kind == "ServiceAccount" || kind.contains("Role") { Place::Prereq } else { Place::Exporters },
            api_version: &api_version,
            kind: &kind,
            namespace: &namespace,
            name: &name,
            unit: ("exporter", &exporter.job),
            origin: exporter.origin,
            labels: &[],
        };
        out.tree.clear();
        let copy = out.tree.copy(&objects, root, "");
        own(out, &meta, copy);
        out.finish(&meta, copy);
    }
}

/// Says whose the object is, and the pods of a DaemonSet, Deployment or StatefulSet. Not a matter of
/// templates: one that is evaluated without the cluster's name is evaluated once for a fleet.
fn own(out: &mut Emit<'_, '_>, meta: &Meta<'_>, root: NodeId) {
    let template = out.tree.at(root, &["spec", "template"]);
    let labels = super::ownership(out.fleet, out.plan, meta);
    for holder in [Some(root), template].into_iter().flatten() {
        let origin = out.tree.at(holder, &["metadata", "labels"]).map_or(meta.origin, |l| out.tree.origin(l));
        for (name, value) in &labels {
            out.tree.set(holder, &format!("/metadata/labels/{}", name.replace('/', "~1")), Value::Str(value), origin);
        }
    }
}

fn settings(out: &Emit<'_, '_>, exporter: &ExporterPlan) -> Settings {
    let cluster = out.plan.cluster;
    let selector = BTreeMap::from([
        ("app.kubernetes.io/managed-by".to_owned(), super::MANAGED_BY.to_owned()),
        ("app.kubernetes.io/name".to_owned(), exporter.job.clone()),
    ]);
    let asked = || out.plan.monitors.iter().filter(|m| m.job == exporter.job).flat_map(|m| &m.endpoints);
    let interval = asked().map(|e| e.sampled.value.millis()).min().unwrap_or_default();
    let input = ExporterInput {
        name: exporter.job.clone(),
        namespace: exporter.namespace.clone(),
        labels: selector.clone(),
        selector,
        image: exporter.image.clone(),
        pull_secrets: cluster.pull_secrets.iter().map(|s| s.value.clone()).collect(),
        port: exporter.port,
        args: exporter.args.iter().map(|a| a.value.clone()).collect(),
        requests: quantities(&exporter.requests),
        limits: quantities(&exporter.limits),
        node_selector: exporter.node_selector.iter().map(|(k, v)| (k.clone(), v.value.clone())).collect(),
        tolerations: exporter.tolerations.iter().map(toleration).collect(),
        priority_class: exporter.priority_class.as_ref().map(|p| p.value.clone()),
        parts_on: exporter.parts_on.clone(),
        parts_off: exporter.parts_off.clone(),
        interval_ms: u32::try_from(interval).unwrap_or(u32::MAX),
        batch: asked().map(|e| e.batch).max().unwrap_or(1),
        serves: exporter.serves.to_owned(),
        shards: u16::try_from(exporter.shards).unwrap_or(u16::MAX),
    };
    let mut settings = input.settings(&out.versions);
    for (path, values) in [("requests", &exporter.requests), ("limits", &exporter.limits)] {
        for (name, value) in values {
            settings.came_from(&format!("{path}.{name}"), value.origin);
        }
    }
    settings.came_from("image", exporter.version.origin);
    settings
}

fn quantities(resources: &Resources) -> BTreeMap<String, String> {
    resources.iter().map(|(k, v)| (k.clone(), v.value.clone())).collect()
}

fn toleration(t: &Toleration) -> BTreeMap<String, Setting> {
    let texts = [("key", &t.key), ("operator", &t.operator), ("value", &t.value), ("effect", &t.effect)];
    let mut map: BTreeMap<String, Setting> =
        texts.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v.as_deref()?.into()))).collect();
    if let Some(seconds) = t.toleration_seconds {
        map.insert("tolerationSeconds".to_owned(), seconds.into());
    }
    map
}
