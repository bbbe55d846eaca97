//! What people rely on in finished objects, from the text of a spec.

use super::{Object, emit};
use crate::catalog::Catalog;
use crate::diag::{Severity, Sink, Sources};
use crate::fleet::resolve;
use crate::object::{Tree, yaml};
use crate::plan::{codes, plan, settle, survey};
use crate::spec::ROOT;
use crate::syntax::read;
use crate::world::Date;

/// Every object of a cluster as `kind name` and its text.
fn objects(text: &str, cluster: &str) -> Vec<(String, String)> {
    let mut sources = Sources::default();
    sources.add("fleet.kdl", text);
    let mut sink = Sink::default();
    let doc = read(sources, &ROOT, &mut sink);
    let catalog = Catalog::builtin();
    let today = Date { year: 2026, month: 11, day: 22 };
    let fleet = resolve(&doc, &catalog, codes::ALL, today, &mut sink).expect("a fleet");
    let summaries: Vec<_> = fleet.cluster_ids().map(|id| survey(&fleet, &catalog, id)).collect();
    let fleet_plan = settle(&fleet, &summaries);
    let id = fleet.cluster_ids().find(|id| fleet.cluster(*id).name == cluster).expect("a cluster");
    let plan = plan(&fleet, &catalog, &fleet_plan, id, &mut sink);
    let errors: Vec<_> = sink.iter().filter(|d| d.severity == Severity::Error).map(|d| &d.what).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut out = Vec::new();
    let mut visit = |object: &Object, tree: &mut Tree, _: &mut _| {
        let mut text = String::new();
        yaml::write(tree, object.root, &mut text);
        out.push((format!("{} {}", object.id.kind, object.id.name), text));
    };
    emit(&plan, &fleet, &catalog, &mut plan.origins.clone(), &mut Tree::new(), &mut visit);
    out
}

fn fleet(settings: &str, store: &str) -> String {
    format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {{
        rest
        retention "1d"
        storage "50Gi"
    }}
    {settings}
}}
zone "idc-1"
zone "idc-2"
cluster "control-a" zone="idc-1" nodes=3
store "central" kind="victoriametrics-cluster" cluster="control-a" {{
    retention "30d"
    storage "100Gi"
    {store}
}}
route "home" from="*" to="central"
"#
    )
}

/// The values of the store's chart.
fn values(text: &str) -> String {
    let all = objects(text, "control-a");
    let texts = all.iter().filter(|(_, text)| text.contains("\nvmstorage:"));
    texts.map(|(_, text)| text.clone()).next().expect("values")
}

/// The names of the Namespaces of a cluster and whether each lets privileged pods in.
fn namespaces(settings: &str) -> Vec<(String, bool)> {
    let all = objects(&fleet(settings, ""), "control-a");
    let named = all.iter().filter_map(|(id, text)| Some((id.strip_prefix("Namespace ")?, text)));
    named.map(|(name, text)| (name.to_owned(), text.contains("enforce: privileged"))).collect()
}

#[test]
fn the_front_door_knows_a_user_for_each_credential_and_admits_nobody_else() {
    // Only an address asks: the door of the chart's own configuration would be open to all.
    let lan = r#"address "lan" url="https://10.0.0.1:8427" zones="idc-1" { bearer secret="lan-token" }"#;
    let alone = values(&fleet("", lan));
    assert!(alone.contains("enabled: true") && alone.contains("name: lan-token"), "{alone}");
    assert_eq!(alone.matches("bearer_token: '%{ADDRESS_1_TOKEN}'").count(), 1, "{alone}");

    let both = values(&fleet(
        "",
        &format!(
            "basic-auth secret=\"write\" previous=\"write-old\"\n{lan}\naddress \"wan\" url=\"https://m.example.com\""
        ),
    ));
    for user in ["%{STORE_USERNAME}", "%{PREVIOUS_USERNAME}", "%{ADDRESS_1_TOKEN}"] {
        assert_eq!(both.matches(user).count(), 1, "{user} in {both}");
    }
    // `wan` has the store's own credential, which is one user.
    assert!(!both.contains("ADDRESS_2"), "{both}");
    assert_eq!(both.matches("secretKeyRef:").count(), 5, "{both}");
}

#[test]
fn what_a_store_says_of_its_components_reaches_the_values() {
    let said = "versions app=\"1.149.0\"\nbasic-auth secret=\"w\"\nreplicas auth=4\naddress \"lan\" url=\"https://10.0.0.1:8427\" zones=\"idc-1\"";
    let text = values(&fleet("storage-class \"fast\"", said));
    // Tags are taken as they stand: the variant is part of those of a cluster's components.
    assert_eq!(text.matches("tag: v1.149.0-cluster").count(), 3, "{text}");
    assert_eq!(text.matches("tag: v1.149.0\n").count(), 1, "{text}");
    assert!(text.contains("replicaCount: 4"), "{text}");
    assert!(text.contains("storageClassName: fast"), "{text}");
    // The chart's own tags follow its version where nothing is said.
    assert!(!values(&fleet("", "")).contains("tag:"));
}

