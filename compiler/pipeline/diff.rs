//! Pass 2, compared: a compiled spec against the files of an output tree, or against another compiled
//! spec. Both sides are made cluster by cluster; only what differs is kept.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Compiled;
use super::build::{choose, left};
use super::cluster::{Context, Emitted};
use super::files::{Names, fill, folder, old_index};
use crate::catalog::fields;
use crate::diag::{Diagnostic, Origin, Origins};
use crate::diff::{self, Change, Earlier, Edit, Effect, FileChange, ListKind, Presence, Rules, Setting, Sides};
use crate::model::fleet::Cluster;
use crate::model::ids::ClusterId;
use crate::object::{NodeId, ObjectId, Tree};
use crate::syntax::plain;
use crate::tree::{self, ClusterTree, Finished, INDEX, Index};
use crate::world::{Access, Trouble, World};

/// The changes of one cluster, and the causes behind them.
pub struct ClusterChanges {
    /// Its name; of one that is gone, the name or identity it had.
    pub cluster: String,
    pub identity: String,
    pub presence: Presence,
    pub changes: Vec<Change>,
    pub origins: Origins,
    /// Causes of the old side, where that was compiled.
    pub was: Origins,
}

impl ClusterChanges {
    /// Whether anything of it is another thing; its name is.
    fn differs(&self) -> bool {
        !self.changes.is_empty() || matches!(self.presence, Presence::Renamed(_))
    }
}

/// What a compiled spec is compared with.
#[derive(Clone, Copy)]
pub enum Against<'a> {
    /// The files of an output tree.
    Folder(&'a str),
    /// Another compiled spec, usually the one of an earlier revision.
    Spec(&'a Compiled),
    /// No fleet at all: everything is new.
    Nothing,
}

/// What a build would change, cluster by cluster in the order of the fleet; clusters that are gone
/// come last. Clusters are told by their identity.
///
/// # Errors
/// A cluster nobody knows, or an output tree that cannot be read.
pub fn diff(
    world: &dyn World,
    compiled: &Compiled,
    against: Against<'_>,
    clusters: &[String],
) -> Result<Vec<ClusterChanges>, Vec<Diagnostic>> {
    let Some(new) = Side::of(compiled) else { return Ok(Vec::new()) };
    match against {
        Against::Folder(out) => with_folder(world, &new, out, clusters),
        Against::Spec(old) => with_spec(&new, Side::of(old).as_ref(), clusters),
        Against::Nothing => with_spec(&new, None, clusters),
    }
}

/// A spec that plans can be made of.
struct Side<'a> {
    cx: Context<'a>,
    names: Names<'a>,
}

impl<'a> Side<'a> {
    fn of(compiled: &'a Compiled) -> Option<Self> {
        let (fleet, fleet_plan) = (compiled.fleet.as_ref()?, compiled.fleet_plan.as_ref()?);
        let cx = Context { fleet, fleet_plan, catalog: &compiled.catalog, raws: &compiled.raws };
        Some(Side { cx, names: Names::of(&compiled.catalog, fleet) })
    }

    fn identity(&self, id: ClusterId) -> &'a str {
        &self.cx.fleet.cluster(id).id.value
    }

    fn by_identity(&self, identity: &str) -> Option<ClusterId> {
        self.cx.fleet.cluster_ids().find(|id| self.identity(*id) == identity)
    }

    fn files<'f>(&self, id: ClusterId, files: &'f mut ClusterTree) -> Result<Finished<'f>, Box<Diagnostic>> {
        fill(&self.cx, id, files, &mut |_| {});
        files.finish(&self.names.header(self.identity(id))).map_err(|twice| Box::new(Diagnostic::from(&twice)))
    }

    /// Some objects of a cluster once more, their origins kept.
    fn kept(&self, id: Option<ClusterId>, differing: &[FileChange<'_>]) -> Kept {
        let mut kept = Kept::default();
        let wanted: BTreeSet<&ObjectId> = differing.iter().filter_map(|f| f.object.as_ref()).collect();
        let Some(id) = id.filter(|_| !wanted.is_empty()) else { return kept };
        fill(&self.cx, id, &mut ClusterTree::new(), &mut |emitted| {
            if wanted.contains(&emitted.object.id) {
                kept.keep(emitted);
            }
        });
        kept
    }
}

