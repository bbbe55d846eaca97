//! From tagged YAML to a compiled template. Reports every fault of a file, not the first.

use std::collections::BTreeMap;

use super::super::codes;
use super::super::version::{Gate, Version, Versions};
use super::{ENGINE, Expr, File, Items, Node, Piece, Template, Value};
use crate::diag::Diagnostic;
use crate::syntax::tagged::{self, At, Yaml};

impl Template {
    /// Compiles the text of a file.
    ///
    /// # Errors
    /// Everything in it that is no template, with line and, for users' files, span.
    pub fn compile(file: File, text: &str) -> Result<Template, Vec<Diagnostic>> {
        let parsed = tagged::parse(text);
        let mut compiler = Compiler { file: &file, faults: Vec::new() };
        let root = match parsed {
            Ok(node) => compiler.node(&node),
            Err(fault) => return Err(vec![file.fault(&codes::UNREADABLE, fault.at, &fault.message)]),
        };
        match compiler.faults {
            faults if faults.is_empty() => Ok(Template { root, file }),
            faults => Err(faults),
        }
    }
}

struct Compiler<'f> {
    file: &'f File,
    faults: Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn node(&mut self, node: &tagged::Node) -> Node {
        let value = match node.tag.as_deref() {
            None => self.untagged(&node.value),
            Some("expr") => self.scalar(node).map(Value::Expr),
            Some("text") => self.text(node),
            Some("when") => self.when(node),
            Some("each") => self.each(node),
            Some("merge") => self.merge(node),
            Some(other) => {
                let fault = self.file.fault(&codes::TEMPLATE, node.at, &format!("the tag `!{other}` is unknown"));
                self.faults.push(fault.did_you_mean(other, ["expr", "text", "when", "each", "merge"]));
                None
            }
        };
        Node { at: node.at, value: value.unwrap_or(Value::Null) }
    }

    fn untagged(&mut self, value: &Yaml) -> Option<Value> {
        Some(match value {
            Yaml::Null => Value::Null,
            Yaml::Bool(b) => Value::Bool(*b),
            Yaml::Int(i) => Value::Int(*i),
            Yaml::Float(f) => Value::Float(*f),
            Yaml::Str(s) => Value::Str(s.clone()),
            Yaml::Seq(items) => Value::Seq(items.iter().map(|i| self.node(i)).collect()),
            Yaml::Map(entries) => Value::Map(entries.iter().map(|(k, v)| (k.text.clone(), self.node(v))).collect()),
        })
    }

    fn scalar(&mut self, node: &tagged::Node) -> Option<Expr> {
        match node.as_str() {
            Some(source) => self.expr(source, node.at),
            None => self.fail(node.at, &format!("{} where an expression in a string is due", node.kind())),
        }
    }

    fn expr(&mut self, source: &str, at: At) -> Option<Expr> {
        match ENGINE.compile_expression_owned(source.to_owned()) {
            Ok(compiled) => {
                let mut reads: Vec<Box<str>> =
                    compiled.undeclared_variables(true).into_iter().map(String::into_boxed_str).collect();
                reads.sort();
                Some(Expr { source: source.into(), compiled, reads })
            }
            Err(e) => {
                let what = format!("`{source}` is no expression: {}", e.detail().unwrap_or("syntax error"));
                self.faults.push(self.file.fault(&codes::EXPRESSION, at, &what));
                None
            }
        }
    }

    fn text(&mut self, node: &tagged::Node) -> Option<Value> {
        let Some(mut rest) = node.as_str() else {
            return self.fail(node.at, &format!("{} where a text is due", node.kind()));
        };
        let mut pieces = Vec::new();
        while let Some(open) = rest.find("{{") {
            let (literal, tail) = (&rest[..open], &rest[open + 2..]);
            let Some(close) = closing(tail) else {
                return self.fail(node.at, "`{{` without `}}`");
            };
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.into()));
            }
            pieces.extend(self.expr(tail[..close].trim(), node.at).map(Piece::Expr));
            rest = &tail[close + 2..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.into()));
        }
        let statement = |p: &Piece| matches!(p, Piece::Literal(l) if l.contains("{%") || l.contains("{#"));
        if pieces.iter().any(statement) {
            return self.fail(node.at, "`{%` and `{#` have no meaning in `!text`; use `!when`, `!each` or `!merge`");
        }
        Some(Value::Text(pieces))
    }

    fn when(&mut self, node: &tagged::Node) -> Option<Value> {
        let mut keys = self.keys(node, &["if", "since", "until", "then", "else"])?;
        let gate = Gate { since: self.versions(keys.remove("since")), until: self.versions(keys.remove("until")) };
        let test = match keys.remove("if") {
            Some(test) => Some(self.scalar(test)?),
            None if gate.is_always() => return self.fail(node.at, "`!when` without `if`, `since` or `until`"),
            None => None,
        };
        let otherwise = keys.remove("else").map(|n| Box::new(self.node(n)));
        match keys.remove("then") {
            Some(then) => Some(Value::When { gate, test, then: Box::new(self.node(then)), otherwise }),
            None => self.fail(node.at, "`!when` without `then`"),
        }
    }

    fn versions(&mut self, node: Option<&tagged::Node>) -> Versions {
        let mut versions = Versions::new();
        let Some(node) = node else { return versions };
        let Yaml::Map(entries) = &node.value else {
            self.fail::<()>(node.at, "versions are a map, such as {prometheus: \"3.7\"}");
            return versions;
        };
        for (component, version) in entries {
            match version.as_str().and_then(Version::parse) {
                Some(v) => {
                    versions.insert(component.text.to_string(), v);
                }
                None => {
                    self.fail::<()>(version.at, "a version is a string such as \"3.7\"");
                }
            }
        }
        versions
    }

    fn each(&mut self, node: &tagged::Node) -> Option<Value> {
        let mut keys = self.keys(node, &["as", "in", "do"])?;
        match (keys.remove("as").and_then(tagged::Node::as_str), keys.remove("in"), keys.remove("do")) {
            (Some(name), Some(of), Some(body)) => {
                let of = match &of.value {
                    Yaml::Seq(items) => Items::Written(items.iter().map(|i| self.data(i)).collect::<Option<_>>()?),
                    _ => Items::Computed(self.scalar(of)?),
                };
                Some(Value::Each { name: name.into(), of, body: Box::new(self.node(body)) })
            }
            _ => self.fail(node.at, "`!each` needs `as` (a name), `in` (an expression, or a list) and `do`"),
        }
    }

    fn data(&mut self, node: &tagged::Node) -> Option<minijinja::Value> {
        if node.tag.is_some() {
            return self.fail(node.at, "a tag in the list of an `!each`; it is plain data, the tags go into `do`");
        }
        Some(match &node.value {
            Yaml::Null => minijinja::Value::from(()),
            Yaml::Bool(b) => (*b).into(),
            Yaml::Int(i) => (*i).into(),
            Yaml::Float(f) => (*f).into(),
            Yaml::Str(s) => (**s).into(),
            Yaml::Seq(items) => items.iter().map(|i| self.data(i)).collect::<Option<Vec<_>>>()?.into(),
            Yaml::Map(entries) => {
                let entries = entries.iter().map(|(k, v)| Some((&*k.text, self.data(v)?)));
                minijinja::Value::from_pairs(entries.collect::<Option<Vec<_>>>()?)
            }
        })
    }

    fn merge(&mut self, node: &tagged::Node) -> Option<Value> {
        match &node.value {
            Yaml::Seq(items) => Some(Value::Merge(items.iter().map(|i| self.node(i)).collect())),
            _ => self.fail(node.at, "`!merge` takes a list of maps, or a list of lists"),
        }
    }

    fn keys<'n>(&mut self, node: &'n tagged::Node, known: &[&str]) -> Option<BTreeMap<&'n str, &'n tagged::Node>> {
        let Yaml::Map(entries) = &node.value else {
            return self.fail(node.at, &format!("this tag takes a map with the keys {}", known.join(", ")));
        };
        for (key, _) in entries.iter().filter(|(k, _)| !known.contains(&&*k.text)) {
            let fault = self.file.fault(&codes::TEMPLATE, key.at, &format!("the key `{}` is unknown here", key.text));
            self.faults.push(fault.did_you_mean(&key.text, known.iter().copied()));
        }
        Some(entries.iter().map(|(k, v)| (&*k.text, v)).collect())
    }

    fn fail<T>(&mut self, at: At, what: &str) -> Option<T> {
        self.faults.push(self.file.fault(&codes::TEMPLATE, at, what));
        None
    }
}

/// Where `}}` closes an expression: not within quotes or braces of the expression itself.
fn closing(text: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_u32);
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((i, b)) = bytes.next() {
        match (quote, b) {
            (Some(_), b'\\') => {
                bytes.next();
            }
            (Some(q), _) if q == b => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(b),
            (None, b'{') => depth += 1,
            (None, b'}') if depth > 0 => depth -= 1,
            (None, b'}') if bytes.peek().is_some_and(|(_, next)| *next == b'}') => return Some(i),
            _ => {}
        }
    }
    None
}
