//! An output tree on disk and how a write set is carried out in it.
//!
//! The order of steps is the contract: look at every path and refuse, note what will be done, write
//! beside, rename, index, remove, drop the note. A kill between any two leaves whole files and,
//! once a name may have changed, the note.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::FileType;

use super::folder::{Folder, State, trouble};
use super::list;
use crate::world::names::{self, NEW_FOLDER, OURS_HIDDEN, PENDING, TEMPORARY};
use crate::world::{Access, Committed, Entry, Fingerprint, Output, Trouble, TroubleKind, WriteSet, pending};

pub(super) struct Tree {
    access: Access,
    /// `None` where nothing is there and nothing may be made.
    root: Option<Arc<Folder>>,
    /// The folders that hold cluster folders, cleared of leftovers when first opened.
    parents: Mutex<BTreeMap<String, Arc<Folder>>>,
}

impl Tree {
    pub(super) fn open(root: &str, access: Access) -> Result<Self, Trouble> {
        let mut folder = Folder::open(root)?;
        if access == Access::Write {
            if folder.is_none() {
                std::fs::create_dir_all(root).map_err(|e| trouble(root, super::errno(&e)))?;
                folder = Folder::open(root)?;
            }
            folder.as_ref().ok_or_else(|| trouble(root, rustix::io::Errno::NOENT))?.lock()?;
        }
        Ok(Tree { access, root: folder.map(Arc::new), parents: Mutex::default() })
    }

    /// The folder `path` below the root; made if absent when writing.
    fn parent(&self, path: &str) -> Result<Option<Arc<Folder>>, Trouble> {
        let Some(root) = &self.root else { return Ok(None) };
        let mut parents = self.parents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parent) = parents.get(path) {
            return Ok(Some(Arc::clone(parent)));
        }
        let mut folder = Arc::clone(root);
        for name in path.split('/').filter(|n| !n.is_empty()) {
            let child = match self.access {
                Access::Write => Some(folder.child_or_make(name)?),
                Access::Look => folder.child(name)?,
            };
            let Some(child) = child else { return Ok(None) };
            folder = Arc::new(child);
        }
        if self.access == Access::Write {
            for (name, kind) in folder.entries()? {
                if kind == FileType::Directory && name.starts_with(NEW_FOLDER) {
                    folder.remove_tree(&name)?;
                }
            }
        }
        parents.insert(path.to_owned(), Arc::clone(&folder));
        Ok(Some(folder))
    }
}

