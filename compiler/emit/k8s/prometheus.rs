//! The Prometheus custom resource of a lane.

use std::collections::BTreeSet;

use super::super::{Emit, LANE_LABEL, Meta};
use super::credentials::{credentials, mounted_tls, tls, token_class};
use super::relabeling::relabelings;
use super::{beside, pod_labels, pull_secrets, resources, scheduling, spread};
use crate::model::plan::{LanePlan, RemoteWrite};
use crate::model::value::Bytes;
use crate::object::{Build, Place};

/// The gate of `AlertmanagerEndpoints` and other fields is the field tables' business: what the
/// plan holds has been checked against the declared versions before anything is written.
pub fn prometheus(out: &mut Emit<'_, '_>, lane: &LanePlan<'_>) {
    let plan = out.plan;
    let cluster = plan.cluster;
    let namespace = out.namespace().to_owned();
    let meta = Meta {
        place: Place::Prometheus,
        api_version: "monitoring.coreos.com/v1",
        kind: "Prometheus",
        namespace: &namespace,
        name: lane.name,
        unit: ("prometheus", lane.name),
        origin: lane.origin,
        labels: &[],
    };
    out.object(&meta, |o| {
        o.object("spec", |s| {
            s.from(lane.version.origin).str("version", format!("v{}", lane.version.value));
            s.from(lane.image.origin).str("image", &lane.image.value);
            pod_metadata(s, lane);
            pull_secrets(s, &cluster.pull_secrets);
            s.from(lane.replicas.origin).int("replicas", lane.replicas.value.into());
            spread(s, lane.replicas.value, &pod_labels(lane.name));
            s.from(lane.retention.origin).str("retention", lane.retention.value.to_string());
            s.from(lane.retention_size.origin).str("retentionSize", retention_size(lane.retention_size.value));
            storage(s, lane);
            resources(s, &lane.requests, &lane.limits);
            s.object("securityContext", |c| {
                c.int("fsGroup", 2000);
                c.bool("runAsNonRoot", true);
                c.int("runAsUser", 1000);
                c.object("seccompProfile", |p| p.str("type", "RuntimeDefault"));
            });
            scheduling(s, &cluster.scheduling);
            s.str("serviceAccountName", beside(lane.name));
            if let Some(service) = &lane.governing_service {
                s.str("serviceName", service);
            }
            if let Some(url) = &lane.external_url {
                s.from(url.origin).str("externalUrl", &url.value);
            }
            s.from(lane.scrape_interval.origin).str("scrapeInterval", lane.scrape_interval.value.to_string());
            if let Some(timeout) = &lane.scrape_timeout {
                s.from(timeout.origin).str("scrapeTimeout", timeout.value.to_string());
            }
            s.from(lane.scrape_interval.origin).str("evaluationInterval", lane.scrape_interval.value.to_string());
            s.object("externalLabels", |l| {
                for (name, value) in &lane.external_labels {
                    l.from(value.origin).str(name, &value.value);
                }
            });
            if let Some(label) = &lane.replica_label {
                s.str("replicaExternalLabelName", label);
            }
            if let Some(role) = lane.discovery_role {
                s.str("serviceDiscoveryRole", role);
            }
            selectors(s, lane);
            if let Some(class) = lane.token_class {
                s.list("scrapeClasses", |l| l.object("", |c| token_class(c, class)));
            }
            if let Some(limit) = &lane.sample_limit {
                s.from(limit.origin).int("enforcedSampleLimit", limit.value as i64);
            }
            query(s, lane);
            mounts(s, lane);
            alerting(s, lane);
            if !lane.remote_write.is_empty() {
                s.list("remoteWrite", |l| lane.remote_write.iter().for_each(|w| remote_write(l, w)));
            }
        });
    });
}

/// Labels that network policies of exporters let in, beside those of the operator.
fn pod_metadata(s: &mut Build<'_>, lane: &LanePlan<'_>) {
    if !lane.pod_labels.is_empty() {
        s.object("podMetadata", |m| {
            m.object("labels", |l| {
                for (name, label) in &lane.pod_labels {
                    l.from(label.origin).str(name, &label.value);
                }
            });
        });
    }
}

