//! The fleet, resolved: no unresolved name, no missing default; every value has an origin.
//!
//! What stays an `Option` here is absent by intent, or falls back to something only the plan knows
//! (an interval, to that of the Prometheus which scrapes it).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ids::{AlertmanagerId, ClusterId, RouteId, StoreId, ZoneId};
use super::value::{Bytes, Duration, Rate, Version};
use crate::diag::{Allowed, Origin, Origins, Sourced, Span};
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
    pub raws: Vec<Raw>,
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

/// `cpu`, `memory` as quantities.
pub type Resources = BTreeMap<String, Sourced<String>>;

#[derive(Debug, Clone)]
pub struct ExporterDefaults {
    /// `watershed`, `elsewhere` or a variant of the catalog.
    pub managed: Sourced<String>,
    pub namespace: Option<Sourced<String>>,
}

/// A Prometheus of a cluster.
#[derive(Debug, Clone)]
pub struct Lane {
    pub name: String,
    pub at: Span,
    pub origin: Origin,
    pub jobs: Vec<Sourced<JobClass>>,
    pub rest: Option<Origin>,
    pub retention: Sourced<Duration>,
    pub retention_size: Option<Sourced<Bytes>>,
    pub storage: Storage,
    pub replicas: Sourced<u32>,
    pub interval: Option<Sourced<Duration>>,
    pub timeout: Option<Sourced<Duration>>,
    pub requests: Resources,
    pub limits: Resources,
    pub query: Query,
    pub also_select: Vec<AlsoSelect>,
    pub also_scrapes: Vec<Sourced<JobClass>>,
    pub sample_limit: Option<Sourced<u64>>,
    pub rules: Vec<Sourced<String>>,
    /// Its own list, which may be empty, else the cluster's.
    pub alerts: Vec<Sourced<AlertmanagerId>>,
    pub expose: Option<Expose>,
}

/// A way to the pages of a Prometheus from outside, as said.
#[derive(Debug, Clone)]
pub struct Expose {
    pub by: Sourced<ExposeBy>,
    pub host: Option<Sourced<String>>,
    pub port: Option<Sourced<u16>>,
    pub class: Option<Sourced<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExposeBy {
    None,
    NodePort,
    Ingress,
}

#[derive(Debug, Clone)]
pub struct Storage {
    pub size: Sourced<Bytes>,
    /// Its own, else the cluster's.
    pub class: Option<Sourced<String>>,
}

#[derive(Debug, Clone, Default)]
pub struct Query {
    pub concurrency: Option<Sourced<u32>>,
    pub samples: Option<Sourced<u64>>,
    pub timeout: Option<Sourced<Duration>>,
}

#[derive(Debug, Clone)]
pub struct AlsoSelect {
    pub labels: BTreeMap<String, String>,
    pub namespaces: Vec<String>,
    pub origin: Origin,
}

/// `job` or `job/class`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobClass {
    pub job: String,
    pub class: Option<String>,
}

