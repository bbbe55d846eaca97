//! More samples than the line takes.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Sink, Stage};
use crate::model::fleet::{Fleet, Store};
use crate::model::ids::ClusterId;
use crate::model::plan::FleetPlan;

/// Bytes of a sample on the way to a store: the relay's queue of realistic series in the
/// VictoriaMetrics protocol (measured: 17.1), rounded up.
const BYTES_PER_SAMPLE: f64 = 18.0;

const CODE: Code = Code::warning(
    "LNT103",
    Stage::Plan,
    "an uplink that is too narrow",
    "What does not fit queues up for ever: the queue on disk fills, then the oldest samples are lost, every hour anew.",
    "send less (slower intervals, fewer jobs in the route), or correct the zone's `uplink`",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Fleet(check) };

fn check(fleet: &Fleet, plan: &FleetPlan, _: &Catalog, sink: &mut Sink) {
    for (zone, uplink) in fleet.zones.iter().zip(0..).filter_map(|(z, i)| Some((i, z.uplink.as_ref()?))) {
        let leaves = |id: ClusterId| fleet.cluster(id).zone.as_ref().is_some_and(|z| z.value.0 == zone);
        let outside = |store: &Store| store.cluster.as_ref().is_none_or(|c| !leaves(c.value));
        let loads = fleet.stores.iter().zip(&plan.stores).filter(|(store, _)| outside(store));
        let sent = loads.flat_map(|(_, load)| &load.senders).filter(|(from, _)| leaves(*from));
        let samples: f64 = sent.map(|(_, rate)| rate).sum();
        let needed = samples * BYTES_PER_SAMPLE;
        if needed > uplink.value.bytes_per_second() as f64 {
            let at = fleet.origins.span(&fleet.origins, uplink.origin);
            let what = format!(
                "the clusters of zone `{}` send about {:.0} samples/s out of it, some {:.1} MiB/s; its uplink takes {}",
                fleet.zones[zone as usize].name,
                samples,
                needed / 1_048_576.0,
                uplink.value
            );
            sink.push(Diagnostic::new(&CODE, at, what));
        }
    }
}
