//! Services in front of a Prometheus.

use super::super::{Emit, Meta};
use super::{beside, pod_labels};
use crate::model::plan::LanePlan;
use crate::object::{Build, Place};

/// The Service people and data sources use, and the headless one that governs the StatefulSet: the
/// operator's own, `prometheus-operated`, would mix the pods of all lanes in the namespace.
pub fn lane_services(out: &mut Emit<'_, '_>, lane: &LanePlan<'_>) {
    let namespace = out.namespace().to_owned();
    let name = beside(lane.name);
    let labels = [("app.kubernetes.io/name", "prometheus"), ("watershed/prometheus", lane.name)];
    let service = |name, labels| Meta {
        place: Place::Prometheus,
        api_version: "v1",
        kind: "Service",
        namespace: &namespace,
        name,
        unit: ("prometheus", lane.name),
        origin: lane.origin,
        labels,
    };
    out.object(&service(&name, &labels), |o| {
        o.object("spec", |s| {
            ports(s, true);
            // A person's queries stay on one replica: two differ in what they scraped last.
            s.str("sessionAffinity", "ClientIP");
            s.str_map("selector", pod_labels(lane.name));
        });
    });
    let Some(governing) = &lane.governing_service else { return };
    out.object(&service(governing, &[]), |o| {
        o.object("spec", |s| {
            s.str("clusterIP", "None");
            ports(s, false);
            s.bool("publishNotReadyAddresses", true);
            s.str_map("selector", pod_labels(lane.name));
        });
    });
}

fn ports(s: &mut Build<'_>, reloader: bool) {
    s.list("ports", |l| {
        port(l, "web", 9090, "web");
        if reloader {
            port(l, "reloader-web", 8080, "reloader-web");
        }
    });
}

fn port(l: &mut Build<'_>, name: &str, port: i64, target: &str) {
    l.object("", |p| {
        p.str("name", name);
        p.int("port", port);
        p.str("protocol", "TCP");
        p.str("targetPort", target);
    });
}
