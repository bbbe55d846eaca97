//! The exporters we run.

use std::collections::BTreeMap;

use crate::diag::{Origin, Sourced};
use crate::model::fleet::{Resources, Toleration};
use crate::model::value::Version;

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
