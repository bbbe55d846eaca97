//! Clusters, their Prometheis and jobs; stores.

use super::*;
use crate::diag::Why;
use crate::model::fleet::{Auth, BaseKind, DiscoverBy, GrafanaBy, ReaderKind};
use crate::model::value::Duration;

#[test]
fn the_five_fleets_resolve_as_far_as_they_are_compiled() {
    for (name, text) in [
        ("1-single", include_str!("../../../tests/fleets/1-single.kdl")),
        ("2-resource-only", include_str!("../../../tests/fleets/2-resource-only.kdl")),
        ("3-serving", include_str!("../../../tests/fleets/3-serving.kdl")),
        ("4-shared", include_str!("../../../tests/fleets/4-shared.kdl")),
        ("5-hero", include_str!("../../../tests/fleets/5-hero.kdl")),
    ] {
        let (fleet, doc, found) = run(text);
        assert!(fleet.is_some(), "{name}");
        let other: Vec<_> = found
            .iter()
            // A remark that one old cluster lacks a job which is named for all.
            .filter(|d| d.code.id != codes::NOT_EVERYWHERE.id)
            .filter(|d| d.code.id != "REF134" && d.code.id != spec::codes::NOT_YET.id)
            .map(|d| (d.code.id, doc.sources.slice(d.at), &d.what))
            .collect();
        assert!(other.is_empty(), "{name}: {other:#?}");
    }
}

#[test]
fn the_yaml_form_of_a_fleet_resolves_to_the_same() {
    let mut sink = Sink::default();
    let mut sources = Sources::default();
    sources.add("fleet.yaml", include_str!("../../../tests/fleets/2-resource-only.yaml"));
    let doc = syntax::read(sources, &ROOT, &mut sink);
    let yaml = resolve(&doc, &Catalog::builtin(), codes::ALL, TODAY, &mut sink).unwrap();
    let (kdl, _, _) = run(include_str!("../../../tests/fleets/2-resource-only.kdl"));
    let kdl = kdl.unwrap();
    let facts = |f: &Fleet| {
        let clusters = f.clusters.iter().map(|c| {
            let lanes = c.lanes.iter().map(|l| {
                (l.name.clone(), l.retention.value, l.jobs.iter().map(|j| j.value.clone()).collect::<Vec<_>>())
            });
            let jobs = c
                .jobs
                .iter()
                .map(|j| (j.name.clone(), j.named, j.classes.iter().map(|c| c.name.clone()).collect::<Vec<_>>()));
            (
                c.name.clone(),
                c.id.value.clone(),
                c.nodes.value,
                c.pods.value,
                lanes.collect::<Vec<_>>(),
                jobs.collect::<Vec<_>>(),
            )
        });
        let routes = f.routes.iter().map(|r| (r.name.clone(), r.from.iter().map(|c| c.value).collect::<Vec<_>>()));
        (clusters.collect::<Vec<_>>(), routes.collect::<Vec<_>>())
    };
    assert_eq!(facts(&yaml), facts(&kdl));
}

#[test]
fn what_no_level_says_is_missing_at_the_name() {
    let text = "fleet \"f\" language=1 {\n prometheus \"user\" {\n rest\n }\n}\ncluster \"a\"\ncluster \"b\"\n";
    let all = found(text);
    // Once for the line of the fleet, however many clusters inherit it; once a cluster for its own.
    assert_eq!(all.iter().filter(|f| *f == "REF106 \"user\"").count(), 2, "{all:?}");
    assert_eq!(all.iter().filter(|f| *f == "REF106 \"a\"").count(), 2, "{all:?}");
    assert_eq!(all.iter().filter(|f| *f == "REF106 \"b\"").count(), 2, "{all:?}");
    assert_eq!(all.len(), 6);
}

#[test]
fn defaults_say_where_they_come_from() {
    let fleet = sound(&with("cluster \"c\"\n"));
    let c = cluster(&fleet, "c");
    let why = |origin| fleet.origins.get(origin).cloned();
    assert_eq!(c.pods.value, 120);
    assert_eq!(
        why(c.pods.origin),
        Some(Why::Derived { reason: "assumed: 30 pods a node", from: vec![c.nodes.origin] })
    );
    assert!(matches!(why(c.nodes.origin), Some(Why::Spec(_))));
    assert_eq!(c.interval.value, Duration::from_secs(15));
    assert_eq!(why(c.interval.origin), Some(Why::Default("language default")));
    assert_eq!((c.namespace.value.as_str(), c.dns_domain.value.as_str()), ("monitoring", "cluster.local"));
    assert_eq!(c.base.kind.value, BaseKind::None);
    assert_eq!(c.exporters.managed.value, "watershed");
    for component in ["kubernetes", "operator", "prometheus", "node-exporter"] {
        assert!(c.versions.contains_key(component), "{component}");
    }
    assert_eq!(c.versions["kubernetes"].value.to_string(), "1.34.0");
}

