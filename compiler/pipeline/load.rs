//! What a compilation reads: the spec's files, the catalog folders and raw files it names.

use std::collections::BTreeMap;

use super::codes;
use crate::catalog::{Catalog, UserFile};
use crate::diag::{Diagnostic, Sink, Sources, Span};
use crate::model::fleet::Fleet;
use crate::syntax::{self, Data, Document, Language, MAX_BYTES};
use crate::world::{Trouble, TroubleKind, World};

/// Where the spec is, as the user named it: a file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecPath(pub String);

impl SpecPath {
    /// `fleet.kdl`, else the folder `fleet/`, in the current directory.
    pub fn default_in(world: &dyn World) -> Option<SpecPath> {
        let found = |path: &str| world.list(path).is_ok().then(|| SpecPath(path.to_owned()));
        found("fleet.kdl").or_else(|| found("fleet"))
    }

    /// Where a file of the spec is, given its path in messages.
    pub fn location(&self, world: &dyn World, path: &str) -> String {
        let entries = world.list(&self.0).unwrap_or_default();
        entries.into_iter().find(|e| e.path == path).map_or_else(|| self.0.clone(), |e| e.location)
    }

    /// The spec's folder, which the paths it names are relative to.
    fn folder<'p>(&'p self, world: &dyn World) -> &'p str {
        let is_file = world.list(&self.0).is_ok_and(|entries| entries.iter().any(|e| e.location == self.0));
        match (is_file, self.0.rsplit_once('/')) {
            (false, _) => &self.0,
            (true, Some((folder, _))) => folder,
            (true, None) => ".",
        }
    }
}

/// Texts of `raw` files by the path the spec gives.
pub type Raws = BTreeMap<String, String>;

/// The texts of a spec. Paths in messages are as short as the user's own.
pub fn sources(world: &dyn World, path: &SpecPath, sink: &mut Sink) -> Sources {
    let mut sources = Sources::default();
    let entries = match world.list(&path.0) {
        Ok(entries) => entries,
        Err(trouble) => {
            sink.push(unreadable(&trouble));
            return sources;
        }
    };
    let mut any = false;
    for entry in entries.iter().filter(|e| e.location == path.0 || Language::of(&e.path).is_some()) {
        any = true;
        let read = world.read(&entry.location, MAX_BYTES as u64).map_err(|t| match t.kind {
            TroubleKind::TooLarge => Diagnostic::new(&codes::TOO_LARGE, Span::NONE, t.to_string()),
            _ => unreadable(&t),
        });
        match read {
            Ok(bytes) => match syntax::decode_text(&entry.path, bytes) {
                Ok(text) => drop(sources.add(&entry.path, text)),
                Err(diagnostic) => sink.push(diagnostic),
            },
            Err(diagnostic) => sink.push(diagnostic),
        }
    }
    if !any {
        let what = format!("`{}` holds no *.kdl, *.yaml, *.yml or *.json file", path.0);
        sink.push(Diagnostic::new(&codes::EMPTY, Span::NONE, what));
    }
    sources
}

/// The built-in catalog with the folders the spec adds.
pub fn catalog_of(world: &dyn World, path: &SpecPath, document: &mut Document, sink: &mut Sink) -> Catalog {
    let catalog = Catalog::builtin();
    let folders = document.root.get("fleet").and_then(|fleet| match &fleet.data {
        Data::Object(fleet) => fleet.get("catalog"),
        _ => None,
    });
    let Some(Data::List(folders)) = folders.map(|f| &f.data) else { return catalog };
    let base = path.folder(world);
    let mut files = Vec::new();
    for folder in folders {
        let Some(name) = folder.value.as_str().filter(|name| is_inside(name)) else {
            let what = "a catalog folder is named by a path below the spec's folder";
            sink.push(Diagnostic::new(&codes::OUTSIDE, folder.span, what));
            continue;
        };
        match world.list_in(base, name) {
            Ok(entries) => {
                for entry in entries {
                    let shown = format!("{name}/{}", entry.path);
                    match text(world, base, &shown) {
                        Ok(text) => files.push((shown, entry.path, text)),
                        Err(what) => sink.push(Diagnostic::new(&codes::UNREADABLE, folder.span, what)),
                    }
                }
            }
            Err(trouble) => sink.push(Diagnostic::new(&codes::UNREADABLE, folder.span, trouble.to_string())),
        }
    }
    if files.is_empty() {
        return catalog;
    }
    let user = |(shown, path, text): (String, String, String)| {
        let id = document.sources.add(shown, text.as_str());
        UserFile { path, text, id }
    };
    let files = files.into_iter().map(user).collect();
    catalog.with_folder(files, sink)
}

/// The files that `raw` nodes name, each read once.
pub fn raws(world: &dyn World, path: &SpecPath, fleet: &Fleet, sink: &mut Sink) -> Raws {
    let base = path.folder(world);
    let of_clusters = fleet.clusters.iter().flat_map(|c| &c.raws);
    let mut raws = Raws::new();
    let mut seen = Vec::new();
    for raw in of_clusters.chain(fleet.stores.iter().flat_map(|s| &s.raws)) {
        let name = &raw.file.value;
        let at = fleet.origins.span(&fleet.origins, raw.file.origin);
        if seen.contains(&at) || raws.contains_key(name) {
            continue;
        }
        seen.push(at);
        if !is_inside(name) {
            if sink.iter().any(|d| d.at == at) {
                continue;
            }
            let what = format!("`{name}` is not below the spec's folder");
            sink.push(Diagnostic::new(&codes::OUTSIDE, at, what));
            continue;
        }
        match text(world, base, name) {
            Ok(text) => {
                raws.insert(name.clone(), text);
            }
            Err(what) => sink.push(Diagnostic::new(&codes::UNREADABLE, at, what)),
        }
    }
    raws
}

/// The text of a file below the spec's folder.
fn text(world: &dyn World, base: &str, path: &str) -> Result<String, String> {
    let bytes = world.read_in(base, path, MAX_BYTES as u64).map_err(|t| t.to_string())?;
    String::from_utf8(bytes).map_err(|_| format!("{}: it is not UTF-8", below(base, path)))
}

/// A path of the spec as the user would type it.
fn below(folder: &str, path: &str) -> String {
    if folder == "." { path.to_owned() } else { format!("{folder}/{path}") }
}

/// A relative path that does not leave its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && !path.contains('\\') && path.split('/').all(|part| part != "..")
}

fn unreadable(trouble: &Trouble) -> Diagnostic {
    Diagnostic::new(&codes::UNREADABLE, Span::NONE, trouble.to_string())
}
