//! One file in the other form: the same data, to the last difference of absent, empty and null.
//!
//! Children stand in the order of their shape's keys; comments go with the node they stand above
//! or behind. What a conversion cannot keep is the spelling of numbers (`3_000_000`).

mod kdl;
mod parts;
mod yaml;

use super::compare::same_data;
use super::document::Document;
use super::read::{Language, read};
use super::{codes, comments};
use crate::diag::{Diagnostic, Sink, Sources, Span};
use parts::Part;

/// The document in YAML.
///
/// `document` is one file that was read without errors: of several joined files nobody could say
/// which comment belongs where.
///
/// # Errors
/// See [`to_kdl`].
pub fn to_yaml(document: &Document) -> Result<String, Box<Diagnostic>> {
    checked(document, "converted.yaml", yaml::print(&parts(document)))
}

/// The document in KDL.
///
/// # Errors
/// The result is read again and compared. If it is not the same data (a free tree may hold what KDL
/// cannot, an object with a key `-` or more levels than a file may have), nothing is returned but a
/// diagnostic that says so.
pub fn to_kdl(document: &Document) -> Result<String, Box<Diagnostic>> {
    checked(document, "converted.kdl", kdl::print(&parts(document)))
}

/// The nodes of a document with the comments that go with them.
fn parts(document: &Document) -> Part<'_> {
    let mut root = Part::root(document);
    for file in document.sources.ids() {
        let text = document.sources.text(file);
        if let Some(language) = Language::of(document.sources.path(file)) {
            root.attach(text, comments::of(text, language), language);
        }
    }
    root
}

fn checked(document: &Document, path: &str, text: String) -> Result<String, Box<Diagnostic>> {
    let mut sources = Sources::default();
    sources.add(path, text.clone());
    let mut sink = Sink::default();
    let again = read(sources, document.root.shape, &mut sink);
    if !sink.has_errors() && same_data(document, &again) {
        return Ok(text);
    }
    let found = sink.into_sorted();
    let why = found.first().map_or(String::new(), |d| format!(" ({})", d.what));
    let at = document.root.nodes.first().map_or(Span::NONE, |n| n.key_span);
    Err(Box::new(Diagnostic::new(
        &codes::UNCONVERTIBLE,
        at,
        format!("this file cannot be written in the other form{why}"),
    )))
}
