//! Pass 2, compared: a compiled spec against the files of an output tree.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Compiled;
use super::build::{choose, left};
use super::cluster::Context;
use super::files::{Names, Prints, fill, folder, old_index};
use crate::catalog::fields;
use crate::diag::{Diagnostic, Origin, Origins};
use crate::diff::{self, Change, Edit, Effect, ListKind, Rules, Side};
use crate::model::ids::ClusterId;
use crate::object::{NodeId, ObjectId, Tree};
use crate::syntax::plain;
use crate::tree::{self, ClusterTree, INDEX};
use crate::world::{Access, Output, World};

/// The changes of one cluster, and the causes behind them.
pub struct ClusterChanges {
    pub cluster: String,
    pub changes: Vec<Change>,
    pub origins: Origins,
}

/// What a build would change below `out`, cluster by cluster in the order of the fleet.
///
/// # Errors
/// A cluster nobody knows, or an output tree that cannot be read.
pub fn diff(
    world: &dyn World,
    compiled: &Compiled,
    out: &str,
    clusters: &[String],
) -> Result<Vec<ClusterChanges>, Vec<Diagnostic>> {
    let (Some(fleet), Some(fleet_plan)) = (&compiled.fleet, &compiled.fleet_plan) else { return Ok(Vec::new()) };
    let chosen = choose(fleet, clusters)?;
    let output = world.output(out, Access::Look).map_err(|t| vec![tree::trouble(&t)])?;
    let cx = Context { fleet, fleet_plan, catalog: &compiled.catalog, raws: &compiled.raws };
    let names = Names::of(&compiled.catalog, fleet);
    let all: Vec<Result<ClusterChanges, Box<Diagnostic>>> =
        chosen.par_iter().map(|id| one(&cx, *id, &names, &compiled.prints, &*output)).collect();
    let mut changes = Vec::new();
    let mut troubles = Vec::new();
    for result in all {
        match result {
            Ok(found) if found.changes.is_empty() => {}
            Ok(found) => changes.push(found),
            Err(diagnostic) => troubles.push(*diagnostic),
        }
    }
    if !troubles.is_empty() {
        return Err(troubles);
    }
    if clusters.is_empty() {
        let left = left(fleet, names.fleet, &*output).map_err(|t| vec![tree::trouble(&t)])?;
        changes.extend(left.into_iter().map(taken_out));
    }
    Ok(changes)
}

fn one(
    cx: &Context<'_>,
    id: ClusterId,
    names: &Names<'_>,
    prints: &Prints,
    output: &dyn Output,
) -> Result<ClusterChanges, Box<Diagnostic>> {
    let cluster = cx.fleet.cluster(id);
    let folder = folder(cx.fleet, id);
    if prints.standing(output, &folder, id).is_some() {
        let (cluster, changes, origins) = (cluster.name.clone(), Vec::new(), Origins::default());
        return Ok(ClusterChanges { cluster, changes, origins });
    }
    let mut files = ClusterTree::new();
    fill(cx, id, &mut files, &mut |_| {});
    let header = names.header(&cluster.id.value);
    let finished = files.finish(&header).map_err(|twice| Box::new(Diagnostic::from(&twice)))?;
    let trouble = |t| Box::new(tree::trouble(&t));
    let old = old_index(output, &folder).map_err(trouble)?;
    let differing = diff::files(output, &folder, &finished, old.as_ref()).map_err(trouble)?;

    // Only what differs is built again, with its origins kept.
    let mut kept = Kept::default();
    if !differing.is_empty() {
        let wanted: Vec<&ObjectId> = differing.iter().filter_map(|f| f.object.as_ref()).collect();
        let mut again = ClusterTree::new();
        fill(cx, id, &mut again, &mut |emitted| {
            kept.origins = emitted.origins.clone();
            if wanted.contains(&&emitted.object.id) {
                let root = kept.tree.copy(emitted.tree, emitted.object.root, "");
                kept.roots.insert(emitted.object.id.clone(), root);
            }
        });
    }
    let rules = Rules { lists: &list_kind, parse: &|text, tree| plain::read_tree(text, tree).ok() };
    let changes = differing
        .iter()
        .flat_map(|file| {
            let root = file.object.as_ref().and_then(|id| kept.roots.get(id));
            diff::compared(file, root.map(|root| Side { tree: &kept.tree, root: *root }), &rules)
        })
        .collect();
    let changes = diff::join_renames(changes);
    Ok(ClusterChanges { cluster: cluster.name.clone(), changes, origins: kept.origins })
}

/// A cluster that is in the output and no longer in the spec.
fn taken_out(identity: String) -> ClusterChanges {
    let change = Change {
        object: None,
        file: INDEX.to_owned(),
        path: String::new(),
        edit: Edit::Removed,
        before: Some(identity.as_str().into()),
        after: None,
        effect: Effect::None,
        consequence: "the cluster is no longer in the spec: its folder and what runs there are left alone".into(),
        origin: Origin::INHERIT,
    };
    ClusterChanges { cluster: identity, changes: vec![change], origins: Origins::default() }
}

/// The objects of differing files, as they were built.
#[derive(Default)]
struct Kept {
    tree: Tree,
    roots: BTreeMap<ObjectId, NodeId>,
    origins: Origins,
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