#[test]
fn a_namespace_is_emitted_unless_the_base_brings_it() {
    let named = |settings: &str| namespaces(settings).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(named(""), ["monitoring", "vm"]);
    assert_eq!(named("base \"kube-prometheus\""), ["vm"]);
    assert_eq!(named("base \"kube-prometheus\"\nnamespace \"watershed\""), ["vm", "watershed"]);
    assert_eq!(named("base \"kube-prometheus\" namespace=\"prom\""), ["monitoring", "vm"]);
}

#[test]
fn only_namespaces_of_pods_that_need_their_host_are_privileged() {
    let apart = "job \"node-exporter\" { exporter \"watershed\" namespace=\"nodes\" }";
    assert_eq!(
        namespaces(apart),
        [("monitoring".to_owned(), false), ("nodes".to_owned(), true), ("vm".to_owned(), false)]
    );
    assert_eq!(namespaces("")[0], ("monitoring".to_owned(), true));
}

/// The label by which a cluster's admission decides.
#[test]
fn a_namespace_admits_what_runs_there_and_refuses_nobody_elses_pods() {
    let all = |settings: &str| objects(&fleet(settings, ""), "control-a");
    let of = |settings: &str, name: &str| {
        let all = all(settings);
        let found = all.iter().find(|(id, _)| *id == format!("Namespace {name}")).expect("a namespace");
        let labels = found.1.lines().filter(|l| l.contains("pod-security"));
        labels.map(|l| l.trim().trim_start_matches("pod-security.kubernetes.io/").to_owned()).collect::<Vec<_>>()
    };
    let apart = "job \"node-exporter\" { exporter \"watershed\" namespace=\"nodes\" }";
    assert_eq!(of(apart, "nodes"), ["enforce: privileged"]);
    assert_eq!(of(apart, "monitoring"), ["warn: restricted"]);
    assert_eq!(of(apart, "vm"), ["enforce: baseline"]);
}

/// The object of that kind and name.
fn object(text: &str, id: &str) -> String {
    let all = objects(text, "control-a");
    let found = all.iter().find(|(name, _)| name == id);
    found.unwrap_or_else(|| panic!("no {id} in {:?}", all.iter().map(|(id, _)| id).collect::<Vec<_>>())).1.clone()
}

