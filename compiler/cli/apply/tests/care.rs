//! What is not touched, not begun, or no longer as it was shown.

use serde_json::json;

use super::fake::Fake;
use super::{SPEC, applied, apply, first, is_differing, left_over, run};
use crate::world::Memory;

const KSM: &str = "Deployment/kube-state-metrics";

/// What one manager owns of an object, our marks among them if it has applied it.
fn entry(manager: &str, operation: &str, spec: serde_json::Value) -> serde_json::Value {
    let labels = json!({"f:app.kubernetes.io/managed-by": {}, "f:watershed/fleet": {}, "f:watershed/cluster": {}});
    let fields = if operation == "Scale" {
        json!({"f:spec": spec})
    } else {
        json!({"f:metadata": {"f:labels": labels}, "f:spec": spec})
    };
    let api_version = "apps/v1";
    json!({"manager": manager, "operation": if operation == "Scale" { "Update" } else { operation },
           "apiVersion": api_version, "fieldsType": "FieldsV1", "fieldsV1": fields})
}

#[test]
fn what_an_ignore_leaves_to_others_is_not_undone() {
    let ignore =
        "{ ignore target=\"Deployment/kube-state-metrics\" why=\"scaled by hand\" { fields \"/spec/replicas\" }\n";
    let spec = SPEC.replacen("pods=600 {", &format!("pods=600 {ignore}"), 1);
    let world = Memory::new().with("fleet.kdl", spec);
    let (code, text) = run(&world, &["build"]);
    assert_eq!(code, 0, "{text}");
    let fake = Fake::of(&world, "output/");
    world.serve("lab", fake.clone());
    fake.change(KSM, |o| {
        o["spec"]["replicas"] = json!(5);
        o["spec"]["minReadySeconds"] = json!(7);
        o["metadata"]["managedFields"] = json!([
            entry("watershed", "Apply", json!({"f:minReadySeconds": {}})),
            entry("kubectl", "Scale", json!({"f:replicas": {}}))
        ]);
    });
    let (code, text) = apply(&world, &["--force-conflicts"]);
    assert_eq!((code, fake.asked()), (0, vec![format!("apply {KSM} forced")]), "{text}");
    let replicas = fake.take(KSM)["spec"]["replicas"].clone();
    assert_eq!(replicas, json!(5), "{text}");
    assert!(text.contains("left to others, as an `ignore` says: spec.replicas of Deployment/monitoring/"), "{text}");
}

#[test]
fn what_was_made_or_changed_since_it_was_shown_is_not_applied() {
    let (world, fake) = applied();
    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    fake.state(|s| {
        s.meanwhile = Some(|there| {
            let user = there.objects.iter_mut().find(|o| o["metadata"]["name"] == "user" && o["kind"] == "Prometheus");
            let user = user.unwrap();
            user["spec"]["paused"] = json!(true);
            user["metadata"]["resourceVersion"] = json!("9");
        });
    });
    let (code, text) = apply(&world, &["--force-conflicts"]);
    assert_eq!((code, fake.asked().len()), (4, 0), "{text}");
    assert!(text.contains("somebody has changed spec.paused since it was compared; run `apply` again"), "{text}");
    assert_eq!((apply(&world, &[]).0, is_differing(&world)), (0, false));

    // What only the operator notes is no other difference.
    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    fake.state(|s| {
        s.meanwhile = Some(|there| {
            for object in &mut there.objects {
                object["status"] = json!({"shards": 1});
                object["metadata"]["resourceVersion"] = json!("10");
            }
        });
    });
    assert_eq!((apply(&world, &[]).0, is_differing(&world)), (0, false));

    let monitor = first(&fake, "ServiceMonitor");
    let mut theirs = fake.take(&monitor);
    theirs["metadata"]["labels"] = json!({"owner": "somebody"});
    theirs["metadata"]["name"] = json!("placeholder");
    fake.put(theirs);
    let before = fake.asked().len();
    fake.state(|s| {
        s.meanwhile = Some(|there| {
            let theirs = there.objects.iter_mut().find(|o| o["metadata"]["name"] == "placeholder").unwrap();
            theirs["metadata"]["name"] = json!("alertmanager");
        });
    });
    let (code, text) = apply(&world, &[]);
    assert_eq!(monitor, "ServiceMonitor/alertmanager");
    assert_eq!((code, fake.asked().len() - before), (4, 0), "{text}");
    assert!(text.contains("somebody has made it since it was compared"), "{text}");
    assert!(!text.contains("--force-conflicts` takes"), "{text}");
}

