//! Classes, twins, copies, and how targets are reached.

use super::{World, monitor};
use crate::model::plan::{Monitor, ScrapeAuth, Verify};
use crate::relabel::Rule;

fn single(settings: &str) -> World {
    World::of(&text(settings))
}

fn text(settings: &str) -> String {
    format!(
        r#"
fleet "lab" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {{
        jobs "node-exporter" "cadvisor"
        retention "7d"
        storage "100Gi"
    }}
    prometheus "fast" {{
        jobs "node-exporter/network"
        retention "3d"
        storage "100Gi"
    }}
    prometheus "system" {{
        rest
        retention "2d"
        storage "20Gi"
    }}
    {settings}
}}
cluster "lab" nodes=12 pods=600 roce-ports-per-node=8
"#
    )
}

fn rule<'r>(rules: &'r [Rule], target: &str) -> Option<&'r Rule> {
    rules.iter().find(|r| r.target_label.as_deref() == Some(target))
}

fn class_label(m: &Monitor) -> Option<&str> {
    rule(&m.endpoints[0].relabelings, "job_class").and_then(|r| r.replacement.as_deref())
}

#[test]
fn a_class_is_a_monitor_of_its_own_and_the_rest_leaves_its_collectors_out() {
    let world = single("job \"node-exporter\" {\n class \"network\" interval=\"10s\"\n }");
    let plan = world.sound("lab");
    let (network, rest) = (monitor(&plan, "node-exporter-network"), monitor(&plan, "node-exporter"));
    assert_eq!((network.lane.as_str(), rest.lane.as_str()), ("fast", "user"));
    assert_eq!(
        network.endpoints[0].params,
        [("collect[]".to_owned(), vec!["netdev".to_owned(), "netclass".to_owned()])]
    );
    assert_eq!(rest.endpoints[0].params, [("exclude[]".to_owned(), vec!["netclass".to_owned(), "netdev".to_owned()])]);
    assert_eq!((class_label(network), class_label(rest)), (Some("network"), None));
    let overhead = network.endpoints[0].metric_relabelings.last().and_then(|r| r.regex.as_deref());
    assert_eq!(overhead, Some("go_.*|node_exporter_build_info|process_.*|promhttp_.*"));
    assert_eq!(rest.endpoints[0].metric_relabelings, []);
    assert!(rule(&rest.endpoints[0].relabelings, "node").is_some());
    // Nobody speaks of the class `cpu`: it stays in the remainder.
    assert!(plan.monitors.iter().all(|m| m.class.as_deref() != Some("cpu")));
}

#[test]
fn a_fast_class_has_a_slower_twin_beside_the_rest_of_its_job() {
    let world = single("job \"node-exporter\" {\n class \"network\" interval=\"1s\"\n }");
    let plan = world.sound("lab");
    let (fast, twin) = (monitor(&plan, "node-exporter-network"), monitor(&plan, "node-exporter-network-sampled"));
    assert_eq!((fast.lane.as_str(), twin.lane.as_str()), ("fast", "user"));
    let schedule = |m: &Monitor| {
        let e = &m.endpoints[0];
        (e.interval.value.to_string(), e.timeout.map(|t| t.value.to_string()))
    };
    assert_eq!(schedule(fast), ("1s".to_owned(), Some("1s".to_owned())));
    assert_eq!(schedule(twin), ("15s".to_owned(), None));
    assert_eq!((class_label(fast), class_label(twin)), (Some("network"), Some("network-sampled")));
    assert_eq!(fast.endpoints[0].params, twin.endpoints[0].params);
}

#[test]
fn intervals_fall_back_from_class_to_job_to_prometheus_to_cluster() {
    let of = |settings: &str, name: &str| {
        let world = single(settings);
        let plan = world.sound("lab");
        monitor(&plan, name).endpoints[0].interval.value.to_string()
    };
    assert_eq!(of("", "node-exporter-network"), "15s");
    assert_eq!(of("interval \"30s\"", "node-exporter-network"), "30s");
    assert_eq!(of("interval \"30s\"\njob \"node-exporter\" interval=\"20s\"", "node-exporter-network"), "20s");
    let nearest = "job \"node-exporter\" interval=\"20s\" {\n class \"network\" interval=\"10s\"\n }";
    assert_eq!(of(nearest, "node-exporter-network"), "10s");
    assert_eq!(of(nearest, "node-exporter"), "20s");
}

