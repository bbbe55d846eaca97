//! Every series reaches exactly the stores its route says, through the very rules that are emitted.

use std::collections::BTreeSet;

use super::{World, lane};
use crate::catalog::WorkloadNamespace;
use crate::diag::Sourced;
use crate::model::fleet::Destination;
use crate::model::plan::ClusterPlan;
use crate::relabel::regex::Cache;
use crate::relabel::stages::{self, Relayed};
use crate::relabel::{Chain, Dialect, Labels, Outcome, Rule, Written};

/// Two planes share a member; a third party owns nothing in it.
const SHARED: &str = r#"
fleet "shared" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {
        jobs "node-exporter" "kube-state-metrics" "cadvisor" "dcgm-exporter" "kubernetes-pods"
        retention "3d"
        storage "100Gi"
        replicas 2
    }
    prometheus "system" {
        rest
        retention "2d"
        storage "20Gi"
    }
    job "node-exporter" {
        class "network" interval="1s"
    }
}
zone "idc-1"
zone "aliyun-sh"
cluster "control-a" zone="idc-1" nodes=12 pods=600
cluster "control-b" zone="idc-1" nodes=12 pods=600
cluster "pool-1" zone="aliyun-sh" nodes=64 gpus-per-node=8 pods=1800 survive="12h"
store "plane-a" kind="victoriametrics-cluster" cluster="control-a" {
    retention "90d"
    storage "500Gi"
    basic-auth secret="plane-a-write"
    address "public" url="https://metrics.a.example.com"
}
store "plane-b" kind="victoriametrics-cluster" cluster="control-b" {
    retention "90d"
    storage "500Gi"
    basic-auth secret="plane-b-write"
    address "public" url="https://metrics.b.example.com"
}
route "a" from="control-a" to="plane-a"
route "b" from="control-b" to="plane-b"
route "pool" from="pool-1" {
    ROUTE
}
"#;

pub(super) const SPLIT: &str = r#"
    to "plane-a" namespaces="hero-user-a team-*"
    to "plane-b" namespaces="hero-user-b team-b-*"
    to "plane-a" "plane-b" namespaces="kube-system"
    shared "plane-a" "plane-b"
    unowned "none"
"#;

pub(super) fn pool(route: &str) -> World {
    World::of(&SHARED.replace("ROUTE", route))
}

/// Names of the URLs of the relay that a series of a Prometheus is sent to.
pub(super) fn sent(plan: &ClusterPlan<'_>, from: &str, series: &[(&str, &str)]) -> Vec<String> {
    let cache = Cache::new();
    let chain =
        |rules: &[Rule], dialect, written| Chain::compile(rules, dialect, written, &cache).expect("rules compile");
    let lane = lane(plan, from);
    let [write] = &lane.remote_write[..] else { panic!("{:?}", lane.remote_write) };
    let labels: Labels = series.iter().copied().collect();
    let external =
        Labels::from_iter([("cluster", plan.cluster.id.value.as_str()), ("prometheus", &format!("monitoring/{from}"))]);
    let rules = chain(&write.rules, Dialect::PROMETHEUS3, Written::CustomResource);
    let (outcome, labels) = stages::write(&labels, &external, &rules);
    if outcome != Outcome::Kept {
        return Vec::new();
    }
    let none = chain(&[], Dialect::Vmagent, Written::File);
    let mut out = Vec::new();
    for url in &plan.relay.as_ref().expect("a relay").urls {
        let rules = chain(&url.rules, Dialect::Vmagent, Written::File);
        if let Relayed::Sent(arrived) = stages::relay(&labels, &none, &rules, &[]) {
            assert_eq!(arrived, labels, "labels change on the way to {}", url.name);
            out.push(url.name.clone());
        }
    }
    out.sort_unstable();
    out
}

pub(super) fn both() -> Vec<String> {
    vec!["plane-a".to_owned(), "plane-b".to_owned()]
}

