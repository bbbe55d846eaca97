//! Stores, and the addresses that lead to them.

use std::collections::BTreeMap;

use super::address::Of;
use super::cluster::alerts;
use super::codes;
use super::context::Context;
use super::levels::{Level, members};
use super::merge::Block;
use super::names::{not_compiled, undefined};
use super::read::LANGUAGE;
use super::{address, escape};
use crate::diag::{Diagnostic, Sourced, Span};
use crate::model::fleet::{Resources, Storage, Store, Tenant};
use crate::model::ids::AlertmanagerId;
use crate::model::value::Version;
use crate::store::Paths;
use crate::syntax::{Named, Object, Shape};

/// The kind that stands in for one that is missing or unknown, which has been reported.
const STAND_IN: &str = "victoriametrics-cluster";
const COMPONENTS: [&str; 4] = ["insert", "select", "storage", "auth"];
/// Longest Helm release whose chart does not cut off the names made from it.
const LONGEST_RELEASE: usize = 17;

/// `alerts` are the fleet's.
pub fn stores<'d>(cx: &mut Context<'_, 'd>, root: &'d Object, alerts: &[Sourced<AlertmanagerId>]) -> Vec<Store> {
    sorted(root, "store").map(|named| store(cx, named, alerts)).collect()
}

/// Members in the order of their names, which is that of their numbers.
pub fn sorted<'d>(root: &'d Object, key: &str) -> impl Iterator<Item = &'d Named> + use<'d> {
    members(root, key).map(|m| (m.name.value.as_str(), m)).collect::<BTreeMap<_, _>>().into_values()
}

/// What one block says, without inheritance.
pub fn own<'d>(named: &'d Named, empty: &'static Shape) -> Block<'d> {
    named.object.as_ref().map_or_else(|| Block::empty(empty), |o| Block::of(Level::Own, o))
}

fn store<'d>(cx: &mut Context<'_, 'd>, named: &'d Named, fleet_alerts: &[Sourced<AlertmanagerId>]) -> Store {
    let block = own(named, &crate::spec::ROOT);
    let name = &named.name.value;
    let at = named.name.span;
    let kind = cx.read.text_or(&block, "kind", STAND_IN);
    let cluster = block
        .scalar("cluster")
        .and_then(|s| Some((cx.names.cluster(s.value.as_str()?)?, s.span)))
        .map(|(id, span)| cx.read.sourced(id, span));
    let release = match cx.read.text(&block, "release") {
        Some(release) => release,
        None => {
            let origin = cx.read.spec(at);
            let origin = cx.read.derived("the store's name", vec![origin]);
            Sourced::new(name.clone(), origin)
        }
    };
    let replicas = replicas(cx, &block);
    let replication = match cx.read.count(&block, "replication") {
        Some(said) => said,
        None => match replicas.get("storage") {
            Some(storage) if storage.value >= 3 => {
                let origin =
                    cx.read.derived("2 copies, for there are 3 or more storage replicas", vec![storage.origin]);
                Sourced::new(2, origin)
            }
            _ => cx.read.default(1, LANGUAGE),
        },
    };
    let credentials = cx.read.credentials(&block);
    let paths = crate::store::kind(&kind.value).map_or(Paths::Added, |k| k.profile().paths);
    let of = Of { ours: cluster.is_some(), paths, name: &format!("store `{name}`") };
    let addresses = address::addresses(cx, &block, &credentials, of);
    let level = format!("store {name}");
    let store = Store {
        name: name.clone(),
        at: named.span,
        origin: cx.read.spec(at),
        cluster,
        release,
        namespace: cx.read.text_or(&block, "namespace", "vm"),
        chart_version: version(cx, &block, "chart"),
        app_version: version(cx, &block, "app"),
        retention: cx.read.duration(&block, "retention"),
        replication,
        replicas,
        storage: storage(cx, &block),
        requests: components(cx, &block, "requests"),
        limits: components(cx, &block, "limits"),
        tenants: tenants(cx, &block),
        accepts_late: cx.read.duration(&block, "accepts-late"),
        ingestion_limit: block.object("ingestion-limit").and_then(|b| cx.read.count(b, "samples-per-second")),
        addresses,
        previous: ["basic-auth", "bearer"]
            .into_iter()
            .find_map(|k| block.object(k).and_then(|b| cx.read.text(b, "previous"))),
        credentials,
        rules: cx.read.texts(&block, "rules"),
        alerts: alerts(cx, &block).unwrap_or_else(|| fleet_alerts.to_vec()),
        patches: escape::patches(cx, &block, |_| level.clone()),
        raws: escape::raws(cx, &block),
        kind,
    };
    check_limits(cx, &block);
    check_deployed(cx, &block, &store, at);
    store
}

