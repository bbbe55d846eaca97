//! The way to the pages of a Prometheus from outside of the cluster.

use super::super::{Emit, Meta};
use super::{beside, pod_labels};
use crate::model::plan::{Exposure, LanePlan};
use crate::object::Place;

/// A Service of its own with a port on every node, or an Ingress before the Service that is there.
/// Neither carries the label that monitors find a Prometheus by: it would be scraped twice.
pub fn lane_exposure(out: &mut Emit<'_, '_>, lane: &LanePlan<'_>) {
    let Some(exposure) = &lane.exposure else { return };
    let (namespace, service) = (out.namespace().to_owned(), beside(lane.name));
    let node_port = format!("{service}-node-port");
    let meta = |api_version, kind, name| Meta {
        place: Place::Prometheus,
        api_version,
        kind,
        namespace: &namespace,
        name,
        unit: ("prometheus", lane.name),
        origin: lane.origin,
        labels: &[],
    };
    match exposure {
        Exposure::NodePort { port, .. } => out.object(&meta("v1", "Service", &node_port), |o| {
            o.object("spec", |s| {
                s.str("type", "NodePort");
                s.list("ports", |l| {
                    l.object("", |p| {
                        p.str("name", "web");
                        p.int("port", 9090);
                        p.str("protocol", "TCP");
                        p.str("targetPort", "web");
                        p.from(port.origin).int("nodePort", port.value.into());
                    });
                });
                s.str("sessionAffinity", "ClientIP");
                s.str_map("selector", pod_labels(lane.name));
            });
        }),
        Exposure::Ingress { host, class } => out.object(&meta("networking.k8s.io/v1", "Ingress", &service), |o| {
            o.object("spec", |s| {
                if let Some(class) = class {
                    s.from(class.origin).str("ingressClassName", &class.value);
                }
                s.list("rules", |l| {
                    l.from(host.origin).object("", |r| {
                        r.str("host", &host.value);
                        r.object("http", |h| {
                            h.list("paths", |paths| {
                                paths.object("", |p| {
                                    p.str("path", "/");
                                    p.str("pathType", "Prefix");
                                    p.object("backend", |b| {
                                        b.object("service", |s| {
                                            s.str("name", &service);
                                            s.object("port", |port| port.str("name", "web"));
                                        });
                                    });
                                });
                            });
                        });
                    });
                });
            });
        }),
    }
}
