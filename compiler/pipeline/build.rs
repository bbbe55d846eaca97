//! Pass 2, to files: one cluster at a time, compared before written.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde_json::json;

use super::cluster::Context;
use super::files::{Names, Prints, fill, folder, old_index};
use super::{Compiled, codes};
use crate::diag::{Diagnostic, Severity, Span};
use crate::docs;
use crate::model::fleet::Fleet;
use crate::model::ids::ClusterId;
use crate::model::plan::FleetPlan;
use crate::tree::{self, ClusterTree, FleetCluster, FleetIndex, INDEX, Index};
use crate::world::{Access, Committed, Output, Trouble, World};

/// What to build, and whether to write it.
pub struct Target<'a> {
    pub out: &'a str,
    /// Names or identities; empty: every cluster.
    pub clusters: &'a [String],
    pub access: Access,
}

/// What a build did, or with [`Access::Look`] would do.
pub struct Built {
    /// Folder below the output root, and what was done in it; the fleet's own last.
    pub folders: Vec<(String, Committed)>,
    /// Troubles of clusters, and files left alone.
    pub findings: Vec<Diagnostic>,
}

/// Writes (or compares) the output of a compiled spec.
///
/// # Errors
/// A cluster nobody knows, or an output root that cannot be used. Troubles of one cluster's folder
/// are in [`Built::findings`] and stop no other.
pub fn build(world: &dyn World, compiled: &Compiled, target: &Target<'_>) -> Result<Built, Vec<Diagnostic>> {
    let (Some(fleet), Some(fleet_plan)) = (&compiled.fleet, &compiled.fleet_plan) else {
        return Ok(Built { folders: Vec::new(), findings: Vec::new() });
    };
    let chosen = choose(fleet, target.clusters)?;
    let output = world.output(target.out, target.access).map_err(|t| vec![tree::trouble(&t)])?;
    let cx = Context { fleet, fleet_plan, catalog: &compiled.catalog, raws: &compiled.raws };
    let names = Names::of(&compiled.catalog, fleet);
    // A fingerprint is proof against accidents. Where the answer is a gate for what others wrote, bytes are compared.
    let trusted = target.access == Access::Write;
    let standing = |id| trusted.then(|| stands(&cx, id, &compiled.prints, &*output)).flatten();
    let standing: Vec<(ClusterId, Option<Done>)> = chosen.par_iter().map(|id| (*id, standing(*id))).collect();
    if target.access == Access::Write {
        let look = world.output(target.out, Access::Look).map_err(|t| vec![tree::trouble(&t)])?;
        let to_write = standing.par_iter().filter(|(_, done)| done.is_none());
        let in_the_way: Vec<Diagnostic> =
            to_write.filter_map(|(id, _)| preflight(&cx, *id, &names, &*look)).map(|d| *d).collect();
        if !in_the_way.is_empty() {
            return Err(in_the_way);
        }
    }
    let write = |files: &mut ClusterTree, (id, done): (ClusterId, Option<Done>)| match done {
        Some(done) => Ok(done),
        None => one(&cx, id, &names, &*output, files),
    };
    let done: Vec<Result<Done, Box<Diagnostic>>> = standing.into_par_iter().map_init(ClusterTree::new, write).collect();

    let mut built = Built { folders: Vec::new(), findings: Vec::new() };
    let mut digests = Vec::new();
    for result in done {
        match result {
            Ok(done) => {
                built.findings.extend(tree::kept(&done.folder, &done.committed));
                built.folders.push((done.folder, done.committed));
                digests.push(done.index);
            }
            Err(diagnostic) => built.findings.push(*diagnostic),
        }
    }
    // The fleet's index names what is there: written last, and not over clusters that failed.
    if built.findings.iter().all(|d| d.severity < Severity::Error) {
        match fleet_files(fleet, fleet_plan, &names, &*output, digests) {
            Ok((folder, committed, left)) => {
                built.findings.extend(left.iter().map(|identity| left_behind(names.fleet, identity)));
                built.findings.extend(tree::kept(&folder, &committed));
                built.folders.push((folder, committed));
            }
            Err(trouble) => built.findings.push(tree::trouble(&trouble)),
        }
    }
    Ok(built)
}

