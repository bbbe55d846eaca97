//! What the service account of a Prometheus has to be allowed, as Prometheus and the operator use it.
//!
//! A ServiceMonitor is discovered by Endpoints or EndpointSlices, with the Services and pods behind
//! them; a PodMonitor and annotations by pods alone; Alertmanagers as a ServiceMonitor is.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::parts::{Part, spell};
use super::source::Found;
use super::{alerting, codes};
use crate::diag::{Diagnostic, Sink};
use crate::model::fleet::{Lane, Rbac};
use crate::model::plan::{Access, Monitor, MonitorKind, RelayScrape, Watches};

/// `slices`: whether the Prometheus discovers by EndpointSlices where a monitor says nothing else.
pub(super) fn access<'p, 'a: 'p>(
    cx: &Context<'_>,
    lane: &Lane,
    monitors: &[&Monitor],
    parts: impl Iterator<Item = &'p Part<'a>>,
    slices: bool,
    sink: &mut Sink,
) -> Access {
    let kubelets: BTreeSet<&str> =
        parts.filter(|p| matches!(p.source.found, Found::Kubelet(_))).map(|p| p.job().name.as_str()).collect();
    let everywhere = cx.cluster.rbac.value == Rbac::Cluster;
    if !everywhere {
        refuse_everywhere(cx, monitors, sink);
    }
    let mut watches: BTreeMap<String, Watches> = BTreeMap::new();
    let mut watch = |namespace: &str, what: Watches| {
        let all = watches.entry(namespace.to_owned()).or_default();
        *all = all.and(what);
    };
    for monitor in monitors.iter().filter(|m| m.kind != MonitorKind::Probe) {
        let what = watched(monitor, slices);
        match monitor.any_namespace {
            true => watch("", what),
            false => monitor.namespaces.iter().for_each(|namespace| watch(namespace, what)),
        }
    }
    for target in alerting::targets(cx, lane) {
        watch(&target.namespace, behind_a_service(slices));
    }
    let asked = |m: &&&Monitor| !kubelets.contains(m.job.as_str());
    let endpoints = monitors.iter().filter(asked).flat_map(|m| &m.endpoints);
    Access {
        everywhere,
        watches,
        nodes: monitors.iter().any(|m| m.attach_node_metadata),
        node_metrics: !kubelets.is_empty(),
        paths: endpoints.filter(|e| e.auth.service_account).map(|e| e.path.clone()).collect(),
    }
}

/// The same for what the relay scrapes by itself. A job that looks everywhere has been refused for its
/// Prometheus.
pub(super) fn of_relay(cx: &Context<'_>, parts: &[Part<'_>], scrapes: &[RelayScrape]) -> Access {
    let is_kubelet =
        |job: &str| parts.iter().any(|p| p.job().name == job && matches!(p.source.found, Found::Kubelet(_)));
    let mut watches: BTreeMap<String, Watches> = BTreeMap::new();
    for scrape in scrapes {
        let what = match scrape.role {
            "pod" => Watches { pods: true, ..Watches::default() },
            "service" => Watches { services: true, ..Watches::default() },
            role => behind_a_service(role == "endpointslice"),
        };
        let anywhere = [String::new()];
        for namespace in if scrape.namespaces.is_empty() { &anywhere[..] } else { &scrape.namespaces[..] } {
            let all = watches.entry(namespace.clone()).or_default();
            *all = all.and(what);
        }
    }
    let shown = scrapes.iter().filter(|s| s.endpoint.auth.service_account);
    Access {
        everywhere: cx.cluster.rbac.value == Rbac::Cluster,
        watches,
        nodes: false,
        node_metrics: shown.clone().any(|s| is_kubelet(&s.job)),
        paths: shown.filter(|s| !is_kubelet(&s.job)).map(|s| s.endpoint.path.clone()).collect(),
    }
}

fn watched(monitor: &Monitor, slices: bool) -> Watches {
    match monitor.kind {
        MonitorKind::Service => behind_a_service(slices || monitor.discovery_role.is_some()),
        MonitorKind::Pod | MonitorKind::Annotations => Watches { pods: true, ..Watches::default() },
        MonitorKind::Address => Watches { services: true, ..Watches::default() },
        // Its targets are written down.
        MonitorKind::Probe => Watches::default(),
    }
}

fn behind_a_service(slices: bool) -> Watches {
    Watches { services: true, endpoints: !slices, endpoint_slices: slices, pods: true }
}

/// Once for each job, however many of its classes are scraped here.
fn refuse_everywhere(cx: &Context<'_>, monitors: &[&Monitor], sink: &mut Sink) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for monitor in monitors.iter().filter(|m| m.any_namespace && m.kind != MonitorKind::Probe) {
        let Some(job) = cx.cluster.job(&monitor.job).filter(|j| seen.insert(&j.name)) else { continue };
        let what = format!("{} looks for its targets in every namespace", spell(&job.name, None));
        let by = match monitor.kind {
            MonitorKind::Annotations => "annotations",
            MonitorKind::Pod => "pod",
            MonitorKind::Service | MonitorKind::Address | MonitorKind::Probe => "service",
        };
        let help = format!(
            "name its namespaces, `job \"{0}\" {{ discover \"{by}\" {{ namespace \"a\" \"b\" }} }}`; take it out, \
             `job \"{0}\" disabled=#true`; or leave this cluster at `rbac \"cluster\"`",
            job.name
        );
        let diagnostic = Diagnostic::new(&codes::ANY_NAMESPACE, cx.place(cx.cluster.rbac.origin, job.origin), what);
        let said = job.discover.as_ref().map_or(job.origin, |d| d.by.origin);
        sink.push(cx.labelled(diagnostic.here("Roles in single namespaces").help(help), said, "everywhere"));
    }
}
