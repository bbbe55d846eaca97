//! The decisions. `plan/` makes them, `lint/`, `emit/` and `report/` read them; after this nothing
//! chooses any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::fleet::{Auth, Cluster, Credentials, Lane, Query, Reader, Resources, SecretKey, Storage, Toleration};
use super::ids::{AlertmanagerId, ClusterId, RouteId, StoreId};
use super::value::{Bytes, Duration, Version};
use crate::diag::{Origin, Origins, Sourced};
use crate::relabel::Rule;

/// What the fleet level needs to know of one cluster; at most about a kilobyte each.
#[derive(Debug, Clone)]
pub struct Summary {
    pub cluster: ClusterId,
    /// Load sent to each store, by destination.
    pub sends: Vec<Send>,
    /// Series sent to each store, by interval.
    pub intervals: Vec<(StoreId, Duration, u64)>,
    /// Stores that a Prometheus with several replicas writes to.
    pub pairs: Vec<StoreId>,
    pub lanes: Vec<String>,
    /// What dashboards can ask of each store for this cluster; empty where nobody reads any.
    pub answers: Vec<(StoreId, Answers)>,
}

#[derive(Debug, Clone)]
pub struct Send {
    pub route: RouteId,
    pub store: StoreId,
    pub tenant: u32,
    pub series: u64,
    pub samples_per_second: f64,
}

/// What `settle` makes of all summaries.
#[derive(Debug, Clone)]
pub struct FleetPlan {
    /// In the order of the fleet's stores.
    pub stores: Vec<StoreLoad>,
    /// Stores that stand on each cluster, in the order of the fleet's clusters.
    pub stands_on: Vec<Vec<StoreId>>,
    /// The route each cluster's Prometheis are in, in the order of the fleet's clusters:
    /// `(lane, route)`.
    pub routes: Vec<Vec<(String, RouteId)>>,
}

#[derive(Debug, Clone, Default)]
pub struct StoreLoad {
    pub series: u64,
    pub samples_per_second: f64,
    /// Smallest interval of any class written here: the store's deduplication window must not be
    /// longer.
    pub fastest: Option<Duration>,
    /// The interval most of its series have.
    pub usual: Option<Duration>,
    /// Whether an HA pair of Prometheis writes here, so that each sample comes twice.
    pub pairs: bool,
    /// Sending clusters, with the samples per second of each.
    pub senders: Vec<(ClusterId, f64)>,
    /// Of all clusters that send here, without those that send to a tenant.
    pub answers: Answers,
}

/// Everything about one cluster. Pure, repeatable, dropped after use.
#[derive(Debug)]
pub struct ClusterPlan<'f> {
    pub id: ClusterId,
    pub cluster: &'f Cluster,
    /// Continues the fleet's table.
    pub origins: Origins,
    pub lanes: Vec<LanePlan<'f>>,
    pub monitors: Vec<Monitor>,
    /// Services of ours in front of addresses that no selector finds.
    pub addresses: Vec<StaticService>,
    pub exporters: Vec<ExporterPlan>,
    pub relay: Option<RelayPlan>,
    /// Alertmanagers of ours that stand here.
    pub alertmanagers: Vec<AlertmanagerPlan<'f>>,
    /// Services of ours in front of the addresses of Alertmanagers elsewhere.
    pub alert_services: Vec<AlertService>,
    /// Stores that stand here.
    pub stores: Vec<StorePlan>,
    /// What evaluates rules beside stores that stand here.
    pub store_rules: Vec<StoreRulesPlan>,
    pub readers: Vec<ReaderPlan<'f>>,
    pub rules: Vec<RulePlan>,
    pub secrets: Vec<SecretUse>,
    /// What must be set by hand on nodes or the control plane, in words.
    pub checklist: Vec<String>,
    /// Who opens a connection to whom; empty where nobody asked (`network-policies "off"`).
    pub edges: Vec<Edge>,
    /// Whom pods of ours admit, for `network-policies "enforce"`.
    pub policies: Vec<Policy>,
    /// One line for each class: who scrapes it, how often, where it goes. For READMEs.
    pub flows: Vec<Flow>,
    /// Present jobs that nobody takes, and absent ones: name and reason.
    pub not_collected: Vec<(String, String)>,
}

