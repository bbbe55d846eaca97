//! What an object is called, and where its file stands.

use std::fmt;

/// Identity of an object within a cluster. The version of the API is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// `v1`, `apps/v1`, `monitoring.coreos.com/v1`.
    pub api_version: String,
    pub kind: String,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    pub name: String,
}

impl ObjectId {
    /// The API group: empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl fmt::Display for ObjectId {
    /// `Prometheus/monitoring/user`, as people name objects.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}/{}", self.kind, self.name)
        } else {
            write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// Dependency stages of a cluster's tree: it is safe to stop after each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Prereq,
    Stores,
    Prometheus,
    Exporters,
    Monitors,
    Rules,
    Grafana,
    /// A Helm values file, `helm/<release>.values.yaml`; no Kubernetes object.
    Helm,
}

impl Place {
    pub const ALL: [Place; 8] = [
        Place::Prereq,
        Place::Stores,
        Place::Prometheus,
        Place::Exporters,
        Place::Monitors,
        Place::Rules,
        Place::Grafana,
        Place::Helm,
    ];

    pub fn folder(self) -> &'static str {
        match self {
            Place::Prereq => "00-prereq",
            Place::Stores => "10-stores",
            Place::Prometheus => "20-prometheus",
            Place::Exporters => "30-exporters",
            Place::Monitors => "40-monitors",
            Place::Rules => "50-rules",
            Place::Grafana => "60-grafana",
            Place::Helm => "helm",
        }
    }
}
