//! What somebody has to see to so that the addresses of stores that stand here lead to them.

use super::context::Context;
use crate::model::fleet::{Address, AddressBy, Credentials, Store};
use crate::model::plan::StorePlan;

/// One line for each address that nothing of ours makes reachable.
pub(super) fn checklist(cx: &Context<'_>, stores: &[StorePlan]) -> Vec<String> {
    let of_store = |plan: &StorePlan| {
        let store = cx.fleet.store(plan.store);
        let ours = |a: &&Address| a.expose.as_ref().is_some_and(|e| e.by.value != AddressBy::Elsewhere);
        let foreign = store.addresses.iter().filter(|a| !ours(a));
        foreign.map(|address| line(store, address, plan)).collect::<Vec<_>>()
    };
    stores.iter().flat_map(of_store).collect()
}

fn line(store: &Store, address: &Address, plan: &StorePlan) -> String {
    let tls = match address.url.value.strip_prefix("https://") {
        None => String::new(),
        Some(rest) => {
            let host = rest.split(['/', ':']).next().unwrap_or(rest);
            let ca = |c: &Credentials| c.ca.as_ref().map(|ca| ca.secret.value.clone());
            let signed = match ca(&address.credentials).or_else(|| ca(&store.credentials)) {
                Some(secret) => format!("that the CA in the senders' Secret `{secret}` has signed"),
                None => "that a public CA has signed".to_owned(),
            };
            format!(", plain HTTP: end TLS before it, with a certificate for `{host}` {signed}")
        }
    };
    format!("store `{}`: make `{}` lead to {}{tls}", store.name, address.url.value, plan.entrance)
}
