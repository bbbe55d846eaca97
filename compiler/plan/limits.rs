//! What a store takes, against what all clusters together send it.

use super::codes;
use crate::diag::{Diagnostic, Origin, Sink, Sourced};
use crate::model::fleet::{Destination, Fleet, Route, Store};
use crate::model::ids::StoreId;
use crate::model::plan::{FleetPlan, StoreLoad};

/// Compares each store's `ingestion-limit`, in samples per second, with the estimated sum of what
/// every replica of every Prometheus sends there.
pub fn check_limits(fleet: &Fleet, plan: &FleetPlan, sink: &mut Sink) {
    for (id, load) in fleet.store_ids().zip(&plan.stores) {
        let store = fleet.store(id);
        if let Some(limit) = store.ingestion_limit
            && load.samples_per_second > limit.value as f64
        {
            sink.push(exceeded(fleet, id, store, load, limit));
        }
    }
}

fn exceeded(fleet: &Fleet, id: StoreId, store: &Store, load: &StoreLoad, limit: Sourced<u64>) -> Diagnostic {
    let span = |origin: Origin| fleet.origins.span(&fleet.origins, origin);
    let clusters = match load.senders.len() {
        1 => "1 cluster sends".to_owned(),
        n => format!("{n} clusters send"),
    };
    let what = format!(
        "{clusters} about {:.0} samples/s to `{}`, which takes {}",
        load.samples_per_second, store.name, limit.value
    );
    let at = span(limit.origin);
    let found = Diagnostic::new(&codes::LIMIT, if at.is_none() { store.at } else { at }, what).here("its limit");
    let sending = fleet.routes.iter().filter_map(|r| mention(r, id));
    let places = sending.map(span).filter(|s| !s.is_none());
    places.fold(found, |found, place| found.label(place, "sends there"))
}

/// Where a route first names the store.
fn mention(route: &Route, id: StoreId) -> Option<Origin> {
    let names = |d: &&Sourced<Destination>| matches!(d.value, Destination::Store(store, _) if store == id);
    route.destinations().find(names).map(|d| d.origin)
}
