//! What each Prometheus of a cluster runs with, and what it writes where.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::keep::{self, Scope};
use super::parts::Part;
use super::relay::{self, Outlet};
use super::routing::{Partition, route_of};
use super::{access, alerting, codes, expose, peaks, values};
use crate::diag::{Diagnostic, Origin, Origins, Sink, Sourced, Why};
use crate::model::fleet::{Lane, Query, Resources};
use crate::model::plan::{LanePlan, Monitor, PodLabel, RemoteWrite};
use crate::model::value::{Bytes, Duration, Version};
use crate::relabel::{Action, Rule};
use crate::store::Replicas;

/// The operator's own label that tells replicas apart.
pub(super) const REPLICA_LABEL: &str = "prometheus_replica";

/// The first operator with `spec.serviceName`.
const SERVICE_NAME: Version = Version::new(0, 81, 0);

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// A Prometheus that nobody sized: enough for about 300,000 series.
const START: [(&str, &str); 2] = [("cpu", "500m"), ("memory", "2Gi")];

/// Everything that is decided before the lanes.
pub(super) struct Decided<'p, 'a> {
    pub parts: &'p [Part<'a>],
    pub monitors: &'p [Monitor],
    pub partitions: &'p [Partition<'a>],
    pub outlets: &'p [Outlet<'a>],
    pub relayed: bool,
}

pub(super) fn plan<'f>(
    cx: &Context<'f>,
    lane: &'f Lane,
    decided: &Decided<'_, 'f>,
    origins: &mut Origins,
    sink: &mut Sink,
) -> LanePlan<'f> {
    let cluster = cx.cluster;
    let own: Vec<&Monitor> = decided.monitors.iter().filter(|m| m.lane == lane.name).collect();
    let version = cx.version("prometheus");
    let requests = resources(&lane.requests, &START, origins);
    let scrape_interval = lane.interval.unwrap_or(cluster.interval);
    let said_timeout = lane.timeout.or(cluster.timeout);
    if let Some(long) = said_timeout.filter(|t| t.value > scrape_interval.value) {
        let what = format!("the timeout {} is longer than the interval {}", long.value, scrape_interval.value);
        let at = cx.place(long.origin, lane.origin);
        let diagnostic = Diagnostic::new(&codes::TIMEOUT, at, what).here("longer than the interval");
        sink.push(cx.labelled(diagnostic, scrape_interval.origin, "the interval comes from here"));
    }
    let short = (scrape_interval.value < Duration::from_secs(10)).then_some(scrape_interval);
    let remote_write = remote_write(cx, lane, decided, origins, sink);
    let discovery_role = cx.version("operator").value.at_least(SLICES_SINCE).then_some("EndpointSlice");
    let exposure = expose::exposure(cx, lane, sink);
    LanePlan {
        lane,
        name: &lane.name,
        origin: lane.origin,
        version,
        image: Sourced::new(cx.image("prometheus"), cx.image_origin(version.origin, origins)),
        retention: lane.retention,
        retention_size: retention_size(lane, origins),
        storage: &lane.storage,
        replicas: lane.replicas,
        scrape_interval,
        scrape_timeout: said_timeout.or(short),
        external_labels: external_labels(cx),
        replica_label: replica_label(cx, lane, decided, &remote_write),
        remote_write,
        alerting: alerting::targets(cx, lane),
        query: query(lane, &requests, origins),
        requests,
        limits: lane.limits.clone(),
        sample_limit: lane.sample_limit,
        token_class: own.iter().find_map(|m| m.scrape_class),
        access: access::access(cx, lane, &own, scraped(decided.parts, lane), discovery_role.is_some(), sink),
        discovery_role,
        governing_service: (cx.version("operator").value.at_least(SERVICE_NAME))
            .then(|| format!("prometheus-{}-headless", lane.name)),
        pod_labels: pod_labels(cx, lane, decided.parts, sink),
        external_url: exposure.as_ref().and_then(expose::external_url),
        exposure,
        owns: own_parts(decided.parts, lane).filter(|p| p.is_scraped()).map(Part::reference).collect(),
        peaks: peaks::plan(decided.parts, lane),
    }
}

