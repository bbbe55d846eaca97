//! Delivered: what the Prometheis of a cluster hold arrives at each store exactly as the route says.
//!
//! The Prometheis are asked for all their series; what the route means for each of them is looked up
//! anew (`meaning.rs`), external labels are put on, and the union has to be what each store holds: not
//! one series less, not one more, no label other than planned. Series of two replicas are one, and have
//! the samples of one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use watershed::model::plan::ClusterPlan;

use super::meaning::{Meaning, Series};
use super::planned::{self, Planned};
use super::stores::{self, Store};
use crate::components::Components;
use crate::exporters::{About, Exporter, Kind, tls};
use crate::ground::cluster::Cluster;
use crate::ground::process::{Process, until};
use crate::ground::volumes::text;
use crate::ground::{During, Outcome, Trouble, api, http, images, operator};

/// A version that is at hand, and an interval that does not make the suite wait. No class becomes a
/// fast one by it.
const REPLACED: [(&str, &str); 2] = [
    ("prometheus=\"3.13.2\"", "prometheus=\"3.5.0\""),
    ("alerts \"platform\"", "alerts \"platform\"\n    interval \"5s\""),
];
const INTERVAL: u64 = 5;
/// Samples are counted over this, seconds.
const RECENT: u64 = 30;
/// The whole life of a cluster here, seconds.
const LATELY: u64 = 600;
const PATIENCE: Duration = Duration::from_secs(60);
/// Namespaces with pods: owned by one store each, shared, and nobody's, also such as begin alike.
const WORKLOADS: [&str; 5] = ["hero-user-a", "hero-user-b", "kube-system", "stranger", "hero-user-a2"];
/// How many wrong series are shown.
const SHOWN: usize = 12;

/// # Errors
/// What did not come up, or which series are not where they should be.
pub fn judge(components: &Components, scratch: &Path, report: &mut dyn FnMut(&str)) -> Outcome<()> {
    let programs = api::Programs {
        etcd: components.etcd.clone(),
        kube_apiserver: components.kube_apiserver.clone(),
        kubectl: components.kubectl.clone(),
    };
    let images = |image: &str| images::program(components, image);
    let mut cluster = Cluster::start(&programs, "ip".into(), scratch)?;
    for node in ["node-a", "node-b"] {
        cluster.add_node(node, &[("nvidia.com/gpu.present", "true")])?;
    }
    operator::start(&mut cluster, &components.operator_crds, &components.operator_rbac, &images)?;
    let about = |node: &str| About { node: node.to_owned(), namespaces: WORKLOADS.map(str::to_owned).to_vec() };
    let _kubelets = kubelets(&cluster, components, &about, scratch)?;
    for example in planned::examples(&REPLACED)? {
        let plans = example.clusters()?;
        // `delivered pool-1`: this cluster only.
        let asked: Vec<String> = std::env::args().skip_while(|a| a != "delivered").skip(1).collect();
        let wanted = |p: &&ClusterPlan<'_>| asked.is_empty() || asked.contains(&p.cluster.name);
        for plan in plans.iter().filter(wanted).filter(|p| p.lanes.iter().any(|l| !l.remote_write.is_empty())) {
            let title = format!("{}/{}", example.example, plan.cluster.name);
            let scratch = scratch.join(&plan.cluster.name);
            std::fs::create_dir_all(&scratch).during(scratch.display())?;
            one(&mut cluster, components, &example, plan, &plans, &about, &scratch, &mut |line| {
                report(&format!("{title}: {line}"));
            })
            .map_err(|e| e.during(&title))?;
            let namespaces: Vec<&str> =
                WORKLOADS.into_iter().chain([plan.cluster.namespace.value.as_str(), "vm"]).collect();
            let own: Vec<&str> = namespaces.into_iter().filter(|n| *n != "kube-system").collect();
            cluster.clear(&own)?;
        }
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "each is one thing")]
fn one(
    cluster: &mut Cluster,
    components: &Components,
    example: &Planned,
    plan: &ClusterPlan<'_>,
    plans: &[ClusterPlan<'_>],
    about: &dyn Fn(&str) -> About,
    scratch: &Path,
    report: &mut dyn FnMut(&str),
) -> Outcome<()> {
    let (fleet, fleet_plan) = example.fleet()?;
    let mut values = BTreeMap::new();
    for plan in plans {
        let made = example.objects(plan)?.into_iter().filter(|(kind, ..)| kind == "values");
        values.extend(made.map(|(_, name, json)| (name, json)));
    }
    let stores = stores::start(cluster, components, fleet, plan, plans, &values, scratch)?;
    let made = example.objects(plan)?.into_iter().filter(|(kind, ..)| kind != "values");
    let mut objects: Vec<Value> = made.map(|(.., json)| json).collect();
    objects.extend(plan.secrets.iter().map(|s| secret(&s.namespace, &s.name, &s.keys)));
    let images = |image: &str| images::program(components, image);
    let exporters = bring_up(cluster, &objects, &images, about)?;
    report(&format!("{} pods run, {} stand-ins, {} stores", cluster.pods().len(), exporters.len(), stores.len()));
    targets_up(cluster, plan)?;

    let deadline = Instant::now() + PATIENCE;
    let compared = loop {
        let wrong = match compare(cluster, plan, &stores, |lane| {
            Meaning::of(fleet, fleet_plan, example.catalog(), plan, lane)
        })? {
            Ok(compared) => break compared,
            Err(wrong) => wrong,
        };
        if Instant::now() > deadline {
            return Err(Trouble::new(wrong.join("\n")));
        }
        std::thread::sleep(Duration::from_secs(2));
    };
    report(&compared);
    for store in &stores {
        once(store)?;
    }
    Ok(())
}

/// Kubelets of all nodes, with cAdvisor, behind HTTPS as the real ones.
fn kubelets(
    cluster: &Cluster,
    components: &Components,
    about: &dyn Fn(&str) -> About,
    scratch: &Path,
) -> Outcome<Vec<(Exporter, Process)>> {
    let mut all = Vec::new();
    for node in cluster.nodes() {
        let listener = cluster.network.listen((node.address, 10255).into_socket())?;
        let exporter = Exporter::start(listener, Kind::Kubelet, about(&node.name))?;
        let pair = cluster.authority.server(&format!("kubelet-{}", node.name), &[&node.address.to_string()])?;
        let listen = (node.address, 10250).into_socket().into();
        let front = tls::front(&components.vmauth, Some(node.namespace()), listen, exporter.address, &pair, scratch)?;
        all.push((exporter, front));
    }
    Ok(all)
}

trait IntoSocket {
    fn into_socket(self) -> std::net::SocketAddrV4;
}

impl IntoSocket for (std::net::Ipv4Addr, u16) {
    fn into_socket(self) -> std::net::SocketAddrV4 {
        std::net::SocketAddrV4::new(self.0, self.1)
    }
}

fn secret(namespace: &str, name: &str, keys: &[String]) -> Value {
    let data: BTreeMap<&str, String> = keys.iter().map(|k| (k.as_str(), stores::secret(name, k))).collect();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "stringData": data})
}

