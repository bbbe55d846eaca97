//! What the suite proves, a file each, and what they share.

pub mod backends;
pub mod charts;
pub mod dashboards;
pub mod emitted;
pub mod grafana;
pub mod planned;
pub mod rules;
