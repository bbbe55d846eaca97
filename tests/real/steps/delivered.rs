//! Delivered: what the Prometheis of a cluster hold arrives at each store exactly as the route says.
//!
//! The Prometheis are asked for all their series; what the route means for each of them is looked up
//! anew (`meaning.rs`), external labels are put on, and the union has to be what each store holds: not
//! one series less, not one more, no label other than planned. Series of two replicas are one, and have
//! the samples of one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use watershed::model::plan::{ClusterPlan, Monitor, PeaksPlan};

use super::meaning::{Meaning, Series};
use super::planned::{INTERVAL, Planned};
use super::running::{Running, WORKLOADS};
use super::stores::{self, Store};
use super::traced;
use crate::ground::cluster::Cluster;
use crate::ground::{Outcome, Trouble};

/// Samples are counted over this, seconds.
const RECENT: u64 = 3 * INTERVAL;
/// The whole life of a cluster here, seconds.
pub const LATELY: u64 = 600;
const PATIENCE: Duration = Duration::from_secs(60);
/// Ends the label `prometheus` of what the relay scrapes by itself.
const BY_RELAY: &str = "/relay";
/// How many wrong series are shown.
const SHOWN: usize = 12;

/// # Errors
/// Which series are not where they should be.
pub fn judge(cluster: &Cluster, running: &Running, example: &Planned, plan: &ClusterPlan<'_>) -> Outcome<String> {
    let (fleet, fleet_plan) = example.fleet()?;
    let deadline = Instant::now() + PATIENCE;
    let compared = loop {
        let wrong = match compare(cluster, running, plan, |lane| {
            Meaning::of(fleet, fleet_plan, example.catalog(), plan, lane)
        })? {
            Ok(compared) => break compared,
            Err(wrong) => wrong,
        };
        if Instant::now() > deadline {
            return Err(Trouble::new("series are not where they should be").said(wrong.join("\n")));
        }
        std::thread::sleep(Duration::from_secs(2));
    };
    running.stores.iter().try_for_each(|store| once(store, plan))?;
    let proper = workloads(running, example, plan)?;
    let recorded = loop {
        match peaks(running, example, plan)? {
            Ok(recorded) => break recorded,
            Err(wrong) if Instant::now() > deadline => return Err(Trouble::new(wrong)),
            Err(_) => std::thread::sleep(Duration::from_secs(2)),
        }
    };
    let recorded =
        if recorded == 0 { String::new() } else { format!("; {recorded} kinds of peaks beside their twins") };
    let traced = traced::agrees(cluster, running, example, plan)?;
    Ok(format!(
        "{compared}; {proper} kinds of workload series where they belong; {traced} went the way `trace` had told{recorded}"
    ))
}

/// That what is recorded of fast classes is at every store of their twins; the inner error says at which there
/// is none of it. Counters that no exporter here has are not missed.
fn peaks(running: &Running, example: &Planned, plan: &ClusterPlan<'_>) -> Outcome<Result<usize, String>> {
    let (fleet, fleet_plan) = example.fleet()?;
    let mut seen = 0;
    for lane in plan.lanes.iter().filter(|l| !l.peaks.is_empty()) {
        let meaning = Meaning::of(fleet, fleet_plan, example.catalog(), plan, lane.name);
        let of_peaks = |peaks: &PeaksPlan| -> Vec<Series> {
            let labels = |(record, _): &(String, String)| {
                let job = peaks.values.first().map(String::as_str).unwrap_or_default();
                let labels = [("__name__", record.as_str()), ("job", job), ("job_class", peaks.twin.as_str())];
                labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
            };
            peaks.records.iter().map(labels).collect()
        };
        let wanted: Vec<Series> = lane.peaks.iter().flat_map(of_peaks).collect();
        for store in &running.stores {
            let mut due = wanted.iter().filter(|w| meaning.destinations(w).contains(&store.target)).peekable();
            if due.peek().is_none() {
                continue;
            }
            let there = store.series(LATELY)?;
            let is = |w: &&Series| there.iter().any(|s| w.iter().all(|(k, v)| s.get(k) == Some(v)));
            let here = due.filter(is).count();
            if here == 0 {
                return Ok(Err(format!(
                    "{}: nothing that {} records of its fast classes is there",
                    store.name, lane.name
                )));
            }
            seen += here;
        }
    }
    Ok(Ok(seen))
}

