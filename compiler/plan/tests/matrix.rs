//! What the page tells of routes is what emitted rules do.

use super::routing::{SPLIT, pool, sent};
use crate::model::plan::{Answered, ClassRef, ClusterPlan, InNamespace};

/// Sends a series of each class and namespace a line is for, and asks where it arrived.
fn holds(plan: &ClusterPlan<'_>) -> usize {
    let mut asked = 0;
    for answered in &plan.answered {
        let measured = answered.series.measured.iter().map(|c| (c, "x"));
        for (class, name) in measured.chain(answered.series.scrapes.iter().map(|c| (c, "up"))) {
            let monitor = plan.monitors.iter().find(|m| m.job == class.job && m.owned).expect("a monitor");
            for reach in &answered.reaches {
                for namespace in &reach.namespaces {
                    let namespaces = match namespace {
                        InNamespace::Any => vec!["", "stranger", "hero-user-a"],
                        InNamespace::Like(pattern) => vec![pattern.trim_end_matches('*')],
                        InNamespace::None => vec![""],
                        InNamespace::Other => vec!["stranger"],
                    };
                    for namespace in namespaces {
                        let mut series = vec![("__name__", name), ("namespace", namespace)];
                        series.extend(target(class));
                        series.extend(class.class.as_deref().map(|c| ("job_class", c)));
                        series.extend(reach.pod_labels.iter().map(|(k, v)| (k.as_str(), v.as_str())));
                        let mut to = reach.to.clone();
                        to.sort_unstable();
                        assert_eq!(sent(plan, &monitor.lane, &series), to, "{series:?}");
                        asked += 1;
                    }
                }
            }
        }
    }
    asked
}

/// Labels of its targets, where they are not just the name of the job.
fn target(class: &ClassRef) -> Vec<(&str, &str)> {
    match &*class.job {
        "kube-apiserver" => vec![("job", "apiserver")],
        "prometheus" => vec![("job", "prometheus-user")],
        "cadvisor" => vec![("job", "kubelet"), ("metrics_path", "/metrics/cadvisor")],
        "kubelet" => vec![("job", "kubelet"), ("metrics_path", "/metrics")],
        name => vec![("job", name)],
    }
}

fn of<'p>(plan: &'p ClusterPlan<'_>, job: &str) -> &'p Answered {
    let measures = |a: &&Answered| a.series.measured.iter().any(|c| c.job == job);
    plan.answered.iter().find(measures).unwrap_or_else(|| panic!("no {job} in {:#?}", plan.answered))
}

#[test]
fn each_line_of_a_split_is_what_the_rules_do() {
    let world = pool(SPLIT);
    let plan = world.sound("pool-1");
    assert!(holds(&plan) > 40);
    let pods = of(&plan, "kubernetes-pods");
    assert!(pods.split && pods.series.scrapes.iter().any(|c| c.job == "kubernetes-pods") && pods.series.of_no_job);
    let like = |names: &[&str]| names.iter().map(|n| InNamespace::Like((*n).to_owned())).collect::<Vec<_>>();
    let told: Vec<_> = pods.reaches.iter().map(|r| (r.namespaces.clone(), r.to.join(" "))).collect();
    let expected = [
        (like(&["hero-user-a", "team-*"]), "plane-a"),
        (like(&["hero-user-b", "team-b-*"]), "plane-b"),
        ([like(&["kube-system"]), vec![InNamespace::None]].concat(), "plane-a plane-b"),
        (vec![InNamespace::Other], ""),
    ];
    assert_eq!(told, expected.map(|(namespaces, to)| (namespaces, to.to_owned())));
    let nodes = of(&plan, "node-exporter");
    assert_eq!(nodes.reaches.len(), 1);
    assert_eq!(nodes.reaches[0].namespaces, [InNamespace::Any]);
    let fast = plan.answered.iter().find(|a| a.series.measured.iter().any(|c| c.class.as_deref() == Some("network")));
    assert_eq!(fast.map(|a| a.reaches[0].to.len()), Some(0), "one-second data goes where it is named");
}

#[test]
fn lines_by_job_by_copy_and_by_pods_are_told_too() {
    for line in [
        r#"to "plane-b" jobs="kubernetes-pods" { pod-labels team="b" }"#,
        r#"to "plane-b" jobs="kubernetes-pods" namespaces="team-*" { pod-labels team="b" }"#,
        r#"to "plane-b" jobs="cadvisor""#,
        r#"copy "plane-b" jobs="kube-state-metrics""#,
        r#"copy "plane-b" namespaces="hero-user-a monitoring""#,
    ] {
        let world = pool(&format!("{line}\n{SPLIT}"));
        let plan = world.sound("pool-1");
        assert!(holds(&plan) > 40, "{line}");
        let by_pods = plan.answered.iter().flat_map(|a| &a.reaches).any(|r| !r.pod_labels.is_empty());
        assert_eq!(by_pods, line.contains("pod-labels"), "{line}");
    }
}

#[test]
fn a_route_that_does_not_split_has_one_answer() {
    let world = pool(r#"to "plane-a""#);
    let plan = world.sound("pool-1");
    assert!(plan.answered.iter().all(|a| !a.split && a.reaches.len() == 1), "{:#?}", plan.answered);
}
