//! A long-term store, and the addresses it is reached at.

use std::collections::BTreeMap;

use super::{Credentials, Patch, Raw, Resources, Storage};
use crate::diag::{Origin, Sourced, Span};
use crate::model::ids::{AlertmanagerId, ClusterId, ZoneId};
use crate::model::value::{Duration, Version};

#[derive(Debug, Clone)]
pub struct Store {
    pub name: String,
    pub at: Span,
    pub origin: Origin,
    /// A word of the language: `victoriametrics-cluster`.
    pub kind: Sourced<String>,
    /// Where we deploy it; `None`: somebody else runs it.
    pub cluster: Option<Sourced<ClusterId>>,
    pub release: Sourced<String>,
    pub namespace: Sourced<String>,
    pub chart_version: Option<Sourced<Version>>,
    pub app_version: Option<Sourced<Version>>,
    pub retention: Option<Sourced<Duration>>,
    pub replication: Sourced<u32>,
    /// Component → replicas, as said.
    pub replicas: BTreeMap<String, Sourced<u32>>,
    pub storage: Option<Storage>,
    pub requests: BTreeMap<String, Resources>,
    pub limits: BTreeMap<String, Resources>,
    pub tenants: Vec<Tenant>,
    pub accepts_late: Option<Sourced<Duration>>,
    pub ingestion_limit: Option<Sourced<u64>>,
    pub addresses: Vec<Address>,
    pub credentials: Credentials,
    /// Secret with the old credential, accepted beside the new one during a rotation.
    pub previous: Option<Sourced<String>>,
    /// Rule packs evaluated at the store.
    pub rules: Vec<Sourced<String>>,
    /// Whom these tell: its own list, which may be empty, else the fleet's.
    pub alerts: Vec<Sourced<AlertmanagerId>>,
    pub patches: Vec<Patch>,
    pub raws: Vec<Raw>,
}

#[derive(Debug, Clone)]
pub struct Tenant {
    pub name: String,
    pub id: Sourced<u32>,
}

#[derive(Debug, Clone)]
pub struct Address {
    pub name: String,
    pub origin: Origin,
    pub url: Sourced<String>,
    /// `None`: reachable from anywhere.
    pub zones: Option<Vec<Sourced<ZoneId>>>,
    /// Its own, each part falling back to the store's.
    pub credentials: Credentials,
    pub expose: Option<AddressExpose>,
}

/// What makes an address reachable, as said.
#[derive(Debug, Clone)]
pub struct AddressExpose {
    pub by: Sourced<AddressBy>,
    pub class: Option<Sourced<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressBy {
    Elsewhere,
    Ingress,
    NodePort,
    LoadBalancer,
}