/// One Prometheus custom resource and what stands beside it.
#[derive(Debug)]
pub struct LanePlan<'f> {
    pub lane: &'f Lane,
    pub name: &'f str,
    pub origin: Origin,
    pub version: Sourced<Version>,
    /// Full image reference, mirror applied.
    pub image: Sourced<String>,
    pub retention: Sourced<Duration>,
    /// Always set: 80 % of the volume where the spec is silent.
    pub retention_size: Sourced<Bytes>,
    pub storage: &'f Storage,
    pub replicas: Sourced<u32>,
    pub scrape_interval: Sourced<Duration>,
    pub scrape_timeout: Option<Sourced<Duration>>,
    /// The identity label first.
    pub external_labels: Vec<(String, Sourced<String>)>,
    /// `Some("")` removes the label; `None` keeps the operator's `prometheus_replica`.
    pub replica_label: Option<String>,
    /// The whole list: it is atomic in the API.
    pub remote_write: Vec<RemoteWrite>,
    pub alerting: Vec<AlertTarget>,
    pub query: Query,
    pub requests: Resources,
    pub limits: Resources,
    pub sample_limit: Option<Sourced<u64>>,
    pub access: Access,
    /// Name of the entry of `scrapeClasses` that shows the token of the service account, where a monitor
    /// needs one.
    pub token_class: Option<&'static str>,
    /// `EndpointSlice`, where the operator knows the field (0.76): Endpoints hold 1,000 addresses.
    pub discovery_role: Option<&'static str>,
    /// Name of the governing headless Service of our own, so that several lanes in one namespace do not
    /// share one; `None` where the operator cannot be told yet and makes its own.
    pub governing_service: Option<String>,
    /// Labels of its pods, which exporters' own NetworkPolicies ask for, with the job that needs them.
    pub pod_labels: BTreeMap<String, PodLabel>,
    /// The way to its pages from outside.
    pub exposure: Option<Exposure>,
    /// Under which people open its pages, where that is known.
    pub external_url: Option<Sourced<String>>,
    /// What it owns, as `job` or `job/class`.
    pub owns: Vec<ClassRef>,
}

/// A label that an exporter's NetworkPolicy lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodLabel {
    pub value: String,
    pub job: String,
    pub origin: Origin,
}

/// What a service account that scrapes may read, and nothing beyond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whether it watches in every namespace, or in those of `watches` only.
    pub everywhere: bool,
    /// What it watches to find targets and Alertmanagers, by namespace; what is found in any
    /// namespace stands under the empty name.
    pub watches: BTreeMap<String, Watches>,
    /// Nodes, for metadata of targets.
    pub nodes: bool,
    /// The metrics of kubelets, which authorise every path of theirs as `nodes/metrics`.
    pub node_metrics: bool,
    /// Paths of targets that ask the API server whether its token may read them.
    pub paths: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watches {
    pub services: bool,
    pub endpoints: bool,
    pub endpoint_slices: bool,
    pub pods: bool,
}

impl Watches {
    pub fn and(self, other: Watches) -> Watches {
        Watches {
            services: self.services || other.services,
            endpoints: self.endpoints || other.endpoints,
            endpoint_slices: self.endpoint_slices || other.endpoint_slices,
            pods: self.pods || other.pods,
        }
    }
}

/// A class of a job, or a whole job without classes (`class` = `None`: the job, or its remainder).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClassRef {
    pub job: String,
    pub class: Option<String>,
}

impl fmt::Display for ClassRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.class {
            Some(class) => write!(f, "{}/{class}", self.job),
            None => f.write_str(&self.job),
        }
    }
}

/// What is made for the pages of a Prometheus.
#[derive(Debug, Clone)]
pub enum Exposure {
    /// A port of every node; `host` is a name or address of one.
    NodePort {
        port: Sourced<u16>,
        host: Option<Sourced<String>>,
    },
    Ingress {
        host: Sourced<String>,
        class: Option<Sourced<String>>,
    },
}

/// One entry of `spec.remoteWrite`.
#[derive(Debug, Clone)]
pub struct RemoteWrite {
    /// `relay`, or the destination: `central`, `central-t3`. Unique in the lane.
    pub name: String,
    pub url: Sourced<String>,
    pub credentials: Credentials,
    pub rules: Vec<Rule>,
    pub retry_on_rate_limit: bool,
    pub origin: Origin,
}

