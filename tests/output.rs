//! What is checked in under `output/`, read as others would read it: YAML of either version, the API
//! server's own types, the field tables of the operator, kustomize's lists.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use watershed::catalog::fields::{self, Release};
use watershed::check::{self, Versions};
use watershed::object::Tree;
use watershed::syntax::plain;

use crate::support::difference;
use crate::support::library::{Files, files};

/// One object of one cluster's folder.
struct Object {
    file: String,
    cluster: String,
    json: Value,
}

impl Object {
    fn text(&self, path: &[&str]) -> &str {
        path.iter().fold(&self.json, |v, key| &v[*key]).as_str().unwrap_or("")
    }

    fn id(&self) -> [&str; 4] {
        let meta = |key| self.text(&["metadata", key]);
        [self.text(&["apiVersion"]), self.text(&["kind"]), meta("namespace"), meta("name")]
    }
}

/// Documents of one YAML text as Kubernetes reads them, which is YAML 1.1.
fn yaml_1_1(text: &str, of: &str) -> Vec<Value> {
    let mut tree = Tree::new();
    let roots = plain::read_tree(text, &mut tree).unwrap_or_else(|e| panic!("{of}: {e}"));
    roots.into_iter().map(|root| tree.to_json(root)).collect()
}

/// The same by another reader, to which `yes` is a string and `0644` a decimal number.
fn yaml_1_2(text: &str, of: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text);
    documents.map(|d| serde::Deserialize::deserialize(d).unwrap_or_else(|e| panic!("{of}: {e}"))).collect()
}

fn text<'f>(files: &'f Files, path: &str) -> &'f str {
    std::str::from_utf8(&files[path]).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every object of the checked-in output, kustomizations and values files left out.
fn objects(files: &Files) -> Vec<Object> {
    let mut objects = Vec::new();
    for path in files.keys().filter(|p| p.ends_with(".yaml")) {
        for json in yaml_1_1(text(files, path), path) {
            let cluster = path.split('/').take(2).collect::<Vec<_>>().join("/");
            let object = Object { file: path.clone(), cluster, json };
            let [api_version, kind, ..] = object.id();
            if !kind.is_empty() && !api_version.starts_with("kustomize.") {
                objects.push(object);
            }
        }
    }
    assert!(objects.len() > 150, "{} objects", objects.len());
    objects
}

#[test]
fn every_document_reads_alike_in_yaml_1_1_and_1_2() {
    let files = files("output");
    let mut read = 0;
    for path in files.keys().filter(|p| p.ends_with(".yaml")) {
        let text = text(&files, path);
        let (old, new) = (yaml_1_1(text, path), yaml_1_2(text, path));
        assert_eq!(old, new, "{path}");
        read += old.len();
        // Documents inside of strings are read by somebody too.
        for document in &old {
            let Some(data) = document["data"].as_object() else { continue };
            for (name, inner) in data {
                let (of, inner) = (format!("{path}: {name}"), inner.as_str().unwrap());
                if name.ends_with(".yaml") {
                    assert_eq!(yaml_1_1(inner, &of), yaml_1_2(inner, &of), "{of}");
                    read += 1;
                } else if name.ends_with(".json") {
                    serde_json::from_str::<Value>(inner).unwrap_or_else(|e| panic!("{of}: {e}"));
                    read += 1;
                }
            }
        }
    }
    assert!(read > 200, "{read} documents");
}

#[test]
fn the_two_readers_of_this_test_differ_where_yaml_does() {
    let text = "a: yes\nb: 0o17\nc: 0644\n";
    assert_ne!(yaml_1_1(text, ""), yaml_1_2(text, ""));
}

