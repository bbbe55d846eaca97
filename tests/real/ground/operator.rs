//! prometheus-operator, run as a pod from the manifests of its own release, with the rights these give it.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::kubectl::CONTROLLERS;
use super::network::API_SERVER;
use super::pod::Images;
use super::process::until;
use super::volumes::text;
use super::{During, Outcome, Trouble};

const NAMESPACE: &str = "default";
const EVENTS: &str = "events.events.k8s.io";
const CONTAINER: &str = "prometheus-operator";
/// Kinds that Prometheis select and that the operator may reject.
const SELECTED: &str = "servicemonitors.monitoring.coreos.com,podmonitors.monitoring.coreos.com,\
                        probes.monitoring.coreos.com,scrapeconfigs.monitoring.coreos.com,\
                        prometheusrules.monitoring.coreos.com";

const RECONCILES: &str = "prometheuses.monitoring.coreos.com,alertmanagers.monitoring.coreos.com";

/// What the operator made of a Prometheus or an Alertmanager.
pub struct Reconciled {
    /// The file as the pods get it, before `$(…)` is expanded.
    pub configuration: String,
    /// One for each shard.
    pub stateful_sets: Vec<Value>,
}

/// What a release can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Keeps slices of the kubelets, and writes into the status of what is selected by whom.
    Newest,
    /// Does neither.
    Oldest,
}

/// Installs the resource definitions of a release, then what it runs with, and runs its Deployment. Both are folders of
/// its `example/`: `prometheus-operator-crd` and `rbac/prometheus-operator`.
///
/// # Errors
/// The API server refuses them, or the operator does not come up.
pub fn start(
    cluster: &mut Cluster,
    definitions: &Path,
    own: &Path,
    generation: Generation,
    images: Images<'_>,
) -> Outcome<()> {
    define(cluster, definitions)?;
    let kubectl = cluster.api.kubectl.clone();
    let applied = kubectl.apply_as(CONTROLLERS, &manifests(own)?)?;
    // What kubelets' slices take beyond the release's own role; its documentation leaves it to whoever turns them on.
    kubectl.put(&[
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
               "metadata": {"name": "prometheus-operator-endpointslices"},
               "rules": [{"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"],
                          "verbs": ["get", "list", "create", "update", "delete"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
               "metadata": {"name": "prometheus-operator-endpointslices"},
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                           "name": "prometheus-operator-endpointslices"},
               "subjects": [{"kind": "ServiceAccount", "name": "prometheus-operator", "namespace": NAMESPACE}]}),
    ])?;
    let deployment = applied.objects.into_iter().find(|o| o["kind"] == "Deployment");
    let mut deployment = deployment.ok_or_else(|| Trouble::new(format!("{}: no Deployment", own.display())))?;
    let arguments = deployment.pointer_mut("/spec/template/spec/containers/0/args").and_then(Value::as_array_mut);
    let arguments = arguments.ok_or_else(|| Trouble::new(format!("{}: no arguments", own.display())))?;
    // Kubelets are found as in a cluster whose Endpoints are mirrored to slices; what was selected says so in its status.
    if generation == Generation::Newest {
        arguments.extend(
            ["--kubelet-endpointslice=true", "--feature-gates=StatusForConfigurationResources=true"].map(|a| json!(a)),
        );
    }
    // Nobody starts it again if it does not find the API server at once.
    until("API server at its Service", Duration::from_secs(30), || {
        Ok(std::net::TcpStream::connect((API_SERVER, 443)).ok().map(drop))
    })?;
    cluster.run(&[deployment], images).map(drop)
}

/// Installs the resource definitions of a release only.
///
/// # Errors
/// The API server refuses them.
pub fn define(cluster: &mut Cluster, definitions: &Path) -> Outcome<()> {
    cluster.prepare(NAMESPACE)?;
    let kubectl = &cluster.api.kubectl;
    kubectl.apply_as(CONTROLLERS, &manifests(definitions)?)?;
    kubectl.run(&["wait", "--for=condition=established", "crd", "--all", "--timeout=60s"]).map(drop)
}

