//! Discovery by annotations: what `prometheus.io/scrape`, `port`, `path` and `scheme` of a pod mean, and which pods
//! are left to others.
//!
//! It is the same for every job that is found so, the catalog's and the spec's own.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::keep::escape;
use super::monitors::port;
use super::parts::Part;
use super::source::{Found, Place};
use crate::relabel::{Action, Rule, sanitize};

const NAMESPACE: &str = "__meta_kubernetes_namespace";
const SCRAPE: &str = "__meta_kubernetes_pod_annotation_prometheus_io_scrape";
const SCHEME: &str = "__meta_kubernetes_pod_annotation_prometheus_io_scheme";
const PATH: &str = "__meta_kubernetes_pod_annotation_prometheus_io_path";
const PORT: &str = "__meta_kubernetes_pod_annotation_prometheus_io_port";
const DECLARED: &str = "__meta_kubernetes_pod_container_port_number";
const DECLARED_NAME: &str = "__meta_kubernetes_pod_container_port_name";
const IP: &str = "__meta_kubernetes_pod_ip";
/// The port at which a pod may still be asked.
const LEFT: &str = "__tmp_watershed_port";

/// Pods that another monitor of the plan selects by their labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Covered {
    labels: BTreeMap<String, String>,
    /// Empty: any.
    namespaces: Vec<String>,
    which: Which,
}

/// Which of them are its targets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    All,
    /// Those whose annotations name this port mean what that monitor scrapes.
    Annotated(u16),
    /// Those that declare a port of this name.
    Declaring(String),
}

/// Pods that a monitor selects by their own labels: those of others, and of every exporter we run.
/// Which pods stand behind a Service of others is not known.
pub(super) fn covered(cx: &Context<'_>, parts: &[Part<'_>]) -> Vec<Covered> {
    let mut out = Vec::new();
    for part in parts.iter().filter(|p| p.is_scraped()) {
        let source = &part.source;
        let mut add = |place: &Place, namespaces: Vec<String>, which| {
            out.push(Covered { labels: place.labels.clone(), namespaces, which });
        };
        match (&source.found, source.variant.and_then(|v| v.annotated)) {
            (Found::Pod(place), Some(port)) => add(place, place.namespaces.clone(), Which::Annotated(port)),
            (Found::Pod(place), None) => {
                for port in ports(part) {
                    // By number every pod is a target, whatever it declares.
                    let which = if port.parse::<u16>().is_ok() { Which::All } else { Which::Declaring(port) };
                    add(place, place.namespaces.clone(), which);
                }
            }
            (Found::Service(place), _) if source.is_ours() => {
                add(place, vec![source.exporter_namespace(cx)], Which::All);
            }
            _ => {}
        }
    }
    out.retain(|c| !c.labels.is_empty());
    out.sort();
    out.dedup();
    out
}

/// Ports of the part's endpoints, by name or number.
fn ports(part: &Part<'_>) -> BTreeSet<String> {
    match &part.pick.endpoints[..] {
        [] => BTreeSet::from([port(part, None)]),
        endpoints => endpoints.iter().map(|e| port(part, Some(e))).collect(),
    }
}

