use super::*;
use crate::diag::{Origin, Span, Why};
use crate::object::ObjectId;

fn change(path: &str, edit: Edit, before: Option<Json>, after: Option<Json>, origin: Origin) -> Change {
    Change {
        object: Some(ObjectId {
            api_version: "monitoring.coreos.com/v1".into(),
            kind: "Prometheus".into(),
            namespace: "monitoring".into(),
            name: "user".into(),
        }),
        file: "20-prometheus/prometheus-user.yaml".into(),
        path: path.into(),
        edit,
        in_text: false,
        handed: false,
        pods: None,
        before,
        after,
        effect: Effect::Reload,
        consequence: "monitors follow".into(),
        origin,
        was: Origin::INHERIT,
        because: None,
    }
}

struct Fixture {
    sources: Sources,
    fleet: Origins,
    origins: Vec<Origin>,
}

fn fixture() -> Fixture {
    let mut sources = Sources::default();
    let file = sources.add("fleet.kdl", "fleet \"acme\"\nprometheus \"user\" {\n    interval \"15s\"\n}\n");
    let mut fleet = Origins::default();
    let at = sources.text(file).find("interval").unwrap();
    let spec = fleet.spec(Span::new(file, at, at + 8));
    let origins = vec![
        spec,
        fleet.add(Why::Default("language default")),
        fleet.add(Why::Derived { reason: "80 % of the volume", from: vec![spec] }),
        fleet.add(Why::Template { file: "jobs/x.yaml".into(), line: 7 }),
    ];
    Fixture { sources, fleet, origins }
}

fn told(fixture: &Fixture, clusters: &[(&str, Vec<Change>)], format: Format) -> String {
    let empty = Origins::continuing(&fixture.fleet);
    let clusters: Vec<ClusterChanges<'_>> = clusters
        .iter()
        .map(|(cluster, changes)| ClusterChanges {
            cluster,
            identity: cluster,
            presence: &Presence::Kept,
            changes,
            origins: &empty,
            fleet: &fixture.fleet,
            was: None,
            live: None,
            masks: None,
        })
        .collect();
    let manner = Manner { format, view: View::Fields, colour: false, width: 100 };
    changes(&clusters, None, &fixture.sources, manner)
}

#[test]
fn every_change_says_what_it_does_and_which_line_asked_for_it() {
    let f = fixture();
    let list = vec![
        change("spec.scrapeInterval", Edit::Changed, Some(json!("30s")), Some(json!("15s")), f.origins[0]),
        change("spec.replicas", Edit::Added, None, Some(json!("2")), f.origins[1]),
        change("spec.retentionSize", Edit::Removed, Some(json!({"a": 1})), None, f.origins[2]),
        change("spec.remoteWrite", Edit::Reordered, Some(json!(["a", "b"])), Some(json!(["b", "a"])), f.origins[3]),
    ];
    let expected = r#"edge-1
  ~ Prometheus/monitoring/user  20-prometheus/prometheus-user.yaml
    ~ spec.scrapeInterval: 30s → 15s
        reload: monitors follow  ← fleet.kdl:3:5  interval "15s"
    + spec.replicas: "2"
        reload: monitors follow  ← language default
    - spec.retentionSize: {"a":1}
        reload: monitors follow  ← fleet.kdl:3:5  interval "15s"  (80 % of the volume)
    ~ spec.remoteWrite: order ["a","b"] → ["b","a"]
        reload: monitors follow  ← template jobs/x.yaml:7

4 changes in 1 object of 1 cluster: 4 × reload
"#;
    assert_eq!(told(&f, &[("edge-1", list)], Format::Text), expected);
}

