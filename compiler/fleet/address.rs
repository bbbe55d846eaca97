//! Addresses, and the way from a cluster to a store (§7.3 of the reference).

use std::collections::BTreeMap;

use super::codes;
use super::context::Context;
use super::merge::Block;
use super::read::credentials_or;
use crate::diag::{Diagnostic, Span};
use crate::model::fleet::{Address, AddressBy, AddressExpose, Credentials, Store};
use crate::model::ids::{ClusterId, ZoneId};
use crate::store::Paths;

/// How a cluster reaches a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The Service: the store stands on the cluster.
    Service,
    /// Index into the store's addresses.
    Address(usize),
}

/// Why there is no way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoWay {
    /// `via` names an address the store does not have.
    NoSuchAddress,
    /// The cluster has no zone, and the store's addresses are for zones.
    NoZone,
    /// No address serves the cluster's zone.
    None,
}

/// The Service, if the store is on that cluster; else the address whose `zones` has the cluster's
/// zone; else the one without `zones`. `via` overrides.
///
/// # Errors
/// Where none of them is there.
pub fn way(store: &Store, from: ClusterId, zone: Option<ZoneId>, via: Option<&str>) -> Result<Way, NoWay> {
    if let Some(via) = via {
        let named = store.addresses.iter().position(|a| a.name == via);
        return named.map(Way::Address).ok_or(NoWay::NoSuchAddress);
    }
    way_of(&store.addresses, store.cluster.map(|on| on.value), from, zone)
}

/// The same for what has `addresses` and stands on the cluster `on`.
///
/// # Errors
/// Where none of them is there.
pub fn way_of(
    addresses: &[Address],
    on: Option<ClusterId>,
    from: ClusterId,
    zone: Option<ZoneId>,
) -> Result<Way, NoWay> {
    let find = |fits: &dyn Fn(&Address) -> bool| addresses.iter().position(fits).map(Way::Address);
    if on == Some(from) {
        return Ok(Way::Service);
    }
    let serves = |a: &Address| zone.is_some_and(|z| a.zones.iter().flatten().any(|served| served.value == z));
    find(&serves).or_else(|| find(&|a| a.zones.is_none())).ok_or(if zone.is_none() {
        NoWay::NoZone
    } else {
        NoWay::None
    })
}

/// What the addresses are of.
#[derive(Clone, Copy)]
pub(super) struct Of<'o> {
    /// In messages.
    pub name: &'o str,
    /// It is deployed on a cluster of the fleet.
    pub ours: bool,
    pub paths: Paths,
}

/// The addresses of a store or Alertmanager.
pub(super) fn addresses(cx: &mut Context<'_, '_>, block: &Block<'_>, outer: &Credentials, of: Of<'_>) -> Vec<Address> {
    let mut addresses = Vec::new();
    let mut zones: BTreeMap<Option<ZoneId>, Span> = BTreeMap::new();
    for (name, member, block) in block.members("address") {
        let Some(url) = cx.read.text(block, "url") else { continue };
        let served: Option<Vec<_>> = block.list("zones").map(|_| {
            let named: Vec<_> = block.texts("zones").collect();
            named.into_iter().filter_map(|(z, at)| Some(cx.read.sourced(cx.names.zone(z)?, at))).collect()
        });
        let places: Vec<(Option<ZoneId>, Span)> = match &served {
            Some(zones) => zones.iter().map(|z| (Some(z.value), cx.read.span(z.origin))).collect(),
            None => vec![(None, member.at())],
        };
        for (zone, at) in places {
            if let Some(first) = zones.insert(zone, at).filter(|first| *first != at) {
                let what = match zone {
                    Some(_) => format!("two addresses of {} serve this zone", of.name),
                    None => format!("two addresses of {} are for every zone", of.name),
                };
                cx.read.report(Diagnostic::new(&codes::TWO_WAYS, at, what).label(first, "the other one"));
            }
        }
        let credentials = credentials_or(cx.read.credentials(block), outer);
        check(cx, block, &Found { name, url: &url.value, open: served.is_none(), credentials: &credentials, of });
        addresses.push(Address {
            name: name.to_owned(),
            origin: cx.read.spec(member.at()),
            url,
            zones: served,
            credentials,
            expose: expose(cx, block, of.ours, of.name),
        });
    }
    addresses
}

