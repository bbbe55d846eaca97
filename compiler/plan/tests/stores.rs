//! What a store gets, and how it is deployed for that.

use super::World;

fn fleet(store: &str) -> World {
    World::of(&store_text(store))
}

fn store_text(store: &str) -> String {
    format!(
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
cluster "edge-1" zone="idc-1" nodes=32 pods=900
store "central" kind="victoriametrics-cluster" cluster="control-a" {{
    storage "100Gi"
    address "lan" url="https://10.0.0.1:8427" zones="idc-1"
    {store}
}}
route "home" from="*" to="central"
"#
    )
}

#[test]
fn loads_are_summed_over_the_senders() {
    let world = fleet("retention \"30d\"");
    let load = &world.fleet_plan.stores[0];
    assert_eq!(load.senders.len(), 2);
    let alone: f64 = world
        .fleet
        .cluster_ids()
        .map(|id| super::survey(&world.fleet, &world.catalog, id))
        .flat_map(|s| s.sends)
        .map(|s| s.samples_per_second)
        .sum();
    assert!(load.samples_per_second > 0.0 && (load.samples_per_second - alone).abs() < 1e-6);
    assert_eq!(load.fastest.map(|f| f.value.to_string()).as_deref(), Some("15s"));
    // The order of the summaries does not matter.
    let mut summaries: Vec<_> =
        world.fleet.cluster_ids().map(|id| super::survey(&world.fleet, &world.catalog, id)).collect();
    summaries.reverse();
    let again = super::settle(&world.fleet, &summaries);
    assert_eq!(format!("{again:?}"), format!("{:?}", world.fleet_plan));
}

#[test]
fn replication_decides_replicas_and_deduplication() {
    let one = fleet("retention \"30d\"");
    let plan = one.sound("control-a");
    assert_eq!((plan.stores[0].replicas["storage"], plan.stores[0].dedup.is_none()), (2, true));
    assert!(plan.stores[0].users.is_empty());

    let two = fleet("retention \"30d\"\nreplication 2\nreplicas storage=3");
    let plan = two.sound("control-a");
    let store = &plan.stores[0];
    assert_eq!((store.replicas["storage"], store.replicas["insert"], store.retention_days), (3, 2, 30));
    assert_eq!(store.dedup.map(|d| d.value.to_string()).as_deref(), Some("1ms"));
    assert!(two.sound("edge-1").stores.is_empty());
}

#[test]
fn numbers_of_any_size_are_planned_without_a_panic() {
    let large = store_text("retention \"30d\"\nreplication 4294967295").replace(
        "nodes=32 pods=900",
        "nodes=4294967295 pods=18446744073709551615 gpus-per-node=4294967295 npus-per-node=4294967295",
    );
    let world = World::of(&large);
    assert_eq!(world.fleet_plan.stores[0].series, u64::MAX);
    let (plan, _) = world.plan("control-a");
    assert_eq!((plan.stores[0].replication, plan.stores[0].replicas["storage"]), (u32::MAX, u32::MAX - 1));
    let (plan, _) = world.plan("edge-1");
    assert!(plan.exporters.iter().any(|e| e.shards == u32::MAX));
}

#[test]
fn retention_is_whole_days() {
    let world = fleet("retention \"36h\"");
    let (plan, found) = world.plan("control-a");
    let told = world.told(&found);
    assert!(told.len() == 1 && told[0].starts_with("STO101"), "{told:#?}");
    assert!(plan.stores.is_empty());
}

#[test]
fn a_front_door_that_is_not_there_has_no_size() {
    let world = fleet("retention \"30d\"\nreplicas auth=3\nlimits { auth memory=\"1Gi\" }");
    let (plan, found) = world.plan("control-a");
    let told = world.told(&found);
    assert!(told.len() == 2 && told.iter().all(|t| t.starts_with("STO102")), "{told:#?}");
    assert!(!plan.stores[0].replicas.contains_key("auth"));
    let world = fleet("retention \"30d\"\nreplicas auth=3\nbearer secret=\"w\"");
    assert_eq!(world.sound("control-a").stores[0].replicas["auth"], 3);
}

#[test]
fn secrets_of_a_store_are_where_it_stands() {
    let store = "retention \"30d\"\nbasic-auth secret=\"w\" previous=\"old\"\naddress \"wan\" url=\"https://m.example.com\" { bearer secret=\"t\" }";
    let text = store_text(store).replace("prometheus \"user\"", "pull-secrets \"registry\"\n prometheus \"user\"");
    let world = World::of(&text);
    let plan = world.sound("control-a");
    let here: Vec<String> = plan
        .secrets
        .iter()
        .filter(|s| s.namespace == "vm")
        .map(|s| format!("{} {}", s.name, s.keys.join(",")))
        .collect();
    // The old one has the keys of the one it precedes, not those of another address.
    assert_eq!(here, ["old password,username", "registry .dockerconfigjson", "t token", "w password,username"]);
}

#[test]
fn routes_that_exceed_a_limit_together_are_an_error() {
    let checked = |limit: u32| {
        let world = fleet(&format!("retention \"30d\"\ningestion-limit samples-per-second={limit}"));
        let mut sink = crate::diag::Sink::default();
        super::super::check_limits(&world.fleet, &world.fleet_plan, &mut sink);
        let found = sink.into_sorted();
        let labels = found.iter().flat_map(|d| &d.labels).map(|l| world.doc.sources.slice(l.span).to_owned());
        (world.told(&found), labels.collect::<Vec<_>>())
    };
    let (told, labels) = checked(10);
    assert!(told.len() == 1 && told[0].starts_with("PLN115"), "{told:#?}");
    assert!(labels.len() == 1 && labels[0].contains("central"), "{labels:?}");
    assert_eq!(checked(10_000_000).0, Vec::<String>::new());
}