#[test]
fn a_tenants_series_reach_its_plane_and_no_other() {
    let world = pool(SPLIT);
    let plan = world.sound("pool-1");
    for (namespace, plane) in [
        ("hero-user-a", "plane-a"),
        ("hero-user-b", "plane-b"),
        ("team-c", "plane-a"),
        // The longer pattern is asked first.
        ("team-b-1", "plane-b"),
        ("team-b", "plane-a"),
    ] {
        for (job, name) in [
            ("kube-state-metrics", "kube_pod_info"),
            ("kubernetes-pods", "http_requests_total"),
            ("kubernetes-pods", "up"),
        ] {
            assert_eq!(
                sent(&plan, "user", &[("__name__", name), ("job", job), ("namespace", namespace)]),
                [plane],
                "{name} {namespace}"
            );
        }
        let cadvisor = [
            ("__name__", "container_cpu_usage_seconds_total"),
            ("job", "kubelet"),
            ("metrics_path", "/metrics/cadvisor"),
            ("namespace", namespace),
        ];
        assert_eq!(sent(&plan, "user", &cadvisor), [plane]);
        assert_eq!(sent(&plan, "user", &[("__name__", "recorded"), ("namespace", namespace)]), [plane]);
    }
    assert_eq!(
        sent(
            &plan,
            "user",
            &[("__name__", "kube_pod_info"), ("job", "kube-state-metrics"), ("namespace", "kube-system")]
        ),
        both()
    );
}

#[test]
fn gpu_series_follow_the_pod_that_holds_the_card() {
    let world = pool(SPLIT);
    let plan = world.sound("pool-1");
    let gpu = |namespace| {
        sent(&plan, "user", &[("__name__", "DCGM_FI_DEV_GPU_UTIL"), ("job", "dcgm-exporter"), ("namespace", namespace)])
    };
    assert_eq!(gpu("hero-user-a"), ["plane-a"]);
    assert_eq!(gpu("hero-user-b"), ["plane-b"]);
    // An idle card is in no namespace.
    assert_eq!(gpu(""), both());
    // Not one Prometheus makes, whatever it begins with.
    let own = [("__name__", "scrape_errors_total"), ("job", "dcgm-exporter"), ("namespace", "hero-user-a")];
    assert_eq!(sent(&plan, "user", &own), ["plane-a"]);
    // Where the exporter itself runs says nothing about who uses the card.
    let up = [("__name__", "up"), ("job", "dcgm-exporter"), ("namespace", "hero-user-a")];
    assert_eq!(sent(&plan, "user", &up), both());
}

#[test]
fn series_of_the_cluster_itself_reach_both_planes_whatever_namespace_they_carry() {
    let world = pool(SPLIT);
    let plan = world.sound("pool-1");
    for namespace in ["", "monitoring", "hero-user-a", "nobodys"] {
        let node = [("__name__", "node_load1"), ("job", "node-exporter"), ("namespace", namespace)];
        assert_eq!(sent(&plan, "user", &node), both(), "{namespace}");
        let own = [("__name__", "prometheus_build_info"), ("job", "prometheus-user"), ("namespace", namespace)];
        assert_eq!(sent(&plan, "system", &own), both(), "{namespace}");
    }
    assert_eq!(sent(&plan, "user", &[("__name__", "kube_node_info"), ("job", "kube-state-metrics")]), both());
    assert_eq!(sent(&plan, "user", &[("__name__", "ALERTS")]), both());
}

#[test]
fn a_new_namespace_leaks_nowhere_and_goes_where_unowned_says() {
    let series = [("__name__", "kube_pod_info"), ("job", "kube-state-metrics"), ("namespace", "hero-user-c")];
    let world = pool(SPLIT);
    assert_eq!(sent(&world.sound("pool-1"), "user", &series), Vec::<String>::new());
    let world = pool(&SPLIT.replace("\"none\"", "\"plane-b\""));
    let plan = world.sound("pool-1");
    assert_eq!(sent(&plan, "user", &series), ["plane-b"]);
    // Owned ones stay with their owner, and similar names are other names.
    assert_eq!(sent(&plan, "user", &[("job", "kube-state-metrics"), ("namespace", "hero-user-a")]), ["plane-a"]);
    assert_eq!(sent(&plan, "user", &[("job", "kube-state-metrics"), ("namespace", "hero-user-ab")]), ["plane-b"]);
}

#[test]
fn one_second_data_stays_at_home_unless_its_class_is_named() {
    let network = [("__name__", "node_network_up"), ("job", "node-exporter"), ("job_class", "network")];
    let sampled = [("__name__", "node_network_up"), ("job", "node-exporter"), ("job_class", "network-sampled")];
    let world = pool(SPLIT);
    let plan = world.sound("pool-1");
    assert_eq!(sent(&plan, "user", &network), Vec::<String>::new());
    assert_eq!(sent(&plan, "user", &sampled), both());
    // The whole job does not name a fast class, its twin it does.
    let world = pool(&format!("to \"plane-b\" jobs=\"node-exporter\"\n{SPLIT}"));
    let plan = world.sound("pool-1");
    assert_eq!(sent(&plan, "user", &network), Vec::<String>::new());
    assert_eq!(sent(&plan, "user", &sampled), ["plane-b"]);
    let world = pool(&format!("to \"plane-a\" jobs=\"node-exporter/network\"\n{SPLIT}"));
    let plan = world.sound("pool-1");
    assert_eq!(sent(&plan, "user", &network), ["plane-a"]);
    assert_eq!(sent(&plan, "user", &sampled), both());
}