/// The server says what is there at once with making it: two who make the same do not get mixed up.
#[test]
fn what_somebody_makes_in_the_same_moment_stays_as_it_is() {
    let (world, fake) = applied();
    fake.take(KSM);
    fake.state(|s| {
        s.at_last = Some(|there| {
            there.objects.push(json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "kube-state-metrics", "namespace": "monitoring", "uid": "theirs",
                             "resourceVersion": "1", "labels": {"owner": "somebody"}},
                "spec": {"paused": true}}));
        });
    });
    let (code, text) = apply(&world, &["--force-conflicts"]);
    assert_eq!((code, fake.asked()), (4, vec![format!("create {KSM}")]), "{text}");
    assert!(text.contains("somebody has made it in the moment before, and it was left as it is"), "{text}");
    let theirs = fake.take(KSM);
    assert_eq!((&theirs["spec"], &theirs["metadata"]["uid"]), (&json!({"paused": true}), &json!("theirs")));
}

#[test]
fn what_is_made_is_applied_by_us() {
    let (world, fake) = applied();
    let before = fake.take(KSM);
    assert_eq!(apply(&world, &[]).0, 0);
    let made = ["create", "reown", "apply"].map(|verb| format!("{verb} {KSM}"));
    assert_eq!(fake.requests(), made);
    let now = fake.take(KSM);
    assert_eq!(now["spec"], before["spec"]);
    let owners = now["metadata"]["managedFields"].as_array().unwrap().iter();
    let owners: Vec<_> = owners.map(|e| (e["manager"].as_str().unwrap(), e["operation"].as_str().unwrap())).collect();
    assert_eq!(owners, [("watershed", "Apply")]);
}

/// Who dies in between leaves an object that is as it is compiled, and that the next change takes over.
#[test]
fn what_was_made_and_not_applied_is_ours_all_the_same() {
    let (world, fake) = applied();
    fake.take(KSM);
    fake.state(|s| s.at_last = None);
    assert_eq!(apply(&world, &[]).0, 0);
    fake.change(KSM, |o| {
        o["metadata"]["managedFields"][0]["operation"] = json!("Update");
        o["spec"]["replicas"] = json!(9);
    });
    let (_, text) = run(&world, &["diff", "--against", "live"]);
    assert!(text.contains("spec.replicas") && !text.contains("foreign"), "{text}");
    let before = fake.asked().len();
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, &fake.asked()[before..]), (0, &[format!("reown {KSM}"), format!("apply {KSM}")][..]), "{text}");
    assert!(!is_differing(&world), "{text}");
}

#[test]
fn a_field_of_somebody_is_taken_by_force_alone() {
    let (world, fake) = applied();
    let grace = json!({"f:template": {"f:spec": {"f:terminationGracePeriodSeconds": {}}}});
    fake.change(KSM, |o| {
        o["spec"]["replicas"] = json!(5);
        let theirs = json!({"f:replicas": {}, "f:minReadySeconds": {}});
        o["spec"]["minReadySeconds"] = json!(7);
        o["metadata"]["managedFields"] = json!([entry("watershed", "Apply", grace), entry("mallory", "Scale", theirs)]);
    });
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked()), (4, vec![format!("apply {KSM}")]), "{text}");
    assert!(text.contains("conflict with \"mallory\": .spec.replicas"), "{text}");
    let (_, text) = apply(&world, &["--force-conflicts"]);
    assert_eq!(fake.asked()[1..], [format!("apply {KSM} forced")], "{text}");
    let now = fake.take(KSM);
    assert_eq!((&now["spec"]["replicas"], &now["spec"]["minReadySeconds"]), (&json!(1), &json!(7)), "{text}");
    let theirs = &now["metadata"]["managedFields"][1];
    assert_eq!(
        (&theirs["manager"], &theirs["fieldsV1"]),
        (&json!("mallory"), &json!({"f:spec": {"f:minReadySeconds": {}}}))
    );
}

