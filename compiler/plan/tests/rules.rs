//! What the rules of each Prometheus can read, and what of ours they watch.

use serde_json::Value;

use super::{World, emitted};
use crate::model::plan::{ClusterPlan, Monitor};

const FLEET: &str = r#"
fleet "f" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" { jobs "node-exporter"; retention "1d"; storage "50Gi"; limits { memory "8Gi" } }
    prometheus "system" { rest; retention "1d"; storage "20Gi" }
    JOBS
}
zone "idc-1"
cluster "control-a" zone="idc-1" nodes=3
cluster "edge-1" zone="idc-1" nodes=32 pods=900 survive="SURVIVE"
store "central" kind="victoriametrics-cluster" cluster="control-a" {
    retention "30d"
    storage "100Gi"
    limits { storage { memory "4Gi" } }
    address "lan" url="https://10.0.0.1:8427" zones="idc-1"
}
route "home" from="*" to="central"
"#;

fn world(survive: &str, jobs: &str) -> World {
    World::of(&FLEET.replace("SURVIVE", survive).replace("JOBS", jobs))
}

fn of_relay<'p>(plan: &'p ClusterPlan<'_>) -> Vec<&'p Monitor> {
    plan.monitors.iter().filter(|m| m.job == "relay").collect()
}

fn has<'p>(plan: &'p ClusterPlan<'_>, lane: &str) -> &'p [String] {
    &plan.rules.iter().find(|r| r.lane == lane && r.pack == "starter").expect("rules").has
}

/// Names of the alerts that a Prometheus evaluates, with their queries.
fn alerts(objects: &[Value], lane: &str) -> Vec<(String, String)> {
    let of = |o: &&Value| o["kind"] == "PrometheusRule" && o["metadata"]["labels"]["watershed/prometheus"] == lane;
    let groups = objects.iter().filter(of).flat_map(|o| o["spec"]["groups"].as_array().into_iter().flatten());
    let rules = groups.flat_map(|g| g["rules"].as_array().into_iter().flatten());
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    rules.map(|r| (text(&r["alert"]), text(&r["expr"]))).collect()
}

#[test]
fn a_relay_is_scraped_where_there_is_one_by_one_of_its_services() {
    let world = world("12h", "");
    let plan = world.sound("edge-1");
    let [monitor] = &of_relay(&plan)[..] else { panic!("{:?}", of_relay(&plan)) };
    assert_eq!((monitor.lane.as_str(), monitor.job_value.as_str(), monitor.owned), ("system", "relay", true));
    let objects = emitted(&world, &plan);
    let found = objects.iter().filter(|o| {
        let label = |(k, v): (&String, &String)| o["metadata"]["labels"][k] == v.as_str();
        o["kind"] == "Service" && monitor.selector.iter().all(label)
    });
    let found: Vec<&Value> = found.map(|o| &o["metadata"]["name"]).collect();
    assert_eq!(found, ["relay"], "behind the headless one stand the same pods");

    let plan = world.sound("control-a");
    assert!(plan.relay.is_none() && of_relay(&plan).is_empty());
    assert!(plan.not_collected.iter().any(|(job, why)| job == "relay" && why.contains("no relay")));
}

#[test]
fn a_relay_for_critical_jobs_alone_is_scraped_and_never_the_reason_for_itself() {
    let critical = world("30m", "job \"kubelet\" critical=#true");
    let plan = critical.sound("edge-1");
    assert!(plan.relay.is_some() && of_relay(&plan).len() == 1);
    let itself = world("30m", "job \"relay\" critical=#true");
    let (plan, _) = itself.plan("edge-1");
    assert!(plan.relay.is_none());
}

#[test]
fn rules_stand_where_what_they_read_is_scraped() {
    let world = world("12h", "");
    let plan = world.sound("edge-1");
    let volume = "kubelet_volume_stats_available_bytes".to_owned();
    assert!(has(&plan, "system").contains(&volume) && !has(&plan, "user").contains(&volume));
    let objects = emitted(&world, &plan);
    let (system, user) = (alerts(&objects, "system"), alerts(&objects, "user"));
    let names = |alerts: &[(String, String)], name: &str| alerts.iter().filter(|(n, _)| n == name).count();
    // One for each Prometheus and one for the relay.
    assert_eq!((names(&system, "VolumeFull"), names(&user, "VolumeFull")), (3, 0));
    assert_eq!((names(&system, "RelayRetrying"), names(&user, "RelayRetrying")), (1, 0));
    assert_eq!((names(&system, "OutOfMemory"), names(&system, "MemoryNearLimit")), (3, 1));
    let (_, near) = system.iter().find(|(n, _)| n == "MemoryNearLimit").expect("a rule");
    assert!(near.contains("prometheus-user-[0-9]+") && near.contains("/ 8589934592 >"), "{near}");
    let queue = plan.relay.as_ref().map_or(0, |r| r.urls[0].queue.value.get());
    let (_, filling) = system.iter().find(|(n, _)| n == "RelayBufferFilling").expect("a rule");
    assert!(filling.contains("url=\"1:secret-url\"") && filling.contains(&format!("/ {queue} > 50")), "{filling}");
}

#[test]
fn what_a_job_drops_no_rule_reads() {
    let world = world("12h", "job \"kubelet\" { drop \"kubelet_volume_stats_*\" }");
    let objects = emitted(&world, &world.sound("edge-1"));
    let system = alerts(&objects, "system");
    assert!(system.iter().all(|(name, _)| !name.starts_with("Volume")), "{system:?}");
    assert!(system.iter().any(|(name, _)| name == "OutOfMemory"));
}

#[test]
fn the_volumes_of_a_store_are_those_of_its_chart() {
    let plan_of = world("12h", "");
    let plan = plan_of.sound("control-a");
    let store = plan.workloads.iter().find(|w| w.unit == "store/central").expect("a store");
    let name = "central-victoria-metrics-cluster-vmstorage-[0-9]+";
    assert_eq!(store.pods, name);
    assert_eq!(store.claims, Some(format!("vmstorage-volume-{name}")));
    assert_eq!(store.memory.map(|m| m.get()), Some(4 << 30));
}

#[test]
fn only_what_asks_for_itself_may_be_nothing() {
    let plan_of = world("12h", "");
    let plan = plan_of.sound("edge-1");
    for monitor in &plan.monitors {
        assert_eq!(monitor.may_be_none, monitor.job == "kubernetes-pods", "{}", monitor.name);
        let on_nodes = ["node-exporter", "kubelet", "cadvisor", "kube-apiserver"].contains(&monitor.job.as_str());
        assert_eq!(monitor.per_node, on_nodes, "{}", monitor.name);
    }
}
