//! Inheritance: the blocks of several levels in one, key by key, by shape.
//!
//! Every key keeps the whole chain of lines that say it, so that `explain` can show it. Values stay
//! as they are written; `fleet/read.rs` gives them types. What falls back to another key is not
//! known here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::levels::Level;
use super::redundant::Redundant;
use crate::diag::Span;
use crate::syntax::{Data, Form, Free, Key, Named, Node, Object, Scalar, Shape, Spanned};

/// Keys of which all levels hold together (§5, §11 of the reference).
const TOGETHER: [&str; 5] = ["patch", "raw", "allow", "ignore", "decide"];

/// An object of the language as several levels make it. Cheap to copy: what a nearer level does not
/// touch is shared.
#[derive(Debug, Clone)]
pub struct Block<'d> {
    pub shape: &'static Shape,
    pub entries: BTreeMap<&'static str, Arc<Entry<'d>>>,
}

#[derive(Debug, Clone)]
pub struct Entry<'d> {
    pub key: &'static Key,
    /// Every line that says it, farthest level first.
    pub said: Vec<(Level<'d>, &'d Node)>,
    pub value: Value<'d>,
}

#[derive(Debug, Clone)]
pub enum Value<'d> {
    /// `key #null`: as if nobody had said it.
    Dropped,
    Scalar(&'d Spanned<Scalar>),
    List(&'d [Spanned<Scalar>]),
    Map(BTreeMap<&'d str, Item<'d>>),
    Object(Block<'d>),
    Named(BTreeMap<&'d str, Arc<Member<'d>>>),
    Repeated(Vec<(Level<'d>, &'d Object)>),
    Free(&'d Spanned<Free>),
}

/// An entry of a map. Dropped where its last line says null.
#[derive(Debug, Clone)]
pub struct Item<'d> {
    /// Farthest level first; never empty.
    pub said: Vec<(Level<'d>, &'d Spanned<String>, &'d Spanned<Scalar>)>,
}

/// A member of a named set.
#[derive(Debug, Clone)]
pub struct Member<'d> {
    /// Farthest level first; never empty.
    pub said: Vec<(Level<'d>, &'d Named)>,
    /// `None`: dropped by `name: null`.
    pub block: Option<Block<'d>>,
}

impl<'d> Block<'d> {
    pub fn empty(shape: &'static Shape) -> Self {
        Block { shape, entries: BTreeMap::new() }
    }

    /// A block that only one level says.
    pub fn of(level: Level<'d>, object: &'d Object) -> Self {
        let mut block = Block::empty(object.shape);
        block.lay(level, object, |_| true, &mut Redundant::default());
        block
    }

    /// Lays a nearer level over what is inherited so far; only keys that `takes`.
    pub fn lay(
        &mut self,
        level: Level<'d>,
        object: &'d Object,
        takes: impl Fn(&str) -> bool,
        redundant: &mut Redundant<'d>,
    ) {
        for node in object.nodes.iter().filter(|n| takes(n.key.name)) {
            match self.entries.get_mut(node.key.name) {
                Some(entry) => Arc::make_mut(entry).lay(level, node, redundant),
                None => {
                    let mut entry = Entry { key: node.key, said: Vec::new(), value: Value::Dropped };
                    entry.lay(level, node, redundant);
                    self.entries.insert(node.key.name, Arc::new(entry));
                }
            }
        }
    }

    pub fn entry(&self, key: &str) -> Option<&Entry<'d>> {
        self.entries.get(key).map(|e| &**e)
    }

    pub fn scalar(&self, key: &str) -> Option<&'d Spanned<Scalar>> {
        match self.entry(key)?.value {
            Value::Scalar(s) => Some(s),
            _ => None,
        }
    }

    /// Whether the nearest line that says `key` is the fleet's, for every cluster.
    pub fn is_of_fleet(&self, key: &str) -> bool {
        self.entry(key).and_then(|e| e.said.last()).is_some_and(|(level, _)| *level == Level::Fleet)
    }

    /// Whether a flag is up, and where.
    pub fn flag(&self, key: &str) -> Option<Span> {
        self.scalar(key).filter(|s| s.value.as_bool() == Some(true)).map(|s| s.span)
    }

    /// The items, or `None` where nobody says the list (an empty one is said).
    pub fn list(&self, key: &str) -> Option<&'d [Spanned<Scalar>]> {
        match self.entry(key)?.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The texts of a list with their places.
    pub fn texts(&self, key: &str) -> impl Iterator<Item = (&'d str, Span)> + use<'d> {
        self.list(key).unwrap_or_default().iter().filter_map(|i| Some((i.value.as_str()?, i.span)))
    }

    pub fn object(&self, key: &str) -> Option<&Block<'d>> {
        match &self.entry(key)?.value {
            Value::Object(block) => Some(block),
            _ => None,
        }
    }

    /// Living entries of a map: key with its place, value.
    pub fn map(&self, key: &str) -> impl Iterator<Item = (&'d Spanned<String>, &'d Spanned<Scalar>)> {
        let map = match self.entry(key).map(|e| &e.value) {
            Some(Value::Map(map)) => Some(map),
            _ => None,
        };
        map.into_iter().flatten().filter_map(|(_, item)| item.nearest())
    }

    /// Living members of a named set, `disabled` ones included.
    pub fn members(&self, key: &str) -> impl Iterator<Item = (&'d str, &Member<'d>, &Block<'d>)> {
        let members = match self.entry(key).map(|e| &e.value) {
            Some(Value::Named(members)) => Some(members),
            _ => None,
        };
        members.into_iter().flatten().filter_map(|(name, m)| Some((*name, &**m, m.block.as_ref()?)))
    }

    /// Members that are not `disabled`.
    pub fn enabled(&self, key: &str) -> impl Iterator<Item = (&'d str, &Member<'d>, &Block<'d>)> {
        self.members(key).filter(|(_, _, block)| block.flag("disabled").is_none())
    }

    pub fn member(&self, key: &str, name: &str) -> Option<(&Member<'d>, &Block<'d>)> {
        match &self.entry(key)?.value {
            Value::Named(members) => members.get(name).and_then(|m| Some((&**m, m.block.as_ref()?))),
            _ => None,
        }
    }

    /// Objects of a repeated key, farthest level first.
    pub fn repeated(&self, key: &str) -> &[(Level<'d>, &'d Object)] {
        match self.entry(key).map(|e| &e.value) {
            Some(Value::Repeated(objects)) => objects,
            _ => &[],
        }
    }
}

