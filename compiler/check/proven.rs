//! What the proof of routes rests on in an object: a patch that changes it, or a raw object that adds to it, does
//! something the proof has not seen.

use crate::emit::LANE_LABEL;
use crate::object::{Kind, NodeId, ObjectId, Tree};

/// Of a Prometheus: whom it scrapes, what it does to labels, where it writes.
const OF_PROMETHEUS: &[&str] = &[
    "additionalScrapeConfigs",
    "enforcedNamespaceLabel",
    "excludedFromEnforcement",
    "externalLabels",
    "ignoreNamespaceSelectors",
    "overrideHonorLabels",
    "podMonitorNamespaceSelector",
    "podMonitorSelector",
    "probeNamespaceSelector",
    "probeSelector",
    "prometheusExternalLabelName",
    "replicaExternalLabelName",
    "ruleNamespaceSelector",
    "ruleSelector",
    "scrapeClasses",
    "scrapeConfigNamespaceSelector",
    "scrapeConfigSelector",
    "serviceMonitorNamespaceSelector",
    "serviceMonitorSelector",
];
/// Of each of its `remoteWrite`: all else there is how, not where.
const OF_WRITE: &[&str] = &["name", "url", "writeRelabelConfigs"];
/// Of a monitor: which targets, and which labels.
const OF_MONITOR: &[&str] = &[
    "honorLabels",
    "jobLabel",
    "kubernetesSDConfigs",
    "labels",
    "metricRelabelings",
    "metricsPath",
    "namespaceSelector",
    "params",
    "path",
    "podTargetLabels",
    "port",
    "portNumber",
    "relabelings",
    "selector",
    "staticConfigs",
    "targetLabels",
    "targetPort",
    "targets",
];
/// Of what a relay is made of.
const OF_RELAY: &[&str] = &["args", "data"];
const MONITORS: [&str; 4] = ["PodMonitor", "Probe", "ScrapeConfig", "ServiceMonitor"];

/// How a store that a release runs merges what comes twice, as text to be compared.
pub fn merges(tree: &Tree, root: NodeId) -> Vec<String> {
    let mut out = Vec::new();
    collect(tree, root, &["dedup.minScrapeInterval"], &mut out);
    out
}

/// Everything in an object that the proof rests on, as text to be compared. `unit`: the part of the plan it is of.
pub fn rests_on(tree: &Tree, root: NodeId, id: &ObjectId, unit: &str) -> Vec<String> {
    let mut out = Vec::new();
    match id.kind.as_str() {
        "Prometheus" => {
            collect(tree, root, OF_PROMETHEUS, &mut out);
            if let Some(writes) = tree.at(root, &["spec", "remoteWrite"]) {
                collect(tree, writes, OF_WRITE, &mut out);
            }
        }
        kind if MONITORS.contains(&kind) => collect(tree, root, OF_MONITOR, &mut out),
        "ConfigMap" | "StatefulSet" if unit.starts_with("relay") => collect(tree, root, OF_RELAY, &mut out),
        _ => {}
    }
    out
}

fn collect(tree: &Tree, node: NodeId, keys: &[&str], out: &mut Vec<String>) {
    for child in tree.children(node) {
        let key = tree.key(child);
        if keys.contains(&key) {
            out.push(format!("{key}={}", tree.to_json(child)));
        } else if matches!(tree.kind(child), Kind::Map | Kind::Seq) {
            collect(tree, child, keys, out);
        }
    }
}

/// The Prometheus of ours that a monitor asks to be scraped by.
pub fn scraped_by<'t>(tree: &'t Tree, root: NodeId, id: &ObjectId) -> Option<&'t str> {
    let label = tree.at(root, &["metadata", "labels", LANE_LABEL]).and_then(|n| tree.as_str(n));
    label.filter(|_| MONITORS.contains(&id.kind.as_str()))
}
