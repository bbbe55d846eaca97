//! What others run on a cluster, and jobs of the plan find: their pods and Services, labelled as their own manifests do.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use watershed::model::plan::{ClusterPlan, Monitor, MonitorKind};

use crate::exporters::Kind;
use crate::ground::volumes::text;

struct Other {
    job: &'static str,
    /// The container that the metrics come from.
    container: &'static str,
    /// Number of the port that its manifests declare.
    port: u16,
    /// Where the page is, if it is on a port that they do not declare.
    page: Option<u16>,
    kind: Kind,
}

const fn other(job: &'static str, port: u16, kind: Kind) -> Other {
    Other { job, container: job, port, page: None, kind }
}

const OTHERS: [Other; 9] = [
    other("dcgm-exporter", 9400, Kind::Dcgm),
    other("grafana", 3000, Kind::Pod),
    other("hero-exporter", 8080, Kind::CardHours),
    other("hero-network-exporter", 9120, Kind::Network),
    // The one job of the examples that no catalog knows.
    other("inference-gateway", 8080, Kind::Pod),
    Other { page: Some(15020), ..other("istio-proxy", 15090, Kind::Mesh) },
    other("minio", 9000, Kind::Minio),
    other("npu-exporter", 8082, Kind::Npu),
    other("resource-manager", 8080, Kind::Pod),
];

/// Where their pods are that may be in any namespace.
const ANYWHERE: &str = "elsewhere";

/// What stands in for the container of an image, and on which port if that is not declared.
pub fn stand_in(image: &str) -> Option<(Kind, Option<u16>)> {
    OTHERS.iter().find(|o| o.job == image).map(|o| (o.kind, o.page))
}

/// Values of each series that the answers about a job of the plan hold, and how far apart they are, milliseconds.
pub fn batch(plan: &ClusterPlan<'_>, image: &str) -> (u32, u64) {
    let endpoints = plan.monitors.iter().filter(|m| m.job == image).flat_map(|m| &m.endpoints);
    let each = endpoints.map(|e| (e.batch, e.sampled.value.millis()));
    each.max().unwrap_or((1, 1000))
}

/// Namespaces that the others need.
pub fn namespaces(plan: &ClusterPlan<'_>) -> BTreeSet<String> {
    found(plan).map(|(_, m)| namespace(m).to_owned()).collect()
}

/// Their Services, and the workloads behind.
pub fn objects(plan: &ClusterPlan<'_>) -> [Vec<Value>; 2] {
    let (mut services, mut workloads) = (Vec::new(), Vec::<Value>::new());
    for (other, monitor) in found(plan) {
        let namespace = namespace(monitor);
        if workloads
            .iter()
            .any(|w| text(w, "/metadata/name") == other.job && text(w, "/metadata/namespace") == namespace)
        {
            continue;
        }
        let port = monitor.endpoints.first().map_or("metrics", |e| e.port.as_str());
        // Services find pods by the same labels that they are found by.
        let labels = &monitor.selector;
        let metadata = json!({"name": other.job, "namespace": namespace, "labels": labels});
        if monitor.kind != MonitorKind::Pod {
            let ports = json!([{"name": port, "port": other.port, "targetPort": port}]);
            services.push(json!({
                "apiVersion": "v1", "kind": "Service", "metadata": metadata,
                "spec": {"selector": labels, "ports": ports},
            }));
        }
        workloads.push(json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata,
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{
                        "name": other.container, "image": format!("registry.example.com/{}:1", other.job),
                        "ports": [{"name": port, "containerPort": other.port}],
                    }]},
                },
            },
        }));
    }
    [services, workloads]
}

fn found<'p>(plan: &'p ClusterPlan<'_>) -> impl Iterator<Item = (&'static Other, &'p Monitor)> {
    let ours = |m: &Monitor| plan.exporters.iter().any(|e| e.job == m.job);
    let monitors = plan.monitors.iter().filter(move |m| !ours(m));
    monitors.filter_map(|m| Some((OTHERS.iter().find(|o| o.job == m.job)?, m)))
}

fn namespace(monitor: &Monitor) -> &str {
    monitor.namespaces.first().map_or(ANYWHERE, String::as_str)
}