impl<'d> Entry<'d> {
    fn lay(&mut self, level: Level<'d>, node: &'d Node, redundant: &mut Redundant<'d>) {
        if self.is_leaf()
            && let Some((far, inherited)) = self.said.last()
            && !matches!(self.value, Value::Dropped)
        {
            let equal = same_leaf(&node.data, &inherited.data);
            redundant.note(node.span, equal, (*far, inherited.span), (level, self.key.name));
        } else if self.is_leaf() {
            redundant.needed(node.span);
        }
        self.said.push((level, node));
        match &node.data {
            Data::Null => self.value = Value::Dropped,
            Data::Scalar(s) => self.value = Value::Scalar(s),
            Data::List(items) => self.value = Value::List(items),
            Data::Free(tree) => self.value = Value::Free(tree),
            Data::Map(items) => {
                if !matches!(self.value, Value::Map(_)) {
                    self.value = Value::Map(BTreeMap::new());
                }
                if let Value::Map(map) = &mut self.value {
                    for (key, value) in items {
                        let item = map.entry(&key.value).or_insert_with(|| Item { said: Vec::new() });
                        item.lay(level, key, value, redundant);
                    }
                }
            }
            Data::Object(object) => {
                if !matches!(self.value, Value::Object(_)) {
                    self.value = Value::Object(Block::empty(object.shape));
                }
                if let Value::Object(block) = &mut self.value {
                    block.lay(level, object, |_| true, redundant);
                }
            }
            Data::Named(members) => {
                if !matches!(self.value, Value::Named(_)) {
                    self.value = Value::Named(BTreeMap::new());
                }
                if let Value::Named(map) = &mut self.value {
                    for named in members {
                        let member = map
                            .entry(&named.name.value)
                            .or_insert_with(|| Arc::new(Member { said: Vec::new(), block: None }));
                        Arc::make_mut(member).lay(level, named, redundant);
                    }
                }
            }
            Data::Repeated(objects) => {
                let mut all = match &mut self.value {
                    Value::Repeated(before) if TOGETHER.contains(&self.key.name) => std::mem::take(before),
                    _ => Vec::new(),
                };
                all.extend(objects.iter().map(|o| (level, o)));
                self.value = Value::Repeated(all);
            }
        }
    }

    /// The place of the value in force: that of a scalar itself, else of the nearest line.
    pub fn span(&self) -> Span {
        match &self.value {
            Value::Scalar(s) => s.span,
            Value::Free(f) => f.span,
            _ => self.said.last().map_or(Span::NONE, |(_, node)| node.span),
        }
    }

    fn is_leaf(&self) -> bool {
        matches!(self.key.form, Form::Scalar(_) | Form::Flag | Form::List(_))
    }
}

impl<'d> Item<'d> {
    fn lay(
        &mut self,
        level: Level<'d>,
        key: &'d Spanned<String>,
        value: &'d Spanned<Scalar>,
        redundant: &mut Redundant<'d>,
    ) {
        match self.said.last() {
            Some((far, far_key, inherited)) if inherited.value != Scalar::Null => {
                let equal = inherited.value == value.value;
                redundant.note(
                    key.span.to(value.span),
                    equal,
                    (*far, far_key.span.to(inherited.span)),
                    (level, &key.value),
                );
            }
            _ => redundant.needed(key.span.to(value.span)),
        }
        self.said.push((level, key, value));
    }

    /// Key and value in force; `None` where it is dropped.
    pub fn nearest(&self) -> Option<(&'d Spanned<String>, &'d Spanned<Scalar>)> {
        let (_, key, value) = self.said.last()?;
        (value.value != Scalar::Null).then_some((*key, *value))
    }
}

impl<'d> Member<'d> {
    fn lay(&mut self, level: Level<'d>, named: &'d Named, redundant: &mut Redundant<'d>) {
        self.said.push((level, named));
        match &named.object {
            None => self.block = None,
            Some(object) => {
                self.block.get_or_insert_with(|| Block::empty(object.shape)).lay(level, object, |_| true, redundant);
            }
        }
    }

    /// The name, where the nearest level writes it.
    pub fn at(&self) -> Span {
        self.said.last().map_or(Span::NONE, |(_, named)| named.name.span)
    }

    /// The nearest level's whole block.
    pub fn span(&self) -> Span {
        self.said.last().map_or(Span::NONE, |(_, named)| named.span)
    }
}

fn same_leaf(a: &Data, b: &Data) -> bool {
    match (a, b) {
        (Data::Scalar(a), Data::Scalar(b)) => a.value == b.value,
        (Data::List(a), Data::List(b)) => a.iter().map(|i| &i.value).eq(b.iter().map(|i| &i.value)),
        _ => false,
    }
}
