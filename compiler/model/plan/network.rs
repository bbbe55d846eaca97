//! Who talks to whom, and which policies let them.

use std::collections::BTreeMap;

use crate::diag::Origin;

/// A connection that is planned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: Peer,
    pub to: Peer,
    /// Number or name: of the pod's port where it is ours, else of the Service's. `None`: as an
    /// address or an annotation says, or any.
    pub port: Option<String>,
    /// ``scrapes `node-exporter` ``, `writes`.
    pub what: String,
}

/// One end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Pods of a Prometheus of ours.
    Lane(String),
    Relay,
    /// Pods of an exporter that we run, by its job.
    Exporter(String),
    Reader(String),
    /// Pods of an Alertmanager of ours.
    Alertmanager(String),
    /// The pod that evaluates the rules of a store, by the store's name.
    StoreRules(String),
    /// Whoever an Alertmanager of ours tells, by the receiver's name.
    Receiver {
        alertmanager: String,
        name: String,
    },
    /// From wherever somebody reaches what is exposed.
    Anybody,
    ApiServer,
    Service {
        namespace: String,
        name: String,
    },
    /// Pods of somebody else, found by a Service's labels or their own.
    Selected {
        by: &'static str,
        /// Empty: any.
        namespaces: Vec<String>,
        labels: BTreeMap<String, String>,
    },
    /// Pods that ask to be scraped.
    Annotated {
        /// Empty: any.
        namespaces: Vec<String>,
    },
    Addresses(Vec<String>),
    Url(String),
}

/// Pods of ours and whom they admit.
#[derive(Debug, Clone)]
pub struct Policy {
    pub name: String,
    pub namespace: String,
    pub protects: Peer,
    /// `prometheus`, `user`.
    pub unit: (&'static str, String),
    /// Labels of the pods.
    pub pods: BTreeMap<String, String>,
    /// Who, and on which ports; no ports are all of them.
    pub admits: Vec<(Admitted, Vec<u16>)>,
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Admitted {
    Anybody,
    /// Pods of a Prometheus of ours.
    Lane(String),
    /// Without labels, every pod of the namespace.
    Pods {
        namespace: String,
        labels: BTreeMap<String, String>,
    },
}