#[test]
fn versions_outside_of_what_the_catalog_knows_are_refused() {
    let cases = [
        ("operator", "0.67.1", "older than 0.68.0", "upgrade operator to 0.68.0"),
        ("operator", "9.0.0", "newer than 0.93.1", "a release of Watershed that knows it"),
        ("kubernetes", "1.24", "older than 1.25.0", "upgrade kubernetes to 1.25.0"),
        ("kubernetes", "1.36", "newer than 1.35.0", "a release of Watershed that knows it"),
    ];
    for (component, version, bound, help) in cases {
        let (d, doc) = only(&with(&format!("cluster \"c\" {{ versions {component}=\"{version}\" }}\n")));
        assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF107", format!("\"{version}\"").as_str()));
        assert!(d.at_label.contains(bound) && d.help.contains(help), "{d:?}");
    }
}

#[test]
fn what_already_runs_decides_who_runs_exporters() {
    let text = with(
        "cluster \"c\" base=\"kube-prometheus\" { job \"node-exporter\" exporter=\"watershed\" }\ncluster \"d\" base=\"kube-prometheus\" { exporters \"watershed\" }\n",
    );
    let fleet = sound(&text);
    let c = cluster(&fleet, "c");
    assert_eq!(c.exporters.managed.value, "elsewhere");
    assert_eq!(c.job("node-exporter").unwrap().exporter.managed.value, "watershed");
    assert_eq!(c.job("kubelet").unwrap().exporter.managed.value, "elsewhere");
    assert_eq!(c.grafana.by.value, GrafanaBy::KubePrometheus);
    assert_eq!(cluster(&fleet, "d").exporters.managed.value, "watershed");
}

#[test]
fn a_job_is_present_where_its_condition_holds() {
    let text = with(
        "cluster \"a\"\ncluster \"b\" gpus-per-node=8 roce-ports-per-node=2\ncluster \"c\" { job \"node-exporter\" disabled=#true }\n",
    );
    let fleet = sound(&text);
    let has = |name: &str, job: &str| cluster(&fleet, name).job(job).is_some();
    assert!(!has("a", "dcgm-exporter") && has("b", "dcgm-exporter"));
    let why = |name: &str, job: &str| {
        cluster(&fleet, name).absent.iter().find(|(j, _)| j == job).map(|(_, why)| why.clone()).unwrap_or_default()
    };
    assert!(why("a", "dcgm-exporter").contains("gpus-per-node"));
    assert!(why("c", "node-exporter").contains("disabled"));
    let classes = |name: &str| {
        cluster(&fleet, name).job("node-exporter").unwrap().classes.iter().map(|c| c.name.clone()).collect::<Vec<_>>()
    };
    assert!(!classes("a").contains(&"roce".to_owned()) && classes("b").contains(&"roce".to_owned()));
    assert!(!cluster(&fleet, "a").job("node-exporter").unwrap().named);
}

#[test]
fn a_named_job_keeps_what_the_spec_says_of_it() {
    let text = with(
        r#"
cluster "c" {
    job "node-exporter" interval="30s" {
        class "network" interval="1s" sampled="20s"
        class "mine" { collectors "filesystem" }
    }
    job "gateway" {
        discover "service" namespace="apps" port="http" { labels app="gw" }
        series 400
        bearer secret="token"
    }
}
"#,
    );
    let fleet = sound(&text);
    let job = cluster(&fleet, "c").job("node-exporter").unwrap();
    assert!(job.named && job.in_catalog);
    let class = |name: &str| job.classes.iter().find(|c| c.name == name).unwrap();
    assert_eq!(class("network").interval.as_ref().map(|i| i.value), Some(Duration::from_secs(1)));
    assert_eq!(class("network").sampled.value, Duration::from_secs(20));
    assert_eq!(class("cpu").interval, None);
    assert!(class("cpu").collectors.as_ref().is_some_and(|c| !c.is_empty()));
    assert_eq!(class("mine").collectors.as_ref().unwrap()[0].value, "filesystem");
    let gateway = cluster(&fleet, "c").job("gateway").unwrap();
    assert!(!gateway.in_catalog);
    let discover = gateway.discover.as_ref().unwrap();
    assert_eq!((discover.by.value, discover.port.as_ref().unwrap().value.as_str()), (DiscoverBy::Service, "http"));
    assert!(matches!(&gateway.credentials.auth, Some(Auth::Bearer(key)) if key.key == "token"));
}

