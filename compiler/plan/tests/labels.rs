//! The labels targets end up with, after the operator's rules and ours.

use super::World;
use crate::relabel::regex::Cache;
use crate::relabel::{Chain, Dialect, Labels, Written};

const FLEET: &str = r#"
fleet "f" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "all" {
        rest
        retention "2d"
        storage "20Gi"
    }
}
cluster "c" nodes=3 pods=90
"#;

/// Every per-node target keeps or gets `node`, whether the operator knows it from the address's
/// node (kubelets) or only the pod does.
#[test]
fn node_scoped_targets_have_a_node() {
    let world = World::of(FLEET);
    let plan = world.sound("c");
    let cache = Cache::default();
    for job in ["kubelet", "cadvisor", "node-exporter"] {
        let monitor = plan.monitors.iter().find(|m| m.job == job).expect(job);
        for endpoint in &monitor.endpoints {
            let chain = Chain::compile(&endpoint.relabelings, Dialect::PROMETHEUS3, Written::CustomResource, &cache);
            let chain = chain.expect("rules the operator takes");
            for (own, meta) in [("n1", ""), ("", "n1")] {
                let mut labels = Labels::new();
                for (name, value) in [("node", own), ("__meta_kubernetes_pod_node_name", meta), ("job", "x")] {
                    if !value.is_empty() {
                        labels.set(name, value);
                    }
                }
                chain.apply(&mut labels);
                let expected = if job == "node-exporter" { meta } else { "n1" };
                assert_eq!(labels.get("node"), expected, "{job} {}", endpoint.path);
            }
        }
    }
}

/// A target that exports a label `cluster` of its own cannot write as another cluster.
#[test]
fn the_identity_is_on_everything_that_leaves() {
    let store = r#"
store "s" kind="victoriametrics-cluster" cluster="c" {
    retention "30d"
    storage "10Gi"
}
route "home" from="*" to="s"
"#;
    let world = World::of(&format!("{FLEET}{store}"));
    let plan = world.sound("c");
    let rules = &plan.lanes[0].remote_write[0].rules;
    let cache = Cache::default();
    let chain = Chain::compile(rules, Dialect::PROMETHEUS3, Written::CustomResource, &cache).expect("rules");
    let mut labels = Labels::new();
    for (name, value) in [("__name__", "redis_up"), ("job", "kubernetes-pods"), ("cluster", "redis-7")] {
        labels.set(name, value);
    }
    chain.apply(&mut labels);
    assert_eq!(labels.get("cluster"), "c");
}

#[test]
fn a_job_called_like_the_label_of_another_is_refused_and_not_an_internal_error() {
    let told = |job: &str| {
        let job = format!(
            "job \"{job}\" series=10 {{ discover \"pod\" namespace=\"apps\" port=\"http\" {{ labels app=\"x\" }}\n \
             class \"slow\" interval=\"60s\" series=3 {{ metrics \"x_*\" }} }}\n}}\ncluster"
        );
        let world = World::of(&FLEET.replace("}\ncluster", &job));
        world
            .told(&world.plan("c").1)
            .into_iter()
            .filter(|t| !t.starts_with("PLN9"))
            .map(|t| t.split(':').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    for taken in ["prometheus-all", "apiserver"] {
        assert_eq!(told(taken), [format!("PLN126 \"{taken}\"")]);
    }
    assert_eq!(told("own"), [""; 0]);
}
