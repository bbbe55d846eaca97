//! What each Prometheus runs with.

use super::{World, lane};
use crate::model::plan::ClusterPlan;

fn pair(store: &str, user: &str) -> World {
    World::of(&format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    external-labels region="sh"
    alerts "main"
    prometheus "user" {{
        jobs "node-exporter" "cadvisor"
        retention "7d"
        storage "100Gi"
        {user}
    }}
    prometheus "system" {{
        rest
        retention "2d"
        storage "20Gi"
    }}
    reader "resource-manager" reads="user"
    reader "grafana" reads="user system"
}}
zone "idc-1"
cluster "control-a" id="Control_A" zone="idc-1" nodes=12 pods=600
cluster "edge-1" zone="idc-1" nodes=3 {{
    reader "grafana" reads="user central"
}}
store "central" {store}
route "home" from="*" to="central"
alertmanager "main" service="monitoring/alertmanager-main"
"#
    ))
}

const OURS: &str = r#"kind="victoriametrics-cluster" cluster="control-a" {
    retention "30d"
    storage "100Gi"
    address "lan" url="https://10.0.0.1:8427" zones="idc-1"
}"#;
const FOREIGN: &str = r#"kind="remote-write" {
    accepts-late "1h"
    address "lan" url="https://10.0.0.1/receive" zones="idc-1"
}"#;

fn external(plan: &ClusterPlan<'_>, name: &str) -> Vec<(String, String)> {
    lane(plan, name).external_labels.iter().map(|(k, v)| (k.clone(), v.value.clone())).collect()
}

#[test]
fn the_identity_is_first_on_everything_the_control_plane_included() {
    let world = pair(OURS, "replicas 2");
    let plan = world.sound("control-a");
    for name in ["user", "system"] {
        let labels = external(&plan, name);
        assert_eq!(labels[0], ("cluster".to_owned(), "Control_A".to_owned()));
        assert_eq!(labels[1], ("region".to_owned(), "sh".to_owned()));
    }
}

#[test]
fn the_replica_label_goes_where_replicas_are_merged_by_identical_labels() {
    let world = pair(OURS, "replicas 2");
    let (plan, _) = world.plan("edge-1");
    assert_eq!(lane(&plan, "user").replica_label.as_deref(), Some(""));
    let store = &world.sound("control-a").stores[0];
    // The pair sends each sample twice: one is kept per fastest interval.
    assert_eq!(store.dedup.map(|d| d.value.to_string()).as_deref(), Some("15s"));
    let origin = store.dedup.map(|d| d.origin).expect("a window");
    let why = world.sound("control-a").origins.resolve(&world.fleet.origins, origin).cloned();
    assert!(matches!(&why, Some(crate::diag::Why::Derived { from, .. }) if from.len() == 2), "{why:?}");

    let world = pair(FOREIGN, "replicas 2");
    let (plan, found) = world.plan("control-a");
    let told = world.told(&found);
    assert!(told.len() == 1 && told[0].starts_with("PLN110 2"), "{told:#?}");
    assert_eq!(lane(&plan, "user").replica_label, None);
}

#[test]
fn sizes_nobody_said_are_computed_from_those_somebody_did() {
    let world = pair(OURS, "limits memory=\"8Gi\"");
    let plan = world.sound("control-a");
    let user = lane(&plan, "user");
    assert_eq!(user.retention_size.value.to_string(), "80Gi");
    assert_eq!(user.query.concurrency.map(|c| c.value), Some(16));
    assert_eq!(user.query.samples.map(|s| s.value), Some(16_000_000));
    assert!(!user.limits.contains_key("cpu") && user.requests["memory"].value == "2Gi");
    let system = lane(&plan, "system");
    assert_eq!(system.query.concurrency.map(|c| c.value), Some(4));
    let mentioned = plan.origins.span(&world.fleet.origins, user.retention_size.origin);
    assert!(world.doc.sources.slice(mentioned).contains("100Gi"));
}

