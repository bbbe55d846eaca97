//! Where series go, in the clusters of a compiled spec.

use std::collections::BTreeSet;

use super::Compiled;
use super::build::choose;
use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Origins, Sink, Span};
use crate::model::fleet::Fleet;
use crate::model::trace::Trace;
use crate::model::value::NamespacePattern;
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
    let identity = match &question.wanted {
        Wanted::Series(selector) => {
            let equal = selector.equalities().unwrap_or_default();
            equal.into_iter().find(|(label, _)| *label == fleet.identity.value).map(|(_, value)| value)
        }
        Wanted::Job { .. } => None,
    };
    let names = match identity {
        Some(identity) if clusters.is_empty() => vec![identity.to_owned()],
        _ => clusters.to_vec(),
    };
    let mut ids = choose(fleet, &names)?;
    if let Some(identity) = identity {
        ids.retain(|id| fleet.cluster(*id).is(identity));
        if ids.is_empty() {
            return Err(vec![of_another(fleet, identity, &names)]);
        }
    }
    let mut all = Vec::new();
    let mut classes = BTreeSet::new();
    for id in ids {
        let plan = plan::plan(fleet, &compiled.catalog, fleet_plan, id, &mut Sink::default());
        classes.extend(plan.monitors.iter().map(|m| (m.job.clone(), m.class.clone())));
        let trace = plan::trace(fleet, &compiled.catalog, &plan, question);
        let by_hand = plan.is_changed_by_hand(fleet);
        all.push(ClusterTrace { cluster: plan.cluster.name.clone(), trace, origins: plan.origins, by_hand });
    }
    let nothing = |t: &Trace| t.ways.is_empty() && t.not_from.is_empty() && t.not_collected.is_empty();
    if all.iter().all(|c| nothing(&c.trace)) {
        return Err(vec![unknown(fleet, &compiled.catalog, question, &classes)]);
    }
    Ok(all)
}

/// The series carry the identity of another cluster than those they are to be traced through.
fn of_another(fleet: &Fleet, identity: &str, asked: &[String]) -> Diagnostic {
    let label = &fleet.identity.value;
    let what = format!(
        "`{label}={identity:?}` asks for series of another cluster than {}",
        asked.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")
    );
    let found = Diagnostic::new(&super::codes::NO_SERIES, Span::NONE, what);
    match fleet.clusters.iter().any(|c| c.is(identity)) {
        true => found.help(format!("take `{label}` out of the selector, or ask with `--cluster {identity}`")),
        false => found.did_you_mean(identity, fleet.clusters.iter().map(|c| c.id.value.as_str())),
    }
}

/// Told where somebody wrote a name that is in no table and that only jobs without a table may have: what may have
/// been meant.
pub fn may_be_misspelt(compiled: &Compiled, question: &Question, traces: &[ClusterTrace]) -> Option<Near> {
    let Wanted::Series(selector) = &question.wanted else { return None };
    let name = name_of(selector)?;
    let certain = |t: &ClusterTrace| t.trace.ways.iter().any(|w| w.scrape.as_ref().is_none_or(|s| s.certain));
    let asked = compiled.catalog.who_has(&name);
    if asked.of_every_scrape || !asked.jobs.is_empty() || traces.iter().any(certain) {
        return None;
    }
    let names = listed(&compiled.catalog);
    let jobs: BTreeSet<&str> = compiled.fleet.iter().flat_map(jobs_of).collect();
    let near = crate::diag::nearest(&name, names.iter().map(String::as_str).chain(jobs.iter().copied()))?;
    let is_job = jobs.contains(near);
    let what = if is_job { "the job " } else { "" };
    Some(Near { what: format!("no table of the catalog has a series `{name}`; did you mean {what}`{near}`?"), is_job })
}

/// Some metrics of the tables whose name a selector asks for by an expression, in words; empty: none is known.
pub fn metrics_like(compiled: &Compiled, selector: &Condition) -> String {
    let fits = |name: &String| selector.allows(NAME, name);
    let all: Vec<String> = listed(&compiled.catalog).into_iter().filter(fits).map(|n| format!("`{n}`")).collect();
    match &all[..] {
        [] => String::new(),
        [some @ .., last] if some.len() < 4 => {
            format!(": {}", [some, std::slice::from_ref(last)].concat().join(", "))
        }
        many => format!(": {} and {} more", many[..3].join(", "), many.len() - 3),
    }
}

/// What may have been meant.
pub struct Near {
    pub what: String,
    pub is_job: bool,
}

/// Whether a namespace can be called so.
///
/// # Errors
/// Why not.
pub fn is_namespace(name: &str) -> Result<(), String> {
    match NamespacePattern::parse(name) {
        Ok(pattern) if pattern.is_open() => {
            Err(format!("`{name}` is no namespace: ask for one of those it stands for"))
        }
        Ok(_) => Ok(()),
        Err(malformed) => Err(malformed.what),
    }
}

fn jobs_of(fleet: &Fleet) -> impl Iterator<Item = &str> {
    fleet.clusters.iter().flat_map(|c| &c.jobs).map(|j| j.name.as_str())
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

/// `classes`: the jobs that are collected, with their classes.
fn unknown(
    fleet: &Fleet,
    catalog: &Catalog,
    question: &Question,
    classes: &BTreeSet<(String, Option<String>)>,
) -> Diagnostic {
    match &question.wanted {
        Wanted::Job { job, class } => {
            let what = match class {
                Some(class) => format!("no cluster asked for collects the class `{class}` of a job `{job}`"),
                None => format!("no cluster asked for collects a job `{job}`"),
            };
            let found = Diagnostic::new(&super::codes::NO_SERIES, Span::NONE, what);
            let of_job: Vec<&str> =
                classes.iter().filter(|(j, _)| j == job).filter_map(|(_, class)| class.as_deref()).collect();
            match class {
                Some(class) if classes.iter().any(|(j, _)| j == job) => {
                    let near = crate::diag::nearest(class, of_job.iter().copied());
                    found.help(match near {
                        Some(near) => format!("did you mean `{job}/{near}`?"),
                        None if of_job.is_empty() => format!("`{job}` has no classes here: ask for `{job}`"),
                        None => format!("its classes here: {}", of_job.join(", ")),
                    })
                }
                _ => found.did_you_mean(job, jobs_of(fleet).collect::<BTreeSet<&str>>()),
            }
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
            let jobs: BTreeSet<&str> = jobs_of(fleet).collect();
            found.did_you_mean(&name, listed(catalog).iter().map(String::as_str).chain(jobs))
        }
    }
}
