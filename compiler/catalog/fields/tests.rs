use super::*;
use crate::diag::Origin;
use crate::object::{NodeId, Tree};
use serde_json::json;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/targets/");

fn tree(value: &serde_json::Value) -> (Tree, NodeId) {
    let mut tree = Tree::new();
    let root = tree.add_json("", value, Origin::INHERIT);
    (tree, root)
}

#[expect(clippy::disallowed_methods, reason = "compares the list with the folder")]
fn tables_in(folder: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tables_in(&path, found);
        } else {
            found.push(path.to_str().unwrap().strip_prefix(ROOT).unwrap().to_owned());
        }
    }
}

#[test]
fn every_file_is_listed_and_says_what_it_is_listed_as() {
    let mut found = Vec::new();
    tables_in(std::path::Path::new(ROOT), &mut found);
    found.sort();
    let mut listed: Vec<String> = files::KINDS.iter().chain(&files::CHARTS).map(|t| t.path.to_owned()).collect();
    listed.push("kubernetes/1.35.0/types.tsv".to_owned());
    listed.sort();
    assert_eq!(listed, found);
    assert!(files::KINDS.is_sorted_by_key(|k| (k.kind, k.api_version)));
    for source in files::KINDS.iter().chain(&files::CHARTS) {
        let table = source.table().unwrap_or_else(|| panic!("{} cannot be read", source.path));
        assert_eq!((table.kind(), table.api_version()), (source.kind, source.api_version), "{}", source.path);
        assert!(!table.is_empty(), "{}", source.path);
    }
}

#[test]
fn every_shared_type_that_is_referred_to_exists_and_can_be_read() {
    fn walk(field: Field, seen: &mut std::collections::BTreeSet<&'static str>, count: &mut usize) {
        *count += 1;
        if let Type::Shared(name) = field.ty {
            assert!(shared(name).is_some(), "{name}");
            if !seen.insert(name) {
                return;
            }
        }
        field.children().for_each(|c| walk(c, seen, count));
    }
    let mut count = 0;
    let mut seen = std::collections::BTreeSet::new();
    files::KINDS.iter().for_each(|k| walk(k.table().unwrap().root(), &mut seen, &mut count));
    assert!(count > 10_000 && seen.contains("core.v1.PodSpec"), "{count}");
}

#[test]
fn fields_are_found_by_path_and_through_shared_types() {
    let prometheus = table("monitoring.coreos.com/v1", "Prometheus").unwrap();
    let url = prometheus.field("spec.remoteWrite[].url").unwrap();
    assert_eq!((url.ty, url.required), (Type::String, true));
    assert_eq!(prometheus.field("spec.externalLabels.*").unwrap().ty, Type::String);
    assert_eq!(prometheus.field("spec.externalLabels.cluster").unwrap().ty, Type::String);
    assert_eq!(prometheus.field("spec.scrapeInterval").unwrap().default_json(), Some("\"30s\""));
    assert_eq!(prometheus.field("spec.retentionSize").unwrap().ty, Type::Size);
    assert_eq!(prometheus.field("spec.resources.limits.cpu").unwrap().ty, Type::Quantity);
    assert_eq!(prometheus.field("metadata.labels.a").unwrap().ty, Type::String);
    assert_eq!(prometheus.field("spec.external_labels").map(|f| f.ty), None);
    let deployment = table("apps/v1", "Deployment").unwrap();
    let ports = deployment.field("spec.template.spec.containers[].ports").unwrap();
    assert_eq!(ports.merge(), Merge::Keyed);
    assert_eq!(ports.keys().collect::<Vec<_>>(), ["containerPort", "protocol"]);
    assert_eq!(ports.items().unwrap().child("protocol").unwrap().default_json(), Some("\"TCP\""));
    assert_eq!(deployment.field("spec.template.spec.nodeSelector").unwrap().merge(), Merge::Atomic);
    assert!(table("apps/v1beta1", "Deployment").is_none());
    assert_eq!(api_versions("Deployment").collect::<Vec<_>>(), ["apps/v1"]);
    let values = values("victoria-metrics-cluster", "0.49.0").unwrap();
    assert_eq!(values.field("vmstorage.persistentVolume.size").unwrap().ty, Type::Quantity);
    assert_eq!(values.field("vmselect.extraArgs.anything").unwrap().ty, Type::Any);
    assert!(values.field("vmselect.replicas").is_none());
}