/// Prometheus' spelling, in which `GB` is 2³⁰ bytes.
fn retention_size(size: Bytes) -> String {
    const MEBI: u64 = 1 << 20;
    match size.get() / MEBI {
        0 => format!("{}B", size.get()),
        mebi if mebi % 1024 == 0 => format!("{}GB", mebi / 1024),
        mebi => format!("{mebi}MB"),
    }
}

fn storage(s: &mut Build<'_>, lane: &LanePlan<'_>) {
    let storage = lane.storage;
    s.from(storage.size.origin).object("storage", |st| {
        st.object("volumeClaimTemplate", |t| {
            t.object("spec", |spec| {
                spec.strs("accessModes", ["ReadWriteOnce"]);
                if let Some(class) = &storage.class {
                    spec.from(class.origin).str("storageClassName", &class.value);
                }
                spec.object("resources", |r| {
                    r.object("requests", |q| {
                        q.from(storage.size.origin).str("storage", storage.size.value.to_string());
                    });
                });
            });
        });
    });
}

/// By our label only, never `{}`, which would select everything. Without a namespace selector the
/// operator looks in the Prometheus' own namespace, which is where our monitors are; a foreign
/// monitor comes in by `also-select` alone.
fn selectors(s: &mut Build<'_>, lane: &LanePlan<'_>) {
    const KINDS: [&str; 4] = ["serviceMonitor", "podMonitor", "probe", "scrapeConfig"];
    for kind in KINDS.into_iter().chain(["rule"]) {
        s.object(&format!("{kind}Selector"), |m| m.str_map("matchLabels", [(LANE_LABEL, lane.name)]));
    }
}

fn query(s: &mut Build<'_>, lane: &LanePlan<'_>) {
    let query = &lane.query;
    s.object("query", |q| {
        if let Some(concurrency) = &query.concurrency {
            q.from(concurrency.origin).int("maxConcurrency", concurrency.value.into());
        }
        if let Some(samples) = &query.samples {
            q.from(samples.origin).int("maxSamples", samples.value as i64);
        }
        if let Some(timeout) = &query.timeout {
            q.from(timeout.origin).str("timeout", timeout.value.to_string());
        }
    });
}

/// Secrets that its pods read as files.
fn mounts(s: &mut Build<'_>, lane: &LanePlan<'_>) {
    let mounted = lane.alerting.iter().filter(|t| t.mounted).map(|t| &t.credentials);
    let secrets: BTreeSet<&str> = mounted
        .flat_map(|c| c.ca.iter().map(|ca| &ca.secret).chain(c.client_cert.iter().map(|cert| &cert.secret)))
        .map(|secret| secret.value.as_str())
        .collect();
    if !secrets.is_empty() {
        s.strs("secrets", secrets);
    }
}

fn alerting(s: &mut Build<'_>, lane: &LanePlan<'_>) {
    if lane.alerting.is_empty() {
        return;
    }
    s.object("alerting", |a| {
        a.list("alertmanagers", |l| {
            for target in &lane.alerting {
                l.from(target.origin).object("", |t| {
                    t.str("namespace", &target.namespace);
                    t.str("name", &target.name);
                    t.str("port", &target.port);
                    t.str("apiVersion", "v2");
                    if target.https {
                        t.str("scheme", "https");
                    }
                    if let Some(prefix) = &target.path_prefix {
                        t.str("pathPrefix", prefix);
                    }
                    credentials(t, &target.credentials);
                    if target.mounted {
                        mounted_tls(t, &target.credentials);
                    } else {
                        tls(t, &target.credentials);
                    }
                });
            }
        });
    });
}

fn remote_write(l: &mut Build<'_>, write: &RemoteWrite) {
    l.from(write.origin).object("", |w| {
        w.str("name", &write.name);
        w.from(write.url.origin).str("url", &write.url.value);
        credentials(w, &write.credentials);
        tls(w, &write.credentials);
        if write.retry_on_rate_limit {
            // Off, a 429 is not retried: the samples are gone.
            w.object("queueConfig", |q| q.bool("retryOnRateLimit", true));
        }
        relabelings(w, "writeRelabelConfigs", &write.rules);
    });
}
