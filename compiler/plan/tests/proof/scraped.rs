//! The same of target and metric rules: what monitors bring, and under which labels.

use super::{Broken, direct, split};
use crate::model::plan::{ClusterPlan, Endpoint, Monitor, RelayScrape};
use crate::plan::tests::World;
use crate::plan::tests::routing::{SPLIT, pool};
use crate::relabel::{Action, Rule};

fn monitor<'p>(plan: &'p mut ClusterPlan<'_>, name: &str) -> &'p mut Monitor {
    plan.monitors.iter_mut().find(|m| m.name == name).expect("a monitor")
}

fn endpoint<'p>(plan: &'p mut ClusterPlan<'_>, name: &str) -> &'p mut Endpoint {
    &mut monitor(plan, name).endpoints[0]
}

#[test]
fn labels_that_are_no_longer_honoured_take_the_pod_from_its_owner() {
    let doc = pool(SPLIT).doc;
    let own = "job \"gateway\" {\n discover \"service\" namespace=\"apps\" port=\"m\" {\n labels app=\"g\"\n }\n series 40\n honor-labels #true\n }\n    job \"node-exporter\"";
    let text = doc.sources.text(crate::diag::FileId(0)).replacen("job \"node-exporter\"", own, 1);
    let broken = Broken::by(World::of(&text), "pool-1", |plan| endpoint(plan, "gateway").honor_labels = false);
    let told = ["exported_namespace=\"hero-user-a\"", "is not stored with the namespace of the pod it is about"];
    broken.says("\"gateway\"", "", &told);
    // The reverse lets a pod say whose it is.
    let broken = split(|plan| endpoint(plan, "kubernetes-pods").honor_labels = true);
    broken.says("", "", &["namespace=\"claimed\"", "is not stored with the namespace of the pod it is about"]);
}

#[test]
fn an_idle_card_must_not_get_the_namespace_of_its_exporter() {
    let broken = split(|plan| {
        endpoint(plan, "dcgm-exporter").relabelings.retain(|r| r.action != Some(Action::LabelDrop));
    });
    broken.says("", "", &["job=\"dcgm-exporter\"", "is not stored with the namespace of the pod it is about"]);
}

#[test]
fn a_namespace_that_target_rules_make_up_is_found() {
    let broken = split(|plan| {
        let all = Rule::new(Action::Replace).target("namespace").replacement("hero-user-a");
        endpoint(plan, "kubernetes-pods").relabelings.push(all);
    });
    broken.says("", "", &["namespace=\"hero-user-a\"", "is not stored with the namespace of the pod it is about"]);
}

#[test]
fn a_namespace_that_metric_rules_take_away_is_found() {
    let broken = split(|plan| {
        let gone = Rule::new(Action::LabelDrop).regex("namespace");
        endpoint(plan, "kube-state-metrics").metric_relabelings.push(gone);
    });
    broken.says("", "", &["job=\"kube-state-metrics\"", "is not stored with the namespace of the pod it is about"]);
}

#[test]
fn a_namespace_that_metric_rules_keep_out_is_found() {
    let broken = split(|plan| {
        let one = Rule::new(Action::Drop).source(["namespace"]).regex("hero-user-b");
        endpoint(plan, "kube-state-metrics").metric_relabelings.push(one);
    });
    let told = ["namespace=\"hero-user-b\"", "is to be of kube-state-metrics", "drop namespace=~\"hero-user-b\""];
    broken.says("", "", &told);
}

#[test]
fn a_class_without_its_label_is_found() {
    let broken = split(|plan| {
        let rules = &mut endpoint(plan, "node-exporter-network").relabelings;
        rules.retain(|r| r.target_label.as_deref() != Some("job_class"));
    });
    let d = broken.says(
        "\"network\"",
        "",
        &["job=\"node-exporter\"", "of `user` has job_class=\"\" and should have job_class=\"network\""],
    );
    assert!(d.help.contains("`watershed trace node-exporter/network --cluster pool-1`"), "{}", d.help);
    // Without it, a second of its data is a centre's.
    broken.says("", "", &["should reach no store and reaches plane-a, plane-b"]);
}

