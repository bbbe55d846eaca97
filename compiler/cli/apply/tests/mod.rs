mod care;
pub(in crate::cli) mod fake;

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use self::fake::Fake;
use crate::cli;
use crate::world::server::{Failure, FailureKind};
use crate::world::{Memory, Stream};

const SPEC: &str = include_str!("../../../../examples/single-split/fleet.kdl");

/// The code, and all that was said.
pub(in crate::cli) fn run(world: &Memory, args: &[&str]) -> (u8, String) {
    let before = [Stream::Out, Stream::Err].map(|s| world.printed(s).len());
    let code = cli::run(world, ["watershed"].iter().chain(args).map(OsString::from)).code();
    let said = |stream, before: usize| world.printed(stream)[before..].to_owned();
    (code, said(Stream::Out, before[0]) + &said(Stream::Err, before[1]))
}

/// A world with a spec that was built.
pub(in crate::cli) fn built() -> Memory {
    let world = Memory::new().with("fleet.kdl", SPEC);
    let (code, text) = run(&world, &["build"]);
    assert_eq!(code, 0, "{text}");
    world
}

/// A built world, and its cluster as it was built.
pub(in crate::cli) fn applied() -> (Memory, Fake) {
    let world = built();
    let fake = Fake::of(&world, "output/");
    world.serve("lab", fake.clone());
    (world, fake)
}

fn apply(world: &Memory, more: &[&str]) -> (u8, String) {
    run(world, &[&["apply", "--yes", "--no-wait"], more].concat())
}

fn is_differing(world: &Memory) -> bool {
    run(world, &["diff", "--against", "live"]).0 != 0
}

/// The name of the first object of a kind.
pub(in crate::cli) fn first(fake: &Fake, kind: &str) -> String {
    fake.state(|s| {
        let object = s.there.objects.iter().find(|o| o["kind"] == kind).expect(kind);
        format!("{kind}/{}", object["metadata"]["name"].as_str().unwrap())
    })
}

#[test]
fn an_empty_cluster_becomes_what_is_compiled_in_the_order_of_stages() {
    let world = built();
    let fake = Fake::empty();
    world.serve("lab", fake.clone());
    let (code, text) = apply(&world, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(!is_differing(&world), "{text}");
    let asked = fake.asked();
    let at = |what: &str| asked.iter().position(|a| a.contains(what)).unwrap_or_else(|| panic!("{what}: {asked:?}"));
    assert_eq!(at("Namespace/"), 0, "{asked:?}");
    assert!(at("ServiceAccount/") < at("Prometheus/") && at("Prometheus/") < at("ServiceMonitor/"), "{asked:?}");
    assert!(asked.iter().all(|a| !a.ends_with("forced")), "{asked:?}");

    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked().len()), (0, asked.len()), "{text}");
    assert!(text.contains("nothing to apply") && text.ends_with("Nothing was applied.\n"), "{text}");
}

#[test]
fn only_what_differs_is_applied_and_with_all_everything() {
    let (world, fake) = applied();
    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked()), (0, vec!["apply Prometheus/user".to_owned()]), "{text}");
    assert!(text.contains("spec.retention: 1d → ") && text.contains("20-prometheus: 1 applied"), "{text}");
    let all = fake.state(|s| s.there.objects.len());
    assert_eq!(apply(&world, &["--all"]).0, 0);
    assert_eq!(fake.asked().len(), all + 1);
}

#[test]
fn nobody_is_there_to_say_yes() {
    let (world, fake) = applied();
    fake.take("Prometheus/user");
    for more in [&[][..], &["--format", "json"]] {
        let (code, text) = run(&world, &[&["apply"], more].concat());
        assert_eq!((code, fake.asked().len()), (64, 0), "{text}");
        assert!(text.contains("--yes"), "{text}");
    }
    world.answer("yes");
    let (code, text) = run(&world, &["apply", "--format", "json"]);
    assert_eq!((code, fake.asked().len()), (64, 0), "as JSON nobody is asked: {text}");
}

#[test]
fn whoever_is_asked_sees_the_differences_first() {
    let (world, fake) = applied();
    fake.take("Prometheus/user");
    for no in ["", "n", "lab"] {
        world.answer(no);
        let (code, text) = run(&world, &["apply", "--no-wait"]);
        assert_eq!((code, fake.asked().len()), (2, 0), "{text}");
        assert!(text.contains("+ Prometheus/monitoring/user") && text.contains("nothing was applied"), "{text}");
        assert!(text.contains("Do this: apply 1 object in lab (context lab)? [y/N]"), "{text}");
    }
    // Standard input has ended.
    assert_eq!(run(&world, &["apply", "--no-wait"]).0, 2);
    world.answer(" Yes");
    assert_eq!((run(&world, &["apply", "--no-wait"]).0, is_differing(&world)), (0, false));
}