#[test]
fn every_json_file_is_json() {
    let files = files("output");
    let json: Vec<&String> = files.keys().filter(|p| p.ends_with(".json")).collect();
    assert!(json.len() >= 6);
    for path in json {
        serde_json::from_str::<Value>(text(&files, path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
}

#[test]
fn no_object_is_there_twice() {
    let files = files("output");
    let objects = objects(&files);
    let mut seen: BTreeMap<(&str, [&str; 4]), &str> = BTreeMap::new();
    for object in &objects {
        if let Some(first) = seen.insert((&object.cluster, object.id()), &object.file) {
            panic!("{:?} stands in {first} and {}", object.id(), object.file);
        }
    }
}

#[test]
fn every_object_is_applied_by_exactly_one_kustomization_and_nothing_else_is() {
    let files = files("output");
    let objects: BTreeSet<String> = objects(&files).into_iter().map(|o| o.file).collect();
    let mut applied = BTreeSet::new();
    for path in files.keys().filter(|p| p.ends_with("kustomization.yaml")) {
        let folder = path.strip_suffix("kustomization.yaml").unwrap();
        for document in yaml_1_1(text(&files, path), path) {
            for resource in document["resources"].as_array().unwrap() {
                let target = format!("{folder}{}", resource.as_str().unwrap().trim_end_matches('/'));
                if files.contains_key(&format!("{target}/kustomization.yaml")) {
                    continue;
                }
                assert!(files.contains_key(&target), "{path} names {target}, which is not there");
                assert!(applied.insert(target.clone()), "{target} is named twice");
            }
        }
    }
    let values = |p: &&String| !p.contains("/helm/");
    assert_eq!(applied.iter().collect::<Vec<_>>(), objects.iter().filter(values).collect::<Vec<_>>());
}

#[test]
fn an_index_names_every_file_of_its_folder() {
    let files = files("output");
    for path in files.keys().filter(|p| p.ends_with("/index.json")) {
        let folder = path.strip_suffix("index.json").unwrap();
        let index = text(&files, path);
        for file in files.keys().filter_map(|p| p.strip_prefix(folder)).filter(|p| *p != "index.json") {
            assert!(index.contains(&format!("\"{file}\"")), "{path} does not name {file}");
        }
    }
}

#[test]
fn every_object_carries_our_labels_and_nothing_volatile() {
    let files = files("output");
    for object in objects(&files) {
        let labels = &object.json["metadata"]["labels"];
        assert_eq!(labels["app.kubernetes.io/managed-by"], "watershed", "{}", object.file);
        let (fleet, cluster) = object.cluster.split_once('/').unwrap();
        assert_eq!(labels["watershed/fleet"], fleet, "{}", object.file);
        assert_eq!(labels["watershed/cluster"], cluster, "{}", object.file);
        assert!(labels["watershed/unit"].is_string(), "{}", object.file);
        assert!(object.json.get("status").is_none(), "{}", object.file);
        assert!(object.json["metadata"].get("creationTimestamp").is_none(), "{}", object.file);
    }
}

/// With the versions the examples declare; the tables refuse unknown fields, wrong types, enums.
#[test]
fn every_object_satisfies_its_field_table() {
    let files = files("output");
    let release = |text: &str| Release::parse(text).unwrap();
    let versions = Versions { operator: release("0.93"), kubernetes: release("1.34") };
    let mut operators = 0;
    for path in files.keys().filter(|p| p.ends_with(".yaml") && !p.contains("/helm/")) {
        let mut tree = Tree::new();
        for root in plain::read_tree(text(&files, path), &mut tree).unwrap() {
            let (Some(api_version), Some(kind)) = (tree.get(root, "apiVersion"), tree.get(root, "kind")) else {
                continue;
            };
            let (api_version, kind) = (tree.as_str(api_version).unwrap(), tree.as_str(kind).unwrap());
            if api_version.starts_with("kustomize.") {
                continue;
            }
            assert!(
                fields::table(api_version, kind).is_some(),
                "{path}: there is no field table for {api_version} {kind}"
            );
            operators += usize::from(api_version.starts_with("monitoring.coreos.com/"));
            let mut found = Vec::new();
            check::object(&tree, root, &versions, &mut |f| found.push(format!("{} {}: {}", f.code.id, f.path, f.what)));
            assert!(found.is_empty(), "{path}\n{}", found.join("\n"));
        }
    }
    assert!(operators > 40, "{operators} objects of the operator");
}

/// Reads an object into the API's own type and writes it again: a field the type does not have would
/// be lost, one of another type refused.
#[test]
fn every_built_in_object_survives_the_types_of_kubernetes() {
    let files = files("output");
    let mut seen = 0;
    for object in objects(&files) {
        let again = match object.id() {
            ["v1", "ConfigMap", ..] => round::<api::core::v1::ConfigMap>(&object),
            ["v1", "Namespace", ..] => round::<api::core::v1::Namespace>(&object),
            ["v1", "Service", ..] => round::<api::core::v1::Service>(&object),
            ["v1", "ServiceAccount", ..] => round::<api::core::v1::ServiceAccount>(&object),
            ["v1", "Endpoints", ..] => round::<api::core::v1::Endpoints>(&object),
            ["apps/v1", "DaemonSet", ..] => round::<api::apps::v1::DaemonSet>(&object),
            ["apps/v1", "Deployment", ..] => round::<api::apps::v1::Deployment>(&object),
            ["apps/v1", "StatefulSet", ..] => round::<api::apps::v1::StatefulSet>(&object),
            ["discovery.k8s.io/v1", "EndpointSlice", ..] => round::<api::discovery::v1::EndpointSlice>(&object),
            ["policy/v1", "PodDisruptionBudget", ..] => round::<api::policy::v1::PodDisruptionBudget>(&object),
            ["rbac.authorization.k8s.io/v1", "ClusterRole", ..] => round::<api::rbac::v1::ClusterRole>(&object),
            ["rbac.authorization.k8s.io/v1", "ClusterRoleBinding", ..] => {
                round::<api::rbac::v1::ClusterRoleBinding>(&object)
            }
            [api_version, ..] if api_version.starts_with("monitoring.coreos.com/") => continue,
            other => panic!("{}: this test does not know {other:?}", object.file),
        };
        if let Some(lost) = difference(&object.file, &sorted(&object.json), &sorted(&again)) {
            panic!("{lost}");
        }
        seen += 1;
    }
    assert!(seen > 100, "{seen} built-in objects");
}

fn round<T: Serialize + DeserializeOwned>(object: &Object) -> Value {
    let typed: T = serde_json::from_value(object.json.clone()).unwrap_or_else(|e| panic!("{}: {e}", object.file));
    let mut again = serde_json::to_value(typed).unwrap();
    // The type writes down what a claim is; the API server knows.
    for claim in again.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut).into_iter().flatten() {
        let claim = claim.as_object_mut().unwrap();
        assert_eq!(claim.remove("kind").unwrap(), "PersistentVolumeClaim");
        claim.remove("apiVersion");
    }
    again
}

/// With keys in one order, to be shown where they differ.
fn sorted(value: &Value) -> String {
    fn sort(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let sorted: BTreeMap<&String, Value> = map.iter().map(|(k, v)| (k, sort(v))).collect();
                sorted.into_iter().map(|(k, v)| (k.clone(), v)).collect()
            }
            Value::Array(items) => items.iter().map(sort).collect(),
            other => other.clone(),
        }
    }
    format!("{:#}", sort(value))
}

