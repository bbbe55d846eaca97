//! One line for each part: who scrapes it, how often, where it goes. For people.

use super::context::Context;
use super::load;
use super::parts::Part;
use super::relay;
use super::routing::{Division, Partition, Target, Who, route_of};
use super::source::Workload;
use crate::model::plan::Flow;

pub(super) fn flows(cx: &Context<'_>, parts: &[Part<'_>], partitions: &[Partition<'_>]) -> Vec<Flow> {
    let flow = |part: &Part<'_>| {
        let route = route_of(cx.fleet, cx.id, &part.lane.name);
        let partition = partitions.iter().find(|p| Some(p.id) == route);
        Flow {
            class: part.reference(),
            lane: part.lane.name.clone(),
            interval: part.schedule.interval.value,
            fetched: part.schedule.fetch.map(|f| f.value).filter(|f| *f > part.schedule.interval.value),
            targets: if part.is_scraped() { load::targets(cx, &part.source) } else { 0 },
            series: part.series,
            recorded: !part.is_scraped(),
            goes_to: partition.map(|p| goes_to(cx, p, part)).unwrap_or_default(),
        }
    };
    parts.iter().map(flow).collect()
}

fn goes_to(cx: &Context<'_>, partition: &Partition<'_>, part: &Part<'_>) -> Vec<String> {
    let namespaces: Vec<&str> = partition.questions().collect();
    let mut out = Vec::new();
    for (division, copy) in std::iter::once((&partition.main, "")).chain(partition.copies.iter().map(|c| (c, " copy")))
    {
        for pods in division.by_pod.iter().filter(|c| c.covers(part)) {
            let labels: Vec<String> = pods.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let to = |t| format!("{}{copy} (pods with {})", relay::name(cx, t), labels.join(", "));
            out.extend(pods.claim.targets.iter().map(|t| to(*t)));
        }
        let whole = division.answer(Who::Sample(part), "");
        if namespaces.iter().all(|n| division.answer(Who::Sample(part), n) == whole) {
            out.extend(whole.iter().map(|t| format!("{}{copy}", relay::name(cx, *t))));
        } else if copy.is_empty() && !division.claims.iter().any(|c| !c.jobs.is_empty() && c.names(part)) {
            out.push(format!("by namespace: route `{}`", partition.route.name));
        } else {
            let some = |t| Some(format!("{}{copy} ({})", relay::name(cx, t), which(division, part, t)?));
            out.extend(targets(division).into_iter().filter_map(some));
        }
    }
    out
}

/// Which of the part's series a destination gets, where the namespace decides.
fn which(division: &Division, part: &Part<'_>, target: Target) -> Option<String> {
    let mut which = Vec::new();
    let claims = division.claims.iter().filter(|c| c.targets.contains(&target) && (c.jobs.is_empty() || c.names(part)));
    let mut names: Vec<String> = claims.flat_map(|c| c.namespaces.iter().map(ToString::to_string)).collect();
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        which.push(format!("namespaces {}", names.join(", ")));
    }
    if division.unowned.contains(&target) {
        which.push("namespaces nobody owns".to_owned());
    }
    let reported = part.source.workload == Workload::Reported;
    if division.shared.contains(&target) && (reported || part.source.workload == Workload::Target) {
        which.push("series without a namespace".to_owned());
    }
    (!which.is_empty()).then(|| which.join("; "))
}

fn targets(division: &Division) -> Vec<Target> {
    let mut out: Vec<Target> = Vec::new();
    let lines = division.claims.iter().flat_map(|c| &c.targets);
    for target in lines.chain(&division.shared).chain(&division.unowned) {
        if !out.contains(target) {
            out.push(*target);
        }
    }
    out
}
