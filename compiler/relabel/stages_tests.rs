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
    assert_eq!(
        report("up", &target, Dialect::PROMETHEUS3).to_string(),
        r#"up{instance="10.0.0.1:9100",job="node",namespace="x"}"#
    );
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
    let merge = |pairs, honor| merged(&exposed(pairs), &target, honor, Dialect::PROMETHEUS3).to_string();
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
    assert_eq!(
        merged(&exposed, &one, false, Dialect::PROMETHEUS3).to_string(),
        r#"{exported_exported_job="a",exported_job="b",job="t"}"#
    );
    let both = labels(&[("exported_job", "u"), ("job", "t")]);
    assert_eq!(
        merged(&exposed, &both, false, Dialect::PROMETHEUS3).to_string(),
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

const P242: Dialect = Dialect::Prometheus2 { minor: 42 };
const P35: Dialect = Dialect::Prometheus3 { minor: 5, names: crate::relabel::Names::Utf8 };

fn chain_of(dialect: Dialect, rules: &[Rule]) -> Chain {
    Chain::compile(rules, dialect, Written::File, &Cache::new()).unwrap()
}

#[test]
fn a_report_loses_an_exported_label_of_the_target_beside_what_it_is_named_after() {
    let target = labels(&[("a", "1"), ("exported_a", "2"), ("exported_job", "3"), ("job", "t"), ("__x", "4")]);
    assert_eq!(report("up", &target, Dialect::PROMETHEUS3).to_string(), r#"up{a="1",exported_a="2",job="t"}"#);
}

#[test]
fn metric_rules_visit_merged_labels_by_name_before_3_9() {
    let target = labels(&[("job", "t")]);
    let map = [Rule::new(Action::LabelMap).regex("job|pod").replacement("to")];
    let page = exposed(&[("__name__", "m"), ("pod", "p")]);
    let stored = |dialect| sample(&page, &target, true, &chain_of(dialect, &map)).1.to_string();
    for dialect in [P242, Dialect::PROMETHEUS2, P35] {
        assert_eq!(stored(dialect), r#"m{job="t",pod="p",to="p"}"#, "{dialect:?}");
    }
    assert_eq!(stored(Dialect::PROMETHEUS3), r#"m{job="t",pod="p",to="t"}"#);
}

#[test]
fn write_rules_visit_external_labels_by_name_before_2_51() {
    let series = labels(&[("__name__", "m"), ("pod", "p")]);
    let map = [Rule::new(Action::LabelMap).regex("cluster|pod").replacement("to")];
    let sent = |dialect| write(&series, &labels(&[("cluster", "c")]), &chain_of(dialect, &map)).1.to_string();
    assert_eq!(sent(P242), r#"m{cluster="c",pod="p",to="p"}"#);
    assert_eq!(sent(Dialect::PROMETHEUS2), r#"m{cluster="c",pod="p",to="c"}"#);
    assert_eq!(sent(P35), r#"m{cluster="c",pod="p",to="c"}"#);
    let none = [Rule::new(Action::LabelKeep).regex("none")];
    let outcome = |dialect| write(&series, &labels(&[]), &chain_of(dialect, &none)).0;
    assert_eq!((outcome(P242), outcome(P35)), (Outcome::Dropped { by: 0 }, Outcome::Kept));
}

#[test]
fn before_2_44_an_exposed_empty_label_takes_an_exported_name() {
    let page = exposed(&[("__name__", "m"), ("job", "a"), ("exported_job", "")]);
    let target = labels(&[("job", "t")]);
    let merge = |dialect| merged(&page, &target, false, dialect).to_string();
    assert_eq!(merge(P242), r#"m{exported_exported_job="a",job="t"}"#);
    assert_eq!(merge(Dialect::PROMETHEUS2), r#"m{exported_job="a",job="t"}"#);
}

#[test]
fn prometheus_2_adds_a_port_and_prefers_the_parameters_of_the_job() {
    let after = |dialect, pairs: &[(&str, &str)]| match target(&labels(pairs), &JOB, &chain_of(dialect, &[])) {
        Target::Kept(labels) => format!("{} {}", labels.get("instance"), labels.get("__param_module")),
        fault => format!("{fault:?}"),
    };
    for (address, whole) in
        [("h", "h:80"), ("h:1", "h:1"), ("[::1]", "[::1]:80"), ("[::1]:9", "[::1]:9"), ("::1", "::1")]
    {
        assert_eq!(after(P242, &[("__address__", address), ("__param_module", "b")]), format!("{whole} a"));
        assert_eq!(after(P35, &[("__address__", address), ("__param_module", "b")]), format!("{address} b"));
    }
    let other = |scheme| after(P242, &[("__address__", "h"), ("__scheme__", scheme)]);
    assert_eq!((other("https").as_str(), other("ftp").as_str()), ("h:443 a", "Refused(Scheme)"));
}

#[test]
fn a_sample_without_a_valid_name_cannot_be_stored() {
    let fault = |pairs: &[(&str, &str)], dialect| storable(&labels(pairs), dialect);
    assert_eq!(fault(&[("a", "b")], P35), Err(SampleFault::NoName));
    for dialect in [P242, P35] {
        assert_eq!(fault(&[("__name__", "a:b"), ("c", "d")], dialect), Ok(()));
    }
    for (name, label, wrong) in [("a.b", "c", SampleFault::Name), ("a", "c.d", SampleFault::Label)] {
        let pairs = [("__name__", name), (label, "x")];
        assert_eq!((fault(&pairs, P242), fault(&pairs, P35)), (Err(wrong), Ok(())));
    }
    assert_eq!(fault(&[("__name__", "a"), ("", "x")], P35), Err(SampleFault::Label));
}

#[test]
fn rules_of_a_url_visit_last_what_those_for_all_urls_have_added() {
    let series = labels(&[("__name__", "m"), ("pod", "p")]);
    let global = relay_chain(&[set("a", "new")]);
    let url = relay_chain(&[Rule::new(Action::LabelMap).regex("a|pod").replacement("to")]);
    let Relayed::Sent(sent) = relay(&series, &global, &url, &[]) else { panic!() };
    assert_eq!(sent.to_string(), r#"m{a="new",pod="p",to="new"}"#);
}