/// Ends the operator and takes its definitions away, and with them everything that was made by them.
///
/// # Errors
/// The API server does not delete something.
pub fn remove(cluster: &mut Cluster) -> Outcome<()> {
    cluster.stop(NAMESPACE)?;
    let kubectl = &cluster.api.kubectl;
    let group = "monitoring.coreos.com";
    let all = kubectl.run(&["get", "crd", "-o", "name"])?;
    let own: Vec<&str> = all.lines().filter(|name| name.ends_with(group)).collect();
    kubectl.run(&[&["delete", "--wait=true", "--timeout=60s"], own.as_slice()].concat()).map(drop)
}

/// The files of a folder, without what would have the operator itself scraped.
fn manifests(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).during(folder.display())? {
        let path = entry.during(folder.display())?.path();
        if path.extension().is_some_and(|e| e == "yaml") && !path.ends_with("prometheus-operator-service-monitor.yaml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// All the operator has printed.
pub fn log(cluster: &Cluster) -> String {
    cluster.pods_with(NAMESPACE, &[]).map(|p| p.log(CONTAINER)).collect()
}

/// Waits until the operator has taken up everything that is applied: every Prometheus is reconciled, and every object
/// it can select carries the verdict of those that select it.
///
/// # Errors
/// It does not within `patience`: what is missing, e.g. monitors that no Prometheus selects.
pub fn settled(cluster: &Cluster, generation: Generation, patience: Duration) -> Outcome<()> {
    let mut missing = Vec::new();
    let done = until("end of reconciling", patience, || {
        missing.clear();
        for made in cluster.api.kubectl.list(RECONCILES)? {
            let seen = |c: &Value| c["observedGeneration"] == made["metadata"]["generation"];
            match condition(&made["status"]["conditions"], "Reconciled") {
                Some(c) if seen(c) && c["status"] == "True" => {}
                Some(c) => missing.push(format!("{}: {}", title(&made), text(c, "/message"))),
                None => missing.push(format!("{}: not reconciled", title(&made))),
            }
        }
        let selected = match generation {
            Generation::Newest => cluster.api.kubectl.list(SELECTED)?,
            Generation::Oldest => Vec::new(),
        };
        for object in selected {
            let bindings = object["status"]["bindings"].as_array();
            let seen = |b: &Value| {
                condition(&b["conditions"], "Accepted")
                    .is_some_and(|c| c["observedGeneration"] == object["metadata"]["generation"])
            };
            if !bindings.is_some_and(|b| !b.is_empty() && b.iter().all(seen)) {
                missing.push(format!("{}: selected by no Prometheus", title(&object)));
            }
        }
        Ok(missing.is_empty().then_some(()))
    });
    done.map_err(|e| Trouble::new(format!("prometheus-operator: {e}\n  {}", missing.join("\n  "))))
}

/// What the operator has said so far, of things that are over.
pub struct Mark {
    log: usize,
    events: BTreeSet<String>,
}

impl Mark {
    /// Waits until the operator has nothing more to say of what was deleted.
    ///
    /// # Errors
    /// The API server could not be asked.
    pub fn set(cluster: &Cluster) -> Outcome<Self> {
        let mut before = log(cluster).len();
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(500));
            let now = log(cluster).len();
            if now == before {
                break;
            }
            before = now;
        }
        let events = cluster.api.kubectl.list(EVENTS)?;
        Ok(Mark { log: before, events: events.iter().map(|e| text(e, "/metadata/uid").to_owned()).collect() })
    }
}

