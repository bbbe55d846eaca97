//! A compiled spec against live clusters, or what was once read of them: every object with the cause of each
//! difference, and everything about which nothing can be said.

mod compared;
mod material;
mod read;
mod releases;
mod selected;
mod tried;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::cluster::Context;
use super::diff::{ClusterChanges, Kept, setting};
use super::files::{Names, fill, folder, old_index};
use super::{Compiled, build::choose};
use crate::catalog::fields;
use crate::diag::{Diagnostic, Origins};
use crate::diff::{self, Approved, FileChange, Hidden, Ours, Presence, Wanted};
use crate::emit::{self, MANAGED_BY};
use crate::model::fleet::{Cluster, Fleet, Ignore};
use crate::model::ids::ClusterId;
use crate::model::value::{JsonPointer, Target};
use crate::object::{NodeId, ObjectId, Place, Tree};
use crate::syntax::plain;
use crate::tree::{self, ClusterTree, INDEX, Index};
use crate::world::server::{Failure, FailureKind};
use crate::world::{Access, Date, Output, Server, World};

use self::compared::Compared;
use self::tried::Trials;
pub use material::{Approval, Desired, Material, elsewhere, generation, mistaken, wrong_cluster};
pub use read::{Asked, Reading, Unverified, read};
pub use releases::Helm;
pub use selected::Selections;
pub use tried::{ServerSide, needs};

/// Gives the server of a cluster.
pub type Connect<'a> = dyn Fn(&Cluster) -> Result<Arc<dyn Server>, Failure> + Sync + 'a;

/// What answers for a cluster: its API server, or what was once read of it.
pub struct Source {
    pub server: Arc<dyn Server>,
    /// What limits its answers.
    pub remarks: Vec<String>,
}

/// Gives what answers for a cluster.
pub type Sources<'a> = dyn Fn(&Cluster) -> Result<Source, Failure> + Sync + 'a;

/// How clusters are found and compared.
pub struct LiveQuestion<'a> {
    /// Names or identities; empty: every cluster.
    pub clusters: &'a [String],
    /// What answers for a cluster.
    pub source: &'a Sources<'a>,
    /// Folder of the checked-in output: what reviewers approved.
    pub approved: &'a str,
    /// Field managers that apply our output, besides those that are known.
    pub aliases: &'a [String],
    /// Objects of others that would be taken over, as people name objects.
    pub adopt: &'a BTreeSet<String>,
    pub helm: Helm<'a>,
    /// Every object is also tried by the server.
    pub server_side: Option<ServerSide>,
    /// An `ignore` holds until its day.
    pub today: Date,
    /// How many clusters are asked at once.
    pub parallel: usize,
    /// Keep what is needed to apply what differs.
    pub keep: bool,
    /// Told as each cluster is done: its name.
    pub done: &'a (dyn Fn(&str) + Sync),
}

/// One cluster, compared.
pub struct LiveCluster {
    pub changes: ClusterChanges,
    /// As the server names its release; empty where it could not be asked.
    pub version: String,
    pub unverified: Vec<Unverified>,
    /// Objects that the server would not take, each with why; nothing where it was not asked.
    pub refused: Vec<Unverified>,
    /// Objects that it would take, where it was asked.
    pub accepted: Option<usize>,
    /// What was not shown, and how much of it.
    pub hidden: BTreeMap<Hidden, usize>,
    /// Where that is: the object and a JSON pointer, with the names of items of lists.
    pub hidden_at: BTreeMap<Hidden, Vec<String>>,
    /// The reason of each `ignore` of the spec, and how much it took back.
    pub ignored: Vec<(String, usize)>,
    /// Changes that are live before they were approved.
    pub ahead: usize,
    /// Objects that were compared.
    pub compared: usize,
    /// What limits the answer without making it wrong.
    pub remarks: Vec<String>,
    /// Where it was asked for.
    pub material: Option<Material>,
}

impl LiveCluster {
    /// Everything was looked at and, where the server was asked to try it, taken by it.
    pub fn is_whole(&self) -> bool {
        self.unverified.is_empty() && self.refused.is_empty()
    }
}