#[test]
fn a_timeout_longer_than_its_interval_is_refused_where_it_was_said() {
    let world = single("job \"node-exporter\" interval=\"15s\" timeout=\"20s\"");
    let (_, found) = world.plan("lab");
    let told = world.told(&found);
    assert!(told.iter().any(|t| t.starts_with("PLN101 \"20s\"") || t.contains("timeout 20s is longer")), "{told:#?}");
    // One said for the whole cluster gives way to a faster class, as in Prometheus itself.
    let world = single("timeout \"12s\"\njob \"node-exporter\" {\n class \"network\" interval=\"10s\"\n }");
    let plan = world.sound("lab");
    let timeout = |name| monitor(&plan, name).endpoints[0].timeout.map(|t| t.value.to_string());
    assert_eq!(timeout("node-exporter-network").as_deref(), Some("10s"));
    assert_eq!(timeout("node-exporter").as_deref(), Some("12s"));
}

#[test]
fn a_copy_is_scraped_and_not_owned() {
    let world = World::of(&text("").replace("rest\n", "rest\nalso-scrapes \"node-exporter/network\" \"cadvisor\"\n"));
    let plan = world.sound("lab");
    let copy = monitor(&plan, "node-exporter-network-system");
    assert_eq!((copy.lane.as_str(), copy.owned, copy.job.as_str()), ("system", false, "node-exporter"));
    assert!(!monitor(&plan, "cadvisor-system").owned && monitor(&plan, "cadvisor").owned);
    let owners = plan.lanes.iter().flat_map(|l| &l.owns).filter(|c| c.job == "cadvisor").count();
    assert_eq!(owners, 1);

    let listed = "jobs \"node-exporter/network\"";
    let world = World::of(&text("").replace(listed, &format!("{listed}\nalso-scrapes \"node-exporter/network\"")));
    let told = world.told(&world.plan("lab").1);
    assert!(told.len() == 1 && told[0].starts_with("PLN104"), "{told:#?}");
}

#[test]
fn jobs_that_share_a_job_label_are_told_by_path() {
    let world = single("");
    let plan = world.sound("lab");
    for name in ["cadvisor", "kubelet"] {
        let m = monitor(&plan, name);
        assert_eq!(m.job_value, "kubelet");
        assert!(m.endpoints.iter().all(|e| rule(&e.relabelings, "metrics_path").is_some()), "{name}");
        let token = ScrapeAuth { service_account: true, verify: Verify::Nothing, ..ScrapeAuth::default() };
        assert!(m.endpoints.iter().all(|e| e.auth == token));
        assert!(m.endpoints.iter().all(|e| e.honor_labels));
    }
    let paths = |name| monitor(&plan, name).endpoints.iter().map(|e| e.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths("kubelet"), ["/metrics", "/metrics/probes", "/metrics/slis"]);
    // The owner of the Prometheis' own metrics scrapes each by its Service.
    assert_eq!(monitor(&plan, "prometheus-user").job_value, "prometheus-user");
    assert_eq!(monitor(&plan, "prometheus-user").lane, "system");
    assert!(plan.lanes.iter().find(|l| l.name == "user").is_some_and(|l| l.access.node_metrics));
}

#[test]
fn a_path_that_the_version_does_not_serve_is_left_out() {
    let world = World::of(&include_str!("../../../tests/fleets/1-single.kdl").replace("gpus-per-node=8 ", ""));
    let (plan, _) = world.plan("lab");
    let paths: Vec<&str> = monitor(&plan, "kubelet").endpoints.iter().map(|e| e.path.as_str()).collect();
    // Kubernetes 1.25.
    assert_eq!(paths, ["/metrics", "/metrics/probes"]);
}

#[test]
fn collectors_that_a_class_needs_are_switched_on_in_our_exporter() {
    let roce = "job \"node-exporter\" {\n class \"roce\" interval=\"10s\"\n }";
    let world = single(roce);
    let plan = world.sound("lab");
    let exporter = plan.exporters.iter().find(|e| e.job == "node-exporter").expect("an exporter");
    assert_eq!(exporter.parts_on, ["ethtool"]);
    assert!(exporter.parts_off.contains(&"hwmon".to_owned()));
    assert!(exporter.image.starts_with("quay.io/prometheus/node-exporter:v"), "{}", exporter.image);

    // The one of kube-prometheus does not run it; asking for it would take the whole target down.
    let world = single(&format!("base \"kube-prometheus\"\n{roce}"));
    let plan = world.sound("lab");
    assert!(plan.exporters.iter().all(|e| e.job != "node-exporter"));
    assert_eq!(monitor(&plan, "node-exporter-roce-watershed").endpoints[0].params[0].1, ["infiniband"]);
    assert_eq!(monitor(&plan, "node-exporter-watershed").endpoints[0].port, "https");

    let asked = "base \"kube-prometheus\"\njob \"node-exporter\" {\n class \"roce\" {\n collectors \"infiniband\" \"ethtool\"\n }\n }";
    let world = single(asked);
    let told = world.told(&world.plan("lab").1);
    assert!(told.iter().any(|t| t.starts_with("PLN102") && t.contains("`ethtool`")), "{told:#?}");
}

