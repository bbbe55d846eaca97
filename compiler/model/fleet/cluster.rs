//! The fleet, and what each of its clusters says of itself.

use crate::world::Date;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Alertmanager, Grafana, Job, Lane, Reader, Route, Store};
use crate::diag::{Allowed, Origin, Origins, Sourced, Span};
use crate::model::ids::{AlertmanagerId, ClusterId, RouteId, StoreId, ZoneId};
use crate::model::value::{Duration, Rate, Version};
use crate::syntax::document::Free;

#[derive(Debug)]
pub struct Fleet {
    pub name: Sourced<String>,
    /// Label name that carries each cluster's identity, `cluster`.
    pub identity: Sourced<String>,
    pub zones: Vec<Zone>,
    /// In the order of their ids.
    pub clusters: Vec<Cluster>,
    pub stores: Vec<Store>,
    pub routes: Vec<Route>,
    pub alertmanagers: Vec<Alertmanager>,
    pub allows: Vec<Allowed>,
    pub origins: Origins,
}

impl Fleet {
    pub fn cluster(&self, id: ClusterId) -> &Cluster {
        &self.clusters[id.index()]
    }

    pub fn store(&self, id: StoreId) -> &Store {
        &self.stores[id.index()]
    }

    pub fn route(&self, id: RouteId) -> &Route {
        &self.routes[id.index()]
    }

    pub fn zone(&self, id: ZoneId) -> &Zone {
        &self.zones[id.index()]
    }

    pub fn alertmanager(&self, id: AlertmanagerId) -> &Alertmanager {
        &self.alertmanagers[id.index()]
    }

    pub fn cluster_ids(&self) -> impl Iterator<Item = ClusterId> + use<> {
        (0..self.clusters.len() as u32).map(ClusterId)
    }

    pub fn store_ids(&self) -> impl Iterator<Item = StoreId> + use<> {
        (0..self.stores.len() as u32).map(StoreId)
    }
}

#[derive(Debug, Clone)]
pub struct Zone {
    pub name: String,
    /// What the line out of it takes.
    pub uplink: Option<Sourced<Rate>>,
    pub at: Span,
}

#[derive(Debug, Clone)]
pub struct Cluster {
    /// What people call it.
    pub name: String,
    /// What data is called: the identity label's value, the folder.
    pub id: Sourced<String>,
    /// The cluster's block in the spec.
    pub at: Span,
    pub origin: Origin,
    /// All profiles, nearest first.
    pub profiles: Vec<String>,
    pub zone: Option<Sourced<ZoneId>>,
    pub labels: BTreeMap<String, Sourced<String>>,
    /// Complete: every component the catalog knows has its version here, `kubernetes`, `operator`,
    /// `prometheus`, `node-exporter` and so on.
    pub versions: BTreeMap<String, Sourced<Version>>,
    pub nodes: Sourced<u32>,
    pub pods: Sourced<u64>,
    pub gpus_per_node: Sourced<u32>,
    pub npus_per_node: Sourced<u32>,
    pub roce_ports_per_node: Sourced<u32>,
    pub managed_control_plane: Sourced<bool>,
    pub base: Base,
    /// Control-plane components that listen beyond loopback.
    pub reachable: Vec<Sourced<String>>,
    /// The kubeconfig context, where it is not the cluster's name.
    pub context: Option<Sourced<String>>,
    /// Where our objects live.
    pub namespace: Sourced<String>,
    pub dns_domain: Sourced<String>,
    /// Replaces the registry host of every image.
    pub image_mirror: Option<Sourced<String>>,
    pub pull_secrets: Vec<Sourced<String>>,
    pub storage_class: Option<Sourced<String>>,
    pub scheduling: Scheduling,
    /// Without the identity label.
    pub external_labels: BTreeMap<String, Sourced<String>>,
    pub interval: Sourced<Duration>,
    pub timeout: Option<Sourced<Duration>>,
    /// An outage of a store that must lose nothing; zero is no promise.
    pub survive: Sourced<Duration>,
    pub relay: Relay,
    pub exporters: ExporterDefaults,
    pub alerts: Vec<Sourced<AlertmanagerId>>,
    /// In the order of their names.
    pub lanes: Vec<Lane>,
    /// The jobs present here, in the order of their names.
    /// Shared: most clusters of a fleet have most jobs alike, origins included.
    pub jobs: Vec<Arc<Job>>,
    /// Jobs of the catalog that are not present, with the reason in words.
    pub absent: Vec<(String, String)>,
    pub readers: Vec<Reader>,
    pub grafana: Grafana,
    pub rbac: Sourced<Rbac>,
    pub network_policies: Sourced<NetworkPolicies>,
    /// Farthest level first, the order they apply in.
    pub patches: Vec<Patch>,
    /// Differences to the live cluster that are not told.
    pub ignores: Vec<Ignore>,
    pub raws: Vec<Raw>,
}

