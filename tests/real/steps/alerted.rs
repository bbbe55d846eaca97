//! Alerted: a Watchdog of every Prometheus reaches the Alertmanager that was there before, once, however many replicas
//! send it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use watershed::model::fleet::Auth;
use watershed::model::plan::{AlertTarget, ClusterPlan};

use super::base::PART_OF;
use super::running::Running;
use super::stores;
use crate::exporters::tls;
use crate::ground::cluster::Cluster;
use crate::ground::pod::Pod;
use crate::ground::process::{Process, until};
use crate::ground::{Outcome, Trouble, http};

const WATCHDOG: &str = "Watchdog";
/// An alert that finds no Alertmanager yet is sent again a minute later.
const PATIENCE: Duration = Duration::from_secs(90);
const PORT: u16 = 9093;
const RELOADER: &str = "reloader-web";

/// Where the pods of an Alertmanager are that stands on another cluster, at an address.
pub const ELSEWHERE: &str = "alerts-elsewhere";

/// Namespace and name of the workload that answers for what a Prometheus tells.
pub fn place(target: &AlertTarget) -> (&str, &str) {
    let namespace = if target.address.is_some() { ELSEWHERE } else { &target.namespace };
    (namespace, &target.name)
}

/// Whether the plan itself brings it.
pub fn is_ours(plan: &ClusterPlan<'_>, target: &AlertTarget) -> bool {
    target.address.is_none() && plan.alertmanagers.iter().any(|a| a.alertmanager == target.alertmanager)
}

/// What stands at the addresses of Alertmanagers elsewhere: HTTPS with a certificate of the authority's, and the
/// credentials that are emitted, or no way in.
///
/// # Errors
/// An address that nothing stands in for, or vmauth does not come up.
pub fn doors(cluster: &mut Cluster, vmauth: &Path, plan: &ClusterPlan<'_>, scratch: &Path) -> Outcome<Vec<Process>> {
    let mut doors = Vec::new();
    let mut opened = BTreeSet::new();
    for target in plan.lanes.iter().flat_map(|l| &l.alerting) {
        let Some(address) = target.address.as_ref().filter(|a| opened.insert((*a).clone())) else { continue };
        let (namespace, name) = place(target);
        let pod = pod(cluster, namespace, name)?.socket(PORT);
        let (secure, host, port, path) = stores::parts(&format!("{address}/"))?;
        let odd = !secure || !path.trim_matches('/').is_empty() || target.credentials.client_cert.is_some();
        let Some(Auth::Basic { secret, username_key, password_key }) =
            target.credentials.auth.as_ref().filter(|_| !odd)
        else {
            return Err(Trouble::new(format!("nothing stands in for an Alertmanager at {address}")));
        };
        let of = |key: &str| stores::secret(&secret.value, key);
        let users = json!({"users": [{
            "username": of(username_key), "password": of(password_key), "url_prefix": format!("http://{pod}"),
        }]});
        let own = stores::address(cluster, &host)?;
        let pair = cluster.authority.server(&format!("door-{host}"), &[&host])?;
        let listen = std::net::SocketAddrV4::new(own, port).into();
        doors.push(tls::door(vmauth, None, listen, &users, &pair, scratch)?);
    }
    Ok(doors)
}

fn pod<'c>(cluster: &'c Cluster, namespace: &str, name: &str) -> Outcome<&'c Pod> {
    let labelled = |p: &&Pod| p.object["metadata"]["labels"]["app.kubernetes.io/name"] == "alertmanager";
    let mut pods = cluster.pods().iter().filter(|p| p.namespace == namespace && p.name.starts_with(name));
    pods.find(labelled).ok_or_else(|| Trouble::new(format!("no pod of {name} in {namespace}")))
}

