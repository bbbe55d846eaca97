//! One cluster through plan, emission, patches, raw objects and checks.

use super::Allowances;
use super::files::{self, Filling, Names};
use super::load::Raws;
use crate::catalog::Catalog;
use crate::catalog::fields::{self, Field, Release};
use crate::check::{self, Admission, Applied, Finding, PatchRef, Seen, Versions};
use crate::diag::{Diagnostic, Origin, Origins, Sink, Span, Why};
use crate::emit::{self, MANAGED_BY, Object};
use crate::model::fleet::{Fleet, Patch, Raw};
use crate::model::ids::ClusterId;
use crate::model::plan::{ClusterPlan, FleetPlan};
use crate::object::{NodeId, ObjectId, Place, Tree, Value};
use crate::syntax::plain;
use crate::tree::ClusterTree;
use crate::world::Fingerprint;
use crate::{lint, plan, spec};

/// What every cluster's pass reads.
pub struct Context<'a> {
    pub fleet: &'a Fleet,
    pub fleet_plan: &'a FleetPlan,
    pub catalog: &'a Catalog,
    pub raws: &'a Raws,
}

/// A finished object, as it will be written.
pub struct Emitted<'t> {
    pub object: &'t Object,
    pub tree: &'t Tree,
    /// The cluster's causes; continue the fleet's.
    pub origins: &'t Origins,
}

/// What pass 1 is asked of one cluster.
pub struct Asked<'a> {
    /// Objects too; of a plan with errors they would only repeat them in other words.
    pub objects: bool,
    /// Also what index a build would write, under these names and by way of this tree.
    pub print: Option<(&'a Names<'a>, &'a mut ClusterTree)>,
}

/// What pass 1 finds in one cluster.
#[derive(Default)]
pub struct Found {
    pub findings: Sink,
    /// Which `allow` nodes took something back.
    pub used: Vec<bool>,
    /// What became of each patch that applies to it.
    pub applied: Vec<(Span, Applied)>,
    /// Of the index a build would write.
    pub print: Option<Fingerprint>,
}

/// Everything wrong with one cluster, from its plan to its last object.
pub fn findings(cx: &Context<'_>, id: ClusterId, asked: Asked<'_>, proven: &plan::Proven) -> Found {
    let mut sink = Sink::default();
    let mut allowed = Allowances::of(&cx.fleet.allows);
    let plan = plan::plan(cx.fleet, cx.catalog, cx.fleet_plan, id, &mut sink);
    lint::cluster(cx.fleet, &plan, cx.catalog, &mut sink);
    if !allowed.gate(&mut sink) || !asked.objects {
        return Found { findings: sink, used: allowed.used, ..Found::default() };
    }
    plan::prove(cx.fleet, cx.catalog, &plan, proven, &mut sink);
    let mut print = None;
    let applied = match asked.print {
        None => objects(cx, &plan, Some(&mut sink), &mut |_| {}),
        Some((names, files)) => {
            let mut filling = Filling::of(files);
            let applied = objects(cx, &plan, Some(&mut sink), &mut |emitted| filling.object(emitted));
            filling.end(cx, &plan);
            print = files::print(files, names, &plan.cluster.id.value);
            applied
        }
    };
    Found { findings: sink, used: allowed.used, applied, print }
}

