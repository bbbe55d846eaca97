//! Pods that ask by annotation, beside jobs that find pods by label: nobody is left to a job that does not scrape it.

use super::{World, monitor};
use crate::relabel::regex::Cache;
use crate::relabel::stages::{self, Job, Target};
use crate::relabel::{Chain, Dialect, Labels, Written};

const OWN: &str = r#"discover "pod" namespace="train" port="metrics" { labels app="train" }"#;

fn world(job: &str) -> World {
    World::of(&format!(
        r#"
fleet "lab" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "all" {{ rest; retention "7d"; storage "100Gi" }}
    job "train" series=100 {{ {job} }}
}}
cluster "lab" nodes=2 pods=60
"#
    ))
}

/// What discovery by annotations scrapes of a pod with these ports and the port its annotation names.
fn asked_at(world: &World, labels: &[(&str, &str)], ports: &[(&str, &str)], annotated: &str) -> Vec<String> {
    let (plan, _) = world.plan("lab");
    let endpoint = &monitor(&plan, "kubernetes-pods").endpoints[0];
    let dialect = Dialect::Prometheus3 { minor: 13, names: crate::relabel::Names::Utf8 };
    let chain = Chain::compile(&endpoint.relabelings, dialect, Written::File, &Cache::default()).expect("rules");
    let job = Job {
        job_name: "x",
        scheme: "http",
        metrics_path: "/metrics",
        scrape_interval: "15s",
        scrape_timeout: "10s",
        params: &[],
    };
    let mut out: Vec<String> = Vec::new();
    for (name, number) in ports {
        let mut found = Labels::new();
        let mut meta = |name: &str, value: &str| found.set(format!("__meta_kubernetes_{name}"), value);
        meta("namespace", "train");
        meta("pod_name", "train-1");
        meta("pod_ip", "10.0.0.1");
        meta("pod_phase", "Running");
        meta("pod_annotation_prometheus_io_scrape", "true");
        meta("pod_annotation_prometheus_io_port", annotated);
        meta("pod_container_port_name", name);
        meta("pod_container_port_number", number);
        for (label, value) in labels {
            meta(&format!("pod_label_{label}"), value);
        }
        found.set("__address__", if number.is_empty() { "10.0.0.1".to_owned() } else { format!("10.0.0.1:{number}") });
        found.settle();
        if let Target::Kept(labels) = stages::target(&found, &job, &chain) {
            out.push(labels.get("__address__").to_owned());
        }
    }
    out.sort();
    // Alike in every label: one target.
    out.dedup();
    out
}

#[test]
fn a_pod_is_left_to_a_job_that_asks_for_a_port_by_name_only_where_it_declares_that() {
    let world = world(OWN);
    let of = |ports: &[(&str, &str)], annotated| asked_at(&world, &[("app", "train")], ports, annotated);
    // The same page: the job has it.
    assert_eq!(of(&[("metrics", "9090")], "9090"), [""; 0]);
    assert_eq!(of(&[("http", "8080"), ("metrics", "9090")], "9090"), [""; 0]);
    // It declares no port of that name: the job's monitor never has it as a target.
    assert_eq!(of(&[("http", "8080")], "8080"), ["10.0.0.1:8080"]);
    assert_eq!(of(&[("http", "8080"), ("grpc", "9000")], "8080"), ["10.0.0.1:8080"]);
    // Nothing is annotated but that it asks: each port it declares is a page of its own.
    assert_eq!(of(&[("http", "8080"), ("metrics", "9090")], ""), ["10.0.0.1:8080"]);
    // What is no number names no port.
    assert_eq!(of(&[("http", "8080")], "web"), ["10.0.0.1:8080"]);
    // Others are not touched, whatever their ports are called.
    assert_eq!(asked_at(&world, &[("app", "web")], &[("metrics", "9090")], "9090"), ["10.0.0.1:9090"]);
    assert_eq!(asked_at(&world, &[("app", "web")], &[("", "")], "9090"), ["10.0.0.1:9090"]);
    assert_eq!(asked_at(&world, &[("app", "web")], &[("http", "8080")], "web"), ["10.0.0.1:8080"]);
}

#[test]
fn a_pod_is_left_to_a_job_that_asks_for_a_port_by_number() {
    // Every such pod is a target there, declared or not.
    let world = world(&OWN.replace("metrics", "9090"));
    assert_eq!(asked_at(&world, &[("app", "train")], &[("http", "8080")], "9090"), [""; 0]);
    assert_eq!(asked_at(&world, &[("app", "train")], &[("", "")], "9090"), [""; 0]);
}

#[test]
fn pods_that_nobody_may_scrape_are_told() {
    let told = |job: &str| {
        let world = world(job);
        let (plan, _) = world.plan("lab");
        plan.checklist.into_iter().filter(|c| c.starts_with("train: ")).collect::<Vec<_>>()
    };
    let found = told(OWN);
    assert!(matches!(&found[..], [one] if one.contains("app=train") && one.contains("`metrics`")), "{found:?}");
    assert_eq!(told(&OWN.replace("metrics", "9090")), [""; 0]);
    assert_eq!(told(&OWN.replace("\"pod\"", "\"service\"")), [""; 0]);
}

#[test]
fn a_job_by_annotations_keeps_the_pods_that_only_it_selects() {
    let both = r#"discover "annotations" namespace="train" { labels app="train" }
    }
    job "other" series=10 { discover "pod" namespace="train" port="metrics" { labels app="train" }"#;
    let (_, found) = world(both).plan("lab");
    assert!(found.iter().all(|d| d.code.id != "PLN901"), "{found:#?}");
}
