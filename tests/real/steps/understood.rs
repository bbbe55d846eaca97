//! The configuration that the operator generates for a Prometheus, held against the plan: what is scraped, how often
//! and with which rules, what is written where, who is alerted.
//!
//! Structures are compared, not text; what the operator adds of its own is told apart by what it does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use watershed::model::plan::{ClusterPlan, Endpoint, LanePlan, Monitor, MonitorKind, Verify};
use watershed::model::value::Duration;
use watershed::relabel::Rule;

/// Every difference between a lane and its configuration; empty where there is none.
pub fn differences(plan: &ClusterPlan<'_>, lane: &LanePlan<'_>, configuration: &str) -> Vec<String> {
    let config: Value = match serde_yaml::from_str(configuration) {
        Ok(config) => config,
        Err(error) => return vec![format!("the generated configuration cannot be read: {error}")],
    };
    let mut found = Differences { of: String::new(), all: Vec::new() };
    global(plan, lane, &config["global"], &mut found);
    retention(lane, &config["storage"]["tsdb"]["retention"], &mut found);
    scrapes(plan, lane, &config, &mut found);
    remote_write(lane, &config["remote_write"], &mut found);
    alerting(lane, &config["alerting"]["alertmanagers"], &mut found);
    found.all.into_iter().map(|d| format!("Prometheus {}: {d}", lane.name)).collect()
}

struct Differences {
    /// What is looked at.
    of: String,
    all: Vec<String>,
}

impl Differences {
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, planned: &T, made: &T) {
        if planned != made {
            self.say(format!("{what} is planned as {planned:?} and is {made:?}"));
        }
    }

    fn say(&mut self, what: String) {
        self.all.push(if self.of.is_empty() { what } else { format!("{}: {what}", self.of) });
    }
}

fn global(plan: &ClusterPlan<'_>, lane: &LanePlan<'_>, global: &Value, found: &mut Differences) {
    found.same("scrape_interval", &Some(lane.scrape_interval.value.millis()), &millis(&global["scrape_interval"]));
    found.same(
        "evaluation_interval",
        &Some(lane.scrape_interval.value.millis()),
        &millis(&global["evaluation_interval"]),
    );
    let mut planned: BTreeMap<String, String> =
        lane.external_labels.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect();
    // The operator's own: who sends, and which replica (unless the lane takes that label off).
    planned.insert("prometheus".to_owned(), format!("{}/{}", plan.cluster.namespace.value, lane.name));
    match lane.replica_label.as_deref() {
        None => planned.insert("prometheus_replica".to_owned(), "$(POD_NAME)".to_owned()),
        Some("") => None,
        Some(label) => planned.insert(label.to_owned(), "$(POD_NAME)".to_owned()),
    };
    found.same("external_labels", &planned, &text_map(&global["external_labels"]));
}

/// In the configuration from Prometheus 3.11 on; an argument of the pod before.
fn retention(lane: &LanePlan<'_>, made: &Value, found: &mut Differences) {
    if !made.is_null() {
        found.same("retention", &Some(lane.retention.value.millis()), &millis(&made["time"]));
    }
}

fn scrapes(plan: &ClusterPlan<'_>, lane: &LanePlan<'_>, config: &Value, found: &mut Differences) {
    let mut planned = BTreeMap::new();
    for monitor in plan.monitors.iter().filter(|m| m.lane == lane.name) {
        for (i, endpoint) in monitor.endpoints.iter().enumerate() {
            planned.insert(job_name(&plan.cluster.namespace.value, monitor, i), (monitor, endpoint));
        }
    }
    let made: BTreeMap<String, &Value> = items(&config["scrape_configs"]).map(|s| (text(&s["job_name"]), s)).collect();
    let names = |all: Vec<&String>| all.into_iter().cloned().collect::<BTreeSet<String>>();
    found.same("the set of scrape jobs", &names(planned.keys().collect()), &names(made.keys().collect()));
    for (name, (monitor, endpoint)) in &planned {
        let Some(scrape) = made.get(name) else { continue };
        found.of.clone_from(name);
        self::scrape(lane, monitor, endpoint, scrape, &config["global"], found);
    }
    found.of.clear();
}

