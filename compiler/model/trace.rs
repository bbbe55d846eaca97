//! The way of a series: from the target it is measured at to the stores it reaches.

use super::ids::StoreId;
use super::plan::ClassRef;
use super::value::{Bytes, Duration};
use crate::diag::{Origin, Sourced};
use crate::relabel::{Change, Labels, Rule};

/// What is known of the series somebody asked for, in one cluster.
#[derive(Debug, Clone)]
pub struct Trace {
    /// One for each endpoint it comes from, and each namespace that is answered differently.
    pub ways: Vec<Way>,
    /// Where it might be looked for and is not, with why.
    pub not_from: Vec<(ClassRef, String)>,
    /// Jobs that have it and that nobody collects here, with why.
    pub not_collected: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct Way {
    /// `None`: no target has it, a rule of the Prometheus makes it.
    pub scrape: Option<Scrape>,
    pub lane: String,
    /// Of the Prometheus, `15d`.
    pub retention: Sourced<Duration>,
    /// The label `namespace` tells whose pod it is about, and nothing else.
    pub workload: Option<String>,
    /// Further namespaces that the route sends to the same destinations for the same reason, as its lines name
    /// them; what the rules do is shown of the first.
    pub alike: Vec<String>,
    /// As the Prometheus stores it.
    pub stored: Labels,
    /// The rule that drops it before it is stored.
    pub dropped: Option<Applied>,
    /// Rules that changed its labels between the page and the store of the Prometheus.
    pub changed: Vec<Applied>,
    /// What settles where it goes; `None`: the Prometheus is in no route.
    pub answer: Option<Answer>,
    pub ends: Vec<End>,
}

#[derive(Debug, Clone)]
pub struct Scrape {
    pub class: ClassRef,
    /// Whether a metric table says that it is there; a job without a table may expose anything.
    pub certain: bool,
    /// This Prometheus sends it; another one may scrape it too, for local use.
    pub owned: bool,
    /// The relay asks the target too, for the job is critical: what it sends of it, as all destinations are offered it.
    pub by_relay: Option<Labels>,
    /// `ServiceMonitor monitoring/cadvisor`.
    pub monitor: String,
    pub port: String,
    pub path: String,
    /// How often Prometheus asks.
    pub interval: Sourced<Duration>,
    /// How often a value is taken, where an answer holds several.
    pub sampled: Option<Duration>,
    pub honor_labels: bool,
    /// On the page, name included; empty where whole jobs are asked for.
    pub exposed: Labels,
    pub target: Labels,
    pub origin: Origin,
}

/// A question of the route, and the line that answers it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub route: String,
    pub because: String,
    pub origin: Origin,
}

/// A rule that did something.
#[derive(Debug, Clone)]
pub struct Applied {
    /// From 1 on, of `of`.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// `remoteWrite relay`, `relay, for plane-a`.
    pub stage: String,
    pub rule: Rule,
    pub changes: Vec<Change>,
}

/// A destination that somebody has named.
#[derive(Debug, Clone)]
pub struct Whither {
    /// As it was written.
    pub name: String,
    pub store: StoreId,
    /// `None`: the store with all its tenants.
    pub tenant: Option<u32>,
}

impl Whither {
    pub fn is(&self, end: &End) -> bool {
        self.store == end.store && self.tenant.is_none_or(|t| t == end.tenant)
    }
}

/// One destination of the cluster, reached or not.
#[derive(Debug, Clone)]
pub struct End {
    /// `central`, `central-t3`.
    pub name: String,
    pub store: StoreId,
    pub tenant: u32,
    /// As it arrives; `None`: it does not.
    pub arrives: Option<Labels>,
    pub changed: Vec<Applied>,
    /// The rule that keeps it away.
    pub dropped: Option<Applied>,
    /// The rule that settles whether it is the destination's: the last that gave it or took it back. `None`: none did.
    pub settled: Option<Applied>,
    /// The line that gives it to the destination, where the route does.
    pub line: Option<Origin>,
    /// Whether the relay keeps it while the store is away.
    pub relayed: bool,
    /// What the relay scraped itself, beside what the Prometheus sends.
    pub scraped_by_relay: bool,
    pub survive: Option<Duration>,
    pub queue: Option<Bytes>,
    /// As long as the store keeps it; `None`: as its owner says.
    pub retention: Option<Duration>,
    pub url: String,
    pub origin: Origin,
}
