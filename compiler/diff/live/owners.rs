//! Who owns what in a live object, by its `managedFields`.
//!
//! The keys of `fieldsV1` are those of structured-merge-diff (`fieldpath/serialize-pe.go`): `f:` a field, `k:` an
//! item by its keys, `v:` an item by its value, `i:` one by its place, `.` the thing itself. A field whose set is
//! empty is owned with everything below it where it is one value to the API server; of a map or list that is merged
//! the node alone is owned then.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::catalog::fields::{self, Field, Merge, Type};
use crate::diag::Origin;
use crate::object::{NodeId, Tree, Value};

/// Somebody who wrote to a live object, as the API server remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    pub name: String,
    pub operation: Operation,
    /// Empty but for writes through `scale` and the like.
    pub subresource: String,
    /// RFC 3339; empty where the server tells none.
    pub time: String,
    /// Our output came by it.
    pub ours: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Everything else: create, update, patch.
    Update,
}

/// The owners of every node of one live object. A node's origin is the place of its owners in this table.
#[derive(Debug, Default)]
pub(super) struct Owners {
    managers: Vec<Manager>,
    stands: Vec<Stand>,
    known: BTreeMap<Stand, Origin>,
    /// Whether the object says anything of owners.
    pub recorded: bool,
    /// Somebody wrote through another version of the API: of what no owner is known somebody may be one.
    pub partial: bool,
}

/// How a node stands to those who write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stand {
    /// Sorted.
    managers: Vec<usize>,
    part: Part,
}

/// Whether a node can be written without what is around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Apart,
    /// It is a list or map that is replaced whole.
    Whole,
    /// It stands in one.
    Within,
}

/// What one manager owns at a node and below it.
#[derive(Clone, Copy)]
struct Share<'j> {
    manager: usize,
    fields: Fields<'j>,
}

#[derive(Clone, Copy)]
enum Fields<'j> {
    /// The node with all that is below it.
    All,
    /// The node and nothing below it.
    Node,
    These(&'j Map<String, Json>),
}

