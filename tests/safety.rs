//! What every output holds to, whatever the spec: nothing outside our namespaces, no selector that
//! selects everything, no Prometheus without bounds. Held over the examples, and over specs that ask
//! for what the examples leave out.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::library::{Files, build, files};

/// Two Prometheis and everything that can be asked for, on a cluster that runs something already, on
/// an old one and on a new one.
const SPEC: &str = r#"
fleet "lab" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    alerts "platform"
    prometheus "user" {
        jobs "node-exporter" "kube-state-metrics"
        retention "7d"
        storage "50Gi"
        replicas 2
    }
    prometheus "system" {
        rest
        retention "2d"
        storage "20Gi"
    }
    prometheus "fast" {
        jobs "node-exporter/network"
        retention "1d"
        storage "20Gi"
    }
    job "node-exporter" { class "network" interval="1s" }
    job "kubernetes-pods" { discover "annotations" { namespace "apps" } }
    network-policies "enforce"
    reader "resource-manager" reads="user" namespace="platform"
    reader "grafana" reads="user system fast"
    survive "12h"
}
alertmanager "platform" service="monitoring/alertmanager-main"
cluster "new" nodes=3 pods=90 gpus-per-node=8 {
    prometheus "user" { expose "ingress" host="prometheus.example.com" class="nginx" }
    grafana "operator" { labels dashboards="grafana" }
}
cluster "strict" nodes=3 pods=90 {
    rbac "namespaced"
    exporters "watershed" namespace="exporters"
    job "prometheus-operator" { discover "service" { namespace "operators" } }
}
cluster "based" nodes=3 pods=90 {
    base "kube-prometheus"
    namespace "watershed"
    grafana "sidecar"
}
cluster "old" nodes=3 pods=90 {
    versions kubernetes="1.25" operator="0.68.0" prometheus="2.41.0"
    job "kubernetes-pods" disabled=#true
    prometheus "user" { expose "node-port" port=30090 }
}
store "central" kind="victoriametrics-cluster" cluster="new" {
    retention "90d"
    storage "100Gi"
    basic-auth secret="central-write"
    address "public" url="https://metrics.example.com"
}
route "home" from="*" to="central"
"#;

/// The objects of each cluster, `fleet/cluster`.
fn clusters() -> BTreeMap<String, Vec<Value>> {
    let mut all = files("output");
    all.extend(build(&Files::from([("fleet.kdl".to_owned(), SPEC.as_bytes().to_vec())]), "fleet.kdl"));
    let mut out: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (path, bytes) in all.iter().filter(|(p, _)| p.ends_with(".yaml") && !p.contains("/helm/")) {
        let cluster = path.split('/').take(2).collect::<Vec<_>>().join("/");
        for document in serde_yaml::Deserializer::from_slice(bytes) {
            let object: Value = serde::Deserialize::deserialize(document).unwrap_or_else(|e| panic!("{path}: {e}"));
            let of_kubernetes = object["metadata"]["name"].is_string();
            if of_kubernetes {
                out.entry(cluster.clone()).or_default().push(object);
            }
        }
    }
    assert!(out.len() >= 8, "{:?}", out.keys());
    out
}

fn text<'v>(object: &'v Value, path: &[&str]) -> &'v str {
    path.iter().fold(object, |v, key| &v[*key]).as_str().unwrap_or("")
}

fn kind(object: &Value) -> &str {
    text(object, &["kind"])
}

fn id(object: &Value) -> String {
    let meta = |key| text(object, &["metadata", key]);
    format!("{} {}/{}", kind(object), meta("namespace"), meta("name"))
}

fn of_kind<'o>(objects: &'o [Value], wanted: &'o str) -> impl Iterator<Item = &'o Value> {
    objects.iter().filter(move |o| kind(o) == wanted)
}

#[test]
fn nothing_stands_outside_of_our_namespaces_but_what_was_asked_for() {
    let clusters = clusters();
    let mut roles = 0;
    for (cluster, objects) in &clusters {
        // A base's namespace that a cluster says its objects live in is not made a second time.
        let shared = of_kind(objects, "Prometheus").map(|p| text(p, &["metadata", "namespace"]));
        let made = of_kind(objects, "Namespace").map(|n| text(n, &["metadata", "name"]));
        let made: Vec<&str> = made.chain(shared).collect();
        for object in objects {
            let namespace = text(object, &["metadata", "namespace"]);
            if namespace.is_empty() {
                let wide = ["Namespace", "ClusterRole", "ClusterRoleBinding"];
                assert!(wide.contains(&kind(object)), "{cluster}: {} is in no namespace", id(object));
            } else if namespace == "platform" {
                // The namespace that a reader of the spec names: what it is to read stands there.
                assert!(kind(object) == "ConfigMap", "{cluster}: {}", id(object));
            } else if !made.contains(&namespace) {
                // Roles in the namespaces that are discovered, by `rbac "namespaced"` alone.
                assert!(cluster == "lab/strict", "{cluster}: {} is in a namespace of somebody else", id(object));
                assert!(matches!(kind(object), "Role" | "RoleBinding"), "{cluster}: {}", id(object));
                roles += 1;
            }
        }
    }
    assert!(roles > 4, "{roles} Roles in other namespaces");
}

