//! What the five tags mean.

use serde_json::{Value as Json, json};

use super::super::settings::{Setting, Settings};
use super::super::version::{Version, Versions};
use super::{File, Template};
use crate::diag::Origin;
use crate::object::{NodeId, Tree, Value};

fn versions(prometheus: &str) -> Versions {
    [("prometheus".to_owned(), Version::parse(prometheus).unwrap())].into()
}

fn settings() -> Settings {
    Settings::new(&versions("3.6.0"))
        .with("name", "user")
        .with("n", 3)
        .with("on", true)
        .with("none", Setting::Absent)
        .with("labels", [("a", "1"), ("b", "2")])
        .with("list", vec!["x", "y"])
        .with("tricky", "a: [b\n- {{ c }} # d")
}

fn compile(text: &str) -> Result<Template, String> {
    let file = File { path: "t.yaml".to_owned(), id: None };
    Template::compile(file, text)
        .map_err(|faults| faults.iter().map(|f| f.what.as_str()).collect::<Vec<_>>().join("; "))
}

fn run(text: &str, settings: &Settings) -> Result<Json, String> {
    let mut tree = Tree::new();
    let root = compile(text)?.eval(settings, &mut tree, &mut |_, _| Origin::INHERIT).map_err(|d| d.what)?;
    Ok(root.map_or(Json::Null, |root| to_json(&tree, root)))
}

pub(in super::super) fn to_json(tree: &Tree, node: NodeId) -> Json {
    match tree.value(node) {
        Value::Null => Json::Null,
        Value::Bool(b) => b.into(),
        Value::Int(i) => i.into(),
        Value::Float(f) => f.into(),
        Value::Str(s) => s.into(),
        Value::Seq => tree.children(node).map(|c| to_json(tree, c)).collect(),
        Value::Map | Value::Embedded(_) => {
            tree.children(node).map(|c| (tree.key(c).to_owned(), to_json(tree, c))).collect()
        }
    }
}

#[test]
fn each_tag_does_what_it_says() {
    for (text, expected) in [
        ("a: 1\nb: [x, 1.5, true, ~]", json!({"a": 1, "b": ["x", 1.5, true, null]})),
        ("a: !expr n + 1", json!({"a": 4})),
        ("a: !expr labels", json!({"a": {"a": "1", "b": "2"}})),
        ("a: !expr list", json!({"a": ["x", "y"]})),
        ("a: !expr n / 2", json!({"a": 1.5})),
        ("a: !expr none", json!({})),
        ("- !expr none\n- 1", json!([1])),
        ("a: !text \"{{ name }}-{{ n }}\"", json!({"a": "user-3"})),
        ("a: !text \"{{ '{{ $labels.x }}' }} of {{ name }}\"", json!({"a": "{{ $labels.x }} of user"})),
        ("a: !text \"{{ {'k': 'v'}.k }}\"", json!({"a": "v"})),
        ("a: !when {if: on, then: 1}\nb: !when {if: not on, then: 1}", json!({"a": 1})),
        ("a: !when {if: n > 3, then: 1, else: 2}", json!({"a": 2})),
        ("- !when {if: on, then: {k: !expr name}}", json!([{"k": "user"}])),
        ("- 0\n- !each {as: i, in: list, do: !text \"{{ i }}{{ n }}\"}", json!([0, "x3", "y3"])),
        ("a: !each {as: i, in: list, do: {i: !expr i}}", json!({"a": [{"i": "x"}, {"i": "y"}]})),
        ("a: !each {as: i, in: [{k: 1}, {k: 2}], do: !expr i.k * n}", json!({"a": [3, 6]})),
        ("- !each {as: i, in: list, do: !when {if: i == 'x', then: !expr i}}", json!(["x"])),
        (
            "- !each {as: i, in: list, do: !each {as: j, in: list, do: !text '{{ i }}{{ j }}'}}",
            json!(["xx", "xy", "yx", "yy"]),
        ),
        ("a: !merge [!expr labels, {b: 3, c: 4}]", json!({"a": {"a": "1", "b": 3, "c": 4}})),
        ("a: !merge [{d: {x: 1, y: 1}}, {d: {y: 2}, e: 1}]", json!({"a": {"d": {"x": 1, "y": 2}, "e": 1}})),
        ("a: !merge [[1], !expr list, !when {if: not on, then: [2]}]", json!({"a": [1, "x", "y"]})),
        ("!when {if: not on, then: 1}", Json::Null),
    ] {
        assert_eq!(run(text, &settings()), Ok(expected), "{text}");
    }
}

