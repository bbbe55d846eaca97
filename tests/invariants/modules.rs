//! Which module may know which: the order of `lib.rs`, and the table below.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::{self, Source};
use crate::support::read;

/// What each module may name besides `std`, and the parts of `std` that reach outside or hide order.
/// Everything not written here is forbidden: adding a line is a decision.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("main.rs", &[], &["env", "process"]),
    ("diag", &["strsim"], &[]),
    ("object", &["serde_json"], &[]),
    ("relabel", &["md5", "regex_automata", "regex_syntax"], &["sync"]),
    (
        "world",
        &[
            "base64",
            "futures_util",
            "git2",
            "http",
            "http_body_util",
            "k8s_openapi",
            "kube",
            "rustix",
            "serde_json",
            "tokio",
            "xxhash_rust",
        ],
        &["env", "fs", "io", "net", "os", "path", "process", "sync", "thread", "time"],
    ),
    ("syntax", &["granit_parser", "rayon"], &[]),
    ("model", &[], &["net", "sync"]),
    ("spec", &["serde_json"], &[]),
    ("catalog", &["minijinja", "serde", "xxhash_rust"], &["sync"]),
    ("store", &[], &["net"]),
    ("fleet", &[], &["sync"]),
    ("plan", &["xxhash_rust"], &["net", "sync"]),
    ("emit", &["xxhash_rust"], &["sync"]),
    ("check", &[], &[]),
    ("lint", &[], &[]),
    ("tree", &["serde", "serde_json"], &[]),
    ("snapshot", &["serde", "serde_json", "sha2"], &[]),
    // `io` to inflate what is in memory.
    ("diff", &["base64", "flate2", "serde_json", "similar"], &["io"]),
    ("docs", &["serde_json"], &[]),
    ("report", &["anstyle", "serde_json", "similar", "unicode_width"], &[]),
    ("pipeline", &["rayon", "serde_json"], &["sync", "time"]),
    ("cli", &["clap", "clap_complete", "clap_mangen", "serde_json"], &["sync", "time"]),
];

/// Parts of `std` that anybody may name: they touch nothing outside and iterate in one order.
const FREE: &[&str] = &[
    "array",
    "borrow",
    "cell",
    "char",
    "cmp",
    "collections",
    "convert",
    "error",
    "ffi",
    "fmt",
    "hash",
    "iter",
    "mem",
    "num",
    "ops",
    "panic",
    "pin",
    "ptr",
    "result",
    "slice",
    "str",
    "string",
    "vec",
];

/// Runs while the compiler is built, and is no part of it.
const BUILD_SCRIPT: &str = "catalog/embed.rs";

