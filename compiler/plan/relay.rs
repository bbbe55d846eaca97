//! Whether a cluster needs a relay, and the size of its queues.

use std::collections::BTreeSet;

use super::context::Context;
use super::keep::{self, Scope};
use super::parts::{self, Part};
use super::routing::{self, Dest, Partition, Target};
use super::source::relay_labels;
use super::ways::{self, Way};
use super::{access, codes, critical, held, lanes};
use crate::diag::{Diagnostic, Origin, Origins, Sink, Sourced, Why};
use crate::model::fleet::Fleet;
use crate::model::plan::{RelayPlan, RelayScrape, RelayUrl};
use crate::model::value::{Bytes, Duration};
use crate::relabel::{Action, Rule};
use crate::store::{Late, Protocol, Replicas};

/// `relay`: StatefulSet and Service.
pub(super) const NAME: &str = "relay";
/// Of the Service, vmagent's own.
pub(super) const PORT: u16 = 8429;
/// Below `docker.io`; of the release the stores' chart deploys.
const VMAGENT: &str = "victoriametrics/vmagent:v1.150.0";
/// Below `quay.io`.
const RELOADER: &str = "prometheus-operator/prometheus-config-reloader";

/// What Prometheus is trusted to hold back by itself: half of what is certain, for a restart loses all of it.
const DIRECT: Duration = Duration::from_secs(held::certain(held::CUT).secs() / 2);

/// vmagent keeps queues in files of this size, and advises limits in multiples of it.
const QUEUE_STEP: u64 = 512 << 20;
const SMALLEST_QUEUE: u64 = 1 << 30;
/// The largest volume that the storage of a cloud has; on one node there is less.
const LARGEST_VOLUME: u64 = 64 << 40;
/// Besides a queue: blocks in memory, and a file that is being removed.
const HEADROOM: u64 = 512 << 20;

/// What is written where: the destinations of a cluster that there is a way to.
pub(super) struct Outlet<'a> {
    pub dest: Dest<'a>,
    pub way: Way<'a>,
    pub name: String,
}

/// Ways to all destinations that have one.
pub(super) fn outlets<'a>(cx: &Context<'a>, dests: Vec<Dest<'a>>, sink: &mut Sink) -> Vec<Outlet<'a>> {
    let mut out = Vec::new();
    for dest in dests {
        let Some(way) = ways::way(cx, dest.target.store, dest.via) else { continue };
        check_promise(cx, &dest, &way, sink);
        out.push(Outlet { name: name(cx, dest.target), dest, way });
    }
    out
}

/// `central`, or `central-t3` for a tenant; `central-tt3` where a store is called `central-t3`.
pub(super) fn name(cx: &Context<'_>, target: Target) -> String {
    name_in(cx.fleet, target)
}

pub(super) fn name_in(fleet: &Fleet, target: Target) -> String {
    let store = &fleet.store(target.store).name;
    if target.tenant == 0 {
        return store.clone();
    }
    let is_store = |name: &str| fleet.stores.iter().any(|s| s.name == name);
    let mut mark = "t".to_owned();
    loop {
        let name = format!("{store}-{mark}{}", target.tenant);
        if !is_store(&name) {
            return name;
        }
        mark.push('t');
    }
}

/// The store must still take, when it is back, what was measured when it went.
fn check_promise(cx: &Context<'_>, dest: &Dest<'_>, way: &Way<'_>, sink: &mut Sink) {
    let store = cx.fleet.store(dest.target.store);
    let survive = dest.survive;
    let retention = store.retention.filter(|_| way.kind.profile().late == Late::WithinRetention);
    let bounds = [(store.accepts_late, "accepts-late"), (retention, "retention")];
    let bounds = bounds.into_iter().filter_map(|(bound, key)| Some((bound?, key)));
    let Some((takes, key)) = bounds.min_by_key(|(bound, _)| bound.value) else { return };
    if survive.value.is_zero() || takes.value > survive.value {
        return;
    }
    let what = format!(
        "`{}` shall survive {} without `{}`, which takes samples of at most {}",
        cx.cluster.name, survive.value, store.name, takes.value
    );
    let at = cx.place(survive.origin, dest.origin);
    let help = format!("lower `survive` below {}, or raise `{key}` of the store above {}", takes.value, survive.value);
    let diagnostic = Diagnostic::new(&codes::PROMISE, at, what).here("longer than the store can take back").help(help);
    sink.push(cx.labelled(diagnostic, takes.origin, &format!("its `{key}`")));
}

