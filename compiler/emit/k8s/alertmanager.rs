//! An Alertmanager of ours: the custom resource, its receivers, and what stands beside them.

use std::collections::BTreeMap;

use super::super::{Emit, Meta};
use super::{pull_secrets, resources, scheduling, spread};
use crate::model::fleet::SecretKey;
use crate::model::plan::{AlertmanagerPlan, ReceiverField, ReceiverPlan};
use crate::object::{Build, Place};

/// An AlertmanagerConfig carries the name of the one Alertmanager that selects it here.
const LABEL: &str = "watershed/alertmanager";

pub fn alertmanager(out: &mut Emit<'_, '_>, plan: &AlertmanagerPlan<'_>) {
    let namespace = out.namespace().to_owned();
    let beside = format!("alertmanager-{}", plan.name);
    let meta = |place, api_version, kind, name, labels| Meta {
        place,
        api_version,
        kind,
        namespace: &namespace,
        name,
        unit: ("alertmanager", plan.name),
        origin: plan.origin,
        labels,
    };
    let account = meta(Place::Prereq, "v1", "ServiceAccount", &beside, &[]);
    // It asks nothing of the API server.
    out.object(&account, |o| o.bool("automountServiceAccountToken", false));
    let resource = meta(Place::Prometheus, "monitoring.coreos.com/v1", "Alertmanager", plan.name, &[]);
    let cluster = out.plan.cluster;
    out.object(&resource, |o| {
        o.object("spec", |s| {
            s.from(plan.version.origin).str("version", format!("v{}", plan.version.value));
            s.from(plan.image.origin).str("image", &plan.image.value);
            pull_secrets(s, &cluster.pull_secrets);
            s.from(plan.replicas.origin).int("replicas", plan.replicas.value.into());
            spread(s, plan.replicas.value, &pod_labels(plan.name));
            storage(s, plan);
            resources(s, &plan.requests, &Default::default());
            s.object("securityContext", |c| {
                c.int("fsGroup", 2000);
                c.bool("runAsNonRoot", true);
                c.int("runAsUser", 1000);
                c.object("seccompProfile", |p| p.str("type", "RuntimeDefault"));
            });
            scheduling(s, &cluster.scheduling);
            s.str("serviceAccountName", &beside);
            s.bool("automountServiceAccountToken", false);
            // By our label only, never `{}`; without a namespace selector in our namespace only.
            s.object("alertmanagerConfigSelector", |m| m.str_map("matchLabels", [(LABEL, plan.name)]));
            // The default adds a matcher on the namespace of the AlertmanagerConfig: no alert of another
            // namespace or cluster would reach a receiver.
            s.object("alertmanagerConfigMatcherStrategy", |m| m.str("type", "None"));
        });
    });
    let labels = [(LABEL, plan.name)];
    let config = meta(Place::Prometheus, "monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", plan.name, &labels);
    out.object(&config, |o| {
        o.object("spec", |s| {
            route(s, plan);
            inhibit_rules(s, plan);
            s.list("receivers", |l| {
                plan.receivers.iter().for_each(|r| receiver(l, r));
                l.object("", |nobody| nobody.str("name", &plan.nobody));
            });
        });
    });
    let labels = [("app.kubernetes.io/name", "alertmanager"), (LABEL, plan.name)];
    out.object(&meta(Place::Prometheus, "v1", "Service", &beside, &labels), |o| {
        o.object("spec", |s| {
            s.list("ports", |l| {
                port(l, "web", 9093);
                port(l, "reloader-web", 8080);
            });
            // A person's silences stay on one replica until the others have heard of them.
            s.str("sessionAffinity", "ClientIP");
            s.str_map("selector", pod_labels(plan.name));
        });
    });
    if plan.replicas.value > 1 {
        out.object(&meta(Place::Prometheus, "policy/v1", "PodDisruptionBudget", &beside, &[]), |o| {
            o.object("spec", |s| {
                s.int("maxUnavailable", 1);
                s.object("selector", |m| m.str_map("matchLabels", pod_labels(plan.name)));
            });
        });
    }
}

