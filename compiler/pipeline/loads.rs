//! What a compiled spec says beside its objects: what everything carries, where series go, what outages they survive.

use rayon::prelude::*;

use super::Compiled;
use crate::diag::Sink;
use crate::diff::{self, Load, Loads, Moves, Promises, rerouted};
use crate::docs;
use crate::model::fleet::Fleet;
use crate::model::ids::ClusterId;
use crate::model::plan::Send;
use crate::plan;

/// What goes elsewhere, and what is survived for longer or shorter; of all clusters, or of the named ones.
pub fn moves(old: &Compiled, new: &Compiled, clusters: &[String]) -> Moves {
    let (Some(was), Some(is)) = (&old.fleet, &new.fleet) else { return Moves::default() };
    let asked = |id: &ClusterId| clusters.is_empty() || clusters.iter().any(|name| is.cluster(*id).is(name));
    let chosen: Vec<&str> = is.cluster_ids().filter(asked).map(|id| is.cluster(id).id.value.as_str()).collect();
    let of = |compiled| promises(compiled, &chosen);
    Moves { ways: rerouted(&docs::ways(was), &docs::ways(is)), promises: diff::promised(&of(old), &of(new)) }
}

fn promises(compiled: &Compiled, identities: &[&str]) -> Promises {
    let mut promises = Promises::new();
    let Some(fleet) = &compiled.fleet else { return promises };
    let wanted = |id: &ClusterId| identities.contains(&fleet.cluster(*id).id.value.as_str());
    let ids: Vec<ClusterId> = fleet.cluster_ids().filter(wanted).collect();
    let sends: Vec<Vec<Send>> = ids.par_iter().map(|id| plan::survey(fleet, &compiled.catalog, *id).sends).collect();
    for (id, sends) in ids.iter().zip(&sends) {
        sends.iter().for_each(|send| promised(fleet, *id, send, &mut promises));
    }
    promises
}

/// Of several lines to one destination the longest holds: they have one queue.
fn promised(fleet: &Fleet, id: ClusterId, send: &Send, promises: &mut Promises) {
    let store = fleet.store(send.store);
    let tenant = store.tenants.iter().find(|t| t.id.value == send.tenant);
    let name = tenant.map_or_else(|| store.name.clone(), |t| format!("{}/{}", store.name, t.name));
    let promise = promises.entry((fleet.cluster(id).id.value.clone(), name)).or_insert(send.survive);
    *promise = send.survive.max(*promise);
}

/// What everything carries, and where it goes.
pub(super) fn loads(compiled: &Compiled) -> Loads {
    let (Some(fleet), Some(fleet_plan)) = (&compiled.fleet, &compiled.fleet_plan) else { return Loads::default() };
    let ids: Vec<ClusterId> = fleet.cluster_ids().collect();
    let of_cluster = |id: &ClusterId| {
        let plan = plan::plan(fleet, &compiled.catalog, fleet_plan, *id, &mut Sink::default());
        (plan.flows, plan::survey(fleet, &compiled.catalog, *id).sends)
    };
    let mut loads = Loads { clusters: ids.len(), ..Loads::default() };
    for (id, (flows, sends)) in ids.iter().zip(ids.par_iter().map(of_cluster).collect::<Vec<_>>()) {
        let identity = &fleet.cluster(*id).id.value;
        for flow in flows {
            let per_second = flow.series as f64 * 1000.0 / flow.interval.millis().max(1) as f64;
            let load = Load { targets: flow.targets, series: flow.series, samples_per_second: per_second };
            loads.fleet.add(load);
            let goes =
                if flow.goes_to.is_empty() { "stays in the cluster".to_owned() } else { flow.goes_to.join("; ") };
            let class = format!("{}{}", flow.class, if flow.recorded { ", peaks" } else { "" });
            loads.flows.insert((identity.clone(), class), goes);
            loads.lanes.entry((identity.clone(), flow.lane)).or_default().add(load);
        }
        for send in sends {
            let load = Load { targets: 0, series: send.series, samples_per_second: send.samples_per_second };
            loads.routes.entry(fleet.route(send.route).name.clone()).or_default().add(load);
            promised(fleet, *id, &send, &mut loads.promises);
        }
    }
    for (store, load) in fleet.stores.iter().zip(&fleet_plan.stores) {
        let load = Load { targets: 0, series: load.series, samples_per_second: load.samples_per_second };
        loads.stores.insert(store.name.clone(), load);
        if let Some(limit) = &store.ingestion_limit {
            loads.limits.insert(store.name.clone(), limit.value);
        }
    }
    loads.ways = docs::ways(fleet);
    loads
}
