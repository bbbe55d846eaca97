use super::*;
use crate::relabel::regex::Cache;
use crate::relabel::stages::{self, Job, Target};
use crate::relabel::{Action, Chain, Dialect, Rule, Written};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().copied().collect()
}

fn sample(exposed: &[(&str, &str)], target: &[(&str, &str)], honor_labels: bool) -> Listed {
    let exposed: Vec<_> = exposed.iter().map(|(n, v)| (Arc::from(*n), Arc::from(*v))).collect();
    Listed::sample(&exposed, &labels(target), honor_labels)
}

fn chain(rules: &[Rule]) -> Chain {
    Chain::compile(rules, Dialect::Vmagent, Written::File, &Cache::new()).unwrap()
}

#[test]
fn a_label_makes_way_for_that_of_its_target() {
    let merged = |exposed, target, honor| sample(exposed, target, honor).labels().to_string();
    let page = [("__name__", "m"), ("a", "1"), ("exported_a", "2")];
    assert_eq!(merged(&page, &[("a", "t")], true), r#"m{a="1",exported_a="2"}"#);
    assert_eq!(merged(&page, &[("a", "t")], false), r#"m{a="t",exported_a="1",exported_exported_a="2"}"#);
    // An exposed label that is empty keeps the target's away where labels are honoured.
    assert_eq!(merged(&[("__name__", "m"), ("a", "")], &[("a", "t")], true), r#"m{a=""}"#);
    assert_eq!(merged(&[("__name__", "m")], &[("a", "t"), ("__x", "1")], false), r#"m{a="t"}"#);
}

#[test]
fn two_labels_may_end_up_with_one_name() {
    let page = [("__name__", "m"), ("job", "p")];
    let merged = sample(&page, &[("exported_job", "x"), ("job", "t")], false);
    assert!(merged.is_twice());
    assert_eq!(merged.labels().to_string(), r#"m{exported_job="x",job="t"}"#);
    assert!(!sample(&page, &[("job", "t")], false).is_twice());
    // By name, `a` comes before `exported_a`, which then makes way too.
    let merged = sample(&[("__name__", "m"), ("a", "p")], &[("a", "t"), ("exported_a", "x")], false);
    assert!(!merged.is_twice());
    assert_eq!(merged.labels().to_string(), r#"m{a="t",exported_a="x",exported_exported_a="p"}"#);
}

#[test]
fn a_bare_metric_makes_way_for_one_of_the_scrape() {
    fn name(exposed: &[(&str, &str)], honor_labels: bool) -> String {
        sample(exposed, &[("job", "t")], honor_labels).labels().get("__name__").to_owned()
    }
    for own in ["up", "scrape_samples_scraped", "scrape_samples_limit", "scrape_labels_limit"] {
        assert_eq!(name(&[("__name__", own)], false), format!("exported_{own}"));
        assert_eq!(name(&[("__name__", own)], true), own);
        // With a label it is another series than vmagent's.
        assert_eq!(name(&[("__name__", own), ("a", "1")], false), own);
    }
    for other in ["scrape_sample_limit", "scrape_body_size_bytes", "scrape_errors_total", "upper"] {
        assert_eq!(name(&[("__name__", other)], false), other);
    }
}

#[test]
fn external_labels_come_last_and_what_a_series_says_makes_way_for_them() {
    let series = labels(&[("__name__", "m"), ("cluster", "own")]);
    let external = labels(&[("cluster", "c1"), ("region", "r")]);
    let with = |honor| Listed::external(&series, &external, honor).labels().to_string();
    assert_eq!(with(false), r#"m{cluster="c1",exported_cluster="own",region="r"}"#);
    assert_eq!(with(true), r#"m{cluster="own",region="r"}"#);
    // So they do for Prometheus.
    assert_eq!(stages::external(&series, &external).to_string(), r#"m{cluster="own",region="r"}"#);
}

#[test]
fn metric_rules_go_by_the_page_and_leave_nothing_that_begins_with_two_underscores() {
    let mapped = chain(&[Rule::new(Action::LabelMap).regex("[az]").replacement("b")]);
    let exposed: Vec<_> = [("__name__", "m"), ("z", "1"), ("a", "2"), ("__tmp_x", "3")]
        .iter()
        .map(|(n, v)| (Arc::from(*n), Arc::from(*v)))
        .collect();
    let (_, got) = stages::sample(&exposed, &labels(&[("job", "t")]), false, &mapped);
    assert_eq!(got.to_string(), r#"m{a="2",b="2",job="t",z="1"}"#);
    // Even without rules.
    let (_, got) = stages::sample(&exposed, &labels(&[("job", "t")]), false, &chain(&[]));
    assert_eq!(got.to_string(), r#"m{a="2",job="t",z="1"}"#);
}

#[test]
fn a_report_has_the_labels_of_its_target_as_they_are() {
    let target = labels(&[("job", "t"), ("exported_job", "x"), ("__address__", "h:1")]);
    assert_eq!(stages::report("up", &target, Dialect::Vmagent).to_string(), r#"up{exported_job="x",job="t"}"#);
    assert_eq!(stages::report("up", &target, Dialect::PROMETHEUS3).to_string(), r#"up{job="t"}"#);
}

fn target(found: &[(&str, &str)]) -> Target {
    let job = Job {
        job_name: "node",
        scheme: "http",
        metrics_path: "/metrics",
        scrape_interval: "90s",
        scrape_timeout: "2m",
        params: &[],
    };
    stages::target(&labels(found), &job, &chain(&[]))
}

#[test]
fn an_address_may_be_a_url_and_its_instance_has_a_port() {
    let kept = |found: &[(&str, &str)]| match target(found) {
        Target::Kept(labels) => labels.get("instance").to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(kept(&[("__address__", "h")]), "h:80");
    assert_eq!(kept(&[("__address__", "h"), ("__scheme__", "https")]), "h:443");
    assert_eq!(kept(&[("__address__", "https://h/x")]), "h:443");
    assert_eq!(kept(&[("__address__", "h:1/x")]), "h:1");
    assert_eq!(kept(&[("__address__", "h:1"), ("instance", "i")]), "i");
    assert_eq!(target(&[("a", "b")]), Target::Refused(TargetFault::NoAddress));
    for text in ["0s", "x"] {
        let refused = target(&[("__address__", "h"), ("__scrape_interval__", text)]);
        assert_eq!(refused, Target::Refused(TargetFault::Interval), "{text}");
    }
}

#[test]
fn rules_see_intervals_as_go_prints_them() {
    let Target::Kept(kept) = target(&[("__address__", "h")]) else { panic!() };
    // A timeout above the interval is cut.
    assert_eq!((kept.get("__scrape_interval__"), kept.get("__scrape_timeout__")), ("1m30s", "1m30s"));
    for (ms, text) in [(0, "0s"), (5, "5ms"), (1500, "1.5s"), (6000, "6s"), (60_000, "1m0s"), (86_400_000, "24h0m0s")] {
        assert_eq!(go_duration(ms), text);
        assert_eq!(milliseconds(text), Some(ms), "{text}");
    }
    assert_eq!(milliseconds("1.x"), None);
}

#[test]
fn a_time_that_is_no_milliseconds_is_seconds() {
    let at = |said, honor| stages::timestamp(said, 7, honor, Dialect::Vmagent);
    assert_eq!(at(Some(1_763_000_000_123), Some(true)), 1_763_000_000_123);
    assert_eq!(at(Some(1_763_000_000), Some(true)), 1_763_000_000_000);
    for (said, honor) in [(Some(0), Some(true)), (None, Some(true)), (Some(9), Some(false)), (Some(9), None)] {
        assert_eq!(at(said, honor), 7, "{said:?} {honor:?}");
    }
    // Prometheus believes what a page says unless told.
    assert_eq!(stages::timestamp(Some(9), 7, None, Dialect::PROMETHEUS3), 9);
    assert_eq!(stages::timestamp(Some(9), 7, Some(false), Dialect::PROMETHEUS3), 7);
}
