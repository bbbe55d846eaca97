//! What the tests share: the repository, a folder to work in, cases and how they are run.

pub mod api;
pub mod asked;
pub mod case;
pub mod contents;
pub mod folder;
pub mod git;
pub mod grafana;
pub mod library;
pub mod steps;

use std::path::{Path, PathBuf};

pub use folder::{Folder, Snapshot, copy};

/// A path of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub fn read(path: &str) -> String {
    let path = repository(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Whether expected texts are taken over from what happens now: `WATERSHED_UPDATE=1`.
pub fn updating() -> bool {
    std::env::var_os("WATERSHED_UPDATE").is_some_and(|v| v == "1")
}

/// A unified diff, or nothing where both are equal.
pub fn difference(what: &str, expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let diff = similar::TextDiff::from_lines(expected, actual);
    let unified = diff.unified_diff().context_radius(4).header("expected", "actual").to_string();
    Some(format!("{what}\n{unified}\nTo take it over: WATERSHED_UPDATE=1 cargo test\n"))
}

/// Compares a checked-in file with what it should be, or with `WATERSHED_UPDATE=1` rewrites it.
pub fn expect_file(path: &str, actual: &str) {
    let at = repository(path);
    let expected = std::fs::read_to_string(&at).unwrap_or_default();
    if updating() && expected != actual {
        std::fs::write(&at, actual).unwrap();
        return;
    }
    if let Some(text) = difference(path, &expected, actual) {
        panic!("{text}");
    }
}