#[test]
fn two_classes_with_one_collector_are_refused() {
    let world = single(
        "job \"node-exporter\" {\n class \"network\" interval=\"10s\"\n class \"mine\" {\n collectors \"netdev\"\n }\n }",
    );
    let told = world.told(&world.plan("lab").1);
    assert!(told.iter().any(|t| t.starts_with("PLN103") && t.contains("`netdev`")), "{told:#?}");
}

#[test]
fn metrics_are_kept_and_dropped_by_glob() {
    let world = single(
        "job \"node-exporter\" {\n drop \"node_nfs_*\" \"node_arp_entries\"\n class \"load\" interval=\"5s\" {\n metrics \"node_load*\"\n }\n }",
    );
    let plan = world.sound("lab");
    let rules = |name| {
        let all = &monitor(&plan, name).endpoints[0].metric_relabelings;
        all.iter().map(|r| (r.action.map(|a| a.name()), r.regex.clone())).collect::<Vec<_>>()
    };
    let drops = (Some("drop"), Some("node_arp_entries|node_nfs_.*".to_owned()));
    assert_eq!(rules("node-exporter-load"), [(Some("keep"), Some("node_load.*".to_owned())), drops.clone()]);
    assert_eq!(rules("node-exporter"), [(Some("drop"), Some("node_load.*".to_owned())), drops]);
}

#[test]
fn addresses_stand_behind_a_service_of_ours() {
    let etcd = "job \"kube-etcd\" {\n discover \"static\" {\n addresses \"10.0.0.12\" \"10.0.0.11:2381\"\n }\n }";
    let world = single(etcd);
    let plan = world.sound("lab");
    let service = plan.addresses.iter().find(|s| s.job == "kube-etcd").expect("a Service");
    assert_eq!((service.targets(), service.port), (vec!["10.0.0.11:2381".into(), "10.0.0.12:2381".into()], 2381));
    let m = monitor(&plan, "kube-etcd");
    assert_eq!(m.endpoints[0].port, service.port_name);
    assert_eq!(m.selector.get("watershed/job").map(String::as_str), Some("kube-etcd"));
    assert_eq!(m.namespaces, ["monitoring"]);

    let world = single(&etcd.replace("10.0.0.12", "etcd.example.com"));
    let told = world.told(&world.plan("lab").1);
    assert!(told.len() == 1 && told[0].starts_with("PLN107"), "{told:#?}");
}

#[test]
fn every_address_is_scraped_on_its_own_port_and_in_its_own_family() {
    let job =
        |addresses: &str| format!("job \"edge\" series=100 {{ discover \"static\" {{ addresses {addresses} }} }}");
    let mixed = job("\"10.0.0.1:9100\" \"10.0.0.2:9200\" \"[fd00::1]:9100\"");
    let world = single(&mixed);
    let objects = super::emitted(&world, &world.sound("lab"));
    let slices =
        objects.iter().filter(|o| o["kind"] == "EndpointSlice" && o["metadata"]["labels"]["watershed/job"] == "edge");
    let slices: Vec<_> = slices
        .map(|o| {
            assert_eq!(o["metadata"]["labels"]["kubernetes.io/service-name"], "edge");
            let of = |path: &str| o.pointer(path).expect("there").to_string().replace('"', "");
            [
                of("/metadata/name"),
                of("/addressType"),
                of("/endpoints/0/addresses/0"),
                of("/ports/0/name"),
                of("/ports/0/port"),
            ]
        })
        .collect();
    assert_eq!(
        slices,
        [
            ["edge", "IPv4", "10.0.0.1", "metrics", "9100"],
            ["edge.ipv4-9200", "IPv4", "10.0.0.2", "metrics", "9200"],
            ["edge.ipv6-9100", "IPv6", "fd00::1", "metrics", "9100"],
        ]
    );
    // One object with a subset each, where the operator asks for Endpoints.
    let old = World::of(&text(&mixed).replace("0.93.1", "0.76.2"));
    let objects = super::emitted(&old, &old.sound("lab"));
    let endpoints = objects.iter().find(|o| o["kind"] == "Endpoints").expect("Endpoints");
    assert_eq!(endpoints["subsets"].as_array().map(Vec::len), Some(3));

    for (addresses, what) in [
        ("\"10.0.0.1:9100\" \"10.0.0.2\"", "nothing says on which port `edge` is at `10.0.0.2`"),
        ("\"127.0.0.1:9100\"", "`127.0.0.1:9100` is the loopback of whoever asks"),
        ("\"[fe80::1]:9100\"", "`[fe80::1]:9100` is of one link only"),
    ] {
        let world = single(&job(addresses));
        let told = world.told(&world.plan("lab").1);
        assert!(told.len() == 1 && told[0].starts_with("PLN107") && told[0].contains(what), "{told:#?}");
    }
}

