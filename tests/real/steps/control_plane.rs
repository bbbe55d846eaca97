//! What stands in for the components of Kubernetes in kube-system: pods on the network of the first node, without the
//! ports that kubeadm does not declare either, and the Service before CoreDNS. etcd is the real one, as kubeadm starts
//! it: its client port asks for a certificate, its metrics port for nothing.

use std::path::Path;

use serde_json::{Value, json};

use crate::exporters::{About, Exporter, Kind, tls};
use crate::ground::certificates::Authority;
use crate::ground::cluster::{Cluster, Node};
use crate::ground::process::Process;
use crate::ground::{During, Outcome, Trouble};

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

const COMPONENTS: [Component; 4] = [
    Component {
        name: "coredns",
        label: ("k8s-app", "kube-dns"),
        kind: Kind::Plain,
        port: 9153,
        secure: false,
        declared: &[("metrics", 9153)],
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

/// Where etcd's certificate is, and what it believes those of clients by.
const ETCD_SECRET: &str = "etcd-certs";

/// The pods' workloads, and what has to be there before them: the Service that finds CoreDNS, etcd's certificate.
///
/// # Errors
/// The certificate cannot be made.
pub fn objects(cluster: &Cluster) -> Outcome<(Vec<Value>, [Value; 2])> {
    let labels = json!({"k8s-app": "kube-dns"});
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": NAMESPACE, "labels": labels},
        "spec": {"selector": labels, "ports": [{"name": "metrics", "port": 9153, "targetPort": 9153}]},
    });
    let addresses: Vec<String> = cluster.nodes().iter().map(|n| n.address.to_string()).collect();
    let names: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let pair = cluster.authority.server("etcd-server", &names)?;
    let read = |file: &Path| std::fs::read_to_string(file).during(file.display());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": ETCD_SECRET, "namespace": NAMESPACE},
        "stringData": {
            "ca.crt": cluster.authority.pem,
            "server.crt": read(&pair.certificate)?,
            "server.key": read(&pair.key)?,
        },
    });
    let mut workloads: Vec<Value> = COMPONENTS.iter().map(workload).collect();
    workloads.push(etcd());
    Ok((workloads, [service, secret]))
}

/// Who shows no certificate of the authority's gets no answer at the client port.
fn etcd() -> Value {
    const CERTIFICATES: &str = "/etc/kubernetes/pki/etcd";
    let labels = json!({"component": "etcd"});
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "etcd", "namespace": NAMESPACE},
        "spec": {
            "serviceName": "etcd", "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "hostNetwork": true,
                    "containers": [{
                        "name": "etcd",
                        "image": "registry.k8s.io/etcd:3.5.24-0",
                        "args": [
                            "--advertise-client-urls=https://$(IP):2379",
                            format!("--cert-file={CERTIFICATES}/server.crt"),
                            "--client-cert-auth=true",
                            "--data-dir=/var/lib/etcd",
                            // Its gateway asks its own client port, with a certificate that is a server's only.
                            "--enable-grpc-gateway=false",
                            format!("--key-file={CERTIFICATES}/server.key"),
                            "--listen-client-urls=https://$(IP):2379",
                            "--listen-metrics-urls=http://$(IP):2381",
                            format!("--trusted-ca-file={CERTIFICATES}/ca.crt"),
                            "--log-level=warn",
                            // Nothing here outlives the run.
                            "--unsafe-no-fsync",
                        ],
                        "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                        "ports": [{"name": "probe-port", "containerPort": 2381}],
                        "startupProbe": {"httpGet": {"path": "/health", "port": "probe-port"}},
                        "volumeMounts": [
                            {"name": "certificates", "mountPath": CERTIFICATES, "readOnly": true},
                            {"name": "data", "mountPath": "/var/lib/etcd"},
                        ],
                    }],
                    "volumes": [
                        {"name": "certificates", "secret": {"secretName": ETCD_SECRET}},
                        {"name": "data", "emptyDir": {}},
                    ],
                },
            },
        },
    })
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
