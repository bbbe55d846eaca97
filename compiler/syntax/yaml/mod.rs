//! The YAML front end; JSON is read by it too.

pub(super) mod load;
mod map;
pub(super) mod scalar;

use super::codes;
use super::document::Object;
use super::faults::Faults;
use super::shape::Shape;
use super::text::{MAX_COLLECTIONS, MAX_VALUES};
use crate::diag::{Diagnostic, FileId, Span};
use load::{Broken, Content, Limits, Stream, Yaml};

/// The top-level nodes of a text.
pub(super) fn read(text: &str, file: FileId, root: &'static Shape, faults: &mut Faults) -> Object {
    let stream = load::load(text, Limits { depth: MAX_COLLECTIONS, nodes: MAX_VALUES });
    let whole = Span::new(file, 0, text.len());
    refuse_features(&stream, text, file, faults);
    if let Some(error) = &stream.error {
        faults.push(broken(error, text, file));
    }
    let mut reader = map::Reader { text, file, root, faults };
    match stream.documents.into_iter().find_map(|d| d.root) {
        Some(top) if !is_empty(&top) => reader.top(&top, whole),
        _ => Object { shape: root, span: whole, nodes: Vec::new() },
    }
}

fn is_empty(node: &Yaml) -> bool {
    matches!(&node.content, Content::Scalar { text, plain: true } if text.is_empty()) && node.tag.is_none()
}

/// Directives and further documents; anchors, aliases and tags are met while reading.
fn refuse_features(stream: &Stream, text: &str, file: FileId, faults: &mut Faults) {
    for range in &stream.directives {
        let at = Span::new(file, range.start, range.end);
        faults.push(
            Diagnostic::new(&codes::YAML_FEATURE, at, "YAML directives are not read in a spec")
                .help("remove the line; specs are YAML 1.2"),
        );
    }
    // An empty document at the end is what a closing `---` or `...` leaves.
    let full: Vec<&load::Document> =
        stream.documents.iter().filter(|d| d.root.as_ref().is_some_and(|r| !is_empty(r))).collect();
    for document in full.iter().skip(1) {
        let end = text[document.start..].find('\n').map_or(text.len(), |n| document.start + n);
        let at = Span::new(file, document.start, end.min(document.start + 3));
        faults.push(
            Diagnostic::new(&codes::YAML_FEATURE, at, "a second document begins here")
                .why("a file of a spec is one document; of several, other tools would read the first only")
                .help("remove the `---`, or move what follows to a file of its own"),
        );
    }
}

pub(super) fn broken(error: &Broken, text: &str, file: FileId) -> Diagnostic {
    let point = |at: &usize| {
        let end = text[*at..].chars().next().filter(|c| !c.is_control()).map_or(0, char::len_utf8);
        Span::new(file, *at, at + end)
    };
    match error {
        Broken::Syntax { at, message } => {
            let found = Diagnostic::new(&codes::YAML, point(at), format!("this is not YAML: {message}"));
            let line = text[..*at].rfind('\n').map_or(0, |n| n + 1);
            if text[line..].trim_start_matches(' ').starts_with('\t') {
                return found.help("YAML is indented with spaces; replace the tab");
            }
            found
        }
        Broken::TooDeep { at } => Diagnostic::new(
            &codes::TOO_DEEP,
            point(at),
            format!("lists and maps are nested more than {MAX_COLLECTIONS} levels deep"),
        )
        .help("remove the nesting; no key of the language needs more than a few levels"),
        Broken::TooLarge { at } => {
            Diagnostic::new(&codes::TOO_LARGE, point(at), format!("this file has more than {MAX_VALUES} values"))
        }
    }
}
