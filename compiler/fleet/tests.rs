//! What people rely on when a spec is resolved, one rule at a time.

use super::*;
use crate::diag::{Severity, Sources};
use crate::syntax::read;

const TODAY: Date = Date { year: 2026, month: 11, day: 22 };

fn document(files: &[(&str, &str)]) -> (Document, Sink) {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(*path, *text);
    }
    let mut sink = Sink::default();
    let doc = read(sources, &ROOT, &mut sink);
    (doc, sink)
}

/// The fleet, and findings as `severity code "the text pointed at": what`.
fn resolved(text: &str) -> (Option<Fleet>, Vec<String>) {
    let (doc, mut sink) = document(&[("fleet.kdl", text)]);
    let fleet = resolve(&doc, &Catalog::builtin(), codes::ALL, TODAY, &mut sink);
    let found = sink.into_sorted();
    for d in &found {
        assert!(!d.why.is_empty() && !d.help.is_empty(), "{d:?}");
        assert!(d.labels.iter().all(|l| !l.span.is_none()), "{d:?}");
    }
    let found = found
        .iter()
        .map(|d| format!("{} {} {}: {}", d.severity.name(), d.code.id, doc.sources.slice(d.at), d.what))
        .collect();
    (fleet, found)
}

#[test]
fn the_five_fleets_resolve_as_far_as_they_are_compiled() {
    for (name, text) in [
        ("1-single", include_str!("../../tests/fleets/1-single.kdl")),
        ("2-resource-only", include_str!("../../tests/fleets/2-resource-only.kdl")),
        ("3-serving", include_str!("../../tests/fleets/3-serving.kdl")),
        ("4-shared", include_str!("../../tests/fleets/4-shared.kdl")),
        ("5-hero", include_str!("../../tests/fleets/5-hero.kdl")),
    ] {
        let (fleet, found) = resolved(text);
        assert!(fleet.is_some(), "{name}");
        let other: Vec<&String> = found.iter().filter(|f| !f.contains("REF134")).collect();
        assert!(other.is_empty(), "{name}: {other:#?}");
        println!("{name}: {found:#?}");
    }
    let _ = Severity::Error;
}