impl Output for Tree {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let Some(root) = &self.root else { return Ok(None) };
        let (folder, name) = split(path);
        Folders::new(root).with(folder, |f| f.read(name)).map(Option::flatten)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Trouble> {
        let mut entries = Vec::new();
        if let Some(root) = &self.root {
            let wanted = |name: &str| !name.starts_with(OURS_HIDDEN);
            Folders::new(root).with(folder, |f| list(f, "", 0, &wanted, &mut entries))?;
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn holds(&self, folder: &str, files: &[(String, Fingerprint)]) -> bool {
        let (above, name) = split(folder);
        let opened = self.parent(above).ok().flatten().and_then(|parent| parent.child(name).ok().flatten());
        let Some(opened) = opened else { return false };
        if opened.exists(PENDING) || opened.exists(NOTE) {
            return false;
        }
        let mut folders = Folders::new(&opened);
        files.iter().all(|(path, print)| {
            let (within, name) = split(path);
            let there = folders.with(within, |f| Ok(f.fingerprint(name)));
            there.is_ok_and(|there| there.flatten() == Some(*print))
        })
    }

    fn commit(&self, set: &WriteSet<'_>) -> Result<Committed, Trouble> {
        names::check(set)?;
        let (above, name) = split(set.folder);
        let parent = self.parent(above)?;
        let folder = match &parent {
            Some(parent) => parent.child(name)?,
            None => None,
        };
        match (folder, parent, self.access) {
            (Some(folder), _, access) => update(&folder, set, access),
            (None, Some(parent), Access::Write) => create(&parent, name, set),
            _ => Ok(all_of(set)),
        }
    }
}

/// A folder that is not there yet: written whole under a hidden name beside its own, then renamed.
fn create(parent: &Folder, name: &str, set: &WriteSet<'_>) -> Result<Committed, Trouble> {
    let hidden = format!("{NEW_FOLDER}{name}");
    let folder = parent.make(&hidden)?;
    let filled = fill(&folder, set).and_then(|()| parent.rename(&hidden, name));
    if let Err(trouble) = filled {
        // The first fault is the one to tell; a leftover is removed by the next build.
        let _ = parent.remove_tree(&hidden);
        return Err(Trouble { path: trouble.path.replace(&hidden, name), ..trouble });
    }
    Ok(all_of(set))
}

fn fill(folder: &Folder, set: &WriteSet<'_>) -> Result<(), Trouble> {
    let mut folders = Folders::new(folder);
    for (path, bytes) in set.files.iter().chain(&set.index) {
        let (within, name) = split(path);
        folders.make(within)?.write(name, bytes)?;
    }
    Ok(())
}

fn all_of(set: &WriteSet<'_>) -> Committed {
    let written = set.files.iter().chain(&set.index).map(|(path, _)| path.clone()).collect();
    Committed { written, ..Committed::default() }
}

/// A folder that is there: only what differs is touched.
fn update(folder: &Folder, set: &WriteSet<'_>, access: Access) -> Result<Committed, Trouble> {
    let note = folder.read(PENDING)?;
    let mut folders = Folders::new(folder);
    let plan = Plan::make(&mut folders, set, note.as_deref().map(pending::read).unwrap_or_default())?;
    let done = plan.outcome(set);
    if access == Access::Look {
        return Ok(done);
    }
    // Left by a kill before the note counted; nothing else was touched by then.
    folder.remove(NOTE)?;
    if plan.is_empty() && note.is_none() {
        return Ok(done);
    }
    if note.is_some() {
        plan.sweep(&mut folders)?;
    }
    if !plan.is_empty() {
        plan.carry_out(&mut folders)?;
    }
    folder.remove(PENDING)?;
    Ok(done)
}

/// What an update will do, decided before the first change.
struct Plan<'s> {
    /// In order, the index last.
    write: Vec<(&'s str, &'s [u8])>,
    unchanged: usize,
    remove: Vec<String>,
    kept: Vec<String>,
    /// Everything that the next build has to know as ours should this one not end.
    note: Vec<(String, Fingerprint)>,
    /// The note that an earlier build left.
    unfinished: Vec<(String, Fingerprint)>,
}

impl<'s> Plan<'s> {
    fn make(
        folders: &mut Folders<'_>,
        set: &'s WriteSet<'_>,
        unfinished: Vec<(String, Fingerprint)>,
    ) -> Result<Self, Trouble> {
        let mut plan = Plan {
            write: Vec::new(),
            unchanged: 0,
            remove: Vec::new(),
            kept: Vec::new(),
            note: Vec::new(),
            unfinished,
        };
        for (path, bytes) in set.files.iter().chain(&set.index) {
            let (within, name) = split(path);
            match folders.with(within, |f| f.state(name, bytes))?.unwrap_or(State::Missing) {
                State::Same => plan.unchanged += 1,
                State::Missing => plan.write.push((path, bytes)),
                State::Differs if set.owned.iter().any(|(p, _)| p == path) => plan.write.push((path, bytes)),
                State::Differs => {
                    let print = folders.with(within, |f| Ok(f.fingerprint(name)))?.flatten();
                    if !plan.unfinished.iter().any(|(p, at)| p == path && Some(*at) == print) {
                        return Err(Trouble::new(
                            folders.top.at(path),
                            TroubleKind::Foreign,
                            "a file that no index names stands where a generated one has to go",
                        ));
                    }
                    plan.write.push((path, bytes));
                }
            }
        }
        plan.removals(folders, set);
        if !plan.is_empty() {
            let new = set.files.iter().chain(&set.index).map(|(path, bytes)| (path.clone(), Fingerprint::of(bytes)));
            plan.note = new.chain(plan.unfinished.iter().cloned()).collect();
            plan.note.extend(set.owned.iter().filter(|(p, _)| plan.remove.contains(p)).cloned());
        }
        Ok(plan)
    }

