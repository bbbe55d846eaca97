//! Names that must be declared, and names that may not be there twice.

use super::*;

#[test]
fn every_kind_of_name_must_be_declared() {
    let base = with(
        r#"
zone "idc-1"
profile "public"
cluster "edge-1" zone="idc-1"
store "central" kind="victoriametrics-cluster" cluster="edge-1" { retention "90d"; storage "1Gi"; address "lan" url="http://10.0.0.1:8480" zones="idc-1" }
alertmanager "main" service="monitoring/main"
route "home" from="*" to="central"
"#,
    );
    assert_eq!(found(&base), [""; 0]);
    for (extra, word, near) in [
        ("cluster \"x\" zone=\"idc-2\"", "idc-2", "idc-1"),
        ("cluster \"x\" profile=\"publc\" zone=\"idc-1\"", "publc", "public"),
        ("profile \"y\" profile=\"publc\"", "\"publc\"", "public"),
        ("profile \"y\" { alerts \"mian\" }", "\"mian\"", "main"),
        ("profile \"y\" { reader \"grafana\" dashboards=\"lane\" }", "lane", "lanes"),
        ("cluster \"x\" zone=\"idc-1\" { reader \"r\" reads=\"usr\" }", "usr", "user"),
        ("cluster \"x\" zone=\"idc-1\" { versions promethus=\"3.13.2\" }", "promethus", "prometheus"),
        ("cluster \"x\" zone=\"idc-1\" { job \"node-exporter\" prometheus=\"usr\" }", "usr", "user"),
        ("cluster \"x\" zone=\"idc-1\" { exporters \"watershd\" }", "\"watershd\"", "watershed"),
        ("cluster \"x\" zone=\"idc-1\" { job \"node-exporter\" exporter=\"elsewere\" }", "elsewere", "elsewhere"),
        (
            "cluster \"x\" zone=\"idc-1\" { prometheus \"user\" { jobs \"node-exportr\" } }",
            "\"node-exportr\"",
            "node-exporter",
        ),
        (
            "cluster \"x\" zone=\"idc-1\" { prometheus \"user\" { jobs \"node-exporter/dsk\" } }",
            "\"node-exporter/dsk\"",
            "disk",
        ),
        ("cluster \"x\" zone=\"idc-1\" { prometheus \"user\" { also-scrapes \"kubelt\" } }", "\"kubelt\"", "kubelet"),
    ] {
        let (d, doc) = only(&format!("{base}{extra}\n"));
        assert_eq!(d.code.id, "REF101", "{extra}: {d:#?}");
        assert!(doc.sources.slice(d.at).contains(word.trim_matches('"')), "{extra}: {d:#?}");
        assert!(d.help.contains(&format!("`{near}`")), "{extra}: {}", d.help);
    }
}

#[test]
fn a_name_inside_a_quoted_list_is_pointed_at_alone() {
    let (d, doc) = only(&with("zone \"z\"\nprofile \"gpu\"\ncluster \"x\" profile=\"gpu publc\"\n"));
    assert_eq!(doc.sources.slice(d.at), "publc");
}

#[test]
fn identities_are_unique_whatever_their_case() {
    let (d, doc) = only(&with("cluster \"a\" id=\"Edge\"\ncluster \"edge\"\n"));
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF102", "\"edge\""));
    assert_eq!(shows(&doc, &d), ["\"Edge\""]);
    let gone = with("cluster \"a\" id=\"old\"\nremoved \"old\" kind=\"cluster\"\n");
    assert!(found(&gone).contains(&"REF102 \"old\"".to_owned()), "{:?}", found(&gone));
    let fleet = sound(&with("cluster \"a\" id=\"Edge\"\ncluster \"b\"\n"));
    assert_eq!((cluster(&fleet, "a").id.value.as_str(), cluster(&fleet, "b").id.value.as_str()), ("Edge", "b"));
}

