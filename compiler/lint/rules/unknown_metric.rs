//! A glob that fits no metric of its job.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::catalog::metrics::Table;
use crate::diag::{Code, Diagnostic, Sink, Sourced, Stage};
use crate::model::fleet::{Fleet, Job};
use crate::model::plan::ClusterPlan;
use crate::model::value::MetricGlob;

const CODE: Code = Code::warning(
    "LNT105",
    Stage::Plan,
    "metrics that a job does not have",
    "A glob that fits nothing drops nothing, keeps nothing or makes an empty class, and nobody notices until the metric is needed or its series are paid for.",
    "`watershed catalog metrics JOB` lists what the job has; a metric of your own that is not in the list can be allowed",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Cluster(check) };

fn check(fleet: &Fleet, plan: &ClusterPlan<'_>, catalog: &Catalog, sink: &mut Sink) {
    for job in plan.cluster.jobs.iter().filter(|j| j.in_catalog) {
        let said: Vec<(&str, &Sourced<String>)> = said(job).collect();
        if said.is_empty() {
            continue;
        }
        let Some(table) = catalog.metrics(&job.name) else { continue };
        for (key, glob) in said {
            // Those of the catalog itself are held to its tables by a test.
            let at = plan.origins.span(&fleet.origins, glob.origin);
            if !at.is_none()
                && let Some((what, help)) = finding(&job.name, key, &glob.value, &table)
            {
                let diagnostic = Diagnostic::new(&CODE, at, what).here("fits no metric");
                sink.push(match help {
                    Some(help) => diagnostic.help(help),
                    None => diagnostic,
                });
            }
        }
    }
}

fn said(job: &Job) -> impl Iterator<Item = (&'static str, &Sourced<String>)> {
    let lists = [("keep", &job.keep), ("drop", &job.drop)];
    let of_classes = job.classes.iter().filter_map(|c| c.metrics.as_ref()).map(|m| ("metrics", m));
    lists.into_iter().chain(of_classes).flat_map(|(key, list)| list.iter().map(move |glob| (key, glob)))
}

/// What is wrong with a glob, and what may have been meant. Where not every metric of a job is known,
/// only what looks like a slip of the pen is reported.
fn finding(job: &str, key: &str, glob: &str, table: &Table<'_>) -> Option<(String, Option<String>)> {
    let glob = MetricGlob::parse(glob).ok()?;
    if table.meets(&glob) {
        return None;
    }
    let near = table.near(&glob);
    (table.complete || near.is_some()).then(|| {
        let does = if key == "keep" { "keeps nothing" } else { "does nothing" };
        let what = format!("`{job}` is known to have no metric that fits `{glob}`, so this `{key}` {does}");
        (what, near.map(|n| format!("did you mean `{n}`? `watershed catalog metrics {job}` lists what it has")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_slip_is_reported_where_not_everything_is_known() {
        let rows = "# name\ntoy_requests_total\tcounter\n";
        let part = Table::new(rows);
        let whole = format!("# complete: yes\n{rows}");
        let whole = Table::new(&whole);
        assert_eq!(finding("toy", "drop", "toy_req*", &part), None);
        assert_eq!(finding("toy", "drop", "other_*", &part), None);
        let (what, help) = finding("toy", "drop", "toy_reqests_total", &part).unwrap();
        assert!(what.contains("`toy_reqests_total`") && help.unwrap().contains("`toy_requests_total`"));
        let (_, help) = finding("toy", "keep", "other_*", &whole).unwrap();
        assert_eq!(help, None);
    }
}
