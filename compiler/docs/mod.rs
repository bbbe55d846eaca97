//! The pages generated into an output tree: one for each cluster, one for the fleet.
//!
//! They are read in pull requests, so that nothing in them changes unless what they describe does.

mod alerts;
mod by_hand;
mod cluster;
mod connections;
mod failures;
mod fleet;
mod markdown;
mod pods;
mod routing;
mod secrets;
mod written;

pub use cluster::{GRAFANA_PATCH, cluster};
pub use fleet::{facts, fleet, ways};
pub use pods::Pods;
pub use routing::routing;
pub use secrets::secrets;
