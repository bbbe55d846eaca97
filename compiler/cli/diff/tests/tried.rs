//! What the server itself would do: `--server-side`.

use serde_json::{Value as Json, json};

use crate::cli::apply::tests::fake::Fake;
use crate::cli::apply::tests::{applied, built, first, run};
use crate::world::Memory;
use crate::world::server::{Failure, FailureKind};

const KSM: &str = "Deployment/kube-state-metrics";

fn tried(world: &Memory, more: &[&str]) -> (u8, String) {
    run(world, &[&["diff", "--against", "live", "--server-side"], more].concat())
}

/// One manager of an object that has our marks.
fn entry(manager: &str, operation: &str, spec: Json) -> Json {
    let labels = json!({"f:app.kubernetes.io/managed-by": {}, "f:watershed/fleet": {}, "f:watershed/cluster": {}});
    let fields = if manager == "mallory" {
        json!({"f:spec": spec})
    } else {
        json!({"f:metadata": {"f:labels": labels}, "f:spec": spec})
    };
    json!({"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
           "fieldsV1": fields})
}

#[test]
fn everything_is_tried_and_nothing_is_changed() {
    let (world, fake) = applied();
    let before = fake.state(|s| s.there.objects.clone());
    let (code, text) = tried(&world, &[]);
    assert_eq!((code, fake.state(|s| s.there.objects == before)), (0, true), "{text}");
    let said = format!("No differences in {} objects, and the server would change none", before.len());
    assert!(text.contains(&said), "{text}");
    let asked = fake.requests();
    assert!(asked.len() == before.len() && asked.iter().all(|a| a.starts_with("try ")), "{asked:?}");
    assert!(asked.iter().all(|a| !a.ends_with(" forced")), "{asked:?}");

    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    fake.take("Prometheus/system");
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("spec.retention: 1d → 15d") && text.contains("drift: changed outside"), "{text}");
    assert!(text.contains("+ Prometheus/monitoring/system") && text.contains("pending: it is not there"), "{text}");
    assert!(text.contains(&format!("the servers would take {} objects", before.len())), "{text}");
    let (_, text) = tried(&world, &["--format", "json"]);
    let json: Json = serde_json::from_str(&text).unwrap();
    let lab = &json["clusters"][0];
    assert_eq!((&lab["accepted"], &lab["refused"]), (&json!(before.len()), &json!([])), "{text}");
    let (_, text) = run(&world, &["diff", "--against", "live", "--format", "json"]);
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(json["clusters"][0]["accepted"], Json::Null, "nobody has asked: {text}");
}

#[test]
fn what_is_refused_is_named_and_all_else_compared() {
    let (world, fake) = applied();
    let monitor = first(&fake, "ServiceMonitor");
    fake.refuse(&monitor, FailureKind::Invalid, "admission webhook \"rules\" denied the request: no");
    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 4, "{text}");
    let name = monitor.split_once('/').unwrap().1;
    assert!(text.contains(&format!("! ServiceMonitor/monitoring/{name}: the server would refuse it")), "{text}");
    assert!(text.contains("admission webhook \"rules\" denied the request: no"), "{text}");
    assert!(text.contains("spec.retention: 1d → 15d") && text.contains("; 1 REFUSED"), "{text}");
    assert!(!text.contains("NOT verified"), "{text}");
    let (code, text) = tried(&world, &["--format", "json"]);
    let json: Json = serde_json::from_str(&text).unwrap();
    let refused = &json["clusters"][0]["refused"][0];
    assert_eq!((code, &refused["what"]), (4, &json!(format!("ServiceMonitor/monitoring/{name}"))), "{text}");
    assert!(refused["why"].as_str().unwrap().contains("denied"), "{text}");
}

/// A webhook that puts back what was there: what field owners call a difference is none that applying could end.
#[test]
fn what_a_webhook_makes_of_ours_is_told_as_that() {
    let (world, fake) = applied();
    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    fake.state(|s| s.put_back = Some("/spec/retention"));
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("spec.retention: 15d → 1d"), "{text}");
    assert!(text.contains("rewritten: compiled → what the server would make of it"), "{text}");
    assert!(!text.contains("drift") && text.contains("fleet.kdl:"), "{text}");
}

#[test]
fn without_the_right_to_apply_it_says_so_once_for_a_kind() {
    let (world, fake) = applied();
    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    fake.take(&first(&fake, "Service"));
    fake.state(|s| s.forbidden = true);
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("? Prometheus in monitoring (3 objects): not verified"), "{text}");
    assert!(text.contains("a dry run takes the right to patch it, as applying does"), "{text}");
    assert!(text.contains("spec.retention: 1d → 15d"), "what field owners tell stays: {text}");
    let asked = fake.requests();
    let of = |what: &str| asked.iter().filter(|a| a.starts_with(what)).count();
    assert_eq!((of("try Prometheus/"), of("may Patch Prometheus in monitoring")), (1, 1), "{asked:?}");
    assert!(asked.contains(&"may Patch Namespace in -".to_owned()), "{asked:?}");

    // May it, the server refuses just this object: a policy, or rights that a role would hand out.
    let (world, fake) = applied();
    fake.refuse("Prometheus/user", FailureKind::Forbidden, "violates PodSecurity");
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("! Prometheus/monitoring/user: the server would refuse it"), "{text}");
    assert_eq!(fake.requests().iter().filter(|a| a.starts_with("try Prometheus/")).count(), 3);
}

