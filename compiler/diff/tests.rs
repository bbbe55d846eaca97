use serde_json::json;

use super::*;
use crate::object::{Build, Format};

fn prometheus() -> ObjectId {
    ObjectId {
        api_version: "monitoring.coreos.com/v1".into(),
        kind: "Prometheus".into(),
        namespace: "monitoring".into(),
        name: "user".into(),
    }
}

fn parse(text: &str, tree: &mut Tree) -> Option<Vec<NodeId>> {
    let value: Json = serde_yaml::from_str(text).ok()?;
    Some(vec![tree.add_json("", &value, Origin::INHERIT)])
}

fn plain(_: &ObjectId, _: &[String]) -> ListKind {
    ListKind::Plain
}

const RULES: Rules<'static> = Rules { lists: &plain, parse: &parse, equal: &|_, _, _, _| false };

fn changes_of(id: &ObjectId, old: &Json, new: &Json, rules: &Rules<'_>) -> Vec<Change> {
    let mut trees = (Tree::new(), Tree::new());
    let a = trees.0.add_json("", old, Origin::INHERIT);
    let b = trees.1.add_json("", new, Origin::INHERIT);
    compare(id, "f.yaml", Side::new(&trees.0, a), Side::new(&trees.1, b), rules)
}

/// `path edit before after`, one line a change.
fn told(old: Json, new: Json) -> Vec<String> {
    tell(&changes_of(&prometheus(), &old, &new, &RULES))
}

fn tell(changes: &[Change]) -> Vec<String> {
    let shown = |v: &Option<Json>| v.as_ref().map_or("-".to_owned(), Json::to_string);
    changes.iter().map(|c| format!("{} {} {} {}", c.path, c.edit.name(), shown(&c.before), shown(&c.after))).collect()
}

#[test]
fn maps_are_compared_by_key_and_absent_is_not_empty() {
    let old = json!({"spec": {"a": 1, "b": {}, "c.d": "x", "same": [1]}});
    let new = json!({"spec": {"same": [1], "c.d": "y", "a": 1, "e": {}}});
    let expected = ["spec.b removed {} -", "spec[\"c.d\"] changed \"x\" \"y\"", "spec.e added - {}"];
    assert_eq!(told(old, new), expected);
    assert_eq!(told(json!({"a": 1}), json!({"a": "1"})), ["a changed 1 \"1\""]);
    assert_eq!(told(json!({"a": 1}), json!({"a": 1.0})), Vec::<String>::new());
}

#[test]
fn named_items_are_found_wherever_they_stand() {
    let old = json!({"w": [{"name": "a", "url": "1"}, {"name": "b", "url": "2"}]});
    let new = json!({"w": [{"name": "c", "url": "3"}, {"name": "b", "url": "9"}, {"name": "a", "url": "1"}]});
    let expected = [
        "w reordered [\"a\",\"b\"] [\"c\",\"b\",\"a\"]",
        "w[b].url changed \"2\" \"9\"",
        "w[c] added - {\"name\":\"c\",\"url\":\"3\"}",
    ];
    assert_eq!(told(old, new), expected);
}

#[test]
fn an_inserted_item_without_a_name_is_one_change() {
    let old = json!({"rules": [{"a": 1}, {"b": 2}]});
    let new = json!({"rules": [{"x": 0}, {"a": 1}, {"b": 3}]});
    assert_eq!(told(old, new), ["rules[0] added - {\"x\":0}", "rules[2].b changed 2 3"]);
    assert_eq!(told(json!(["a", "b"]), json!(["b", "a"])), [" reordered [\"a\",\"b\"] [\"b\",\"a\"]"]);
}

