//! What is checked in under `output/`, as Prometheus, the relay and the operator would run it: every
//! series of a shared member reaches exactly the stores that own it. The rules are read from the
//! files; nothing of the plan is known here.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use watershed::relabel::regex::Cache;
use watershed::relabel::stages::{self, Job, Target};
use watershed::relabel::{Action, Chain, Dialect, Labels, Outcome, Rule, ServiceMonitor, Written};

use crate::support::read;

const MEMBER: &str = "output/shared-member/pool-1";

/// Series as they leave a Prometheus of the member: labels, and the stores they have to reach.
const SERIES: &[(&str, &[&str])] = &[
    // A tenant's own, whatever measured them.
    (
        "__name__=container_memory_working_set_bytes job=kubelet metrics_path=/metrics/cadvisor namespace=hero-user-a pod=x",
        &["plane-a"],
    ),
    (
        "__name__=container_memory_working_set_bytes job=kubelet metrics_path=/metrics/cadvisor namespace=hero-user-b pod=x",
        &["plane-b"],
    ),
    ("__name__=kube_pod_info job=kube-state-metrics namespace=hero-user-a pod=x", &["plane-a"]),
    ("__name__=kube_pod_info job=kube-state-metrics namespace=hero-user-b pod=x", &["plane-b"]),
    ("__name__=DCGM_FI_DEV_GPU_UTIL job=dcgm-exporter namespace=hero-user-a pod=x gpu=3", &["plane-a"]),
    ("__name__=DCGM_FI_DEV_GPU_UTIL job=dcgm-exporter namespace=hero-user-b pod=x gpu=3", &["plane-b"]),
    ("__name__=http_requests_total job=kubernetes-pods namespace=hero-user-a pod=x", &["plane-a"]),
    ("__name__=http_requests_total job=kubernetes-pods namespace=hero-user-b pod=x", &["plane-b"]),
    ("__name__=kubelet_volume_stats_used_bytes job=kubelet metrics_path=/metrics namespace=hero-user-b", &["plane-b"]),
    // Shared namespaces go to both.
    ("__name__=kube_pod_info job=kube-state-metrics namespace=kube-system pod=x", &["plane-a", "plane-b"]),
    (
        "__name__=container_cpu_usage_seconds_total job=kubelet metrics_path=/metrics/cadvisor namespace=monitoring pod=x",
        &["plane-a", "plane-b"],
    ),
    // What belongs to no namespace goes to both, whatever namespace its exporter runs in.
    ("__name__=node_load1 job=node-exporter namespace=monitoring node=n1", &["plane-a", "plane-b"]),
    ("__name__=node_load1 job=node-exporter namespace=hero-user-a node=n1", &["plane-a", "plane-b"]),
    ("__name__=node_load1 job=node-exporter node=n1", &["plane-a", "plane-b"]),
    ("__name__=kube_node_info job=kube-state-metrics node=n1", &["plane-a", "plane-b"]),
    ("__name__=kubelet_running_pods job=kubelet metrics_path=/metrics node=n1", &["plane-a", "plane-b"]),
    (
        "__name__=container_cpu_usage_seconds_total job=kubelet metrics_path=/metrics/cadvisor id=/",
        &["plane-a", "plane-b"],
    ),
    ("__name__=DCGM_FI_DEV_GPU_UTIL job=dcgm-exporter gpu=3", &["plane-a", "plane-b"]),
    ("__name__=prometheus_tsdb_head_series job=prometheus-user namespace=monitoring", &["plane-a", "plane-b"]),
    ("__name__=up job=kube-state-metrics namespace=monitoring", &["plane-a", "plane-b"]),
    ("__name__=up job=node-exporter namespace=monitoring", &["plane-a", "plane-b"]),
    // Namespaces nobody owns stay: also those that begin or end like an owned one.
    ("__name__=kube_pod_info job=kube-state-metrics namespace=stranger pod=x", &[]),
    ("__name__=kube_pod_info job=kube-state-metrics namespace=hero-user-a2 pod=x", &[]),
    ("__name__=kube_pod_info job=kube-state-metrics namespace=my-hero-user-a pod=x", &[]),
    ("__name__=DCGM_FI_DEV_GPU_UTIL job=dcgm-exporter namespace=stranger pod=x", &[]),
    ("__name__=http_requests_total job=kubernetes-pods namespace=stranger pod=x", &[]),
];

/// Labels that a pod adds to a series of its own to be taken for another's: those that the rules decide by.
/// Prometheus stores and sends them as they are exposed.
const FORGED: &[&str] = &[
    "",
    "__tmp_watershed=1",
    "__tmp_watershed=0",
    "__tmp_watershed=1 __tmp_watershed_copy=1",
    "__tmp_watershed_copy=1",
];