#[test]
fn fields_know_since_when_they_exist() {
    let prometheus = table("monitoring.coreos.com/v1", "Prometheus").unwrap();
    let since = |path: &str| prometheus.field(path).unwrap().since();
    assert_eq!(since("spec.replicas"), None);
    // Both from the operator's changelog.
    assert_eq!(since("spec.scrapeClasses"), Some(Release::new(0, 72, 0)));
    assert_eq!(since("spec.serviceDiscoveryRole"), Some(Release::new(0, 76, 0)));
    assert_eq!(since("spec.scrapeClasses[].name"), Some(Release::new(0, 72, 0)), "as its parent");
    let messages = prometheus.field("spec.remoteWrite[].messageVersion").unwrap();
    assert_eq!(messages.absent_until(), Some(Release::new(0, 76, 0)));
    assert_eq!(messages.since(), Some(Release::new(0, 81, 0)));
    assert_eq!(messages.values().map(|v| v.0).collect::<Vec<_>>(), ["V1.0", "V2.0"]);
}

fn crd(properties: serde_json::Value) -> serde_json::Value {
    json!({
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "example.com",
            "names": {"kind": "Tank"},
            "versions": [
                {"name": "v1alpha1", "storage": false},
                {"name": "v1", "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}}}
            ]
        }
    })
}

#[test]
fn releases_of_a_crd_are_joined_into_one_table() {
    let older = crd(json!({
        "spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "string", "enum": ["s", "m"]},
            "colour": {"type": "string", "description": "not kept"},
            "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}
        }}
    }));
    let newer = crd(json!({
        "spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "string", "enum": ["s", "m", "l"]},
            "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "taps": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {
                "type": "object", "required": ["name"],
                "properties": {"name": {"type": "string"}, "flow": {"type": "integer", "default": 3}}
            }}
        }},
        "status": {"type": "object", "properties": {"full": {"type": "boolean"}}}
    }));
    let (older, newer, other) = (tree(&older), tree(&newer), tree(&json!({"kind": "ConfigMap"})));
    // In any order.
    let published = [
        Published { release: Release::new(0, 9, 0), documents: vec![(&newer.0, newer.1), (&other.0, other.1)] },
        Published { release: Release::new(0, 5, 0), documents: vec![(&older.0, older.1)] },
    ];
    let files = import_crds("tank-operator", &published);
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].path, "tank-operator/0.9.0/Tank.tsv");
    assert_eq!(
        files[0].text,
        "#\ttank-operator\texample.com/v1\tTank\t0.5.0 0.9.0\n\
         field\ttype\tlist\tneed\tsince\tuntil\tenum\tdefault\n\
         metadata\t@meta.v1.ObjectMeta\n\
         spec\tmap\n \
         any\t{any}\n \
         colour\tstring\t\t\t\t0.5.0\n \
         size\tstring\t\t!\t\t\ts|m|l@0.9.0\n \
         taps\t[map]\tkeyed name\t\t0.9.0\n  \
         flow\tint\t\t\t\t\t\t3\n  \
         name\tstring\t\t!\n\
         status\tany\t\t\t0.9.0\n"
    );
    let table: &'static Table = Box::leak(Box::new(Table::parse(files[0].text.clone().leak()).unwrap()));
    let size = table.field("spec.size").unwrap();
    assert_eq!(size.values().collect::<Vec<_>>(), [("s", None), ("m", None), ("l", Some(Release::new(0, 9, 0)))]);
    assert_eq!(table.field("spec.colour").unwrap().until(), Some(Release::new(0, 5, 0)));
    assert_eq!(table.field("spec.taps[].flow").unwrap().since(), Some(Release::new(0, 9, 0)));
}

