//! Who is told, and over which way.

use serde_json::json;

use super::*;

fn world(operator: &str, alertmanager: &str) -> World {
    World::of(&format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="{operator}" prometheus="3.13.2"
    alerts "main"
    prometheus "user" {{
        rest
        retention "7d"
        storage "100Gi"
    }}
}}
zone "idc-1"
zone "far"
cluster "control-a" zone="idc-1" nodes=3 pods=90
cluster "lan" zone="idc-1" nodes=3 pods=90
cluster "public" zone="far" nodes=3 pods=90
alertmanager "main" cluster="control-a" {{
    address "lan" url="http://10.0.102.96:9093" zones="idc-1"
    address "public" url="https://alerts.example.com/am/"
    basic-auth secret="alerts-write"
    ca secret="alerts-ca"
    {alertmanager}
}}
"#
    ))
}

const ONCALL: &str = "receiver \"oncall\" kind=\"webhook\" secret=\"alert-oncall\"";

fn object<'o>(all: &'o [serde_json::Value], kind: &str, name: &str) -> &'o serde_json::Value {
    let is = |o: &&serde_json::Value| o["kind"] == kind && o["metadata"]["name"] == name;
    all.iter().find(is).unwrap_or_else(|| panic!("no {kind} {name}"))
}

#[test]
fn one_of_ours_is_a_custom_resource_with_its_receivers() {
    let more = format!(
        "replicas 2\n storage \"1Gi\" class=\"fast\"\n {ONCALL}\n
         receiver \"network\" kind=\"email\" secret=\"smtp\" {{ to \"net@example.com\"; from \"w@example.com\"; smarthost \"mail.example.com:587\"; match team=\"network\" severity=\"critical\" }}"
    );
    let world = world("0.93.1", &more);
    let plan = world.sound("control-a");
    let all = emitted(&world, &plan);
    let spec = &object(&all, "Alertmanager", "main")["spec"];
    assert_eq!(spec["replicas"], 2);
    assert_eq!(spec["alertmanagerConfigMatcherStrategy"]["type"], "None");
    assert_eq!(spec["alertmanagerConfigSelector"]["matchLabels"]["watershed/alertmanager"], "main");
    assert_eq!(spec["storage"]["volumeClaimTemplate"]["spec"]["storageClassName"], "fast");
    let config = object(&all, "AlertmanagerConfig", "main");
    assert_eq!(config["metadata"]["labels"]["watershed/alertmanager"], "main");
    let route = &config["spec"]["route"];
    assert_eq!((&route["receiver"], &route["groupBy"]), (&"oncall".into(), &json!(["alertname", "cluster"])));
    let routes = route["routes"].as_array().unwrap();
    assert_eq!(routes.len(), 2);
    assert_eq!(routes[0]["receiver"], "network");
    assert_eq!(routes[0]["continue"], true);
    assert_eq!(routes[0]["matchers"][1], json!({"name": "team", "matchType": "=", "value": "network"}));
    let receivers = config["spec"]["receivers"].as_array().unwrap();
    assert_eq!(receivers[0]["emailConfigs"][0]["authUsername"], "w@example.com");
    assert_eq!(receivers[0]["emailConfigs"][0]["authPassword"], json!({"name": "smtp", "key": "password"}));
    assert_eq!(receivers[1]["webhookConfigs"][0]["urlSecret"], json!({"name": "alert-oncall", "key": "url"}));
    assert_eq!(object(&all, "PodDisruptionBudget", "alertmanager-main")["spec"]["maxUnavailable"], 1);
    let service = object(&all, "Service", "alertmanager-main");
    assert_eq!(service["metadata"]["labels"]["app.kubernetes.io/name"], "alertmanager");
    assert_eq!(service["spec"]["ports"][0]["name"], "web");
    // Its own Prometheis tell it by that Service.
    let target = &object(&all, "Prometheus", "user")["spec"]["alerting"]["alertmanagers"][0];
    assert_eq!((&target["name"], &target["port"]), (&"alertmanager-main".into(), &"web".into()));
    assert!(target["scheme"].is_null() && target["basicAuth"].is_null());
    let secrets: Vec<_> = plan.secrets.iter().map(|s| (s.name.as_str(), s.keys.join(" "))).collect();
    assert_eq!(secrets, [("alert-oncall", "url".to_owned()), ("smtp", "password".to_owned())]);
}

