//! Runs `cases/<topic>/*.txt`: one test a topic.

use std::path::PathBuf;

use rayon::prelude::*;

use crate::support::case::Case;
use crate::support::{Folder, contents, difference, repository, steps, updating};

macro_rules! topics {
    ($($name:ident: $folder:literal,)*) => {
        $(
            #[test]
            fn $name() {
                topic($folder);
            }
        )*

        #[test]
        fn every_folder_of_cases_is_run() {
            let mut found: Vec<String> = std::fs::read_dir(repository("tests/cases"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .collect();
            found.sort();
            assert_eq!(found, [$($folder),*]);
        }
    };
}

topics! {
    apply: "apply",
    bad_files: "bad-files",
    bad_input: "bad-input",
    bad_output: "bad-output",
    catalog: "catalog",
    commands: "commands",
    diff: "diff",
    explain: "explain",
    git: "git",
    not_yet: "not-yet",
    review: "review",
    snapshot: "snapshot",
    trace: "trace",
}

/// Runs every case of a folder, or those whose path holds `WATERSHED_CASE`, and shows all that fail.
fn topic(folder: &str) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(repository("tests/cases").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} holds no case");
    if let Some(wanted) = std::env::var("WATERSHED_CASE").ok().filter(|w| !w.is_empty()) {
        paths.retain(|path| path.to_string_lossy().contains(&wanted));
    }
    let failed: Vec<String> = paths.par_iter().filter_map(|path| one(path).err()).collect();
    assert!(failed.is_empty(), "{} of {} cases failed\n\n{}", failed.len(), paths.len(), failed.join("\n"));
}

fn one(path: &PathBuf) -> Result<(), String> {
    let name = path.strip_prefix(repository("tests/cases")).unwrap_or(path).display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    let at = |e: String| format!("{name}: {e}");
    let case = Case::parse(&text).map_err(at)?;
    let folder = Folder::new();
    for file in &case.files {
        contents::make(folder.path(), file).map_err(at)?;
    }
    let mut transcripts = Vec::new();
    for step in &case.steps {
        let said = steps::run(&folder, &step.command).map_err(|e| format!("{name}: $ {}\n{e}", step.command))?;
        if let Some(args) = step.command.strip_prefix("watershed check").filter(|_| !said.ends_with("[exit 0]\n")) {
            steps::refuses(&folder, args, &said).map_err(at)?;
        }
        transcripts.push(said);
    }
    let actual = case.with(&transcripts);
    if updating() {
        if actual != text {
            std::fs::write(path, actual).map_err(|e| at(e.to_string()))?;
        }
        return Ok(());
    }
    difference(&name, &case.as_written(), &actual).map_or(Ok(()), Err)
}
