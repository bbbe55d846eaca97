//! One object against the field table of its kind.

use super::scalar::{fits, words};
use super::walk::Walk;
use super::{Finding, Versions, codes, name, size};
use crate::catalog::fields::{self, Field, Merge, Release, Type};
use crate::object::{Kind, NodeId, ObjectId, Tree, Value};

/// Checks an object: fields, types, values, required fields, versions, keys of lists, names, labels and
/// size. A kind without a table is reported once, with severity info; names, labels and sizes are checked all the same.
pub fn object(tree: &Tree, root: NodeId, versions: &Versions, found: &mut dyn FnMut(Finding)) {
    let id = super::raw::id_of(tree, root).unwrap_or_else(|| ObjectId {
        api_version: String::new(),
        kind: "object".to_owned(),
        namespace: String::new(),
        name: String::new(),
    });
    let mut walk = Walk { tree, id: &id, way: vec![root], found };
    name::metadata(&mut walk, root);
    size::check(&mut walk, root);
    match fields::table(&id.api_version, &id.kind) {
        Some(table) => Check { versions, walk }.node(root, table.root()),
        None => {
            labels_of_unknown(&mut walk, root);
            not_described(&mut walk);
        }
    }
}

/// Checks a values file against the table of its chart's version; without one, nobody knows whether
/// the chart reads what we write, and that is an error.
pub fn values(
    tree: &Tree,
    root: NodeId,
    id: &ObjectId,
    (chart, version): (&str, &str),
    found: &mut dyn FnMut(Finding),
) {
    let mut walk = Walk { tree, id, way: vec![root], found };
    match fields::values(chart, version) {
        // Each version of a chart has a table of its own: there is no age to ask about.
        Some(table) => Check { versions: &Versions::default(), walk }.node(root, table.root()),
        None => {
            let known: Vec<&str> = fields::chart_versions(chart).collect();
            let what = format!("There is no field table for the values of {chart} {version}.");
            let make = |f: Finding| match known.as_slice() {
                [] => f,
                known => f.help(format!(
                    "Leave the version of the chart out, or declare one that is described: {}.",
                    known.join(", ")
                )),
            };
            walk.report(&codes::CHART_NOT_DESCRIBED, make, what);
        }
    }
}

fn not_described(walk: &mut Walk<'_>) {
    let (kind, api_version) = (&walk.id.kind, &walk.id.api_version);
    let others: Vec<&str> = fields::api_versions(kind).collect();
    let what = format!("There is no field table for {kind} of {api_version}.");
    let help = match others.as_slice() {
        [] => String::new(),
        some => format!("{kind} is described for {}.", some.join(", ")),
    };
    walk.report(&codes::NOT_DESCRIBED, |f| if help.is_empty() { f } else { f.help(help) }, what);
}

fn labels_of_unknown(walk: &mut Walk<'_>, root: NodeId) {
    let tree = walk.tree;
    let Some(metadata) = tree.get(root, "metadata") else { return };
    for (key, annotations) in [("labels", false), ("annotations", true)] {
        if let Some(map) = tree.get(metadata, key) {
            walk.down(metadata, |walk| walk.down(map, |walk| name::labels(walk, map, annotations)));
        }
    }
}

struct Check<'v, 'a> {
    versions: &'v Versions,
    walk: Walk<'a>,
}

/// How a field and a declared version stand to each other.
#[derive(Debug, PartialEq, Eq)]
enum Age {
    Known,
    TooNew {
        first: Release,
    },
    /// Absent from the first, present in the second, and the declared version lies between.
    Unsure {
        absent: Release,
        first: Release,
    },
    Gone {
        last: Release,
    },
}

fn age(field: Field, declared: Option<Release>) -> Age {
    let Some(declared) = declared else { return Age::Known };
    if let (Some(absent), Some(first)) = (field.absent_until(), field.since())
        && declared.minor_release() < first.minor_release()
    {
        return if declared.minor_release() <= absent.minor_release() {
            Age::TooNew { first }
        } else {
            Age::Unsure { absent, first }
        };
    }
    match field.until() {
        Some(last) if declared.minor_release() > last.minor_release() => Age::Gone { last },
        _ => Age::Known,
    }
}