/// A cluster whose folder is what a build would make it.
fn stands(cx: &Context<'_>, id: ClusterId, prints: &Prints, output: &dyn Output) -> Option<Done> {
    let folder = folder(cx.fleet, id);
    let index = prints.standing(output, &folder, id)?;
    let committed = Committed { unchanged: index.owned().len(), ..Committed::default() };
    Some(Done { folder, committed, index: indexed(cx.fleet, id, index.digest) })
}

/// What keeps a cluster's folder from being written, found before any other is. Only a folder with
/// files that its index does not know is looked at closely.
fn preflight(cx: &Context<'_>, id: ClusterId, names: &Names<'_>, look: &dyn Output) -> Option<Box<Diagnostic>> {
    let cluster = cx.fleet.cluster(id);
    let folder = folder(cx.fleet, id);
    let found = |t: &Trouble| Some(Box::new(tree::trouble(t)));
    let old = match old_index(look, &folder) {
        Ok(old) => old,
        Err(trouble) => return found(&trouble),
    };
    let there = match look.list(&folder) {
        Ok(there) => there,
        Err(trouble) => return found(&trouble),
    };
    let owned: BTreeSet<String> = old.iter().flat_map(Index::owned).map(|(path, _)| path).collect();
    if there.iter().all(|e| owned.contains(&e.path)) {
        return None;
    }
    let mut files = ClusterTree::new();
    fill(cx, id, &mut files, &mut |_| {});
    match files.finish(&names.header(&cluster.id.value)) {
        Err(twice) => Some(Box::new(Diagnostic::from(&twice))),
        Ok(finished) => match look.commit(&finished.write_set(&folder, old.as_ref())) {
            Ok(_) => None,
            Err(trouble) => found(&trouble),
        },
    }
}