/// Every object of a cluster, patched, in emission order. Returns what became of each patch.
///
/// Objects are checked where there is a `sink` for what is found; whoever comes after the gate has
/// none, for pass 1 has said it all.
pub fn objects(
    cx: &Context<'_>,
    plan: &ClusterPlan<'_>,
    sink: Option<&mut Sink>,
    visit: &mut dyn FnMut(&Emitted<'_>),
) -> Vec<(Span, Applied)> {
    let checked = sink.is_some();
    let mut quiet = Sink::default();
    let sink = sink.unwrap_or(&mut quiet);
    let patches: Vec<PatchRef<'_>> = plan.patches(cx.fleet).map(|p| patch_ref(cx.fleet, p)).collect();
    let applied = patches.iter().map(|p| (p.at, Applied::default())).collect();
    let cluster = plan.cluster.at;
    let versions = versions(plan);
    let admission = Admission::default();
    let seen = Vec::new();
    let mut pass = Pass { cx, plan, cluster, versions, patches, applied, seen, admission, checked, sink, visit };
    let mut origins = plan.origins.clone();
    let mut tree = Tree::new();
    let faults = emit::emit(plan, cx.fleet, cx.catalog, &mut origins, &mut tree, &mut |object, tree, origins| {
        pass.object(object, tree, origins);
    });
    faults.into_iter().for_each(|d| pass.sink.push(d));
    for raw in plan.raws(cx.fleet) {
        pass.raw(plan, raw, &mut tree, &mut origins);
    }
    let mut found = Vec::new();
    check::unique(&pass.seen, &mut |f| found.push(f));
    let base = &plan.cluster.base;
    let owners = cx.catalog.taken().owners.iter().filter(|o| o.is_with(base.kind.value.name()));
    check::taken(&pass.seen, owners, (base.namespace(), base.kind.origin), &mut |f| found.push(f));
    pass.admission.check(&mut |f| found.push(f));
    found
        .into_iter()
        .for_each(|f: Finding| pass.sink.push(f.into_diagnostic(&origins, &cx.fleet.origins, plan.cluster.at)));
    pass.applied
}

struct Pass<'a, 's> {
    cx: &'a Context<'a>,
    plan: &'a ClusterPlan<'a>,
    /// The cluster's block: the place of findings that no line is behind.
    cluster: Span,
    versions: Versions,
    patches: Vec<PatchRef<'a>>,
    applied: Vec<(Span, Applied)>,
    seen: Vec<Seen>,
    admission: Admission,
    checked: bool,
    sink: &'s mut Sink,
    visit: &'s mut dyn FnMut(&Emitted<'_>),
}

impl Pass<'_, '_> {
    fn object(&mut self, object: &Object, tree: &mut Tree, origins: &mut Origins) {
        let mut foreign = object.unit == RAW;
        if !self.patches.is_empty() {
            let table = self.table(object);
            let proven = check::rests_on(tree, object.root, &object.id, &object.unit);
            let merged = object.release.as_ref().map(|_| check::merges(tree, object.root));
            let sink = &mut *self.sink;
            let mut origin = |span: Span| origins.add(Why::Patch(span));
            let done = check::patch(tree, object.root, &object.id, table, &self.patches, &mut origin, &mut |d| {
                sink.push(d);
            });
            let changed = self.patches.iter().zip(&done).filter(|(_, d)| d.changed).map(|(p, _)| p.at).next_back();
            if let (true, Some(at)) = (self.checked, changed) {
                self.admitted(object, tree, at);
                self.still_proven(object, &proven, tree, at);
                if merged.is_some_and(|before| before != check::merges(tree, object.root)) {
                    let what = format!("a patch changes `dedup.minScrapeInterval` of {}", object.id);
                    self.sink.push(
                        Diagnostic::new(&check::codes::MERGE_PATCHED, at, what).here("not the window that follows"),
                    );
                }
                foreign = true;
            }
            for ((_, sum), one) in self.applied.iter_mut().zip(&done) {
                sum.join(one);
            }
        }
        if self.checked {
            self.check(object, tree, origins, foreign);
        }
        (self.visit)(&Emitted { object, tree, origins });
    }

    /// `foreign`: not all in it is ours.
    fn check(&mut self, object: &Object, tree: &Tree, origins: &Origins, foreign: bool) {
        let mut found: Vec<Finding> = Vec::new();
        match &object.release {
            Some(r) => {
                let chart = (r.chart.as_str(), r.version.as_str());
                check::values(tree, object.root, &object.id, chart, &mut |f| found.push(f));
            }
            None => check::object(tree, object.root, &self.versions, &mut |f| found.push(f)),
        }
        if foreign {
            check::relabelling(tree, object.root, &object.id, &mut |f| found.push(f));
        }
        self.seen.push(Seen { id: object.id.clone(), origin: object.origin });
        self.admission.see(tree, object.root, &object.id, object.origin);
        let (fleet, at) = (&self.cx.fleet.origins, self.cluster);
        found.into_iter().for_each(|f| self.sink.push(f.into_diagnostic(origins, fleet, at)));
    }

    /// What network policies of exporters let in stays on the pods of a Prometheus, whatever a patch says.
    fn admitted(&mut self, object: &Object, tree: &Tree, patched: Span) {
        let lanes = self.plan.lanes.iter().filter(|l| object.id.kind == "Prometheus" && object.id.name == l.name);
        for (name, label) in lanes.flat_map(|l| &l.pod_labels) {
            let found = tree.at(object.root, &["spec", "podMetadata", "labels", name]).and_then(|n| tree.as_str(n));
            if found != Some(&label.value) {
                let what = format!(
                    "the pods of prometheus `{}` no longer have the label `{name}: {}`, which the network policy of `{}` lets in",
                    object.id.name, label.value, label.job
                );
                self.sink.push(Diagnostic::new(&check::codes::NOT_ADMITTED, patched, what).here("takes it away"));
            }
        }
    }