/// `serviceDiscoveryRole` of a Prometheus, prometheus-operator 0.76.
pub(super) const SLICES_SINCE: Version = Version::new(0, 76, 0);

/// What it sends, if anybody does: scraped or recorded.
fn own_parts<'p, 'a>(parts: &'p [Part<'a>], lane: &'p Lane) -> impl Iterator<Item = &'p Part<'a>> {
    parts.iter().filter(|p| p.lane.name == lane.name)
}

fn scraped<'p, 'a>(parts: &'p [Part<'a>], lane: &'p Lane) -> impl Iterator<Item = &'p Part<'a>> {
    let here = |p: &&Part<'_>| p.lane.name == lane.name || p.copies.iter().any(|c| c.0.name == lane.name);
    parts.iter().filter(here)
}

/// What the network policies of the exporters it scrapes ask of its pods.
fn pod_labels(cx: &Context<'_>, lane: &Lane, parts: &[Part<'_>], sink: &mut Sink) -> BTreeMap<String, PodLabel> {
    let mut out: BTreeMap<String, PodLabel> = BTreeMap::new();
    for part in scraped(parts, lane) {
        let admits = part.source.variant.map(|v| &v.admits).filter(|_| !part.source.is_ours());
        for (name, value) in admits.into_iter().flatten() {
            let job = part.job();
            let wanted = PodLabel { value: value.clone(), job: job.name.clone(), origin: job.origin };
            let known = out.entry(name.clone()).or_insert_with(|| wanted.clone());
            if known.value != wanted.value {
                let what = format!(
                    "`{}` lets in pods with `{name}: {}`, and `{}` those with `{name}: {value}`; prometheus `{}` scrapes both",
                    known.job, known.value, job.name, lane.name
                );
                let at = cx.place(job.origin, lane.origin);
                let found = Diagnostic::new(&codes::TWO_ADMISSIONS, at, what).here("asks for another value");
                sink.push(cx.labelled(found, known.origin, "asks for this label"));
            }
        }
    }
    out
}

/// The parts of a cluster that a route carries: those owned by the Prometheis in it.
pub(super) fn parts_of<'p, 'a>(
    cx: &Context<'_>,
    parts: &'p [Part<'a>],
    partition: &Partition<'_>,
) -> Vec<&'p Part<'a>> {
    let sent = |p: &&Part<'_>| route_of(cx.fleet, cx.id, &p.lane.name) == Some(partition.id);
    parts.iter().filter(sent).collect()
}

/// The label `prometheus` of the Prometheis in a route: the operator's `<namespace>/<name>`.
pub(super) fn senders(cx: &Context<'_>, partition: &Partition<'_>) -> Vec<String> {
    let sends = |l: &&Lane| route_of(cx.fleet, cx.id, &l.name) == Some(partition.id);
    cx.cluster.lanes.iter().filter(sends).map(|l| sender(cx, &l.name)).collect()
}

/// The operator's label that tells Prometheis apart.
pub(super) const SENDER: &str = "prometheus";

pub(super) fn sender(cx: &Context<'_>, lane: &str) -> String {
    format!("{}/{lane}", cx.cluster.namespace.value)
}

/// What is said, and for each resource nobody speaks of the fixed value to start from: an estimate
/// never becomes a setting by itself.
pub(super) fn resources(said: &Resources, start: &[(&str, &str)], origins: &mut Origins) -> Resources {
    let mut out = said.clone();
    for (name, quantity) in start {
        if !out.contains_key(*name) {
            let origin = origins.add(Why::Default("a fixed value to start from; an estimate is never set silently"));
            out.insert((*name).to_owned(), Sourced::new((*quantity).to_owned(), origin));
        }
    }
    out
}

fn retention_size(lane: &Lane, origins: &mut Origins) -> Sourced<Bytes> {
    lane.retention_size.unwrap_or_else(|| {
        let size = lane.storage.size;
        let reason = "80 % of the volume: WAL and compaction need the rest";
        Sourced::new(size.value.percent(80), origins.add(Why::Derived { reason, from: vec![size.origin] }))
    })
}

/// The identity on everything, the control planes' own series included.
pub(super) fn external_labels(cx: &Context<'_>) -> Vec<(String, Sourced<String>)> {
    let identity = (cx.fleet.identity.value.clone(), cx.cluster.id.clone());
    let others = cx.cluster.external_labels.iter().map(|(k, v)| (k.clone(), v.clone()));
    std::iter::once(identity).chain(others).collect()
}

