//! What each job of the catalog comes to: `catalog/<job>/` holds a small spec and, for each of its
//! clusters, everything that is emitted for the job there.
//!
//! A cluster is named after the variant it has, so that none is forgotten; more of them show what
//! else matters (old versions, classes of their own).

use std::collections::BTreeSet;

use watershed::catalog::{Catalog, Job, Kind};

use crate::support::library::{self, Files};
use crate::support::{expect_file, repository, updating};

const FOLDER: &str = "tests/catalog";

/// The spec of a job, as a folder to compile.
fn spec(job: &str) -> Files {
    let at = repository(&format!("{FOLDER}/{job}/fleet.kdl"));
    let text = std::fs::read(&at).unwrap_or_else(|e| panic!("{job} has no {FOLDER}/{job}/fleet.kdl: {e}"));
    Files::from([("spec/fleet.kdl".to_owned(), text)])
}

fn text<'f>(files: &'f Files, path: &str) -> &'f str {
    std::str::from_utf8(&files[path]).unwrap()
}

/// Clusters of a compiled spec, by their folders.
fn clusters(files: &Files) -> BTreeSet<&str> {
    files.keys().filter_map(|p| p.strip_suffix("/index.json")?.split_once('/')).map(|(_, cluster)| cluster).collect()
}

/// What a person reads about a job: lines of the cluster's README, as comments, then its objects.
fn shown(files: &Files, cluster: &str, job: &str) -> String {
    let mut out = String::new();
    let folder = files.keys().find_map(|p| p.strip_suffix(&format!("{cluster}/index.json"))).unwrap();
    for line in text(files, &format!("{folder}{cluster}/README.md")).lines() {
        let by_hand = line.strip_prefix(&format!("- {job}: ")).map(|said| ("By hand", said));
        let missing = line.strip_prefix(&format!("- `{job}`: ")).map(|said| ("Not collected", said));
        if let Some((what, said)) = by_hand.or(missing) {
            out.push_str(&format!("# {what}: {said}\n"));
        }
    }
    let units = [format!("watershed/unit: job.{job}\n"), format!("watershed/unit: exporter.{job}\n")];
    let below = format!("{folder}{cluster}/");
    for (path, bytes) in files.iter().filter(|(p, _)| p.starts_with(&below) && p.ends_with(".yaml")) {
        let yaml = std::str::from_utf8(bytes).unwrap();
        if units.iter().any(|unit| yaml.contains(unit)) {
            out.push_str(&format!("--- # {}\n{yaml}", &path[below.len()..]));
        }
    }
    out
}

fn builtin() -> Vec<Job> {
    Catalog::builtin().jobs().cloned().collect()
}

#[test]
fn every_job_comes_to_what_is_expected() {
    for job in builtin() {
        let built = library::build(&spec(&job.name), "spec");
        let clusters = clusters(&built);
        for variant in &job.variants {
            let own = clusters.contains(variant.name.as_str());
            assert!(own, "{FOLDER}/{}/fleet.kdl has no cluster `{}` for the variant", job.name, variant.name);
            let shown = shown(&built, &variant.name, &job.name);
            assert!(shown.contains("\nkind: "), "{}/{} makes nothing:\n{shown}", job.name, variant.name);
        }
        for cluster in &clusters {
            let shown = shown(&built, cluster, &job.name);
            assert!(!shown.is_empty(), "{}/{cluster} has nothing to show", job.name);
            expect_file(&format!("{FOLDER}/{}/{cluster}.yaml", job.name), &shown);
        }
        let there = library::files(&format!("{FOLDER}/{}", job.name));
        for path in there.keys().filter(|p| p.as_str() != "fleet.kdl") {
            let of = path.strip_suffix(".yaml").is_some_and(|c| clusters.contains(c));
            if !of && updating() {
                std::fs::remove_file(repository(&format!("{FOLDER}/{}/{path}", job.name))).unwrap();
            } else {
                assert!(of, "{FOLDER}/{}/{path} is of no cluster of its spec", job.name);
            }
        }
    }
}

#[test]
fn every_folder_is_of_a_job() {
    let catalog = Catalog::builtin();
    let jobs = catalog.names(Kind::Job);
    let folders = library::files(FOLDER);
    for folder in folders.keys().filter_map(|p| p.split_once('/')).map(|(folder, _)| folder) {
        assert!(jobs.contains(&folder), "{FOLDER}/{folder} is of no job");
    }
}
