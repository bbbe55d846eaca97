//! Joining the nodes of one block: what repetition means for each shape, and when it is a fault.

use super::codes;
use super::document::{Data, Named, Node, Object, Scalar, Spanned};
use super::faults::Faults;
use super::shape::Shape;
use crate::diag::{Diagnostic, Span};
use std::collections::BTreeMap;

/// How a key came to stand in its block. Only nodes of their own may repeat a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Argument,
    Property,
    Node,
}

/// The names of a set, or the keys of a map, with their places.
type Seen = BTreeMap<String, Span>;

/// A block being read.
pub(super) struct Block {
    shape: &'static Shape,
    nodes: Vec<Node>,
    ways: Vec<Way>,
    seen: Vec<Seen>,
}

impl Block {
    pub fn new(shape: &'static Shape) -> Self {
        Block { shape, nodes: Vec::new(), ways: Vec::new(), seen: Vec::new() }
    }

    /// Adds a node, or what it holds to the node of the same key that stands here already.
    pub fn put(&mut self, mut node: Node, way: Way, faults: &mut Faults) {
        let Some(i) = self.nodes.iter().position(|n| std::ptr::eq(n.key, node.key)) else {
            let mut seen = Seen::new();
            unique(&mut node.data, node.key.name, &mut seen, faults);
            self.nodes.push(node);
            self.ways.push(way);
            self.seen.push(seen);
            return;
        };
        let first = &mut self.nodes[i];
        let joined = way == Way::Node && self.ways[i] == Way::Node;
        if !joined || !may_join(&first.data, &node.data) {
            faults.push(repeated(first, &node, joined));
            return;
        }
        unique(&mut node.data, node.key.name, &mut self.seen[i], faults);
        match (&mut first.data, node.data) {
            (Data::List(all), Data::List(more)) => all.extend(more),
            (Data::Map(all), Data::Map(more)) => all.extend(more),
            (Data::Named(all), Data::Named(more)) => all.extend(more),
            (Data::Repeated(all), Data::Repeated(more)) => all.extend(more),
            _ => {}
        }
    }

    pub fn finish(self, span: Span) -> Object {
        Object { shape: self.shape, span, nodes: self.nodes }
    }
}

fn may_join(first: &Data, second: &Data) -> bool {
    matches!(
        (first, second),
        (Data::List(_), Data::List(_))
            | (Data::Map(_), Data::Map(_))
            | (Data::Named(_), Data::Named(_))
            | (Data::Repeated(_), Data::Repeated(_))
    )
}

fn repeated(first: &Node, second: &Node, as_nodes: bool) -> Diagnostic {
    let key = first.key.name;
    let null = matches!(first.data, Data::Null) || matches!(second.data, Data::Null);
    let found = Diagnostic::new(&codes::DUPLICATE, second.key_span, format!("`{key}` is given twice"))
        .here("again here")
        .label(first.key_span, format!("`{key}` is first given here"));
    if null && as_nodes {
        found.help(format!(
            "null drops the inherited `{key}` and gives nothing in its place; keep the one that is meant"
        ))
    } else if !as_nodes && may_join(&first.data, &second.data) {
        found.help(format!("give all of `{key}` in one way: as a property, or as nodes of their own in the block"))
    } else {
        found
    }
}

/// Reports what is in `seen` already, and takes it out.
fn unique(data: &mut Data, key: &str, seen: &mut Seen, faults: &mut Faults) {
    match data {
        Data::Named(members) => members.retain(|m| first_of(seen, &m.name, |at| name_twice(key, &m.name, at), faults)),
        Data::Map(entries) => entries.retain(|(k, _)| first_of(seen, k, |at| key_twice(k, at), faults)),
        _ => {}
    }
}

fn first_of(
    seen: &mut Seen,
    word: &Spanned<String>,
    fault: impl FnOnce(Span) -> Diagnostic,
    faults: &mut Faults,
) -> bool {
    match seen.get(&word.value) {
        Some(at) => {
            faults.push(fault(*at));
            false
        }
        None => {
            seen.insert(word.value.clone(), word.span);
            true
        }
    }
}

/// A name that stands twice in a named set.
pub(super) fn name_twice(key: &str, name: &Spanned<String>, first: Span) -> Diagnostic {
    Diagnostic::new(&codes::DUPLICATE_NAME, name.span, format!("{key} `{}` stands twice", name.value))
        .here("again here")
        .label(first, format!("`{}` first stands here", name.value))
}

/// A key of a map or of a free tree that stands there twice.
pub(super) fn key_twice(key: &Spanned<String>, first: Span) -> Diagnostic {
    Diagnostic::new(&codes::DUPLICATE, key.span, format!("`{}` is given twice", key.value))
        .here("again here")
        .label(first, "first given here")
}

/// A member of a named set whose object is the given one.
pub(super) fn member(name: Spanned<String>, object: Option<Object>, span: Span) -> Named {
    Named { name, object, span }
}

/// What kind of value stands somewhere, for messages.
pub(super) fn kind_of(scalar: &Scalar) -> &'static str {
    match scalar {
        Scalar::Null => "null",
        Scalar::Bool(_) => "a boolean",
        Scalar::Int(_) | Scalar::Float(_) => "a number",
        Scalar::Str(_) => "a string",
    }
}