#[test]
fn a_job_that_is_named_goes_there_whatever_its_namespace() {
    let world = pool(&format!("to \"plane-b\" jobs=\"cadvisor\"\n{SPLIT}"));
    let plan = world.sound("pool-1");
    let of = |path, namespace| {
        sent(
            &plan,
            if path == "/metrics" { "system" } else { "user" },
            &[("__name__", "x"), ("job", "kubelet"), ("metrics_path", path), ("namespace", namespace)],
        )
    };
    assert_eq!(of("/metrics/cadvisor", "hero-user-a"), ["plane-b"]);
    assert_eq!(of("/metrics/cadvisor", ""), ["plane-b"]);
    // The kubelet shares its label `job`, and is another job.
    assert_eq!(of("/metrics", "hero-user-a"), ["plane-a"]);
    assert_eq!(of("/metrics", ""), both());
}

#[test]
fn a_line_with_jobs_and_namespaces_is_asked_first() {
    let world = pool(&format!("to \"plane-b\" jobs=\"dcgm-exporter\" namespaces=\"team-*\"\n{SPLIT}"));
    let plan = world.sound("pool-1");
    let of = |job, name, namespace| sent(&plan, "user", &[("__name__", name), ("job", job), ("namespace", namespace)]);
    assert_eq!(of("dcgm-exporter", "DCGM_FI_DEV_GPU_UTIL", "team-x"), ["plane-b"]);
    assert_eq!(of("dcgm-exporter", "up", "team-x"), both());
    assert_eq!(of("dcgm-exporter", "DCGM_FI_DEV_GPU_UTIL", "hero-user-a"), ["plane-a"]);
    assert_eq!(of("kube-state-metrics", "kube_pod_info", "team-x"), ["plane-a"]);
}

#[test]
fn rules_are_positive_and_few() {
    let world = pool("to \"plane-a\" namespaces=\"b-ns a-ns\"\nto \"plane-b\" namespaces=\"x.y\"\nshared \"plane-a\"\nunowned \"none\"".replace("x.y", "c-ns").as_str());
    let plan = world.sound("pool-1");
    let scrapes = crate::relabel::of_scrape();
    let rules: Vec<String> = plan.relay.iter().flat_map(|r| &r.urls).map(|u| shown(&u.rules)).collect();
    // Whatever the standard set is: the jobs whose series are about no workload.
    let about_none = |job: &str| world.catalog.job(job).unwrap().workload_namespace == WorkloadNamespace::Nowhere;
    let nowhere = plan.monitors.iter().filter(|m| about_none(&m.job)).map(|m| m.job_value.as_str());
    let nowhere = Vec::from_iter(BTreeSet::from_iter(nowhere)).join("|");
    assert!(nowhere.contains("node-exporter|") && nowhere.contains("|prometheus-system"), "{nowhere}");
    assert_eq!(
        rules,
        [
            format!(
                " ~ .* → 0\nnamespace ~ ^$ → 1\nnamespace ~ a-ns|b-ns → 1\njob ~ {nowhere} → 1\n\
                 job,__name__ ~ (?:dcgm-exporter|kube-state-metrics|kubelet);(?:{scrapes}) → 1\n\
                 job,job_class ~ node-exporter;network → 0\nkeep 1\nremove"
            ),
            format!(
                " ~ .* → 0\nnamespace ~ c-ns → 1\njob ~ {nowhere} → 0\n\
                 job,__name__ ~ (?:dcgm-exporter|kube-state-metrics|kubelet);(?:{scrapes}) → 0\n\
                 job,job_class ~ node-exporter;network → 0\nkeep 1\nremove"
            ),
        ]
    );
}

