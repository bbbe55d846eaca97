//! Evaluating a compiled template into an object tree.

use std::sync::Arc;

use minijinja::Value as Jinja;
use minijinja::value::{Object, ValueKind};

use super::super::codes;
use super::super::settings::Settings;
use super::{Expr, Items, Node, Piece, Template, Value};
use crate::diag::{Diagnostic, Origin};
use crate::object::{Kind, NodeId, Tree, Value as Leaf};
use crate::syntax::tagged::At;

/// Turns a line of a template file into an origin.
pub type Origins<'a> = &'a mut dyn FnMut(&str, u32) -> Origin;

impl Template {
    /// Evaluates into `tree`: the root node, or `None` where the whole document was dropped.
    ///
    /// # Errors
    /// The first value that is missing or of the wrong type. Cannot happen for the built-in
    /// catalog and the settings its contract names (a test evaluates all of it).
    pub fn eval(
        &self,
        settings: &Settings,
        tree: &mut Tree,
        origins: Origins<'_>,
    ) -> Result<Option<NodeId>, Box<Diagnostic>> {
        let mut eval = Eval { template: self, settings, tree, origins, bound: Vec::new() };
        eval.single(&self.root, "", &settings.context())
    }

    pub fn path(&self) -> &str {
        &self.file.path
    }
}

struct Eval<'a> {
    template: &'a Template,
    settings: &'a Settings,
    tree: &'a mut Tree,
    origins: Origins<'a>,
    /// Names bound by `!each` and the settings they stand for, `scraped[2]`; the innermost last.
    bound: Vec<(Box<str>, String)>,
}

type Result<T, E = Box<Diagnostic>> = std::result::Result<T, E>;

