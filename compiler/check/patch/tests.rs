use super::*;
use crate::check::id_of;
use crate::diag::FileId;
use serde_json::json;

/// Every value gets a place of its own; places count from 1.
fn free(value: &serde_json::Value, next: &mut usize) -> Spanned<Free> {
    *next += 1;
    let span = Span::new(FileId(0), *next, *next + 1);
    let value = match value {
        serde_json::Value::Null => Free::Scalar(Scalar::Null),
        serde_json::Value::Bool(b) => Free::Scalar(Scalar::Bool(*b)),
        serde_json::Value::Number(n) => Free::Scalar(Scalar::Int(n.as_i64().unwrap().into())),
        serde_json::Value::String(s) => Free::Scalar(Scalar::Str(s.clone())),
        serde_json::Value::Array(items) => Free::List(items.iter().map(|i| free(i, next)).collect()),
        serde_json::Value::Object(entries) => {
            Free::Map(entries.iter().map(|(k, v)| (Spanned { value: k.clone(), span }, free(v, next))).collect())
        }
    };
    Spanned { value, span }
}

struct Case {
    tree: Tree,
    root: NodeId,
    found: Vec<Diagnostic>,
}

impl Case {
    fn new(object: serde_json::Value) -> Self {
        let mut tree = Tree::new();
        let root = tree.add_json("", &object, Origin::INHERIT);
        Case { tree, root, found: Vec::new() }
    }

    /// Patches of `(target, level, merge, remove)`.
    fn apply(&mut self, patches: &[(&str, &str, serde_json::Value, &[&str])]) -> Vec<Applied> {
        let mut next = 0;
        let merges: Vec<Spanned<Free>> = patches.iter().map(|p| free(&p.2, &mut next)).collect();
        let patches: Vec<PatchRef<'_>> = patches
            .iter()
            .zip(&merges)
            .map(|((target, level, _, remove), merge)| PatchRef {
                target,
                merge: Some((&merge.value, merge.span)),
                remove: remove.iter().map(|r| (*r, merge.span)).collect(),
                level,
                at: merge.span,
            })
            .collect();
        let id = id_of(&self.tree, self.root).unwrap();
        let found = &mut self.found;
        patch(&mut self.tree, self.root, &id, described(&id), &patches, &mut |s| Origin(s.start), &mut |d| {
            found.push(d)
        })
    }

    fn merged(object: serde_json::Value, merge: serde_json::Value) -> (serde_json::Value, bool) {
        let mut case = Case::new(object);
        let applied = case.apply(&[("*", "fleet", json!({}), &[]), ("StatefulSet/*", "fleet", merge, &[])]);
        assert!(case.found.is_empty(), "{:?}", case.found);
        (case.tree.to_json(case.root)["spec"]["template"]["spec"].clone(), applied[1].changed)
    }
}

fn set(pod: serde_json::Value) -> serde_json::Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "a"}, "spec": {"template": {"spec": pod}}})
}

fn pod(pod: serde_json::Value) -> serde_json::Value {
    json!({"spec": {"template": {"spec": pod}}})
}

#[test]
fn merges_as_server_side_apply() {
    let object = set(json!({
        "containers": [
            {"name": "a", "image": "x", "args": ["-1", "-2"], "ports": [{"containerPort": 80, "name": "http"}]},
            {"name": "b", "image": "y"}
        ],
        "nodeSelector": {"old": "1"},
        "tolerations": [{"key": "k"}],
        "securityContext": {"runAsUser": 1, "fsGroup": 2}
    }));
    let merge = pod(json!({
        // By name; of the item only what is said. Lists without a key are replaced, also inside.
        "containers": [{"name": "b", "image": "z"}, {"name": "a", "args": ["-3"], "ports": [{"containerPort": 80, "protocol": "TCP", "hostPort": 1}]}, {"name": "c"}],
        // Atomic.
        "nodeSelector": {"new": "1"},
        "tolerations": [{"operator": "Exists"}],
        "securityContext": {"runAsUser": null, "runAsGroup": 3},
        "hostNetwork": true
    }));
    let (merged, changed) = Case::merged(object, merge);
    assert!(changed);
    assert_eq!(
        merged,
        json!({
            "containers": [
                {"name": "a", "image": "x", "args": ["-3"], "ports": [{"containerPort": 80, "name": "http", "hostPort": 1}]},
                {"name": "b", "image": "z"},
                {"name": "c"}
            ],
            "nodeSelector": {"new": "1"},
            "tolerations": [{"operator": "Exists"}],
            "securityContext": {"fsGroup": 2, "runAsGroup": 3},
            "hostNetwork": true
        })
    );
}

