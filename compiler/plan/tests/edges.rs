//! Who talks to whom, and that emitted policies let exactly that through.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{World, emitted};
use crate::model::plan::{ClusterPlan, Edge, Peer};

fn world(mode: &str, cluster: &str) -> World {
    World::of(&format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    network-policies "{mode}"
    prometheus "user" {{
        jobs "node-exporter" "kube-state-metrics"
        retention "1d"
        storage "50Gi"
    }}
    prometheus "system" {{
        rest
        retention "1d"
        storage "50Gi"
    }}
    exporters "watershed" namespace="exporters"
    alerts "main"
    reader "resource-manager" reads="user" namespace="platform"
    reader "grafana" reads="user system central" namespace="grafana"
    reader "batch" reads="user" namespace="jobs"
    // Found by the labels of our own relay.
    job "relays" series=100 {{ discover "service" namespace="monitoring" port="http" {{ labels "watershed/unit"="relay" }} }}
    survive "12h"
}}
zone "idc-1"
cluster "control-a" zone="idc-1" nodes=3
cluster "edge-1" zone="idc-1" nodes=3 pods=90 gpus-per-node=8 {{ {cluster} }}
store "central" kind="victoriametrics-cluster" cluster="control-a" {{
    retention "30d"
    storage "100Gi"
    address "lan" url="https://10.0.0.1:8427" zones="idc-1"
    rules "fleet"
}}
alertmanager "main" cluster="control-a" replicas=2 storage="1Gi" {{
    address "lan" url="http://10.0.0.9:9093" zones="idc-1"
    receiver "oncall" kind="webhook" secret="oncall"
}}
route "home" from="*" to="central"
"#
    ))
}

/// Where pods are, and their labels.
type Pods = (String, BTreeMap<String, String>);

fn pods(namespace: &str, labels: &[(&str, &str)]) -> Pods {
    (namespace.to_owned(), labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

/// The pods behind one end of an edge: of what the operator makes as it labels them, else of the
/// emitted template.
fn behind(plan: &ClusterPlan<'_>, objects: &[Value], peer: &Peer) -> Option<Pods> {
    let template = |unit: &str| {
        let of_unit = |o: &&Value| o["metadata"]["labels"]["watershed/unit"] == unit;
        let workload = objects.iter().filter(of_unit).find(|o| o["spec"]["template"].is_object())?;
        let labels = workload["spec"]["template"]["metadata"]["labels"].as_object()?;
        let labels: Vec<(&str, &str)> = labels.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap())).collect();
        Some(pods(workload["metadata"]["namespace"].as_str()?, &labels))
    };
    match peer {
        Peer::Lane(name) => Some(pods(
            "monitoring",
            &[
                ("app.kubernetes.io/instance", name),
                ("app.kubernetes.io/managed-by", "prometheus-operator"),
                ("app.kubernetes.io/name", "prometheus"),
                ("operator.prometheus.io/name", name),
                ("operator.prometheus.io/shard", "0"),
                ("prometheus", name),
            ],
        )),
        Peer::Alertmanager(name) => {
            let labels = [
                ("alertmanager", name.as_str()),
                ("app.kubernetes.io/instance", name),
                ("app.kubernetes.io/managed-by", "prometheus-operator"),
                ("app.kubernetes.io/name", "alertmanager"),
            ];
            Some(pods("monitoring", &labels))
        }
        // As the chart labels them.
        Peer::StoreRules(store) => {
            let instance = format!("{store}-alert");
            let labels = [
                ("app", "server"),
                ("app.kubernetes.io/instance", instance.as_str()),
                ("app.kubernetes.io/name", "victoria-metrics-alert"),
            ];
            Some(pods("vm", &labels))
        }
        Peer::Relay => template("relay"),
        Peer::Exporter(job) => template(&format!("exporter.{job}")),
        Peer::Reader(name) => {
            let reader = plan.readers.iter().find(|r| r.reader.name == *name)?;
            let labels: Vec<(&str, &str)> =
                reader.reader.labels.iter().map(|(k, v)| (k.as_str(), v.value.as_str())).collect();
            Some(pods(&reader.namespace, &labels))
        }
        _ => None,
    }
}

