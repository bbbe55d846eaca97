use super::*;
use crate::check::Finding;
use crate::diag::{FileId, Origin, Origins, Span, Why};
use serde_json::json;

const NEWEST: Versions = Versions { operator: Release::new(0, 93, 0), kubernetes: Release::new(1, 35, 0) };

fn check_with(versions: &Versions, value: serde_json::Value) -> Vec<Finding> {
    let mut tree = Tree::new();
    let root = tree.add_json("", &value, Origin::INHERIT);
    let mut findings = Vec::new();
    object(&tree, root, versions, &mut |f| findings.push(f));
    findings
}

fn check(value: serde_json::Value) -> Vec<(&'static str, String, String)> {
    check_with(&NEWEST, value).into_iter().map(|f| (f.code.id, f.path, f.help)).collect()
}

fn prometheus(spec: serde_json::Value) -> serde_json::Value {
    json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"name": "user", "namespace": "monitoring"}, "spec": spec})
}

fn deployment(pod: serde_json::Value) -> serde_json::Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "relay"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}}
    })
}

/// The only finding: its code, path and help.
fn only(value: serde_json::Value) -> (&'static str, String, String) {
    let findings = check(value.clone());
    assert_eq!(findings.len(), 1, "{findings:?} {value}");
    findings.into_iter().next().unwrap()
}

#[test]
fn a_good_object_has_no_findings() {
    assert_eq!(
        check(prometheus(json!({
            "replicas": 2, "retention": "15d", "retentionSize": "80GB", "externalLabels": {"cluster": "edge-1"},
            "podMonitorSelector": {}, "shards": null,
            "resources": {"requests": {"cpu": "500m", "memory": "4Gi"}, "limits": {"memory": 8}},
            "remoteWrite": [{"url": "http://a", "queueConfig": {"maxShards": 10}, "writeRelabelConfigs": [{"action": "keep"}]}],
            "scrapeClasses": [{"name": "a"}, {"name": "b"}]
        }))),
        []
    );
    assert_eq!(
        check(deployment(json!({
            "containers": [{"name": "a", "image": "b", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
                "livenessProbe": {"httpGet": {"port": "web", "path": "/"}}}],
            "tolerations": [{"operator": "Exists"}], "nodeSelector": {"a/b": "c"}
        }))),
        []
    );
}

#[test]
fn unknown_fields_are_named_with_the_nearest_known_one() {
    assert_eq!(
        only(prometheus(json!({"externalLabel": {}}))),
        ("OBJ101", "spec.externalLabel".to_owned(), "did you mean `externalLabels`?".to_owned())
    );
    assert_eq!(
        only(prometheus(json!({"remoteWrite": [{"url": "x", "queueConfig": {"zz": 1}}]}))).1,
        "spec.remoteWrite[0].queueConfig.zz"
    );
    assert_eq!(only(deployment(json!({"containers": [{"name": "a", "comand": []}]}))).2, "did you mean `command`?");
    let newer = Versions { operator: Release::new(0, 99, 0), ..NEWEST };
    assert!(check_with(&newer, prometheus(json!({"brandNew": 1})))[0].help.contains("end at 0.93.0"));
}

#[test]
fn values_must_have_their_fields_type_and_form() {
    for (spec, path) in [
        (json!({"replicas": "2"}), "spec.replicas"),
        (json!({"paused": "true"}), "spec.paused"),
        (json!({"retention": "15"}), "spec.retention"),
        (json!({"retentionSize": "80Gi"}), "spec.retentionSize"),
        (json!({"externalLabels": {"a": 1}}), "spec.externalLabels.a"),
        (json!({"externalLabels": []}), "spec.externalLabels"),
        (json!({"remoteWrite": {"url": "x"}}), "spec.remoteWrite"),
        (json!({"resources": {"limits": {"memory": "8GB"}}}), "spec.resources.limits.memory"),
    ] {
        let (code, at, help) = only(prometheus(spec));
        assert_eq!((code, at.as_str(), help.is_empty()), ("OBJ102", path, false));
    }
    assert_eq!(only(prometheus(json!({"externalLabels": {"a": true}}))).2, "Put it in quotes.");
    let (code, _, help) = only(prometheus(json!({"logLevel": "wran"})));
    assert_eq!((code, help.as_str()), ("OBJ103", "did you mean `warn`?"));
}

