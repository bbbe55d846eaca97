//! Ordinary YAML and JSON of Kubernetes, as `kubectl` reads it, into object trees: patches, raw
//! objects, what stands in an output folder or comes from a cluster.

use super::Scalar;
use super::yaml::load::{Broken, Content, Limits, Yaml, load};
use super::yaml::scalar::resolve_kubernetes;
use crate::diag::Origin;
use crate::object::{NodeId, Tree, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Manifests nest far less; rendered trees are walked by recursion.
const MAX_DEPTH: usize = 128;

/// Nodes of one text, those that aliases stand for counted each time.
const MAX_NODES: usize = 20_000_000;

/// Aliases may multiply what is written at most by this.
const MAX_EXPANSION: usize = 1_000_000;

/// Where and why a text could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainError {
    /// One-based.
    pub line: u32,
    /// One-based, in characters.
    pub column: u32,
    pub message: String,
}

impl fmt::Display for PlainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for PlainError {}

impl PlainError {
    pub(super) fn at(text: &str, at: usize, message: impl Into<String>) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before[before.rfind('\n').map_or(0, |n| n + 1)..].chars().count() + 1;
        PlainError { line: line as u32, column: column as u32, message: message.into() }
    }

    pub(super) fn broken(text: &str, error: &Broken) -> Self {
        match error {
            Broken::Syntax { at, message } => PlainError::at(text, *at, message.clone()),
            Broken::TooDeep { at } => PlainError::at(text, *at, "lists and maps are nested too deep"),
            Broken::TooLarge { at } => PlainError::at(text, *at, "the text has too many values"),
        }
    }
}

/// Adds the documents of a text to `tree` and returns their roots; empty documents are left out.
///
/// Plain scalars mean what they mean to Kubernetes (`yes`, `0644` and `1_000` are a boolean and
/// numbers), anchors, aliases and merge keys are followed, within a bound. Whole numbers beyond 64
/// bits become floats, as in JSON.
///
/// # Errors
/// The first fault: text that is not YAML, a key given twice, a tag that is not YAML's own, an
/// alias without its anchor, nesting or expansion beyond any manifest.
pub fn read_tree(text: &str, tree: &mut Tree) -> Result<Vec<NodeId>, PlainError> {
    let stream = load(text, Limits { depth: MAX_DEPTH, nodes: MAX_NODES });
    if let Some(error) = &stream.error {
        return Err(PlainError::broken(text, error));
    }
    let mut roots = Vec::new();
    for document in &stream.documents {
        let Some(root) = document.root.as_ref().filter(|r| !is_empty(r)) else { continue };
        let mut anchors = BTreeMap::new();
        collect_anchors(root, &mut anchors);
        let mut reader = Reader { text, tree, anchors, expanded: 0 };
        roots.push(reader.node("", root, 0, false)?);
    }
    Ok(roots)
}

fn is_empty(node: &Yaml) -> bool {
    matches!(&node.content, Content::Scalar { text, plain: true } if text.is_empty()) && node.tag.is_none()
}

fn collect_anchors<'y>(node: &'y Yaml, anchors: &mut BTreeMap<usize, &'y Yaml>) {
    if node.anchor != 0 {
        anchors.insert(node.anchor, node);
    }
    match &node.content {
        Content::Seq(items) => items.iter().for_each(|i| collect_anchors(i, anchors)),
        Content::Map(entries) => entries.iter().for_each(|(k, v)| {
            collect_anchors(k, anchors);
            collect_anchors(v, anchors);
        }),
        Content::Scalar { .. } | Content::Alias(_) => {}
    }
}

struct Reader<'y, 't> {
    text: &'y str,
    tree: &'t mut Tree,
    anchors: BTreeMap<usize, &'y Yaml>,
    expanded: usize,
}

