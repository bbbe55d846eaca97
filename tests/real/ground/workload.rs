//! Which pods a workload has, and on which nodes: what the controllers of StatefulSets, Deployments and DaemonSets and
//! the scheduler decide.

use serde_json::{Value, json};

use super::cluster::Node;
use super::volumes::text;
use super::{Outcome, Trouble};

pub struct Planned {
    pub name: String,
    /// As the controller would hand it on.
    pub template: Value,
    /// The place of its node among all.
    pub node: usize,
}

/// # Errors
/// The kind is none of the three, or no node takes a pod.
pub fn pods(workload: &Value, nodes: &[Node]) -> Outcome<Vec<Planned>> {
    let (kind, name) = (text(workload, "/kind"), text(workload, "/metadata/name"));
    let template = &workload["spec"]["template"];
    let fitting: Vec<usize> = (0..nodes.len()).filter(|&n| fits(&template["spec"], &nodes[n])).collect();
    if kind == "DaemonSet" {
        let planned = |&node: &usize| Planned {
            name: format!("{name}-{}", nodes[node].name.replace('.', "-")),
            template: template.clone(),
            node,
        };
        return Ok(fitting.iter().map(planned).collect());
    }
    if fitting.is_empty() {
        return Err(Trouble::new(format!("no node of {} takes a pod of {kind} {name}", nodes.len())));
    }
    let replicas = workload["spec"]["replicas"].as_u64().unwrap_or(1);
    (0..replicas)
        .zip(fitting.iter().copied().cycle())
        .map(|(n, node)| {
            let mut template = template.clone();
            match kind {
                "StatefulSet" => identify(&mut template, workload, &format!("{name}-{n}"), n),
                "Deployment" => {}
                _ => return Err(Trouble::new(format!("a {kind} ({name}) has no pods here"))),
            }
            let name = if kind == "StatefulSet" { format!("{name}-{n}") } else { format!("{name}-0-{n}") };
            Ok(Planned { name, template, node })
        })
        .collect()
}

/// What makes a pod of a StatefulSet itself: its number, its host name, its claims.
fn identify(template: &mut Value, set: &Value, pod: &str, n: u64) {
    template["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = json!(pod);
    template["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = json!(n.to_string());
    template["spec"]["hostname"] = json!(pod);
    template["spec"]["subdomain"] = set["spec"]["serviceName"].clone();
    let claims = set["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten();
    for claim in claims.map(|c| text(c, "/metadata/name")) {
        let volume = json!({"name": claim, "persistentVolumeClaim": {"claimName": format!("{claim}-{pod}")}});
        let spec = &mut template["spec"];
        if !spec["volumes"].is_array() {
            spec["volumes"] = json!([]);
        }
        if let Some(volumes) = spec["volumes"].as_array_mut() {
            volumes.retain(|v| text(v, "/name") != claim);
            volumes.push(volume);
        }
    }
}

/// Whether a node has what a pod asks of it by selector and required affinity. Taints are not known here.
fn fits(spec: &Value, node: &Node) -> bool {
    let label = |key: &str| node.labels.get(key).map(String::as_str);
    let selected = spec["nodeSelector"].as_object().into_iter().flatten().all(|(k, v)| label(k) == v.as_str());
    let required = "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    let terms = spec.pointer(required).and_then(Value::as_array);
    let holds = |e: &Value| {
        let value = label(text(e, "/key"));
        let among = || e["values"].as_array().into_iter().flatten().any(|v| v.as_str() == value);
        match text(e, "/operator") {
            "In" => value.is_some() && among(),
            "NotIn" => !among(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    };
    let matches = |t: &Value| t["matchExpressions"].as_array().into_iter().flatten().all(holds);
    selected && terms.is_none_or(|terms| terms.iter().any(matches))
}
