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
    let asked = |name: &str| std::env::args().any(|a| a == name);
    if asked("rules") {
        let programs = rules::Programs {
            promtool_2: &components.prometheus_2.promtool,
            promtool_3: &components.prometheus_3.promtool,
        };
        report(&rules::judge(&programs, scratch)?);
        return Ok(());
    }
    if asked("charts") {
        report(&charts::judge(&components.helm, scratch)?);
        return Ok(());
    }
    if asked("dashboards") {
        // Loopback has to be up.
        let _network = crate::ground::network::Network::up("ip".into())?;
        let programs = backends::Programs {
            prometheus_2: &components.prometheus_2.prometheus,
            prometheus_3: &components.prometheus_3.prometheus,
            victoria_metrics: &components.victoria_metrics,
        };
        report(&dashboards::judge(&programs, scratch)?);
        return Ok(());
    }
    if asked("delivered") {
        return delivered::judge(components, scratch, report);
    }
    scraped::judge(components, scratch, report)
}