/// Somebody takes a field after it was looked at: what he has written since is not written over, forced or not.
#[test]
fn a_field_that_somebody_takes_in_the_same_moment_stays() {
    let (world, fake) = applied();
    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    fake.state(|s| {
        s.at_last = Some(|there| {
            let is_it = |o: &&mut serde_json::Value| o["kind"] == "Prometheus" && o["metadata"]["name"] == "user";
            let user = there.objects.iter_mut().find(is_it).unwrap();
            user["spec"]["retention"] = json!("2d");
            user["metadata"]["resourceVersion"] = json!("11");
        });
    });
    let (code, text) = apply(&world, &["--force-conflicts"]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("somebody has changed spec.retention since it was compared"), "{text}");
    assert_eq!(fake.take("Prometheus/user")["spec"]["retention"], json!("2d"));
}

#[test]
fn what_kubectl_has_applied_is_taken_over_first() {
    for (manager, operation) in [("kubectl-client-side-apply", "Update"), ("kubectl", "Apply")] {
        let (world, fake) = applied();
        fake.change(KSM, |o| {
            o["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(77);
            let spec = json!({"f:template": {"f:spec": {"f:terminationGracePeriodSeconds": {}}}});
            o["metadata"]["managedFields"] = json!([entry(manager, operation, spec)]);
            let noted = o.to_string();
            o["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": noted});
        });
        let (code, text) = apply(&world, &[]);
        assert_eq!((code, fake.asked()), (0, vec![format!("reown {KSM}"), format!("apply {KSM}")]), "{text}");
        assert!(text.contains(&format!("taken over: 1 object applied by `{manager}` so far")), "{text}");
        assert!(!is_differing(&world), "{text}");
    }
}

#[test]
fn the_wrong_cluster_is_not_applied_to() {
    let world = Memory::new().with("fleet.kdl", SPEC.to_owned() + "\ncluster \"north\" nodes=3 pods=90\n");
    assert_eq!(run(&world, &["build"]).0, 0);
    let lab = Fake::of(&world, "output/single-split/lab/");
    world.serve("lab", lab.clone());
    world.serve("north", Fake::of(&world, "output/single-split/north/"));
    for more in [&[][..], &["--dry-run"], &["--force-conflicts", "--all"]] {
        let (code, text) = apply(&world, &[&["--cluster", "north", "--context", "lab"], more].concat());
        assert_eq!((code, lab.asked().len()), (4, 0), "{text}");
        assert!(text.contains("north: this is `lab`, by the labels of ") && !text.contains("--adopt"), "{text}");
    }
    // Nothing that is there says anything of the one that was asked for.
    let (code, text) = run(&world, &["diff", "--against", "live", "--cluster", "north", "--context", "lab"]);
    assert!(code == 4 && text.contains("the wrong cluster answers: this is `lab`"), "{text}");
    assert!(!text.contains("foreign") && !text.contains("selected"), "{text}");
    let (code, text) = apply(&world, &[]);
    assert_eq!(code, 0, "{text}");

    // One that came here by mistake is left alone, and nobody is told to take it.
    lab.change("ServiceMonitor/kubelet", |o| o["metadata"]["labels"]["watershed/cluster"] = json!("north"));
    let (code, text) = apply(&world, &["--cluster", "lab"]);
    let said = "left alone: ServiceMonitor/monitoring/kubelet belongs to `north`, by its labels";
    assert!(code == 4 && text.contains(said) && !text.contains("--adopt"), "{text}");
}

