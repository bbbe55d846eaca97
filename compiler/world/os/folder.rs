//! One open folder and what can be done to the names in it, without ever following a symlink.
//!
//! Knows nothing of write sets. Every operation is relative to an open descriptor, so that a
//! folder swapped for a symlink in mid-build changes nothing.

use std::ffi::CStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::world::{Fingerprint, Trouble, TroubleKind};

pub(super) struct Folder {
    fd: OwnedFd,
    /// As it is named in messages.
    path: String,
}

/// How a file stands to the bytes that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Missing,
    Same,
    Differs,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Non-blocking, or opening a named pipe would wait for its writer.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const CREATE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens a folder by a path as given by the user: only its last part must not be a symlink.
    pub(super) fn open(path: &str) -> Result<Option<Folder>, Trouble> {
        // A trailing slash would make the kernel follow a symlink.
        let trimmed = path.trim_end_matches('/');
        let name = if trimmed.is_empty() && path.starts_with('/') { "/" } else { trimmed };
        let name = if name.is_empty() { "." } else { name };
        match rustix::fs::openat(CWD, name, FOLDER, Mode::empty()) {
            Ok(fd) => Ok(Some(Folder { fd, path: name.to_owned() })),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(no_folder(CWD, name, name, e)),
        }
    }

    /// Opens a folder that stands for itself in a path given by the user: a symlink is followed, for
    /// a file in it was named through it.
    pub(super) fn given(path: &str) -> Result<Folder, Trouble> {
        let name = path.trim_end_matches('/');
        let through = format!("{}/.", if path.is_empty() { "." } else { name });
        let fd = rustix::fs::openat(CWD, &*through, FOLDER, Mode::empty()).map_err(|e| trouble(path, e))?;
        let shown = if name.is_empty() { path } else { name };
        Ok(Folder { fd, path: shown.to_owned() })
    }

    /// The folder in which the last part of a relative path stands, and that part. Each part is
    /// opened on its own: none may be a symlink, nor lead up again.
    pub(super) fn way(self, path: &str) -> Result<(Folder, &str), Trouble> {
        let mut folder = self;
        let mut parts = path.split('/').filter(|part| !part.is_empty() && *part != ".").peekable();
        while let Some(part) = parts.next() {
            if part == ".." {
                break;
            }
            if parts.peek().is_none() {
                return Ok((folder, part));
            }
            folder = folder.child(part)?.ok_or_else(|| folder.trouble(part, Errno::NOENT))?;
        }
        Err(Trouble::new(folder.at(path), TroubleKind::Name, "this path names nothing below its folder"))
    }

    pub(super) fn child(&self, name: &str) -> Result<Option<Folder>, Trouble> {
        match rustix::fs::openat(&self.fd, name, FOLDER, Mode::empty()) {
            Ok(fd) => Ok(Some(Folder { fd, path: self.at(name) })),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(no_folder(&self.fd, name, &self.at(name), e)),
        }
    }

    /// Makes a folder that must not be there yet.
    pub(super) fn make(&self, name: &str) -> Result<Folder, Trouble> {
        rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o777)).map_err(|e| self.trouble(name, e))?;
        self.child(name)?.ok_or_else(|| self.trouble(name, Errno::NOENT))
    }

    pub(super) fn child_or_make(&self, name: &str) -> Result<Folder, Trouble> {
        match self.child(name)? {
            Some(folder) => Ok(folder),
            None => self.make(name),
        }
    }

    /// Holds the folder against other builds until the descriptor is closed, at the latest by the
    /// end of the process. Another build that is just ending is waited for, briefly: a descriptor
    /// may also live on for a moment in a process that is about to start a program.
    pub(super) fn lock(&self) -> Result<(), Trouble> {
        const TRIES: u32 = 10;
        let mut taken = rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive);
        for _ in 1..TRIES {
            if taken != Err(Errno::WOULDBLOCK) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
            taken = rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive);
        }
        match taken {
            Ok(()) => Ok(()),
            Err(Errno::WOULDBLOCK) => {
                Err(Trouble::new(&*self.path, TroubleKind::Locked, "another build is writing to this folder"))
            }
            Err(e) => Err(trouble(&self.path, e)),
        }
    }

    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let Some((mut file, size)) = self.file(name)? else { return Ok(None) };
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.read_to_end(&mut bytes).map_err(|e| self.trouble(name, errno(&e)))?;
        Ok(Some(bytes))
    }

    /// Compares sizes first, then bytes up to the first difference.
    pub(super) fn state(&self, name: &str, wanted: &[u8]) -> Result<State, Trouble> {
        let Some((mut file, size)) = self.file(name)? else { return Ok(State::Missing) };
        if size != wanted.len() as u64 {
            return Ok(State::Differs);
        }
        let mut buffer = [0; 16 * 1024];
        let mut rest = wanted;
        while !rest.is_empty() {
            let n = file.read(&mut buffer).map_err(|e| self.trouble(name, errno(&e)))?;
            if n == 0 || rest.get(..n) != Some(&buffer[..n]) {
                return Ok(State::Differs);
            }
            rest = &rest[n..];
        }
        Ok(State::Same)
    }

    /// `None` where there is nothing, or nothing that can be read as a file.
    pub(super) fn fingerprint(&self, name: &str) -> Option<Fingerprint> {
        self.read(name).ok().flatten().map(|bytes| Fingerprint::of(&bytes))
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Writes a file that must not be there yet; takes back what it wrote where it cannot finish.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let mode = Mode::from_raw_mode(0o666);
        let fd = rustix::fs::openat(&self.fd, name, CREATE, mode).map_err(|e| self.trouble(name, e))?;
        File::from(fd).write_all(bytes).map_err(|e| {
            self.discard(name);
            self.trouble(name, errno(&e))
        })
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), Trouble> {
        rustix::fs::renameat(&self.fd, from, &self.fd, to).map_err(|e| self.trouble(to, e))
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), Trouble> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(e) => Err(self.trouble(name, e)),
        }
    }

    /// Removes a temporary file while another fault is being reported.
    pub(super) fn discard(&self, name: &str) {
        // The first fault is the one to tell; a leftover is removed by the next build.
        let _ = self.remove(name);
    }

    /// Removes a folder if it is empty. Says whether it was.
    pub(super) fn remove_empty(&self, name: &str) -> bool {
        rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR).is_ok()
    }

    /// Removes a folder with all that is in it; symlinks in it are removed, not followed.
    pub(super) fn remove_tree(&self, name: &str) -> Result<(), Trouble> {
        if let Some(folder) = self.child(name)? {
            for (entry, kind) in folder.entries()? {
                match kind {
                    FileType::Directory => folder.remove_tree(&entry)?,
                    _ => folder.remove(&entry)?,
                }
            }
        }
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(e) => Err(self.trouble(name, e)),
        }
    }

    /// Names in byte order, without `.` and `..`. A name that is not UTF-8 is an error: nothing of
    /// ours is called so, and it could not be printed.
    pub(super) fn entries(&self) -> Result<Vec<(String, FileType)>, Trouble> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(|e| trouble(&self.path, e))? {
            let entry = entry.map_err(|e| trouble(&self.path, e))?;
            if entry.file_name() == c"." || entry.file_name() == c".." {
                continue;
            }
            let name = self.utf8(entry.file_name())?;
            let kind = match entry.file_type() {
                // Some file systems leave the type to `stat`.
                FileType::Unknown => rustix::fs::statat(&self.fd, &*name, AtFlags::SYMLINK_NOFOLLOW)
                    .map(|s| FileType::from_raw_mode(s.st_mode))
                    .map_err(|e| self.trouble(&name, e))?,
                kind => kind,
            };
            entries.push((name, kind));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }

    /// Size in bytes; 0 where it cannot be told.
    pub(super) fn size(&self, name: &str) -> u64 {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_or(0, |s| u64::try_from(s.st_size).unwrap_or(0))
    }

    /// Path of a name in this folder, as messages give it.
    pub(super) fn at(&self, name: &str) -> String {
        match self.path.as_str() {
            "." => name.to_owned(),
            path if path.ends_with('/') => format!("{path}{name}"),
            path => format!("{path}/{name}"),
        }
    }

    /// A regular file, open for reading, and its size.
    pub(super) fn file(&self, name: &str) -> Result<Option<(File, u64)>, Trouble> {
        match rustix::fs::openat(&self.fd, name, READ, Mode::empty()) {
            Ok(fd) => regular(fd, &self.at(name)).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(self.trouble(name, e)),
        }
    }

    fn trouble(&self, name: &str, e: Errno) -> Trouble {
        trouble(&self.at(name), e)
    }

    fn utf8(&self, name: &CStr) -> Result<String, Trouble> {
        name.to_str().map(str::to_owned).map_err(|_| {
            Trouble::new(self.at(&name.to_string_lossy()), TroubleKind::Name, "the name of this file is not UTF-8")
        })
    }
}

