//! The address of an Alertmanager elsewhere, as a Service that `spec.alerting` can name.

use super::super::{Emit, Meta};
use crate::model::plan::{AlertService, Host};
use crate::object::{Build, Place};

/// A headless Service without a selector, and what stands behind it.
pub fn alert_service(out: &mut Emit<'_, '_>, service: &AlertService) {
    let namespace = out.namespace().to_owned();
    let slice_labels = [("kubernetes.io/service-name", service.name.as_str())];
    let meta = |api_version, kind, labels| Meta {
        place: Place::Prometheus,
        api_version,
        kind,
        namespace: &namespace,
        name: &service.name,
        unit: ("alertmanager", &service.alertmanager),
        origin: service.origin,
        labels,
    };
    out.object(&meta("v1", "Service", &[]), |o| {
        o.object("spec", |s| {
            s.str("clusterIP", "None");
            // Without a selector it would be of two, and Prometheus passes over slices that are not of the first.
            s.str("ipFamilyPolicy", "SingleStack");
            s.list("ports", |l| l.object("", |p| port(p, service)));
        });
    });
    let (kind, address) = match &service.host {
        Host::V4(address) => ("IPv4", address),
        Host::V6(address) => ("IPv6", address),
        Host::Name(name) => ("FQDN", name),
    };
    if service.slice {
        out.object(&meta("discovery.k8s.io/v1", "EndpointSlice", &slice_labels), |o| {
            o.str("addressType", kind);
            o.list("endpoints", |l| {
                l.object("", |e| {
                    e.strs("addresses", [address]);
                    e.object("conditions", |c| c.bool("ready", true));
                });
            });
            o.list("ports", |l| l.object("", |p| port(p, service)));
        });
    } else {
        out.object(&meta("v1", "Endpoints", &[]), |o| {
            o.list("subsets", |l| {
                l.object("", |s| {
                    s.list("addresses", |a| a.object("", |i| i.str("ip", address)));
                    s.list("ports", |l| l.object("", |p| port(p, service)));
                });
            });
        });
    }
}

fn port(p: &mut Build<'_>, service: &AlertService) {
    p.str("name", "web");
    p.int("port", service.port.into());
    p.str("protocol", "TCP");
}
