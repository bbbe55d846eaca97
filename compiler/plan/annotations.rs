//! Discovery by annotations: what `prometheus.io/scrape`, `port`, `path` and `scheme` of a pod mean.
//!
//! It is the same for every job that is found so, the catalog's and the spec's own.

use crate::relabel::{Action, Rule};

const SCRAPE: &str = "__meta_kubernetes_pod_annotation_prometheus_io_scrape";
const SCHEME: &str = "__meta_kubernetes_pod_annotation_prometheus_io_scheme";
const PATH: &str = "__meta_kubernetes_pod_annotation_prometheus_io_path";
const PORT: &str = "__meta_kubernetes_pod_annotation_prometheus_io_port";
const IP: &str = "__meta_kubernetes_pod_ip";

/// Keeps running pods that ask to be scraped, goes where their annotations say, and names them.
pub(super) fn rules() -> Vec<Rule> {
    let set = |from: &[&str], target| Rule::new(Action::Replace).source(from.iter().copied()).target(target);
    vec![
        Rule::new(Action::Keep).source([SCRAPE]).regex("true"),
        Rule::new(Action::Drop).source(["__meta_kubernetes_pod_phase"]).regex("Pending|Succeeded|Failed|Completed"),
        set(&[SCHEME], "__scheme__").regex("(https?)"),
        set(&[PATH], "__metrics_path__").regex("(.+)"),
        set(&[PORT, IP], "__address__").regex(r"(\d+);([0-9.]+)").replacement("$2:$1"),
        set(&[PORT, IP], "__address__").regex(r"(\d+);([0-9a-fA-F]*:[0-9a-fA-F:]+)").replacement("[$2]:$1"),
        set(&["__meta_kubernetes_namespace"], "namespace"),
        set(&["__meta_kubernetes_pod_name"], "pod"),
        set(&["__meta_kubernetes_pod_node_name"], "node"),
    ]
}