#[test]
fn what_goes_onto_every_series_is_unique_in_its_fleet() {
    let files = files("output");
    let mut clusters: BTreeMap<String, String> = BTreeMap::new();
    for object in objects(&files).iter().filter(|o| o.text(&["kind"]) == "Prometheus") {
        let fleet = object.cluster.split('/').next().unwrap();
        let label = object.text(&["spec", "externalLabels", "cluster"]);
        assert!(!label.is_empty(), "{}", object.file);
        let owner = clusters.entry(format!("{fleet}/{label}")).or_insert_with(|| object.cluster.clone());
        assert_eq!(*owner, object.cluster, "{label} names two clusters");
    }
    let objects = objects(&files);
    let folders: BTreeSet<&str> = objects.iter().map(|o| o.cluster.as_str()).collect();
    assert_eq!(clusters.len(), folders.len());
}

#[test]
fn every_selector_of_a_prometheus_is_one_that_names_it() {
    let files = files("output");
    for object in objects(&files).iter().filter(|o| o.text(&["kind"]) == "Prometheus") {
        let spec = object.json["spec"].as_object().unwrap();
        for (key, selector) in spec.iter().filter(|(k, _)| k.ends_with("Selector") && !k.contains("Namespace")) {
            let named = selector["matchLabels"]["watershed/prometheus"].as_str();
            assert_eq!(named, Some(object.text(&["metadata", "name"])), "{}: {key}", object.file);
        }
    }
}

#[test]
fn no_secret_is_emitted_and_all_that_are_named_are_listed() {
    let files = files("output");
    let objects = objects(&files);
    assert!(objects.iter().all(|o| o.text(&["kind"]) != "Secret"));
    for object in &objects {
        let list =
            yaml_1_1(text(&files, &format!("{}/secrets.required.yaml", object.cluster)), "secrets.required.yaml");
        let known: BTreeSet<&str> =
            list[0]["secrets"].as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
        let mut named = BTreeSet::new();
        secrets(&object.json, &mut named);
        assert!(named.is_subset(&known), "{} names {named:?}, of {known:?}", object.file);
    }
}

/// Names under `secretName`, and `name` under keys that select a key of a Secret.
fn secrets<'v>(value: &'v Value, out: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                out.extend(inner.as_str().filter(|_| key == "secretName"));
                if matches!(key.as_str(), "username" | "password" | "secretKeyRef" | "secret" | "credentials") {
                    out.extend(inner["name"].as_str());
                }
                secrets(inner, out);
            }
        }
        Value::Array(items) => items.iter().for_each(|i| secrets(i, out)),
        _ => {}
    }
}

/// A value that a snapshot hides would differ from what is compiled at every comparison.
#[test]
fn nothing_that_is_compiled_looks_like_a_credential_to_a_snapshot() {
    let files = files("output");
    let objects = objects(&files);
    assert!(objects.len() > 500);
    for object in objects {
        let mut masked = object.json.clone();
        watershed::snapshot::mask(&mut masked, b"0123456789abcdef");
        assert_eq!(masked, object.json, "{}", object.file);
    }
}
