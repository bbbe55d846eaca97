//! Who writes what to where.

use std::collections::BTreeMap;

use crate::diag::{Origin, Sourced, Span};
use crate::model::ids::{ClusterId, StoreId};
use crate::model::value::Duration;

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
