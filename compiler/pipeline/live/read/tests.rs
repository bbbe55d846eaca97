use serde_json::json;

use super::*;
use crate::world::Recorded;

const OURS: &str = "app.kubernetes.io/managed-by=watershed,watershed/fleet=f";

fn served(kind: &str, plural: &str) -> Served {
    Served { api_version: "v1".into(), kind: kind.into(), plural: plural.into(), namespaced: true }
}

fn object(name: &str, ours: bool) -> Json {
    let labels =
        if ours { json!({"app.kubernetes.io/managed-by": "watershed", "watershed/fleet": "f"}) } else { json!({}) };
    json!({"apiVersion": "v1", "kind": "Service",
           "metadata": {"name": name, "namespace": "monitoring", "labels": labels}})
}

fn id(kind: &str, name: &str) -> ObjectId {
    ObjectId { api_version: "v1".into(), kind: kind.into(), namespace: "monitoring".into(), name: name.into() }
}

fn asked(names: &[&str]) -> Asked {
    Asked {
        objects: names.iter().map(|n| id("Service", n)).collect(),
        namespaces: ["monitoring".to_owned()].into(),
        kinds: [("v1".to_owned(), "Service".to_owned())].into(),
        ours: OURS.to_owned(),
        selected: Selections::default(),
    }
}

fn listed(namespace: Option<&str>, labels: Option<&str>) -> Listed {
    Listed {
        served: served("Service", "services"),
        namespace: namespace.map(str::to_owned),
        labels: labels.map(str::to_owned),
    }
}

fn server() -> Recorded {
    Recorded {
        kinds: vec![served("Service", "services")],
        objects: vec![object("a", true), object("left", true), object("theirs", false), object("other", false)],
        complete: vec![listed(None, None)],
        ..Recorded::default()
    }
}

fn names(reading: &Reading) -> Vec<&str> {
    reading.objects.keys().map(|id| id.name.as_str()).collect()
}

#[test]
fn one_list_suffices_where_all_is_ours() {
    let reading = read(&server(), &asked(&["a"]));
    assert_eq!(names(&reading), ["a", "left"]);
    assert_eq!(reading.complete, [listed(None, Some(OURS))]);
}

#[test]
fn what_labels_do_not_find_is_looked_for_by_name() {
    let reading = read(&server(), &asked(&["a", "theirs", "new"]));
    assert_eq!(names(&reading), ["a", "left", "theirs"]);
    assert_eq!(reading.complete, [listed(None, Some(OURS)), listed(Some("monitoring"), None)]);
    assert!(reading.unverified.is_empty());
}

#[test]
fn where_only_a_namespace_may_be_listed_that_is_what_is_told() {
    let forbidden = Failure::new(FailureKind::Forbidden, "no");
    let mut server = server();
    server.complete = vec![listed(Some("monitoring"), None)];
    server.failed = vec![(listed(None, Some(OURS)), forbidden.clone())];
    let reading = read(&server, &asked(&["a", "theirs"]));
    assert_eq!(names(&reading), ["a", "left", "theirs"]);
    assert_eq!(reading.narrowed["Service"], BTreeSet::from(["monitoring".to_owned()]));
    assert!(reading.unverified.is_empty());

    server.complete = Vec::new();
    server.failed.push((listed(Some("monitoring"), None), forbidden));
    let reading = read(&server, &asked(&["a", "theirs"]));
    assert_eq!(reading.unverified.len(), 1);
    assert_eq!(reading.unverified[0].what, "Service in monitoring");
    assert_eq!(reading.unverified[0].objects, asked(&["a", "theirs"]).objects);
}

#[test]
fn of_a_dump_nobody_says_that_something_may_not_be_listed() {
    let mut server = server();
    server.complete = vec![listed(Some("monitoring"), None)];
    let reading = read(&server, &asked(&["a", "theirs"]));
    assert_eq!(names(&reading), ["a", "left", "theirs"]);
    assert!(reading.narrowed.is_empty() && reading.unsearched.is_empty(), "{reading:?}");
    assert_eq!(reading.recorded_in["Service"], BTreeSet::from(["monitoring".to_owned()]));
}

#[test]
fn a_kind_that_is_not_served_is_told_where_something_of_it_should_be() {
    let mut asked = asked(&["a"]);
    asked.kinds.insert(("v1".to_owned(), "Gone".to_owned()));
    assert!(read(&server(), &asked).unverified.is_empty());
    asked.objects.insert(id("Gone", "x"));
    let reading = read(&server(), &asked);
    assert_eq!(reading.unverified.len(), 1);
    assert!(reading.unverified[0].why.message.contains("CRD"), "{:?}", reading.unverified);
}

#[test]
fn one_slow_list_hides_no_other() {
    for kind in [FailureKind::Timeout, FailureKind::Busy] {
        let slow = Failure::new(kind, "slow");
        let mut server = server();
        server.kinds.extend(["A", "B", "C"].map(|kind| served(kind, kind)));
        server.failed = vec![(Listed { served: served("A", "A"), namespace: None, labels: None }, slow.clone())];
        let mut asked = asked(&["a"]);
        asked.kinds.extend(["A", "B", "C"].map(|kind| ("v1".to_owned(), kind.to_owned())));
        assert_eq!(names(&read(&server, &asked)), ["a", "left"]);
        server.failed.push((Listed { served: served("B", "B"), namespace: None, labels: None }, slow));
        assert!(names(&read(&server, &asked)).is_empty(), "after a second one nothing more is asked");
    }
}

#[test]
fn what_our_prometheis_select_of_others_is_found() {
    let mut tree = crate::object::Tree::new();
    let spec = json!({"spec": {"probeSelector": {"matchLabels": {"watershed/prometheus": "user"}}}});
    let root = tree.add_json("", &spec, crate::diag::Origin::INHERIT);
    let user = ObjectId { api_version: "monitoring.coreos.com/v1".into(), ..id("Prometheus", "user") };
    let mut asked = asked(&["a"]);
    asked.selected.add(&user, crate::diff::Side::new(&tree, root), "lab");
    let version = "monitoring.coreos.com/v1";
    asked.kinds.insert((version.to_owned(), "Probe".to_owned()));
    let probes = Served { api_version: version.into(), ..served("Probe", "probes") };
    let probe = |name: &str, labels: Json| {
        json!({"apiVersion": version, "kind": "Probe",
        "metadata": {"name": name, "namespace": "monitoring", "labels": labels}})
    };
    let mut server = server();
    server.kinds.push(probes.clone());
    server.complete.push(Listed { served: probes, namespace: None, labels: None });
    server.objects.extend([
        probe("theirs", json!({"watershed/prometheus": "user"})),
        probe("unselected", json!({"watershed/prometheus": "other"})),
        probe(
            "ours",
            json!({"watershed/prometheus": "user", "app.kubernetes.io/managed-by": "watershed",
                             "watershed/fleet": "f", "watershed/cluster": "lab"}),
        ),
    ]);
    let told = |server: &Recorded| -> Vec<(String, Vec<String>)> {
        read(server, &asked).selected.into_iter().map(|(id, (_, by))| (id.name, by)).collect()
    };
    let theirs = [("theirs".to_owned(), vec!["user".to_owned()])];
    assert_eq!(told(&server), theirs);
    let recorder = crate::world::Recorder::new(std::sync::Arc::new(server.clone()));
    read(&recorder, &asked);
    assert_eq!(told(&recorder.recorded()), theirs, "a snapshot");
    // A dump: nothing was listed to its end.
    server.complete.clear();
    assert_eq!(told(&server), theirs);
    assert!(read(&server, &asked).unsearched.contains("Probe"));
}