/// The operator's name of a scrape job: kind, namespace, name and number of the endpoint.
pub fn job_name(namespace: &str, monitor: &Monitor, endpoint: usize) -> String {
    match monitor.kind {
        MonitorKind::Service => format!("serviceMonitor/{namespace}/{}/{endpoint}", monitor.name),
        MonitorKind::Pod => format!("podMonitor/{namespace}/{}/{endpoint}", monitor.name),
        MonitorKind::Annotations | MonitorKind::Address => format!("scrapeConfig/{namespace}/{}", monitor.name),
        MonitorKind::Probe => format!("probe/{namespace}/{}", monitor.name),
    }
}

fn scrape(
    lane: &LanePlan<'_>,
    monitor: &Monitor,
    endpoint: &Endpoint,
    made: &Value,
    global: &Value,
    found: &mut Differences,
) {
    let or_global = |key: &str| millis(&made[key]).or_else(|| millis(&global[key]));
    found.same("scrape_interval", &Some(endpoint.interval.value.millis()), &or_global("scrape_interval"));
    let timeout = endpoint.timeout.as_ref().or(lane.scrape_timeout.as_ref()).map(|t| t.value.millis());
    found.same("scrape_timeout", &timeout, &or_global("scrape_timeout"));
    found.same("metrics_path", &endpoint.path, &text_or(&made["metrics_path"], "/metrics"));
    found.same("scheme", &endpoint.scheme, &text_or(&made["scheme"], "http"));
    found.same("honor_labels", &endpoint.honor_labels, &made["honor_labels"].as_bool().unwrap_or(false));
    found.same(
        "honor_timestamps",
        &endpoint.honor_timestamps.unwrap_or(true),
        &made["honor_timestamps"].as_bool().unwrap_or(true),
    );
    let ends = made["track_timestamps_staleness"].as_bool().unwrap_or(false);
    found.same("track_timestamps_staleness", &endpoint.track_staleness, &ends);
    let params: BTreeMap<String, Vec<String>> = endpoint.params.iter().cloned().collect();
    let made_params = made["params"].as_object().into_iter().flatten();
    found.same("params", &params, &made_params.map(|(name, values)| (name.clone(), texts(values))).collect());
    let limits = [monitor.sample_limit.as_ref(), lane.sample_limit.as_ref()];
    let limit = limits.into_iter().flatten().map(|l| l.value).min();
    found.same("sample_limit", &limit, &made["sample_limit"].as_u64().filter(|l| *l > 0));
    credentials(endpoint, made, found);
    discovery(monitor, endpoint, made, found);
    target_rules(endpoint, &made["relabel_configs"], found);
    let planned: Vec<Relabeling> = endpoint.metric_relabelings.iter().map(Relabeling::planned).collect();
    found.same("metric_relabel_configs", &planned, &relabelings(&made["metric_relabel_configs"]));
}

/// What is shown to a target, and what its certificate is held against.
fn credentials(endpoint: &Endpoint, made: &Value, found: &mut Differences) {
    let token = [&made["bearer_token_file"], &made["authorization"]["credentials_file"]];
    let shown = token.iter().any(|file| text(file).ends_with("/serviceaccount/token"));
    found.same("whether the service account's token is shown", &endpoint.auth.service_account, &shown);
    let unverified = made["tls_config"]["insecure_skip_verify"].as_bool().unwrap_or(false);
    found.same("insecure_skip_verify", &(endpoint.auth.verify == Verify::Nothing), &unverified);
    let of_cluster = text(&made["tls_config"]["ca_file"]).ends_with("/serviceaccount/ca.crt");
    found.same("whether the cluster's CA verifies", &(endpoint.auth.verify == Verify::Cluster), &of_cluster);
    let certified = ["cert", "key"].iter().all(|part| made["tls_config"].get(format!("{part}_file")).is_some());
    found.same("whether a certificate is shown", &endpoint.auth.credentials.client_cert.is_some(), &certified);
}

