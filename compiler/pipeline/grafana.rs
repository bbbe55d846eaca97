//! What is compiled for the Grafana of a cluster against what that Grafana has.

use std::collections::{BTreeMap, BTreeSet};

use super::cluster::{Context, Emitted};
use super::diff::{ClusterChanges, Kept, rules};
use super::files::{Names, fill, folder, old_index};
use super::live::{document, ignores};
use super::{Compiled, LiveCluster, Unverified, build::choose};
use crate::diag::{Diagnostic, Origins};
use crate::diff::{
    DASHBOARD, DATA_SOURCE, FOLDER, InGrafana, Presence, Scene, Shelf, Side, compare_dashboard, compare_folders,
    compare_source, id_in_grafana, left_over, orphaned,
};
use crate::emit::MANAGED_BY;
use crate::model::fleet::{Cluster, GrafanaBy, ReaderKind};
use crate::model::ids::ClusterId;
use crate::object::{ObjectId, Place, Tree};
use crate::tree::{self, ClusterTree};
use crate::world::server::{Failure, FailureKind};
use crate::world::{Access, Date, Grafana, Output, World};

/// Copies of our dashboards that are read one by one, to tell who made them. Of more only the names are told.
const MOST_COPIES: usize = 200;

/// How a Grafana is compared.
pub struct GrafanaQuestion<'a> {
    pub cluster: ClusterId,
    pub grafana: Result<&'a dyn Grafana, Failure>,
    /// Folder of the checked-in output: what reviewers approved.
    pub approved: &'a str,
    pub today: Date,
}

/// Of these clusters (or all) those that something is compiled for to show in a Grafana.
///
/// # Errors
/// A cluster nobody knows.
pub fn with_grafana(compiled: &Compiled, clusters: &[String]) -> Result<Vec<ClusterId>, Vec<Diagnostic>> {
    let Some(fleet) = &compiled.fleet else { return Ok(Vec::new()) };
    let has = |cluster: &Cluster| {
        cluster.grafana.by.value != GrafanaBy::None && cluster.readers.iter().any(|r| r.kind == ReaderKind::Grafana)
    };
    let chosen = choose(fleet, clusters)?;
    Ok(chosen.into_iter().filter(|id| has(fleet.cluster(*id))).collect())
}

