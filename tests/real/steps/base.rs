//! What kube-prometheus runs on a cluster, where a plan finds it: node_exporter, kube-state-metrics and the operator's
//! own page, each behind a kube-rbac-proxy that shows nothing to whoever has no token. Names, labels and ports are those
//! of its manifests; node_exporter is the real one.

use std::path::Path;

use serde_json::{Value, json};
use watershed::model::plan::{ClusterPlan, Monitor};

use crate::exporters::{Guard, guard};
use crate::ground::certificates::Authority;
use crate::ground::cluster::Cluster;
use crate::ground::pod::Pod;
use crate::ground::{Outcome, Trouble};

/// The image of what stands before exporters.
pub const GUARD: &str = "kube-rbac-proxy";
/// The image that stands for the operator's page: the one that operates here is not in the base's namespace.
pub const CONTROLLER: &str = "controller";
pub const PART_OF: (&str, &str) = ("app.kubernetes.io/part-of", "kube-prometheus");
/// From the port of a guard to where what comes out of HTTPS is taken.
const BEHIND: u16 = 20_000;

/// Services of the base's exporters that a plan looks for, and the workloads behind.
pub fn objects(plan: &ClusterPlan<'_>) -> [Vec<Value>; 2] {
    let (mut services, mut workloads) = (Vec::new(), Vec::new());
    for exporter in [node_exporter(), kube_state_metrics(), controller()] {
        let found = plan.monitors.iter().find(|m| {
            let carries = |k: &str, v: &str| m.selector.iter().any(|(key, value)| key == k && value == v);
            carries(PART_OF.0, PART_OF.1) && carries("app.kubernetes.io/name", exporter.name)
        });
        let Some(namespace) = found.and_then(|m| m.namespaces.first()) else { continue };
        let labels = json!({
            PART_OF.0: PART_OF.1, "app.kubernetes.io/name": exporter.name,
            "app.kubernetes.io/component": exporter.component,
        });
        let metadata = json!({"name": exporter.name, "namespace": namespace, "labels": labels});
        let ports: Vec<Value> =
            exporter.ports.iter().map(|(name, n)| json!({"name": name, "port": n, "targetPort": name})).collect();
        services.push(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": {"clusterIP": "None", "selector": labels, "ports": ports},
        }));
        workloads.push(json!({
            "apiVersion": "apps/v1", "kind": exporter.kind, "metadata": metadata,
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": exporter.pod},
            },
        }));
    }
    [services, workloads]
}

/// Its Alertmanager, where a plan looks for it: namespace, name and port.
pub fn alertmanager<'p>(plan: &'p ClusterPlan<'_>) -> Option<((&'p str, &'p str), &'p str)> {
    let labels = [PART_OF, ("app.kubernetes.io/name", "alertmanager")];
    let carries =
        |m: &&Monitor| labels.iter().all(|(k, v)| m.selector.iter().any(|(key, value)| key == k && value == v));
    let found = plan.monitors.iter().find(carries)?;
    Some(((found.namespaces.first()?, "alertmanager-main"), "web"))
}

struct Guarded {
    name: &'static str,
    component: &'static str,
    kind: &'static str,
    /// Of the guards.
    ports: &'static [(&'static str, u16)],
    pod: Value,
}

fn node_exporter() -> Guarded {
    let address = json!([{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]);
    let mounts = json!([
        {"name": "sys", "mountPath": "/host/sys", "readOnly": true},
        {"name": "root", "mountPath": "/host/root", "readOnly": true},
    ]);
    let pod = json!({
        "hostNetwork": true, "hostPID": true,
        "containers": [
            {
                "name": "node-exporter", "image": "quay.io/prometheus/node-exporter:v1.6.1",
                "args": [
                    // Theirs is on loopback, where what stands for the guard does not come.
                    "--web.listen-address=$(IP):9101",
                    "--path.sysfs=/host/sys",
                    "--path.rootfs=/host/root",
                    "--path.procfs=/host/root/proc",
                    "--path.udev.data=/host/root/run/udev/data",
                    "--no-collector.wifi",
                    "--no-collector.hwmon",
                    "--no-collector.btrfs",
                    "--collector.netclass.ignored-devices=^(veth.*|[a-f0-9]{15})$",
                    "--collector.netdev.device-exclude=^(veth.*|[a-f0-9]{15})$",
                ],
                "env": address, "volumeMounts": mounts,
                "startupProbe": {"httpGet": {"path": "/", "port": 9101}},
            },
            proxy("https", 9100, 9101),
        ],
        "volumes": [
            {"name": "sys", "hostPath": {"path": "/sys"}},
            {"name": "root", "hostPath": {"path": "/"}},
        ],
    });
    Guarded { name: "node-exporter", component: "exporter", kind: "DaemonSet", ports: &[("https", 9100)], pod }
}

fn kube_state_metrics() -> Guarded {
    let pod = json!({"containers": [
        {
            "name": "kube-state-metrics",
            "image": "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.9.2",
            "args": ["--host=127.0.0.1", "--port=8081", "--telemetry-host=127.0.0.1", "--telemetry-port=8082"],
        },
        proxy("https-main", 8443, 8081),
        proxy("https-self", 9443, 8082),
    ]});
    Guarded {
        name: "kube-state-metrics",
        component: "exporter",
        kind: "Deployment",
        ports: &[("https-main", 8443), ("https-self", 9443)],
        pod,
    }
}

fn controller() -> Guarded {
    let pod = json!({"containers": [
        {
            "name": "prometheus-operator", "image": format!("registry.example.com/{CONTROLLER}:1"),
            "ports": [{"name": "http", "containerPort": 8080}],
        },
        proxy("https", 8443, 8080),
    ]});
    Guarded { name: "prometheus-operator", component: "controller", kind: "Deployment", ports: &[("https", 8443)], pod }
}

/// The container of a guard: HTTPS on a port, before another of the same pod.
fn proxy(port: &str, listen: u16, upstream: u16) -> Value {
    json!({
        "name": format!("{GUARD}-{port}"), "image": format!("quay.io/brancz/{GUARD}:v0.14.2"),
        "args": [format!("--secure-listen-address=:{listen}"), format!("--upstream=http://127.0.0.1:{upstream}/")],
        "ports": [{"name": port, "containerPort": listen}],
    })
}

/// Does for a guard's container what its arguments say.
///
/// # Errors
/// It does not come up, or its arguments are not a guard's.
pub fn guard(cluster: &Cluster, vmauth: &Path, pod: &Pod, container: &str, scratch: &Path) -> Outcome<Guard> {
    let port = |flag: &str| {
        let said = pod.flag(container, flag)?.trim_end_matches('/');
        said.rsplit(':').next()?.parse::<u16>().ok()
    };
    let [Some(listen), Some(upstream)] = ["--secure-listen-address", "--upstream"].map(port) else {
        return Err(Trouble::new(format!("{container} of {} does not say where and for whom", pod.name)));
    };
    // As kube-rbac-proxy's own: signed by nobody the pods trust.
    let name = format!("guard-{}-{listen}", pod.address);
    let pair = Authority::new(&scratch.join(&name))?.server(GUARD, &[&pod.address.to_string()])?;
    let place = guard::Place {
        namespace: pod.network(),
        listen: pod.socket(listen).into(),
        certificate: &pair,
        upstream: pod.socket(upstream).to_string(),
    };
    let behind = cluster.network.listen(pod.socket(listen + BEHIND))?;
    Guard::start(vmauth, &cluster.api.kubectl, behind, &place, scratch)
}
