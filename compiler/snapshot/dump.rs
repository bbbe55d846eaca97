//! Objects out of files as `kubectl get -o yaml` or `-o json` writes them: lists of all sorts, several documents, folders.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::diag::shown;
use crate::object::Tree;
use crate::syntax::plain;
use crate::world::server::{Failure, FailureKind};
use crate::world::{Entry, World};

/// Of a file in JSON; a cluster with ten thousand dashboards stays below.
pub(super) const LARGEST: u64 = 256 * 1024 * 1024;
/// Of a file in YAML, which takes far more to be read.
const LARGEST_YAML: u64 = 64 * 1024 * 1024;
/// Of all files of one cluster.
const ALL: u64 = 1024 * 1024 * 1024;
/// Lists within lists.
const DEEPEST: usize = 4;

/// What was found in the files of a dump.
#[derive(Debug, Default)]
pub(super) struct Dump {
    pub objects: Vec<Json>,
    pub remarks: Vec<String>,
}

/// Whether a file of this name would be read.
pub(super) fn is_named_so(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

/// # Errors
/// A file that cannot be read, something in it that is no object, or an object that is there twice.
pub(super) fn read(world: &dyn World, entries: &[Entry]) -> Result<Dump, Failure> {
    let mut dump = Reader::default();
    let files: Vec<&Entry> = entries.iter().filter(|e| is_named_so(&e.path)).collect();
    let size: u64 = files.iter().map(|e| e.size).sum();
    if size > ALL {
        let first = files.first().map_or("", |e| e.location.as_str());
        return Err(garbage(
            first,
            &format!("these files have {} MiB together; at most 1024 are read", size / 1024 / 1024),
        ));
    }
    for file in files {
        let limit = if file.path.ends_with(".json") { LARGEST } else { LARGEST_YAML };
        let bytes = world.read(&file.location, limit).map_err(|t| garbage(&file.location, &t.message))?;
        let place = shown::one_line(&file.location);
        for (number, document) in documents(&bytes).map_err(|why| garbage(&place, &why))?.into_iter().enumerate() {
            let add = dump.add(document, &place, 0);
            add.map_err(|why| garbage(&place, &format!("document {}: {why}", number + 1)))?;
        }
    }
    Ok(dump.ended())
}

pub(super) fn garbage(place: &str, why: &str) -> Failure {
    Failure::new(FailureKind::Garbage, format!("`{}`: {}", shown::one_line(place), shown::one_line(why)))
}

/// The documents of a text, in JSON or YAML.
fn documents(bytes: &[u8]) -> Result<Vec<Json>, String> {
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        let documents: Result<Vec<Json>, _> = serde_json::Deserializer::from_slice(bytes).into_iter::<Json>().collect();
        // YAML may begin so, too; but it is told what is wrong in the words of the more likely one.
        return documents.or_else(|e| match std::str::from_utf8(bytes).ok().map(yaml) {
            Some(Ok(documents)) => Ok(documents),
            _ => Err(format!("this is no JSON: {e}")),
        });
    }
    let text =
        std::str::from_utf8(bytes).map_err(|e| format!("this is no text (UTF-8), from byte {} on", e.valid_up_to()))?;
    yaml(text)
}

fn yaml(text: &str) -> Result<Vec<Json>, String> {
    let mut tree = Tree::new();
    let roots = plain::read_tree(text, &mut tree).map_err(|e| format!("this is no YAML: {e}"))?;
    Ok(roots.into_iter().map(|root| tree.to_json(root)).collect())
}

#[derive(Default)]
struct Reader {
    dump: Dump,
    /// Where each object was found.
    found: BTreeMap<[String; 4], String>,
    /// Versions by group, kind, namespace and name.
    versions: BTreeMap<[String; 4], Vec<String>>,
}

impl Reader {
    fn add(&mut self, value: Json, place: &str, depth: usize) -> Result<(), String> {
        let Json::Object(mut object) = value else { return Err("this is no object of Kubernetes".to_owned()) };
        if object.is_empty() {
            return Ok(());
        }
        let text = |name: &str| object.get(name).and_then(Json::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
            return Err("this is no object of Kubernetes: it has no `apiVersion` or no `kind`".to_owned());
        };
        let of =
            |name: &str| object.get("metadata").and_then(|m| m.get(name)).and_then(Json::as_str).unwrap_or_default();
        if let (Some(item_kind), "", Some(Json::Array(_))) =
            (kind.strip_suffix("List"), of("name"), object.get("items"))
        {
            if depth == DEEPEST {
                return Err("lists stand too deep in lists".to_owned());
            }
            let Some(Json::Array(items)) = object.remove("items") else { return Ok(()) };
            for mut item in items {
                if let (Json::Object(item), false) = (&mut item, item_kind.is_empty()) {
                    item.entry("apiVersion").or_insert_with(|| api_version.as_str().into());
                    item.entry("kind").or_insert_with(|| item_kind.into());
                }
                self.add(item, place, depth + 1)?;
            }
            return Ok(());
        }
        let (namespace, name) = (of("namespace").to_owned(), of("name").to_owned());
        for (what, text) in [("kind", &kind), ("API version", &api_version), ("namespace", &namespace), ("name", &name)]
        {
            if !is_name(text) && (what != "namespace" || !text.is_empty()) {
                return Err(format!("an object ({}) has no {what} that Kubernetes would take", shown::one_line(&kind)));
            }
        }
        let key = [api_version.clone(), kind.clone(), namespace.clone(), name.clone()];
        let called = if namespace.is_empty() { format!("{kind}/{name}") } else { format!("{kind}/{namespace}/{name}") };
        if let Some(before) = self.found.get(&key) {
            let both = if before == place { "twice".to_owned() } else { format!("in `{before}` too") };
            return Err(format!("{called} is there {both}: are these two clusters, or two times of one?"));
        }
        let group = api_version.split_once('/').map_or("", |(group, _)| group).to_owned();
        self.versions.entry([group, kind, namespace, name]).or_default().push(api_version);
        self.found.insert(key, place.to_owned());
        self.dump.objects.push(Json::Object(object));
        Ok(())
    }

    fn ended(mut self) -> Dump {
        for ([_, kind, namespace, name], versions) in self.versions.iter().filter(|(_, v)| v.len() > 1) {
            let called =
                if namespace.is_empty() { format!("{kind}/{name}") } else { format!("{kind}/{namespace}/{name}") };
            self.dump.remarks.push(format!(
                "{called} is there in several versions of its API ({}): it is compared as the one that is compiled",
                versions.join(", ")
            ));
        }
        self.dump
    }
}

/// No name of Kubernetes has other characters; these may stand in a path or before a terminal.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 500
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'_' | b'/' | b'@' | b'+'))
        && !text.starts_with('/')
}
