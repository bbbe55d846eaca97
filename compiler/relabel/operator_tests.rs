use super::*;
use crate::relabel::regex::Cache;
use crate::relabel::stages::{self, Job, Target};
use crate::relabel::{Chain, Dialect, Labels, Written};

const JOB: Job<'_> = Job {
    job_name: "serviceMonitor/monitoring/node-exporter/0",
    scheme: "http",
    metrics_path: "/metrics",
    scrape_interval: "15s",
    scrape_timeout: "10s",
    params: &[],
};

fn scrape(rules: &[Rule], found: &[(&str, &str)]) -> Result<String, String> {
    let chain = Chain::compile(rules, Dialect::PROMETHEUS2, Written::File, &Cache::new()).unwrap();
    let found: Labels = found.iter().copied().collect();
    match stages::target(&found, &JOB, &chain) {
        Target::Kept(target) => Ok(stages::attached(&target).to_string()),
        Target::Dropped { by } => Err(format!("{:?}", rules[by].source_labels)),
        Target::Refused(fault) => Err(format!("{fault:?}")),
    }
}

const ENDPOINT: [(&str, &str); 13] = [
    ("__address__", "10.0.0.1:9100"),
    ("__meta_kubernetes_namespace", "monitoring"),
    ("__meta_kubernetes_service_name", "node-exporter"),
    ("__meta_kubernetes_service_label_app_kubernetes_io_name", "node-exporter"),
    ("__meta_kubernetes_service_labelpresent_app_kubernetes_io_name", "true"),
    ("__meta_kubernetes_endpoint_port_name", "https"),
    ("__meta_kubernetes_endpoint_address_target_kind", "Pod"),
    ("__meta_kubernetes_endpoint_address_target_name", "node-exporter-x"),
    ("__meta_kubernetes_pod_name", "node-exporter-x"),
    ("__meta_kubernetes_pod_container_name", "kube-rbac-proxy"),
    ("__meta_kubernetes_pod_phase", "Running"),
    ("__meta_kubernetes_pod_node_name", "worker-1"),
    ("__meta_kubernetes_pod_label_team_a", "blue"),
];

fn monitor() -> ServiceMonitor {
    ServiceMonitor {
        selector: Selector {
            labels: vec![("app.kubernetes.io/name".into(), "node-exporter".into())],
            expressions: vec![Expression { key: "ignored".into(), operator: Operator::DoesNotExist }],
        },
        port: Some(Port::Name("https".into())),
        job_label: Some("app.kubernetes.io/name".into()),
        ..ServiceMonitor::default()
    }
}

fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    ENDPOINT.into_iter().filter(|(n, _)| *n != name).chain([(name, value)]).collect()
}

#[test]
fn a_service_monitor_gives_the_usual_labels() {
    assert_eq!(
        scrape(&monitor().rules(), &ENDPOINT).unwrap(),
        concat!(
            r#"{container="kube-rbac-proxy",endpoint="https",instance="10.0.0.1:9100",job="node-exporter","#,
            r#"namespace="monitoring",pod="node-exporter-x",service="node-exporter"}"#
        )
    );
}

#[test]
fn own_relabelings_come_behind_the_usual_labels_and_before_the_enforced_one() {
    let mut monitor = monitor();
    let source = "__meta_kubernetes_pod_node_name";
    monitor.pod_target_labels = vec!["team-a".into(), "missing".into()];
    monitor.relabelings = vec![
        Rule::new(Action::Replace).source([source]).target("instance"),
        Rule::new(Action::Replace).source(["pod"]).target("seen"),
        Rule::new(Action::Replace).target("namespace").replacement("forged"),
        Rule::new(Action::LabelDrop).regex("container|endpoint|service"),
    ];
    monitor.enforced = Some(Enforced { label: "namespace".into(), namespace: "hero".into() });
    assert_eq!(
        scrape(&monitor.rules(), &ENDPOINT).unwrap(),
        concat!(
            r#"{instance="worker-1",job="node-exporter",namespace="hero",pod="node-exporter-x","#,
            r#"seen="node-exporter-x",team_a="blue"}"#
        )
    );
}

#[test]
fn other_services_ports_and_finished_pods_are_dropped() {
    let rules = monitor().rules();
    let dropped = |name, value| scrape(&rules, &with(name, value)).unwrap_err();
    let label = "__meta_kubernetes_service_label_app_kubernetes_io_name";
    assert!(dropped(label, "node-exporter-2").contains("service_label_app"));
    assert!(dropped("__meta_kubernetes_service_labelpresent_ignored", "true").contains("ignored"));
    assert!(dropped("__meta_kubernetes_endpoint_port_name", "http").contains("port_name"));
    assert!(dropped("__meta_kubernetes_pod_phase", "Succeeded").contains("pod_phase"));
    let all = ServiceMonitor { all_phases: true, ..monitor() };
    assert!(scrape(&all.rules(), &with("__meta_kubernetes_pod_phase", "Succeeded")).is_ok());
    // The API server selects: no rule looks at the labels.
    let by_role = ServiceMonitor { role_selector: true, ..monitor() };
    assert!(scrape(&by_role.rules(), &with(label, "other")).is_ok());
}