    /// The proof was of what was emitted, and says nothing of what a patch makes of it.
    fn still_proven(&mut self, object: &Object, proven: &[String], tree: &Tree, patched: Span) {
        let now = check::rests_on(tree, object.root, &object.id, &object.unit);
        if object.unit == RAW || now == proven {
            return;
        }
        let changed = now.iter().find(|n| !proven.contains(n)).or_else(|| proven.iter().find(|p| !now.contains(p)));
        let key = changed.and_then(|c| c.split_once('=')).map_or("", |(key, _)| key);
        let what = format!("a patch changes `{key}` of {}: where its series go was proven without it", object.id);
        self.sink.push(Diagnostic::new(&check::codes::ROUTE_PATCHED, patched, what).here("not in the proof"));
    }

    fn table(&self, object: &Object) -> Option<Field> {
        let table = match &object.release {
            Some(release) => fields::values(&release.chart, &release.version),
            None => fields::table(&object.id.api_version, &object.id.kind),
        };
        table.map(|t| t.root())
    }

    /// The objects of a raw file, with our labels.
    fn raw(&mut self, plan: &ClusterPlan<'_>, raw: &Raw, tree: &mut Tree, origins: &mut Origins) {
        // A file that could not be read has been reported.
        let Some(text) = self.cx.raws.get(&raw.file.value) else { return };
        tree.clear();
        let documents = match plain::read_tree(text, tree) {
            Ok(documents) => documents,
            Err(error) => {
                let what = format!("{}:{}:{}: {}", raw.file.value, error.line, error.column, error.message);
                self.sink.push(Diagnostic::new(&super::codes::RAW_TEXT, raw.at, what));
                return;
            }
        };
        let origin = origins.add(Why::Patch(raw.at));
        let mut found = Vec::new();
        let namespace = &plan.cluster.namespace.value;
        let roots = check::raw(tree, &documents, namespace, origin, &mut |f| found.push(f));
        let fleet = &self.cx.fleet.origins;
        found.into_iter().for_each(|f: Finding| self.sink.push(f.into_diagnostic(origins, fleet, raw.at)));
        for root in roots {
            if let Some((path, what)) = secret_in(tree, root, "") {
                let what = format!("{}: `{path}` looks like {what}", raw.file.value);
                self.sink.push(Diagnostic::new(&super::codes::RAW_SECRET, raw.at, what));
            }
            let Some(id) = check::id_of(tree, root) else { continue };
            if let Some(lane) = check::scraped_by(tree, root, &id).filter(|l| plan.lanes.iter().any(|p| p.name == *l)) {
                let what = format!("prometheus `{lane}` scrapes what {id} finds: where these series go is not proven");
                self.sink.push(Diagnostic::new(&check::codes::RAW_MONITOR, raw.at, what).here("not in the proof"));
            }
            label(tree, root, origin, self.cx.fleet, plan);
            let object = Object {
                place: place(&id),
                id,
                unit: RAW.to_owned(),
                spec_path: format!("cluster[{}].raw[{}]", plan.cluster.name, raw.file.value),
                origin,
                root,
                release: None,
            };
            self.object(&object, tree, origins);
        }
    }
}

/// The unit of objects that are not ours.
const RAW: &str = "raw";

/// A patch as `check` takes it.
pub fn patch_ref<'p>(fleet: &'p Fleet, patch: &'p Patch) -> PatchRef<'p> {
    let span = |origin| fleet.origins.span(&fleet.origins, origin);
    PatchRef {
        target: &patch.target.value,
        merge: patch.merge.as_ref().map(|(tree, at)| (tree, *at)),
        remove: patch.remove.iter().map(|r| (r.value.as_str(), span(r.origin))).collect(),
        level: &patch.level,
        at: span(patch.target.origin),
    }
}

/// The declared versions that decide which fields exist. A cluster always has both.
fn versions(plan: &ClusterPlan<'_>) -> Versions {
    let release = |component: &str| {
        let text = plan.cluster.versions.get(component).map(|v| v.value.to_string()).unwrap_or_default();
        Release::parse(&text).unwrap_or_default()
    };
    Versions { operator: release("operator"), kubernetes: release("kubernetes") }
}