/// Labels the operator puts on the pods of one Alertmanager.
fn pod_labels(name: &str) -> [(&'static str, &str); 2] {
    [("alertmanager", name), ("app.kubernetes.io/name", "alertmanager")]
}

fn port(l: &mut Build<'_>, name: &str, port: i64) {
    l.object("", |p| {
        p.str("name", name);
        p.int("port", port);
        p.str("protocol", "TCP");
        p.str("targetPort", name);
    });
}

fn storage(s: &mut Build<'_>, plan: &AlertmanagerPlan<'_>) {
    let Some(storage) = plan.storage else { return };
    s.from(storage.size.origin).object("storage", |st| {
        st.object("volumeClaimTemplate", |t| {
            t.object("spec", |spec| {
                spec.strs("accessModes", ["ReadWriteOnce"]);
                if let Some(class) = plan.storage_class {
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

/// What no receiver matches goes to the rest. `continue` lets an alert that two receivers match reach
/// both, so that their order means nothing. Alerts of severity `none` are there to fire always, or to
/// silence others: they end at a receiver that tells nobody, behind those that name alerts.
fn route(s: &mut Build<'_>, plan: &AlertmanagerPlan<'_>) {
    s.object("route", |r| {
        r.str("receiver", plan.rest);
        r.strs("groupBy", &plan.group_by);
        r.list("routes", |l| {
            let named = |names_alerts: bool| {
                let named = plan.receivers.iter().filter(move |r| !r.matches.is_empty());
                named.filter(move |r| r.names_alerts == names_alerts)
            };
            named(true).for_each(|receiver| route_to(l, plan, receiver));
            l.object("", |route| {
                route.str("receiver", &plan.nobody);
                route.list("matchers", |m| matcher(m, "severity", "=", "none"));
            });
            named(false).for_each(|receiver| route_to(l, plan, receiver));
        });
    });
}

fn route_to(l: &mut Build<'_>, plan: &AlertmanagerPlan<'_>, receiver: &ReceiverPlan<'_>) {
    l.from(receiver.origin).object("", |route| {
        route.str("receiver", receiver.name);
        route.strs("groupBy", &plan.group_by);
        route.list("matchers", |m| {
            receiver.matches.iter().for_each(|(name, value)| matcher(m.from(value.origin), name, "=", &value.value));
        });
        route.bool("continue", true);
    });
}

fn matcher(m: &mut Build<'_>, name: &str, kind: &str, value: &str) {
    m.object("", |matcher| {
        matcher.str("name", name);
        matcher.str("matchType", kind);
        matcher.str("value", value);
    });
}

/// While the graver alert of one name fires, nobody is told of the milder ones.
fn inhibit_rules(s: &mut Build<'_>, plan: &AlertmanagerPlan<'_>) {
    s.list("inhibitRules", |l| {
        for (source, kind, target) in [("critical", "=~", "warning|info"), ("warning", "=", "info")] {
            l.object("", |rule| {
                rule.list("sourceMatch", |m| matcher(m, "severity", "=", source));
                rule.list("targetMatch", |m| matcher(m, "severity", kind, target));
                rule.strs("equal", &plan.inhibits);
            });
        }
    });
}

fn receiver(l: &mut Build<'_>, receiver: &ReceiverPlan<'_>) {
    l.from(receiver.origin).object("", |r| {
        r.str("name", receiver.name);
        r.list(receiver.list, |configs| {
            configs.object("", |c| {
                c.bool("sendResolved", true);
                let all: Vec<(Vec<&str>, &ReceiverField)> =
                    receiver.fields.iter().map(|(path, value)| (path.split('.').collect(), value)).collect();
                fields(c, &all, 0);
            });
        });
    });
}

/// Fields by path, those below one parent together.
fn fields(b: &mut Build<'_>, all: &[(Vec<&str>, &ReceiverField)], depth: usize) {
    let mut groups: BTreeMap<&str, Vec<(Vec<&str>, &ReceiverField)>> = BTreeMap::new();
    for (path, value) in all {
        groups.entry(path.get(depth).copied().unwrap_or_default()).or_default().push((path.clone(), value));
    }
    for (name, group) in groups {
        match group.as_slice() {
            [(path, value)] if path.len() == depth + 1 => field(b, name, value),
            _ => b.object(name, |o| fields(o, &group, depth + 1)),
        }
    }
}

fn field(b: &mut Build<'_>, name: &str, value: &ReceiverField) {
    match value {
        ReceiverField::Text(text) => b.from(text.origin).str(name, &text.value),
        ReceiverField::Int(number) => b.from(number.origin).int(name, number.value),
        ReceiverField::Secret(SecretKey { secret, key }) => b.from(secret.origin).object(name, |r| {
            r.str("name", &secret.value);
            r.str("key", key);
        }),
    }
}
