//! A cluster as its objects see it: nodes, namespaces, workloads that have pods, services that lead to them. It stands
//! in for scheduler, controllers and kube-proxy, as far as monitoring depends on them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Api, Programs};
use super::certificates::Authority;
use super::network::{Attached, Network};
use super::pod::{Images, Kubelet, Pod};
use super::root::Base;
use super::services::Services;
use super::volumes::text;
use super::{Outcome, Trouble, workload};

/// How long a pod may take until it is ready.
const READY: Duration = Duration::from_secs(60);

pub struct Cluster {
    pub api: Api,
    pub network: Arc<Network>,
    pub authority: Authority,
    pub kubelet: Kubelet,
    nodes: Vec<Node>,
    pods: Vec<Pod>,
    prepared: BTreeSet<String>,
    services: Services,
}

pub struct Node {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub address: Ipv4Addr,
    attached: Attached,
}

impl Node {
    pub fn namespace(&self) -> &Path {
        &self.attached.namespace
    }
}

impl Cluster {
    /// An API server without nodes. `ip` is the program of iproute2.
    ///
    /// # Errors
    /// The network, etcd or the API server do not come up.
    pub fn start(programs: &Programs, ip: PathBuf, scratch: &Path) -> Outcome<Self> {
        let authority = Authority::new(&scratch.join("authority"))?;
        let network = Network::up(ip)?;
        let base = Base::new(scratch, &authority.certificate)?;
        let api = Api::start(programs, &authority, scratch)?;
        let kubelet = Kubelet {
            kubectl: api.kubectl.clone(),
            network: Arc::clone(&network),
            base: base.clone(),
            scratch: scratch.to_owned(),
            claims: scratch.join("claims"),
        };
        let services = Services::new(api.kubectl.clone(), base.hosts);
        let mut cluster = Self {
            api,
            network,
            authority,
            kubelet,
            nodes: Vec::new(),
            pods: Vec::new(),
            prepared: BTreeSet::new(),
            services,
        };
        cluster.settle()?;
        Ok(cluster)
    }

