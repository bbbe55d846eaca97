//! Debian packages: downloaded and unpacked, never installed. Packages of the newest suites run on
//! an older base as long as its C library is new enough; whether they do is seen when they are run.
//!
//! The mirror and everything else about the way there come from the machine's own configuration;
//! lists and downloads go to folders of our own.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::Cache;
use super::command::run;
use crate::trouble::{Trouble, failed};

/// From the oldest: its key ring signs for the others' keys.
const SUITES: &[&str] = &["bookworm", "trixie", "forky", "sid"];
/// Suites under which a machine may know its mirror.
const MIRROR_SUITES: &[&str] =
    &["bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable", "oldstable", "oldoldstable"];
const KEYS: &str = "usr/share/keyrings/debian-archive-keyring.gpg";
const PURPOSE: &str = "Debian packages of etcd, Prometheus, VictoriaMetrics and the exporters";

/// The newest that has all packages in a version from `at_least` up to but not including `below`.
/// Suites drop a version when they get the next one, so nothing can be pinned more exactly.
#[derive(Debug)]
pub struct Debian {
    pub packages: &'static [&'static str],
    pub at_least: &'static str,
    pub below: &'static str,
}

/// The lists of packages of all suites.
pub struct Apt {
    folder: PathBuf,
}

impl Apt {
    pub fn open(cache: &Cache) -> Result<Self, Trouble> {
        let apt = Apt { folder: cache.scratch("apt")? };
        for folder in ["state/lists/partial", "cache/archives/partial", "keys"] {
            std::fs::create_dir_all(apt.folder.join(folder)).map_err(failed("making apt's folders"))?;
        }
        apt.write("state/status", "")?;
        // `#clear`: the machine's hooks are about the machine, not about these folders.
        let at = apt.folder.display();
        apt.write(
            "apt.conf",
            &format!(
                r#"Dir::Etc::SourceList "{at}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "{at}/state";
Dir::State::status "{at}/state/status";
Dir::Cache "{at}/cache";
APT::Sandbox::User "root";
APT::Get::List-Cleanup "0";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
"#
            ),
        )?;
        let mirror = mirror()?;
        let machines = Path::new("/").join(KEYS);
        apt.update(&mirror, &SUITES[..1], machines.exists().then_some(&machines))?;
        // A machine that was not updated for long lacks the keys of the newer suites.
        apt.unpack("debian-archive-keyring", &apt.folder.join("keys"))?;
        apt.update(&mirror, SUITES, Some(&apt.folder.join("keys").join(KEYS)))?;
        Ok(apt)
    }

    /// Unpacks the packages into a folder; the version of the first of them.
    pub fn fetch(&self, wanted: &Debian, into: &Path) -> Result<String, Trouble> {
        let mut first = None;
        for package in wanted.packages {
            let version = self.pick(package, wanted)?;
            self.unpack(&format!("{package}={version}"), into)?;
            first.get_or_insert(version);
        }
        first.ok_or_else(|| Trouble::new("no package is named"))
    }

    fn pick(&self, package: &str, wanted: &Debian) -> Result<String, Trouble> {
        let table = run(self.apt("apt-cache").args(["madison", package]), PURPOSE)?;
        let mut all: Vec<&str> = table.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim).collect();
        // As apt sorts them, from the newest.
        all.dedup();
        all.sort_by_key(|version| Reverse(upstream(version)));
        let range = upstream(wanted.at_least)..upstream(wanted.below);
        match all.iter().find(|version| range.contains(&upstream(version))) {
            Some(version) => Ok((*version).to_owned()),
            None => Err(Trouble::new(format!(
                "no suite of {} has `{package}` from {} up to below {}; there is {}",
                SUITES.join(", "),
                wanted.at_least,
                wanted.below,
                if all.is_empty() { "none".to_owned() } else { all.join(", ") },
            ))),
        }
    }

    fn unpack(&self, package: &str, into: &Path) -> Result<(), Trouble> {
        let folder = self.folder.join("packages").join(package.split('=').next().unwrap_or(package));
        std::fs::create_dir_all(&folder).map_err(failed("making a folder for a package"))?;
        run(self.apt("apt-get").args(["download", "-q", package]).current_dir(&folder), PURPOSE)?;
        for entry in std::fs::read_dir(&folder).map_err(failed("reading what was downloaded"))? {
            let file = entry.map_err(failed("reading what was downloaded"))?.path();
            run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(into), PURPOSE)?;
        }
        super::cache::remove(&folder)
    }

    fn update(&self, mirror: &str, suites: &[&str], keys: Option<&PathBuf>) -> Result<(), Trouble> {
        let options = keys.map_or(String::new(), |path| format!("[signed-by={}] ", path.display()));
        let lines: Vec<String> = suites.iter().map(|suite| format!("deb {options}{mirror} {suite} main\n")).collect();
        self.write("sources.list", &lines.concat())?;
        run(self.apt("apt-get").args(["update", "-q", "--error-on=any"]), PURPOSE).map(drop)
    }

    /// Options of `-c` win over the machine's, those of `APT_CONFIG` would not.
    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(self.folder.join("apt.conf")).env("LC_ALL", "C.UTF-8");
        command
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Trouble> {
        std::fs::write(self.folder.join(name), text).map_err(failed(format!("writing apt's {name}")))
    }
}

/// The Debian mirror this machine is set up with.
fn mirror() -> Result<String, Trouble> {
    let format = "$(RELEASE)|$(COMPONENT)|$(CREATED_BY)|$(REPO_URI)";
    let targets = run(Command::new("apt-get").args(["indextargets", "--format", format]), PURPOSE)?;
    let found = targets.lines().find_map(|line| match line.split('|').collect::<Vec<_>>()[..] {
        [release, "main", "Packages", uri] if MIRROR_SUITES.contains(&release) => Some(uri.to_owned()),
        _ => None,
    });
    found.ok_or_else(|| {
        let what = "apt's sources on this machine name no Debian mirror (a `main` of a Debian release)";
        Trouble::new(format!("{what}, and one is needed for {PURPOSE}")).said(targets)
    })
}

/// `1:2.42.0+ds-5` is upstream's 2.42.0.
fn upstream(version: &str) -> Vec<u64> {
    let without_epoch = version.split_once(':').map_or(version, |(_, rest)| rest);
    let end = without_epoch.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(without_epoch.len());
    without_epoch[..end].split('.').filter_map(|part| part.parse().ok()).collect()
}

/// A check of its own; it has no need of a mirror.
pub fn versions_are_read(_: &Path) -> Result<(), Trouble> {
    let read: Vec<_> = ["1:1.38.0-3+b1", "2.42.0+ds-5+deb12u1", "3.5.3+ds1-6", "3.5"].map(upstream).into();
    let newer = upstream("3.13.0-1") > upstream("3.5.3+ds1-6");
    let wanted: [&[u64]; 4] = [&[1, 38, 0], &[2, 42, 0], &[3, 5, 3], &[3, 5]];
    if newer && read == wanted { Ok(()) } else { Err(Trouble::new(format!("read as {read:?}"))) }
}
