//! A snapshot, or a dump, as a server that answers from it.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::NOT_KEPT;
use super::dump::{self, LARGEST, garbage};
use super::mask::mask;
use super::record::{FORMAT, Head, RECORD, Record, Version, failure};
use super::write::hash;
use crate::catalog::fields;
use crate::check::is_cluster_scoped;
use crate::diag::shown;
use crate::world::server::{Failure, FailureKind, Served};
use crate::world::{Entry, Recorded, Time, TroubleKind, World, names};

/// Whose snapshot is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    pub fleet: &'a str,
    pub name: &'a str,
    pub identity: &'a str,
    /// Identities of all clusters of the fleet.
    pub clusters: &'a [&'a str],
    /// No other cluster is asked for, so that what stands there by itself can only be of this one.
    pub only: bool,
}

/// What was found of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// Answers as the server did.
    pub recorded: Recorded,
    /// Of a snapshot; a dump does not say when it was made, nor what is not there.
    pub head: Option<Head>,
    /// What a reader should know: each is said once.
    pub remarks: Vec<String>,
    /// Objects that do not say who set their fields.
    pub ownerless: usize,
}

impl Stored {
    /// Whether everything that was asked was answered.
    pub fn is_complete(&self) -> bool {
        self.head.is_some() && self.recorded.failed.is_empty() && self.recorded.undiscovered.is_empty()
    }
}

