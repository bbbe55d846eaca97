//! The program in front of a Grafana that was provisioned from what it has built, and that people have worked in since.

use serde_json::{Value, json};

use crate::support::grafana::Grafana;
use crate::support::library::files;
use crate::support::{Folder, copy, read, repository, steps};

/// No words, as tokens are.
const CANARY: &str = "glsa_kA9rQ2xV7bT4mZ1pL8wE5sY3";
const UID: &str = "watershed-lanes";

fn maps(cluster: &str) -> Vec<Value> {
    let ours = |path: &str| path.starts_with(&format!("{cluster}/60-grafana/configmap-grafana"));
    let all = files("output").into_iter().filter(|(path, _)| ours(path));
    all.map(|(_, bytes)| serde_yaml::from_slice(&bytes).unwrap()).collect()
}

/// The spec, the checked-in output, and a file with the token.
fn folder(example: &str) -> Folder {
    let folder = Folder::new();
    copy(&repository(&format!("examples/{example}")), &folder.at("fleet")).unwrap();
    copy(&repository(&format!("output/{example}")), &folder.at(&format!("output/{example}"))).unwrap();
    folder.write("token", &format!("{CANARY}\n"));
    folder
}

/// A Grafana of the one cluster of an example.
fn provisioned() -> (Folder, Grafana) {
    (folder("single-split"), Grafana::provisioned(&maps("single-split/lab"), CANARY))
}

/// Runs, and requires that the token is nowhere in what it says.
fn diff(folder: &Folder, grafana: &Grafana, more: &[&str]) -> (i32, String) {
    let side = format!("grafana:{}", grafana.url);
    let args = [&["diff", "--against", &side, "--grafana-token-file", "token"], more].concat();
    let ended = steps::binary(folder.path(), &args);
    let said = ended.stdout + &ended.stderr;
    assert!(!said.contains(CANARY) && !said.contains("kA9rQ2xV"), "{said}");
    (ended.status.code().unwrap_or(-1), said)
}

#[test]
fn after_provisioning_nothing_differs() {
    let (folder, grafana) = provisioned();
    let (code, said) = diff(&folder, &grafana, &[]);
    assert_eq!((code, said.contains("No differences in 5 objects")), (0, true), "{said}");
    let asked = grafana.asked();
    assert_eq!(asked.iter().filter(|a| a.contains("/api/dashboards/uid/")).count(), 3, "{asked:?}");
    assert!(asked.iter().all(|a| a.starts_with("/grafana/api/")), "{asked:?}");
}

#[test]
fn what_people_did_is_told_with_who_and_when() {
    let (folder, grafana) = provisioned();
    grafana.edit(UID, "alice", |d| d["panels"][0]["targets"][0]["expr"] = json!("vector(1)"));
    grafana.edit("watershed-gpu", "bob", |d| (d["uid"], d["title"]) = (json!("Zx3kQ"), json!("GPU, mine")));
    grafana.edit("watershed-gpu", "bob", |d| d["uid"] = json!("watershed-former"));
    grafana.forget("watershed-remote-write");
    grafana.source("lab-user", |s| {
        (s["url"], s["readOnly"]) = (json!("http://elsewhere"), json!(false));
        s["secureJsonFields"] = json!({"httpHeaderValue1": true});
        s["jsonData"]["token"] = json!(CANARY);
    });
    let (code, said) = diff(&folder, &grafana, &[]);
    assert_eq!(code, 2, "{said}");
    for line in [
        "~ Dashboard/watershed-lanes  60-grafana/configmap-grafana-dashboard-lanes.yaml",
        ".targets[A].expr",
        "drift: saved by alice at 2026-11-22T10:00:00Z, version 2, provisioned",
        "+ Dashboard/watershed-remote-write",
        "- Dashboard/Zx3kQ",
        "a copy of one of ours, saved by bob at 2026-11-22T10:00:00Z",
        "- Dashboard/watershed-former",
        "orphan: ours, and nothing asks for it any more: saved by bob",
        "~ DataSource/lab-user",
        "url: http://elsewhere →",
        "secureJsonData.httpHeaderValue1: true",
        "not provisioned",
        "fleet.kdl:",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    for view in ["unified", "summary", "values"] {
        assert_eq!(diff(&folder, &grafana, &["--view", view]).0, 2);
    }
    let (code, said) = diff(&folder, &grafana, &["--format", "json"]);
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &json["clusters"][0]["version"]), (2, &json!("Grafana 12.1.0")));
    let edited = json["changes"].as_array().unwrap().iter().find(|c| c["object"]["name"] == UID).unwrap();
    assert_eq!((&edited["cause"], &edited["object"]["kind"]), (&json!("drift"), &json!("Dashboard")), "{edited}");
    assert_eq!(edited["before"], "vector(1)");
}