impl<'y> Reader<'y, '_> {
    fn node(&mut self, key: &str, node: &'y Yaml, depth: usize, in_alias: bool) -> Result<NodeId, PlainError> {
        if in_alias {
            self.expanded += 1;
            // An anchor that holds its own alias never ends but for this.
            if self.expanded > MAX_EXPANSION || depth > MAX_DEPTH {
                return Err(self.fault(node, "aliases stand for too many values"));
            }
        }
        match &node.content {
            Content::Alias(_) => {
                let target = self.target(node)?;
                self.node(key, target, depth + 1, true)
            }
            Content::Scalar { text, plain } => {
                let scalar = self.scalar(node, text, *plain)?;
                Ok(self.tree.add(key, value(&scalar), Origin::INHERIT))
            }
            Content::Seq(items) => {
                self.collection_tag(node, "!!seq")?;
                let parent = self.tree.add(key, Value::Seq, Origin::INHERIT);
                let mut last = None;
                for item in items {
                    let child = self.node("", item, depth + 1, in_alias)?;
                    self.tree.link(parent, last, child);
                    last = Some(child);
                }
                Ok(parent)
            }
            Content::Map(entries) => {
                self.collection_tag(node, "!!map")?;
                let parent = self.tree.add(key, Value::Map, Origin::INHERIT);
                let mut last = None;
                for (key, value) in self.merged(entries, depth)? {
                    let child = self.node(&key, value, depth + 1, in_alias)?;
                    self.tree.link(parent, last, child);
                    last = Some(child);
                }
                Ok(parent)
            }
        }
    }

    /// The entries of a map, those of its merge keys behind them where no own one stands.
    fn merged(&mut self, entries: &'y [(Yaml, Yaml)], depth: usize) -> Result<Vec<(String, &'y Yaml)>, PlainError> {
        let mut seen = BTreeSet::new();
        let mut all = Vec::with_capacity(entries.len());
        let mut merges = Vec::new();
        for (key, value) in entries {
            if matches!(&key.content, Content::Scalar { text, plain: true } if text == "<<") {
                merges.push(value);
                continue;
            }
            let word = self.key(key)?;
            if !seen.insert(word.clone()) {
                return Err(self.fault(key, format!("the key `{word}` is given twice")));
            }
            all.push((word, value));
        }
        for source in merges {
            for (word, value) in self.merge_source(source, depth)? {
                if seen.insert(word.clone()) {
                    all.push((word, value));
                }
            }
        }
        Ok(all)
    }

    fn merge_source(&mut self, source: &'y Yaml, depth: usize) -> Result<Vec<(String, &'y Yaml)>, PlainError> {
        self.expanded += 1;
        if depth > MAX_DEPTH || self.expanded > MAX_EXPANSION {
            return Err(self.fault(source, "merge keys stand for too many values"));
        }
        match &source.content {
            Content::Alias(_) => {
                let target = self.target(source)?;
                self.merge_source(target, depth + 1)
            }
            Content::Map(entries) => {
                self.expanded += entries.len();
                self.merged(entries, depth + 1)
            }
            Content::Seq(items) => {
                let mut all = Vec::new();
                for item in items {
                    all.extend(self.merge_source(item, depth + 1)?);
                }
                Ok(all)
            }
            Content::Scalar { .. } => Err(self.fault(source, "a merge key takes a map")),
        }
    }

    fn key(&mut self, key: &'y Yaml) -> Result<String, PlainError> {
        match &key.content {
            Content::Scalar { text, plain } => Ok(match self.scalar(key, text, *plain)? {
                Scalar::Str(text) => text,
                Scalar::Bool(b) => b.to_string(),
                Scalar::Int(i) => i.to_string(),
                Scalar::Float(_) | Scalar::Null => text.clone(),
            }),
            Content::Alias(_) => {
                let target = self.target(key)?;
                match &target.content {
                    Content::Scalar { text, .. } => Ok(text.clone()),
                    _ => Err(self.fault(key, "a key is a string")),
                }
            }
            _ => Err(self.fault(key, "a key is a string")),
        }
    }

    fn scalar(&self, node: &Yaml, text: &str, plain: bool) -> Result<Scalar, PlainError> {
        let untagged = || if plain { resolve_kubernetes(text) } else { Scalar::Str(text.to_owned()) };
        let Some(tag) = &node.tag else { return Ok(untagged()) };
        match (tag.name.as_str(), resolve_kubernetes(text)) {
            ("!!str" | "!", _) => Ok(Scalar::Str(text.to_owned())),
            ("!!null", Scalar::Null) => Ok(Scalar::Null),
            ("!!bool", bool @ Scalar::Bool(_)) => Ok(bool),
            ("!!int", int @ Scalar::Int(_)) => Ok(int),
            ("!!float", float @ Scalar::Float(_)) => Ok(float),
            ("!!float", Scalar::Int(i)) => Ok(Scalar::Float(i as f64)),
            (name, _) => Err(self.fault(node, format!("the tag `{name}` cannot be read here"))),
        }
    }

    fn collection_tag(&self, node: &Yaml, own: &str) -> Result<(), PlainError> {
        match &node.tag {
            Some(tag) if tag.name != own => {
                Err(self.fault(node, format!("the tag `{}` cannot be read here", tag.name)))
            }
            _ => Ok(()),
        }
    }

    fn target(&self, alias: &'y Yaml) -> Result<&'y Yaml, PlainError> {
        let Content::Alias(anchor) = alias.content else { return Ok(alias) };
        self.anchors.get(&anchor).copied().ok_or_else(|| self.fault(alias, "this alias has no anchor before it"))
    }

    fn fault(&self, node: &Yaml, message: impl Into<String>) -> PlainError {
        PlainError::at(self.text, node.range.start, message)
    }
}

