//! A6: what a split by label of the pod is answered with.

use super::routing::{both, pool, sent};
use super::{World, monitor};

const WITH_SHARED: &str =
    "\n    to \"plane-a\" namespaces=\"hero-user-a\"\n    shared \"plane-a\" \"plane-b\"\n    unowned \"none\"\n";

fn with(line: &str) -> World {
    pool(&format!("{line}{WITH_SHARED}"))
}

fn pod(world: &World, namespace: &str, labels: &[(&str, &str)]) -> Vec<String> {
    let plan = world.sound("pool-1");
    let of = [("__name__", "x"), ("job", "kubernetes-pods"), ("namespace", namespace)];
    sent(&plan, "user", &[&of[..], labels].concat())
}

#[test]
fn pods_that_carry_the_label_go_where_the_line_says() {
    let world = with(r#"to "plane-b" jobs="kubernetes-pods" { pod-labels "example.com/team"="b" }"#);
    let label = [("pod_label_example_com_team", "b")];
    assert_eq!(pod(&world, "stranger", &label), ["plane-b"]);
    // Asked before the namespace is.
    assert_eq!(pod(&world, "hero-user-a", &label), ["plane-b"]);
    assert_eq!(pod(&world, "hero-user-a", &[("pod_label_example_com_team", "bb")]), ["plane-a"]);
    assert_eq!(pod(&world, "stranger", &[]), [""; 0]);
    // A label of that name on the series of another job is nothing to the line.
    let plan = world.sound("pool-1");
    let other = [("__name__", "kube_pod_info"), ("job", "kube-state-metrics"), ("namespace", "hero-user-a"), label[0]];
    assert_eq!(sent(&plan, "user", &other), ["plane-a"]);
    let rules = &monitor(&plan, "kubernetes-pods").endpoints[0].relabelings;
    let put = rules.iter().filter(|r| r.target_label.as_deref() == Some("pod_label_example_com_team"));
    let put: Vec<_> = put.map(|r| (r.source_labels.clone(), r.replacement.as_deref())).collect();
    // First what a page cannot take for its own, where the pod has no such label.
    let copied = vec!["__meta_kubernetes_pod_label_example_com_team".to_owned()];
    assert_eq!(put, [(Vec::new(), Some("-")), (copied, None)]);
}

#[test]
fn namespaces_narrow_a_line_by_label_and_a_copy_takes_one_too() {
    let world = with(r#"to "plane-b" jobs="kubernetes-pods" namespaces="team-*" { pod-labels team="b" }"#);
    assert_eq!(pod(&world, "team-x", &[("pod_label_team", "b")]), ["plane-b"]);
    assert_eq!(pod(&world, "stranger", &[("pod_label_team", "b")]), [""; 0]);
    let world = with(r#"copy "plane-b" jobs="kubernetes-pods" { pod-labels team="b" }"#);
    assert_eq!(pod(&world, "hero-user-a", &[("pod_label_team", "b")]), both());
    assert_eq!(pod(&world, "hero-user-a", &[]), ["plane-a"]);
}

#[test]
fn jobs_that_cannot_carry_it_are_named_with_the_reason_and_the_form_that_works() {
    let world = with(r#"to "plane-b" { pod-labels team="b" }"#);
    let (_, found) = world.plan("pool-1");
    let refused = found.iter().find(|d| d.code.id == "PLN171").expect("a refusal");
    for job in ["`cadvisor`", "`dcgm-exporter`", "`kube-state-metrics`"] {
        assert!(refused.what.contains(job), "{}", refused.what);
    }
    assert!(!refused.what.contains("node-exporter") && !refused.what.contains("kubernetes-pods"), "{}", refused.what);
    let told = format!("{:?} {:?}", refused.why, refused.help);
    assert!(
        told.contains("kube_pod_labels") && told.contains("namespaces=") && told.contains("kubernetes-pods"),
        "{told}"
    );
    let world = with(r#"to "plane-b" jobs="node-exporter" { pod-labels team="b" }"#);
    let (_, found) = world.plan("pool-1");
    let told = world.told(&found);
    assert!(told.iter().any(|t| t.starts_with("PLN171") && t.contains("node-exporter")), "{told:?}");
}

#[test]
fn two_lines_for_one_pod_are_refused_and_two_values_are_not() {
    let lines = |second: &str| {
        let line =
            |store: &str, label: &str| format!("to \"{store}\" jobs=\"kubernetes-pods\" {{ pod-labels {label} }}\n");
        with(&(line("plane-a", "team=\"a\"") + &line("plane-b", second)))
    };
    let (_, found) = lines("tier=\"gpu\"").plan("pool-1");
    assert!(found.iter().any(|d| d.code.id == "PLN172"), "{found:?}");
    let world = lines("team=\"b\"");
    assert_eq!(pod(&world, "stranger", &[("pod_label_team", "a")]), ["plane-a"]);
    assert_eq!(pod(&world, "stranger", &[("pod_label_team", "b")]), ["plane-b"]);
}

#[test]
fn a_label_without_a_value_is_refused() {
    let line =
        |value: &str| with(&format!("to \"plane-b\" jobs=\"kubernetes-pods\" {{ pod-labels team=\"{value}\" }}"));
    let (_, found) = line("").plan("pool-1");
    assert!(found.iter().any(|d| d.code.id == "PLN173"), "{found:?}");
    let (_, found) = line("b").plan("pool-1");
    assert!(found.iter().all(|d| d.code.id != "PLN173"), "{found:?}");
}