/// Compares every cluster with what is compiled for it. A cluster that cannot be reached hides no other.
///
/// # Errors
/// A cluster nobody knows, or checked-in output that cannot be read.
pub fn live(
    world: &dyn World,
    compiled: &Compiled,
    question: &LiveQuestion<'_>,
) -> Result<Vec<LiveCluster>, Vec<Diagnostic>> {
    let (Some(fleet), Some(fleet_plan)) = (compiled.fleet.as_ref(), compiled.fleet_plan.as_ref()) else {
        return Ok(Vec::new());
    };
    let cx = Context { fleet, fleet_plan, catalog: &compiled.catalog, raws: &compiled.raws };
    let chosen = choose(fleet, question.clusters)?;
    let output = world.output(question.approved, Access::Look).map_err(|t| vec![tree::trouble(&t)])?;
    let names = Names::of(&compiled.catalog, fleet);
    let one = |id: &ClusterId| {
        let compared = Comparison { world, cx: &cx, names: &names, output: &*output, question, id: *id }.run();
        (question.done)(&fleet.cluster(*id).name);
        compared
    };
    let all = some_at_once(&chosen, question.parallel, one);
    let mut clusters = Vec::new();
    let mut troubles = Vec::new();
    for result in all {
        match result {
            Ok(cluster) => clusters.push(cluster),
            Err(diagnostic) => troubles.push(*diagnostic),
        }
    }
    if troubles.is_empty() { Ok(clusters) } else { Err(troubles) }
}

/// Asks clusters, so many at once; the answers in their order.
pub fn some_at_once<T: Send>(clusters: &[ClusterId], parallel: usize, one: impl Fn(&ClusterId) -> T + Sync) -> Vec<T> {
    match rayon::ThreadPoolBuilder::new().num_threads(parallel.max(1)).build() {
        Ok(pool) => pool.install(|| clusters.par_iter().map(&one).collect()),
        // No more threads to be had: one after the other.
        Err(_) => clusters.iter().map(one).collect(),
    }
}

/// The labels that all objects of a cluster carry.
pub fn marks(fleet: &Fleet, cluster: &Cluster) -> Vec<(String, String)> {
    vec![
        ("app.kubernetes.io/managed-by".to_owned(), MANAGED_BY.to_owned()),
        (emit::FLEET_LABEL.to_owned(), fleet.name.value.clone()),
        (emit::CLUSTER_LABEL.to_owned(), cluster.id.value.clone()),
    ]
}

/// API version and kind of everything among which objects that nothing asks for any more are looked for: what we emit, and
/// what may stand in a `raw` file. Nobody has to let us read Secrets for that, and Pods, of which there are thousands, are
/// made by controllers.
pub fn searched() -> impl Iterator<Item = (&'static str, &'static str)> {
    fields::kinds().filter(|(_, kind)| !matches!(*kind, "Pod" | "Secret"))
}

/// What to read of a cluster in which these objects should be.
pub fn asked(
    marks: &[(String, String)],
    (objects, selected): (BTreeSet<ObjectId>, Selections),
    index: Option<&Index>,
) -> Asked {
    let once = index.into_iter().flat_map(|index| index.owned().into_iter().filter_map(|(p, _)| index.object(&p)));
    let once = once.map(|o| o.id()).filter(is_kubernetes).map(|id| (id.api_version, id.kind));
    let ever = searched().map(|(api_version, kind)| (api_version.to_owned(), kind.to_owned()));
    // Also what is of a cluster that the fleet no longer has.
    let of_fleet = marks.iter().filter(|(key, _)| key != emit::CLUSTER_LABEL);
    let terms: Vec<String> = of_fleet.map(|(key, value)| format!("{key}={value}")).collect();
    let namespaces = index.into_iter().flat_map(Index::ids).chain(objects.iter().cloned()).map(|id| id.namespace);
    let namespaces = namespaces.filter(|n| !n.is_empty()).collect();
    Asked { objects, namespaces, kinds: once.chain(ever).collect(), ours: terms.join(","), selected }
}

/// Values of a Helm release are no object of the cluster.
fn is_kubernetes(id: &ObjectId) -> bool {
    !id.api_version.is_empty() && id.kind != emit::VALUES
}

/// What the spec leaves to others today.
pub fn ignores(cluster: &Cluster, today: Date) -> Vec<diff::Ignore> {
    let one = |ignore: &Ignore| {
        let Ok(Target::Object { kind, name }) = Target::parse(&ignore.target.value) else { return None };
        let fields = ignore.fields.iter().filter_map(|f| JsonPointer::parse(&f.value).ok()).map(|p| p.tokens);
        Some(diff::Ignore {
            kind,
            name,
            fields: fields.collect(),
            managers: ignore.managers.iter().map(|m| m.value.clone()).collect(),
            why: ignore.why.clone(),
        })
    };
    cluster.ignores.iter().filter(|i| i.until.is_none_or(|until| today <= until)).filter_map(one).collect()
}

