//! Parts to monitors: one for each part and Prometheus that scrapes it.

use std::collections::{BTreeMap, BTreeSet};

use super::addresses;
use super::annotations::{self, Covered};
use super::batches;
use super::codes;
use super::context::Context;
use super::keep::escape;
use super::parts::{Part, Schedule};
use super::source::{Found, JOB_LABEL, LANE_LABEL, Place, Source, Workload, lane_service, set_job};
use super::split;
use super::values;
use crate::catalog::{self, Auth, Gate, Port, Targets};
use crate::diag::{Diagnostic, Origin, Sink, Sourced};
use crate::model::fleet::{BaseKind, Credentials, Lane, SecretKey};
use crate::model::plan::{Endpoint, Monitor, MonitorKind, ProbePlan, ScrapeAuth, Verify};
use crate::model::value::Version;
use crate::relabel::{Action, Rule};

/// Target label that tells the classes of a job apart.
pub(super) const CLASS_LABEL: &str = "job_class";
/// Target label that tells jobs apart which share the value of `job`.
pub(super) const PATH_LABEL: &str = "metrics_path";
/// Entry of `scrapeClasses` with the token of the service account: a PodMonitor itself can name no file.
pub(super) const TOKEN_CLASS: &str = "service-account";
/// First operator whose ServiceMonitor says which kind of object it discovers by.
const ROLE_SINCE: Version = Version::new(0, 86, 0);

