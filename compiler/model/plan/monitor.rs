//! What is scraped: monitors, their endpoints, and Services made for what has none.

use std::collections::BTreeMap;

use crate::diag::{Origin, Sourced};
use crate::model::fleet::Credentials;
use crate::model::value::Duration;
use crate::relabel::Rule;

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
    /// One target on each node, which the label `node` names.
    pub per_node: bool,
    /// Targets ask for it themselves: none at all is no fault.
    pub may_be_none: bool,
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
    /// What the catalog calls it; empty: the job is not of the catalog.
    pub name: String,
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
    /// By family and port; the first has the Service's name.
    pub groups: Vec<AddressGroup>,
    pub port_name: String,
    /// That of the first group.
    pub port: u16,
    /// An EndpointSlice, where the monitor can ask for that role (operator 0.86); Endpoints before.
    pub slice: bool,
    pub origin: Origin,
}

/// Addresses of one family on one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressGroup {
    /// Of the slice.
    pub name: String,
    pub ipv6: bool,
    pub port: u16,
    pub addresses: Vec<String>,
}

impl StaticService {
    /// Every target as `address:port`.
    pub fn targets(&self) -> Vec<String> {
        let of = |g: &AddressGroup, address: &str| match g.ipv6 {
            true => format!("[{address}]:{}", g.port),
            false => format!("{address}:{}", g.port),
        };
        self.groups.iter().flat_map(|g| g.addresses.iter().map(move |a| of(g, a))).collect()
    }
}