#[test]
fn no_selector_selects_everything() {
    fn check(value: &Value, at: &str, selectors: &mut usize) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    let at = format!("{at}.{key}");
                    if key == "selector" || key.ends_with("Selector") && key != "nodeSelector" {
                        *selectors += 1;
                        // Any namespace, with the labels of a selector beside it.
                        if inner["any"] == true {
                            assert!(key == "namespaceSelector", "{at}");
                            continue;
                        }
                        let empty = |v: &Value| v.as_object().is_some_and(serde_json::Map::is_empty);
                        assert!(
                            !inner.is_null() && !empty(inner) && !empty(&inner["matchLabels"]),
                            "{at} selects everything"
                        );
                        let names = &inner["matchNames"];
                        assert!(names.is_null() || names.as_array().is_some_and(|n| !n.is_empty()), "{at}");
                    }
                    check(inner, &at, selectors);
                }
            }
            Value::Array(items) => items.iter().for_each(|i| check(i, at, selectors)),
            _ => {}
        }
    }
    let mut selectors = 0;
    for (cluster, objects) in &clusters() {
        objects.iter().for_each(|o| check(o, &format!("{cluster}: {}", id(o)), &mut selectors));
    }
    assert!(selectors > 200, "{selectors} selectors");
}

#[test]
fn every_monitor_is_selected_by_exactly_one_prometheus() {
    const KINDS: [(&str, &str); 5] = [
        ("ServiceMonitor", "serviceMonitor"),
        ("PodMonitor", "podMonitor"),
        ("Probe", "probe"),
        ("ScrapeConfig", "scrapeConfig"),
        ("PrometheusRule", "rule"),
    ];
    let mut seen = 0;
    for (cluster, objects) in &clusters() {
        for (monitor, selector) in KINDS {
            for object in of_kind(objects, monitor) {
                let labels = object["metadata"]["labels"].as_object().unwrap();
                let takes = |prometheus: &&Value| {
                    // Without a selector of namespaces it looks in its own only.
                    let spec = &prometheus["spec"];
                    let all = spec[format!("{selector}Selector")]["matchLabels"].as_object().unwrap();
                    let same = prometheus["metadata"]["namespace"] == object["metadata"]["namespace"];
                    assert!(spec[format!("{selector}NamespaceSelector")].is_null(), "{cluster}");
                    same && all.iter().all(|(k, v)| labels.get(k) == Some(v))
                };
                let by = of_kind(objects, "Prometheus").filter(takes).count();
                assert_eq!(by, 1, "{cluster}: {} is selected by {by}", id(object));
                seen += 1;
            }
        }
    }
    assert!(seen > 80, "{seen} monitors");
}

/// Where the operator can be told, which it can from 0.81 on.
#[test]
fn two_prometheis_of_one_namespace_have_governing_services_of_their_own() {
    for (cluster, objects) in &clusters() {
        let mut governing: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for prometheus in of_kind(objects, "Prometheus") {
            let (namespace, name) =
                (text(prometheus, &["metadata", "namespace"]), text(prometheus, &["metadata", "name"]));
            let service = text(prometheus, &["spec", "serviceName"]);
            if ["lab/old", "hero/legacy-1"].contains(&cluster.as_str()) {
                assert!(service.is_empty(), "{cluster}: operator 0.68 knows no serviceName");
                continue;
            }
            let other = governing.insert((namespace, service), name);
            assert!(other.is_none(), "{cluster}: {name} and {other:?} share the Service {service:?}");
            let found = of_kind(objects, "Service").find(|s| text(s, &["metadata", "name"]) == service);
            let found = found.unwrap_or_else(|| panic!("{cluster}: no Service {service:?} for {name}"));
            assert_eq!(text(found, &["spec", "clusterIP"]), "None", "{cluster}");
            assert_eq!(text(found, &["spec", "selector", "operator.prometheus.io/name"]), name, "{cluster}");
        }
    }
}

#[test]
fn every_prometheus_has_bounds_and_none_on_its_cpu() {
    let mut seen = 0;
    for (cluster, objects) in &clusters() {
        for prometheus in of_kind(objects, "Prometheus") {
            let (spec, of) = (&prometheus["spec"], format!("{cluster}: {}", id(prometheus)));
            assert!(spec["retentionSize"].is_string(), "{of} may fill its volume");
            for limit in ["maxConcurrency", "maxSamples"] {
                assert!(spec["query"][limit].as_u64().is_some_and(|n| n > 0), "{of}: no {limit}");
            }
            assert!(spec["query"]["timeout"].is_string(), "{of}");
            for request in ["cpu", "memory"] {
                assert!(spec["resources"]["requests"][request].is_string(), "{of} asks for no {request}");
            }
            assert!(spec["resources"]["limits"]["cpu"].is_null(), "{of} is slowed down by a limit");
            assert!(spec["storage"]["volumeClaimTemplate"].is_object(), "{of} keeps nothing");
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen} Prometheis");
}

/// The containers of relays and exporters: a limit on CPU makes gaps in what is taken every second.
#[test]
fn no_workload_of_ours_has_a_limit_on_its_cpu() {
    let mut seen = 0;
    for (cluster, objects) in &clusters() {
        for object in objects {
            let containers = object["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten();
            for container in containers {
                let of = format!("{cluster}: {} {}", id(object), text(container, &["name"]));
                assert!(container["resources"]["limits"]["cpu"].is_null(), "{of}");
                if text(container, &["name"]) != "config-reloader" {
                    assert!(container["resources"]["requests"]["cpu"].is_string(), "{of} asks for no cpu");
                    assert!(container["resources"]["requests"]["memory"].is_string(), "{of} asks for no memory");
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 15, "{seen} containers");
}

#[test]
fn no_object_is_one_that_must_never_be_deleted_with_us() {
    for (cluster, objects) in &clusters() {
        for object in objects {
            let never = ["CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume", "Secret"];
            assert!(!never.contains(&kind(object)), "{cluster}: {}", id(object));
        }
    }
}
