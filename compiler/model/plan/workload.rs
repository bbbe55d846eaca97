//! What of ours holds data.

use crate::model::value::Bytes;

/// Pods of ours that hold data, as rules about their memory and volumes tell them from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// `prometheus/user`, `relay`, `store/central`.
    pub unit: String,
    pub namespace: String,
    /// Regular expression of the names of its pods.
    pub pods: String,
    /// The one of its containers that needs the memory.
    pub container: String,
    /// That container's limit, where one is set.
    pub memory: Option<Bytes>,
    /// Regular expression of the names of its volume claims; `None`: it has none.
    pub claims: Option<String>,
}
