//! Routes, selectors, ways.

use super::*;
use crate::model::fleet::Destination;
use crate::model::ids::{ClusterId, StoreId, ZoneId};

/// Two planes and members, each with what a test adds.
fn planes(rest: &str) -> String {
    with(&format!(
        r#"
zone "idc"
zone "far"
cluster "control-a" zone="idc"
cluster "control-b" zone="idc"
cluster "edge-1" zone="far" {{ labels tier="gpu" region="sh" }}
cluster "edge-2" zone="far" {{ labels tier="gpu" region="gz" }}
store "plane-a" kind="victoriametrics-cluster" cluster="control-a" {{
    retention "90d"
    storage "1Gi"
    basic-auth secret="a"
    tenant "t" id=7
    address "public" url="https://a.example.com"
}}
store "plane-b" kind="victoriametrics-cluster" cluster="control-b" {{
    retention "90d"
    storage "1Gi"
    basic-auth secret="b"
    address "public" url="https://b.example.com"
}}
{rest}
"#
    ))
}

const HOME: &str = "route \"home\" from=\"control-*\" to=\"plane-a\"\n";

fn senders(from: &str) -> Vec<String> {
    let fleet = sound(&planes(&format!(
        "route \"r\" {{ from {from}; to \"plane-a\" }}\nroute \"z\" {{ from \"*\" {}; to \"plane-b\" }}\n",
        // The others go elsewhere, so that no cluster is left out.
        sound_rest(from)
    )));
    fleet.routes[0].from.iter().map(|c| fleet.cluster(c.value).name.clone()).collect()
}

fn sound_rest(from: &str) -> String {
    let all = ["control-a", "control-b", "edge-1", "edge-2"];
    let (fleet, _, _) = run(&planes(&format!("route \"r\" {{ from {from}; to \"plane-a\" }}\n")));
    let fleet = fleet.unwrap();
    let taken: Vec<&str> = fleet.routes[0].from.iter().map(|c| all[c.value.index()]).collect();
    taken.iter().map(|n| format!("\"!{n}\"")).collect::<Vec<_>>().join(" ")
}

#[test]
fn selectors_take_names_labels_and_not() {
    assert_eq!(senders("\"edge-1\""), ["edge-1"]);
    assert_eq!(senders("\"edge-*\" \"control-a\""), ["control-a", "edge-1", "edge-2"]);
    assert_eq!(senders("\"tier=gpu\""), ["edge-1", "edge-2"]);
    assert_eq!(senders("\"tier=gpu,region=sh\""), ["edge-1"]);
    assert_eq!(senders("\"region!=sh\""), ["control-a", "control-b", "edge-2"]);
    assert_eq!(senders("\"region=s*\""), ["edge-1"]);
    assert_eq!(senders("\"zone=idc\""), ["control-a", "control-b"]);
    assert_eq!(senders("\"*\" \"!edge-2\" \"!zone=idc\""), ["edge-1"]);
}

#[test]
fn a_term_that_matches_nothing_is_an_error_unless_it_takes_out() {
    let text = |from: &str| planes(&format!("route \"r\" {{ from \"*\" {from}; to \"plane-a\" }}\n"));
    assert_eq!(found(&text("\"edge-3\"")), ["REF105 \"edge-3\""]);
    assert_eq!(found(&text("\"tier=npu\"")), ["REF105 \"tier=npu\""]);
    assert_eq!(found(&text("\"!edge-3\"")), [""; 0]);
    let (d, _) = only(&text("\"teir=gpu\""));
    assert!(d.help.contains("`tier`"), "{}", d.help);
    let (d, _) = only(&text("\"zone=idcc\""));
    assert!(d.help.contains("`idc`"), "{}", d.help);
}

#[test]
fn profiles_select_too() {
    let text = with(
        "zone \"z\"\nprofile \"gpu\"\nprofile \"big\" profile=\"gpu\"\ncluster \"a\" profile=\"big\" zone=\"z\"\ncluster \"b\" zone=\"z\"\nstore \"s\" kind=\"victoriametrics-cluster\" cluster=\"a\" { retention \"9d\"; storage \"1Gi\"; address \"x\" url=\"http://10.0.0.1\" zones=\"z\" }\nroute \"r\" from=\"profile=gpu\" to=\"s\"\nroute \"q\" from=\"b\" to=\"s\"\n",
    );
    let fleet = sound(&text);
    assert_eq!(fleet.routes[1].from.iter().map(|c| c.value).collect::<Vec<_>>(), [ClusterId(0)]);
}

