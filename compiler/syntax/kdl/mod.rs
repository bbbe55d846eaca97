//! The KDL front end.

pub(super) mod lexer;
mod map;
mod free;
pub(super) mod parser;
mod report;
pub(super) mod value;

use super::block::Block;
use super::document::Object;
use super::faults::Faults;
use super::shape::Shape;
use crate::diag::{FileId, Span};

/// Keys of lists whose items may hold spaces (rule 3 of §4): never split, and so never properties.
pub(super) const SPACED: [&str; 5] = ["args", "catalog", "queries", "remove", "fields"];

/// The top-level nodes of a text.
pub(super) fn read(text: &str, file: FileId, root: &'static Shape, faults: &mut Faults) -> Object {
    let statements = parser::parse(text, file, faults).nodes;
    let mut reader = map::Reader { root, faults };
    let mut block = Block::new(root);
    reader.nodes(&mut block, root, &statements);
    block.finish(Span::new(file, 0, text.len()))
}