impl Check<'_, '_> {
    /// Checks the node the walk is at.
    fn node(&mut self, node: NodeId, field: Field) {
        let tree = self.walk.tree;
        let value = tree.value(node);
        let target = field.target();
        if value == Value::Null && self.walk.way.len() > 1 {
            // The API server takes null for absent; so do we.
            return;
        }
        if !fits(value, target.ty) {
            return self.wrong_type(value, target);
        }
        match target.ty {
            Type::Map => self.map(node, target),
            Type::Open => {
                if let Some(items) = target.items() {
                    tree.children(node).for_each(|c| self.walk_down(c, items));
                }
            }
            Type::List => self.list(node, field),
            Type::String => self.allowed(value, field),
            _ => {}
        }
    }

    fn walk_down(&mut self, child: NodeId, field: Field) {
        self.walk.way.push(child);
        self.node(child, field);
        self.walk.way.pop();
    }

    fn map(&mut self, node: NodeId, target: Field) {
        let tree = self.walk.tree;
        let holds_labels = matches!(tree.key(node), "metadata" | "podMetadata");
        for child in tree.children(node) {
            let key = tree.key(child);
            self.walk.way.push(child);
            match target.child(key) {
                None => self.unknown(key, target),
                Some(field) => {
                    if self.known(key, field) {
                        self.node(child, field);
                    }
                    if holds_labels && matches!(key, "labels" | "annotations") {
                        name::labels(&mut self.walk, child, key == "annotations");
                    }
                }
            }
            self.walk.way.pop();
        }
        for field in target.children().filter(|f| f.required) {
            let there = tree.get(node, field.name).is_some_and(|n| tree.kind(n) != Kind::Null);
            if !there && age(field, self.versions.of(field.table().component())) == Age::Known {
                self.missing(field);
            }
        }
    }

    /// Whether the declared version has the field; reports it where not.
    fn known(&mut self, key: &str, field: Field) -> bool {
        let component = field.table().component();
        let declared = self.versions.of(component);
        let named = |release: Option<Release>| release.map_or_else(String::new, |r| r.to_string());
        let remove = "or leave the field out";
        match age(field, declared) {
            Age::Known => true,
            Age::TooNew { first } => {
                let what = format!("`{key}` came with {component} {first}; this cluster declares {}.", named(declared));
                let help = format!(
                    "Raise the cluster's `{}` to {first} or later once it runs there, {remove}.",
                    word(component)
                );
                self.walk.report(&codes::TOO_NEW, |f| f.help(help), what);
                false
            }
            Age::Unsure { absent, first } => {
                let what = format!(
                    "`{key}` came with a release of {component} after {absent} and no later than {first}; this cluster declares {}.",
                    named(declared)
                );
                let help = format!(
                    "Look it up in the release notes; raise the cluster's `{}` to {first}, {remove}.",
                    word(component)
                );
                self.walk.report(&codes::PERHAPS_TOO_NEW, |f| f.help(help), what);
                true
            }
            Age::Gone { last } => {
                let what =
                    format!("`{key}` is gone since {component} {last}; this cluster declares {}.", named(declared));
                self.walk.report(&codes::GONE, |f| f, what);
                false
            }
        }
    }

    fn unknown(&mut self, key: &str, target: Field) {
        let path = self.walk.path();
        let parent = path.strip_suffix(key).map_or("", |p| p.trim_end_matches('.'));
        let place =
            if parent.is_empty() { self.walk.id.kind.clone() } else { format!("`{parent}` of {}", self.walk.id.kind) };
        let table = target.table();
        let newest = table.releases().last().copied();
        let declared = self.versions.of(table.component());
        let newer = declared.filter(|d| newest.is_some_and(|n| d.minor_release() > n.minor_release()));
        let what = format!("{place} has no field `{key}`.");
        let make = |f: Finding| match (newer, newest) {
            (Some(declared), Some(newest)) => f.help(format!(
                "The field tables of {} end at {newest}, this cluster declares {declared}: \
                 a newer release of Watershed may know the field.",
                table.component()
            )),
            _ => f,
        };
        let known: Vec<&str> = target.children().map(|c| c.name).collect();
        let nested = match key.split_once('.') {
            Some((first, _)) if known.contains(&first) => {
                let inside = key.split('.').collect::<Vec<_>>().join(" { ");
                let ends = " }".repeat(key.matches('.').count());
                Some(format!("a dot is part of a key and does not nest: in a patch write `{inside} …{ends}`"))
            }
            _ => None,
        };
        let help = |f: Finding| match nested {
            Some(words) => f.help(words),
            None => make(f).did_you_mean(key, known.iter().copied()),
        };
        self.walk.report(&codes::UNKNOWN_FIELD, help, what);
    }

