//! Templates: YAML trees in which only tagged scalars are evaluated.
//!
//! Parsed and compiled first (`compile.rs`), then evaluated into an object tree (`eval.rs`). No
//! value can break structure, and `{{ }}` meant for Prometheus, Grafana or Helm is never touched.
//! Knows nothing of what its trees are for.

mod compile;
mod eval;

#[cfg(test)]
pub(super) mod tests;

pub use eval::Origins;

use minijinja::{Environment, Expression, UndefinedBehavior};
use std::sync::LazyLock;

use super::version::Gate;
use crate::diag::{Diagnostic, FileId, Span};
use crate::syntax::tagged::At;

/// A compiled template file.
#[derive(Debug)]
pub struct Template {
    file: File,
    root: Node,
}

/// The file a template stands in, for messages and origins.
#[derive(Debug, Clone)]
pub struct File {
    /// `jobs/node-exporter/exporter.yaml`, below the catalog's folder.
    pub path: String,
    /// Set for files of users: their findings have positions in them.
    pub id: Option<FileId>,
}

impl File {
    /// The place in a user's file; a built-in one is named in the text instead.
    pub(super) fn span(&self, at: At) -> Span {
        self.id.map_or(Span::NONE, |id| Span::new(id, at.start as usize, at.end as usize))
    }

    pub(super) fn fault(&self, code: &'static crate::diag::Code, at: At, what: &str) -> Diagnostic {
        Diagnostic::new(code, self.span(at), format!("{}:{}: {what}", self.path, at.line))
    }
}

#[derive(Debug)]
struct Node {
    at: At,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Box<str>),
    Seq(Vec<Node>),
    Map(Vec<(Box<str>, Node)>),
    Expr(Expr),
    Text(Vec<Piece>),
    When { gate: Gate, test: Option<Expr>, then: Box<Node>, otherwise: Option<Box<Node>> },
    Each { name: Box<str>, of: Items, body: Box<Node> },
    Merge(Vec<Node>),
}

/// What `!each` goes through.
#[derive(Debug)]
enum Items {
    Computed(Expr),
    /// Written out in the template; plain data.
    Written(Vec<minijinja::Value>),
}

#[derive(Debug)]
enum Piece {
    Literal(Box<str>),
    Expr(Expr),
}

#[derive(Debug)]
struct Expr {
    source: Box<str>,
    compiled: Expression<'static, 'static>,
    /// Dotted paths of the settings it reads, sorted.
    reads: Vec<Box<str>>,
}

/// Bounds time and memory of one expression (minijinja's units, about 64 bytes each).
const FUEL: u64 = 50_000;

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(32);
    engine
});
