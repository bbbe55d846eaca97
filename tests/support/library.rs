//! Compiling in this process, with a world in memory: fast, and nothing of the machine in it.

use std::collections::BTreeMap;

use watershed::cli::{self, Exit};
use watershed::pipeline::{self, Compiled, SpecPath};
use watershed::world::{Memory, Stream};

use super::{Folder, Snapshot};

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Every file below a folder of the repository.
pub fn files(folder: &str) -> Files {
    let snapshot = Snapshot::of(&super::repository(folder));
    snapshot.contents().into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
}

pub fn world(files: &Files) -> Memory {
    let world = Memory::new();
    for (path, bytes) in files {
        world.put(path, bytes.clone());
    }
    world
}

/// Pass 1 of the spec in `spec`, a file or folder of `files`.
pub fn compile(files: &Files, spec: &str) -> Compiled {
    pipeline::compile(&world(files), &SpecPath(spec.to_owned()))
}

/// What a build writes, by path below the output folder. The spec must be sound.
pub fn build(files: &Files, spec: &str) -> Files {
    let world = world(files);
    let args = ["watershed", "build", spec, "--out", "output"];
    let exit = cli::run(&world, args.map(Into::into));
    assert_eq!(exit, Exit::Clean, "{}", world.printed(Stream::Err));
    let below = |path: String| {
        let bytes = world.get(&path).unwrap();
        Some((path.strip_prefix("output/")?.to_owned(), bytes))
    };
    world.paths().into_iter().filter_map(below).collect()
}

/// An example as a spec folder `spec/`: its files but the README.
pub fn example(name: &str) -> Files {
    let spec = files(&format!("examples/{name}"));
    spec.into_iter().filter(|(p, _)| p != "README.md").map(|(p, b)| (format!("spec/{p}"), b)).collect()
}

/// The examples in KDL, by name. Those in YAML say what one of these says.
pub fn examples() -> Vec<String> {
    let entries = std::fs::read_dir(super::repository("examples")).unwrap().map(Result::unwrap);
    let kdl = entries.filter(|e| e.path().join("fleet.kdl").exists());
    let mut names: Vec<String> = kdl.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Paths that are not in both alike.
pub fn differing(a: &Files, b: &Files) -> Vec<String> {
    let mut paths: Vec<&String> = a.keys().chain(b.keys()).collect();
    paths.sort();
    paths.dedup();
    paths.into_iter().filter(|p| a.get(*p) != b.get(*p)).cloned().collect()
}

/// The files of a folder on disk, as [`Files`]; none where it is not there.
pub fn of(folder: &Folder, below: &str) -> Files {
    if !folder.at(below).is_dir() {
        return Files::new();
    }
    let snapshot = Snapshot::of(&folder.at(below));
    snapshot.contents().into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
}