/// Compares the Grafana of a cluster with what is compiled for it; `None` where nothing was compiled at all.
///
/// # Errors
/// Checked-in output that cannot be read.
pub fn grafana(
    world: &dyn World,
    compiled: &Compiled,
    question: &GrafanaQuestion<'_>,
) -> Result<Option<LiveCluster>, Vec<Diagnostic>> {
    let (Some(fleet), Some(fleet_plan)) = (compiled.fleet.as_ref(), compiled.fleet_plan.as_ref()) else {
        return Ok(None);
    };
    let cx = Context { fleet, fleet_plan, catalog: &compiled.catalog, raws: &compiled.raws };
    let cluster = fleet.cluster(question.cluster);
    let trouble = |t| vec![tree::trouble(&t)];
    let mut files = ClusterTree::new();
    let mut kept = Kept::default();
    let mut brought: Vec<ObjectId> = Vec::new();
    fill(&cx, question.cluster, &mut files, &mut |emitted| {
        if brings(emitted, cluster) {
            brought.push(emitted.object.id.clone());
            kept.keep(emitted);
        }
    });
    let names = Names::of(&compiled.catalog, fleet);
    let finished = files.finish(&names.header(&cluster.id.value)).map_err(|twice| vec![Diagnostic::from(&twice)])?;
    let mut wanted = Shelf::default();
    let rules = rules();
    for (path, _) in &finished.files {
        let Some(id) = finished.index.object(path).map(|o| o.id()).filter(|id| brought.contains(id)) else { continue };
        if let Some(side) = kept.object(&id) {
            wanted.add(&id, path, side, &rules);
        }
    }
    let output = world.output(question.approved, Access::Look).map_err(trouble)?;
    let approved = approved(&*output, &folder(fleet, question.cluster)).map_err(trouble)?;
    let scene = Scene {
        wanted: &wanted,
        approved: approved.as_ref(),
        fleet: &fleet.name.value,
        ignores: &ignores(cluster, question.today),
        rules: &rules,
    };
    let mut compared =
        Compared { scene, found: InGrafana::default(), unverified: Vec::new(), count: 0, remarks: Vec::new() };
    let version = match question.grafana.clone().and_then(|g| Ok((g, g.version()?))) {
        Ok((grafana, version)) => {
            compared.all(grafana);
            if version.is_empty() { "Grafana".to_owned() } else { format!("Grafana {version}") }
        }
        Err(why) => {
            compared.unverified("the whole Grafana", wanted.ids().collect(), why);
            String::new()
        }
    };
    for (object, brought_by) in &wanted.twice {
        let all: Vec<String> = brought_by.iter().map(|by| format!("`{by}`")).collect();
        let why = format!("{} bring it, each otherwise: which of them Grafana shows is chance", all.join(" and "));
        let why = Failure::new(FailureKind::Invalid, why);
        compared.unverified(&object.to_string(), BTreeSet::from([object.clone()]), why);
    }
    for object in &wanted.nameless {
        let why = "what it brings has no uid, by which alone it could be found";
        let why = Failure::new(FailureKind::Invalid, why);
        compared.unverified(&object.to_string(), BTreeSet::from([object.clone()]), why);
    }
    if approved.is_none() {
        let remark = format!(
            "there is no checked-in output in `{}`: whether something is not delivered yet or was changed outside is told \
             by who saved it last alone",
            question.approved
        );
        compared.remarks.push(remark);
    }
    let why = |at: usize| scene.ignores.get(at).map(|i| i.why.clone()).unwrap_or_default();
    let Compared { found, unverified, count, remarks, .. } = compared;
    Ok(Some(LiveCluster {
        refused: Vec::new(),
        accepted: None,
        changes: ClusterChanges {
            cluster: cluster.name.clone(),
            identity: cluster.id.value.clone(),
            presence: Presence::Kept,
            changes: found.changes,
            origins: kept.into_origins(),
            was: Origins::default(),
        },
        version,
        unverified,
        hidden: found.hidden,
        hidden_at: BTreeMap::new(),
        ignored: found.ignored.into_iter().map(|(at, n)| (why(at), n)).collect(),
        ahead: 0,
        compared: count,
        remarks,
        material: None,
    }))
}

/// Whether an object carries something to Grafana: one of ours, or a file of the user's own with the labels by which
/// Grafana's sidecar finds it.
fn brings(emitted: &Emitted<'_>, cluster: &Cluster) -> bool {
    let label = |name: &str| {
        let label = emitted.tree.at(emitted.object.root, &["metadata", "labels", name]);
        label.and_then(|n| emitted.tree.as_str(n))
    };
    let labels = &cluster.grafana.labels;
    let found = match cluster.grafana.by.value {
        GrafanaBy::Sidecar if labels.is_empty() => label("grafana_dashboard") == Some("1"),
        GrafanaBy::Sidecar => labels.iter().all(|(name, value)| label(name) == Some(&value.value)),
        GrafanaBy::KubePrometheus | GrafanaBy::Operator | GrafanaBy::Files | GrafanaBy::None => false,
    };
    emitted.object.place == Place::Grafana || (found && emitted.object.id.kind == "ConfigMap")
}

/// What the checked-in output brings; `None` where there is none.
fn approved(output: &dyn Output, folder: &str) -> Result<Option<Shelf>, crate::world::Trouble> {
    let Some(index) = old_index(output, folder)? else { return Ok(None) };
    let mut shelf = Shelf::default();
    for (path, _) in index.owned() {
        let Some(id) = index.object(&path).map(|o| o.id()) else { continue };
        let may_bring = id.kind == "ConfigMap" || id.api_version.starts_with("grafana.");
        let Some(bytes) = may_bring.then(|| output.read(&format!("{folder}/{path}"))).transpose()?.flatten() else {
            continue;
        };
        let mut tree = Tree::new();
        if let Some(root) = document(&bytes, &mut tree) {
            shelf.add(&id, &path, Side { tree: &tree, root }, &rules());
        }
    }
    Ok(Some(shelf))
}

struct Compared<'a> {
    scene: Scene<'a>,
    found: InGrafana,
    unverified: Vec<Unverified>,
    /// What was compared.
    count: usize,
    remarks: Vec<String>,
}