fn with_folder(
    world: &dyn World,
    new: &Side<'_>,
    out: &str,
    clusters: &[String],
) -> Result<Vec<ClusterChanges>, Vec<Diagnostic>> {
    let chosen = choose(new.cx.fleet, clusters)?;
    let output = world.output(out, Access::Look).map_err(|t| vec![tree::trouble(&t)])?;
    let one = |id: &ClusterId| {
        let path = folder(new.cx.fleet, *id);
        let index = old_index(&*output, &path).map_err(|t| Box::new(tree::trouble(&t)))?;
        let mut files = ClusterTree::new();
        let finished = new.files(*id, &mut files)?;
        let there = diff::Folder { output: &*output, path: &path, index: index.as_ref() };
        let differing = diff::files(&there, Some(&finished)).map_err(|t| Box::new(tree::trouble(&t)))?;
        let kept = new.kept(Some(*id), &differing);
        let cluster = new.cx.fleet.cluster(*id);
        let names = (cluster.name.clone(), cluster.id.value.clone());
        let is_new = index.is_none() && differing.iter().all(|file| file.old.is_none());
        let presence = if is_new { Presence::Added } else { Presence::Kept };
        let mut changed = changed(names, presence, &differing, Kept::default(), kept);
        diff::settle(&mut changed.changes, setting(cluster));
        Ok(Some(changed))
    };
    let mut changes = gathered(chosen.par_iter().map(one).collect())?;
    if clusters.is_empty() {
        let left = left(new.cx.fleet, new.names.fleet, &*output).map_err(|t| vec![tree::trouble(&t)])?;
        changes.extend(left.into_iter().map(|identity| taken_out(identity.clone(), identity, Origins::default())));
        let had = |identity: &str| {
            let index = old_index(&*output, &format!("{}/{identity}", new.names.fleet));
            index
                .map_err(|t| Box::new(tree::trouble(&t)))
                .map(|index| index.as_ref().map(Index::ids).unwrap_or_default())
        };
        with_heirs(&mut changes, had).map_err(|finding| vec![*finding])?;
    }
    Ok(changes)
}

fn with_spec(
    new: &Side<'_>,
    old: Option<&Side<'_>>,
    clusters: &[String],
) -> Result<Vec<ClusterChanges>, Vec<Diagnostic>> {
    let gone: Vec<ClusterId> = old.map_or_else(Vec::new, |old| {
        let ids = old.cx.fleet.cluster_ids();
        ids.filter(|id| new.by_identity(old.identity(*id)).is_none()).collect()
    });
    // A cluster that is only on the old side can be asked for too.
    let was = |name: &String| old.is_some_and(|o| gone.iter().any(|id| o.cx.fleet.cluster(*id).is(name)));
    let (of_old, of_new): (Vec<String>, Vec<String>) = clusters.iter().cloned().partition(was);
    let chosen = if of_new.is_empty() && !of_old.is_empty() { Vec::new() } else { choose(new.cx.fleet, &of_new)? };
    let mut changes = gathered(chosen.par_iter().map(|id| with_earlier(new, old, *id)).collect())?;
    for id in gone {
        let Some(cluster) = old.map(|o| o.cx.fleet.cluster(id)) else { continue };
        if clusters.is_empty() || of_old.iter().any(|name| cluster.is(name)) {
            let mut was = old.map(|o| Origins::continuing(&o.cx.fleet.origins)).unwrap_or_default();
            let origin = was.spec(cluster.at);
            let mut gone = taken_out(cluster.name.clone(), cluster.id.value.clone(), was);
            gone.changes.iter_mut().for_each(|c| c.was = origin);
            changes.push(gone);
        }
    }
    if let Some(old) = old {
        let had = |identity: &str| {
            let Some(id) = old.by_identity(identity) else { return Ok(Vec::new()) };
            Ok(old.files(id, &mut ClusterTree::new())?.index.ids())
        };
        with_heirs(&mut changes, had).map_err(|finding| vec![*finding])?;
    }
    Ok(changes)
}

