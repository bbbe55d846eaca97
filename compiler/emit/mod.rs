//! The plan to objects: typed builders, one file per kind. Total functions that decide nothing and
//! hold nothing; each object is visited as soon as it is built.

mod exporters;
mod grafana;
mod helm;
mod k8s;
pub mod pod_security;
mod rules;
#[cfg(test)]
mod tests;
mod volume;

use self::pod_security::Profile;
pub use grafana::grafana_patch;
pub use rules::{rule_tests, store_alert_waits, store_rule_tests};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{Catalog, Evaluated, Settings, Template, Versions};
use crate::diag::{Diagnostic, Origin, Origins, Why};
use crate::model::fleet::Fleet;
use crate::model::plan::ClusterPlan;
use crate::object::{Build, NodeId, ObjectId, Place, Tree};

/// Field manager and ownership label of everything we emit.
pub const MANAGED_BY: &str = "watershed";
/// Label with the name of the fleet, on everything we emit.
pub const FLEET_LABEL: &str = "watershed/fleet";
/// Label with the identity of the cluster, on everything we emit.
pub const CLUSTER_LABEL: &str = "watershed/cluster";
/// A monitor, rule or probe carries the name of the one Prometheus that selects it here.
pub const LANE_LABEL: &str = "watershed/prometheus";

