//! A cluster of an example that runs: everything applied, every pod started from its own template, stand-ins where a
//! program cannot run here, stores where it writes to, and an Alertmanager that was there before.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use watershed::model::plan::ClusterPlan;

use super::accepted;
use super::alerted;
use super::base;
use super::beside;
use super::control_plane;
use super::planned::Planned;
use super::stores::{self, Store};
use crate::components::Components;
use crate::exporters::{About, Exporter, Guard, Kind, tls};
use crate::ground::certificates::Authority;
use crate::ground::cluster::Cluster;
use crate::ground::operator::Generation;
use crate::ground::pod::Images;
use crate::ground::process::{Process, until};
use crate::ground::volumes::text;
use crate::ground::{During, Outcome, Trouble, http, images, operator};

/// Namespaces with pods: owned by one store each, shared, and nobody's, also such as begin alike.
pub const WORKLOADS: [&str; 5] = ["hero-user-a", "hero-user-b", "kube-system", "stranger", "hero-user-a2"];
/// Has the kubelets' slices, which the operator keeps up to date by itself.
const KEPT: &str = "kube-system";
const RECONCILED: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Running {
    pub stores: Vec<Store>,
    /// When all targets answered.
    pub since: Instant,
    _stand_ins: StandIns,
}

/// What answers for programs that do not run here.
#[derive(Default)]
struct StandIns {
    exporters: Vec<Exporter>,
    fronts: Vec<Process>,
    guards: Vec<Guard>,
}

/// What all nodes have: kubelets with cAdvisor, behind HTTPS.
pub struct Machines {
    _kubelets: Vec<(Exporter, Process)>,
}

impl Machines {
    /// # Errors
    /// A kubelet's stand-in does not start.
    pub fn start(cluster: &Cluster, components: &Components, scratch: &Path) -> Outcome<Self> {
        let mut kubelets = Vec::new();
        for node in cluster.nodes() {
            let at = |port| SocketAddrV4::new(node.address, port);
            let exporter = Exporter::start(cluster.network.listen(at(10255))?, Kind::Kubelet, about(&node.name))?;
            // As a kubelet's: signed by nobody the pods trust.
            let nobody = Authority::new(&scratch.join(format!("kubelet-{}", node.name)))?;
            let pair = nobody.server("kubelet", &[&node.address.to_string()])?;
            let (inside, listen) = (Some(node.namespace()), at(10250).into());
            let front = tls::front(&components.vmauth, inside, listen, exporter.address, &pair, scratch)?;
            kubelets.push((exporter, front));
        }
        Ok(Machines { _kubelets: kubelets })
    }
}

