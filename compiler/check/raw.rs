//! Objects taken from the files that `raw` names.

use super::{Finding, codes};
use crate::catalog::fields;
use crate::diag::Origin;
use crate::object::{Kind, NodeId, ObjectId, Tree, Value};

/// What an object is called; `None` without an API version, a kind and a name.
pub fn id_of(tree: &Tree, root: NodeId) -> Option<ObjectId> {
    let text = |path: &[&str]| tree.at(root, path).and_then(|n| tree.as_str(n)).filter(|s| !s.is_empty());
    Some(ObjectId {
        api_version: text(&["apiVersion"])?.to_owned(),
        kind: text(&["kind"])?.to_owned(),
        namespace: text(&["metadata", "namespace"]).unwrap_or("").to_owned(),
        name: text(&["metadata", "name"])?.to_owned(),
    })
}

/// Takes the objects out of the documents of a raw file: lists are unfolded, namespaced kinds without a
/// namespace get `namespace`, empty documents are passed over. What is no object, and Secrets with
/// their contents, are reported and left out. `origin` is that of the `raw` node.
///
/// Labels are the caller's to add, and the objects are to be checked like all others.
pub fn raw(
    tree: &mut Tree,
    documents: &[NodeId],
    namespace: &str,
    origin: Origin,
    found: &mut dyn FnMut(Finding),
) -> Vec<NodeId> {
    let mut objects = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        for root in unfolded(tree, *document) {
            if tree.kind(root) == Kind::Null || (tree.kind(root) == Kind::Map && tree.is_empty(root)) {
                continue;
            }
            tree.set_origin(root, origin);
            match accepted(tree, root, index + 1) {
                Ok(id) => {
                    give_namespace(tree, root, &id, namespace, origin, found);
                    objects.push(root);
                }
                Err(finding) => found(finding.from(std::iter::once(origin))),
            }
        }
    }
    objects
}

fn accepted(tree: &Tree, root: NodeId, number: usize) -> Result<ObjectId, Box<Finding>> {
    let place = || ObjectId {
        api_version: String::new(),
        kind: "document".to_owned(),
        namespace: String::new(),
        name: number.to_string(),
    };
    let refuse = |what: String, help: &str| {
        Err(Box::new(Finding::new(&place(), String::new(), &codes::RAW_NO_OBJECT, what).help(help)))
    };
    if tree.kind(root) != Kind::Map {
        return refuse(
            format!("Document {number} of the file is no map."),
            "A Kubernetes object has `apiVersion`, `kind` and `metadata` with a `name`.",
        );
    }
    let Some(id) = id_of(tree, root) else {
        let lacks = [&["apiVersion"][..], &["kind"], &["metadata", "name"]]
            .into_iter()
            .find(|path| tree.at(root, path).and_then(|n| tree.as_str(n)).is_none_or(str::is_empty));
        let lacks = lacks.unwrap_or_default().join(".");
        let help = match tree.at(root, &["metadata", "generateName"]) {
            Some(_) => {
                "Replace `generateName` by a `name`: an object that is named anew at every apply cannot be compared or removed."
            }
            None => "A Kubernetes object has `apiVersion`, `kind` and `metadata` with a `name`.",
        };
        return refuse(format!("Document {number} of the file has no `{lacks}` (a string)."), help);
    };
    let filled = |key: &str| {
        tree.get(root, key).is_some_and(|d| !tree.is_empty(d) || !matches!(tree.kind(d), Kind::Map | Kind::Null))
    };
    if id.kind == "Secret"
        && id.group().is_empty()
        && let Some(key) = ["data", "stringData"].into_iter().find(|k| filled(k))
    {
        let what = format!("{id} brings its contents in `{key}`.");
        return Err(Box::new(Finding::new(&id, key.to_owned(), &codes::RAW_SECRET, what)));
    }
    Ok(id)
}

/// The items of a list of objects, or the object itself.
fn unfolded(tree: &mut Tree, root: NodeId) -> Vec<NodeId> {
    let text = |key: &str| tree.get(root, key).and_then(|n| tree.as_str(n)).map(str::to_owned);
    let (Some(kind), Some(api_version)) = (text("kind"), text("apiVersion")) else { return vec![root] };
    let (Some(item_kind), Some(list)) = (kind.strip_suffix("List"), tree.get(root, "items")) else { return vec![root] };
    if tree.kind(list) != Kind::Seq {
        return vec![root];
    }
    let items: Vec<NodeId> = tree.children(list).collect();
    for item in &items {
        tree.unlink(list, *item);
        // Items of a list of one kind may leave out what the list says.
        if !item_kind.is_empty() && tree.kind(*item) == Kind::Map && tree.get(*item, "kind").is_none() {
            tree.set(*item, "/apiVersion", Value::Str(&api_version), Origin::INHERIT);
            tree.set(*item, "/kind", Value::Str(item_kind), Origin::INHERIT);
        }
    }
    items.into_iter().flat_map(|i| unfolded(tree, i)).collect()
}

/// Kinds without a namespace: those of Kubernetes, and the usual ones of others.
const CLUSTER_SCOPED: [&str; 19] = [
    "APIService",
    "CSIDriver",
    "CertificateSigningRequest",
    "ClusterIssuer",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingWebhookConfiguration",
];

/// Whether objects of a kind stand in no namespace, as far as the name of the kind tells.
pub fn is_cluster_scoped(kind: &str) -> bool {
    CLUSTER_SCOPED.binary_search(&kind).is_ok()
}

fn give_namespace(
    tree: &mut Tree,
    root: NodeId,
    id: &ObjectId,
    namespace: &str,
    origin: Origin,
    found: &mut dyn FnMut(Finding),
) {
    if !id.namespace.is_empty() || is_cluster_scoped(&id.kind) {
        return;
    }
    if fields::table(&id.api_version, &id.kind).is_some() {
        tree.set(root, "/metadata/namespace", Value::Str(namespace), origin);
        return;
    }
    let what = format!("{id} has no namespace, and it is not known whether its kind needs one.");
    let finding = Finding::new(id, "metadata.namespace".to_owned(), &codes::RAW_WHERE, what);
    found(finding.from(std::iter::once(origin)));
}

#[cfg(test)]
mod tests;
