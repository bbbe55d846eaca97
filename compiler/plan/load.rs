//! Series and samples per second, from the catalog's model and the cluster's facts.
//!
//! Estimates, for sizing queues and stores. What a spec does not say is assumed here and nowhere
//! else: cores, interfaces and disks of a node, containers of a pod.

use super::context::Context;
use super::source::{Found, Source};
use crate::catalog::{Counts, Peak, SeriesModel, Targets};
use crate::model::fleet::Class;
use crate::model::value::Duration;

/// `up` and four of `scrape_*`, which Prometheus adds to each target.
const OWN_SERIES: u64 = 5;

/// Series of a part in the cluster, for one replica of the Prometheus that scrapes it. What a spec
/// says of the whole job counts for the remainder; of a class it says it there, or it is the catalog's share.
pub(super) fn series(cx: &Context<'_>, source: &Source<'_>, model: SeriesModel, class: Option<&Class>) -> u64 {
    let targets = targets(cx, source);
    let measured = match class.map_or(source.job.series, |class| class.series) {
        Some(said) => said.value.saturating_mul(targets),
        None => model.series(&counts(cx, targets)),
    };
    measured.saturating_add(targets.saturating_mul(OWN_SERIES))
}

/// Series that are recorded in a cluster by one replica: Prometheus adds none to them.
pub(super) fn recorded<'c>(cx: &Context<'_>, source: &Source<'_>, peaks: impl Iterator<Item = &'c Peak>) -> u64 {
    let counts = counts(cx, targets(cx, source));
    peaks.fold(0, |sum: u64, peak| sum.saturating_add(peak.series.series(&counts)))
}

/// Samples per second of so many series.
pub(super) fn per_second(series: u64, interval: Duration) -> f64 {
    series as f64 * 1000.0 / interval.millis().max(1) as f64
}

/// What is scraped of a job in the cluster.
pub(super) fn targets(cx: &Context<'_>, source: &Source<'_>) -> u64 {
    let nodes = u64::from(cx.cluster.nodes.value);
    if let Found::Static(addresses) = &source.found {
        return addresses.len() as u64;
    }
    if matches!(source.found, Found::Probe) {
        return source.job.discover.as_ref().map_or(0, |d| d.addresses.len() as u64);
    }
    match source.entry.map(|e| e.targets) {
        Some(Targets::PerNode) => nodes,
        // Three with etcd's usual quorum; a cluster of one or two nodes has one.
        Some(Targets::PerControlPlaneNode) => {
            if nodes < 3 {
                1
            } else {
                3
            }
        }
        Some(Targets::PerPrometheus) => cx.cluster.lanes.iter().map(|l| u64::from(l.replicas.value)).sum(),
        Some(Targets::PerRelay) => u64::from(cx.cluster.relay.replicas.value),
        // One pod in ten carries the annotation.
        Some(Targets::Annotated) => cx.cluster.pods.value.div_ceil(10),
        Some(Targets::PerReplica) | None => 1,
    }
}

/// Machines with accelerators are the large ones: 128 cores, 8 interfaces and 4 disks are assumed;
/// others have 32, 4 and 2.
fn counts(cx: &Context<'_>, targets: u64) -> Counts {
    let c = cx.cluster;
    let nodes = u64::from(c.nodes.value);
    let per_node = |n: u32| nodes.saturating_mul(n.into());
    let (gpus, npus) = (per_node(c.gpus_per_node.value), per_node(c.npus_per_node.value));
    let large = gpus > 0 || npus > 0;
    Counts {
        targets,
        nodes,
        pods: c.pods.value,
        // One container a pod and, in every third, a sidecar.
        containers: c.pods.value.saturating_add(c.pods.value / 3),
        cpus: nodes * if large { 128 } else { 32 },
        nics: nodes * if large { 8 } else { 4 },
        disks: nodes * if large { 4 } else { 2 },
        gpus,
        npus,
        roce_ports: per_node(c.roce_ports_per_node.value),
    }
}
