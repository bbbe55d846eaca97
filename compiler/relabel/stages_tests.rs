use super::*;
use crate::relabel::regex::Cache;
use crate::relabel::{Action, Dialect, Rule, Written};

const JOB: Job<'_> = Job {
    job_name: "node",
    scheme: "http",
    metrics_path: "/metrics",
    scrape_interval: "15s",
    scrape_timeout: "10s",
    params: &[("module", "a")],
};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().copied().collect()
}

fn exposed(pairs: &[(&str, &str)]) -> Vec<(Arc<str>, Arc<str>)> {
    pairs.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))).collect()
}

fn chain(rules: &[Rule]) -> Chain {
    Chain::compile(rules, Dialect::PROMETHEUS3, Written::File, &Cache::new()).unwrap()
}

fn relay_chain(rules: &[Rule]) -> Chain {
    Chain::compile(rules, Dialect::Vmagent, Written::File, &Cache::new()).unwrap()
}

fn set(target: &str, value: &str) -> Rule {
    Rule::new(Action::Replace).target(target).replacement(value)
}

fn copy(source: &str, target: &str) -> Rule {
    Rule::new(Action::Replace).source([source]).target(target)
}

#[test]
fn a_target_loses_its_meta_labels_and_gets_an_instance() {
    let found = labels(&[("__address__", "10.0.0.1:9100"), ("__meta_kubernetes_namespace", "x")]);
    let rules = chain(&[copy("__meta_kubernetes_namespace", "namespace"), set("__tmp_a", "1")]);
    let Target::Kept(target) = target(&found, &JOB, &rules) else { panic!() };
    assert_eq!(
        target.to_string(),
        concat!(
            r#"{__address__="10.0.0.1:9100",__metrics_path__="/metrics",__param_module="a",__scheme__="http","#,
            r#"__scrape_interval__="15s",__scrape_timeout__="10s",__tmp_a="1","#,
            r#"instance="10.0.0.1:9100",job="node",namespace="x"}"#
        )
    );
    assert_eq!(attached(&target).to_string(), r#"{instance="10.0.0.1:9100",job="node",namespace="x"}"#);
    assert_eq!(report("up", &target).to_string(), r#"up{instance="10.0.0.1:9100",job="node",namespace="x"}"#);
}

#[test]
fn what_discovery_says_wins_over_the_job_and_rules_win_over_both() {
    let found = labels(&[("__address__", "h"), ("job", "sd"), ("__param_module", "b"), ("instance", "i")]);
    let Target::Kept(target) = target(&found, &JOB, &chain(&[set("__scheme__", "https")])) else { panic!() };
    assert_eq!(
        (target.get("job"), target.get("__param_module"), target.get("instance"), target.get("__scheme__")),
        ("sd", "b", "i", "https")
    );
}

#[test]
fn a_target_is_dropped_by_a_rule_or_refused_for_its_labels() {
    let found = labels(&[("__address__", "h:1")]);
    let after = |rule: Rule| target(&found, &JOB, &chain(&[rule]));
    assert_eq!(after(Rule::new(Action::Drop).source(["job"]).regex("node")), Target::Dropped { by: 0 });
    assert_eq!(after(Rule::new(Action::LabelDrop).regex("__address__")), Target::Refused(TargetFault::NoAddress));
    assert_eq!(after(set("__address__", "h:1/x")), Target::Refused(TargetFault::Address));
    assert_eq!(after(set("__scrape_interval__", "5s")), Target::Refused(TargetFault::TimeoutAboveInterval));
    assert_eq!(after(set("__scrape_interval__", "0s")), Target::Refused(TargetFault::Interval));
    assert_eq!(after(set("__scrape_timeout__", "x")), Target::Refused(TargetFault::Timeout));
    assert!(matches!(after(set("__scrape_timeout__", "10s1ms")), Target::Kept(_)));
}

#[test]
fn durations_have_their_units_from_large_to_small() {
    for (text, ms) in [("15s", 15_000), ("1m30s", 90_000), ("0", 0), ("1d2h", 93_600_000), ("5ms", 5)] {
        assert_eq!(milliseconds(text), Some(ms), "{text}");
    }
    for text in ["", "5", "s", "1s1m", "1.5s", "1s1s", "-1s"] {
        assert_eq!(milliseconds(text), None, "{text}");
    }
}

#[test]
fn labels_merge_as_honor_labels_says() {
    let target = labels(&[("namespace", "monitoring"), ("job", "ksm"), ("__address__", "h")]);
    let merge = |pairs, honor| merged(&exposed(pairs), &target, honor).to_string();
    let series = [("__name__", "x"), ("namespace", "hero")];
    assert_eq!(merge(&series, true), r#"x{job="ksm",namespace="hero"}"#);
    assert_eq!(merge(&series, false), r#"x{exported_namespace="hero",job="ksm",namespace="monitoring"}"#);
    // An exposed empty label: with honor_labels it keeps the target's away.
    let empty = [("__name__", "x"), ("namespace", "")];
    assert_eq!(merge(&empty, true), r#"x{job="ksm"}"#);
    assert_eq!(merge(&empty, false), r#"x{job="ksm",namespace="monitoring"}"#);
    // Not exposed at all: the target's in both.
    assert_eq!(merge(&[("__name__", "x")], true), r#"x{job="ksm",namespace="monitoring"}"#);
}

#[test]
fn an_exported_name_is_prefixed_until_it_is_free() {
    let exposed = exposed(&[("job", "a"), ("exported_job", "b")]);
    let one = labels(&[("job", "t")]);
    assert_eq!(merged(&exposed, &one, false).to_string(), r#"{exported_exported_job="a",exported_job="b",job="t"}"#);
    let both = labels(&[("exported_job", "u"), ("job", "t")]);
    assert_eq!(
        merged(&exposed, &both, false).to_string(),
        r#"{exported_exported_exported_job="b",exported_exported_job="a",exported_job="u",job="t"}"#
    );
}

#[test]
fn metric_rules_keep_temporary_labels_and_never_see_meta_labels() {
    let target = labels(&[("__meta_kubernetes_namespace", "x"), ("namespace", "x"), ("__address__", "h")]);
    let rules = chain(&[
        set("__tmp_a", "1"),
        copy("__meta_kubernetes_namespace", "dead"),
        copy("__address__", "dead"),
        copy("namespace", "tenant_ns"),
    ]);
    let (outcome, stored) = sample(&exposed(&[("__name__", "m")]), &target, false, &rules);
    assert_eq!(outcome, Outcome::Kept);
    assert_eq!(stored.to_string(), r#"m{__tmp_a="1",namespace="x",tenant_ns="x"}"#);
    let none = chain(&[Rule::new(Action::LabelKeep).regex("nothing")]);
    assert_eq!(sample(&exposed(&[("__name__", "m")]), &target, false, &none).0, Outcome::Dropped { by: 0 });
}

#[test]
fn write_rules_see_external_labels_and_send_temporary_ones() {
    let series = labels(&[("__name__", "m"), ("region", "own")]);
    let outside = labels(&[("cluster", "a"), ("region", "eu")]);
    let rules = chain(&[copy("cluster", "seen"), set("__tmp_x", "1")]);
    let (outcome, sent) = write(&series, &outside, &rules);
    assert_eq!(outcome, Outcome::Kept);
    assert_eq!(sent.to_string(), r#"m{__tmp_x="1",cluster="a",region="own",seen="a"}"#);
    // The requirement's split: the source is gone, nothing is dropped.
    let split = chain(&[Rule::new(Action::Drop).source(["__meta_kubernetes_namespace"]).regex("hero-user-B")]);
    assert_eq!(write(&series, &outside, &split).0, Outcome::Kept);
}

#[test]
fn a_relay_strips_behind_rules_only_and_adds_its_labels_last() {
    let series = labels(&[("__name__", "m"), ("__tmp_in", "1"), ("cluster", "own")]);
    let own = exposed(&[("cluster", "relay"), ("agent", "x")]);
    let none = relay_chain(&[]);
    let sent = |global: &Chain, url: &Chain| match relay(&series, global, url, &own) {
        Relayed::Sent(labels) => labels.to_string(),
        dropped => format!("{dropped:?}"),
    };
    assert_eq!(sent(&none, &none), r#"m{__tmp_in="1",agent="x",cluster="relay"}"#);
    let global = relay_chain(&[set("__tmp_keep", "yes"), copy("__tmp_in", "seen")]);
    let url = relay_chain(&[copy("__tmp_keep", "late"), copy("agent", "late2")]);
    assert_eq!(sent(&global, &url), r#"m{agent="x",cluster="relay",seen="1"}"#);
    let drop = relay_chain(&[Rule::new(Action::Drop).source(["cluster"]).regex("own")]);
    assert_eq!(sent(&drop, &none), "DroppedGlobally { by: 0 }");
    assert_eq!(sent(&none, &drop), "DroppedForUrl { by: 0 }");
}
