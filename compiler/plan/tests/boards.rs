//! A reader gets what its data sources can answer.

use super::World;
use crate::model::plan::{ClusterPlan, DashboardPlan};

fn fleet(reads: &str, prometheus: &str, class: &str) -> World {
    World::of(&format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" node-exporter="1.12.1"
    alerts "main"
    prometheus "user" {{
        jobs "node-exporter" "kube-state-metrics"
        retention "7d"
        storage "100Gi"
    }}
    prometheus "system" {{
        rest
        retention "2d"
        storage "20Gi"
    }}
    job "node-exporter" {{
        {class}
    }}
}}
zone "idc-1"
cluster "control-a" zone="idc-1" nodes=3 pods=90 {{
    versions prometheus="3.13.2"
    reader "grafana" {reads}
}}
cluster "edge-1" zone="idc-1" nodes=3 pods=90 {{
    versions prometheus="{prometheus}"
    roce-ports-per-node 8
}}
store "central" kind="victoriametrics-cluster" cluster="control-a" {{
    retention "30d"
    storage "100Gi"
    address "lan" url="https://10.0.0.1:8427" zones="idc-1"
}}
route "home" from="*" to="central"
alertmanager "main" service="monitoring/alertmanager-main"
"#
    ))
}

fn names(plan: &ClusterPlan<'_>) -> Vec<String> {
    plan.readers[0].dashboards.iter().map(|d| d.name.clone()).collect()
}

fn board<'p>(plan: &'p ClusterPlan<'_>, name: &str) -> &'p DashboardPlan {
    plan.readers[0].dashboards.iter().find(|d| d.name == name).expect("a dashboard")
}

fn queries(board: &DashboardPlan) -> Vec<&str> {
    board.panels.iter().flat_map(|p| &p.targets).map(|t| t.expr.as_str()).collect()
}

#[test]
fn a_prometheus_is_asked_only_for_what_it_scrapes() {
    // The job prometheus is the other one's: of it nothing can be shown here.
    let world = fleet("reads=\"user\"", "3.13.2", "");
    assert_eq!(names(&world.sound("control-a")), Vec::<String>::new());
    let world = fleet("reads=\"system\"", "3.13.2", "");
    let plan = world.sound("control-a");
    assert_eq!(names(&plan), ["lanes", "remote-write"]);
    assert!(board(&plan, "lanes").local);
    // One that is named is made of what there is.
    let world = fleet("reads=\"user\" dashboards=\"lanes\"", "3.13.2", "");
    let plan = world.sound("control-a");
    assert_eq!(names(&plan), ["lanes"]);
    assert!(queries(board(&plan, "lanes")).iter().all(|q| q.contains("up{") || q.contains("scrape_")), "{plan:#?}");
}

#[test]
fn a_store_is_asked_for_what_routes_bring_from_any_cluster() {
    let world = fleet("reads=\"central\"", "3.13.2", "class \"roce\" interval=\"15s\"");
    let plan = world.sound("control-a");
    assert_eq!(names(&plan), ["fleet", "lanes", "remote-write", "roce"]);
    assert!(!board(&plan, "fleet").local);
}

#[test]
fn a_fleet_of_several_versions_is_asked_in_the_words_of_each() {
    let behind = |prometheus: &str| {
        let world = fleet("reads=\"central\"", prometheus, "");
        let plan = world.sound("control-a");
        queries(board(&plan, "remote-write"))[0].to_owned()
    };
    let (newest, mixed) = (behind("3.13.2"), behind("3.5.3"));
    let newer = "remote_storage_queue_highest_timestamp_seconds{";
    assert!(newest.contains(newer) && mixed.contains(newer) && mixed.contains(" or "), "{mixed}");
    assert!(mixed.contains("remote_storage_highest_timestamp_in_seconds{"), "{mixed}");
}

#[test]
fn what_is_scraped_at_its_own_interval_is_shown_at_it() {
    let world = fleet("reads=\"central\"", "3.13.2", "class \"roce\" interval=\"5s\"");
    let plan = world.sound("control-a");
    let roce = board(&plan, "roce");
    let seconds: Vec<u64> = roce.panels.iter().flat_map(|p| &p.targets).map(|t| t.interval.millis() / 1000).collect();
    assert!(!seconds.is_empty() && seconds.iter().all(|s| *s == 5), "{seconds:?}");
    // `up` is as slow as the slowest job.
    let up = &board(&plan, "fleet").panels[0].targets[0];
    assert_eq!(up.interval.millis(), 15_000);
}

#[test]
fn panels_that_are_left_out_leave_no_hole() {
    let world = fleet("reads=\"user\" dashboards=\"lanes\"", "3.13.2", "");
    let plan = world.sound("control-a");
    let places: Vec<(u32, u32)> = board(&plan, "lanes").panels.iter().map(|p| (p.x, p.y)).collect();
    assert_eq!(places, [(0, 0), (6, 0), (0, 9)]);
}

#[test]
fn one_that_is_named_and_could_show_nothing_is_refused() {
    let refused = |reader: &str| {
        let world = fleet(reader, "3.13.2", "");
        let (plan, found) = world.plan("control-a");
        assert_eq!(found.len(), 1, "{:?}", world.told(&found));
        assert_eq!(found[0].code.id, "PLN186");
        (names(&plan), world.told(&found).remove(0), found[0].clone())
    };
    // Only one of the two: the other is made.
    let (made, told, _) = refused("reads=\"user\" dashboards=\"lanes remote-write\"");
    assert_eq!(made, ["lanes"]);
    assert!(told.contains("the dashboard `remote-write`"), "{told}");
    let (_, _, found) = refused("reads=\"user\" dashboards=\"remote-write\"");
    assert!(found.why.contains("of `prometheus`"), "{}", found.why);
    assert!(found.help.contains("`prometheus` is scraped by `system`: name that in `reads`"), "{}", found.help);
    // Of one cluster alone nothing is to be told apart.
    let (_, _, found) = refused("reads=\"user system\" dashboards=\"fleet\"");
    assert!(found.help.contains("name a store in `reads`"), "{}", found.help);
    // No cluster has GPUs.
    let (_, _, found) = refused("reads=\"central user\" dashboards=\"gpu\"");
    assert!(found.help.contains("`dcgm-exporter`"), "{}", found.help);
    assert!(found.labels.iter().any(|l| l.text.contains("no route brings them to `central`")), "{found:?}");
    assert!(found.labels.iter().any(|l| l.text.contains("`user` scrapes none of this")), "{found:?}");
    // This cluster has no RoCE ports, and the other's go to the store.
    let (_, _, found) = refused("reads=\"user\" dashboards=\"roce\"");
    assert!(found.labels.iter().any(|l| l.text.contains("without these metrics")), "{found:?}");
    let world = fleet("reads=\"central\" dashboards=\"roce\"", "3.13.2", "");
    assert_eq!(names(&world.sound("control-a")), ["roce"]);
}
