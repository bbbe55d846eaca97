use serde_json::json;

use super::*;
use crate::diff::ListKind;
use crate::object::ObjectId;
use crate::syntax::plain;

fn rules() -> Rules<'static> {
    Rules {
        lists: &|_, _| ListKind::Plain,
        parse: &|text, tree| plain::read_tree(text, tree).ok(),
        equal: &|_, _, _, _| false,
    }
}

/// Of objects, as they are compiled or checked in.
fn shelf(objects: &[Json]) -> Shelf {
    let mut shelf = Shelf::default();
    for object in objects {
        let mut tree = Tree::new();
        let root = tree.add_json("", object, Origin::INHERIT);
        let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
        let id = ObjectId {
            api_version: text("/apiVersion"),
            kind: text("/kind"),
            namespace: "monitoring".to_owned(),
            name: text("/metadata/name"),
        };
        shelf.add(&id, "60-grafana/a.yaml", Side { tree: &tree, root }, &rules());
    }
    shelf
}

fn board() -> Json {
    json!({
        "uid": "watershed-a", "title": "A", "tags": ["watershed", "lab"], "schemaVersion": 42, "version": 1,
        "editable": false, "links": [], "annotations": {"list": []},
        "templating": {"list": [{"name": "cluster", "type": "query", "regex": ""}]},
        "panels": [
            {"id": 1, "title": "CPU, of [all]", "type": "timeseries", "fieldConfig": {"defaults": {"unit": "s"}, "overrides": []},
             "options": {"legend": {"showLegend": true}}, "targets": [{"refId": "A", "expr": "up"}, {"refId": "B", "expr": "down"}]},
            {"id": 2, "title": "Memory", "type": "stat", "targets": [{"refId": "A", "expr": "mem"}]},
        ],
    })
}

fn map(board: &Json) -> Json {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "grafana-dashboard-a"},
           "data": {"watershed-a.json": board.to_string(), "endpoints.json": "{\"endpoints\": []}"}})
}

fn by_file(board: Json) -> Json {
    let meta = json!({"provisioned": true, "provisionedExternalId": "a.json", "updatedBy": "Anonymous",
                      "updated": "2026-11-01T10:00:00Z", "version": 3, "folderTitle": "General"});
    json!({"dashboard": board, "meta": meta})
}

fn by_alice(board: Json) -> Json {
    let meta = json!({"provisioned": false, "updatedBy": "alice", "updated": "2026-11-22T10:00:00Z", "version": 7});
    json!({"dashboard": board, "meta": meta})
}

fn told(found: &InGrafana) -> Vec<String> {
    let shown = |v: &Option<Json>| v.as_ref().map_or("-".to_owned(), Json::to_string);
    let line = |c: &Change| {
        let (before, after) = (shown(&c.before), shown(&c.after));
        let values = if c.path.is_empty() { String::new() } else { format!(" {before} > {after}") };
        let because = c.because.as_ref().unwrap();
        format!("{} {}{values}: {}: {}", c.path, c.edit.name(), because.cause.name(), because.by)
    };
    found.changes.iter().map(line).collect()
}

fn compared(wanted: &Shelf, approved: Option<&Shelf>, answer: Option<&Json>) -> InGrafana {
    let rules = rules();
    let scene = Scene { wanted, approved, fleet: "lab", ignores: &[], rules: &rules };
    compare_dashboard(scene, "watershed-a", answer)
}

