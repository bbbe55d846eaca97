use super::*;
use crate::check::{Seen, unique};
use serde_json::json;

fn read(documents: &[serde_json::Value]) -> (Vec<serde_json::Value>, Vec<(&'static str, String)>) {
    let mut tree = Tree::new();
    let roots: Vec<NodeId> = documents.iter().map(|d| tree.add_json("", d, Origin::INHERIT)).collect();
    let mut found = Vec::new();
    let objects = raw(&mut tree, &roots, "monitoring", Origin(9), &mut |f| {
        assert_eq!(f.origin, Origin(9));
        found.push((f.code.id, format!("{} {}", f.what, f.help)));
    });
    (objects.into_iter().map(|o| tree.to_json(o)).collect(), found)
}

#[test]
fn objects_are_taken_in_lists_unfolded_and_namespaces_given() {
    let map = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    let (objects, found) = read(&[
        json!(null),
        map("a"),
        json!({"apiVersion": "v1", "kind": "List", "items": [map("b"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}]}),
        json!({"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "c", "namespace": "x"}}]}),
    ]);
    assert_eq!(found, []);
    let at = |i: usize, p: &str| objects[i].pointer(p).cloned().unwrap_or_default();
    assert_eq!(objects.len(), 4);
    assert_eq!(at(0, "/metadata/namespace"), "monitoring");
    assert_eq!(at(1, "/metadata/name"), "b");
    assert_eq!(at(2, "/metadata/namespace"), json!(null), "a Namespace has none");
    assert_eq!((at(3, "/kind"), at(3, "/metadata/namespace")), (json!("ConfigMap"), json!("x")));
}

#[test]
fn what_cannot_be_applied_or_kept_is_refused() {
    let refused = |document| {
        let (objects, found) = read(&[document]);
        assert_eq!((objects.len(), found.len()), (0, 1), "{found:?}");
        found.into_iter().next().unwrap()
    };
    assert_eq!(refused(json!([1])).0, "OBJ131");
    assert!(refused(json!({"kind": "ConfigMap", "metadata": {"name": "a"}})).1.contains("`apiVersion`"));
    assert!(
        refused(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}}))
            .1
            .contains("generateName")
    );
    let secret = |extra: &str, value: serde_json::Value| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, extra: value});
    assert_eq!(refused(secret("data", json!({"p": "cGFzcw=="}))).0, "OBJ132");
    let (code, text) = refused(secret("stringData", json!({"p": "pass-word"})));
    assert!(code == "OBJ132" && !text.contains("pass-word"));
    assert_eq!(read(&[secret("data", json!({})), secret("type", json!("Opaque"))]).1, []);
}

#[test]
fn an_unknown_kind_without_a_namespace_is_asked_about() {
    let (objects, found) = read(&[
        json!({"apiVersion": "x/v1", "kind": "Y", "metadata": {"name": "a"}}),
        json!({"apiVersion": "x/v1", "kind": "Y", "metadata": {"name": "b", "namespace": "n"}}),
        json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "c"}}),
    ]);
    assert_eq!((objects.len(), found.len(), found[0].0), (3, 1, "OBJ134"));
    assert!(CLUSTER_SCOPED.is_sorted());
}

#[test]
fn an_object_is_there_once_whatever_its_api_version() {
    let id = |api: &str, name: &str| ObjectId {
        api_version: api.to_owned(),
        kind: "Role".to_owned(),
        namespace: "n".to_owned(),
        name: name.to_owned(),
    };
    let seen = |api, name, origin| Seen { id: id(api, name), origin: Origin(origin) };
    let all = [
        seen("rbac/v1", "a", 1),
        seen("other/v1", "a", 2),
        seen("rbac/v1", "b", 3),
        seen("rbac/v1beta1", "a", 4),
        seen("rbac/v1", "a", 5),
    ];
    let mut found = Vec::new();
    unique(&all, &mut |f| found.push((f.origin, f.other.unwrap().0)));
    assert_eq!(found, [(Origin(4), Origin(1)), (Origin(5), Origin(1))]);
}
