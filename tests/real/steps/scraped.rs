//! Scraped: every Prometheus finds exactly the targets that are planned for it, at the intervals that are planned; no
//! series is scraped twice.
//!
//! What is planned says which Services or pods; where these lead is read from the API server, not from a Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use watershed::model::plan::{ClusterPlan, Endpoint, LanePlan, Monitor, MonitorKind};
use watershed::model::value;

use super::meaning::Series;
use super::planned::Planned;
use super::running::Running;
use super::stores;
use super::understood::job_name;
use crate::ground::cluster::Cluster;
use crate::ground::volumes::text;
use crate::ground::{Outcome, Trouble, http};

/// Samples are counted over this, seconds: a few of the slowest class.
const RECENT: u64 = 12;
const SHOWN: usize = 8;

/// # Errors
/// Which targets, intervals or series are not as planned.
pub fn judge(cluster: &Cluster, running: &Running, example: &Planned, plan: &ClusterPlan<'_>) -> Outcome<String> {
    let emitted = rules(example, plan)?;
    let there = There::of(cluster)?;
    // What is counted further down has to be there first.
    std::thread::sleep(Duration::from_secs(RECENT + 1).saturating_sub(running.since.elapsed()));
    let mut wrong = Vec::new();
    let mut series: BTreeMap<&str, BTreeSet<Series>> = BTreeMap::new();
    let (mut targets, mut samples) = (0, 0);
    for (lane, pod, base) in running.prometheis(cluster, plan)? {
        let Some(lane) = plan.lanes.iter().find(|l| l.name == lane) else { continue };
        let active = http::get_json(&format!("{base}/api/v1/targets?state=active"))?;
        let active: Vec<&Value> = active["data"]["activeTargets"].as_array().into_iter().flatten().collect();
        let mut say = |what: String| wrong.push(format!("{pod}: {what}"));
        same_targets(plan, lane, &there, &active, &mut say);
        let labels: BTreeSet<String> = active.iter().map(|t| t["labels"].to_string()).collect();
        if labels.len() != active.len() {
            say(format!(
                "{} targets have {} different label sets: their `up` is one series",
                active.len(),
                labels.len()
            ));
        }
        targets += active.len();
        loaded(&base, emitted.get(lane.name).copied().unwrap_or(0), &mut say)?;
        samples += at_their_intervals(&base, &active, &mut say)?;
        // Replicas have the same; one of them is enough.
        if !series.contains_key(lane.name) {
            series.insert(lane.name, stores::series(&base, RECENT)?.into_iter().collect());
        }
    }
    wrong.extend(twice(plan, &series));
    if wrong.is_empty() {
        Ok(format!("{targets} targets, {samples} samples of `up` in {RECENT} s, all as planned"))
    } else {
        Err(Trouble::new(format!("{} things are not as planned", wrong.len())).said(wrong.join("\n")))
    }
}

/// How many rules are emitted for each Prometheus.
fn rules(example: &Planned, plan: &ClusterPlan<'_>) -> Outcome<BTreeMap<String, usize>> {
    let mut all = BTreeMap::new();
    for (_, _, object) in example.objects(plan)?.into_iter().filter(|(kind, ..)| kind == "PrometheusRule") {
        let lane = object["metadata"]["labels"]["watershed/prometheus"].as_str().unwrap_or_default().to_owned();
        let groups = object["spec"]["groups"].as_array().into_iter().flatten();
        let rules: usize = groups.map(|g| g["rules"].as_array().map_or(0, Vec::len)).sum();
        *all.entry(lane).or_default() += rules;
    }
    Ok(all)
}

/// A Prometheus evaluates the rules that are emitted for it, and all of them can be evaluated.
fn loaded(base: &str, emitted: usize, say: &mut dyn FnMut(String)) -> Outcome<()> {
    let answer = http::get_json(&format!("{base}/api/v1/rules"))?;
    let groups = answer["data"]["groups"].as_array().into_iter().flatten();
    let rules: Vec<&Value> = groups.flat_map(|g| g["rules"].as_array().into_iter().flatten()).collect();
    if rules.len() != emitted {
        say(format!("{emitted} rules are emitted and {} are loaded", rules.len()));
    }
    for rule in rules.iter().filter(|r| r["health"] != "ok") {
        say(format!("rule {} is {}: {}", rule["name"], rule["health"], rule["lastError"]));
    }
    Ok(())
}

/// What there is to discover.
struct There {
    services: Vec<Value>,
    slices: Vec<Value>,
    /// What an old operator keeps instead of slices.
    endpoints: Vec<Value>,
    pods: Vec<Value>,
}

impl There {
    fn of(cluster: &Cluster) -> Outcome<Self> {
        let list = |kind| cluster.api.kubectl.list(kind);
        Ok(There {
            services: list("services")?,
            slices: list("endpointslices.discovery.k8s.io")?,
            endpoints: list("endpoints")?,
            pods: list("pods")?,
        })
    }