fn expose(cx: &mut Context<'_, '_>, block: &Block<'_>, ours: bool, of: &str) -> Option<AddressExpose> {
    let expose = block.object("expose")?;
    let by = cx.read.text_or(expose, "by", "elsewhere").map(|word| match word.as_str() {
        "ingress" => AddressBy::Ingress,
        "node-port" => AddressBy::NodePort,
        "load-balancer" => AddressBy::LoadBalancer,
        _ => AddressBy::Elsewhere,
    });
    if !ours && by.value != AddressBy::Elsewhere {
        let at = cx.read.span(by.origin);
        let what = format!("{of} is somebody else's, and nothing of it can be exposed here");
        cx.read.report(Diagnostic::new(&codes::NOT_OURS, at, what).here("nothing of ours stands behind it"));
    }
    Some(AddressExpose { by, class: cx.read.text(expose, "class") })
}

/// Whether a URL leads to a Service inside a cluster.
pub(super) fn is_cluster_dns(url: &str) -> bool {
    let host = host(url);
    host.ends_with(".svc") || host.contains(".svc.") || host.ends_with(".cluster.local") || host == "localhost"
}

struct Found<'f> {
    name: &'f str,
    url: &'f str,
    open: bool,
    credentials: &'f Credentials,
    of: Of<'f>,
}

fn check(cx: &mut Context<'_, '_>, block: &Block<'_>, found: &Found<'_>) {
    let Some(url) = block.scalar("url") else { return };
    if found.of.ours && is_cluster_dns(found.url) {
        cx.read.report(
            Diagnostic::new(
                &codes::CLUSTER_DNS,
                url.span,
                format!("`{}` is a name inside one cluster", host(found.url)),
            )
            .here(format!("given as an address of {} to other clusters", found.of.name)),
        );
        return;
    }
    let behind = found.url.split_once("://").map_or(found.url, |(_, rest)| rest);
    let path = behind.split_once('/').map_or("", |(_, path)| path);
    if found.of.paths == Paths::InTheAddress {
        if path.is_empty() {
            let what = format!(
                "address `{}` of {} does not say below which path samples are written",
                found.name, found.of.name
            );
            cx.read.report(Diagnostic::new(&codes::ADDRESS_WITHOUT_PATH, url.span, what).here("a host only"));
        }
    } else if let Some(path) =
        ["/insert/", "/select/", "/api/v1/"].into_iter().find(|p| format!("{}/", found.url).contains(p))
    {
        let base = &found.url[..found.url.find(path).unwrap_or(found.url.len())];
        cx.read.report(
            Diagnostic::new(
                &codes::ADDRESS_PATH,
                url.span,
                format!("address `{}` of {} holds the path of a request, `{path}`", found.name, found.of.name),
            )
            .here("more than the base URL")
            .help(format!("write the base URL, `\"{base}\"`: the paths for writing and reading are added by its kind"))
            .fix(url.span, format!("\"{base}\""), "the base URL"),
        );
    }
    if !found.open {
        return;
    }
    if !found.url.to_ascii_lowercase().starts_with("https://") {
        cx.read.report(
            Diagnostic::new(
                &codes::OPEN_ADDRESS,
                url.span,
                format!("address `{}` of {} has no `zones` and no TLS", found.name, found.of.name),
            )
            .here("reached from anywhere, in clear text")
            .help("write an `https` URL, or say from which `zones` it is reachable"),
        );
    }
    if found.credentials.auth.is_none() && found.credentials.client_cert.is_none() {
        cx.read.report(
            Diagnostic::new(
                &codes::OPEN_ADDRESS,
                block.entries.get("url").and_then(|e| e.said.last()).map_or(url.span, |(_, n)| n.key_span),
                format!("address `{}` of {} has no `zones` and asks for no credentials", found.name, found.of.name),
            )
            .here("anybody may write to it")
            .help(format!(
                "give it, or {}, `basic-auth`, `bearer` or `client-cert`; or say from which `zones` it is reachable",
                found.of.name
            )),
        );
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if authority.starts_with('[') {
        return authority;
    }
    authority.split(':').next().unwrap_or(authority).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::is_cluster_dns;

    #[test]
    fn in_cluster_names_are_told_from_real_ones() {
        for url in [
            "http://vminsert.vm.svc:8480",
            "http://a.b.svc.cluster.local/insert",
            "https://a.b.svc.cluster.local.",
            "http://localhost:9090",
            "http://x.vm.svc.dc1.example:80",
        ] {
            assert!(is_cluster_dns(url), "{url}");
        }
        for url in
            ["https://metrics.example.com", "https://10.0.102.94:8427", "https://svc.example.com", "http://[::1]:80"]
        {
            assert!(!is_cluster_dns(url), "{url}");
        }
    }
}
