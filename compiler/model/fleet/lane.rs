//! A Prometheus as it is declared.

use std::collections::BTreeMap;

use super::{JobClass, Resources};
use crate::diag::{Origin, Sourced, Span};
use crate::model::ids::AlertmanagerId;
use crate::model::value::{Bytes, Duration};

/// A Prometheus of a cluster.
#[derive(Debug, Clone)]
pub struct Lane {
    pub name: String,
    pub at: Span,
    pub origin: Origin,
    pub jobs: Vec<Sourced<JobClass>>,
    pub rest: Option<Origin>,
    pub retention: Sourced<Duration>,
    pub retention_size: Option<Sourced<Bytes>>,
    pub storage: Storage,
    pub replicas: Sourced<u32>,
    pub interval: Option<Sourced<Duration>>,
    pub timeout: Option<Sourced<Duration>>,
    pub requests: Resources,
    pub limits: Resources,
    pub query: Query,
    pub also_select: Vec<AlsoSelect>,
    pub also_scrapes: Vec<Sourced<JobClass>>,
    pub sample_limit: Option<Sourced<u64>>,
    pub rules: Vec<Sourced<String>>,
    /// Its own list, which may be empty, else the cluster's.
    pub alerts: Vec<Sourced<AlertmanagerId>>,
    pub expose: Option<Expose>,
}

/// A way to the pages of a Prometheus from outside, as said.
#[derive(Debug, Clone)]
pub struct Expose {
    pub by: Sourced<ExposeBy>,
    pub host: Option<Sourced<String>>,
    pub port: Option<Sourced<u16>>,
    pub class: Option<Sourced<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExposeBy {
    None,
    NodePort,
    Ingress,
}

#[derive(Debug, Clone)]
pub struct Storage {
    pub size: Sourced<Bytes>,
    /// Its own, else the cluster's.
    pub class: Option<Sourced<String>>,
}

#[derive(Debug, Clone, Default)]
pub struct Query {
    pub concurrency: Option<Sourced<u32>>,
    pub samples: Option<Sourced<u64>>,
    pub timeout: Option<Sourced<Duration>>,
}

#[derive(Debug, Clone)]
pub struct AlsoSelect {
    pub labels: BTreeMap<String, String>,
    pub namespaces: Vec<String>,
    pub origin: Origin,
}
