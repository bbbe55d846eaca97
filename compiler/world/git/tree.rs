//! The files of one commit as a world: what is read comes from its tree, everything else from the
//! world outside.
//!
//! The same is refused as on disk: symlinks, and submodules too, for their files are in no tree of
//! this repository.

use std::sync::Arc;
use std::time::Duration;

use super::{Repository, broken};
use crate::world::grafana::{Grafana, GrafanaLogin};
use crate::world::server::{Failure, Login, Server};
use crate::world::{
    Access, Committed, Date, Entry, Fingerprint, History, Output, Revision, Stream, Terminal, Time, Trouble,
    TroubleKind, World, WriteSet,
};

/// As on disk: a spec is a few hundred files.
const MAX_FILES: usize = 100_000;
/// Lines of trees looked at for one list: a tree may hold another many times, and that one the next, so that a
/// commit of a few objects has more folders than anybody can visit.
const MAX_LINES: usize = 200_000;
const MAX_DEPTH: usize = 64;
/// Bytes of a tree object: hundreds of thousands of names.
const MAX_TREE: u64 = 64 << 20;
/// Bytes of a generated file; the largest are below a hundredth of it.
const MAX_GENERATED: u64 = 256 << 20;
/// What a file begins with whose bytes Git LFS keeps elsewhere.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

pub(super) struct Snapshot<'r> {
    repository: &'r Repository<'r>,
    short: String,
    /// Of the root tree.
    root: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File,
    Symlink,
    Submodule,
}

/// What a walk has found, and how much it has looked at.
struct Listing {
    entries: Vec<Entry>,
    lines: usize,
}

/// One line of a tree object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub kind: Kind,
    pub name: Vec<u8>,
    pub id: String,
}

impl<'r> Snapshot<'r> {
    pub(super) fn of(repository: &'r Repository<'r>, revision: &Revision) -> Result<Self, Trouble> {
        let (kind, bytes) = repository.objects().object(&revision.id, MAX_TREE)?;
        let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
        let tree = std::str::from_utf8(first).ok().and_then(|line| line.strip_prefix("tree "));
        match tree {
            Some(tree) if kind == "commit" => {
                Ok(Snapshot { repository, short: revision.short.clone(), root: tree.to_owned() })
            }
            _ => Err(broken(&revision.name, "this is not a commit")),
        }
    }

    fn trouble(&self, path: &str, kind: TroubleKind, message: &str) -> Trouble {
        Trouble::new(path, kind, format!("{message}, at {}", self.short))
    }

    fn missing(&self, path: &str) -> Trouble {
        self.trouble(path, TroubleKind::Missing, "there is no such file or folder")
    }

    fn tree(&self, id: &str, path: &str) -> Result<Vec<Line>, Trouble> {
        let (kind, bytes) = self.repository.objects().object(id, MAX_TREE)?;
        let lines = if kind == "tree" { lines(&bytes, id.len() / 2) } else { None };
        lines.ok_or_else(|| broken(path, format!("its tree cannot be read, at {}", self.short)))
    }

    /// What stands at a path; of the root a folder without a name.
    fn find(&self, path: &str, parts: &[String]) -> Result<Line, Trouble> {
        let mut at = Line { kind: Kind::Folder, name: Vec::new(), id: self.root.clone() };
        for part in parts {
            self.passable(&at, path)?;
            if at.kind != Kind::Folder {
                let message = "a part of this path is a file, not a folder";
                return Err(self.trouble(path, TroubleKind::NotAFile, message));
            }
            let line = self.tree(&at.id, path)?.into_iter().find(|line| line.name == part.as_bytes());
            at = line.ok_or_else(|| self.missing(path))?;
        }
        self.passable(&at, path)?;
        Ok(at)
    }

    fn passable(&self, line: &Line, path: &str) -> Result<(), Trouble> {
        match line.kind {
            Kind::Symlink => Err(self.trouble(path, TroubleKind::Symlink, "this is a symbolic link")),
            Kind::Submodule => {
                let message = "this is a submodule, whose files are in a repository of their own: compare inside of it";
                Err(self.trouble(path, TroubleKind::NotAFile, message))
            }
            Kind::Folder | Kind::File => Ok(()),
        }
    }

    fn bytes(&self, line: &Line, path: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
        if line.kind != Kind::File {
            return Err(self.trouble(path, TroubleKind::NotAFile, "this is a folder, not a file"));
        }
        let read = self.repository.objects().object(&line.id, limit);
        let (_, bytes) = read.map_err(|t| self.trouble(path, t.kind, &t.message))?;
        if bytes.starts_with(LFS) {
            let message = "Git LFS keeps the bytes of this file elsewhere; text that is compiled must not be in LFS";
            return Err(self.trouble(path, TroubleKind::NotAFile, message));
        }
        Ok(bytes)
    }

