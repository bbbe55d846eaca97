//! Jobs that the relay scrapes by itself, so that a Prometheus in trouble does not blind the centre.
//!
//! Targets and labels are those that the operator and Prometheus make of the job's monitors. Only the
//! label `prometheus` differs: it says which Prometheus owns the job, and that the relay was the one
//! who looked. So both copies can be held at one store, and each be told.

use std::collections::BTreeSet;

use super::codes;
use super::context::Context;
use super::lanes;
use super::parts::Part;
use super::routing::{Partition, route_of};
use super::source::Found;
use crate::diag::{Diagnostic, Sink, Sourced};
use crate::model::plan::{Endpoint, Monitor, MonitorKind, RelayScrape};
use crate::relabel::{Action, PodMonitor, Port, Rule, ScrapeConfig, Selector, ServiceMonitor};

/// Whether the job of a part is scraped by the relay too.
pub(super) fn is_critical(part: &Part<'_>) -> bool {
    part.is_scraped() && part.job().critical.is_some_and(|c| c.value) && part.source.found != Found::Probe
}

/// The label `prometheus` of what the relay scrapes for a Prometheus: no Prometheus has such a name.
pub(super) fn sender(cx: &Context<'_>, lane: &str) -> String {
    format!("{}/relay", lanes::sender(cx, lane))
}

/// How often each sample of a part is sent: by every replica, and by the relay.
pub(super) fn senders(part: &Part<'_>) -> u32 {
    part.lane.replicas.value.max(1).saturating_add(u32::from(is_critical(part)))
}

/// What the relay scrapes: the critical jobs of which something goes to a store.
pub(super) fn scrapes(
    cx: &Context<'_>,
    parts: &[Part<'_>],
    monitors: &[Monitor],
    partitions: &[Partition<'_>],
    sink: &mut Sink,
) -> Vec<RelayScrape> {
    let sent = sent(cx, parts, partitions);
    report_homely(cx, parts, &sent, sink);
    let of_sent = |m: &&Monitor| m.owned && sent.iter().any(|p| p.job().name == m.job && p.class == m.class);
    let monitors = monitors.iter().filter(of_sent);
    let several = partitions.len() > 1;
    monitors.flat_map(|m| m.endpoints.iter().enumerate().map(move |(i, e)| scrape(cx, m, e, i, several))).collect()
}

/// Critical parts of which something goes to a store.
pub(super) fn sent<'p, 'a>(cx: &Context<'_>, parts: &'p [Part<'a>], partitions: &[Partition<'_>]) -> Vec<&'p Part<'a>> {
    let leaves = |part: &&Part<'_>| {
        let route = route_of(cx.fleet, cx.id, &part.lane.name);
        partitions.iter().find(|p| Some(p.id) == route).is_some_and(|p| !p.keeps_home(part))
    };
    parts.iter().filter(|p| is_critical(p)).filter(leaves).collect()
}

/// What Prometheus does to all it sends, for what the relay scrapes: the identity whatever a target says
/// of itself, other external labels where there are none. On what Prometheis send it changes nothing.
///
/// vmagent's own `external_labels` will not do: they rename what a target says to `exported_…`.
pub(super) fn common(cx: &Context<'_>) -> Vec<Rule> {
    let others = lanes::external_labels(cx).into_iter().skip(1);
    let missing = |(name, value): (String, Sourced<String>)| {
        constant(&name, &value.value).source([name]).regex("^$").origin(value.origin)
    };
    std::iter::once(lanes::identity(cx)).chain(others.map(missing)).collect()
}

/// Nothing of it would reach the centre, whoever scrapes it.
fn report_homely(cx: &Context<'_>, parts: &[Part<'_>], sent: &[&Part<'_>], sink: &mut Sink) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for part in parts.iter().filter(|p| is_critical(p)) {
        let job = part.job();
        let Some(critical) = job.critical.filter(|_| seen.insert(&job.name)) else { continue };
        if sent.iter().all(|p| p.job().name != job.name) {
            let what = format!("`{}` is critical, and no route of `{}` sends any of it", job.name, cx.cluster.name);
            let at = cx.place(critical.origin, job.origin);
            sink.push(Diagnostic::new(&codes::CRITICAL_HOME, at, what).here("has no centre to be seen from"));
        }
    }
}

