//! A job whose own filters leave nothing of it.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::catalog::metrics::Table;
use crate::diag::{Code, Diagnostic, Origin, Sink, Sourced, Stage};
use crate::model::fleet::{Fleet, Job};
use crate::model::plan::ClusterPlan;
use crate::model::value::MetricGlob;

const CODE: Code = Code::warning(
    "LNT106",
    Stage::Plan,
    "filters that leave nothing of a job",
    "It is scraped and paid for, its targets are up, and every sample is dropped: its dashboards are empty and its alerts never fire.",
    "`watershed catalog metrics JOB` lists what a job has; to be without it, say `disabled=#true`",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Cluster(check) };

fn check(fleet: &Fleet, plan: &ClusterPlan<'_>, catalog: &Catalog, sink: &mut Sink) {
    let scraped = |job: &Job| plan.monitors.iter().any(|m| m.job == job.name);
    for job in plan.cluster.jobs.iter().map(|j| &**j).filter(|j| scraped(j)) {
        let table = if job.in_catalog { catalog.metrics(&job.name) } else { None };
        let Some((key, origin)) = empties(job, table.as_ref()) else { continue };
        let at = plan.origins.span(&fleet.origins, origin);
        if !at.is_none() {
            let what = format!("this `{key}` leaves nothing of `{}`", job.name);
            sink.push(Diagnostic::new(&CODE, at, what).here("every sample is dropped"));
        }
    }
}

/// The filter after which nothing is left, and where it stands.
fn empties(job: &Job, table: Option<&Table<'_>>) -> Option<(&'static str, Origin)> {
    let globs = |list: &[Sourced<String>]| -> Vec<MetricGlob> {
        list.iter().filter_map(|g| MetricGlob::parse(&g.value).ok()).collect()
    };
    let (keep, drop) = (globs(&job.keep), globs(&job.drop));
    let first = |list: &[Sourced<String>]| list.first().map(|g| g.origin);
    if let Some(table) = table
        && !keep.is_empty()
        && !keep.iter().any(|glob| table.meets(glob))
    {
        return first(&job.keep).map(|origin| ("keep", origin));
    }
    let everything = drop.iter().any(|glob| glob.as_str().chars().all(|c| c == '*'));
    let known = |table: &Table<'_>| {
        let mut names = table.metrics().filter(|m| !m.name.contains('*')).flat_map(|m| m.names().collect::<Vec<_>>());
        !drop.is_empty() && table.complete && names.all(|name| drop.iter().any(|glob| glob.matches(&name)))
    };
    (everything || table.is_some_and(known)).then(|| first(&job.drop)).flatten().map(|origin| ("drop", origin))
}
