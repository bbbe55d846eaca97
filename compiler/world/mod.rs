//! The only door to files, processes, network, environment and clock.
//!
//! Everything else is pure and gets a `&dyn World`. The trait is synchronous; whatever an
//! implementation needs to wait for stays inside it.

use std::fmt;

/// What the compiler may ask of the outside.
pub trait World: Sync {
    /// The files below `root` (a file or a folder), as paths relative to `root` with `/`, in byte
    /// order. Hidden files and folders are skipped; a symlink is an error.
    fn list(&self, root: &str) -> Result<Vec<Entry>, Trouble>;
    /// The bytes of a file; refuses anything over `limit` bytes before reading it.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, Trouble>;
    /// Carries out a write set for one cluster's (or the fleet's) part of an output tree.
    fn commit(&self, set: &WriteSet<'_>) -> Result<Committed, Trouble>;
    /// Today's date, UTC. May change a diagnostic (an `allow` that ran out), never output.
    fn today(&self) -> Date;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: String,
    pub size: u64,
}

/// What to write below one folder, and what to remove, in order. The index is written last, and
/// removals come after it.
#[derive(Debug)]
pub struct WriteSet<'a> {
    /// The output root; made if absent; refused if a symlink.
    pub root: &'a str,
    /// Folder below the root that this set owns: `<fleet>/<cluster>`.
    pub folder: &'a str,
    /// Paths relative to `folder`, in the order they are written. Compared with what is there
    /// first: equal files are not touched and keep their mtime.
    pub files: Vec<(String, &'a [u8])>,
    /// Written after every file.
    pub index: Option<(String, &'a [u8])>,
    /// Files of the old index that are gone from the new one, with the SHA-256 they had: removed
    /// only if still unchanged.
    pub prune: Vec<(String, [u8; 32])>,
    /// Compares only: nothing is written, the answer says what would be.
    pub dry_run: bool,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Committed {
    pub written: Vec<String>,
    pub unchanged: usize,
    pub removed: Vec<String>,
    /// Files that should have been pruned but were edited since: left alone.
    pub kept: Vec<String>,
}

/// A civil date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: i32,
    pub month: u8,
    pub day: u8,
}

/// What went wrong outside, in words a person can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub path: String,
    pub kind: TroubleKind,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    Missing,
    Symlink,
    TooLarge,
    NotAFile,
    /// Something is there that Watershed does not own.
    Foreign,
    /// Another build holds the output folder.
    Locked,
    Io,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for Trouble {}