#[test]
fn a_stage_in_which_something_is_left_alone_is_not_done() {
    let (world, fake) = applied();
    let monitor = first(&fake, "ServiceMonitor");
    fake.take(&monitor);
    fake.change("Prometheus/user", |o| o["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm"));
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked().len()), (4, 0), "{text}");
    assert!(text.contains("stopped after 20-prometheus; 1 object not applied"), "{text}");
}

#[test]
fn what_is_applied_and_not_ready_is_not_done() {
    let (world, fake) = applied();
    let (code, text) = run(&world, &["apply", "--yes", "--timeout", "10s"]);
    assert_eq!((code, fake.asked().len()), (4, 0), "{text}");
    assert!(text.contains("lab: Prometheus/monitoring/user is not ready"), "{text}");
    fake.state(|s| s.ready_after = Some(0));
    let (code, text) = run(&world, &["apply", "--yes", "--timeout", "10s"]);
    assert_eq!((code, fake.asked().len()), (0, 0), "{text}");
}

#[test]
fn after_a_cluster_that_does_not_answer_no_other_is_begun() {
    let world = Memory::new().with("fleet.kdl", SPEC.to_owned() + "\ncluster \"north\" nodes=3 pods=90\n");
    assert_eq!(run(&world, &["build"]).0, 0);
    let north = Fake::of(&world, "output/single-split/north/");
    north.take("Prometheus/user");
    world.serve("north", north.clone());
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, north.asked().len(), text.contains("north: not begun")), (4, 0, true), "{text}");
    let (code, text) = apply(&world, &["--keep-going"]);
    assert_eq!((code, north.asked().len()), (4, 1), "{text}");
}

#[test]
fn what_was_deleted_is_counted() {
    let (world, fake) = applied();
    super::left_over(&fake, "ServiceMonitor", "old");
    let (code, text) = apply(&world, &["--prune"]);
    assert_eq!((code, text.ends_with("1 object deleted, and none applied.\n")), (0, true), "{text}");
}

/// Something that was ours once, with what is made for it.
fn relay(fake: &Fake) {
    let labels = |unit: &str| {
        json!({"app.kubernetes.io/managed-by": "watershed", "watershed/fleet": "single-split",
               "watershed/cluster": "lab", "watershed/unit": unit})
    };
    let object = |kind: &str, api_version: &str, name: &str, unit: &str| {
        json!({"apiVersion": api_version, "kind": kind,
               "metadata": {"name": name, "namespace": "monitoring", "labels": labels(unit)}})
    };
    let mut relay = object("StatefulSet", "apps/v1", "relay", "relay");
    relay["spec"] = json!({"serviceName": "relay-headless", "template": {"spec": {
        "containers": [{"name": "vmagent", "args": ["-remoteWrite.url=http://a"]}],
        "volumes": [{"name": "extra", "configMap": {"name": "relay-extra"}}]}}});
    fake.put(relay);
    fake.put(object("ConfigMap", "v1", "relay", "relay"));
    fake.put(object("ConfigMap", "v1", "relay-extra", "other"));
    fake.put(object("ServiceMonitor", "monitoring.coreos.com/v1", "relay", "relay"));
    fake.put(object("ConfigMap", "v1", "unused", "other"));
}

#[test]
fn what_is_kept_keeps_what_it_needs() {
    let (world, fake) = applied();
    relay(&fake);
    let (code, text) = apply(&world, &["--prune"]);
    assert_eq!((code, fake.asked()), (0, vec!["delete ConfigMap/unused".to_owned()]), "{text}");
    for name in ["ConfigMap/monitoring/relay", "ConfigMap/monitoring/relay-extra", "ServiceMonitor/monitoring/relay"] {
        let said = format!("left over, and kept while StatefulSet/monitoring/relay is there: {name}");
        assert!(text.contains(&said), "{text}");
    }
    assert!(
        text.contains("let it drain first") && text.contains("then kubectl --context lab delete statefulset"),
        "{text}"
    );
}

