//! What a Prometheus may read.

use super::super::{Emit, Meta};
use super::beside;
use crate::diag::Origin;
use crate::model::plan::{Access, LanePlan, RelayPlan, Watches};
use crate::object::{Build, Place};

const GROUP: &str = "rbac.authorization.k8s.io";
const READ: [&str; 3] = ["get", "list", "watch"];

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

/// A service account, and what it belongs to.
struct Account<'a> {
    name: String,
    unit: (&'static str, &'a str),
    origin: Origin,
}

pub fn roles(out: &mut Emit<'_, '_>, lane: &LanePlan<'_>) {
    let of = Account { name: beside(lane.name), unit: ("prometheus", lane.name), origin: lane.origin };
    roles_of(out, &of, &lane.access);
}

/// What the relay may read to scrape by itself.
pub fn relay_roles(out: &mut Emit<'_, '_>, relay: &RelayPlan) {
    let of = Account { name: relay.name.clone(), unit: ("relay", ""), origin: relay.origin };
    roles_of(out, &of, &relay.access);
}

/// One read-only ClusterRole, or a Role in each namespace where it discovers and a ClusterRole for
/// what is in none: nodes and paths. Each with its binding, and nothing that would be empty. The
/// name carries our namespace: what stands in other namespaces or in none shares names with others.
fn roles_of(out: &mut Emit<'_, '_>, of: &Account<'_>, access: &Access) {
    let watched = if access.everywhere {
        access.watches.values().copied().fold(Watches::default(), Watches::and)
    } else {
        for (namespace, watches) in access.watches.iter().filter(|(namespace, _)| !namespace.is_empty()) {
            granted(out, of, namespace, |rules| watch(rules, *watches));
        }
        Watches::default()
    };
    if watched != Watches::default() || access.nodes || access.node_metrics || !access.paths.is_empty() {
        granted(out, of, "", |rules| {
            watch(rules, watched);
            in_no_namespace(rules, access);
        });
    }
}

/// A Role and its binding, or with an empty namespace a ClusterRole and its.
fn granted(out: &mut Emit<'_, '_>, of: &Account<'_>, namespace: &str, rules: impl FnOnce(&mut Build<'_>)) {
    let ours = out.namespace().to_owned();
    let name = format!("{ours}-{}", of.name);
    let (role, binding) =
        if namespace.is_empty() { ("ClusterRole", "ClusterRoleBinding") } else { ("Role", "RoleBinding") };
    let meta = |kind| Meta {
        place: Place::Prereq,
        api_version: "rbac.authorization.k8s.io/v1",
        kind,
        namespace,
        name: &name,
        unit: of.unit,
        origin: of.origin,
        labels: &[],
    };
    out.object(&meta(role), |o| o.list("rules", rules));
    out.object(&meta(binding), |o| {
        o.object("roleRef", |r| {
            r.str("apiGroup", GROUP);
            r.str("kind", role);
            r.str("name", &name);
        });
        o.list("subjects", |l| {
            l.object("", |s| {
                s.str("kind", "ServiceAccount");
                s.str("name", &of.name);
                s.str("namespace", &ours);
            });
        });
    });
}

fn watch(rules: &mut Build<'_>, watches: Watches) {
    let Watches { services, endpoints, endpoint_slices, pods } = watches;
    let core = [("services", services), ("endpoints", endpoints), ("pods", pods)];
    let core: Vec<&str> = core.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name).collect();
    if !core.is_empty() {
        rule(rules, "", &core, &READ);
    }
    if endpoint_slices {
        rule(rules, "discovery.k8s.io", &["endpointslices"], &READ);
    }
}

fn in_no_namespace(rules: &mut Build<'_>, access: &Access) {
    if access.nodes {
        rule(rules, "", &["nodes"], &READ);
    }
    if access.node_metrics {
        rule(rules, "", &["nodes/metrics"], &["get"]);
    }
    if !access.paths.is_empty() {
        rules.object("", |r| {
            r.strs("nonResourceURLs", &access.paths);
            r.strs("verbs", ["get"]);
        });
    }
}

fn rule(rules: &mut Build<'_>, group: &str, resources: &[&str], verbs: &[&str]) {
    rules.object("", |r| {
        r.strs("apiGroups", [group]);
        r.strs("resources", resources);
        r.strs("verbs", verbs);
    });
}
