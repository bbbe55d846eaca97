//! A Prometheus of the cluster's base that selects every monitor there is.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Sink, Stage};
use crate::model::fleet::{BaseKind, Fleet};
use crate::model::plan::ClusterPlan;

const CODE: Code = Code::warning(
    "LNT151",
    Stage::Plan,
    "a Prometheus beside ours that selects everything",
    "kube-prometheus' own Prometheus `k8s` has selectors `{}`: it scrapes every target of our monitors that it may see a second time, and evaluates every rule and sends its alerts again.",
    "keep ours from it: in `Prometheus/k8s` give `serviceMonitorSelector`, `podMonitorSelector`, `probeSelector`, `scrapeConfigSelector` and `ruleSelector` each `matchExpressions: [{key: watershed/prometheus, operator: DoesNotExist}]`; then `allow` this with that as its reason",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Cluster(check) };

fn check(fleet: &Fleet, plan: &ClusterPlan<'_>, _: &Catalog, sink: &mut Sink) {
    let base = &plan.cluster.base;
    if base.kind.value != BaseKind::KubePrometheus || plan.monitors.is_empty() {
        return;
    }
    let at = plan.origins.span(&fleet.origins, base.kind.origin);
    let at = if at.is_none() { plan.cluster.at } else { at };
    let what = format!(
        "the Prometheus of kube-prometheus in namespace `{}` selects all monitors, those of Watershed too",
        base.namespace()
    );
    sink.push(Diagnostic::new(&CODE, at, what).here("brings it"));
}
