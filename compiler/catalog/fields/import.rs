//! Making tables from what projects publish: CRDs, Kubernetes' OpenAPI documents, default values.

use super::draft::{Draft, Wrap, header};
use super::release::Release;
use super::schema::{Schema, type_name};
use crate::object::{NodeId, Tree, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The documents one release of a project publishes.
pub struct Published<'t> {
    pub release: Release,
    pub documents: Vec<(&'t Tree, NodeId)>,
}

/// A file below `schema/targets/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    pub path: String,
    pub text: String,
}

/// Tables of the custom resources among the documents, joined over all releases given. The stored
/// version of each CRD is taken; documents that are no CRDs are passed over.
pub fn import_crds(component: &str, published: &[Published<'_>]) -> Vec<TableFile> {
    let published = by_release(published);
    let releases: Vec<Release> = published.iter().map(|p| p.release).collect();
    let mut kinds: BTreeMap<(String, String), Draft> = BTreeMap::new();
    for (index, release) in published.iter().enumerate() {
        for (tree, root) in &release.documents {
            let Some((id, mut draft)) = custom_resource(tree, *root) else { continue };
            draft.stamp(index);
            join(&mut kinds, id, draft);
        }
    }
    kinds.iter().map(|((api_version, kind), draft)| file(component, api_version, kind, &releases, draft)).collect()
}

/// Tables of Kubernetes' own kinds from its OpenAPI v3 documents, joined over all releases given.
/// `kinds` are pairs of API version and kind. Types that several of them use go to one file of
/// shared types, all others are written where they are used.
pub fn import_openapi(component: &str, published: &[Published<'_>], kinds: &[(&str, &str)]) -> Vec<TableFile> {
    let published = by_release(published);
    let releases: Vec<Release> = published.iter().map(|p| p.release).collect();
    let mut types: BTreeMap<String, Draft> = BTreeMap::new();
    let mut roots: BTreeMap<(String, String), String> = BTreeMap::new();
    for (index, release) in published.iter().enumerate() {
        // Every document repeats the types it shares with others.
        let mut seen = BTreeSet::new();
        for (tree, root) in &release.documents {
            let schemas = tree.at(*root, &["components", "schemas"]);
            for schema in schemas.into_iter().flat_map(|s| tree.children(s)).map(|node| Schema { tree, node }) {
                let name = type_name(tree.key(schema.node)).to_owned();
                if let Some(id) = only_kind(schema) {
                    roots.insert(id, name.clone());
                }
                if seen.insert(name.clone()) {
                    let mut draft = schema.draft();
                    draft.stamp(index);
                    join(&mut types, name, draft);
                }
            }
        }
    }
    let wanted: Vec<(&(String, String), Draft)> = roots
        .iter()
        .filter(|((api, kind), _)| kinds.contains(&(api.as_str(), kind.as_str())))
        .filter_map(|(id, name)| Some((id, as_kind(types.get(name)?.clone()))))
        .collect();
    let shared = shared_types(&types, wanted.iter().map(|(_, draft)| draft));
    let mut files: Vec<TableFile> = wanted
        .iter()
        .map(|((api_version, kind), draft)| {
            file(component, api_version, kind, &releases, &inlined(draft.clone(), &types, &shared))
        })
        .collect();
    let mut text = header(component, "", "types", &releases);
    for name in &shared {
        let Some(draft) = types.get(name) else { continue };
        text.push_str(&format!("@{name}\n"));
        inlined(draft.clone(), &types, &shared).write_children(0, &releases, &mut text);
    }
    files.push(TableFile { path: path(component, &releases, "types"), text });
    files
}

/// What default values don't say of themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct ValuesHints<'a> {
    /// Maps with free keys, by their own key, wherever they occur.
    pub open: &'a [&'a str],
    /// Types of keys, by their name, where the default says too little.
    pub types: &'a [(&'a str, &'a str)],
    /// Keys the defaults only mention in comments: the key of the map they stand in, the key, its type.
    pub added: &'a [(&'a str, &'a str, &'a str)],
}

/// A table of a chart's values from its default `values.yaml`. What a default says nothing about
/// (empty maps and lists, null) is open.
pub fn import_values(
    chart: &str,
    version: Release,
    (tree, root): (&Tree, NodeId),
    hints: &ValuesHints<'_>,
) -> TableFile {
    let draft = Values { tree, hints }.draft(root);
    let mut text = header(chart, &version.to_string(), chart, &[version]);
    draft.write_children(0, &[version], &mut text);
    TableFile { path: format!("charts/{chart}/{version}/values.tsv"), text }
}

fn by_release<'p, 't>(published: &'p [Published<'t>]) -> Vec<&'p Published<'t>> {
    let mut sorted: Vec<&Published<'t>> = published.iter().collect();
    sorted.sort_by_key(|p| p.release);
    sorted
}

fn join<K: Ord>(into: &mut BTreeMap<K, Draft>, key: K, draft: Draft) {
    match into.get_mut(&key) {
        Some(older) => older.join(draft),
        None => {
            into.insert(key, draft);
        }
    }
}

fn path(component: &str, releases: &[Release], name: &str) -> String {
    let newest = releases.last().copied().unwrap_or_default();
    format!("{component}/{newest}/{name}.tsv")
}

fn file(component: &str, api_version: &str, kind: &str, releases: &[Release], draft: &Draft) -> TableFile {
    let mut text = header(component, api_version, kind, releases);
    draft.write_children(0, releases, &mut text);
    TableFile { path: path(component, releases, kind), text }
}