/// Parts of limits that the model has no place for yet.
fn check_limits(cx: &mut Context<'_, '_>, block: &Block<'_>) {
    for (name, _, tenant) in block.members("tenant") {
        if let Some(limit) = tenant.entry("ingestion-limit") {
            let what = format!("an ingestion limit of its own for tenant `{name}`");
            cx.read.report(not_compiled(&what, limit.span()).help("give the store an `ingestion-limit`"));
        }
    }
    if let Some(limit) = block.object("ingestion-limit") {
        for key in ["burst", "series"] {
            if let Some(entry) = limit.entry(key) {
                let what = format!("`ingestion-limit {key}=`");
                cx.read.report(not_compiled(&what, entry.span()).help("limit `samples-per-second`"));
            }
        }
    }
}

fn check_deployed(cx: &mut Context<'_, '_>, block: &Block<'_>, store: &Store, at: Span) {
    if store.cluster.is_none() {
        return;
    }
    if store.release.value.len() > LONGEST_RELEASE {
        let at = block.scalar("release").map_or(at, |s| s.span);
        cx.read.report(
            Diagnostic::new(
                &codes::NAME_TOO_LONG,
                at,
                format!("the release name `{}` has {} characters", store.release.value, store.release.value.len()),
            )
            .here(format!("at most {LONGEST_RELEASE}"))
            .why("the chart makes Service names from it and cuts them off at 63 characters: URLs would lead nowhere")
            .help("say a shorter `release`; the store keeps its name"),
        );
    }
    if !store.kind.value.starts_with("victoriametrics-cluster") {
        return;
    }
    let needed = (2 * u64::from(store.replication.value)).saturating_sub(1);
    if let Some(storage) = store.replicas.get("storage")
        && u64::from(storage.value) < needed
    {
        let at = cx.read.span(storage.origin);
        let found = Diagnostic::new(
            &codes::STORE_REPLICAS,
            at,
            format!("{} storage replicas cannot hold {} copies", storage.value, store.replication.value),
        )
        .here(format!("at least {needed}"));
        let said = cx.read.span(store.replication.origin);
        cx.read.report(if said.is_none() || said == at { found } else { found.label(said, "the replication") });
    }
}

fn version(cx: &mut Context<'_, '_>, block: &Block<'_>, which: &str) -> Option<Sourced<Version>> {
    let (_, said) = block.map("versions").find(|(key, _)| key.value == which)?;
    let version = Version::parse(said.value.as_str()?).ok()?;
    Some(cx.read.sourced(version, said.span))
}

pub fn storage(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Option<Storage> {
    let block = block.object("storage")?;
    Some(Storage { size: cx.read.size(block, "size")?, class: cx.read.text(block, "class") })
}

fn replicas(cx: &mut Context<'_, '_>, block: &Block<'_>) -> BTreeMap<String, Sourced<u32>> {
    let said: Vec<_> = block.map("replicas").collect();
    let mut replicas = BTreeMap::new();
    for (key, count) in said {
        if !COMPONENTS.contains(&key.value.as_str()) {
            cx.read.report(undefined("component", &key.value, key.span, COMPONENTS));
        } else if let Some(n) = count.value.as_int().and_then(|i| u32::try_from(i).ok()) {
            replicas.insert(key.value.clone(), cx.read.sourced(n, key.span.to(count.span)));
        }
    }
    replicas
}

fn components(cx: &mut Context<'_, '_>, block: &Block<'_>, key: &str) -> BTreeMap<String, Resources> {
    let Some(block) = block.object(key) else { return BTreeMap::new() };
    let said: Vec<&str> = COMPONENTS.into_iter().filter(|c| cx.said(block, c)).collect();
    said.into_iter().map(|c| (c.to_owned(), cx.read.resources(block, c))).collect()
}

fn tenants(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Vec<Tenant> {
    let mut tenants: Vec<Tenant> = Vec::new();
    let mut numbers: BTreeMap<u32, Span> = BTreeMap::new();
    for (name, member, tenant) in block.members("tenant") {
        let Some(id) = cx.read.count::<u32>(tenant, "id") else {
            if !cx.said(tenant, "id") {
                cx.read.report(
                    Diagnostic::new(&codes::MISSING, member.at(), format!("tenant `{name}` has no number"))
                        .why("VictoriaMetrics knows tenants by account number; it is in every URL and never changes")
                        .help("say `id`, a number that no other tenant of this store has"),
                );
            }
            continue;
        };
        let at = cx.read.span(id.origin);
        if let Some(first) = numbers.insert(id.value, at) {
            cx.read.report(
                Diagnostic::new(&codes::SAME_IDENTITY, at, format!("two tenants have the number {}", id.value))
                    .label(first, "the other one")
                    .why("tenants with one number see each other's series")
                    .help("give each a number of its own"),
            );
        }
        tenants.push(Tenant { name: name.to_owned(), id });
    }
    tenants
}