    /// Adds a node with these labels beside those every node has.
    ///
    /// # Errors
    /// The network or the API server does not take it.
    pub fn add_node(&mut self, name: &str, labels: &[(&str, &str)]) -> Outcome<&Node> {
        let attached = self.network.node()?;
        let usual = [("kubernetes.io/hostname", name), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")];
        let labels: BTreeMap<String, String> =
            usual.iter().chain(labels).map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        let object = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {},
        });
        let status = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
            "status": {
                "addresses": [
                    {"type": "InternalIP", "address": attached.address},
                    {"type": "Hostname", "address": name},
                ],
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
                "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
                "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"},
            },
        });
        self.api.kubectl.put(&[object])?;
        self.api.kubectl.put_status(&[status])?;
        self.nodes.push(Node { name: name.to_owned(), labels, address: attached.address, attached });
        self.nodes.last().ok_or_else(|| Trouble::new("no node"))
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub fn pods(&self) -> &[Pod] {
        &self.pods
    }

    /// The pods whose labels include all of these.
    pub fn pods_with<'a>(&'a self, namespace: &'a str, labels: &'a [(&str, &str)]) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().filter(move |p| {
            let of_pod = &p.object["metadata"]["labels"];
            p.namespace == namespace && labels.iter().all(|(k, v)| of_pod[*k] == *v)
        })
    }

    /// A namespace with what controllers put into every one.
    ///
    /// # Errors
    /// The API server refuses it.
    pub fn prepare(&mut self, namespace: &str) -> Outcome<()> {
        if self.prepared.contains(namespace) {
            return Ok(());
        }
        let kubectl = &self.api.kubectl;
        if kubectl.get("namespaces", "", namespace)?.is_none() {
            kubectl.put(&[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})])?;
        }
        kubectl.put(&[
            json!({"apiVersion": "v1", "kind": "ServiceAccount",
                   "metadata": {"name": "default", "namespace": namespace}}),
            json!({"apiVersion": "v1", "kind": "ConfigMap",
                   "metadata": {"name": "kube-root-ca.crt", "namespace": namespace},
                   "data": {"ca.crt": self.authority.pem}}),
        ])?;
        self.prepared.insert(namespace.to_owned());
        Ok(())
    }

    /// Runs the pods of StatefulSets, Deployments and DaemonSets and waits until all are ready; then services lead to
    /// them. Hands back where they are in [`Cluster::pods`].
    ///
    /// # Errors
    /// A pod does not start or does not become ready.
    pub fn run(&mut self, workloads: &[Value], images: Images<'_>) -> Outcome<std::ops::Range<usize>> {
        let from = self.pods.len();
        for workload in workloads {
            let namespace = text(workload, "/metadata/namespace").to_owned();
            self.prepare(&namespace)?;
            for planned in workload::pods(workload, &self.nodes)? {
                let node = &self.nodes[planned.node];
                let pod = self.kubelet.start(&planned.template, &namespace, &planned.name, node, images)?;
                self.pods.push(pod);
            }
        }
        for pod in &mut self.pods[from..] {
            pod.wait(READY)?;
        }
        let statuses: Vec<_> = self.pods[from..].iter().map(Pod::status).collect();
        self.api.kubectl.put_status(&statuses)?;
        self.settle()?;
        Ok(from..self.pods.len())
    }

    /// The pod of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn pod_mut(&mut self, namespace: &str, name: &str) -> Outcome<&mut Pod> {
        let found = self.pods.iter_mut().find(|p| p.namespace == namespace && p.name == name);
        found.ok_or_else(|| Trouble::new(format!("there is no pod {namespace}/{name}")))
    }

    /// Ends the pods of a workload, if it has any, and runs it as it is now: what a controller makes of another template.
    ///
    /// # Errors
    /// A pod does not end within the grace it is given, or the new one does not become ready.
    pub fn replace(&mut self, workload: &Value, images: Images<'_>) -> Outcome<()> {
        let namespace = text(workload, "/metadata/namespace");
        let grace = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
        for planned in workload::pods(workload, &self.nodes)? {
            if let Some(at) = self.pods.iter().position(|p| p.namespace == namespace && p.name == planned.name) {
                self.pods.remove(at).terminate(Duration::from_secs(grace))?;
                self.api.kubectl.delete(&["pod", &planned.name, "-n", namespace])?;
            }
        }
        self.run(std::slice::from_ref(workload), images).map(drop)
    }

    /// Brings the volumes of all pods of a namespace up to date with the objects they are filled from.
    ///
    /// # Errors
    /// Such an object is not there any more.
    pub fn refresh(&self, namespace: &str) -> Outcome<()> {
        self.pods.iter().filter(|p| p.namespace == namespace).try_for_each(|p| self.kubelet.refresh(p))
    }

    /// # Errors
    /// A program of a pod has ended that is to run all the time: the end of its log.
    pub fn pods_alive(&mut self) -> Outcome<()> {
        self.pods.iter_mut().try_for_each(Pod::alive)
    }

    /// Ends all pods of a namespace, and the Deployments they are of.
    ///
    /// # Errors
    /// The API server does not delete them.
    pub fn stop(&mut self, namespace: &str) -> Outcome<()> {
        self.pods.retain(|p| p.namespace != namespace);
        self.api.kubectl.delete(&["deployments.apps,pods", "--all", "-n", namespace])
    }

    /// Ends all pods of these namespaces and deletes everything that was applied to them.
    ///
    /// # Errors
    /// The API server does not delete something.
    pub fn clear(&mut self, namespaces: &[&str]) -> Outcome<()> {
        self.pods.retain(|p| !namespaces.contains(&p.namespace.as_str()));
        self.api.kubectl.clear(namespaces)?;
        for namespace in namespaces {
            self.prepared.remove(*namespace);
            let claims = self.kubelet.claims.join(namespace);
            if claims.exists() {
                std::fs::remove_dir_all(&claims).map_err(|e| Trouble::new(format!("{}: {e}", claims.display())))?;
            }
        }
        self.settle()
    }

    /// A name outside of the cluster, such as a store's, and where it leads.
    ///
    /// # Errors
    /// The names cannot be written.
    pub fn add_name(&mut self, name: &str, address: Ipv4Addr) -> Outcome<()> {
        self.services.outside.insert(name.to_owned(), address);
        self.settle()
    }

    /// Brings endpoints, service addresses and names up to date with services and pods. To be called after services
    /// were applied; everything in here does by itself.
    ///
    /// # Errors
    /// The API server refuses what a controller would write.
    pub fn settle(&mut self) -> Outcome<()> {
        self.services.settle(&self.pods)
    }
}