/// Our ownership labels on an object that is not ours by birth.
fn label(tree: &mut Tree, root: NodeId, origin: Origin, fleet: &Fleet, plan: &ClusterPlan<'_>) {
    let labels = [
        ("app.kubernetes.io/managed-by", MANAGED_BY),
        ("watershed/cluster", &plan.cluster.id.value),
        ("watershed/fleet", &fleet.name.value),
        ("watershed/unit", "raw"),
    ];
    for (name, value) in labels {
        let pointer = format!("/metadata/labels/{}", name.replace('~', "~0").replace('/', "~1"));
        tree.set(root, &pointer, Value::Str(value), origin);
    }
}

/// The first string that looks like a credential: where it is and what it looks like, never what
/// it says.
fn secret_in(tree: &Tree, node: NodeId, path: &str) -> Option<(String, &'static str)> {
    if let Some(what) = tree.as_str(node).and_then(spec::secret::look) {
        return Some((path.trim_start_matches('.').to_owned(), what));
    }
    // `{name: DB_PASSWORD, value: …}`: an environment variable, a header.
    let text = |key| tree.get(node, key).and_then(|n| tree.as_str(n)).filter(|t| !t.is_empty() && !t.starts_with("$("));
    if text("value").is_some() && text("name").is_some_and(spec::telling::smells) {
        return Some((format!("{}.value", path.trim_start_matches('.')), "a credential, by the name of its variable"));
    }
    tree.children(node).find_map(|child| secret_in(tree, child, &format!("{path}.{}", tree.key(child))))
}

/// The stage of an object that came with its own kind.
fn place(id: &ObjectId) -> Place {
    match (id.group(), id.kind.as_str()) {
        ("", "Namespace" | "ServiceAccount") | ("rbac.authorization.k8s.io" | "storage.k8s.io", _) => Place::Prereq,
        ("monitoring.coreos.com", "PrometheusRule") => Place::Rules,
        ("monitoring.coreos.com", "ServiceMonitor" | "PodMonitor" | "Probe" | "ScrapeConfig") => Place::Monitors,
        ("monitoring.coreos.com", _) => Place::Prometheus,
        _ => Place::Exporters,
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::{SpecPath, compile};
    use crate::world::Memory;

    const SPEC: &str = r#"
fleet "lab" language=1 {
    catalog "catalog"
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {
        rest
        retention "1d"
        storage "50Gi"
    }
}
cluster "new" nodes=3 pods=90 { job "toy" }
cluster "old" nodes=3 pods=90 {
    versions kubernetes="1.29"
    job "toy"
}
"#;

    const JOB: &str = r#"
about: A toy.
workload_namespace: nowhere
targets: per-node
component: {name: toy, default: "1.0.0", oldest: "1.0.0", known: ["1.0.0"]}
endpoints: [{name: metrics}]
variants:
  - name: watershed
    about: Ours.
    ours: true
    discovery: {service: {namespaces: exporter, labels: {app: toy}}}
    job: {set: toy}
    ports: {metrics: {port: web}}
exporter:
  kind: DaemonSet
  template: exporter.yaml
  image: {registry: registry.example.com, repository: toy, tag: "{version}"}
  port: 8000
  resources: {}
"#;

    const SERVICE: &str = r#"
- apiVersion: v1
  kind: Service
  metadata:
    name: !expr name
    namespace: !expr namespace
    labels: !when {until: {kubernetes: "1.30"}, then: !expr labels_of_old, else: !expr labels}
  spec: {clusterIP: None, ports: [{name: web, port: 8000}]}
"#;

    fn found(service: &str) -> Vec<(&'static str, String)> {
        let world = Memory::new()
            .with("fleet/fleet.kdl", SPEC)
            .with("fleet/catalog/jobs/toy/job.yaml", JOB)
            .with("fleet/catalog/jobs/toy/exporter.yaml", service);
        let compiled = compile(&world, &SpecPath("fleet/fleet.kdl".to_owned()));
        let errors = compiled.findings.iter().filter(|d| d.severity == crate::diag::Severity::Error);
        errors.map(|d| (d.code.id, d.what.clone())).collect()
    }

    /// With the versions of the newest cluster it can be evaluated; without a finding, the objects of
    /// the old one would be missing and nobody told.
    #[test]
    fn a_template_that_fails_for_one_cluster_is_found_before_anything_is_written() {
        assert_eq!(found(&SERVICE.replace("labels_of_old", "labels")), []);
        let found = found(SERVICE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == "CAT112" && found[0].1.contains("labels_of_old"), "{found:?}");
    }
}
