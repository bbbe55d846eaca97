//! Accelerators, storage, pods and private jobs: what they need of a plan beyond other jobs.

use super::{World, emitted, lane, monitor};
use crate::model::plan::{Monitor, MonitorKind};
use crate::relabel::regex::Cache;
use crate::relabel::{Chain, Dialect, Labels, Outcome, Written};

fn with(versions: &str, settings: &str) -> World {
    World::of(&format!(
        r#"
fleet "lab" language=1 {{
    versions {versions}
    prometheus "user" {{
        rest
        retention "7d"
        storage "100Gi"
    }}
    {settings}
}}
cluster "lab" nodes=12 pods=600 npus-per-node=8 roce-ports-per-node=8
"#
    ))
}

fn single(settings: &str) -> World {
    with("kubernetes=\"1.34\" operator=\"0.93.1\" prometheus=\"3.13.2\"", settings)
}

/// Codes and words of what is found.
fn found(world: &World) -> Vec<String> {
    world.told(&world.plan("lab").1)
}

const NETWORK: &str = "discover \"pod\" namespace=\"hero\" port=\"metrics\" { labels app=\"hero-net\" }";

#[test]
fn a_private_job_is_found_as_the_spec_says() {
    let world = single(
        "job \"resource-manager\" {\n discover \"service\" namespace=\"hero-system\" port=\"http\" {\n labels app=\"rm\"\n }\n }",
    );
    let plan = world.sound("lab");
    let m = monitor(&plan, "resource-manager");
    assert_eq!((m.kind, m.namespaces.as_slice()), (MonitorKind::Service, &["hero-system".to_owned()][..]));
    assert_eq!((m.endpoints[0].port.as_str(), m.job_value.as_str()), ("http", "resource-manager"));
    assert_eq!(m.selector.get("app").map(String::as_str), Some("rm"));
    assert!(plan.exporters.iter().all(|e| e.job != "resource-manager"));
}

#[test]
fn a_private_exporter_is_run_where_the_spec_names_its_image() {
    let world = single(
        "job \"hero-network-exporter\" {\n exporter \"timestamped-batch\" image=\"r.example.com/net:1\"\n interval \"1s\"\n scrape \"15s\"\n }",
    );
    let plan = world.sound("lab");
    let exporter = plan.exporters.iter().find(|e| e.job == "hero-network-exporter").expect("an exporter");
    assert_eq!((exporter.image.as_str(), exporter.serves), ("r.example.com/net:1", "batch"));
    let m = monitor(&plan, "hero-network-exporter");
    assert_eq!(m.selector.get("app.kubernetes.io/managed-by").map(String::as_str), Some("watershed"));
    let objects = emitted(&world, &plan);
    let workload =
        objects.iter().find(|o| o["kind"] == "DaemonSet" && o["metadata"]["name"] == "hero-network-exporter");
    let env = &workload.expect("a DaemonSet")["spec"]["template"]["spec"]["containers"][0]["env"];
    let of = |name: &str| env.as_array().into_iter().flatten().find(|e| e["name"] == name).map(|e| e["value"].clone());
    assert_eq!(of("BATCH_SAMPLES"), Some("16".into()));
    assert_eq!(of("SAMPLE_INTERVAL_MS"), Some("1000".into()));

    let both = format!("job \"hero-network-exporter\" {{\n exporter image=\"r.example.com/net:1\"\n {NETWORK}\n }}");
    let told = found(&single(&both));
    assert!(told.len() == 1 && told[0].starts_with("PLN116 \"pod\""), "{told:#?}");
    // Said to be run here, and nobody knows what.
    let told = found(&single("job \"npu-exporter\" exporter=\"watershed\""));
    assert!(told.len() == 1 && told[0].starts_with("PLN114"), "{told:#?}");
}