#[test]
fn types_used_once_stand_where_they_are_used() {
    let document = json!({"components": {"schemas": {
        "io.k8s.api.core.v1.Pump": {
            "type": "object",
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pump"}],
            "properties": {
                "kind": {"type": "string"},
                "spec": {"allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.PumpSpec"}], "default": {}}
            }
        },
        "io.k8s.api.core.v1.PumpSpec": {"type": "object", "properties": {
            "in": {"$ref": "#/components/schemas/io.k8s.api.core.v1.Pipe"},
            "out": {"type": "array", "items": {"$ref": "#/components/schemas/io.k8s.api.core.v1.Pipe"}},
            "limit": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"}
        }},
        "io.k8s.api.core.v1.Pipe": {"type": "object", "properties": {"width": {"type": "integer", "default": 0}}}
    }}});
    let (t, root) = tree(&document);
    let published = [Published { release: Release::new(1, 2, 0), documents: vec![(&t, root)] }];
    let files = import_openapi("kubernetes", &published, &[("v1", "Pump")]);
    let body = |i: usize| files[i].text.split_once("default\n").unwrap().1;
    assert_eq!(
        files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(),
        ["kubernetes/1.2.0/Pump.tsv", "kubernetes/1.2.0/types.tsv"]
    );
    assert_eq!(body(0), "kind\tstring\t\t!\nspec\tmap\n in\t@core.v1.Pipe\n limit\tquantity\n out\t[@core.v1.Pipe]\n");
    assert_eq!(body(1), "@core.v1.Pipe\nwidth\tint\n");
}

#[test]
fn values_are_open_where_defaults_say_nothing() {
    let (t, root) = tree(&json!({
        "replicas": 2, "labels": {}, "list": [], "args": {"a": "b"}, "image": {"tag": ""}, "nothing": null, "modes": ["x"]
    }));
    let hints = ValuesHints {
        open: &["args"],
        types: &[("replicas", "int-or-string")],
        added: &[("image", "pullPolicy", "string")],
    };
    let file = import_values("tank", Release::new(1, 0, 0), (&t, root), &hints);
    assert_eq!(
        file.text.split_once("default\n").unwrap().1,
        "args\t{any}\nimage\tmap\n pullPolicy\tstring\n tag\tstring\nlabels\t{any}\nlist\t[any]\nmodes\t[string]\nnothing\tany\n\
         replicas\tint-or-string\n"
    );
}

#[test]
fn a_broken_table_is_refused_with_its_line() {
    let parse = |body: &str| Table::parse(format!("#\tc\tv1\tK\t1.0.0\nfield\n{body}").leak()).map(|_| ()).unwrap_err();
    assert_eq!(parse("a\tmap\n   b\tint\n"), "line 2 of the fields: indented deeper than its parent");
    assert_eq!(parse("a\tflat\n"), "line 1 of the fields: an unknown type");
    assert_eq!(parse("a\t[int\n"), "line 1 of the fields: an unknown type");
    assert_eq!(parse("a\t[int]\tsome\n"), "line 1 of the fields: an unknown kind of list");
    assert_eq!(parse("b\tint\na\tint\n"), "the fields beside `a` are not sorted by name");
    assert_eq!(parse("a\tint\t\t\t9.9.9\n"), "line 1 of the fields: a release that was not compared");
    assert!(Table::parse("a table?").is_err());
    assert!(Table::parse("#\tc\tv1\tK\t2.0 1.0\n").is_err());
}

/// Kubernetes 1.29 gave the resources of a claim a type of their own: its fields are as old as claims.
#[test]
fn fields_of_a_renamed_type_are_as_old_as_what_they_are_in() {
    let claims = table("v1", "PersistentVolumeClaim").expect("a table").root();
    for path in [["spec", "resources", "requests"], ["spec", "resources", "limits"], ["spec", "dataSourceRef", "name"]]
    {
        let field = path.iter().try_fold(claims, |field, key| field.child(key)).expect("a field");
        assert_eq!(field.since(), None, "{path:?}");
    }
}
