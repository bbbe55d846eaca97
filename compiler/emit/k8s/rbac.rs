//! What a Prometheus may read.

use std::collections::BTreeSet;

use super::super::{Emit, Meta};
use super::beside;
use crate::model::plan::{LanePlan, RelayPlan};
use crate::object::{Build, Place};

pub fn service_account(out: &mut Emit<'_, '_>, lane: &LanePlan<'_>) {
    let (namespace, name) = (out.namespace().to_owned(), beside(lane.name));
    let meta = Meta {
        place: Place::Prereq,
        api_version: "v1",
        kind: "ServiceAccount",
        namespace: &namespace,
        name: &name,
        unit: ("prometheus", lane.name),
        origin: lane.origin,
        labels: &[],
    };
    // The pods of a Prometheus use the token for discovery and for kubelets.
    out.object(&meta, |o| o.bool("automountServiceAccountToken", true));
}

/// One read-only ClusterRole and its binding. Its name carries the namespace, since cluster-scoped
/// names are shared by everybody.
pub fn cluster_role(out: &mut Emit<'_, '_>, lane: &LanePlan<'_>) {
    let namespace = out.namespace().to_owned();
    let account = beside(lane.name);
    let name = format!("{namespace}-{account}");
    let meta = |kind| Meta {
        place: Place::Prereq,
        api_version: "rbac.authorization.k8s.io/v1",
        kind,
        namespace: "",
        name: &name,
        unit: ("prometheus", lane.name),
        origin: lane.origin,
        labels: &[],
    };
    out.object(&meta("ClusterRole"), |o| {
        o.list("rules", |rules| {
            let read = ["get", "list", "watch"];
            rule(rules, "", &["services", "endpoints", "pods"], &read);
            rule(rules, "discovery.k8s.io", &["endpointslices"], &read);
            if lane.needs_nodes {
                rule(rules, "", &["nodes"], &read);
                // Kubelets authorise /metrics and every path below it as nodes/metrics.
                rule(rules, "", &["nodes/metrics"], &["get"]);
            }
            rules.object("", |r| {
                r.strs("nonResourceURLs", ["/metrics", "/metrics/slis"]);
                r.strs("verbs", ["get"]);
            });
        });
    });
    out.object(&meta("ClusterRoleBinding"), |o| {
        o.object("roleRef", |r| {
            r.str("apiGroup", "rbac.authorization.k8s.io");
            r.str("kind", "ClusterRole");
            r.str("name", &name);
        });
        o.list("subjects", |l| {
            l.object("", |s| {
                s.str("kind", "ServiceAccount");
                s.str("name", &account);
                s.str("namespace", &namespace);
            });
        });
    });
}

/// What the relay may read to scrape by itself: discovery, and what its token is shown for.
pub fn relay_roles(out: &mut Emit<'_, '_>, relay: &RelayPlan) {
    let namespace = out.namespace().to_owned();
    let name = format!("{namespace}-{}", relay.name);
    let meta = |kind| Meta {
        place: Place::Prereq,
        api_version: "rbac.authorization.k8s.io/v1",
        kind,
        namespace: "",
        name: &name,
        unit: ("relay", ""),
        origin: relay.origin,
        labels: &[],
    };
    let shown: BTreeSet<&str> =
        relay.scrapes.iter().filter(|s| s.endpoint.auth.service_account).map(|s| s.endpoint.path.as_str()).collect();
    out.object(&meta("ClusterRole"), |o| {
        o.list("rules", |rules| {
            let read = ["get", "list", "watch"];
            rule(rules, "", &["services", "endpoints", "pods"], &read);
            rule(rules, "discovery.k8s.io", &["endpointslices"], &read);
            if !shown.is_empty() {
                rule(rules, "", &["nodes/metrics"], &["get"]);
                rules.object("", |r| {
                    r.strs("nonResourceURLs", &shown);
                    r.strs("verbs", ["get"]);
                });
            }
        });
    });
    out.object(&meta("ClusterRoleBinding"), |o| {
        o.object("roleRef", |r| {
            r.str("apiGroup", "rbac.authorization.k8s.io");
            r.str("kind", "ClusterRole");
            r.str("name", &name);
        });
        o.list("subjects", |l| {
            l.object("", |s| {
                s.str("kind", "ServiceAccount");
                s.str("name", &relay.name);
                s.str("namespace", &namespace);
            });
        });
    });
}

fn rule(rules: &mut Build<'_>, group: &str, resources: &[&str], verbs: &[&str]) {
    rules.object("", |r| {
        r.strs("apiGroups", [group]);
        r.strs("resources", resources);
        r.strs("verbs", verbs);
    });
}