/// An Alertmanager as somebody else has put it there: its workload, its configuration and its Service.
pub fn alertmanager(namespace: &str, service: &str, port: &str) -> [Value; 3] {
    let labels = json!({"app.kubernetes.io/name": "alertmanager", PART_OF.0: PART_OF.1});
    let metadata = |name: &str| json!({"name": name, "namespace": namespace, "labels": labels});
    let workload = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata(service),
        "spec": {
            "serviceName": service, "replicas": 1, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{
                        "name": "alertmanager",
                        "image": "quay.io/prometheus/alertmanager:v0.33.1",
                        "args": [
                            "--config.file=/etc/alertmanager/alertmanager.yml",
                            "--storage.path=/alertmanager",
                            // It is alone.
                            "--cluster.listen-address=",
                        ],
                        "ports": [{"name": port, "containerPort": PORT}],
                        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": port}},
                        "volumeMounts": [
                            {"name": "configuration", "mountPath": "/etc/alertmanager"},
                            {"name": "storage", "mountPath": "/alertmanager"},
                        ],
                    }, {
                        "name": "config-reloader",
                        "image": "quay.io/prometheus-operator/prometheus-config-reloader:v0.93.1",
                        "args": [
                            "--listen-address=:8080",
                            "--reload-url=http://127.0.0.1:9093/-/reload",
                            "--watched-dir=/etc/alertmanager",
                        ],
                        "ports": [{"name": RELOADER, "containerPort": 8080}],
                        "volumeMounts": [{"name": "configuration", "mountPath": "/etc/alertmanager"}],
                    }],
                    "volumes": [
                        {"name": "configuration", "configMap": {"name": service}},
                        {"name": "storage", "emptyDir": {}},
                    ],
                },
            },
        },
    });
    let configuration = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(service),
        "data": {"alertmanager.yml": "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"},
    });
    let mut own = labels.clone();
    // As an operator labels the one it keeps itself.
    own["operated-alertmanager"] = json!("true");
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": service, "namespace": namespace, "labels": own},
        "spec": {"selector": labels, "ports": [
            {"name": port, "port": PORT, "targetPort": port},
            {"name": RELOADER, "port": 8080, "targetPort": RELOADER},
        ]},
    });
    [workload, configuration, service]
}

/// # Errors
/// An alert that does not arrive, arrives more than once, or is sent by one replica only.
pub fn judge(cluster: &Cluster, running: &Running, plan: &ClusterPlan<'_>) -> Outcome<String> {
    let mut told = Vec::new();
    for lane in &plan.lanes {
        let senders: Vec<String> = running
            .prometheis(cluster, plan)?
            .into_iter()
            .filter_map(|(name, _, base)| (name == lane.name).then_some(base))
            .collect();
        for target in &lane.alerting {
            let (namespace, name) = place(target);
            let pod = pod(cluster, namespace, name)?;
            // Each replica has sent; without that, an alert that comes once would prove nothing.
            for sender in &senders {
                until("alert sent by each replica", PATIENCE, || Ok((sent(sender)? > 0.0).then_some(())))
                    .map_err(|e| e.during(format!("{} at {sender}", lane.name)))?;
            }
            let mut of_lane = Vec::new();
            until("Watchdog", PATIENCE, || {
                of_lane = watchdogs(&pod.url(PORT), lane.name)?;
                Ok((!of_lane.is_empty()).then_some(()))
            })
            .map_err(|e| e.during(format!("{} at {}", lane.name, target.name)))?;
            if of_lane.len() != 1 {
                let shown: Vec<String> = of_lane.iter().map(|labels| format!("{labels:?}")).collect();
                let what = format!("{} replicas of {} make {} alerts of one", senders.len(), lane.name, of_lane.len());
                return Err(Trouble::new(what).said(shown.join("\n")));
            }
            told.push(format!("{} of {}", senders.len(), lane.name));
        }
    }
    match told.is_empty() {
        true => Err(Trouble::new("no Prometheus alerts anybody, which would prove nothing")),
        false => Ok(format!("one Watchdog each, sent by {} replicas", told.join(", "))),
    }
}

/// The labels of every Watchdog an Alertmanager has from a Prometheus.
fn watchdogs(base: &str, lane: &str) -> Outcome<Vec<BTreeMap<String, String>>> {
    let filter = format!("alertname=\"{WATCHDOG}\"");
    let answer = http::get_json(&http::with_query(&format!("{base}/api/v2/alerts"), &[("filter", &filter)]))?;
    let labels = |alert: &Value| serde_json::from_value(alert["labels"].clone()).unwrap_or_default();
    let all = answer.as_array().into_iter().flatten().map(labels);
    // The label `prometheus` is `<namespace>/<name>`.
    let of_lane = |l: &BTreeMap<String, String>| {
        l.get("prometheus").and_then(|p| p.rsplit('/').next()).is_some_and(|name| name == lane)
    };
    Ok(all.filter(of_lane).collect())
}

/// How many alerts a Prometheus has got rid of, of its own metrics: who scrapes them is another's business.
fn sent(base: &str) -> Outcome<f64> {
    let metrics = http::get(&format!("{base}/metrics"))?;
    let sum = |name: &str| -> f64 {
        let of_it = metrics.lines().filter(|l| l.starts_with(name));
        of_it.filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    };
    // What could not be sent counts as sent, too.
    Ok(sum("prometheus_notifications_sent_total{") - sum("prometheus_notifications_errors_total{"))
}