/// Reads what `place` has of a cluster: `PLACE/IDENTITY/snapshot.json`, or `PLACE/snapshot.json`; else a dump, the folder
/// `PLACE/IDENTITY` or a file `PLACE/IDENTITY.yaml`, where only one cluster is asked for also `PLACE` itself. Its name
/// does as well as its identity.
///
/// # Errors
/// [`FailureKind::NotRecorded`] where there is nothing of this cluster; [`FailureKind::Garbage`] where what is there
/// cannot be relied on: damaged, of another cluster, or no objects.
pub fn read(world: &dyn World, place: &str, of: &Of<'_>) -> Result<Stored, Failure> {
    let place = if place == "/" { "" } else { place.trim_end_matches('/') };
    let mut folders: Vec<String> = Vec::new();
    for name in [of.identity, of.name].into_iter().filter(|n| names::usable(n)) {
        let folder = format!("{place}/{name}");
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    for folder in folders.iter().map(String::as_str).chain([place]) {
        match world.read(&format!("{folder}/{RECORD}"), LARGEST) {
            Ok(bytes) => return recorded(world, folder, &bytes, of),
            Err(trouble) if is_absent(trouble.kind) => {}
            Err(trouble) => return Err(garbage(&trouble.path, &trouble.message)),
        }
    }
    let files = folders.iter().flat_map(|f| [f.clone(), format!("{f}.yaml"), format!("{f}.yml"), format!("{f}.json")]);
    for at in files.chain(of.only.then(|| place.to_owned())) {
        match world.list(&at) {
            Ok(entries) if entries.iter().any(|e| dump::is_named_so(&e.path)) => {
                return dumped(world, &at, &entries, of);
            }
            Ok(_) => {}
            Err(trouble) if is_absent(trouble.kind) => {}
            Err(trouble) => return Err(garbage(&trouble.path, &trouble.message)),
        }
    }
    let place = shown::one_line(place);
    let message = format!(
        "`{place}` has nothing of cluster `{}`: neither `{place}/{}/{RECORD}`, as `watershed snapshot` writes it, nor a \
         dump, `{place}/{}.yaml`",
        of.name, of.identity, of.identity
    );
    Err(Failure::new(FailureKind::NotRecorded, message))
}

/// Also below a file.
fn is_absent(kind: TroubleKind) -> bool {
    matches!(kind, TroubleKind::Missing | TroubleKind::NotAFile | TroubleKind::Foreign)
}

fn recorded(world: &dyn World, folder: &str, bytes: &[u8], of: &Of<'_>) -> Result<Stored, Failure> {
    let place = format!("{folder}/{RECORD}");
    let wrong = |why: &str| garbage(&place, why);
    let no_record = |e: serde_json::Error| wrong(&format!("this is no record of a snapshot: {e}"));
    let version: Version = serde_json::from_slice(bytes).map_err(no_record)?;
    if version.format_version != FORMAT {
        return Err(wrong(&format!(
            "this is format {} of another release of Watershed; this one reads format {FORMAT}",
            version.format_version
        )));
    }
    let record: Record = serde_json::from_slice(bytes).map_err(no_record)?;
    if (record.fleet.as_str(), record.cluster.as_str()) != (of.fleet, of.identity) {
        let (fleet, cluster) = (&record.fleet, &record.cluster);
        return Err(wrong(&format!("this is of cluster `{cluster}` of fleet `{fleet}`, not of `{}`", of.identity)));
    }
    let taken = Time::parse(&record.taken_at).ok_or_else(|| wrong("it does not say when it was taken"))?;
    let mut objects = Vec::new();
    for file in &record.files {
        if !names::usable(&file.path) {
            return Err(wrong("it names files outside of its folder"));
        }
        let at = format!("{folder}/{}", file.path);
        let bytes = world.read(&at, LARGEST).map_err(|t| garbage(&at, &t.message))?;
        if hash(&bytes) != file.hash {
            let why =
                "this is not as the snapshot was taken: it was edited, or a snapshot was cut short; take a new one";
            return Err(garbage(&at, why));
        }
        let list: Json = serde_json::from_slice(&bytes).map_err(|e| garbage(&at, &format!("this is no JSON: {e}")))?;
        let items = list.get("items").and_then(Json::as_array).filter(|items| items.len() == file.objects);
        objects.extend(items.ok_or_else(|| garbage(&at, "this is not the list that was recorded"))?.iter().cloned());
    }
    let ownerless = ownerless(&objects);
    for others in &record.others {
        objects.extend(others.names.iter().map(|name| {
            let mut metadata = json!({"name": name, "annotations": {NOT_KEPT: "true"}});
            if !others.namespace.is_empty() {
                metadata["namespace"] = others.namespace.as_str().into();
            }
            json!({"apiVersion": others.api_version, "kind": others.kind, "metadata": metadata})
        }));
    }
    let unknown = || wrong("it has a list of a kind that it does not describe");
    let mut stored = Stored { ownerless, ..Stored::default() };
    for list in &record.complete {
        let listed = record.listed(&list.api_version, &list.kind, &list.namespace, &list.labels).ok_or_else(unknown)?;
        stored.recorded.complete.push(listed);
    }
    for failed in &record.failed {
        let why = failure(&failed.why, &shown::one_line(&failed.message));
        match &failed.kind {
            None => stored.recorded.undiscovered.push((failed.api_version.clone(), why)),
            Some(kind) => {
                let listed = record.listed(&failed.api_version, kind, &failed.namespace, &failed.labels);
                stored.recorded.failed.push((listed.ok_or_else(unknown)?, why));
            }
        }
    }
    stored.recorded.version = shown::one_line(&record.server_version);
    stored.recorded.kinds = record.kinds.iter().map(super::record::Kind::served).collect();
    stored.recorded.objects = objects;
    stored.recorded.discovered = Some(record.asked.clone());
    let line = |text: &str| shown::one_line(text);
    stored.head = Some(Head {
        fleet: line(&record.fleet),
        cluster: line(&record.cluster),
        context: line(&record.context),
        taken,
        compiler: line(&record.compiler),
    });
    Ok(stored)
}

fn dumped(world: &dyn World, at: &str, entries: &[Entry], of: &Of<'_>) -> Result<Stored, Failure> {
    let dump = dump::read(world, entries)?;
    let salt = world.random().map_err(|t| garbage(&t.path, &t.message))?;
    let (mut objects, mut remarks) = (dump.objects, dump.remarks);
    let label = |o: &Json, name: &str| Some(o.pointer("/metadata/labels")?.get(name)?.as_str()?.to_owned());
    let strange = |o: &&Json| {
        // What is of no cluster of the fleet is left over from one that was.
        let other = |name: &str, ours: &str| label(o, name).filter(|l| l != ours && of.clusters.contains(&l.as_str()));
        (label(o, "watershed/fleet").as_deref() == Some(of.fleet))
            .then(|| other("watershed/cluster", of.identity))
            .flatten()
    };
    let others: BTreeSet<String> = objects.iter().filter_map(|o| strange(&o)).collect();
    if let Some(other) = others.first() {
        let why = format!("objects of cluster `{other}` are in what should be of `{}` only", of.identity);
        return Err(garbage(at, &why));
    }
    objects.iter_mut().for_each(|object| mask(object, &salt));
    remarks.insert(
        0,
        format!(
            "`{}` is no snapshot but a dump: what is not in it may be there all the same, and is not verified; \
             `watershed snapshot` records what was looked for",
            shown::one_line(at)
        ),
    );
    let mut kinds: Vec<Served> =
        fields::kinds().map(|(api_version, kind)| served(api_version, kind, !is_cluster_scoped(kind))).collect();
    for object in &objects {
        let text = |name: &str| object.get(name).and_then(Json::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        if !kinds.iter().any(|k| k.api_version == api_version && k.kind == kind) {
            kinds.push(served(api_version, kind, object.pointer("/metadata/namespace").is_some()));
        }
    }
    let ownerless = ownerless(&objects);
    let recorded = Recorded { kinds, objects, discovered: Some(Vec::new()), ..Recorded::default() };
    Ok(Stored { recorded, head: None, remarks, ownerless })
}

/// The plural is only said in messages.
fn served(api_version: &str, kind: &str, namespaced: bool) -> Served {
    Served { api_version: api_version.to_owned(), kind: kind.to_owned(), plural: kind.to_lowercase(), namespaced }
}

fn ownerless(objects: &[Json]) -> usize {
    let owned =
        |o: &&Json| o.pointer("/metadata/managedFields").and_then(Json::as_array).is_some_and(|f| !f.is_empty());
    objects.iter().filter(|o| !owned(o)).count()
}
