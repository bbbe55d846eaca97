//! ServiceMonitors, PodMonitors and ScrapeConfigs: one class of one job each, selected by one lane.

use super::super::{Emit, LANE_LABEL, Meta};
use super::credentials::{credentials, tls};
use super::relabeling::relabelings;
use crate::model::plan::{Endpoint, Monitor, MonitorKind, ScrapeAuth};
use crate::object::{Build, Place};

const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

pub fn monitor(out: &mut Emit<'_, '_>, monitor: &Monitor) {
    let namespace = out.namespace().to_owned();
    let (api_version, kind) = match monitor.kind {
        MonitorKind::Service => ("monitoring.coreos.com/v1", "ServiceMonitor"),
        MonitorKind::Pod => ("monitoring.coreos.com/v1", "PodMonitor"),
        MonitorKind::Annotations => ("monitoring.coreos.com/v1alpha1", "ScrapeConfig"),
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
            MonitorKind::Annotations => scrape_config(s, monitor),
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
    match (e.port.parse::<u16>(), kind) {
        (Ok(number), MonitorKind::Pod) => b.int("portNumber", number.into()),
        (Ok(number), _) => b.int("targetPort", number.into()),
        (Err(_), _) => b.str("port", &e.port),
    }
    b.str("path", &e.path);
    b.str("scheme", &e.scheme);
    schedule(b, e, ["interval", "scrapeTimeout"]);
    if !e.params.is_empty() {
        b.object("params", |p| e.params.iter().for_each(|(name, values)| p.strs(name, values)));
    }
    auth(b, &e.auth);
    if e.honor_labels {
        b.bool("honorLabels", true);
    }
    if let Some(honor) = e.honor_timestamps {
        b.bool("honorTimestamps", honor);
    }
    relabelings(b, "relabelings", &e.relabelings);
    relabelings(b, "metricRelabelings", &e.metric_relabelings);
}

fn schedule(b: &mut Build<'_>, e: &Endpoint, [interval, timeout]: [&str; 2]) {
    b.from(e.interval.origin).str(interval, e.interval.value.to_string());
    if let Some(limit) = &e.timeout {
        b.from(limit.origin).str(timeout, limit.value.to_string());
    }
}

fn auth(b: &mut Build<'_>, auth: &ScrapeAuth) {
    match auth {
        ScrapeAuth::None => {}
        ScrapeAuth::ServiceAccount { verify, server_name } => {
            b.str("bearerTokenFile", format!("{SERVICE_ACCOUNT}/token"));
            b.object("tlsConfig", |t| {
                if *verify {
                    t.str("caFile", format!("{SERVICE_ACCOUNT}/ca.crt"));
                } else {
                    t.bool("insecureSkipVerify", true);
                }
                if let Some(name) = server_name {
                    t.str("serverName", name);
                }
            });
        }
        ScrapeAuth::ClientCertificate { secret, ca, cert, key, server_name } => b.object("tlsConfig", |t| {
            let file = |key: &str| format!("/etc/prometheus/secrets/{secret}/{key}");
            t.str("caFile", file(ca));
            t.str("certFile", file(cert));
            t.str("keyFile", file(key));
            if let Some(name) = server_name {
                t.str("serverName", name);
            }
        }),
        ScrapeAuth::Spec(spec) => {
            credentials(b, spec);
            tls(b, spec);
        }
    }
}

/// Discovery by pod annotations. A ScrapeConfig has one endpoint and adds no labels by itself; all
/// of them are in the relabelings.
fn scrape_config(s: &mut Build<'_>, monitor: &Monitor) {
    for e in &monitor.endpoints {
        s.str("jobName", &monitor.job_value);
        s.list("kubernetesSDConfigs", |l| {
            l.object("", |c| {
                c.str("role", "Pod");
                if !monitor.any_namespace {
                    c.object("namespaces", |n| n.strs("names", &monitor.namespaces));
                }
            });
        });
        s.str("metricsPath", &e.path);
        schedule(s, e, ["scrapeInterval", "scrapeTimeout"]);
        s.bool("honorLabels", e.honor_labels);
        if let Some(honor) = e.honor_timestamps {
            s.bool("honorTimestamps", honor);
        }
        if let ScrapeAuth::Spec(spec) = &e.auth {
            credentials(s, spec);
            tls(s, spec);
        }
        if let Some(limit) = &monitor.sample_limit {
            s.from(limit.origin).int("sampleLimit", limit.value as i64);
        }
        relabelings(s, "relabelings", &e.relabelings);
        relabelings(s, "metricRelabelings", &e.metric_relabelings);
    }
}