#[test]
fn a_prometheus_and_a_store_may_not_share_a_name() {
    let text = with(
        "cluster \"c\"\nstore \"user\" kind=\"victoriametrics-cluster\" cluster=\"c\" { retention \"9d\"; storage \"1Gi\" }\nroute \"r\" from=\"c\" to=\"user\"\n",
    );
    let (d, doc) = only(&text);
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF114", "\"user\""));
    assert_eq!(doc.sources.position(d.at).line, 5);
    assert_eq!(shows(&doc, &d), ["\"user\""]);
}

#[test]
fn the_identity_label_is_no_external_label() {
    let (d, doc) = only(&with("cluster \"c\" { external-labels region=\"x\" cluster=\"y\" }\n"));
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF115", "cluster"));
}

#[test]
fn allow_names_a_rule_that_can_be_allowed_and_ends_on_its_day() {
    let text =
        |rule: &str, until: &str| with(&format!("cluster \"c\" {{ allow \"{rule}\" why=\"because\" {until} }}\n"));
    assert_eq!(found(&text("REF105", "")), ["REF133 \"REF105\""]);
    assert_eq!(found(&text("REF999", "")), ["REF101 \"REF999\""]);
    assert_eq!(found(&text("REF120", "until=\"2026-11-21\"")), ["REF132 \"2026-11-21\""]);
    let fleet = sound(&text("REF120", "until=\"2026-11-22\""));
    let allow = &fleet.allows[0];
    assert_eq!((allow.code.as_str(), allow.why.as_str()), ("REF120", "because"));
    assert_eq!(allow.block, cluster(&fleet, "c").at);
}

#[test]
fn what_the_language_knows_and_nobody_compiles_is_said_so() {
    let text = |s: &str| with(&format!("cluster \"c\" {{ {s} }}\n"));
    assert_eq!(found(&text("prometheus \"user\" { rules \"gpu\" }")), ["REF134 \"gpu\""]);
    assert_eq!(found(&text("reader \"g\" reads=\"user\" dashboards=\"capacity\"")), ["REF134 capacity"]);
    assert_eq!(found(&text("versions npu-exporter=\"1.0\"")), ["REF101 npu-exporter"]);
    // Not named: not collected, and listed.
    let fleet = sound(&with("cluster \"c\"\n"));
    assert!(cluster(&fleet, "c").absent.iter().any(|(job, why)| job == "kube-proxy" && why.contains("reachable")));
}

#[test]
fn an_alertmanager_reached_by_its_service_takes_neither_address_nor_credentials() {
    let alerts = |rest: &str| {
        with(&format!("alertmanager \"m\" service=\"monitoring/main\" {{ {rest} }}\ncluster \"c\" alerts=\"m\"\n"))
    };
    sound(&alerts(""));
    for said in ["bearer secret=\"s\"", "basic-auth secret=\"s\"", "ca secret=\"s\"", "client-cert secret=\"s\""] {
        let (refused, _) = only(&alerts(said));
        assert_eq!(refused.code.id, "REF134", "{said}");
    }
    let (refused, _) = only(&alerts("address \"x\" url=\"https://10.0.0.1\" { bearer secret=\"s\" }"));
    assert!(refused.code.id == "REF134" && refused.help.contains("`service`"), "{refused:#?}");
}

#[test]
fn an_alertmanager_must_be_within_reach_of_those_who_tell_it() {
    let alerts = |address: &str, cluster: &str| {
        with(&format!(
            "zone \"a\"\nzone \"b\"\nalertmanager \"m\" {{ bearer secret=\"s\"; {address} }}\ncluster \"c\" {cluster} {{ alerts \"m\" }}\n"
        ))
    };
    sound(&alerts("address \"x\" url=\"https://x.example.com\"", ""));
    sound(&alerts("address \"x\" url=\"http://10.0.0.1\" zones=\"a\"", "zone=\"a\""));
    let (no_way, _) = only(&alerts("address \"x\" url=\"http://10.0.0.1\" zones=\"a\"", "zone=\"b\""));
    assert!(no_way.code.id == "REF122" && no_way.what.contains("alertmanager `m`"), "{no_way:#?}");
    assert!(no_way.help.contains("alerts {}"), "{no_way:#?}");
    let (no_zone, _) = only(&alerts("address \"x\" url=\"http://10.0.0.1\" zones=\"a\"", ""));
    assert_eq!(no_zone.code.id, "REF121");
}

