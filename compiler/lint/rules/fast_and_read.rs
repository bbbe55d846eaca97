//! A class of one second in a Prometheus that people and programs query.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Sink, Stage};
use crate::model::fleet::{Fleet, Readable};
use crate::model::plan::ClusterPlan;
use crate::model::value::Duration;

/// What is sampled more often is sent nowhere by itself.
const FAST: Duration = Duration::from_secs(5);

const CODE: Code = Code::warning(
    "LNT152",
    Stage::Plan,
    "a fast class in a Prometheus that readers query",
    "fifteen times the samples of its other jobs share its memory and its queries: one dashboard over a day of the fast class, and the readers of everything else wait, or the Prometheus is killed.",
    "give the class a Prometheus of its own: `prometheus \"fast\" { jobs \"job/class\"; retention \"3d\"; storage \"200Gi\" }`; its readers name it beside the other",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Cluster(check) };

fn check(fleet: &Fleet, plan: &ClusterPlan<'_>, _: &Catalog, sink: &mut Sink) {
    for lane in &plan.lanes {
        let flows = || plan.flows.iter().filter(|f| f.lane == lane.name && !f.recorded);
        // One that has nothing but classes picked for it is read for them.
        let others = || flows().any(|f| f.interval >= FAST || f.class.class.is_none());
        let Some(fast) = flows().find(|f| f.interval < FAST).filter(|_| others()) else { continue };
        let reads = |r: &&crate::model::plan::ReaderPlan<'_>| {
            r.reader.reads.iter().any(|read| matches!(&read.value, Readable::Lane(name) if name == lane.name))
        };
        let Some(reader) = plan.readers.iter().find(reads) else { continue };
        let span = |origin| plan.origins.span(&fleet.origins, origin);
        let made = plan.monitors.iter().find(|m| m.job == fast.class.job && m.class == fast.class.class);
        let at = made.map(|m| span(m.origin)).filter(|s| !s.is_none()).unwrap_or(plan.cluster.at);
        let class = fast.class.class.as_ref().map(|c| format!("/{c}")).unwrap_or_default();
        let what = format!(
            "`{}{class}` is sampled every {} in prometheus `{}`, which `{}` reads",
            fast.class.job, fast.interval, lane.name, reader.reader.name
        );
        let found = Diagnostic::new(&CODE, at, what).here("fast");
        let named = span(lane.origin);
        sink.push(if named.is_none() || named == at { found } else { found.label(named, "beside all else it has") });
    }
}
