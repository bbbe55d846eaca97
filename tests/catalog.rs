//! What each job of the catalog comes to: `catalog/<job>/` holds a small spec and, for each of its
//! clusters, everything that is emitted for the job there.
//!
//! A cluster is named after the variant it has, so that none is forgotten; more of them show what
//! else matters (old versions, classes of their own).

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use watershed::catalog::{Catalog, Job, Kind, Relabel};
use watershed::relabel::regex::{Paste, Regex};

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

/// What the catalog drops by bucket bound: expressions over the metric's name and `le`.
fn rules_on_bounds(catalog: &Catalog) -> Vec<Regex> {
    let on_bounds = |r: &&Relabel| r.source_labels.iter().any(|l| l == "le" || l == "quantile");
    let rules = catalog.jobs().flat_map(|j| &j.endpoints).flat_map(|e| &e.metric_relabelings).filter(on_bounds);
    rules
        .map(|rule| {
            assert_eq!((rule.source_labels.join(";").as_str(), rule.action.as_deref()), ("__name__;le", Some("drop")));
            Regex::new(rule.regex.as_deref().unwrap(), Paste::Plain).unwrap()
        })
        .collect()
}

/// How Prometheus 3 writes the value of `le` that Prometheus 2 leaves as it is.
fn normalised(le: &str) -> String {
    if le.bytes().all(|b| b.is_ascii_digit()) { format!("{le}.0") } else { le.to_owned() }
}

fn drops(rules: &[Regex], metric: &str, le: &str) -> bool {
    rules.iter().any(|rule| rule.is_match(&format!("{metric};{le}")))
}

/// Prometheus 3 writes `le="3"` as `le="3.0"`: a rule on `le` must say the same of both, and escape its
/// dots.
#[test]
fn rules_on_bucket_bounds_hold_for_prometheus_2_and_3() {
    let rules = rules_on_bounds(&Catalog::builtin());
    assert!(rules.len() >= 2);
    let metrics = ["apiserver_request_duration_seconds_bucket", "etcd_request_duration_seconds_bucket"];
    let metrics = metrics.into_iter().chain(["apiserver_request_body_size_bytes_bucket"]);
    let small = (0..=2000).map(|n| n.to_string()).chain((0..=2000).map(|n| (f64::from(n) / 20.0).to_string()));
    let large =
        (0..=64).map(|n| (n * 50_000).to_string()).chain((0..=64).map(|n| format!("{}e+06", f64::from(n) / 20.0)));
    let bounds: Vec<String> = small.chain(large).chain(["+Inf".to_owned()]).collect();
    let mut dropped = 0;
    for metric in metrics {
        for le in &bounds {
            let (two, three) = (drops(&rules, metric, le), drops(&rules, metric, &normalised(le)));
            assert_eq!(two, three, "{metric} le={le}");
            dropped += usize::from(two);
            // A dot that is not escaped takes any character.
            assert!(!drops(&rules, metric, &le.replace('.', "x")) || !le.contains('.'), "{metric} le={le}");
        }
        assert!(["0.1", "1", "5", "30", "+Inf"].iter().all(|le| !drops(&rules, metric, le)), "{metric}");
    }
    assert!(dropped > 50, "{dropped}");
}

/// On a real exposition, where there is one: what is kept is the same for both, and what the entry says.
#[test]
fn the_kept_series_of_a_real_server_are_those_that_are_said() {
    let Some(folder) = std::env::var_os("WATERSHED_EXPOSITIONS") else { return };
    let packed = std::fs::File::open(Path::new(&folder).join("api-server-1.31.txt.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let catalog = Catalog::builtin();
    let (rules, mut all, mut kept) = (rules_on_bounds(&catalog), 0, 0);
    for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let le = line.split_once("le=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
        let dropped = drops(&rules, name, le);
        assert_eq!(dropped, drops(&rules, name, &normalised(le)), "{line}");
        all += 1;
        kept += u32::from(!dropped);
    }
    eprintln!("{kept} of {all} series are kept");
    assert_eq!(kept, catalog.job("kube-apiserver").unwrap().series.per_target);
}