#[test]
fn what_nobody_approved_is_not_applied() {
    let (world, fake) = applied();
    world.put("fleet.kdl", SPEC.replace("retention \"", "retention \"1"));
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked().len()), (2, 0), "{text}");
    assert!(text.contains("not what the spec compiles to") && text.contains("watershed build --out output"), "{text}");
    let (code, text) = apply(&world, &["--approved", "elsewhere"]);
    assert_eq!((code, fake.asked().len(), text.contains("lab: there is none")), (2, 0, true), "{text}");
    assert_eq!(apply(&world, &["--dry-run"]).0, 0, "a dry run changes nothing");
    assert_eq!((apply(&world, &["--unapproved"]).0, is_differing(&world)), (0, false));
}

#[test]
fn what_is_somebody_elses_stays_so_until_it_is_named() {
    let (world, fake) = applied();
    let name = first(&fake, "ServiceMonitor");
    fake.change(&name, |o| o["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm"));
    fake.take("Prometheus/user");
    let (code, text) = apply(&world, &[]);
    let id = name.replace('/', "/monitoring/");
    assert_eq!((code, fake.asked()), (4, vec!["create Prometheus/user".to_owned()]), "{text}");
    assert!(text.contains(&format!("left alone: {id} is somebody else's; `--adopt {id}` takes it over")), "{text}");
    assert!(text.contains("1 left to others"), "{text}");
    let (code, text) = apply(&world, &["--adopt", "ServiceMonitor/nosuch"]);
    assert_eq!((code, text.contains("no such object is compiled")), (64, true), "{text}");
    let (code, text) = apply(&world, &["--adopt", &id]);
    assert_eq!((code, fake.asked().last().unwrap().as_str()), (0, format!("apply {name} forced").as_str()), "{text}");
    assert!(!is_differing(&world));
}

#[test]
fn fields_of_others_are_not_taken_and_nothing_is_applied_after_that_stage() {
    let (world, fake) = applied();
    let monitor = first(&fake, "ServiceMonitor");
    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    fake.change(&monitor, |o| o["spec"]["endpoints"] = json!([]));
    let said = "conflict with \"kubectl-edit\" using v1: .spec.retention";
    fake.refuse("Prometheus/user", FailureKind::Conflict, said);
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked()), (4, vec!["apply Prometheus/user".to_owned()]), "{text}");
    assert!(text.contains(&format!("Prometheus/monitoring/user: {said}; `--force-conflicts` takes")), "{text}");
    assert!(text.contains("20-prometheus: 1 FAILED"), "{text}");
    assert!(text.contains("stopped after 20-prometheus; 1 object not applied"), "{text}");
    assert!(text.ends_with("0 objects applied, 1 failed, 1 not tried.\n"), "{text}");
    let (code, text) = apply(&world, &["--force-conflicts"]);
    assert_eq!((code, is_differing(&world)), (0, false), "{text}");
}

#[test]
fn what_applying_cannot_take_away_is_told() {
    let (world, fake) = applied();
    fake.change("Prometheus/user", |o| {
        o["spec"]["enforcedSampleLimit"] = json!(5);
        o["metadata"]["managedFields"] = json!([{"manager": "watershed", "operation": "Apply",
            "fieldsV1": {"f:spec": {"f:enforcedSampleLimit": {}}}}]);
    });
    fake.state(|s| s.put_back = Some("/spec/enforcedSampleLimit"));
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked().len()), (4, 1), "{text}");
    assert!(text.contains("Prometheus/monitoring/user: applied, and still different"), "{text}");
    assert!(text.contains("spec.enforcedSampleLimit"), "{text}");
}

#[test]
fn after_a_cluster_that_failed_no_other_is_begun() {
    let world = Memory::new().with("fleet.kdl", SPEC.to_owned() + "\ncluster \"north\" nodes=3 pods=90\n");
    let (code, text) = run(&world, &["build"]);
    assert_eq!(code, 0, "{text}");
    let [lab, north] = ["lab", "north"].map(|name| {
        let fake = Fake::of(&world, &format!("output/single-split/{name}/"));
        fake.take("Prometheus/user");
        world.serve(name, fake.clone());
        fake
    });
    lab.refuse("Prometheus/user", FailureKind::Invalid, "no");
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, lab.asked().len(), north.asked().len()), (4, 1, 0), "{text}");
    assert!(text.contains("north: not begun"), "{text}");
    let (code, text) = apply(&world, &["--keep-going"]);
    assert_eq!((code, lab.asked().len(), north.asked().len()), (4, 2, 1), "{text}");
}

