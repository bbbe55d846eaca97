//! How many rules a second the evaluator of `compiler/relabel/` applies, on one core. The bar is a million. No figure
//! ever fails a run.

#![expect(clippy::disallowed_methods, reason = "a bench reads a clock")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use watershed::relabel::regex::Cache;
use watershed::relabel::stages::{self, Job};
use watershed::relabel::{Action, Chain, Dialect, Labels, Port, Rule, Selector, ServiceMonitor, Written};

/// How long each chain is applied.
const LONG: Duration = Duration::from_millis(500);
const BAR: f64 = 1e6;

fn main() {
    let target = discovered();
    report("target rules of a ServiceMonitor", &monitor(), &target, |labels, chain| {
        black_box(chain.apply(labels));
    });
    let series: Labels = [
        ("__name__", "container_memory_working_set_bytes"),
        ("cluster", "pool-1"),
        ("container", "main"),
        ("instance", "10.0.0.1:10250"),
        ("job", "kubelet"),
        ("metrics_path", "/metrics/cadvisor"),
        ("namespace", "hero-user-4711"),
        ("node", "node-17"),
        ("pod", "train-0"),
        ("prometheus", "monitoring/user"),
    ]
    .into_iter()
    .collect();
    for namespaces in [1, 20, 5_000] {
        let name = format!("write rules, {namespaces} namespaces");
        report(&name, &route(namespaces), &series, |labels, chain| {
            black_box(stages::write(labels, &Labels::new(), chain));
        });
    }
}

fn report(name: &str, rules: &[Rule], labels: &Labels, apply: impl Fn(&mut Labels, &Chain)) {
    let began = Instant::now();
    let chain = Chain::compile(rules, Dialect::PROMETHEUS3, Written::File, &Cache::new());
    let compiled = began.elapsed().as_secs_f64() * 1e3;
    let Ok(chain) = chain else { return println!("{name}: a rule is refused") };
    let applied = chain.trace(&mut labels.clone()).1.len();
    let (began, mut rounds) = (Instant::now(), 0_u32);
    while began.elapsed() < LONG {
        for _ in 0..100 {
            apply(&mut labels.clone(), &chain);
        }
        rounds += 100;
    }
    let second = f64::from(rounds) * applied as f64 / began.elapsed().as_secs_f64();
    let verdict = if second >= BAR { "met" } else { "MISSED" };
    println!("{name:<36}{:>10.2} million rules/s  {verdict}, compiled in {compiled:.1} ms", second / 1e6);
}

/// What a class of the kubelet's neighbours is found by, with the operator's rules around it.
fn monitor() -> Vec<Rule> {
    let own = [
        Rule::new(Action::Replace).source(["__meta_kubernetes_pod_node_name"]).target("node"),
        Rule::new(Action::Replace).target("job").replacement("node-exporter"),
        Rule::new(Action::LabelDrop).regex("pod|service|endpoint"),
    ];
    let selector = Selector { labels: vec![("app".to_owned(), "node-exporter".to_owned())], expressions: Vec::new() };
    let monitor = ServiceMonitor {
        selector,
        endpoint_slices: true,
        port: Some(Port::Name("metrics".to_owned())),
        relabelings: own.to_vec(),
        ..ServiceMonitor::default()
    };
    monitor.rules()
}

fn discovered() -> Labels {
    let found: Labels = [
        ("__address__", "10.0.0.1:9100"),
        ("__meta_kubernetes_endpointslice_address_target_kind", "Pod"),
        ("__meta_kubernetes_endpointslice_address_target_name", "node-exporter-abcde"),
        ("__meta_kubernetes_endpointslice_port_name", "metrics"),
        ("__meta_kubernetes_namespace", "monitoring"),
        ("__meta_kubernetes_pod_container_name", "node-exporter"),
        ("__meta_kubernetes_pod_name", "node-exporter-abcde"),
        ("__meta_kubernetes_pod_node_name", "node-17"),
        ("__meta_kubernetes_pod_phase", "Running"),
        ("__meta_kubernetes_service_label_app", "node-exporter"),
        ("__meta_kubernetes_service_labelpresent_app", "true"),
        ("__meta_kubernetes_service_name", "node-exporter"),
    ]
    .into_iter()
    .collect();
    let job = Job {
        job_name: "serviceMonitor/monitoring/node-exporter/0",
        scheme: "https",
        metrics_path: "/metrics",
        scrape_interval: "15s",
        scrape_timeout: "10s",
        params: &[],
    };
    stages::discovered(&found, &job, Dialect::PROMETHEUS3)
}

/// Whose namespaces go to a store, and nothing else but what is about no namespace.
fn route(namespaces: usize) -> Vec<Rule> {
    let names: Vec<String> = (0..namespaces).map(|n| format!("hero-user-{n}")).collect();
    let mine = names.join("|");
    vec![
        Rule::new(Action::Replace).source(["namespace"]).regex(&mine).target("__tmp_owner").replacement("mine"),
        Rule::new(Action::Replace).source(["namespace"]).regex("").target("__tmp_owner").replacement("shared"),
        Rule::new(Action::Replace)
            .source(["namespace"])
            .regex("hero-user-4711")
            .target("__tmp_owner")
            .replacement("mine"),
        Rule::new(Action::Keep).source(["__tmp_owner"]).regex("mine|shared"),
        Rule::new(Action::LabelDrop).regex("__tmp_owner|prometheus_replica"),
    ]
}