/// Says of clusters that are gone which new ones have what they had; `had` is the objects of one of them.
fn with_heirs(
    changes: &mut [ClusterChanges],
    had: impl Fn(&str) -> Result<Vec<ObjectId>, Box<Diagnostic>>,
) -> Result<(), Box<Diagnostic>> {
    let (added, others): (Vec<_>, Vec<_>) = changes.iter_mut().partition(|c| c.presence == Presence::Added);
    if added.is_empty() {
        return Ok(());
    }
    let mut numbered = diff::Numbered::default();
    let ids = |c: &ClusterChanges| c.changes.iter().filter_map(|c| c.object.clone()).collect::<Vec<_>>();
    let new: Vec<_> = added.iter().map(|c| (c.cluster.as_str(), numbered.objects(ids(c)))).collect();
    for gone in others.into_iter().filter(|c| c.presence == Presence::Removed) {
        // It is there under its name, and everything of it is called otherwise.
        if let Some(now) = added.iter().find(|c| c.cluster == gone.cluster) {
            let words = diff::new_identity(&gone.identity, &now.identity);
            gone.changes.iter_mut().for_each(|c| {
                (c.effect, c.consequence) = (Effect::NewSeries, words.clone().into());
            });
            continue;
        }
        let objects = numbered.objects(had(&gone.identity)?);
        let Some(hint) = diff::hint(&gone.identity, &objects, &new) else { continue };
        gone.changes.iter_mut().for_each(|c| c.consequence = format!("{}. {hint}", c.consequence).into());
    }
    Ok(())
}

/// One cluster as it is and as it was.
fn with_earlier(
    new: &Side<'_>,
    old: Option<&Side<'_>>,
    id: ClusterId,
) -> Result<Option<ClusterChanges>, Box<Diagnostic>> {
    let cluster = new.cx.fleet.cluster(id);
    let before = old.and_then(|old| Some((old, old.by_identity(&cluster.id.value)?)));
    let presence = match before.map(|(old, id)| &old.cx.fleet.cluster(id).name) {
        None => Presence::Added,
        Some(name) if *name == cluster.name => Presence::Kept,
        Some(name) => Presence::Renamed(name.clone()),
    };
    let (mut new_files, mut old_files) = (ClusterTree::new(), ClusterTree::new());
    let finished = new.files(id, &mut new_files)?;
    let earlier = before.map(|(old, id)| old.files(id, &mut old_files)).transpose()?;
    let none = NoFiles;
    let earlier: &dyn Earlier = earlier.as_ref().map_or(&none, |e| e);
    let differing = diff::files(earlier, Some(&finished)).map_err(|t| Box::new(tree::trouble(&t)))?;
    let was = before.map(|(old, id)| old.kept(Some(id), &differing)).unwrap_or_default();
    let is = new.kept(Some(id), &differing);
    let names = (cluster.name.clone(), cluster.id.value.clone());
    let mut changed = changed(names, presence, &differing, was, is);
    diff::settle(&mut changed.changes, setting(cluster));
    Ok(Some(changed))
}

/// What a cluster that is new had before.
struct NoFiles;

impl Earlier for NoFiles {
    fn read(&self, _: &str) -> Result<Option<Cow<'_, [u8]>>, Trouble> {
        Ok(None)
    }

    fn files(&self) -> Vec<(String, Option<ObjectId>)> {
        Vec::new()
    }
}

