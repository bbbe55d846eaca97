//! The JSON Schema (2020-12) of the YAML and JSON form.
//!
//! It accepts every spec the compiler accepts, for editors; the compiler checks more. Nothing is
//! required at the top, because an editor sees one file of a folder.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{inner, shapes, types};
use crate::spec::{ROOT, SETTINGS, is_place, is_setting};
use crate::syntax::{Form, Key, Shape, Status, Type};

/// The schema, as pretty JSON with a line end.
pub fn json() -> String {
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}

fn schema() -> Value {
    let inherited = inherited();
    let write = Writer { inherited: &inherited };
    let mut defs = Map::new();
    defs.insert("settings".into(), write.settings());
    for shape in shapes().into_iter().skip(1) {
        defs.insert(shape.name.into(), write.shape(shape));
    }
    let mut root = write.shape(&ROOT);
    if let Value::Object(root) = &mut root {
        root.remove("required");
        root.shift_insert(0, "$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        root.shift_insert(1, "title".into(), json!("Watershed spec"));
        root.insert("$defs".into(), Value::Object(defs));
    }
    root
}

/// Names of the shapes that may be put together from several levels: what a setting holds, and
/// what that holds, but for repeated blocks. In them nothing can be required where it stands.
fn inherited() -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&'static [Key]> = vec![SETTINGS];
    while let Some(keys) = open.pop() {
        for key in keys {
            if let (Form::Object(_) | Form::Named(..), Some(shape)) = (key.form, inner(key.form))
                && found.insert(shape.name)
            {
                open.push(shape.keys);
            }
        }
    }
    found
}

struct Writer<'a> {
    inherited: &'a BTreeSet<&'static str>,
}

impl Writer<'_> {
    fn settings(&self) -> Value {
        let properties: Map<_, _> = SETTINGS.iter().map(|k| (k.name.into(), self.property(k, false))).collect();
        json!({
            "description": "Settings: what may stand in `fleet`, a `profile` or a `cluster`.",
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        })
    }

    fn shape(&self, shape: &'static Shape) -> Value {
        let whole = !self.inherited.contains(shape.name);
        let mut properties = Map::new();
        for key in shape.keys {
            let property = if is_place(shape) && is_setting(key.name) {
                json!({"$ref": format!("#/$defs/settings/properties/{}", key.name)})
            } else {
                self.property(key, whole)
            };
            properties.insert(key.name.into(), property);
        }
        let mut out = json!({
            "description": shape.doc,
            "type": "object",
            "x-shape": "object",
        });
        if let Some(argument) = shape.argument {
            out["x-argument"] = json!(argument);
        }
        out["properties"] = Value::Object(properties);
        let required = required(shape);
        if whole && !required.is_empty() {
            out["required"] = json!(required);
        }
        out["additionalProperties"] = json!(false);
        out
    }

    fn property(&self, key: &Key, whole: bool) -> Value {
        let mut out = json!({"description": description(key)});
        let (shape, body) = match key.form {
            Form::Scalar(ty) => ("scalar", or_null(scalar(ty))),
            Form::Flag => ("flag", json!({"type": ["boolean", "null"]})),
            Form::List(ty) => {
                let list = json!({"type": "array", "items": scalar(ty)});
                ("list", json!({"anyOf": [list, scalar(ty), {"type": "null"}]}))
            }
            Form::Map(keys, values) => {
                let mut map = json!({"type": ["object", "null"]});
                if let Some(names) = property_names(keys) {
                    map["propertyNames"] = names;
                }
                map["additionalProperties"] = or_null(scalar(values));
                ("map", map)
            }
            Form::Object(shape) => ("object", json!({"anyOf": self.forms(shape, whole, true)})),
            Form::Named(ty, shape) => {
                let mut set = json!({"type": ["object", "null"]});
                if let Some(names) = property_names(ty) {
                    set["propertyNames"] = names;
                }
                set["additionalProperties"] = json!({"anyOf": self.forms(shape, whole, true)});
                ("named", set)
            }
            Form::Repeated(shape) => {
                let items = json!({"type": "array", "items": {"anyOf": self.forms(shape, true, false)}});
                let mut forms = vec![items];
                forms.extend(shape.argument_key().map(argument_scalar));
                forms.push(json!({"type": "null"}));
                ("repeated", json!({"anyOf": forms}))
            }
            Form::Free => ("free", json!({})),
        };
        out["x-shape"] = json!(shape);
        if let Status::NotYet(will) = key.status {
            out["x-not-yet"] = json!(will);
        }
        if let (Value::Object(out), Value::Object(body)) = (&mut out, body) {
            out.extend(body);
        }
        out
    }

    /// An object, the short forms of its argument, and null where a level may take it back.
    fn forms(&self, shape: &'static Shape, whole: bool, null: bool) -> Vec<Value> {
        let mut object = json!({"$ref": format!("#/$defs/{}", shape.name)});
        // The definition is silent for the sake of its other users.
        let required = required(shape);
        if whole && self.inherited.contains(shape.name) && !required.is_empty() {
            object["required"] = json!(required);
        }
        let mut forms = vec![object];
        if let Some(key) = shape.argument_key() {
            forms.push(argument_scalar(key));
            if let Form::List(ty) = key.form {
                forms.push(json!({"type": "array", "items": scalar(ty)}));
            }
        }
        if null {
            forms.push(json!({"type": "null"}));
        }
        forms
    }
}

/// Keys that must stand in the block itself.
fn required(shape: &Shape) -> Vec<&'static str> {
    let here = |key: &&Key| key.required && !(is_place(shape) && is_setting(key.name));
    shape.keys.iter().filter(here).map(|k| k.name).collect()
}