pub(super) fn monitors(cx: &Context<'_>, parts: &[Part<'_>], sink: &mut Sink) -> Vec<Monitor> {
    let shared =
        Shared { values: values::shared(parts), classed: classed(parts), covered: annotations::covered(cx, parts) };
    let mut out = Vec::new();
    for part in parts.iter().filter(|p| p.is_scraped()) {
        let own = (part.lane, part.schedule);
        let all = std::iter::once((own, true)).chain(part.copies.iter().map(|c| (*c, false)));
        for ((lane, schedule), owned) in all {
            out.extend(of_part(cx, part, lane, schedule, owned, &shared));
        }
    }
    out.sort_by(|a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
    report_twins(cx, &out, sink);
    out
}

/// What the monitors of a cluster know of each other.
struct Shared {
    /// Values of `job` that several jobs have.
    values: BTreeSet<String>,
    /// Values of `job` of which some series are of a class.
    classed: BTreeSet<String>,
    /// Pods that need not ask by annotation.
    covered: Vec<Covered>,
}

fn classed(parts: &[Part<'_>]) -> BTreeSet<String> {
    parts.iter().filter(|p| p.class.is_some()).flat_map(|p| p.source.values.clone()).collect()
}

fn of_part(
    cx: &Context<'_>,
    part: &Part<'_>,
    lane: &Lane,
    schedule: Schedule,
    owned: bool,
    shared: &Shared,
) -> Vec<Monitor> {
    let source = &part.source;
    let job = source.job;
    let base = match &part.class {
        Some(class) => format!("{}-{class}", job.name),
        None => job.name.clone(),
    };
    let endpoints = |value: &str| endpoints(cx, part, schedule, value, shared);
    let token = |endpoints: &[Endpoint]| endpoints.iter().any(|e| e.auth.service_account);
    let make = |name: String, place: &Place, kind, value: &str| Monitor {
        scrape_class: (kind == MonitorKind::Pod && token(&endpoints(value))).then_some(TOKEN_CLASS),
        kind,
        name: beside_base(cx, if owned { name } else { format!("{name}-{}", lane.name) }),
        job: job.name.clone(),
        class: part.class.clone(),
        lane: lane.name.clone(),
        owned,
        selector: place.labels.clone(),
        namespaces: place.namespaces.clone(),
        any_namespace: place.namespaces.is_empty(),
        job_label: job_label(part),
        job_value: value.to_owned(),
        endpoints: endpoints(value),
        probe: None,
        attach_node_metadata: false,
        per_node: on_nodes(source) && !matches!(source.found, Found::Static(_)),
        may_be_none: asks(source),
        discovery_role: role(cx, part),
        sample_limit: sample_limit(part, schedule),
        origin: part.origin,
    };
    let value = source.values.first().map_or("", String::as_str);
    match &source.found {
        Found::Service(place) => {
            let mut all = vec![make(base.clone(), place, MonitorKind::Service, value)];
            by_address(part, &base, &mut all);
            all
        }
        Found::Kubelet(place) => vec![make(base, place, MonitorKind::Service, value)],
        Found::Pod(place) => vec![make(base, place, MonitorKind::Pod, value)],
        Found::Annotations(place) => vec![make(base, place, MonitorKind::Annotations, value)],
        Found::Probe => {
            let said = job.discover.as_ref();
            let mut monitor = make(base, &Place::default(), MonitorKind::Probe, value);
            monitor.any_namespace = false;
            monitor.probe =
                said.and_then(|d| Some(ProbePlan { prober: d.prober.clone()?, targets: d.addresses.clone() }));
            vec![monitor]
        }
        Found::Static(_) => vec![make(base, &ours(cx, JOB_LABEL, &job.name), MonitorKind::Service, value)],
        Found::Lanes => {
            let each = cx.cluster.lanes.iter().map(|target| {
                let place = ours(cx, LANE_LABEL, &target.name);
                make(format!("{base}-{}", target.name), &place, MonitorKind::Service, &lane_service(&target.name))
            });
            each.collect()
        }
    }
}

/// kube-prometheus has monitors of its own in its namespace, by names that jobs have too, and applying
/// one of ours would turn its into it. None of its names ends like this.
fn beside_base(cx: &Context<'_>, name: String) -> String {
    let base = &cx.cluster.base;
    let together = base.kind.value == BaseKind::KubePrometheus && base.namespace() == cx.cluster.namespace.value;
    if together { format!("{name}-watershed") } else { name }
}

/// Takes the endpoints that are asked through the address of their Service out of the monitor of its
/// pods, each into one of its own.
fn by_address(part: &Part<'_>, base: &str, all: &mut Vec<Monitor>) {
    let Some(pods) = all.first_mut() else { return };
    let access = |e: &&catalog::Endpoint| part.source.variant.and_then(|v| v.ports.get(&e.name));
    let single: Vec<Option<String>> =
        part.pick.endpoints.iter().map(|e| access(e).filter(|a| a.one_address).map(|_| e.name.clone())).collect();
    let endpoints = std::mem::take(&mut pods.endpoints);
    let mut own = Vec::new();
    for (i, mut endpoint) in endpoints.into_iter().enumerate() {
        let Some(name) = single.get(i).and_then(Option::as_ref) else {
            pods.endpoints.push(endpoint);
            continue;
        };
        endpoint.relabelings.splice(0..0, of_address(&endpoint.port));
        // A class of that endpoint has its name already.
        let name = if part.class.as_ref() == Some(name) { String::new() } else { format!("-{name}") };
        let name = pods.name.replacen(base, &format!("{base}{name}"), 1);
        own.push(Monitor { kind: MonitorKind::Address, name, endpoints: vec![endpoint], ..pods.clone() });
    }
    if pods.endpoints.is_empty() && !own.is_empty() {
        all.clear();
    }
    all.append(&mut own);
}

/// The port by its name, and the labels that the operator gives to targets behind a Service.
fn of_address(port: &str) -> Vec<Rule> {
    let by = if port.parse::<u16>().is_ok() { "number" } else { "name" };
    vec![
        Rule::new(Action::Keep).source([format!("__meta_kubernetes_service_port_{by}")]).regex(escape(port)),
        copy("__meta_kubernetes_namespace", "namespace"),
        copy("__meta_kubernetes_service_name", "service"),
        copy("__meta_kubernetes_service_port_name", "endpoint"),
    ]
}

/// A Service of ours, in our namespace.
fn ours(cx: &Context<'_>, label: &str, value: &str) -> Place {
    Place {
        namespaces: vec![cx.cluster.namespace.value.clone()],
        labels: BTreeMap::from([(label.to_owned(), value.to_owned())]),
    }
}

fn job_label(part: &Part<'_>) -> Option<String> {
    match part.source.variant.map(|v| &v.job) {
        Some(catalog::JobLabel::Label { label, .. }) => Some(label.clone()),
        _ => None,
    }
}

fn role(cx: &Context<'_>, part: &Part<'_>) -> Option<&'static str> {
    (matches!(part.source.found, Found::Static(_)) && knows_roles(cx)).then_some("EndpointSlice")
}

/// `trackTimestampsStaleness`: prometheus-operator 0.70, Prometheus 2.48.
fn ends_series(cx: &Context<'_>) -> bool {
    let [operator, prometheus] = ["operator", "prometheus"].map(|c| cx.version(c).value);
    operator.at_least(Version::new(0, 70, 0)) && prometheus.at_least(Version::new(2, 48, 0))
}

pub(super) fn knows_roles(cx: &Context<'_>) -> bool {
    cx.cluster.versions.get("operator").is_some_and(|v| v.value >= ROLE_SINCE)
}

/// The largest number that fields of Kubernetes and of Prometheus hold.
const LARGEST: u64 = i64::MAX as u64;

/// Each line of a batch counts.
fn sample_limit(part: &Part<'_>, schedule: Schedule) -> Option<Sourced<u64>> {
    let length = batches::length(&part.source, &schedule);
    part.job().sample_limit.map(|limit| limit.map(|l| l.saturating_mul(length.into()).min(LARGEST)))
}

fn endpoints(cx: &Context<'_>, part: &Part<'_>, schedule: Schedule, value: &str, shared: &Shared) -> Vec<Endpoint> {
    let source = &part.source;
    if part.pick.endpoints.is_empty() {
        return vec![endpoint(cx, part, None, schedule, value, shared)];
    }
    let made = part.pick.endpoints.iter().map(|e| endpoint(cx, part, Some(e), schedule, value, shared));
    let mut made: Vec<Endpoint> = made.collect();
    if let (Some((name, values)), Some(first)) = (&part.pick.params, made.first_mut()) {
        first.params.push((name.clone(), values.clone()));
    }
    debug_assert!(!source.values.is_empty());
    made
}

/// How the endpoint is reached, as the catalog has it.
fn access<'p>(part: &'p Part<'_>, entry: Option<&catalog::Endpoint>) -> Option<&'p catalog::Access> {
    entry.and_then(|e| part.source.variant?.ports.get(&e.name))
}

/// Name or number of the port of an endpoint.
pub(super) fn port(part: &Part<'_>, entry: Option<&catalog::Endpoint>) -> String {
    let job = part.job();
    let said = match part.source.found {
        Found::Static(_) => Some(addresses::port_name(job, part.source.variant)),
        // Ours: the spec's are those of another.
        _ if part.source.is_ours() && part.source.is_private() => None,
        _ => job.discover.as_ref().and_then(|d| d.port.as_ref()).map(|p| p.value.clone()),
    };
    let catalog = access(part, entry).and_then(|a| a.port.as_ref());
    let catalog = catalog.map(|port| match port {
        Port::Number(number) => number.to_string(),
        Port::Name(name) => name.clone(),
    });
    said.or(catalog).unwrap_or_else(|| "metrics".to_owned())
}

fn endpoint(
    cx: &Context<'_>,
    part: &Part<'_>,
    entry: Option<&catalog::Endpoint>,
    schedule: Schedule,
    value: &str,
    shared: &Shared,
) -> Endpoint {
    let job = part.job();
    let access = access(part, entry);
    let port = port(part, entry);
    let mut relabelings = relabelings(cx, part, entry, value, shared);
    // A port that a monitor of pods names has to be declared by a container, and by number only from operator 0.81 on.
    let number = port.parse::<u16>().ok().filter(|_| matches!(part.source.found, Found::Pod(_)));
    if let Some(number) = number {
        relabelings.splice(..0, address(number));
    }
    // `path` and `scheme` of a spec are the job's; a job of several paths keeps its own.
    let batch = batches::length(&part.source, &schedule);
    let one_path = part.pick.endpoints.len() <= 1;
    let said_path = job.path.as_ref().filter(|_| one_path).map(|p| p.value.clone());
    let default_path = default_path(&part.source.found);
    Endpoint {
        name: entry.map_or_else(String::new, |e| e.name.clone()),
        port,
        undeclared: number.is_some(),
        path: said_path.unwrap_or_else(|| entry.map_or(default_path, |e| &e.path).to_owned()),
        scheme: match &job.scheme {
            Some(scheme) => scheme.value.clone(),
            None => access.map_or("http", |a| a.scheme.name()).to_owned(),
        },
        interval: schedule.scrape(),
        timeout: schedule.timeout,
        params: job.params.iter().map(|(k, v)| (k.clone(), vec![v.value.clone()])).collect(),
        auth: auth(&job.credentials, access.map(|a| &a.auth)),
        honor_labels: job.honor_labels.map_or_else(|| entry.is_some_and(|e| e.honor_labels), |h| h.value),
        honor_timestamps: if batch > 1 { Some(true) } else { entry.and_then(|e| e.honor_timestamps) },
        // Never in batches: the marker of a missed scrape would keep the next one from filling it in.
        track_staleness: batch == 1 && entry.is_some_and(|e| e.track_staleness) && ends_series(cx),
        batch,
        sampled: schedule.interval,
        relabelings,
        metric_relabelings: metric_relabelings(cx, part, entry, shared),
        origin: part.origin,
    }
}

/// Where nobody says one.
pub(super) fn default_path(found: &Found) -> &'static str {
    if *found == Found::Probe { "/probe" } else { "/metrics" }
}

