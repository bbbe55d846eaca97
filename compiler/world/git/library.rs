//! The object database through libgit2, which is built in.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, ObjectType, Oid, RepositoryOpenFlags};

use super::place::Place;
use super::{Objects, broken, too_large};
use crate::world::Trouble;

/// Why the library did not open anything.
pub(super) enum Refusal {
    NoRepository,
    /// There is one that it cannot read, in its words.
    Unusable(String),
}

pub(super) struct Library {
    repository: git2::Repository,
}

pub(super) fn open(start: &Path) -> Result<(Library, Place), Refusal> {
    let none: [&Path; 0] = [];
    let repository = git2::Repository::open_ext(start, RepositoryOpenFlags::empty(), none).map_err(|e| {
        if e.code() == ErrorCode::NotFound { Refusal::NoRepository } else { Refusal::Unusable(words(&e)) }
    })?;
    if is_partial(&repository) {
        return Err(Refusal::Unusable("the clone is partial (`--filter`)".to_owned()));
    }
    let place = Place::of(repository.workdir().map(PathBuf::from));
    // What is wrong with references shows at the first look.
    let head = repository.head().err().filter(|e| !matches!(e.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound));
    match head {
        Some(e) => Err(Refusal::Unusable(words(&e))),
        None => Ok((Library { repository }, place)),
    }
}

/// Whether objects were left out on purpose: the library takes them for missing, and knows no packs of promises.
fn is_partial(repository: &git2::Repository) -> bool {
    let Ok(config) = repository.config() else { return false };
    let Ok(mut entries) = config.entries(Some("^remote\\..*\\.(promisor|partialclonefilter)$")) else { return false };
    let mut partial = false;
    while let Some(Ok(entry)) = entries.next() {
        let name = entry.name().unwrap_or_default();
        let given = entry.value().unwrap_or("true");
        partial |= name.ends_with("filter") || git2::Config::parse_bool(given).unwrap_or(true);
    }
    partial
}

impl Objects for Library {
    fn commit(&mut self, revision: &str) -> Result<Option<String>, Trouble> {
        let found = self.repository.revparse_single(revision).and_then(|object| object.peel_to_commit());
        match found {
            Ok(commit) => Ok(Some(commit.id().to_string())),
            // A branch or tag by this name is there: what it points at cannot be read.
            Err(e) if self.repository.resolve_reference_from_short_name(revision).is_ok() => {
                let message = format!("`{revision}` is here, but no commit can be read behind it: {}", words(&e));
                Err(broken(revision, message))
            }
            // Not found, ambiguous, not a commit, not spelt as a revision: nothing is named by it.
            Err(e) if none(&e) => Ok(None),
            Err(e) => Err(broken(revision, words(&e))),
        }
    }

    fn merge_base(&mut self, one: &str, two: &str) -> Result<Option<String>, Trouble> {
        match self.repository.merge_base(oid(one)?, oid(two)?) {
            Ok(id) => Ok(Some(id.to_string())),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(e) => Err(broken(one, words(&e))),
        }
    }

    fn object(&mut self, id: &str, limit: u64) -> Result<(String, Vec<u8>), Trouble> {
        let failed = |e: git2::Error| broken(id, words(&e));
        let odb = self.repository.odb().map_err(failed)?;
        let (size, _) = odb.read_header(oid(id)?).map_err(failed)?;
        if size as u64 > limit {
            return Err(too_large(id, size as u64, limit));
        }
        let object = odb.read(oid(id)?).map_err(failed)?;
        let kind = match object.kind() {
            ObjectType::Commit => "commit",
            ObjectType::Tree => "tree",
            ObjectType::Blob => "blob",
            _ => "tag",
        };
        Ok((kind.to_owned(), object.data().to_vec()))
    }

    fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        if let Ok(branches) = self.repository.branches(None) {
            names.extend(branches.flatten().filter_map(|(branch, _)| branch.name().ok().flatten().map(str::to_owned)));
        }
        if let Ok(tags) = self.repository.tag_names(None) {
            names.extend(tags.iter().flatten().flatten().map(str::to_owned));
        }
        names
    }

    fn is_shallow(&mut self) -> bool {
        self.repository.is_shallow()
    }
}

fn none(e: &git2::Error) -> bool {
    matches!(e.code(), ErrorCode::NotFound | ErrorCode::Ambiguous | ErrorCode::InvalidSpec | ErrorCode::Peel)
}

fn oid(id: &str) -> Result<Oid, Trouble> {
    Oid::from_str(id).map_err(|e| broken(id, words(&e)))
}

/// The message without its end, as it stands inside a sentence of ours.
fn words(e: &git2::Error) -> String {
    e.message().trim().trim_end_matches('.').to_owned()
}
