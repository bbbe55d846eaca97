//! The folder that keeps what was installed: one folder per component and version, complete or not
//! there at all. It does not know where anything comes from.
//!
//! ```text
//! lock                   held while something is looked at or installed
//! staging/               what is being installed; swept when the next run begins
//! etcd-3.5/              moved here whole
//! etcd-3.5/ready         the stamp: from which recipe, what version it turned out to be
//! go-build/, go-mod/     of Go builds that were interrupted
//! ```

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::command::{output, printed};
use crate::trouble::{Trouble, failed};

const STAMP: &str = "ready";
const STAGING: &str = "staging";

/// Told what is being done, a line at a time.
pub type Report<'a> = &'a mut dyn FnMut(&str);

/// What has to stand in a component's folder.
pub struct Wanted<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// Told when it is installed: where it comes from.
    pub from: &'a str,
    /// Changes whenever it would be installed in another way.
    pub recipe: u64,
    pub programs: &'a [Program],
}

#[derive(Debug)]
pub struct Program {
    pub name: &'static str,
    /// Below the component's folder.
    pub path: &'static str,
    /// The arguments with which it tells its version and ends with 0,
    pub ask: &'static [&'static str],
    /// and what it says then. Empty where the build does not carry its version.
    pub says: &'static str,
}

pub struct Kept {
    pub folder: PathBuf,
    /// As its source calls it: `3.5.30-2`.
    pub version: String,
}

pub struct Cache {
    folder: PathBuf,
    _lock: File,
}

impl Wanted<'_> {
    pub fn folder_name(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

impl Cache {
    /// Waits for another run that is installing; what an interrupted one left is swept.
    pub fn open(folder: &Path, report: Report) -> Result<Self, Trouble> {
        let path = folder.display();
        std::fs::create_dir_all(folder).map_err(failed(format!("the cache {path} can't be made")))?;
        let lock = File::create(folder.join("lock")).map_err(failed(format!("the cache {path} can't be written")))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                report(&format!("another run is installing into {path}: waiting for it to end"));
                rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(failed(format!("locking {path}")))?;
            }
            Err(error) => return Err(failed(format!("locking {path}"))(error)),
        }
        let cache = Cache { folder: folder.to_owned(), _lock: lock };
        if cache.staging().exists() {
            report("an earlier run was interrupted while it installed: what it left is removed");
        }
        cache.sweep()?;
        Ok(cache)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder for what is only needed on the way.
    pub fn scratch(&self, name: &str) -> Result<PathBuf, Trouble> {
        let folder = self.staging().join(name);
        std::fs::create_dir_all(&folder).map_err(failed(format!("making {}", folder.display())))?;
        Ok(folder)
    }

    /// Removes all scratch folders.
    pub fn sweep(&self) -> Result<(), Trouble> {
        remove(&self.staging())
    }

    /// What is there, if it is whole, from the same recipe, and every program of it runs.
    pub fn look(&self, wanted: &Wanted) -> Result<Option<Kept>, Trouble> {
        let folder = self.folder.join(wanted.folder_name());
        if !folder.exists() {
            return Ok(None);
        }
        let Ok(text) = std::fs::read_to_string(folder.join(STAMP)) else {
            return Err(Trouble::new("what is in the cache was never completed"));
        };
        let Some((version, stamp)) = text.split_once('\n') else {
            return Err(Trouble::new("what is in the cache has a stamp that can't be read"));
        };
        if !stamp.starts_with(&recipe(wanted)) {
            return Err(Trouble::new("what is in the cache was installed in another way than now"));
        }
        // An empty file is a program to some shells, and does what it is asked.
        if stamp != recipe(wanted) + &sizes(&folder, wanted) {
            return Err(Trouble::new("what is in the cache is not as large as it was"));
        }
        for program in wanted.programs {
            runs(&folder, program)?;
        }
        Ok(Some(Kept { folder, version: version.to_owned() }))
    }

    /// What is wanted, installed where it is missing or no longer works. `install` fills an empty
    /// folder and returns the version as its source calls it; nothing is seen in the cache before
    /// every program has run.
    pub fn keep(
        &self,
        wanted: &Wanted,
        report: Report,
        install: impl FnOnce(&Path) -> Result<String, Trouble>,
    ) -> Result<Kept, Trouble> {
        let shown = format!("{} {}", wanted.name, wanted.version);
        match self.look(wanted) {
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => report(&format!("{shown}: installing ({})", wanted.from)),
            Err(trouble) => {
                report(&format!("{shown}: {trouble}"));
                report(&format!("{shown}: installing it again ({})", wanted.from));
            }
        }
        let began = Instant::now();
        let staged = self.scratch(&wanted.folder_name())?;
        let version = install(&staged).and_then(|version| complete(&staged, wanted, version));
        let version = version.map_err(|trouble| self.logged(wanted, trouble).during(&shown))?;
        let folder = self.folder.join(wanted.folder_name());
        remove(&folder)?;
        std::fs::rename(&staged, &folder).map_err(failed(format!("{shown}: moving it to {}", folder.display())))?;
        report(&format!("{shown}: {version} installed in {:.0} s", began.elapsed().as_secs_f64()));
        Ok(Kept { folder, version })
    }

    /// Removes other versions of what is wanted; what it does not know stays.
    pub fn prune(&self, all: &[Wanted], report: Report) -> Result<(), Trouble> {
        let unread = || failed(format!("reading {}", self.folder.display()));
        for entry in std::fs::read_dir(&self.folder).map_err(unread())? {
            let entry = entry.map_err(unread())?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let version_of = |w: &Wanted| {
                let version = name.strip_prefix(w.name).and_then(|rest| rest.strip_prefix('-'));
                version.is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()))
            };
            if all.iter().any(|w| w.folder_name() == name) || !all.iter().any(version_of) {
                continue;
            }
            remove(&entry.path())?;
            report(&format!("{name}: another version is wanted now; removed"));
        }
        Ok(())
    }

    /// Keeps all that was printed where it is too long to be shown.
    fn logged(&self, wanted: &Wanted, trouble: Trouble) -> Trouble {
        let log = self.folder.join(format!("{}.log", wanted.folder_name()));
        match trouble.whole().map(|text| std::fs::write(&log, text)) {
            Some(Ok(())) => trouble.during(format!("all of it in {}", log.display())),
            _ => trouble,
        }
    }

    fn staging(&self) -> PathBuf {
        self.folder.join(STAGING)
    }
}