#[test]
fn a_port_of_pods_by_number_needs_no_field_that_an_old_operator_lacks() {
    let job = "job \"own\" series=100 { discover \"pod\" namespace=\"apps\" port=\"9100\" { labels app=\"own\" } }";
    for operator in ["0.93.1", "0.76.2"] {
        let world = World::of(&text(job).replace("0.93.1", operator));
        let plan = world.sound("lab");
        let endpoint = &monitor(&plan, "own").endpoints[0];
        assert!(endpoint.undeclared);
        assert_eq!(rule(&endpoint.relabelings, "__address__").and_then(|r| r.replacement.as_deref()), Some("$1:9100"));
        let objects = super::emitted(&world, &plan);
        let made = objects.iter().find(|o| o["kind"] == "PodMonitor" && o["metadata"]["name"] == "own").expect("one");
        assert!(made["spec"]["podMetricsEndpoints"][0]["portNumber"].is_null(), "{made}");
    }
}

#[test]
fn a_limit_of_a_batch_stays_a_number_that_fields_hold() {
    let world = single(&format!(
        "job \"hero-network-exporter\" {{ exporter \"timestamped-batch\"; interval \"1s\"; scrape \"15s\"; sample-limit {}; \
         discover \"pod\" namespace=\"hero\" port=\"metrics\" {{ labels app=\"x\" }} }}",
        i64::MAX
    ));
    let plan = world.plan("lab").0;
    let limit =
        plan.monitors.iter().find(|m| m.job == "hero-network-exporter").and_then(|m| m.sample_limit).expect("one");
    assert_eq!(limit.value, i64::MAX as u64);
}

#[test]
fn a_component_on_loopback_is_a_line_of_the_checklist_until_it_is_reachable() {
    let world = single("");
    let plan = world.sound("lab");
    assert!(plan.monitors.iter().all(|m| m.job != "kube-etcd"));
    assert!(plan.not_collected.iter().any(|(job, _)| job == "kube-etcd"), "{:?}", plan.not_collected);
    assert!(plan.checklist.iter().any(|c| c.starts_with("kube-etcd: ")), "{:?}", plan.checklist);

    let world = single("reachable \"etcd\"");
    let plan = world.sound("lab");
    assert_eq!(monitor(&plan, "kube-etcd").namespaces, ["kube-system"]);
    assert!(plan.checklist.iter().all(|c| !c.starts_with("kube-etcd: etcd is not scraped")));
}

#[test]
fn settings_that_change_nothing_are_told() {
    let told = |settings: &str| {
        let world = single(settings);
        let (_, found) = world.plan("lab");
        let told: Vec<String> = world.told(&found).into_iter().filter(|t| t.starts_with("PLN116")).collect();
        told.iter().map(|t| t.split(':').next().unwrap_or(t).to_owned()).collect::<Vec<_>>()
    };
    let elsewhere = "job \"node-exporter\" { exporter \"elsewhere\" image=\"r.example.com/e:1\" { args \"--x\"; requests cpu=\"1\" } }";
    assert_eq!(told(elsewhere).len(), 3, "{:?}", told(elsewhere));
    assert_eq!(told(&elsewhere.replace("elsewhere", "watershed")), Vec::<String>::new());

    let found_by =
        |by: &str, rest: &str| format!("job \"own\" {{ series 10; discover \"{by}\" port=\"9100\" {{ {rest} }} }}");
    assert_eq!(told(&found_by("static", "addresses \"10.0.0.1\"")), Vec::<String>::new());
    let wrong = told(&found_by("static", "addresses \"10.0.0.1\"; labels app=\"x\"; namespace \"apps\""));
    assert!(wrong.len() == 2 && wrong.iter().all(|t| t.starts_with("PLN116")), "{wrong:?}");
    let wrong = told(&found_by("service", "addresses \"10.0.0.1\"; labels app=\"x\""));
    assert_eq!(wrong, ["PLN116 \"10.0.0.1\""]);

    assert_eq!(told("job \"kubelet\" path=\"/other\""), ["PLN116 \"/other\""]);
    assert_eq!(told("grafana \"files\" { labels a=\"b\" }").len(), 1);
    assert_eq!(told("grafana \"sidecar\" { labels a=\"b\" }"), Vec::<String>::new());
}