#[test]
fn field_tables_say_what_makes_an_item_the_same() {
    let lists = |_: &ObjectId, path: &[String]| match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ports"] => ListKind::Keyed(vec!["port".into(), "protocol".into()]),
        ["set"] => ListKind::Set,
        _ => ListKind::Plain,
    };
    let rules = Rules { lists: &lists, ..RULES };
    let old = json!({"ports": [{"port": 1, "to": 1}, {"port": 2, "to": 2}], "set": ["a", "b"]});
    let new = json!({"ports": [{"port": 2, "to": 3}], "set": ["b", "c", "a"]});
    let expected = ["ports[1] removed {\"port\":1,\"to\":1} -", "ports[2].to changed 2 3", "set[\"c\"] added - \"c\""];
    assert_eq!(tell(&changes_of(&prometheus(), &old, &new, &rules)), expected);
}

#[test]
fn only_queues_that_lose_their_place_or_url_are_stranded() {
    let id = ObjectId { api_version: "apps/v1".into(), kind: "StatefulSet".into(), ..prometheus() };
    let of = |urls: &[&str]| {
        let args: Vec<String> = std::iter::once("-tls".to_owned())
            .chain(urls.iter().map(|u| format!("-remoteWrite.url=http://{u}")))
            .collect();
        json!({"spec": {"template": {"spec": {"containers": [{"name": "vmagent", "args": args}]}}}})
    };
    let judged = |old: &[&str], new: &[&str]| {
        let changes = changes_of(&id, &of(old), &of(new), &RULES);
        changes.into_iter().map(|c| (c.effect, c.consequence.into_owned())).collect::<Vec<_>>()
    };
    let last = judged(&["a", "b"], &["a", "b", "c"]);
    assert!(last.iter().all(|(effect, _)| *effect == Effect::Restart), "{last:?}");
    for (old, new, lost) in [
        (&["a", "b"][..], &["a", "c", "b"][..], "waits for http://b stays"),
        (&["a", "b"], &["c", "a", "b"], "waits for http://a and for http://b stays"),
        (&["a", "b"], &["b", "a"], "waits for http://a and for http://b stays"),
        (&["a", "b"], &["a"], "waits for http://b stays"),
    ] {
        let found = judged(old, new);
        assert!(found.iter().any(|(effect, why)| *effect == Effect::QueueReset && why.contains(lost)), "{found:?}");
    }
}

#[test]
fn documents_inside_strings_are_compared_as_documents() {
    let old = json!({"data": {"lanes.json": "{\"panels\": [{\"title\": \"a\", \"span\": 1}]}", "note.txt": "a: 1\n"}});
    let mut trees = (Tree::new(), Tree::new());
    let was = trees.0.add_json("", &old, Origin::INHERIT);
    let is = Build::map(&mut trees.1, |o| {
        o.object("data", |d| {
            d.embedded("lanes.json", Format::Json, |e| {
                e.list("panels", |l| {
                    l.object("", |p| {
                        p.str("title", "a");
                        p.from(Origin(7)).int("span", 2);
                    });
                });
            });
            d.str("note.txt", "a: 2\n");
        });
    });
    let id = ObjectId { kind: "ConfigMap".into(), ..prometheus() };
    let changes = compare(&id, "f.yaml", Side::new(&trees.0, was), Side::new(&trees.1, is), &RULES);
    let expected =
        ["data[\"lanes.json\"].panels[a].span changed 1 2", "data[\"note.txt\"] changed \"a: 1\\n\" \"a: 2\\n\""];
    assert_eq!(tell(&changes), expected);
    assert_eq!((changes[0].origin, changes[0].effect), (Origin(7), Effect::Reload));
}

#[test]
fn a_document_in_another_layout_is_a_change_of_text() {
    let told = told(json!({"d": {"a.json": "{\"a\":1}"}}), json!({"d": {"a.json": "{ \"a\": 1 }"}}));
    assert_eq!(told, ["d[\"a.json\"] changed \"{\\\"a\\\":1}\" \"{ \\\"a\\\": 1 }\""]);
}

