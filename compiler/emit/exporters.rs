//! The workloads that serve jobs: the catalog's templates, filled in with what the plan decided.

use std::collections::BTreeMap;

use super::{Emit, Meta};
use crate::catalog::{Setting, Settings};
use crate::model::fleet::{Resources, Toleration};
use crate::model::plan::ExporterPlan;
use crate::object::{NodeId, Place, Tree};

/// Every object of an exporter, in the order of its template.
pub fn exporter(out: &mut Emit<'_, '_>, exporter: &ExporterPlan) {
    let Some(job) = out.catalog.job(&exporter.job) else { return };
    let Some(template) = out.catalog.exporter_template(job) else { return };
    let settings = settings(out, exporter);
    let mut objects = Tree::new();
    let Some(list) = out.evaluate(template, &settings, &mut objects) else { return };
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
            unit: ("job", &exporter.job),
            origin: exporter.origin,
            labels: &[],
        };
        out.tree.clear();
        let copy = out.tree.copy(&objects, root, "");
        out.finish(&meta, copy);
    }
}

fn settings(out: &Emit<'_, '_>, exporter: &ExporterPlan) -> Settings {
    let cluster = out.plan.cluster;
    let selector = [("app.kubernetes.io/name", exporter.job.as_str()), ("app.kubernetes.io/managed-by", super::MANAGED_BY)];
    let mut labels: BTreeMap<String, Setting> =
        selector.iter().map(|(k, v)| ((*k).to_owned(), Setting::from(*v))).collect();
    labels.insert("watershed/cluster".to_owned(), cluster.id.value.as_str().into());
    labels.insert("watershed/fleet".to_owned(), out.fleet.name.value.as_str().into());
    labels.insert("watershed/unit".to_owned(), format!("job.{}", exporter.job).into());
    let args: Vec<String> = exporter.args.iter().map(|a| a.value.clone()).collect();
    let pull_secrets: Vec<Setting> =
        cluster.pull_secrets.iter().map(|s| Setting::from([("name", s.value.as_str())])).collect();
    let node_selector: BTreeMap<String, String> =
        exporter.node_selector.iter().map(|(k, v)| (k.clone(), v.value.clone())).collect();
    let mut settings = Settings::new(&out.versions)
        .with("name", exporter.job.as_str())
        .with("namespace", exporter.namespace.as_str())
        .with("labels", Setting::Map(labels))
        .with("selector", selector)
        .with("port", i64::from(exporter.port))
        .with("image", exporter.image.as_str())
        .with("parts_on", exporter.parts_on.clone())
        .with("parts_off", exporter.parts_off.clone())
        .with("args", args)
        .with("shards", i64::from(exporter.shards))
        .with("node_selector", node_selector)
        .with("pull_secrets", or_absent(pull_secrets))
        .with("tolerations", or_absent(exporter.tolerations.iter().map(toleration).collect()))
        .with("priority_class", exporter.priority_class.as_ref().map(|p| p.value.clone()))
        .with("requests", quantities(&exporter.requests))
        .with("limits", quantities(&exporter.limits));
    for (path, values) in [("requests", &exporter.requests), ("limits", &exporter.limits)] {
        for (name, value) in values {
            settings.came_from(&format!("{path}.{name}"), value.origin);
        }
    }
    settings.came_from("image", exporter.version.origin);
    settings
}

/// A list that is dropped, key and all, where it has no items.
fn or_absent(items: Vec<Setting>) -> Setting {
    if items.is_empty() { Setting::Absent } else { Setting::List(items) }
}

fn quantities(resources: &Resources) -> Setting {
    if resources.is_empty() {
        return Setting::Absent;
    }
    Setting::Map(resources.iter().map(|(k, v)| (k.clone(), v.value.as_str().into())).collect())
}

fn toleration(t: &Toleration) -> Setting {
    let texts = [("key", &t.key), ("operator", &t.operator), ("value", &t.value), ("effect", &t.effect)];
    let mut map: BTreeMap<String, Setting> =
        texts.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v.as_deref()?.into()))).collect();
    if let Some(seconds) = t.toleration_seconds {
        map.insert("tolerationSeconds".to_owned(), seconds.into());
    }
    Setting::Map(map)
}
