//! When a relay is needed, how much it holds, and what is promised.

use super::{World, lane};

fn member(survive: &str, store: &str, route: &str) -> World {
    World::of(&format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {{
        rest
        retention "1d"
        storage "50Gi"
    }}
}}
zone "idc-1"
cluster "control-a" zone="idc-1" nodes=3
cluster "edge-1" zone="idc-1" nodes=32 pods=900 survive="{survive}"
store "central" {store}
{route}
"#
    ))
}

const OURS: &str = r#"kind="victoriametrics-cluster" cluster="control-a" {
    retention "30d"
    storage "100Gi"
    address "lan" url="https://10.0.0.1:8427" zones="idc-1"
}"#;
const FOREIGN: &str = r#"kind="remote-write" {
    accepts-late "1h"
    address "lan" url="https://10.0.0.1/receive" zones="idc-1"
}"#;
const ALL: &str = r#"route "home" from="*" to="central""#;

#[test]
fn short_outages_are_left_to_prometheus_which_retries_what_is_refused() {
    let world = member("30m", OURS, ALL);
    let plan = world.sound("edge-1");
    assert!(plan.relay.is_none());
    let [write] = &lane(&plan, "user").remote_write[..] else { panic!() };
    assert_eq!(write.url.value, "https://10.0.0.1:8427/insert/0/prometheus/api/v1/write");
    assert_eq!(write.name, "central");
    assert!(write.retry_on_rate_limit && write.rules.len() == 1);
    // On its own cluster the store is reached by its Service.
    let plan = world.sound("control-a");
    let [write] = &lane(&plan, "user").remote_write[..] else { panic!() };
    assert_eq!(
        write.url.value,
        "http://central-victoria-metrics-cluster-vminsert.vm.svc.cluster.local:8480/insert/0/prometheus/api/v1/write"
    );
}

#[test]
fn longer_outages_get_a_queue_on_disk_and_one_entry_that_never_changes() {
    let world = member("12h", OURS, ALL);
    let plan = world.sound("edge-1");
    let relay = plan.relay.as_ref().expect("a relay");
    assert!(relay.because.iter().any(|b| b.contains("survive \"12h\"")), "{:?}", relay.because);
    let [write] = &lane(&plan, "user").remote_write[..] else { panic!() };
    assert_eq!((write.name.as_str(), write.rules.len()), ("relay", 1));
    assert_eq!(write.url.value, "http://relay.monitoring.svc.cluster.local:8429/api/v1/write");
    let [url] = &relay.urls[..] else { panic!() };
    let needed = url.samples_per_second * 12.0 * 3600.0 * 32.0 * 1.3;
    let queue = url.queue.value.get() as f64;
    assert!(queue >= needed && queue < needed * 1.25, "{queue} for {needed}");
    assert_eq!(url.queue.value.get() % (512 << 20), 0);
    assert!(relay.storage.value.get() as f64 >= (queue + (512 << 20) as f64) * 1.09);
    let mentioned = plan.origins.span(&world.fleet.origins, url.queue.origin);
    assert_eq!(world.doc.sources.slice(mentioned), "\"12h\"");
}

#[test]
fn public_addresses_with_credentials_and_limits_need_a_relay_too() {
    let reason = |store: &str, part: &str| {
        let world = member("0s", store, ALL);
        let plan = world.sound("edge-1");
        let because = plan.relay.map(|r| r.because).unwrap_or_default();
        assert!(because.iter().any(|b| b.contains(part)), "{because:?}");
    };
    reason(
        &OURS.replace(" zones=\"idc-1\"", "").replace("retention", "basic-auth secret=\"w\"\nretention"),
        "public address",
    );
    reason(
        &FOREIGN.replace("accepts-late", "ingestion-limit samples-per-second=10000\naccepts-late"),
        "ingestion limit",
    );
}

#[test]
fn a_certificate_is_a_credential_too() {
    let store = OURS.replace(" zones=\"idc-1\"", "").replace("retention", "client-cert secret=\"w\"\nretention");
    let because = member("0s", &store, ALL).sound("edge-1").relay.map(|r| r.because).unwrap_or_default();
    assert!(because.iter().any(|b| b.contains("public address")), "{because:?}");
}