fn shown(rules: &[Rule]) -> String {
    let show = |r: &Rule| {
        let regex = r.regex.as_deref().unwrap_or(".*");
        assert_ne!(regex, "", "the operator leaves an empty regex out");
        match (r.action.map(|a| a.name()), r.replacement.as_deref()) {
            (Some("replace"), Some(mark)) => format!("{} ~ {regex} → {mark}", r.source_labels.join(",")),
            (Some("keep"), _) => format!("keep {regex}"),
            (Some("labeldrop"), _) => "remove".to_owned(),
            other => format!("{other:?}"),
        }
    };
    rules.iter().map(show).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_everything_goes_to_needs_no_rules_but_the_identity() {
    let world = World::of(
        &SHARED
            .replace("class \"network\" interval=\"1s\"", "class \"network\" interval=\"10s\"")
            .replace("ROUTE", SPLIT),
    );
    let plan = world.sound("control-a");
    for lane in &plan.lanes {
        assert_eq!(lane.remote_write.iter().map(|w| w.rules.len()).collect::<Vec<_>>(), [1], "{}", lane.name);
    }
}

#[test]
fn two_lines_that_name_one_job_are_refused() {
    let (world, text) =
        (pool(&format!("to \"plane-a\" jobs=\"node-*\"\nto \"plane-b\" jobs=\"node-exporter\"\n{SPLIT}")), "PLN113");
    let (_, found) = world.plan("pool-1");
    let told = world.told(&found);
    assert!(told.iter().all(|t| t.starts_with(text)) && !told.is_empty(), "{told:#?}");
    assert!(told[0].contains("two lines of the route `pool` claim `node-exporter"), "{told:#?}");
}

#[test]
fn a_job_of_unknown_namespaces_is_not_split_blindly() {
    let custom = "job \"gateway\" {\n discover \"service\" namespace=\"apps\" port=\"m\" {\n labels app=\"g\"\n }\n series 40\n HONOR\n }\n job \"node-exporter\"";
    let text = SHARED.replacen("job \"node-exporter\"", custom, 1).replace("ROUTE", SPLIT);
    let world = World::of(&text.replace("HONOR", ""));
    let (_, found) = world.plan("pool-1");
    let told = world.told(&found);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("PLN108") && told[0].contains("`gateway` does not say"), "{told:#?}");
    World::of(&text.replace("HONOR", "honor-labels #false")).sound("pool-1");
}

/// Of several lines for one destination, each stands behind the rules it makes.
#[test]
fn a_rule_comes_from_the_line_that_says_it() {
    let world = pool(&SPLIT.replace("unowned \"none\"", "unowned \"plane-b\""));
    let plan = world.sound("pool-1");
    let url = plan.relay.as_ref().and_then(|r| r.urls.iter().find(|u| u.name == "plane-b")).expect("plane-b");
    let route = world.fleet.routes.iter().find(|r| r.name == "pool").expect("a route");
    let behind = |regex: &str| {
        let fits = |r: &&Rule| r.source_labels == ["namespace"] && r.regex.as_deref() == Some(regex);
        url.rules.iter().find(fits).unwrap_or_else(|| panic!("{regex}: {:#?}", url.rules)).origin
    };
    let of = |said: &Option<Vec<Sourced<Destination>>>, n: usize| said.as_ref().map(|s| s[n].origin);
    assert_eq!(Some(behind(".+")), of(&route.unowned, 0));
    assert_eq!(Some(behind("^$")), of(&route.shared, 1));
    assert_eq!(behind("hero-user-a|team-.*"), route.lines[0].origin);
}

#[test]
fn the_proof_notices_rules_that_leak_or_lose() {
    let world = pool(SPLIT);
    let mut plan = world.sound("pool-1");
    // What is proven once is not proven again, but for other rules.
    let proven = super::Proven::default();
    let told = |plan: &ClusterPlan<'_>| {
        let mut sink = crate::diag::Sink::default();
        super::prove(&world.fleet, &world.catalog, plan, &proven, &mut sink);
        world.told(&sink.into_sorted())
    };
    assert_eq!(told(&plan), Vec::<String>::new());
    let Some(relay) = &mut plan.relay else { panic!() };
    let kept = std::mem::take(&mut relay.urls[1].rules);
    let leaks = told(&plan);
    assert!(
        leaks.iter().any(|l| l.contains("hero-user-a") && l.contains("reach plane-a and reaches plane-a, plane-b")),
        "{leaks:#?}"
    );

    // Without the one rule for its own namespaces.
    let lossy = |r: &&Rule| !r.regex.as_deref().is_some_and(|r| r.contains("hero-user-b"));
    let Some(relay) = &mut plan.relay else { panic!() };
    relay.urls[1].rules = kept.iter().filter(lossy).cloned().collect();
    let losses = told(&plan);
    assert!(losses.iter().any(|l| l.contains("should reach plane-b and reaches no store")), "{losses:#?}");
    assert!(losses.iter().all(|l| l.starts_with("PLN901")));
}