fn matches(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    let wanted = selector["matchLabels"].as_object().expect("labels");
    assert!(!wanted.is_empty());
    wanted.iter().all(|(k, v)| labels.get(k).map(String::as_str) == v.as_str())
}

/// As a network plugin decides: pods that no policy selects admit everybody, others what any rule of
/// their policies lets in.
fn admits(objects: &[Value], from: &Pods, to: &Pods, port: Option<u64>) -> bool {
    let policies = objects.iter().filter(|o| o["kind"] == "NetworkPolicy");
    let own = policies.filter(|p| p["metadata"]["namespace"] == *to.0 && matches(&p["spec"]["podSelector"], &to.1));
    let own: Vec<&Value> = own.collect();
    let rules = || own.iter().flat_map(|p| p["spec"]["ingress"].as_array().into_iter().flatten());
    let peer = |p: &Value| {
        let namespace = BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), from.0.clone())]);
        matches(&p["namespaceSelector"], &namespace)
            && (p["podSelector"].is_null() || matches(&p["podSelector"], &from.1))
    };
    own.is_empty()
        || rules().any(|rule| {
            let from = rule["from"].as_array().is_none_or(|peers| peers.iter().any(&peer));
            let ports = rule["ports"].as_array();
            from && ports.is_none_or(|all| all.iter().any(|p| port.is_some() && p["port"].as_u64() == port))
        })
}

fn number(edge: &Edge) -> Option<u64> {
    edge.port.as_deref()?.parse().ok()
}

#[test]
fn every_planned_connection_is_let_in_and_no_other() {
    for cluster in ["", "prometheus \"system\" replicas=2", "job \"kube-state-metrics\" critical=#true"] {
        let world = world("enforce", cluster);
        let plan = world.sound("edge-1");
        let objects = emitted(&world, &plan);
        let (mut walked, mut closed) = (0, 0);
        for edge in &plan.edges {
            let ends = (behind(&plan, &objects, &edge.from), behind(&plan, &objects, &edge.to));
            let (Some(from), Some(to)) = ends else { continue };
            assert!(admits(&objects, &from, &to, number(edge)), "{edge:?}");
            walked += 1;
            // Somebody beside the one who is let in: another pod there, and the same pod elsewhere.
            let host = plan.exporters.iter().any(|e| e.host_network && edge.to == Peer::Exporter(e.job.clone()));
            let stranger = (from.0.clone(), BTreeMap::from([("app".to_owned(), "stranger".to_owned())]));
            let elsewhere = ("default".to_owned(), from.1.clone());
            let whole_namespace = from.1.is_empty();
            assert!(host || whole_namespace || !admits(&objects, &stranger, &to, number(edge)), "{edge:?}");
            assert!(host || !admits(&objects, &elsewhere, &to, number(edge)), "{edge:?}");
            closed += usize::from(!host);
        }
        assert!(walked >= 10 && closed >= 8, "{walked} {closed} {:#?}", plan.edges);
    }
}

