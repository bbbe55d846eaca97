//! Typed building of trees: keys in the order they are called.

use super::tree::{Format, NodeId, Tree, Value};
use crate::diag::Origin;

/// A cursor in a map or a sequence. In a sequence the key is empty.
///
/// ```
/// use watershed::object::{Build, Tree};
/// let mut tree = Tree::new();
/// let root = Build::map(&mut tree, |o| {
///     o.str("kind", "Service");
///     o.object("metadata", |m| m.str("name", "user"));
///     o.list("ports", |ports| ports.object("", |p| p.int("port", 9090)));
/// });
/// assert_eq!(tree.as_str(tree.at(root, &["metadata", "name"]).unwrap()), Some("user"));
/// ```
pub struct Build<'t> {
    tree: &'t mut Tree,
    parent: NodeId,
    last: Option<NodeId>,
    origin: Origin,
}

impl<'t> Build<'t> {
    /// A new root map.
    pub fn map(tree: &'t mut Tree, f: impl FnOnce(&mut Build<'_>)) -> NodeId {
        let root = tree.add("", Value::Map, Origin::INHERIT);
        f(&mut Build { tree, parent: root, last: None, origin: Origin::INHERIT });
        root
    }

    /// The next value gets this origin.
    pub fn from(&mut self, origin: Origin) -> &mut Self {
        self.origin = origin;
        self
    }

    pub fn value(&mut self, key: &str, value: Value<'_>) -> NodeId {
        let node = self.tree.add(key, value, std::mem::take(&mut self.origin));
        self.tree.link(self.parent, self.last, node);
        self.last = Some(node);
        node
    }

    pub fn str(&mut self, key: &str, value: impl AsRef<str>) {
        self.value(key, Value::Str(value.as_ref()));
    }

    pub fn int(&mut self, key: &str, value: i64) {
        self.value(key, Value::Int(value));
    }

    pub fn bool(&mut self, key: &str, value: bool) {
        self.value(key, Value::Bool(value));
    }

    /// A map under `key` (an item of a sequence with an empty key).
    pub fn object(&mut self, key: &str, f: impl FnOnce(&mut Build<'_>)) {
        self.nested(key, Value::Map, f);
    }

    pub fn list(&mut self, key: &str, f: impl FnOnce(&mut Build<'_>)) {
        self.nested(key, Value::Seq, f);
    }

    /// A list of strings.
    pub fn strs<S: AsRef<str>>(&mut self, key: &str, items: impl IntoIterator<Item = S>) {
        self.list(key, |l| items.into_iter().for_each(|i| l.str("", i)));
    }

    /// A map of strings.
    pub fn str_map<K: AsRef<str>, V: AsRef<str>>(&mut self, key: &str, items: impl IntoIterator<Item = (K, V)>) {
        self.object(key, |m| items.into_iter().for_each(|(k, v)| m.str(k.as_ref(), v)));
    }

    /// A string that holds a document of its own; `f` builds its root map.
    pub fn embedded(&mut self, key: &str, format: Format, f: impl FnOnce(&mut Build<'_>)) {
        self.nested(key, Value::Embedded(format), |e| e.object("", f));
    }

    /// A string that holds a document of any kind; `f` adds its root, once, under an empty key.
    pub fn document(&mut self, key: &str, format: Format, f: impl FnOnce(&mut Build<'_>)) {
        self.nested(key, Value::Embedded(format), f);
    }

    /// A deep copy of a node of another tree.
    pub fn copy(&mut self, key: &str, from: &Tree, node: NodeId) {
        let copied = self.tree.copy(from, node, key);
        self.tree.link(self.parent, self.last, copied);
        self.last = Some(copied);
    }

    fn nested(&mut self, key: &str, value: Value<'_>, f: impl FnOnce(&mut Build<'_>)) {
        let node = self.value(key, value);
        f(&mut Build { tree: self.tree, parent: node, last: None, origin: Origin::INHERIT });
    }
}