/// Applies everything, runs every pod, and puts stand-ins where a program is missing.
fn bring_up(
    cluster: &mut Cluster,
    objects: &[Value],
    images: crate::ground::pod::Images<'_>,
    about: &dyn Fn(&str) -> About,
) -> Outcome<Vec<Exporter>> {
    for namespace in WORKLOADS {
        cluster.prepare(namespace)?;
    }
    let applied = cluster.api.kubectl.apply_objects(objects)?;
    operator::settled(cluster, Duration::from_secs(60))?;
    cluster.settle()?;
    let mut workloads: Vec<Value> = WORKLOADS.iter().map(|n| workload(n)).collect();
    let mut prometheis = Vec::new();
    for object in applied.objects {
        match text(&object, "/kind") {
            "Prometheus" => {
                let [namespace, name] = ["/metadata/namespace", "/metadata/name"].map(|p| text(&object, p));
                prometheis.extend(operator::reconciled(cluster, namespace, name)?.stateful_sets);
            }
            "DaemonSet" | "Deployment" | "StatefulSet" => workloads.push(object),
            _ => {}
        }
    }
    // What writes comes last: nothing is written before somebody is there to take it.
    workloads.extend(prometheis);
    let mut exporters = Vec::new();
    for workload in &workloads {
        let range = cluster.run(workload, images)?;
        for pod in &cluster.pods()[range] {
            for (container, image) in &pod.missing {
                let kinds: &[(&str, Kind)] = match image.rsplit('/').next().and_then(|i| i.split(':').next()) {
                    Some("kube-state-metrics") => {
                        &[("http-metrics", Kind::KubeStateMetrics), ("telemetry", Kind::KubeStateMetricsSelf)]
                    }
                    Some("dcgm-exporter") => &[("metrics", Kind::Dcgm)],
                    Some("work") => &[("http", Kind::Pod)],
                    _ => {
                        return Err(Trouble::new(format!(
                            "nothing stands in for {image} ({container} of {})",
                            pod.name
                        )));
                    }
                };
                for (port, kind) in kinds {
                    let number = pod.port(port).ok_or_else(|| Trouble::new(format!("{}: no port {port}", pod.name)))?;
                    let listener = cluster.network.listen(pod.socket(number))?;
                    exporters.push(Exporter::start(listener, *kind, about(&pod.node))?);
                }
            }
        }
    }
    Ok(exporters)
}

/// A tenant's pod that asks to be scraped.
fn workload(namespace: &str) -> Value {
    let labels = json!({"app": "work"});
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "work", "namespace": namespace},
        "spec": {
            "serviceName": "work", "selector": {"matchLabels": labels},
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
                },
                "spec": {"containers": [
                    {"name": "main", "image": "registry.example.com/work:1", "ports": [{"name": "http", "containerPort": 8080}]},
                ]},
            },
        },
    })
}