    /// Every file below a folder for whose names `wanted` holds, in byte order of their paths.
    fn list_all(&self, root: &str, id: &str, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Entry>, Trouble> {
        let mut listing = Listing { entries: Vec::new(), lines: 0 };
        self.list_into(root, id, ("", 0), wanted, &mut listing)?;
        listing.entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(listing.entries)
    }

    fn list_into(
        &self,
        root: &str,
        id: &str,
        (prefix, depth): (&str, usize),
        wanted: &dyn Fn(&str) -> bool,
        listing: &mut Listing,
    ) -> Result<(), Trouble> {
        let lines = self.tree(id, root)?;
        // A folder without a line counts as well: visiting it is what takes time.
        listing.lines += lines.len().max(1);
        if depth > MAX_DEPTH || listing.entries.len() > MAX_FILES || listing.lines > MAX_LINES {
            let message = format!(
                "more than {MAX_FILES} files, {MAX_LINES} files and folders together, or folders over {MAX_DEPTH} deep"
            );
            return Err(self.trouble(root, TroubleKind::TooLarge, &message));
        }
        for line in lines {
            let Ok(name) = std::str::from_utf8(&line.name) else {
                let shown = format!("{root}/{prefix}{}", String::from_utf8_lossy(&line.name));
                return Err(self.trouble(&shown, TroubleKind::Name, "the name of this file is not UTF-8"));
            };
            if !wanted(name) {
                continue;
            }
            let path = format!("{prefix}{name}");
            let location = join(root, &path);
            self.passable(&line, &location)?;
            match line.kind {
                Kind::Folder => self.list_into(root, &line.id, (&format!("{path}/"), depth + 1), wanted, listing)?,
                _ => listing.entries.push(Entry { path, location, size: 0 }),
            }
        }
        Ok(())
    }

    fn parts(&self, path: &str) -> Result<Vec<String>, Trouble> {
        self.repository.place.parts(path)
    }

    /// The parts of a path that stands in a folder and must not lead out of it.
    fn parts_in(&self, folder: &str, path: &str) -> Result<Vec<String>, Trouble> {
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            let message = "this path names nothing below its folder";
            return Err(self.trouble(&join(folder, path), TroubleKind::Name, message));
        }
        let mut parts = self.parts(folder)?;
        parts.extend(path.split('/').filter(|p| !p.is_empty() && *p != ".").map(str::to_owned));
        Ok(parts)
    }

    fn listed(&self, path: &str, parts: &[String]) -> Result<Vec<Entry>, Trouble> {
        let root = path.trim_end_matches('/');
        let line = self.find(path, parts)?;
        if line.kind == Kind::File {
            let name = parts.last().cloned().unwrap_or_default();
            return Ok(vec![Entry { path: name, location: root.to_owned(), size: 0 }]);
        }
        self.list_all(root, &line.id, &|name| !name.starts_with('.'))
    }

    fn not_written(&self, path: &str) -> Trouble {
        self.trouble(path, TroubleKind::Denied, "what a revision holds is not written")
    }
}