#[test]
fn sets_grow_and_embedded_documents_are_merged_inside() {
    let mut case =
        Case::new(json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"name": "p"},
        "spec": {"enableFeatures": ["a", "b"], "scrapeProtocols": ["PrometheusProto"]}}));
    case.apply(&[("Prometheus/p", "fleet", json!({"spec": {"enableFeatures": ["b", "c"]}}), &[])]);
    assert_eq!(case.tree.to_json(case.root)["spec"]["enableFeatures"], json!(["a", "b", "c"]));

    let mut tree = Tree::new();
    let root = crate::object::Build::map(&mut tree, |o| {
        o.str("apiVersion", "v1");
        o.str("kind", "ConfigMap");
        o.object("metadata", |m| m.str("name", "c"));
        o.object("data", |d| d.embedded("a.yaml", crate::object::Format::Yaml, |e| e.str("x", "1")));
    });
    let mut case = Case { tree, root, found: Vec::new() };
    case.apply(&[("ConfigMap/*", "fleet", json!({"data": {"a.yaml": {"y": "2"}}}), &[])]);
    assert_eq!(case.tree.to_json(root)["data"]["a.yaml"], "x: '1'\n'y': '2'\n");
}

#[test]
fn values_a_patch_wrote_carry_its_origin_and_others_keep_theirs() {
    let mut case = Case::new(set(json!({"hostNetwork": false, "hostPID": false})));
    case.apply(&[(
        "StatefulSet/a",
        "fleet",
        pod(json!({"hostNetwork": true, "hostPID": false, "dnsConfig": {"nameservers": ["n"]}})),
        &[],
    )]);
    let origin = |p: &str| case.tree.origin(case.tree.pointer(case.root, &format!("/spec/template/spec/{p}")).unwrap());
    assert_ne!(origin("hostNetwork"), Origin::INHERIT);
    assert_eq!(origin("hostPID"), Origin::INHERIT, "it changed nothing there");
    assert_ne!(origin("dnsConfig/nameservers/0"), origin("dnsConfig"));
}

#[test]
fn what_a_patch_did_not_do_is_told_once_all_objects_are_seen() {
    let none: &[&str] = &[];
    let patches = [
        ("StatefulSet/a", "fleet", pod(json!({"hostPID": false})), none),
        ("StatefulSet/b", "fleet", pod(json!({"hostPID": true})), none),
        ("StatefulSet/a", "fleet", json!({}), &["/spec/template/spec/hostPID", "/spec/nothing"]),
        ("pod", "fleet", json!({}), none),
    ];
    let mut case = Case::new(set(json!({"hostPID": false})));
    let mut applied = case.apply(&patches);
    let judged = |applied: &[Applied]| -> Vec<Vec<&str>> {
        let refs = patches.iter().map(|p| PatchRef {
            target: p.0,
            merge: None,
            remove: p.3.iter().map(|r| (*r, Span::NONE)).collect(),
            level: p.1,
            at: Span::NONE,
        });
        refs.zip(applied).map(|(r, a)| a.judge(&r, ["StatefulSet/a"]).iter().map(|d| d.code.id).collect()).collect()
    };
    assert_eq!(judged(&applied), [vec!["OBJ122"], vec!["OBJ121"], vec!["OBJ123"], vec!["OBJ121"]]);
    // In another cluster the first has an effect, and the pointer matches.
    let mut other = Case::new(
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "a"}, "spec": {"nothing": 1}}),
    );
    applied.iter_mut().zip(&other.apply(&patches)).for_each(|(a, b)| a.join(b));
    assert_eq!(judged(&applied), [vec![], vec!["OBJ121"], vec![], vec!["OBJ121"]]);
}