    /// `address:port` of everything a monitor is meant to find.
    fn addresses(&self, monitor: &Monitor, endpoint: &Endpoint) -> BTreeSet<String> {
        let within =
            |o: &Value| monitor.any_namespace || monitor.namespaces.iter().any(|n| n == text(o, "/metadata/namespace"));
        let carries =
            |o: &Value| monitor.selector.iter().all(|(k, v)| o["metadata"]["labels"][k.as_str()] == v.as_str());
        if let Some(probe) = &monitor.probe {
            // The prober answers for all of them.
            return BTreeSet::from([probe.prober.value.clone()]);
        }
        if monitor.kind == MonitorKind::Address {
            let services = self.services.iter().filter(|s| within(s) && carries(s));
            let address = |s: &Value| {
                let ports = s["spec"]["ports"].as_array()?;
                let port = ports.iter().find(|p| p["name"] == endpoint.port.as_str())?["port"].as_u64()?;
                Some(format!("{}.{}.svc:{port}", text(s, "/metadata/name"), text(s, "/metadata/namespace")))
            };
            return services.filter_map(address).collect();
        }
        if monitor.kind == MonitorKind::Annotations {
            let annotation = |p: &Value, name: &str| p["metadata"]["annotations"][name].as_str().map(str::to_owned);
            let asks = |p: &&Value| annotation(p, "prometheus.io/scrape").as_deref() == Some("true");
            let at = |p: &Value| Some(format!("{}:{}", text(p, "/status/podIP"), annotation(p, "prometheus.io/port")?));
            return self.pods.iter().filter(|p| within(p)).filter(asks).filter_map(at).collect();
        }
        if monitor.kind == MonitorKind::Pod {
            let found = self.pods.iter().filter(|p| within(p) && carries(p));
            let at = |p: &Value| {
                let containers = p["spec"]["containers"].as_array()?;
                let mut ports = containers.iter().flat_map(|c| c["ports"].as_array().into_iter().flatten());
                let number = |port: &Value| port["containerPort"].as_u64().map(|n| n.to_string());
                let port = ports.find(|p| p["name"] == endpoint.port.as_str()).and_then(number);
                // Its rules may go to a port that the container does not declare.
                let address = endpoint.relabelings.iter().filter(|r| r.target_label.as_deref() == Some("__address__"));
                let page =
                    address.filter_map(|r| r.replacement.as_deref()?.rsplit(':').next()).next().map(str::to_owned);
                let port = page.or(port).unwrap_or_else(|| endpoint.port.clone());
                Some(format!("{}:{port}", text(p, "/status/podIP")))
            };
            return found.filter_map(at).collect();
        }
        let services = self.services.iter().filter(|s| within(s) && carries(s));
        services.flat_map(|s| self.behind(s, &endpoint.port)).collect()
    }

    fn behind(&self, service: &Value, port: &str) -> Vec<String> {
        let mut all = Vec::new();
        let of_it = |s: &&Value| {
            s["metadata"]["namespace"] == service["metadata"]["namespace"]
                && s["metadata"]["labels"]["kubernetes.io/service-name"] == service["metadata"]["name"]
        };
        for slice in self.slices.iter().filter(of_it) {
            let ports = slice["ports"].as_array().into_iter().flatten();
            for number in ports.filter(|p| p["name"] == port).filter_map(|p| p["port"].as_u64()) {
                let endpoints = slice["endpoints"].as_array().into_iter().flatten();
                let addresses = endpoints.flat_map(|e| e["addresses"].as_array().into_iter().flatten());
                all.extend(addresses.filter_map(Value::as_str).map(|a| format!("{a}:{number}")));
            }
        }
        if !all.is_empty() {
            return all;
        }
        let same = |e: &&Value| ["namespace", "name"].iter().all(|k| e["metadata"][k] == service["metadata"][k]);
        for subset in self.endpoints.iter().filter(same).flat_map(|e| e["subsets"].as_array().into_iter().flatten()) {
            let ports = subset["ports"].as_array().into_iter().flatten();
            for number in ports.filter(|p| p["name"] == port).filter_map(|p| p["port"].as_u64()) {
                let addresses = subset["addresses"].as_array().into_iter().flatten();
                all.extend(addresses.filter_map(|a| a["ip"].as_str()).map(|a| format!("{a}:{number}")));
            }
        }
        all
    }
}

