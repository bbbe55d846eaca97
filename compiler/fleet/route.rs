//! Routes: which clusters send, and the lines of the partition (§7 of the reference).
//!
//! What two lines claim by job is for the plan to find, with witness series; here it is what can be
//! said from the text alone.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{NoWay, way};
use super::codes;
use super::context::Context;
use super::job::known_jobs;
use super::levels::Level;
use super::merge::Block;
use super::names::{not_compiled, undefined};
use super::partition::{check_copies, check_namespaces, check_partition, check_unowned};
use super::reader::no_way;
use super::select::{Candidate, select};
use super::store::{own, sorted};
use crate::catalog::Kind;
use crate::diag::{Diagnostic, Sourced, Span};
use crate::model::fleet::{Cluster, Destination, Line, Route, Store};
use crate::model::ids::ClusterId;
use crate::model::value::{DestinationName, JobGlob};
use crate::syntax::{Named, Object};

/// In the order of their names.
pub fn routes<'d>(
    cx: &mut Context<'_, 'd>,
    root: &'d Object,
    candidates: &[Candidate<'d>],
    clusters: &[Cluster],
    stores: &[Store],
) -> Vec<Route> {
    let routes: Vec<Route> =
        sorted(root, "route").map(|named| route(cx, named, candidates, clusters, stores)).collect();
    check_once(cx, &routes, clusters);
    check_all_sent(cx, &routes, clusters, stores);
    check_cluster_dns(cx, &routes, clusters, stores);
    routes
}

fn route<'d>(
    cx: &mut Context<'_, 'd>,
    named: &'d Named,
    candidates: &[Candidate<'d>],
    clusters: &[Cluster],
    stores: &[Store],
) -> Route {
    let block = own(named, &crate::spec::ROOT);
    let name = &named.name.value;
    let at = named.name.span;
    let terms: Vec<(&str, Span)> = block.texts("from").collect();
    let selected = select(&terms, candidates, &mut cx.read);
    let from: Vec<Sourced<ClusterId>> = selected.into_iter().map(|(id, at)| cx.read.sourced(id, at)).collect();
    let lanes = block.list("prometheus").map(|_| {
        let said: Vec<_> = block.texts("prometheus").collect();
        said.into_iter()
            .filter_map(|(lane, at)| {
                let mut senders = from.iter().map(|c| &clusters[c.value.index()]);
                if from.is_empty() || senders.any(|c| c.lane(lane).is_some()) {
                    return Some(cx.read.sourced(lane.to_owned(), at));
                }
                let known: BTreeSet<&str> =
                    from.iter().flat_map(|c| &clusters[c.value.index()].lanes).map(|l| l.name.as_str()).collect();
                cx.read.report(undefined("Prometheus in the sending clusters called", lane, at, known));
                None
            })
            .collect()
    });
    let lines: Vec<(Line, Block<'d>)> =
        block.repeated("to").iter().filter_map(|(_, object)| line(cx, object, &from, clusters, stores)).collect();
    let copies =
        block.repeated("copy").iter().filter_map(|(_, object)| Some(line(cx, object, &from, clusters, stores)?.0));
    let copies: Vec<Line> = copies.collect();
    let route = Route {
        name: name.clone(),
        at: named.span,
        origin: cx.read.spec(at),
        shared: destinations_if_said(cx, &block, "shared", stores),
        unowned: destinations_if_said(cx, &block, "unowned", stores),
        lines: lines.iter().map(|(line, _)| line.clone()).collect(),
        copies,
        from,
        lanes,
    };
    check_partition(cx, &block, &route, at);
    check_namespaces(cx, &route);
    check_unowned(cx, &block, &route);
    check_copies(cx, &route);
    check_ways(cx, &route, clusters, stores, candidates);
    route
}

fn line<'d>(
    cx: &mut Context<'_, 'd>,
    object: &'d Object,
    from: &[Sourced<ClusterId>],
    clusters: &[Cluster],
    stores: &[Store],
) -> Option<(Line, Block<'d>)> {
    let block = Block::of(Level::Own, object);
    let destinations = destinations_if_said(cx, &block, "stores", stores)?;
    for (text, at) in block.texts("jobs") {
        check_job(cx, text, at, from, clusters);
    }
    let via = cx.read.text(&block, "via");
    if let Some(via) = &via {
        let of = |d: &Sourced<Destination>| match d.value {
            Destination::Store(id, _) => Some(&stores[id.index()]),
            Destination::None => None,
        };
        for store in destinations.iter().filter_map(of) {
            if store.addresses.iter().all(|a| a.name != via.value) {
                let at = cx.read.span(via.origin);
                let what = format!("address of store `{}` called", store.name);
                cx.read.report(undefined(&what, &via.value, at, store.addresses.iter().map(|a| a.name.as_str())));
            }
        }
    }
    let line = Line {
        at: object.span,
        // The first word that says where to: a line is understood by its stores.
        origin: destinations.first().map_or_else(|| cx.read.spec(object.span), |d| d.origin),
        stores: destinations,
        jobs: cx.read.texts(&block, "jobs"),
        namespaces: cx.read.texts(&block, "namespaces"),
        pod_labels: cx.read.map(&block, "pod-labels"),
        via,
        survive: cx.read.duration(&block, "survive"),
    };
    Some((line, block))
}

