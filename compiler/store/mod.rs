//! Long-term stores: what each kind can do, where it is written and read, and how it is deployed.
//!
//! One file per kind and its line in [`STORES`]. A kind knows its own URLs and promises; it does not
//! know routes, relays or clusters other than the one it stands on.

pub mod codes;
mod outside;
mod remote_write;
mod victoriametrics_cluster;

use crate::diag::{Origins, Sink};
use crate::model::fleet::{Cluster, Store};
use crate::model::ids::StoreId;
use crate::model::plan::{StoreLoad, StorePlan};

/// Every kind that is compiled, sorted by its word.
pub static STORES: &[&dyn StoreKind] =
    &[&remote_write::RemoteWriteStore, &victoriametrics_cluster::VictoriaMetricsCluster];

/// The kind of this word in a spec.
pub fn kind(word: &str) -> Option<&'static dyn StoreKind> {
    STORES.iter().find(|k| k.word() == word).copied()
}

/// A kind of store.
pub trait StoreKind: Sync {
    /// `kind=` in a spec.
    fn word(&self) -> &'static str;

    fn profile(&self) -> Profile;

    /// The URL that samples of a tenant are written to.
    fn write_url(&self, door: &Door<'_>, tenant: u32) -> String;

    /// Base URL of the Prometheus query API for a tenant; `None` where nobody knows it.
    fn read_url(&self, door: &Door<'_>, tenant: u32) -> Option<String>;

    /// What is deployed; `None` for kinds somebody else runs, and where `sink` got an error.
    fn plan(&self, standing: &Standing<'_>, origins: &mut Origins, sink: &mut Sink) -> Option<StorePlan>;
}

/// A store on its cluster.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    pub id: StoreId,
    pub store: &'a Store,
    pub cluster: &'a Cluster,
    pub load: &'a StoreLoad,
    pub origins: &'a Origins,
}

/// What a kind promises to those who write to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    pub late: Late,
    pub replicas: Replicas,
    pub protocol: Protocol,
    pub paths: Paths,
}

/// Who says below which path of an address samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// The kind adds them: the address is a base URL.
    Added,
    /// The address has it: nothing is added.
    InTheAddress,
}

/// How old a sample may be when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// Any age within the retention.
    WithinRetention,
    /// What the spec says in `accepts-late`.
    AsDeclared,
}

/// What becomes of the samples of two Prometheus replicas that scrape the same targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replicas {
    /// One is kept if their label sets are identical: the replica label has to go.
    MergedIfIdentical,
    /// Nobody knows; with the replica label both are kept.
    Unknown,
}

/// What a relay speaks to it, which decides how much a queued sample takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    VictoriaMetrics,
    Prometheus,
}

/// The way into a store.
#[derive(Debug, Clone, Copy)]
pub enum Door<'a> {
    /// Its Services, from the cluster it stands on.
    Service { store: &'a Store, dns_domain: &'a str },
    /// A base URL of the spec.
    Address(&'a str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_sorted_and_found_by_their_word() {
        let words: Vec<&str> = STORES.iter().map(|k| k.word()).collect();
        assert!(words.is_sorted());
        assert_eq!(kind("remote-write").map(|k| k.profile().late), Some(Late::AsDeclared));
        assert!(kind("mimir").is_none());
    }
}