/// The targets of each scrape job, where they are asked and how often.
fn same_targets(
    plan: &ClusterPlan<'_>,
    lane: &LanePlan<'_>,
    there: &There,
    active: &[&Value],
    say: &mut dyn FnMut(String),
) {
    let mut planned: BTreeMap<String, BTreeSet<(String, u64)>> = BTreeMap::new();
    for monitor in plan.monitors.iter().filter(|m| m.lane == lane.name) {
        for (i, endpoint) in monitor.endpoints.iter().enumerate() {
            let job = job_name(&plan.cluster.namespace.value, monitor, i);
            let addresses = there.addresses(monitor, endpoint);
            if addresses.is_empty() {
                say(format!("{job}: nothing it is meant to find is there, which would prove nothing"));
            }
            let asked = addresses.into_iter().map(|a| (a, endpoint.interval.value.millis())).collect();
            planned.insert(job, asked);
        }
    }
    let mut found: BTreeMap<String, BTreeSet<(String, u64)>> = BTreeMap::new();
    for target in active {
        let url = text(target, "/scrapeUrl");
        let host = url.split_once("://").map_or(url, |(_, rest)| rest.split(['/', '?']).next().unwrap_or(rest));
        let interval = value::Duration::parse(text(target, "/scrapeInterval"));
        let asked = (host.to_owned(), interval.map_or(0, value::Duration::millis));
        if !found.entry(text(target, "/scrapePool").to_owned()).or_default().insert(asked.clone()) {
            say(format!("{} is scraped twice by {}", asked.0, text(target, "/scrapePool")));
        }
    }
    for job in planned.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        let (planned, found) = (planned.get(job), found.get(job));
        if planned != found {
            say(format!("{job}: planned are {planned:?}, found {found:?} (address, interval in ms)"));
        }
    }
}

/// `up` of each target has the samples that its interval makes, within one; how many there were.
fn at_their_intervals(base: &str, active: &[&Value], say: &mut dyn FnMut(String)) -> Outcome<u64> {
    let query = format!("count_over_time(up[{RECENT}s])");
    let answer = http::get_json(&http::with_query(&format!("{base}/api/v1/query"), &[("query", &query)]))?;
    let mut counted: BTreeMap<BTreeMap<String, String>, u64> = BTreeMap::new();
    for result in answer["data"]["result"].as_array().into_iter().flatten() {
        let labels: BTreeMap<String, String> = serde_json::from_value(result["metric"].clone()).unwrap_or_default();
        let count = result["value"][1].as_str().and_then(|c| c.parse().ok()).unwrap_or(0);
        counted.insert(labels, count);
    }
    for target in active {
        let labels: BTreeMap<String, String> = serde_json::from_value(target["labels"].clone()).unwrap_or_default();
        let interval = value::Duration::parse(text(target, "/scrapeInterval"));
        let interval = interval.map_or(1, value::Duration::millis).max(1);
        let due = RECENT * 1000 / interval;
        let count = counted.get(&labels).copied().unwrap_or(0);
        if count.abs_diff(due) > 1.max(due / 5) {
            say(format!("`up` of {} has {count} samples in {RECENT} s, not {due}", text(target, "/scrapeUrl")));
        }
    }
    Ok(counted.values().sum())
}

/// A fast class and its sampled twin, which is scraped again for those who need it less often.
fn twins(scrapers: &BTreeSet<String>) -> bool {
    let class = |scraper: &String| scraper.rsplit(' ').next().unwrap_or_default().to_owned();
    let classes: Vec<String> = scrapers.iter().map(class).collect();
    matches!(&classes[..], [a, b] if *b == format!("{a}-sampled") || *a == format!("{b}-sampled"))
}

/// Series that two Prometheis, or two classes, have scraped from one target, but for those of a copy that the plan makes for whoever reads there.
fn twice(plan: &ClusterPlan<'_>, series: &BTreeMap<&str, BTreeSet<Series>>) -> Vec<String> {
    const CLASS: &str = "job_class";
    let said = |s: &Series, name: &str| s.get(name).cloned().unwrap_or_default();
    let copied = |lane: &str, s: &Series| {
        let (job, class) = (said(s, "job"), said(s, CLASS));
        let mut monitors = plan.monitors.iter().filter(|m| m.lane == lane && m.job_value == job);
        monitors.any(|m| !m.owned && m.class.as_deref().unwrap_or_default() == class)
    };
    // Made by each Prometheus itself, of each target; `prometheus` among the external labels tells them apart.
    let made = |s: &Series| {
        let name = said(s, "__name__");
        name == "up" || ["ALERTS", "scrape_"].iter().any(|start| name.starts_with(start))
    };
    // Two classes of a job have the same series only if one is scraped for the other.
    let mut by_content: BTreeMap<Series, BTreeSet<String>> = BTreeMap::new();
    for (lane, all) in series {
        for one in all.iter().filter(|s| !made(s) && !copied(lane, s)) {
            let mut content = one.clone();
            let class = content.remove(CLASS).unwrap_or_default();
            by_content.entry(content).or_default().insert(format!("{lane} {class}").trim_end().to_owned());
        }
    }
    let mut by_scrapers: BTreeMap<BTreeSet<String>, Vec<Series>> = BTreeMap::new();
    for (content, scrapers) in by_content.into_iter().filter(|(_, scrapers)| scrapers.len() > 1 && !twins(scrapers)) {
        by_scrapers.entry(scrapers).or_default().push(content);
    }
    let mut wrong = Vec::new();
    for (scrapers, contents) in by_scrapers {
        wrong.push(format!("{} series are scraped by each of {scrapers:?}, among them", contents.len()));
        wrong.extend(contents.iter().take(SHOWN).map(|s| format!("  {s:?}")));
    }
    wrong
}
