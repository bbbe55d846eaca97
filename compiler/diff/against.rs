//! A newly compiled cluster against what it was: bytes first, and only what differs is read.

use std::borrow::Cow;

use super::{Change, Edit, Effect, Rules, Side, added, compare, removed};
use crate::diag::Origin;
use crate::object::{NodeId, ObjectId, Tree};
use crate::tree::{Finished, INDEX, Index};
use crate::world::{Output, Trouble};

/// What a cluster's files were: read from a folder, or compiled from the spec of another time.
pub trait Earlier {
    /// The bytes of a file; `None` where there was none.
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Trouble>;
    /// Every file known to be ours, with the object it holds.
    fn files(&self) -> Vec<(String, Option<ObjectId>)>;
}

/// A folder of an output tree. Without an index, files that only stand there are not known to be
/// ours and not listed.
pub struct Folder<'a> {
    pub output: &'a dyn Output,
    pub path: &'a str,
    pub index: Option<&'a Index>,
}

impl Earlier for Folder<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Trouble> {
        Ok(self.output.read(&format!("{}/{path}", self.path))?.map(Cow::Owned))
    }

    fn files(&self) -> Vec<(String, Option<ObjectId>)> {
        let owned = self.index.map(Index::owned).unwrap_or_default();
        let object = |path: &str| self.index.and_then(|index| index.object(path)).map(|o| o.id());
        owned.into_iter().map(|(path, _)| (object(&path), path)).map(|(object, path)| (path, object)).collect()
    }
}

impl Earlier for Finished<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Trouble> {
        Ok(self.files.iter().find(|(p, _)| p == path).map(|(_, bytes)| Cow::Borrowed(*bytes)))
    }

    fn files(&self) -> Vec<(String, Option<ObjectId>)> {
        self.files.iter().map(|(path, _)| (path.clone(), self.index.object(path).map(|o| o.id()))).collect()
    }
}

/// A file that differs, or is on one side only.
#[derive(Debug, Clone)]
pub struct FileChange<'f> {
    /// Relative to the cluster's folder.
    pub path: String,
    /// The object it holds, by the index of the side it is on.
    pub object: Option<ObjectId>,
    pub old: Option<Cow<'f, [u8]>>,
    pub new: Option<&'f [u8]>,
}

/// The files of a cluster that differ from what they were, in byte order of their paths. Without a
/// new side all that was is gone.
pub fn files<'f>(old: &'f dyn Earlier, new: Option<&'f Finished<'_>>) -> Result<Vec<FileChange<'f>>, Trouble> {
    let mut changes = Vec::new();
    let files = new.map_or(&[][..], |new| &new.files);
    for (path, bytes) in files {
        let there = old.read(path)?;
        if there.as_deref() != Some(*bytes) {
            let object = new.and_then(|new| new.index.object(path)).map(|o| o.id());
            changes.push(FileChange { path: path.clone(), object, old: there, new: Some(bytes) });
        }
    }
    for (path, object) in old.files() {
        if path == INDEX || files.iter().any(|(p, _)| *p == path) {
            continue;
        }
        if let Some(there) = old.read(&path)? {
            changes.push(FileChange { path, object, old: Some(there), new: None });
        }
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

/// The two sides of a file as they were built, with their origins. Of a side that is not given the
/// text is read, and its origins are unknown.
#[derive(Clone, Copy, Default)]
pub struct Sides<'t> {
    pub old: Option<Side<'t>>,
    pub new: Option<Side<'t>>,
}

/// The changes in one file. Files that hold no object and follow from those that do (kustomizations,
/// READMEs) have no changes of their own.
pub fn compared(file: &FileChange<'_>, built: Sides<'_>, rules: &Rules<'_>) -> Vec<Change> {
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
    let old = side(file.old.as_deref(), built.old, &mut old_tree, rules);
    let new = side(file.new, built.new, &mut new_tree, rules);
    let mut changes = match (old, new) {
        (Some(Some(old)), Some(Some(new))) => compare(&id, &file.path, old, new, rules),
        (None, Some(Some(new))) => vec![added(&id, &file.path, new)],
        (Some(Some(old)), None) => vec![removed(&id, &file.path, old)],
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

/// `None` where there is no file, `Some(None)` where its text is no document.
fn side<'t>(
    bytes: Option<&[u8]>,
    built: Option<Side<'t>>,
    tree: &'t mut Tree,
    rules: &Rules<'_>,
) -> Option<Option<Side<'t>>> {
    match (bytes?, built) {
        (_, Some(built)) => Some(Some(built)),
        (bytes, None) => {
            let root = read(bytes, tree, rules);
            Some(root.map(|root| Side::new(tree, root)))
        }
    }
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
        in_text: false,
        handed: false,
        pods: None,
        before: file.old.as_deref().map(text),
        after: file.new.map(text),
        effect: Effect::None,
        consequence: "".into(),
        origin: Origin::INHERIT,
        was: Origin::INHERIT,
        because: None,
    }
}