/// What the operator rejected or ignored since `before`, in its own words: verdicts, events and warnings of its log.
///
/// # Errors
/// The API server could not be asked.
pub fn complaints(cluster: &Cluster, before: &Mark) -> Outcome<Vec<String>> {
    let mut said = Vec::new();
    for object in cluster.api.kubectl.list(SELECTED)? {
        for binding in object["status"]["bindings"].as_array().into_iter().flatten() {
            if let Some(c) = condition(&binding["conditions"], "Accepted").filter(|c| c["status"] != "True") {
                let by = text(binding, "/name");
                said.push(format!("{} is not accepted by {by}: {}", title(&object), text(c, "/message")));
            }
        }
    }
    for event in cluster.api.kubectl.list(EVENTS)? {
        // Others have their own worries: the API server repairs addresses of services that have just gone.
        if event["type"] == "Warning" && by_operator(&event) && !before.events.contains(text(&event, "/metadata/uid")) {
            let about = text(&event, "/regarding/name");
            said.push(format!("event {} about {about}: {}", text(&event, "/reason"), text(&event, "/note")));
        }
    }
    let warns = |l: &&str| l.contains("level=warn") || l.contains("level=error") || l.contains("level=WARN");
    // Of what is gone, or not yet there, when its status is to be written.
    let late = |l: &&str| {
        let known = ["failed to clean up config", "finalizer", "the statefulset couldn't be found"];
        !known.iter().any(|known| l.contains(known))
    };
    // Of the StatefulSets that an old operator makes, a new API server says this.
    let own = |l: &&str| !l.contains("component=k8s_client_runtime") || !l.contains("duplicate port");
    let log = log(cluster);
    let new = log.get(before.log..).unwrap_or_default().lines();
    said.extend(new.filter(warns).filter(late).filter(own).map(str::to_owned));
    Ok(said)
}

/// What the operator made of the Prometheus `namespace/name`.
///
/// # Errors
/// It made nothing, or what it made cannot be read.
pub fn reconciled(cluster: &Cluster, namespace: &str, name: &str) -> Outcome<Reconciled> {
    let configuration = unpacked(cluster, namespace, &format!("prometheus-{name}"), "prometheus.yaml.gz")?;
    let of_it = |s: &Value| {
        s["metadata"]["labels"]["operator.prometheus.io/name"] == name
            && s["metadata"]["labels"]["operator.prometheus.io/mode"] != "agent"
    };
    Ok(Reconciled { configuration, stateful_sets: stateful_sets(cluster, namespace, name, &of_it)? })
}

/// What the operator made of the Alertmanager `namespace/name`, its AlertmanagerConfigs put in.
///
/// # Errors
/// As for [`reconciled`].
pub fn alertmanager(cluster: &Cluster, namespace: &str, name: &str) -> Outcome<Reconciled> {
    let own = format!("alertmanager-{name}");
    let configuration = unpacked(cluster, namespace, &format!("{own}-generated"), "alertmanager.yaml.gz")?;
    let of_it = |s: &Value| s["metadata"]["name"] == own.as_str();
    Ok(Reconciled { configuration, stateful_sets: stateful_sets(cluster, namespace, name, &of_it)? })
}

fn unpacked(cluster: &Cluster, namespace: &str, secret: &str, file: &str) -> Outcome<String> {
    let made = cluster.api.kubectl.get("secrets", namespace, secret)?;
    let made = made.ok_or_else(|| Trouble::new(format!("prometheus-operator made no secret {namespace}/{secret}")))?;
    let packed = STANDARD.decode(made["data"][file].as_str().unwrap_or_default()).during(secret)?;
    let mut configuration = String::new();
    GzDecoder::new(packed.as_slice()).read_to_string(&mut configuration).during(secret)?;
    Ok(configuration)
}

fn stateful_sets(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    of_it: &dyn Fn(&Value) -> bool,
) -> Outcome<Vec<Value>> {
    let mut all = cluster.api.kubectl.list("statefulsets.apps")?;
    all.retain(|s| s["metadata"]["namespace"] == namespace && of_it(s));
    if all.is_empty() {
        return Err(Trouble::new(format!("prometheus-operator made no StatefulSet for {namespace}/{name}")));
    }
    Ok(all)
}

fn by_operator(event: &Value) -> bool {
    ["/reportingController", "/deprecatedSource/component"].iter().any(|p| text(event, p).contains("prometheus"))
}

fn condition<'a>(conditions: &'a Value, kind: &str) -> Option<&'a Value> {
    conditions.as_array()?.iter().find(|c| c["type"] == kind)
}

fn title(object: &Value) -> String {
    let [kind, namespace, name] = ["/kind", "/metadata/namespace", "/metadata/name"].map(|p| text(object, p));
    format!("{kind} {namespace}/{name}")
}
