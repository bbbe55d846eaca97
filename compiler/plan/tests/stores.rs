//! What a store gets, and how it is deployed for that.

use super::World;

fn fleet(store: &str) -> World {
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
cluster "edge-1" zone="idc-1" nodes=32 pods=900
store "central" kind="victoriametrics-cluster" cluster="control-a" {{
    storage "100Gi"
    address "lan" url="https://10.0.0.1:8427" zones="idc-1"
    {store}
}}
route "home" from="*" to="central"
"#
    ))
}

#[test]
fn loads_are_summed_over_the_senders() {
    let world = fleet("retention \"30d\"");
    let load = &world.fleet_plan.stores[0];
    assert_eq!(load.senders.len(), 2);
    let alone: f64 = world.fleet.cluster_ids().map(|id| super::survey(&world.fleet, &world.catalog, id)).flat_map(|s| s.sends).map(|s| s.samples_per_second).sum();
    assert!(load.samples_per_second > 0.0 && (load.samples_per_second - alone).abs() < 1e-6);
    assert_eq!(load.fastest.map(|f| f.to_string()).as_deref(), Some("15s"));
    // The order of the summaries does not matter.
    let mut summaries: Vec<_> = world.fleet.cluster_ids().map(|id| super::survey(&world.fleet, &world.catalog, id)).collect();
    summaries.reverse();
    let again = super::settle(&world.fleet, &summaries);
    assert_eq!(format!("{again:?}"), format!("{:?}", world.fleet_plan));
}

#[test]
fn replication_decides_replicas_and_deduplication() {
    let one = fleet("retention \"30d\"");
    let plan = one.sound("control-a");
    assert_eq!((plan.stores[0].replicas["storage"], plan.stores[0].dedup.is_none()), (2, true));
    assert!(!plan.stores[0].front_door);

    let two = fleet("retention \"30d\"\nreplication 2\nreplicas storage=3");
    let plan = two.sound("control-a");
    let store = &plan.stores[0];
    assert_eq!((store.replicas["storage"], store.replicas["insert"], store.retention_days), (3, 2, 30));
    assert_eq!(store.dedup.map(|d| d.value.to_string()).as_deref(), Some("1ms"));
    assert!(two.sound("edge-1").stores.is_empty());
}

#[test]
fn retention_is_whole_days() {
    let world = fleet("retention \"36h\"");
    let (plan, found) = world.plan("control-a");
    let told = world.told(&found);
    assert!(told.len() == 1 && told[0].starts_with("STO101"), "{told:#?}");
    assert!(plan.stores.is_empty());
}
