//! The relay: a vmagent that keeps what cannot be sent.

use std::collections::BTreeMap;

use super::{Access, Endpoint};
use crate::diag::{Origin, Sourced};
use crate::model::fleet::{Credentials, Resources};
use crate::model::ids::StoreId;
use crate::model::value::{Bytes, Duration};
use crate::relabel::Rule;

/// The vmagent between lanes and stores.
#[derive(Debug, Clone)]
pub struct RelayPlan {
    /// `relay`.
    pub name: String,
    /// Labels of its Service, by which its own metrics are found.
    pub found_by: BTreeMap<String, String>,
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
    /// `-remoteWrite.queues`: blocks that are sent at a time.
    pub senders: Sourced<u32>,
    /// Outage the queue is sized for.
    pub survive: Sourced<Duration>,
    pub samples_per_second: f64,
    pub store: StoreId,
    pub tenant: u32,
    pub origin: Origin,
}
