//! What the suite proves, a file each, and what they share.

pub mod backends;
pub mod charts;
pub mod dashboards;
pub mod emitted;
pub mod grafana;
pub mod planned;
pub mod rules;
pub mod scraped;

use std::path::Path;

use crate::components::Components;
use crate::ground::Outcome;

/// All steps in order.
///
/// # Errors
/// The first that failed.
pub fn run(components: &Components, scratch: &Path, report: &mut dyn FnMut(&str)) -> Outcome<()> {
    scraped::judge(components, scratch, report)
}