#[test]
fn batches_are_fetched_every_scrape_and_hold_what_lies_between_and_one() {
    let job = |said: &str| format!("job \"hero-network-exporter\" {{\n {NETWORK}\n {said}\n }}");
    let world = single(&job(
        "exporter \"timestamped-batch\"\n interval \"15s\"\n scrape \"15s\"\n sample-limit 1000\n class \"pause\" interval=\"1s\" {\n metrics \"hero_pause_*\"\n }",
    ));
    let plan = world.sound("lab");
    let (pause, rest) = (monitor(&plan, "hero-network-exporter-pause"), monitor(&plan, "hero-network-exporter"));
    let e = &pause.endpoints[0];
    assert_eq!((e.interval.value.to_string(), e.sampled.value.to_string(), e.batch), ("15s".into(), "1s".into(), 16));
    assert_eq!((e.honor_timestamps, e.track_staleness), (Some(true), false));
    assert_eq!(e.timeout.map(|t| t.value.to_string()), None);
    assert_eq!(pause.sample_limit.map(|l| l.value), Some(16_000));
    assert_eq!((rest.endpoints[0].batch, rest.sample_limit.map(|l| l.value)), (2, Some(2_000)));
    // Every answer brings all samples, so a slower scrape would be no twin.
    assert!(plan.monitors.iter().all(|m| !m.name.contains("sampled")));
    let flow = plan.flows.iter().find(|f| f.class.class.as_deref() == Some("pause")).expect("a flow");
    assert_eq!((flow.interval.to_string(), flow.fetched.map(|f| f.to_string())), ("1s".into(), Some("15s".into())));
    assert!(
        plan.checklist.iter().any(|c| c.contains("pause") && c.contains("the last 16 values")),
        "{:?}",
        plan.checklist
    );
    // Rounded up where it does not divide.
    let world = single(&job("exporter \"timestamped-batch\"\n interval \"2s\"\n scrape \"15s\""));
    assert_eq!(monitor(&world.sound("lab"), "hero-network-exporter").endpoints[0].batch, 9);
    // The other designs answer with the values of now.
    let world = single(&job("exporter \"aggregate\"\n interval \"15s\""));
    let plan = world.sound("lab");
    let e = &monitor(&plan, "hero-network-exporter").endpoints[0];
    assert_eq!((e.batch, e.honor_timestamps), (1, None));
    let told = found(&single(&job("exporter \"aggregate\"\n interval \"1s\"\n scrape \"15s\"")));
    assert!(told.len() == 1 && told[0].starts_with("PLN140 \"15s\""), "{told:#?}");
    let told = found(&single(&job("exporter \"timestamped-batch\"\n interval \"15s\"\n scrape \"5s\"")));
    assert!(told.len() == 1 && told[0].starts_with("PLN141 \"5s\""), "{told:#?}");
    let told = found(&single("job \"node-exporter\" interval=\"5s\" scrape=\"15s\""));
    assert!(told.len() == 1 && told[0].starts_with("PLN140 \"15s\""), "{told:#?}");
}