impl Compared<'_> {
    fn all(&mut self, grafana: &dyn Grafana) {
        if !self.scene.wanted.folders.is_empty() {
            match grafana.folders() {
                Ok(folders) => {
                    let found = compare_folders(self.scene, &folders);
                    self.take(found, self.scene.wanted.folders.len());
                }
                Err(why) => {
                    let folders = self.scene.wanted.ids().filter(|id| id.kind == FOLDER).collect();
                    self.unverified("folders", folders, why);
                }
            }
        }
        let mut seen = BTreeSet::new();
        let wanted = self.scene.wanted;
        for uid in wanted.dashboards.keys().filter(|uid| wanted.is_one(DASHBOARD, uid)) {
            match grafana.dashboard(uid) {
                Ok(answer) => {
                    if answer.is_some() {
                        seen.insert(uid.as_str());
                    }
                    let found = compare_dashboard(self.scene, uid, answer.as_ref());
                    self.take(found, usize::from(answer.is_some()));
                }
                Err(why) => self.one_unverified(DASHBOARD, uid, why),
            }
        }
        self.left_over(grafana, &seen);
        self.sources(grafana);
    }

    fn left_over(&mut self, grafana: &dyn Grafana, seen: &BTreeSet<&str>) {
        let hits = match grafana.search(MANAGED_BY) {
            Ok(hits) => hits,
            Err(why) => return self.unverified("dashboards that nothing asks for", BTreeSet::new(), why),
        };
        let found: BTreeMap<&str, _> = hits.iter().filter_map(|hit| Some((hit.get("uid")?.as_str()?, hit))).collect();
        let unseen = seen.iter().filter(|uid| !found.contains_key(**uid)).count();
        if unseen > 0 {
            self.remarks.push(format!(
                "Grafana's search does not find {unseen} of the dashboards that are there: left-over ones may hide from it, too"
            ));
        }
        let mut read = 0;
        for (uid, hit) in found.into_iter().filter(|(uid, _)| !self.scene.wanted.dashboards.contains_key(*uid)) {
            let Some(short) = left_over(hit, None, self.scene.fleet) else { continue };
            read += 1;
            let answer = if read <= MOST_COPIES { grafana.dashboard(uid) } else { Ok(None) };
            let change = match answer {
                Ok(answer) => left_over(hit, answer.as_ref(), self.scene.fleet).unwrap_or(short),
                Err(why) => {
                    self.one_unverified(DASHBOARD, uid, why);
                    continue;
                }
            };
            self.found.changes.push(change);
        }
    }

    fn sources(&mut self, grafana: &dyn Grafana) {
        if self.scene.wanted.sources.is_empty() && self.scene.approved.is_none_or(|shelf| shelf.sources.is_empty()) {
            return;
        }
        // Where the list may not be read, each may be all the same.
        let all = grafana.data_sources();
        if let Err(why) = &all {
            self.unverified("data sources that nothing asks for", BTreeSet::new(), why.clone());
        }
        let all = all.unwrap_or_default();
        let wanted = self.scene.wanted;
        for uid in wanted.sources.keys().filter(|uid| wanted.is_one(DATA_SOURCE, uid)) {
            match grafana.data_source(uid) {
                Ok(answer) => {
                    let found = compare_source(self.scene, uid, answer.as_ref(), &all);
                    self.take(found, usize::from(answer.is_some()));
                }
                Err(why) => self.one_unverified(DATA_SOURCE, uid, why),
            }
        }
        self.found.changes.extend(orphaned(self.scene, &all));
    }

    fn take(&mut self, found: InGrafana, count: usize) {
        self.count += count;
        self.found.changes.extend(found.changes);
        for (hidden, n) in found.hidden {
            *self.found.hidden.entry(hidden).or_default() += n;
        }
        for (ignore, n) in found.ignored {
            *self.found.ignored.entry(ignore).or_default() += n;
        }
    }

    fn one_unverified(&mut self, kind: &str, uid: &str, why: Failure) {
        let object = id_in_grafana(kind, uid);
        self.unverified(&object.to_string(), BTreeSet::from([object.clone()]), why);
    }

    fn unverified(&mut self, what: &str, objects: BTreeSet<ObjectId>, why: Failure) {
        self.unverified.push(Unverified { what: what.to_owned(), objects, why });
    }
}
