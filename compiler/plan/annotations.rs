//! Discovery by annotations: what `prometheus.io/scrape`, `port`, `path` and `scheme` of a pod mean.
//!
//! It is the same for every job that is found so, the catalog's and the spec's own.

use std::collections::{BTreeMap, BTreeSet};

use super::keep::escape;
use crate::relabel::{Action, Rule, sanitize};

const SCRAPE: &str = "__meta_kubernetes_pod_annotation_prometheus_io_scrape";
const SCHEME: &str = "__meta_kubernetes_pod_annotation_prometheus_io_scheme";
const PATH: &str = "__meta_kubernetes_pod_annotation_prometheus_io_path";
const PORT: &str = "__meta_kubernetes_pod_annotation_prometheus_io_port";
const IP: &str = "__meta_kubernetes_pod_ip";

/// Pods that another monitor of the plan scrapes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Covered {
    pub labels: BTreeMap<String, String>,
    /// The port that their annotations name where they mean what that monitor scrapes; `None`: any.
    pub port: Option<u16>,
    /// Empty: any.
    pub namespaces: Vec<String>,
}

/// Keeps running pods that ask to be scraped and that no other monitor scrapes, goes where their
/// annotations say, and names them.
pub(super) fn rules(covered: &[Covered]) -> Vec<Rule> {
    let set = |from: &[&str], target| Rule::new(Action::Replace).source(from.iter().copied()).target(target);
    let asking = vec![
        Rule::new(Action::Keep).source([SCRAPE]).regex("true"),
        Rule::new(Action::Drop).source(["__meta_kubernetes_pod_phase"]).regex("Pending|Succeeded|Failed|Completed"),
    ];
    let going = vec![
        set(&[SCHEME], "__scheme__").regex("(https?)"),
        set(&[PATH], "__metrics_path__").regex("(.+)"),
        set(&[PORT, IP], "__address__").regex(r"(\d+);([0-9.]+)").replacement("$2:$1"),
        set(&[PORT, IP], "__address__").regex(r"(\d+);([0-9a-fA-F]*:[0-9a-fA-F:]+)").replacement("[$2]:$1"),
        set(&["__meta_kubernetes_namespace"], "namespace"),
        set(&["__meta_kubernetes_pod_name"], "pod"),
        set(&["__meta_kubernetes_pod_node_name"], "node"),
    ];
    [asking, left_to_others(covered), going].concat()
}

/// Drops what others scrape: one rule for all that are told by labels of the same names.
fn left_to_others(covered: &[Covered]) -> Vec<Rule> {
    let mut alike: BTreeMap<(bool, Vec<&str>), BTreeSet<String>> = BTreeMap::new();
    for pods in covered {
        let names = pods.labels.keys().map(String::as_str).collect();
        let namespaces: Vec<String> = pods.namespaces.iter().map(|n| escape(n)).collect();
        let namespaces = match &namespaces[..] {
            [] => ".*".to_owned(),
            [one] => one.clone(),
            several => format!("({})", several.join("|")),
        };
        let port = pods.port.map(|p| p.to_string());
        let values = pods.labels.values().map(|v| escape(v));
        let each: Vec<String> = std::iter::once(namespaces).chain(port).chain(values).collect();
        alike.entry((pods.port.is_some(), names)).or_default().insert(each.join(";"));
    }
    let rule = |((by_port, names), values): ((bool, Vec<&str>), BTreeSet<String>)| {
        let labels = names.into_iter().map(|n| format!("__meta_kubernetes_pod_label_{}", sanitize(n)));
        let fixed = ["__meta_kubernetes_namespace", PORT].into_iter().take(1 + usize::from(by_port));
        let sources: Vec<String> = fixed.map(str::to_owned).chain(labels).collect();
        let values: Vec<String> = values.into_iter().collect();
        Rule::new(Action::Drop).source(sources).regex(values.join("|"))
    };
    alike.into_iter().map(rule).collect()
}
