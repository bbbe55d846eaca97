//! An arena of small nodes. Absent and empty are different from end to end.

use crate::diag::Origin;

/// Many documents in one arena; cleared and reused from object to object.
#[derive(Debug, Default, Clone)]
pub struct Tree {
    nodes: Vec<Node>,
    text: String,
}

/// Index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Node {
    kind: Kind,
    origin: Origin,
    /// Key in the parent map; empty for items of sequences and roots.
    key: Text,
    value: Raw,
    next: u32,
    child: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Text {
    start: u32,
    len: u32,
}

#[derive(Debug, Clone, Copy)]
enum Raw {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Text),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Str,
    Map,
    Seq,
    /// A document inside a string: one child, rendered into a string of this format when written.
    Embedded(Format),
}

/// Formats of documents inside strings (ConfigMap data, values files).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Yaml,
}

/// What a node holds, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'t> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'t str),
    Map,
    Seq,
    Embedded(Format),
}

impl Tree {
    pub fn new() -> Self {
        Tree::default()
    }

    /// Forgets all documents, keeps the memory.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.text.clear();
    }

    /// Adds a node without a parent.
    pub fn add(&mut self, key: &str, value: Value<'_>, origin: Origin) -> NodeId {
        let key = self.intern(key);
        let (kind, value) = self.raw(value);
        self.nodes.push(Node { kind, origin, key, value, next: NONE, child: NONE });
        NodeId(self.nodes.len() as u32 - 1)
    }

    fn raw(&mut self, value: Value<'_>) -> (Kind, Raw) {
        match value {
            Value::Null => (Kind::Null, Raw::None),
            Value::Bool(b) => (Kind::Bool, Raw::Bool(b)),
            Value::Int(i) => (Kind::Int, Raw::Int(i)),
            Value::Float(f) => (Kind::Float, Raw::Float(f)),
            Value::Str(s) => (Kind::Str, Raw::Text(self.intern(s))),
            Value::Map => (Kind::Map, Raw::None),
            Value::Seq => (Kind::Seq, Raw::None),
            Value::Embedded(f) => (Kind::Embedded(f), Raw::None),
        }
    }

    /// Links `child` as the first child of `parent` (`after` = `None`) or behind its sibling.
    pub fn link(&mut self, parent: NodeId, after: Option<NodeId>, child: NodeId) {
        match after {
            None => {
                self.nodes[child.0 as usize].next = self.nodes[parent.0 as usize].child;
                self.nodes[parent.0 as usize].child = child.0;
            }
            Some(sibling) => {
                self.nodes[child.0 as usize].next = self.nodes[sibling.0 as usize].next;
                self.nodes[sibling.0 as usize].next = child.0;
            }
        }
    }

    /// Takes `child` out of `parent`; its nodes stay in the arena, unreachable.
    pub fn unlink(&mut self, parent: NodeId, child: NodeId) {
        let next = self.nodes[child.0 as usize].next;
        let before = self.children(parent).find(|c| self.nodes[c.0 as usize].next == child.0);
        match before {
            Some(before) => self.nodes[before.0 as usize].next = next,
            None => self.nodes[parent.0 as usize].child = next,
        }
        self.nodes[child.0 as usize].next = NONE;
    }

    pub fn kind(&self, node: NodeId) -> Kind {
        self.nodes[node.0 as usize].kind
    }

    pub fn origin(&self, node: NodeId) -> Origin {
        self.nodes[node.0 as usize].origin
    }

    pub fn set_origin(&mut self, node: NodeId, origin: Origin) {
        self.nodes[node.0 as usize].origin = origin;
    }

    pub fn key(&self, node: NodeId) -> &str {
        self.str(self.nodes[node.0 as usize].key)
    }

    pub fn value(&self, node: NodeId) -> Value<'_> {
        let n = &self.nodes[node.0 as usize];
        match (n.kind, n.value) {
            (Kind::Map, _) => Value::Map,
            (Kind::Seq, _) => Value::Seq,
            (Kind::Embedded(f), _) => Value::Embedded(f),
            (_, Raw::Bool(b)) => Value::Bool(b),
            (_, Raw::Int(i)) => Value::Int(i),
            (_, Raw::Float(f)) => Value::Float(f),
            (_, Raw::Text(t)) => Value::Str(self.str(t)),
            (_, Raw::None) => Value::Null,
        }
    }

    pub fn as_str(&self, node: NodeId) -> Option<&str> {
        match self.value(node) {
            Value::Str(s) => Some(s),
            _ => None,
        }
    }

    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let first = self.nodes[node.0 as usize].child;
        std::iter::successors((first != NONE).then_some(NodeId(first)), |n| {
            let next = self.nodes[n.0 as usize].next;
            (next != NONE).then_some(NodeId(next))
        })
    }

    /// No children: an empty map or list, or a scalar.
    pub fn is_empty(&self, node: NodeId) -> bool {
        self.nodes[node.0 as usize].child == NONE
    }

    pub fn get(&self, map: NodeId, key: &str) -> Option<NodeId> {
        self.children(map).find(|c| self.key(*c) == key)
    }

    /// Follows keys down through maps.
    pub fn at(&self, mut node: NodeId, path: &[&str]) -> Option<NodeId> {
        for key in path {
            node = self.get(node, key)?;
        }
        Some(node)
    }

    /// Replaces what a node holds; key, origin and place among its siblings stay. Children are
    /// dropped.
    pub fn set_value(&mut self, node: NodeId, value: Value<'_>) {
        let (kind, value) = self.raw(value);
        let n = &mut self.nodes[node.0 as usize];
        (n.kind, n.value, n.child) = (kind, value, NONE);
    }

    /// Puts what `with` holds, and its origin, in place of what `node` holds; `with` is left empty.
    pub fn replace(&mut self, node: NodeId, with: NodeId) {
        let Node { kind, value, child, origin, .. } = self.nodes[with.0 as usize];
        let n = &mut self.nodes[node.0 as usize];
        (n.kind, n.value, n.child, n.origin) = (kind, value, child, origin);
        self.nodes[with.0 as usize].child = NONE;
    }

    /// Links `child` as the last child of `parent`.
    pub fn append(&mut self, parent: NodeId, child: NodeId) {
        let last = self.children(parent).last();
        self.link(parent, last, child);
    }

    /// A deep copy of a node of another tree under a new key.
    pub fn copy(&mut self, from: &Tree, node: NodeId, key: &str) -> NodeId {
        self.copy_from(from, node, key, &mut |origin| origin)
    }

    /// A deep copy with other origins.
    pub fn copy_from(
        &mut self,
        from: &Tree,
        node: NodeId,
        key: &str,
        origin: &mut dyn FnMut(Origin) -> Origin,
    ) -> NodeId {
        let root = self.add(key, from.value(node), origin(from.origin(node)));
        let mut last = None;
        for child in from.children(node) {
            let copied = self.copy_from(from, child, from.key(child), origin);
            self.link(root, last, copied);
            last = Some(copied);
        }
        root
    }

    fn intern(&mut self, s: &str) -> Text {
        let start = self.text.len() as u32;
        self.text.push_str(s);
        Text { start, len: s.len() as u32 }
    }

    fn str(&self, t: Text) -> &str {
        &self.text[t.start as usize..(t.start + t.len) as usize]
    }
}