impl Cluster {
    /// Whether an Alertmanager runs on the cluster: its base brings one, one of ours stands there, or it
    /// tells one that every sending cluster runs.
    pub fn has_alertmanager(&self, id: ClusterId, known: &[Alertmanager]) -> bool {
        let told = self.alerts.iter().chain(self.lanes.iter().flat_map(|l| &l.alerts));
        self.base.kind.value != BaseKind::None
            || known.iter().any(|a| a.cluster.is_some_and(|c| c.value == id))
            || told.into_iter().filter_map(|a| known.get(a.value.index())).any(|a| a.service.is_some())
    }

    /// Whether people mean this cluster by `name`, its name or its identity.
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.id.value == name
    }

    pub fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.iter().find(|l| l.name == name)
    }

    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|j| j.name == name).map(Arc::as_ref)
    }
}

/// What the cluster already runs.
#[derive(Debug, Clone)]
pub struct Base {
    pub kind: Sourced<BaseKind>,
    pub release: Option<Sourced<String>>,
    pub namespace: Option<Sourced<String>>,
}

impl Base {
    /// Where it is installed: where both projects install themselves when nothing else is said.
    pub fn namespace(&self) -> &str {
        self.namespace.as_ref().map_or("monitoring", |n| &n.value)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BaseKind {
    None,
    KubePrometheus,
    KubePrometheusStack,
}

impl BaseKind {
    /// The word of the language, which is also the name of the catalog's variant.
    pub fn name(self) -> &'static str {
        match self {
            BaseKind::None => "none",
            BaseKind::KubePrometheus => "kube-prometheus",
            BaseKind::KubePrometheusStack => "kube-prometheus-stack",
        }
    }
}

/// How far the service account of a Prometheus may look for targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rbac {
    /// A ClusterRole: into every namespace.
    Cluster,
    /// Roles in the namespaces it discovers in.
    Namespaced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkPolicies {
    Off,
    /// The page of the cluster lists who talks to whom.
    Report,
    /// And pods of ours admit nobody else.
    Enforce,
}

#[derive(Debug, Clone, Default)]
pub struct Scheduling {
    pub tolerations: Vec<Toleration>,
    pub node_selector: BTreeMap<String, Sourced<String>>,
    pub priority_class: Option<Sourced<String>>,
}

#[derive(Debug, Clone)]
pub struct Toleration {
    pub key: Option<String>,
    pub operator: Option<String>,
    pub value: Option<String>,
    pub effect: Option<String>,
    pub toleration_seconds: Option<i64>,
    pub origin: Origin,
}

#[derive(Debug, Clone)]
pub struct Relay {
    /// `relay "always"`.
    pub always: Sourced<bool>,
    pub replicas: Sourced<u32>,
    pub storage_class: Option<Sourced<String>>,
    pub requests: Resources,
    pub limits: Resources,
}

#[derive(Debug, Clone)]
pub struct ExporterDefaults {
    /// `watershed`, `elsewhere` or a variant of the catalog.
    pub managed: Sourced<String>,
    pub namespace: Option<Sourced<String>>,
}

/// `cpu`, `memory` as quantities.
pub type Resources = BTreeMap<String, Sourced<String>>;

#[derive(Debug, Clone)]
pub struct Patch {
    pub target: Sourced<String>,
    pub why: String,
    pub merge: Option<(Free, Span)>,
    pub remove: Vec<Sourced<String>>,
    /// `fleet`, `profile public`, `cluster edge-1`: two patches of one level must not set the same
    /// field.
    pub level: String,
    pub at: Span,
}

/// A difference to the live cluster that is somebody else's affair.
#[derive(Debug, Clone)]
pub struct Ignore {
    /// `Kind/name`, `*` allowed in the name.
    pub target: Sourced<String>,
    /// JSON pointers.
    pub fields: Vec<Sourced<String>>,
    /// Field managers.
    pub managers: Vec<Sourced<String>>,
    pub why: String,
    /// The last day it holds.
    pub until: Option<Date>,
    pub at: Span,
}

#[derive(Debug, Clone)]
pub struct Raw {
    /// Relative to the spec's folder.
    pub file: Sourced<String>,
    pub why: String,
    pub at: Span,
}
