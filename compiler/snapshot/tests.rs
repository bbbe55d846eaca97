use serde_json::{Value as Json, json};

use super::mask::mask_unknown;
use super::*;
use crate::world::server::{Failure, FailureKind, Listed, Served, Server};
use crate::world::{Access, Fingerprint, Memory, Recorded, Time, World};

const CANARY: &str = "canary-7f3a9b1c";

fn served(api_version: &str, kind: &str, plural: &str) -> Served {
    Served { api_version: api_version.into(), kind: kind.into(), plural: plural.into(), namespaced: true }
}

fn listed(kind: &str, namespace: Option<&str>) -> Listed {
    let plural = format!("{}s", kind.to_lowercase());
    Listed { served: served("v1", kind, &plural), namespace: namespace.map(str::to_owned), labels: None }
}

fn object(kind: &str, name: &str, more: Json) -> Json {
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {
        "name": name, "namespace": "monitoring", "managedFields": [{"manager": "watershed"}]}});
    for (key, value) in more.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    object
}

fn head() -> Head {
    Head {
        fleet: "f".into(),
        cluster: "edge-1".into(),
        context: "admin@edge-1".into(),
        taken: Time::parse("2026-11-23T12:00:00Z").unwrap(),
        compiler: "0.1.0".into(),
    }
}

const EDGE: Of<'static> =
    Of { fleet: "f", name: "edge one", identity: "edge-1", clusters: &["edge-1", "edge-2", "edge-3"], only: false };

fn recorded() -> Recorded {
    Recorded {
        version: "v1.35.0".into(),
        kinds: vec![served("v1", "ConfigMap", "configmaps"), served("v1", "Secret", "secrets")],
        objects: vec![
            object("ConfigMap", "b", json!({"data": {"a": "1"}})),
            object("ConfigMap", "a", json!({})),
            object("ConfigMap", "theirs", json!({"data": {"a": CANARY}})),
            object("Secret", "s", json!({"data": {"one": CANARY, "two": CANARY, "other": "x"}})),
        ],
        complete: vec![listed("ConfigMap", None)],
        failed: vec![(listed("Secret", None), Failure::new(FailureKind::Forbidden, "no \u{202e}"))],
        discovered: Some(vec!["v1".into(), "gone/v1".into()]),
        undiscovered: vec![("x/v1".into(), Failure::new(FailureKind::Timeout, "late"))],
    }
}

/// A world with the snapshot of `edge-1` below `snapshots`.
fn taken() -> Memory {
    let world = Memory::new();
    let files =
        files(&head(), &recorded(), |o| o["metadata"]["name"] != "theirs", &Known::default(), b"0123456789abcdef");
    world.output("snapshots", Access::Write).unwrap().commit(&files.write_set("edge-1", Vec::new())).unwrap();
    world
}

#[test]
fn a_snapshot_answers_as_the_server_did() {
    let world = taken();
    assert_eq!(
        world.paths(),
        ["configmaps", "secrets"]
            .map(|n| format!("snapshots/edge-1/objects/{n}.json"))
            .into_iter()
            .chain(["snapshots/edge-1/snapshot.json".to_owned()])
            .collect::<Vec<_>>()
    );
    for place in ["snapshots", "snapshots/", "snapshots/edge-1"] {
        let stored = read(&world, place, &EDGE).unwrap();
        assert_eq!(stored.head, Some(head()));
        assert_eq!((stored.is_complete(), stored.ownerless, stored.remarks.len()), (false, 0, 0));
        let server = stored.recorded;
        assert_eq!(server.version().unwrap(), "v1.35.0");
        let kinds: Vec<String> = server.kinds("v1").unwrap().into_iter().map(|k| k.plural).collect();
        assert_eq!(kinds, ["configmaps", "secrets"]);
        let of = |version: &str| server.kinds(version).unwrap_err().kind;
        assert_eq!(
            [of("gone/v1"), of("x/v1"), of("new/v1")],
            [FailureKind::Missing, FailureKind::Timeout, FailureKind::NotRecorded]
        );
        let all = server.list(&listed("ConfigMap", Some("monitoring"))).unwrap();
        let names: Vec<&str> = all.iter().map(|o| o["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["a", "b", "theirs"]);
        assert_eq!(all[1], object("ConfigMap", "b", json!({"data": {"a": "1"}})));
        assert_eq!(all[2]["metadata"]["annotations"][NOT_KEPT], "true");
        let failure = server.list(&listed("Secret", Some("monitoring"))).unwrap_err();
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Forbidden, "no \\u{202e}"));
        assert_eq!(server.known(&listed("Secret", None)).len(), 1);
    }
}

