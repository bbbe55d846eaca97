//! Where series go, in the clusters of a compiled spec.

use std::collections::BTreeSet;

use super::Compiled;
use super::build::choose;
use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Origins, Sink, Span};
use crate::model::fleet::Fleet;
use crate::model::trace::Trace;
use crate::plan::{self, Question, Wanted};
use crate::relabel::Condition;

/// The ways of what was asked for through one cluster.
pub struct ClusterTrace {
    pub cluster: String,
    pub trace: Trace,
    /// Causes of what stands in it, together with the fleet's.
    pub origins: Origins,
    /// Patches or raw objects are in this cluster, which no way knows of.
    pub by_hand: bool,
}

const NAME: &str = "__name__";

/// The traces of the clusters named (none named: those whose identity the selector asks for, else all).
///
/// # Errors
/// No such cluster, or nothing that is collected in any of them fits.
pub fn trace(
    compiled: &Compiled,
    question: &Question,
    clusters: &[String],
) -> Result<Vec<ClusterTrace>, Vec<Diagnostic>> {
    let (Some(fleet), Some(fleet_plan)) = (&compiled.fleet, &compiled.fleet_plan) else { return Ok(Vec::new()) };
    let mut names = clusters.to_vec();
    if let (true, Wanted::Series(selector)) = (names.is_empty(), &question.wanted) {
        let equal = selector.equalities().unwrap_or_default();
        names.extend(equal.iter().filter(|(l, _)| *l == fleet.identity.value).map(|(_, value)| (*value).to_owned()));
    }
    let mut all = Vec::new();
    for id in choose(fleet, &names)? {
        let plan = plan::plan(fleet, &compiled.catalog, fleet_plan, id, &mut Sink::default());
        let trace = plan::trace(fleet, &compiled.catalog, &plan, question);
        let by_hand = plan.is_changed_by_hand(fleet);
        all.push(ClusterTrace { cluster: plan.cluster.name.clone(), trace, origins: plan.origins, by_hand });
    }
    let nothing = |t: &Trace| t.ways.is_empty() && t.not_from.is_empty() && t.not_collected.is_empty();
    if all.iter().all(|c| nothing(&c.trace)) {
        return Err(vec![unknown(fleet, &compiled.catalog, question)]);
    }
    Ok(all)
}

/// A name that somebody may have meant who wrote one that is in no table, where only jobs without a
/// table may have it.
pub fn may_be_misspelt(compiled: &Compiled, question: &Question, traces: &[ClusterTrace]) -> Option<String> {
    let Wanted::Series(selector) = &question.wanted else { return None };
    let name = name_of(selector)?;
    let certain = |t: &ClusterTrace| t.trace.ways.iter().any(|w| w.scrape.as_ref().is_none_or(|s| s.certain));
    let asked = compiled.catalog.who_has(&name);
    if asked.of_every_scrape || !asked.jobs.is_empty() || traces.iter().any(certain) {
        return None;
    }
    let names = listed(&compiled.catalog);
    crate::diag::nearest(&name, names.iter().map(String::as_str)).map(str::to_owned)
}

fn name_of(selector: &Condition) -> Option<String> {
    let equal = selector.equalities()?;
    equal.into_iter().find(|(label, _)| *label == NAME).map(|(_, name)| name.to_owned())
}

/// The name of every series in a table.
fn listed(catalog: &Catalog) -> BTreeSet<String> {
    let tables: Vec<_> = catalog.jobs().filter_map(|j| catalog.metrics(&j.name)).collect();
    tables.iter().flat_map(|t| t.metrics()).flat_map(|m| m.names().collect::<Vec<_>>()).collect()
}

fn unknown(fleet: &Fleet, catalog: &Catalog, question: &Question) -> Diagnostic {
    match &question.wanted {
        Wanted::Job { job, class } => {
            let what = match class {
                Some(class) => format!("no cluster asked for collects the class `{class}` of a job `{job}`"),
                None => format!("no cluster asked for collects a job `{job}`"),
            };
            let known: BTreeSet<&str> = fleet.clusters.iter().flat_map(|c| &c.jobs).map(|j| j.name.as_str()).collect();
            Diagnostic::new(&super::codes::NO_SERIES, Span::NONE, what).did_you_mean(job, known)
        }
        Wanted::Series(selector) => {
            let name = name_of(selector).unwrap_or_default();
            let has = catalog.who_has(&name);
            let jobs: Vec<&str> = has.jobs.iter().map(|h| h.job.as_str()).collect();
            let found = match jobs.is_empty() {
                true => format!("no job here, and no table of the catalog, has a series `{name}`"),
                false => format!("`{name}` comes from {}, which no cluster asked for collects", jobs.join(" and ")),
            };
            let found = Diagnostic::new(&super::codes::NO_SERIES, Span::NONE, found);
            if !jobs.is_empty() {
                return found;
            }
            found.did_you_mean(&name, listed(catalog).iter().map(String::as_str))
        }
    }
}
