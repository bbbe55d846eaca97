//! Documents inside strings: dashboards, rule files, relabel configs in ConfigMaps and values.

use std::borrow::Cow;

use super::Side;
use crate::object::{Kind, NodeId, Tree, Value};

/// A document inside a string: part of the tree the string stands in, or read from its text.
pub(super) enum Document<'t> {
    There(Side<'t>),
    Read(Box<Tree>, NodeId),
}

impl Document<'_> {
    pub(super) fn side(&self) -> Side<'_> {
        match self {
            Document::There(side) => *side,
            Document::Read(tree, root) => Side { tree, root: *root },
        }
    }
}

/// The text that a string or an embedded document is written as.
pub(super) fn text<'t>(side: Side<'t>) -> Cow<'t, str> {
    match side.tree.value(side.root) {
        Value::Str(text) => Cow::Borrowed(text),
        _ => {
            let mut text = String::new();
            side.tree.render_embedded(side.root, &mut text);
            Cow::Owned(text)
        }
    }
}

/// The map or list that a string holds, if it is of a format we read. `key` is what the string
/// stands under.
pub(super) fn document<'t>(
    side: Side<'t>,
    key: &str,
    parse: &dyn Fn(&str, &mut Tree) -> Option<Vec<NodeId>>,
) -> Option<Document<'t>> {
    if let Kind::Embedded(_) = side.tree.kind(side.root) {
        let root = side.tree.children(side.root).next()?;
        return Some(Document::There(side.at(root)));
    }
    let text = text(side);
    if !worth_reading(key, &text) {
        return None;
    }
    let mut tree = Box::new(Tree::new());
    match parse(&text, &mut tree)?[..] {
        [root] if matches!(tree.kind(root), Kind::Map | Kind::Seq) => Some(Document::Read(tree, root)),
        _ => None,
    }
}

/// Prose and PromQL can look like YAML too, so the key or the first character has to say it.
fn worth_reading(key: &str, text: &str) -> bool {
    let named = [".json", ".yaml", ".yml"].iter().any(|ending| key.ends_with(ending));
    named || (text.starts_with(['{', '[']) && text.trim_end().ends_with(['}', ']']))
}
