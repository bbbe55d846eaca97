//! Rust grows by capability, never by job: no name of a catalog entry stands in the compiler.

use super::sources;
use watershed::catalog::{Catalog, Kind};

/// Names of entries that are words of the language or of Kubernetes first, and mean those where they
/// stand in the compiler.
const WORDS: &[&str] = &[
    // A key of the language, an image, a component with a version.
    "prometheus",
    // A key of the language.
    "alertmanager",
    // A key of the language, the name of what it makes.
    "relay",
    // The component whose field tables objects are checked with.
    "prometheus-operator",
    // A kind of reader, a key of the language.
    "grafana",
    // The node that a spec begins with.
    "fleet",
    // A kind of store.
    "remote-write",
    // What jobs name and templates are given; the pack is called after it.
    "peaks",
];

#[test]
fn no_name_of_a_catalog_entry_stands_in_the_compiler() {
    let catalog = Catalog::builtin();
    let names: Vec<&str> = Kind::ALL.into_iter().flat_map(|kind| catalog.names(kind)).collect();
    let not_yet = catalog.not_yet();
    let all: Vec<&str> = names.into_iter().chain(not_yet.jobs.iter().map(String::as_str)).collect();
    assert!(all.contains(&"node-exporter") && all.contains(&"minio"), "{all:?}");
    let mut wrong = Vec::new();
    for source in sources::all() {
        // Names under which components write into objects of others, and of containers that they put there.
        if source.path.ends_with("diff/live/known.rs") {
            continue;
        }
        for text in source.strings.iter().map(String::as_str) {
            if all.contains(&text) && !WORDS.contains(&text) {
                wrong.push(format!("compiler/{} says \"{text}\"", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