#[test]
fn custom_jobs_and_classes_say_what_they_are() {
    let text = |s: &str| with(&format!("cluster \"c\" {{ {s} }}\n"));
    assert_eq!(found(&text("job \"gateway\" interval=\"5s\"")), ["REF111 \"gateway\""]);
    let (d, _) = only(&text("job \"node-exportr\" interval=\"5s\""));
    assert!(d.help.contains("node-exporter"), "{}", d.help);
    assert_eq!(found(&text("job \"g\" { discover \"service\" namespace=\"a\" port=\"x\" }")), ["REF111 \"service\""]);
    assert_eq!(found(&text("job \"g\" { discover \"pod\" namespace=\"a\" { labels a=\"b\" } }")), ["REF111 \"pod\""]);
    assert_eq!(found(&text("job \"g\" { discover \"static\" port=\"1\" }")), ["REF111 \"static\""]);
    assert_eq!(found(&text("job \"node-exporter\" { class \"netwrk\" interval=\"1s\" }")), ["REF112 \"netwrk\""]);
    assert_eq!(found(&text("job \"node-exporter\" { class \"mine\" { metrics \"node_nfs_*\" } }")), [""; 0]);
}

#[test]
fn a_class_newer_than_the_exporter_is_refused_only_where_it_is_named() {
    let text = |job: &str| {
        with(&format!("cluster \"c\" roce-ports-per-node=2 {{ versions node-exporter=\"1.6.1\"; {job} }}\n"))
    };
    let (d, doc) = only(&text("job \"node-exporter\" { class \"roce\" interval=\"1s\" }"));
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF113", "\"roce\""));
    let fleet = sound(&text(""));
    assert!(cluster(&fleet, "c").job("node-exporter").unwrap().classes.iter().all(|c| c.name != "roce"));
    assert_eq!(found(&text("job \"node-exporter\" { class \"roce\" disabled=#true }")), [""; 0]);
}

#[test]
fn a_job_or_class_has_one_prometheus() {
    let lanes = |a: &str, b: &str| {
        fleet_of(&format!(
            "prometheus \"a\" {{ {a}; retention \"1d\"; storage \"1Gi\" }}\n prometheus \"b\" {{ {b}; retention \"1d\"; storage \"1Gi\" }}\n"
        ))
    };
    let (d, doc) = only(&lanes("jobs \"kubelet\" \"cadvisor\"", "rest; jobs \"cadvisor\""));
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF108", "\"cadvisor\""));
    assert_eq!(doc.sources.position(d.at).line, 5);
    assert_eq!(shows(&doc, &d), ["\"cadvisor\""]);
    assert_eq!(
        found(&lanes("jobs \"node-exporter/cpu\"", "rest; jobs \"node-exporter/cpu\"")),
        ["REF108 \"node-exporter/cpu\""]
    );
    // A class beats its job.
    assert_eq!(found(&lanes("jobs \"node-exporter/cpu\"", "rest; jobs \"node-exporter\"")), [""; 0]);
    assert_eq!(found(&lanes("rest", "rest")), ["REF110 rest"]);
    assert_eq!(found(&lanes("rest; also-scrapes \"cadvisor\"", "jobs \"cadvisor\"")), [""; 0]);
}

#[test]
fn the_prometheus_of_a_job_counts_as_its_list() {
    let text = fleet_of(
        "prometheus \"a\" { jobs \"cadvisor\"; retention \"1d\"; storage \"1Gi\" }\n prometheus \"b\" { rest; retention \"1d\"; storage \"1Gi\" }\n job \"cadvisor\" prometheus=\"b\"",
    );
    assert_eq!(found(&text), ["REF108 \"b\""]);
}

