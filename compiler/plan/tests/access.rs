//! What the service account of each Prometheus may read.

use super::{World, emitted, lane};

fn world(cluster: &str, settings: &str) -> World {
    World::of(&format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {{
        jobs "node-exporter" "kubelet" "cadvisor" "kube-state-metrics"
        retention "1d"
        storage "50Gi"
    }}
    prometheus "system" {{
        jobs "prometheus"
        retention "1d"
        storage "50Gi"
    }}
    {settings}
}}
cluster "lab" nodes=3 pods=90 {{ {cluster} }}
alertmanager "platform" service="alerting/main"
"#
    ))
}

/// `kind namespace/name: what may be done`, of one Prometheus.
fn granted(world: &World, of: &str) -> Vec<String> {
    let plan = world.sound("lab");
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    let list = |v: &serde_json::Value| v.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(",");
    let mut out = Vec::new();
    for object in emitted(world, &plan) {
        let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
        if !matches!(kind.as_str(), "Role" | "ClusterRole") || !name.ends_with(&format!("prometheus-{of}")) {
            continue;
        }
        let rules: Vec<String> = object["rules"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|r| format!("{}{} {}", list(&r["resources"]), list(&r["nonResourceURLs"]), list(&r["verbs"])))
            .collect();
        out.push(format!("{kind} {}/{name}: {}", text(&object["metadata"]["namespace"]), rules.join("; ")));
    }
    out
}

#[test]
fn a_cluster_role_grants_what_discovery_and_kubelets_ask_for_and_no_more() {
    let world = world("", "");
    assert_eq!(
        granted(&world, "user"),
        ["ClusterRole /monitoring-prometheus-user: services,pods get,list,watch; endpointslices get,list,watch; \
             nodes/metrics get"]
    );
    // It scrapes no kubelet.
    assert_eq!(
        granted(&world, "system"),
        ["ClusterRole /monitoring-prometheus-system: services,pods get,list,watch; endpointslices get,list,watch"]
    );
}

#[test]
fn an_operator_that_knows_no_slices_discovers_by_endpoints() {
    let world = world("versions operator=\"0.75.0\"", "");
    assert_eq!(
        granted(&world, "system"),
        ["ClusterRole /monitoring-prometheus-system: services,endpoints,pods get,list,watch"]
    );
}

#[test]
fn targets_behind_a_proxy_that_asks_the_api_server_need_their_paths() {
    let world = world("base \"kube-prometheus\"", "");
    let plan = world.sound("lab");
    let paths: Vec<&str> = lane(&plan, "user").access.paths.iter().map(String::as_str).collect();
    assert_eq!(paths, ["/metrics"]);
    assert!(granted(&world, "user")[0].ends_with("nodes/metrics get; /metrics get"));
}

#[test]
fn roles_stand_in_exactly_the_namespaces_that_are_discovered() {
    let world = world("rbac \"namespaced\"", "alerts \"platform\"");
    let watch = "services,pods get,list,watch; endpointslices get,list,watch";
    assert_eq!(
        granted(&world, "user"),
        [
            // Where its Alertmanager is.
            format!("Role alerting/monitoring-prometheus-user: {watch}"),
            // Kubelets.
            format!("Role kube-system/monitoring-prometheus-user: {watch}"),
            format!("Role monitoring/monitoring-prometheus-user: {watch}"),
            "ClusterRole /monitoring-prometheus-user: nodes/metrics get".to_owned(),
        ]
    );
    // Nothing of this one is in no namespace.
    let system = granted(&world, "system");
    assert!(system.iter().all(|role| role.starts_with("Role ")), "{system:?}");
    let bindings = emitted(&world, &world.sound("lab")).into_iter().filter(|o| o["kind"] == "RoleBinding");
    for binding in bindings {
        assert_eq!(binding["roleRef"]["kind"], "Role");
        assert_eq!(binding["roleRef"]["name"], binding["metadata"]["name"]);
        assert_eq!(binding["subjects"][0]["namespace"], "monitoring");
    }
}

#[test]
fn a_job_that_looks_everywhere_cannot_have_roles_in_single_namespaces() {
    let found = |said: &str| {
        let world =
            world(&format!("rbac \"namespaced\"\njob \"kubernetes-pods\" prometheus=\"system\" {{ {said} }}"), "");
        world.told(&world.plan("lab").1)
    };
    let told = found("");
    assert_eq!(told, ["PLN181 \"namespaced\": `kubernetes-pods` looks for its targets in every namespace"]);
    assert_eq!(found("discover \"annotations\" { namespace \"apps\" }"), Vec::<String>::new());
}