/// What tenants' pods expose or have said about them: `__name__`, and the job it is known by.
const OF_WORKLOADS: [(&str, &str); 4] = [
    ("kube_pod_info", "kube-state-metrics"),
    ("container_cpu_usage_seconds_total", "kubelet"),
    ("DCGM_FI_DEV_GPU_UTIL", "dcgm-exporter"),
    ("http_requests_total", "kubernetes-pods"),
];

/// The same from the other end: not what a Prometheus has made of it, but what was exposed with these namespaces, is at
/// the stores of these namespaces and at no other, and says where it comes from.
fn workloads(running: &Running, example: &Planned, plan: &ClusterPlan<'_>) -> Outcome<usize> {
    let (fleet, fleet_plan) = example.fleet()?;
    let (mut wrong, mut seen) = (Vec::new(), 0);
    let at: Vec<(&Store, Vec<Series>)> =
        running.stores.iter().map(|s| Ok((s, s.series(LATELY)?))).collect::<Outcome<_>>()?;
    for (name, job) in OF_WORKLOADS {
        let Some(monitor) = plan.monitors.iter().find(|m| m.job_value == job && m.owned) else { continue };
        let meaning = Meaning::of(fleet, fleet_plan, example.catalog(), plan, &monitor.lane);
        for namespace in WORKLOADS {
            let labels = [("__name__", name), ("job", job), ("namespace", namespace)];
            let series: Series = labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
            let due = meaning.destinations(&series);
            for (store, there) in &at {
                let is = there.iter().any(|s| series.iter().all(|(k, v)| s.get(k) == Some(v)));
                seen += usize::from(is);
                if is != due.contains(&store.target) {
                    let how = if is { "is there and should not be" } else { "is not there" };
                    wrong.push(format!("{}: {name} of {namespace} {how}", store.name));
                }
            }
        }
    }
    for (store, there) in &at {
        let identity = plan.cluster.id.value.as_str();
        let foreign = there.iter().filter(|s| s.get("cluster").map(String::as_str) != Some(identity)).count();
        if foreign > 0 {
            wrong.push(format!("{}: {foreign} series do not say that they come from {identity}", store.name));
        }
        // It tells replicas apart, which a store that deduplicates must not.
        let apart = there.iter().filter(|s| s.contains_key("prometheus_replica") || s.contains_key("replica")).count();
        if apart > 0 {
            wrong.push(format!("{}: {apart} series name a replica", store.name));
        }
    }
    if seen == 0 {
        wrong.push("no series of any workload is at any store".to_owned());
    }
    if wrong.is_empty() {
        Ok(seen)
    } else {
        Err(Trouble::new("series are not where they belong").said(wrong.join("\n")))
    }
}

