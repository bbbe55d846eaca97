use std::time::Instant;

use serde_json::{Value as Json, json};

use super::{QUICK, Reply, TOKEN, config_maps, is_clean, live, served};
use crate::world::Server;
use crate::world::server::{Apply, Base, FailureKind, Seen, Verb};

fn status(code: u16, message: &str) -> Reply {
    Reply::Says(code, json!({"kind": "Status", "status": "Failure", "code": code, "message": message}).to_string())
}

#[test]
fn refusals_are_told_apart() {
    for (code, kind, words) in [
        (400, FailureKind::Invalid, "is refused (400)"),
        (401, FailureKind::Unauthorized, "the credentials are not accepted; they may have expired (401)"),
        (403, FailureKind::Forbidden, "is not permitted (403)"),
        (404, FailureKind::Missing, "the server does not have it (404)"),
        (409, FailureKind::Conflict, "conflicts"),
        (422, FailureKind::Invalid, "is refused (422)"),
        (302, FailureKind::Garbage, "leads elsewhere"),
    ] {
        let (fake, live) = live(move |_| status(code, &format!("no {TOKEN} \u{202e}\x1b[2J for you")));
        let failure = live.list(&config_maps(None)).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words) && failure.message.ends_with("for you"), "{failure}");
        assert_eq!(fake.asked().len(), 1);
        is_clean(&failure);
    }
    let (_fake, live) = live(|_| Reply::Says(404, "404 page not found\n".to_owned()));
    let failure = live.kinds("nosuch.example.com/v1").unwrap_err();
    assert_eq!(failure.kind, FailureKind::Missing);
    assert!(failure.message.ends_with("404 page not found"), "{failure}");
}

#[test]
fn a_busy_server_is_given_time_and_a_failing_one_is_asked_again() {
    let empty = || Reply::json(&json!({"kind": "ConfigMapList", "items": []}));
    for (code, header, asked_times, kind) in [
        (429, "retry-after: 1", 3, FailureKind::Busy),
        (429, "x: y", 3, FailureKind::Busy),
        (500, "x: y", 3, FailureKind::Server),
        (503, "retry-after: 3600", 3, FailureKind::Server),
    ] {
        let (fake, never) = live(move |_| Reply::With(code, header, "{}".to_owned()));
        let began = Instant::now();
        assert_eq!(never.list(&config_maps(None)).unwrap_err().kind, kind);
        assert_eq!(fake.asked().len(), asked_times);
        assert!(began.elapsed() < QUICK.timeout, "it waits longer than it may");
        let (_fake, last) =
            live(move |asked| if asked.number < 2 { Reply::With(code, header, "{}".to_owned()) } else { empty() });
        assert_eq!(last.list(&config_maps(None)), Ok(Vec::new()));
    }
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let (_fake, live) = live(|_| Reply::Waits);
    let began = Instant::now();
    let failure = live.version().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(failure.message.contains("no answer within 0.7 s"), "{failure}");
    assert!(began.elapsed() < QUICK.timeout * 3);
}

#[test]
fn kinds_and_version_are_read() {
    let (fake, live) = live(|asked| {
        Reply::json(&match asked.path.as_str() {
            "/version" => json!({"gitVersion": "v1.35.0"}),
            "/apis/apps/v1" => json!({"kind": "APIResourceList", "resources": [
                {"name": "deployments", "kind": "Deployment", "namespaced": true},
                {"name": "deployments/status", "kind": "Deployment", "namespaced": true}]}),
            _ => json!({"kind": "Nonsense"}),
        })
    });
    assert_eq!(live.version().unwrap(), "v1.35.0");
    assert_eq!(live.kinds("apps/v1").unwrap(), [served("apps/v1", "Deployment", "deployments")]);
    assert_eq!(live.kinds("v1").unwrap_err().kind, FailureKind::Garbage);
    assert_eq!(fake.asked().last().unwrap().path, "/api/v1");
}

