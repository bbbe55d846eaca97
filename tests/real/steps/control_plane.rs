//! What stands in for the components of Kubernetes in kube-system: pods on the network of the first node, without the
//! ports that kubeadm does not declare either, and the Service before CoreDNS.

use std::path::Path;

use serde_json::{Value, json};

use crate::exporters::{About, Exporter, Kind, tls};
use crate::ground::certificates::Authority;
use crate::ground::cluster::{Cluster, Node};
use crate::ground::process::Process;
use crate::ground::{Outcome, Trouble};

const NAMESPACE: &str = "kube-system";

/// A component: its image, the label it is found by, where it serves.
struct Component {
    name: &'static str,
    label: (&'static str, &'static str),
    kind: Kind,
    port: u16,
    /// HTTPS, with a certificate that nobody trusts, and a token asked for.
    secure: bool,
    /// What its container says of ports.
    declared: &'static [(&'static str, u16)],
}

const COMPONENTS: [Component; 5] = [
    Component {
        name: "coredns",
        label: ("k8s-app", "kube-dns"),
        kind: Kind::Plain,
        port: 9153,
        secure: false,
        declared: &[("metrics", 9153)],
    },
    Component {
        name: "etcd",
        label: ("component", "etcd"),
        kind: Kind::Plain,
        port: 2381,
        secure: false,
        declared: &[("probe-port", 2381)],
    },
    Component {
        name: "kube-controller-manager",
        label: ("component", "kube-controller-manager"),
        kind: Kind::Component,
        port: 10257,
        secure: true,
        declared: &[],
    },
    Component {
        name: "kube-proxy",
        label: ("k8s-app", "kube-proxy"),
        kind: Kind::Plain,
        port: 10249,
        secure: false,
        // Two ports of one pod are two targets, until the relabelings make one of them.
        declared: &[("healthz", 10256), ("webhook", 10300)],
    },
    Component {
        name: "kube-scheduler",
        label: ("component", "kube-scheduler"),
        kind: Kind::Component,
        port: 10259,
        secure: true,
        declared: &[],
    },
];

/// The pods' workloads, and the Service that finds CoreDNS.
pub fn objects() -> (Vec<Value>, Value) {
    let labels = json!({"k8s-app": "kube-dns"});
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": NAMESPACE, "labels": labels},
        "spec": {"selector": labels, "ports": [{"name": "metrics", "port": 9153, "targetPort": 9153}]},
    });
    (COMPONENTS.iter().map(workload).collect(), service)
}

fn workload(of: &Component) -> Value {
    let labels = json!({of.label.0: of.label.1});
    let ports: Vec<Value> = of.declared.iter().map(|(name, n)| json!({"name": name, "containerPort": n})).collect();
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": of.name, "namespace": NAMESPACE},
        "spec": {
            "serviceName": of.name, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "hostNetwork": true,
                    "containers": [{
                        "name": of.name,
                        "image": format!("registry.example.com/{}:1", of.name),
                        "ports": ports,
                    }],
                },
            },
        },
    })
}

/// Answers for the component of this name, where it is one.
///
/// # Errors
/// The stand-in, or what serves HTTPS before it, does not start.
pub fn start(
    cluster: &Cluster,
    vmauth: &Path,
    name: &str,
    node: &str,
    scratch: &Path,
) -> Outcome<Option<(Exporter, Option<Process>)>> {
    let Some(of) = COMPONENTS.iter().find(|c| c.name == name) else { return Ok(None) };
    let node = cluster.nodes().iter().find(|n| n.name == node).ok_or_else(|| Trouble::new(format!("no {node}")))?;
    let at = |port| std::net::SocketAddrV4::new(node.address, port);
    let about = About { node: node.name.clone(), ..About::default() };
    let behind = if of.secure { of.port + 20_000 } else { of.port };
    let exporter = Exporter::start(cluster.network.listen(at(behind))?, of.kind, about)?;
    let front = match of.secure {
        true => Some(front(of, node, vmauth, &exporter, scratch)?),
        false => None,
    };
    Ok(Some((exporter, front)))
}

fn front(of: &Component, node: &Node, vmauth: &Path, behind: &Exporter, scratch: &Path) -> Outcome<Process> {
    let nobody = Authority::new(&scratch.join(format!("{}-{}", of.name, node.name)))?;
    let pair = nobody.server(of.name, &[&node.address.to_string()])?;
    let listen = std::net::SocketAddrV4::new(node.address, of.port).into();
    tls::front(vmauth, Some(node.namespace()), listen, behind.address, &pair, scratch)
}
