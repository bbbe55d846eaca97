//! Single files that a person asked for by name: a new spec, a formatted one, a derived table.

use super::folder::{Folder, trouble};
use crate::world::{Trouble, TroubleKind};

/// Writes a file that must not be there.
pub(super) fn create(path: &str, bytes: &[u8]) -> Result<(), Trouble> {
    let (parent, name) = split(path);
    let folder = Folder::open(parent)?.ok_or_else(|| trouble(parent, rustix::io::Errno::NOENT))?;
    if folder.exists(name) {
        return Err(Trouble::new(path, TroubleKind::Foreign, "something of this name is there already"));
    }
    folder.write(name, bytes)
}

/// Replaces a file in one step, or makes it and the folders it stands in.
pub(super) fn replace(path: &str, bytes: &[u8]) -> Result<(), Trouble> {
    let (parent, name) = split(path);
    let folder = make(parent)?;
    let temporary = format!(".watershed-tmp-{name}");
    // What an interrupted run left behind.
    if folder.exists(&temporary) {
        folder.discard(&temporary);
    }
    folder.write(&temporary, bytes).map_err(|t| Trouble { path: path.to_owned(), ..t })?;
    folder.rename(&temporary, name)
}

fn make(path: &str) -> Result<Folder, Trouble> {
    if let Some(folder) = Folder::open(path)? {
        return Ok(folder);
    }
    let (parent, name) = split(path);
    make(parent)?.child_or_make(name)
}

fn split(path: &str) -> (&str, &str) {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((parent, name)) => (parent, name),
        None => (".", path),
    }
}
