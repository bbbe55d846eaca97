//! ServiceMonitors, PodMonitors and ScrapeConfigs: one class of one job each, selected by one lane.

use super::super::{Emit, LANE_LABEL, Meta};
use super::credentials::{scrape, scrape_in_class};
use super::relabeling::relabelings;
use crate::model::plan::{Endpoint, Monitor, MonitorKind};
use crate::object::{Build, Place};

pub fn monitor(out: &mut Emit<'_, '_>, monitor: &Monitor) {
    let namespace = out.namespace().to_owned();
    let (api_version, kind) = match monitor.kind {
        MonitorKind::Service => ("monitoring.coreos.com/v1", "ServiceMonitor"),
        MonitorKind::Pod => ("monitoring.coreos.com/v1", "PodMonitor"),
        MonitorKind::Annotations | MonitorKind::Address => ("monitoring.coreos.com/v1alpha1", "ScrapeConfig"),
        MonitorKind::Probe => ("monitoring.coreos.com/v1", "Probe"),
    };
    let meta = Meta {
        place: Place::Monitors,
        api_version,
        kind,
        namespace: &namespace,
        name: &monitor.name,
        unit: ("job", &monitor.job),
        origin: monitor.origin,
        labels: &[(LANE_LABEL, &monitor.lane)],
    };
    out.object(&meta, |o| {
        o.object("spec", |s| match monitor.kind {
            MonitorKind::Service => selecting(s, monitor, "endpoints"),
            MonitorKind::Pod => selecting(s, monitor, "podMetricsEndpoints"),
            MonitorKind::Annotations => scrape_config(s, monitor, "Pod"),
            MonitorKind::Address => scrape_config(s, monitor, "Service"),
            MonitorKind::Probe => probe(s, monitor),
        });
    });
}

fn selecting(s: &mut Build<'_>, monitor: &Monitor, endpoints: &str) {
    if let Some(label) = &monitor.job_label {
        s.str("jobLabel", label);
    }
    if monitor.attach_node_metadata {
        s.object("attachMetadata", |a| a.bool("node", true));
    }
    s.object("selector", |m| m.str_map("matchLabels", &monitor.selector));
    s.object("namespaceSelector", |n| {
        if monitor.any_namespace {
            n.bool("any", true);
        } else {
            n.strs("matchNames", &monitor.namespaces);
        }
    });
    if let Some(class) = monitor.scrape_class {
        s.str("scrapeClass", class);
    }
    if let Some(role) = monitor.discovery_role {
        s.str("serviceDiscoveryRole", role);
    }
    if let Some(limit) = &monitor.sample_limit {
        s.from(limit.origin).int("sampleLimit", limit.value as i64);
    }
    s.list(endpoints, |l| {
        for e in &monitor.endpoints {
            l.from(e.origin).object("", |b| endpoint(b, e, monitor.kind));
        }
    });
}

fn endpoint(b: &mut Build<'_>, e: &Endpoint, kind: MonitorKind) {
    if !e.undeclared {
        match e.port.parse::<u16>() {
            Ok(number) => b.int("targetPort", number.into()),
            Err(_) => b.str("port", &e.port),
        }
    }
    b.str("path", &e.path);
    b.str("scheme", &e.scheme);
    schedule(b, e, ["interval", "scrapeTimeout"]);
    params(b, e);
    match kind {
        MonitorKind::Pod => scrape_in_class(b, &e.auth),
        _ => scrape(b, &e.auth),
    }
    if e.honor_labels {
        b.bool("honorLabels", true);
    }
    timestamps(b, e);
    relabelings(b, "relabelings", &e.relabelings);
    relabelings(b, "metricRelabelings", &e.metric_relabelings);
}

fn schedule(b: &mut Build<'_>, e: &Endpoint, [interval, timeout]: [&str; 2]) {
    b.from(e.interval.origin).str(interval, e.interval.value.to_string());
    if let Some(limit) = &e.timeout {
        b.from(limit.origin).str(timeout, limit.value.to_string());
    }
}

fn timestamps(b: &mut Build<'_>, e: &Endpoint) {
    if let Some(honor) = e.honor_timestamps {
        b.bool("honorTimestamps", honor);
    }
    if e.track_staleness {
        b.bool("trackTimestampsStaleness", true);
    }
}

/// Discovery by pod annotations, or of Services by their own address. A ScrapeConfig has one endpoint
/// and adds no labels by itself; all of them are in the relabelings.
fn scrape_config(s: &mut Build<'_>, monitor: &Monitor, role: &str) {
    let Some(e) = monitor.endpoints.first() else { return };
    s.str("jobName", &monitor.job_value);
    s.list("kubernetesSDConfigs", |l| {
        l.object("", |c| {
            c.str("role", role);
            if !monitor.any_namespace {
                c.object("namespaces", |n| n.strs("names", &monitor.namespaces));
            }
            if !monitor.selector.is_empty() {
                let labels: Vec<String> = monitor.selector.iter().map(|(k, v)| format!("{k}={v}")).collect();
                c.list("selectors", |l| {
                    l.object("", |o| {
                        o.str("role", role);
                        o.str("label", labels.join(","));
                    });
                });
            }
        });
    });
    s.str("metricsPath", &e.path);
    if e.scheme != "http" {
        // In capitals until operator 0.88, which takes both.
        s.str("scheme", e.scheme.to_uppercase());
    }
    schedule(s, e, ["scrapeInterval", "scrapeTimeout"]);
    params(s, e);
    s.bool("honorLabels", e.honor_labels);
    timestamps(s, e);
    scrape(s, &e.auth);
    if let Some(limit) = &monitor.sample_limit {
        s.from(limit.origin).int("sampleLimit", limit.value as i64);
    }
    relabelings(s, "relabelings", &e.relabelings);
    relabelings(s, "metricRelabelings", &e.metric_relabelings);
}

/// One target for each address: the prober answers for all of them.
fn probe(s: &mut Build<'_>, monitor: &Monitor) {
    let (Some(e), Some(probe)) = (monitor.endpoints.first(), &monitor.probe) else { return };
    s.str("jobName", &monitor.job_value);
    s.object("prober", |p| {
        p.from(probe.prober.origin).str("url", &probe.prober.value);
        p.str("scheme", &e.scheme);
        p.str("path", &e.path);
    });
    let (module, others): (Vec<_>, Vec<_>) = e.params.iter().partition(|(name, _)| name == "module");
    if let Some(module) = module.first().and_then(|(_, values)| values.first()) {
        s.str("module", module);
    }
    if !others.is_empty() {
        s.list("params", |l| {
            for (name, values) in others {
                l.object("", |p| {
                    p.str("name", name);
                    p.strs("values", values);
                });
            }
        });
    }
    s.object("targets", |t| {
        t.object("staticConfig", |c| {
            c.list("static", |l| {
                for address in &probe.targets {
                    l.from(address.origin).str("", &address.value);
                }
            });
            relabelings(c, "relabelingConfigs", &e.relabelings);
        });
    });
    schedule(s, e, ["interval", "scrapeTimeout"]);
    scrape(s, &e.auth);
    if let Some(limit) = &monitor.sample_limit {
        s.from(limit.origin).int("sampleLimit", limit.value as i64);
    }
    relabelings(s, "metricRelabelings", &e.metric_relabelings);
}

fn params(b: &mut Build<'_>, e: &Endpoint) {
    if !e.params.is_empty() {
        b.object("params", |p| e.params.iter().for_each(|(name, values)| p.strs(name, values)));
    }
}