#[test]
fn members_tell_it_over_the_address_of_their_zone() {
    let world = world("0.93.1", ONCALL);
    let plan = world.sound("lan");
    let all = emitted(&world, &plan);
    assert!(plan.alertmanagers.is_empty());
    let slice = object(&all, "EndpointSlice", "alerts-to-main");
    assert_eq!(
        (&slice["addressType"], &slice["endpoints"][0]["addresses"][0]),
        (&"IPv4".into(), &"10.0.102.96".into())
    );
    assert_eq!((&slice["ports"][0]["name"], &slice["ports"][0]["port"]), (&"web".into(), &9093.into()));
    assert_eq!(slice["metadata"]["labels"]["kubernetes.io/service-name"], "alerts-to-main");
    assert!(object(&all, "Service", "alerts-to-main")["spec"]["selector"].is_null());
    let target = &object(&all, "Prometheus", "user")["spec"]["alerting"]["alertmanagers"][0];
    assert_eq!((&target["name"], &target["namespace"]), (&"alerts-to-main".into(), &"monitoring".into()));
    assert_eq!(target["basicAuth"]["password"], json!({"name": "alerts-write", "key": "password"}));

    let plan = world.sound("public");
    let all = emitted(&world, &plan);
    let slice = object(&all, "EndpointSlice", "alerts-to-main");
    assert_eq!((&slice["addressType"], &slice["ports"][0]["port"]), (&"FQDN".into(), &443.into()));
    // Of two families, as the API server would have it, its slice of names would be passed over.
    assert_eq!(object(&all, "Service", "alerts-to-main")["spec"]["ipFamilyPolicy"], "SingleStack");
    let target = &object(&all, "Prometheus", "user")["spec"]["alerting"]["alertmanagers"][0];
    assert_eq!((&target["scheme"], &target["pathPrefix"]), (&"https".into(), &"/am".into()));
    assert_eq!(target["tlsConfig"]["ca"]["secret"], json!({"name": "alerts-ca", "key": "ca.crt"}));
    assert!(object(&all, "Prometheus", "user")["spec"]["secrets"].is_null());
    assert!(plan.secrets.iter().any(|s| s.name == "alerts-ca" && s.used_by == "Prometheus user"));
}

#[test]
fn an_operator_that_finds_by_endpoints_only_gets_addresses_and_files() {
    let world = world("0.75.2", ONCALL);
    let plan = world.sound("lan");
    let all = emitted(&world, &plan);
    assert_eq!(object(&all, "Endpoints", "alerts-to-main")["subsets"][0]["addresses"][0]["ip"], "10.0.102.96");
    let spec = &object(&all, "Prometheus", "user")["spec"];
    assert_eq!(spec["secrets"], json!(["alerts-ca"]));
    let tls = &spec["alerting"]["alertmanagers"][0]["tlsConfig"];
    assert_eq!(tls["caFile"], "/etc/prometheus/secrets/alerts-ca/ca.crt");
    let (_, found) = world.plan("public");
    assert_eq!(
        world.told(&found),
        [
            "PLN161 \"https://alerts.example.com/am/\": operator 0.75.2 of cluster `public` cannot send alerts to a host name, `alerts.example.com`"
        ]
    );
}

#[test]
fn a_receiver_newer_than_the_operator_is_refused_and_an_older_form_is_taken_where_there_is_one() {
    let list = |operator: &str| {
        let world = world(operator, "receiver \"team\" kind=\"msteams\" secret=\"t\"");
        let (plan, found) = world.plan("control-a");
        (plan.alertmanagers[0].receivers.first().map(|r| r.list), world.told(&found))
    };
    assert_eq!(list("0.93.1"), (Some("msteamsv2Configs"), vec![]));
    assert_eq!(list("0.81.0"), (Some("msteamsConfigs"), vec![]));
    let (none, found) = list("0.69.1");
    assert_eq!(none, None);
    assert!(found.iter().any(|f| f.starts_with("PLN163 \"msteams\"")), "{found:?}");
}