/// Removed where every store of the lane merges replicas by identical labels; where only some do,
/// it stays and is removed on the way to those.
fn replica_label(cx: &Context<'_>, lane: &Lane, decided: &Decided<'_, '_>, writes: &[RemoteWrite]) -> Option<String> {
    let mut kinds = own_outlets(cx, lane, decided).map(|o| o.way.kind.profile().replicas).peekable();
    let any = kinds.peek().is_some() && !writes.is_empty();
    (any && kinds.all(|k| k == Replicas::MergedIfIdentical)).then(String::new)
}

/// Destinations of the route the lane is in. Behind a relay all lanes share one label policy.
fn own_outlets<'p, 'a>(
    cx: &Context<'_>,
    lane: &Lane,
    decided: &Decided<'p, 'a>,
) -> impl Iterator<Item = &'p Outlet<'a>> {
    let route = route_of(cx.fleet, cx.id, &lane.name);
    let partition = decided.partitions.iter().find(|p| Some(p.id) == route);
    let relayed = decided.relayed;
    let outlets = decided.outlets;
    outlets.iter().filter(move |o| partition.is_some_and(|p| relayed || p.mentions(o.dest.target)))
}

fn remote_write(
    cx: &Context<'_>,
    lane: &Lane,
    decided: &Decided<'_, '_>,
    origins: &mut Origins,
    sink: &mut Sink,
) -> Vec<RemoteWrite> {
    let route = route_of(cx.fleet, cx.id, &lane.name);
    let Some(partition) = decided.partitions.iter().find(|p| Some(p.id) == route) else { return Vec::new() };
    let writes_to: Vec<&Outlet<'_>> = own_outlets(cx, lane, decided).collect();
    if writes_to.is_empty() {
        return Vec::new();
    }
    warn_of_pairs(cx, lane, &writes_to, sink);
    let shared = values::shared(decided.parts);
    if decided.relayed {
        let (namespace, domain) = (&cx.cluster.namespace.value, &cx.cluster.dns_domain.value);
        let url = format!("http://{}.{namespace}.svc.{domain}:{}/api/v1/write", relay::NAME, relay::PORT);
        return vec![RemoteWrite {
            name: relay::NAME.to_owned(),
            url: Sourced::new(url, partition.route.origin),
            credentials: Default::default(),
            rules: [
                vec![identity(cx)],
                said_by(cx, lane, decided.partitions).into_iter().collect(),
                stay_home(lane, decided.parts, &shared, |p| partition.keeps_home(p), partition.route.origin),
            ]
            .concat(),
            retry_on_rate_limit: true,
            origin: partition.route.origin,
        }];
    }
    let own: Vec<&Part<'_>> = own_parts(decided.parts, lane).collect();
    let mut out = Vec::new();
    for outlet in writes_to.iter().copied() {
        let (target, origin) = (outlet.dest.target, outlet.dest.origin);
        let scope = Scope { partition, parts: &own, senders: None, shared: &shared };
        let Some(kept) = keep::rules(&[scope], target, origin) else { continue };
        let mut rules = vec![identity(cx)];
        rules.extend(stay_home(lane, decided.parts, &shared, |_| false, origin));
        rules.extend(kept);
        rules.extend(relay::replica_rule(writes_to.iter().copied(), outlet));
        out.push(RemoteWrite {
            name: outlet.name.clone(),
            url: Sourced::new(
                outlet.way.kind.write_url(&outlet.way.door, target.tenant),
                outlet.way.url_origin(origin, origins),
            ),
            credentials: outlet.way.credentials.clone(),
            rules,
            retry_on_rate_limit: true,
            origin,
        });
    }
    out
}

/// The identity on everything that leaves, whatever a target says of itself: an external label is
/// only added where the series has none of that name, so that a pod could write as another cluster.
pub(super) fn identity(cx: &Context<'_>) -> Rule {
    let id = &cx.cluster.id;
    Rule::new(Action::Replace)
        .target(&cx.fleet.identity.value)
        .replacement(id.value.replace('$', "$$"))
        .origin(id.origin)
}

