//! A Prometheus: what it selects, keeps and writes, and who may see it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::AlertTarget;
use crate::diag::{Origin, Sourced};
use crate::model::fleet::{Credentials, Lane, Query, Resources, Storage};
use crate::model::value::{Bytes, Duration, Version};
use crate::relabel::Rule;

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
    /// What it records of fast classes.
    pub peaks: Vec<PeaksPlan>,
}

/// Peaks of a fast class: the largest rate of some of its counters in each interval of its twin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeaksPlan {
    pub job: String,
    /// Values of the label `job`.
    pub values: Vec<String>,
    /// The fast class, and its twin, whose label what is recorded has.
    pub class: String,
    pub twin: String,
    pub interval: Sourced<Duration>,
    pub every: Sourced<Duration>,
    /// Name of what is recorded, and the counter it is made of.
    pub records: Vec<(String, String)>,
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

/// A rule pack in a lane.
#[derive(Debug, Clone)]
pub struct RulePlan {
    pub pack: String,
    pub lane: String,
    /// Of what the pack's rules read, what the lane scrapes, sorted.
    pub has: Vec<String>,
    pub origin: Origin,
}