/// The catalog's way in, each part of it giving way to the same part of the spec.
fn auth(said: &Credentials, catalog: Option<&Auth>) -> ScrapeAuth {
    let mut credentials = said.clone();
    let (token, unless_ca, server_name) = match catalog {
        Some(Auth::Token) => (true, Verify::Nothing, &None),
        Some(Auth::TokenVerified { server_name }) => (true, Verify::Cluster, server_name),
        Some(Auth::Unverified) => (false, Verify::Nothing, &None),
        Some(Auth::ClientCert { server_name }) => (false, Verify::Credentials, server_name),
        Some(Auth::None) | None => (false, Verify::Credentials, &None),
    };
    if let (Some(Auth::ClientCert { .. }), Some(client)) = (catalog, &said.client_cert) {
        // One Secret carries the CA too where none is named.
        let beside = || SecretKey { secret: client.secret.clone(), key: "ca.crt".to_owned() };
        credentials.ca.get_or_insert_with(beside);
    }
    if credentials.server_name.is_none() {
        credentials.server_name = server_name.as_ref().map(|name| Sourced::new(name.clone(), Origin::INHERIT));
    }
    ScrapeAuth {
        service_account: token && said.auth.is_none(),
        verify: if credentials.ca.is_some() { Verify::Credentials } else { unless_ca },
        credentials,
    }
}

