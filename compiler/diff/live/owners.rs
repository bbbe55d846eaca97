//! Who owns what in a live object, by its `managedFields`.
//!
//! The keys of `fieldsV1` are those of structured-merge-diff (`fieldpath/serialize-pe.go`): `f:` a field, `k:` an
//! item by its keys, `v:` an item by its value, `i:` one by its place, `.` the thing itself. A field whose set is
//! empty is owned with everything below it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

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
    /// Distinct sets of managers, each sorted.
    sets: Vec<Vec<usize>>,
    known: BTreeMap<Vec<usize>, Origin>,
    /// Whether the object says anything of owners.
    pub recorded: bool,
}

/// What one manager owns at a node and below it.
#[derive(Clone, Copy)]
struct Share<'j> {
    manager: usize,
    /// `None`: all of it.
    fields: Option<&'j Map<String, Json>>,
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
            // What is written through `status` is no part of what is applied.
            if text("subresource") == "status" {
                continue;
            }
            let operation = if text("operation") == "Apply" { Operation::Apply } else { Operation::Update };
            shares.push(Share { manager: owners.managers.len(), fields: Some(fields) });
            owners.managers.push(Manager {
                name: text("manager"),
                operation,
                subresource: text("subresource"),
                time: text("time"),
            });
        }
        let root = owners.add(tree, "", live, &shares, 0);
        (owners, root)
    }

    /// Who owns the node that had this origin.
    pub fn of(&self, origin: Origin) -> impl Iterator<Item = &Manager> {
        let set = origin.0.checked_sub(1).and_then(|i| self.sets.get(i as usize));
        set.into_iter().flatten().filter_map(|i| self.managers.get(*i))
    }

    pub fn managers(&self) -> &[Manager] {
        &self.managers
    }

    fn add(&mut self, tree: &mut Tree, key: &str, value: &Json, shares: &[Share<'_>], depth: usize) -> NodeId {
        let origin = self.origin(shares);
        match value {
            Json::Object(entries) => {
                let node = tree.add(key, Value::Map, origin);
                let mut last = None;
                for (name, value) in entries.iter().filter(|(name, _)| !is_the_servers(depth, key, name)) {
                    let below: Vec<Share<'_>> =
                        shares.iter().filter_map(|s| s.below(|k| k.strip_prefix("f:") == Some(name))).collect();
                    let child = self.add(tree, name, value, &below, depth + 1);
                    tree.link(node, last, child);
                    last = Some(child);
                }
                node
            }
            Json::Array(items) => {
                let node = tree.add(key, Value::Seq, origin);
                let mut last = None;
                for (place, item) in items.iter().enumerate() {
                    let below: Vec<Share<'_>> =
                        shares.iter().filter_map(|s| s.below(|k| names_item(k, item, place))).collect();
                    let child = self.add(tree, "", item, &below, depth + 1);
                    tree.link(node, last, child);
                    last = Some(child);
                }
                node
            }
            scalar => tree.add_json(key, scalar, origin),
        }
    }

    fn origin(&mut self, shares: &[Share<'_>]) -> Origin {
        let mut set: Vec<usize> = shares.iter().map(|s| s.manager).collect();
        set.sort_unstable();
        set.dedup();
        if let Some(known) = self.known.get(&set) {
            return *known;
        }
        self.sets.push(set.clone());
        let origin = Origin(self.sets.len() as u32);
        self.known.insert(set, origin);
        origin
    }
}

impl<'j> Share<'j> {
    /// What of it is below the step that `is_it` knows.
    fn below(self, is_it: impl Fn(&str) -> bool) -> Option<Share<'j>> {
        let Some(fields) = self.fields else { return Some(self) };
        let (_, below) = fields.iter().find(|(step, _)| is_it(step))?;
        let fields = below.as_object().filter(|fields| !fields.is_empty());
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

fn names_item(step: &str, item: &Json, place: usize) -> bool {
    let read = |text: &str| serde_json::from_str::<Json>(text).ok();
    match step.split_at_checked(2) {
        Some(("k:", keys)) => read(keys)
            .and_then(|k| k.as_object().cloned())
            .is_some_and(|keys| keys.iter().all(|(key, value)| item.get(key) == Some(value))),
        Some(("v:", value)) => read(value).as_ref() == Some(item),
        Some(("i:", index)) => index.parse() == Ok(place),
        _ => false,
    }
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
                "name": "a", "uid": "1", "labels": {"x": "1", "y": "2"},
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
                    {"manager": "operator", "operation": "Update", "subresource": "status", "fieldsV1": {"f:spec": {}}}]},
            "spec": {
                "endpoints": [{"port": "web"}],
                "containers": [{"name": "b"}, {"name": "a", "args": ["x"], "image": "i"}],
                "finalizers": ["keep", "other"],
                "defaulted": 1}
        });
        assert_eq!(owners_at(&live, "/metadata/labels/x"), ["watershed"]);
        assert_eq!(owners_at(&live, "/metadata/labels/y"), ["kubectl-edit"]);
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
}