    fn removals(&mut self, folders: &mut Folders<'_>, set: &WriteSet<'_>) {
        let mut wanted: Vec<&str> = set.files.iter().chain(&set.index).map(|(path, _)| path.as_str()).collect();
        wanted.sort_unstable();
        let mut gone: Vec<(&str, bool)> = Vec::new();
        let unfinished = self.unfinished.iter().map(|(p, _)| (p, false));
        for (path, named) in set.owned.iter().map(|(p, _)| (p, true)).chain(unfinished) {
            if wanted.binary_search(&path.as_str()).is_err() && !gone.iter().any(|(p, _)| p == path) {
                gone.push((path, named));
            }
        }
        for (path, named) in gone {
            let (within, name) = split(path);
            // What cannot be looked at (a symlink now, say) is not ours any more.
            let found = folders.with(within, |f| Ok((f.exists(name), f.fingerprint(name)))).unwrap_or(None);
            let Some((true, print)) = found else { continue };
            if set.owned.iter().chain(&self.unfinished).any(|(p, at)| p == path && Some(*at) == print) {
                self.remove.push(path.to_owned());
            } else if named {
                self.kept.push(path.to_owned());
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.write.is_empty() && self.remove.is_empty()
    }

    fn outcome(&self, set: &WriteSet<'_>) -> Committed {
        debug_assert_eq!(self.write.len() + self.unchanged, set.files.len() + usize::from(set.index.is_some()));
        Committed {
            written: self.write.iter().map(|(path, _)| (*path).to_owned()).collect(),
            unchanged: self.unchanged,
            removed: self.remove.clone(),
            kept: self.kept.clone(),
        }
    }

    /// Removes temporary files of the build that left the note. They stand only beside what it names.
    fn sweep(&self, folders: &mut Folders<'_>) -> Result<(), Trouble> {
        let mut swept: Vec<&str> = self.unfinished.iter().map(|(path, _)| split(path).0).collect();
        swept.push("");
        swept.sort_unstable();
        swept.dedup();
        for within in swept {
            folders.with(within, |f| {
                let leftovers = f.entries()?.into_iter().filter(|(name, _)| name.starts_with(TEMPORARY));
                leftovers.into_iter().try_for_each(|(name, _)| f.remove(&name))
            })?;
        }
        Ok(())
    }

    /// Everything that needs space is written before anything is renamed, so that a full disk
    /// leaves the old tree as it was.
    fn carry_out(&self, folders: &mut Folders<'_>) -> Result<(), Trouble> {
        folders.top.write(NOTE, &pending::write(&self.note))?;
        folders.top.rename(NOTE, PENDING)?;
        if let Err(trouble) = self.write_beside(folders) {
            for (i, (path, _)) in self.write.iter().enumerate() {
                // The first fault is the one to tell.
                let _ = folders.with(split(path).0, |f| {
                    f.discard(&temporary(i));
                    Ok(())
                });
                folders.remove_empty(split(path).0);
            }
            // No name has changed. What an earlier build left unfinished still has to be known.
            if self.unfinished.is_empty() {
                folders.top.discard(PENDING);
            }
            return Err(trouble);
        }
        for (i, (path, _)) in self.write.iter().enumerate() {
            let (within, name) = split(path);
            folders.make(within)?.rename(&temporary(i), name)?;
        }
        for path in &self.remove {
            let (within, name) = split(path);
            folders.with(within, |f| f.remove(name))?;
            folders.remove_empty(within);
        }
        Ok(())
    }

    fn write_beside(&self, folders: &mut Folders<'_>) -> Result<(), Trouble> {
        for (i, (path, bytes)) in self.write.iter().enumerate() {
            let written = folders.make(split(path).0).and_then(|f| f.write(&temporary(i), bytes));
            // Named by what it was to become.
            written.map_err(|trouble| Trouble { path: folders.top.at(path), ..trouble })?;
        }
        Ok(())
    }
}

/// The note before it counts.
const NOTE: &str = ".watershed-tmp-note";

fn temporary(i: usize) -> String {
    format!("{TEMPORARY}{i}")
}

/// Folder and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The folders below one folder, opened part by part and kept open.
struct Folders<'t> {
    top: &'t Folder,
    open: BTreeMap<String, Folder>,
}

impl<'t> Folders<'t> {
    fn new(top: &'t Folder) -> Self {
        Folders { top, open: BTreeMap::new() }
    }

    /// `None` where the folder is missing.
    fn with<T>(&mut self, within: &str, f: impl FnOnce(&Folder) -> Result<T, Trouble>) -> Result<Option<T>, Trouble> {
        if within.is_empty() {
            return f(self.top).map(Some);
        }
        if !self.open.contains_key(within) {
            let mut folder: Option<Folder> = None;
            for name in within.split('/') {
                match folder.as_ref().unwrap_or(self.top).child(name)? {
                    Some(child) => folder = Some(child),
                    None => return Ok(None),
                }
            }
            let Some(folder) = folder else { return Ok(None) };
            self.open.insert(within.to_owned(), folder);
        }
        self.open.get(within).map(f).transpose()
    }

    fn make(&mut self, within: &str) -> Result<&Folder, Trouble> {
        if within.is_empty() {
            return Ok(self.top);
        }
        if !self.open.contains_key(within) {
            let mut folder: Option<Folder> = None;
            for name in within.split('/') {
                folder = Some(folder.as_ref().unwrap_or(self.top).child_or_make(name)?);
            }
            if let Some(folder) = folder {
                self.open.insert(within.to_owned(), folder);
            }
        }
        Ok(self.open.get(within).unwrap_or(self.top))
    }

    /// Removes a folder that a removal emptied, and those above it that become empty by that.
    fn remove_empty(&mut self, within: &str) {
        let mut path = within;
        while !path.is_empty() {
            let (above, name) = split(path);
            self.open.remove(path);
            if !matches!(self.with(above, |f| Ok(f.remove_empty(name))), Ok(Some(true))) {
                return;
            }
            path = above;
        }
    }
}
