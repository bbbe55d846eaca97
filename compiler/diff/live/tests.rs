use serde_json::json;

use super::known::Known;
use super::*;
use crate::diff::ListKind;

fn id() -> ObjectId {
    ObjectId {
        api_version: "monitoring.coreos.com/v1".into(),
        kind: "ServiceMonitor".into(),
        namespace: "monitoring".into(),
        name: "kubelet".into(),
    }
}

fn ours() -> Ours {
    Ours { labels: vec![("app.kubernetes.io/managed-by".into(), "watershed".into())], ..Ours::default() }
}

/// What is compiled.
fn compiled() -> Json {
    json!({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
        "metadata": {"name": "kubelet", "namespace": "monitoring",
                     "labels": {"app.kubernetes.io/managed-by": "watershed"}},
        "spec": {
            "jobLabel": "app",
            "endpoints": [{"port": "https", "interval": "30s",
                           "relabelings": [{"sourceLabels": ["a"], "targetLabel": "b"}]}],
            "selector": {"matchLabels": {"app": "kubelet"}}}
    })
}

/// The same as the server gives it back, applied under `manager`.
fn live(manager: &str) -> Json {
    let mut live = compiled();
    live["metadata"]["uid"] = json!("1");
    live["spec"]["endpoints"][0]["relabelings"][0]["action"] = json!("replace");
    live["metadata"]["managedFields"] = json!([{
        "manager": manager, "operation": "Apply", "time": "2026-11-20T10:00:00Z", "fieldsV1": {
            "f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}},
            "f:spec": {"f:jobLabel": {}, "f:endpoints": {}, "f:selector": {}}}
    }]);
    live
}

/// Somebody takes a field over.
fn edited(live: &mut Json, fields: Json) {
    let managed = live["metadata"]["managedFields"].as_array_mut().unwrap();
    for name in fields["f:spec"].as_object().into_iter().flatten().map(|(name, _)| name) {
        managed[0]["fieldsV1"]["f:spec"].as_object_mut().unwrap().remove(name);
    }
    managed.push(json!({"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-22T10:00:00Z",
                        "fieldsV1": fields}));
}

fn found(compiled: &Json, live: &Json, approved: Option<Option<&Json>>) -> Found {
    found_of(&id(), compiled, live, approved)
}

fn found_of(id: &ObjectId, compiled: &Json, live: &Json, approved: Option<Option<&Json>>) -> Found {
    let mut tree = Tree::new();
    let root = tree.add_json("", compiled, Origin::INHERIT);
    let mut approved_tree = Tree::new();
    let approved = match approved {
        None => Approved::Unknown,
        Some(None) => Approved::Same,
        Some(Some(json)) => {
            let root = approved_tree.add_json("", json, Origin::INHERIT);
            Approved::Other(Some(Side::new(&approved_tree, root)))
        }
    };
    let lists = |_: &ObjectId, _: &[String]| ListKind::Plain;
    let rules = Rules { lists: &lists, parse: &|_, _| None, equal: &|_, _, _, _| false };
    let wanted = Wanted { id, file: "f.yaml", side: Side::new(&tree, root), approved };
    compare_live(wanted, Live(live), &ours(), &rules)
}

/// `path edit cause by`, one line a change.
fn told(compiled: &Json, live: &Json, approved: Option<Option<&Json>>) -> Vec<String> {
    let line = |c: &Change| {
        let because = c.because.as_ref().expect("every change has a cause");
        format!("{} {} {} {}", c.path, c.edit.name(), because.cause.name(), because.by).trim_end().to_owned()
    };
    found(compiled, live, approved).changes.iter().map(line).collect()
}

#[test]
fn what_the_server_fills_in_is_no_difference() {
    assert_eq!(told(&compiled(), &live("watershed"), Some(None)), Vec::<String>::new());
    assert_eq!(told(&compiled(), &live("argocd-controller"), None), Vec::<String>::new());
    let mut defaulted = live("kubectl");
    defaulted["spec"]["attachMetadata"] = json!({"node": false});
    let found = found(&compiled(), &defaulted, None);
    assert_eq!((found.changes.len(), found.hidden.get(&Hidden::Default)), (0, Some(&1)));
}