#[test]
fn fields_of_others_are_taken_by_force_alone() {
    let (world, fake) = applied();
    fake.change(KSM, |o| {
        o["spec"]["replicas"] = json!(5);
        let grace = json!({"f:template": {"f:spec": {"f:terminationGracePeriodSeconds": {}}}});
        let theirs = entry("mallory", "Update", json!({"f:replicas": {}}));
        o["metadata"]["managedFields"] = json!([entry("watershed", "Apply", grace), theirs]);
    });
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("conflict with \"mallory\": .spec.replicas"), "{text}");
    assert!(text.contains("spec.replicas: 5 → 1") && text.contains("drift: mallory"), "{text}");
    let (code, text) = tried(&world, &["--force-conflicts"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("spec.replicas: 5 → 1") && text.contains("drift: mallory"), "{text}");
}

#[test]
fn whom_applying_takes_an_object_over_from_is_in_nobodys_way() {
    let (world, fake) = applied();
    fake.change(KSM, |o| {
        let noted = o.to_string();
        o["spec"]["replicas"] = json!(5);
        let noted = noted.replace("\"replicas\":1", "\"replicas\":5");
        let spec = json!({"f:replicas": {}});
        o["metadata"]["managedFields"] = json!([entry("kubectl-client-side-apply", "Update", spec)]);
        o["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": noted});
    });
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("spec.replicas: 5 → 1") && text.contains("pending"), "{text}");
    let of_it: Vec<String> = fake.requests().into_iter().filter(|a| a.contains(KSM)).collect();
    assert_eq!(of_it, [format!("try {KSM}"), format!("try {KSM} forced")]);
}

#[test]
fn what_somebody_changes_meanwhile_is_looked_at_again() {
    let (world, fake) = applied();
    fake.state(|s| {
        s.at_last = Some(|there| {
            for object in there.objects.iter_mut().filter(|o| o["kind"] == "Prometheus") {
                object["metadata"]["resourceVersion"] = json!("7");
                object["spec"]["retention"] = json!("9d");
            }
        });
    });
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("spec.retention: 9d → 15d") && text.contains("drift"), "{text}");

    let (world, fake) = applied();
    let gone = first(&fake, "ServiceMonitor");
    fake.take(&gone);
    let theirs = fake.take("Prometheus/user");
    fake.state(|s| {
        s.meanwhile = Some(|there| there.objects.retain(|o| o["metadata"]["name"] != "user"));
    });
    fake.put(theirs);
    fake.state(|s| {
        s.at_last = Some(|there| {
            for object in there.objects.iter_mut().filter(|o| o["metadata"]["name"] == "user") {
                object["metadata"]["resourceVersion"] = json!("8");
            }
        });
    });
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("somebody makes, changes or deletes it while it is looked at"), "{text}");
}

#[test]
fn a_server_that_is_lost_is_asked_no_more() {
    let (world, fake) = applied();
    let all = fake.state(|s| s.there.objects.len());
    let of = |kind: &str| first(&fake, kind);
    fake.refuse(&of("Prometheus"), FailureKind::Timeout, "no answer within 30 s");
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 4, "{text}");
    let asked = fake.requests().len();
    assert!(asked < all && asked > 1, "{asked} of {all}");
    let left = all - asked + 1;
    assert!(text.contains(&format!("? what was not tried any more ({left} objects): not verified")), "{text}");
    assert!(text.contains("no answer within 30 s"), "{text}");
}

#[test]
fn what_cannot_be_tried_yet_is_no_failure() {
    let (_, there) = applied();
    let world = built();
    let fake = Fake::empty();
    fake.refuse(&first(&there, "ServiceAccount"), FailureKind::Missing, "namespaces \"monitoring\" not found");
    world.serve("lab", fake.clone());
    let (code, text) = tried(&world, &[]);
    assert_eq!((code, fake.state(|s| s.there.objects.len())), (2, 0), "{text}");
    assert!(text.contains("1 object cannot be tried by the server before their Namespace or role"), "{text}");
    assert!(!text.contains("REFUSED"), "{text}");
    // Where the Namespace is there it is something else that is missing.
    there.refuse(&first(&there, "ServiceAccount"), FailureKind::Missing, "not found");
    world.serve("lab", there);
    assert_eq!(tried(&world, &[]).0, 4);
}

#[test]
fn somebody_elses_object_is_not_tried() {
    let (world, fake) = applied();
    fake.change(KSM, |o| o["metadata"]["labels"] = json!({"owner": "somebody"}));
    fake.refuse(KSM, FailureKind::Invalid, "no");
    let (code, text) = tried(&world, &[]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("foreign") && !fake.requests().contains(&format!("try {KSM}")), "{text}");
}

#[test]
fn only_a_server_can_be_asked() {
    let (world, fake) = applied();
    for side in ["dir", "git:HEAD", "snapshot:x", "grafana:http://localhost"] {
        let (code, text) = run(&world, &["diff", "--against", side, "--server-side"]);
        assert_eq!((code, text.contains("say `--against live`")), (64, true), "{side}: {text}");
    }
    let (code, _) = run(&world, &["diff", "--against", "live", "--force-conflicts"]);
    assert_eq!((code, fake.requests().len()), (64, 0));
    // Whoever cannot be reached is told once.
    world.serve("lab", Fake::default());
    let down = Fake::empty();
    down.state(|s| s.there.failed.push((s.there.complete[0].clone(), Failure::new(FailureKind::Unreachable, "gone"))));
    world.serve("lab", down.clone());
    let (code, text) = tried(&world, &[]);
    assert_eq!((code, down.requests().iter().filter(|a| a.starts_with("try ")).count()), (4, 0), "{text}");
}