impl World for Snapshot<'_> {
    fn list(&self, root: &str) -> Result<Vec<Entry>, Trouble> {
        self.listed(root, &self.parts(root)?)
    }

    fn beside(&self, file: &str) -> Result<Vec<Entry>, Trouble> {
        let mut parts = self.parts(file)?;
        parts.pop();
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let lines = self.tree(&self.find(folder, &parts)?.id, folder)?.into_iter().filter(|l| l.kind == Kind::File);
        let names = lines.filter_map(|l| String::from_utf8(l.name).ok()).filter(|name| !name.starts_with('.'));
        let mut entries: Vec<Entry> =
            names.map(|name| Entry { location: join(folder, &name), path: name, size: 0 }).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
        self.bytes(&self.find(path, &self.parts(path)?)?, path, limit)
    }

    fn list_in(&self, folder: &str, path: &str) -> Result<Vec<Entry>, Trouble> {
        self.listed(&join(folder, path), &self.parts_in(folder, path)?)
    }

    fn read_in(&self, folder: &str, path: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
        let shown = join(folder, path);
        self.bytes(&self.find(&shown, &self.parts_in(folder, path)?)?, &shown, limit)
    }

    fn output(&self, root: &str, access: Access) -> Result<Box<dyn Output + '_>, Trouble> {
        match access {
            Access::Look => Ok(Box::new(Checked { snapshot: self, root: root.to_owned() })),
            Access::Write => Err(self.not_written(root)),
        }
    }

    fn create(&self, path: &str, _: &[u8]) -> Result<(), Trouble> {
        Err(self.not_written(path))
    }

    fn replace(&self, path: &str, _: &[u8]) -> Result<(), Trouble> {
        Err(self.not_written(path))
    }

    fn history(&self, path: &str) -> Result<Box<dyn History + '_>, Trouble> {
        self.repository.world.history(path)
    }

    fn server(&self, login: &Login) -> Result<Arc<dyn Server>, Failure> {
        self.repository.world.server(login)
    }

    fn grafana(&self, login: &GrafanaLogin) -> Result<Arc<dyn Grafana>, Failure> {
        self.repository.world.grafana(login)
    }

    fn print(&self, stream: Stream, text: &str) -> Result<(), Trouble> {
        self.repository.world.print(stream, text)
    }

    fn page(&self, text: &str) -> Result<(), Trouble> {
        self.repository.world.page(text)
    }

    fn terminal(&self, stream: Stream) -> Terminal {
        self.repository.world.terminal(stream)
    }

    fn is_attended(&self) -> bool {
        self.repository.world.is_attended()
    }

    fn ask(&self, question: &str) -> Result<Option<String>, Trouble> {
        self.repository.world.ask(question)
    }

    fn elapsed(&self) -> Duration {
        self.repository.world.elapsed()
    }

    fn wait(&self, time: Duration) {
        self.repository.world.wait(time);
    }

    fn today(&self) -> Date {
        self.repository.world.today()
    }

    fn now(&self) -> Time {
        self.repository.world.now()
    }

    fn random(&self) -> Result<[u8; 16], Trouble> {
        self.repository.world.random()
    }
}

/// The output tree that was checked in.
struct Checked<'s> {
    snapshot: &'s Snapshot<'s>,
    root: String,
}

impl Output for Checked<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let shown = join(&self.root, path);
        let found = self.snapshot.parts_in(&self.root, path).and_then(|parts| self.snapshot.find(&shown, &parts));
        match found {
            Ok(line) => self.snapshot.bytes(&line, &shown, MAX_GENERATED).map(Some),
            Err(trouble) if trouble.kind == TroubleKind::Missing => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Trouble> {
        let shown = join(&self.root, folder);
        let found = self.snapshot.parts_in(&self.root, folder).and_then(|parts| self.snapshot.find(&shown, &parts));
        match found {
            Ok(line) if line.kind == Kind::Folder => self.snapshot.list_all(&shown, &line.id, &|_| true),
            Ok(_) => Err(self.snapshot.trouble(&shown, TroubleKind::Foreign, "a folder must stand here")),
            Err(trouble) if trouble.kind == TroubleKind::Missing => Ok(Vec::new()),
            Err(trouble) => Err(trouble),
        }
    }

    fn holds(&self, folder: &str, files: &[(String, Fingerprint)]) -> bool {
        files.iter().all(|(path, print)| {
            matches!(self.read(&format!("{folder}/{path}")), Ok(Some(bytes)) if Fingerprint::of(&bytes) == *print)
        })
    }

    fn commit(&self, set: &WriteSet<'_>) -> Result<Committed, Trouble> {
        Err(self.snapshot.not_written(&join(&self.root, set.folder)))
    }
}

/// A path of the spec as the user would type it.
fn join(folder: &str, path: &str) -> String {
    if folder == "." || folder.is_empty() {
        path.to_owned()
    } else {
        format!("{}/{path}", folder.trim_end_matches('/'))
    }
}

/// The lines of a tree object: `MODE NAME`, a zero byte, an id of `width` bytes. `None` where it is
/// no tree.
pub(super) fn lines(mut bytes: &[u8], width: usize) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|b| *b == b' ')?;
        let zero = space + bytes[space..].iter().position(|b| *b == 0)?;
        let id = bytes.get(zero + 1..zero + 1 + width)?;
        let kind = match &bytes[..space] {
            b"40000" | b"040000" => Kind::Folder,
            b"120000" => Kind::Symlink,
            b"160000" => Kind::Submodule,
            _ => Kind::File,
        };
        let id = id.iter().map(|b| format!("{b:02x}")).collect();
        lines.push(Line { kind, name: bytes[space + 1..zero].to_vec(), id });
        bytes = &bytes[zero + 1 + width..];
    }
    Some(lines)
}