#[test]
fn what_is_helms_is_said_and_not_done() {
    let spec = include_str!("../../../../examples/two-stores/fleet.kdl");
    let world = Memory::new().with("fleet.kdl", spec);
    assert_eq!(run(&world, &["build"]).0, 0);
    world.serve("lab", Fake::of(&world, "output/"));
    let (code, text) = run(&world, &["apply", "--dry-run"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("by Helm: helm upgrade --install "), "{text}");
    let line = text.lines().find(|l| l.contains("by Helm")).unwrap();
    let values = line.split_once("--values ").unwrap().1.split(' ').next().unwrap();
    assert!(world.get(values).is_some(), "{line}");
}

#[test]
fn after_a_lost_server_nothing_more_is_tried() {
    let (world, fake) = applied();
    for name in ["Prometheus/system", "Prometheus/user"] {
        fake.take(name);
        fake.refuse(name, FailureKind::Timeout, "no answer within 30 s");
    }
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked()), (4, vec!["create Prometheus/system".to_owned()]), "{text}");
    assert!(text.contains("whether it was applied is not known"), "{text}");
}

#[test]
fn what_was_not_looked_at_is_not_applied() {
    let (world, fake) = applied();
    fake.take("Prometheus/user");
    let monitor = first(&fake, "ServiceMonitor");
    fake.take(&monitor);
    fake.state(|s| {
        let of = s.there.complete.iter().find(|l| l.served.kind == "ServiceMonitor").unwrap().clone();
        s.there.failed.push((of, Failure::new(FailureKind::Server, "etcd is gone")));
    });
    let (code, text) = apply(&world, &["--all"]);
    assert_eq!(code, 4, "{text}");
    assert!(fake.asked().iter().all(|a| !a.contains("ServiceMonitor")), "{:?}", fake.asked());
    assert!(fake.asked().contains(&"create Prometheus/user".to_owned()));
    assert!(text.contains("etcd is gone") && text.contains("NOT verified"), "{text}");

    let world = built();
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, text.contains("there is no context `lab`")), (4, true), "{text}");
}

/// The graver of two: that a cluster did not answer is not hidden by what nobody approved, nor by a no.
#[test]
fn what_did_not_answer_is_told_whatever_else_ends_it() {
    let (world, fake) = applied();
    world.put("fleet.kdl", SPEC.replace("retention \"", "retention \"1"));
    world.serve("lab", fake.clone());
    assert_eq!(apply(&world, &[]).0, 2, "nobody has approved it");
    let list = fake.state(|s| s.there.complete[0].clone());
    fake.state(|s| s.there.failed.push((list, Failure::new(FailureKind::Server, "etcd is gone"))));
    let (code, text) = apply(&world, &[]);
    assert!(text.contains("nobody has approved it") && text.contains("etcd is gone"), "{text}");
    assert_eq!((code, fake.asked().len()), (4, 0), "{text}");
    world.answer("no");
    let (code, text) = run(&world, &["apply", "--no-wait", "--unapproved"]);
    assert!(text.contains("nothing was applied"), "{text}");
    assert_eq!((code, fake.asked().len()), (4, 0), "{text}");
}

/// What is Helm's in a cluster that nobody has reached is not known, and its command would reach nobody either.
#[test]
fn a_cluster_that_does_not_answer_gets_no_commands() {
    let spec = include_str!("../../../../examples/two-stores/fleet.kdl");
    let world = Memory::new().with("fleet.kdl", spec);
    let (code, text) = run(&world, &["build"]);
    assert_eq!(code, 0, "{text}");
    for more in [&[][..], &["--helm"], &["--dry-run"]] {
        let (code, text) = apply(&world, more);
        assert_eq!((code, text.contains("helm upgrade"), text.contains("--helm does")), (4, false, false), "{text}");
        assert!(text.contains("there is no context"), "{text}");
        let (code, text) = apply(&world, &[more, &["--format", "json"]].concat());
        let json: Json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let cluster = &json["clusters"][0];
        assert_eq!((code, &cluster["helm"], &cluster["whole"]), (4, &json!([]), &json!(false)), "{text}");
    }
}