#[test]
fn what_somebody_changes_is_drift_and_names_them() {
    let mut live = live("watershed");
    live["spec"]["jobLabel"] = json!("other");
    edited(&mut live, json!({"f:spec": {"f:jobLabel": {}}}));
    let expected = ["spec.jobLabel changed drift kubectl-edit at 2026-11-22T10:00:00Z"];
    assert_eq!(told(&compiled(), &live, Some(None)), expected);
    assert_eq!(told(&compiled(), &live, None), expected);
}

#[test]
fn a_list_that_is_replaced_whole_is_shown_item_by_item_and_belongs_to_whoever_wrote_it() {
    let mut live = live("watershed");
    live["spec"]["endpoints"][0]["interval"] = json!("5s");
    live["spec"]["endpoints"][0]["path"] = json!("/other");
    edited(&mut live, json!({"f:spec": {"f:endpoints": {}}}));
    let expected = [
        "spec.endpoints[0].interval changed drift kubectl-edit at 2026-11-22T10:00:00Z",
        "spec.endpoints[0].path removed extra kubectl-edit at 2026-11-22T10:00:00Z",
    ];
    assert_eq!(told(&compiled(), &live, Some(None)), expected);
}

#[test]
fn what_is_added_is_told_and_what_is_taken_away_too() {
    let mut added = live("watershed");
    added["spec"]["sampleLimit"] = json!(10);
    added["metadata"]["labels"]["team"] = json!("x");
    added["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": "a"});
    let fields = json!({"f:spec": {"f:sampleLimit": {}}, "f:metadata": {"f:labels": {"f:team": {}},
                        "f:annotations": {".": {}, "f:argocd.argoproj.io/tracking-id": {}}}});
    edited(&mut added, fields);
    let by = "extra kubectl-edit at 2026-11-22T10:00:00Z";
    let expected = [format!("metadata.labels.team removed {by}"), format!("spec.sampleLimit removed {by}")];
    assert_eq!(told(&compiled(), &added, Some(None)), expected);

    let mut removed = live("watershed");
    removed["spec"].as_object_mut().unwrap().remove("jobLabel");
    removed["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].as_object_mut().unwrap().remove("f:jobLabel");
    assert_eq!(told(&compiled(), &removed, Some(None)), ["spec.jobLabel added drift taken away, or never applied"]);
    assert_eq!(told(&compiled(), &removed, None), ["spec.jobLabel added pending"]);
}

#[test]
fn what_a_mesh_injects_is_known_where_we_have_no_such_list_at_all() {
    let id = ObjectId { api_version: "apps/v1".into(), kind: "Deployment".into(), ..id() };
    let labels = json!({"app.kubernetes.io/managed-by": "watershed"});
    let compiled = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "labels": labels},
                          "spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}});
    let mut live = compiled.clone();
    live["spec"]["template"]["spec"]["volumes"] = json!([{"name": "istio-envoy"}, {"name": "credential-socket"}]);
    live["spec"]["template"]["spec"]["initContainers"] = json!([{"name": "istio-init"}, {"name": "debug"}]);
    let item = |name: &str| (format!("k:{{\"name\":\"{name}\"}}"), json!({".": {}, "f:name": {}}));
    let items = |names: [&str; 2]| Json::Object(names.into_iter().map(item).collect());
    live["metadata"]["managedFields"] = json!([
        {"manager": "watershed", "operation": "Apply", "fieldsV1": {
            "f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}},
            "f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {}}}}}}},
        {"manager": "istioctl", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {
            "f:volumes": items(["istio-envoy", "credential-socket"]),
            "f:initContainers": items(["istio-init", "debug"])}}}}}]);
    let found = found_of(&id, &compiled, &live, Some(None));
    assert_eq!(found.hidden, BTreeMap::from([(Hidden::Added(Known::Mesh), 3)]));
    let told: Vec<_> = found.changes.iter().map(|c| (c.path.as_str(), c.before.clone())).collect();
    assert_eq!(told, [("spec.template.spec.initContainers", Some(json!([{"name": "debug"}])))]);
}

