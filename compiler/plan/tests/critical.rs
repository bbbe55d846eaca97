//! Critical jobs: the relay scrapes them besides their Prometheus.

use serde_json::Value;

use super::{World, emitted};

const FLEET: &str = r#"
fleet "one" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" { jobs "node-exporter"; retention "15d"; storage "100Gi" }
    prometheus "system" { rest; retention "2d"; storage "20Gi" }
    job "kube-state-metrics" critical=#true
    job "kubelet" critical=#true
    job "kubernetes-pods" critical=#true
    RELAY
}
zone "idc"
cluster "lab" zone="idc" nodes=12 pods=600
store "central" kind="victoriametrics-cluster" cluster="lab" { retention "30d"; storage "500Gi" }
store "years" kind="victoriametrics-cluster" cluster="lab" { retention "300d"; storage "500Gi" }
ROUTE
"#;

const BOTH: &str = r#"
route "user" from="lab" to="years" prometheus="user"
route "system" from="lab" to="central" prometheus="system"
"#;

fn world(relay: &str, route: &str) -> World {
    World::of(&FLEET.replace("RELAY", relay).replace("ROUTE", route))
}

fn named<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    let fits = |o: &&Value| o["kind"] == kind && o["metadata"]["name"] == name;
    objects.iter().find(fits).unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// The proof of a sound plan sends what the relay scrapes by its rules: two routes divide the
/// Prometheis, and the relay's own must go the way of the Prometheus that owns the job.
#[test]
fn the_relay_scrapes_what_prometheus_would_and_says_so() {
    let world = world("", BOTH);
    let plan = world.sound("lab");
    let relay = plan.relay.as_ref().expect("a relay, because of critical jobs");
    assert!(relay.because.iter().any(|b| b.contains("`kubelet` is critical")), "{:?}", relay.because);
    let objects = emitted(&world, &plan);
    let config = named(&objects, "ConfigMap", "relay-relabel")["data"]["promscrape.config.yaml"].as_str();
    let config: Value = serde_yaml::from_str(config.expect("a config")).expect("YAML");
    let common = named(&objects, "ConfigMap", "relay-relabel")["data"]["common.relabel.yaml"].as_str();
    assert!(
        common.is_some_and(|c| c.contains("target_label: cluster") && c.contains("replacement: lab")),
        "{common:?}"
    );
    let jobs = config["scrape_configs"].as_array().expect("jobs");
    let job = |name: &str| jobs.iter().find(|j| j["job_name"] == name).unwrap_or_else(|| panic!("no {name}: {jobs:?}"));
    let kubelet = job("serviceMonitor/monitoring/kubelet/0");
    assert_eq!(kubelet["bearer_token_file"], "/var/run/secrets/kubernetes.io/serviceaccount/token");
    assert_eq!(kubelet["kubernetes_sd_configs"][0]["namespaces"]["names"][0], "kube-system");
    assert_eq!(kubelet["honor_timestamps"], true);
    let last = kubelet["relabel_configs"].as_array().and_then(|r| r.last()).expect("rules");
    assert_eq!(
        (&last["target_label"], &last["replacement"]),
        (&"prometheus".into(), &"monitoring/system/relay".into())
    );
    let pods = job("scrapeConfig/monitoring/kubernetes-pods/0");
    assert_eq!(pods["kubernetes_sd_configs"][0]["role"], "pod");
    let text = config.to_string();
    assert!(!text.contains("monitoring/node-exporter") && !text.contains("__tmp_hash"), "{text}");

    let workload = named(&objects, "StatefulSet", "relay");
    let pod = &workload["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], true);
    let args = pod["containers"][0]["args"].to_string();
    assert!(args.contains("-promscrape.config=/etc/relay/promscrape.config.yaml"), "{args}");
    assert!(!args.contains("cluster.membersCount"), "{args}");
    assert_eq!(named(&objects, "ServiceAccount", "relay")["automountServiceAccountToken"], true);
    let rules = named(&objects, "ClusterRole", "monitoring-relay")["rules"].to_string();
    assert!(rules.contains("nodes/metrics") && !rules.contains("secrets"), "{rules}");
}

#[test]
fn replicas_of_the_relay_share_the_targets() {
    let world = world(r#"relay "always" replicas=2"#, BOTH);
    let plan = world.sound("lab");
    let objects = emitted(&world, &plan);
    let container = &named(&objects, "StatefulSet", "relay")["spec"]["template"]["spec"]["containers"][0];
    let args = container["args"].to_string();
    assert!(args.contains("membersCount=2") && args.contains("memberNum=$(POD_NAME)"), "{args}");
    assert_eq!(container["env"][0]["name"], "POD_NAME");
}

#[test]
fn what_no_route_sends_has_no_centre_to_be_seen_from() {
    let world = world("", r#"route "user" from="lab" to="years" prometheus="user""#);
    let (plan, found) = world.plan("lab");
    assert!(plan.relay.is_none());
    let told = world.told(&found);
    let home: Vec<&String> = told.iter().filter(|t| t.starts_with("PLN170")).collect();
    assert_eq!(home.len(), 3, "{told:#?}");
}