/// Where several routes meet in the relay, which of them a series is of is told by the Prometheus that sends it. Like the
/// identity it is forced on all that leaves, or a pod could choose the route itself.
fn said_by(cx: &Context<'_>, lane: &Lane, partitions: &[Partition<'_>]) -> Option<Rule> {
    let rule = || {
        let sender = sender(cx, &lane.name).replace('$', "$$");
        Rule::new(Action::Replace).target(SENDER).replacement(sender).origin(lane.origin)
    };
    (partitions.len() > 1).then(rule)
}

/// Rules for what the Prometheus scrapes and never sends: copies of what another one owns, and own
/// parts that `homely` says no store gets.
fn stay_home(
    lane: &Lane,
    parts: &[Part<'_>],
    shared: &BTreeSet<String>,
    homely: impl Fn(&Part<'_>) -> bool,
    origin: Origin,
) -> Vec<Rule> {
    let here: Vec<&Part<'_>> = scraped(parts, lane).collect();
    let stays = |p: &Part<'_>| p.lane.name != lane.name || homely(p);
    let of: Vec<usize> = here.iter().enumerate().filter(|(_, p)| stays(p)).map(|(i, _)| i).collect();
    if of.is_empty() { Vec::new() } else { keep::drop_parts(&here, &of, shared, origin) }
}

fn warn_of_pairs(cx: &Context<'_>, lane: &Lane, outlets: &[&Outlet<'_>], sink: &mut Sink) {
    if lane.replicas.value < 2 {
        return;
    }
    for outlet in outlets.iter().filter(|o| o.way.kind.profile().replicas == Replicas::Unknown) {
        let store = cx.fleet.store(outlet.dest.target.store);
        let what = format!("the {} replicas of `{}` both write to `{}`", lane.replicas.value, lane.name, store.name);
        let at = cx.place(lane.replicas.origin, lane.origin);
        let diagnostic = Diagnostic::new(&codes::PAIR_TWICE, at, what).here("each replica sends everything");
        sink.push(cx.labelled(diagnostic, store.kind.origin, "a store of unknown make"));
    }
}

/// Half of the memory is for queries: one at a time for each 512 MiB of it (4 to 20, Prometheus'
/// own default), and as many samples for each as fit, at 16 bytes (1 to 50 million, the default).
/// What is not said is computed from the memory limit, else from the request.
fn query(lane: &Lane, requests: &Resources, origins: &mut Origins) -> Query {
    let memory = lane.limits.get("memory").or_else(|| requests.get("memory"));
    let (bytes, from) = match memory.and_then(|m| Some((Bytes::parse(&m.value).ok()?.get(), m.origin))) {
        Some(known) => known,
        None => (2 * GIB, Origin::INHERIT),
    };
    let mut because = |reason| origins.add(Why::Derived { reason, from: vec![from] });
    let concurrency = lane.query.concurrency.unwrap_or_else(|| {
        let at_once = (bytes / (512 * MIB)).clamp(4, 20) as u32;
        Sourced::new(at_once, because("one query at a time for each 512 MiB of memory, 4 to 20"))
    });
    let samples = lane.query.samples.unwrap_or_else(|| {
        let fit = bytes / 2 / 16 / u64::from(concurrency.value.max(1)) / 1_000_000;
        let reason = "half of the memory over all queries at once, 16 bytes a sample, 1 to 50 million";
        Sourced::new(fit.clamp(1, 50) * 1_000_000, because(reason))
    });
    let timeout = lane.query.timeout.unwrap_or_else(|| {
        Sourced::new(Duration::from_secs(120), origins.add(Why::Default("Prometheus' own default")))
    });
    Query { concurrency: Some(concurrency), samples: Some(samples), timeout: Some(timeout) }
}

/// The interval that most series have.
pub(super) fn usual(intervals: impl IntoIterator<Item = (Duration, u64)>) -> Option<Duration> {
    let mut sums: BTreeMap<Duration, u64> = BTreeMap::new();
    for (interval, series) in intervals {
        let sum = sums.entry(interval).or_default();
        *sum = sum.saturating_add(series);
    }
    sums.into_iter().rev().max_by_key(|(_, series)| *series).map(|(interval, _)| interval)
}
