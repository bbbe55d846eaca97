//! `index.json`: what a cluster's folder holds, what each object is, which spec line it is for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Header, INDEX, hash, parse_hash};
use crate::object::ObjectId;
use crate::world::{Fingerprint, Trouble, TroubleKind, names};

/// Raised with every change that an older reader would misread.
pub(super) const FORMAT: u64 = 1;

/// The index of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub format_version: u64,
    pub compiler: String,
    pub catalog: String,
    pub fleet: String,
    pub cluster: String,
    /// Over all paths and hashes: differs whenever any file of the cluster does.
    pub digest: String,
    pub objects: Vec<IndexedObject>,
    /// Everything that is no object, without the index itself.
    pub files: Vec<IndexedFile>,
    /// Where which series of the cluster go.
    #[serde(default)]
    pub routing: Vec<IndexedRoute>,
    /// Fingerprint of the text it was read from.
    #[serde(skip)]
    own: Option<Fingerprint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexedObject {
    pub path: String,
    pub api_version: String,
    pub kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    pub name: String,
    pub unit: String,
    /// Symbolic path of the spec node it is for.
    pub spec: String,
    pub hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedFile {
    pub path: String,
    pub hash: String,
}

/// Series that a route sends to the same destinations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedRoute {
    pub route: String,
    /// `job` or `job/class`: what its targets measure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<String>,
    /// Peaks recorded for these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peaks: Vec<String>,
    /// `up` and the other series a scrape makes itself, of the targets of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub up: Vec<String>,
    /// Also recorded series and alerts that are of no job.
    #[serde(default, skip_serializing_if = "is_false")]
    pub of_no_job: bool,
    /// Names, beginnings with a `*`, empty for series of no namespace, `*` for all that nothing else here names.
    pub namespaces: Vec<String>,
    /// Labels of the pod the series are about, as they stand on them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_labels: BTreeMap<String, String>,
    /// Destinations; none: they stay in the cluster.
    pub to: Vec<String>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

impl Index {
    /// Name of the file, in the cluster's folder.
    pub const FILE: &str = INDEX;

    pub(super) fn new(
        header: &Header<'_>,
        objects: impl IntoIterator<Item = IndexedObject>,
        files: impl IntoIterator<Item = IndexedFile>,
        routing: Vec<IndexedRoute>,
    ) -> Self {
        let objects: Vec<IndexedObject> = objects.into_iter().collect();
        let files: Vec<IndexedFile> = files.into_iter().collect();
        let mut lines = String::new();
        let objects_and_files =
            objects.iter().map(|o| (&o.path, &o.hash)).chain(files.iter().map(|f| (&f.path, &f.hash)));
        for (path, hash) in objects_and_files {
            lines.push_str(&format!("{hash} {path}\n"));
        }
        Index {
            format_version: FORMAT,
            compiler: header.compiler.to_owned(),
            catalog: header.catalog.to_owned(),
            fleet: header.fleet.to_owned(),
            cluster: header.cluster.to_owned(),
            digest: hash(lines.as_bytes()),
            objects,
            files,
            routing,
            own: None,
        }
    }

    /// Reads an index that a build wrote; `path` is for messages.
    ///
    /// An index is checked in and merged by people: nothing in it is trusted. A path that leaves
    /// the folder makes it unreadable.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, Trouble> {
        let mut index: Index = parse(path, bytes)?;
        let paths = index.objects.iter().map(|o| (&o.path, &o.hash));
        for (file, hash) in paths.chain(index.files.iter().map(|f| (&f.path, &f.hash))) {
            check(path, file, hash)?;
        }
        index.own = Some(Fingerprint::of(bytes));
        Ok(index)
    }

    /// One line an object, so that two branches that touch different objects merge.
    pub(super) fn render(&self) -> String {
        let mut text = String::from("{\n");
        let head = [
            ("compiler", &self.compiler),
            ("catalog", &self.catalog),
            ("fleet", &self.fleet),
            ("cluster", &self.cluster),
            ("digest", &self.digest),
        ];
        text.push_str(&format!("  \"format_version\": {FORMAT},\n"));
        for (key, value) in head {
            text.push_str(&format!("  \"{key}\": {},\n", serde_json::Value::from(value.as_str())));
        }
        lines("objects", &self.objects, &mut text);
        text.push_str(",\n");
        lines("files", &self.files, &mut text);
        if !self.routing.is_empty() {
            text.push_str(",\n");
            lines("routing", &self.routing, &mut text);
        }
        text.push_str("\n}\n");
        text
    }

    /// What this index says is ours, itself included.
    pub fn owned(&self) -> Vec<(String, Fingerprint)> {
        let listed = self.objects.iter().map(|o| (&o.path, &o.hash));
        let listed = listed.chain(self.files.iter().map(|f| (&f.path, &f.hash)));
        let listed = listed.filter_map(|(path, hash)| Some((path.clone(), parse_hash(hash)?)));
        listed.chain(self.own.map(|print| (INDEX.to_owned(), print))).collect()
    }

    /// Of the text it was read from; `None` of one that was made and not read.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.own
    }

    pub fn object(&self, path: &str) -> Option<&IndexedObject> {
        self.objects.iter().find(|o| o.path == path)
    }

    /// Every object of the cluster.
    pub fn ids(&self) -> Vec<ObjectId> {
        self.objects.iter().map(IndexedObject::id).collect()
    }
}

impl IndexedObject {
    pub(super) fn new(path: &str, id: &ObjectId, unit: &str, spec: &str, bytes: &[u8]) -> Self {
        IndexedObject {
            path: path.to_owned(),
            api_version: id.api_version.clone(),
            kind: id.kind.clone(),
            namespace: id.namespace.clone(),
            name: id.name.clone(),
            unit: unit.to_owned(),
            spec: spec.to_owned(),
            hash: hash(bytes),
        }
    }

    pub fn id(&self) -> ObjectId {
        ObjectId {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

impl IndexedFile {
    pub(super) fn new(path: &str, bytes: &[u8]) -> Self {
        IndexedFile { path: path.to_owned(), hash: hash(bytes) }
    }
}

/// Reads a file of a known format version.
pub(super) fn parse<T: for<'d> Deserialize<'d>>(path: &str, bytes: &[u8]) -> Result<T, Trouble> {
    let version: Version = serde_json::from_slice(bytes).map_err(|e| corrupt(path, &e.to_string()))?;
    if version.format_version != FORMAT {
        let message = format!("it is of format version {}; this compiler reads {FORMAT}", version.format_version);
        return Err(corrupt(path, &message));
    }
    serde_json::from_slice(bytes).map_err(|e| corrupt(path, &e.to_string()))
}

pub(super) fn check(index: &str, path: &str, hash: &str) -> Result<(), Trouble> {
    if !names::usable(path) {
        return Err(corrupt(index, &format!("`{}` is no path below its folder", path.escape_default())));
    }
    if parse_hash(hash).is_none() {
        return Err(corrupt(index, &format!("`{}` is no hash", hash.escape_default())));
    }
    Ok(())
}

fn corrupt(path: &str, message: &str) -> Trouble {
    Trouble::new(path, TroubleKind::Corrupt, message)
}

pub(super) fn lines<T: Serialize>(key: &str, items: &[T], text: &mut String) {
    text.push_str(&format!("  \"{key}\": ["));
    for (i, item) in items.iter().enumerate() {
        text.push_str(if i == 0 { "\n    " } else { ",\n    " });
        // Structs of strings: serialising them cannot fail.
        text.push_str(&serde_json::to_string(item).unwrap_or_default());
    }
    text.push_str(if items.is_empty() { "]" } else { "\n  ]" });
}