#[test]
fn an_item_of_which_no_owner_is_known_is_no_default() {
    let id = ObjectId { api_version: "v1".into(), kind: "ServiceAccount".into(), ..id() };
    let labels = json!({"app.kubernetes.io/managed-by": "watershed"});
    let compiled = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "labels": labels}});
    let mut live = compiled.clone();
    live["secrets"] = json!([{"namespace": "foreign"}]);
    live["metadata"]["managedFields"] = json!([
        {"manager": "watershed", "operation": "Apply", "fieldsV1": {
            "f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}}},
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {
            "f:secrets": {".": {}, "k:{\"name\":\"\"}": {".": {}, "f:namespace": {}}}}}]);
    let found = found_of(&id, &compiled, &live, Some(None));
    let told: Vec<_> = found.changes.iter().map(|c| (c.path.as_str(), c.because.as_ref().map(|b| b.cause))).collect();
    assert_eq!(told, [("secrets", Some(Cause::Extra))]);
}

#[test]
fn what_is_scaled_is_told_though_the_server_keeps_no_owner_of_it() {
    let id = ObjectId { kind: "Prometheus".into(), ..id() };
    let mut compiled = compiled();
    compiled["spec"] = json!({"jobLabel": "app"});
    let mut live = live("watershed");
    live["spec"] = json!({"jobLabel": "app", "shards": 1});
    assert_eq!(found_of(&id, &compiled, &live, Some(None)).hidden, BTreeMap::from([(Hidden::Default, 1)]));
    live["spec"]["shards"] = json!(2);
    let found = found_of(&id, &compiled, &live, Some(None));
    let cause = found.changes[0].because.as_ref().map(|b| b.cause);
    assert_eq!((found.changes[0].path.as_str(), cause), ("spec.shards", Some(Cause::Extra)));
}

#[test]
fn what_is_compiled_and_not_applied_is_pending() {
    let live = live("kubectl");
    let mut new = compiled();
    new["spec"]["jobLabel"] = json!("new");
    new["spec"].as_object_mut().unwrap().remove("selector");
    let expected = ["spec.jobLabel changed pending", "spec.selector removed pending"];
    assert_eq!(told(&new, &live, None), expected);
    assert_eq!(told(&new, &live, Some(None)), expected);
    assert_eq!(told(&new, &live, Some(Some(&compiled()))), expected);
    let mut stale = live.clone();
    stale["spec"]["jobLabel"] = json!("other");
    edited(&mut stale, json!({"f:spec": {"f:jobLabel": {}}}));
    let expected =
        ["spec.jobLabel changed pending+stale kubectl-edit at 2026-11-22T10:00:00Z", "spec.selector removed pending"];
    assert_eq!(told(&new, &stale, Some(Some(&compiled()))), expected);
}

#[test]
fn what_is_live_before_it_is_approved_is_counted() {
    let mut old = compiled();
    old["spec"]["jobLabel"] = json!("old");
    let found = found(&compiled(), &live("watershed"), Some(Some(&old)));
    assert_eq!((found.changes.len(), found.ahead), (0, 1));
}

#[test]
fn client_side_apply_is_read_from_its_annotation() {
    let mut live = live("kubectl-client-side-apply");
    live["metadata"]["managedFields"][0]["operation"] = json!("Update");
    live["metadata"]["annotations"] = json!({LAST_APPLIED: compiled().to_string()});
    assert_eq!(told(&compiled(), &live, None), Vec::<String>::new());
    let mut defaulted = live.clone();
    defaulted["spec"]["filledIn"] = json!({"a": 1});
    defaulted["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:filledIn"] = json!({"f:a": {}});
    assert_eq!(told(&compiled(), &defaulted, None), Vec::<String>::new(), "kubectl owns what was filled in");
    // Argo CD does by itself as kubectl does.
    defaulted["metadata"]["managedFields"][0]["manager"] = json!("argocd-controller");
    assert_eq!(told(&compiled(), &defaulted, None), Vec::<String>::new());

    let mut new = compiled();
    new["spec"]["jobLabel"] = json!("new");
    new["spec"]["sampleLimit"] = json!(1);
    assert_eq!(told(&new, &live, None), ["spec.jobLabel changed pending", "spec.sampleLimit added pending"]);

    live["spec"]["jobLabel"] = json!("other");
    live["spec"].as_object_mut().unwrap().remove("selector");
    edited(&mut live, json!({"f:spec": {"f:jobLabel": {}}}));
    assert_eq!(
        told(&compiled(), &live, None),
        [
            "spec.jobLabel changed drift kubectl-edit at 2026-11-22T10:00:00Z",
            "spec.selector added drift taken away, or never applied",
        ]
    );
}