fn scrape(cx: &Context<'_>, monitor: &Monitor, e: &Endpoint, index: usize, several: bool) -> RelayScrape {
    let namespace = &cx.cluster.namespace.value;
    let slices = monitor.discovery_role.is_some() || cx.version("operator").value.at_least(lanes::SLICES_SINCE);
    let role = match monitor.kind {
        MonitorKind::Service if slices => "endpointslice",
        MonitorKind::Service => "endpoints",
        MonitorKind::Pod | MonitorKind::Annotations => "pod",
        // A Probe is never critical: vmagent knows no probers.
        MonitorKind::Address | MonitorKind::Probe => "service",
    };
    let mut relabelings = made_by_the_operator(namespace, monitor, e, slices);
    let said_by = || constant(lanes::SENDER, &sender(cx, &monitor.lane)).origin(monitor.origin);
    relabelings.push(said_by());
    let mut endpoint = e.clone();
    // Where labels of a page are honoured, a pod could say itself which route its series are of.
    endpoint.metric_relabelings.extend(several.then(said_by));
    // Annotations select by the API server, monitors by their rules.
    let selector = match monitor.kind {
        MonitorKind::Annotations | MonitorKind::Address => {
            monitor.selector.iter().map(|(k, v)| format!("{k}={v}")).collect()
        }
        MonitorKind::Service | MonitorKind::Pod | MonitorKind::Probe => Vec::new(),
    };
    let own = cx.cluster.lane(&monitor.lane).and_then(|l| l.timeout).or(cx.cluster.timeout);
    RelayScrape {
        job: monitor.job.clone(),
        job_name: job_name(namespace, monitor, index),
        role,
        namespaces: if monitor.any_namespace { Vec::new() } else { monitor.namespaces.clone() },
        selector: selector.join(","),
        timeout: e.timeout.or(own.filter(|t| t.value <= e.interval.value)),
        sample_limit: monitor.sample_limit,
        relabelings,
        endpoint,
        origin: monitor.origin,
    }
}

/// The scrape job that the operator makes of an endpoint of a monitor.
pub(super) fn job_name(namespace: &str, monitor: &Monitor, index: usize) -> String {
    let name = &monitor.name;
    match monitor.kind {
        MonitorKind::Service => format!("serviceMonitor/{namespace}/{name}/{index}"),
        MonitorKind::Pod => format!("podMonitor/{namespace}/{name}/{index}"),
        MonitorKind::Annotations | MonitorKind::Address => format!("scrapeConfig/{namespace}/{name}/{index}"),
        MonitorKind::Probe => format!("probe/{namespace}/{name}"),
    }
}

/// The rules that make of a monitor what Prometheus scrapes, without those that share targets out.
pub(super) fn made_by_the_operator(namespace: &str, monitor: &Monitor, e: &Endpoint, slices: bool) -> Vec<Rule> {
    let selector = Selector {
        labels: monitor.selector.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        ..Selector::default()
    };
    let relabelings = e.relabelings.clone();
    let job_label = monitor.job_label.clone();
    let rules = match monitor.kind {
        MonitorKind::Service => ServiceMonitor {
            selector,
            endpoint_slices: slices,
            port: Some(e.port.parse().map_or_else(|_| Port::Name(e.port.clone()), Port::TargetNumber)),
            job_label,
            relabelings,
            ..ServiceMonitor::default()
        }
        .rules(),
        MonitorKind::Pod => PodMonitor {
            namespace: namespace.to_owned(),
            name: monitor.name.clone(),
            selector,
            port: (!e.undeclared).then(|| e.port.parse().map_or_else(|_| Port::Name(e.port.clone()), Port::Number)),
            job_label,
            relabelings,
            ..PodMonitor::default()
        }
        .rules(),
        MonitorKind::Annotations | MonitorKind::Address | MonitorKind::Probe => {
            ScrapeConfig { job_name: Some(monitor.job_value.clone()), relabelings, ..ScrapeConfig::default() }.rules()
        }
    };
    let shares = |r: &Rule| {
        r.target_label.as_deref() == Some("__tmp_hash") || r.source_labels.first().is_some_and(|l| l == "__tmp_hash")
    };
    rules.into_iter().filter(|r| !shares(r)).collect()
}

fn constant(label: &str, value: &str) -> Rule {
    Rule::new(Action::Replace).target(label).replacement(value.replace('$', "$$"))
}