#[test]
fn what_is_secret_is_in_no_file_and_equal_ones_are_equal() {
    let world = taken();
    for path in world.paths() {
        let text = String::from_utf8(world.get(&path).unwrap()).unwrap();
        assert!(!text.contains(CANARY) && !text.contains("0123456789abcdef"), "{path}");
    }
    let secrets: Json = serde_json::from_slice(&world.get("snapshots/edge-1/objects/secrets.json").unwrap()).unwrap();
    let data = &secrets["items"][0]["data"];
    assert!(
        data["one"].as_str().unwrap().starts_with("sha256:")
            && data["one"] == data["two"]
            && data["one"] != data["other"]
    );
    let again = files(&head(), &recorded(), |_| true, &Known::default(), b"fedcba9876543210");
    let set = again.write_set("edge-1", Vec::new());
    assert!(!String::from_utf8_lossy(set.files[1].1).contains(data["one"].as_str().unwrap()));
}

#[test]
fn credentials_are_masked_wherever_they_stand_and_nothing_else_is() {
    let salt = b"0123456789abcdef";
    let copy = json!({"kind": "Secret", "data": {"a": CANARY}, "metadata": {"name": "s"}}).to_string();
    let last = "kubectl.kubernetes.io/last-applied-configuration";
    let url = format!("https://u:{CANARY}@x/y");
    for mut object in [
        json!({"kind": "Secret", "data": {"a": CANARY}, "stringData": {"b": CANARY}}),
        json!({"kind": "Secret", "data": CANARY}),
        json!({"kind": "Secret", "metadata": {"annotations": {last: copy, "copy": copy, "long": CANARY.repeat(20)}}}),
        json!({"kind": "Secret", "metadata": {"annotations": {last: format!("no json: {CANARY}")}}}),
        json!({"kind": "Deployment", "metadata": {"annotations": {last: json!({"spec": {"password": CANARY}}).to_string()}}}),
        json!({"kind": "Deployment", "spec": {"env": [{"name": "DB_PASSWORD", "value": CANARY}]}}),
        json!({"kind": "Deployment", "spec": {"args": [format!("--web.password={CANARY}"), "--token", CANARY]}}),
        json!({"kind": "ConfigMap", "data": {"url": url, "password": CANARY}}),
    ] {
        mask(&mut object, salt);
        assert!(!object.to_string().contains(CANARY), "{object}");
        let before = object.clone();
        mask(&mut object, salt);
        assert_eq!(object, before);
    }
    for object in [
        json!({"kind": "Secret", "type": "Opaque", "metadata": {"annotations": {"why": "short"}}}),
        json!({"kind": "Deployment", "spec": {"env": [{"name": "A_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "token"}}}, {"name": "B_TOKEN", "value": "$(A_TOKEN)"}]}}),
        json!({"kind": "Prometheus", "spec": {"basicAuth": {"password": {"name": "s", "key": "password"}}}}),
        json!({"kind": "Deployment", "spec": {"args": ["--web.token=$(TOKEN)", "--port=80"]}}),
    ] {
        let mut masked = object.clone();
        mask(&mut masked, salt);
        assert_eq!(masked, object);
    }
}

#[test]
fn a_snapshot_replaces_an_older_one_and_nothing_of_others() {
    let world = taken();
    let commit = |recorded: &Recorded| {
        let files = files(&head(), recorded, |_| true, &Known::default(), b"0123456789abcdef");
        let owned = owned(&world.get("snapshots/edge-1/snapshot.json").unwrap());
        world.output("snapshots", Access::Write).unwrap().commit(&files.write_set("edge-1", owned))
    };
    let mut less = recorded();
    less.objects.truncate(1);
    assert_eq!(commit(&less).unwrap().removed, ["objects/secrets.json"]);
    assert_eq!(read(&world, "snapshots", &EDGE).unwrap().recorded.objects.len(), 1);
    world.replace("snapshots/edge-1/snapshot.json", b"{}").unwrap();
    assert!(commit(&recorded()).is_err());
    assert_eq!(owned(b"{}"), []);
    assert!(Fingerprint::parse("").is_none());
}

fn failure(world: &Memory, of: &Of<'_>) -> Failure {
    read(world, "snapshots", of).unwrap_err()
}

#[test]
fn a_snapshot_that_cannot_be_relied_on_is_refused() {
    let record = "snapshots/edge-1/snapshot.json";
    let text = String::from_utf8(taken().get(record).unwrap()).unwrap();
    for (from, to, words) in [
        ("\"cluster\": \"edge-1\"", "\"cluster\": \"edge-2\"", "this is of cluster `edge-2`"),
        ("\"fleet\": \"f\"", "\"fleet\": \"g\"", "of fleet `g`"),
        ("\"format_version\": 1", "\"format_version\": 2", "format 2 of another release"),
        ("2026-11-23T", "2026-11-23 ", "when it was taken"),
        ("objects/configmaps.json", "../../secret.json", "outside of its folder"),
        ("\"plural\"", "\"plurals\"", "no record"),
        ("\"objects\": 2", "\"objects\": 3", "not the list that was recorded"),
        (
            "\"kind\": \"ConfigMap\",\n      \"plural\"",
            "\"kind\": \"Other\",\n      \"plural\"",
            "it does not describe",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let world = taken();
        world.replace(record, text.replace(from, to).as_bytes()).unwrap();
        let failure = failure(&world, &EDGE);
        assert_eq!(failure.kind, FailureKind::Garbage, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
    }
    for bytes in [&b""[..], b"{", b"[]", b"\xff"] {
        let world = taken();
        world.replace(record, bytes).unwrap();
        assert!(failure(&world, &EDGE).message.contains("this is no record"));
    }
    let world = taken();
    world.replace("snapshots/edge-1/objects/secrets.json", b"{\"items\": []}").unwrap();
    assert!(failure(&world, &EDGE).message.contains("was edited, or a snapshot was cut short"));
    let two = Of { identity: "edge-2", name: "edge-2", ..EDGE };
    let nothing = failure(&taken(), &two);
    assert_eq!(nothing.kind, FailureKind::NotRecorded);
    assert!(nothing.message.contains("neither `snapshots/edge-2/snapshot.json`"), "{nothing}");
    assert_eq!(failure(&taken(), &Of { identity: "../edge-1", name: "/etc", ..EDGE }).kind, FailureKind::NotRecorded);
}

#[test]
fn dumps_of_every_shape_are_read_and_say_nothing_of_what_is_not_there() {
    let yaml = "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: a, namespace: monitoring}}
---
apiVersion: v1
kind: ConfigMapList
items:
- metadata: {name: b, namespace: monitoring}
---
---
{apiVersion: example.com/v1, kind: Odd, metadata: {name: c}}
";
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "monitoring"}, "data": {"a": CANARY}});
    let world = Memory::new()
        .with("dumps/edge-1/one.yaml", yaml)
        .with(
            "dumps/edge-1/below/two.json",
            format!(
                "{secret}\n{}",
                json!({"kind": "ServiceMonitorList", "apiVersion": "monitoring.coreos.com/v1", "items": []})
            ),
        )
        .with("dumps/edge-1/README.md", "not: [read");
    let stored = read(&world, "dumps", &EDGE).unwrap();
    assert_eq!((stored.head.is_none(), stored.is_complete(), stored.ownerless), (true, false, 4));
    assert!(stored.remarks[0].contains("is no snapshot but a dump"), "{:?}", stored.remarks);
    let server = stored.recorded;
    assert_eq!(server.version().unwrap_err().kind, FailureKind::NotRecorded);
    for (version, kind) in [("v1", "ConfigMap"), ("example.com/v1", "Odd"), ("monitoring.coreos.com/v1", "Prometheus")]
    {
        assert!(server.kinds(version).unwrap().iter().any(|k| k.kind == kind));
    }
    assert_eq!(server.kinds("other.example.com/v1").unwrap_err().kind, FailureKind::NotRecorded);
    assert_eq!(server.list(&listed("ConfigMap", Some("monitoring"))).unwrap_err().kind, FailureKind::NotRecorded);
    assert_eq!(server.known(&listed("ConfigMap", Some("monitoring"))).len(), 1);
    assert!(!server.known(&listed("Secret", None))[0].to_string().contains(CANARY));
    for place in ["one.yaml", "edge-1.yaml", "edge one.json"] {
        let world = Memory::new().with(&format!("dumps/{place}"), secret.to_string());
        assert_eq!(read(&world, "dumps", &EDGE).is_ok(), place != "one.yaml", "{place}");
        assert!(read(&world, "dumps", &Of { only: true, ..EDGE }).is_ok());
        assert!(read(&world, &format!("dumps/{place}"), &Of { only: true, ..EDGE }).is_ok());
    }
}

#[test]
fn dumps_that_are_none_are_refused_with_their_place() {
    let map = |more: &str| format!("{{apiVersion: v1, kind: Service, metadata: {{name: a{more}}}}}");
    let deep = format!("a: {}", "[".repeat(2000));
    let bomb = (1..12).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, i| {
        text + &format!("a{i}: &a{i} [{}]\n", format!("*a{},", i - 1).repeat(10))
    });
    let nested = (0..6).fold(map(""), |inner, _| format!("{{apiVersion: v1, kind: List, items: [{inner}]}}"));
    let labels = |cluster: &str| map(&format!(", labels: {{watershed/fleet: f, watershed/cluster: {cluster}}}"));
    for (text, words) in [
        ("just words".to_owned(), "document 1: this is no object"),
        ("a: [".to_owned(), "this is no YAML"),
        ("{\"a\": ".to_owned(), "this is no JSON"),
        ("\u{0}\u{1}".to_owned(), "this is no YAML"),
        (deep, "nested too deep"),
        (bomb, "too many values"),
        (nested, "lists stand too deep"),
        ("{apiVersion: v1, kind: Service}".to_owned(), "has no name"),
        (map(", namespace: \"a\\u202eb\""), "has no namespace that Kubernetes would take"),
        (map("").replace("name: a", "name: \"a\\e[2J\""), "has no name that"),
        (format!("{}\n---\n{}", map(""), map("")), "document 2: Service/a is there twice"),
        (labels("edge-2"), "objects of cluster `edge-2`"),
        (
            format!("{}\n---\n{}", labels("edge-1"), labels("edge-3").replace("name: a", "name: b")),
            "objects of cluster `edge-3`",
        ),
    ] {
        let world = Memory::new().with("snapshots/edge-1.yaml", text.as_str());
        let failure = failure(&world, &EDGE);
        assert_eq!(failure.kind, FailureKind::Garbage, "{failure}");
        assert!(
            failure.message.starts_with("`snapshots/edge-1.yaml`: ") && failure.message.contains(words),
            "{failure}"
        );
        assert!(!failure.message.chars().any(crate::diag::shown::hides), "{failure}");
    }
    let world = Memory::new().with("snapshots/edge-1/a.yaml", map("")).with("snapshots/edge-1/b.yaml", map(""));
    assert!(failure(&world, &EDGE).message.contains("is there in `snapshots/edge-1/a.yaml` too"));
    let other = map("").replace("v1", "example.com/v1");
    let later = map("").replace("v1", "example.com/v2");
    let world = Memory::new().with("snapshots/edge-1.yaml", format!("{other}\n---\n{later}"));
    let stored = read(&world, "snapshots", &EDGE).unwrap();
    assert!(
        stored.remarks[1].contains("several versions of its API (example.com/v1, example.com/v2)"),
        "{:?}",
        stored.remarks
    );
}

/// What only the live side has may be anything; what is compiled or checked in is in a repository, and is compared.
#[test]
fn variables_that_nobody_compiles_are_kept_as_hashes() {
    let mut known = Known::default();
    let env = |all: Json| json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"env": all}]}}}});
    known.add(&env(json!([{"name": "LEVEL", "value": "info"}, {"name": "A", "valueFrom": {}}])));
    let of = |value: &str| json!({"name": "FOO", "value": value});
    let ours = ["info", "8080", "512MiB", "true", "$(POD)", "/etc/x"];
    let theirs = ["hunter2", "debug", "123456", "15 apples", "http://a.example.com"];
    let all = ours.iter().chain(&theirs).map(|value| of(value)).collect();
    let mut masked = env(all);
    mask_unknown(&mut masked, b"0123456789abcdef", &known);
    let masked = masked.pointer("/spec/template/spec/containers/0/env").unwrap().as_array().unwrap();
    for (at, value) in ours.iter().chain(&theirs).enumerate() {
        let kept = masked[at]["value"] == *value;
        assert_eq!(kept, at < ours.len(), "{value}: {}", masked[at]);
        assert_eq!(masked[at]["name"], "FOO");
    }
    // A text of a ConfigMap is compared as it is.
    let mut text = json!({"kind": "ConfigMap", "data": {"a.yaml": "env:\n- name: FOO\n  value: debug\n"}});
    let before = text.clone();
    mask_unknown(&mut text, b"0123456789abcdef", &known);
    assert_eq!(text, before);
}