#[test]
fn values_of_secrets_are_never_shown() {
    let id = ObjectId { kind: "Secret".into(), ..prometheus() };
    let changes = changes_of(&id, &json!({"data": {"t": "abc"}}), &json!({"data": {"t": "xyz", "u": "q"}}), &RULES);
    assert_eq!(tell(&changes), ["data.t changed \"(hidden)\" \"(hidden)\"", "data.u added - \"(hidden)\""]);
    let mut tree = Tree::new();
    let root = tree.add_json("", &json!({"kind": "Secret", "data": {"t": "abc"}}), Origin::INHERIT);
    let whole = added(&id, "f", Side::new(&tree, root));
    assert_eq!(whole.after, Some(json!({"kind": "Secret", "data": {"t": "(hidden)"}})));
}

fn join(changes: Vec<Change>) -> Vec<Change> {
    join_renames(changes, &RULES, &|_, _| Sides::default())
}

/// However alike they are: the targets of the one are no longer collected.
#[test]
fn monitors_that_look_for_other_targets_are_two() {
    let monitor = |name: &str, app: &str, interval: &str| {
        json!({"kind": "ServiceMonitor", "metadata": {"name": name, "labels": {"a": "1", "b": "2", "c": "3"}},
               "spec": {"selector": {"matchLabels": {"app": app}}, "endpoints": [{"port": "m", "path": "/m", "interval": interval}]}})
    };
    let change = |value: &Json, name: &str, new: bool| {
        let mut tree = Tree::new();
        let root = tree.add_json("", value, Origin::INHERIT);
        let id = ObjectId { kind: "ServiceMonitor".to_owned(), name: name.to_owned(), ..prometheus() };
        if new { added(&id, name, Side::new(&tree, root)) } else { removed(&id, name, Side::new(&tree, root)) }
    };
    let edits = |app: &str, interval: &str| {
        let (old, new) = (monitor("pay", "api", "15s"), monitor("payments", app, interval));
        let joined = join(vec![change(&old, "pay", false), change(&new, "payments", true)]);
        joined.iter().map(|c| (c.edit, c.path.clone())).collect::<Vec<_>>()
    };
    assert_eq!(edits("mail", "15s"), [(Edit::Removed, String::new()), (Edit::Added, String::new())]);
    let inside = "spec.endpoints[0].interval".to_owned();
    assert_eq!(edits("api", "2m"), [(Edit::Renamed, String::new()), (Edit::Changed, inside)]);
}

/// Of what says hardly anything all is like all: a namespace that goes takes everything with it, whichever one comes.
#[test]
fn what_is_known_by_its_name_alone_is_never_a_rename() {
    let labels = json!({"app.kubernetes.io/managed-by": "watershed", "watershed/fleet": "a", "watershed/cluster": "b"});
    let change = |kind: &str, name: &str, new: bool| {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "a": 1, "b": 2, "c": 3});
        let value = match kind {
            "PersistentVolumeClaim" => {
                json!({"kind": kind, "metadata": {"name": name, "labels": labels}, "spec": spec})
            }
            _ => json!({"kind": kind, "metadata": {"name": name, "labels": labels}, "data": {"a": name}}),
        };
        let mut tree = Tree::new();
        let root = tree.add_json("", &value, Origin::INHERIT);
        let id = ObjectId { kind: kind.to_owned(), name: name.to_owned(), ..prometheus() };
        if new { added(&id, name, Side::new(&tree, root)) } else { removed(&id, name, Side::new(&tree, root)) }
    };
    for kind in ["Namespace", "PersistentVolumeClaim", "ConfigMap", "ServiceAccount"] {
        let joined = join(vec![change(kind, "old", false), change(kind, "new", true)]);
        let edits: Vec<Edit> = joined.iter().map(|c| c.edit).collect();
        assert_eq!(edits, [Edit::Removed, Edit::Added], "{kind}");
    }
}