/// A job present on a cluster: the catalog's entry of that name with what the spec says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub name: String,
    /// Whether the catalog has an entry; otherwise a custom job.
    pub in_catalog: bool,
    /// Whether the spec names it, in a `jobs` list or a `job` block.
    pub named: bool,
    pub origin: Origin,
    pub interval: Option<Sourced<Duration>>,
    pub timeout: Option<Sourced<Duration>>,
    /// Scraped by the relay too.
    pub critical: Option<Sourced<bool>>,
    /// How often batches of timestamped samples are fetched, which are `interval` apart.
    pub scrape: Option<Sourced<Duration>>,
    /// In the order of their names, without disabled ones; the remainder is not listed. Empty for
    /// a job without classes.
    pub classes: Vec<Class>,
    pub lane: Option<Sourced<String>>,
    pub exporter: ExporterSettings,
    pub discover: Option<Discover>,
    pub path: Option<Sourced<String>>,
    pub scheme: Option<Sourced<String>>,
    pub params: BTreeMap<String, Sourced<String>>,
    pub credentials: Credentials,
    pub honor_labels: Option<Sourced<bool>>,
    pub keep: Vec<Sourced<String>>,
    pub drop: Vec<Sourced<String>>,
    pub series: Option<Sourced<u64>>,
    pub sample_limit: Option<Sourced<u64>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    pub name: String,
    /// The catalog's, or the first line that names it.
    pub origin: Origin,
    pub interval: Option<Sourced<Duration>>,
    pub timeout: Option<Sourced<Duration>>,
    /// As in the job, whose it is otherwise.
    pub scrape: Option<Sourced<Duration>>,
    pub lane: Option<Sourced<String>>,
    /// As said in the spec; else the catalog's.
    pub collectors: Option<Vec<Sourced<String>>>,
    pub metrics: Option<Vec<Sourced<String>>>,
    /// Interval of the slower twin of a class faster than 5 s.
    pub sampled: Sourced<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExporterSettings {
    /// `watershed`, `elsewhere` or a variant of the catalog: the job's own, else the cluster's
    /// default, else by `base`.
    pub managed: Sourced<String>,
    pub image: Option<Sourced<String>>,
    pub namespace: Option<Sourced<String>>,
    pub args: Vec<Sourced<String>>,
    pub node_selector: BTreeMap<String, Sourced<String>>,
    pub requests: Resources,
    pub limits: Resources,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discover {
    pub by: Sourced<DiscoverBy>,
    pub namespaces: Vec<Sourced<String>>,
    pub port: Option<Sourced<String>>,
    pub labels: BTreeMap<String, Sourced<String>>,
    pub addresses: Vec<Sourced<String>>,
    /// Host and port of who is asked about the addresses.
    pub prober: Option<Sourced<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiscoverBy {
    Service,
    Pod,
    Annotations,
    Static,
    Probe,
}

/// Credentials, as references to Secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    pub auth: Option<Auth>,
    pub ca: Option<SecretKey>,
    pub client_cert: Option<ClientCert>,
    pub server_name: Option<Sourced<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    Basic { secret: Sourced<String>, username_key: String, password_key: String },
    Bearer(SecretKey),
}

impl Auth {
    /// The Secret that holds it.
    pub fn secret(&self) -> &Sourced<String> {
        match self {
            Auth::Basic { secret, .. } => secret,
            Auth::Bearer(key) => &key.secret,
        }
    }

    /// The same keys of another Secret.
    pub fn in_secret(&self, other: &Sourced<String>) -> Auth {
        let mut auth = self.clone();
        match &mut auth {
            Auth::Basic { secret, .. } => *secret = other.clone(),
            Auth::Bearer(key) => key.secret = other.clone(),
        }
        auth
    }

    /// Whether both read the same values, wherever in the spec that is said.
    pub fn reads_same(&self, other: &Auth) -> bool {
        self.in_secret(other.secret()) == *other && self.secret().value == other.secret().value
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretKey {
    pub secret: Sourced<String>,
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCert {
    pub secret: Sourced<String>,
    pub cert_key: String,
    pub key_key: String,
}

#[derive(Debug, Clone)]
pub struct Reader {
    pub name: String,
    pub origin: Origin,
    pub kind: ReaderKind,
    pub reads: Vec<Sourced<Readable>>,
    pub namespace: Option<Sourced<String>>,
    pub labels: BTreeMap<String, Sourced<String>>,
    /// `None`: all whose metrics `reads` can answer.
    pub dashboards: Option<Vec<Sourced<String>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderKind {
    Grafana,
    Http,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readable {
    /// A Prometheus of the same cluster.
    Lane(String),
    Store(StoreId),
}

/// How dashboards and data sources reach the Grafana that is there.
#[derive(Debug, Clone)]
pub struct Grafana {
    pub by: Sourced<GrafanaBy>,
    pub namespace: Option<Sourced<String>>,
    pub labels: BTreeMap<String, Sourced<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrafanaBy {
    Sidecar,
    /// Volumes of the Deployment that kube-prometheus makes.
    KubePrometheus,
    /// Custom resources of the Grafana operator.
    Operator,
    Files,
    None,
}

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

#[derive(Debug, Clone)]
pub struct Raw {
    /// Relative to the spec's folder.
    pub file: Sourced<String>,
    pub why: String,
    pub at: Span,
}

#[derive(Debug, Clone)]
pub struct Store {
    pub name: String,
    pub at: Span,
    pub origin: Origin,
    /// A word of the language: `victoriametrics-cluster`.
    pub kind: Sourced<String>,
    /// Where we deploy it; `None`: somebody else runs it.
    pub cluster: Option<Sourced<ClusterId>>,
    pub release: Sourced<String>,
    pub namespace: Sourced<String>,
    pub chart_version: Option<Sourced<Version>>,
    pub app_version: Option<Sourced<Version>>,
    pub retention: Option<Sourced<Duration>>,
    pub replication: Sourced<u32>,
    /// Component → replicas, as said.
    pub replicas: BTreeMap<String, Sourced<u32>>,
    pub storage: Option<Storage>,
    pub requests: BTreeMap<String, Resources>,
    pub limits: BTreeMap<String, Resources>,
    pub tenants: Vec<Tenant>,
    pub accepts_late: Option<Sourced<Duration>>,
    pub ingestion_limit: Option<Sourced<u64>>,
    pub addresses: Vec<Address>,
    pub credentials: Credentials,
    /// Secret with the old credential, accepted beside the new one during a rotation.
    pub previous: Option<Sourced<String>>,
    /// Rule packs evaluated at the store.
    pub rules: Vec<Sourced<String>>,
    /// Whom these tell: its own list, which may be empty, else the fleet's.
    pub alerts: Vec<Sourced<AlertmanagerId>>,
    pub patches: Vec<Patch>,
    pub raws: Vec<Raw>,
}

#[derive(Debug, Clone)]
pub struct Tenant {
    pub name: String,
    pub id: Sourced<u32>,
}

#[derive(Debug, Clone)]
pub struct Address {
    pub name: String,
    pub origin: Origin,
    pub url: Sourced<String>,
    /// `None`: reachable from anywhere.
    pub zones: Option<Vec<Sourced<ZoneId>>>,
    /// Its own, each part falling back to the store's.
    pub credentials: Credentials,
    pub expose: Option<AddressExpose>,
}

/// What makes an address reachable, as said.
#[derive(Debug, Clone)]
pub struct AddressExpose {
    pub by: Sourced<AddressBy>,
    pub class: Option<Sourced<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressBy {
    Elsewhere,
    Ingress,
    NodePort,
    LoadBalancer,
}

#[derive(Debug, Clone)]
pub struct Route {
    pub name: String,
    pub at: Span,
    pub origin: Origin,
    /// Sending clusters, with the selector term that took each.
    pub from: Vec<Sourced<ClusterId>>,
    /// `None`: every Prometheus of the cluster.
    pub lanes: Option<Vec<Sourced<String>>>,
    /// In the order they are written: queues on disk keep it.
    pub lines: Vec<Line>,
    /// `copy` lines: outside the partition.
    pub copies: Vec<Line>,
    pub shared: Option<Vec<Sourced<Destination>>>,
    pub unowned: Option<Vec<Sourced<Destination>>>,
}

impl Route {
    /// `to` lines, then `copy` lines.
    pub fn all_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().chain(&self.copies)
    }

    /// Every destination it names.
    pub fn destinations(&self) -> impl Iterator<Item = &Sourced<Destination>> {
        self.all_lines().flat_map(|l| &l.stores).chain(self.shared.iter().chain(&self.unowned).flatten())
    }
}

/// A `to` or `copy` line.
#[derive(Debug, Clone)]
pub struct Line {
    pub at: Span,
    pub origin: Origin,
    pub stores: Vec<Sourced<Destination>>,
    /// Globs over `job` or `job/class`; empty: no such filter.
    pub jobs: Vec<Sourced<String>>,
    /// Namespace names, or prefixes ending in `*`; empty: no such filter.
    pub namespaces: Vec<Sourced<String>>,
    /// Labels of pods; empty: no such filter.
    pub pod_labels: BTreeMap<String, Sourced<String>>,
    pub via: Option<Sourced<String>>,
    pub survive: Option<Sourced<Duration>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// A store, with the tenant's number (0 where none is named).
    Store(StoreId, u32),
    /// Stays in the cluster's own Prometheus.
    None,
}

#[derive(Debug, Clone)]
pub struct Alertmanager {
    pub name: String,
    pub origin: Origin,
    /// Where we deploy it; `None`: somebody else runs it.
    pub cluster: Option<Sourced<ClusterId>>,
    /// `namespace`, `name` of one that every sending cluster already runs.
    pub service: Option<Sourced<(String, String)>>,
    pub replicas: Sourced<u32>,
    pub storage: Option<Storage>,
    pub addresses: Vec<Address>,
    /// In the order of their names; exactly one has no `matches`.
    pub receivers: Vec<Receiver>,
    pub patches: Vec<Patch>,
    pub raws: Vec<Raw>,
}

/// Who is told, by which service.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub name: String,
    pub origin: Origin,
    /// A word of the language: `webhook`.
    pub kind: Sourced<String>,
    pub secret: Option<Sourced<String>>,
    /// Key of the credential, where it is not the kind's own.
    pub key: Option<String>,
    /// What its kind needs beside the credential: key of the language → value.
    pub settings: BTreeMap<&'static str, Sourced<String>>,
    /// Labels of the alerts it is told of; empty: what no other receiver takes.
    pub matches: BTreeMap<String, Sourced<String>>,
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
