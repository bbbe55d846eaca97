//! Files that lie in a spec's folder and are no text of it: what `raw` names, the catalog's folders,
//! and what a build wrote.

use std::collections::BTreeSet;

use crate::syntax::{Data, MAX_BYTES, Object};
use crate::tree::{FleetIndex, Index};
use crate::world::{Entry, World};

/// Paths below a spec's folder that are not read as spec: files, and folders with all that is in
/// them.
#[derive(Debug, Default)]
pub(super) struct Beside(BTreeSet<String>);

impl Beside {
    /// Folders that a build wrote, known by the index it leaves in each: one that is told to write
    /// into the folder of its own spec must not read itself.
    pub fn generated(world: &dyn World, entries: &[Entry]) -> Beside {
        let wrote = |entry: &&Entry| {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            let bytes = || world.read(&entry.location, MAX_BYTES as u64).ok();
            match name {
                FleetIndex::FILE => bytes().is_some_and(|b| FleetIndex::parse(&entry.path, &b).is_ok()),
                Index::FILE => bytes().is_some_and(|b| Index::parse(&entry.path, &b).is_ok()),
                _ => false,
            }
        };
        // A folder inside of one that is known says nothing new, and a fleet has thousands.
        let mut folders: BTreeSet<String> = BTreeSet::new();
        let candidates = entries.iter().filter(|e| e.path.contains('/'));
        for entry in candidates {
            let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !is_below(&folders, folder) && wrote(&entry) {
                folders.insert(folder.to_owned());
            }
        }
        Beside(folders)
    }

    /// What the spec itself says is no text of it.
    pub fn named(root: &Object) -> Beside {
        let mut names = BTreeSet::new();
        if let Some(Data::Object(fleet)) = root.get("fleet").map(|n| &n.data)
            && let Some(Data::List(folders)) = fleet.get("catalog").map(|n| &n.data)
        {
            names.extend(folders.iter().filter_map(|f| f.value.as_str()).map(plain));
        }
        raws(root, &mut names);
        Beside(names)
    }

    pub fn join(&mut self, other: Beside) {
        self.0.extend(other.0);
    }

    pub fn holds(&self, path: &str) -> bool {
        is_below(&self.0, path)
    }
}

/// Every `file` of every `raw`, wherever it stands.
fn raws(object: &Object, names: &mut BTreeSet<String>) {
    for node in &object.nodes {
        match &node.data {
            Data::Repeated(said) if node.key.name == "raw" => {
                let file = |raw: &Object| match &raw.get("file")?.data {
                    Data::Scalar(file) => file.value.as_str().map(plain),
                    _ => None,
                };
                names.extend(said.iter().filter_map(file));
            }
            Data::Repeated(objects) => objects.iter().for_each(|o| raws(o, names)),
            Data::Object(object) => raws(object, names),
            Data::Named(members) => members.iter().filter_map(|m| m.object.as_ref()).for_each(|o| raws(o, names)),
            Data::Null | Data::Scalar(_) | Data::List(_) | Data::Map(_) | Data::Free(_) => {}
        }
    }
}

/// `./extra/` as `extra`, the way files are listed.
fn plain(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

/// Whether one of `folders` is the path, or a folder it stands in.
fn is_below(folders: &BTreeSet<String>, path: &str) -> bool {
    let mut path = Some(path);
    while let Some(here) = path {
        if folders.contains(here) {
            return true;
        }
        path = here.rsplit_once('/').map(|(folder, _)| folder);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_takes_what_is_in_it_and_nothing_beside_it() {
        let beside = Beside(BTreeSet::from([plain("./extra/"), plain("raw/a.yaml")]));
        for inside in ["extra/a.yaml", "extra/deep/b.kdl", "raw/a.yaml"] {
            assert!(beside.holds(inside), "{inside}");
        }
        for outside in ["extra.kdl", "extras/a.yaml", "raw/b.yaml", "fleet.kdl"] {
            assert!(!beside.holds(outside), "{outside}");
        }
    }
}
