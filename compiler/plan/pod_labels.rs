//! Lines of a route by label of the pod (A6): which jobs can carry one, and how it gets there.
//!
//! Discovery tells the labels of a pod, so where the target is the workload itself a relabeling puts
//! them on all of its series. A pod that has none gets [`NO_LABEL`], or its page could say one: what
//! a target's labels hold, a page cannot. Where an exporter reports about pods, it would have to say
//! the labels with each series, and those of the catalog do not.

use std::collections::BTreeSet;

use super::codes;
use super::context::Context;
use super::lanes;
use super::parts::{Part, spell};
use super::routing::{Partition, PodClaim, route_of};
use super::source::Workload;
use crate::diag::{Diagnostic, Sink};
use crate::model::fleet::Line;
use crate::model::plan::Monitor;
use crate::relabel::{Action, Rule, sanitize};

/// Of pods that lack the label: no value of a label in Kubernetes, for these begin with a letter or a digit.
pub(super) const NO_LABEL: &str = "-";

/// The label of a series that a label of its pod becomes.
pub(super) fn on_series(label: &str) -> String {
    format!("pod_label_{}", sanitize(label))
}

/// Whether the target labels of the part hold the label, for some line asks for it.
pub(super) fn carried(partition: Option<&Partition<'_>>, part: &Part<'_>, label: &str) -> bool {
    claims(partition).any(|c| c.covers(part) && c.labels.iter().any(|(l, _)| l == label))
}

fn claims<'p>(partition: Option<&'p Partition<'_>>) -> impl Iterator<Item = &'p PodClaim> {
    partition.into_iter().flat_map(|p| p.divisions()).flat_map(|d| &d.by_pod)
}

/// Puts the labels that lines ask for on the targets of the parts they cover.
pub(super) fn label(cx: &Context<'_>, parts: &[Part<'_>], partitions: &[Partition<'_>], monitors: &mut [Monitor]) {
    for monitor in monitors.iter_mut().filter(|m| m.owned) {
        let Some(part) = parts.iter().find(|p| p.job().name == monitor.job && p.class == monitor.class) else {
            continue;
        };
        let route = route_of(cx.fleet, cx.id, &part.lane.name);
        let Some(partition) = partitions.iter().find(|p| Some(p.id) == route) else { continue };
        for line in partition.route.all_lines() {
            for (key, value) in &line.pod_labels {
                let label = on_series(key);
                if !carried(Some(partition), part, &label) {
                    continue;
                }
                let from = format!("__meta_kubernetes_pod_label_{}", sanitize(key));
                let to = || Rule::new(Action::Replace).target(&label).origin(value.origin);
                let rules = [to().replacement(NO_LABEL), to().source([from]).regex("(.+)")];
                for endpoint in &mut monitor.endpoints {
                    if !endpoint.relabelings.iter().any(|r| r.target_label.as_deref() == Some(&label)) {
                        endpoint.relabelings.extend(rules.clone());
                    }
                }
            }
        }
    }
}

/// Refuses lines that cover jobs which cannot carry the label, and lines that claim the same pods.
pub(super) fn check(cx: &Context<'_>, parts: &[Part<'_>], partitions: &[Partition<'_>], sink: &mut Sink) {
    for partition in partitions {
        let own = lanes::parts_of(cx, parts, partition);
        let lines = |lines: &'_ [Line]| lines.iter().filter(|l| !l.pod_labels.is_empty()).cloned().collect::<Vec<_>>();
        let main = lines(&partition.route.lines);
        for value in partition.route.all_lines().flat_map(|line| line.pod_labels.values()) {
            if value.value.is_empty() {
                let at = cx.place(value.origin, partition.route.origin);
                sink.push(
                    Diagnostic::new(&codes::NO_VALUE, at, "a pod label is asked for with no value").here("empty"),
                );
            }
        }
        for (claim, line) in partition.main.by_pod.iter().zip(&main) {
            check_carried(cx, &own, claim, line, sink);
        }
        for (division, line) in partition.copies.iter().zip(&partition.route.copies) {
            division.by_pod.iter().for_each(|claim| check_carried(cx, &own, claim, line, sink));
        }
        check_twice(partition, &main, &own, sink);
    }
}

fn check_carried(cx: &Context<'_>, parts: &[&Part<'_>], claim: &PodClaim, line: &Line, sink: &mut Sink) {
    let named = |p: &&&Part<'_>| match claim.claim.jobs.is_empty() {
        // Series about no pod are not among what such a line could mean.
        true => !p.is_fast() && p.source.workload != Workload::Nowhere,
        false => claim.claim.names(p),
    };
    let cannot: Vec<&&Part<'_>> =
        parts.iter().filter(named).filter(|p| p.source.workload != Workload::Target).collect();
    if cannot.is_empty() {
        return;
    }
    let mut jobs: Vec<(String, String)> = cannot.iter().map(|p| (spell(&p.job().name, None), reason(p))).collect();
    jobs.sort();
    jobs.dedup();
    let names: Vec<&str> = jobs.iter().map(|(job, _)| job.as_str()).collect();
    let (keys, origin) =
        (line.pod_labels.keys().cloned().collect::<Vec<_>>().join(", "), line.pod_labels.values().next());
    let what = format!("the label {keys} of a pod cannot be on the series of {}", names.join(", "));
    let at = cx.place(origin.map_or(line.origin, |v| v.origin), line.origin);
    let why: Vec<String> = jobs.iter().map(|(job, why)| format!("{job}: {why}")).collect();
    let can: BTreeSet<&str> =
        parts.iter().filter(|p| p.source.workload == Workload::Target).map(|p| p.job().name.as_str()).collect();
    let can = match can.is_empty() {
        true => "no job of this cluster can carry it".to_owned(),
        false => format!("only {} can: `jobs=\"{}\"`", list(&can), can.iter().copied().collect::<Vec<_>>().join(" ")),
    };
    sink.push(Diagnostic::new(&codes::NO_POD_LABEL, at, what).here("asks for a label they do not have").why(why.join("; ")).help(format!(
        "split by namespace: `namespaces=\"team-a\"` instead of `pod-labels`, with `shared` and `unowned` in the route; {can}"
    )));
}

fn list(names: &BTreeSet<&str>) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// Why a job cannot carry labels of pods.
fn reason(part: &Part<'_>) -> String {
    let known = part.source.entry.and_then(|e| e.pod_labels.clone());
    let general = match part.source.workload {
        Workload::Nowhere => "its series are about no pod",
        Workload::Unsaid => "it does not say whether its targets are the workloads (`honor-labels`)",
        Workload::Reported | Workload::Target => "its exporter reports about pods and does not say their labels",
    };
    known.unwrap_or_else(|| general.to_owned())
}

/// Two lines, of which at least one is by pod label, that may claim one series.
fn check_twice(partition: &Partition<'_>, lines: &[Line], parts: &[&Part<'_>], sink: &mut Sink) {
    let by_pod = &partition.main.by_pod;
    for (i, (later, line)) in by_pod.iter().zip(lines).enumerate() {
        for (earlier, first) in by_pod[..i].iter().zip(lines) {
            if later.meets(earlier) && parts.iter().any(|p| later.covers(p) && earlier.covers(p)) {
                let what = format!("two lines of the route `{}` may claim the same pods", partition.route.name);
                let diagnostic = Diagnostic::new(&codes::PODS_TWICE, line.at, what).here("may claim them too");
                sink.push(diagnostic.label(first.at, "may claim them"));
            }
        }
    }
}