#[test]
fn what_the_api_requires_must_be_there() {
    let (code, path, _) = only(prometheus(json!({"remoteWrite": [{"name": "x"}]})));
    assert_eq!((code, path.as_str()), ("OBJ104", "spec.remoteWrite[0]"));
    assert_eq!(only(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"name": "x"}]}})).0, "OBJ104");
    // Required, but filled in by the API server.
    assert_eq!(check(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})), []);
}

#[test]
fn fields_are_held_against_the_declared_versions() {
    let at = |operator| Versions { operator, ..NEWEST };
    let codes = |operator, spec| -> Vec<_> {
        check_with(&at(operator), prometheus(spec)).into_iter().map(|f| (f.code.id, f.what)).collect()
    };
    let spec = json!({"scrapeClasses": [{"name": "a", "relabelings": []}]});
    assert_eq!(codes(Release::new(0, 74, 0), spec.clone()), []);
    let old = codes(Release::new(0, 70, 1), spec);
    assert_eq!(old.len(), 1, "{old:?}");
    assert_eq!(old[0].0, "OBJ105");
    assert!(old[0].1.contains("0.72.0") && old[0].1.contains("0.70.1"), "{}", old[0].1);
    // Between two releases that were compared nobody knows, and a warning says so.
    assert_eq!(codes(Release::new(0, 79, 0), json!({"serviceName": "x"}))[0].0, "OBJ107");
    assert_eq!(codes(Release::new(0, 81, 2), json!({"serviceName": "x"})), []);
    let old = Versions { kubernetes: Release::new(1, 25, 0), ..NEWEST };
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"trafficDistribution": "PreferClose"}});
    assert_eq!(check_with(&old, service)[0].code.id, "OBJ105");
}

#[test]
fn items_of_keyed_lists_and_sets_are_distinct() {
    let (code, path, _) = only(deployment(json!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "a"}]})));
    assert_eq!((code, path.as_str()), ("OBJ108", "spec.template.spec.containers[2]"));
    // The default of a key counts.
    let ports = json!([{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]);
    assert_eq!(only(deployment(json!({"containers": [{"name": "a", "ports": ports}]}))).0, "OBJ108");
    assert_eq!(only(prometheus(json!({"scrapeProtocols": ["PrometheusProto", "PrometheusProto"]}))).0, "OBJ108");
}

#[test]
fn names_labels_and_sizes_are_checked() {
    let named =
        |kind: &str, api: &str, name: &str| check(json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}}));
    assert_eq!(named("ConfigMap", "v1", "a.b"), []);
    assert_eq!(named("Namespace", "v1", "a.b")[0].0, "OBJ109");
    assert_eq!(named("ConfigMap", "v1", "A_b")[0].1, "metadata.name");
    let labelled =
        |labels| check(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": labels}}));
    assert_eq!(labelled(json!({"watershed/fleet": "a", "b": ""})), []);
    assert_eq!(labelled(json!({"a b": "c"}))[0].1, "metadata.labels[\"a b\"]");
    assert_eq!(labelled(json!({"a": "c d"}))[0].0, "OBJ110");
    let (_, path, _) = only(prometheus(json!({"podMetadata": {"labels": {"a": "/"}}})));
    assert_eq!(path, "spec.podMetadata.labels.a");
    // Labels of alerts are Prometheus' own: anything goes.
    let rules = |annotation: &str| {
        json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "a"},
        "spec": {"groups": [{"name": "g", "rules": [{"expr": "1", "alert": "A", "labels": {"x": "a b"}, "annotations": {"d": annotation}}]}]}})
    };
    assert_eq!(check(rules("short")), []);
    assert_eq!(only(rules(&"x".repeat(513 * 1024))).0, "OBJ111");
    let map = |n: usize| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "x".repeat(n)}});
    assert_eq!(check(map(1024 * 1024 - 1)), []);
    assert_eq!(only(map(1024 * 1024)).0, "OBJ111");
}