#[test]
fn a_namespace_of_somebody_is_not_ours_to_delete() {
    let (world, fake) = applied();
    let labels = fake.take("Namespace/monitoring");
    fake.put(labels.clone());
    let put = |name: &str, manager: &str| {
        let mut namespace = labels.clone();
        namespace["metadata"]["name"] = json!(name);
        namespace["metadata"]["managedFields"] = json!([
            {"manager": "watershed", "operation": "Apply"}, {"manager": manager, "operation": "Update"}]);
        fake.put(namespace);
    };
    put("theirs", "kubectl-create");
    put("used", "watershed");
    put("empty", "watershed");
    let mut inside = fake.take("ServiceMonitor/kubelet");
    fake.put(inside.clone());
    inside["metadata"]["namespace"] = json!("used");
    fake.put(inside);
    let (_, text) = apply(&world, &["--prune", "--dry-run"]);
    assert!(text.contains("kubectl --context lab delete namespace empty"), "{text}");
    for name in ["theirs", "used"] {
        assert!(text.contains(&format!("not for us to delete: Namespace/{name}")), "{text}");
    }
    assert_eq!(text.matches("delete namespace").count(), 1, "{text}");
}

#[test]
fn of_a_fifth_only_ours_count() {
    let (world, fake) = applied();
    let all = fake.state(|s| s.there.objects.len());
    (0..all / 6).for_each(|i| super::left_over(&fake, "ServiceMonitor", &format!("old-{i}")));
    fake.state(|s| {
        for object in s.there.objects.iter_mut().filter(|o| o["kind"] == "Prometheus" || o["kind"] == "Service") {
            object["metadata"]["labels"] = json!({"owner": "somebody"});
        }
        for object in s.there.objects.iter_mut().filter(|o| o["kind"] == "ServiceAccount" || o["kind"] == "PodMonitor")
        {
            object["metadata"]["labels"] = json!({"owner": "somebody"});
        }
    });
    let (code, text) = apply(&world, &["--prune", "--keep-going"]);
    assert_eq!((code, text.contains("more than a fifth")), (4, true), "{text}");
}

