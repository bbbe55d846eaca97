//! Looking things up, comparing and changing them: JSON pointers, equality, conversions.

use super::tree::{Format, Kind, NodeId, Tree, Value};
use super::{json, yaml};
use crate::diag::Origin;

impl Tree {
    /// Equal by value: order of lists counts, order of maps does not, `1` and `1.0` are one number.
    /// Origins and a node's own key do not matter. An embedded document equals only an embedded one
    /// of the same format.
    pub fn same(&self, node: NodeId, other: &Tree, with: NodeId) -> bool {
        match (self.value(node), other.value(with)) {
            (Value::Map, Value::Map) => {
                let mut count = 0;
                self.children(node).all(|c| {
                    count += 1;
                    other.get(with, self.key(c)).is_some_and(|o| self.same(c, other, o))
                }) && count == other.children(with).count()
            }
            (Value::Seq, Value::Seq) => self.same_items(node, other, with),
            (Value::Embedded(a), Value::Embedded(b)) => a == b && self.same_items(node, other, with),
            (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => a as f64 == b,
            (a, b) => a == b,
        }
    }

    fn same_items(&self, node: NodeId, other: &Tree, with: NodeId) -> bool {
        let mut theirs = other.children(with);
        self.children(node).all(|mine| theirs.next().is_some_and(|t| self.same(mine, other, t)))
            && theirs.next().is_none()
    }

    /// The node a JSON pointer (RFC 6901) names, below `root`. Pointers step into embedded documents
    /// as if they were maps: `/data/prometheus.yaml/scrape_configs/0`.
    pub fn pointer(&self, root: NodeId, pointer: &str) -> Option<NodeId> {
        self.pointer_with_parent(root, pointer).map(|(_, node)| node)
    }

    /// The same, with the map, list or embedded document it stands in (`root` for itself).
    pub fn pointer_with_parent(&self, root: NodeId, pointer: &str) -> Option<(NodeId, NodeId)> {
        let (mut parent, mut node) = (root, root);
        for token in tokens(pointer)? {
            parent = self.document(node);
            node = match self.kind(parent) {
                Kind::Map => self.get(parent, &token)?,
                Kind::Seq => self.children(parent).nth(index(&token)?)?,
                _ => return None,
            };
        }
        Some((parent, node))
    }

    /// Takes out what a JSON pointer names; false where there is nothing, or for the root itself.
    pub fn remove(&mut self, root: NodeId, pointer: &str) -> bool {
        match self.pointer_with_parent(root, pointer) {
            Some((parent, node)) if parent != node => {
                self.unlink(parent, node);
                true
            }
            _ => false,
        }
    }

    /// Sets a value at a JSON pointer, making the maps on the way; the last token of a list may be
    /// `-`, for its end. `None` where a scalar or a missing list item is in the way.
    pub fn set(&mut self, root: NodeId, pointer: &str, value: Value<'_>, origin: Origin) -> Option<NodeId> {
        let mut node = root;
        for token in tokens(pointer)? {
            let parent = self.document(node);
            let found = match self.kind(parent) {
                Kind::Map => self.get(parent, &token),
                Kind::Seq if token == "-" => None,
                Kind::Seq => Some(self.children(parent).nth(index(&token)?)?),
                _ => return None,
            };
            node = found.unwrap_or_else(|| {
                let key = if self.kind(parent) == Kind::Map { token.as_str() } else { "" };
                let made = self.add(key, Value::Map, origin);
                self.append(parent, made);
                made
            });
        }
        self.set_value(node, value);
        self.set_origin(node, origin);
        Some(node)
    }

    /// The root of an embedded document; any other node itself.
    pub fn document(&self, node: NodeId) -> NodeId {
        match self.kind(node) {
            Kind::Embedded(_) => self.children(node).next().unwrap_or(node),
            _ => node,
        }
    }

    /// Appends the text that an embedded document is written as.
    pub fn render_embedded(&self, node: NodeId, out: &mut String) {
        let document = self.document(node);
        match self.kind(node) {
            Kind::Embedded(Format::Json) if document != node => json::write(self, document, true, out),
            Kind::Embedded(Format::Yaml) if document != node => yaml::write(self, document, out),
            _ => {}
        }
    }

    /// As a `serde_json` value; embedded documents as the strings they are written as.
    pub fn to_json(&self, node: NodeId) -> serde_json::Value {
        match self.value(node) {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => b.into(),
            Value::Int(i) => i.into(),
            Value::Float(f) => f.into(),
            Value::Str(s) => s.into(),
            Value::Map => self.children(node).map(|c| (self.key(c).to_owned(), self.to_json(c))).collect(),
            Value::Seq => self.children(node).map(|c| self.to_json(c)).collect(),
            Value::Embedded(_) => {
                let mut text = String::new();
                self.render_embedded(node, &mut text);
                text.into()
            }
        }
    }

    /// Adds a `serde_json` value as a node without a parent. Numbers beyond 64 bits become floats.
    pub fn add_json(&mut self, key: &str, value: &serde_json::Value, origin: Origin) -> NodeId {
        match value {
            serde_json::Value::Null => self.add(key, Value::Null, origin),
            serde_json::Value::Bool(b) => self.add(key, Value::Bool(*b), origin),
            serde_json::Value::Number(n) => {
                let value = n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap_or(f64::NAN)), Value::Int);
                self.add(key, value, origin)
            }
            serde_json::Value::String(s) => self.add(key, Value::Str(s), origin),
            serde_json::Value::Array(items) => {
                let node = self.add(key, Value::Seq, origin);
                self.add_children(node, items.iter().map(|i| ("", i)));
                node
            }
            serde_json::Value::Object(entries) => {
                let node = self.add(key, Value::Map, origin);
                self.add_children(node, entries.iter().map(|(k, v)| (k.as_str(), v)));
                node
            }
        }
    }

    fn add_children<'v>(&mut self, parent: NodeId, values: impl Iterator<Item = (&'v str, &'v serde_json::Value)>) {
        let mut last = None;
        for (key, value) in values {
            let child = self.add_json(key, value, Origin::INHERIT);
            self.link(parent, last, child);
            last = Some(child);
        }
    }
}