/// What the annotations say, the catalog's own rules, then the labels a route tells series by.
fn relabelings(
    cx: &Context<'_>,
    part: &Part<'_>,
    entry: Option<&catalog::Endpoint>,
    value: &str,
    shared: &Shared,
) -> Vec<Rule> {
    let mut rules = match part.source.found {
        Found::Annotations(ref place) => annotations::rules(&shared.covered, place),
        _ => Vec::new(),
    };
    rules.extend(from_catalog(cx, entry.map_or(&[], |e| &e.relabelings)));
    let sets = |rules: &[Rule], label: &str| rules.iter().any(|r| r.target_label.as_deref() == Some(label));
    if on_nodes(&part.source) && !sets(&rules, "node") {
        // Only where there is a pod: an empty value would delete the label that the operator sets for
        // targets that are nodes (kubelets).
        rules.push(copy("__meta_kubernetes_pod_node_name", "node").regex("(.+)"));
    }
    if let Some(value) = set_job(&part.source) {
        rules.push(constant("job", value, part.job().origin));
    }
    if shared.values.contains(value) && !sets(&rules, PATH_LABEL) {
        rules.push(copy("__metrics_path__", PATH_LABEL));
    }
    if let Some(class) = &part.class {
        rules.push(constant(CLASS_LABEL, class, part.origin));
    }
    rules
}

