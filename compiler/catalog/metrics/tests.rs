use super::*;

const TABLE: &str = "\
# component: toy
# source: exposition
# measured: 1.2
# complete: yes
# name\ttype\tlabels\tnamespace\tfrom\tsince\tuntil
toy_nic_*\tuntyped\tdevice\t-\tnics
toy_build_info\tgauge\tversion
toy_lag\tgauge\t-\t-\t-\t-\t2.0
toy_requests_total\tcounter\tnamespace,pod\tnamespace\tpods
toy_seconds\thistogram\tcode
toy_wait_seconds\tsummary\t-\t-\t-\t1.3.1
";

#[test]
fn a_series_is_found_by_name_suffix_or_pattern() {
    let table = Table::new(TABLE);
    assert_eq!((table.component, table.measured, table.complete), (Some("toy"), "1.2", true));
    let name = |series| table.find(series).map(|m| m.name);
    for (series, metric) in [
        ("toy_build_info", "toy_build_info"),
        ("toy_lag", "toy_lag"),
        ("toy_requests_total", "toy_requests_total"),
        ("toy_seconds_bucket", "toy_seconds"),
        ("toy_seconds_count", "toy_seconds"),
        ("toy_wait_seconds", "toy_wait_seconds"),
        ("toy_wait_seconds_sum", "toy_wait_seconds"),
        ("toy_nic_prio3_pause", "toy_nic_*"),
    ] {
        assert_eq!(name(series), Some(metric), "{series}");
    }
    for absent in ["toy", "toy_seconds", "toy_wait_seconds_bucket", "toy_lag_sum", "toy_z", "a", "zz", ""] {
        assert_eq!(name(absent), None, "{absent}");
    }
    let requests = table.find("toy_requests_total").unwrap();
    assert_eq!(requests.namespace, Some("namespace"));
    assert_eq!(
        (requests.labels().collect::<Vec<_>>(), requests.from().collect::<Vec<_>>()),
        (vec!["namespace", "pod"], vec!["pods"])
    );
}

#[test]
fn versions_have_it_from_since_on_and_before_until() {
    let table = Table::new(TABLE);
    let at = |series, version| {
        let versions = Versions::from([("toy".to_owned(), Version::parse(version).unwrap())]);
        table.find(series).unwrap().is_in(table.component, &versions)
    };
    assert!(at("toy_lag", "1.9") && !at("toy_lag", "2.0"));
    assert!(!at("toy_wait_seconds", "1.3.0") && at("toy_wait_seconds", "1.3.1"));
    assert!(table.find("toy_lag").unwrap().is_in(table.component, &Versions::new()));
}

#[test]
fn a_glob_that_fits_nothing_is_told_what_was_meant() {
    let table = Table::new(TABLE);
    let glob = |text| MetricGlob::parse(text).unwrap();
    for fits in ["toy_*", "*_bucket", "toy_nic_carrier_*", "toy_seconds_sum"] {
        assert!(table.meets(&glob(fits)), "{fits}");
    }
    for (nothing, near) in [
        ("toy_request_total", Some("toy_requests_total")),
        ("toy_reqests_*", Some("toy_requests_*")),
        ("toy_secnds_bucket", Some("toy_seconds_bucket")),
        ("kube_pod_*", None),
    ] {
        assert!(!table.meets(&glob(nothing)), "{nothing}");
        assert_eq!(table.near(&glob(nothing)).as_deref(), near, "{nothing}");
    }
}

#[test]
fn rows_out_of_order_or_malformed_are_named_by_line() {
    assert_eq!(Table::faults(TABLE), []);
    let faults =
        Table::faults("# x\nb\tgauge\na\tgauge\na\tgauge\nc\tgage\nd-e\tgauge\n*z\tgauge\ne\tgauge\t-\t-\t-\tnew\n");
    let lines: Vec<u32> = faults.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8], "{faults:?}");
}

const OLD: &str = "\
# HELP toy_lag Help is nobody's.
# TYPE toy_lag gauge
toy_lag 1
# TYPE toy_seconds histogram
toy_seconds_bucket{code=\"a \\\" }\",le=\"0.5\"} 1
toy_seconds_sum{code=\"200\"} 0.5
toy_seconds_count{code=\"200\"} 1 1700000000000
# TYPE toy_idle_total counter
toy_untyped{namespace=\"a\",empty=\"\"} NaN
";

#[test]
fn an_exposition_becomes_a_table_and_a_newer_one_adds_to_it() {
    let mut draft = Draft::of(&Table::new("# component: toy\n# source: exposition\n"));
    let read = |draft: &mut Draft, text: &str, version| {
        let reading = Reading { version, from: None, namespace: Some("namespace") };
        draft.read(&Exposition::parse(text).unwrap(), reading).unwrap();
    };
    read(&mut draft, OLD, "1.9");
    let rows =
        |draft: &Draft| draft.text().lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    let first = [
        "toy_idle_total\tcounter",
        "toy_lag\tgauge",
        "toy_seconds\thistogram\tcode",
        "toy_untyped\tuntyped\tnamespace\tnamespace",
    ];
    assert_eq!(rows(&draft), first);
    assert_eq!(Draft::of(&Table::new(&draft.text())), draft);
    assert_eq!(Table::faults(&draft.text()), []);

    read(
        &mut draft,
        "# TYPE toy_late gauge\ntoy_late 1\n# TYPE toy_idle_total counter\ntoy_idle_total{by=\"me\"} 1\n",
        "1.10",
    );
    let second = [
        "toy_idle_total\tcounter\tby",
        // Without labels, and gone: this version has it no more.
        "toy_lag\tgauge\t-\t-\t-\t-\t1.10.0",
        "toy_late\tgauge\t-\t-\t-\t1.10.0",
        // With labels it may only not have happened yet.
        "toy_seconds\thistogram\tcode",
        "toy_untyped\tuntyped\tnamespace\tnamespace",
    ];
    assert_eq!(rows(&draft), second);
    assert!(draft.text().contains("# measured: 1.9, 1.10\n"), "{}", draft.text());
}

#[test]
fn pages_of_several_endpoints_do_not_take_from_each_other() {
    let mut draft = Draft::default();
    for (text, from) in [("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n", "one"), ("# TYPE b gauge\nb 1\n", "two")] {
        let reading = Reading { version: "1.0", from: Some(from), namespace: None };
        draft.read(&Exposition::parse(text).unwrap(), reading).unwrap();
    }
    let text = draft.text();
    assert!(text.contains("a\tgauge\t-\t-\tone\n") && text.contains("b\tgauge\t-\t-\tone,two\n"), "{text}");
}

#[test]
fn what_is_no_exposition_is_refused_with_its_line() {
    for (text, line) in
        [("a 1\n<html>\n", 2), ("a{b} 1\n", 1), ("a{b=\"c} 1\n", 1), ("a x\n", 1), ("1a 2\n", 1), ("a\n", 1)]
    {
        assert_eq!(Exposition::parse(text).map_err(|e| e.line), Err(line), "{text}");
    }
}
