//! Who is told: the Alertmanagers of Prometheis, and those that are ours.

use std::collections::BTreeMap;

use crate::diag::{Origin, Sourced};
use crate::model::fleet::{Credentials, Resources, SecretKey, Storage};
use crate::model::ids::AlertmanagerId;
use crate::model::value::Version;

/// An Alertmanager to send alerts to: a Service in the same cluster, be it one in front of an
/// address elsewhere.
#[derive(Debug, Clone)]
pub struct AlertTarget {
    pub alertmanager: AlertmanagerId,
    pub namespace: String,
    pub name: String,
    /// Name of its port, `web`.
    pub port: String,
    pub https: bool,
    /// Before the paths of its API, without a slash at the end.
    pub path_prefix: Option<String>,
    pub credentials: Credentials,
    /// Certificates come as files of Secrets mounted into the pods, for the operator does not read
    /// references to them here.
    pub mounted: bool,
    /// The address taken, in words for people; `None` where it is a Service that was there.
    pub address: Option<String>,
    pub origin: Origin,
}

/// An Alertmanager of ours.
#[derive(Debug)]
pub struct AlertmanagerPlan<'f> {
    pub alertmanager: AlertmanagerId,
    pub name: &'f str,
    pub origin: Origin,
    pub version: Sourced<Version>,
    /// Full image reference, mirror applied.
    pub image: Sourced<String>,
    pub replicas: Sourced<u32>,
    pub storage: Option<&'f Storage>,
    pub storage_class: Option<&'f Sourced<String>>,
    pub requests: Resources,
    /// In the order of their names.
    pub receivers: Vec<ReceiverPlan<'f>>,
    /// Name of the receiver that takes what no other does.
    pub rest: &'f str,
    /// Name of the receiver that tells nobody: it takes alerts of severity `none`.
    pub nobody: String,
    /// Alerts that are equal in these labels are told together.
    pub group_by: Vec<String>,
    /// A graver alert silences a milder one that is equal in these labels.
    pub inhibits: Vec<String>,
}

#[derive(Debug)]
pub struct ReceiverPlan<'f> {
    pub name: &'f str,
    /// `webhookConfigs`.
    pub list: &'static str,
    /// Field of the item → value, sorted by path.
    pub fields: BTreeMap<&'static str, ReceiverField>,
    pub matches: &'f BTreeMap<String, Sourced<String>>,
    /// Whether it names alerts by `alertname` or `severity`: it gets those of severity `none` too.
    pub names_alerts: bool,
    pub origin: Origin,
}

#[derive(Debug, Clone)]
pub enum ReceiverField {
    Secret(SecretKey),
    Text(Sourced<String>),
    Int(Sourced<i64>),
}

/// A selector-less Service with the address of an Alertmanager elsewhere behind it.
#[derive(Debug, Clone)]
pub struct AlertService {
    pub name: String,
    /// The Alertmanager's name.
    pub alertmanager: String,
    pub host: Host,
    pub port: u16,
    /// An EndpointSlice; Endpoints before the operator asks for slices.
    pub slice: bool,
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    V4(String),
    V6(String),
    /// In EndpointSlices only.
    Name(String),
}