#[test]
fn an_object_without_our_marks_is_somebody_elses() {
    let mut live = live("helm");
    live["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm");
    live["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "stack"});
    assert_eq!(
        told(&compiled(), &live, None),
        ["metadata.labels[\"app.kubernetes.io/managed-by\"] changed foreign it belongs to the Helm release `stack`"]
    );
}

#[test]
fn an_object_whose_marks_somebody_has_changed_stays_ours() {
    let mark = "app.kubernetes.io/managed-by";
    let mut changed = live("watershed");
    changed["metadata"]["labels"][mark] = json!("other");
    changed["metadata"]["managedFields"][0]["fieldsV1"].as_object_mut().unwrap().remove("f:metadata");
    let by_another = changed.clone();
    edited(&mut changed, json!({"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}}));
    let path = r#"metadata.labels["app.kubernetes.io/managed-by"]"#;
    let by = "kubectl-edit at 2026-11-22T10:00:00Z";
    assert_eq!(told(&compiled(), &changed, Some(None)), [format!("{path} changed drift {by}")]);
    changed["metadata"]["labels"].as_object_mut().unwrap().remove(mark);
    assert_eq!(told(&compiled(), &changed, Some(None)), [format!("{path} added drift taken away, or never applied")]);

    // Another fleet applies under our name, with marks of its own.
    let mut other = live("watershed");
    other["metadata"]["labels"][mark] = json!("other");
    let holder = "foreign it belongs to `other`, by its label";
    assert_eq!(told(&compiled(), &other, Some(None)), [format!("{path} changed {holder}")]);
    let mut by_helm = by_another;
    by_helm["metadata"]["managedFields"][0]["manager"] = json!("helm");
    assert_eq!(told(&compiled(), &by_helm, Some(None)), [format!("{path} changed {holder}")]);
}

#[test]
fn who_took_an_item_out_of_a_list_that_is_replaced_whole_is_who_wrote_the_list() {
    let mut two = compiled();
    two["spec"]["endpoints"].as_array_mut().unwrap().push(json!({"port": "http", "interval": "30s"}));
    let mut live = live("watershed");
    edited(&mut live, json!({"f:spec": {"f:endpoints": {}}}));
    let expected = ["spec.endpoints[1] added drift kubectl-edit at 2026-11-22T10:00:00Z"];
    assert_eq!(told(&two, &live, Some(None)), expected);
}

#[test]
fn items_are_the_same_whatever_the_order_of_their_fields() {
    let mut three = compiled();
    three["spec"]["endpoints"] =
        json!([{"port": "a", "path": "/a"}, {"port": "b", "path": "/b"}, {"port": "c", "path": "/c"}]);
    let mut live = live("watershed");
    live["spec"]["endpoints"] = json!([{"path": "/b", "port": "b"}, {"path": "/c", "port": "c"}]);
    edited(&mut live, json!({"f:spec": {"f:endpoints": {}}}));
    let expected = ["spec.endpoints[0] added drift kubectl-edit at 2026-11-22T10:00:00Z"];
    assert_eq!(told(&three, &live, Some(None)), expected);
}

#[test]
fn without_owners_nothing_is_claimed_of_them() {
    let mut live = live("watershed");
    live["metadata"].as_object_mut().unwrap().remove("managedFields");
    live["spec"]["sampleLimit"] = json!(10);
    let found = found(&compiled(), &live, Some(None));
    assert!(found.ownerless);
    assert_eq!(told(&compiled(), &live, Some(None)), ["spec.sampleLimit removed extra"]);
}