#[test]
fn the_pages_of_a_prometheus_get_a_node_port_or_an_ingress() {
    let with = |expose: &str| fleet("", "").replace("rest\n", &format!("rest\n{expose}\n"));
    let port = with("expose \"node-port\" port=30090 host=\"node-1.example.com\"");
    let service = object(&port, "Service prometheus-user-node-port");
    assert!(service.contains("type: NodePort") && service.contains("nodePort: 30090"), "{service}");
    // Monitors find a Prometheus by this label: it would be scraped a second time.
    assert!(!service.contains("watershed/prometheus"), "{service}");
    assert!(object(&port, "Prometheus user").contains("externalUrl: http://node-1.example.com:30090"));
    let ingress = with("expose \"ingress\" host=\"prometheus.example.com\" class=\"nginx\"");
    let text = object(&ingress, "Ingress prometheus-user");
    for part in [
        "ingressClassName: nginx",
        "host: prometheus.example.com",
        "path: /",
        "pathType: Prefix",
        "name: prometheus-user",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(object(&ingress, "Prometheus user").contains("externalUrl: http://prometheus.example.com\n"));
    assert!(!object(&with("expose \"none\""), "Prometheus user").contains("externalUrl"));
}

#[test]
fn the_front_door_of_a_store_is_exposed_as_its_addresses_ask() {
    let door = |addresses: &str| values(&fleet("", &format!("basic-auth secret=\"write\"\n{addresses}")));
    let ingress = door(
        "address \"wan\" url=\"https://m.example.com\" { expose \"ingress\" class=\"nginx\" }\naddress \"lan\" url=\"http://m.lan\" zones=\"idc-2\" { expose \"ingress\" class=\"nginx\" }",
    );
    for part in [
        "ingressClassName: nginx",
        "- name: m.example.com",
        "- name: m.lan",
        "secretName: central-wan-tls",
        "proxy-body-size: 32m",
        "    - m.example.com\n",
    ] {
        assert!(ingress.contains(part), "{part} in {ingress}");
    }
    // The other host has no certificate to be served with.
    assert_eq!(ingress.matches("secretName:").count(), 1, "{ingress}");
    let port = door("address \"lan\" url=\"http://10.0.0.1:30427\" zones=\"idc-2\" { expose \"node-port\" }");
    assert!(port.contains("type: NodePort") && port.contains("nodePort: 30427"), "{port}");
    let balancer = door("address \"lan\" url=\"http://10.0.0.9:8080\" zones=\"idc-2\" { expose \"load-balancer\" }");
    assert!(balancer.contains("type: LoadBalancer") && balancer.contains("servicePort: 8080"), "{balancer}");
    let plain = door("address \"lan\" url=\"http://10.0.0.9\" zones=\"idc-2\" { expose \"elsewhere\" }");
    assert!(!plain.contains("ingress:") && !plain.contains("service:"), "{plain}");
}

const READER: &str = "reader \"grafana\" reads=\"user\"";

#[test]
fn the_grafana_operator_gets_resources_that_name_their_grafana() {
    let text = fleet(&format!("{READER}\ngrafana \"operator\" {{ labels dashboards=\"grafana\" }}"), "");
    let source = object(&text, "GrafanaDatasource grafana-control-a-user");
    for part in
        ["dashboards: grafana", "uid: control-a-user", "url: http://prometheus-user.monitoring", "type: prometheus"]
    {
        assert!(source.contains(part), "{part} in {source}");
    }
    let dashboard = object(&text, "GrafanaDashboard grafana-dashboard-lanes");
    assert!(dashboard.contains("folderRef: grafana") && dashboard.contains("json: "), "{dashboard}");
    assert!(object(&text, "GrafanaFolder grafana").contains("title: Watershed"));
    assert!(objects(&text, "control-a").iter().all(|(id, _)| !id.starts_with("ConfigMap grafana")));
}

/// The patch of the Deployment that kube-prometheus makes.
fn patch(text: &str) -> Option<serde_json::Value> {
    let mut sources = Sources::default();
    sources.add("fleet.kdl", text);
    let mut sink = Sink::default();
    let doc = read(sources, &ROOT, &mut sink);
    let catalog = Catalog::builtin();
    let fleet =
        resolve(&doc, &catalog, codes::ALL, Date { year: 2026, month: 11, day: 22 }, &mut sink).expect("a fleet");
    let summaries: Vec<_> = fleet.cluster_ids().map(|id| survey(&fleet, &catalog, id)).collect();
    let fleet_plan = settle(&fleet, &summaries);
    let id = fleet.cluster_ids().next().expect("a cluster");
    let plan = plan(&fleet, &catalog, &fleet_plan, id, &mut sink);
    let mut tree = Tree::new();
    let root = super::grafana_patch(&plan, &mut tree)?;
    Some(tree.to_json(root))
}

/// The API server takes DNS labels for names of volumes, and refuses the Deployment for any other.
#[test]
fn volumes_of_grafana_are_dns_labels_whatever_the_secrets_are_called() {
    let secret = format!("central.{}", "write".repeat(20));
    let reader = "reader \"grafana\" reads=\"user central\"";
    let door = format!("basic-auth secret=\"{secret}\"\n address \"lan\" url=\"https://m.example.com\"");
    let text = fleet(&format!("base \"kube-prometheus\"\n{reader}"), &door) + "cluster \"a\" zone=\"idc-2\" nodes=3\n";
    let patch = self::patch(&text).expect("a patch");
    let pod = &patch["spec"]["template"]["spec"];
    let volumes = pod["volumes"].as_array().expect("volumes");
    for volume in volumes {
        let name = volume["name"].as_str().expect("a name");
        assert!(name.len() <= 63 && !name.contains('.'), "{name}");
    }
    let of_secret = volumes.iter().find(|v| v["secret"]["secretName"] == secret).expect("the Secret");
    let mounts = pod["containers"][0]["volumeMounts"].as_array().expect("mounts");
    assert!(mounts.iter().any(|m| m["name"] == of_secret["name"]), "{mounts:?}");
}

#[test]
fn the_grafana_of_kube_prometheus_mounts_all_that_is_made_for_it() {
    let text = fleet(&format!("base \"kube-prometheus\"\n{READER}"), "");
    let patch = self::patch(&text).expect("a patch");
    let pod = &patch["spec"]["template"]["spec"];
    let mounts = pod["containers"][0]["volumeMounts"].as_array().expect("mounts");
    let volumes = pod["volumes"].as_array().expect("volumes");
    let made: Vec<String> = objects(&text, "control-a").into_iter().map(|(id, _)| id).collect();
    for mount in mounts {
        let volume = volumes.iter().find(|v| v["name"] == mount["name"]).expect("a volume");
        let from = volume["configMap"]["name"].as_str().expect("a ConfigMap");
        assert!(made.contains(&format!("ConfigMap {from}")), "{from} in {made:?}");
        assert!(mount["mountPath"].as_str().is_some_and(|p| p.starts_with("/grafana-dashboard-definitions/0/")));
    }
    assert!(!mounts.is_empty());
    // Its own data sources stay, ours stand beside them.
    assert_eq!(volumes[0]["name"], "grafana-datasources");
    assert_eq!(volumes[0]["projected"]["sources"][0]["secret"]["name"], "grafana-datasources");
    let ours = volumes[0]["projected"]["sources"][1]["configMap"]["name"].as_str().expect("ours");
    assert!(made.contains(&format!("ConfigMap {ours}")), "{ours} in {made:?}");
    assert!(self::patch(&fleet(READER, "")).is_none());
}