/// Whether a cluster has a relay. What is measured of the relay itself never is the reason for one.
pub(super) fn is_there(cx: &Context<'_>) -> bool {
    // Whoever plans it says what is wrong.
    let mut unheard = Sink::default();
    let partitions = routing::partitions(cx);
    let outlets = outlets(cx, routing::destinations(cx, &partitions), &mut unheard);
    if outlets.is_empty() || !reasons(cx, &partitions, &outlets, &[]).is_empty() {
        return !outlets.is_empty();
    }
    let said = cx.cluster.jobs.iter().any(|j| j.critical.is_some_and(|c| c.value));
    said && !critical::sent(cx, &parts::parts(cx, &mut unheard).all, &partitions).is_empty()
}

/// Why a cluster needs a relay, in words; empty: its Prometheis write by themselves.
pub(super) fn reasons(
    cx: &Context<'_>,
    partitions: &[Partition<'_>],
    outlets: &[Outlet<'_>],
    scrapes: &[RelayScrape],
) -> Vec<String> {
    let mut out = Vec::new();
    if cx.cluster.relay.always.value {
        out.push("`relay \"always\"`".to_owned());
    }
    if let Some(longest) = outlets.iter().map(|o| o.dest.survive.value).max().filter(|s| *s > DIRECT) {
        out.push(format!(
            "`survive \"{longest}\"`: Prometheus by itself is sure of about an hour, and of nothing over a restart"
        ));
    }
    for partition in partitions.iter().filter(|p| p.by_namespace()) {
        out.push(format!(
            "the route `{}` splits by namespace: a change of tenants must not touch a Prometheus",
            partition.route.name
        ));
    }
    for scrape in scrapes {
        out.push(format!("`{}` is critical: it is scraped here too, whatever becomes of its Prometheus", scrape.job));
    }
    for outlet in outlets {
        let store = &cx.fleet.store(outlet.dest.target.store);
        if outlet.way.is_public() {
            out.push(format!("`{}` is reached over a public address with credentials", store.name));
        }
        if store.ingestion_limit.is_some() {
            out.push(format!("`{}` has an ingestion limit: what it refuses has to wait somewhere", store.name));
        }
    }
    let mut seen = BTreeSet::new();
    out.retain(|reason| seen.insert(reason.clone()));
    out
}

pub(super) fn plan(
    cx: &Context<'_>,
    parts: &[Part<'_>],
    partitions: &[Partition<'_>],
    outlets: &[Outlet<'_>],
    (because, scrapes): (Vec<String>, Vec<RelayScrape>),
    origins: &mut Origins,
) -> RelayPlan {
    let urls: Vec<RelayUrl> = outlets.iter().map(|o| url(cx, parts, partitions, outlets, o, origins)).collect();
    let queue = |u: &RelayUrl| u.queue.value.get().saturating_add(HEADROOM);
    let queues = urls.iter().fold(0, |sum: u64, u| sum.saturating_add(queue(u)));
    let from = urls.iter().map(|u| u.queue.origin).collect();
    let ways = urls.iter().map(|u| u.origin).collect();
    let reason = "Σ (queue + 0.5 GiB) × 1.1, up to the next of four steps to the power of two: any one replica may get everything";
    let relay = &cx.cluster.relay;
    let image = |registry: &str, rest: &str| format!("{}/{rest}", cx.mirror().unwrap_or(registry));
    let reloader = cx.version("operator");
    RelayPlan {
        name: NAME.to_owned(),
        found_by: relay_labels().into(),
        image: Sourced::new(image("docker.io", VMAGENT), cx.image_origin(Origin::INHERIT, origins)),
        reloader_image: Sourced::new(
            image("quay.io", &format!("{RELOADER}:v{}", reloader.value)),
            cx.image_origin(reloader.origin, origins),
        ),
        replicas: relay.replicas,
        storage_class: relay.storage_class.clone().or_else(|| cx.cluster.storage_class.clone()),
        storage: Sourced::new(
            Bytes::new(coarse(queues.saturating_mul(11) / 10)),
            origins.add(Why::Derived { reason, from }),
        ),
        urls,
        requests: lanes::resources(&relay.requests, &[("cpu", "100m"), ("memory", "256Mi")], origins),
        limits: relay.limits.clone(),
        because,
        common: if scrapes.is_empty() { Vec::new() } else { critical::common(cx) },
        access: access::of_relay(cx, parts, &scrapes),
        scrapes,
        origin: origins.add(Why::Derived { reason: "the way to these stores needs a queue on disk", from: ways }),
    }
}

/// A volume that nobody has is a promise that nobody keeps.
pub(super) fn check_volume(cx: &Context<'_>, relay: &RelayPlan, sink: &mut Sink) {
    let needed = relay.storage.value;
    let Some(largest) = relay.urls.iter().max_by_key(|u| u.queue.value.get()) else { return };
    if needed.get() <= LARGEST_VOLUME {
        return;
    }
    let survive = largest.survive;
    let store = &cx.fleet.store(largest.store).name;
    let what = format!(
        "`{}` shall survive {} without `{store}`, and its relay needs a volume of {needed} for it",
        cx.cluster.name, survive.value
    );
    let help = match kept_days(cx, relay, &survive) {
        0 => "lower `survive`, or send less there: a longer `interval`, fewer jobs".to_owned(),
        days => format!("lower `survive` to {} or less, or send less there", Duration::from_days(days)),
    };
    let at = cx.place(survive.origin, largest.origin);
    let label = format!("no volume is larger than {}", Bytes::new(LARGEST_VOLUME));
    sink.push(Diagnostic::new(&codes::NO_VOLUME, at, what).here(label).help(help));
}

/// The most days that a volume holds and every store takes back, if what is said by one line is lowered for all
/// destinations it is said for.
fn kept_days(cx: &Context<'_>, relay: &RelayPlan, survive: &Sourced<Duration>) -> u64 {
    let is_lowered = |u: &&RelayUrl| u.survive.origin == survive.origin;
    let queue = |u: &RelayUrl, days: u64| match is_lowered(&u) {
        // The queue is rounded up already: not one too small comes of it.
        true => {
            let part = u128::from(u.queue.value.get()) * u128::from(days) * 86_400;
            coarse(u64::try_from(part.div_ceil(u128::from(survive.value.secs().max(1)))).unwrap_or(u64::MAX >> 2))
        }
        false => u.queue.value.get(),
    };
    let holds = |days: u64| {
        let each = relay.urls.iter().map(|u| queue(u, days).saturating_add(HEADROOM));
        coarse(each.fold(0, u64::saturating_add).min(LARGEST_VOLUME * 2) * 11 / 10) <= LARGEST_VOLUME
    };
    let stores = relay.urls.iter().filter(is_lowered).map(|u| cx.fleet.store(u.store));
    let taken = stores.flat_map(|s| s.accepts_late.into_iter().chain(s.retention));
    let most = taken.map(|t| t.value.secs().saturating_sub(1) / 86_400).min().unwrap_or(u64::MAX);
    let (mut fits, mut fails) = (0, most.min(survive.value.secs() / 86_400).saturating_add(1));
    while fits + 1 < fails {
        let middle = fits + (fails - fits) / 2;
        if holds(middle) { fits = middle } else { fails = middle }
    }
    fits
}

fn url(
    cx: &Context<'_>,
    parts: &[Part<'_>],
    partitions: &[Partition<'_>],
    outlets: &[Outlet<'_>],
    outlet: &Outlet<'_>,
    origins: &mut Origins,
) -> RelayUrl {
    let target = outlet.dest.target;
    let rate = rate(cx, parts, partitions, target);
    let bytes = match outlet.way.kind.profile().protocol {
        Protocol::VictoriaMetrics => 32,
        Protocol::Prometheus => 60,
    };
    let survive = outlet.dest.survive;
    let reason = "samples/s × survive × bytes per queued sample (32, or 60 for Prometheus' own protocol) × 1.3, up to the next of four steps to the power of two";
    let queue = origins.add(Why::Derived { reason, from: vec![survive.origin] });
    let reason = "one for every 10,000 samples/s, up to the next power of two: what each of them sends is lost if the relay is killed";
    let senders = origins.add(Why::Derived { reason, from: vec![outlet.dest.origin] });
    let mut rules = rules(cx, parts, partitions, target, outlet.dest.origin);
    rules.extend(replica_rule(outlets, outlet));
    RelayUrl {
        name: outlet.name.clone(),
        url: Sourced::new(
            outlet.way.kind.write_url(&outlet.way.door, target.tenant),
            outlet.way.url_origin(outlet.dest.origin, origins),
        ),
        credentials: outlet.way.credentials.clone(),
        rules,
        queue: Sourced::new(Bytes::new(queue_bytes(rate, survive.value, bytes)), queue),
        senders: Sourced::new(senders_for(rate), senders),
        survive,
        samples_per_second: rate,
        store: target.store,
        tenant: target.tenant,
        origin: outlet.dest.origin,
    }
}

fn queue_bytes(samples_per_second: f64, survive: Duration, bytes_per_sample: u64) -> u64 {
    // Thousandths of a sample per second, so that what follows is whole numbers.
    let milli = u128::from((samples_per_second * 1000.0).ceil() as u64);
    let bytes = milli * u128::from(survive.secs()) * u128::from(bytes_per_sample) * 13 / 10_000;
    coarse(bytes.min(u128::from(u64::MAX >> 2)) as u64)
}

/// How many blocks are sent at a time. A block has at most 10,000 samples, or what came in a second: with five round trips
/// a second, which a line across a continent allows, this many send five times of what comes. vmagent itself takes two
/// for each core of its node, holds a block in each while a store is down, and loses those when it is killed.
fn senders_for(samples_per_second: f64) -> u32 {
    const BLOCK: f64 = 10_000.0;
    // As casts go, what is too much is the most.
    ((samples_per_second / BLOCK).ceil() as u32).max(1).checked_next_power_of_two().unwrap_or(u32::MAX)
}

/// Up to the next of four steps to the power of two, at least a GiB: some more nodes must not change a
/// volume, which Kubernetes refuses to change in place.
fn coarse(bytes: u64) -> u64 {
    let bytes = bytes.max(SMALLEST_QUEUE);
    let step = ((1 << bytes.ilog2()) / 4).max(QUEUE_STEP);
    bytes.div_ceil(step).saturating_mul(step)
}

/// Samples per second to a destination. How pods are spread over namespaces is not known, so a part
/// that is split by namespace counts whole wherever some of it may go.
pub(super) fn rate(cx: &Context<'_>, parts: &[Part<'_>], partitions: &[Partition<'_>], target: Target) -> f64 {
    let sent = partitions.iter().flat_map(|partition| {
        let own = lanes::parts_of(cx, parts, partition);
        own.into_iter().filter(move |p| partition.reaches(p, target))
    });
    sent.map(|p| p.samples_per_second() * f64::from(critical::senders(p))).sum()
}

/// Rules of one URL, over what all Prometheis of the cluster send.
fn rules(
    cx: &Context<'_>,
    parts: &[Part<'_>],
    partitions: &[Partition<'_>],
    target: Target,
    origin: Origin,
) -> Vec<Rule> {
    let shared = super::values::shared(parts);
    let sent: Vec<Vec<&Part<'_>>> = partitions.iter().map(|p| lanes::parts_of(cx, parts, p)).collect();
    let scopes: Vec<Scope<'_, '_>> = partitions
        .iter()
        .zip(&sent)
        .map(|(partition, parts)| Scope {
            partition,
            parts,
            senders: (partitions.len() > 1).then(|| senders(cx, partition, parts)),
            shared: &shared,
        })
        .collect();
    // Where nothing is for it, its place in the list stays, for queues are told by it.
    keep::rules(&scopes, target, origin).unwrap_or_else(|| keep::nothing(origin))
}

/// The label `prometheus` of all that a route carries: of its Prometheis, and of what the relay scrapes
/// for them.
fn senders(cx: &Context<'_>, partition: &Partition<'_>, parts: &[&Part<'_>]) -> Vec<String> {
    let own = parts.iter().filter(|p| critical::is_critical(p)).map(|p| critical::sender(cx, &p.lane.name));
    lanes::senders(cx, partition).into_iter().chain(own.collect::<BTreeSet<_>>()).collect()
}

/// Where stores differ in what they make of replicas, those that merge identical series get them
/// without the label that tells replicas apart.
pub(super) fn replica_rule<'o>(outlets: impl IntoIterator<Item = &'o Outlet<'o>>, outlet: &Outlet<'_>) -> Option<Rule> {
    let mixed = outlets.into_iter().any(|o| !merges(o));
    (mixed && merges(outlet))
        .then(|| Rule::new(Action::LabelDrop).regex(lanes::REPLICA_LABEL).origin(outlet.dest.origin))
}

/// Whether the store makes one of identical series.
pub(super) fn merges(outlet: &Outlet<'_>) -> bool {
    outlet.way.kind.profile().replicas == Replicas::MergedIfIdentical
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_few_blocks_are_sent_at_a_time_as_catch_up() {
        assert_eq!([0.0, 100.0, 10_000.0, 10_001.0, 112_610.0].map(senders_for), [1, 1, 1, 2, 16]);
    }

    #[test]
    fn queues_hold_the_outage_in_coarse_steps_and_never_less_than_a_gibibyte() {
        // 10,000/s, 12 h, 32 bytes, 1.3: 17.97 GB, 16.7 GiB.
        let twelve_hours = Duration::from_secs(12 * 3600);
        assert_eq!(queue_bytes(10_000.0, twelve_hours, 32), 20 << 30);
        assert_eq!(queue_bytes(10_000.0, twelve_hours, 60), 32 << 30);
        assert_eq!(queue_bytes(10_000.0, Duration::ZERO, 32), SMALLEST_QUEUE);
        assert_eq!(queue_bytes(0.0, twelve_hours, 32), SMALLEST_QUEUE);
        assert_eq!([1, 3 << 29, 9 << 29, 65 << 30].map(coarse), [1 << 30, 3 << 29, 5 << 30, 80 << 30]);
    }
}