#[test]
fn what_others_have_added_is_told_and_no_reason_to_apply() {
    let (world, fake) = applied();
    fake.change("Prometheus/user", |o| {
        o["spec"]["enforcedSampleLimit"] = json!(5);
        o["metadata"]["managedFields"] = json!([{"manager": "kubectl-edit", "operation": "Update",
            "fieldsV1": {"f:spec": {"f:enforcedSampleLimit": {}}}}]);
    });
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked().len()), (0, 0), "{text}");
    assert!(text.contains("extra: added outside") && text.contains("applying does not take it away"), "{text}");
}

#[test]
fn a_stage_that_is_not_ready_in_time_says_why() {
    let wait = |after: Option<usize>| {
        let (world, fake) = applied();
        let monitor = first(&fake, "ServiceMonitor");
        fake.take(&monitor);
        fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
        fake.state(|s| s.ready_after = after);
        let ran = run(&world, &["apply", "--yes", "--timeout", "1m"]);
        (ran, fake.asked())
    };
    let ((code, text), asked) = wait(Some(3));
    assert_eq!((code, asked.len()), (0, 2), "{text}");
    assert!(text.contains("lab: waiting for Prometheus/monitoring/fast: no condition Reconciled yet"), "{text}");
    let ((code, text), asked) = wait(None);
    assert_eq!((code, asked.len()), (4, 1), "the monitors come later: {text}");
    for name in ["user", "system"] {
        let said = format!("lab: Prometheus/monitoring/{name} is not ready: no condition Reconciled yet");
        assert!(text.contains(&said), "also what was not changed: {text}");
    }
    assert!(text.contains("stopped after 20-prometheus; 1 object not applied"), "{text}");
}

/// A monitor of ours that nothing asks for.
fn left_over(fake: &Fake, kind: &str, name: &str) {
    let monitor = first(fake, kind);
    let mut left = fake.state(|s| {
        let is = |o: &&Json| monitor == format!("{kind}/{}", o["metadata"]["name"].as_str().unwrap());
        s.there.objects.iter().find(is).unwrap().clone()
    });
    left["metadata"]["name"] = json!(name);
    left["spec"] = json!({"left": name});
    fake.put(left);
}

#[test]
fn what_is_left_over_goes_only_where_that_is_asked_for() {
    let (world, fake) = applied();
    left_over(&fake, "ServiceMonitor", "old");
    left_over(&fake, "Prometheus", "old");
    let (code, text) = apply(&world, &[]);
    assert_eq!((code, fake.asked().len()), (0, 0), "{text}");
    assert!(text.contains("left over: 1 object; `--prune` deletes them"), "{text}");
    let (code, text) = apply(&world, &["--prune", "--dry-run"]);
    assert_eq!((code, text.contains("ServiceMonitor/monitoring/old would be deleted")), (0, true), "{text}");
    world.answer("y");
    let (code, text) = run(&world, &["apply", "--prune", "--no-wait"]);
    let deleted: Vec<String> = fake.asked().into_iter().filter(|a| !a.starts_with("try ")).collect();
    assert_eq!((code, deleted), (0, vec!["delete ServiceMonitor/old".to_owned()]), "{text}");
    assert!(
        text.contains("- ServiceMonitor/monitoring/old") && text.contains("Do this: delete 1 object in lab"),
        "{text}"
    );
    let by_hand = "kubectl --context lab delete prometheus.monitoring.coreos.com old --namespace monitoring";
    assert!(text.contains(&format!("left over, to be deleted by hand: {by_hand}")), "{text}");
}

#[test]
fn nothing_is_deleted_where_it_is_not_known_what_is_left_over() {
    let prune = |prepare: &dyn Fn(&Memory, &Fake), more: &[&str]| {
        let (world, fake) = applied();
        left_over(&fake, "ServiceMonitor", "old");
        prepare(&world, &fake);
        let (code, text) = apply(&world, &[&["--prune"], more].concat());
        assert!(fake.asked().iter().all(|a| !a.starts_with("delete")), "{text}");
        assert_eq!((code, text.contains("nothing is deleted: ")), (4, true), "{text}");
        text
    };
    let failed = |_: &Memory, fake: &Fake| {
        fake.state(|s| {
            let of = s.there.complete.iter().find(|l| l.served.kind == "Role").unwrap().clone();
            s.there.failed.push((of, Failure::new(FailureKind::Forbidden, "roles are forbidden")));
        });
    };
    assert!(prune(&failed, &[]).contains("could not be listed"));
    let terminating = |_: &Memory, fake: &Fake| {
        fake.change("Prometheus/user", |o| o["metadata"]["deletionTimestamp"] = json!("2026-11-22T10:00:00Z"));
    };
    assert!(prune(&terminating, &[]).contains("not everything could be looked at"));
    let partial = |world: &Memory, _: &Fake| {
        let path = world.paths().into_iter().find(|p| p.contains("/40-monitors/") && !p.contains("kustom")).unwrap();
        world.remove(&path);
    };
    assert!(prune(&partial, &["--unapproved"]).contains("not all of what the spec compiles to"));
    let many = |_: &Memory, fake: &Fake| {
        let all = fake.state(|s| s.there.objects.len());
        (0..=all / 4).for_each(|i| left_over(fake, "ServiceMonitor", &format!("old-{i}")));
    };
    assert!(prune(&many, &[]).contains("more than a fifth"));
    let nameless = |_: &Memory, fake: &Fake| {
        fake.change("ServiceMonitor/old", |o| o["metadata"]["uid"] = json!(""));
    };
    assert!(prune(&nameless, &[]).contains("have no uid"));
}

