//! How a cluster reaches a store, and what the store's kind makes of that.

use super::context::Context;
use crate::diag::{Origin, Origins, Sourced, Why};
use crate::fleet;
use crate::model::fleet::{Address, Credentials};
use crate::model::ids::StoreId;
use crate::store::{self, Door, StoreKind};

pub(super) struct Way<'a> {
    pub kind: &'static dyn StoreKind,
    pub door: Door<'a>,
    pub credentials: Credentials,
    /// The address taken; `None` is the Service.
    pub address: Option<&'a Address>,
}

impl Way<'_> {
    /// Where the URL of this way comes from: what names the store, and the address taken.
    pub fn url_origin(&self, said: Origin, origins: &mut Origins) -> Origin {
        match self.address {
            None => said,
            Some(address) => {
                let reason = "the address of the store, and the path of its kind";
                origins.add(Why::Derived { reason, from: vec![address.url.origin, said] })
            }
        }
    }

    /// Over an address that is reachable from anywhere, and asks for credentials: a user, a token or
    /// a client certificate.
    pub fn is_public(&self) -> bool {
        let asks = self.credentials.auth.is_some() || self.credentials.client_cert.is_some();
        self.address.is_some_and(|a| a.zones.is_none()) && asks
    }
}

/// The way in. `None` where there is none or the kind is not compiled, both of which are findings
/// of the phase before.
pub(super) fn way<'a>(cx: &Context<'a>, id: StoreId, via: Option<&Sourced<String>>) -> Option<Way<'a>> {
    let store = cx.fleet.store(id);
    let kind = store::kind(&store.kind.value)?;
    let zone = cx.cluster.zone.map(|z| z.value);
    match fleet::way(store, cx.id, zone, via.map(|v| v.value.as_str())).ok()? {
        fleet::Way::Service => {
            let door = Door::Service { store, dns_domain: &cx.cluster.dns_domain.value };
            Some(Way { kind, door, credentials: Credentials::default(), address: None })
        }
        fleet::Way::Address(index) => {
            let address = store.addresses.get(index)?;
            let door = Door::Address(&address.url.value);
            Some(Way { kind, door, credentials: address.credentials.clone(), address: Some(address) })
        }
    }
}