fn on_nodes(source: &Source<'_>) -> bool {
    source.entry.is_some_and(|e| matches!(e.targets, Targets::PerNode | Targets::PerControlPlaneNode))
}

/// Whether its targets come and go as pods ask for it.
fn asks(source: &Source<'_>) -> bool {
    matches!(source.found, Found::Annotations(_)) || source.entry.is_some_and(|e| e.targets == Targets::Annotated)
}

/// To a port of the pod that no container has to declare. A pod is a target once for each port it
/// declares: without the container they are the same one, which Prometheus scrapes once.
fn address(port: u16) -> [Rule; 3] {
    const IP: &str = "__meta_kubernetes_pod_ip";
    let to = |regex, replacement: String| {
        Rule::new(Action::Replace).source([IP]).target("__address__").regex(regex).replacement(replacement)
    };
    [
        to("([0-9.]+)", format!("$1:{port}")),
        to("([0-9a-fA-F]*:[0-9a-fA-F:]+)", format!("[$1]:{port}")),
        Rule::new(Action::LabelDrop).regex("container"),
    ]
}

fn metric_relabelings(
    cx: &Context<'_>,
    part: &Part<'_>,
    entry: Option<&catalog::Endpoint>,
    shared: &Shared,
) -> Vec<Rule> {
    let mut rules = from_catalog(cx, entry.map_or(&[], |e| &e.metric_relabelings));
    // Targets of no class have no such label, and a pod could name one on its page: it makes way, as it does for
    // what a target has.
    let said_by_pods = matches!(part.source.workload, Workload::Target | Workload::Unsaid);
    if said_by_pods && part.class.is_none() && part.source.values.iter().any(|v| shared.classed.contains(v)) {
        rules.push(copy(CLASS_LABEL, &format!("exported_{CLASS_LABEL}")).regex("(.+)"));
        rules.push(Rule::new(Action::LabelDrop).regex(CLASS_LABEL));
    }
    let job = part.job();
    let mut filter = |action, globs: &[String], origin: Origin| {
        if !globs.is_empty() {
            rules.push(Rule::new(action).source(["__name__"]).regex(split::regex(globs)).origin(origin));
        }
    };
    filter(Action::Keep, &part.pick.keep, part.origin);
    filter(Action::Drop, &part.pick.drop, part.origin);
    for (action, said) in [(Action::Keep, &job.keep), (Action::Drop, &job.drop)] {
        let globs: Vec<String> = said.iter().map(|g| g.value.clone()).collect();
        filter(action, &globs, said.first().map_or(Origin::INHERIT, |g| g.origin));
    }
    rules
}

pub(super) fn from_catalog(cx: &Context<'_>, rules: &[catalog::Relabel]) -> Vec<Rule> {
    let open = |gate: &Gate| gate.open(&cx.versions);
    rules.iter().filter(|r| open(&r.gate)).map(rule).collect()
}

fn rule(written: &catalog::Relabel) -> Rule {
    Rule {
        source_labels: written.source_labels.clone(),
        separator: written.separator.clone(),
        regex: written.regex.clone(),
        modulus: written.modulus,
        target_label: written.target_label.clone(),
        replacement: written.replacement.clone(),
        action: Some(written.action.as_deref().and_then(Action::parse).unwrap_or_default()),
        ..Rule::default()
    }
}

fn constant(label: &str, value: &str, origin: Origin) -> Rule {
    Rule::new(Action::Replace).target(label).replacement(value.replace('$', "$$")).origin(origin)
}

fn copy(from: &str, to: &str) -> Rule {
    Rule::new(Action::Replace).source([from]).target(to)
}

fn report_twins(cx: &Context<'_>, monitors: &[Monitor], sink: &mut Sink) {
    for pair in monitors.windows(2) {
        let [a, b] = pair else { continue };
        if a.name == b.name && a.kind == b.kind {
            let what = format!("`{}` and `{}` both make a monitor named `{}`", a.job, b.job, a.name);
            let diagnostic =
                Diagnostic::new(&codes::SAME_NAME, cx.place(b.origin, Origin::INHERIT), what).here("this one");
            sink.push(cx.labelled(diagnostic, a.origin, "and this one"));
        }
    }
}