impl Owners {
    /// Adds a live object to a tree, each node with its owners as its origin, without what no comparison needs:
    /// `status`, `managedFields` and what else the server alone writes.
    pub fn read(live: &Json, tree: &mut Tree) -> (Owners, NodeId) {
        let mut owners = Owners::default();
        let entries = live.pointer("/metadata/managedFields").and_then(Json::as_array);
        owners.recorded = entries.is_some_and(|e| !e.is_empty());
        let mut shares = Vec::new();
        for entry in entries.into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
            let Some(fields) = entry.get("fieldsV1").and_then(Json::as_object) else { continue };
            let version = text("apiVersion");
            let other = !version.is_empty() && live.get("apiVersion").and_then(Json::as_str) != Some(&version);
            // Fields of another version may have other names. Through `status` others than it are seldom written.
            if other && text("subresource") != "status" {
                owners.partial = true;
            }
            if other {
                continue;
            }
            let operation = if text("operation") == "Apply" { Operation::Apply } else { Operation::Update };
            shares.push(Share { manager: owners.managers.len(), fields: Fields::These(fields) });
            owners.managers.push(Manager {
                name: text("manager"),
                operation,
                subresource: text("subresource"),
                time: text("time"),
                ours: false,
            });
        }
        let text = |key: &str| live.get(key).and_then(Json::as_str).unwrap_or_default();
        let table = fields::table(text("apiVersion"), text("kind")).map(|table| table.root());
        let root = owners.add(tree, ("", live), &shares, (table, Part::Apart), 0);
        (owners, root)
    }

    /// Who owns the node that had this origin.
    pub fn of(&self, origin: Origin) -> impl Iterator<Item = &Manager> {
        self.stand(origin).into_iter().flat_map(|s| &s.managers).filter_map(|i| self.managers.get(*i))
    }

    fn stand(&self, origin: Origin) -> Option<&Stand> {
        origin.0.checked_sub(1).and_then(|i| self.stands.get(i as usize))
    }

    /// Whether the node that had this origin is written with what is around it, and never alone.
    pub fn is_within(&self, origin: Origin) -> bool {
        self.stand(origin).is_some_and(|s| s.part == Part::Within)
    }

    /// Whether this is so of what could be in that node.
    pub fn is_around_within(&self, origin: Origin) -> bool {
        self.stand(origin).is_some_and(|s| s.part != Part::Apart)
    }

    /// Tells which managers our output came by.
    pub fn claim(&mut self, is_ours: impl Fn(&Manager) -> bool) {
        self.managers.iter_mut().for_each(|m| m.ours = is_ours(m));
    }

    pub fn managers(&self) -> &[Manager] {
        &self.managers
    }

    fn add(
        &mut self,
        tree: &mut Tree,
        (key, value): (&str, &Json),
        shares: &[Share<'_>],
        (field, around): (Option<Field>, Part),
        depth: usize,
    ) -> NodeId {
        let merged = field.is_some_and(is_merged) && around == Part::Apart;
        let part = match around {
            Part::Whole | Part::Within => Part::Within,
            Part::Apart if !merged && is_replaced(field, value) => Part::Whole,
            Part::Apart => Part::Apart,
        };
        let origin = self.origin(shares.iter().map(|s| s.manager).collect(), part);
        let node = match value {
            Json::Object(_) => tree.add(key, Value::Map, origin),
            Json::Array(_) => tree.add(key, Value::Seq, origin),
            scalar => return tree.add_json(key, scalar, origin),
        };
        let mut last = None;
        let mut append = |tree: &mut Tree, child: NodeId| {
            tree.link(node, last, child);
            last = Some(child);
        };
        match value {
            Json::Object(entries) => {
                for (name, value) in entries.iter().filter(|(name, _)| !is_the_servers(depth, key, name)) {
                    let field = field.and_then(|f| f.child(name));
                    let step = format!("f:{name}");
                    let below: Vec<Share<'_>> =
                        shares.iter().filter_map(|s| s.below(field, |these| these.get(&step))).collect();
                    let child = self.add(tree, (name, value), &below, (field, part), depth + 1);
                    append(tree, child);
                }
            }
            Json::Array(items) => {
                let field = field.and_then(Field::items);
                let named: Vec<Named<'_>> = shares.iter().map(|share| Named::of(*share)).collect();
                for (place, item) in items.iter().enumerate() {
                    let all = shares.iter().zip(&named);
                    let below: Vec<Share<'_>> =
                        all.filter_map(|(s, named)| s.below(field, |_| named.below(item, place))).collect();
                    let child = self.add(tree, ("", item), &below, (field, part), depth + 1);
                    append(tree, child);
                }
            }
            _ => {}
        }
        // What is merged belongs to those who own something in it.
        if part == Part::Apart {
            let owners = tree.children(node).filter_map(|child| self.stand(tree.origin(child)));
            let owners: Vec<usize> = owners.flat_map(|s| s.managers.iter().copied()).collect();
            if !owners.is_empty() {
                let origin = self.origin(owners, part);
                tree.set_origin(node, origin);
            }
        }
        node
    }

    fn origin(&mut self, mut managers: Vec<usize>, part: Part) -> Origin {
        managers.sort_unstable();
        managers.dedup();
        let stand = Stand { managers, part };
        if let Some(known) = self.known.get(&stand) {
            return *known;
        }
        self.stands.push(stand.clone());
        let origin = Origin(self.stands.len() as u32);
        self.known.insert(stand, origin);
        origin
    }
}

/// Types of Kubernetes that are one value wherever they stand (`+structType=atomic`).
const ONE_VALUE: [&str; 14] = [
    "core.v1.EndpointAddress",
    "core.v1.LocalObjectReference",
    "core.v1.NodeSelector",
    "core.v1.NodeSelectorTerm",
    "core.v1.ObjectFieldSelector",
    "core.v1.ObjectReference",
    "core.v1.ResourceFieldSelector",
    "core.v1.SecretReference",
    "core.v1.TypedLocalObjectReference",
    "meta.v1.LabelSelector",
    "autoscaling.v2.CrossVersionObjectReference",
    "networking.v1.IngressServiceBackend",
    "rbac.v1.RoleRef",
    "rbac.v1.Subject",
];

fn is_one_value(field: Field) -> bool {
    matches!(field.ty, Type::Shared(name) if ONE_VALUE.contains(&name)) || field.merge() == Merge::Atomic
}

/// Whether a field's content is written piece by piece.
fn is_merged(field: Field) -> bool {
    if is_one_value(field) {
        return false;
    }
    match field.target().ty {
        Type::Map | Type::Open => true,
        Type::List => matches!(field.merge(), Merge::Keyed | Merge::Set),
        _ => false,
    }
}