#[test]
fn batches_are_refused_where_prometheus_drops_them() {
    let batch = format!("job \"hero-network-exporter\" {{\n exporter \"timestamped-batch\"\n {NETWORK}\n }}");
    let of = |version: &str, job: &str| {
        found(&with(&format!("kubernetes=\"1.34\" operator=\"0.93.1\" prometheus=\"{version}\""), job))
    };
    for bad in ["2.52.0", "2.53.2", "2.54.0"] {
        let told = of(bad, &batch);
        assert!(told.len() == 1 && told[0].starts_with("PLN142 \"timestamped-batch\""), "{bad}: {told:#?}");
        assert_eq!(of(bad, &batch.replace("timestamped-batch", "fast-endpoint")), Vec::<String>::new());
    }
    for good in ["2.51.2", "2.53.3", "2.54.1", "3.2.0"] {
        assert_eq!(of(good, &batch), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn a_fast_batch_that_no_route_names_is_told() {
    let fleet = |to: &str| {
        let world = World::of(
            &format!(
                r#"
fleet "lab" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {{
        rest
        retention "7d"
        storage "100Gi"
    }}
    job "hero-network-exporter" {{
        exporter "timestamped-batch"
        {NETWORK}
        interval "15s"
        scrape "15s"
        class "pause" interval="1s" {{
            metrics "hero_pause_*"
        }}
    }}
}}
cluster "lab" nodes=12 pods=600 roce-ports-per-node=8
store "central" kind="remote-write" {{
    accepts-late "1h"
    address "main" url="https://metrics.example.com/api/v1/write" zones="here"
}}
zone "here"
route "home" from="lab" {{
    {to}
    to "central"
}}
"#
            )
            .replace("pods=600", "pods=600 zone=\"here\""),
        );
        let (plan, told) = world.plan("lab");
        let goes = plan.flows.iter().find(|f| f.class.class.as_deref() == Some("pause")).map(|f| f.goes_to.clone());
        (world.told(&told), goes.unwrap_or_default())
    };
    let (told, goes) = fleet("");
    assert!(told.iter().any(|t| t.starts_with("PLN143")) && goes.is_empty(), "{told:#?} {goes:?}");
    let (told, goes) = fleet("to \"central\" jobs=\"hero-network-exporter/pause\"");
    assert!(told.iter().all(|t| !t.starts_with("PLN143")) && goes == ["central"], "{told:#?} {goes:?}");
}

#[test]
fn a_prometheus_that_scrapes_npus_has_the_label_their_policy_asks_for() {
    let world = single("");
    let plan = world.sound("lab");
    let m = monitor(&plan, "npu-exporter");
    let e = &m.endpoints[0];
    assert_eq!((m.kind, m.namespaces.as_slice()), (MonitorKind::Pod, &["npu-exporter".to_owned()][..]));
    assert!(e.honor_labels && e.honor_timestamps == Some(true) && e.track_staleness);
    let objects = emitted(&world, &plan);
    let user = objects.iter().find(|o| o["kind"] == "Prometheus").expect("a Prometheus");
    assert_eq!(user["spec"]["podMetadata"]["labels"]["app"], "prometheus");
    // Ours has no policy.
    let world = single("job \"npu-exporter\" { exporter \"watershed\" image=\"r.example.com/npu:26.1.0\" }");
    let plan = world.sound("lab");
    assert!(lane(&plan, "user").pod_labels.is_empty());
    assert!(plan.exporters.iter().any(|e| e.job == "npu-exporter"));
    // A Prometheus or an operator that cannot end such series is not asked to.
    let old = with("kubernetes=\"1.25\" operator=\"0.69.1\" prometheus=\"2.41.0\"", "");
    assert!(!monitor(&old.sound("lab"), "npu-exporter").endpoints[0].track_staleness);
}

/// Whether the rules of a monitor found by annotation leave a pod.
fn keeps(m: &Monitor, labels: &[(&str, &str)]) -> bool {
    let cache = Cache::new();
    let chain = Chain::compile(&m.endpoints[0].relabelings, Dialect::PROMETHEUS3, Written::CustomResource, &cache)
        .expect("rules");
    let meta = |name: &str| format!("__meta_kubernetes_{name}");
    let asks = [("pod_annotation_prometheus_io_scrape", "true"), ("pod_phase", "Running"), ("pod_ip", "10.1.2.3")];
    let mut all: Labels = asks.iter().chain(labels).map(|(k, v)| (meta(k), (*v).to_owned())).collect();
    chain.apply(&mut all) == Outcome::Kept
}

#[test]
fn pods_that_a_monitor_selects_are_not_scraped_by_annotation_too() {
    let world = single("job \"istio-proxy\" interval=\"15s\"");
    let plan = world.sound("lab");
    let pods = monitor(&plan, "kubernetes-pods");
    let port = |port| ("pod_annotation_prometheus_io_port", port);
    assert!(keeps(pods, &[("namespace", "apps"), port("8080")]));
    // Selected by a PodMonitor, in the namespace it looks in and in no other.
    let npu = ("pod_label_app", "npu-exporter");
    assert!(!keeps(pods, &[("namespace", "npu-exporter"), npu, port("8082")]));
    assert!(keeps(pods, &[("namespace", "apps"), npu, port("8082")]));
    // An exporter of ours.
    let ours = [
        ("pod_label_app_kubernetes_io_managed_by", "watershed"),
        ("pod_label_app_kubernetes_io_name", "node-exporter"),
    ];
    assert!(!keeps(pods, &[&[("namespace", "monitoring"), port("9100")], &ours[..]].concat()));
    assert!(keeps(pods, &[&[("namespace", "apps"), port("9100")], &ours[..]].concat()));
    // A sidecar's page, in any namespace; the application's own where Istio does not merge it.
    let mesh = ("pod_label_security_istio_io_tlsMode", "istio");
    assert!(!keeps(pods, &[("namespace", "apps"), mesh, port("15020")]));
    assert!(keeps(pods, &[("namespace", "apps"), mesh, port("8080")]));
    assert!(keeps(pods, &[("namespace", "apps"), port("15020")]));

    let proxies = monitor(&plan, "istio-proxy");
    assert_eq!(proxies.endpoints[0].path, "/stats/prometheus");
    assert!(proxies.any_namespace && proxies.kind == MonitorKind::Pod);
    let cache = Cache::new();
    let chain =
        Chain::compile(&proxies.endpoints[0].relabelings, Dialect::PROMETHEUS3, Written::CustomResource, &cache)
            .expect("rules");
    let target = |container: &str, ip: &str| {
        let pairs = [("__meta_kubernetes_pod_container_name", container), ("__meta_kubernetes_pod_ip", ip)];
        let mut all: Labels = pairs.into_iter().collect();
        (chain.apply(&mut all) == Outcome::Kept).then(|| all.get("__address__").to_owned())
    };
    assert_eq!(target("istio-proxy", "10.1.2.3").as_deref(), Some("10.1.2.3:15020"));
    assert_eq!(target("istio-proxy", "fd00::7").as_deref(), Some("[fd00::7]:15020"));
    assert_eq!(target("main", "10.1.2.3"), None);
}

#[test]
fn what_all_servers_say_alike_is_asked_once() {
    let world = single(
        "job \"minio\" {\n bearer secret=\"minio-prometheus\" key=\"token\"\n class \"bucket\" interval=\"60s\"\n }",
    );
    let plan = world.sound("lab");
    let made = |name: &str| plan.monitors.iter().filter(|m| m.name == name).map(|m| m.kind).collect::<Vec<_>>();
    assert_eq!(made("minio"), [MonitorKind::Service]);
    assert_eq!((made("minio-cluster"), made("minio-bucket")), (vec![MonitorKind::Address], vec![MonitorKind::Address]));
    assert_eq!(monitor(&plan, "minio").endpoints[0].path, "/minio/v2/metrics/node");
    let objects = emitted(&world, &plan);
    let cluster = objects.iter().find(|o| o["kind"] == "ScrapeConfig" && o["metadata"]["name"] == "minio-cluster");
    let spec = &cluster.expect("a ScrapeConfig")["spec"];
    assert_eq!((&spec["kubernetesSDConfigs"][0]["role"], &spec["jobName"]), (&"Service".into(), &"minio".into()));
    assert_eq!(spec["kubernetesSDConfigs"][0]["selectors"][0]["label"], "app=minio,monitoring=true");
    assert_eq!(spec["authorization"]["credentials"]["name"], "minio-prometheus");
    assert_eq!((&spec["relabelings"][0]["action"], &spec["relabelings"][0]["regex"]), (&"keep".into(), &"http".into()));

    let plan3 = single("job \"minio\" exporter=\"v3\"");
    let plan = plan3.sound("lab");
    let paths: Vec<&str> = monitor(&plan, "minio").endpoints.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["/minio/metrics/v3/api", "/minio/metrics/v3/system"]);
    assert_eq!(monitor(&plan, "minio-v3-cluster").endpoints[0].path, "/minio/metrics/v3/cluster");
    // An operator that cannot discover Services so: the nodes stay, and the rest is told.
    let old = with("kubernetes=\"1.25\" operator=\"0.74.0\" prometheus=\"2.45.6\"", "job \"minio\"");
    let plan = old.sound("lab");
    assert_eq!(plan.monitors.iter().filter(|m| m.job == "minio").count(), 1);
    assert!(plan.not_collected.iter().any(|(what, _)| what == "minio /minio/v2/metrics/cluster"));
}

