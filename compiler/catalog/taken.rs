//! Names on a cluster that are somebody else's: `templates/taken.yaml`.

use serde::Deserialize;

use crate::object::ObjectId;

/// Everybody whose objects are known by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    pub owners: Vec<Owner>,
}

/// One who brings objects, and what it means to meet them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// As findings name it: `the operator`.
    pub by: String,
    /// The base it comes with; without one it is on every cluster.
    #[serde(default)]
    pub base: Option<String>,
    pub why: String,
    pub help: String,
    pub objects: Vec<Named>,
}

/// Names that objects of some kinds have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    pub kinds: Vec<String>,
    /// Where they stand; empty for the namespace of the base, or for any.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// `*` at the end stands for anything.
    pub names: Vec<String>,
}

impl Owner {
    /// Whether it is on a cluster with that base.
    pub fn is_with(&self, base: &str) -> bool {
        self.base.as_deref().is_none_or(|b| b == base)
    }

    /// Whether the object is its own; `base_namespace` is where the cluster's base is installed.
    pub fn has(&self, id: &ObjectId, base_namespace: &str) -> bool {
        let stands = |named: &Named| match named.namespaces.as_slice() {
            _ if id.namespace.is_empty() => true,
            [] => self.base.is_none() || id.namespace == base_namespace,
            namespaces => namespaces.contains(&id.namespace),
        };
        let is_called = |name: &String| match name.strip_suffix('*') {
            Some(begin) => id.name.starts_with(begin),
            None => id.name == *name,
        };
        self.objects.iter().any(|n| n.kinds.contains(&id.kind) && stands(n) && n.names.iter().any(is_called))
    }
}
