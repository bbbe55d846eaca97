//! Where a path of the user stands inside a repository.

use std::path::{Component, Path, PathBuf};

use crate::world::{Trouble, TroubleKind};

/// The root of the files of a repository.
pub(super) enum Place {
    /// On disk, without symlinks. Paths are found relative to it.
    Folder(PathBuf),
    /// A bare repository has no files: paths begin at the root of its trees.
    Bare,
}

impl Place {
    pub(super) fn of(workdir: Option<PathBuf>) -> Self {
        match workdir {
            Some(folder) => Place::Folder(std::fs::canonicalize(&folder).unwrap_or(folder)),
            None => Place::Bare,
        }
    }

    /// The parts of a path below the root of a tree.
    ///
    /// # Errors
    /// A path outside of the repository, or one that is not UTF-8.
    pub(super) fn parts(&self, path: &str) -> Result<Vec<String>, Trouble> {
        let outside = || Trouble::new(path, TroubleKind::Name, "this path is not inside the git repository");
        let below = match self {
            Place::Bare => PathBuf::from(path),
            Place::Folder(root) => {
                let real = real(path).map_err(|_| outside())?;
                real.strip_prefix(root).map_err(|_| outside())?.to_owned()
            }
        };
        let mut parts = Vec::new();
        for component in below.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(part) => parts.push(part.to_str().ok_or_else(outside)?.to_owned()),
                _ => return Err(outside()),
            }
        }
        Ok(parts)
    }
}

/// The folder to look for a repository from: the path, or the nearest one above it that is there.
pub(super) fn nearest_folder(path: &str) -> Result<PathBuf, Trouble> {
    let real = real(path).map_err(|e| Trouble::new(path, TroubleKind::Io, e.to_string()))?;
    let there = real.ancestors().find(|folder| folder.is_dir());
    Ok(there.unwrap_or(Path::new("/")).to_owned())
}

/// The path from the root. Symlinks on the way are followed; the last part is left as it is, for a
/// spec that is a symlink itself is refused by whoever reads it.
fn real(path: &str) -> std::io::Result<PathBuf> {
    let given = std::env::current_dir()?.join(path);
    let (above, last) = match given.components().next_back() {
        Some(Component::Normal(name)) => (given.parent().unwrap_or(&given), Some(name)),
        _ => (&*given, None),
    };
    // What is not there any more has no symlinks either.
    let mut missing = Vec::new();
    let mut folder = above;
    let mut real = loop {
        match (std::fs::canonicalize(folder), folder.file_name(), folder.parent()) {
            (Ok(real), ..) => break real,
            (Err(_), Some(name), Some(parent)) => {
                missing.push(name);
                folder = parent;
            }
            (Err(e), ..) => return Err(e),
        }
    };
    real.extend(missing.into_iter().rev());
    real.extend(last);
    Ok(real)
}