/// Two alerts of one name are told apart by their order, and never set against one of another name.
#[test]
fn rules_of_one_name_are_not_paired_with_those_of_another() {
    let rule = |alert: &str, expr: &str| json!({"alert": alert, "expr": expr, "labels": {"severity": "page"}});
    let group = |rules: Vec<Json>| json!({"spec": {"groups": [{"name": "a", "rules": rules}]}});
    let before = group(vec![rule("Filling", "a > 1"), rule("Filling", "a > 9"), rule("Retrying", "r > 0")]);
    let after = group(vec![rule("Filling", "a > 9"), rule("Retrying", "r > 5"), rule("Lost", "l > 0")]);
    let id = ObjectId { kind: "PrometheusRule".to_owned(), ..prometheus() };
    let changes = changes_of(&id, &before, &after, &RULES);
    let told: Vec<(&str, Edit)> =
        changes.iter().map(|c| (c.path.trim_start_matches("spec.groups[a].rules"), c.edit)).collect();
    assert_eq!(told, [("[Filling]", Edit::Removed), ("[Retrying].expr", Edit::Changed), ("[Lost]", Edit::Added)]);
}

#[test]
fn unnamed_items_that_have_hardly_anything_in_common_come_and_go() {
    let keep = json!({"sourceLabels": ["a"], "regex": "b", "action": "keep"});
    let drop = json!({"regex": "__tmp.*", "action": "labeldrop"});
    let set = json!({"targetLabel": "cluster", "replacement": "x", "action": "replace"});
    let other = json!({"targetLabel": "cluster", "replacement": "y", "action": "replace"});
    let list = |rules: Vec<&Json>| json!({"spec": {"relabelings": rules}});
    let of = |before, after| {
        let changes = changes_of(&prometheus(), &list(before), &list(after), &RULES);
        changes.iter().map(|c| (c.path.clone(), c.edit)).collect::<Vec<_>>()
    };
    let at = |path: &str| format!("spec.relabelings{path}");
    assert_eq!(
        of(vec![&keep, &set], vec![&drop, &other]),
        [(at("[1].replacement"), Edit::Changed), (at("[0]"), Edit::Removed), (at("[0]"), Edit::Added),]
    );
}

#[test]
fn an_object_under_another_name_is_a_rename_and_a_different_one_is_not() {
    let object = |name: &str, version: &str| {
        let spec = json!({"version": version, "replicas": 2, "image": "p", "a": 1, "b": 2, "c": 3});
        json!({"kind": "Prometheus", "metadata": {"name": name}, "spec": spec})
    };
    let change = |name: &str, value: Json, new: bool| {
        let mut tree = Tree::new();
        let root = tree.add_json("", &value, Origin::INHERIT);
        let id = ObjectId { name: name.to_owned(), ..prometheus() };
        if new { added(&id, name, Side::new(&tree, root)) } else { removed(&id, name, Side::new(&tree, root)) }
    };
    let renamed = join(vec![change("a", object("a", "1"), false), change("b", object("b", "2"), true)]);
    let names = " renamed \"Prometheus/monitoring/a\" \"Prometheus/monitoring/b\"";
    assert_eq!(tell(&renamed), [names, "spec.version changed \"1\" \"2\""]);
    assert_eq!(renamed[0].effect, Effect::DataLoss);
    // In a cluster the one stays there, with all it differs in, and the other is not there.
    let mut linked = vec![change("a", object("a", "1"), false), change("b", object("b", "2"), true)];
    for change in &mut linked {
        change.because = Some(Because { cause: Cause::Orphan, by: String::new() });
    }
    link_renames(&mut linked);
    let words: Vec<&str> = linked.iter().filter_map(|c| Some(c.because.as_ref()?.by.as_str())).collect();
    let expected = ["perhaps Prometheus/monitoring/b under its old name", "perhaps Prometheus/monitoring/a, renamed"];
    assert_eq!((linked[0].edit, words), (Edit::Removed, expected.to_vec()));
    let other = json!({"kind": "Prometheus", "spec": {"else": 1}});
    let kept = join(vec![change("a", object("a", "1"), false), change("b", other, true)]);
    assert_eq!(kept.iter().map(|c| c.edit).collect::<Vec<_>>(), [Edit::Removed, Edit::Added]);
}

mod against_a_folder {
    use super::*;
    use crate::object::Place;
    use crate::tree::{ClusterTree, Entry, Header, Index};
    use crate::world::{Access, Memory, World};

