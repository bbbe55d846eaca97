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
}

fn prometheus(spec: Json, live: impl FnOnce(&mut Json)) -> Found {
    let id = ObjectId { kind: "Prometheus".into(), ..id() };
    let mut compiled = compiled();
    (compiled["kind"], compiled["spec"]) = (json!("Prometheus"), json!({"replicas": 2}));
    let mut is = compiled.clone();
    is["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    is["metadata"]["managedFields"] = json!([
        {"manager": "watershed", "operation": "Apply", "fieldsV1": {
            "f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}},
            "f:spec": {"f:replicas": {}}}}]);
    live(&mut is);
    found_of(&id, &compiled, &is, Some(None))
}

#[test]
fn what_nobody_owns_is_a_default_only_where_it_is_one() {
    let found = prometheus(json!({"portName": "web", "enableAdminAPI": true}), |_| {});
    assert_eq!(found.hidden_at, [(Hidden::Default, "/spec/portName".to_owned())]);
    assert_eq!(lines(&found), ["spec.enableAdminAPI extra nobody the server names (a webhook, perhaps)"]);
    let (id, compiled, live) = deployment(|live| {
        let spec = &mut live["spec"]["template"]["spec"];
        spec["hostNetwork"] = json!(true);
        spec["containers"][0]["imagePullPolicy"] = json!("IfNotPresent");
        spec["containers"][0]["livenessProbe"] = json!({"timeoutSeconds": 1});
    });
    let found = found_of(&id, &compiled, &live, Some(None));
    assert_eq!(lines(&found), ["spec.template.spec.hostNetwork extra nobody the server names (a webhook, perhaps)"]);
    // Through another version of the API somebody may have written it.
    let other =
        json!({"manager": "x", "operation": "Update", "apiVersion": "apps/v1beta2", "fieldsV1": {"f:spec": {}}});
    let mut live = live;
    live["metadata"]["managedFields"].as_array_mut().unwrap().push(other);
    let found = found_of(&id, &compiled, &live, Some(None));
    assert!(lines(&found)[0].ends_with("nobody the server names (through another version of the API, perhaps)"));
}

#[test]
fn who_applies_without_the_server_is_told_for_all_but_defaults() {
    for name in ["kubectl-client-side-apply", "kubectl", "helm", "flux", "kustomize-controller", "argocd-controller"] {
        let (id, compiled, live) = deployment(|live| {
            live["metadata"]["annotations"] = json!({});
            live["metadata"]["annotations"][LAST_APPLIED] = {
                let mut noted = live.clone();
                noted["metadata"].as_object_mut().unwrap().remove("managedFields");
                json!(noted.to_string())
            };
            let spec = &mut live["spec"]["template"]["spec"];
            (spec["hostNetwork"], spec["dnsPolicy"], spec["restartPolicy"]) =
                (json!(true), json!("ClusterFirst"), json!("Always"));
            let managed = &mut live["metadata"]["managedFields"][0];
            managed["operation"] = json!("Update");
            managed["manager"] = json!("kubectl-client-side-apply");
            let of_pod = |fields: Json| json!({"f:spec": {"f:template": {"f:spec": fields}}});
            managed["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:restartPolicy"] = json!({});
            let managed = live["metadata"]["managedFields"].as_array_mut().unwrap();
            managed.push(by(name, of_pod(json!({"f:hostNetwork": {}, "f:dnsPolicy": {}}))));
        });
        let found = found_of(&id, &compiled, &live, Some(None));
        let told = format!("spec.template.spec.hostNetwork extra {name} at 2026-11-22T10:00:00Z");
        assert_eq!((lines(&found), found.hidden.get(&Hidden::Default)), (vec![told], Some(&3)));
    }
}