fn found_in(settings: &str) -> Vec<String> {
    let world = single(settings);
    world.told(&world.plan("lab").1)
}

/// Of a class of node-exporter: codes of what is found.
fn of_classes(classes: &str) -> Vec<String> {
    found_in(&format!("job \"node-exporter\" {{\n {classes}\n }}")).iter().map(|t| t[..6].to_owned()).collect()
}

#[test]
fn what_the_spec_says_replaces_the_catalogs_credentials_part_by_part() {
    let auth = |said: &str| {
        let world = single(&format!("job \"kubelet\" {{\n {said}\n }}"));
        monitor(&world.sound("lab"), "kubelet").endpoints[0].auth.clone()
    };
    let ca = auth("ca secret=\"kubelet-ca\"");
    assert!(ca.service_account && ca.verify == Verify::Credentials && ca.credentials.ca.is_some());
    let bearer = auth("bearer secret=\"kubelet-token\"");
    assert!(!bearer.service_account && bearer.verify == Verify::Nothing && bearer.credentials.auth.is_some());
    let name = auth("server-name \"node\"");
    assert!(name.service_account && name.verify == Verify::Nothing && name.credentials.server_name.is_some());
}

#[test]
fn a_certificate_and_its_ca_may_be_in_two_secrets() {
    let cas = |said: &str| {
        let world = single(&format!("job \"kube-etcd\" {{\n client-cert secret=\"etcd-client\"\n {said}\n }}"));
        let plan = world.sound("lab");
        let auth = monitor(&plan, "kube-etcd").endpoints[0].auth.clone();
        let uses: Vec<_> = plan.secrets.iter().map(|u| (u.name.clone(), u.keys.clone())).collect();
        (auth.credentials.ca.map(|c| c.secret.value), uses)
    };
    let (beside, _) = cas("");
    assert_eq!(beside.as_deref(), Some("etcd-client"));
    let (other, uses) = cas("ca secret=\"etcd-ca\"");
    assert_eq!(other.as_deref(), Some("etcd-ca"));
    assert!(uses.contains(&("etcd-ca".to_owned(), vec!["ca.crt".to_owned()])), "{uses:?}");
}

#[test]
fn annotations_mean_the_same_for_every_job() {
    let world =
        single("job \"mine\" series=100 {\n discover \"annotations\" namespace=\"web\" {\n labels team=\"a\"\n }\n }");
    let plan = world.sound("lab");
    let (mine, catalogs) = (monitor(&plan, "mine"), monitor(&plan, "kubernetes-pods"));
    let keeps = |m: &Monitor| m.endpoints[0].relabelings.first().cloned();
    assert_eq!(keeps(mine), keeps(catalogs));
    assert!(
        keeps(mine).is_some_and(|r| r.source_labels[0].ends_with("io_scrape") && r.regex.as_deref() == Some("true"))
    );
    for label in ["namespace", "pod", "node", "__address__", "__scheme__", "__metrics_path__"] {
        assert!(rule(&mine.endpoints[0].relabelings, label).is_some(), "{label}");
    }
    let found = found_in("job \"mine\" series=100 {\n discover \"annotations\" port=\"8080\"\n }");
    assert!(found.len() == 1 && found[0].starts_with("PLN123"), "{found:#?}");
}