/// What is at the stores against what has to be; the inner error lists what is wrong.
fn compare<'a>(
    cluster: &Cluster,
    running: &Running,
    plan: &'a ClusterPlan<'a>,
    meaning: impl Fn(&'a str) -> Meaning<'a>,
) -> Outcome<Result<String, Vec<String>>> {
    // With whether it has a number: what has none, or has none any more, may be there and need not be.
    let mut expected: BTreeMap<_, BTreeMap<Series, bool>> =
        running.stores.iter().map(|s| (s.target, BTreeMap::new())).collect();
    let (mut held, mut kept) = (0, 0);
    for (lane, pod, base) in running.prometheis(cluster, plan)? {
        let meaning = meaning(lane);
        let planned = plan.lanes.iter().find(|l| l.name == lane);
        let numbers = stores::numbers(&base)?;
        for mut series in stores::series(&base, LATELY)? {
            held += 1;
            let number = numbers.contains(&series);
            let destinations = meaning.destinations(&series);
            kept += usize::from(destinations.is_empty());
            let twice = meaning.twice(&series);
            for (name, value) in planned.iter().flat_map(|l| &l.external_labels) {
                series.insert(name.clone(), value.value.clone());
            }
            series.insert("prometheus".to_owned(), format!("{}/{lane}", plan.cluster.namespace.value));
            if planned.is_some_and(|l| l.replica_label.is_none()) {
                series.insert("prometheus_replica".to_owned(), pod.clone());
            }
            if twice {
                let mut own = series.clone();
                own.insert("prometheus".to_owned(), format!("{}/{lane}{BY_RELAY}", plan.cluster.namespace.value));
                own.remove("prometheus_replica");
                for target in &destinations {
                    *expected.entry(*target).or_default().entry(own.clone()).or_default() |= number;
                }
            }
            for target in destinations {
                *expected.entry(target).or_default().entry(series.clone()).or_default() |= number;
            }
        }
    }
    let (mut wrong, mut right) = (Vec::new(), Vec::new());
    for store in &running.stores {
        let there: BTreeSet<Series> = store.series(LATELY)?.into_iter().collect();
        let due = expected.remove(&store.target).unwrap_or_default();
        if due.is_empty() {
            wrong.push(format!("nothing has to arrive at {}, which would prove nothing", store.name));
        }
        let mut tell = |what: &str, series: Vec<&Series>| {
            if !series.is_empty() {
                wrong.push(format!("{}: {} series {what}, among them", store.name, series.len()));
                wrong.extend(series.iter().take(SHOWN).map(|s| format!("  {s:?}")));
            }
        };
        tell(
            "have not arrived",
            due.iter().filter(|(s, number)| **number && !there.contains(*s)).map(|(s, _)| s).collect(),
        );
        // vmagent says more about a scrape than Prometheus does.
        let of_relay = |s: &Series| {
            let has = |label: &str, fits: &dyn Fn(&str) -> bool| s.get(label).is_some_and(|v| fits(v));
            has("prometheus", &|v| v.ends_with(BY_RELAY)) && has("__name__", &|v| v.starts_with("scrape_"))
        };
        tell("should not be there", there.iter().filter(|s| !due.contains_key(*s) && !of_relay(s)).collect());
        right.push(format!("{} at {}", there.len(), store.name));
    }
    if !expected.is_empty() {
        wrong.push(format!("series have to arrive at stores nobody writes to: {:?}", expected.keys()));
    }
    let told = format!("of {held} series {kept} stay, the others arrive: {}", right.join(", "));
    Ok(if wrong.is_empty() { Ok(told) } else { Err(wrong) })
}

/// Replicas send everything twice; a store has it once.
fn once(store: &Store, plan: &ClusterPlan<'_>) -> Outcome<()> {
    let counted = store.samples_of_up(RECENT)?;
    if counted.is_empty() {
        return Err(Trouble::new(format!("{} has no `up`", store.name)));
    }
    for (series, count) in &counted {
        let most = most(series, plan);
        if !(1.0..=most).contains(count) {
            let what = format!("{}: {count} samples in {RECENT} s, not at most {most}: {series}", store.name);
            return Err(Trouble::new(what));
        }
    }
    Ok(())
}

/// How often an `up` can have been taken lately: a class of its own interval is told by its label.
fn most(series: &str, plan: &ClusterPlan<'_>) -> f64 {
    let of = |m: &&Monitor| m.class.as_ref().is_some_and(|c| series.contains(&format!("\"job_class\":\"{c}\"")));
    let intervals = plan.monitors.iter().filter(of).flat_map(|m| &m.endpoints).map(|e| e.interval.value.secs());
    let shortest = intervals.min().unwrap_or(INTERVAL).clamp(1, INTERVAL);
    (RECENT / shortest + 1) as f64
}