#[test]
fn no_value_can_break_structure_and_foreign_templates_are_left_alone() {
    let tricky = run("a: !expr tricky\nb: !text \"<{{ tricky }}>\"\nc: \"{{ $labels.job }}\"", &settings()).unwrap();
    assert_eq!(tricky["a"], "a: [b\n- {{ c }} # d");
    assert_eq!(tricky["b"], "<a: [b\n- {{ c }} # d>");
    assert_eq!(tricky["c"], "{{ $labels.job }}");
}

#[test]
fn gates_are_data() {
    let text = "a: !when {since: {prometheus: \"3.7\"}, then: new, else: old}\nb: !when {until: {prometheus: \"3.7\"}, then: 1}";
    assert_eq!(run(text, &settings()), Ok(json!({"a": "old", "b": 1})));
    let newer = Settings { versions: versions("3.7.0"), ..settings() };
    assert_eq!(run(text, &newer), Ok(json!({"a": "new"})));
    let unknown = Settings { versions: Versions::new(), ..settings() };
    assert!(run(text, &unknown).unwrap_err().contains("version of prometheus, which is not known"));
}

#[test]
fn what_is_missing_or_of_the_wrong_type_is_an_error_with_its_line() {
    for (text, what) in [
        ("a: 1\nb: !expr nmae", "t.yaml:2: `nmae` is not defined"),
        ("a: !expr labels.nope", "t.yaml:1: `labels.nope` is not defined"),
        ("a: !text \"{{ labels.nope }}\"", "t.yaml:1: `labels.nope` is not defined"),
        ("a: !text \"{{ labels }}\"", "t.yaml:1: `labels` is a map, not text"),
        ("a: !text \"{{ none }}\"", "t.yaml:1: `none` is absent, not text"),
        ("a: !when {if: n, then: 1}", "t.yaml:1: `n` is a number, not true or false"),
        ("- !each {as: i, in: name, do: 1}", "t.yaml:1: `name` is text, not a list"),
        ("a: !merge [[1], {b: 1}]", "t.yaml:1: `!merge` takes only maps or only lists"),
        ("a: !expr 1 / 0", "t.yaml:1:"),
    ] {
        let found = run(text, &settings()).unwrap_err();
        assert!(found.starts_with(what), "{text}: {found}");
    }
}

#[test]
fn a_bomb_runs_out_of_fuel() {
    for text in ["a: !expr \"'x' * 100000000\"", "a: !expr range(100000000) | list | length", "a: !expr name * 9999999"]
    {
        assert!(run(text, &settings()).is_err(), "{text}");
    }
    assert!(compile(&format!("a: !expr \"{}1{}\"", "(".repeat(5000), ")".repeat(5000))).is_err());
}

#[test]
fn what_a_template_makes_of_a_setting_points_at_the_setting() {
    let mut settings = settings();
    settings.came_from("labels", Origin(7));
    settings.came_from("name", Origin(8));
    let text = "a: !expr labels.b\nb: !text \"{{ name }}!\"\nc: x\nd: !expr n";
    let mut tree = Tree::new();
    let root = compile(text).unwrap().eval(&settings, &mut tree, &mut |_, line| Origin(100 + line)).unwrap().unwrap();
    let origins: Vec<u32> = tree.children(root).map(|c| tree.origin(c).0).collect();
    assert_eq!(origins, [7, 8, 103, 104]);
}

#[test]
fn every_fault_of_a_file_is_reported() {
    let found = compile("a: !expr 1 +\nb: !nope 1\nc: !when {iff: x}\n").unwrap_err();
    for line in ["t.yaml:1:", "t.yaml:2:", "t.yaml:3:"] {
        assert!(found.contains(line), "{found}");
    }
}
