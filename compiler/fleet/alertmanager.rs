//! Alertmanagers: one that runs already, or one of ours, and how Prometheis reach it.

use super::address::{NoWay, Of, addresses, way_of};
use super::cluster::Raw;
use super::codes;
use super::context::Context;
use super::escape;
use super::names::not_compiled;
use super::reader::{There, no_way_to};
use super::receiver::receivers;
use super::store::{own, sorted, storage};
use crate::diag::{Diagnostic, Sourced, Span};
use crate::model::fleet::{AddressBy, Alertmanager, Cluster, Store};
use crate::model::ids::AlertmanagerId;
use crate::store::Paths;
use crate::syntax::{Named, Object};

pub fn alertmanagers<'d>(cx: &mut Context<'_, 'd>, root: &'d Object) -> Vec<Alertmanager> {
    sorted(root, "alertmanager").map(|named| alertmanager(cx, named)).collect()
}

fn alertmanager<'d>(cx: &mut Context<'_, 'd>, named: &'d Named) -> Alertmanager {
    let block = own(named, &crate::spec::ROOT);
    let name = &named.name.value;
    let of = format!("alertmanager `{name}`");
    let credentials = cx.read.credentials(&block);
    let cluster = block
        .scalar("cluster")
        .and_then(|s| Some((cx.names.cluster(s.value.as_str()?)?, s.span)))
        .map(|(id, span)| cx.read.sourced(id, span));
    let service = block.scalar("service").and_then(|s| {
        let (namespace, service) = s.value.as_str()?.split_once('/')?;
        Some(cx.read.sourced((namespace.to_owned(), service.to_owned()), s.span))
    });
    let level = format!("alertmanager {name}");
    let alertmanager = Alertmanager {
        name: name.clone(),
        origin: cx.read.spec(named.name.span),
        cluster,
        replicas: cx.read.count_or(&block, "replicas", 1),
        storage: storage(cx, &block),
        addresses: addresses(cx, &block, &credentials, Of { ours: cluster.is_some(), paths: Paths::Added, name: &of }),
        receivers: match cluster {
            Some(_) => receivers(cx, &block, &of, named.name.span),
            None => Vec::new(),
        },
        patches: escape::patches(cx, &block, |_| level.clone()),
        raws: escape::raws(cx, &block),
        service,
    };
    let mut exposed = alertmanager.addresses.iter().filter_map(|a| a.expose.as_ref());
    if let (Some(_), Some(expose)) = (cluster, exposed.find(|e| e.by.value != AddressBy::Elsewhere)) {
        let at = cx.read.span(expose.by.origin);
        let help = "say `expose \"elsewhere\"`, and make the Ingress or Service before it with `raw`";
        cx.read.report(not_compiled("`expose` of an Alertmanager's address", at).help(help));
    }
    if alertmanager.service.is_some() {
        // Reached by its Service, in clear text and without credentials.
        if let Some((_, member, _)) = block.members("address").next() {
            let found = not_compiled("an Alertmanager with a `service` and an `address`", member.at());
            cx.read.report(found.help("take the `address` out: alerts go to its `service`"));
        }
        for key in ["basic-auth", "bearer", "ca", "client-cert"] {
            if let Some(said) = block.entry(key) {
                cx.read.report(
                    not_compiled(&format!("`{key}` of an Alertmanager with a `service`"), said.span())
                        .why("Prometheis tell it over its Service, in clear text and without credentials: one that asks for them would refuse every alert")
                        .help("take it out, and let Prometheis reach an Alertmanager that asks for nothing; or reach it over an `address` in place of its `service`"),
                );
            }
        }
    }
    alertmanager
}

/// Every Alertmanager that a cluster's Prometheis tell must be within reach, and those that the rules of
/// a store tell which stands there.
pub fn check_ways(cx: &mut Context<'_, '_>, raw: &Raw<'_>, cluster: &Cluster, stores: &[Store], all: &[Alertmanager]) {
    // An unknown zone has been reported at its name.
    if cluster.zone.is_none() && raw.block.scalar("zone").is_some() {
        return;
    }
    let mut told: Vec<Sourced<AlertmanagerId>> = cluster.lanes.iter().flat_map(|l| l.alerts.clone()).collect();
    let here = |s: &&Store| s.cluster.is_some_and(|c| c.value == raw.id) && !s.rules.is_empty();
    told.extend(stores.iter().filter(here).flat_map(|s| s.alerts.clone()));
    told.sort_by_key(|a| a.value);
    told.dedup_by_key(|a| a.value);
    for said in told {
        let to = &all[said.value.index()];
        if to.service.is_some() {
            continue;
        }
        let zone = cluster.zone.as_ref().map(|z| z.value);
        let Err(no) = way_of(&to.addresses, to.cluster.map(|c| c.value), raw.id, zone) else { continue };
        let at = cx.read.span(said.origin);
        let found = unreachable(cx, cluster, to, no, raw.at());
        cx.read.report_as(to.name.clone(), if at.is_none() { found } else { found.label(at, "told by this") });
    }
}

fn unreachable(cx: &Context<'_, '_>, cluster: &Cluster, to: &Alertmanager, no: NoWay, at: Span) -> Diagnostic {
    let there = There { what: "alertmanager", name: &to.name, addresses: &to.addresses, origin: to.origin };
    let found = no_way_to(cx, cluster, &there, no, at, "tells");
    match found.code.id == codes::NO_WAY.id {
        true => found
            .why("the cluster's alerts would never arrive: nobody is woken when it is in trouble")
            .help("add its zone to an address that is reachable from it, give the alertmanager an address without `zones`, with https and credentials, or write `alerts {}` in the cluster"),
        false => found,
    }
}