#[test]
fn dashboards_of_another_fleet_are_not_ours() {
    let (folder, grafana) = provisioned();
    let other = read("examples/single-split/fleet.kdl").replace("fleet \"single-split\"", "fleet \"other\"");
    folder.write("fleet/fleet.kdl", &other);
    grafana.edit(UID, "alice", |d| d["uid"] = json!("watershed-former"));
    let (code, said) = diff(&folder, &grafana, &[]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("foreign: it belongs to the fleet `single-split`, by its tags"), "{said}");
    assert!(!said.contains("watershed-former"), "{said}");
    assert!(said.contains("there is no checked-in output"), "{said}");
}

#[test]
fn what_could_not_be_looked_at_is_told_and_nothing_is_claimed_of_it() {
    for (path, status, words) in [
        ("/api/dashboards/uid/watershed-gpu", 500, "? Dashboard/watershed-gpu: not verified"),
        ("/api/dashboards", 403, "is not permitted"),
        ("/api/search", 403, "? dashboards that nothing asks for: not verified"),
        ("/api/search", 404, "is this the root of a Grafana, and one that is not too old?"),
        ("/api/datasources", 403, "? DataSource/lab-user: not verified"),
        ("/api/health", 401, "? the whole Grafana (5 objects): not verified"),
    ] {
        let (folder, grafana) = provisioned();
        // What fails hides nothing else, and is not taken for absent.
        grafana.fail(path, status);
        let (code, said) = diff(&folder, &grafana, &[]);
        assert_eq!((code, said.contains(words)), (4, true), "{path} {status}: {said}");
        assert!(!said.contains("+ Dashboard") && !said.contains("+ DataSource"), "{said}");
        let (code, said) = diff(&folder, &grafana, &["--format", "json"]);
        assert_eq!(code, 4);
        assert!(
            !serde_json::from_str::<Value>(&said).unwrap()["clusters"][0]["unverified"].as_array().unwrap().is_empty()
        );
    }
    let (folder, grafana) = provisioned();
    folder.write("token", "another-token\n");
    let (code, said) = diff(&folder, &grafana, &[]);
    assert_eq!((code, said.contains("the token or password is not accepted")), (4, true), "{said}");
    assert!(!said.contains("another-token"), "{said}");
    // Not its root: what answers is a portal.
    let mut elsewhere = grafana;
    elsewhere.url = elsewhere.url.replace("/grafana", "/portal");
    let (code, said) = diff(&folder, &elsewhere, &[]);
    assert_eq!((code, said.contains("the answer is a web page")), (4, true), "{said}");
}

#[test]
fn one_address_is_one_grafana_and_secrets_are_named_not_given() {
    let run = |folder: &Folder, args: &[&str]| {
        let ended = steps::binary(folder.path(), &[&["diff", "--against"], args].concat());
        (ended.status.code().unwrap_or(-1), ended.stdout + &ended.stderr)
    };
    let many = folder("members-serve");
    let (code, said) = run(&many, &["grafana:http://127.0.0.1:9"]);
    assert_eq!((code, said.contains("4 clusters have a Grafana") && said.contains("--cluster")), (64, true), "{said}");
    let (code, said) = run(&many, &["grafana:http://127.0.0.1:9", "--cluster", "edge-1"]);
    assert_eq!((code, said.contains("cannot be reached")), (4, true), "{said}");
    let (code, said) = run(&folder("two-stores"), &["grafana:http://127.0.0.1:9"]);
    assert_eq!((code, said.contains("nothing is compiled for a Grafana here")), (64, true), "{said}");
    let one = folder("single-split");
    let (code, said) = run(&one, &["grafana"]);
    assert_eq!((code, said.contains("a Grafana needs its address")), (64, true), "{said}");
    let (code, said) = run(&one, &[&format!("grafana:http://admin:{CANARY}@127.0.0.1:9")]);
    assert_eq!((code, said.contains("--grafana-user"), said.contains(CANARY)), (4, true, false), "{said}");
    let (code, said) = run(&one, &["grafana:http://127.0.0.1:9", "--grafana-token-env", "NO_SUCH"]);
    assert_eq!((code, said.contains("the variable `NO_SUCH` is not set")), (4, true), "{said}");
    let (code, said) = run(&one, &["grafana:http://127.0.0.1:9", "--grafana-user", "admin"]);
    assert_eq!((code, said.contains("--grafana-password-env")), (64, true), "{said}");
}