/// The kind of a Helm values file, which is no object of a cluster.
pub const VALUES: &str = "values";
/// API version and kind of what we emit: where live objects that nothing asks for any more are looked for. Sorted.
pub const KINDS: &[(&str, &str)] = &[
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("grafana.integreatly.org/v1beta1", "GrafanaDashboard"),
    ("grafana.integreatly.org/v1beta1", "GrafanaDatasource"),
    ("grafana.integreatly.org/v1beta1", "GrafanaFolder"),
    ("monitoring.coreos.com/v1", "Alertmanager"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
    ("monitoring.coreos.com/v1", "Probe"),
    ("monitoring.coreos.com/v1", "Prometheus"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig"),
    ("monitoring.coreos.com/v1alpha1", "ScrapeConfig"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("v1", "ConfigMap"),
    ("v1", "Endpoints"),
    ("v1", "Namespace"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
];

/// One emitted object; its tree is valid until the visitor returns.
#[derive(Debug)]
pub struct Object {
    pub id: ObjectId,
    /// What it belongs to: `prometheus/user`, `exporter/node-exporter`, `store/central`.
    pub unit: String,
    /// The spec path behind it, `cluster[edge-1].prometheus[user]`.
    pub spec_path: String,
    pub place: Place,
    pub origin: Origin,
    pub root: NodeId,
    /// Of a values file: the Helm release it is for.
    pub release: Option<Release>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub name: String,
    pub namespace: String,
    pub chart: String,
    pub version: String,
}

/// Takes each object as soon as it is built; may change its tree and add origins.
pub type Visit<'a> = &'a mut dyn FnMut(&Object, &mut Tree, &mut Origins);

/// Builds every object of a cluster, in a stable order, into `tree` (cleared before each).
///
/// `origins` continues the plan's own: the lines of templates are added to it. Returns the faults of
/// templates that could not be evaluated with what the plan gives them; their objects are missing.
pub fn emit(
    plan: &ClusterPlan<'_>,
    fleet: &Fleet,
    catalog: &Catalog,
    origins: &mut Origins,
    tree: &mut Tree,
    visit: Visit<'_>,
) -> Vec<Diagnostic> {
    let versions = versions(plan);
    let (lines, needs, faults) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut out = Emit { plan, fleet, catalog, versions, origins, lines, tree, visit, needs, faults };
    for lane in &plan.lanes {
        k8s::service_account(&mut out, lane);
        k8s::roles(&mut out, lane);
        k8s::prometheus(&mut out, lane);
        k8s::lane_services(&mut out, lane);
        k8s::lane_exposure(&mut out, lane);
        k8s::lane_disruption_budget(&mut out, lane);
    }
    for alertmanager in &plan.alertmanagers {
        k8s::alertmanager(&mut out, alertmanager);
    }
    for service in &plan.alert_services {
        k8s::alert_service(&mut out, service);
    }
    if let Some(relay) = &plan.relay {
        k8s::relay(&mut out, relay);
    }
    for store in &plan.stores {
        helm::values(&mut out, store);
    }
    for rules in &plan.store_rules {
        helm::rules(&mut out, rules);
    }
    for exporter in &plan.exporters {
        exporters::exporter(&mut out, exporter);
    }
    for service in &plan.addresses {
        k8s::static_service(&mut out, service);
    }
    for monitor in &plan.monitors {
        k8s::monitor(&mut out, monitor);
    }
    for rule in &plan.rules {
        rules::pack(&mut out, rule);
    }
    for reader in &plan.readers {
        grafana::reader(&mut out, reader);
    }
    for policy in &plan.policies {
        k8s::network_policy(&mut out, policy);
    }
    // After the rest, whose pods decide what they have to admit.
    k8s::namespaces(&mut out);
    out.faults
}

/// The declared versions, as templates ask for them.
fn versions(plan: &ClusterPlan<'_>) -> Versions {
    plan.cluster.versions.iter().map(|(name, v)| (name.clone(), v.value.into())).collect()
}

/// What the builders share: the plan to read, the tree to fill, the visitor to call.
struct Emit<'a, 'f> {
    plan: &'a ClusterPlan<'f>,
    fleet: &'a Fleet,
    catalog: &'a Catalog,
    versions: Versions,
    origins: &'a mut Origins,
    /// Origins of template lines already seen.
    lines: BTreeMap<String, BTreeMap<u32, Origin>>,
    tree: &'a mut Tree,
    visit: Visit<'a>,
    /// The profile that what was emitted so far needs, by namespace.
    needs: BTreeMap<String, Profile>,
    /// Of templates.
    faults: Vec<Diagnostic>,
}

/// Names of an object and what it belongs to.
struct Meta<'m> {
    place: Place,
    api_version: &'m str,
    kind: &'m str,
    /// Empty for cluster-scoped kinds.
    namespace: &'m str,
    name: &'m str,
    /// `prometheus`, `user`: the unit is `prometheus/user`, the path `….prometheus[user]`.
    unit: (&'m str, &'m str),
    origin: Origin,
    /// Beside the ownership labels.
    labels: &'m [(&'m str, &'m str)],
}

impl Emit<'_, '_> {
    /// Builds one object: identity and labels first, then what `body` adds.
    fn object(&mut self, meta: &Meta<'_>, body: impl FnOnce(&mut Build<'_>)) {
        self.tree.clear();
        let root = Build::map(self.tree, |o| {
            o.str("apiVersion", meta.api_version);
            o.str("kind", meta.kind);
            metadata(o, self.fleet, self.plan, meta);
            body(o);
        });
        self.finish(meta, root);
    }

    /// Hands over a finished tree as an object.
    fn finish(&mut self, meta: &Meta<'_>, root: NodeId) {
        self.tree.set_origin(root, meta.origin);
        let object = Object {
            id: ObjectId {
                api_version: meta.api_version.to_owned(),
                kind: meta.kind.to_owned(),
                namespace: meta.namespace.to_owned(),
                name: meta.name.to_owned(),
            },
            unit: unit(meta.unit),
            spec_path: spec_path(&self.plan.cluster.name, meta.unit),
            place: meta.place,
            origin: meta.origin,
            root,
            release: None,
        };
        (self.visit)(&object, self.tree, self.origins);
        // As it is after patches.
        if let Some(need) = pod_security::need(self.tree, root) {
            self.needs(meta.namespace, need.profile);
        }
    }

    /// Pods of this profile run in the namespace.
    fn needs(&mut self, namespace: &str, profile: Profile) {
        let needed = self.needs.entry(namespace.to_owned()).or_insert(profile);
        *needed = profile.max(*needed);
    }

    /// Evaluates a template of the catalog; `None` where it gives nothing or fails. The built-in ones
    /// cannot fail with the settings their contract names; users' own were tried with samples, which
    /// do not have every version and value there is.
    fn evaluate(&mut self, template: &Template, settings: Settings, tree: &mut Tree) -> Option<NodeId> {
        let evaluated = self.evaluated(template, settings)?;
        evaluated.copy_into(tree, &mut |file, line| line_origin(&mut self.lines, self.origins, file, line))
    }

    /// The same, to be looked at. Equal settings are evaluated once, for all clusters.
    fn evaluated(&mut self, template: &Template, settings: Settings) -> Option<Arc<Evaluated>> {
        let evaluated = self.catalog.memo().eval(template, settings);
        evaluated.map_err(|fault| self.faults.push(*fault)).ok()
    }

    fn namespace(&self) -> &str {
        &self.plan.cluster.namespace.value
    }
}

/// The place in the spec behind a unit.
fn spec_path(cluster: &str, (kind, name): (&str, &str)) -> String {
    match kind {
        "exporter" => format!("cluster[{cluster}].job[{name}].exporter"),
        "namespace" => format!("cluster[{cluster}].namespace"),
        _ if name.is_empty() => format!("cluster[{cluster}].{kind}"),
        _ => format!("cluster[{cluster}].{kind}[{name}]"),
    }
}

/// The origin of a template's line, made when it is first met.
fn line_origin(
    lines: &mut BTreeMap<String, BTreeMap<u32, Origin>>,
    origins: &mut Origins,
    file: &str,
    line: u32,
) -> Origin {
    if !lines.contains_key(file) {
        lines.insert(file.to_owned(), BTreeMap::new());
    }
    let Some(known) = lines.get_mut(file) else { return Origin::INHERIT };
    *known.entry(line).or_insert_with(|| origins.add(Why::Template { file: file.to_owned(), line }))
}

fn unit((kind, name): (&str, &str)) -> String {
    if name.is_empty() { kind.to_owned() } else { format!("{kind}/{name}") }
}

fn metadata(o: &mut Build<'_>, fleet: &Fleet, plan: &ClusterPlan<'_>, meta: &Meta<'_>) {
    o.object("metadata", |m| {
        m.str("name", meta.name);
        if !meta.namespace.is_empty() {
            m.str("namespace", meta.namespace);
        }
        m.object("labels", |l| labels(l, fleet, plan, meta));
    });
}

/// Ownership labels and the object's own, sorted by name.
fn labels(l: &mut Build<'_>, fleet: &Fleet, plan: &ClusterPlan<'_>, meta: &Meta<'_>) {
    let owners = ownership(fleet, plan, meta);
    let mut all: Vec<(&str, &str)> = owners.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.extend_from_slice(meta.labels);
    all.sort_unstable();
    for (name, value) in all {
        l.str(name, value);
    }
}

/// The labels that say whose an object is, sorted by name.
fn ownership(fleet: &Fleet, plan: &ClusterPlan<'_>, meta: &Meta<'_>) -> [(&'static str, String); 4] {
    [
        ("app.kubernetes.io/managed-by", MANAGED_BY.to_owned()),
        (CLUSTER_LABEL, plan.cluster.id.value.clone()),
        (FLEET_LABEL, fleet.name.value.clone()),
        // A label's value has no slash: the unit `prometheus/user` is written `prometheus.user`.
        ("watershed/unit", unit(meta.unit).replace('/', ".")),
    ]
}