/// `None` where the list is not said.
fn destinations_if_said(
    cx: &mut Context<'_, '_>,
    block: &Block<'_>,
    key: &str,
    stores: &[Store],
) -> Option<Vec<Sourced<Destination>>> {
    block.list(key)?;
    let mut found: Vec<(Destination, Span)> = Vec::new();
    for (text, at) in block.texts(key) {
        let destination = match DestinationName::parse(text) {
            // Reported as a fault of form.
            Err(_) => continue,
            Ok(DestinationName::None) => Destination::None,
            Ok(DestinationName::Store { store, tenant }) => {
                let Some(id) = cx.names.store(&store) else {
                    let known = stores.iter().map(|s| s.name.as_str()).chain((!stores.is_empty()).then_some("none"));
                    cx.read.report(undefined("store", &store, at, known));
                    continue;
                };
                match tenant {
                    None => Destination::Store(id, 0),
                    Some(tenant) => {
                        let of = &stores[id.index()];
                        let Some(tenant) = of.tenants.iter().find(|t| t.name == tenant) else {
                            let what = format!("tenant of store `{store}` called");
                            cx.read.report(undefined(&what, &tenant, at, of.tenants.iter().map(|t| t.name.as_str())));
                            continue;
                        };
                        Destination::Store(id, tenant.id.value)
                    }
                }
            }
        };
        if let Some((_, first)) = found.iter().find(|(d, _)| *d == destination) {
            cx.read.report(
                Diagnostic::new(&codes::DESTINATION, at, format!("`{text}` is named twice in one list"))
                    .label(*first, "the first time"),
            );
        } else {
            found.push((destination, at));
        }
    }
    if found.len() > 1
        && let Some((_, none)) = found.iter().find(|(d, _)| *d == Destination::None)
    {
        cx.read.report(
            Diagnostic::new(&codes::DESTINATION, *none, "`none` stands beside a store")
                .here("keeps at home what the others send"),
        );
    }
    Some(found.into_iter().map(|(d, at)| cx.read.sourced(d, at)).collect())
}

/// A glob over jobs must mean something that some sending cluster could have.
fn check_job(cx: &mut Context<'_, '_>, text: &str, at: Span, from: &[Sourced<ClusterId>], clusters: &[Cluster]) {
    let Ok(glob) = JobGlob::parse(text) else { return };
    let known = known_jobs(cx);
    let jobs: Vec<&str> = known.iter().copied().filter(|j| glob.matches(j, None) || matches_job(&glob, j)).collect();
    if jobs.is_empty() {
        cx.read.report(undefined("job", &glob.job, at, known));
        return;
    }
    if !glob.job.contains('*') && cx.catalog.is_not_yet(Kind::Job, &glob.job) {
        cx.read.report(not_compiled(&format!("the job `{}`", glob.job), at));
        return;
    }
    let Some(class) = glob.class.as_deref().filter(|c| *c != "*") else { return };
    let mut classes: BTreeSet<String> = BTreeSet::new();
    for job in jobs {
        let of_catalog = cx.catalog.job(job).into_iter().flat_map(|j| &j.classes).map(|c| c.name.as_str());
        let of_spec = cx.names.jobs.get(job).into_iter().flatten().copied();
        let resolved = from
            .iter()
            .flat_map(|c| clusters[c.value.index()].job(job))
            .flat_map(|j| &j.classes)
            .map(|c| c.name.as_str());
        for name in of_catalog.chain(of_spec).chain(resolved) {
            classes.insert(name.to_owned());
            // The slower twin of a class faster than 5 s is a class like any other.
            classes.insert(format!("{name}-sampled"));
        }
    }
    if !classes.iter().any(|c| crate::model::value::glob(class, c)) {
        let what = format!("class of job `{}` called", glob.job);
        cx.read.report(undefined(&what, class, at, classes.iter().map(String::as_str)));
    }
}

fn matches_job(glob: &JobGlob, job: &str) -> bool {
    crate::model::value::glob(&glob.job, job)
}