fn value(scalar: &Scalar) -> Value<'_> {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(b) => Value::Bool(*b),
        Scalar::Int(i) => i64::try_from(*i).map_or(Value::Float(*i as f64), Value::Int),
        Scalar::Float(f) => Value::Float(*f),
        Scalar::Str(s) => Value::Str(s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Tree, Vec<NodeId>), PlainError> {
        let mut tree = Tree::new();
        let roots = read_tree(text, &mut tree)?;
        Ok((tree, roots))
    }

    #[test]
    fn several_documents_and_the_words_of_yaml_1_1() {
        let (tree, roots) = read("a: yes\nb: \"yes\"\n---\n# nothing\n---\nc: [0644, 1.5, ~]\n").unwrap();
        assert_eq!(roots.len(), 2);
        assert_eq!(tree.value(tree.get(roots[0], "a").unwrap()), Value::Bool(true));
        assert_eq!(tree.as_str(tree.get(roots[0], "b").unwrap()), Some("yes"));
        let items: Vec<_> = tree.children(tree.get(roots[1], "c").unwrap()).map(|n| tree.value(n)).collect();
        assert_eq!(items, [Value::Int(420), Value::Float(1.5), Value::Null]);
    }

    #[test]
    fn anchors_and_merge_keys_are_followed() {
        let (tree, roots) = read("base: &b {x: 1, z: 2}\nuse:\n  <<: *b\n  z: 3\nsame: *b\n").unwrap();
        let at = |path: &[&str]| tree.value(tree.at(roots[0], path).unwrap());
        assert_eq!(at(&["use", "x"]), Value::Int(1));
        assert_eq!(at(&["use", "z"]), Value::Int(3));
        assert_eq!(at(&["same", "z"]), Value::Int(2));
    }

    #[test]
    fn bombs_and_cycles_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let items = format!("*a{},", i - 1).repeat(10);
            bomb.push_str(&format!("a{i}: &a{i} [{items}]\n"));
        }
        assert!(read(&bomb).unwrap_err().message.contains("too many values"));
        assert!(read("a: &a [*a]\n").is_err());
        assert!(read("a: &a {<<: *a}\n").is_err());
        assert!(read(&"[".repeat(20_000)).is_err());
        assert!(read("a: *b\n").unwrap_err().message.contains("no anchor"));
    }

    #[test]
    fn faults_have_a_place() {
        let error = read("a: 1\n集群: {b: 1, b: 2}\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 12));
        assert!(read("a: !Ref x\n").is_err());
    }

    #[test]
    fn json_is_read_too() {
        let (tree, roots) = read("{\"a\": [1, -2.5e3, true, null, \"x\\ty\\/\"],\n\t\"b\": {}}\n").unwrap();
        let items: Vec<_> = tree.children(tree.get(roots[0], "a").unwrap()).map(|n| tree.value(n)).collect();
        assert_eq!(items, [Value::Int(1), Value::Float(-2500.0), Value::Bool(true), Value::Null, Value::Str("x\ty/")]);
        let (tree, roots) = read("\"\\ud83d\\ude00\"").unwrap();
        assert_eq!(tree.as_str(roots[0]), Some("😀"));
    }
}
