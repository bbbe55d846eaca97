//! `snapshot.json`: what was asked of a cluster and how it was answered.

use serde::{Deserialize, Serialize};

use crate::world::Time;
use crate::world::server::{Failure, FailureKind, Listed, Served};

/// Name of the record, in the folder of a cluster.
pub const RECORD: &str = "snapshot.json";

/// Raised with every change that an older reader would misread.
pub(super) const FORMAT: u64 = 1;

/// When, where and by whom a snapshot was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub fleet: String,
    /// Identity of the cluster.
    pub cluster: String,
    /// Context of the kubeconfig.
    pub context: String,
    pub taken: Time,
    /// Release of Watershed.
    pub compiler: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub format_version: u64,
    pub compiler: String,
    pub fleet: String,
    pub cluster: String,
    pub context: String,
    pub taken_at: String,
    pub server_version: String,
    /// How to read masked values; for people.
    pub masked: String,
    /// API versions that were asked for, also those the server does not serve.
    pub asked: Vec<String>,
    pub kinds: Vec<Kind>,
    pub complete: Vec<List>,
    pub failed: Vec<Failed>,
    /// Of these nothing is kept but their names.
    pub others: Vec<Others>,
    pub files: Vec<File>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kind {
    pub api_version: String,
    pub kind: String,
    pub plural: String,
    pub namespaced: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct List {
    pub api_version: String,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Failed {
    pub api_version: String,
    /// `None`: it was asked which kinds there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// A word of [`WORDS`].
    pub why: String,
    pub message: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Others {
    pub api_version: String,
    pub kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    pub names: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct File {
    pub path: String,
    pub hash: String,
    pub objects: usize,
}

/// Read before all else: what a later format says is not for us to guess.
#[derive(Deserialize)]
pub(super) struct Version {
    pub format_version: u64,
}

impl Kind {
    pub(super) fn of(served: &Served) -> Kind {
        Kind {
            api_version: served.api_version.clone(),
            kind: served.kind.clone(),
            plural: served.plural.clone(),
            namespaced: served.namespaced,
        }
    }

    pub(super) fn served(&self) -> Served {
        Served {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            plural: self.plural.clone(),
            namespaced: self.namespaced,
        }
    }
}

impl List {
    pub(super) fn of(listed: &Listed) -> List {
        List {
            api_version: listed.served.api_version.clone(),
            kind: listed.served.kind.clone(),
            namespace: listed.namespace.clone(),
            labels: listed.labels.clone(),
        }
    }
}

impl Record {
    /// What a list of the record was, if its kind is in the record.
    pub(super) fn listed(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &Option<String>,
        labels: &Option<String>,
    ) -> Option<Listed> {
        let served = self.kinds.iter().find(|k| k.api_version == api_version && k.kind == kind)?.served();
        Some(Listed { served, namespace: namespace.clone(), labels: labels.clone() })
    }
}

/// Failures by the words that records use for them.
const WORDS: [(FailureKind, &str); 14] = [
    (FailureKind::Config, "config"),
    (FailureKind::Plugin, "plugin"),
    (FailureKind::Unauthorized, "unauthorized"),
    (FailureKind::Forbidden, "forbidden"),
    (FailureKind::Missing, "missing"),
    (FailureKind::Conflict, "conflict"),
    (FailureKind::Changed, "changed"),
    (FailureKind::Invalid, "invalid"),
    (FailureKind::Busy, "busy"),
    (FailureKind::Server, "server"),
    (FailureKind::Timeout, "timeout"),
    (FailureKind::Unreachable, "unreachable"),
    (FailureKind::Garbage, "garbage"),
    (FailureKind::NotRecorded, "not-recorded"),
];

pub(super) fn word(kind: FailureKind) -> &'static str {
    WORDS.iter().find(|(k, _)| *k == kind).map_or("server", |(_, word)| word)
}

pub(super) fn failure(word: &str, message: &str) -> Failure {
    let kind = WORDS.iter().find(|(_, w)| *w == word).map_or(FailureKind::Server, |(kind, _)| *kind);
    Failure::new(kind, message)
}
