//! From emitted objects to the files of one cluster: paths, stages, indexes, the write set.
//!
//! Pure. It neither knows how an object is rendered (the caller writes its text) nor touches a disk
//! ([`world`](crate::world) carries the write set out).

pub mod codes;
mod fleet;
mod index;
mod paths;
mod stages;
mod trouble;

use std::fmt;
use std::ops::Range;

pub use fleet::{FleetCluster, FleetIndex};
pub use index::{Index, IndexedFile, IndexedObject, IndexedRoute};
pub use paths::file_paths;
pub use trouble::{kept, stale, trouble};

use crate::object::{ObjectId, Place};
use crate::world::{Fingerprint, WriteSet};

/// Name of a cluster's index.
pub const INDEX: &str = "index.json";

/// What was built with what: the head of every index.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    pub compiler: &'a str,
    pub catalog: &'a str,
    pub fleet: &'a str,
    /// Identity of the cluster, not its display name.
    pub cluster: &'a str,
}

/// What the tree has to know of an object beside its text.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    pub id: &'a ObjectId,
    pub place: Place,
    /// `prometheus/user`.
    pub unit: &'a str,
    /// Symbolic, without line numbers: `cluster[edge-1].prometheus[user]`.
    pub spec_path: &'a str,
    /// Of a values file only.
    pub release: Option<Release<'a>>,
}

/// The Helm release a values file is for.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    pub name: &'a str,
    pub namespace: &'a str,
    /// As Helm takes it: `vm/victoria-metrics-cluster` or `oci://…`.
    pub chart: &'a str,
    pub version: &'a str,
}

/// Collects one cluster's files in one buffer; cleared and used again for the next cluster.
#[derive(Debug, Default)]
pub struct ClusterTree {
    text: String,
    objects: Vec<Object>,
    others: Vec<(String, Range<usize>)>,
    routing: Vec<IndexedRoute>,
}

#[derive(Debug)]
struct Object {
    id: ObjectId,
    place: Place,
    unit: String,
    spec_path: String,
    /// Of a values file: its name, and its lines in `helm/releases.yaml`.
    release: Option<(String, String)>,
    text: Range<usize>,
}

/// Two objects of one identity, or two files of one path: never written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twice(pub String);

impl fmt::Display for Twice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is made twice", self.0)
    }
}

impl std::error::Error for Twice {}

impl ClusterTree {
    pub fn new() -> Self {
        ClusterTree::default()
    }

    /// Forgets all files, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.objects.clear();
        self.others.clear();
        self.routing.clear();
    }

    /// Adds an object, or a values file; `write` appends its YAML.
    pub fn push(&mut self, entry: &Entry<'_>, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        if let Some(release) = &entry.release {
            stages::values_head(release, &mut self.text);
        }
        write(&mut self.text);
        self.objects.push(Object {
            id: entry.id.clone(),
            place: entry.place,
            unit: entry.unit.to_owned(),
            spec_path: entry.spec_path.to_owned(),
            release: entry.release.as_ref().map(|r| (r.name.to_owned(), stages::release(r))),
            text: start..self.text.len(),
        });
    }

    /// Adds a file that holds no object: `README.md`, `secrets.required.yaml`.
    pub fn file(&mut self, path: &str, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        self.others.push((path.to_owned(), start..self.text.len()));
    }

    /// What the index says of where series go.
    pub fn routing(&mut self, routing: Vec<IndexedRoute>) {
        self.routing = routing;
    }

    /// Adds kustomizations, `helm/releases.yaml` and the index, and names everything.
    ///
    /// The order in which objects were pushed makes no difference.
    pub fn finish(&mut self, header: &Header<'_>) -> Result<Finished<'_>, Twice> {
        self.objects.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(pair) = self.objects.windows(2).find(|p| p[0].id == p[1].id) {
            return Err(Twice(pair[0].id.to_string()));
        }
        let paths = paths::of(&self.objects);
        self.releases();
        self.kustomizations(&paths);

        let bytes = |range: &Range<usize>| self.text[range.clone()].as_bytes();
        let mut objects: Vec<(String, &Object)> = paths.into_iter().zip(&self.objects).collect();
        objects.sort_by(|a, b| a.0.cmp(&b.0));
        let mut files: Vec<(String, &[u8])> =
            self.others.iter().map(|(path, range)| (path.clone(), bytes(range))).collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let index = Index::new(
            header,
            objects.iter().map(|(path, o)| IndexedObject::new(path, &o.id, &o.unit, &o.spec_path, bytes(&o.text))),
            files.iter().map(|(path, bytes)| IndexedFile::new(path, bytes)),
            self.routing.clone(),
        );
        files.extend(objects.into_iter().map(|(path, o)| (path, bytes(&o.text))));
        files.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(pair) = files.windows(2).find(|p| p[0].0 == p[1].0) {
            return Err(Twice(pair[0].0.clone()));
        }
        Ok(Finished { files, rendered: index.render(), index })
    }

    fn releases(&mut self) {
        let mut releases: Vec<&str> =
            self.objects.iter().filter_map(|o| o.release.as_ref()).map(|(_, lines)| lines.as_str()).collect();
        if releases.is_empty() {
            return;
        }
        releases.sort_unstable();
        let text = stages::releases(&releases);
        self.file("helm/releases.yaml", |out| out.push_str(&text));
    }

    fn kustomizations(&mut self, paths: &[String]) {
        let mut stages: Vec<&str> = Vec::new();
        for place in Place::ALL.into_iter().filter(|p| *p != Place::Helm) {
            let prefix = format!("{}/", place.folder());
            let mut names: Vec<&str> = paths.iter().filter_map(|p| p.strip_prefix(&prefix)).collect();
            if names.is_empty() {
                continue;
            }
            names.sort_unstable();
            stages.push(place.folder());
            let text = stages::kustomization(&names);
            self.file(&format!("{}/kustomization.yaml", place.folder()), |out| out.push_str(&text));
        }
        let text = stages::kustomization(&stages);
        self.file("kustomization.yaml", |out| out.push_str(&text));
    }
}

/// The files of one cluster, ready to be written or compared.
#[derive(Debug)]
pub struct Finished<'t> {
    /// In byte order of their paths, without the index.
    pub files: Vec<(String, &'t [u8])>,
    pub index: Index,
    rendered: String,
}

impl Finished<'_> {
    /// What to write into `<fleet>/<cluster>`, given the index that is there now.
    pub fn write_set<'a>(&'a self, folder: &'a str, old: Option<&Index>) -> WriteSet<'a> {
        WriteSet {
            folder,
            files: self.files.clone(),
            index: Some((INDEX.to_owned(), self.rendered.as_bytes())),
            owned: old.map(Index::owned).unwrap_or_default(),
        }
    }

    /// The index as it is written.
    pub fn index_text(&self) -> &str {
        &self.rendered
    }
}

fn hash(bytes: &[u8]) -> String {
    format!("xxh3:{}", Fingerprint::of(bytes))
}

fn parse_hash(text: &str) -> Option<Fingerprint> {
    Fingerprint::parse(text.strip_prefix("xxh3:")?)
}

#[cfg(test)]
mod tests;