/// One token of a JSON pointer, escaped.
pub fn escape_token(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// The tokens of a JSON pointer, unescaped; `None` where it does not begin with `/`.
fn tokens(pointer: &str) -> Option<impl Iterator<Item = String> + '_> {
    let rest = if pointer.is_empty() { None } else { Some(pointer.strip_prefix('/')?) };
    Some(rest.into_iter().flat_map(|r| r.split('/')).map(|t| t.replace("~1", "/").replace("~0", "~")))
}

fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    if canonical && token.bytes().all(|b| b.is_ascii_digit()) { token.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Build;
    use serde_json::json;

    fn tree(value: serde_json::Value) -> (Tree, NodeId) {
        let mut tree = Tree::new();
        let root = tree.add_json("", &value, Origin::INHERIT);
        (tree, root)
    }

    #[test]
    fn json_survives_the_way_through_a_tree() {
        let value = json!({"a": [1, -2.5, null, true, "x", {}, []], "b": {"c": {"d": u64::MAX as f64}}});
        let (t, root) = tree(value.clone());
        assert_eq!(t.to_json(root), value);
    }

    #[test]
    fn equality_is_that_of_values() {
        let (a, ra) = tree(json!({"x": 1, "y": [1, 2]}));
        for (other, same) in [
            (json!({"y": [1.0, 2], "x": 1}), true),
            (json!({"y": [2, 1], "x": 1}), false),
            (json!({"y": [1, 2]}), false),
            (json!({"x": 1, "y": [1, 2], "z": null}), false),
            (json!({"x": "1", "y": [1, 2]}), false),
            (json!({"x": 1, "y": [1, 2, 3]}), false),
        ] {
            let (b, rb) = tree(other.clone());
            assert_eq!(a.same(ra, &b, rb), same, "{other}");
            assert_eq!(b.same(rb, &a, ra), same, "{other}");
        }
    }

    #[test]
    fn pointers_reach_escaped_keys_items_and_embedded_documents() {
        let mut t = Tree::new();
        let root = Build::map(&mut t, |o| {
            o.object("metadata", |m| m.object("labels", |l| l.str("app.kubernetes.io/na~me", "x")));
            o.object("data", |d| d.embedded("p.yaml", Format::Yaml, |p| p.strs("jobs", ["a", "b"])));
        });
        let label = t.pointer(root, "/metadata/labels/app.kubernetes.io~1na~0me").unwrap();
        assert_eq!(t.as_str(label), Some("x"));
        assert_eq!(t.as_str(t.pointer(root, "/data/p.yaml/jobs/1").unwrap()), Some("b"));
        for nothing in
            ["/data/p.yaml/jobs/2", "/data/p.yaml/jobs/01", "/data/p.yaml/jobs/-", "data", "/metadata/labels/x/y"]
        {
            assert_eq!(t.pointer(root, nothing), None, "{nothing}");
        }
        assert_eq!(t.pointer(root, ""), Some(root));
        assert!(t.remove(root, "/data/p.yaml/jobs/0"));
        assert!(!t.remove(root, "/data/p.yaml/jobs/1") && !t.remove(root, ""));
        assert_eq!(t.to_json(root)["data"]["p.yaml"], "jobs:\n- b\n");
        assert_eq!(escape_token("app.kubernetes.io/na~me"), "app.kubernetes.io~1na~0me");
    }

    #[test]
    fn setting_makes_the_maps_on_the_way() {
        let (mut t, root) = tree(json!({"l": [1], "s": "x"}));
        assert!(t.set(root, "/a/b", Value::Int(1), Origin(7)).is_some());
        assert!(t.set(root, "/l/0", Value::Int(2), Origin(7)).is_some());
        assert!(t.set(root, "/l/-", Value::Int(3), Origin(7)).is_some());
        assert!(t.set(root, "/l/5", Value::Int(3), Origin(7)).is_none());
        assert!(t.set(root, "/s/x", Value::Int(3), Origin(7)).is_none());
        assert_eq!(t.to_json(root), json!({"l": [2, 3], "s": "x", "a": {"b": 1}}));
        assert_eq!(t.origin(t.pointer(root, "/a/b").unwrap()), Origin(7));
    }
}