/// Where targets are looked for: in the monitor's namespaces, and nowhere else.
fn discovery(monitor: &Monitor, endpoint: &Endpoint, made: &Value, found: &mut Differences) {
    if let Some(probe) = &monitor.probe {
        let made = items(&made["static_configs"]).flat_map(|s| texts(&s["targets"])).collect::<Vec<_>>();
        let planned: Vec<String> = probe.targets.iter().map(|t| t.value.clone()).collect();
        return found.same("the addresses that the prober is asked about", &planned, &made);
    }
    let discoveries: Vec<&Value> = items(&made["kubernetes_sd_configs"]).collect();
    found.same("the number of kubernetes_sd_configs", &1, &discoveries.len());
    let Some(discovery) = discoveries.first() else { return };
    let namespaces: BTreeSet<String> = texts(&discovery["namespaces"]["names"]).into_iter().collect();
    let planned = if monitor.any_namespace { BTreeSet::new() } else { monitor.namespaces.iter().cloned().collect() };
    found.same("the namespaces of its targets", &planned, &namespaces);
    let role = text(&discovery["role"]);
    let possible: &[&str] = match monitor.kind {
        MonitorKind::Service if monitor.discovery_role.is_some() => &["endpointslice"],
        MonitorKind::Service => &["endpoints", "endpointslice"],
        MonitorKind::Pod | MonitorKind::Annotations => &["pod"],
        MonitorKind::Address => &["service"],
        MonitorKind::Probe => &[],
    };
    if !possible.contains(&role.as_str()) {
        found.say(format!("targets are discovered as {role:?}, not as one of {possible:?}"));
    }
    // Selector and port become the operator's `keep` rules; without them a monitor takes everything there is.
    if matches!(monitor.kind, MonitorKind::Annotations | MonitorKind::Address) {
        return;
    }
    let keeps: Vec<Relabeling> =
        relabelings(&made["relabel_configs"]).into_iter().filter(|r| r.action == "keep").collect();
    let of = |part: &'static str| keeps.iter().filter(move |r| r.source_labels.iter().any(|s| s.contains(part)));
    let labels: BTreeSet<(String, String)> =
        of("_labelpresent_").map(|r| (r.source_labels[0].clone(), r.regex.clone())).collect();
    let object = if monitor.kind == MonitorKind::Pod { "pod" } else { "service" };
    let planned = monitor.selector.iter().map(|(label, value)| {
        let name: String = label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        (format!("__meta_kubernetes_{object}_label_{name}"), format!("({value});true"))
    });
    found.same("what is asked of the labels of its targets", &planned.collect(), &labels);
    let ports: Vec<String> = of("_port_name").chain(of("_port_number")).map(|r| r.regex.clone()).collect();
    let planned = if endpoint.undeclared { vec![] } else { vec![endpoint.port.clone()] };
    found.same("the port of its targets", &planned, &ports);
}

/// Ours stand in one piece, in their order, and nothing behind them touches any label but those of sharding.
fn target_rules(endpoint: &Endpoint, made: &Value, found: &mut Differences) {
    let planned: Vec<Relabeling> = endpoint.relabelings.iter().map(Relabeling::planned).collect();
    let made = relabelings(made);
    let Some(at) = (0..=made.len().saturating_sub(planned.len())).rev().find(|i| made[*i..].starts_with(&planned))
    else {
        return found.say(format!("the rules {planned:?} are not among relabel_configs"));
    };
    for rule in &made[at + planned.len()..] {
        let touches_labels = !rule.target_label.is_empty() && !rule.target_label.starts_with("__tmp_");
        let drops = rule.source_labels.iter().any(|s| !s.starts_with("__tmp_"))
            && !matches!(rule.action.as_str(), "replace" | "hashmod");
        if touches_labels || drops {
            found.say(format!("a rule of the operator comes after ours: {rule:?}"));
        }
    }
}

