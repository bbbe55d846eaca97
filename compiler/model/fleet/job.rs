//! What is to be scraped, and how often.

use std::collections::BTreeMap;

use super::{Credentials, Resources};
use crate::diag::{Origin, Sourced};
use crate::model::value::Duration;

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
    /// Of one target, as said in the spec; else the catalog's share.
    pub series: Option<Sourced<u64>>,
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
