//! Who reads, and how it gets its data sources.

use std::collections::BTreeMap;

use crate::diag::{Origin, Sourced};
use crate::model::ids::StoreId;

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
