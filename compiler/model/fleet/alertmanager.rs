//! Who is told of alerts.

use std::collections::BTreeMap;

use super::{Address, Patch, Raw, Storage};
use crate::diag::{Origin, Sourced};
use crate::model::ids::ClusterId;

#[derive(Debug, Clone)]
pub struct Alertmanager {
    pub name: String,
    pub origin: Origin,
    /// Where we deploy it; `None`: somebody else runs it.
    pub cluster: Option<Sourced<ClusterId>>,
    /// `namespace`, `name` of one that every sending cluster already runs.
    pub service: Option<Sourced<(String, String)>>,
    pub replicas: Sourced<u32>,
    pub storage: Option<Storage>,
    pub addresses: Vec<Address>,
    /// In the order of their names; exactly one has no `matches`.
    pub receivers: Vec<Receiver>,
    pub patches: Vec<Patch>,
    pub raws: Vec<Raw>,
}

/// Who is told, by which service.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub name: String,
    pub origin: Origin,
    /// A word of the language: `webhook`.
    pub kind: Sourced<String>,
    pub secret: Option<Sourced<String>>,
    /// Key of the credential, where it is not the kind's own.
    pub key: Option<String>,
    /// What its kind needs beside the credential: key of the language → value.
    pub settings: BTreeMap<&'static str, Sourced<String>>,
    /// Labels of the alerts it is told of; empty: what no other receiver takes.
    pub matches: BTreeMap<String, Sourced<String>>,
}