fn custom_resource(tree: &Tree, root: NodeId) -> Option<((String, String), Draft)> {
    let text = |node: NodeId, path: &[&str]| tree.at(node, path).and_then(|n| tree.as_str(n));
    if text(root, &["kind"])? != "CustomResourceDefinition" {
        return None;
    }
    let group = text(root, &["spec", "group"])?;
    let kind = text(root, &["spec", "names", "kind"])?;
    let stored = tree
        .children(tree.at(root, &["spec", "versions"])?)
        .find(|v| tree.get(*v, "storage").is_some_and(|s| tree.value(s) == Value::Bool(true)))?;
    let version = text(stored, &["name"])?;
    let schema = tree.at(stored, &["schema", "openAPIV3Schema"])?;
    let mut draft = as_kind(Schema { tree, node: schema }.draft());
    draft.children.insert("metadata".to_owned(), Draft::of("@meta.v1.ObjectMeta"));
    Some(((format!("{group}/{version}"), kind.to_owned()), draft))
}

/// What every object has: `status` belongs to controllers and is not described.
fn as_kind(mut draft: Draft) -> Draft {
    for (name, child) in &mut draft.children {
        match name.as_str() {
            "status" => *child = Draft { first: child.first, last: child.last, ..Draft::of("any") },
            "apiVersion" | "kind" => child.required = true,
            _ => {}
        }
    }
    draft
}

/// The API version and kind a schema is of, if it is of one only.
fn only_kind(schema: Schema<'_>) -> Option<(String, String)> {
    let tree = schema.tree;
    let mut kinds = tree.children(schema.get("x-kubernetes-group-version-kind")?);
    let (only, None) = (Schema { tree, node: kinds.next()? }, kinds.next()) else { return None };
    let api_version = match only.text("group") {
        "" => only.text("version").to_owned(),
        group => format!("{group}/{}", only.text("version")),
    };
    Some((api_version, only.text("kind").to_owned()))
}

/// Types used more than once by what is reachable from the roots, sorted.
fn shared_types<'d>(types: &BTreeMap<String, Draft>, roots: impl Iterator<Item = &'d Draft>) -> BTreeSet<String> {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    fn count(draft: &Draft, types: &BTreeMap<String, Draft>, uses: &mut BTreeMap<String, usize>) {
        if let Some(name) = draft.base.strip_prefix('@') {
            let n = uses.entry(name.to_owned()).or_default();
            *n += 1;
            if let (1, Some(t)) = (*n, types.get(name)) {
                count(t, types, uses);
            }
        }
        draft.children.values().for_each(|c| count(c, types, uses));
    }
    roots.for_each(|r| count(r, types, &mut uses));
    // Custom resources refer to it too.
    uses.insert("meta.v1.ObjectMeta".to_owned(), 2);
    uses.into_iter().filter(|(name, n)| *n > 1 && types.contains_key(name)).map(|(name, _)| name).collect()
}

/// The same with every type that is used only here in place of its name.
fn inlined(mut draft: Draft, types: &BTreeMap<String, Draft>, shared: &BTreeSet<String>) -> Draft {
    if let Some(name) = draft.base.strip_prefix('@').filter(|n| !shared.contains(*n)) {
        match types.get(name) {
            Some(t) => {
                if draft.list.is_empty() && draft.wraps.is_empty() {
                    draft.list = t.list.clone();
                }
                draft.wraps.extend(t.wraps.iter().copied());
                (draft.base, draft.children) = (t.base.clone(), t.children.clone());
            }
            None => draft.base = "any".to_owned(),
        }
        return inlined(draft, types, shared);
    }
    draft.children = draft.children.into_iter().map(|(k, c)| (k, inlined(c, types, shared))).collect();
    draft
}

struct Values<'t, 's> {
    tree: &'t Tree,
    hints: &'s ValuesHints<'s>,
}

impl Values<'_, '_> {
    fn draft(&self, node: NodeId) -> Draft {
        let key = self.tree.key(node);
        if let Some((_, ty)) = self.hints.types.iter().find(|(name, _)| *name == key) {
            return Draft::of(ty);
        }
        match self.tree.value(node) {
            Value::Map if self.tree.is_empty(node) || self.hints.open.contains(&key) => {
                Draft { wraps: vec![Wrap::Open], ..Draft::of("any") }
            }
            Value::Map => {
                let said = self.tree.children(node).map(|c| (self.tree.key(c).to_owned(), self.draft(c)));
                let added = self.hints.added.iter().filter(|(parent, ..)| *parent == key);
                let mut children: BTreeMap<String, Draft> =
                    added.map(|(_, name, ty)| ((*name).to_owned(), Draft::of(ty))).collect();
                children.extend(said);
                Draft { children, ..Draft::of("map") }
            }
            Value::Seq => Draft { wraps: vec![Wrap::List], ..self.items(node) },
            Value::Bool(_) => Draft::of("bool"),
            Value::Int(_) => Draft::of("int"),
            Value::Float(_) => Draft::of("number"),
            Value::Str(_) | Value::Embedded(_) => Draft::of("string"),
            Value::Null => Draft::of("any"),
        }
    }

    /// A list's first item stands for all where it is a scalar; maps in lists are not described.
    fn items(&self, list: NodeId) -> Draft {
        match self.tree.children(list).next() {
            Some(item) if self.tree.is_empty(item) => self.draft(item),
            _ => Draft::of("any"),
        }
    }
}
