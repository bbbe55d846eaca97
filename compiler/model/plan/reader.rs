//! Who reads: data sources and dashboards.

use std::collections::BTreeMap;

use crate::diag::{Origin, Sourced};
use crate::model::fleet::{Credentials, Reader};
use crate::model::value::Duration;

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