#[test]
fn the_name_that_kube_prometheus_uses_is_not_taken_from_it() {
    let based = |name: &str| {
        let text = format!(
            r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    base "kube-prometheus"
    alerts "{name}"
    prometheus "user" {{ rest; retention "7d"; storage "100Gi" }}
}}
cluster "c" nodes=3 pods=90
alertmanager "{name}" cluster="c" {{ {ONCALL} }}
"#
        );
        let world = World::of(&text);
        let (_, found) = world.plan("c");
        world.told(&found)
    };
    assert_eq!(based("ours"), Vec::<String>::new());
    assert!(based("main").iter().any(|f| f.starts_with("PLN162")), "{:?}", based("main"));
}

fn ruled(rules: &str, alertmanager: &str) -> World {
    World::of(&format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    alerts "main"
    prometheus "user" {{ rest; retention "7d"; storage "100Gi" }}
}}
zone "a"
cluster "center" zone="a" nodes=3 pods=90
cluster "edge" id="edge-7" zone="a" nodes=3 pods=90
cluster "quiet" zone="a" nodes=3 pods=90
store "central" kind="victoriametrics-cluster" cluster="center" {{
    retention "30d"
    storage "100Gi"
    address "lan" url="http://10.0.0.1:8427" zones="a"
    {rules}
}}
route "home" from="center edge" to="central"
alertmanager "main" {alertmanager}
"#
    ))
}

#[test]
fn rules_of_a_store_are_values_of_a_release_beside_it() {
    let world = ruled(
        "rules \"fleet\"",
        "{ address \"lan\" url=\"https://10.0.0.9:9093/\" zones=\"a\"; basic-auth secret=\"alerts\"; ca secret=\"alerts-ca\" }",
    );
    let plan = world.sound("center");
    let all = emitted(&world, &plan);
    let is = |v: &&serde_json::Value| v["server"]["datasource"].is_object();
    let server = &all.iter().find(is).expect("values of the chart")["server"];
    let base = "http://central-victoria-metrics-cluster-vm";
    assert_eq!(server["datasource"]["url"], format!("{base}select.vm.svc.cluster.local:8481/select/0/prometheus"));
    assert_eq!(server["remoteRead"]["url"], server["datasource"]["url"]);
    assert_eq!(server["remoteWrite"]["url"], format!("{base}insert.vm.svc.cluster.local:8480/insert/0/prometheus"));
    let flag = |name: &str| &server["extraArgs"][format!("notifier.{name}")];
    assert_eq!(flag("url"), &json!(["https://10.0.0.9:9093"]));
    assert_eq!(flag("basicAuth.usernameFile"), &json!(["/etc/watershed/secrets/alerts/username"]));
    assert_eq!(flag("basicAuth.passwordFile"), &json!(["/etc/watershed/secrets/alerts/password"]));
    assert_eq!(flag("tlsCAFile"), &json!(["/etc/watershed/secrets/alerts-ca/ca.crt"]));
    assert!(server["env"].is_null());
    assert_eq!(server["extraVolumes"][1]["secret"]["secretName"], "alerts-ca");
    assert_eq!(server["extraVolumeMounts"][1]["mountPath"], "/etc/watershed/secrets/alerts-ca");
    let rules = server["config"]["alerts"]["groups"][0]["rules"].as_array().unwrap();
    let silent: Vec<&str> =
        rules.iter().filter(|r| r["alert"] == "ClusterSilent").filter_map(|r| r["expr"].as_str()).collect();
    assert_eq!(
        silent,
        ["absent_over_time(up{cluster=\"center\"}[10m])", "absent_over_time(up{cluster=\"edge-7\"}[10m])"]
    );
    assert!(
        plan.secrets.iter().any(|s| s.namespace == "vm" && s.name == "alerts" && s.used_by == "rules of store central")
    );
    // Those that stand elsewhere have none of it.
    assert!(world.sound("edge").store_rules.is_empty());
}

