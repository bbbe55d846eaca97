//! A number of pods that nobody counted.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Sink, Stage, Why};
use crate::model::fleet::Fleet;
use crate::model::plan::ClusterPlan;

const CODE: Code = Code::info(
    "LNT102",
    Stage::Plan,
    "an assumed number of pods",
    "Most series of a cluster are about pods: estimates of series, queues and volumes are only as good as this number.",
    "write `pods=` on the cluster: `kubectl get pods -A --no-headers | wc -l`",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Cluster(check) };

fn check(fleet: &Fleet, plan: &ClusterPlan<'_>, _: &Catalog, sink: &mut Sink) {
    let pods = plan.cluster.pods;
    if matches!(fleet.origins.get(pods.origin), Some(Why::Derived { .. })) {
        let what = format!("cluster `{}` is taken to have {} pods, 30 a node", plan.cluster.name, pods.value);
        sink.push(Diagnostic::new(&CODE, plan.cluster.at, what));
    }
}
