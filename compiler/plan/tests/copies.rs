//! `copy` lines: a second copy outside the partition, and one-second classes beside their twins.

use super::World;
use super::routing::{SPLIT, both, pool, sent};
use crate::model::plan::ClusterPlan;

fn with(copies: &str) -> World {
    pool(&format!("{SPLIT}\n{copies}"))
}

fn pods(plan: &ClusterPlan<'_>, job: &str, namespace: &str) -> Vec<String> {
    sent(plan, "user", &[("__name__", "x"), ("job", job), ("namespace", namespace)])
}

#[test]
fn a_copy_of_jobs_goes_beside_the_partition_and_changes_nothing_of_it() {
    let world = with(r#"copy "plane-b" jobs="kube-state-metrics""#);
    let plan = world.sound("pool-1");
    assert_eq!(pods(&plan, "kube-state-metrics", "hero-user-a"), both());
    assert_eq!(pods(&plan, "kube-state-metrics", "stranger"), ["plane-b"]);
    assert_eq!(pods(&plan, "kubernetes-pods", "hero-user-a"), ["plane-a"]);
    assert_eq!(pods(&plan, "kubernetes-pods", "stranger"), [""; 0]);
    let flow = plan.flows.iter().find(|f| f.class.job == "kube-state-metrics").expect("a flow");
    assert_eq!(flow.goes_to.last().map(String::as_str), Some("plane-b copy"));
}

#[test]
fn a_copy_of_namespaces_asks_whose_workload_it_is() {
    let world = with(r#"copy "plane-b" namespaces="hero-user-a monitoring""#);
    let plan = world.sound("pool-1");
    assert_eq!(pods(&plan, "kubernetes-pods", "hero-user-a"), both());
    assert_eq!(pods(&plan, "kubernetes-pods", "monitoring"), ["plane-b"]);
    assert_eq!(pods(&plan, "kubernetes-pods", "stranger"), [""; 0]);
    // The exporter's own namespace is nobody's workload: shared, as without the copy.
    let up = [("__name__", "up"), ("job", "kube-state-metrics"), ("namespace", "monitoring")];
    assert_eq!(sent(&plan, "user", &up), both());
}

/// Two that both take back on the way, to one store: neither may take what the other gave.
#[test]
fn several_copies_to_one_store_are_added_up() {
    let world = with(
        r#"
    copy "plane-b" namespaces="hero-user-a"
    copy "plane-b" jobs="kubernetes-pods" namespaces="stranger"
    copy "plane-a" jobs="dcgm-exporter"
"#,
    );
    let plan = world.sound("pool-1");
    assert_eq!(pods(&plan, "kubernetes-pods", "hero-user-a"), both());
    assert_eq!(pods(&plan, "kubernetes-pods", "stranger"), ["plane-b"]);
    assert_eq!(pods(&plan, "kube-state-metrics", "stranger"), [""; 0]);
    assert_eq!(pods(&plan, "dcgm-exporter", "hero-user-b"), both());
}

#[test]
fn a_copy_of_everything_is_everything_but_one_second_data() {
    let world = with(r#"copy "plane-b""#);
    let plan = world.sound("pool-1");
    assert_eq!(pods(&plan, "kubernetes-pods", "stranger"), ["plane-b"]);
    assert_eq!(pods(&plan, "kubernetes-pods", "hero-user-a"), both());
    let fast = [("__name__", "x"), ("job", "node-exporter"), ("job_class", "network")];
    assert_eq!(sent(&plan, "user", &fast), [""; 0]);
    let twin = [("__name__", "x"), ("job", "node-exporter"), ("job_class", "network-sampled")];
    assert_eq!(sent(&plan, "user", &twin), both());
}

/// Per-class retention: what is kept for a month and what for years are two stores.
#[test]
fn classes_are_kept_differently_long_in_two_stores() {
    let world = World::of(
        r#"
fleet "two" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "fast" { jobs "node-exporter/network"; retention "3d"; storage "20Gi" }
    prometheus "user" { rest; retention "15d"; storage "100Gi" }
    job "node-exporter" {
        class "network" interval="1s"
        class "cpu"
    }
}
zone "idc"
cluster "lab" zone="idc" nodes=12 pods=600
store "month" kind="victoriametrics-cluster" cluster="lab" { retention "30d"; storage "500Gi" }
store "years" kind="victoriametrics-cluster" cluster="lab" { retention "730d"; storage "500Gi" }
route "home" from="lab" {
    to "month"
    to "years" jobs="node-exporter/cpu"
    to "month" jobs="node-exporter/network"
    copy "years" jobs="kube-state-metrics node-exporter/network-sampled"
}
"#,
    );
    let plan = world.sound("lab");
    let to = |class: &str| -> Vec<String> {
        let flow = plan.flows.iter().find(|f| f.class.to_string() == class).expect("a flow");
        flow.goes_to.clone()
    };
    assert_eq!(to("node-exporter/cpu"), ["years"]);
    assert_eq!(to("node-exporter/network"), ["month"]);
    assert_eq!(to("node-exporter/network-sampled"), ["month", "years copy"]);
    assert_eq!(to("kube-state-metrics"), ["month", "years copy"]);
    assert_eq!(to("kubelet"), ["month"]);
}
