//! Addresses that no selector finds, behind a Service of ours: a slice for each family and port.

use super::super::{Emit, Meta};
use crate::model::plan::StaticService;
use crate::object::{Build, Place};

/// A headless Service without a selector, and its endpoints: EndpointSlices where the monitor can ask
/// for that role, the older Endpoints otherwise. All ports have one name, which the monitor asks for.
pub fn static_service(out: &mut Emit<'_, '_>, service: &StaticService) {
    let namespace = out.namespace().to_owned();
    let labels = [("watershed/job", service.job.as_str())];
    let slice_labels = [("kubernetes.io/service-name", service.name.as_str()), labels[0]];
    let meta = |api_version, kind, name, labels| Meta {
        place: Place::Monitors,
        api_version,
        kind,
        namespace: &namespace,
        name,
        unit: ("job", &service.job),
        origin: service.origin,
        labels,
    };
    out.object(&meta("v1", "Service", service.name.as_str(), &labels), |o| {
        o.object("spec", |s| {
            s.str("clusterIP", "None");
            // Without a selector it would be of two, and Prometheus passes over slices that are not of the first.
            s.str("ipFamilyPolicy", "SingleStack");
            s.list("ports", |l| l.object("", |p| port(p, service, service.port)));
        });
    });
    if service.slice {
        for group in &service.groups {
            out.object(&meta("discovery.k8s.io/v1", "EndpointSlice", &group.name, &slice_labels), |o| {
                o.str("addressType", if group.ipv6 { "IPv6" } else { "IPv4" });
                o.list("endpoints", |l| {
                    for address in &group.addresses {
                        l.object("", |e| {
                            e.strs("addresses", [address]);
                            e.object("conditions", |c| c.bool("ready", true));
                        });
                    }
                });
                o.list("ports", |l| l.object("", |p| port(p, service, group.port)));
            });
        }
    } else {
        out.object(&meta("v1", "Endpoints", &service.name, &labels), |o| {
            o.list("subsets", |l| {
                for group in &service.groups {
                    l.object("", |s| {
                        s.list("addresses", |a| {
                            group.addresses.iter().for_each(|ip| a.object("", |i| i.str("ip", ip)));
                        });
                        s.list("ports", |l| l.object("", |p| port(p, service, group.port)));
                    });
                }
            });
        });
    }
}

fn port(p: &mut Build<'_>, service: &StaticService, number: u16) {
    p.str("name", &service.port_name);
    p.int("port", number.into());
    p.str("protocol", "TCP");
}
