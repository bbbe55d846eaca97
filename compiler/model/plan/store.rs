//! A store that runs in a cluster: its values, its front door, the rules beside it.

use std::collections::BTreeMap;

use super::Workload;
use crate::diag::{Origin, Sourced};
use crate::model::fleet::{Auth, Credentials, Resources};
use crate::model::ids::{AlertmanagerId, StoreId};
use crate::model::value::{Duration, Version};

/// A store that stands on this cluster.
#[derive(Debug, Clone)]
pub struct StorePlan {
    pub store: StoreId,
    pub release: String,
    pub namespace: String,
    pub chart: &'static str,
    /// What the chart's naming rule makes of the release: prefix of every Service.
    pub fullname: String,
    pub chart_version: Version,
    pub app_version: Version,
    pub retention_days: u64,
    pub replication: u32,
    /// Component → replicas.
    pub replicas: BTreeMap<&'static str, u32>,
    /// The deduplication window, 1 ms where only replication asks for one.
    pub dedup: Option<Sourced<Duration>>,
    /// Whether credentials are asked for at its front door (vmauth of the chart).
    pub front_door: bool,
    /// Who may come through the front door; not empty where there is one.
    pub users: Vec<DoorUser>,
    /// The Service, or the Services by path, that its addresses have to lead to, in words.
    pub entrance: String,
    /// How the front door is reached from outside of the cluster.
    pub outside: Outside,
    /// The pods that keep its samples.
    pub keeper: Workload,
    pub origin: Origin,
}

/// Rules evaluated at a store, by a release of a chart of its own.
#[derive(Debug, Clone)]
pub struct StoreRulesPlan {
    pub store: StoreId,
    pub release: String,
    pub namespace: String,
    pub chart: &'static str,
    pub chart_version: Version,
    pub app_version: Sourced<Version>,
    /// Names of the packs.
    pub packs: Vec<Sourced<String>>,
    /// Base of the queries.
    pub read_url: String,
    /// What the paths of remote write are added to.
    pub write_url: String,
    pub notifiers: Vec<Notifier>,
    pub user_names: UserNames,
    /// Identities of the clusters that send here without a tenant: their series are read.
    pub clusters: Vec<String>,
    pub requests: Resources,
    pub origin: Origin,
}

/// How vmalert learns the users of its notifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserNames {
    /// Out of files, as all other credentials.
    File,
    /// Out of its environment, before it knew files for them.
    Environment,
}

/// An Alertmanager that the rules of a store tell.
#[derive(Debug, Clone)]
pub struct Notifier {
    pub alertmanager: AlertmanagerId,
    pub url: Sourced<String>,
    /// Over one of its addresses, not by its Service.
    pub by_address: bool,
    pub credentials: Credentials,
    pub origin: Origin,
}

/// What is made before a front door.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    pub service: Option<DoorService>,
    pub ingress: Option<DoorIngress>,
}

/// The type of the door's Service, with the port of the address.
#[derive(Debug, Clone, Copy)]
pub enum DoorService {
    NodePort(Sourced<u16>),
    LoadBalancer(Sourced<u16>),
}

impl DoorService {
    /// Whether both are one Service.
    pub fn same(&self, other: &DoorService) -> bool {
        match (self, other) {
            (DoorService::NodePort(a), DoorService::NodePort(b)) => a.value == b.value,
            (DoorService::LoadBalancer(a), DoorService::LoadBalancer(b)) => a.value == b.value,
            _ => false,
        }
    }
}

#[derive(Debug, Clone)]
pub struct DoorIngress {
    pub class: Option<Sourced<String>>,
    pub hosts: Vec<DoorHost>,
}

#[derive(Debug, Clone)]
pub struct DoorHost {
    pub host: Sourced<String>,
    /// Where the certificate is; `None` for plain HTTP.
    pub tls_secret: Option<String>,
}

/// A credential that the front door takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorUser {
    /// Begins the names of the environment variables its values come in: `STORE`, `PREVIOUS`,
    /// `ADDRESS_1`.
    pub variable: String,
    pub auth: Auth,
}
