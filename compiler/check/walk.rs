//! Where in an object a check stands: the way down, its path in words, its origins.

use super::Finding;
use crate::diag::{Code, Origin};
use crate::object::{Kind, NodeId, ObjectId, Tree};
use std::fmt::Write as _;

/// An object being walked, and the nodes from its root to where the walk is.
pub(super) struct Walk<'a> {
    pub tree: &'a Tree,
    pub id: &'a ObjectId,
    pub way: Vec<NodeId>,
    pub found: &'a mut dyn FnMut(Finding),
}

impl Walk<'_> {
    /// Reports something about the node the walk is at.
    pub fn report(&mut self, code: &'static Code, make: impl FnOnce(Finding) -> Finding, what: String) {
        let finding = Finding::new(self.id, path(self.tree, &self.way), code, what);
        let tree = self.tree;
        let origins = self.way.iter().rev().map(|n| tree.origin(*n)).filter(|o| *o != Origin::INHERIT);
        let finding = make(finding).from(origins);
        (self.found)(finding);
    }

    /// Runs a check one node further down.
    pub fn down<R>(&mut self, node: NodeId, check: impl FnOnce(&mut Self) -> R) -> R {
        self.way.push(node);
        let result = check(self);
        self.way.pop();
        result
    }

    /// `spec.remoteWrite[0].url`, for messages.
    pub fn path(&self) -> String {
        path(self.tree, &self.way)
    }
}

fn path(tree: &Tree, way: &[NodeId]) -> String {
    let mut path = String::new();
    for pair in way.windows(2) {
        let [parent, node] = *pair else { continue };
        match tree.kind(parent) {
            Kind::Seq => {
                let index = tree.children(parent).position(|c| c == node).unwrap_or_default();
                let _ = write!(path, "[{index}]");
            }
            _ => push_key(&mut path, tree.key(node)),
        }
    }
    path
}

/// Appends a key to a path in words; keys with dots or slashes in brackets.
pub(super) fn push_key(path: &mut String, key: &str) {
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !plain {
        let _ = write!(path, "[\"{key}\"]");
    } else if path.is_empty() {
        path.push_str(key);
    } else {
        let _ = write!(path, ".{key}");
    }
}
