//! Patches onto objects and values files: `merge` as server-side apply would, and `remove`.
//!
//! Whether the result is valid is not asked here: patched objects are checked like all others, and
//! every value a patch set carries the patch's origin.

use super::codes;
use super::object::item_key;
use super::walk::push_key;
use crate::catalog::fields::{self, Field, Merge};
use crate::diag::{Diagnostic, Origin, Span};
use crate::model::fleet::Patch;
use crate::model::value::Target;
use crate::object::{Kind, NodeId, ObjectId, Tree, Value};
use crate::syntax::{Free, Scalar, Spanned};

/// A patch as the spec has it.
#[derive(Debug, Clone)]
pub struct PatchRef<'a> {
    pub target: &'a str,
    pub merge: Option<(&'a Free, Span)>,
    /// JSON pointers.
    pub remove: Vec<(&'a str, Span)>,
    /// `fleet`, `profile public`: two patches of one level must not set the same field.
    pub level: &'a str,
    /// The target's place.
    pub at: Span,
}

/// What became of a patch; joined over the objects of all clusters before it is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    pub matched: bool,
    pub changed: bool,
    /// For each pointer of `remove`, whether it matched.
    pub removed: Vec<bool>,
}

impl<'a> PatchRef<'a> {
    /// `span` finds the line of the spec behind an origin.
    pub fn of(patch: &'a Patch, span: &dyn Fn(Origin) -> Span) -> Self {
        PatchRef {
            target: &patch.target.value,
            merge: patch.merge.as_ref().map(|(free, at)| (free, *at)),
            remove: patch.remove.iter().map(|r| (r.value.as_str(), span(r.origin))).collect(),
            level: &patch.level,
            at: span(patch.target.origin),
        }
    }
}

/// Whether a patch's target, as the spec has it, is this object. Values files have the kind `values`
/// and the release as their name.
pub fn is_for(target: &str, id: &ObjectId) -> bool {
    Target::parse(target).is_ok_and(|t| match id.kind.as_str() {
        "values" => t.matches_values(&id.name),
        kind => t.matches_object(kind, &id.name),
    })
}