/// An Alertmanager to send alerts to: a Service in the same cluster, be it one in front of an
/// address elsewhere.
#[derive(Debug, Clone)]
pub struct AlertTarget {
    pub alertmanager: AlertmanagerId,
    pub namespace: String,
    pub name: String,
    /// Name of its port, `web`.
    pub port: String,
    pub https: bool,
    /// Before the paths of its API, without a slash at the end.
    pub path_prefix: Option<String>,
    pub credentials: Credentials,
    /// Certificates come as files of Secrets mounted into the pods, for the operator does not read
    /// references to them here.
    pub mounted: bool,
    /// The address taken, in words for people; `None` where it is a Service that was there.
    pub address: Option<String>,
    pub origin: Origin,
}

/// An Alertmanager of ours.
#[derive(Debug)]
pub struct AlertmanagerPlan<'f> {
    pub alertmanager: AlertmanagerId,
    pub name: &'f str,
    pub origin: Origin,
    pub version: Sourced<Version>,
    /// Full image reference, mirror applied.
    pub image: Sourced<String>,
    pub replicas: Sourced<u32>,
    pub storage: Option<&'f Storage>,
    pub storage_class: Option<&'f Sourced<String>>,
    pub requests: Resources,
    /// In the order of their names.
    pub receivers: Vec<ReceiverPlan<'f>>,
    /// Name of the receiver that takes what no other does.
    pub rest: &'f str,
    /// Alerts that are equal in these labels are told together.
    pub group_by: Vec<String>,
}

#[derive(Debug)]
pub struct ReceiverPlan<'f> {
    pub name: &'f str,
    /// `webhookConfigs`.
    pub list: &'static str,
    /// Field of the item → value, sorted by path.
    pub fields: BTreeMap<&'static str, ReceiverField>,
    pub matches: &'f BTreeMap<String, Sourced<String>>,
    pub origin: Origin,
}

#[derive(Debug, Clone)]
pub enum ReceiverField {
    Secret(SecretKey),
    Text(Sourced<String>),
    Int(Sourced<i64>),
}

/// A selector-less Service with the address of an Alertmanager elsewhere behind it.
#[derive(Debug, Clone)]
pub struct AlertService {
    pub name: String,
    /// The Alertmanager's name.
    pub alertmanager: String,
    pub host: Host,
    pub port: u16,
    /// An EndpointSlice; Endpoints before the operator asks for slices.
    pub slice: bool,
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    V4(String),
    V6(String),
    /// In EndpointSlices only.
    Name(String),
}

/// One ServiceMonitor, PodMonitor or ScrapeConfig, selected by exactly one lane.
#[derive(Debug, Clone)]
pub struct Monitor {
    pub kind: MonitorKind,
    /// `<job>`, `<job>-<class>`; with `-<lane>` behind it for a copy that another lane scrapes.
    pub name: String,
    pub job: String,
    pub class: Option<String>,
    /// The lane that selects it.
    pub lane: String,
    /// Whether `lane` owns and sends what it scrapes here.
    pub owned: bool,
    /// Labels of the Service, Pod, …
    pub selector: BTreeMap<String, String>,
    /// Where the targets are; never empty for services and pods.
    pub namespaces: Vec<String>,
    /// Every namespace: annotation discovery only.
    pub any_namespace: bool,
    /// Entry of the Prometheus' `scrapeClasses` it is scraped by.
    pub scrape_class: Option<&'static str>,
    /// Label of the Service or Pod whose value becomes `job`.
    pub job_label: Option<String>,
    /// The `job` label that results.
    pub job_value: String,
    pub endpoints: Vec<Endpoint>,
    /// Of a Probe: who is asked, and about what.
    pub probe: Option<ProbePlan>,
    pub attach_node_metadata: bool,
    /// `EndpointSlice` for monitors on a Service of ours, where the operator knows the field.
    pub discovery_role: Option<&'static str>,
    pub sample_limit: Option<Sourced<u64>>,
    pub origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MonitorKind {
    Service,
    Pod,
    /// `kubernetesSDConfigs` of role Pod in a ScrapeConfig.
    Annotations,
    /// `kubernetesSDConfigs` of role Service in a ScrapeConfig: its address is the only target.
    Address,
    /// A Probe: addresses of targets, each asked about by a prober.
    Probe,
}

#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Name of the port of the Service or container, or a number.
    pub port: String,
    /// A number that no container has to declare: a relabeling goes to it, the monitor names none.
    pub undeclared: bool,
    pub path: String,
    pub scheme: String,
    pub interval: Sourced<Duration>,
    pub timeout: Option<Sourced<Duration>>,
    pub params: Vec<(String, Vec<String>)>,
    pub auth: ScrapeAuth,
    pub honor_labels: bool,
    pub honor_timestamps: Option<bool>,
    /// Series with timestamps of their own end with the scrape that no longer has them.
    pub track_staleness: bool,
    /// Values of each series in an answer, `sampled` apart: more than one in timestamped batches.
    pub batch: u32,
    /// How often a value is taken; `interval` is how often they are fetched.
    pub sampled: Sourced<Duration>,
    pub relabelings: Vec<Rule>,
    pub metric_relabelings: Vec<Rule>,
    pub origin: Origin,
}