#[test]
fn a_prometheus_is_in_one_route() {
    let (d, doc) =
        only(&planes("route \"every\" from=\"*\" to=\"plane-a\"\nroute \"some\" from=\"edge-1\" to=\"plane-b\"\n"));
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF116", "edge-1"));
    assert_eq!(shows(&doc, &d), ["*"]);
    assert!(d.help.contains("\"!edge-1\"") && d.what.contains("`every` and `some`"), "{d:?}");
    let split = planes(
        "route \"every\" from=\"*\" to=\"plane-a\" prometheus=\"user\"\nroute \"some\" from=\"edge-1\" to=\"plane-b\" prometheus=\"usr\"\n",
    );
    assert_eq!(found(&split), ["REF101 usr"]);
}

#[test]
fn a_cluster_that_sends_nothing_is_a_warning_that_can_be_allowed() {
    let (d, doc) = only(&planes(
        "route \"r\" from=\"*\" { from \"!edge-2\"; to \"plane-a\" }\n"
            .replace(" from=\"*\"", "")
            .replace("from \"!edge-2\"", "from \"*\" \"!edge-2\"")
            .as_str(),
    ));
    assert_eq!((d.code.id, doc.sources.slice(d.at), d.code.allowable), ("REF120", "\"edge-2\"", true));
    assert_eq!(found(&with("cluster \"c\"\n")), [""; 0]);
}

#[test]
fn destinations_are_stores_tenants_or_none() {
    let fleet = sound(&planes(&format!("{HOME}route \"r\" from=\"edge-*\" to=\"plane-a/t\"\n")));
    let line = &fleet.routes[1].lines[0];
    assert_eq!(line.stores.iter().map(|s| s.value).collect::<Vec<_>>(), [Destination::Store(StoreId(0), 7)]);
    let text = |to: &str| planes(&format!("{HOME}route \"r\" {{ from \"edge-*\"; to {to} }}\n"));
    assert_eq!(found(&text("\"plane-c\"")), ["REF101 \"plane-c\""]);
    assert_eq!(found(&text("\"plane-a/u\"")), ["REF101 \"plane-a/u\""]);
    assert_eq!(found(&text("\"plane-a\" \"plane-a\"")), ["REF136 \"plane-a\""]);
    assert_eq!(found(&text("\"plane-a\" \"none\"")), ["REF136 \"none\""]);
    assert_eq!(found(&text("\"none\"")), [""; 0]);
}

#[test]
fn a_route_without_namespaces_has_one_line_without_a_filter() {
    let text = |lines: &str| planes(&format!("{HOME}route \"r\" from=\"edge-*\" {{\n{lines}\n}}\n"));
    assert_eq!(found(&text("to \"plane-a\" jobs=\"kubelet\"\n to \"plane-b\"")), [""; 0]);
    assert_eq!(found(&text("to \"plane-a\" jobs=\"kubelet\"")), ["REF117 \"r\""]);
    let (d, doc) = only(&text("to \"plane-a\"\n to \"plane-b\""));
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF117", "\"plane-b\""));
    assert_eq!(shows(&doc, &d), ["\"plane-a\""]);
    assert_eq!(found(&text("to \"plane-a\"\n shared \"plane-b\"")), ["REF117 shared"]);
}

#[test]
fn a_route_by_namespace_says_where_everything_else_goes() {
    let text = |lines: &str| planes(&format!("{HOME}route \"r\" from=\"edge-*\" {{\n{lines}\n}}\n"));
    let whole = "to \"plane-a\" namespaces=\"a\"\n to \"plane-b\" namespaces=\"b team-*\"\n shared \"plane-a\" \"plane-b\"\n unowned \"none\"";
    assert_eq!(found(&text(whole)), [""; 0]);
    let (_, doc, all) = run(&text("to \"plane-a\" namespaces=\"a\""));
    let said: Vec<_> = all.iter().map(|d| (d.code.id, doc.sources.slice(d.at), d.what.contains("`shared`"))).collect();
    assert_eq!(said, [("REF118", "\"r\"", true), ("REF118", "\"r\"", false)]);
    assert_eq!(found(&text(&format!("{whole}\n to \"plane-b\""))), ["REF117 \"plane-b\""]);
}

