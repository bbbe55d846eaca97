//! What the suite proves, a file each, and what they share.

pub mod backends;
pub mod charts;
pub mod dashboards;
pub mod delivered;
pub mod emitted;
pub mod grafana;
pub mod meaning;
pub mod planned;
pub mod rules;
pub mod scraped;
pub mod stores;

use std::path::Path;

use crate::components::Components;
use crate::ground::Outcome;

/// All steps in order.
///
/// # Errors
/// The first that failed.
pub fn run(components: &Components, scratch: &Path, report: &mut dyn FnMut(&str)) -> Outcome<()> {
    if std::env::args().any(|a| a == "delivered") {
        return delivered::judge(components, scratch, report);
    }
    scraped::judge(components, scratch, report)
}