/// Runs every program of a folder that was just filled, and stamps it.
fn complete(folder: &Path, wanted: &Wanted, version: String) -> Result<String, Trouble> {
    for program in wanted.programs {
        let path = folder.join(program.path);
        let metadata = std::fs::metadata(&path)
            .map_err(failed(format!("`{}` is not in what was installed: {}", program.name, program.path)))?;
        // Archives that are unpacked by Python lose this.
        let mode = metadata.permissions().mode() | 0o755;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).map_err(failed(path.display()))?;
        runs(folder, program)?;
    }
    let stamp = format!("{version}\n{}{}", recipe(wanted), sizes(folder, wanted));
    std::fs::write(folder.join(STAMP), stamp).map_err(failed("writing the stamp"))?;
    Ok(version)
}

/// Runs a program for its version; one that hangs is broken too.
pub fn runs(folder: &Path, program: &Program) -> Result<(), Trouble> {
    let path = folder.join(program.path);
    let mut command = Command::new("timeout");
    command.arg("20").arg(&path).args(program.ask).env_remove("GOCOVERDIR");
    let output = output(&mut command, "seeing whether programs run")?;
    let said = printed(&output);
    if !output.status.success() {
        // `timeout`'s own.
        let how = if output.status.code() == Some(124) { "hangs" } else { "does not run" };
        let what = format!("`{}` {how} ({}): {}", program.name, output.status, path.display());
        return Err(Trouble::new(what).said(said));
    }
    if !said.contains(program.says) {
        let what = format!("`{}` is not the version that is wanted, `{}`", path.display(), program.says);
        return Err(Trouble::new(what).said(said));
    }
    Ok(())
}

fn recipe(wanted: &Wanted) -> String {
    format!("{:016x}\n", wanted.recipe)
}

/// The size of every program.
fn sizes(folder: &Path, wanted: &Wanted) -> String {
    let size = |program: &Program| std::fs::metadata(folder.join(program.path)).map_or(0, |metadata| metadata.len());
    wanted.programs.iter().map(|program| format!("{} {}\n", size(program), program.path)).collect()
}

pub fn remove(path: &Path) -> Result<(), Trouble> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    removed.map_err(failed(format!("removing {}", path.display())))
}