/// Where a port is asked for by name, a pod that declares no such port is nobody's if it declares the annotated
/// one no more: a target shows one port of its pod, not all. Only a look at the pods tells.
pub(super) fn checklist(parts: &[Part<'_>]) -> Vec<String> {
    let asks = |p: &&Part<'_>| p.is_scraped() && matches!(p.source.found, Found::Annotations(_));
    let Some(asking) = parts.iter().find(asks) else { return Vec::new() };
    let mut out = BTreeSet::new();
    for part in parts.iter().filter(|p| p.is_scraped() && p.job().discover.is_some()) {
        let Found::Pod(place) = &part.source.found else { continue };
        let labels: Vec<String> = place.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        for port in ports(part).iter().filter(|p| p.parse::<u16>().is_err() && !labels.is_empty()) {
            out.insert(format!(
                "{}: the pods {} declare a port `{port}`. One that declares neither that nor the port it is annotated with \
                 is scraped by nobody, for {} leaves it to this job; said by number, the port need not be declared.",
                part.job().name,
                labels.join(","),
                asking.job().name
            ));
        }
    }
    out.into_iter().collect()
}

/// Keeps running pods that ask to be scraped and that no other monitor scrapes, goes where their
/// annotations say, and names them. What a job by annotations selects by the very labels is its own.
pub(super) fn rules(covered: &[Covered], place: &Place) -> Vec<Rule> {
    let named = |c: &Covered| c.labels.iter().all(|(name, value)| place.labels.get(name) == Some(value));
    let covered: Vec<&Covered> = covered.iter().filter(|c| !named(c)).collect();
    let set = |from: &[&str], target| Rule::new(Action::Replace).source(from.iter().copied()).target(target);
    let asking = vec![
        Rule::new(Action::Keep).source([SCRAPE]).regex("true"),
        Rule::new(Action::Drop).source(["__meta_kubernetes_pod_phase"]).regex("Pending|Succeeded|Failed|Completed"),
    ];
    let going = vec![
        set(&[SCHEME], "__scheme__").regex("(https?)"),
        set(&[PATH], "__metrics_path__").regex("(.+)"),
        set(&[PORT, IP], "__address__").regex(r"(\d+);([0-9.]+)").replacement("$2:$1"),
        set(&[PORT, IP], "__address__").regex(r"(\d+);([0-9a-fA-F]*:[0-9a-fA-F:]+)").replacement("[$2]:$1"),
        set(&[NAMESPACE], "namespace"),
        set(&["__meta_kubernetes_pod_name"], "pod"),
        set(&["__meta_kubernetes_pod_node_name"], "node"),
    ];
    [asking, left_to_others(&covered), left_where_declared(&covered), going].concat()
}

/// Drops what others scrape: one rule for all that are told by labels of the same names.
fn left_to_others(covered: &[&Covered]) -> Vec<Rule> {
    let mut alike: BTreeMap<(Option<&str>, Vec<String>), BTreeSet<String>> = BTreeMap::new();
    for pods in covered {
        let by = match &pods.which {
            Which::All => None,
            Which::Annotated(port) => Some((PORT, port.to_string())),
            Which::Declaring(name) => Some((DECLARED_NAME, escape(name))),
        };
        let (by, port) = by.unzip();
        alike.entry((by, sources(pods, by))).or_default().insert(told(pods, port));
    }
    let rule =
        |((_, sources), values): ((_, Vec<String>), _)| Rule::new(Action::Drop).source(sources).regex(any_of(values));
    alike.into_iter().map(rule).collect()
}

/// A pod is a target once for each port it declares, and all of them go where its annotation says. Beside a
/// monitor that asks for a port by name, only the one that is the annotated port: what declares the name is
/// not asked twice, and what does not is asked here.
fn left_where_declared(covered: &[&Covered]) -> Vec<Rule> {
    let mut alike: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for pods in covered.iter().filter(|c| matches!(c.which, Which::Declaring(_))) {
        let sources = [sources(pods, Some(PORT)), vec![DECLARED.to_owned()]].concat();
        alike.entry(sources).or_default().insert(told(pods, Some(r"\d+".to_owned())));
    }
    if alike.is_empty() {
        return Vec::new();
    }
    let asked = Rule::new(Action::Replace).source([PORT]).target(LEFT);
    let declared = |(sources, values): (Vec<String>, BTreeSet<String>)| {
        Rule::new(Action::Replace).source(sources).regex(format!("(?:{});(.*)", any_of(values))).target(LEFT)
    };
    let equal = Rule::new(Action::KeepEqual).source([PORT]).target(LEFT);
    std::iter::once(asked).chain(alike.into_iter().map(declared)).chain([equal]).collect()
}

/// What tells these pods: the namespace, what is asked beside, their labels.
fn sources(pods: &Covered, by: Option<&str>) -> Vec<String> {
    let labels = pods.labels.keys().map(|n| format!("__meta_kubernetes_pod_label_{}", sanitize(n)));
    [NAMESPACE].into_iter().chain(by).map(str::to_owned).chain(labels).collect()
}

/// Values of [`sources`], as an expression.
fn told(pods: &Covered, by: Option<String>) -> String {
    let namespaces: Vec<String> = pods.namespaces.iter().map(|n| escape(n)).collect();
    let namespaces = match &namespaces[..] {
        [] => ".*".to_owned(),
        [one] => one.clone(),
        several => format!("(?:{})", several.join("|")),
    };
    let values = pods.labels.values().map(|v| escape(v));
    let each: Vec<String> = std::iter::once(namespaces).chain(by).chain(values).collect();
    each.join(";")
}

fn any_of(values: BTreeSet<String>) -> String {
    Vec::from_iter(values).join("|")
}