/// What a Probe asks whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbePlan {
    /// Host and port.
    pub prober: Sourced<String>,
    pub targets: Vec<Sourced<String>>,
}

/// How Prometheus and a target prove themselves to each other: the catalog's way, with each part
/// that the spec names in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScrapeAuth {
    /// Shows the service account token of the Prometheus' pod. Only a ServiceMonitor can refer to it; a
    /// PodMonitor has it from its scrape class.
    pub service_account: bool,
    /// References to Secrets beside the monitor.
    pub credentials: Credentials,
    pub verify: Verify,
}

/// What the certificate of a target is held against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verify {
    /// The CA of the credentials, else those of Prometheus' image.
    #[default]
    Credentials,
    /// The CA of the service account, a file: in a ServiceMonitor only.
    Cluster,
    /// Nothing: kubelets and control-plane components serve certificates nobody signed.
    Nothing,
}

/// A selector-less headless Service with an EndpointSlice of ours.
#[derive(Debug, Clone)]
pub struct StaticService {
    pub name: String,
    pub job: String,
    pub addresses: Vec<String>,
    pub port_name: String,
    pub port: u16,
    /// An EndpointSlice, where the monitor can ask for that role (operator 0.86); Endpoints before.
    pub slice: bool,
    pub origin: Origin,
}

/// The workload of a job that we run. Its objects come from the catalog's template.
#[derive(Debug, Clone)]
pub struct ExporterPlan {
    pub job: String,
    pub namespace: String,
    /// Full image reference, mirror applied.
    pub image: String,
    pub version: Sourced<Version>,
    /// Number of its port.
    pub port: u16,
    /// Collectors switched on beyond the defaults, for jobs whose classes are picked by collector.
    pub parts_on: Vec<String>,
    /// Default collectors switched off.
    pub parts_off: Vec<String>,
    pub shards: u32,
    /// What one answer of it holds, in the catalog's word.
    pub serves: &'static str,
    /// Its pods are in their host's network, where no policy reaches them.
    pub host_network: bool,
    pub args: Vec<Sourced<String>>,
    pub node_selector: BTreeMap<String, Sourced<String>>,
    pub tolerations: Vec<Toleration>,
    pub priority_class: Option<Sourced<String>>,
    pub requests: Resources,
    pub limits: Resources,
    pub origin: Origin,
}

/// A connection that is planned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: Peer,
    pub to: Peer,
    /// Number or name: of the pod's port where it is ours, else of the Service's. `None`: as an
    /// address or an annotation says, or any.
    pub port: Option<String>,
    /// ``scrapes `node-exporter` ``, `writes`.
    pub what: String,
}

/// One end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Pods of a Prometheus of ours.
    Lane(String),
    Relay,
    /// Pods of an exporter that we run, by its job.
    Exporter(String),
    Reader(String),
    /// From wherever somebody reaches what is exposed.
    Anybody,
    ApiServer,
    Service {
        namespace: String,
        name: String,
    },
    /// Pods of somebody else, found by a Service's labels or their own.
    Selected {
        by: &'static str,
        /// Empty: any.
        namespaces: Vec<String>,
        labels: BTreeMap<String, String>,
    },
    /// Pods that ask to be scraped.
    Annotated {
        /// Empty: any.
        namespaces: Vec<String>,
    },
    Addresses(Vec<String>),
    Url(String),
}