#[test]
fn a_namespace_belongs_to_one_line() {
    let text = |a: &str, b: &str| {
        planes(&format!(
            "{HOME}route \"r\" from=\"edge-*\" {{\n to \"plane-a\" {a}\n to \"plane-b\" {b}\n shared \"none\"\n unowned \"none\"\n}}\n"
        ))
    };
    let (d, doc) = only(&text("namespaces=\"x y\"", "namespaces=\"z y\""));
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF119", "y"));
    assert_eq!(shows(&doc, &d), ["y"]);
    // A name beats a pattern, a longer pattern a shorter one.
    assert_eq!(found(&text("namespaces=\"team-*\"", "namespaces=\"team-a team-b-*\"")), [""; 0]);
    assert_eq!(found(&text("namespaces=\"team-*\"", "namespaces=\"team-*\"")), ["REF119 team-*"]);
    // Lines with jobs are asked among themselves.
    assert_eq!(found(&text("namespaces=\"x\"", "namespaces=\"x\" jobs=\"cadvisor\"")), [""; 0]);
}

#[test]
fn jobs_of_a_line_exist() {
    let text = |jobs: &str| {
        planes(&format!("{HOME}route \"r\" from=\"edge-*\" {{\n to \"plane-a\" jobs=\"{jobs}\"\n to \"plane-b\"\n}}\n"))
    };
    for good in [
        "node-exporter",
        "node-exporter/network",
        "node-exporter/network-sampled",
        "node-*",
        "*/cpu",
        "node-exporter/*",
    ] {
        assert_eq!(found(&text(good)), [""; 0], "{good}");
    }
    assert_eq!(found(&text("node-exportr")), ["REF101 node-exportr"]);
    assert_eq!(found(&text("node-exporter/netwrk")), ["REF101 node-exporter/netwrk"]);
    assert_eq!(found(&text("nothing-*")), ["REF101 nothing-*"]);
}

/// A store on `a` with one address, a sender `b`.
fn link(zone: &str, address: &str) -> String {
    with(&format!(
        "zone \"z\"\nzone \"y\"\ncluster \"a\" zone=\"z\"\ncluster \"b\" {zone}\nstore \"s\" kind=\"victoriametrics-cluster\" cluster=\"a\" {{\n retention \"9d\"\n storage \"1Gi\"\n {address}\n}}\nroute \"r\" from=\"*\" to=\"s\"\n"
    ))
}

const LAN: &str = "address \"lan\" url=\"http://10.0.0.1:8480\" zones=\"z\"";

#[test]
fn there_must_be_a_way_to_the_store() {
    assert_eq!(found(&link("zone=\"z\"", LAN)), [""; 0]);
    let (d, doc) = only(&link("zone=\"y\"", LAN));
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF122", "\"y\""));
    assert_eq!(shows(&doc, &d), ["\"b\"", "\"lan\"", "*"]);
    assert_eq!(found(&link("", LAN)), ["REF121 \"b\""]);
    assert_eq!(found(&link("zone=\"z\"", "")), ["REF122 \"z\""]);
    assert_eq!(found(&link("zone=\"y\"", &format!("{LAN}\n{}", LAN.replace("lan", "lan2")))).len(), 2);
    assert_eq!(found(&link("zone=\"z\"", &format!("{LAN}\n{}", LAN.replace("\"lan\"", "\"lan2\"")))), ["REF123 z"]);
}