    const HEADER: Header<'_> = Header { compiler: "0.1.0", catalog: "1", fleet: "acme", cluster: "edge-1" };

    fn tree(objects: &[(&str, &str)]) -> ClusterTree {
        let mut tree = ClusterTree::new();
        for (name, text) in objects {
            let id = ObjectId { name: (*name).to_owned(), ..prometheus() };
            let entry = Entry { id: &id, place: Place::Prometheus, unit: "u", spec_path: "s", release: None };
            tree.push(&entry, |out| out.push_str(text));
        }
        tree.file("README.md", |out| out.push_str(objects[0].1));
        tree
    }

    #[test]
    fn only_files_that_differ_are_compared_and_those_gone_are_told() {
        let world = Memory::new();
        let mut old = tree(&[("same", "spec: {a: 1}\n"), ("changed", "spec: {a: 1}\n"), ("gone", "spec: {a: 1}\n")]);
        world
            .output("out", Access::Write)
            .unwrap()
            .commit(&old.finish(&HEADER).unwrap().write_set("f/c", None))
            .unwrap();
        let index = Index::parse("i", &world.get("out/f/c/index.json").unwrap()).unwrap();
        let mut new = tree(&[("changed", "spec: {a: 2}\n"), ("new", "spec: {}\n"), ("same", "spec: {a: 1}\n")]);
        let finished = new.finish(&HEADER).unwrap();
        let output = world.output("out", Access::Look).unwrap();
        let there = Folder { output: &*output, path: "f/c", index: Some(&index) };
        let files = files(&there, Some(&finished)).unwrap();
        let changes: Vec<Change> = files.iter().flat_map(|f| compared(f, Sides::default(), &RULES)).collect();
        let expected = ["spec.a changed 1 2", " removed {\"spec\":{\"a\":1}} -", " added - {\"spec\":{}}"];
        assert_eq!(tell(&changes), expected);
        assert_eq!(changes[1].object.as_ref().unwrap().name, "gone");
    }

    #[test]
    fn a_file_that_is_no_yaml_any_more_is_shown_as_text() {
        let file = FileChange {
            path: "20-prometheus/prometheus-user.yaml".into(),
            object: Some(prometheus()),
            old: Some(b"spec: {a: 1\n<<<<<<< HEAD\n"[..].into()),
            new: Some(b"spec: {a: 1}\n"),
        };
        let changes = compared(&file, Sides::default(), &RULES);
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].edit, changes[0].path.as_str()), (Edit::Changed, ""));
        assert!(changes[0].before.as_ref().unwrap().as_str().unwrap().contains("<<<"));
    }

    #[test]
    fn a_comment_that_differs_is_a_change_too() {
        let file = FileChange {
            path: "helm/central.values.yaml".into(),
            object: Some(ObjectId { kind: "values".into(), ..prometheus() }),
            old: Some(b"# chart: x, version: 1\na: 1\n"[..].into()),
            new: Some(b"# chart: x, version: 2\na: 1\n"),
        };
        assert_eq!(compared(&file, Sides::default(), &RULES).len(), 1);
    }
}

#[test]
fn panels_queries_and_rules_are_known_by_what_people_call_them() {
    let panel = |title: &str, expr: &str| json!({"title": title, "targets": [{"refId": "A", "expr": expr}]});
    let board = |panels: [Json; 2]| json!({"data": {"board.json": json!({"panels": panels}).to_string()}});
    let (cpu, disk) = (panel("CPU", "a"), panel("Disk", "b"));
    assert_eq!(
        told(board([cpu.clone(), disk]), board([cpu, panel("Disk", "c")])),
        ["data[\"board.json\"].panels[Disk].targets[A].expr changed \"b\" \"c\""]
    );
    let rules = |second: Json| json!({"rules": [{"alert": "Down", "expr": "up == 0"}, second]});
    assert_eq!(
        told(rules(json!({"record": "a:b", "expr": "x"})), rules(json!({"record": "a:b", "expr": "y"}))),
        ["rules[a:b].expr changed \"x\" \"y\""]
    );
}

