//! NetworkPolicies: who may open a connection to pods of ours. What our pods may reach is left alone.

use super::super::{Emit, Meta};
use super::pod_labels;
use crate::model::plan::{Admitted, Policy};
use crate::object::{Build, Place};

/// Label that the API server gives each namespace its name in.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

pub fn network_policy(out: &mut Emit<'_, '_>, policy: &Policy) {
    let here = out.namespace().to_owned();
    let meta = Meta {
        place: Place::Prereq,
        api_version: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        namespace: &policy.namespace,
        name: &policy.name,
        unit: (policy.unit.0, &policy.unit.1),
        origin: policy.origin,
        labels: &[],
    };
    out.object(&meta, |o| {
        o.object("spec", |s| {
            s.object("podSelector", |p| p.str_map("matchLabels", &policy.pods));
            s.strs("policyTypes", ["Ingress"]);
            if policy.admits.is_empty() {
                return;
            }
            s.list("ingress", |rules| {
                for (admitted, ports) in &policy.admits {
                    rules.object("", |r| {
                        from(r, admitted, &here);
                        if !ports.is_empty() {
                            r.list("ports", |l| ports.iter().for_each(|p| l.object("", |b| port(b, *p))));
                        }
                    });
                }
            });
        });
    });
}

/// Nothing for anybody: a rule without `from` admits from everywhere.
fn from(r: &mut Build<'_>, admitted: &Admitted, here: &str) {
    let mut peer = |namespace: &str, labels: &dyn Fn(&mut Build<'_>)| {
        r.list("from", |l| {
            l.object("", |p| {
                p.object("namespaceSelector", |n| n.str_map("matchLabels", [(NAMESPACE_NAME, namespace)]));
                labels(p);
            });
        });
    };
    match admitted {
        Admitted::Anybody => {}
        Admitted::Lane(lane) => {
            peer(here, &|p| p.object("podSelector", |s| s.str_map("matchLabels", pod_labels(lane))));
        }
        Admitted::Pods { namespace, labels } => peer(namespace, &|p| {
            // Without labels every pod of the namespace.
            if !labels.is_empty() {
                p.object("podSelector", |s| s.str_map("matchLabels", labels));
            }
        }),
    }
}

fn port(b: &mut Build<'_>, number: u16) {
    b.int("port", number.into());
    b.str("protocol", "TCP");
}