#[test]
fn a_dashboard_as_grafana_keeps_it_differs_in_nothing() {
    let wanted = shelf(&[map(&board())]);
    let mut live = board();
    (live["id"], live["version"], live["schemaVersion"]) = (json!(41), json!(7), json!(43));
    live["iteration"] = json!(1_700_000_000_000_u64);
    live["timepicker"] = json!({"refresh_intervals": ["5s"]});
    (live["fiscalYearStartMonth"], live["liveNow"], live["weekStart"]) = (json!(0), json!(false), json!(""));
    live["annotations"]["list"] = json!([{"builtIn": 1, "name": "Annotations & Alerts", "enable": true}]);
    let panel = &mut live["panels"][0];
    panel["pluginVersion"] = json!("12.1.0");
    panel["fieldConfig"]["defaults"]["custom"] = json!({"drawStyle": "line"});
    panel["fieldConfig"]["defaults"]["color"] = json!({"mode": "palette-classic"});
    panel["fieldConfig"]["defaults"]["mappings"] = json!([]);
    panel["fieldConfig"]["defaults"]["thresholds"] =
        json!({"mode": "absolute", "steps": [{"color": "green", "value": null}, {"color": "red", "value": 80}]});
    panel["options"]["tooltip"] = json!({"mode": "single"});
    let found = compared(&wanted, None, Some(&by_file(live)));
    assert_eq!(told(&found), Vec::<String>::new());
    assert!(found.hidden[&Hidden::Server] >= 12, "{:?}", found.hidden);
}

#[test]
fn what_somebody_changed_is_told_by_panel_and_query_with_who_and_when() {
    let wanted = shelf(&[map(&board())]);
    let mut live = board();
    live["panels"][0]["targets"][1]["expr"] = json!("sideways");
    live["panels"][0]["fieldConfig"]["defaults"]["thresholds"] = json!({"steps": [{"color": "red", "value": 5}]});
    live["panels"].as_array_mut().unwrap().push(json!({"title": "Mine", "targets": [], "id": 3}));
    live["panels"][1].as_object_mut().unwrap().remove("type");
    live["templating"]["list"][0]["allValue"] = json!(".+");
    live["links"] = json!([{"title": "wiki", "url": "https://example.com"}]);
    let by = "drift: saved by alice at 2026-11-22T10:00:00Z, version 7, not provisioned";
    let lines = told(&compared(&wanted, Some(&shelf(&[map(&board())])), Some(&by_alice(live))));
    let starts = [
        "links[wiki] removed",
        "templating.list[cluster].allValue removed \".+\" > -",
        "panels[CPU, of [all]].fieldConfig.defaults.thresholds removed",
        "panels[CPU, of [all]].targets[B].expr changed \"sideways\" > \"down\"",
        "panels[Memory].type added - > \"stat\"",
        "panels[Mine] removed",
    ];
    for start in starts {
        assert!(lines.iter().any(|l| l.starts_with(start) && l.ends_with(by)), "{start}: {lines:#?}");
    }
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
}

#[test]
fn who_saved_it_and_what_was_approved_make_the_cause() {
    let mut older = board();
    older["title"] = json!("Old");
    let (wanted, then) = (shelf(&[map(&board())]), shelf(&[map(&older)]));
    let cause = |approved: Option<&Shelf>, answer: Json| {
        let found = compared(&wanted, approved, Some(&answer));
        found.changes.into_iter().map(|c| c.because.unwrap().cause.name()).collect::<Vec<_>>()
    };
    for (approved, answer, wanted) in [
        (None, by_file(older.clone()), "pending"),
        (Some(&wanted), by_file(older.clone()), "pending"),
        (Some(&then), by_file(older.clone()), "pending"),
        (Some(&then), by_alice(older.clone()), "pending+stale"),
        (Some(&wanted), by_alice(older.clone()), "drift"),
        (None, by_alice(older.clone()), "drift"),
        (None, json!({"dashboard": older.clone(), "meta": {"updatedBy": "Anonymous"}}), "drift"),
    ] {
        assert_eq!(cause(approved, answer.clone()), [wanted], "{answer}");
    }
    older["tags"] = json!(["watershed", "other"]);
    assert_eq!(cause(None, by_file(older)), ["foreign", "foreign"]);
    assert_eq!(told(&compared(&wanted, None, None)), [" added: pending: it is not there"]);
}

