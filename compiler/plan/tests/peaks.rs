//! Peaks of a fast class go where its slower twin goes, and nowhere else.

use super::{World, emitted, lane};
use crate::model::plan::{ClusterPlan, Flow};

const FAST: &str = "jobs \"node-exporter/network\"";
const ROUTE: &str = "to \"central\"\n to \"raw\" jobs=\"node-exporter/network\"";
const NETWORK: &str = "class \"network\" interval=\"1s\"";

const RX: &str = "instance_device:node_network_receive_bytes:max_rate";
const TX: &str = "instance_device:node_network_transmit_bytes:max_rate";

fn fleet(node_exporter: &str, fast: &str, route: &str) -> World {
    World::of(&format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    alerts "main"
    prometheus "fast" {{
        {fast}
        retention "3d"
        storage "50Gi"
    }}
    prometheus "user" {{
        rest
        retention "7d"
        storage "100Gi"
    }}
    job "node-exporter" {{
        {node_exporter}
    }}
}}
cluster "lab" nodes=3 pods=90
store "central" kind="victoriametrics-cluster" cluster="lab" {{
    retention "30d"
    storage "100Gi"
}}
store "raw" kind="victoriametrics-cluster" cluster="lab" {{
    retention "7d"
    storage "100Gi"
}}
route "home" from="*" {{
    {route}
}}
alertmanager "main" service="monitoring/alertmanager-main"
"#
    ))
}

fn recorded(plan: &ClusterPlan<'_>, name: &str) -> Vec<String> {
    let peaks = &lane(plan, name).peaks;
    peaks.iter().flat_map(|p| &p.records).map(|(record, _)| record.clone()).collect()
}

fn flow<'p>(plan: &'p ClusterPlan<'_>, class: &str, recorded: bool) -> &'p Flow {
    let found = plan.flows.iter().find(|f| f.class.to_string() == class && f.recorded == recorded);
    found.unwrap_or_else(|| panic!("no {class} in {:#?}", plan.flows))
}

#[test]
fn a_fast_class_has_peaks_and_a_slow_one_none() {
    let world = fleet(NETWORK, FAST, ROUTE);
    let plan = world.sound("lab");
    assert_eq!(recorded(&plan, "fast"), [RX, TX]);
    assert_eq!(recorded(&plan, "user"), Vec::<String>::new());
    let peaks = &lane(&plan, "fast").peaks[0];
    assert_eq!((peaks.class.as_str(), peaks.twin.as_str()), ("network", "network-sampled"));
    assert_eq!((peaks.interval.value.to_string(), peaks.every.value.to_string()), ("1s".into(), "15s".into()));
    let packs: Vec<_> = plan.rules.iter().filter(|r| r.pack == "peaks").map(|r| r.lane.as_str()).collect();
    assert_eq!(packs, ["fast"]);
    let slow = fleet("class \"network\" interval=\"5s\"", FAST, ROUTE);
    let plan = slow.sound("lab");
    assert!(plan.lanes.iter().all(|l| l.peaks.is_empty()));
    assert!(plan.rules.iter().all(|r| r.pack != "peaks"));
}

#[test]
fn peaks_are_rules_of_the_prometheus_that_has_the_class() {
    let world = fleet("class \"network\" interval=\"500ms\" sampled=\"20s\"", FAST, ROUTE);
    let plan = world.sound("lab");
    let objects = emitted(&world, &plan);
    let rules: Vec<_> = objects.iter().filter(|o| o["metadata"]["name"] == "fast-peaks").collect();
    assert_eq!(rules.len(), 1);
    let group = &rules[0]["spec"]["groups"][0];
    assert_eq!((&group["name"], &group["interval"]), (&"watershed-peaks-node-exporter-network".into(), &"20s".into()));
    let rule = &group["rules"][0];
    assert_eq!((&rule["record"], &rule["labels"]["job_class"]), (&RX.into(), &"network-sampled".into()));
    let counter = "node_network_receive_bytes_total{job=\"node-exporter\",job_class=\"network\"}";
    assert_eq!(rule["expr"], format!("max_over_time(rate({counter}[2s])[20s:500ms])"));
}

#[test]
fn peaks_go_where_the_twin_goes_and_cost_what_they_cost() {
    let world = fleet(NETWORK, FAST, ROUTE);
    let plan = world.sound("lab");
    let (class, sampled) = ("node-exporter/network", "node-exporter/network-sampled");
    let (raw, twin, peaks) = (flow(&plan, class, false), flow(&plan, sampled, false), flow(&plan, sampled, true));
    assert_eq!((raw.goes_to.join(","), twin.goes_to.join(",")), ("raw".to_owned(), "central".to_owned()));
    assert_eq!((peaks.lane.as_str(), &peaks.goes_to), ("fast", &twin.goes_to));
    // Two counters of each of four interfaces on three nodes.
    assert_eq!(peaks.series, 24);
    assert!(lane(&plan, "fast").remote_write.iter().any(|w| w.name == "central"), "a way to the centre");
    // A route that names the twin takes the peaks along; the class itself then stays.
    let world = fleet(NETWORK, FAST, "to \"central\"\n to \"raw\" jobs=\"node-exporter/network-sampled\"");
    let plan = world.sound("lab");
    assert_eq!(flow(&plan, class, false).goes_to, Vec::<String>::new());
    assert!(plan.flows.iter().filter(|f| f.recorded).all(|f| f.goes_to == ["raw"]), "{:#?}", plan.flows);
}

#[test]
fn only_counters_that_the_class_brings_have_peaks() {
    let world = fleet(&format!("{NETWORK}\n drop \"node_network_receive_bytes*\""), FAST, ROUTE);
    assert_eq!(recorded(&world.sound("lab"), "fast"), [TX]);
    // A class of the spec's own, told by its collectors.
    let own = "class \"links\" interval=\"1s\" { collectors \"netdev\"; }";
    let world = fleet(own, "jobs \"node-exporter/links\"", "to \"central\"");
    assert_eq!(recorded(&world.sound("lab"), "fast"), [RX, TX]);
    let cpu = "class \"cpu\" interval=\"1s\"";
    let world = fleet(cpu, "jobs \"node-exporter/cpu\"", "to \"central\"");
    assert_eq!(recorded(&world.sound("lab"), "fast"), Vec::<String>::new());
}

#[test]
fn a_pack_with_nothing_to_record_is_told() {
    let named = format!("{FAST}\n rules \"peaks\"");
    let world = fleet("class \"network\" interval=\"5s\"", &named, ROUTE);
    let (plan, found) = world.plan("lab");
    let told = world.told(&found);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("PLN187 \"peaks\": the rule pack `peaks` has nothing to record in `fast`"), "{told:?}");
    assert!(plan.rules.iter().all(|r| r.pack != "peaks"));
    // Named where it is anyway, it is there once.
    let world = fleet(NETWORK, &named, ROUTE);
    assert_eq!(world.sound("lab").rules.iter().filter(|r| r.pack == "peaks").count(), 1);
}

#[test]
fn peaks_that_stay_where_the_twin_leaves_are_told() {
    let (_, found) = fleet(NETWORK, FAST, "prometheus \"user\"\n to \"central\"").plan("lab");
    let codes: Vec<_> = found.iter().map(|f| f.code.id).collect();
    assert_eq!(codes, ["PLN188"], "{found:#?}");
}
