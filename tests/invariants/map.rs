//! `compiler/README.md` is the map: every module stands in it, and every path it names is there.

use crate::support::{read, repository};

#[test]
fn every_module_has_a_line_on_the_map() {
    let map = read("compiler/README.md");
    let missing: Vec<String> = std::fs::read_dir(repository("compiler"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !map.lines().any(|line| line.starts_with(&format!("| `{name}/` |"))))
        .collect();
    assert!(missing.is_empty(), "compiler/README.md has no line `| `…/` |` for {missing:?}");
}

#[test]
fn every_path_that_a_readme_names_is_there() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (page, below) in [
        ("README.md", ""),
        ("compiler/README.md", "compiler/"),
        ("tests/README.md", "tests/"),
        ("examples/README.md", "examples/"),
        ("output/README.md", "output/"),
        ("templates/README.md", "templates/"),
    ] {
        for path in quoted_paths(&read(page)) {
            seen += 1;
            // A page names paths from its own folder, or from the top.
            if !repository(&format!("{below}{path}")).exists() && !repository(&path).exists() {
                wrong.push(format!("{page} names `{path}`"));
            }
        }
    }
    assert!(seen > 40, "only {seen} paths were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Words in back-ticks and targets of links that are paths: with a slash or a known ending, without
/// anything that stands for something else.
fn quoted_paths(page: &str) -> Vec<String> {
    let mut fenced = false;
    let mut out = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let quoted = line.split('`').skip(1).step_by(2);
        let linked = line.split("](").skip(1).filter_map(|l| l.split_once(')')).map(|(target, _)| target);
        out.extend(quoted.chain(linked).filter(|word| is_path(word)).map(|w| w.trim_end_matches('/').to_owned()));
    }
    out
}

fn is_path(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'));
    let ending = [".rs", ".md", ".toml", ".json", ".yaml", ".kdl", ".tsv", ".txt"].iter().any(|e| word.ends_with(e));
    let folder = word.ends_with('/') && word.len() > 1;
    // Files of an output tree or a spec, which a page speaks of in general.
    let general = word.starts_with('/') || word.starts_with("output/") || GENERAL.contains(&word);
    plain && (ending || folder) && !general
}

/// Names of files that stand in every output tree, spec or entry rather than at one place.
const GENERAL: &[&str] = &[
    "fleet.kdl",
    "fleet/",
    "fleet.json",
    "index.json",
    "secrets.required.yaml",
    "kustomization.yaml",
    "job.yaml",
    "helm/",
    "helm/releases.yaml",
    "releases.yaml",
    "codes.rs",
    "mod.rs",
    "exporter.yaml",
    "expected.yaml",
];