#[test]
fn clusters_that_change_alike_are_shown_once() {
    let f = fixture();
    let same = || vec![change("spec.a", Edit::Changed, Some(json!(1)), Some(json!(2)), Origin::INHERIT)];
    let names: Vec<String> = (0..8).map(|i| format!("edge-{i}")).collect();
    let mut clusters: Vec<(&str, Vec<Change>)> = names.iter().map(|n| (n.as_str(), same())).collect();
    clusters.push(("hub", vec![change("", Edit::Added, None, Some(json!({})), Origin::INHERIT)]));
    clusters.push(("still", Vec::new()));
    let text = told(&f, &clusters, Format::Text);
    assert!(text.starts_with("edge-0, edge-1, edge-2, edge-3, edge-4 and 3 more\n"), "{text}");
    assert!(text.contains("\nhub\n  + Prometheus/monitoring/user"), "{text}");
    assert!(text.ends_with("9 changes in 9 objects of 9 clusters: 9 × reload\n"), "{text}");
    assert_eq!(told(&f, &[("still", Vec::new())], Format::Text), "");
}

#[test]
fn texts_are_compared_by_line_and_nothing_hostile_gets_through() {
    let f = fixture();
    let before = "groups:\n- a\n- b\n- c\n- d\n- e\n";
    let after = "groups:\n- a\n- b\n- \x1b[2Jc\n- d\n- e\n";
    let list = vec![change("data.x", Edit::Changed, Some(json!(before)), Some(json!(after)), Origin::INHERIT)];
    let text = told(&f, &[("edge-1", list)], Format::Text);
    let lines =
        "    ~ data.x:\n        - a\n        - b\n      - - c\n      + - \\u{1b}[2Jc\n        - d\n        - e\n";
    assert!(text.contains(lines), "{text}");
    assert!(!text.contains('\x1b'));
}

#[test]
fn long_values_stand_on_two_lines_and_are_cut_with_their_length() {
    let f = fixture();
    let (before, after) = (json!("a".repeat(70)), json!("b".repeat(5_000)));
    let list = vec![change("spec.x", Edit::Changed, Some(before), Some(after), Origin::INHERIT)];
    let text = told(&f, &[("edge-1", list)], Format::Text);
    assert!(
        text.contains(&format!(
            "    ~ spec.x:\n      - {}\n      + {}… (5000 characters)\n",
            "a".repeat(70),
            "b".repeat(300)
        )),
        "{text}"
    );
}

#[test]
fn json_keeps_values_and_places_whole() {
    let f = fixture();
    let list = vec![change("spec.a", Edit::Changed, Some(json!(1)), Some(json!({"b": null})), f.origins[0])];
    let value: Json = serde_json::from_str(&told(&f, &[("edge-1", list)], Format::Json)).unwrap();
    assert_eq!(value["format_version"], json!(1));
    let found = &value["changes"][0];
    assert_eq!((&found["before"], &found["after"]), (&json!(1), &json!({"b": null})));
    assert_eq!(
        (&found["effect"], &found["edit"], &found["cluster"]),
        (&json!("reload"), &json!("changed"), &json!("edge-1"))
    );
    let origin = &found["origin"];
    assert_eq!((&origin["file"], &origin["line"], &origin["kind"]), (&json!("fleet.kdl"), &json!(3), &json!("spec")));
    assert_eq!(origin["text"], json!("interval \"15s\""));
}

#[test]
fn credentials_in_addresses_are_in_no_format() {
    let f = fixture();
    let url = "-remoteWrite.url=https://adm:canary-7f3a@store.example.com/write";
    let path = format!("spec.args[{url}]");
    let mut of_args = change(&path, Edit::Changed, Some(json!({ url: [url] })), Some(json!(url)), f.origins[0]);
    of_args.consequence = format!("what waits for {url} stays on the volume").into();
    let list = vec![
        of_args,
        change("data.x", Edit::Changed, Some(json!("a\nb")), Some(json!(format!("a\n{url}"))), f.origins[0]),
    ];
    for format in [Format::Text, Format::Json] {
        let told = told(&f, &[("edge-1", list.clone())], format);
        assert!(told.contains("store.example.com") && !told.contains("canary-7f3a"), "{told}");
    }
}