/// The clusters asked for, each once; all where none is named.
pub fn choose(fleet: &Fleet, wanted: &[String]) -> Result<Vec<ClusterId>, Vec<Diagnostic>> {
    if wanted.is_empty() {
        return Ok(fleet.cluster_ids().collect());
    }
    let mut ids = Vec::new();
    let mut unknown = Vec::new();
    for name in wanted {
        let found = fleet.cluster_ids().find(|id| fleet.cluster(*id).is(name));
        match found {
            Some(id) => ids.push(id),
            None => {
                let known = fleet.clusters.iter().map(|c| c.name.as_str());
                let what = format!("the fleet has no cluster `{name}`");
                unknown.push(Diagnostic::new(&codes::NO_CLUSTER, Span::NONE, what).did_you_mean(name, known));
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    if unknown.is_empty() { Ok(ids) } else { Err(unknown) }
}

struct Done {
    folder: String,
    committed: Committed,
    index: FleetCluster,
}

fn one(
    cx: &Context<'_>,
    id: ClusterId,
    names: &Names<'_>,
    output: &dyn Output,
    files: &mut ClusterTree,
) -> Result<Done, Box<Diagnostic>> {
    let cluster = cx.fleet.cluster(id);
    let folder = folder(cx.fleet, id);
    fill(cx, id, files, &mut |_| {});
    let header = names.header(&cluster.id.value);
    let finished = files.finish(&header).map_err(|twice| Box::new(Diagnostic::from(&twice)))?;
    let old = old_index(output, &folder).map_err(|t| Box::new(tree::trouble(&t)))?;
    let committed =
        output.commit(&finished.write_set(&folder, old.as_ref())).map_err(|t| Box::new(tree::trouble(&t)))?;
    let index = indexed(cx.fleet, id, finished.index.digest.clone());
    Ok(Done { folder, committed, index })
}

fn indexed(fleet: &Fleet, id: ClusterId, digest: String) -> FleetCluster {
    let cluster = fleet.cluster(id);
    FleetCluster { identity: cluster.id.value.clone(), name: cluster.name.clone(), digest }
}

fn fleet_files(
    fleet: &Fleet,
    fleet_plan: &FleetPlan,
    names: &Names<'_>,
    output: &dyn Output,
    mut built: Vec<FleetCluster>,
) -> Result<(String, Committed, Vec<String>), Trouble> {
    let folder = names.fleet.to_owned();
    let old = old_fleet(output, names.fleet)?;
    let left = left_folders(fleet, names.fleet, output, old.as_ref())?;
    // A build of a few clusters keeps what is known of the others.
    for cluster in &fleet.clusters {
        if built.iter().all(|c| c.identity != cluster.id.value)
            && let Some(digest) = old.as_ref().and_then(|o| o.digest(&cluster.id.value))
        {
            built.push(FleetCluster {
                identity: cluster.id.value.clone(),
                name: cluster.name.clone(),
                digest: digest.to_owned(),
            });
        }
    }
    let mut index = FleetIndex::new(names.compiler, &names.catalog, names.fleet, built);
    index.plan = docs::facts(fleet);
    index.left = left.clone();
    let readme = docs::fleet(fleet, fleet_plan);
    let text = index.render(&readme);
    let committed = output.commit(&FleetIndex::write_set(&folder, &text, &readme, old.as_ref()))?;
    Ok((folder, committed, left))
}

fn old_fleet(output: &dyn Output, fleet: &str) -> Result<Option<FleetIndex>, Trouble> {
    let path = format!("{fleet}/fleet.json");
    output.read(&path)?.map(|bytes| FleetIndex::parse(&path, &bytes)).transpose()
}

/// Identities of clusters that were taken out of the spec while their folders are still there.
fn left_folders(
    fleet: &Fleet,
    name: &str,
    output: &dyn Output,
    old: Option<&FleetIndex>,
) -> Result<Vec<String>, Trouble> {
    let mut left = Vec::new();
    let known = |identity: &str| fleet.clusters.iter().any(|c| c.id.value == identity);
    for identity in old.map(|o| o.gone(known)).unwrap_or_default() {
        if output.read(&format!("{name}/{identity}/{INDEX}"))?.is_some() {
            left.push(identity);
        }
    }
    Ok(left)
}

/// As [`left_folders`], for an output tree that is only looked at.
pub fn left(fleet: &Fleet, name: &str, output: &dyn Output) -> Result<Vec<String>, Trouble> {
    left_folders(fleet, name, output, old_fleet(output, name)?.as_ref())
}

fn left_behind(fleet: &str, identity: &str) -> Diagnostic {
    let what = format!("`{fleet}/{identity}` is still there, and no cluster of the spec has the identity `{identity}`");
    Diagnostic::new(&codes::LEFT_BEHIND, Span::NONE, what)
}

impl Built {
    /// Whether anything was (or would be) written or removed.
    pub fn differs(&self) -> bool {
        self.folders.iter().any(|(_, c)| !c.written.is_empty() || !c.removed.is_empty())
    }

    /// One line a folder that changed, and the sum.
    pub fn summary(&self, looking: bool) -> String {
        let mut out = String::new();
        let (mut written, mut removed, mut unchanged) = (0, 0, 0);
        for (folder, done) in &self.folders {
            written += done.written.len();
            removed += done.removed.len();
            unchanged += done.unchanged;
            if !done.written.is_empty() || !done.removed.is_empty() {
                out.push_str(&format!(
                    "{folder}: {} file{} {}",
                    done.written.len(),
                    if done.written.len() == 1 { "" } else { "s" },
                    if looking { "out of date" } else { "written" }
                ));
                if !done.removed.is_empty() {
                    let verb = if looking { "to remove" } else { "removed" };
                    out.push_str(&format!(", {} {verb}", done.removed.len()));
                }
                out.push('\n');
            }
        }
        let failed = self.findings.iter().filter(|f| f.severity == Severity::Error).count();
        match (looking, self.differs()) {
            _ if failed > 0 => {
                let noun = if failed == 1 { "folder" } else { "folders" };
                out.push_str(&format!(
                    "{failed} {noun} could not be {}.\n",
                    if looking { "compared" } else { "written" }
                ));
            }
            (true, true) => out.push_str("The output is out of date: run `watershed build`.\n"),
            (_, false) => out.push_str(&format!("{unchanged} files, all up to date.\n")),
            (false, true) => {
                out.push_str(&format!("{written} written, {removed} removed, {unchanged} unchanged.\n"));
            }
        }
        out
    }

    pub fn json(&self) -> String {
        let folders: Vec<_> = self
            .folders
            .iter()
            .map(|(folder, c)| {
                json!({
                    "folder": folder,
                    "written": c.written,
                    "removed": c.removed,
                    "kept": c.kept,
                    "unchanged": c.unchanged,
                })
            })
            .collect();
        format!("{:#}\n", json!({"format_version": 1, "changed": self.differs(), "folders": folders}))
    }
}