#[test]
fn a_store_whose_rules_tell_nobody_says_so_to_vmalert() {
    let world = ruled("rules \"fleet\"\nalerts {}", "service=\"monitoring/main\"");
    let plan = world.sound("center");
    let all = emitted(&world, &plan);
    let server = all.iter().map(|v| &v["server"]).find(|s| !s["datasource"].is_null()).unwrap();
    assert_eq!(server["extraArgs"]["notifier.blackhole"], "true");
    let world = ruled("rules \"fleet\"", "service=\"monitoring/main\"");
    let plan = world.sound("center");
    assert_eq!(plan.store_rules[0].notifiers[0].url.value, "http://main.monitoring.svc.cluster.local:9093");
}

#[test]
fn packs_are_evaluated_where_they_are_made_for() {
    let world = ruled("rules \"starter\"", "service=\"monitoring/main\"");
    let (plan, found) = world.plan("center");
    assert!(plan.store_rules.is_empty());
    assert_eq!(
        world.told(&found),
        ["PLN164 \"starter\": the rule pack `starter` is made for a Prometheus, not for a store"]
    );
}

const FAR: &str =
    "{ address \"lan\" url=\"https://10.0.0.9:9093\" zones=\"a\"; basic-auth secret=\"far\"; ca secret=\"far-ca\" }
alertmanager \"near\" service=\"monitoring/near\"";

/// The values of vmalert in the plan of the cluster `center`.
fn vmalert(world: &World) -> serde_json::Value {
    let all = emitted(world, &world.sound("center"));
    all.into_iter().map(|v| v["server"].clone()).find(|s| s["datasource"].is_object()).expect("values of the chart")
}

/// A flag with one value would hold for every notifier.
#[test]
fn credentials_of_one_alertmanager_are_not_shown_to_the_next() {
    let server = vmalert(&ruled("rules \"fleet\"\nalerts \"main\" \"near\"", FAR));
    let flags = &server["extraArgs"];
    assert_eq!(
        flags["notifier.url"],
        json!(["https://10.0.0.9:9093", "http://near.monitoring.svc.cluster.local:9093"])
    );
    assert_eq!(flags["notifier.basicAuth.passwordFile"], json!(["/etc/watershed/secrets/far/password", ""]));
    assert_eq!(flags["notifier.basicAuth.usernameFile"], json!(["/etc/watershed/secrets/far/username", ""]));
    assert_eq!(flags["notifier.tlsCAFile"], json!(["/etc/watershed/secrets/far-ca/ca.crt", ""]));
    assert!(flags["notifier.bearerTokenFile"].is_null() && server["notifiers"].is_null());
}

#[test]
fn a_vmalert_that_knows_no_file_for_the_user_has_it_from_its_environment() {
    let old = |app: &str| ruled(&format!("rules \"fleet\"\nversions app=\"{app}\"\nalerts \"near\" \"main\""), FAR);
    let server = vmalert(&old("1.143.0"));
    let flags = &server["extraArgs"];
    assert!(flags["notifier.basicAuth.usernameFile"].is_null());
    assert_eq!(flags["notifier.basicAuth.username"], json!(["", "'%{NOTIFIER_2_USERNAME}'"]));
    assert_eq!(
        server["env"],
        json!([{"name": "NOTIFIER_2_USERNAME", "valueFrom": {"secretKeyRef": {"name": "far", "key": "username"}}}])
    );
    assert!(vmalert(&old("1.144.0"))["env"].is_null());
    let world = old("1.83.0");
    let (_, found) = world.plan("center");
    assert_eq!(
        world.told(&found),
        ["PLN190 \"1.83.0\": vmalert 1.83.0 cannot take the user of an Alertmanager out of a Secret"]
    );
}

