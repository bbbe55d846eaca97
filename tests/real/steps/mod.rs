//! What the suite proves, a file each, and what they share.

pub mod accepted;
pub mod alerted;
pub mod alertmanagers;
pub mod asked;
pub mod backends;
pub mod base;
pub mod beside;
pub mod charts;
pub mod compared;
pub mod control_plane;
pub mod dashboards;
pub mod delivered;
pub mod emitted;
pub mod grafana;
pub mod meaning;
pub mod outage;
pub mod planned;
pub mod recorded;
pub mod relabelled;
pub mod rules;
pub mod running;
pub mod scraped;
pub mod stages;
pub mod stores;
pub mod traced;
pub mod understood;
