//! What a compilation reads: the spec's files, the catalog folders and raw files it names.

use std::collections::BTreeMap;

use super::beside::Beside;
use super::codes;
use crate::catalog::{Catalog, UserFile};
use crate::diag::{Diagnostic, Sink, Sources, Span};
use crate::model::fleet::Fleet;
use crate::spec::ROOT;
use crate::syntax::{self, Data, Document, Language, MAX_BYTES};
use crate::world::{Entry, Trouble, TroubleKind, World};

/// Where the spec is, as the user named it: a file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecPath(pub String);

impl SpecPath {
    /// `fleet.kdl` or the folder `fleet/` in the current directory; of both, the file first.
    pub fn defaults_in(world: &dyn World) -> Vec<SpecPath> {
        ["fleet.kdl", "fleet"]
            .into_iter()
            .filter(|path| world.list(path).is_ok())
            .map(|p| SpecPath(p.to_owned()))
            .collect()
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

/// A spec that has been read, as far as that was possible.
pub struct Text {
    pub document: Document,
    /// What kept files from being read at all.
    pub unreadable: Sink,
    /// What is wrong with their text.
    pub faults: Sink,
}

/// Reads a spec. Paths in messages are as short as the user's own.
pub fn read(world: &dyn World, path: &SpecPath) -> Text {
    let entries = match world.list(&path.0) {
        Ok(entries) => entries,
        Err(trouble) => {
            let mut found = Sink::default();
            found.push(unreadable(&trouble));
            return Text {
                document: syntax::read(Sources::default(), &ROOT, &mut Sink::default()),
                unreadable: found,
                faults: Sink::default(),
            };
        }
    };
    let mut beside = Beside::generated(world, &entries);
    let mut text = read_without(world, path, &entries, &beside);
    text.unreadable.extend(unread(world, path, &entries));
    // Which files are no spec text, only the text itself can tell.
    let named = Beside::named(&text.document.root);
    let sources = &text.document.sources;
    if !sources.ids().any(|id| named.holds(sources.path(id))) {
        return text;
    }
    beside.join(named);
    read_without(world, path, &entries, &beside)
}

/// Parts of a spec that lie beside the one file that is read: without them a fleet lacks its routes or stores, and what is
/// written takes away what they had asked for.
fn unread(world: &dyn World, path: &SpecPath, entries: &[Entry]) -> Sink {
    let mut found = Sink::default();
    if !matches!(entries, [only] if only.location == path.0) {
        return found;
    }
    let is_part = |e: &Entry| {
        let text = world.read(&e.location, MAX_BYTES as u64).ok().and_then(|b| syntax::decode_text(&e.path, b).ok());
        text.is_some_and(|text| {
            let mut sources = Sources::default();
            sources.add(&e.path, text);
            let other = syntax::read(sources, &ROOT, &mut Sink::default());
            // Of one that cannot be read to its end nobody knows.
            other.complete && !other.root.nodes.is_empty() && other.root.get("fleet").is_none()
        })
    };
    let beside = world.beside(&path.0).unwrap_or_default();
    let others = beside.iter().filter(|e| e.location != path.0 && Language::of(&e.path).is_some() && is_part(e));
    let names: Vec<String> = others.map(|e| format!("`{}`", e.path)).collect();
    if let Some((first, more)) = names.split_first() {
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        let folder = path.0.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let what = format!("`{}` alone is read, without {first}{more} beside it", path.0);
        let help =
            format!("name the folder (`{folder}`) instead of the file, or move all of the spec into a folder `fleet/`");
        found.push(Diagnostic::new(&codes::UNREAD, Span::NONE, what).help(help));
    }
    found
}

/// The texts of a spec, whatever is wrong with them.
pub fn sources(world: &dyn World, path: &SpecPath, sink: &mut Sink) -> Sources {
    let text = read(world, path);
    sink.extend(text.unreadable);
    text.document.sources
}

fn read_without(world: &dyn World, path: &SpecPath, entries: &[Entry], beside: &Beside) -> Text {
    let (mut found, mut faults) = (Sink::default(), Sink::default());
    let mut sources = Sources::default();
    let named = |e: &&Entry| e.location == path.0;
    let spec = |e: &&Entry| named(e) || (Language::of(&e.path).is_some() && !beside.holds(&e.path));
    let mut any = false;
    for entry in entries.iter().filter(spec) {
        any = true;
        let read = world.read(&entry.location, MAX_BYTES as u64).map_err(|t| match t.kind {
            TroubleKind::TooLarge => Diagnostic::new(&codes::TOO_LARGE, Span::NONE, t.to_string()),
            _ => unreadable(&t),
        });
        match read.and_then(|bytes| syntax::decode_text(&entry.path, bytes)) {
            Ok(text) => drop(sources.add(&entry.path, text)),
            Err(diagnostic) => found.push(diagnostic),
        }
    }
    if !any {
        let what = format!("`{}` holds no *.kdl, *.yaml, *.yml or *.json file", path.0);
        found.push(Diagnostic::new(&codes::EMPTY, Span::NONE, what));
    }
    let document = syntax::read(sources, &ROOT, &mut faults);
    Text { document, unreadable: found, faults }
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
    let of_alertmanagers = fleet.alertmanagers.iter().flat_map(|a| &a.raws);
    for raw in of_clusters.chain(fleet.stores.iter().flat_map(|s| &s.raws)).chain(of_alertmanagers) {
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