/// Opens a regular file by a path as given by the user, which must not be a symlink.
pub(super) fn open_file(path: &str) -> Result<(File, u64), Trouble> {
    let fd = rustix::fs::openat(CWD, path, READ, Mode::empty()).map_err(|e| trouble(path, e))?;
    regular(fd, path)
}

fn regular(fd: OwnedFd, path: &str) -> Result<(File, u64), Trouble> {
    let stat = rustix::fs::fstat(&fd).map_err(|e| trouble(path, e))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((File::from(fd), u64::try_from(stat.st_size).unwrap_or(0))),
        FileType::Directory => Err(Trouble::new(path, TroubleKind::NotAFile, "this is a folder, not a file")),
        _ => Err(Trouble::new(path, TroubleKind::NotAFile, "this is a device, pipe or socket, not a file")),
    }
}

/// The kernel answers ENOTDIR for a symlink and for a file alike.
fn no_folder(at: impl std::os::fd::AsFd, name: &str, path: &str, e: Errno) -> Trouble {
    let kind = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW).map(|s| FileType::from_raw_mode(s.st_mode));
    match kind {
        Ok(FileType::Symlink) => trouble(path, Errno::LOOP),
        Ok(FileType::Directory) | Err(_) => trouble(path, e),
        Ok(_) => Trouble::new(path, TroubleKind::Foreign, "a folder must stand here, but this is a file"),
    }
}