fn scalar(ty: Type) -> Value {
    let mut out = types::schema(ty);
    if let Some(reference) = types::reference(ty) {
        out["x-reference"] = json!(reference);
    }
    out
}

fn argument_scalar(key: &Key) -> Value {
    match key.form {
        Form::Scalar(ty) | Form::List(ty) => scalar(ty),
        _ => json!(false),
    }
}

/// With null allowed, which drops what was inherited.
fn or_null(mut schema: Value) -> Value {
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
        return schema;
    }
    match schema.get("type").cloned() {
        Some(Value::String(one)) => schema["type"] = json!([one, "null"]),
        Some(Value::Array(mut several)) => {
            several.push(json!("null"));
            schema["type"] = Value::Array(several);
        }
        _ => {}
    }
    schema
}

fn property_names(ty: Type) -> Option<Value> {
    (ty != Type::Text).then(|| scalar(ty))
}

fn description(key: &Key) -> String {
    let mut out = key.doc.to_owned();
    match key.default.strip_prefix("required ") {
        Some(when) => out.push_str(&format!(" Required {when}.")),
        None if key.default.is_empty() => {}
        None => out.push_str(&format!(" Default: {}.", key.default)),
    }
    if let Status::NotYet(will) = key.status {
        out.push_str(&format!(" Not compiled yet: it will {will}."));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOURCE_ONLY: &str = r#"
fleet:
  name: resource-only
  language: 1
  versions: {kubernetes: "1.34", operator: "0.93.1", prometheus: "3.13.2"}
  zone: idc-1
  survive: 3h
  prometheus:
    user:
      jobs: [node-exporter, kube-state-metrics, cadvisor, dcgm-exporter]
      retention: 1d
      storage: 50Gi
    system: {rest: true, retention: 1d, storage: {size: 20Gi, class: local-path}}
zone:
  idc-1: {}
cluster:
  control-a:
    nodes: 12
    reader:
      grafana: {reads: [central]}
  edge-1: {nodes: 32, gpus-per-node: 8, prometheus: {user: null}}
store:
  central:
    kind: victoriametrics-cluster
    cluster: control-a
    retention: 90d
    replicas: {storage: 3}
    storage: 500Gi
    basic-auth: {secret: central-write}
    address:
      lan: {url: "https://10.0.102.94:8427", zones: idc-1}
route:
  home: {from: "*", to: [central]}
  split:
    from: [edge-1]
    to: [[central, other], {stores: central, namespaces: [team-a, "team-b-*"]}]
    shared: central
    unowned: none
"#;

    fn valid(text: &str) -> bool {
        let instance: Value = serde_yaml::from_str(text).unwrap();
        jsonschema::draft202012::new(&schema()).unwrap().is_valid(&instance)
    }

    #[test]
    fn the_schema_is_one() {
        assert!(jsonschema::draft202012::meta::is_valid(&schema()));
    }

    #[test]
    fn a_spec_in_yaml_satisfies_it() {
        let instance: Value = serde_yaml::from_str(RESOURCE_ONLY).unwrap();
        let validator = jsonschema::draft202012::new(&schema()).unwrap();
        let faults: Vec<_> =
            validator.iter_errors(&instance).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn broken_specs_do_not() {
        for (sound, broken) in [
            ("language: 1", "language: \"1\""),
            ("survive: 3h", "survive: 3 hours"),
            ("retention: 1d", "retention: 1"),
            ("storage: 50Gi", "storage: {class: local-path, sise: 50Gi}"),
            ("rest: true", "rest: yes please"),
            ("kind: victoriametrics-cluster", "kind: victoria"),
            ("storage: 500Gi", "storage: {class: local-path}"),
            ("url: \"https://10.0.102.94:8427\"", "url: \"https://a:b@10.0.102.94\""),
            ("zones: idc-1}", "zones: idc-1, zone: x}"),
            ("basic-auth: {secret: central-write}", "basic-auth: {username: admin}"),
            ("control-a:\n", "Control_A:\n"),
            ("nodes: 12", "nodes: 0"),
            ("unowned: none", "unowned: {store: none}"),
            ("team-a", "Team_A"),
            ("survive: 3h", "surviv: 3h"),
            ("kubernetes: \"1.34\"", "kubernetes: 1.34"),
        ] {
            assert!(RESOURCE_ONLY.contains(sound), "{sound}");
            assert!(!valid(&RESOURCE_ONLY.replacen(sound, broken, 1)), "{broken}");
        }
    }

    #[test]
    fn short_forms_are_at_most_three() {
        fn walk(value: &Value) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::Array(forms)) = map.get("anyOf") {
                        assert!(forms.len() <= 3, "{value}");
                    }
                    map.values().for_each(walk);
                }
                Value::Array(items) => items.iter().for_each(walk),
                _ => {}
            }
        }
        walk(&schema());
    }

    #[test]
    fn objects_are_closed_and_everything_has_a_definition() {
        let schema = schema();
        let defs = schema["$defs"].as_object().unwrap();
        for (name, def) in defs {
            assert_eq!(def["additionalProperties"], json!(false), "{name}");
        }
        for shape in shapes().into_iter().skip(1) {
            assert!(defs.contains_key(shape.name), "{}", shape.name);
        }
    }

    #[test]
    fn the_checked_in_schema_is_this_one() {
        let checked_in = include_str!("../../../schema/spec.schema.json");
        assert!(checked_in == json(), "schema/spec.schema.json is stale: run `watershed schema --write`");
    }
}
