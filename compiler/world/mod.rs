//! The only door to files, processes, network, environment and clock.
//!
//! Everything else is pure and gets a `&dyn World`. The trait is synchronous; whatever an
//! implementation needs to wait for stays inside it.

mod git;
pub mod grafana;
#[cfg(feature = "live")]
mod live;
mod memory;
pub mod names;
mod os;
mod pending;
mod recorded;
mod recorder;
pub mod server;
mod time;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use grafana::Grafana;
pub use memory::Memory;
pub use os::Os;
pub use recorded::Recorded;
pub use recorder::Recorder;
pub use server::Server;
pub use time::{Date, Time};

use self::grafana::GrafanaLogin;
use self::server::{Failure, Login};

/// What the compiler may ask of the outside.
pub trait World: Sync {
    /// The files below `root`, in byte order of their paths; of a `root` that is a file, that one.
    /// Hidden files and folders are skipped; a symlink is an error.
    fn list(&self, root: &str) -> Result<Vec<Entry>, Trouble>;
    /// The files in the folder of a file, that one too, but not those further down; as [`list`](World::list) skips
    /// and orders them.
    fn beside(&self, file: &str) -> Result<Vec<Entry>, Trouble>;
    /// The bytes of a file; refuses anything over `limit` bytes before reading it.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, Trouble>;
    /// [`list`](World::list) of a folder below a folder, named relative to it. No part of `path` may
    /// be a symlink: what it names stands in `folder`. How `folder` is reached is the user's affair.
    fn list_in(&self, folder: &str, path: &str) -> Result<Vec<Entry>, Trouble>;
    /// [`read`](World::read) of a file below a folder, under the conditions of
    /// [`list_in`](World::list_in).
    fn read_in(&self, folder: &str, path: &str, limit: u64) -> Result<Vec<u8>, Trouble>;
    /// Opens an output tree. To write, it is made if absent and held until dropped: a second build
    /// gets [`TroubleKind::Locked`]. The hold ends with the process, however that ends.
    fn output(&self, root: &str, access: Access) -> Result<Box<dyn Output + '_>, Trouble>;
    /// The history of the git repository that a path stands in. The path itself need not be there.
    fn history(&self, path: &str) -> Result<Box<dyn History + '_>, Trouble>;
    /// The API server of a cluster. Nothing is asked of it yet, so that one that cannot be reached may only be told
    /// by the first question.
    fn server(&self, login: &Login) -> Result<Arc<dyn Server>, Failure>;
    /// A Grafana, by its HTTP API. Nothing is asked of it yet.
    fn grafana(&self, login: &GrafanaLogin) -> Result<Arc<dyn Grafana>, Failure>;
    /// Writes a file that must not be there: [`TroubleKind::Foreign`] where it is.
    fn create(&self, path: &str, bytes: &[u8]) -> Result<(), Trouble>;
    /// Replaces a file in one step, or makes it and the folders it stands in.
    fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), Trouble>;
    /// Writes text to a standard stream. A reader that went away (`| head`) is
    /// [`TroubleKind::Closed`].
    fn print(&self, stream: Stream, text: &str) -> Result<(), Trouble>;
    /// Writes text to standard output: where a person reads and it does not fit on the screen, through the program by which
    /// they turn pages (`WATERSHED_PAGER`, `PAGER`, `less`), and waits until they have read. As for
    /// [`print`](World::print).
    fn page(&self, text: &str) -> Result<(), Trouble>;
    /// What a standard stream can show.
    fn terminal(&self, stream: Stream) -> Terminal;
    /// Whether somebody can be asked: standard input and standard error are a terminal.
    fn is_attended(&self) -> bool;
    /// Asks on standard error and hands back the line that is answered, without its end; `None` where standard
    /// input has ended.
    fn ask(&self, question: &str) -> Result<Option<String>, Trouble>;
    /// What went by since some moment. Only differences mean anything; setting a clock changes none of them.
    fn elapsed(&self) -> Duration;
    /// Lets time go by.
    fn wait(&self, time: Duration);
    /// Today's date, UTC. May change a diagnostic (an `allow` that ran out), never output.
    fn today(&self) -> Date;
    /// The time. For records of what was done when; nothing is decided by it but how old such a record is.
    fn now(&self) -> Time;
    /// Sixteen bytes that nobody can guess.
    fn random(&self) -> Result<[u8; 16], Trouble>;
}

/// The commits of a repository.
pub trait History: Send + Sync {
    /// The commit that a branch, tag, abbreviated id or any other spelling of git names:
    /// [`TroubleKind::Revision`] where there is none, [`TroubleKind::Shallow`] where it may only be
    /// missing here.
    fn revision(&self, name: &str) -> Result<Revision, Trouble>;
    /// Where the histories of two commits parted.
    fn merge_base(&self, one: &Revision, two: &Revision) -> Result<Revision, Trouble>;
    /// What was checked in with a commit. Paths are those of today; nothing can be written.
    fn at<'h>(&'h self, revision: &Revision) -> Result<Box<dyn World + 'h>, Trouble>;
    /// Branches and tags, for messages.
    fn names(&self) -> Vec<String>;
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// As it was asked for.
    pub name: String,
    /// Hexadecimal, whole.
    pub id: String,
    /// The first digits of the id.
    pub short: String,
}

