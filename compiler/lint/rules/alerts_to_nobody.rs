//! A Prometheus that evaluates alerts and has nobody to tell.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Sink, Stage};
use crate::model::fleet::Fleet;
use crate::model::plan::ClusterPlan;

const CODE: Code = Code::info(
    "LNT101",
    Stage::Plan,
    "alerts that reach nobody",
    "Its alerts fire on its own page only: nobody is woken when a node, an exporter or remote write is down.",
    "declare an `alertmanager` (an existing one: `alertmanager \"main\" service=\"monitoring/alertmanager-main\"`) and name it in `alerts`",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Cluster(check) };

fn check(fleet: &Fleet, plan: &ClusterPlan<'_>, _: &Catalog, sink: &mut Sink) {
    for lane in plan.lanes.iter().filter(|l| l.alerting.is_empty()) {
        if plan.rules.iter().any(|r| r.lane == lane.name) {
            let at = plan.origins.span(&fleet.origins, lane.origin);
            let what = format!("prometheus `{}` evaluates alerts, and no alertmanager is named", lane.name);
            sink.push(Diagnostic::new(&CODE, at, what));
        }
    }
}
