//! From clusters to the fleet and back: what each sends, and what each store therefore gets.

use std::collections::BTreeMap;

use super::boards;
use super::context::Context;
use super::parts::{self, Part};
use super::routing::{self, Partition, Target};
use super::{critical, lanes, relay};
use crate::catalog::Catalog;
use crate::diag::{Origin, Sink, Sourced};
use crate::model::fleet::{Fleet, ReaderKind};
use crate::model::ids::{ClusterId, RouteId, StoreId};
use crate::model::plan::{Answers, FleetPlan, Send, StoreLoad, Summary};
use crate::model::value::Duration;

/// What one cluster sends. Findings are those of [`plan`](super::plan), which looks again.
pub fn survey(fleet: &Fleet, catalog: &Catalog, cluster: ClusterId) -> Summary {
    let cx = Context::new(fleet, catalog, cluster);
    let parts = parts::parts(&cx, &mut Sink::default()).all;
    let partitions = routing::partitions(&cx);
    let mut sends = Vec::new();
    let mut intervals: BTreeMap<(StoreId, Duration), (Origin, u64)> = BTreeMap::new();
    let mut pairs = Vec::new();
    let mut answers: BTreeMap<StoreId, Answers> = BTreeMap::new();
    let read = fleet.clusters.iter().any(|c| c.readers.iter().any(|r| r.kind == ReaderKind::Grafana));
    for partition in &partitions {
        for dest in routing::destinations(&cx, std::slice::from_ref(partition)) {
            let target = dest.target;
            let sent = sent(&cx, &parts, partition, target);
            sends.push(Send {
                route: partition.id,
                store: target.store,
                tenant: target.tenant,
                survive: dest.survive.value,
                series: sent
                    .iter()
                    .fold(0, |sum: u64, p| sum.saturating_add(p.series.saturating_mul(critical::senders(p).into()))),
                samples_per_second: relay::rate(&cx, &parts, std::slice::from_ref(partition), target),
            });
            // The way readers have leads to what was sent without a tenant.
            if read && target.tenant == 0 {
                let some = sent.iter().map(|p| (*p, p.schedule.interval.value));
                slowest_of(answers.entry(target.store).or_default(), boards::answers(&cx, &parts, some));
            }
            for part in sent {
                let interval = part.schedule.interval;
                let (_, sum) = intervals.entry((target.store, interval.value)).or_insert((interval.origin, 0));
                *sum = sum.saturating_add(part.series);
                if part.lane.replicas.value > 1 {
                    pairs.push((target.store, part.lane.replicas.origin));
                }
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup_by_key(|(store, _)| *store);
    Summary {
        cluster,
        sends,
        intervals: intervals.into_iter().map(|((store, i), (origin, n))| (store, Sourced::new(i, origin), n)).collect(),
        pairs,
        lanes: cx.cluster.lanes.iter().map(|l| l.name.clone()).collect(),
        answers: answers.into_iter().collect(),
    }
}

fn sent<'p, 'a>(
    cx: &Context<'_>,
    parts: &'p [Part<'a>],
    partition: &Partition<'_>,
    target: Target,
) -> Vec<&'p Part<'a>> {
    lanes::parts_of(cx, parts, partition).into_iter().filter(|p| partition.reaches(p, target)).collect()
}

/// Sums over all clusters; the order of the summaries does not matter.
pub fn settle(fleet: &Fleet, summaries: &[Summary]) -> FleetPlan {
    let mut by_cluster: Vec<&Summary> = summaries.iter().collect();
    by_cluster.sort_by_key(|s| s.cluster);
    let stores = fleet.store_ids().map(|store| load(store, &by_cluster)).collect();
    let stands_on = |cluster: ClusterId| {
        let here = |s: &StoreId| fleet.store(*s).cluster.is_some_and(|c| c.value == cluster);
        fleet.store_ids().filter(here).collect::<Vec<_>>()
    };
    let routes = |cluster: ClusterId| {
        let route = |name: &String| Some((name.clone(), routing::route_of(fleet, cluster, name)?));
        let lanes = fleet.cluster(cluster).lanes.iter().map(|l| &l.name);
        lanes.filter_map(route).collect::<Vec<(String, RouteId)>>()
    };
    FleetPlan {
        stores,
        stands_on: fleet.cluster_ids().map(stands_on).collect(),
        routes: fleet.cluster_ids().map(routes).collect(),
    }
}

fn slowest_of(all: &mut Answers, more: Answers) {
    for (asked, interval) in more {
        let slowest = all.entry(asked).or_insert(interval);
        *slowest = interval.max(*slowest);
    }
}

fn load(store: StoreId, summaries: &[&Summary]) -> StoreLoad {
    let mut load = StoreLoad::default();
    for summary in summaries {
        for send in summary.sends.iter().filter(|s| s.store == store) {
            load.series = load.series.saturating_add(send.series);
            load.samples_per_second += send.samples_per_second;
            match load.senders.last_mut() {
                Some((last, rate)) if *last == summary.cluster => *rate += send.samples_per_second,
                _ => load.senders.push((summary.cluster, send.samples_per_second)),
            }
            if send.tenant == 0 && send.samples_per_second > 0.0 && load.untenanted.last() != Some(&summary.cluster) {
                load.untenanted.push(summary.cluster);
            }
        }
        let pair = summary.pairs.iter().find(|(s, _)| *s == store).map(|(_, origin)| *origin);
        load.pairs = load.pairs.or(pair);
        for (_, answers) in summary.answers.iter().filter(|(s, _)| *s == store) {
            slowest_of(&mut load.answers, answers.clone());
        }
    }
    let intervals = || summaries.iter().flat_map(|s| &s.intervals).filter(|i| i.0 == store).map(|i| (i.1, i.2));
    load.fastest = intervals().map(|(interval, _)| interval).min_by_key(|interval| interval.value);
    load.usual = lanes::usual(intervals().map(|(interval, series)| (interval.value, series)));
    load
}