impl Running {
    /// Starts `plan`, one of `plans` of its fleet, with an operator of this generation, and waits until all targets of all Prometheis answer.
    ///
    /// # Errors
    /// What did not come up.
    pub fn start(
        cluster: &mut Cluster,
        components: &Components,
        generation: Generation,
        example: &Planned,
        plan: &ClusterPlan<'_>,
        plans: &[ClusterPlan<'_>],
        scratch: &Path,
    ) -> Outcome<Self> {
        std::fs::create_dir_all(scratch).during(scratch.display())?;
        let (fleet, _) = example.fleet()?;
        let mut values = BTreeMap::new();
        for plan in plans {
            let made = example.objects(plan)?.into_iter().filter(|(kind, ..)| kind == "values");
            values.extend(made.map(|(_, name, json)| (name, json)));
        }
        let stores = stores::start(cluster, components, fleet, plan, plans, &values, scratch)?;
        let made = example.objects(plan)?.into_iter().filter(|(kind, ..)| kind != "values");
        let mut objects: Vec<Value> = made.map(|(.., json)| json).collect();
        objects.extend(secrets(cluster, plan)?);
        objects.sort_by_key(|o| o["kind"] != "Namespace");
        let images = |image: &str| images::program(components, image);
        let [others, prometheis] = apply(cluster, generation, plan, &objects)?;
        // What writes comes last: nothing is written before somebody is there to take it.
        let mut stand_ins = run(cluster, components, plan, &others, &images, scratch)?;
        stand_ins.fronts.extend(alerted::doors(cluster, &components.vmauth, plan, scratch)?);
        cluster.run(&prometheis, &images)?;
        let mut running = Running { stores, since: Instant::now(), _stand_ins: stand_ins };
        running.targets_up(cluster, plan)?;
        running.since = Instant::now();
        Ok(running)
    }

    /// # Errors
    /// The API server does not delete something.
    pub fn end(cluster: &mut Cluster, plan: &ClusterPlan<'_>) -> Outcome<()> {
        cluster.stop(KEPT)?;
        let others = beside::namespaces(plan);
        let own = WORKLOADS.into_iter().filter(|n| *n != KEPT);
        let ours = [plan.cluster.namespace.value.as_str(), "vm", alerted::ELSEWHERE];
        let all: Vec<&str> = own.chain(ours).chain(others.iter().map(String::as_str).filter(|n| *n != KEPT)).collect();
        cluster.clear(&all)
    }

    /// Name of the lane, name of the pod and URL of every Prometheus.
    ///
    /// # Errors
    /// A lane has not as many pods as replicas.
    pub fn prometheis<'p>(
        &self,
        cluster: &Cluster,
        plan: &'p ClusterPlan<'_>,
    ) -> Outcome<Vec<(&'p str, String, String)>> {
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

    fn targets_up(&self, cluster: &Cluster, plan: &ClusterPlan<'_>) -> Outcome<()> {
        for (lane, _, base) in self.prometheis(cluster, plan)? {
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
}

fn about(node: &str) -> About {
    About { node: node.to_owned(), namespaces: WORKLOADS.map(str::to_owned).to_vec(), ..About::default() }
}

/// The Secrets that whoever applies a plan has to bring.
///
/// # Errors
/// A certificate cannot be made.
pub fn secrets(cluster: &Cluster, plan: &ClusterPlan<'_>) -> Outcome<Vec<Value>> {
    plan.secrets.iter().map(|s| secret(&cluster.authority, &s.namespace, &s.name, &s.keys)).collect()
}

fn secret(authority: &Authority, namespace: &str, name: &str, keys: &[String]) -> Outcome<Value> {
    // Whoever refers to a certificate has it read.
    let client = match keys.iter().any(|k| k == "tls.crt") {
        true => Some(authority.client(name, name, "clients")?),
        false => None,
    };
    let value = |key: &str| match (key, &client) {
        ("ca.crt", _) => Ok(authority.pem.clone()),
        ("tls.crt", Some(pair)) => std::fs::read_to_string(&pair.certificate).during(pair.certificate.display()),
        ("tls.key", Some(pair)) => std::fs::read_to_string(&pair.key).during(pair.key.display()),
        _ => Ok(stores::secret(name, key)),
    };
    let data: BTreeMap<&str, String> =
        keys.iter().map(|k| Ok((k.as_str(), value(k)?))).collect::<Outcome<BTreeMap<&str, String>>>()?;
    Ok(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "stringData": data}),
    )
}

/// Applies everything; what has pods then, and the Prometheis that the operator makes.
fn apply(
    cluster: &mut Cluster,
    generation: Generation,
    plan: &ClusterPlan<'_>,
    objects: &[Value],
) -> Outcome<[Vec<Value>; 2]> {
    for namespace in WORKLOADS {
        cluster.prepare(namespace)?;
    }
    let applied = cluster.api.kubectl.apply_objects(objects)?;
    let warnings: Vec<&str> = accepted::warnings(plan, &applied).map(String::as_str).collect();
    if !warnings.is_empty() {
        return Err(Trouble::new("the API server warns").said(warnings.join("\n")));
    }
    operator::settled(cluster, generation, RECONCILED)?;
    let mut workloads: Vec<Value> = WORKLOADS.iter().map(|n| workload(n)).collect();
    for namespace in beside::namespaces(plan) {
        cluster.prepare(&namespace)?;
    }
    for [services, others] in [beside::objects(plan), base::objects(plan)] {
        cluster.api.kubectl.put(&services)?;
        workloads.extend(others);
    }
    let told = plan.lanes.iter().flat_map(|l| &l.alerting).filter(|t| !alerted::is_ours(plan, t));
    let told = told.map(|t| (alerted::place(t), t.port.as_str()));
    for ((namespace, name), port) in told.chain(base::alertmanager(plan)) {
        let there = workloads.iter().any(|w| text(w, "/metadata/name") == name);
        if !there {
            cluster.prepare(namespace)?;
            let [alertmanager, others @ ..] = alerted::alertmanager(namespace, name, port);
            cluster.api.kubectl.put(&others)?;
            workloads.push(alertmanager);
        }
    }
    let (components, before) = control_plane::objects(cluster)?;
    cluster.api.kubectl.put(&before)?;
    workloads.extend(components);
    cluster.settle()?;
    let mut prometheis = Vec::new();
    for object in applied.objects {
        match text(&object, "/kind") {
            "Prometheus" => {
                let [namespace, name] = ["/metadata/namespace", "/metadata/name"].map(|p| text(&object, p));
                prometheis.extend(operator::reconciled(cluster, namespace, name)?.stateful_sets);
            }
            "Alertmanager" => {
                let [namespace, name] = ["/metadata/namespace", "/metadata/name"].map(|p| text(&object, p));
                workloads.extend(operator::alertmanager(cluster, namespace, name)?.stateful_sets);
            }
            "DaemonSet" | "Deployment" | "StatefulSet" => workloads.push(object),
            _ => {}
        }
    }
    Ok([workloads, prometheis])
}

/// Runs every pod, and puts stand-ins where a program is missing.
fn run(
    cluster: &mut Cluster,
    components: &Components,
    plan: &ClusterPlan<'_>,
    workloads: &[Value],
    images: Images<'_>,
    scratch: &Path,
) -> Outcome<StandIns> {
    let mut started = StandIns::default();
    let range = cluster.run(workloads, images)?;
    for pod in &cluster.pods()[range] {
        for (container, image) in &pod.missing {
            let name = image.rsplit('/').next().and_then(|i| i.split(':').next()).unwrap_or_default();
            if let Some((kind, page)) = beside::stand_in(name) {
                let declared = pod.object["spec"]["containers"][0]["ports"][0]["containerPort"].as_u64();
                let declared = declared.and_then(|p| u16::try_from(p).ok()).unwrap_or_default();
                let listener = cluster.network.listen(pod.socket(page.unwrap_or(declared)))?;
                let (batch, apart) = beside::batch(plan, name);
                let about = About { batch, apart, ..about(&pod.node) };
                started.exporters.push(Exporter::start(listener, kind, about)?);
                continue;
            }
            if let Some((exporter, front)) =
                control_plane::start(cluster, &components.vmauth, name, &pod.node, scratch)?
            {
                started.exporters.push(exporter);
                started.fronts.extend(front);
                continue;
            }
            if name == base::GUARD {
                started.guards.push(base::guard(cluster, &components.vmauth, pod, container, scratch)?);
                continue;
            }
            // By the name of a port, or the flag that says its number.
            let kinds: &[(&str, Kind)] = match name {
                "kube-state-metrics" if pod.port("http-metrics").is_some() => {
                    &[("http-metrics", Kind::KubeStateMetrics), ("telemetry", Kind::KubeStateMetricsSelf)]
                }
                "kube-state-metrics" => {
                    &[("--port", Kind::KubeStateMetrics), ("--telemetry-port", Kind::KubeStateMetricsSelf)]
                }
                "dcgm-exporter" => &[("metrics", Kind::Dcgm)],
                "work" => &[("http", Kind::Pod)],
                base::CONTROLLER => &[("http", Kind::Plain)],
                _ => {
                    let what = format!("nothing stands in for {image} ({container} of {})", pod.name);
                    return Err(Trouble::new(what));
                }
            };
            for (port, kind) in kinds {
                let number = pod.port(port).or_else(|| pod.flag(container, port)?.parse().ok());
                let number = number.ok_or_else(|| Trouble::new(format!("{}: no port {port}", pod.name)))?;
                let listener = cluster.network.listen(pod.socket(number))?;
                started.exporters.push(Exporter::start(listener, *kind, about(&pod.node))?);
            }
        }
    }
    Ok(started)
}

/// A tenant's pod that asks to be scraped.
pub fn workload(namespace: &str) -> Value {
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
