//! A recorded cluster to files.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::mask::{Known, mask_unknown};
use super::record::{FORMAT, Failed, File, Head, Kind, List, Others, RECORD, Record, word};
use crate::world::{Fingerprint, Recorded, WriteSet};

/// The files of one cluster's snapshot.
#[derive(Debug, Clone)]
pub struct Files {
    /// In byte order of their paths.
    files: Vec<(String, Vec<u8>)>,
    record: Vec<u8>,
    /// Objects that are kept whole.
    pub objects: usize,
}

impl Files {
    /// What to write into the folder of the cluster, given what is there and ours.
    pub fn write_set<'a>(&'a self, folder: &'a str, owned: Vec<(String, Fingerprint)>) -> WriteSet<'a> {
        WriteSet {
            folder,
            files: self.files.iter().map(|(path, bytes)| (path.clone(), &bytes[..])).collect(),
            index: Some((RECORD.to_owned(), &self.record)),
            owned,
        }
    }
}

/// Renders what was recorded of a cluster. Of objects that are not `wanted` only the names are kept, and nothing secret
/// of any.
pub fn files(
    head: &Head,
    recorded: &Recorded,
    wanted: impl Fn(&Json) -> bool,
    known: &Known,
    salt: &[u8; 16],
) -> Files {
    let text = |o: &Json, at: &str| o.pointer(at).and_then(Json::as_str).unwrap_or_default().to_owned();
    let of = |o: &Json| ["/apiVersion", "/kind", "/metadata/namespace", "/metadata/name"].map(|at| text(o, at));
    let mut lists: BTreeMap<String, BTreeMap<[String; 4], Json>> = BTreeMap::new();
    let mut others: BTreeMap<[String; 3], Vec<String>> = BTreeMap::new();
    for object in &recorded.objects {
        let key = of(object);
        if wanted(object) {
            let mut object = object.clone();
            mask_unknown(&mut object, salt, known);
            lists.entry(path(recorded, &key)).or_default().insert(key, object);
        } else {
            let [api_version, kind, namespace, name] = key;
            others.entry([api_version, kind, namespace]).or_default().push(name);
        }
    }
    let objects = lists.values().map(BTreeMap::len).sum();
    let render = |(path, objects): (String, BTreeMap<[String; 4], Json>)| {
        let (number, items) = (objects.len(), objects.into_values().collect::<Vec<Json>>());
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        let bytes = pretty(&list);
        (File { hash: hash(&bytes), objects: number, path: path.clone() }, (path, bytes))
    };
    let (listed, files): (Vec<File>, Vec<(String, Vec<u8>)>) = lists.into_iter().map(render).unzip();
    let record = record(head, recorded, others, listed);
    // Names, numbers and texts: there is nothing in it that JSON has no word for.
    let record = pretty(&serde_json::to_value(record).unwrap_or_default());
    Files { files, record, objects }
}

fn record(head: &Head, recorded: &Recorded, others: BTreeMap<[String; 3], Vec<String>>, files: Vec<File>) -> Record {
    let mut kinds: Vec<Kind> = Vec::new();
    // A server serves many kinds that are nothing to us.
    let lists = recorded.complete.iter().chain(recorded.failed.iter().map(|(listed, _)| listed));
    for served in lists.map(|listed| &listed.served) {
        if !kinds.iter().any(|k| k.api_version == served.api_version && k.kind == served.kind) {
            kinds.push(Kind::of(served));
        }
    }
    kinds.sort_by(|a, b| (&a.api_version, &a.kind).cmp(&(&b.api_version, &b.kind)));
    let failed = recorded.failed.iter().map(|(listed, failure)| {
        let List { api_version, kind, namespace, labels } = List::of(listed);
        Failed {
            api_version,
            kind: Some(kind),
            namespace,
            labels,
            why: word(failure.kind).to_owned(),
            message: failure.message.clone(),
        }
    });
    let undiscovered = recorded.undiscovered.iter().map(|(api_version, failure)| Failed {
        api_version: api_version.clone(),
        kind: None,
        namespace: None,
        labels: None,
        why: word(failure.kind).to_owned(),
        message: failure.message.clone(),
    });
    let mut asked = recorded.discovered.clone().unwrap_or_default();
    asked.sort_unstable();
    asked.dedup();
    Record {
        format_version: FORMAT,
        compiler: head.compiler.clone(),
        fleet: head.fleet.clone(),
        cluster: head.cluster.clone(),
        context: head.context.clone(),
        taken_at: head.taken.to_string(),
        server_version: recorded.version.clone(),
        masked:
            "credentials are SHA-256 with a salt that was not kept: equal ones are equal, and none can be tried out"
                .to_owned(),
        asked,
        kinds,
        complete: recorded.complete.iter().map(List::of).collect(),
        failed: undiscovered.chain(failed).collect(),
        others: others
            .into_iter()
            .map(|([api_version, kind, namespace], names)| Others { api_version, kind, namespace, names })
            .collect(),
        files,
    }
}

/// `objects/prometheuses.monitoring.coreos.com.json`.
fn path(recorded: &Recorded, [api_version, kind, ..]: &[String; 4]) -> String {
    let served = recorded.kinds.iter().find(|k| k.api_version == *api_version && k.kind == *kind);
    let plural = served.map_or_else(|| kind.to_lowercase(), |s| s.plural.clone());
    let name = match api_version.split_once('/') {
        Some((group, _)) => format!("{plural}.{group}"),
        None => plural,
    };
    // Names of a server are no paths of ours.
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' }).collect();
    format!("objects/{}.json", name.to_lowercase())
}

/// The files of the snapshot that a record describes, the record itself among them; none where it is not one of ours.
pub fn owned(record: &[u8]) -> Vec<(String, Fingerprint)> {
    let Ok(read) = serde_json::from_slice::<Record>(record) else { return Vec::new() };
    let print = |file: File| Some((file.path, Fingerprint::parse(file.hash.strip_prefix("xxh3:")?)?));
    let files = read.files.into_iter().filter_map(print);
    files.chain([(RECORD.to_owned(), Fingerprint::of(record))]).collect()
}

pub(super) fn hash(bytes: &[u8]) -> String {
    format!("xxh3:{}", Fingerprint::of(bytes))
}

fn pretty(value: &Json) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