#[test]
fn jobs_that_share_a_name_are_told_by_their_path() {
    let broken = split(|plan| {
        let rules = &mut endpoint(plan, "cadvisor").relabelings;
        rules.retain(|r| r.target_label.as_deref() != Some("metrics_path"));
    });
    broken.says("", "", &["has metrics_path=\"\" and should have metrics_path=\"/metrics/cadvisor\""]);
}

#[test]
fn a_job_under_another_name_is_found() {
    let broken = direct(|plan| {
        let other = Rule::new(Action::Replace).target("job").replacement("kubelet");
        endpoint(plan, "coredns").relabelings.push(other);
    });
    broken.says("", "", &["has job=\"kubelet\" and should have job=\"coredns\""]);
    broken.says("", "", &["nothing brings coredns at /metrics (job=\"coredns\") into prometheus `system`"]);
}

#[test]
fn a_target_that_no_rule_lets_in_is_found() {
    let broken = direct(|plan| {
        let never = Rule::new(Action::Keep).source(["__meta_kubernetes_pod_label_app"]).regex("a|b");
        endpoint(plan, "coredns").relabelings.push(never);
    });
    broken.says(
        "",
        "",
        &["prometheus has no target of coredns by `coredns`", "keep __meta_kubernetes_pod_label_app=~\"a|b\""],
    );
    let broken = direct(|plan| {
        let nowhere = Rule::new(Action::Replace).target("__address__").replacement("a/b");
        endpoint(plan, "coredns").relabelings.push(nowhere);
    });
    broken.says("", "", &["prometheus has no target of coredns by `coredns`: they are refused (Address)"]);
}

#[test]
fn a_monitor_that_is_missing_or_there_twice_is_found() {
    let broken = direct(|plan| plan.monitors.retain(|m| m.name != "coredns"));
    broken.says("", "", &["nothing brings coredns at /metrics (job=\"coredns\") into prometheus `system`"]);
    let broken = direct(|plan| {
        let twin = Monitor { name: "coredns-2".to_owned(), ..monitor(plan, "coredns").clone() };
        plan.monitors.push(twin);
    });
    broken.says("", "", &["prometheus `system` scrapes twice /metrics for coredns, by `coredns-2`"]);
    let broken = direct(|plan| {
        let again = endpoint(plan, "coredns").clone();
        monitor(plan, "coredns").endpoints.push(again);
    });
    broken.says("", "", &["prometheus `system` scrapes twice /metrics for coredns, by `coredns`"]);
    let broken = direct(|plan| endpoint(plan, "coredns").path = "/elsewhere".to_owned());
    broken.says("", "", &["prometheus `system` scrapes unasked /elsewhere for coredns"]);
    let broken = direct(|plan| {
        let other = Monitor { lane: "user".to_owned(), ..monitor(plan, "coredns").clone() };
        plan.monitors.push(other);
    });
    broken.says("", "", &["`coredns` brings what nobody asked for into prometheus `user`"]);
}

/// Classes that are told by the names of their metrics.
const BY_METRIC: &str = "class \"network\" interval=\"1s\"\n    }\n    job \"kube-state-metrics\" {\n        class \"pods\" metrics=\"kube_pod_*\"";