    fn missing(&mut self, field: Field) {
        let path = self.walk.path();
        let place = if path.is_empty() { self.walk.id.to_string() } else { format!("`{path}` of {}", self.walk.id) };
        let what = format!("{place} lacks the required field `{}`.", field.name);
        let help = format!("Give `{}` {}.", field.name, field.target().ty.words());
        self.walk.report(&codes::MISSING, |f| f.help(help), what);
    }

    fn wrong_type(&mut self, value: Value<'_>, target: Field) {
        let what = format!("`{}` is {}; it has to be {}.", self.walk.path(), words(value), target.ty.words());
        let help = match (target.ty, value) {
            (Type::String, Value::Bool(_) | Value::Int(_) | Value::Float(_)) => "Put it in quotes.".to_owned(),
            (Type::Bool, Value::Str(s)) if matches!(s, "true" | "false") => {
                format!("Write {s} without quotes (`#{s}` in KDL).")
            }
            (Type::Int | Type::Number, Value::Str(s)) if s.parse::<f64>().is_ok() => {
                "Write it without quotes.".to_owned()
            }
            (ty, _) => format!("Write {}.", ty.words()),
        };
        self.walk.report(&codes::WRONG_TYPE, |f| f.help(help), what);
    }

    fn allowed(&mut self, value: Value<'_>, field: Field) {
        let Value::Str(s) = value else { return };
        let mut values = field.values().peekable();
        if values.peek().is_none() {
            return;
        }
        let declared = self.versions.of(field.table().component());
        match values.find(|(v, _)| *v == s) {
            None => {
                let all: Vec<&str> = field.values().map(|v| v.0).collect();
                let what = format!("`{}` is {}, which it does not allow.", self.walk.path(), words(value));
                let listed: Vec<String> =
                    all.iter().map(|v| if v.is_empty() { "\"\"".to_owned() } else { format!("`{v}`") }).collect();
                let help = format!("Allowed are {}.", listed.join(", "));
                self.walk.report(&codes::NOT_ALLOWED, |f| f.help(help).did_you_mean(s, all.iter().copied()), what);
            }
            Some((_, Some(since))) if declared.is_some_and(|d| d.minor_release() < since.minor_release()) => {
                let component = field.table().component();
                let what = format!(
                    "The value `{s}` of `{}` is known from {component} {since} on; this cluster declares {}.",
                    self.walk.path(),
                    declared.unwrap_or_default()
                );
                let help =
                    format!("Raise the cluster's `{}` once it runs there, or choose another value.", word(component));
                self.walk.report(&codes::TOO_NEW, |f| f.help(help), what);
            }
            Some(_) => {}
        }
    }

    fn list(&mut self, node: NodeId, field: Field) {
        let tree = self.walk.tree;
        if let Some(items) = field.items() {
            tree.children(node).for_each(|c| self.walk_down(c, items));
        }
        if !matches!(field.merge(), Merge::Keyed | Merge::Set) {
            return;
        }
        let mut keys: Vec<(String, NodeId)> = tree.children(node).map(|c| (item_key(tree, c, field), c)).collect();
        // Stable: of two alike the later one is reported.
        keys.sort_by(|a, b| a.0.cmp(&b.0));
        for pair in keys.windows(2).filter(|p| p[0].0 == p[1].0) {
            let what = format!("`{}` has two items with {}.", self.walk.path(), pair[1].0);
            self.walk.way.push(pair[1].1);
            self.walk.report(&codes::DUPLICATE, |f| f, what);
            self.walk.way.pop();
        }
    }
}

/// What tells an item of a list apart, in words: `name "web"`, `port 80, protocol "TCP"`.
pub(super) fn item_key(tree: &Tree, item: NodeId, list: Field) -> String {
    if list.merge() == Merge::Set {
        return words(tree.value(item));
    }
    let part = |key: &'static str| {
        let given = tree.get(item, key).map(|n| match tree.value(n) {
            Value::Str(s) => format!("{s:?}"),
            Value::Int(i) => i.to_string(),
            other => words(other),
        });
        let default = || list.items().and_then(|i| i.child(key)).and_then(Field::default_json).map(str::to_owned);
        format!("{key} {}", given.or_else(default).unwrap_or_else(|| "\"\"".to_owned()))
    };
    list.keys().map(part).collect::<Vec<_>>().join(", ")
}

/// What the spec calls the version of a component.
fn word(component: &str) -> &str {
    match component {
        "prometheus-operator" => "operator",
        other => other,
    }
}

#[cfg(test)]
mod tests;
