//! From the document to the fleet: names, inheritance, defaults.
//!
//! `spec/` has checked the form of each block; here blocks are put together. Decisions that need
//! more than names (intervals, routing of series, sizes) are the plan's. Everything wrong is
//! reported in one run; after an error the fleet is there for further checks only, with stand-ins
//! for what is missing.

mod address;
mod alertmanager;
mod chain;
mod class;
mod cluster;
pub mod codes;
mod context;
mod escape;
mod explain;
mod job;
mod lane;
mod levels;
mod merge;
mod missing;
mod names;
mod owner;
mod partition;
mod path;
mod read;
mod reader;
mod receiver;
mod redundant;
mod route;
mod select;
mod show;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use address::{NoWay, Way, way, way_of};
pub use chain::{Step, StepKind};
pub use explain::{Explained, explain};
pub use receiver::{Form as ReceiverForm, Value as ReceiverValue, forms as receiver_forms};

use self::cluster::{Fleetwide, Raw};
use self::context::Context;
use self::levels::{Level, Levels, members, named_profiles};
use self::merge::Block;
use self::names::Names;
use self::read::Read;
use self::redundant::Redundant;
use self::select::Candidate;
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Sink};
use crate::model::fleet::{Cluster, Fleet, Zone};
use crate::model::ids::ClusterId;
use crate::spec::{ROOT, is_setting};
use crate::syntax::{Data, Document};
use crate::world::Date;

/// The fleet that a document describes. `rules` are the codes of all phases, which `allow` may
/// name; `today` decides which `allow` still hold.
///
/// `None` only where there is no `fleet` block or no cluster, which `spec::check` reports.
pub fn resolve(
    doc: &Document,
    catalog: &Catalog,
    rules: &[&'static Code],
    today: Date,
    sink: &mut Sink,
) -> Option<Fleet> {
    let levels = Levels::of(doc);
    let names = Names::of(doc);
    let fleet_block = levels.fleet?;
    if levels.clusters.is_empty() {
        return None;
    }
    levels.report_cycles(sink);
    let mut redundant = Redundant::default();
    let raws = inherit(&levels, &mut redundant);

    let mut cx = Context::new(catalog, &names, Read::new(sink));
    names.check(doc, catalog, rules, &mut cx.read);
    redundant.report(&mut cx.read);

    let own = Block::of(Level::Fleet, fleet_block);
    let name = cx.read.text_or(&own, "name", "");
    let identity = cx.read.text_or(&own, "identity", "cluster");
    let zones = members(&doc.root, "zone")
        .map(|z| (z.name.value.as_str(), z))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .map(|(name, zone)| {
            let block = zone.object.as_ref().map(|o| Block::of(Level::Own, o));
            Zone { name: name.to_owned(), uplink: block.and_then(|b| cx.read.rate(&b, "uplink")), at: zone.span }
        })
        .collect();
    let told = cluster::alerts(&mut cx, &own).unwrap_or_default();
    let stores = store::stores(&mut cx, &doc.root, &told);
    let alertmanagers = alertmanager::alertmanagers(&mut cx, &doc.root);
    let fleetwide = Fleetwide { identity: &identity.value, stores: &stores, alertmanagers: &alertmanagers };
    let clusters: Vec<_> = raws.iter().map(|raw| cluster::cluster(&mut cx, raw, &fleetwide)).collect();
    check_identities(&mut cx, doc, &clusters);
    for (raw, cluster) in raws.iter().zip(&clusters) {
        alertmanager::check_ways(&mut cx, raw, cluster, &stores, &alertmanagers);
    }

    let candidates: Vec<Candidate<'_>> = raws.iter().map(candidate).collect();
    let routes = route::routes(&mut cx, &doc.root, &candidates, &clusters, &stores);
    route::check_waves(&mut cx, fleet_block, &candidates);
    let allows = escape::allows(&mut cx, doc, today);
    let origins = cx.read.into_origins();
    Some(Fleet { name, identity, zones, clusters, stores, routes, alertmanagers, allows, origins })
}

/// Every cluster with all it inherits, in the order of names. A list of profiles is laid over the
/// fleet block once, however many clusters name it.
fn inherit<'d>(levels: &Levels<'d>, redundant: &mut Redundant<'d>) -> Vec<Raw<'d>> {
    let mut bases: BTreeMap<Vec<&'d str>, (Vec<&'d str>, Block<'d>)> = BTreeMap::new();
    let mut raws = Vec::with_capacity(levels.clusters.len());
    for ((name, named), id) in levels.clusters.iter().zip(0..) {
        let list: Vec<&str> = named.object.iter().flat_map(named_profiles).map(|(profile, _)| profile).collect();
        let (profiles, base) = bases.entry(list).or_insert_with_key(|list| base(levels, levels.order(list), redundant));
        let mut block = base.clone();
        if let Some(object) = &named.object {
            block.lay(Level::Cluster(name), object, |key| is_setting(key) || key == "id", redundant);
        }
        raws.push(Raw { id: ClusterId(id), name, named, profiles: profiles.clone(), block });
    }
    raws
}

fn base<'d>(levels: &Levels<'d>, profiles: Vec<&'d str>, redundant: &mut Redundant<'d>) -> (Vec<&'d str>, Block<'d>) {
    let mut block = Block::empty(&ROOT);
    if let Some(fleet) = levels.fleet {
        block.lay(Level::Fleet, fleet, is_setting, redundant);
    }
    for name in profiles.iter().rev() {
        if let Some(object) = levels.profiles.get(name).and_then(|p| p.object.as_ref()) {
            block.lay(Level::Profile(name), object, is_setting, redundant);
        }
    }
    (profiles, block)
}

