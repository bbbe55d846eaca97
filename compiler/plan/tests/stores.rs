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
    let alone: f64 = world
        .fleet
        .cluster_ids()
        .map(|id| super::survey(&world.fleet, &world.catalog, id))
        .flat_map(|s| s.sends)
        .map(|s| s.samples_per_second)
        .sum();
    assert!(load.samples_per_second > 0.0 && (load.samples_per_second - alone).abs() < 1e-6);
    assert_eq!(load.fastest.map(|f| f.to_string()).as_deref(), Some("15s"));
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
fn retention_is_whole_days() {
    let world = fleet("retention \"36h\"");
    let (plan, found) = world.plan("control-a");
    let told = world.told(&found);
    assert!(told.len() == 1 && told[0].starts_with("STO101"), "{told:#?}");
    assert!(plan.stores.is_empty());
}

#[test]
fn the_front_door_lets_in_each_credential_that_somebody_shows() {
    let users = |store: &str| -> Vec<String> {
        let world = fleet(&format!("retention \"30d\"\n{store}"));
        let plan = world.sound("control-a");
        let named = plan.stores[0].users.iter().map(|u| match &u.auth {
            crate::model::fleet::Auth::Basic { secret, .. } => format!("{} {}", u.name, secret.value),
            crate::model::fleet::Auth::Bearer(key) => format!("{} {}", u.name, key.secret.value),
        });
        named.collect()
    };
    // The store itself has none: the chart's own configuration would let everybody in.
    let public = "address \"public\" url=\"https://m.example.com\" {\n bearer secret=\"public\"\n }";
    assert_eq!(users(public), ["ADDRESS1 public"]);
    let own = "basic-auth secret=\"write\" previous=\"old\"";
    assert_eq!(users(own), ["STORE write", "PREVIOUS old"]);
    assert_eq!(users(&format!("{own}\n{public}")), ["STORE write", "PREVIOUS old", "ADDRESS1 public"]);

    let world = fleet(&format!("retention \"30d\"\n{public}"));
    let plan = world.sound("control-a");
    let values = super::emitted(&world, &plan).into_iter().find(|o| o["vmauth"].is_object()).expect("values");
    assert_eq!(values["vmauth"]["config"]["users"][0]["bearer_token"], "%{ADDRESS1_TOKEN}");
    assert_eq!(values["vmauth"]["env"][0]["name"], "ADDRESS1_TOKEN");
    assert!(plan.secrets.iter().any(|s| s.name == "public" && s.namespace == "vm"), "{:?}", plan.secrets);
}

#[test]
fn a_reader_of_nothing_but_tenants_is_told_so() {
    let read = |to: &str| {
        let world = World::of(&format!(
            r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {{
        rest
        retention "1d"
        storage "50Gi"
    }}
}}
cluster "control-a" nodes=3 {{
    reader "grafana" {{
        reads "central"
    }}
}}
store "central" kind="victoriametrics-cluster" cluster="control-a" {{
    storage "100Gi"
    retention "30d"
    tenant "team-a" id=3
}}
route "home" from="*" to="{to}"
"#
        ));
        world.told(&world.plan("control-a").1)
    };
    let found = read("central/team-a");
    assert!(found.len() == 1 && found[0].starts_with("PLN122"), "{found:#?}");
    assert_eq!(read("central"), Vec::<String>::new());
}
