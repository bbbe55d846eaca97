//! Who queries what.

use super::address::{NoWay, way};
use super::cluster::{Fleetwide, Raw};
use super::codes;
use super::context::Context;
use super::lane::disables_nothing;
use super::merge::Block;
use super::names::undefined;
use crate::catalog;
use crate::diag::{Diagnostic, Origin, Sourced, Span};
use crate::model::fleet::{Address, Cluster, Readable, Reader, ReaderKind, Store};

/// In the order of their names.
pub fn readers<'d>(cx: &mut Context<'_, 'd>, raw: &Raw<'d>, cluster: &Cluster, fleet: &Fleetwide<'_>) -> Vec<Reader> {
    let mut readers = Vec::new();
    for (name, member, block) in raw.block.members("reader") {
        if let Some(off) = block.flag("disabled") {
            if member.said.len() == 1 {
                let known = raw.block.members("reader").map(|(n, _, _)| n).filter(|n| *n != name);
                cx.read.report(disables_nothing(&format!("a reader `{name}`"), name, member, off, known));
            }
            continue;
        }
        cx.require(block, "reads", member.at(), &format!("reader `{name}`"), "reads \"user\"");
        let entry = cx.catalog.reader(name);
        let kind = match block.scalar("kind").and_then(|s| s.value.as_str()) {
            Some("grafana") => ReaderKind::Grafana,
            Some(_) => ReaderKind::Http,
            None => match entry.map(|e| e.kind) {
                Some(catalog::ReaderKind::Grafana) => ReaderKind::Grafana,
                Some(catalog::ReaderKind::Http) | None => ReaderKind::Http,
            },
        };
        let namespace = cx.read.text(block, "namespace").or_else(|| {
            let usual = entry?.namespace.get(cluster.base.kind.value.name())?;
            Some(cx.read.default(usual.clone(), "catalog"))
        });
        let mut labels = cx.read.map(block, "labels");
        if !cx.said(block, "labels") {
            let usual = entry.into_iter().flat_map(|e| &e.labels);
            labels.extend(usual.map(|(k, v)| (k.clone(), cx.read.default(v.clone(), "catalog"))));
        }
        readers.push(Reader {
            name: name.to_owned(),
            origin: cx.read.spec(member.at()),
            kind,
            reads: reads(cx, raw, block, cluster, fleet),
            namespace,
            labels,
            dashboards: cx.read.texts_if_said(block, "dashboards"),
        });
    }
    readers
}

fn reads<'d>(
    cx: &mut Context<'_, 'd>,
    raw: &Raw<'d>,
    block: &Block<'d>,
    cluster: &Cluster,
    fleet: &Fleetwide<'_>,
) -> Vec<Sourced<Readable>> {
    let mut reads: Vec<Sourced<Readable>> = Vec::new();
    for (name, at) in block.texts("reads") {
        let readable = if cluster.lane(name).is_some() {
            Readable::Lane(name.to_owned())
        } else if let Some(store) = cx.names.store(name) {
            check_way(cx, raw, cluster, &fleet.stores[store.index()], at);
            Readable::Store(store)
        } else {
            let stores = fleet.stores.iter().map(|s| s.name.as_str());
            let known = cluster.lanes.iter().map(|l| l.name.as_str()).chain(stores);
            let what = format!("Prometheus of cluster `{}`, nor a store, called", raw.name);
            cx.read.report(undefined(&what, name, at, known));
            continue;
        };
        if !reads.iter().any(|r| r.value == readable) {
            reads.push(cx.read.sourced(readable, at));
        }
    }
    reads
}

fn check_way(cx: &mut Context<'_, '_>, raw: &Raw<'_>, cluster: &Cluster, store: &Store, at: Span) {
    // An unknown zone has been reported at its name.
    let unknown = cluster.zone.is_none() && raw.block.scalar("zone").is_some();
    if let Err(no) = way(store, raw.id, cluster.zone.as_ref().map(|z| z.value), None)
        && !unknown
    {
        let found = no_way(cx, cluster, store, no, raw.at(), "reads");
        cx.read.report_as(store.name.clone(), found.label(at, "read here"));
    }
}

/// A cluster that cannot reach a store. `at` is where the cluster is named; `does` what for.
pub fn no_way(cx: &Context<'_, '_>, cluster: &Cluster, store: &Store, no: NoWay, at: Span, does: &str) -> Diagnostic {
    let there = There { what: "store", name: &store.name, addresses: &store.addresses, origin: store.origin };
    no_way_to(cx, cluster, &there, no, at, does)
}

/// What cannot be reached.
pub struct There<'t> {
    /// `store`, `alertmanager`.
    pub what: &'static str,
    pub name: &'t str,
    pub addresses: &'t [Address],
    pub origin: Origin,
}

/// The same for anything with addresses.
pub fn no_way_to(
    cx: &Context<'_, '_>,
    cluster: &Cluster,
    there: &There<'_>,
    no: NoWay,
    at: Span,
    does: &str,
) -> Diagnostic {
    let There { what, name: to, .. } = *there;
    let mut found = match (no, &cluster.zone) {
        (NoWay::NoZone, _) | (_, None) => Diagnostic::new(
            &codes::NO_ZONE,
            at,
            format!("cluster `{}` does not say its `zone`, and {does} `{to}` over a network", cluster.name),
        ),
        (_, Some(zone)) => {
            let said = cx.read.span(zone.origin);
            let name = cx.names.all(crate::syntax::Reference::Zone).nth(zone.value.index()).unwrap_or_default();
            Diagnostic::new(
                &codes::NO_WAY,
                said,
                format!("there is no way from cluster `{}` to {what} `{to}`", cluster.name),
            )
            .here(format!("no address of the {what} serves `{name}`"))
            .label(at, format!("{does} `{to}`"))
        }
    };
    for address in there.addresses {
        found = found.label(cx.read.span(address.origin), format!("an address of the {what}"));
    }
    if there.addresses.is_empty() {
        found = found.label(cx.read.span(there.origin), format!("the {what} has no address"));
    }
    found
}