/// Whether a value is one for the API server: a list always, where nothing is known of it.
fn is_replaced(field: Option<Field>, value: &Json) -> bool {
    value.is_array() || field.is_some_and(is_one_value)
}

impl<'j> Share<'j> {
    /// What of it is below the step that `find` finds, which leads to `field`.
    fn below(
        self,
        field: Option<Field>,
        find: impl Fn(&'j Map<String, Json>) -> Option<&'j Json>,
    ) -> Option<Share<'j>> {
        let these = match self.fields {
            Fields::All => return Some(self),
            Fields::Node => return None,
            Fields::These(these) => these,
        };
        let below = find(these)?;
        let fields = match below.as_object().filter(|fields| !fields.is_empty()) {
            Some(fields) => Fields::These(fields),
            None if field.is_some_and(is_merged) => Fields::Node,
            None => Fields::All,
        };
        Some(Share { fields, ..self })
    }
}

/// What only the server writes, and nobody applies.
fn is_the_servers(depth: usize, parent: &str, name: &str) -> bool {
    match (depth, parent) {
        (0, _) => name == "status",
        (1, "metadata") => matches!(
            name,
            "managedFields" | "resourceVersion" | "uid" | "generation" | "creationTimestamp" | "selfLink"
        ),
        (2, "annotations") => name == LAST_APPLIED,
        _ => false,
    }
}

/// What `kubectl apply` without `--server-side` keeps of what it applied.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The items of a list that a manager owns something of, by how they are named: a list may be as long as its names.
#[derive(Default)]
struct Named<'j> {
    /// `k:`, `v:` and `i:` as keys, values and places are written in one way.
    steps: BTreeMap<String, &'j Json>,
    /// Which keys make up names here.
    keys: BTreeSet<Vec<String>>,
    by_value: bool,
}

impl<'j> Named<'j> {
    fn of(share: Share<'j>) -> Self {
        let Fields::These(these) = share.fields else { return Named::default() };
        let mut named = Named::default();
        for (step, below) in these {
            let read = |text: &str| serde_json::from_str::<Json>(text).ok();
            let name = match step.split_at_checked(2) {
                Some(("k:", keys)) => read(keys).and_then(|keys| {
                    let mut names: Vec<String> = keys.as_object()?.keys().cloned().collect();
                    names.sort();
                    let name = key(&keys, &names);
                    named.keys.insert(names);
                    name
                }),
                Some(("v:", value)) => read(value).map(value_of),
                Some(("i:", _)) => Some(step.clone()),
                _ => None,
            };
            named.by_value |= step.starts_with("v:");
            if let Some(name) = name {
                named.steps.entry(name).or_insert(below);
            }
        }
        named
    }

    fn below(&self, item: &Json, place: usize) -> Option<&'j Json> {
        let by_key = || self.keys.iter().filter_map(|names| key(item, names)).find_map(|name| self.steps.get(&name));
        let by_value = || self.by_value.then(|| self.steps.get(&value_of(item.clone())))?;
        by_key().or_else(by_value).or_else(|| self.steps.get(&format!("i:{place}"))).copied()
    }
}

fn key(item: &Json, names: &[String]) -> Option<String> {
    let values: Option<Vec<String>> = names.iter().map(|name| item.get(name).map(Json::to_string)).collect();
    values.map(|values| format!("k:{names:?}{values:?}"))
}