#[test]
fn every_series_of_the_shared_member_reaches_exactly_its_stores() {
    let relay = Relay::of(MEMBER);
    let senders = ["user", "system"].map(|lane| remote_write(MEMBER, lane));
    let mut wrong = Vec::new();
    for (series, expected) in SERIES {
        for (lane, writes) in ["user", "system"].iter().zip(&senders) {
            let [(name, sent)] = &writes[..] else { panic!("{lane} writes to {} places", writes.len()) };
            assert_eq!(name, "relay");
            let plain = labels(&format!("{series} cluster=pool-1 prometheus=monitoring/{lane}"));
            for forged in FORGED {
                let mut labels = plain.clone();
                pairs(forged).for_each(|(name, value)| labels.set(name, value));
                labels.settle();
                let mut reached = BTreeSet::new();
                if sent.apply(&mut labels) == Outcome::Kept {
                    reached = relay.send(&labels, &plain);
                }
                if !reached.iter().map(String::as_str).eq(expected.iter().copied()) {
                    wrong.push(format!("{series} {forged} from {lane}: reaches {reached:?}, not {expected:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The control planes write all they have to their own store.
#[test]
fn a_control_plane_writes_everything_to_its_own_store() {
    for (cluster, store) in [("control-a", "plane-a"), ("control-b", "plane-b")] {
        for lane in ["user", "system"] {
            let writes = remote_write(&format!("output/shared-member/{cluster}"), lane);
            let names: Vec<&str> = writes.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, [store], "{cluster}/{lane}");
            for (series, _) in SERIES {
                let mut labels = labels(&format!("{series} cluster={cluster}"));
                let before = labels.clone();
                assert_eq!(writes[0].1.apply(&mut labels), Outcome::Kept, "{series}");
                assert_eq!(labels.to_string(), before.to_string(), "{series}");
            }
        }
    }
}

/// Of a card that a pod holds, the series carry the pod's namespace, not that of the exporter; of an
/// idle card, none. As the operator makes the scrape config and Prometheus merges labels.
#[test]
fn series_of_gpus_follow_the_namespace_of_the_pod_that_holds_them() {
    let monitor = yaml(&format!("{MEMBER}/40-monitors/servicemonitor-dcgm-exporter.yaml"));
    let endpoint = &monitor["spec"]["endpoints"][0];
    assert_eq!(monitor["spec"]["endpoints"].as_array().unwrap().len(), 1);
    let relabelings = rules(&endpoint["relabelings"]);
    // The selector is the operator's role here: the target is one that it has found.
    let made = ServiceMonitor { role_selector: true, relabelings, ..ServiceMonitor::default() };
    let chain = compile(&made.rules(), Dialect::PROMETHEUS3, Written::CustomResource);
    let found = labels(
        "__address__=10.0.0.1:9400 __meta_kubernetes_namespace=monitoring __meta_kubernetes_service_name=dcgm-exporter \
         __meta_kubernetes_pod_name=dcgm-exporter-x7k2p __meta_kubernetes_pod_container_name=dcgm-exporter \
         __meta_kubernetes_pod_node_name=n1 __meta_kubernetes_pod_phase=Running",
    );
    let job = Job {
        job_name: "serviceMonitor/monitoring/dcgm-exporter/0",
        scheme: "http",
        metrics_path: "/metrics",
        scrape_interval: "15s",
        scrape_timeout: "10s",
        params: &[],
    };
    let Target::Kept(target) = stages::target(&found, &job, &chain) else { panic!("the target is dropped") };
    let honor = endpoint["honorLabels"] == Value::Bool(true);
    let relay = Relay::of(MEMBER);
    for (exposed, expected) in [
        ("__name__=DCGM_FI_DEV_GPU_UTIL gpu=3 namespace=hero-user-a pod=train-0 container=main", vec!["plane-a"]),
        ("__name__=DCGM_FI_DEV_GPU_UTIL gpu=3 namespace=hero-user-b pod=train-0 container=main", vec!["plane-b"]),
        ("__name__=DCGM_FI_DEV_GPU_UTIL gpu=3 namespace=stranger pod=train-0 container=main", vec![]),
        ("__name__=DCGM_FI_DEV_GPU_UTIL gpu=3", vec!["plane-a", "plane-b"]),
    ] {
        let page: Vec<(Arc<str>, Arc<str>)> = pairs(exposed).map(|(k, v)| (k.into(), v.into())).collect();
        let mut series = stages::merged(&page, &target, honor, Dialect::PROMETHEUS3);
        series.set("cluster", "pool-1");
        series.settle();
        assert_eq!(series.get("node"), "n1", "{series}");
        let reached = relay.send(&series, &series.clone());
        assert!(reached.iter().map(String::as_str).eq(expected.iter().copied()), "{exposed}: {series}: {reached:?}");
    }
}

/// The rules of each URL of a member's relay, in the order of the URLs.
struct Relay {
    urls: Vec<(String, Chain)>,
}

impl Relay {
    fn of(cluster: &str) -> Self {
        let config = yaml(&format!("{cluster}/20-prometheus/configmap-relay-relabel.yaml"));
        let workload = yaml(&format!("{cluster}/20-prometheus/statefulset-relay.yaml"));
        let args = workload["spec"]["template"]["spec"]["containers"][0]["args"].as_array().unwrap();
        let given = |flag: &str| -> Vec<&str> {
            args.iter().filter_map(|a| a.as_str()?.strip_prefix(&format!("-remoteWrite.{flag}="))).collect()
        };
        let (urls, files) = (given("url"), given("urlRelabelConfig"));
        assert_eq!(urls.len(), files.len());
        let stores = [("https://metrics.a.example.com/", "plane-a"), ("https://metrics.b.example.com/", "plane-b")];
        let of = |(url, file): (&&str, &&str)| {
            let (_, store) = stores.iter().find(|(base, _)| url.starts_with(base)).unwrap();
            let text = config["data"][file.rsplit('/').next().unwrap()].as_str().unwrap();
            let rules = rules(&document(text));
            assert!(!rules.is_empty());
            ((*store).to_owned(), compile(&rules, Dialect::Vmagent, Written::File))
        };
        Relay { urls: urls.iter().zip(&files).map(of).collect() }
    }

    /// The stores a series reaches; it must arrive with the labels it left with.
    fn send(&self, labels: &Labels, before: &Labels) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        for (store, chain) in &self.urls {
            let mut own = labels.clone();
            if chain.apply(&mut own) == Outcome::Kept {
                assert_eq!(own.to_string(), before.to_string(), "labels were changed on the way to {store}");
                reached.insert(store.clone());
            }
        }
        reached
    }
}

/// The remote writes of a Prometheus: names and rules.
fn remote_write(cluster: &str, lane: &str) -> Vec<(String, Chain)> {
    let prometheus = yaml(&format!("{cluster}/20-prometheus/prometheus-{lane}.yaml"));
    let writes = prometheus["spec"]["remoteWrite"].as_array().cloned().unwrap_or_default();
    let chain = |w: &Value| compile(&rules(&w["writeRelabelConfigs"]), Dialect::PROMETHEUS3, Written::CustomResource);
    writes.iter().map(|w| (w["name"].as_str().unwrap().to_owned(), chain(w))).collect()
}

fn compile(rules: &[Rule], dialect: Dialect, written: Written) -> Chain {
    Chain::compile(rules, dialect, written, &Cache::default()).unwrap_or_else(|e| panic!("{e:?}"))
}

/// Rules in the operator's spelling or the relay's own.
fn rules(list: &Value) -> Vec<Rule> {
    list.as_array().map_or(&[][..], Vec::as_slice).iter().map(rule).collect()
}

fn rule(written: &Value) -> Rule {
    let map = written.as_object().unwrap();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let mut rule = Rule::default();
    for (key, value) in map {
        match key.as_str() {
            "sourceLabels" | "source_labels" => {
                rule.source_labels = value.as_array().unwrap().iter().map(text).collect()
            }
            "targetLabel" | "target_label" => rule.target_label = Some(text(value)),
            "regex" => rule.regex = Some(text(value)),
            "separator" => rule.separator = Some(text(value)),
            "replacement" => rule.replacement = Some(text(value)),
            "if" => {
                rule.condition = value.as_array().map_or_else(|| vec![text(value)], |l| l.iter().map(text).collect())
            }
            "action" => {
                rule.action = Some(match text(value).to_ascii_lowercase().as_str() {
                    "replace" => Action::Replace,
                    "keep" => Action::Keep,
                    "drop" => Action::Drop,
                    "labeldrop" => Action::LabelDrop,
                    "labelkeep" => Action::LabelKeep,
                    "labelmap" => Action::LabelMap,
                    other => panic!("this test does not know the action {other}"),
                });
            }
            other => panic!("this test does not know the field {other}"),
        }
    }
    rule
}

fn labels(text: &str) -> Labels {
    let mut labels = Labels::new();
    for (name, value) in pairs(text) {
        labels.set(name, value);
    }
    labels.settle();
    labels
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_whitespace().map(|pair| pair.split_once('=').unwrap())
}

fn yaml(path: &str) -> Value {
    document(&read(path))
}

fn document(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}