#[test]
fn a_prober_is_asked_about_addresses() {
    let world = single(
        "job \"doors\" series=5 {\n discover \"probe\" prober=\"blackbox.monitoring.svc:9115\" {\n addresses \"https://a.example.com\" \"https://b.example.com\"\n }\n params module=\"http_2xx\" debug=\"true\"\n }",
    );
    let plan = world.sound("lab");
    let objects = emitted(&world, &plan);
    let doors = objects.iter().find(|o| o["kind"] == "Probe").expect("a Probe");
    let spec = &doors["spec"];
    assert_eq!(
        (&spec["prober"]["url"], &spec["prober"]["path"]),
        (&"blackbox.monitoring.svc:9115".into(), &"/probe".into())
    );
    assert_eq!((&spec["module"], &spec["jobName"]), (&"http_2xx".into(), &"doors".into()));
    assert_eq!(spec["targets"]["staticConfig"]["static"].as_array().map(Vec::len), Some(2));
    assert_eq!((&spec["params"][0]["name"], &spec["params"][0]["values"][0]), (&"debug".into(), &"true".into()));
    assert_eq!(doors["metadata"]["labels"]["watershed/prometheus"], "user");
    let told = found(&single(
        "job \"doors\" series=5 honor-labels=#true {\n discover \"probe\" prober=\"b:9115\" port=\"x\" {\n addresses \"a\"\n }\n }",
    ));
    assert!(told.len() == 2 && told.iter().all(|t| t.starts_with("PLN116")), "{told:#?}");
}

