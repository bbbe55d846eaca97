//! A newly compiled cluster against the files that are there: bytes first, and only what differs is
//! read.

use super::{Change, Edit, Effect, Rules, Side, added, compare, removed};
use crate::diag::Origin;
use crate::object::{NodeId, ObjectId, Tree};
use crate::tree::{Finished, INDEX, Index};
use crate::world::{Output, Trouble};

/// A file that differs, or is on one side only.
#[derive(Debug, Clone)]
pub struct FileChange<'n> {
    /// Relative to the cluster's folder.
    pub path: String,
    /// The object it holds, by the index of the side it is on.
    pub object: Option<ObjectId>,
    pub old: Option<Vec<u8>>,
    pub new: Option<&'n [u8]>,
}

/// The files of a cluster that differ from those below `folder`, in byte order of their paths.
/// Without an index there, files that only stand there are not known to be ours and not listed.
pub fn files<'n>(
    output: &dyn Output,
    folder: &str,
    new: &Finished<'n>,
    old: Option<&Index>,
) -> Result<Vec<FileChange<'n>>, Trouble> {
    let mut changes = Vec::new();
    for (path, bytes) in &new.files {
        let there = output.read(&format!("{folder}/{path}"))?;
        if there.as_deref() != Some(*bytes) {
            let object = new.index.object(path).map(|o| o.id());
            changes.push(FileChange { path: path.clone(), object, old: there, new: Some(bytes) });
        }
    }
    let gone = old.map(Index::owned).unwrap_or_default();
    for (path, _) in gone.iter().filter(|(path, _)| path != INDEX && new.files.iter().all(|(p, _)| p != path)) {
        if let Some(there) = output.read(&format!("{folder}/{path}"))? {
            let object = old.and_then(|index| index.object(path)).map(|o| o.id());
            changes.push(FileChange { path: path.clone(), object, old: Some(there), new: None });
        }
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

/// The changes in one file. `emitted` is the new side as it was built, with its origins; without it
/// the new text is read and origins are unknown. Files that hold no object and follow from those
/// that do (kustomizations, READMEs) have no changes of their own.
pub fn compared(file: &FileChange<'_>, emitted: Option<Side<'_>>, rules: &Rules<'_>) -> Vec<Change> {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let derived = name == "kustomization.yaml" || !name.ends_with(".yaml");
    if file.object.is_none() && derived {
        return Vec::new();
    }
    // Files without an object go through the same comparison under a kind that no table knows.
    let id = file.object.clone().unwrap_or_else(|| ObjectId {
        api_version: String::new(),
        kind: String::new(),
        namespace: String::new(),
        name: file.path.clone(),
    });
    let (mut old_tree, mut new_tree) = (Tree::new(), Tree::new());
    let old = file.old.as_deref().map(|bytes| read(bytes, &mut old_tree, rules));
    let new = match (emitted, file.new) {
        (Some(side), Some(_)) => Some(Some(side)),
        (_, bytes) => bytes.map(|b| read(b, &mut new_tree, rules).map(|root| Side::new(&new_tree, root))),
    };
    let mut changes = match (old, new) {
        (Some(Some(old)), Some(Some(new))) => compare(&id, &file.path, Side::new(&old_tree, old), new, rules),
        (None, Some(Some(new))) => vec![added(&id, &file.path, new)],
        (Some(Some(old)), None) => vec![removed(&id, &file.path, Side::new(&old_tree, old))],
        _ => vec![as_text(file, &id)],
    };
    if changes.is_empty() {
        // Comments, layout, or values that only differ in how they are written.
        changes.push(as_text(file, &id));
    }
    if file.object.is_none() {
        changes.iter_mut().for_each(|c| c.object = None);
    }
    changes
}

fn read(bytes: &[u8], tree: &mut Tree, rules: &Rules<'_>) -> Option<NodeId> {
    match (rules.parse)(std::str::from_utf8(bytes).ok()?, tree)?[..] {
        [root] => Some(root),
        _ => None,
    }
}

/// A file that cannot be compared by structure: its text is the change.
fn as_text(file: &FileChange<'_>, id: &ObjectId) -> Change {
    let secret = id.kind == "Secret";
    let text = |bytes: &[u8]| {
        let text = if secret { "(hidden)".into() } else { String::from_utf8_lossy(bytes) };
        serde_json::Value::from(text)
    };
    let edit = match (&file.old, &file.new) {
        (None, _) => Edit::Added,
        (_, None) => Edit::Removed,
        _ => Edit::Changed,
    };
    Change {
        object: Some(id.clone()),
        file: file.path.clone(),
        path: String::new(),
        edit,
        before: file.old.as_deref().map(text),
        after: file.new.map(text),
        effect: Effect::None,
        consequence: "".into(),
        origin: Origin::INHERIT,
    }
}