#[test]
fn of_kinds_without_a_table_what_nobody_owns_is_counted_as_what_it_may_be() {
    let id = ObjectId { api_version: "batch/v1".into(), kind: "CronJob".into(), ..id() };
    let mut compiled = compiled();
    (compiled["apiVersion"], compiled["kind"]) = (json!("batch/v1"), json!("CronJob"));
    let mut live = live("watershed");
    (live["apiVersion"], live["kind"]) = (json!("batch/v1"), json!("CronJob"));
    live["spec"] = compiled["spec"].clone();
    live["spec"]["suspend"] = json!(false);
    live["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": "a"});
    let found = found_of(&id, &compiled, &live, Some(None));
    let hidden = BTreeMap::from([(Hidden::Likely, 1), (Hidden::Added(Known::ArgoCd), 1)]);
    assert_eq!((found.changes.len(), found.hidden), (0, hidden));
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
        "spec.endpoints[0].path removed drift kubectl-edit at 2026-11-22T10:00:00Z",
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
    let tracking = r#"metadata.annotations["argocd.argoproj.io/tracking-id"]"#;
    let expected = ["metadata.labels.team", tracking, "spec.sampleLimit"].map(|path| format!("{path} removed {by}"));
    assert_eq!(told(&compiled(), &added, Some(None)), expected, "also what only looks like Argo CD's");
    added["metadata"]["managedFields"][1]["manager"] = json!("argocd-controller");
    assert_eq!(told(&compiled(), &added, Some(None)).len(), 2);

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
    assert_eq!(told, [("spec.template.spec.initContainers[debug]", Some(json!({"name": "debug"})))]);
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
    assert_eq!(told, [("secrets[0]", Some(Cause::Extra))]);
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
    let said = (found.changes[0].effect, &*found.changes[0].consequence, found.changes[0].pods);
    assert_eq!(said, (Effect::None, "", None), "it has had its effect, and applying changes nothing of it");
}

#[test]
fn what_is_compiled_and_not_applied_is_pending() {
    let live = live("kubectl");
    let mut new = compiled();
    new["spec"]["jobLabel"] = json!("new");
    new["spec"].as_object_mut().unwrap().remove("selector");
    let expected = ["spec.jobLabel changed pending", "spec.selector removed pending"];
    assert_eq!(told(&new, &live, Some(Some(&compiled()))), expected);
    // Nothing tells whether it was approved once, or applied by hand.
    let by_hand = expected.map(|line| format!("{line} as applied by kubectl at 2026-11-20T10:00:00Z"));
    assert_eq!(told(&new, &live, None), by_hand);
    assert_eq!(told(&new, &live, Some(None)), by_hand);
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
    let mut new = compiled();
    new["spec"]["jobLabel"] = json!("new");
    new["spec"]["sampleLimit"] = json!(1);
    assert_eq!(
        told(&new, &live, None),
        [
            "spec.jobLabel changed pending as applied by kubectl-client-side-apply at 2026-11-20T10:00:00Z",
            "spec.sampleLimit added pending"
        ]
    );

    live["spec"]["jobLabel"] = json!("other");
    live["spec"].as_object_mut().unwrap().remove("selector");
    edited(&mut live, json!({"f:spec": {"f:jobLabel": {}}}));
    assert_eq!(
        told(&compiled(), &live, None),
        ["spec.jobLabel changed drift kubectl-edit at 2026-11-22T10:00:00Z", "spec.selector added drift taken away",]
    );
}