/// One cluster's comparison.
struct Comparison<'a> {
    world: &'a dyn World,
    cx: &'a Context<'a>,
    names: &'a Names<'a>,
    output: &'a dyn Output,
    question: &'a LiveQuestion<'a>,
    id: ClusterId,
}

impl Comparison<'_> {
    fn run(&self) -> Result<LiveCluster, Box<Diagnostic>> {
        let cluster = self.cx.fleet.cluster(self.id);
        let mut files = ClusterTree::new();
        let mut kept = Kept::default();
        let mut ids = BTreeSet::new();
        let mut releases = Vec::new();
        let mut places = BTreeMap::new();
        let mut selected = Selections::default();
        fill(self.cx, self.id, &mut files, &mut |emitted| {
            if emitted.object.place == Place::Helm {
                releases.extend(emitted.object.release.clone().map(|r| (emitted.object.id.clone(), r)));
                kept.keep(emitted);
                return;
            }
            kept.keep(emitted);
            let side = diff::Side::new(emitted.tree, emitted.object.root);
            selected.add(&emitted.object.id, side, &cluster.id.value);
            ids.insert(emitted.object.id.clone());
            places.insert(emitted.object.id.clone(), emitted.object.place);
        });
        let identity = &cluster.id.value;
        let finished =
            files.finish(&self.names.header(identity)).map_err(|twice| Box::new(Diagnostic::from(&twice)))?;
        let path = folder(self.cx.fleet, self.id);
        let (index, there) = match old_index(self.output, &path) {
            Ok(index) => (index, None),
            Err(trouble) => (None, Some(trouble)),
        };
        let checked_in = diff::Folder { output: self.output, path: &path, index: index.as_ref() };
        // What was approved cannot be told from what cannot be read; what is live can be compared all the same.
        let (index, differing, unreadable) = match diff::files(&checked_in, Some(&finished)) {
            Ok(differing) => (index.as_ref(), differing, there),
            Err(trouble) => (None, Vec::new(), Some(there.unwrap_or(trouble))),
        };
        let differing: BTreeMap<&str, &FileChange<'_>> = differing.iter().map(|f| (f.path.as_str(), f)).collect();

        let marks = marks(self.cx.fleet, cluster);
        let asked = asked(&marks, (ids, selected), index);
        let (source, version, reading) = self.reading(cluster, &asked);
        let ours = Ours {
            labels: marks,
            aliases: self.question.aliases.to_vec(),
            ignores: ignores(cluster, self.question.today),
            adopted: self.question.adopt.clone(),
            applied: false,
        };
        let remarks = source.as_ref().map(|s| s.remarks.clone()).unwrap_or_default();
        let trials = self.question.server_side.zip(source.as_ref());
        let trials = trials.map(|(how, source)| Trials::new(&*source.server, how, &reading, &asked));
        let mut compared = Compared { reading, ours, remarks, trials, ..Compared::default() };
        for (path, _) in &finished.files {
            let Some(id) = finished.index.object(path).map(|o| o.id()).filter(|id| asked.objects.contains(id)) else {
                continue;
            };
            let Some(side) = kept.object(&id) else { continue };
            let mut tree = Tree::new();
            let approved = match differing.get(path.as_str()) {
                None if index.is_some() => Approved::Same,
                None => Approved::Unknown,
                Some(_) if index.is_none() => Approved::Unknown,
                Some(file) => Approved::Other(
                    file.old
                        .as_deref()
                        .and_then(|bytes| document(bytes, &mut tree))
                        .map(|root| diff::Side { tree: &tree, root }),
                ),
            };
            compared.object(Wanted { id: &id, file: path, side, approved });
        }
        for (path, _) in &finished.files {
            let Some(id) = finished.index.object(path).map(|o| o.id()) else { continue };
            let Some((id, release)) = releases.iter().find(|(known, _)| *known == id) else { continue };
            let Some(values) = kept.object(id) else { continue };
            let approved = index.as_ref().map(|_| !differing.contains_key(path.as_str()));
            let (chart, version) = (&release.chart, &release.version);
            let wanted = diff::Release { id, file: path, chart, version, values, approved };
            match (self.question.helm, &source) {
                (Helm::Secrets, Some(source)) => releases::by_secrets(&*source.server, wanted, &mut compared),
                (Helm::Values(folder), _) => {
                    releases::by_values(self.world, folder, &cluster.name, wanted, &mut compared);
                }
                // The whole cluster is out of reach, which is told.
                (Helm::Secrets, None) | (Helm::Unread, _) => {}
            }
        }
        let of_fleet = self.cx.fleet.clusters.iter().map(|c| c.id.value.as_str()).collect();
        compared.orphans(&asked, &of_fleet);
        compared.selected();
        let (refused, accepted) = compared.tried();
        let stale = differing.keys().filter(|path| **path != INDEX).count();
        // Whoever applies is told Helm's commands.
        let is_told = matches!(self.question.helm, Helm::Unread) && !self.question.keep;
        let unread: Vec<&ObjectId> = releases.iter().map(|(id, _)| id).filter(|_| is_told).collect();
        match &unreadable {
            Some(trouble) => compared.unapproved(trouble),
            None => compared.approval(self.question.approved, index.is_some(), stale),
        }
        compared.remark(&asked, &unread);
        let there = material::there(&mut compared.reading, &asked);
        let elsewhere = elsewhere(self.cx.fleet, cluster, there.iter());
        // Whoever applies is told so before anything else.
        if let Some((other, n)) = mistaken(&elsewhere, there.values(), &compared.ours).filter(|_| !self.question.keep) {
            compared.is_another(&asked, other, n);
        }
        let material = self.question.keep.then(|| Material {
            server: source.as_ref().map(|s| s.server.clone()),
            wanted: material::desired(&kept, places),
            elsewhere,
            there,
            orphans: compared.left.iter().filter_map(|id| compared.reading.objects.remove_entry(id)).collect(),
            unlisted: compared.reading.failed.iter().map(|(_, failure)| failure.message.clone()).collect(),
            ours: compared.ours.clone(),
            releases: releases.into_iter().map(|(_, release)| release).collect(),
            knows_releases: matches!(self.question.helm, Helm::Secrets),
            approval: match (&index, stale) {
                (None, _) if unreadable.is_some() => Approval::Unreadable,
                (None, _) => Approval::Absent,
                (Some(_), 0) => Approval::Given,
                (Some(_), stale) => Approval::Stale(stale),
            },
            folder: path,
        });
        let Compared { mut changes, unverified, hidden, hidden_at, ignored, ahead, count, remarks, ours, .. } =
            compared;
        diff::settle(&mut changes, setting(cluster));
        let why = |at: usize| ours.ignores.get(at).map(|i| i.why.clone()).unwrap_or_default();
        let ignored = ignored.into_iter().map(|(at, n)| (why(at), n)).collect();
        Ok(LiveCluster {
            changes: ClusterChanges {
                cluster: cluster.name.clone(),
                identity: identity.clone(),
                presence: Presence::Kept,
                changes,
                origins: kept.into_origins(),
                was: Origins::default(),
            },
            version,
            unverified,
            refused,
            accepted,
            hidden,
            hidden_at,
            ignored,
            ahead,
            compared: count,
            remarks,
            material,
        })
    }

    fn reading(&self, cluster: &Cluster, asked: &Asked) -> (Option<Source>, String, Reading) {
        let source = match (self.question.source)(cluster) {
            Ok(source) => source,
            Err(why) => return (None, String::new(), nothing(asked, why)),
        };
        let version = match source.server.version() {
            Ok(version) => version,
            // Not everybody may ask for it, and nothing hangs on it.
            Err(failure) if matches!(failure.kind, FailureKind::Forbidden | FailureKind::NotRecorded) => String::new(),
            Err(why) => return (None, String::new(), nothing(asked, why)),
        };
        let reading = read(&*source.server, asked);
        (Some(source), version, reading)
    }
}

pub fn document(bytes: &[u8], tree: &mut Tree) -> Option<NodeId> {
    match plain::read_tree(std::str::from_utf8(bytes).ok()?, tree).ok()?[..] {
        [root] => Some(root),
        _ => None,
    }
}

/// A reading of a cluster that could not be asked at all.
fn nothing(asked: &Asked, why: Failure) -> Reading {
    let unverified = Unverified { what: "the whole cluster".to_owned(), objects: asked.objects.clone(), why };
    Reading { unverified: vec![unverified], ..Reading::default() }
}