fn check_ways(
    cx: &mut Context<'_, '_>,
    route: &Route,
    clusters: &[Cluster],
    stores: &[Store],
    candidates: &[Candidate<'_>],
) {
    let via_of = |line: &Line| line.via.as_ref().map(|v| v.value.clone());
    let mut to: BTreeSet<(u32, Option<String>)> = BTreeSet::new();
    let lists = route.all_lines().map(|l| (&l.stores, via_of(l)));
    let others = route.shared.iter().chain(&route.unowned).map(|list| (list, None));
    for (list, via) in lists.chain(others) {
        to.extend(list.iter().filter_map(|d| match d.value {
            Destination::Store(id, _) => Some((id.0, via.clone())),
            Destination::None => None,
        }));
    }
    for sender in &route.from {
        let cluster = &clusters[sender.value.index()];
        for (store, via) in &to {
            let store = &stores[*store as usize];
            match way(store, sender.value, cluster.zone.as_ref().map(|z| z.value), via.as_deref()) {
                // An unknown address has been reported at its name.
                Ok(_) | Err(NoWay::NoSuchAddress) => {}
                // So has an unknown zone.
                Err(NoWay::NoZone) if candidates[sender.value.index()].zone.is_some() => {}
                Err(no) => {
                    let found =
                        no_way(cx, cluster, store, no, candidates[sender.value.index()].at, "sends its series to");
                    let from = cx.read.span(sender.origin);
                    cx.read
                        .report_as(store.name.clone(), found.label(from, format!("route `{}` takes it", route.name)));
                }
            }
        }
    }
}

/// A cluster's Prometheus is in at most one route.
fn check_once(cx: &mut Context<'_, '_>, routes: &[Route], clusters: &[Cluster]) {
    let mut taken: BTreeMap<(ClusterId, &str), (&Route, Span)> = BTreeMap::new();
    for route in routes {
        for sender in &route.from {
            let cluster = &clusters[sender.value.index()];
            let at = cx.read.span(sender.origin);
            let mut clash = None;
            for lane in &cluster.lanes {
                if route.lanes.as_ref().is_some_and(|lanes| lanes.iter().all(|l| l.value != lane.name)) {
                    continue;
                }
                match taken.get(&(sender.value, lane.name.as_str())) {
                    Some((first, first_at)) => clash = clash.or(Some((*first, *first_at, lane.name.as_str()))),
                    None => drop(taken.insert((sender.value, &lane.name), (route, at))),
                }
            }
            if let Some((first, first_at, lane)) = clash {
                cx.read.report(
                    Diagnostic::new(
                        &codes::TWO_ROUTES,
                        at,
                        format!(
                            "Prometheus `{lane}` of cluster `{}` is in two routes: `{}` and `{}`",
                            cluster.name, first.name, route.name
                        ),
                    )
                    .here(format!("taken by route `{}`", route.name))
                    .label(first_at, format!("and by route `{}`", first.name))
                    .help(format!(
                        "write `\"!{}\"` in the `from` of one of them, or give each the Prometheis it is for with `prometheus`",
                        cluster.name
                    )),
                );
            }
        }
    }
}

/// Once the fleet has a store, a cluster that sends nothing is worth a word.
fn check_all_sent(cx: &mut Context<'_, '_>, routes: &[Route], clusters: &[Cluster], stores: &[Store]) {
    if stores.is_empty() {
        return;
    }
    let sending: BTreeSet<ClusterId> = routes.iter().flat_map(|r| &r.from).map(|c| c.value).collect();
    for (cluster, id) in clusters.iter().zip(0..) {
        if !cluster.lanes.is_empty() && !sending.contains(&ClusterId(id)) {
            let at = cx.read.span(cluster.origin);
            cx.read.report(Diagnostic::new(&codes::NO_ROUTE, at, format!("cluster `{}` is in no route", cluster.name)));
        }
    }
}

/// A store that somebody else runs may be named inside a cluster only if it is for that one.
fn check_cluster_dns(cx: &mut Context<'_, '_>, routes: &[Route], clusters: &[Cluster], stores: &[Store]) {
    let mut users: BTreeMap<u32, BTreeSet<ClusterId>> = BTreeMap::new();
    for route in routes {
        for destination in route.destinations() {
            if let Destination::Store(store, _) = destination.value {
                users.entry(store.0).or_default().extend(route.from.iter().map(|c| c.value));
            }
        }
    }
    for (cluster, id) in clusters.iter().zip(0..) {
        for read in cluster.readers.iter().flat_map(|r| &r.reads) {
            if let crate::model::fleet::Readable::Store(store) = read.value {
                users.entry(store.0).or_default().insert(ClusterId(id));
            }
        }
    }
    for (store, users) in users {
        let store = &stores[store as usize];
        if store.cluster.is_some() || users.len() < 2 {
            continue;
        }
        let names: Vec<&str> = users.iter().take(3).map(|c| clusters[c.index()].name.as_str()).collect();
        for address in store.addresses.iter().filter(|a| super::address::is_cluster_dns(&a.url.value)) {
            let at = cx.read.span(address.url.origin);
            cx.read.report(
                Diagnostic::new(
                    &codes::CLUSTER_DNS,
                    at,
                    format!("`{}` is a name inside one cluster", address.url.value),
                )
                .here(format!(
                    "store `{}` is used by several: {}",
                    store.name,
                    super::names::list(&names)
                )),
            );
        }
    }
}

/// Waves are not compiled yet, but whom they select must be right.
pub fn check_waves<'d>(cx: &mut Context<'_, 'd>, fleet: &'d Object, candidates: &[Candidate<'d>]) {
    for wave in sorted(fleet, "wave") {
        let block = own(wave, &crate::spec::ROOT);
        let terms: Vec<(&str, Span)> = block.texts("from").collect();
        select(&terms, candidates, &mut cx.read);
    }
}
