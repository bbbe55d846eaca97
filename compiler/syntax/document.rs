//! The one tree that both front ends make: shapes applied, spans kept, nothing resolved.

use super::shape::{Key, Shape};
use crate::diag::{Sources, Span};

/// A whole spec: the top-level nodes of all its files in one object.
#[derive(Debug)]
pub struct Document {
    pub sources: Sources,
    pub root: Object,
    /// Whether every text could be read to its end. Where one could not, what seems to be missing
    /// may stand in it.
    pub complete: bool,
}

/// A value and the place it stands at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

/// The keys that stand in one block. A key stands here at most once: repeated list, map, named and
/// repeated nodes have been joined, other repetitions reported.
#[derive(Debug, Clone)]
pub struct Object {
    pub shape: &'static Shape,
    /// The whole block, from its first word to its closing brace (KDL) or last value (YAML).
    pub span: Span,
    pub nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
pub struct Node {
    pub key: &'static Key,
    /// The word of the key; of a key that was filled by an argument, the argument.
    pub key_span: Span,
    /// From the key to the end of its value.
    pub span: Span,
    pub data: Data,
}

#[derive(Debug, Clone)]
pub enum Data {
    /// `key #null`: as if nobody had said it.
    Null,
    /// Of forms `Scalar` and `Flag` (then a `Scalar::Bool`).
    Scalar(Spanned<Scalar>),
    List(Vec<Spanned<Scalar>>),
    Map(Vec<(Spanned<String>, Spanned<Scalar>)>),
    Object(Object),
    Named(Vec<Named>),
    Repeated(Vec<Object>),
    Free(Spanned<Free>),
}

/// A member of a named set.
#[derive(Debug, Clone)]
pub struct Named {
    pub name: Spanned<String>,
    /// `None` for `name: null`, which drops what was inherited under that name.
    pub object: Option<Object>,
    /// Span of the whole member.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
}

/// A tree without a schema, below `merge`.
#[derive(Debug, Clone, PartialEq)]
pub enum Free {
    Scalar(Scalar),
    List(Vec<Spanned<Free>>),
    Map(Vec<(Spanned<String>, Spanned<Free>)>),
}

impl Object {
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.nodes.iter().find(|n| n.key.name == key)
    }
}

impl Scalar {
    /// The text of a string; `None` for anything else.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Scalar::Str(s) => Some(s),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i128> {
        match self {
            Scalar::Int(i) => Some(*i),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Scalar::Bool(b) => Some(*b),
            _ => None,
        }
    }
}
