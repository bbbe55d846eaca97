//! How a cluster reaches a store: the Service on its own cluster, else an address by zone.

use super::codes;
use super::context::Context;
use crate::diag::{Diagnostic, Sink, Sourced, Span};
use crate::model::fleet::{Address, Credentials};
use crate::model::ids::StoreId;
use crate::store::{self, Door, Profile, StoreKind};

pub(super) struct Way<'a> {
    pub kind: &'static dyn StoreKind,
    pub door: Door<'a>,
    pub credentials: Credentials,
    /// The address taken; `None` is the Service.
    pub address: Option<&'a Address>,
}

impl Way<'_> {
    /// Over an address that is reachable from anywhere, and asks for credentials.
    pub fn is_public(&self) -> bool {
        self.address.is_some_and(|a| a.zones.is_none()) && self.credentials.auth.is_some()
    }
}

pub(super) fn profile(cx: &Context<'_>, id: StoreId) -> Option<Profile> {
    store::kind(&cx.fleet.store(id).kind.value).map(StoreKind::profile)
}

/// The way in, or why there is none.
///
/// # Errors
/// The text of a diagnostic; [`report`] makes one of it.
pub(super) fn way<'a>(cx: &Context<'a>, id: StoreId, via: Option<&Sourced<String>>) -> Result<Way<'a>, String> {
    let store = cx.fleet.store(id);
    let Some(kind) = store::kind(&store.kind.value) else {
        return Err(format!("`{}` is a store of a kind that is not compiled yet", store.name));
    };
    if via.is_none() && store.cluster.is_some_and(|c| c.value == cx.id) {
        let door = Door::Service { store, dns_domain: &cx.cluster.dns_domain.value };
        return Ok(Way { kind, door, credentials: Credentials::default(), address: None });
    }
    let address = match via {
        Some(via) => store.addresses.iter().find(|a| a.name == via.value),
        None => by_zone(cx, &store.addresses),
    };
    let Some(address) = address else {
        return Err(match &cx.cluster.zone {
            Some(zone) => format!(
                "no address of the store `{}` serves the zone `{}` of `{}`",
                store.name,
                cx.fleet.zone(zone.value).name,
                cx.cluster.name
            ),
            None => format!("`{}` has no zone, and the store `{}` no address without zones", cx.cluster.name, store.name),
        });
    };
    let door = Door::Address(&address.url.value);
    Ok(Way { kind, door, credentials: address.credentials.clone(), address: Some(address) })
}

fn by_zone<'a>(cx: &Context<'_>, addresses: &'a [Address]) -> Option<&'a Address> {
    let here = |a: &&Address| {
        let zones = a.zones.as_deref().unwrap_or_default();
        cx.cluster.zone.is_some_and(|own| zones.iter().any(|z| z.value == own.value))
    };
    addresses.iter().find(here).or_else(|| addresses.iter().find(|a| a.zones.is_none()))
}

pub(super) fn report(cx: &Context<'_>, id: StoreId, asked: Span, why: String, sink: &mut Sink) {
    let zone = cx.cluster.zone.as_ref().map_or(cx.cluster.origin, |z| z.origin);
    let mut diagnostic = Diagnostic::new(&codes::NO_WAY, cx.place(zone, cx.cluster.origin), why).here("no way from here");
    if !asked.is_none() && asked != diagnostic.at {
        diagnostic = diagnostic.label(asked, "it is to be reached because of this");
    }
    for address in &cx.fleet.store(id).addresses {
        diagnostic = cx.labelled(diagnostic, address.origin, "an address of the store");
    }
    sink.push(diagnostic);
}