#[test]
fn two_lanes_have_services_of_their_own_and_the_alertmanager_that_is_there() {
    let world = pair(OURS, "");
    let plan = world.sound("control-a");
    let services: Vec<&str> = plan.lanes.iter().map(|l| l.governing_service.as_deref().unwrap()).collect();
    assert_eq!(services, ["prometheus-system-headless", "prometheus-user-headless"]);
    let targets: Vec<_> =
        plan.lanes.iter().flat_map(|l| &l.alerting).map(|t| (t.namespace.as_str(), t.name.as_str())).collect();
    assert_eq!(targets, [("monitoring", "alertmanager-main"); 2]);
    let packs: Vec<_> = plan.rules.iter().map(|r| (r.lane.as_str(), r.pack.as_str())).collect();
    assert_eq!(packs, [("system", "starter"), ("user", "starter")]);
}

#[test]
fn readers_reach_lanes_by_service_and_foreign_stores_by_address() {
    let world = pair(OURS, "");
    let plan = world.sound("edge-1");
    let grafana = plan.readers.iter().find(|r| r.reader.name == "grafana").expect("a reader");
    let urls: Vec<(&str, &str)> = grafana.sources.iter().map(|s| (s.uid.as_str(), s.url.value.as_str())).collect();
    assert_eq!(
        urls,
        [
            ("edge-1-user", "http://prometheus-user.monitoring.svc.cluster.local:9090"),
            ("central-t0", "https://10.0.0.1:8427/select/0/prometheus"),
        ]
    );
    let http = plan.readers.iter().find(|r| r.reader.name == "resource-manager").expect("a reader");
    assert!(http.dashboards.is_empty() && http.sources.len() == 1);
}

#[test]
fn what_is_only_scraped_for_local_use_is_kept_out_of_what_is_sent() {
    let world = pair(OURS, "also-scrapes \"kubelet\"");
    let plan = world.sound("control-a");
    let [write] = &lane(&plan, "user").remote_write[..] else { panic!() };
    let [_identity, drop] = &write.rules[..] else { panic!("{:?}", write.rules) };
    assert_eq!(drop.source_labels, ["job", "metrics_path"]);
    assert_eq!(drop.regex.as_deref(), Some("kubelet;(?:/metrics|/metrics/probes|/metrics/slis)"));
    assert_eq!(lane(&plan, "system").remote_write[0].rules.len(), 1);
}

#[test]
fn secrets_are_listed_where_they_must_exist() {
    let store = OURS.replace("retention", "basic-auth secret=\"central-write\"\nretention");
    let world = pair(&store, "");
    let uses = |cluster: &str| -> Vec<String> {
        let plan = world.sound(cluster);
        plan.secrets.iter().map(|s| format!("{}/{} {} {}", s.namespace, s.name, s.keys.join(","), s.used_by)).collect()
    };
    assert_eq!(uses("control-a"), ["vm/central-write password,username store central"]);
    assert_eq!(
        uses("edge-1"),
        [
            "monitoring/central-write password,username Prometheus system",
            "monitoring/central-write password,username Prometheus user",
            "monitoring/central-write password,username reader grafana",
        ]
    );
}

#[test]
fn a_timeout_of_a_whole_prometheus_fits_its_interval() {
    let world = pair(OURS, "interval \"10s\"; timeout \"20s\"");
    let told = world.told(&world.plan("control-a").1);
    assert!(told.len() == 1 && told[0].starts_with("PLN101 \"20s\""), "{told:#?}");
    pair(OURS, "interval \"30s\"; timeout \"20s\"").sound("control-a");
}

#[test]
fn an_alertmanager_is_there_if_the_base_brings_one_or_alerts_go_to_a_service() {
    let has = |text: &str| {
        let world = World::of(text);
        let cx = crate::plan::context::Context::new(&world.fleet, &world.catalog, crate::model::ids::ClusterId(0));
        crate::plan::source::facts(&cx, &[]).alertmanager
    };
    let with = |settings: &str| {
        format!(
            r#"
fleet "f" language=1 {{
    versions kubernetes="1.34"
    {settings}
}}
cluster "c" nodes=3
alertmanager "main" service="monitoring/alertmanager-main"
"#
        )
    };
    let lane = |alerts: &str| format!("prometheus \"user\" {{ rest; retention \"1d\"; storage \"5Gi\"; {alerts} }}");
    assert!(!has(&with(&lane(""))));
    assert!(has(&with(&format!("base \"kube-prometheus\"\n{}", lane("")))));
    assert!(has(&with(&format!("alerts \"main\"\n{}", lane("")))));
    assert!(has(&with(&lane("alerts \"main\""))));
}