#[test]
fn two_patches_of_one_level_must_not_set_the_same_field() {
    let run = |patches: &[(&str, &str, serde_json::Value, &[&str])]| -> Vec<(&str, String)> {
        let mut case =
            Case::new(set(json!({"containers": [{"name": "a", "args": ["x"], "image": "i"}], "hostPID": false})));
        case.apply(patches);
        case.found.into_iter().map(|d| (d.code.id, d.what)).collect()
    };
    let image = pod(json!({"containers": [{"name": "a", "image": "z"}]}));
    let args = pod(json!({"containers": [{"name": "a", "args": ["z"]}]}));
    assert_eq!(
        run(&[("StatefulSet/a", "fleet", image.clone(), &[]), ("StatefulSet/*", "fleet", args.clone(), &[])]),
        []
    );
    assert_eq!(
        run(&[("StatefulSet/a", "fleet", image.clone(), &[]), ("StatefulSet/*", "cluster edge", image.clone(), &[])]),
        []
    );
    let both = run(&[("StatefulSet/a", "fleet", image.clone(), &[]), ("StatefulSet/*", "fleet", image.clone(), &[])]);
    assert_eq!(both[0].0, "OBJ124");
    assert!(both[0].1.contains("containers[name \"a\"].image"), "{}", both[0].1);
    let removed = run(&[
        ("StatefulSet/a", "fleet", args, &[]),
        ("StatefulSet/a", "fleet", json!({}), &["/spec/template/spec/containers/0"]),
    ]);
    assert_eq!(removed.len(), 1, "{removed:?}");
}

#[test]
fn what_an_object_is_known_by_is_not_for_a_patch_to_change() {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": "a", "namespace": "monitoring", "labels": {"watershed/fleet": "f", "team": "x"}}});
    let run = |merge: serde_json::Value, remove: &[&str]| -> Vec<String> {
        let mut case = Case::new(object.clone());
        case.apply(&[("ConfigMap/a", "fleet", merge, remove)]);
        assert!(case.found.iter().all(|d| d.code.id == "OBJ126" && !d.at.is_none()), "{:?}", case.found);
        case.found.iter().map(|d| d.what.split('`').nth(1).unwrap_or_default().to_owned()).collect()
    };
    let none: &[&str] = &[];
    let labels = |labels: serde_json::Value| json!({"metadata": {"labels": labels}});
    for (merge, remove, path) in [
        (json!({"metadata": {"name": "b"}}), none, "metadata.name"),
        (json!({"metadata": {"namespace": "default"}}), none, "metadata.namespace"),
        (json!({"kind": "Secret"}), none, "kind"),
        (labels(json!({"watershed/fleet": "g"})), none, "metadata.labels[\"watershed/fleet\"]"),
        (labels(json!({"watershed/prometheus": "user"})), none, "metadata.labels[\"watershed/prometheus\"]"),
        (labels(json!(null)), none, "metadata.labels[\"watershed/fleet\"]"),
        (json!({}), &["/metadata/labels/watershed~1fleet"], "metadata.labels[\"watershed/fleet\"]"),
        (json!({}), &["/metadata"], "metadata.labels[\"watershed/fleet\"]"),
    ] {
        assert_eq!(run(merge.clone(), remove), [path], "{merge} {remove:?}");
    }
    assert_eq!(run(labels(json!({"team": "y", "watershed/fleet": "f"})), &[]), Vec::<String>::new());
    assert_eq!(run(json!({"metadata": {"name": "a"}, "data": {"k": "v"}}), &[]), Vec::<String>::new());
}

#[test]
fn an_item_without_its_key_is_refused() {
    let mut case = Case::new(set(json!({"containers": [{"name": "a"}]})));
    case.apply(&[("StatefulSet/a", "fleet", pod(json!({"containers": [{"image": "x"}]})), &[])]);
    assert_eq!(case.found[0].code.id, "OBJ125");
    assert!(case.found[0].help.contains("`name`"));
}

#[test]
fn targets() {
    let id = |kind: &str, name: &str| ObjectId {
        api_version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: String::new(),
        name: name.to_owned(),
    };
    for (target, kind, name, matches) in [
        ("Service/user", "Service", "user", true),
        ("Service/user", "Service", "user2", false),
        ("Service/us*", "Service", "user", true),
        ("Service/*-web", "Service", "user-web", true),
        ("Service/a*b*c", "Service", "aXbYbc", true),
        ("Service/a*b*c", "Service", "acb", false),
        ("Service/ab*ba", "Service", "aba", false),
        ("values/vm", "values", "vm", true),
        ("Service/user", "ConfigMap", "user", false),
    ] {
        assert_eq!(is_for(target, &id(kind, name)), matches, "{target} {kind}/{name}");
    }
    for bad in ["Service", "Service/", "Service/default/user", "service/user"] {
        assert!(!is_for(bad, &id("Service", "user")), "{bad}");
    }
}
