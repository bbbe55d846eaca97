//! What a git repository held at a revision, read from its object database: nothing is checked out,
//! no hook or filter runs, nothing is fetched by us.
//!
//! Two ways lead to the objects: the library, and where it cannot read a repository (partial clones,
//! reftable, SHA-256, folders of another user that git itself trusts) the `git` program, if there is
//! one. Both hand out raw objects, so that trees are read by one reader.

#![expect(clippy::disallowed_methods, reason = "like `os`, this is a place that may")]

mod library;
mod place;
mod program;
#[cfg(test)]
mod tests;
mod tree;

use std::sync::{Mutex, MutexGuard, PoisonError};

use self::place::Place;
use super::{History, Revision, Trouble, TroubleKind, World};

/// Digits of a commit shown to people.
const SHORT: usize = 7;

/// What is asked of a repository. Ids are in hexadecimal.
trait Objects: Send {
    /// The commit a revision names; `None` where there is none.
    fn commit(&mut self, revision: &str) -> Result<Option<String>, Trouble>;
    /// The best common ancestor of two commits, if they have one here.
    fn merge_base(&mut self, one: &str, two: &str) -> Result<Option<String>, Trouble>;
    /// Type and bytes of an object; refuses anything over `limit` bytes.
    fn object(&mut self, id: &str, limit: u64) -> Result<(String, Vec<u8>), Trouble>;
    /// Branches, remote ones too, and tags.
    fn names(&mut self) -> Vec<String>;
    /// Whether history was cut when it was fetched.
    fn is_shallow(&mut self) -> bool;
}

/// An open repository.
struct Repository<'w> {
    world: &'w dyn World,
    place: Place,
    objects: Mutex<Box<dyn Objects>>,
}

/// Opens the repository that a path stands in. The path itself need not be there.
pub(super) fn open<'w>(world: &'w dyn World, path: &str) -> Result<Box<dyn History + 'w>, Trouble> {
    let start = place::nearest_folder(path)?;
    let (objects, place): (Box<dyn Objects>, Place) = match library::open(&start) {
        Ok((library, place)) => (Box::new(library), place),
        Err(library::Refusal::NoRepository) => {
            let message = "it is in no git repository";
            return Err(Trouble::new(path, TroubleKind::Repository, message));
        }
        Err(library::Refusal::Unusable(words)) => match program::open(&start) {
            Ok((program, place)) => (Box::new(program), place),
            Err(program) => {
                let message = format!("its git repository cannot be opened: {words}; asked in its place, {program}");
                return Err(Trouble::new(path, TroubleKind::Repository, message));
            }
        },
    };
    Ok(Box::new(Repository { world, place, objects: Mutex::new(objects) }))
}

impl History for Repository<'_> {
    fn revision(&self, name: &str) -> Result<Revision, Trouble> {
        let missing = |message: &str| Trouble::new(name, TroubleKind::Revision, message);
        // Nothing that could be taken for an option, a range or a path of the index.
        let odd = name.is_empty() || name.starts_with('-') || name.contains("..") || name.contains(['\0', '\n']);
        let found = if odd { Ok(None) } else { self.objects().commit(name) };
        // Of a shallow clone a tag may be here without its commit.
        let shallow = !matches!(found, Ok(Some(_))) && self.objects().is_shallow();
        match found.or_else(|trouble| if shallow { Ok(None) } else { Err(trouble) })? {
            Some(id) => Ok(Revision { name: name.to_owned(), short: id.chars().take(SHORT).collect(), id }),
            None if shallow => Err(Trouble::new(
                name,
                TroubleKind::Shallow,
                "this clone has no such revision; it is shallow, so that the revision may only not have been fetched",
            )),
            None => Err(missing("the repository has no such revision")),
        }
    }

    fn merge_base(&self, one: &Revision, two: &Revision) -> Result<Revision, Trouble> {
        let name = format!("{}...{}", one.name, two.name);
        let found = self.objects().merge_base(&one.id, &two.id);
        match found {
            Ok(Some(id)) => Ok(Revision { name, short: id.chars().take(SHORT).collect(), id }),
            _ if self.objects().is_shallow() => Err(Trouble::new(
                name,
                TroubleKind::Shallow,
                "the commit where the two branches parted is not in this clone, which is shallow",
            )),
            Ok(None) => Err(Trouble::new(name, TroubleKind::Revision, "the two have no commit in common")),
            Err(trouble) => Err(trouble),
        }
    }

    fn at<'h>(&'h self, revision: &Revision) -> Result<Box<dyn World + 'h>, Trouble> {
        Ok(Box::new(tree::Snapshot::of(self, revision)?))
    }

    fn names(&self) -> Vec<String> {
        self.objects().names()
    }
}

impl Repository<'_> {
    fn objects(&self) -> MutexGuard<'_, Box<dyn Objects>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A repository that could not be read.
fn broken(what: impl Into<String>, message: impl Into<String>) -> Trouble {
    Trouble::new(what, TroubleKind::Repository, message)
}

fn too_large(id: &str, size: u64, limit: u64) -> Trouble {
    Trouble::new(id, TroubleKind::TooLarge, format!("the file has {size} bytes; at most {limit} are read"))
}