#[test]
fn a_server_is_asked_what_we_may() {
    let (fake, live) = live(|asked| {
        let body: Json = serde_json::from_str(&asked.body).unwrap();
        let allowed = body["spec"]["resourceAttributes"]["verb"] == "list";
        Reply::Says(201, json!({"status": {"allowed": allowed}}).to_string())
    });
    let what = served("monitoring.coreos.com/v1", "Prometheus", "prometheuses");
    assert_eq!(live.may(Verb::List, &what, Some("monitoring")), Ok(true));
    assert_eq!(live.may(Verb::Delete, &what, None), Ok(false));
    let asked = &fake.asked()[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
    );
    let body: Json = serde_json::from_str(&asked.body).unwrap();
    let wanted = json!({"namespace": "monitoring", "verb": "list", "group": "monitoring.coreos.com", "resource": "prometheuses"});
    assert_eq!(body["spec"]["resourceAttributes"], wanted);
    assert_eq!(body["kind"], "SelfSubjectAccessReview");
}

#[test]
fn an_apply_is_strict_and_names_its_manager() {
    let (fake, live) = live(|asked| match asked.number {
        0 => Reply::Says(200, asked.body.clone()),
        1 => status(
            500,
            "failed to create typed patch object (a; /v1, Kind=ConfigMap): .x: field not declared in schema",
        ),
        _ => status(409, "conflict with \"kubectl-edit\": .data.a"),
    });
    let what = served("v1", "ConfigMap", "configmaps");
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "monitoring"}});
    let how = Apply { manager: "watershed", force: true, dry_run: true, base: Base::Any };
    assert_eq!(live.apply(&what, &object, how).unwrap(), object);
    let asked = &fake.asked()[0];
    assert_eq!(asked.method, "PATCH");
    assert_eq!(
        asked.path,
        "/api/v1/namespaces/monitoring/configmaps/a?fieldManager=watershed&force=true&fieldValidation=Strict&dryRun=All"
    );
    assert_eq!(asked.header("content-type"), Some("application/apply-patch+yaml"));
    let failure = live.apply(&what, &object, how).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert!(failure.message.ends_with("field not declared in schema"), "{failure}");
    let failure = live.apply(&what, &object, Apply { dry_run: false, ..how }).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert!(
        failure.message.starts_with("applying ConfigMap monitoring/a conflicts with what is there (409)"),
        "{failure}"
    );
    assert!(!fake.asked()[2].path.contains("dryRun"));
    for (object, kind) in
        [(json!({"metadata": {"name": "a"}}), FailureKind::Invalid), (json!({}), FailureKind::Invalid)]
    {
        assert_eq!(live.apply(&what, &object, how).unwrap_err().kind, kind);
    }
    assert_eq!(fake.asked().len(), 3);
}

#[test]
fn what_is_made_is_asked_for_once_and_joins_nothing() {
    let (fake, live) = live(|asked| match asked.number {
        0 => Reply::Says(201, asked.body.clone()),
        1 => status(409, "configmaps \"a\" already exists"),
        _ => status(500, "no"),
    });
    let what = served("v1", "ConfigMap", "configmaps");
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "monitoring"}});
    assert_eq!(live.create(&what, &object, "watershed").unwrap(), object);
    let asked = &fake.asked()[0];
    let path = "/api/v1/namespaces/monitoring/configmaps?fieldManager=watershed&fieldValidation=Strict";
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", path));
    assert_eq!(live.create(&what, &object, "watershed").unwrap_err().kind, FailureKind::Conflict);
    // The first may have made it.
    assert_eq!(live.create(&what, &object, "watershed").unwrap_err().kind, FailureKind::Server);
    assert_eq!(fake.asked().len(), 3);
}

#[test]
fn only_what_was_seen_is_deleted_and_only_once() {
    let (fake, live) =
        live(|asked| if asked.number == 0 { Reply::json(&json!({"kind": "Status"})) } else { status(500, "no") });
    let what = served("v1", "ConfigMap", "configmaps");
    let seen = Seen {
        namespace: Some("monitoring".to_owned()),
        name: "a".to_owned(),
        uid: "u-1".to_owned(),
        resource_version: "7".to_owned(),
    };
    assert_eq!(live.delete(&what, &seen), Ok(()));
    let asked = &fake.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("DELETE", "/api/v1/namespaces/monitoring/configmaps/a"));
    let body: Json = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body["preconditions"], json!({"uid": "u-1", "resourceVersion": "7"}));
    assert_eq!(body["propagationPolicy"], "Background");
    assert_eq!(live.delete(&what, &seen).unwrap_err().kind, FailureKind::Server);
    assert_eq!(fake.asked().len(), 2);
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let (fake, live) = live(|_| Reply::Closes);
    let failure = live.version().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    drop(fake);
    is_clean(&failure);
}