fn candidate<'r>(raw: &'r Raw<'_>) -> Candidate<'r> {
    Candidate {
        name: raw.name,
        at: raw.at(),
        labels: raw.block.map("labels").filter_map(|(k, v)| Some((k.value.as_str(), v.value.as_str()?))).collect(),
        zone: raw.block.scalar("zone").and_then(|s| s.value.as_str()),
        profiles: &raw.profiles,
    }
}

/// Identities are folders, and some file systems do not tell letter cases apart. That of a cluster
/// which was removed stays reserved: its series are still in the stores.
fn check_identities(cx: &mut Context<'_, '_>, doc: &Document, clusters: &[Cluster]) {
    let mut seen: BTreeMap<String, &Cluster> = BTreeMap::new();
    for cluster in clusters {
        let Some(first) = seen.insert(cluster.id.value.to_lowercase(), cluster) else { continue };
        let (a, b) = (cx.read.span(first.id.origin), cx.read.span(cluster.id.origin));
        let (first_at, at) = if (a.file, a.start) < (b.file, b.start) { (a, b) } else { (b, a) };
        let what =
            format!("clusters `{}` and `{}` have one identity, `{}`", first.name, cluster.name, cluster.id.value);
        cx.read
            .report(Diagnostic::new(&codes::SAME_IDENTITY, at, what).here("this one").label(first_at, "and this one"));
    }
    let removed = match doc.root.get("removed").map(|n| &n.data) {
        Some(Data::Repeated(removed)) => removed.as_slice(),
        _ => &[],
    };
    for tombstone in removed {
        let block = Block::of(Level::Own, tombstone);
        let text = |key| block.scalar(key).and_then(|s| Some((s.value.as_str()?, s.span)));
        if let (Some((name, at)), Some(("cluster", _))) = (text("name"), text("kind"))
            && let Some(cluster) = seen.get(&name.to_lowercase())
        {
            let id = cx.read.span(cluster.id.origin);
            let what = format!("cluster `{}` has the identity of one that was removed, `{name}`", cluster.name);
            cx.read.report(Diagnostic::new(&codes::SAME_IDENTITY, id, what).label(at, "reserved here"));
        }
    }
}
