use std::ffi::OsString;

use serde_json::{Value as Json, json};

use crate::cli;
use crate::object::Tree;
use crate::snapshot::{Of, read};
use crate::syntax::plain;
use crate::world::server::{Failure, FailureKind, Listed, Served, Server};
use crate::world::{Memory, Recorded, Stream};

const SPEC: &str = include_str!("../../../examples/single-split/fleet.kdl");

fn run(world: &Memory, args: &[&str]) -> (u8, String) {
    let before = world.printed(Stream::Out).len();
    let code = cli::run(world, ["watershed"].iter().chain(args).map(OsString::from)).code();
    (code, world.printed(Stream::Out)[before..].to_owned())
}

/// A world with a spec that was built, and what a server of it lists.
fn built() -> (Memory, Recorded) {
    let world = Memory::new().with("fleet.kdl", SPEC);
    assert_eq!(run(&world, &["build"]).0, 0, "{}", world.printed(Stream::Err));
    let mut server = Recorded { version: "v1.35.0".to_owned(), ..Recorded::default() };
    for path in world.paths().iter().filter(|p| p.starts_with("output/") && p.ends_with(".yaml")) {
        let bytes = world.get(path).unwrap();
        let mut tree = Tree::new();
        let roots = plain::read_tree(std::str::from_utf8(&bytes).unwrap(), &mut tree).unwrap();
        let objects = roots.into_iter().map(|root| tree.to_json(root));
        server.objects.extend(objects.filter(|o| o.pointer("/metadata/labels").is_some()));
    }
    for (api_version, kind) in crate::pipeline::searched() {
        let served = Served {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            plural: format!("{}s", kind.to_lowercase()),
            namespaced: !crate::check::is_cluster_scoped(kind),
        };
        server.kinds.push(served.clone());
        server.complete.push(Listed { served, namespace: None, labels: None });
    }
    (world, server)
}

fn of(only: bool) -> Of<'static> {
    Of { fleet: "single-split", name: "lab", identity: "lab", clusters: &["lab"], only }
}

#[test]
fn what_is_ours_is_kept_whole_and_of_others_the_name() {
    let (world, mut server) = built();
    let ours = server.objects.len();
    let mut theirs = server.objects.iter().find(|o| o["kind"] == "Service").unwrap().clone();
    theirs["metadata"]["name"] = "somebody-s".into();
    theirs["metadata"].as_object_mut().unwrap().remove("labels");
    theirs["spec"] = json!({"canary": "theirs"});
    server.objects.push(theirs.clone());
    // So that all Services of the namespace have to be looked through.
    let lost = server.objects.iter().position(|o| o["kind"] == "Service").unwrap();
    let lost = server.objects.remove(lost);
    world.serve("lab", server);
    let (code, text) = run(&world, &["snapshot", "--out", "snapshots"]);
    assert_eq!((code, world.printed(Stream::Err)), (0, String::new()), "{text}");
    assert!(text.starts_with(&format!("lab: {} objects from ", ours - 1)), "{text}");
    assert!(text.ends_with(", v1.35.0 → snapshots/lab\n"), "{text}");
    let all: String = world
        .paths()
        .iter()
        .filter(|p| p.starts_with("snapshots/"))
        .map(|p| String::from_utf8(world.get(p).unwrap()).unwrap())
        .collect();
    assert!(all.contains("somebody-s") && !all.contains("canary"));
    let stored = read(&world, "snapshots", &of(false)).unwrap();
    assert!(stored.is_complete());
    let head = stored.head.unwrap();
    assert_eq!((head.context.as_str(), head.taken.to_string().len()), ("lab", 20));
    // It answers whether the lost one is there.
    let namespace = lost["metadata"]["namespace"].as_str().map(str::to_owned);
    let served = stored.recorded.kinds.iter().find(|k| k.kind == "Service").unwrap().clone();
    let services = stored.recorded.list(&Listed { served, namespace, labels: None }).unwrap();
    assert!(services.iter().any(|s| s["metadata"]["name"] == "somebody-s"));
    assert!(!services.iter().any(|s| s["metadata"]["name"] == lost["metadata"]["name"]));
}

#[test]
fn what_cannot_be_read_is_told_and_ends_with_4() {
    let (world, mut server) = built();
    let at = server.complete.iter().position(|l| l.served.kind == "Role").unwrap();
    let forbidden = Failure::new(FailureKind::Forbidden, "listing roles is not permitted (403)");
    server.failed.push((server.complete.remove(at), forbidden));
    world.serve("lab", server);
    let (code, text) = run(&world, &["snapshot", "--out", "snapshots"]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("\n  not read: Role in monitoring: listing roles is not permitted (403)\n"), "{text}");
    assert!(!read(&world, "snapshots", &of(false)).unwrap().is_complete());
    let (code, text) = run(&world, &["snapshot", "--out", "snapshots", "--format", "json"]);
    let said: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &said["format_version"], &said["clusters"][0]["complete"]), (4, &json!(1), &json!(false)));
    assert_eq!(said["clusters"][0]["not_read"][0]["what"], "Role in monitoring");
}

#[test]
fn a_cluster_that_cannot_be_reached_keeps_its_older_snapshot() {
    let (world, server) = built();
    world.serve("lab", server);
    assert_eq!(run(&world, &["snapshot", "--out", "snapshots"]).0, 0);
    let before = world.get("snapshots/lab/snapshot.json").unwrap();
    let (code, text) = run(&world, &["snapshot", "--out", "snapshots", "--cluster", "lab", "--context", "nosuch"]);
    assert_eq!((code, text.as_str()), (4, "lab: nothing read: there is no context `nosuch`\n"));
    assert_eq!(world.get("snapshots/lab/snapshot.json").unwrap(), before);
}

#[test]
fn nothing_is_kept_of_a_cluster_that_is_another_one() {
    let (world, server) = built();
    world.serve("lab2", server);
    let two = world.with("fleet.kdl", format!("{SPEC}\ncluster \"lab2\" nodes=3 pods=90\n"));
    let (code, text) = run(&two, &["snapshot", "--out", "snapshots", "--cluster", "lab2"]);
    assert_eq!(
        (code, text.starts_with("lab2: nothing read: the wrong cluster answers: this is `lab`")),
        (4, true),
        "{text}"
    );
    assert!(!two.paths().iter().any(|path| path.starts_with("snapshots/")));
}

#[test]
fn one_context_is_for_one_cluster_and_a_spec_with_faults_for_none() {
    let (world, _) = built();
    let two = world.with("two.kdl", format!("{SPEC}\ncluster \"other\" nodes=3 pods=90\n"));
    let (code, _) = run(&two, &["snapshot", "two.kdl", "--out", "s", "--context", "x"]);
    assert_eq!(code, 64, "{}", two.printed(Stream::Err));
    let broken = two.with("broken.kdl", "fleet {");
    assert_eq!(run(&broken, &["snapshot", "broken.kdl", "--out", "s"]).0, 3);
    assert_eq!(run(&broken, &["snapshot"]).0, 64);
}