/// Somebody's Deployment in the place of ours: he scales it, and has set a field that nobody else asks for.
fn somebodys(fake: &Fake) -> String {
    fake.change(KSM, |o| {
        o["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "somebody"});
        o["spec"]["replicas"] = json!(5);
        o["spec"]["minReadySeconds"] = json!(7);
        let labels = json!({"f:labels": {"f:app.kubernetes.io/managed-by": {}}});
        let spec = json!({"f:replicas": {}, "f:minReadySeconds": {}});
        o["metadata"]["managedFields"] = json!([{"manager": "mallory", "operation": "Update", "apiVersion": "apps/v1",
            "time": "2026-11-22T10:00:00Z", "fieldsV1": {"f:metadata": labels, "f:spec": spec}}]);
    });
    KSM.replace('/', "/monitoring/")
}

#[test]
fn what_is_taken_over_is_shown_field_by_field() {
    let (world, fake) = applied();
    let id = somebodys(&fake);
    // Whoever is not to be taken over is told as what he is, and nothing of what he has in it.
    let (_, text) = run(&world, &["diff", "--against", "live"]);
    assert!(text.contains("foreign: it belongs to `somebody`") && !text.contains("spec.replicas"), "{text}");

    world.answer("no");
    let (code, text) = run(&world, &["apply", "--no-wait", "--adopt", &id]);
    assert_eq!((code, fake.asked().len()), (2, 0), "{text}");
    assert!(text.contains("foreign: it belongs to `somebody`"), "{text}");
    assert!(text.contains("spec.replicas: 5 → 1") && text.contains("drift: mallory at 2026-11-22"), "{text}");
    assert!(text.contains("- spec.minReadySeconds: 7"), "{text}");
    assert!(text.contains("extra: added outside; applying does not take it away: mallory"), "{text}");
    assert!(text.contains("+ metadata.labels[\"watershed/fleet\"]"), "{text}");
    assert!(text.contains("1 to take over"), "{text}");
    let (code, text) = apply(&world, &["--adopt", &id]);
    assert_eq!((code, fake.asked()), (0, vec![format!("apply {KSM} forced")]), "{text}");
    assert_eq!(fake.take(KSM)["spec"]["replicas"], json!(1));
}

/// Taking over forces: nothing may be forced over that nobody was shown.
#[test]
fn what_differs_since_it_was_shown_is_not_taken_over() {
    let (world, fake) = applied();
    let id = somebodys(&fake);
    fake.state(|s| {
        s.meanwhile = Some(|there| {
            let is_it =
                |o: &&mut serde_json::Value| o["metadata"]["name"] == "kube-state-metrics" && o["kind"] == "Deployment";
            let theirs = there.objects.iter_mut().find(is_it).unwrap();
            theirs["spec"]["replicas"] = json!(9);
            theirs["metadata"]["resourceVersion"] = json!("9");
        });
    });
    let (code, text) = apply(&world, &["--adopt", &id]);
    assert_eq!((code, fake.asked().len()), (4, 0), "{text}");
    assert!(text.contains("somebody has changed spec.replicas since it was compared; run `apply` again"), "{text}");
    assert_eq!(fake.take(KSM)["spec"]["replicas"], json!(9));
}

/// Of very many differences not all are shown one by one; what is not may not change unseen either.
#[test]
fn what_is_beyond_what_is_shown_may_not_change_either() {
    let (world, fake) = applied();
    fake.change("Prometheus/user", |o| {
        o["spec"]["retention"] = json!("1d");
        (0..2_000).for_each(|n| o["spec"]["externalLabels"][format!("flood_{n:04}")] = json!("x"));
    });
    fake.state(|s| {
        s.meanwhile = Some(|there| {
            let is_it = |o: &&mut serde_json::Value| o["kind"] == "Prometheus" && o["metadata"]["name"] == "user";
            let user = there.objects.iter_mut().find(is_it).unwrap();
            user["spec"]["externalLabels"]["flood_1999"] = json!("y");
            user["metadata"]["resourceVersion"] = json!("9");
        });
    });
    let (code, text) = apply(&world, &["--force-conflicts"]);
    assert_eq!((code, fake.asked().len()), (4, 0), "{text}");
    assert!(text.contains("of which not every difference was shown"), "{text}");

    // What only the operator notes is no other difference here, too.
    fake.state(|s| {
        s.meanwhile = Some(|there| {
            for object in &mut there.objects {
                object["status"] = json!({"shards": 1});
                object["metadata"]["resourceVersion"] = json!("10");
            }
        });
    });
    let (code, text) = apply(&world, &["--force-conflicts"]);
    assert_eq!((code, fake.asked().len()), (0, 1), "{text}");
}

/// What a finalizer holds is there until somebody lets it go, and is told until then.
#[test]
fn what_a_finalizer_holds_is_not_gone() {
    let (world, fake) = applied();
    left_over(&fake, "ServiceMonitor", "old");
    fake.change("ServiceMonitor/old", |o| o["metadata"]["finalizers"] = json!(["example.com/hold"]));
    let (code, text) = apply(&world, &["--prune"]);
    let said = "its deletion was asked for, and it is still there, held by the finalizer `example.com/hold`";
    assert!(code == 4 && text.contains(said) && !text.contains("is deleted"), "{text}");
    let (code, text) = run(&world, &["diff", "--against", "live"]);
    let said = "being deleted since 2026-11-24T10:00:00Z, held by the finalizer `example.com/hold`";
    assert!(code == 2 && text.contains("- ServiceMonitor/monitoring/old") && text.contains(said), "{text}");
    // Nobody asks again for what was asked for.
    let (_, text) = apply(&world, &["--prune"]);
    assert_eq!(fake.asked().iter().filter(|a| a.starts_with("delete ")).count(), 1, "{text}");
}