#[test]
fn clusters_of_a_kind_are_proven_once() {
    let one = "cluster \"pool-1\" zone=\"aliyun-sh\" nodes=64 gpus-per-node=8 pods=1800 survive=\"12h\"\n";
    let rack = |rack: &str| one.replace('\n', &format!(" {{\n    external-labels rack=\"{rack}\"\n}}\n"));
    // What an external label says is nothing to rules that do not ask for it.
    let other = rack("r2").replace("pool-1", "pool-2").replace("nodes=64", "nodes=65");
    let text = SHARED.replace("ROUTE", SPLIT).replace(one, &format!("{}{other}", rack("r1")));
    let world = World::of(&text.replace("from=\"pool-1\"", "from=\"pool-*\""));
    let proven = super::Proven::default();
    let kinds = ["pool-1", "pool-2", "control-a"].map(|cluster| {
        let mut sink = crate::diag::Sink::default();
        super::prove(&world.fleet, &world.catalog, &world.sound(cluster), &proven, &mut sink);
        assert!(sink.into_sorted().is_empty(), "{cluster}");
        proven.kinds()
    });
    assert_eq!(kinds, [1, 1, 2]);
}

#[test]
fn a_destination_has_one_way() {
    let routes = |second: &str| {
        let with = SHARED.replace(
            "address \"public\" url=\"https://metrics.a.example.com\"",
            "address \"public\" url=\"https://metrics.a.example.com\"\naddress \"lan\" url=\"https://10.0.0.1\" zones=\"aliyun-sh\"",
        );
        let lines = format!(
            "to \"plane-a\" jobs=\"cadvisor\" via=\"public\"\nto \"plane-a\" jobs=\"kubelet\" via=\"{second}\"\nto \"plane-b\""
        );
        let world = World::of(&with.replace("ROUTE", &lines));
        world.told(&world.plan("pool-1").1)
    };
    assert_eq!(routes("public"), Vec::<String>::new());
    let found = routes("lan");
    assert!(found.len() == 1 && found[0].starts_with("PLN117"), "{found:#?}");
}

#[test]
fn clusters_with_other_doors_are_not_proven_by_each_other() {
    let one = "cluster \"pool-1\" zone=\"aliyun-sh\" nodes=64 gpus-per-node=8 pods=1800 survive=\"12h\"\n";
    let told = |other: String| {
        let address = "address \"public\" url=\"https://metrics.a.example.com\"";
        let lan = format!("{address}\naddress \"lan\" url=\"https://10.0.0.1\" zones=\"other\"");
        let text = SHARED.replace("ROUTE", SPLIT).replace("from=\"pool-1\"", "from=\"pool-*\"");
        let text = text.replacen(address, &lan, 1).replace(one, &format!("{one}{other}zone \"other\"\n"));
        let world = World::of(&text);
        let proven = super::Proven::default();
        let prove = |plan: &ClusterPlan<'_>| {
            let mut sink = crate::diag::Sink::default();
            super::prove(&world.fleet, &world.catalog, plan, &proven, &mut sink);
            world.told(&sink.into_sorted())
        };
        let (first, mut second) = (world.plan("pool-1").0, world.plan("pool-2").0);
        assert_eq!(prove(&first), [""; 0]);
        // What the planner would do, were it wrong: the ways of the one for the other.
        let ways = &first.relay.as_ref().expect("a relay").urls;
        for (url, of) in second.relay.as_mut().expect("a relay").urls.iter_mut().zip(ways) {
            url.url = of.url.clone();
        }
        let writes = first.lanes.iter().flat_map(|l| &l.remote_write);
        for (write, of) in second.lanes.iter_mut().flat_map(|l| &mut l.remote_write).zip(writes) {
            write.url = of.url.clone();
        }
        prove(&second)
    };
    let other = one.replace("pool-1", "pool-2");
    let zone = told(other.replace("aliyun-sh", "other"));
    assert!(matches!(&zone[..], [one] if one.contains("and should to https://10.0.0.1")), "{zone:#?}");
    let domain = told(other.replace('\n', " dns-domain=\"other.local\"\n"));
    assert!(domain.len() == 2 && domain.iter().all(|d| d.contains("where no relay is")), "{domain:#?}");
}