impl Eval<'_> {
    /// One value, or none where it was dropped.
    fn single(&mut self, node: &Node, key: &str, scope: &Jinja) -> Result<Option<NodeId>> {
        let leaf = match &node.value {
            Value::Null => Leaf::Null,
            Value::Bool(b) => Leaf::Bool(*b),
            Value::Int(i) => Leaf::Int(*i),
            Value::Float(f) => Leaf::Float(*f),
            Value::Str(s) => Leaf::Str(s),
            Value::Seq(items) => return self.seq(node, key, scope, items).map(Some),
            Value::Map(entries) => return self.map(node, key, scope, entries).map(Some),
            Value::Each { .. } => return self.seq(node, key, scope, std::slice::from_ref(node)).map(Some),
            Value::Merge(parts) => return self.merge(node, key, scope, parts),
            Value::When { .. } => {
                return match self.branch(node, scope)? {
                    Some(branch) => self.single(branch, key, scope),
                    None => Ok(None),
                };
            }
            Value::Expr(expr) => {
                let value = self.value(expr, node.at, scope)?;
                let origin = self.origin_of(std::slice::from_ref(expr).iter(), node.at);
                return self.graft(&value, key, origin, expr, node.at);
            }
            Value::Text(pieces) => {
                let text = self.text(pieces, node.at, scope)?;
                let exprs = pieces.iter().filter_map(|p| if let Piece::Expr(e) = p { Some(e) } else { None });
                let origin = self.origin_of(exprs, node.at);
                return Ok(Some(self.tree.add(key, Leaf::Str(&text), origin)));
            }
        };
        let origin = self.origin(node.at);
        Ok(Some(self.tree.add(key, leaf, origin)))
    }

    /// Any number of items of a list.
    fn items(&mut self, node: &Node, scope: &Jinja, out: &mut Vec<NodeId>) -> Result<()> {
        match &node.value {
            Value::Each { name, of, body } => {
                let computed;
                let list = match of {
                    Items::Written(items) => items,
                    Items::Computed(of) => {
                        computed = self.list(of, node.at, scope)?;
                        &computed
                    }
                };
                let of = match of {
                    Items::Computed(Expr { reads, .. }) if reads.len() == 1 => self.setting(&reads[0]),
                    _ => String::new(),
                };
                for (i, item) in list.iter().enumerate() {
                    let inner = Inner { name: name.clone(), item: item.clone(), outer: scope.clone() };
                    self.bound.push((name.clone(), format!("{of}[{i}]")));
                    let done = self.items(body, &Jinja::from_object(inner), out);
                    self.bound.pop();
                    done?;
                }
                Ok(())
            }
            Value::When { .. } => match self.branch(node, scope)? {
                Some(branch) => self.items(branch, scope, out),
                None => Ok(()),
            },
            _ => {
                out.extend(self.single(node, "", scope)?);
                Ok(())
            }
        }
    }

    fn branch<'n>(&mut self, node: &'n Node, scope: &Jinja) -> Result<Option<&'n Node>> {
        let Value::When { gate, test, then, otherwise } = &node.value else { return Ok(Some(node)) };
        let open = match gate.check(&self.settings.versions) {
            Ok(()) => true,
            Err(shut) if shut.declared.is_none() => {
                let what = format!("it depends on the version of {}, which is not known here", shut.component);
                return Err(self.fail(node.at, &what));
            }
            Err(_) => false,
        };
        let holds = match test {
            Some(test) if open => {
                let value = self.value(test, node.at, scope)?;
                match value.kind() {
                    ValueKind::Bool => value.is_true(),
                    _ => {
                        let what = format!("`{}` is {}, not true or false", test.source, kind(&value));
                        return Err(self.fail(node.at, &what));
                    }
                }
            }
            _ => open,
        };
        Ok(if holds { Some(then) } else { otherwise.as_deref() })
    }

    fn seq(&mut self, node: &Node, key: &str, scope: &Jinja, items: &[Node]) -> Result<NodeId> {
        let origin = self.origin(node.at);
        let seq = self.tree.add(key, Leaf::Seq, origin);
        let mut children = Vec::new();
        for item in items {
            self.items(item, scope, &mut children)?;
        }
        self.adopt(seq, children);
        Ok(seq)
    }

    fn map(&mut self, node: &Node, key: &str, scope: &Jinja, entries: &[(Box<str>, Node)]) -> Result<NodeId> {
        let origin = self.origin(node.at);
        let map = self.tree.add(key, Leaf::Map, origin);
        let mut children = Vec::new();
        for (key, value) in entries {
            children.extend(self.single(value, key, scope)?);
        }
        self.adopt(map, children);
        Ok(map)
    }

    /// Maps key by key, deeply, a later one winning; lists one after the other.
    fn merge(&mut self, node: &Node, key: &str, scope: &Jinja, parts: &[Node]) -> Result<Option<NodeId>> {
        let mut values = Vec::new();
        for part in parts {
            values.extend(self.single(part, key, scope)?);
        }
        let Some((first, rest)) = values.split_first() else { return Ok(None) };
        for other in rest {
            match (self.tree.kind(*first), self.tree.kind(*other)) {
                (Kind::Map, Kind::Map) => self.overlay(*first, *other),
                (Kind::Seq, Kind::Seq) => {
                    let children: Vec<NodeId> = self.tree.children(*first).chain(self.tree.children(*other)).collect();
                    self.adopt(*first, children);
                }
                _ => return Err(self.fail(node.at, "`!merge` takes only maps or only lists")),
            }
        }
        Ok(Some(*first))
    }

    fn overlay(&mut self, base: NodeId, other: NodeId) {
        let mut children: Vec<NodeId> = self.tree.children(base).collect();
        let added: Vec<NodeId> = self.tree.children(other).collect();
        for child in added {
            let same = children.iter().position(|c| self.tree.key(*c) == self.tree.key(child));
            match same {
                Some(i) if (self.tree.kind(children[i]), self.tree.kind(child)) == (Kind::Map, Kind::Map) => {
                    self.overlay(children[i], child);
                }
                Some(i) => children[i] = child,
                None => children.push(child),
            }
        }
        self.adopt(base, children);
    }

    /// Makes these the children of a node, whatever they were linked to before.
    fn adopt(&mut self, parent: NodeId, children: Vec<NodeId>) {
        let old: Vec<NodeId> = self.tree.children(parent).collect();
        for child in old {
            self.tree.unlink(parent, child);
        }
        let mut last = None;
        for child in children {
            self.tree.link(parent, last, child);
            last = Some(child);
        }
    }

    fn value(&mut self, expr: &Expr, at: At, scope: &Jinja) -> Result<Jinja> {
        match expr.compiled.eval(scope.clone()) {
            // Strict mode lets a missing leaf through (`a.b` where `a` has no `b`).
            Ok(value) if value.is_undefined() => Err(self.fail(at, &format!("`{}` is not defined", expr.source))),
            Ok(value) => Ok(value),
            Err(e) => Err(self.broken(expr, at, &e)),
        }
    }

    fn list(&mut self, expr: &Expr, at: At, scope: &Jinja) -> Result<Vec<Jinja>> {
        let value = self.value(expr, at, scope)?;
        if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
            return Err(self.fail(at, &format!("`{}` is {}, not a list", expr.source, kind(&value))));
        }
        Ok(value.try_iter().map_err(|e| self.broken(expr, at, &e))?.collect())
    }

    fn text(&mut self, pieces: &[Piece], at: At, scope: &Jinja) -> Result<String> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Expr(expr) => {
                    let value = self.value(expr, at, scope)?;
                    if !matches!(value.kind(), ValueKind::String | ValueKind::Number | ValueKind::Bool) {
                        return Err(self.fail(at, &format!("`{}` is {}, not text", expr.source, kind(&value))));
                    }
                    text.push_str(&value.to_string());
                }
            }
        }
        Ok(text)
    }

    /// The result of an expression as a tree; none is dropped.
    fn graft(&mut self, value: &Jinja, key: &str, origin: Origin, expr: &Expr, at: At) -> Result<Option<NodeId>> {
        let node = match value.kind() {
            ValueKind::None => return Ok(None),
            ValueKind::Bool => self.tree.add(key, Leaf::Bool(value.is_true()), origin),
            ValueKind::Number => match (value.as_i64(), f64::try_from(value.clone())) {
                (Some(int), _) if value.is_integer() => self.tree.add(key, Leaf::Int(int), origin),
                (_, Ok(float)) if float.is_finite() => self.tree.add(key, Leaf::Float(float), origin),
                _ => return Err(self.fail(at, &format!("`{}` is a number that YAML cannot hold", expr.source))),
            },
            ValueKind::String => match value.as_str() {
                Some(text) => self.tree.add(key, Leaf::Str(text), origin),
                None => return Err(self.fail(at, &format!("`{}` is no text", expr.source))),
            },
            ValueKind::Seq | ValueKind::Iterable => {
                let seq = self.tree.add(key, Leaf::Seq, origin);
                let mut children = Vec::new();
                for item in value.try_iter().map_err(|e| self.broken(expr, at, &e))? {
                    children.extend(self.graft(&item, "", Origin::INHERIT, expr, at)?);
                }
                self.adopt(seq, children);
                seq
            }
            ValueKind::Map => {
                let map = self.tree.add(key, Leaf::Map, origin);
                let mut children = Vec::new();
                for name in value.try_iter().map_err(|e| self.broken(expr, at, &e))? {
                    let item = value.get_item(&name).map_err(|e| self.broken(expr, at, &e))?;
                    let Some(name) = name.as_str() else {
                        return Err(self.fail(at, &format!("`{}` has a key that is no text", expr.source)));
                    };
                    children.extend(self.graft(&item, name, Origin::INHERIT, expr, at)?);
                }
                self.adopt(map, children);
                map
            }
            _ => return Err(self.fail(at, &format!("`{}` is {}", expr.source, kind(value)))),
        };
        Ok(Some(node))
    }

    /// Where a setting that is read was written, else the line of the template.
    fn origin_of<'e>(&mut self, exprs: impl Iterator<Item = &'e Expr>, at: At) -> Origin {
        let written = exprs.flat_map(|e| &e.reads).find_map(|path| self.settings.origin(&self.setting(path)));
        written.unwrap_or_else(|| self.origin(at))
    }

    /// The setting a path leads to: names bound by `!each` are replaced by what they stand for.
    fn setting(&self, path: &str) -> String {
        let (first, rest) = path.split_at(path.find('.').unwrap_or(path.len()));
        match self.bound.iter().rev().find(|(name, _)| **name == *first) {
            Some((_, stands_for)) => format!("{stands_for}{rest}"),
            None => path.to_owned(),
        }
    }

    fn origin(&mut self, at: At) -> Origin {
        (self.origins)(&self.template.file.path, at.line)
    }

    fn broken(&self, expr: &Expr, at: At, error: &minijinja::Error) -> Box<Diagnostic> {
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        self.fail(at, &format!("`{}` fails: {detail}", expr.source))
    }

    fn fail(&self, at: At, what: &str) -> Box<Diagnostic> {
        Box::new(self.template.file.fault(&codes::EVALUATION, at, what))
    }
}

fn kind(value: &Jinja) -> String {
    match value.kind() {
        ValueKind::None => "absent".to_owned(),
        ValueKind::Undefined => "not defined".to_owned(),
        ValueKind::String => "text".to_owned(),
        ValueKind::Seq | ValueKind::Iterable => "a list".to_owned(),
        other => format!("a {other}"),
    }
}

/// A name bound by `!each`, before the names around it.
#[derive(Debug)]
struct Inner {
    name: Box<str>,
    item: Jinja,
    outer: Jinja,
}

impl Object for Inner {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        if key.as_str() == Some(&*self.name) {
            return Some(self.item.clone());
        }
        self.outer.get_item(key).ok().filter(|v| !v.is_undefined())
    }
}