#[test]
fn what_was_changed_since_it_was_seen_is_not_deleted() {
    let (world, fake) = applied();
    left_over(&fake, "ServiceMonitor", "old");
    fake.take("Prometheus/user");
    fake.state(|s| s.touched = Some("ServiceMonitor/old".to_owned()));
    let (code, text) = apply(&world, &["--prune"]);
    assert_eq!((code, fake.asked()), (4, vec!["create Prometheus/user".to_owned()]), "{text}");
    assert!(
        text.contains("ServiceMonitor/monitoring/old is not deleted: somebody has changed it since it was looked at"),
        "{text}"
    );
}

#[test]
fn a_dry_run_tries_everything_and_changes_nothing() {
    let (world, fake) = applied();
    fake.take("Prometheus/user");
    let monitor = first(&fake, "ServiceMonitor");
    fake.refuse(&monitor, FailureKind::Invalid, "admission webhook \"rules\" denied the request");
    let before = fake.state(|s| s.there.objects.clone());
    let (code, text) = run(&world, &["apply", "--dry-run"]);
    assert_eq!((code, fake.state(|s| s.there.objects == before)), (4, true), "{text}");
    assert!(text.contains("admission webhook") && text.contains("nothing was changed, 1 failed"), "{text}");
    let asked = fake.asked();
    assert!(asked.len() == before.len() + 1 && asked.iter().all(|a| a.starts_with("try ")), "{asked:?}");

    let (world, built) = applied();
    let fake = Fake::empty();
    fake.refuse(&first(&built, "ServiceAccount"), FailureKind::Missing, "namespaces \"monitoring\" not found");
    // Of whoever has not all rights the server wants to know which a binding hands out.
    let binding = first(&built, "ClusterRoleBinding");
    fake.refuse(&binding, FailureKind::Missing, "not found");
    world.serve("lab", fake.clone());
    let (code, text) = run(&world, &["apply", "--dry-run"]);
    assert_eq!((code, fake.state(|s| s.there.objects.len())), (0, 0), "{text}");
    assert!(text.contains("2 cannot be tried before their Namespace or role is there"), "{text}");
    // Where the role is there it is something else that is missing.
    built.refuse(&binding, FailureKind::Missing, "not found");
    world.serve("lab", built);
    let (code, text) = run(&world, &["apply", "--dry-run"]);
    assert_eq!((code, text.contains("1 failed")), (4, true), "{text}");
}

#[test]
fn as_json_it_is_one_document() {
    let (world, fake) = applied();
    fake.change("Prometheus/user", |o| o["spec"]["retention"] = json!("1d"));
    left_over(&fake, "Prometheus", "old");
    fake.refuse("Prometheus/user", FailureKind::Conflict, "conflict with \"a\"");
    let (code, text) = apply(&world, &["--format", "json"]);
    let json: Json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!((code, &json["format_version"], &json["dryRun"]), (4, &json!(1), &json!(false)));
    let lab = &json["clusters"][0];
    assert_eq!((&lab["cluster"], &lab["context"], &lab["whole"]), (&json!("lab"), &json!("lab"), &json!(false)));
    assert_eq!(lab["stopped"], "after 20-prometheus");
    let object = &lab["objects"][0];
    assert_eq!((&object["name"], &object["action"]), (&json!("user"), &json!("update")));
    assert_eq!((&object["outcome"], &object["why"]), (&json!("failed"), &json!("conflict with \"a\"")));
    assert_eq!(lab["byHand"][0]["kind"], "Prometheus");
    assert_eq!(json["differences"]["changes"][0]["path"], "spec.retention");
}
