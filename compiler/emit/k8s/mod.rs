//! Kubernetes and prometheus-operator objects, one file per kind.

mod alert_service;
mod alertmanager;
mod credentials;
mod disruption_budget;
mod expose;
mod monitor;
mod namespace;
mod network_policy;
mod prometheus;
mod rbac;
mod relabeling;
mod relay;
mod relay_scrape;
mod service;
mod static_service;

pub(super) use alert_service::alert_service;
pub(super) use alertmanager::alertmanager;
pub(super) use disruption_budget::lane_disruption_budget;
pub(super) use expose::lane_exposure;
pub(super) use monitor::monitor;
pub(super) use namespace::namespaces;
pub(super) use network_policy::network_policy;
pub(super) use prometheus::prometheus;
pub(super) use rbac::{roles, service_account};
pub(super) use relay::relay;
pub(super) use service::lane_services;
pub(super) use static_service::static_service;

use crate::model::fleet::{Resources, Scheduling};
use crate::object::Build;

/// `prometheus-user`: what stands beside a Prometheus is named after it.
fn beside(lane: &str) -> String {
    format!("prometheus-{lane}")
}

/// Labels the operator puts on the pods of one Prometheus.
fn pod_labels(lane: &str) -> [(&'static str, &str); 2] {
    [("app.kubernetes.io/name", "prometheus"), ("operator.prometheus.io/name", lane)]
}

/// `resources`, where there is anything to say. A CPU limit is never ours to add.
fn resources(b: &mut Build<'_>, requests: &Resources, limits: &Resources) {
    if requests.is_empty() && limits.is_empty() {
        return;
    }
    b.object("resources", |r| {
        for (key, values) in [("requests", requests), ("limits", limits)] {
            if !values.is_empty() {
                r.object(key, |m| {
                    for (name, quantity) in values {
                        m.from(quantity.origin).str(name, &quantity.value);
                    }
                });
            }
        }
    });
}

/// Tolerations, node selector and priority class of pods we run.
fn scheduling(b: &mut Build<'_>, scheduling: &Scheduling) {
    if let Some(class) = &scheduling.priority_class {
        b.from(class.origin).str("priorityClassName", &class.value);
    }
    if !scheduling.node_selector.is_empty() {
        b.object("nodeSelector", |s| {
            for (key, value) in &scheduling.node_selector {
                s.from(value.origin).str(key, &value.value);
            }
        });
    }
    tolerations(b, scheduling);
}

pub(super) fn tolerations(b: &mut Build<'_>, scheduling: &Scheduling) {
    if !scheduling.tolerations.is_empty() {
        b.list("tolerations", |l| {
            for toleration in &scheduling.tolerations {
                l.from(toleration.origin).object("", |t| {
                    for (key, value) in [
                        ("key", &toleration.key),
                        ("operator", &toleration.operator),
                        ("value", &toleration.value),
                        ("effect", &toleration.effect),
                    ] {
                        if let Some(value) = value {
                            t.str(key, value);
                        }
                    }
                    if let Some(seconds) = toleration.toleration_seconds {
                        t.int("tolerationSeconds", seconds);
                    }
                });
            }
        });
    }
}

/// `imagePullSecrets`, where the spec names any.
fn pull_secrets(b: &mut Build<'_>, secrets: &[crate::diag::Sourced<String>]) {
    if !secrets.is_empty() {
        b.list("imagePullSecrets", |l| {
            for secret in secrets {
                l.from(secret.origin).object("", |s| s.str("name", &secret.value));
            }
        });
    }
}

/// Spread over nodes when there is more than one replica.
fn spread(b: &mut Build<'_>, replicas: u32, pods: &[(&str, &str)]) {
    if replicas < 2 {
        return;
    }
    b.list("topologySpreadConstraints", |l| {
        l.object("", |c| {
            c.int("maxSkew", 1);
            c.str("topologyKey", "kubernetes.io/hostname");
            c.str("whenUnsatisfiable", "ScheduleAnyway");
            c.object("labelSelector", |s| s.str_map("matchLabels", pods.iter().copied()));
        });
    });
}