#[test]
fn a_class_of_collectors_needs_an_exporter_that_has_some() {
    let told = found(&single("job \"npu-exporter\" {\n class \"x\" {\n collectors \"hbm\"\n }\n }"));
    assert!(told.len() == 1 && told[0].starts_with("PLN147 \"hbm\""), "{told:#?}");
}

#[test]
fn nothing_of_ours_meets_what_the_base_runs() {
    let base = "base \"kube-prometheus\"";
    let world = single(base);
    let plan = world.sound("lab");
    // In its own namespace, under names it has none of.
    assert!(plan.monitors.iter().all(|m| m.name.ends_with("-watershed")), "{:?}", plan.monitors);
    let apart = single(&format!("{base}\nnamespace \"watershed\""));
    assert!(apart.sound("lab").monitors.iter().any(|m| m.name == "node-exporter"));

    let told = found(&single(&format!("{base}\njob \"node-exporter\" exporter=\"watershed\"")));
    let codes: Vec<&str> = told.iter().map(|t| &t[..6]).collect();
    assert_eq!(codes, ["PLN145", "PLN146"], "{told:#?}");
    let told = found(&single(&format!("{base}\njob \"kube-state-metrics\" exporter=\"watershed\"")));
    assert!(told.len() == 1 && told[0].starts_with("PLN146"), "{told:#?}");
    let elsewhere = format!("{base}\njob \"kube-state-metrics\" {{ exporter \"watershed\" namespace=\"exporters\" }}");
    assert_eq!(found(&single(&elsewhere)), Vec::<String>::new());
}
