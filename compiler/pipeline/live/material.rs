//! What applying has to know of a cluster beside its differences.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::super::diff::Kept;
use super::{Asked, Reading, marks};
use crate::diff::{Live, Ours};
use crate::emit::Release;
use crate::model::fleet::{Cluster, Fleet};
use crate::object::{ObjectId, Place};
use crate::world::Server;
use crate::world::server::{Failure, FailureKind};

/// What is compiled for a cluster, and what is there.
pub struct Material {
    /// `None` where it could not even be addressed.
    pub server: Option<Arc<dyn Server>>,
    /// In the order in which it is applied.
    pub wanted: Vec<Desired>,
    /// Objects of these names that are there.
    pub there: BTreeMap<ObjectId, Json>,
    /// Those of them that carry the marks of another cluster of the same fleet, each with its name.
    pub elsewhere: BTreeMap<ObjectId, String>,
    /// Live objects with our marks that nothing asks for.
    pub orphans: BTreeMap<ObjectId, Json>,
    /// Why something could not be listed.
    pub unlisted: Vec<String>,
    pub ours: Ours,
    pub releases: Vec<Release>,
    /// Releases were compared: what is not among the differences, nor unverified, is as it is compiled.
    pub knows_releases: bool,
    pub approval: Approval,
    /// The cluster's folder, below the root of an output tree.
    pub folder: String,
}

/// A compiled object.
pub struct Desired {
    pub id: ObjectId,
    pub place: Place,
    pub json: Json,
}

/// Whether the checked-in output is what the spec compiles to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    Given,
    /// So many files are not what is compiled.
    Stale(usize),
    Absent,
    /// There is something, and it is no output that can be read.
    Unreadable,
}

/// The objects stage by stage; in each, a Namespace before what it holds.
pub(super) fn desired(kept: &Kept, places: BTreeMap<ObjectId, Place>) -> Vec<Desired> {
    let one = |(id, place): (ObjectId, Place)| {
        let json = kept.object(&id).map(|side| side.tree.to_json(side.root))?;
        Some(Desired { id, place, json })
    };
    let mut all: Vec<Desired> = places.into_iter().filter_map(one).collect();
    all.sort_by(|a, b| {
        let key = |d: &Desired| (d.place, d.id.kind != "Namespace");
        key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
    });
    all
}

pub(super) fn there(reading: &mut Reading, asked: &Asked) -> BTreeMap<ObjectId, Json> {
    asked.objects.iter().filter_map(|id| reading.objects.remove_entry(id)).collect()
}

/// Objects of another cluster of the fleet, by what they are labelled with.
pub fn elsewhere<'o>(
    fleet: &Fleet,
    own: &Cluster,
    there: impl Iterator<Item = (&'o ObjectId, &'o Json)>,
) -> BTreeMap<ObjectId, String> {
    let others = fleet.clusters.iter().filter(|c| c.id.value != own.id.value);
    let others: Vec<(&str, Ours)> =
        others.map(|c| (c.name.as_str(), Ours { labels: marks(fleet, c), ..Ours::default() })).collect();
    let whose = |object: &Json| others.iter().find(|(_, ours)| Live(object).is_marked(ours));
    let one = |(id, object): (&ObjectId, &Json)| Some((id.clone(), whose(object)?.0.to_owned()));
    there.filter_map(one).collect()
}

/// Another cluster of the fleet, and how many objects of it are there where those of this one should be: more than are
/// this one's. It is the wrong server, most likely.
pub fn mistaken<'e, 'o>(
    elsewhere: &'e BTreeMap<ObjectId, String>,
    there: impl Iterator<Item = &'o Json>,
    ours: &Ours,
) -> Option<(&'e str, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    elsewhere.values().for_each(|name| *counts.entry(name).or_default() += 1);
    let own = there.filter(|object| Live(object).is_marked(ours)).count();
    let most = counts.into_iter().max_by_key(|(_, n)| *n)?;
    (most.1 > own).then_some(most)
}

/// Nothing of what another cluster says is of the one that was asked for.
pub fn wrong_cluster(other: &str, objects: usize) -> Failure {
    let message = format!(
        "the wrong cluster answers: this is `{other}`, by the labels of {objects} objects that are where those of this \
         cluster should be. Look at the context; where one cluster has taken over from another, delete what the other \
         has left"
    );
    Failure::new(FailureKind::Config, message)
}

/// Raised by the server with every change of what is asked for.
pub fn generation(object: &Json) -> i64 {
    object.pointer("/metadata/generation").and_then(Json::as_i64).unwrap_or(0)
}
