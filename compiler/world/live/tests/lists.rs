use serde_json::{Value as Json, json};

use super::{Reply, config_maps, is_clean, live};
use crate::world::Server;
use crate::world::server::FailureKind;

fn page(names: &[&str], version: &str, next: &str) -> Json {
    let items: Vec<Json> = names
        .iter()
        .map(|name| {
            json!({"metadata": {"name": name, "namespace": "monitoring",
                   "managedFields": [{"manager": "watershed", "operation": "Apply"}]}, "data": {}})
        })
        .collect();
    json!({"kind": "ConfigMapList", "apiVersion": "v1",
           "metadata": {"resourceVersion": version, "continue": next}, "items": items})
}

fn expired() -> Reply {
    let status = json!({"kind": "Status", "code": 410, "reason": "Expired",
                        "message": "The provided continue parameter is too old", "metadata": {"continue": "other"}});
    Reply::Says(410, status.to_string())
}

#[test]
fn pages_become_one_list_and_items_say_what_they_are() {
    let (fake, live) = live(|asked| {
        Reply::json(&if asked.path.contains("continue=") {
            page(&["c"], "7", "")
        } else {
            page(&["a", "b"], "7", "n&x=")
        })
    });
    let mut what = config_maps(Some("monitoring"));
    what.labels = Some("watershed/fleet=hero".to_owned());
    let objects = live.list(&what).unwrap();
    let names: Vec<&str> = objects.iter().map(|o| o["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(
        objects[0].to_string().starts_with(r#"{"apiVersion":"v1","kind":"ConfigMap","metadata""#),
        "{}",
        objects[0]
    );
    assert_eq!(objects[2]["metadata"]["managedFields"][0]["manager"], "watershed");
    let asked = fake.asked();
    let paths: Vec<&str> = asked.iter().map(|a| a.path.as_str()).collect();
    let first = "/api/v1/namespaces/monitoring/configmaps?limit=500&labelSelector=watershed%2Ffleet%3Dhero";
    assert_eq!(paths, [first, &format!("{first}&continue=n%26x%3D")]);
    assert_eq!(asked[0].header("authorization"), Some("Bearer canary-7f3a9b1c"));
    assert!(asked[0].header("user-agent").unwrap().starts_with("watershed/"));
}

#[test]
fn a_state_that_was_forgotten_in_between_is_read_anew_once() {
    let (fake, live) = live(|asked| match asked.number {
        0 => Reply::json(&page(&["gone"], "7", "n")),
        1 => expired(),
        2 => Reply::json(&page(&["a"], "9", "m")),
        _ => Reply::json(&page(&["b"], "9", "")),
    });
    let objects = live.list(&config_maps(None)).unwrap();
    let names: Vec<&str> = objects.iter().map(|o| o["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!((names, fake.asked().len()), (vec!["a", "b"], 4));
}

#[test]
fn a_state_that_is_forgotten_again_and_again_is_a_failure() {
    let (fake, live) =
        live(|asked| if asked.number % 2 == 0 { Reply::json(&page(&["a"], "7", "n")) } else { expired() });
    let failure = live.list(&config_maps(None)).unwrap_err();
    assert_eq!((failure.kind, fake.asked().len()), (FailureKind::Server, 4));
    assert!(failure.message.contains("410"), "{failure}");
}

#[test]
fn pages_of_two_states_are_no_list() {
    let (_fake, live) =
        live(|asked| Reply::json(&page(&["a"], &asked.number.to_string(), &format!("n{}", asked.number))));
    assert_eq!(live.list(&config_maps(None)).unwrap_err().kind, FailureKind::Server);
}

#[test]
fn a_list_that_breaks_off_is_no_list() {
    let half = || {
        let whole = page(&["b"], "7", "").to_string();
        Reply::Breaks(whole[..whole.len() / 2].to_owned())
    };
    let (_fake, server) =
        live(move |asked| if asked.number == 0 { Reply::json(&page(&["a"], "7", "n")) } else { half() });
    let failure = server.list(&config_maps(Some("monitoring"))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.message.starts_with("listing configmaps in `monitoring`: the connection broke"), "{failure}");
    // Though what came would be a list by itself.
    let (_fake, server) = live(|_| Reply::Breaks(page(&["a"], "7", "").to_string()));
    assert_eq!(server.list(&config_maps(None)).unwrap_err().kind, FailureKind::Unreachable);
    let (fake, server) = live(|_| Reply::Closes);
    assert_eq!(server.list(&config_maps(None)).unwrap_err().kind, FailureKind::Unreachable);
    assert_eq!(fake.asked().len(), 2);
}

#[test]
fn what_is_no_list_is_not_taken_for_an_empty_one() {
    for (body, why) in [
        ("<html><body>Log in", "no JSON (line 1, column 1)"),
        ("", "no JSON"),
        ("[]", "its kind is none"),
        ("{}", "its kind is none"),
        (r#"{"kind":"ConfigMap","items":[]}"#, "its kind is none"),
        (r#"{"kind":"ConfigMapList"}"#, "it has no `items`"),
        (r#"{"kind":"ConfigMapList","items":[1]}"#, "an item is no object"),
        (r#"{"kind":"ConfigMapList","items":[{"metadata":{}}]}"#, "an item has no name"),
        (r#"{"kind":"ConfigMapList","items":[{"metadata":{"name":"a","namespace":"b"}}]}"#, "of another namespace"),
        (r#"{"kind":"ConfigMapList","metadata":{"continue":"n"},"items":[]}"#, "leads to itself"),
    ] {
        let (_fake, live) = live(move |_| Reply::Says(200, body.to_owned()));
        let failure = live.list(&config_maps(Some("monitoring"))).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Garbage, "{body}: {failure}");
        assert!(failure.message.contains(why), "{body}: {failure}");
        is_clean(&failure);
    }
    let deep = "[".repeat(100_000);
    let (_fake, server) = live(move |_| Reply::Says(200, deep[..60_000].to_owned()));
    assert_eq!(server.list(&config_maps(None)).unwrap_err().kind, FailureKind::Garbage);
    let (_fake, server) = live(|_| Reply::Says(200, " ".repeat(70_000)));
    let failure = server.list(&config_maps(None)).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Garbage);
    assert!(failure.message.contains("larger than 1 MiB"), "{failure}");
}

#[test]
fn a_list_without_end_is_not_read_for_ever() {
    let big = "x".repeat(40_000);
    let (fake, server) =
        live(move |asked| Reply::json(&page(&[&format!("{big}{}", asked.number)], "7", &format!("n{}", asked.number))));
    let failure = server.list(&config_maps(None)).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Garbage);
    assert!(failure.message.ends_with("they take more than 4 MiB, and were not read on"), "{failure}");
    assert!(fake.asked().len() < 110, "{}", fake.asked().len());
    // Small to send, and large to hold.
    let numbers = format!("{{\"kind\":\"ConfigMapList\",\"items\":[{}1]}}", "1,".repeat(30_000));
    let (_fake, server) = live(move |_| Reply::Says(200, numbers.replace("[", "[[").replace("]", "]]")));
    assert_eq!(server.list(&config_maps(None)).unwrap_err().kind, FailureKind::Garbage);
}