/// An open output tree. All paths are relative to its root, with `/`.
pub trait Output: Send + Sync {
    /// The bytes of a file, whatever its size; `None` where nothing is there.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Trouble>;
    /// Every file below a folder, relative to it and in byte order, hidden ones too, but not what
    /// an interrupted build left behind. Empty where the folder is missing. A symlink is an error.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, Trouble>;
    /// Whether a folder holds every one of these files as it was written, and no build of it was cut
    /// short. What cannot be looked at does not count as held.
    fn holds(&self, folder: &str, files: &[(String, Fingerprint)]) -> bool;
    /// Carries out one write set; with [`Access::Look`] it only says what would be done.
    ///
    /// A folder that is not there yet appears whole or not at all. In one that is there each file
    /// is replaced atomically, equal files are not touched and keep their mtime, the index comes
    /// after all files and removals come last. Nothing of a set is written when one of its paths
    /// is foreign, a symlink or otherwise unusable. An interrupted commit leaves every file either
    /// old or new, and a note by which the next one knows all of them as its own.
    ///
    /// Files are not fsynced: output can be made again from the spec, and syncing costs more than
    /// compiling. After a power failure build again.
    fn commit(&self, set: &WriteSet<'_>) -> Result<Committed, Trouble>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing is made, changed or locked.
    Look,
    Write,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the listed folder, with `/`; of a listed file its name.
    pub path: String,
    /// What [`World::read`] takes.
    pub location: String,
    /// In bytes; 0 where it cannot be told without reading.
    pub size: u64,
}

/// What to write below one folder. What `owned` names and `files` does not is removed.
#[derive(Debug, Default)]
pub struct WriteSet<'a> {
    /// Folder below the root that this set owns: `<fleet>/<cluster>`.
    pub folder: &'a str,
    /// Paths relative to `folder`, in the order they are written.
    pub files: Vec<(String, &'a [u8])>,
    /// Written after every file.
    pub index: Option<(String, &'a [u8])>,
    /// Files of the old index (and the old index itself) with the fingerprints they were written
    /// with. Ours to replace; to remove only while their fingerprint is still the same.
    pub owned: Vec<(String, Fingerprint)>,
}

/// What was done. Paths are relative to the folder of the set.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Committed {
    pub written: Vec<String>,
    pub unchanged: usize,
    pub removed: Vec<String>,
    /// Files that should have been removed but were edited since: left alone.
    pub kept: Vec<String>,
}

/// XXH3-128 of a file: tells an edited file from one that is as we wrote it. Proof against
/// accidents, not against forgery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub u128);

impl Fingerprint {
    pub fn of(bytes: &[u8]) -> Self {
        Fingerprint(xxhash_rust::xxh3::xxh3_128(bytes))
    }

    /// Reads what `Display` writes: exactly 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Fingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    Out,
    Err,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// A person looks at it, rather than a file or another program.
    pub interactive: bool,
    /// Colour is wanted: `CLICOLOR_FORCE`, or a terminal and no `NO_COLOR`, `CLICOLOR=0` or
    /// `TERM=dumb`.
    pub colour: bool,
    /// Columns; 100 where nobody says.
    pub width: usize,
}

/// What went wrong outside, in words a person can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub path: String,
    pub kind: TroubleKind,
    pub message: String,
}

impl Trouble {
    pub fn new(path: impl Into<String>, kind: TroubleKind, message: impl Into<String>) -> Self {
        Trouble { path: path.into(), kind, message: message.into() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    Missing,
    Symlink,
    TooLarge,
    NotAFile,
    /// Something is there that Watershed does not own.
    Foreign,
    /// Another build holds the output folder.
    Locked,
    /// A path that must not be written: it leaves its folder, or two are one to some file systems.
    Name,
    /// An index that cannot be read.
    Corrupt,
    /// No space, or a quota.
    Full,
    /// Not permitted, or mounted read-only.
    Denied,
    /// The reader of a stream went away.
    Closed,
    /// No git repository, or one that cannot be read.
    Repository,
    /// No such revision.
    Revision,
    /// A clone without the part of the history that is needed.
    Shallow,
    Io,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for Trouble {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_back_and_nothing_else_does() {
        let print = Fingerprint::of(b"");
        assert_eq!(Fingerprint::parse(&print.to_string()), Some(print));
        assert_eq!(Fingerprint::parse("+0000000000000000000000000000000"), None);
        assert_eq!(Fingerprint::parse("00"), None);
    }
}