#[test]
fn a_tenant_and_a_store_never_share_a_name() {
    let tenants = OURS.replace("retention", "tenant \"three\" id=3\nretention");
    let stores =
        format!("{tenants}\nstore \"central-t3\" {}", OURS.replace("retention", "release \"other\"\nretention"));
    let world = member("12h", &stores, "route \"home\" from=\"*\" {\n to \"central/three\" \"central-t3\"\n}");
    let plan = world.sound("edge-1");
    let names: Vec<&str> = plan.relay.iter().flat_map(|r| &r.urls).map(|u| u.name.as_str()).collect();
    assert_eq!(names, ["central-tt3", "central-t3"]);
}

#[test]
fn what_a_store_of_ours_says_it_accepts_bounds_promises_too() {
    let store = OURS.replace("retention", "accepts-late \"2h\"\nretention");
    let world = member("3h", &store, ALL);
    let (_, found) = world.plan("edge-1");
    let told = world.told(&found);
    assert!(told.len() == 1 && told[0].starts_with("PLN109 \"3h\""), "{told:#?}");
    assert!(found[0].help.contains("`accepts-late`"), "{found:#?}");
}

#[test]
fn a_promise_the_store_cannot_keep_points_at_survive() {
    let world = member("3h", FOREIGN, ALL);
    let (_, found) = world.plan("edge-1");
    let told = world.told(&found);
    assert!(told.len() == 1 && told[0].starts_with("PLN109 \"3h\""), "{told:#?}");
    assert!(found[0].labels.iter().any(|l| world.doc.sources.slice(l.span).contains("1h")), "{found:#?}");
    let world = member("30d", OURS, ALL);
    let told = world.told(&world.plan("edge-1").1);
    assert!(told.len() == 1 && told[0].starts_with("PLN109"), "{told:#?}");
}

#[test]
fn a_new_line_moves_no_queue() {
    let stores = format!("{OURS}\nstore \"b\" {OURS}\nstore \"c\" {OURS}")
        .replace("cluster=\"control-a\"", "cluster=\"control-a\"");
    let order = |more: &str| {
        let route = format!(
            r#"route "r" from="edge-1" {{
    to "central" namespaces="y"
    {more}
    shared "b"
    unowned "none"
}}"#
        );
        let world = member("1h", &stores, &route);
        let plan = world.sound("edge-1");
        plan.relay.iter().flat_map(|r| &r.urls).map(|u| u.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(order(""), ["b", "central"]);
    assert_eq!(order("to \"c\" namespaces=\"x\""), ["b", "central", "c"]);
    assert_eq!(order("to \"b\" namespaces=\"x\""), ["b", "central"]);
}

#[test]
fn a_lower_promise_of_one_line_that_does_not_hold_is_told() {
    let told = |lines: &str| {
        let route = format!("route \"home\" from=\"edge-*\" {{\n {lines}\n }}");
        let world = member("12h", OURS, &route);
        let (plan, found) = world.plan("edge-1");
        let urls = plan.relay.iter().flat_map(|r| &r.urls).map(|u| u.survive.value.to_string()).collect::<Vec<_>>();
        let told = world.told(&found).into_iter().filter(|t| t.starts_with("PLN116")).collect::<Vec<_>>();
        (urls, told)
    };
    // The destination's one line: it is the promise.
    assert_eq!(told("to \"central\" survive=\"2h\""), (vec!["2h".to_owned()], vec![]));
    let (urls, found) = told("to \"central\" jobs=\"kubelet\" survive=\"2h\"\n to \"central\"");
    assert_eq!(urls, ["12h"]);
    assert!(matches!(&found[..], [one] if one.starts_with("PLN116 \"2h\"") && one.contains("12h")), "{found:?}");
    let (urls, found) = told("to \"central\" namespaces=\"a\" survive=\"2h\"\n shared \"central\"\n unowned \"none\"");
    assert_eq!((&urls[..], found.len()), (&["12h".to_owned()][..], 1), "{found:?}");
    // Said alike, or more than others ask for: nothing is lost by that.
    assert_eq!(told("to \"central\" jobs=\"kubelet\" survive=\"1d\"\n to \"central\"").1, [""; 0]);
}
