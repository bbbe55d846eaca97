//! What people rely on when a spec is resolved, one rule at a time: which rule, and the very text
//! it points at.

mod explaining;
mod inheriting;
mod referring;
mod resolving;
mod routing;

use super::*;
use crate::diag::{Diagnostic, Sources};
use crate::{spec, syntax};

const TODAY: Date = Date { year: 2026, month: 11, day: 22 };

fn document(text: &str, sink: &mut Sink) -> Document {
    let mut sources = Sources::default();
    sources.add("fleet.kdl", text);
    syntax::read(sources, &ROOT, sink)
}

/// Reads, checks and resolves a spec.
fn run(text: &str) -> (Option<Fleet>, Document, Vec<Diagnostic>) {
    let mut sink = Sink::default();
    let doc = document(text, &mut sink);
    spec::check(&doc, &mut sink);
    let fleet = resolve(&doc, &Catalog::builtin(), codes::ALL, TODAY, &mut sink);
    let found = sink.into_sorted();
    for d in &found {
        assert!(!d.why.is_empty() && !d.help.is_empty(), "{d:?}");
        assert!(!d.at.is_none() && d.labels.iter().all(|l| !l.span.is_none()), "{d:?}");
    }
    (fleet, doc, found)
}

/// What is found, as `REF101 "text pointed at"`, in the order of the text.
fn found(text: &str) -> Vec<String> {
    let (_, doc, found) = run(text);
    found.iter().map(|d| format!("{} {}", d.code.id, doc.sources.slice(d.at))).collect()
}

/// The one finding of a spec that has one.
fn only(text: &str) -> (Diagnostic, Document) {
    let (_, doc, mut found) = run(text);
    assert_eq!(found.len(), 1, "{found:#?}");
    (found.remove(0), doc)
}

/// The texts under the secondary places of a finding.
fn shows<'d>(doc: &'d Document, found: &Diagnostic) -> Vec<&'d str> {
    found.labels.iter().map(|l| doc.sources.slice(l.span)).collect()
}

/// The fleet of a spec without any finding.
fn sound(text: &str) -> Fleet {
    let (fleet, doc, found) = run(text);
    let found: Vec<_> = found.iter().map(|d| (d.code.id, doc.sources.slice(d.at), &d.what)).collect();
    assert!(found.is_empty(), "{found:#?}");
    fleet.unwrap()
}

fn cluster<'f>(fleet: &'f Fleet, name: &str) -> &'f Cluster {
    fleet.clusters.iter().find(|c| c.name == name).unwrap()
}

/// The smallest fleet block that lets a cluster be.
const FLEET: &str = r#"
fleet "f" language=1 {
    versions kubernetes="1.34"
    nodes 4
    prometheus "user" {
        rest
        retention "7d"
        storage "10Gi"
    }
}
"#;

fn with(rest: &str) -> String {
    format!("{FLEET}{rest}")
}

/// A fleet block with these settings, and one cluster.
fn fleet_of(settings: &str) -> String {
    format!("fleet \"f\" language=1 {{\n versions kubernetes=\"1.34\"\n nodes 4\n{settings}\n}}\ncluster \"c\"\n")
}

const USER: &str = "prometheus \"user\" {\n rest\n retention \"7d\"\n storage \"10Gi\"\n}\n";