#[test]
fn a_named_job_nobody_takes_is_an_error_and_an_unnamed_one_is_not() {
    let lanes = |s: &str| {
        fleet_of(&format!(
            "prometheus \"a\" {{ jobs \"kubelet\" \"node-exporter/cpu\"; retention \"1d\"; storage \"1Gi\" }}\n{s}"
        ))
    };
    assert_eq!(found(&lanes("")), [""; 0]);
    assert_eq!(found(&lanes("job \"cadvisor\" interval=\"30s\"")), ["REF109 \"cadvisor\""]);
    assert_eq!(found(&lanes("job \"node-exporter\" { class \"disk\" interval=\"10s\" }")), ["REF109 \"disk\""]);
    assert_eq!(found(&lanes("job \"node-exporter\" { class \"cpu\" interval=\"10s\" }")), [""; 0]);
}

#[test]
fn alerts_fall_back_to_those_of_the_cluster() {
    let text = with(
        "alertmanager \"main\" service=\"monitoring/main\"\nalertmanager \"other\" service=\"monitoring/other\"\ncluster \"c\" alerts=\"main\" { prometheus \"b\" alerts=\"other\" { retention \"1d\"; storage \"1Gi\" }; prometheus \"d\" { alerts {}; retention \"1d\"; storage \"1Gi\" } }\n",
    );
    let fleet = sound(&text);
    let c = cluster(&fleet, "c");
    let names = |lane: &str| {
        c.lane(lane).unwrap().alerts.iter().map(|a| fleet.alertmanager(a.value).name.clone()).collect::<Vec<_>>()
    };
    assert_eq!((names("user"), names("b"), names("d")), (vec!["main".to_owned()], vec!["other".to_owned()], vec![]));
    assert_eq!(fleet.alertmanagers[0].service.as_ref().map(|s| s.value.1.as_str()), Some("main"));
}

#[test]
fn readers_are_what_their_name_says_they_usually_are() {
    let fleet =
        sound(&with("cluster \"c\" { reader \"grafana\" reads=\"user\"; reader \"mine\" reads=\"user user\" }\n"));
    let readers = &cluster(&fleet, "c").readers;
    assert_eq!((readers[0].kind, readers[1].kind), (ReaderKind::Grafana, ReaderKind::Http));
    assert!(!readers[0].labels.is_empty());
    assert_eq!(readers[1].reads.len(), 1);
}

#[test]
fn stores_have_enough_replicas_and_short_releases() {
    let store = |s: &str| {
        with(&format!(
            "cluster \"c\"\nstore \"s\" kind=\"victoriametrics-cluster\" cluster=\"c\" {{ retention \"9d\"; storage \"1Gi\"; {s} }}\nroute \"r\" from=\"*\" to=\"s\"\n"
        ))
    };
    assert_eq!(found(&store("replication 2; replicas storage=2")), ["REF128 storage=2"]);
    assert_eq!(found(&store("replication 2; replicas storage=3")), [""; 0]);
    assert_eq!(found(&store("release \"a-release-of-18-ch\"")), ["REF129 \"a-release-of-18-ch\""]);
    assert_eq!(found(&store("replicas vmstorage=3")), ["REF101 vmstorage"]);
    assert_eq!(found(&store("tenant \"a\" id=1; tenant \"b\" id=1")), ["REF102 1"]);
    assert_eq!(found(&store("tenant \"a\"")), ["REF106 \"a\""]);
    let fleet = sound(&store("replicas storage=3"));
    assert_eq!((fleet.stores[0].replication.value, fleet.stores[0].release.value.as_str()), (2, "s"));
    assert_eq!(sound(&store("")).stores[0].replication.value, 1);
}

#[test]
fn names_of_classes_leave_room_for_what_is_made_of_them() {
    let long = "a".repeat(40);
    let text =
        with(&format!("cluster \"c\" {{ job \"node-exporter\" {{ class \"{long}\" {{ collectors \"cpu\" }} }} }}\n"));
    // 13 + 1 + 40 and `-sampled`.
    assert_eq!(found(&text), [""; 0]);
    let text = with(&format!(
        "cluster \"c\" {{ job \"{}\" {{ discover \"static\" {{ addresses \"a:1\" }}; class \"{long}\" {{ metrics \"x\" }} }} }}\n",
        "b".repeat(20)
    ));
    assert_eq!(found(&text), [format!("REF129 \"{long}\"")]);
}