#[test]
fn an_argument_behind_a_flag_that_tells_is_marked_though_nothing_else_changes() {
    let args = |password: &str| serde_json::json!({"args": ["--web.port", password, "--pass", password]});
    let (mut old, mut new) = (Tree::new(), Tree::new());
    let (was, is) = (old.add_json("", &args("a"), Origin::INHERIT), new.add_json("", &args("b"), Origin::INHERIT));
    let id = ObjectId { api_version: "v1".into(), kind: "Pod".into(), namespace: "a".into(), name: "a".into() };
    let rules = Rules { lists: &|_, _| ListKind::Plain, parse: &|_, _| None, equal: &|_, _, _, _| false };
    let changes = compare(&id, "f.yaml", Side::new(&old, was), Side::new(&new, is), &rules);
    assert_eq!(
        changes.iter().map(|c| (c.path.as_str(), c.handed)).collect::<Vec<_>>(),
        [("args[1]", false), ("args[3]", true)]
    );
}

/// Items that nobody has compiled, as anybody with write access to one object may add them.
fn flood(n: usize) -> impl Iterator<Item = Json> {
    (0..n).map(|i| json!(format!("x{i}")))
}

#[test]
fn of_very_many_entries_the_first_are_told_and_how_many_there_are_more() {
    let few = told(json!({"a": flood(1_000).collect::<Json>()}), json!({"a": []}));
    assert_eq!(few.len(), 1_000);
    let many = told(json!({"a": flood(60_000).collect::<Json>()}), json!({"a": ["ours"]}));
    assert_eq!(many.len(), 12, "{many:#?}");
    assert_eq!(many[0], "a[0] changed \"x0\" \"ours\"");
    assert_eq!(many[11], "a[…] removed \"59989 more\" -");
    let map = |n: usize| (0..n).map(|i| (format!("k{i}"), json!(i))).collect::<serde_json::Map<String, Json>>();
    let maps = told(json!({"data": map(2_000)}), json!({"data": {"k77": "x", "new": 1}}));
    assert_eq!(maps.len(), 13, "{maps:#?}");
    assert_eq!(maps[10..], ["data.k77 changed 77 \"x\"", "data.new added - 1", "data[…] removed \"1989 more\" -"]);
}

#[test]
fn entries_that_are_not_told_are_as_grave_as_they_are() {
    let args = |of: Vec<Json>| json!({"spec": {"template": {"spec": {"containers": [{"name": "a", "args": of}]}}}});
    let id = ObjectId { kind: "StatefulSet".into(), api_version: "apps/v1".into(), ..prometheus() };
    let queue = json!("-remoteWrite.url=http://a");
    let changes = changes_of(&id, &args(flood(5_000).chain([queue]).collect()), &args(vec![]), &RULES);
    let gravest = changes.iter().max_by_key(|c| c.effect).unwrap();
    let path = "spec.template.spec.containers[a].args[…]";
    assert_eq!((gravest.path.as_str(), gravest.effect), (path, Effect::QueueReset), "{}", gravest.consequence);
}

#[test]
fn an_object_has_room_for_so_many_differences() {
    let nested = |n: usize| json!((0..90).map(|_| flood(n).collect::<Json>()).collect::<Vec<_>>());
    let lines = told(json!({"a": nested(900), "b": 1}), json!({"a": nested(0)}));
    assert_eq!(lines.len(), 5_001, "{}", lines.len());
    assert_eq!(lines[5_000], "[…] removed \"76001 more\" -");
}

#[test]
fn ours_are_found_among_very_many() {
    let ours = ["a", "b", "c"].map(Json::from);
    let live: Vec<Json> = ours.iter().cloned().flat_map(|own| flood(20_000).chain([own])).chain(flood(5)).collect();
    let lines = told(json!(live), json!(ours));
    assert_eq!(lines.len(), 11);
    assert!(lines.iter().all(|line| line.contains(" removed ")), "{lines:#?}");
    assert_eq!(lines[10], "[…] removed \"59995 more\" -");
}