#[test]
fn kinds_without_a_table_pass_with_a_remark() {
    let (code, _, help) = only(json!({"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "a"}}));
    assert_eq!((code, help.as_str()), ("OBJ112", "Deployment is described for apps/v1."));
    let found = check(json!({"apiVersion": "x/v1", "kind": "Y", "metadata": {"name": "a", "labels": {"-": "b"}}}));
    assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), ["OBJ110", "OBJ112"]);
}

#[test]
fn values_files_are_checked_against_their_chart() {
    let mut tree = Tree::new();
    let given = json!({"vmstorage": {"replicaCount": 2, "replicas": 3, "extraArgs": {"a.b": "1"}, "retentionPeriod": "30d", "persistentVolume": {"size": "x"}}});
    let root = tree.add_json("", &given, Origin::INHERIT);
    let id = ObjectId {
        api_version: String::new(),
        kind: "values".to_owned(),
        namespace: String::new(),
        name: "vm".to_owned(),
    };
    let check = |version| {
        let mut findings = Vec::new();
        let chart = ("victoria-metrics-cluster", version);
        values(&tree, root, &id, chart, &mut |f| findings.push((f.code.id, f.path, f.object.to_string())));
        findings
    };
    assert_eq!(check("0.1.0"), [("OBJ113", String::new(), "values/vm".to_owned())]);
    assert_eq!(super::codes::CHART_NOT_DESCRIBED.severity, crate::diag::Severity::Error);
    let findings = check("0.49.0");
    assert_eq!(
        findings,
        [
            ("OBJ101", "vmstorage.replicas".to_owned(), "values/vm".to_owned()),
            ("OBJ102", "vmstorage.persistentVolume.size".to_owned(), "values/vm".to_owned())
        ]
    );
}

#[test]
fn a_finding_points_at_the_nearest_line_of_the_spec() {
    let mut origins = Origins::default();
    let line = origins.spec(Span::new(FileId(0), 3, 8));
    let template = origins.add(Why::Default("catalog"));
    let mut tree = Tree::new();
    let root = tree.add_json("", &prometheus(json!({"remoteWrite": [{"url": 1}]})), Origin::INHERIT);
    tree.set_origin(root, line);
    tree.set_origin(tree.pointer(root, "/spec/remoteWrite").unwrap(), template);
    let mut found = Vec::new();
    object(&tree, root, &NEWEST, &mut |f| found.push(f));
    assert_eq!((found[0].origin, found[0].outer.as_slice()), (template, &[line][..]));
    let diagnostic = found.remove(0).into_diagnostic(&origins, &Origins::default(), Span::NONE);
    assert_eq!(diagnostic.at, Span::new(FileId(0), 3, 8));
    assert_eq!(diagnostic.at_label, "becomes `spec.remoteWrite[0].url` of Prometheus/monitoring/user");
    assert!(!diagnostic.why.is_empty() && !diagnostic.help.is_empty());
}

#[test]
fn kubernetes_objects_that_pass_are_read_by_its_own_types_without_loss() {
    use k8s_openapi::api::{apps::v1::Deployment, core::v1::Service, policy::v1::PodDisruptionBudget};
    fn whole<T: serde::de::DeserializeOwned + serde::Serialize>(value: serde_json::Value) {
        assert_eq!(check(value.clone()), []);
        let read: T = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), value);
    }
    whole::<Deployment>(deployment(json!({
        "serviceAccountName": "relay", "priorityClassName": "p", "terminationGracePeriodSeconds": 60,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "x", "labelSelector": {"matchLabels": {"a": "b"}}}]}},
        "containers": [{"name": "a", "image": "b", "args": ["-x"], "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
            "ports": [{"containerPort": 80, "name": "http"}], "resources": {"limits": {"memory": "1Gi"}},
            "readinessProbe": {"httpGet": {"path": "/", "port": "http"}}, "volumeMounts": [{"mountPath": "/d", "name": "d"}]}],
        "volumes": [{"name": "d", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "c", "configMap": {"name": "c", "items": [{"key": "a", "path": "b"}]}}],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}]
    })));
    whole::<Service>(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"},
        "spec": {"clusterIP": "None", "ports": [{"port": 80, "targetPort": "http", "protocol": "TCP"}], "selector": {"a": "b"}}}));
    whole::<PodDisruptionBudget>(
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}}}),
    );
}
