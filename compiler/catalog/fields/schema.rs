//! Reading a structural schema (of a CRD, or of Kubernetes' own OpenAPI) as a draft of a table.

use super::draft::{Draft, Wrap};
use crate::object::{Kind, NodeId, Tree, Value};

/// A schema of either kind.
#[derive(Clone, Copy)]
pub(super) struct Schema<'t> {
    pub tree: &'t Tree,
    pub node: NodeId,
}

impl<'t> Schema<'t> {
    pub fn draft(self) -> Draft {
        let mut draft = self.shape();
        draft.default = self.get("default").and_then(|d| self.default_text(d));
        draft
    }

    pub fn get(self, key: &str) -> Option<NodeId> {
        self.tree.get(self.node, key)
    }

    pub fn text(self, key: &str) -> &'t str {
        self.get(key).and_then(|n| self.tree.as_str(n)).unwrap_or("")
    }

    fn at(self, node: NodeId) -> Schema<'t> {
        Schema { node, ..self }
    }

    fn flag(self, key: &str) -> bool {
        self.get(key).is_some_and(|n| self.tree.value(n) == Value::Bool(true))
    }

    fn texts(self, key: &str) -> Vec<&'t str> {
        self.get(key).map(|n| self.tree.children(n).filter_map(|c| self.tree.as_str(c)).collect()).unwrap_or_default()
    }

    fn shape(self) -> Draft {
        if let Some(reference) = self.reference() {
            return Draft::of(&reference);
        }
        match self.text("type") {
            "object" => self.object(),
            "array" => self.array(),
            _ => Draft {
                values: self.texts("enum").into_iter().map(|v| (v.to_owned(), 0)).collect(),
                ..Draft::of(self.scalar())
            },
        }
    }

    fn scalar(self) -> &'static str {
        let pattern = self.text("pattern");
        if self.flag("x-kubernetes-int-or-string") {
            return if pattern.starts_with("^(\\+|-)?") { "quantity" } else { "int-or-string" };
        }
        match (self.text("type"), self.text("format")) {
            ("string", "int-or-string") => "int-or-string",
            ("string", "date-time") => "time",
            ("string", "byte") => "base64",
            ("string", _) if pattern.starts_with("^(0|(([0-9]+)") || pattern.starts_with("^(([0-9]+)y)?") => "duration",
            ("string", _) if pattern.ends_with("((K|M|G|T|E|P)i?)?B)$") => "size",
            ("string", _) => "string",
            ("boolean", _) => "bool",
            ("integer", _) => "int",
            ("number", _) => "number",
            _ => "any",
        }
    }

    fn object(self) -> Draft {
        let atomic = if self.text("x-kubernetes-map-type") == "atomic" { "atomic" } else { "" };
        if let Some(properties) = self.get("properties") {
            let required = self.texts("required");
            let children = self.tree.children(properties).map(|p| {
                let name = self.tree.key(p);
                let mut draft = self.at(p).draft();
                draft.required = required.contains(&name);
                // The empty string is nobody's default for what must be given; anything else fills it in.
                match draft.default.as_deref() {
                    Some("\"\"") if draft.required => draft.default = None,
                    Some(_) => draft.required = false,
                    None => {}
                }
                (name.to_owned(), draft)
            });
            return Draft { children: children.collect(), list: atomic.to_owned(), ..Draft::of("map") };
        }
        let values = self.get("additionalProperties").filter(|a| self.tree.kind(*a) == Kind::Map);
        let inner = values.map_or_else(|| Draft::of("any"), |v| self.at(v).shape());
        Draft { list: atomic.to_owned(), ..wrapped(Wrap::Open, inner) }
    }

    fn array(self) -> Draft {
        let inner = self.get("items").map_or_else(|| Draft::of("any"), |i| self.at(i).shape());
        let list = match self.text("x-kubernetes-list-type") {
            "set" => "set".to_owned(),
            "map" => format!("keyed {}", self.texts("x-kubernetes-list-map-keys").join(",")),
            _ => String::new(),
        };
        Draft { list, ..wrapped(Wrap::List, inner) }
    }

    /// `$ref`, bare or as the only member of `allOf`, as the name of a type.
    fn reference(self) -> Option<String> {
        let direct = self.text("$ref");
        let inner = self.get("allOf").and_then(|all| self.tree.children(all).next()).map(|s| self.at(s).text("$ref"));
        let full = if direct.is_empty() { inner? } else { direct };
        let name = type_name(full.rsplit('/').next()?);
        Some(match name {
            "util.intstr.IntOrString" => "int-or-string".to_owned(),
            "api.resource.Quantity" => "quantity".to_owned(),
            "meta.v1.Time" | "meta.v1.MicroTime" => "time".to_owned(),
            "meta.v1.FieldsV1" | "runtime.RawExtension" => "any".to_owned(),
            name => format!("@{name}"),
        })
    }

    /// Kubernetes' own documents give every plain field its zero value as a default; that says nothing.
    fn default_text(self, default: NodeId) -> Option<String> {
        let zero = match self.tree.value(default) {
            Value::Map | Value::Seq => self.tree.is_empty(default),
            Value::Int(i) => i == 0,
            Value::Float(f) => f == 0.0,
            Value::Null => true,
            _ => false,
        };
        if zero {
            return None;
        }
        let mut text = String::new();
        crate::object::json::write(self.tree, default, false, &mut text);
        Some(text)
    }
}

/// `core.v1.PodSpec` of `io.k8s.api.core.v1.PodSpec`.
pub(super) fn type_name(full: &str) -> &str {
    full.strip_prefix("io.k8s.api.")
        .or_else(|| full.strip_prefix("io.k8s.apimachinery.pkg.apis."))
        .or_else(|| full.strip_prefix("io.k8s.apimachinery.pkg."))
        .unwrap_or(full)
}

fn wrapped(wrap: Wrap, mut inner: Draft) -> Draft {
    inner.wraps.insert(0, wrap);
    inner
}