fn remote_write(lane: &LanePlan<'_>, made: &Value, found: &mut Differences) {
    let planned: Vec<(String, String)> =
        lane.remote_write.iter().map(|w| (w.name.clone(), w.url.value.clone())).collect();
    let queues = items(made).map(|w| (text(&w["name"]), text(&w["url"]))).collect();
    found.same("the remote-write queues", &planned, &queues);
    for (planned, made) in lane.remote_write.iter().zip(items(made)) {
        found.of = format!("remote_write {}", planned.name);
        let rules: Vec<Relabeling> = planned.rules.iter().map(Relabeling::planned).collect();
        found.same("write_relabel_configs", &rules, &relabelings(&made["write_relabel_configs"]));
        let retries = made["queue_config"]["retry_on_http_429"].as_bool().unwrap_or(false);
        found.same("retry_on_http_429", &planned.retry_on_rate_limit, &retries);
        let secured = ["basic_auth", "authorization", "oauth2"].iter().any(|key| made.get(*key).is_some());
        found.same("whether credentials are shown", &planned.credentials.auth.is_some(), &secured);
    }
    found.of.clear();
}

fn alerting(lane: &LanePlan<'_>, made: &Value, found: &mut Differences) {
    let planned: Vec<[String; 3]> =
        lane.alerting.iter().map(|a| [a.namespace.clone(), a.name.clone(), a.port.clone()]).collect();
    let made = items(made).map(|a| {
        let rules = relabelings(&a["relabel_configs"]);
        let kept = |label: &str| {
            let rule = rules.iter().find(|r| r.source_labels.iter().any(|s| s.ends_with(label)));
            rule.map(|r| r.regex.clone()).unwrap_or_default()
        };
        let namespace = texts(&a["kubernetes_sd_configs"][0]["namespaces"]["names"]).join(" ");
        [namespace, kept("_service_name"), kept("_port_name")]
    });
    found.same("the Alertmanagers", &planned, &made.collect());
}

/// A rule with its defaults filled in, as Prometheus fills them in.
#[derive(Debug, PartialEq)]
struct Relabeling {
    source_labels: Vec<String>,
    separator: String,
    regex: String,
    modulus: u64,
    target_label: String,
    replacement: String,
    action: String,
}

impl Relabeling {
    fn planned(rule: &Rule) -> Self {
        Relabeling {
            source_labels: rule.source_labels.clone(),
            separator: rule.separator.clone().unwrap_or_else(|| ";".to_owned()),
            regex: rule.regex.clone().unwrap_or_else(|| "(.*)".to_owned()),
            modulus: rule.modulus.unwrap_or(0),
            target_label: rule.target_label.clone().unwrap_or_default(),
            replacement: rule.replacement.clone().unwrap_or_else(|| "$1".to_owned()),
            action: rule.action.unwrap_or_default().name().to_lowercase(),
        }
    }

    fn made(rule: &Value) -> Self {
        Relabeling {
            source_labels: texts(&rule["source_labels"]),
            separator: text_or(&rule["separator"], ";"),
            regex: text_or(&rule["regex"], "(.*)"),
            modulus: rule["modulus"].as_u64().unwrap_or(0),
            target_label: text(&rule["target_label"]),
            replacement: text_or(&rule["replacement"], "$1"),
            action: text_or(&rule["action"], "replace").to_lowercase(),
        }
    }
}

fn relabelings(list: &Value) -> Vec<Relabeling> {
    items(list).map(Relabeling::made).collect()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

fn text_or(value: &Value, default: &str) -> String {
    if value.is_null() { default.to_owned() } else { text(value) }
}

fn texts(list: &Value) -> Vec<String> {
    items(list).map(text).collect()
}

fn text_map(map: &Value) -> BTreeMap<String, String> {
    map.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn millis(value: &Value) -> Option<u64> {
    value.as_str().and_then(|text| Duration::parse(text).ok()).map(Duration::millis)
}
