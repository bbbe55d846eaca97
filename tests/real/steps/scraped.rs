//! Scraped: the Prometheis that the operator makes of what is emitted find the pods that are emitted.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::emitted;
use crate::components::Components;
use crate::ground::cluster::Cluster;
use crate::ground::pod::Images;
use crate::ground::process::until;
use crate::ground::volumes::text;
use crate::ground::{Outcome, api, http, images, operator};

/// Where the examples put what they emit.
const NAMESPACES: [&str; 1] = ["monitoring"];

/// # Errors
/// What the API server, the operator or a Prometheus said.
pub fn judge(components: &Components, scratch: &Path, report: &mut dyn FnMut(&str)) -> Outcome<()> {
    let programs = api::Programs {
        etcd: components.etcd.clone(),
        kube_apiserver: components.kube_apiserver.clone(),
        kubectl: components.kubectl.clone(),
    };
    let images = |image: &str| images::program(components, image);
    let mut cluster = Cluster::start(&programs, "ip".into(), scratch)?;
    report("the API server answers");
    for node in ["node-a", "node-b"] {
        cluster.add_node(node, &[])?;
    }
    operator::start(&mut cluster, &components.operator_crds, &components.operator_rbac, &images)?;
    report("the operator runs");
    for emitted in emitted::clusters()? {
        scrape(&mut cluster, &emitted, &images, report)?;
        cluster.clear(&NAMESPACES)?;
        report("cleared");
    }
    Ok(())
}

fn scrape(
    cluster: &mut Cluster,
    emitted: &emitted::Cluster,
    images: Images<'_>,
    report: &mut dyn FnMut(&str),
) -> Outcome<()> {
    let title = format!("{}/{}", emitted.fleet, emitted.name);
    let mut objects: Vec<_> = emitted.all()?.into_iter().map(|o| o.json).collect();
    for object in objects.iter_mut().filter(|o| o["kind"] == "Prometheus") {
        // No Prometheus this new is at hand; see the report of the components.
        object["spec"]["version"] = json!("v3.5.0");
        object["spec"]["image"] = json!("quay.io/prometheus/prometheus:v3.5.0");
    }
    for secret in emitted.object("secrets.required.yaml")?.json["secrets"].as_array().into_iter().flatten() {
        let [namespace, name] = ["/namespace", "/name"].map(|p| text(secret, p));
        let keys = secret["keys"].as_array().into_iter().flatten().filter_map(|k| k.as_str());
        let data: serde_json::Map<_, _> = keys.map(|k| (k.to_owned(), json!("a value"))).collect();
        cluster.prepare(namespace)?;
        cluster.api.kubectl.put(&[json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace}, "stringData": data,
        })])?;
    }
    let before = operator::log(cluster).len();
    let applied = cluster.api.kubectl.apply_objects(&objects)?;
    report(&format!("{title}: {} objects applied, {} warnings", applied.objects.len(), applied.warnings.len()));
    operator::settled(cluster, Duration::from_secs(60))?;
    report(&format!("{title}: reconciled"));
    for complaint in operator::complaints(cluster, before)? {
        report(&complaint);
    }
    cluster.settle()?;
    let mut workloads = Vec::new();
    for object in applied.objects {
        match text(&object, "/kind") {
            "Prometheus" => {
                let [namespace, name] = ["/metadata/namespace", "/metadata/name"].map(|p| text(&object, p));
                workloads.extend(operator::reconciled(cluster, namespace, name)?.stateful_sets);
            }
            "DaemonSet" | "Deployment" | "StatefulSet" => workloads.push(object),
            _ => {}
        }
    }
    for workload in &workloads {
        let range = cluster.run(workload, images)?;
        for pod in &cluster.pods()[range] {
            report(&format!("{title}: pod {} at {}, not run: {:?}", pod.name, pod.address, pod.missing));
        }
    }
    for pod in cluster.pods_with("monitoring", &[("app.kubernetes.io/name", "prometheus")]) {
        let found = until("target that is up", Duration::from_secs(60), || {
            let answer = http::get_json(&format!("{}/api/v1/targets?state=active", pod.url(9090)))?;
            let targets = answer["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
            Ok(targets.iter().any(|t| t["health"] == "up").then_some(targets))
        });
        let found = found.map_err(|e| e.during(&pod.name))?;
        let count = |health: &str| found.iter().filter(|t| t["health"] == health).count();
        report(&format!("{title}: {}: {} targets, {} up, {} down", pod.name, found.len(), count("up"), count("down")));
    }
    Ok(())
}