#[test]
fn endpoint_slices_have_meta_labels_of_their_own() {
    let slices = ServiceMonitor { endpoint_slices: true, ..monitor() };
    assert!(scrape(&slices.rules(), &ENDPOINT).unwrap_err().contains("endpointslice_port_name"));
    let found: Vec<(String, &str)> =
        ENDPOINT.into_iter().map(|(name, value)| (name.replace("_endpoint_", "_endpointslice_"), value)).collect();
    let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(scrape(&slices.rules(), &found), scrape(&monitor().rules(), &ENDPOINT));
}

#[test]
fn a_target_that_is_a_node_gets_a_node_label() {
    let mut found = with("__meta_kubernetes_endpoint_address_target_kind", "Node");
    found.retain(|(name, _)| !name.starts_with("__meta_kubernetes_pod_"));
    let labels = scrape(&monitor().rules(), &found).unwrap();
    assert!(labels.contains(r#"node="node-exporter-x""#) && !labels.contains("pod="), "{labels}");
}

#[test]
fn each_target_belongs_to_one_shard() {
    let kept = |address: &'static str| -> Vec<u32> {
        let of = |shard| ServiceMonitor { sharding: Sharding { shards: 3, shard }, ..monitor() };
        (0..3).filter(|shard| scrape(&of(*shard).rules(), &with("__address__", address)).is_ok()).collect()
    };
    let shards: Vec<_> = ["10.0.0.1:9100", "10.0.0.2:9100", "10.0.0.3:9100", "10.0.0.4:9100"].map(kept).into();
    assert!(shards.iter().all(|shards| shards.len() == 1), "{shards:?}");
    assert!(shards.iter().any(|shard| *shard != shards[0]), "{shards:?}");
    let everywhere = ServiceMonitor {
        sharding: Sharding { shards: 3, shard: 2 },
        relabelings: vec![Rule::new(Action::Replace).target("__tmp_disable_sharding").replacement("1")],
        ..monitor()
    };
    assert!(scrape(&everywhere.rules(), &ENDPOINT).is_ok());
}

#[test]
fn a_pod_monitor_names_its_job_after_itself() {
    let monitor = PodMonitor {
        namespace: "hero".into(),
        name: "web".into(),
        selector: Selector {
            expressions: vec![Expression {
                key: "app".into(),
                operator: Operator::In(vec!["web".into(), "api".into()]),
            }],
            ..Selector::default()
        },
        port: Some(Port::Number(8080)),
        sharding: Some(Sharding::default()),
        ..PodMonitor::default()
    };
    let pod = [
        ("__address__", "10.0.0.7:8080"),
        ("__meta_kubernetes_namespace", "hero"),
        ("__meta_kubernetes_pod_name", "web-0"),
        ("__meta_kubernetes_pod_container_name", "web"),
        ("__meta_kubernetes_pod_container_port_number", "8080"),
        ("__meta_kubernetes_pod_label_app", "api"),
        ("__meta_kubernetes_pod_labelpresent_app", "true"),
    ];
    assert_eq!(
        scrape(&monitor.rules(), &pod).unwrap(),
        r#"{container="web",instance="10.0.0.7:8080",job="hero/web",namespace="hero",pod="web-0"}"#
    );
    let named = PodMonitor { job_label: Some("app".into()), port: None, ..monitor.clone() };
    assert!(scrape(&named.rules(), &pod).unwrap().contains(r#"job="api""#));
    let other = PodMonitor { port: Some(Port::Name("metrics".into())), ..monitor };
    assert!(scrape(&other.rules(), &pod).is_err());
}

#[test]
fn a_scrape_config_enforces_and_shards_less() {
    let enforced = Enforced { label: "namespace".into(), namespace: "hero".into() };
    let found = [("__address__", "h:1"), ("namespace", "sd")];
    let bare = ScrapeConfig { enforced: Some(enforced.clone()), ..ScrapeConfig::default() };
    assert!(scrape(&bare.rules(), &found).unwrap().contains(r#"namespace="sd""#));
    let named = ScrapeConfig {
        job_name: Some("static".into()),
        relabelings: vec![Rule::new(Action::Replace).target("a").replacement("b")],
        ..bare
    };
    assert_eq!(scrape(&named.rules(), &found).unwrap(), r#"{a="b",instance="h:1",job="static",namespace="hero"}"#);
    assert!(named.rules().iter().all(|rule| rule.action != Some(Action::HashMod)));
    let sharded = ScrapeConfig { sharding: Sharding { shards: 2, shard: 0 }, ..named.clone() };
    assert_eq!(sharded.rules().len(), named.rules().len() + 3);
    assert_eq!(metric_rules(&[], &[], Some(&enforced)).len(), 1);
}
