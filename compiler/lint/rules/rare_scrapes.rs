//! A class that is scraped so rarely that Prometheus forgets it between two scrapes.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Sink, Stage};
use crate::model::fleet::Fleet;
use crate::model::plan::ClusterPlan;
use crate::model::value::Duration;

/// A query looks this far back for a sample (`--query.lookback-delta`, five minutes unless it is set); one scrape
/// may fail.
const LONGEST: Duration = Duration::from_secs(150);

const CODE: Code = Code::warning(
    "LNT153",
    Stage::Plan,
    "an interval over half of what a query looks back",
    "Prometheus looks five minutes back for a sample: with one missed scrape the series ends in every graph, and alerts on missing targets fire and resolve by turns.",
    "scrape at least every 2m30s; what changes seldom costs next to nothing, for equal samples compress to a few bits",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Cluster(check) };

fn check(fleet: &Fleet, plan: &ClusterPlan<'_>, _: &Catalog, sink: &mut Sink) {
    let mut seen = Vec::new();
    for monitor in &plan.monitors {
        for interval in monitor.endpoints.iter().map(|e| e.interval).filter(|i| i.value > LONGEST) {
            let at = plan.origins.span(&fleet.origins, interval.origin);
            let at = if at.is_none() { plan.cluster.at } else { at };
            if !seen.contains(&at) {
                seen.push(at);
                let what = format!("`{}` would be scraped every {}", monitor.job, interval.value);
                sink.push(Diagnostic::new(&CODE, at, what).here("longer than 2m30s"));
            }
        }
    }
}