#[test]
fn what_the_operator_brings_has_a_folder_and_an_account() {
    let spec = json!({"json": board().to_string(), "folderRef": "grafana"});
    let objects = [
        json!({"apiVersion": "grafana.integreatly.org/v1beta1", "kind": "GrafanaDashboard", "metadata": {"name": "a"}, "spec": spec}),
        json!({"kind": "GrafanaFolder", "metadata": {"name": "grafana"}, "spec": {"title": "Watershed"}}),
    ];
    let wanted = shelf(&objects);
    let mut answer = by_alice(board());
    answer["meta"]["folderTitle"] = json!("Watershed");
    assert_eq!(told(&compared(&wanted, None, Some(&answer))), Vec::<String>::new());
    answer["meta"]["folderTitle"] = json!("General");
    let lines = told(&compared(&wanted, None, Some(&answer)));
    assert!(lines.len() == 1 && lines[0].starts_with("folder changed \"General\" > \"Watershed\": drift"), "{lines:?}");
    let rules = rules();
    let scene = Scene { wanted: &wanted, approved: None, fleet: "lab", ignores: &[], rules: &rules };
    assert_eq!(told(&compare_folders(scene, &[json!({"title": "Other"})])), [" added: pending: it is not there"]);
    assert_eq!(told(&compare_folders(scene, &[json!({"title": "Watershed"})])), Vec::<String>::new());
}

fn sources(name: &str, url: &str) -> Json {
    let text = format!(
        "apiVersion: 1\ndatasources:\n- name: {name}\n  uid: central-t0\n  type: prometheus\n  access: proxy\n  url: {url}\n  \
         isDefault: false\n  editable: false\n  basicAuth: true\n  basicAuthUser: $__file{{/etc/u}}\n  jsonData:\n    \
         timeInterval: 15s\n  secureJsonData:\n    basicAuthPassword: $__file{{/etc/p}}\n"
    );
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "s"}, "data": {"watershed-grafana.yaml": text}})
}

fn source() -> Json {
    json!({"id": 3, "uid": "central-t0", "orgId": 1, "name": "central", "type": "prometheus", "typeLogoUrl": "", "access": "proxy",
           "url": "http://a", "user": "", "database": "", "basicAuth": true, "basicAuthUser": "canary", "isDefault": false,
           "jsonData": {"timeInterval": "15s"}, "secureJsonFields": {"basicAuthPassword": true}, "readOnly": true, "version": 2})
}

#[test]
fn of_data_sources_the_secrets_are_compared_by_name() {
    let wanted = shelf(&[sources("central", "http://a")]);
    let rules = rules();
    let approved = shelf(&[sources("central", "http://a")]);
    let compared = |answer: Option<&Json>, all: &[Json]| {
        let scene = Scene { wanted: &wanted, approved: Some(&approved), fleet: "lab", ignores: &[], rules: &rules };
        let found = compare_source(scene, "central-t0", answer, all);
        assert!(!format!("{found:?}").contains("canary"));
        found
    };
    let same = compared(Some(&source()), &[]);
    assert_eq!((told(&same), same.hidden[&Hidden::Secret]), (Vec::new(), 2));
    let mut other = source();
    other["url"] = json!("http://b");
    (other["readOnly"], other["basicAuthUser"]) = (json!(false), json!(""));
    other["jsonData"]["manageAlerts"] = json!(true);
    other["secureJsonFields"] = json!({"httpHeaderValue1": true, "basicAuthPassword": false});
    let lines = told(&compared(Some(&other), &[]));
    for start in [
        "url changed \"http://b\" > \"http://a\": drift: version 2, not provisioned",
        "basicAuthUser changed \"\" >",
        "editable changed true > false: drift",
        "jsonData.manageAlerts removed true",
        "secureJsonData.httpHeaderValue1 removed true",
        "secureJsonData.basicAuthPassword added - > true",
    ] {
        assert!(lines.iter().any(|l| l.starts_with(start)), "{start}: {lines:#?}");
    }
    assert_eq!(lines.len(), 6, "{lines:#?}");
    let missing = told(&compared(None, &[]));
    assert_eq!(missing, [" added: pending: it is not there"]);
    let foreign = told(&compared(None, &[json!({"name": "central", "uid": "xyz"})]));
    assert!(foreign[0].contains("foreign: one of this name is there under the uid `xyz`"), "{foreign:?}");
}