#[test]
fn a_twin_that_is_asked_for_in_vain_is_a_finding() {
    assert_eq!(of_classes("class \"network\" interval=\"1s\" sampled=\"2s\""), ["PLN121"]);
    assert_eq!(of_classes("class \"network\" interval=\"10s\" sampled=\"30s\""), ["PLN122"]);
    assert_eq!(of_classes("class \"network\" interval=\"1s\" sampled=\"5s\""), Vec::<String>::new());
    let alone = r#"
fleet "lab" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "fast" {
        jobs "node-exporter/network"
        retention "3d"
        storage "100Gi"
    }
    job "node-exporter" {
        class "network" interval="1s"
    }
}
cluster "lab" nodes=12
"#;
    let world = World::of(alone);
    let found = world.told(&world.plan("lab").1);
    assert!(found.len() == 1 && found[0].starts_with("PLN120"), "{found:#?}");
}

#[test]
fn classes_by_metric_do_not_overlap() {
    let two = |a: &str, b: &str| {
        of_classes(&format!("class \"a\" {{\n metrics \"{a}\"\n }}\n class \"b\" {{\n metrics \"{b}\"\n }}"))
    };
    assert_eq!(two("node_load*", "node_*1"), ["PLN118"]);
    assert_eq!(two("node_load*", "node_memory_*"), Vec::<String>::new());
    assert_eq!(of_classes("class \"a\" {\n collectors \"cpu\"\n metrics \"node_cpu_*\"\n }"), ["PLN119"]);

    let by_both = "job \"node-exporter\" {\n class \"network\" interval=\"10s\"\n class \"bytes\" {\n metrics \"node_*_bytes_total\"\n }\n }";
    let world = single(by_both);
    let plan = world.sound("lab");
    // What the class of collectors has, the class of metrics does not fetch again.
    let params = &monitor(&plan, "node-exporter-bytes").endpoints[0].params;
    assert_eq!(*params, [("exclude[]".to_owned(), vec!["netclass".to_owned(), "netdev".to_owned()])]);
}

#[test]
fn a_job_whose_classes_take_all_its_paths_has_no_rest() {
    let mut world = single("job \"kubelet\" {\n class \"all\" interval=\"30s\" {\n metrics \"*\"\n }\n }");
    let job = world.fleet.clusters[0].jobs.iter_mut().find(|j| j.name == "kubelet").expect("a job");
    let job = std::sync::Arc::make_mut(job);
    // As an entry's class that is picked by path: neither collectors nor metrics.
    job.classes[0].metrics = Some(Vec::new());
    let plan = world.sound("lab");
    let made: Vec<&str> = plan.monitors.iter().filter(|m| m.job == "kubelet").map(|m| m.name.as_str()).collect();
    assert_eq!(made, ["kubelet-all"]);
    assert!(plan.not_collected.iter().all(|(job, _)| job != "kubelet"), "{:?}", plan.not_collected);
}

#[test]
fn an_exporter_that_is_believed_says_where_it_runs() {
    let told = |discover: &str| {
        let job = format!(
            "job \"bills\" {{\n discover \"pod\" {discover} port=\"metrics\" {{ labels app=\"bills\" }}\n honor-labels #true\n \
             series 40\n }}\n job \"node-exporter\" {{"
        );
        let doc = super::routing::pool(super::routing::SPLIT).doc;
        let text = doc.sources.text(crate::diag::FileId(0)).replacen("job \"node-exporter\" {", &job, 1);
        let (_, found) = World::of(&text).plan("pool-1");
        found.iter().filter(|d| d.code.id == "PLN192").map(|d| d.what.clone()).collect::<Vec<_>>()
    };
    let all = told("");
    assert!(matches!(&all[..], [one] if one.contains("`bills` is believed in every namespace")), "{all:?}");
    assert_eq!(told("namespace=\"billing\""), [""; 0]);
}

#[test]
fn the_series_of_a_class_of_ones_own_are_counted_as_said() {
    let of = |class: &str| {
        let job = format!(
            "job \"train\" {{\n discover \"pod\" namespace=\"train\" port=\"metrics\" {{ labels app=\"train\" }}\n \
             series 400\n honor-labels #false\n class \"steps\" interval=\"1s\" {class} {{ metrics \"train_step_*\" }}\n }}"
        );
        let (plan_flows, found) = {
            let world = single(&job);
            let (plan, found) = world.plan("lab");
            let steps = plan.flows.iter().find(|f| f.class.to_string() == "train/steps").map(|f| f.series);
            (steps, found)
        };
        (plan_flows, found.iter().any(|d| d.code.id == "PLN112"))
    };
    assert_eq!(of("series=250"), (Some(255), false));
    assert!(matches!(of(""), (Some(5), true)));
}
