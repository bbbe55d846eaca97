//! PodDisruptionBudgets: a node drain must not take the last replica.

use super::super::{Emit, Meta};
use super::{beside, pod_labels};
use crate::model::plan::LanePlan;
use crate::object::Place;

/// One replica may be away at a time. None for a single replica, which it would make undrainable.
pub fn lane_disruption_budget(out: &mut Emit<'_, '_>, lane: &LanePlan<'_>) {
    if lane.replicas.value < 2 {
        return;
    }
    let (namespace, name) = (out.namespace().to_owned(), beside(lane.name));
    let meta = Meta {
        place: Place::Prometheus,
        api_version: "policy/v1",
        kind: "PodDisruptionBudget",
        namespace: &namespace,
        name: &name,
        unit: ("prometheus", lane.name),
        origin: lane.replicas.origin,
        labels: &[],
    };
    out.object(&meta, |o| {
        o.object("spec", |s| {
            s.int("maxUnavailable", 1);
            s.object("selector", |m| m.str_map("matchLabels", pod_labels(lane.name)));
        });
    });
}