/// Pods of ours and whom they admit.
#[derive(Debug, Clone)]
pub struct Policy {
    pub name: String,
    pub namespace: String,
    pub protects: Peer,
    /// `prometheus`, `user`.
    pub unit: (&'static str, String),
    /// Labels of the pods.
    pub pods: BTreeMap<String, String>,
    /// Who, and on which ports; no ports are all of them.
    pub admits: Vec<(Admitted, Vec<u16>)>,
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Admitted {
    Anybody,
    /// Pods of a Prometheus of ours.
    Lane(String),
    /// Without labels, every pod of the namespace.
    Pods {
        namespace: String,
        labels: BTreeMap<String, String>,
    },
}

/// The vmagent between lanes and stores.
#[derive(Debug, Clone)]
pub struct RelayPlan {
    /// `relay`.
    pub name: String,
    pub image: Sourced<String>,
    /// Watches the relabel rules; comes with the operator, in its version.
    pub reloader_image: Sourced<String>,
    pub replicas: Sourced<u32>,
    pub storage_class: Option<Sourced<String>>,
    /// Volume of one replica: all queues and headroom.
    pub storage: Sourced<Bytes>,
    /// In the order of the route's destinations, which queues on disk depend on.
    pub urls: Vec<RelayUrl>,
    pub requests: Resources,
    pub limits: Resources,
    /// Rules for all it sends, before those of a destination.
    pub common: Vec<Rule>,
    /// Critical jobs, which it scrapes besides their Prometheus.
    pub scrapes: Vec<RelayScrape>,
    /// What it may read to scrape them.
    pub access: Access,
    /// Why there is one.
    pub because: Vec<String>,
    pub origin: Origin,
}

/// An endpoint of a monitor as the relay scrapes it.
#[derive(Debug, Clone)]
pub struct RelayScrape {
    pub job: String,
    /// As the operator names it.
    pub job_name: String,
    /// Of `kubernetes_sd_configs`.
    pub role: &'static str,
    /// Empty: any.
    pub namespaces: Vec<String>,
    /// For the API server; empty where the rules select.
    pub selector: String,
    /// `None`: vmagent's own, 10 s or the interval.
    pub timeout: Option<Sourced<Duration>>,
    pub sample_limit: Option<Sourced<u64>>,
    /// All of them, from discovery to the last label.
    pub relabelings: Vec<Rule>,
    /// Port, path, schedule, credentials and metric relabelings; its own relabelings are among those above.
    pub endpoint: Endpoint,
    pub origin: Origin,
}

#[derive(Debug, Clone)]
pub struct RelayUrl {
    /// `central`, `plane-a-t3`.
    pub name: String,
    pub url: Sourced<String>,
    pub credentials: Credentials,
    pub rules: Vec<Rule>,
    /// `-remoteWrite.maxDiskUsagePerURL`, a multiple of 512 MiB.
    pub queue: Sourced<Bytes>,
    /// Outage the queue is sized for.
    pub survive: Sourced<Duration>,
    pub samples_per_second: f64,
    pub store: StoreId,
    pub tenant: u32,
    pub origin: Origin,
}

/// A store that stands on this cluster.
#[derive(Debug, Clone)]
pub struct StorePlan {
    pub store: StoreId,
    pub release: String,
    pub namespace: String,
    pub chart: &'static str,
    /// What the chart's naming rule makes of the release: prefix of every Service.
    pub fullname: String,
    pub chart_version: Version,
    pub app_version: Version,
    pub retention_days: u64,
    pub replication: u32,
    /// Component → replicas.
    pub replicas: BTreeMap<&'static str, u32>,
    /// The deduplication window, 1 ms where only replication asks for one.
    pub dedup: Option<Sourced<Duration>>,
    /// Whether credentials are asked for at its front door (vmauth of the chart).
    pub front_door: bool,
    /// Who may come through the front door; not empty where there is one.
    pub users: Vec<DoorUser>,
    /// How the front door is reached from outside of the cluster.
    pub outside: Outside,
    pub origin: Origin,
}

/// Rules evaluated at a store, by a release of a chart of its own.
#[derive(Debug, Clone)]
pub struct StoreRulesPlan {
    pub store: StoreId,
    pub release: String,
    pub namespace: String,
    pub chart: &'static str,
    pub chart_version: Version,
    pub app_version: Sourced<Version>,
    /// Names of the packs.
    pub packs: Vec<Sourced<String>>,
    /// Base of the queries.
    pub read_url: String,
    /// What the paths of remote write are added to.
    pub write_url: String,
    pub notifiers: Vec<Notifier>,
    /// Identities of the clusters whose series are read.
    pub clusters: Vec<String>,
    pub requests: Resources,
    pub origin: Origin,
}

/// An Alertmanager that the rules of a store tell.
#[derive(Debug, Clone)]
pub struct Notifier {
    pub url: Sourced<String>,
    pub credentials: Credentials,
    pub origin: Origin,
}

/// What is made before a front door.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    pub service: Option<DoorService>,
    pub ingress: Option<DoorIngress>,
}

/// The type of the door's Service, with the port of the address.
#[derive(Debug, Clone, Copy)]
pub enum DoorService {
    NodePort(Sourced<u16>),
    LoadBalancer(Sourced<u16>),
}

impl DoorService {
    /// Whether both are one Service.
    pub fn same(&self, other: &DoorService) -> bool {
        match (self, other) {
            (DoorService::NodePort(a), DoorService::NodePort(b)) => a.value == b.value,
            (DoorService::LoadBalancer(a), DoorService::LoadBalancer(b)) => a.value == b.value,
            _ => false,
        }
    }
}

#[derive(Debug, Clone)]
pub struct DoorIngress {
    pub class: Option<Sourced<String>>,
    pub hosts: Vec<DoorHost>,
}

#[derive(Debug, Clone)]
pub struct DoorHost {
    pub host: Sourced<String>,
    /// Where the certificate is; `None` for plain HTTP.
    pub tls_secret: Option<String>,
}

/// A credential that the front door takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorUser {
    /// Begins the names of the environment variables its values come in: `STORE`, `PREVIOUS`,
    /// `ADDRESS_1`.
    pub variable: String,
    pub auth: Auth,
}