#[test]
fn an_object_without_our_marks_is_somebody_elses() {
    let mut live = live("helm");
    live["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm");
    live["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "stack"});
    assert_eq!(
        told(&compiled(), &live, None),
        [" changed foreign it belongs to the Helm release `stack`; written by helm at 2026-11-20T10:00:00Z"]
    );
    live["metadata"]["annotations"] = json!({});
    live["metadata"]["ownerReferences"] = json!([{"kind": "ReplicaSet", "name": "x"}]);
    live["spec"]["jobLabel"] = json!("theirs");
    let found = found(&compiled(), &live, None);
    let change = &found.changes[0];
    assert_eq!((found.changes.len(), change.effect), (1, Effect::None), "one line, and nothing is applied");
    assert!(change.because.as_ref().is_some_and(|b| b.by.starts_with("it belongs to `ReplicaSet/x`, its owner")));
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
    let holder = |by: &str| {
        format!(" changed foreign it belongs to `other`, by its label; written by {by} at 2026-11-20T10:00:00Z")
    };
    assert_eq!(told(&compiled(), &other, Some(None)), [holder("watershed")]);
    let mut by_helm = by_another;
    by_helm["metadata"]["managedFields"][0]["manager"] = json!("helm");
    assert_eq!(told(&compiled(), &by_helm, Some(None)), [holder("helm")]);
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

fn deployment(live: impl FnOnce(&mut Json)) -> (ObjectId, Json, Json) {
    let id = ObjectId { api_version: "apps/v1".into(), kind: "Deployment".into(), ..id() };
    let labels = json!({"app.kubernetes.io/managed-by": "watershed"});
    let containers = json!([{"name": "a", "image": "a:1"}]);
    let compiled = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "labels": labels},
                          "spec": {"template": {"spec": {"containers": containers}}}});
    let mut is = compiled.clone();
    is["metadata"]["managedFields"] = json!([
        {"manager": "watershed", "operation": "Apply", "fieldsV1": {
            "f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}},
            "f:spec": {"f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}}}]);
    live(&mut is);
    (id, compiled, is)
}

fn by(name: &str, fields: Json) -> Json {
    json!({"manager": name, "operation": "Update", "time": "2026-11-22T10:00:00Z", "fieldsV1": fields})
}

fn lines(found: &Found) -> Vec<String> {
    let line = |c: &Change| {
        let because = c.because.as_ref().expect("every change has a cause");
        format!("{} {} {}", c.path, because.cause.name(), because.by)
    };
    found.changes.iter().map(line).collect()
}

#[test]
fn what_another_owns_is_told_whatever_its_name_and_whatever_stands_there() {
    let (id, compiled, live) = deployment(|live| {
        let spec = &mut live["spec"]["template"]["spec"];
        spec["hostIPC"] = json!(true);
        spec["dnsPolicy"] = json!("ClusterFirst");
        spec["containers"][0]["imagePullPolicy"] = json!("Never");
        spec["containers"].as_array_mut().unwrap().push(json!({"name": "istio-miner", "image": "m"}));
        spec["containers"].as_array_mut().unwrap().push(json!({"name": "istio-proxy", "image": "m"}));
        let item = json!({".": {}, "f:name": {}, "f:image": {}});
        let managed = live["metadata"]["managedFields"].as_array_mut().unwrap();
        let of_pod = |fields: Json| json!({"f:spec": {"f:template": {"f:spec": fields}}});
        managed.push(by("kube-janitor", of_pod(json!({"f:hostIPC": {}}))));
        managed.push(by(
            "kubectl-patch",
            of_pod(json!({"f:containers": {
            "k:{\"name\":\"a\"}": {"f:imagePullPolicy": {}}}})),
        ));
        managed.push(by(
            "mallory",
            of_pod(json!({"f:containers": {
            "k:{\"name\":\"istio-miner\"}": item, "k:{\"name\":\"istio-proxy\"}": item}})),
        ));
    });
    let found = found_of(&id, &compiled, &live, Some(None));
    let at = "at 2026-11-22T10:00:00Z";
    let containers = "spec.template.spec.containers";
    assert_eq!(
        lines(&found),
        [
            format!("{containers}[a].imagePullPolicy extra kubectl-patch {at}"),
            format!("{containers}[istio-miner] extra mallory {at}"),
            format!("{containers}[istio-proxy] extra mallory {at}"),
            format!("spec.template.spec.hostIPC extra kube-janitor {at}"),
        ]
    );
    assert_eq!(found.hidden_at, [(Hidden::Default, "/spec/template/spec/dnsPolicy".to_owned())]);
}

#[test]
fn what_is_owned_by_others_too_stays_where_the_spec_drops_it() {
    let mut new = compiled();
    new["spec"].as_object_mut().unwrap().remove("jobLabel");
    let mut live = live("watershed");
    live["metadata"]["managedFields"]
        .as_array_mut()
        .unwrap()
        .push(by("mallory", json!({"f:spec": {"f:jobLabel": {}}})));
    let expected = ["spec.jobLabel removed extra mallory at 2026-11-22T10:00:00Z owns it too"];
    assert_eq!(told(&new, &live, Some(Some(&compiled()))), expected);
}

#[test]
fn another_who_applies_is_another() {
    let mut live = live("watershed");
    live["spec"]["jobLabel"] = json!("other");
    live["spec"]["sampleLimit"] = json!(5);
    edited(&mut live, json!({"f:spec": {"f:jobLabel": {}, "f:sampleLimit": {}}}));
    live["metadata"]["managedFields"][1]["manager"] = json!("kubectl");
    live["metadata"]["managedFields"][1]["operation"] = json!("Apply");
    let by = "kubectl at 2026-11-22T10:00:00Z";
    let expected = [format!("spec.jobLabel changed drift {by}"), format!("spec.sampleLimit removed extra {by}")];
    assert_eq!(told(&compiled(), &live, Some(None)), expected);
}

#[test]
fn a_value_of_others_that_was_approved_is_no_drift() {
    let mut new = compiled();
    new["spec"]["jobLabel"] = json!("new");
    let mut live = live("watershed");
    edited(&mut live, json!({"f:spec": {"f:jobLabel": {}}}));
    let expected = ["spec.jobLabel changed pending kubectl-edit at 2026-11-22T10:00:00Z owns it too"];
    assert_eq!(told(&new, &live, Some(Some(&compiled()))), expected);
}

#[test]
fn what_is_missing_beside_what_is_not_applied_yet_may_not_be_applied_either() {
    let mut new = compiled();
    new["spec"]["jobLabel"] = json!("new");
    new["spec"]["sampleLimit"] = json!(5);
    new["spec"]["endpoints"].as_array_mut().unwrap().push(json!({"port": "more"}));
    let expected = [
        "spec.endpoints[1] added pending as applied by watershed at 2026-11-20T10:00:00Z",
        "spec.jobLabel changed pending as applied by watershed at 2026-11-20T10:00:00Z",
        "spec.sampleLimit added pending not applied yet, or taken away",
    ];
    let mut told = told(&new, &live("watershed"), Some(None));
    told.sort();
    assert_eq!(told, expected);
}

#[test]
fn what_is_added_inside_of_a_string_is_drift() {
    let id = ObjectId { api_version: "v1".into(), kind: "ConfigMap".into(), ..id() };
    let labels = json!({"app.kubernetes.io/managed-by": "watershed"});
    let compiled = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": labels},
                          "data": {"a.json": "{\"a\": 1}"}});
    let mut live = compiled.clone();
    live["data"] = json!({"a.json": "{\"a\": 1, \"b\": 2}", "other": "x"});
    live["metadata"]["managedFields"] = json!([
        {"manager": "watershed", "operation": "Apply", "fieldsV1": {
            "f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}}},
        by("mallory", json!({"f:data": {"f:a.json": {}, "f:other": {}}}))]);
    let mut tree = Tree::new();
    let root = tree.add_json("", &compiled, Origin::INHERIT);
    let lists = |_: &ObjectId, _: &[String]| ListKind::Plain;
    let parse =
        |text: &str, tree: &mut Tree| Some(vec![tree.add_json("", &serde_json::from_str(text).ok()?, Origin::INHERIT)]);
    let rules = Rules { lists: &lists, parse: &parse, equal: &|_, _, _, _| false };
    let wanted = Wanted { id: &id, file: "f.yaml", side: Side::new(&tree, root), approved: Approved::Same };
    let found = compare_live(wanted, Live(&live), &ours(), &rules);
    let by = "mallory at 2026-11-22T10:00:00Z";
    assert_eq!(lines(&found), [format!("data[\"a.json\"].b drift {by}"), format!("data.other extra {by}")]);
}

#[test]
fn marks_that_a_controller_has_copied_make_nothing_ours() {
    let made = |by: &[&str]| {
        let mut live = compiled();
        let entry = |name: &&str| {
            json!({"manager": name, "operation": "Update", "fieldsV1": {
            "f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}}})
        };
        live["metadata"]["managedFields"] = by.iter().map(entry).collect();
        Live(&live).is_made_by_others(&ours())
    };
    assert!(made(&["k3s"]) && made(&["kube-controller-manager"]));
    assert!(!made(&["kubectl-client-side-apply"]) && !made(&["k3s", "kubectl-client-side-apply"]));
    let mut scaled = live("kubectl-client-side-apply");
    let managed = scaled["metadata"]["managedFields"].as_array_mut().unwrap();
    managed.insert(
        0,
        json!({"manager": "kube-controller-manager", "operation": "Update", "subresource": "scale",
                             "fieldsV1": {"f:spec": {"f:replicas": {}}}}),
    );
    assert!(!Live(&scaled).is_made_by_others(&ours()), "who has scaled it has not made it");
    let mut watched = live("watershed");
    watched["metadata"]["managedFields"] = json!([
        {"manager": "PrometheusOperator", "operation": "Update", "subresource": "status",
         "fieldsV1": {"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}, "f:status": {}}}]);
    assert!(!Live(&watched).is_made_by_others(&ours()), "who writes its status has not made it");
}

#[test]
fn the_operator_marks_what_it_reconciles_and_a_namespace_has_a_finalizer_of_its_own() {
    let id = ObjectId { kind: "Prometheus".into(), ..id() };
    let mut compiled = compiled();
    compiled["spec"] = json!({"jobLabel": "app"});
    let mut live = live("watershed");
    live["spec"] = compiled["spec"].clone();
    live["metadata"]["finalizers"] = json!(["monitoring.coreos.com/status-cleanup"]);
    let fields = json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"monitoring.coreos.com/status-cleanup\"": {}}}});
    let by = |manager: &str| json!({"manager": manager, "operation": "Update", "fieldsV1": fields});
    live["metadata"]["managedFields"].as_array_mut().unwrap().push(by("PrometheusOperator"));
    let found = found_of(&id, &compiled, &live, Some(None));
    assert_eq!((found.changes.len(), found.hidden), (0, BTreeMap::from([(Hidden::Added(Known::Operator), 1)])));
    live["metadata"]["managedFields"][1] = by("somebody");
    let found = found_of(&id, &compiled, &live, Some(None));
    assert_eq!(found.changes.iter().map(|c| c.path.as_str()).collect::<Vec<_>>(), ["metadata.finalizers"]);

    let id = ObjectId { api_version: "v1".into(), kind: "Namespace".into(), namespace: String::new(), ..id };
    let labels = json!({"app.kubernetes.io/managed-by": "watershed"});
    let compiled = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": labels}});
    let mut live = compiled.clone();
    live["spec"] = json!({"finalizers": ["kubernetes"]});
    live["metadata"]["managedFields"] = json!([
        {"manager": "before-first-apply", "operation": "Update",
         "fieldsV1": {"f:spec": {"f:finalizers": {"v:\"kubernetes\"": {}}}}},
        {"manager": "watershed", "operation": "Apply",
         "fieldsV1": {"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}}}]);
    assert_eq!(found_of(&id, &compiled, &live, Some(None)).changes.len(), 0);
}

/// What is a default beside one thing opens a port, or cuts a connection, beside another.
#[test]
fn a_default_that_hangs_on_another_field_is_one_there_alone() {
    let deployment = |host: bool, port: Json| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "labels": {"app.kubernetes.io/managed-by": "watershed"}},
               "spec": {"template": {"spec": {"hostNetwork": host, "containers": [{"name": "a", "ports": [port]}]}}}})
    };
    let policy = |spec: Json| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
               "metadata": {"name": "a", "labels": {"app.kubernetes.io/managed-by": "watershed"}}, "spec": spec})
    };
    let plain = json!({"containerPort": 80});
    let bound = json!({"containerPort": 80, "hostPort": 80});
    let rules = json!([{"ports": [{"port": 80, "protocol": "TCP"}]}]);
    let types = |types: &[&str], way: &str| policy(json!({"podSelector": {}, way: rules, "policyTypes": types}));
    let untyped = |way: &str| policy(json!({"podSelector": {}, way: rules}));
    for (wanted, live, path) in [
        (deployment(false, plain.clone()), deployment(false, bound.clone()), Some("hostPort")),
        (deployment(true, plain), deployment(true, bound), None),
        (untyped("ingress"), types(&["Ingress", "Egress"], "ingress"), Some("policyTypes")),
        (untyped("ingress"), types(&["Ingress"], "ingress"), None),
        (untyped("egress"), types(&["Ingress", "Egress"], "egress"), None),
    ] {
        let mut live = live;
        let marks = json!({"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}});
        live["metadata"]["managedFields"] = json!([{"manager": "watershed", "operation": "Apply", "fieldsV1": marks}]);
        let text = |key: &str| wanted[key].as_str().unwrap().to_owned();
        let id = ObjectId { api_version: text("apiVersion"), kind: text("kind"), name: "a".into(), ..id() };
        let found = found_of(&id, &wanted, &live, Some(None));
        let told: Vec<&str> = found.changes.iter().filter_map(|c| c.path.rsplit('.').next()).collect();
        assert_eq!(told.first().map(|t| t.split('[').next().unwrap()), path, "{told:?}");
    }
}
