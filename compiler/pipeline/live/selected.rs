//! What our Prometheis select besides what we have compiled: somebody's monitors and rules, which they collect and
//! evaluate all the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::diff::Side;
use crate::emit::CLUSTER_LABEL;
use crate::object::ObjectId;

/// The field of a Prometheus that selects, the one that selects the namespaces, and the kind.
const SELECTORS: [(&str, &str, &str, &str); 5] = [
    ("serviceMonitorSelector", "serviceMonitorNamespaceSelector", "monitoring.coreos.com/v1", "ServiceMonitor"),
    ("podMonitorSelector", "podMonitorNamespaceSelector", "monitoring.coreos.com/v1", "PodMonitor"),
    ("probeSelector", "probeNamespaceSelector", "monitoring.coreos.com/v1", "Probe"),
    ("scrapeConfigSelector", "scrapeConfigNamespaceSelector", "monitoring.coreos.com/v1alpha1", "ScrapeConfig"),
    ("ruleSelector", "ruleNamespaceSelector", "monitoring.coreos.com/v1", "PrometheusRule"),
];

/// What a Prometheus selects of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    pub prometheus: String,
    /// The labels an object needs; none: every object is selected.
    labels: BTreeMap<String, String>,
}

/// A list that finds what is selected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub api_version: &'static str,
    pub kind: &'static str,
    /// `None`: all.
    pub namespace: Option<String>,
    /// Label selector; `None`: everything.
    pub labels: Option<String>,
}

/// Everything our Prometheis select.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selections {
    pub places: BTreeMap<Place, Vec<Selection>>,
    /// Selectors that say more than which labels with which values.
    pub unread: BTreeSet<String>,
}

impl Selections {
    /// Takes in an object, if it is a Prometheus: `cluster` is the identity of the cluster it is compiled for.
    pub fn add(&mut self, id: &ObjectId, side: Side<'_>, cluster: &str) {
        if id.kind != "Prometheus" {
            return;
        }
        for (selector, namespaces, api_version, kind) in SELECTORS {
            let at = |field: &str| side.tree.at(side.root, &["spec", field]).map(|node| side.tree.to_json(node));
            let Some(selects) = at(selector) else { continue };
            let namespace = match at(namespaces) {
                None => Some(Some(id.namespace.clone())),
                Some(all) if all.as_object().is_some_and(serde_json::Map::is_empty) => Some(None),
                Some(_) => None,
            };
            let (Some(labels), Some(namespace)) = (labels(&selects), namespace) else {
                self.unread.insert(format!("`{}` by `{selector}`", id.name));
                continue;
            };
            // Ours are known already.
            let terms = labels.keys().next().map(|key| format!("{key},{CLUSTER_LABEL}!={cluster}"));
            let place = Place { api_version, kind, namespace, labels: terms };
            let selection = Selection { prometheus: id.name.clone(), labels };
            self.places.entry(place).or_default().push(selection);
        }
    }
}

impl Selection {
    pub fn takes(&self, object: &Json) -> bool {
        let labels = object.pointer("/metadata/labels");
        self.labels.iter().all(|(key, value)| labels.and_then(|l| l.get(key)?.as_str()) == Some(value))
    }
}

/// The labels of a selector that names nothing else.
fn labels(selector: &Json) -> Option<BTreeMap<String, String>> {
    let fields = selector.as_object()?;
    if fields.keys().any(|key| key != "matchLabels") {
        return None;
    }
    let labels = fields.get("matchLabels").and_then(Json::as_object).into_iter().flatten();
    labels.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diag::Origin;
    use crate::object::Tree;

    #[test]
    fn prometheis_say_what_they_select_and_where() {
        let mut selections = Selections::default();
        let mut add = |name: &str, spec: Json| {
            let id = ObjectId {
                api_version: "monitoring.coreos.com/v1".into(),
                kind: "Prometheus".into(),
                namespace: "monitoring".into(),
                name: name.into(),
            };
            let mut tree = Tree::new();
            let root = tree.add_json("", &json!({"spec": spec}), Origin::INHERIT);
            selections.add(&id, Side::new(&tree, root), "lab");
        };
        let of = |name: &str| json!({"ruleSelector": {"matchLabels": {"watershed/prometheus": name}}});
        add("user", of("user"));
        add("system", of("system"));
        add("all", json!({"probeSelector": {}, "probeNamespaceSelector": {}}));
        add("odd", json!({"probeSelector": {"matchExpressions": []}}));
        let place = |kind, namespace: Option<&str>, labels: Option<&str>| Place {
            api_version: "monitoring.coreos.com/v1",
            kind,
            namespace: namespace.map(str::to_owned),
            labels: labels.map(str::to_owned),
        };
        let rules = place("PrometheusRule", Some("monitoring"), Some("watershed/prometheus,watershed/cluster!=lab"));
        let places: Vec<&Place> = selections.places.keys().collect();
        assert_eq!(places, [&place("Probe", None, None), &rules]);
        let taken = |name: &str| {
            let object = json!({"metadata": {"labels": {"watershed/prometheus": name}}});
            let by = selections.places[&rules].iter().filter(|s| s.takes(&object));
            by.map(|s| s.prometheus.clone()).collect::<Vec<_>>()
        };
        assert_eq!((taken("user"), taken("other")), (vec!["user".to_owned()], Vec::new()));
        assert_eq!(selections.unread.len(), 1);
    }
}