/// Until every target of every Prometheus answers.
fn targets_up(cluster: &Cluster, plan: &ClusterPlan<'_>) -> Outcome<()> {
    for (lane, _, base) in prometheis(cluster, plan)? {
        let mut state = String::new();
        until("moment at which all targets are up", PATIENCE, || {
            // It does not answer while it takes over what it has discovered.
            let answer = match http::get_json(&format!("{base}/api/v1/targets?state=active")) {
                Ok(answer) => answer,
                Err(trouble) => {
                    state = trouble.to_string();
                    return Ok(None);
                }
            };
            let targets = answer["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
            let down: Vec<_> = targets.iter().filter(|t| t["health"] != "up").collect();
            state = down.iter().map(|t| format!("\n{} {}", t["scrapeUrl"], t["lastError"])).collect();
            Ok((!targets.is_empty() && down.is_empty()).then_some(()))
        })
        .map_err(|e| Trouble::new(format!("{lane}: {e}; down: {state}")))?;
    }
    Ok(())
}

/// Name of the lane, name of the pod and URL of every Prometheus.
fn prometheis<'p>(cluster: &Cluster, plan: &'p ClusterPlan<'_>) -> Outcome<Vec<(&'p str, String, String)>> {
    let namespace = &plan.cluster.namespace.value;
    let mut all = Vec::new();
    for lane in &plan.lanes {
        let labels = [("operator.prometheus.io/name", lane.name)];
        let pods: Vec<_> = cluster.pods_with(namespace, &labels).collect();
        if pods.len() != usize::try_from(lane.replicas.value).unwrap_or_default() {
            return Err(Trouble::new(format!("{} has {} pods", lane.name, pods.len())));
        }
        all.extend(pods.iter().map(|p| (lane.name, p.name.clone(), p.url(9090))));
    }
    Ok(all)
}

/// What is at the stores against what has to be; the inner error lists what is wrong.
fn compare<'a>(
    cluster: &Cluster,
    plan: &'a ClusterPlan<'a>,
    stores: &[Store],
    meaning: impl Fn(&'a str) -> Meaning<'a>,
) -> Outcome<Result<String, Vec<String>>> {
    // With whether it has a number: what has none, or has none any more, may be there and need not be.
    let mut expected: BTreeMap<_, BTreeMap<Series, bool>> =
        stores.iter().map(|s| (s.target, BTreeMap::new())).collect();
    let (mut held, mut kept) = (0, 0);
    for (lane, pod, base) in prometheis(cluster, plan)? {
        let meaning = meaning(lane);
        let planned = plan.lanes.iter().find(|l| l.name == lane);
        let numbers = stores::numbers(&base)?;
        for mut series in stores::series(&base, LATELY)? {
            held += 1;
            let number = numbers.contains(&series);
            let destinations = meaning.destinations(&series);
            kept += usize::from(destinations.is_empty());
            for (name, value) in planned.iter().flat_map(|l| &l.external_labels) {
                series.insert(name.clone(), value.value.clone());
            }
            series.insert("prometheus".to_owned(), format!("{}/{lane}", plan.cluster.namespace.value));
            if planned.is_some_and(|l| l.replica_label.is_none()) {
                series.insert("prometheus_replica".to_owned(), pod.clone());
            }
            for target in destinations {
                *expected.entry(target).or_default().entry(series.clone()).or_default() |= number;
            }
        }
    }
    let (mut wrong, mut right) = (Vec::new(), Vec::new());
    for store in stores {
        let there: BTreeSet<Series> = store.series(LATELY)?.into_iter().collect();
        let due = expected.remove(&store.target).unwrap_or_default();
        if due.is_empty() {
            wrong.push(format!("nothing has to arrive at {}, which would prove nothing", store.name));
        }
        let mut tell = |what: &str, series: Vec<&Series>| {
            if !series.is_empty() {
                wrong.push(format!("{}: {} series {what}, among them", store.name, series.len()));
                wrong.extend(series.iter().take(SHOWN).map(|s| format!("  {s:?}")));
            }
        };
        tell(
            "have not arrived",
            due.iter().filter(|(s, number)| **number && !there.contains(*s)).map(|(s, _)| s).collect(),
        );
        tell("should not be there", there.iter().filter(|s| !due.contains_key(*s)).collect());
        right.push(format!("{} at {}", there.len(), store.name));
    }
    if !expected.is_empty() {
        wrong.push(format!("series have to arrive at stores nobody writes to: {:?}", expected.keys()));
    }
    let told = format!("of {held} series {kept} stay, the others arrive: {}", right.join(", "));
    Ok(if wrong.is_empty() { Ok(told) } else { Err(wrong) })
}

/// Replicas send everything twice; a store has it once.
fn once(store: &Store) -> Outcome<()> {
    let most = (RECENT / INTERVAL + 1) as f64;
    let counted = store.samples_of_up(RECENT)?;
    if counted.is_empty() {
        return Err(Trouble::new(format!("{} has no `up`", store.name)));
    }
    match counted.iter().find(|(_, count)| !(1.0..=most).contains(count)) {
        Some((series, count)) => {
            Err(Trouble::new(format!("{}: {count} samples in {RECENT} s, not at most {most}: {series}", store.name)))
        }
        None => Ok(()),
    }
}