#[test]
fn what_was_ours_and_copies_of_it_are_told_apart_and_of_others_nothing_is() {
    let hit = |uid: &str, tags: &[&str]| json!({"uid": uid, "title": "x", "tags": tags});
    let of = |uid: &str, tags: &[&str], answer: Option<Json>| {
        let change = left_over(&hit(uid, tags), answer.as_ref(), "lab")?;
        let because = change.because.unwrap();
        Some(format!("{}: {}", because.cause.name(), because.by))
    };
    let ours = ["watershed", "lab"];
    assert_eq!(of("watershed-x", &["watershed", "other"], None), None);
    assert_eq!(of("watershed-x", &["lab"], None), None);
    assert_eq!(of("watershed-x", &ours, None).as_deref(), Some("orphan: "));
    let copy = of("Zx3", &ours, Some(by_alice(board()))).unwrap();
    assert!(copy.starts_with("extra: a copy of one of ours, saved by alice at 2026-11-22"), "{copy}");

    let (wanted, approved) = (Shelf::default(), shelf(&[sources("central", "http://a")]));
    let rules = rules();
    let scene = Scene { wanted: &wanted, approved: Some(&approved), fleet: "lab", ignores: &[], rules: &rules };
    let changes = orphaned(scene, &[source(), json!({"uid": "theirs", "name": "b"})]);
    let found = InGrafana { changes, ..InGrafana::default() };
    assert_eq!(told(&found), [" removed: orphan: "]);
}

#[test]
fn what_has_no_uid_is_told_and_what_is_no_dashboard_is_not_one() {
    let mut nameless = board();
    nameless.as_object_mut().unwrap().remove("uid");
    let shelf = shelf(&[map(&nameless)]);
    assert_eq!((shelf.dashboards.len(), shelf.nameless.len()), (0, 1));
}

#[test]
fn what_two_objects_bring_under_one_uid_is_told() {
    let mut other = board();
    other["title"] = json!("B");
    let mut second = map(&other);
    second["metadata"]["name"] = json!("mine");
    let shelf = shelf(&[map(&board()), map(&board()), second]);
    let by: Vec<&str> = shelf.twice[&id(DASHBOARD, "watershed-a")].iter().map(|o| o.name.as_str()).collect();
    assert_eq!((shelf.dashboards.len(), by), (1, vec!["grafana-dashboard-a", "mine"]));
}

#[test]
fn a_value_given_as_empty_is_no_default_of_grafanas() {
    let mut compiled = board();
    compiled["panels"][0]["description"] = json!("");
    compiled["panels"][0]["options"]["calcs"] = json!([]);
    compiled["panels"][0]["fieldConfig"]["defaults"]["custom"] = json!({"hide": [], "label": ""});
    let mut live = compiled.clone();
    live["panels"][0]["description"] = json!("edited");
    live["panels"][0]["options"]["calcs"] = json!(["mean"]);
    live["panels"][0]["options"]["values"] = json!(["a"]);
    live["panels"][0]["fieldConfig"]["defaults"]["custom"] = json!({"hide": ["a"], "label": "b", "drawStyle": "line"});
    let found = compared(&shelf(&[map(&compiled)]), None, Some(&by_alice(live)));
    let paths: Vec<&str> = found.changes.iter().map(|c| c.path.trim_start_matches("panels[CPU, of [all]].")).collect();
    let of_custom = ["fieldConfig.defaults.custom.hide[0]", "fieldConfig.defaults.custom.label"];
    assert_eq!(paths, [of_custom[0], of_custom[1], "options.calcs[0]", "description"]);
}