/// Clusters with changes, or all that is wrong.
fn gathered(all: Vec<Result<Option<ClusterChanges>, Box<Diagnostic>>>) -> Result<Vec<ClusterChanges>, Vec<Diagnostic>> {
    let mut changes = Vec::new();
    let mut troubles = Vec::new();
    for result in all {
        match result {
            Ok(found) => changes.extend(found.filter(ClusterChanges::differs)),
            Err(diagnostic) => troubles.push(*diagnostic),
        }
    }
    if troubles.is_empty() { Ok(changes) } else { Err(troubles) }
}

fn changed(
    (cluster, identity): (String, String),
    presence: Presence,
    differing: &[FileChange<'_>],
    was: Kept,
    is: Kept,
) -> ClusterChanges {
    let rules = rules();
    let changes = differing
        .iter()
        .flat_map(|file| diff::compared(file, Sides { old: was.side(file), new: is.side(file) }, &rules));
    let built = |old: &ObjectId, new: &ObjectId| Sides { old: was.object(old), new: is.object(new) };
    let changes = diff::join_renames(changes.collect(), &rules, &built);
    ClusterChanges { cluster, identity, presence, changes, origins: is.origins, was: was.origins }
}

/// A cluster that was there and is no longer in the spec.
fn taken_out(cluster: String, identity: String, was: Origins) -> ClusterChanges {
    let change = Change {
        object: None,
        file: INDEX.to_owned(),
        path: String::new(),
        edit: Edit::Removed,
        in_text: false,
        handed: false,
        pods: None,
        before: Some(identity.as_str().into()),
        after: None,
        effect: Effect::None,
        consequence: "the cluster is no longer in the spec: its folder and what runs there are left alone".into(),
        origin: Origin::INHERIT,
        was: Origin::INHERIT,
        because: None,
    };
    let origins = Origins::default();
    ClusterChanges { cluster, identity, presence: Presence::Removed, changes: vec![change], origins, was }
}

/// What of a cluster decides how much a change disturbs.
pub(super) fn setting(cluster: &Cluster) -> Setting {
    let version = |component: &str| cluster.versions.get(component).map(|v| v.value);
    Setting { nodes: cluster.nodes.value, operator: version("operator"), prometheus: version("prometheus") }
}

/// How objects of Kubernetes are compared.
pub fn rules() -> Rules<'static> {
    Rules { lists: &list_kind, parse: &|text, tree| plain::read_tree(text, tree).ok(), equal: &|_, _, _, _| false }
}

/// Objects as they were built.
#[derive(Default)]
pub(super) struct Kept {
    tree: Tree,
    roots: BTreeMap<ObjectId, NodeId>,
    origins: Origins,
}

impl Kept {
    /// Takes in an object. The causes grow from object to object.
    pub(super) fn keep(&mut self, emitted: &Emitted<'_>) {
        self.origins.catch_up(emitted.origins);
        let root = self.tree.copy(emitted.tree, emitted.object.root, "");
        self.roots.insert(emitted.object.id.clone(), root);
    }

    pub(super) fn object(&self, id: &ObjectId) -> Option<diff::Side<'_>> {
        Some(diff::Side { tree: &self.tree, root: *self.roots.get(id)? })
    }

    pub(super) fn into_origins(self) -> Origins {
        self.origins
    }

    fn side(&self, file: &FileChange<'_>) -> Option<diff::Side<'_>> {
        self.object(file.object.as_ref()?)
    }
}

/// What the field tables say of a list.
fn list_kind(id: &ObjectId, path: &[String]) -> ListKind {
    let Some(table) = fields::table(&id.api_version, &id.kind) else { return ListKind::Plain };
    let mut field = table.root();
    for step in path {
        let next = if step == "*" { field.items() } else { field.child(step) };
        match next {
            Some(next) => field = next,
            None => return ListKind::Plain,
        }
    }
    match field.merge() {
        fields::Merge::Set => ListKind::Set,
        fields::Merge::Keyed => ListKind::Keyed(field.keys().map(str::to_owned).collect()),
        _ => ListKind::Plain,
    }
}
