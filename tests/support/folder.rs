//! A folder to work in, and what stands in it at a moment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A temporary folder, gone when dropped.
pub struct Folder {
    temporary: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Folder { temporary: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// Writes a file and the folders it stands in.
    pub fn write(&self, path: &str, text: &str) {
        let at = self.at(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.path())
    }
}

/// Copies a file, or a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("copying {}: {e}", from.display());
    if !from.is_dir() {
        std::fs::create_dir_all(to.parent().unwrap_or(to)).map_err(failed)?;
        return std::fs::copy(from, to).map(drop).map_err(failed);
    }
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Every file, folder and symlink below a folder, with bytes and time of change.
#[derive(PartialEq, Eq)]
pub struct Snapshot {
    entries: BTreeMap<String, Entry>,
}

#[derive(PartialEq, Eq)]
enum Entry {
    Folder,
    Link(PathBuf),
    File { bytes: Vec<u8>, changed: SystemTime },
}

impl Snapshot {
    pub fn of(root: &Path) -> Self {
        let mut entries = BTreeMap::new();
        walk(root, "", &mut entries);
        Snapshot { entries }
    }

    /// Paths of files and links, folders left out.
    pub fn files(&self) -> Vec<&str> {
        self.entries.iter().filter(|(_, e)| !matches!(e, Entry::Folder)).map(|(p, _)| p.as_str()).collect()
    }

    /// Bytes of every file by path.
    pub fn contents(&self) -> BTreeMap<&str, &[u8]> {
        self.entries
            .iter()
            .filter_map(|(path, entry)| match entry {
                Entry::File { bytes, .. } => Some((path.as_str(), bytes.as_slice())),
                Entry::Folder | Entry::Link(_) => None,
            })
            .collect()
    }

    /// Every path that is not in both alike, with what became of it. A big sparse file is compared
    /// like any other.
    pub fn changes(&self, after: &Snapshot) -> Vec<String> {
        let mut out = Vec::new();
        for (path, entry) in &self.entries {
            match after.entries.get(path) {
                None => out.push(format!("{path} is gone")),
                Some(now) if now != entry => out.push(format!("{path} was changed")),
                Some(_) => {}
            }
        }
        let new = after.entries.keys().filter(|p| !self.entries.contains_key(*p));
        out.extend(new.map(|p| format!("{p} is new")));
        out
    }
}

fn walk(folder: &Path, prefix: &str, out: &mut BTreeMap<String, Entry>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            out.insert(path, Entry::Link(std::fs::read_link(entry.path()).unwrap()));
        } else if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), out);
            out.insert(path, Entry::Folder);
        } else {
            let changed = entry.metadata().unwrap().modified().unwrap();
            out.insert(path, Entry::File { bytes: std::fs::read(entry.path()).unwrap(), changed });
        }
    }
}