#[test]
fn a_way_is_the_service_the_zone_or_the_open_address() {
    let open = "basic-auth secret=\"w\"\n address \"public\" url=\"https://s.example.com\"";
    let fleet = sound(&link("zone=\"y\"", &format!("{LAN}\n {open}")));
    let store = &fleet.stores[0];
    let names: Vec<&str> = store.addresses.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["lan", "public"]);
    let (y, z) = (ZoneId(0), ZoneId(1));
    assert_eq!(way(store, ClusterId(0), Some(z), None), Ok(Way::Service));
    assert_eq!(way(store, ClusterId(1), Some(z), None), Ok(Way::Address(0)));
    assert_eq!(way(store, ClusterId(1), Some(y), None), Ok(Way::Address(1)));
    assert_eq!(way(store, ClusterId(1), None, None), Ok(Way::Address(1)));
    assert_eq!(way(store, ClusterId(1), Some(y), Some("lan")), Ok(Way::Address(0)));
    assert_eq!(way(store, ClusterId(1), Some(y), Some("wan")), Err(NoWay::NoSuchAddress));
    // Credentials of the address are those of the store where it says none.
    assert!(store.addresses[1].credentials.auth.is_some());
}

#[test]
fn via_names_an_address_of_the_store() {
    let text = link("zone=\"z\"", LAN).replace("to=\"s\"", "{ to \"s\" via=\"wan\" }");
    assert_eq!(found(&text), ["REF101 \"wan\""]);
}

#[test]
fn an_address_for_everybody_has_tls_and_credentials() {
    let open = |url: &str, auth: &str| link("zone=\"z\"", &format!("{auth}\n address \"public\" url=\"{url}\""));
    assert_eq!(found(&open("https://s.example.com", "bearer secret=\"w\"")), [""; 0]);
    assert_eq!(found(&open("http://s.example.com", "bearer secret=\"w\"")), ["REF124 \"http://s.example.com\""]);
    assert_eq!(found(&open("https://s.example.com", "")), ["REF124 url"]);
}

#[test]
fn a_name_inside_a_cluster_is_no_address() {
    let text = link("zone=\"z\"", &LAN.replace("http://10.0.0.1:8480", "http://vminsert.vm.svc:8480"));
    assert_eq!(found(&text), ["REF125 \"http://vminsert.vm.svc:8480\""]);
    // Somebody else's store may be named so, if one cluster uses it.
    let foreign = |from: &str| {
        with(&format!(
            "zone \"z\"\ncluster \"a\" zone=\"z\"\ncluster \"b\" zone=\"z\"\nstore \"s\" kind=\"remote-write\" accepts-late=\"1h\" {{ address \"in\" url=\"http://x.y.svc:9090/api/v1/write\" zones=\"z\" }}\nroute \"r\" {{ from {from}; to \"s\" }}\n"
        ))
    };
    assert_eq!(found(&foreign("\"a\"")), ["REF120 \"b\""]);
    assert_eq!(found(&foreign("\"*\"")), ["REF125 \"http://x.y.svc:9090/api/v1/write\""]);
}

#[test]
fn a_reader_elsewhere_needs_a_way_too() {
    let text = link("zone=\"y\"", LAN)
        .replace("from=\"*\"", "from=\"a\"")
        .replace("cluster \"b\" zone=\"y\"", "cluster \"b\" zone=\"y\" { reader \"r\" reads=\"s\" }");
    let (_, doc, all) = run(&text);
    let all: Vec<_> = all.iter().map(|d| (d.code.id, doc.sources.slice(d.at))).collect();
    assert_eq!(all, [("REF120", "\"b\""), ("REF122", "\"y\"")]);
}

#[test]
fn a_line_for_every_namespace_leaves_nothing_to_unowned() {
    let route = |line: &str, unowned: &str| {
        let text =
            format!("route \"home\" {{ from \"*\"; to \"plane-a\" {line}; shared \"none\"; unowned \"{unowned}\" }}\n");
        let (_, doc, found) = run(&planes(&text));
        found.iter().filter(|d| d.code.id == "REF126").map(|d| doc.sources.slice(d.at).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(route("namespaces=\"*\"", "none"), ["\"none\""]);
    assert_eq!(route("namespaces=\"team-a *\"", "plane-b"), ["\"plane-b\""]);
    // Both say the same, or something is left.
    assert_eq!(route("namespaces=\"*\"", "plane-a"), Vec::<String>::new());
    assert_eq!(route("namespaces=\"team-*\"", "none"), Vec::<String>::new());
    assert_eq!(route("namespaces=\"*\" jobs=\"cadvisor\"", "none"), Vec::<String>::new());
}