pub(super) fn errno(e: &std::io::Error) -> Errno {
    Errno::from_io_error(e).unwrap_or(Errno::IO)
}

pub(super) fn trouble(path: &str, e: Errno) -> Trouble {
    let (kind, message) = match e {
        Errno::NOENT => (TroubleKind::Missing, "there is no such file or folder".to_owned()),
        Errno::LOOP => (TroubleKind::Symlink, "this is a symbolic link".to_owned()),
        Errno::NOSPC => (TroubleKind::Full, "no space is left on the device".to_owned()),
        Errno::DQUOT => (TroubleKind::Full, "the disk quota is used up".to_owned()),
        Errno::ROFS => (TroubleKind::Denied, "the file system is mounted read-only".to_owned()),
        Errno::ACCESS | Errno::PERM => (TroubleKind::Denied, "permission denied".to_owned()),
        Errno::NOTDIR => (TroubleKind::NotAFile, "a part of this path is a file, not a folder".to_owned()),
        Errno::ISDIR => (TroubleKind::NotAFile, "this is a folder, not a file".to_owned()),
        Errno::EXIST | Errno::NOTEMPTY => (TroubleKind::Foreign, "something is here already".to_owned()),
        Errno::NAMETOOLONG => (TroubleKind::Name, "the name is too long for this file system".to_owned()),
        Errno::PIPE => (TroubleKind::Closed, "the reader went away".to_owned()),
        other => (TroubleKind::Io, std::io::Error::from(other).to_string()),
    };
    Trouble::new(path, kind, message)
}