#[test]
fn receivers_say_what_their_kind_needs_and_exactly_one_takes_the_rest() {
    let receivers =
        |said: &str| found(&with(&format!("cluster \"c\"\nalertmanager \"m\" cluster=\"c\" {{ {said} }}\n")));
    let none: [&str; 0] = [];
    assert_eq!(receivers("receiver \"a\" kind=\"webhook\" secret=\"s\""), none);
    assert_eq!(receivers(""), ["REF106 \"m\""]);
    assert_eq!(receivers("receiver \"a\" kind=\"webhook\" secret=\"s\" { match team=\"x\" }"), ["REF106 \"m\""]);
    let two = "receiver \"a\" kind=\"webhook\" secret=\"s\"; receiver \"b\" kind=\"slack\" secret=\"s\"";
    assert_eq!(receivers(two), ["REF110 \"b\""]);
    assert_eq!(receivers("receiver \"a\" kind=\"webhook\""), ["REF106 \"a\""]);
    assert_eq!(receivers("receiver \"a\" kind=\"email\" to=\"a@x\" from=\"b@y\" smarthost=\"h:25\""), none);
    assert_eq!(receivers("receiver \"a\" kind=\"email\" to=\"a@x\" from=\"b@y\""), ["REF106 \"a\""]);
    assert_eq!(receivers("receiver \"a\" kind=\"webhook\" secret=\"s\" channel=\"ops\""), ["REF161 \"ops\""]);
    assert_eq!(receivers("receiver \"a\" kind=\"telegram\" secret=\"s\" chat-id=\"ops\""), ["REF162 \"ops\""]);
    assert_eq!(receivers("receiver \"a\" kind=\"telegram\" secret=\"s\" chat-id=\"0\""), ["REF162 \"0\""]);
    let mail = "receiver \"a\" kind=\"email\" to=\"ops\" from=\"b@y\" smarthost=\"mail.example.com\"";
    assert_eq!(receivers(mail), ["REF162 \"ops\"", "REF162 \"mail.example.com\""]);
    assert_eq!(receivers("receiver \"a\" kind=\"slack\" secret=\"s\" channel=\"\""), ["REF162 \"\""]);
    assert_eq!(receivers("receiver \"a\" kind=\"telegram\" secret=\"s\" chat-id=\"-100\""), none);
}

#[test]
fn what_stands_in_a_receiver_and_does_not_belong_there_is_not_shown() {
    let text =
        "alertmanager \"m\" cluster=\"c\" { receiver \"a\" kind=\"pagerduty\" secret=\"s\" routing-key=\"hunter2\" }";
    let (refused, doc) = only(&with(&format!("cluster \"c\"\n{text}\n")));
    assert_eq!(refused.code.id, "REF161");
    assert_eq!(refused.hidden.map(|at| doc.sources.slice(at)), Some("\"hunter2\""));
    assert!(!format!("{refused:?}").contains("hunter2"));
}

#[test]
fn an_alertmanager_named_twice_is_told_once() {
    let text = with("alertmanager \"m\" service=\"monitoring/main\"\ncluster \"c\" { alerts \"m\" \"m\" }\n");
    let (found, doc) = only(&text);
    assert_eq!((found.code.id, shows(&doc, &found)), ("REF163", vec!["\"m\""]));
    assert!(found.at.start > found.labels[0].span.start);
    let (fleet, _, _) = run(&text);
    let fleet = fleet.expect("a fleet");
    assert!(cluster(&fleet, "c").lanes.iter().all(|l| l.alerts.len() == 1));
}