fn classes(change: impl FnOnce(&mut ClusterPlan<'_>)) -> Broken {
    let doc = pool(SPLIT).doc;
    let text = doc.sources.text(crate::diag::FileId(0));
    Broken::by(World::of(&text.replace("class \"network\" interval=\"1s\"", BY_METRIC)), "pool-1", change)
}

#[test]
fn a_class_that_two_endpoints_keep_is_found() {
    let broken = classes(|plan| {
        endpoint(plan, "kube-state-metrics").metric_relabelings.retain(|r| r.action != Some(Action::Drop));
    });
    broken.says(
        "",
        "",
        &["kube_pod_x{", "is kept for kube-state-metrics in `user`, and is of another class or of none"],
    );
    let broken = classes(|plan| {
        endpoint(plan, "kube-state-metrics-pods").metric_relabelings.retain(|r| r.action != Some(Action::Keep));
    });
    broken.says("\"pods\"", "", &["measured_total{", "is kept for kube-state-metrics/pods in `user`"]);
}

#[test]
fn a_class_that_metric_rules_keep_out_is_found() {
    let broken = classes(|plan| {
        let none = Rule::new(Action::Keep).source(["__name__"]).regex("nothing");
        endpoint(plan, "kube-state-metrics-pods").metric_relabelings.push(none);
    });
    broken.says(
        "\"pods\"",
        "",
        &[
            "kube_pod_x{",
            "is to be of kube-state-metrics/pods, and metric rule 2 of `kube-state-metrics-pods` drops it",
        ],
    );
}

/// The relay scrapes by itself what is critical.
fn critical(change: impl FnOnce(&mut ClusterPlan<'_>)) -> Broken {
    let doc = pool(SPLIT).doc;
    let text = doc.sources.text(crate::diag::FileId(0));
    let job = "job \"kube-state-metrics\" critical=#true\n    job \"node-exporter\" {";
    Broken::by(World::of(&text.replacen("job \"node-exporter\" {", job, 1)), "pool-1", change)
}

#[test]
fn what_the_relay_scrapes_is_what_prometheus_scrapes() {
    let broken = critical(|plan| plan.relay.as_mut().expect("a relay").scrapes.clear());
    broken.says("", "", &["the relay does not scrape kube-state-metrics at /metrics"]);
    let broken = critical(|plan| {
        let scrape = &mut plan.relay.as_mut().expect("a relay").scrapes[0];
        scrape.relabelings.retain(|r| r.target_label.as_deref() != Some("job"));
    });
    broken.says("", "", &["scraped by the relay for `user`", "arrives at plane-a as"]);
    let broken = critical(|plan| {
        let scrape = &mut plan.relay.as_mut().expect("a relay").scrapes[0];
        scrape.relabelings.retain(|r| r.target_label.as_deref() != Some("prometheus"));
    });
    broken.says("", "", &["scraped by the relay for `user`", "arrives at plane-a as"]);
    let broken = critical(|plan| {
        plan.relay.as_mut().expect("a relay").scrapes[0].endpoint.honor_labels = false;
    });
    broken.says("", "", &["the relay scrapes kube-state-metrics at /metrics otherwise than `user` does"]);
    let broken = critical(|plan| {
        let none = Rule::new(Action::Keep).source(["__name__"]).regex("nothing");
        plan.relay.as_mut().expect("a relay").scrapes[0].endpoint.metric_relabelings.push(none);
    });
    broken.says("", "", &["is kept by prometheus for kube-state-metrics, and dropped by the relay"]);
    let broken = critical(|plan| {
        let relay = plan.relay.as_mut().expect("a relay");
        relay.scrapes.push(relay.scrapes[0].clone());
    });
    broken.says("", "", &["the relay scrapes twice by serviceMonitor/monitoring/kube-state-metrics/0"]);
    let broken = critical(|plan| {
        let relay = plan.relay.as_mut().expect("a relay");
        let other =
            RelayScrape { job_name: "serviceMonitor/monitoring/other/0".to_owned(), ..relay.scrapes[0].clone() };
        relay.scrapes.push(other);
    });
    broken.says("", "", &["the relay scrapes what nobody asked for, by serviceMonitor/monitoring/other/0"]);
    let broken = critical(|plan| plan.relay.as_mut().expect("a relay").common.clear());
    broken.says("", "", &["scraped by the relay for `user`", "arrives at plane-a as"]);
}

#[test]
fn a_label_of_the_pod_that_does_not_reach_the_series_is_found() {
    let line = "to \"plane-b\" jobs=\"kubernetes-pods\" { pod-labels \"example.com/team\"=\"b\" }";
    let route = "to \"plane-a\" namespaces=\"hero-user-a\"\n shared \"plane-a\" \"plane-b\"\n unowned \"none\"";
    let broken = Broken::by(pool(&format!("{line}\n{route}")), "pool-1", |plan| {
        let rules = &mut endpoint(plan, "kubernetes-pods").relabelings;
        rules.retain(|r| r.target_label.as_deref() != Some("pod_label_example_com_team"));
    });
    let told = ["job=\"kubernetes-pods\",namespace=\"hero-user-a\"", "should reach plane-b and reaches plane-a"];
    broken.says("\"plane-a\"", "\"plane-b\"", &told);
}

#[test]
fn a_page_must_not_say_the_label_of_a_pod_that_has_none() {
    let line = "to \"plane-b\" jobs=\"kubernetes-pods\" { pod-labels \"example.com/team\"=\"b\" }";
    let route = "to \"plane-a\" namespaces=\"hero-user-a\"\n shared \"plane-a\" \"plane-b\"\n unowned \"none\"";
    let broken = Broken::by(pool(&format!("{line}\n{route}")), "pool-1", |plan| {
        let rules = &mut endpoint(plan, "kubernetes-pods").relabelings;
        rules.retain(|r| r.replacement.as_deref() != Some("-"));
    });
    let told =
        ["namespace=\"hero-user-a\"", "pod_label_example_com_team=\"b\"", "should reach plane-a and reaches plane-b"];
    broken.says("\"plane-b\"", "\"plane-a\"", &told);
}

#[test]
fn a_page_must_not_say_another_class_of_its_job() {
    let job = r#"job "train" {
        discover "pod" port="metrics" { labels app="train" }
        honor-labels #false
        series 400
        class "steps" interval="1s" series=20 {
            metrics "train_step_*"
        }
    }
    job "node-exporter" {"#;
    let lines = "to \"plane-b\" jobs=\"train/steps\"\n to \"plane-a\" namespaces=\"hero-user-a\"\n \
                 shared \"plane-a\" \"plane-b\"\n unowned \"none\"";
    let doc = pool(SPLIT).doc;
    let text = doc.sources.text(crate::diag::FileId(0)).replace(SPLIT, lines);
    let text = text.replacen("job \"node-exporter\" {", job, 1).replacen("jobs \"node", "jobs \"train\" \"node", 1);
    let broken = Broken::by(World::of(&text), "pool-1", |plan| {
        endpoint(plan, "train").metric_relabelings.retain(|r| r.action != Some(Action::LabelDrop));
    });
    broken.says(
        "",
        "",
        &["job_class=\"steps\"", "namespace=\"hero-user-a\"", "should reach plane-a and reaches plane-b"],
    );
}

/// With a job of the spec's own, whose targets are pods in one namespace.
fn own_job(change: impl FnOnce(&mut ClusterPlan<'_>)) -> Broken {
    let job = r#"job "train" critical=#true {
        discover "pod" namespace="hero-user-a" port="metrics" { labels app="train" }
        honor-labels #false
        series 400
    }
    job "node-exporter" {"#;
    let doc = pool(SPLIT).doc;
    let text = doc.sources.text(crate::diag::FileId(0)).replacen("job \"node-exporter\" {", job, 1);
    Broken::by(World::of(&text), "pool-1", change)
}

#[test]
fn a_monitor_that_looks_elsewhere_is_found() {
    let told = ["takes targets that are not its own", "train"];
    own_job(|plan| monitor(plan, "train").any_namespace = true).says("", "", &told);
    own_job(|plan| monitor(plan, "train").selector.clear()).says("", "", &told);
    own_job(|plan| monitor(plan, "train").namespaces = vec!["hero-user-b".to_owned()]).says("", "", &told);
    let broken = own_job(|plan| plan.relay.as_mut().expect("a relay").scrapes[0].namespaces.clear());
    broken.says("", "", &["the relay scrapes train at /metrics otherwise than"]);
}

#[test]
fn a_namespace_that_a_rule_makes_up_is_found_where_no_rule_asks_for_one() {
    for rule in [
        Rule::new(Action::Replace).target("namespace").replacement("hero-user-b"),
        Rule::new(Action::Replace).source(["__meta_kubernetes_pod_label_app"]).target("namespace"),
    ] {
        let broken = own_job(|plan| endpoint(plan, "train").relabelings.push(rule));
        broken.says("", "", &["train", "is not stored with the namespace of the pod it is about"]);
    }
}

#[test]
fn a_page_the_relay_scrapes_cannot_say_which_cluster_it_is_of() {
    let broken = own_job(|plan| {
        let identity = &mut plan.relay.as_mut().expect("a relay").common[0];
        identity.source_labels = vec!["cluster".to_owned()];
        identity.regex = Some("^$".to_owned());
    });
    broken.says("", "", &["scraped by the relay for `system`", "cluster=\"another\""]);
}