fn value_of(mut value: Json) -> String {
    value.sort_all_objects();
    format!("v:{value}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owners_at(live: &Json, pointer: &str) -> Vec<String> {
        let mut tree = Tree::new();
        let (owners, root) = Owners::read(live, &mut tree);
        let node = tree.pointer(root, pointer).expect(pointer);
        owners.of(tree.origin(node)).map(|m| m.name.clone()).collect()
    }

    #[test]
    fn every_node_knows_its_owners() {
        let live = json!({
            "metadata": {
                "name": "a", "uid": "1", "labels": {"x": "1", "y": "2"}, "annotations": {"noted": "1"},
                "managedFields": [
                    {"manager": "watershed", "operation": "Apply", "fieldsV1": {
                        "f:metadata": {"f:labels": {"f:x": {}}},
                        "f:spec": {
                            "f:endpoints": {},
                            "f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:args": {}}},
                            "f:finalizers": {"v:\"keep\"": {}}}}},
                    {"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-22T10:00:00Z", "fieldsV1": {
                        "f:metadata": {"f:labels": {"f:y": {}}},
                        "f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {"f:args": {}}}}}},
                    {"manager": "operator", "operation": "Update", "subresource": "status", "fieldsV1": {
                        "f:status": {}, "f:metadata": {"f:annotations": {"f:noted": {}}}}}]},
            "spec": {
                "endpoints": [{"port": "web"}],
                "containers": [{"name": "b"}, {"name": "a", "args": ["x"], "image": "i"}],
                "finalizers": ["keep", "other"],
                "defaulted": 1}
        });
        assert_eq!(owners_at(&live, "/metadata/labels/x"), ["watershed"]);
        assert_eq!(owners_at(&live, "/metadata/labels/y"), ["kubectl-edit"]);
        assert_eq!(owners_at(&live, "/metadata/annotations/noted"), ["operator"], "through status, too");
        assert_eq!(owners_at(&live, "/spec/endpoints/0/port"), ["watershed"]);
        assert_eq!(owners_at(&live, "/spec/containers/1/args/0"), ["watershed", "kubectl-edit"]);
        assert_eq!(owners_at(&live, "/spec/containers/1/name"), ["watershed"]);
        assert_eq!(owners_at(&live, "/spec/containers/1/image"), Vec::<String>::new());
        assert_eq!(owners_at(&live, "/spec/containers/0"), Vec::<String>::new());
        assert_eq!(owners_at(&live, "/spec/finalizers/0"), ["watershed"]);
        assert_eq!(owners_at(&live, "/spec/finalizers/1"), Vec::<String>::new());
        assert_eq!(owners_at(&live, "/spec/defaulted"), Vec::<String>::new());
        let mut tree = Tree::new();
        let (_, root) = Owners::read(&live, &mut tree);
        assert!(
            tree.pointer(root, "/metadata/uid").is_none() && tree.pointer(root, "/metadata/managedFields").is_none()
        );
    }

    #[test]
    fn very_many_items_each_have_their_owner() {
        let names = || (0..20_000).map(|n| format!("x{n}"));
        let fields: Map<String, Json> = names().map(|name| (format!("v:{}", Json::from(name)), json!({}))).collect();
        let live = json!({
            "metadata": {"name": "a", "finalizers": names().collect::<Vec<_>>(), "managedFields": [
                {"manager": "mallory", "operation": "Update",
                 "fieldsV1": {"f:metadata": {"f:finalizers": fields}}}]}});
        assert_eq!(owners_at(&live, "/metadata/finalizers/19999"), ["mallory"]);
    }

    #[test]
    fn a_map_that_is_merged_is_owned_without_what_others_put_into_it() {
        let live = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "managedFields": [
                {"manager": "watershed", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": {
                    "f:spec": {"f:selector": {}, "f:template": {"f:spec": {"f:volumes": {
                        "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:emptyDir": {}}}}}}}},
                {"manager": "old", "operation": "Update", "apiVersion": "apps/v1beta1", "fieldsV1": {
                    "f:spec": {"f:paused": {}}}},
                {"manager": "mallory", "operation": "Update", "apiVersion": "apps/v1", "fieldsV1": {
                    "f:spec": {"f:template": {"f:spec": {"f:volumes": {
                        "k:{\"name\":\"a\"}": {"f:emptyDir": {"f:sizeLimit": {}}}}}}}}}]},
            "spec": {"paused": true, "selector": {"matchLabels": {"a": "b"}},
                     "template": {"spec": {"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "1Gi"}}]}}}
        });
        let at = "/spec/template/spec/volumes/0/emptyDir";
        assert_eq!(owners_at(&live, &format!("{at}/sizeLimit")), ["mallory"]);
        assert_eq!(owners_at(&live, at), ["mallory"]);
        assert_eq!(owners_at(&live, "/spec/selector/matchLabels/a"), ["watershed"], "one value with all in it");
        assert_eq!(owners_at(&live, "/spec/paused"), Vec::<String>::new(), "written through another version");
        let (owners, _) = Owners::read(&live, &mut Tree::new());
        assert!(owners.partial);
    }
}