#[derive(Debug, Clone)]
pub struct ReaderPlan<'f> {
    pub reader: &'f Reader,
    pub namespace: String,
    pub sources: Vec<DataSource>,
    pub dashboards: Vec<DashboardPlan>,
}

/// A dashboard as a reader gets it: what its data sources can answer.
#[derive(Debug, Clone)]
pub struct DashboardPlan {
    /// In the catalog.
    pub name: String,
    /// No store is read, so that no series says which cluster it is from.
    pub local: bool,
    /// Slowest of anything shown.
    pub interval: Duration,
    /// Of the entry's, in its order.
    pub variables: Vec<usize>,
    pub panels: Vec<PanelPlan>,
}

#[derive(Debug, Clone)]
pub struct PanelPlan {
    /// Of the entry's.
    pub panel: usize,
    pub x: u32,
    pub y: u32,
    pub targets: Vec<TargetPlan>,
}

#[derive(Debug, Clone)]
pub struct TargetPlan {
    /// `$where` and `$id` are still in it.
    pub expr: String,
    pub legend: String,
    /// Slowest scrape of what it shows.
    pub interval: Duration,
}

/// Metrics that a data source has: place in what the catalog's dashboards ask for, class, and the
/// slowest interval.
pub type Answers = BTreeMap<(u16, Option<String>), Duration>;

/// What a reader reads: a Grafana data source, an endpoint for HTTP clients.
#[derive(Debug, Clone)]
pub struct DataSource {
    /// `user`, `central`.
    pub name: String,
    /// At most 40 characters, a DNS label: `<cluster>-user`, `<store>-t0`.
    pub uid: String,
    pub url: Sourced<String>,
    pub credentials: Credentials,
    /// Most common interval, for hand-written queries.
    pub time_interval: Duration,
    pub is_store: bool,
    pub answers: Answers,
    pub origin: Origin,
}

/// A rule pack in a lane.
#[derive(Debug, Clone)]
pub struct RulePlan {
    pub pack: String,
    pub lane: String,
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretUse {
    pub namespace: String,
    pub name: String,
    pub keys: Vec<String>,
    /// `Prometheus user`, `relay`, `store central`.
    pub used_by: String,
}

#[derive(Debug, Clone)]
pub struct Flow {
    pub class: ClassRef,
    pub lane: String,
    /// How often a value is taken.
    pub interval: Duration,
    /// How often batches of them are fetched, where that is rarer.
    pub fetched: Option<Duration>,
    pub series: u64,
    /// Destinations by question: `central`, or `plane-a (namespaces hero-user-a)`.
    pub goes_to: Vec<String>,
}