/// A store with rules, and these routes to it.
fn over(routes: &str) -> World {
    World::of(&format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {{ rest; retention "7d"; storage "100Gi" }}
}}
zone "a"
cluster "center" zone="a" nodes=3 pods=90
cluster "cards" zone="a" nodes=3 pods=90 gpus-per-node=8
store "central" kind="victoriametrics-cluster" cluster="center" {{
    retention "30d"
    storage "100Gi"
    address "lan" url="http://10.0.0.1:8427" zones="a"
    tenant "team" id=7
    rules "fleet"
}}
store "other" kind="victoriametrics-cluster" cluster="center" namespace="other" {{
    retention "30d"
    storage "100Gi"
    address "lan" url="http://10.0.0.2:8427" zones="a"
}}
{routes}
"#
    ))
}

#[test]
fn only_clusters_that_send_something_are_missed() {
    let clusters = |routes: &str| {
        let world = over(routes);
        let (plan, found) = world.plan("center");
        let missed = world.plan("cards").0.judged_at.len();
        (plan.store_rules[0].clusters.join(" "), missed, world.told(&found))
    };
    let none = Vec::<String>::new();
    let some = "to \"central\" jobs=\"dcgm-exporter\"\nto \"other\"";
    assert_eq!(clusters(&format!("route \"r\" from=\"*\" {{ {some} }}")), ("cards".to_owned(), 1, none.clone()));
    assert_eq!(
        clusters("route \"r\" from=\"*\" { to \"other\"; copy \"central\" jobs=\"node-exporter\" }"),
        ("cards center".to_owned(), 1, none)
    );
    let tenants = "the rules of `central` read what has no tenant, and all its series are sent to tenants";
    assert_eq!(
        clusters("route \"r\" from=\"*\" to=\"central/team\""),
        (String::new(), 0, vec![format!("PLN189 \"fleet\": {tenants}")])
    );
    let nothing = "no cluster sends anything to `central`, whose rules are evaluated";
    assert_eq!(
        clusters("route \"r\" from=\"*\" to=\"other\""),
        (String::new(), 0, vec![format!("PLN189 \"fleet\": {nothing}")])
    );
}

#[test]
fn what_is_copied_to_a_store_is_there_for_its_readers() {
    let told = |copy: &str| {
        let world = over(&format!(
            "route \"r\" from=\"*\" {{ to \"central/team\"; {copy} }}
             cluster \"desk\" zone=\"a\" nodes=3 pods=90 {{ reader \"grafana\" reads=\"central\" }}"
        ));
        world.told(&world.plan("desk").1)
    };
    assert!(told("").iter().any(|t| t.starts_with("PLN124")), "{:?}", told(""));
    let told = told("copy \"central\" jobs=\"node-exporter\"");
    assert!(told.iter().all(|t| !t.starts_with("PLN124")), "{told:?}");
}

#[test]
fn what_fires_always_reaches_those_who_wait_for_it_and_nobody_else() {
    let routes = |more: &str| {
        let world = world("0.93.1", &format!("{ONCALL}\n{more}"));
        let plan = world.sound("control-a");
        object(&emitted(&world, &plan), "AlertmanagerConfig", "main")["spec"].clone()
    };
    let spec = routes("");
    assert_eq!(
        spec["route"]["routes"],
        json!([{"receiver": "nobody", "matchers": [{"name": "severity", "matchType": "=", "value": "none"}]}])
    );
    assert_eq!(spec["receivers"][1], json!({"name": "nobody"}));
    assert_eq!(spec["inhibitRules"][0]["targetMatch"][0]["value"], "warning|info");
    assert_eq!(spec["inhibitRules"][0]["equal"], json!(["alertname", "cluster", "namespace"]));
    let spec = routes(
        "receiver \"alive\" kind=\"webhook\" secret=\"a\" { match alertname=\"Watchdog\" }
         receiver \"all-of-x\" kind=\"webhook\" secret=\"x\" { match team=\"x\" }
         receiver \"nobody\" kind=\"webhook\" secret=\"n\" { match severity=\"critical\" }",
    );
    let order: Vec<&str> =
        spec["route"]["routes"].as_array().unwrap().iter().filter_map(|r| r["receiver"].as_str()).collect();
    assert_eq!(order, ["alive", "nobody", "nobody-else", "all-of-x"]);
}