/// Applies to one object, in the order given (farthest level first), those of the patches that are
/// for it. `table` describes it ([`fields::table`] or [`fields::values`]); without one, lists are replaced whole. `origin`
/// makes the origin of a value the patch wrote at a place.
pub fn patch(
    tree: &mut Tree,
    root: NodeId,
    id: &ObjectId,
    table: Option<Field>,
    patches: &[PatchRef<'_>],
    origin: &mut dyn FnMut(Span) -> Origin,
    found: &mut dyn FnMut(Diagnostic),
) -> Vec<Applied> {
    let mut touched: Vec<(&str, String, Span)> = Vec::new();
    patches
        .iter()
        .map(|patch| {
            let mut applied = Applied { removed: vec![false; patch.remove.len()], ..Applied::default() };
            if !is_for(patch.target, id) {
                return applied;
            }
            applied.matched = true;
            let before = identity(tree, root, id);
            let mut apply = Apply { tree, origin, found, changed: false, touched: Vec::new() };
            if let Some((Free::Map(entries), _)) = patch.merge {
                apply.entries(root, table, entries, "");
            }
            for (i, (pointer, at)) in patch.remove.iter().enumerate() {
                applied.removed[i] = apply.remove(root, table, pointer, *at);
            }
            applied.changed = apply.changed;
            let mine = std::mem::take(&mut apply.touched);
            let after = identity(tree, root, id);
            if let Some(path) = differing(&before, &after) {
                let at = mine.iter().find(|(touched, _)| overlap(touched, path)).map_or(patch.at, |(_, at)| *at);
                found(renamed(id, path, at));
            }
            for (path, at) in &mine {
                let other = touched.iter().find(|(level, other, _)| *level == patch.level && overlap(other, path));
                if let Some((_, _, first)) = other {
                    found(disagreement(id, patch.level, path, *at, *first));
                }
            }
            touched.extend(mine.into_iter().map(|(path, at)| (patch.level, path, at)));
            applied
        })
        .collect()
}

impl Applied {
    pub fn join(&mut self, other: &Applied) {
        self.matched |= other.matched;
        self.changed |= other.changed;
        self.removed.resize(self.removed.len().max(other.removed.len()), false);
        self.removed.iter_mut().zip(&other.removed).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// What is wrong with a patch that has been put onto everything it could be for. `known` are the
    /// targets there are, as `Kind/name`.
    pub fn judge<'k>(&self, patch: &PatchRef<'_>, known: impl IntoIterator<Item = &'k str>) -> Vec<Diagnostic> {
        if !self.matched {
            let what = match Target::parse(patch.target) {
                Ok(_) => format!(
                    "The patch is for `{}`, and nothing of that name is emitted in any cluster it applies to.",
                    patch.target
                ),
                Err(malformed) => format!("`{}` is no target: {}.", patch.target, malformed.what),
            };
            let known: Vec<&str> = known.into_iter().collect();
            return vec![
                Diagnostic::new(&codes::PATCH_TARGET, patch.at, what)
                    .here("matches nothing")
                    .did_you_mean(patch.target, known),
            ];
        }
        let missed: Vec<Diagnostic> = patch
            .remove
            .iter()
            .zip(&self.removed)
            .filter(|(_, removed)| !**removed)
            .map(|((pointer, at), _)| {
                let what = format!("`{pointer}` matches nothing in any `{}`.", patch.target);
                let help = "Look the path up in the emitted file: a `/` in a key is written `~1`, a `~` is `~0`, items of lists are counted from 0.";
                Diagnostic::new(&codes::NOTHING_TO_REMOVE, *at, what).here("not there").help(help)
            })
            .collect();
        if missed.is_empty() && !self.changed {
            let what = format!("Everything this patch asks for is already so in every `{}`.", patch.target);
            return vec![Diagnostic::new(&codes::PATCH_WITHOUT_EFFECT, patch.at, what).here("has no effect")];
        }
        missed
    }
}

fn disagreement(id: &ObjectId, level: &str, path: &str, at: Span, first: Span) -> Diagnostic {
    let what = format!("Two patches of {level} set `{path}` of {id}.");
    Diagnostic::new(&codes::PATCHES_DISAGREE, at, what).here("set here").label(first, "and here")
}

/// What an object is known by, as path and value: to Kubernetes, to its owner, and to the Prometheus
/// that selects it. A values file is known by its release, which is not in it.
fn identity(tree: &Tree, root: NodeId, id: &ObjectId) -> Vec<(String, String)> {
    if id.kind == "values" {
        return Vec::new();
    }
    let value = |node: NodeId| super::scalar::words(tree.value(node));
    let at = |path: &[&str]| tree.at(root, path).map(|node| (path.join("."), value(node)));
    let paths: [&[&str]; 4] = [&["apiVersion"], &["kind"], &["metadata", "name"], &["metadata", "namespace"]];
    let mut all: Vec<(String, String)> = paths.into_iter().filter_map(at).collect();
    let ours = |name: &str| name.starts_with("watershed/") || name == "app.kubernetes.io/managed-by";
    if let Some(labels) = tree.at(root, &["metadata", "labels"]) {
        for label in tree.children(labels).filter(|l| ours(tree.key(*l))) {
            let mut path = "metadata.labels".to_owned();
            push_key(&mut path, tree.key(label));
            all.push((path, value(label)));
        }
    }
    all.sort();
    all
}

/// The first path that is not the same in both.
fn differing<'i>(before: &'i [(String, String)], after: &'i [(String, String)]) -> Option<&'i str> {
    let changed = before.iter().find(|part| !after.contains(part));
    changed.or_else(|| after.iter().find(|part| !before.contains(part))).map(|(path, _)| path.as_str())
}

fn renamed(id: &ObjectId, path: &str, at: Span) -> Diagnostic {
    let what = format!("A patch changes `{path}` of {id}, which it is known by.");
    Diagnostic::new(&codes::PATCH_IDENTITY, at, what).here("changed here")
}

/// One is the other, or stands in it.
fn overlap(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

type Entries = [(Spanned<String>, Spanned<Free>)];

struct Apply<'a> {
    tree: &'a mut Tree,
    origin: &'a mut dyn FnMut(Span) -> Origin,
    found: &'a mut dyn FnMut(Diagnostic),
    changed: bool,
    touched: Vec<(String, Span)>,
}

impl Apply<'_> {
    fn entries(&mut self, map: NodeId, field: Option<Field>, entries: &Entries, path: &str) {
        for (key, value) in entries {
            let mut path = path.to_owned();
            push_key(&mut path, &key.value);
            let field = field.and_then(|f| f.child(&key.value));
            match (self.tree.get(map, &key.value), &value.value) {
                (there, Free::Scalar(Scalar::Null)) => {
                    self.touched.push((path, value.span));
                    if let Some(there) = there {
                        self.tree.unlink(map, there);
                        self.changed = true;
                    }
                }
                (None, free) => {
                    self.touch(&path, value);
                    self.changed = true;
                    let node = self.make(&key.value, free, value.span);
                    self.tree.append(map, node);
                }
                (Some(there), _) => self.merge(there, field, value, &path),
            }
        }
    }

    fn merge(&mut self, node: NodeId, field: Option<Field>, value: &Spanned<Free>, path: &str) {
        let list = field.map_or(Merge::Plain, Field::merge);
        let document = self.tree.document(node);
        match (&value.value, self.tree.kind(document), list) {
            (Free::Map(entries), Kind::Map, Merge::Plain) => {
                let field = if document == node { field } else { None };
                self.entries(document, field, entries, path);
            }
            (Free::List(items), Kind::Seq, Merge::Set) => items.iter().for_each(|i| self.add_to_set(node, i, path)),
            (Free::List(items), Kind::Seq, Merge::Keyed) => {
                if let Some(field) = field {
                    items.iter().for_each(|i| self.merge_item(node, field, i, path));
                }
            }
            _ => self.replace(node, value, path),
        }
    }

    fn replace(&mut self, node: NodeId, value: &Spanned<Free>, path: &str) {
        self.touched.push((path.to_owned(), value.span));
        let made = self.make("", &value.value, value.span);
        if self.tree.same(node, self.tree, made) {
            return;
        }
        self.changed = true;
        self.tree.replace(node, made);
    }

    fn add_to_set(&mut self, list: NodeId, item: &Spanned<Free>, path: &str) {
        let made = self.make("", &item.value, item.span);
        self.touched.push((format!("{path}[{}]", super::scalar::words(self.tree.value(made))), item.span));
        if self.tree.children(list).any(|c| self.tree.same(c, self.tree, made)) {
            return;
        }
        self.changed = true;
        self.tree.append(list, made);
    }

    fn merge_item(&mut self, list: NodeId, field: Field, item: &Spanned<Free>, path: &str) {
        let Free::Map(entries) = &item.value else { return self.no_key(item, field, path) };
        let given = |key: &str| entries.iter().any(|(k, _)| k.value == key);
        let defaulted = |key: &str| field.items().and_then(|i| i.child(key)).and_then(Field::default_json).is_some();
        if !field.keys().all(|k| given(k) || defaulted(k)) {
            return self.no_key(item, field, path);
        }
        let made = self.make("", &item.value, item.span);
        let key = item_key(self.tree, made, field);
        let path = format!("{path}[{key}]");
        let there = self.tree.children(list).find(|c| item_key(self.tree, *c, field) == key);
        match there {
            Some(there) => {
                // The keys only say which item is meant.
                let rest: Vec<_> =
                    entries.iter().filter(|(k, _)| !field.keys().any(|b| b == k.value)).cloned().collect();
                self.entries(there, field.items(), &rest, &path);
            }
            None => {
                self.touched.push((path, item.span));
                self.changed = true;
                self.tree.append(list, made);
            }
        }
    }

    fn no_key(&mut self, item: &Spanned<Free>, field: Field, path: &str) {
        let keys: Vec<&str> = field.keys().collect();
        let what = format!("An item merged into `{path}` does not say which one it is.");
        let help = format!(
            "Give it {} `{}`; `remove` takes items out.",
            if keys.len() == 1 { "a" } else { "each of" },
            keys.join("`, `")
        );
        (self.found)(Diagnostic::new(&codes::CANNOT_MERGE, item.span, what).here("which item?").help(help));
        // Not without effect: it is refused for this already.
        self.changed = true;
    }

    fn remove(&mut self, root: NodeId, table: Option<Field>, pointer: &str, at: Span) -> bool {
        let Some((parent, node)) = self.tree.pointer_with_parent(root, pointer).filter(|(p, n)| p != n) else {
            return false;
        };
        self.touched.push((self.words_of(root, table, pointer), at));
        self.tree.unlink(parent, node);
        self.changed = true;
        true
    }

    /// The path of a pointer as `merge` names it, so that the two can be compared.
    fn words_of(&self, root: NodeId, table: Option<Field>, pointer: &str) -> String {
        let mut path = String::new();
        let (mut node, mut field) = (root, table);
        let mut so_far = String::new();
        for token in pointer.split('/').skip(1) {
            so_far.push('/');
            so_far.push_str(token);
            let Some((parent, next)) = self.tree.pointer_with_parent(root, &so_far) else { break };
            if parent != node {
                field = None;
            }
            if self.tree.kind(parent) == Kind::Seq {
                match field {
                    Some(f) if f.merge() != Merge::Plain => {
                        path.push_str(&format!("[{}]", item_key(self.tree, next, f)))
                    }
                    _ => path.push_str(&format!("[{token}]")),
                }
                field = field.and_then(Field::items);
            } else {
                push_key(&mut path, self.tree.key(next));
                field = field.and_then(|f| f.child(self.tree.key(next)));
            }
            node = next;
        }
        path
    }

    /// Every leaf below a value that is new as a whole.
    fn touch(&mut self, path: &str, value: &Spanned<Free>) {
        match &value.value {
            Free::Map(entries) if !entries.is_empty() => {
                for (key, inner) in entries {
                    let mut path = path.to_owned();
                    push_key(&mut path, &key.value);
                    self.touch(&path, inner);
                }
            }
            _ => self.touched.push((path.to_owned(), value.span)),
        }
    }

    /// A new node without a parent. Keys with null are left out: they would remove what is not there.
    fn make(&mut self, key: &str, free: &Free, span: Span) -> NodeId {
        let origin = (self.origin)(span);
        match free {
            Free::Scalar(scalar) => {
                let value = match scalar {
                    Scalar::Null => Value::Null,
                    Scalar::Bool(b) => Value::Bool(*b),
                    Scalar::Int(i) => i64::try_from(*i).map_or(Value::Float(*i as f64), Value::Int),
                    Scalar::Float(f) => Value::Float(*f),
                    Scalar::Str(s) => Value::Str(s),
                };
                self.tree.add(key, value, origin)
            }
            Free::List(items) => {
                let list = self.tree.add(key, Value::Seq, origin);
                let mut last = None;
                for item in items {
                    let node = self.make("", &item.value, item.span);
                    self.tree.link(list, last, node);
                    last = Some(node);
                }
                list
            }
            Free::Map(entries) => {
                let map = self.tree.add(key, Value::Map, origin);
                let mut last = None;
                for (key, value) in entries.iter().filter(|(_, v)| v.value != Free::Scalar(Scalar::Null)) {
                    let node = self.make(&key.value, &value.value, value.span);
                    self.tree.link(map, last, node);
                    last = Some(node);
                }
                map
            }
        }
    }
}

/// What describes an object, if anything does.
pub fn described(id: &ObjectId) -> Option<Field> {
    fields::table(&id.api_version, &id.kind).map(|t| t.root())
}

#[cfg(test)]
mod tests;
