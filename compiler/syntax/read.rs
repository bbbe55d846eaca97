//! The texts of a spec to one document.

use super::block::{Block, Way};
use super::document::{Document, Object};
use super::faults::Faults;
use super::shape::Shape;
use super::{codes, kdl, text, yaml};
use crate::diag::{Diagnostic, FileId, Sink, Sources, Span};
use rayon::prelude::*;

/// What a file is written in, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Kdl,
    /// JSON included.
    Yaml,
}

impl Language {
    pub fn of(path: &str) -> Option<Language> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.rsplit_once('.')?.1 {
            "kdl" => Some(Language::Kdl),
            "yaml" | "yml" | "json" => Some(Language::Yaml),
            _ => None,
        }
    }
}

/// Reads every file of a spec and joins their top-level nodes. Never stops at the first fault: what
/// could be read is in the document, everything else in `sink`, in the order of the files.
pub fn read(sources: Sources, root: &'static Shape, sink: &mut Sink) -> Document {
    let ids: Vec<FileId> = sources.ids().collect();
    let files: Vec<(Object, Faults)> = ids.par_iter().map(|id| file(&sources, *id, root)).collect();
    let mut whole = Span::NONE;
    let mut block = Block::new(root);
    for (object, mut faults) in files {
        if whole.is_none() {
            whole = object.span;
        }
        for node in object.nodes {
            block.put(node, Way::Node, &mut faults);
        }
        sink.extend(faults.into_sink());
    }
    let complete = !sink.iter().any(|d| codes::UNREADABLE.contains(&d.code));
    Document { sources, root: block.finish(whole), complete }
}

fn file(sources: &Sources, id: FileId, root: &'static Shape) -> (Object, Faults) {
    let mut faults = Faults::default();
    let path = sources.path(id);
    let text = sources.text(id);
    let admitted = text::admit(path, text, id, &mut faults);
    let object = match Language::of(path) {
        _ if !admitted => Object { shape: root, span: Span::new(id, 0, 0), nodes: Vec::new() },
        Some(Language::Kdl) => kdl::read(text, id, root, &mut faults),
        Some(Language::Yaml) => yaml::read(text, id, root, &mut faults),
        None => {
            let what = format!("`{path}` is neither KDL nor YAML nor JSON");
            faults.push(Diagnostic::new(&codes::FILE_KIND, Span::new(id, 0, 0), what));
            Object { shape: root, span: Span::new(id, 0, 0), nodes: Vec::new() }
        }
    };
    (object, faults)
}