#[test]
fn modules_name_only_those_above_them() {
    let order = order();
    let place = |module: &str| order.iter().position(|m| m == module);
    let mut wrong = Vec::new();
    let mut edges = 0;
    for source in sources() {
        let Some(own) = place(source.module()) else { continue };
        for named in named_modules(&source) {
            let Some(other) = place(&named) else { continue };
            edges += 1;
            if other > own {
                wrong.push(format!("{} names `crate::{named}`, which stands below it in lib.rs", source.path));
            }
        }
    }
    assert!(edges > 300, "only {edges} uses were found: does the reader of this test still work?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_name_only_the_crates_and_parts_of_std_they_may() {
    let crates: BTreeSet<String> = dependencies();
    let table: BTreeMap<&str, (&[&str], &[&str])> = TABLE.iter().map(|(m, c, s)| (*m, (*c, *s))).collect();
    let mut wrong = Vec::new();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for source in sources() {
        if source.path == "lib.rs" {
            continue;
        }
        let (may, parts) =
            *table.get(source.module()).unwrap_or_else(|| panic!("{} is in no line of TABLE", source.path));
        for path in paths(&source.code) {
            let (root, next) = (path[0].as_str(), path.get(1).map_or("", String::as_str));
            if root == "std" {
                used.insert((source.module().to_owned(), next.to_owned()));
                if !FREE.contains(&next) && !parts.contains(&next) {
                    wrong.push(format!("{} names `std::{next}`", source.path));
                }
            } else if crates.contains(root) {
                used.insert((source.module().to_owned(), root.to_owned()));
                if !may.contains(&root) {
                    wrong.push(format!("{} names the crate `{root}`", source.path));
                }
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let idle: Vec<String> = TABLE
        .iter()
        .flat_map(|(m, c, s)| c.iter().chain(*s).map(move |named| (*m, *named)))
        .filter(|(m, named)| !FREE.contains(named) && !used.contains(&((*m).to_owned(), (*named).to_owned())))
        .map(|(m, named)| format!("TABLE allows `{named}` to `{m}`, which does not use it"))
        .collect();
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

#[test]
fn every_dependency_is_used_by_the_compiler() {
    let used: BTreeSet<String> = sources().iter().flat_map(|s| paths(&s.code)).map(|path| path[0].clone()).collect();
    let idle: Vec<String> = dependencies().difference(&used).cloned().collect();
    assert!(idle.is_empty(), "Cargo.toml names dependencies that nothing uses: {idle:?}");
}

/// What talks to API servers is behind a feature, and must not leak into what can do without.
#[test]
fn only_one_folder_knows_what_talks_to_servers() {
    let live = ["futures_util", "http", "http_body_util", "k8s_openapi", "kube", "tokio"];
    let (inside, outside): (Vec<Source>, Vec<Source>) =
        sources().into_iter().partition(|s| s.path.starts_with("world/live/"));
    let names = |source: &Source| paths(&source.code).iter().any(|path| live.contains(&path[0].as_str()));
    assert!(inside.iter().any(names));
    let wrong: Vec<&String> = outside.iter().filter(|s| names(s)).map(|s| &s.path).collect();
    assert!(wrong.is_empty(), "{wrong:?} name what only world/live may");
}

fn sources() -> Vec<Source> {
    sources::all().into_iter().filter(|s| s.path != BUILD_SCRIPT).collect()
}

/// The modules of `lib.rs`, in its order.
fn order() -> Vec<String> {
    let lib = read("compiler/lib.rs");
    let modules = lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned));
    let modules: Vec<String> = modules.collect();
    assert!(modules.len() > 10);
    modules
}

/// Normal dependencies, as a path names them.
fn dependencies() -> BTreeSet<String> {
    let manifest = read("Cargo.toml");
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let names = section.lines().filter_map(|l| Some(l.split_once('=')?.0.trim().replace('-', "_")));
    // The one whose library has another name than its package.
    names.map(|n| if n == "md_5" { "md5".to_owned() } else { n }).collect()
}

/// Modules of the top level that a source names: `crate::x`, `crate::{x, y}`, and `super::…` that
/// leads out of its module.
fn named_modules(source: &Source) -> BTreeSet<String> {
    let depth = source.path.matches('/').count() + usize::from(!source.path.ends_with("/mod.rs"));
    let mut found = BTreeSet::new();
    for path in paths(&source.code) {
        let supers = path.iter().take_while(|p| *p == "super").count();
        let first = match path[0].as_str() {
            "crate" => 1,
            "super" if supers >= depth => supers,
            _ => continue,
        };
        found.extend(path.get(first).cloned());
    }
    found
}

/// Paths of two parts and more, with braces spread out: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("::") {
        let before = &rest[..at];
        let start = before
            .rfind(|c: char| !c.is_alphanumeric() && c != '_')
            .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        let root = &before[start..];
        let end = spread(&rest[at + 2..], vec![root.to_owned()], &mut out);
        rest = &rest[at + 2 + end..];
    }
    out.retain(|path| !path[0].is_empty());
    out
}

/// Reads what follows a `::`; returns where it ends.
fn spread(text: &str, so_far: Vec<String>, out: &mut Vec<Vec<String>>) -> usize {
    if let Some(inner) = text.strip_prefix('{') {
        let mut at = 0;
        loop {
            at += inner[at..].len() - inner[at..].trim_start().len();
            match inner[at..].chars().next() {
                None => return text.len(),
                Some('}') => return at + 2,
                Some(',') => at += 1,
                Some(c) if c.is_alphanumeric() || c == '_' => at += item(&inner[at..], &so_far, out),
                Some(c) => at += c.len_utf8(),
            }
        }
    }
    item(text, &so_far, out)
}

fn item(text: &str, so_far: &[String], out: &mut Vec<Vec<String>>) -> usize {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut path = so_far.to_vec();
    path.push(text[..end].to_owned());
    match text[end..].strip_prefix("::") {
        Some(after) => end + 2 + spread(after, path, out),
        None => {
            out.push(path);
            end
        }
    }
}

#[test]
fn paths_are_read_whole_and_braces_spread_out() {
    let text =
        "use crate::{a, b::{self, C}};\nfn x() { std::fs::read(p); let y: super::super::z::W = T::<u8>::new(); }";
    let found: Vec<String> = paths(text).into_iter().map(|p| p.join("::")).collect();
    assert_eq!(found, ["crate::a", "crate::b::self", "crate::b::C", "std::fs::read", "super::super::z::W", "T::"]);
}