#[test]
fn alertmanagers_and_rules_of_stores_are_listed_and_let_in() {
    let world = world("enforce", "");
    let plan = world.sound("control-a");
    let objects = emitted(&world, &plan);
    let ours = Peer::Alertmanager("main".to_owned());
    let (lane, rules) = (Peer::Lane("user".to_owned()), Peer::StoreRules("central".to_owned()));
    let listed = |from: &Peer, to: &Peer, port: Option<&str>| {
        plan.edges.iter().any(|e| e.from == *from && e.to == *to && e.port.as_deref() == port)
    };
    assert!(listed(&lane, &ours, Some("9093")) && listed(&rules, &ours, Some("9093")), "{:#?}", plan.edges);
    // Of members, over its address; of its other replica, over TCP and UDP.
    assert!(listed(&Peer::Anybody, &ours, Some("9093")) && listed(&ours, &ours, None));
    let receiver = Peer::Receiver { alertmanager: "main".to_owned(), name: "oncall".to_owned() };
    assert!(listed(&ours, &receiver, None));
    let url = |to: &Peer| matches!(to, Peer::Url(url) if url.contains(".vm.svc"));
    assert_eq!(plan.edges.iter().filter(|e| e.from == rules && url(&e.to)).count(), 2);

    let to = behind(&plan, &objects, &ours).expect("pods");
    let from = |peer: &Peer| behind(&plan, &objects, peer).expect("pods");
    for peer in [&lane, &rules, &ours] {
        assert!(admits(&objects, &from(peer), &to, Some(9093)), "{peer:?}");
    }
    assert!(admits(&objects, &from(&ours), &to, None), "replicas find each other");
    // Exposed is the API, not the mesh nor the reloader.
    let stranger = pods("default", &[("app", "stranger")]);
    assert!(!admits(&objects, &stranger, &to, Some(9094)) && !admits(&objects, &stranger, &to, Some(8080)));
}

#[test]
fn pods_in_the_network_of_their_host_get_no_policy() {
    let world = world("enforce", "");
    let plan = world.sound("edge-1");
    let objects = emitted(&world, &plan);
    for exporter in &plan.exporters {
        let unit = format!("exporter.{}", exporter.job);
        let own = |o: &&Value| o["metadata"]["labels"]["watershed/unit"] == *unit;
        let workload = objects.iter().filter(own).find(|o| o["spec"]["template"].is_object()).expect("a workload");
        let host = workload["spec"]["template"]["spec"]["hostNetwork"] == true;
        assert_eq!(exporter.host_network, host, "{}: the entry and its template disagree", exporter.job);
        let policies = objects.iter().filter(own).filter(|o| o["kind"] == "NetworkPolicy").count();
        assert_eq!(policies, usize::from(!host), "{}", exporter.job);
    }
}

#[test]
fn what_is_listed_names_targets_stores_and_readers() {
    let world = world("report", "");
    let plan = world.sound("edge-1");
    let has = |from: &Peer, to: &Peer, port: Option<&str>| {
        plan.edges.iter().any(|e| e.from == *from && e.to == *to && e.port.as_deref() == port)
    };
    let lane = |name: &str| Peer::Lane(name.to_owned());
    assert!(has(&lane("user"), &Peer::Exporter("node-exporter".to_owned()), None));
    // The owner of the Prometheis' own metrics scrapes them and their reloaders.
    for port in ["8080", "9090"] {
        assert!(has(&lane("system"), &lane("user"), Some(port)), "{:#?}", plan.edges);
    }
    assert!(has(&lane("user"), &Peer::Relay, Some("8429")));
    // By a job of the spec's own.
    assert!(has(&lane("system"), &Peer::Relay, Some("8429")));
    assert!(has(&lane("user"), &Peer::ApiServer, None));
    assert!(has(&Peer::Reader("batch".to_owned()), &lane("user"), Some("9090")));
    let stores: Vec<_> = plan.edges.iter().filter(|e| e.from == Peer::Relay).collect();
    assert!(matches!(&stores[..], [Edge { to: Peer::Url(url), .. }] if url.starts_with("https://10.0.0.1:8427/")));
    let critical = self::world("report", "job \"kube-state-metrics\" critical=#true");
    let scraped = Peer::Exporter("kube-state-metrics".to_owned());
    let critical = critical.sound("edge-1");
    assert!(critical.edges.iter().any(|e| e.from == Peer::Relay && e.to == scraped));
    assert!(critical.edges.iter().any(|e| e.from == Peer::Relay && e.to == Peer::ApiServer));
    assert!(!has(&Peer::Relay, &Peer::ApiServer, None));
    assert!(plan.policies.is_empty());
    assert!(emitted(&world, &plan).iter().all(|o| o["kind"] != "NetworkPolicy"));
    assert!(self::world("off", "").sound("edge-1").edges.is_empty());
}
