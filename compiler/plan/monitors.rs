//! Parts to monitors: one for each part and Prometheus that scrapes it.

use std::collections::{BTreeMap, BTreeSet};

use super::annotations;
use super::codes;
use super::context::Context;
use super::parts::{Part, Schedule};
use super::source::{Found, JOB_LABEL, LANE_LABEL, Place, host, lane_service, set_job, static_port};
use super::split;
use crate::catalog::{self, Auth, Gate, Port, Targets};
use crate::diag::{Diagnostic, Origin, Sink, Sourced};
use crate::model::fleet::{Credentials, Lane, SecretKey};
use crate::model::plan::{Endpoint, Monitor, MonitorKind, ScrapeAuth, StaticService, Verify};
use crate::model::value::Version;
use crate::relabel::{Action, Rule};

/// Target label that tells the classes of a job apart.
pub(super) const CLASS_LABEL: &str = "job_class";
/// Target label that tells jobs apart which share the value of `job`.
pub(super) const PATH_LABEL: &str = "metrics_path";
/// First operator whose ServiceMonitor says which kind of object it discovers by.
const ROLE_SINCE: Version = Version::new(0, 86, 0);

pub(super) fn monitors(cx: &Context<'_>, parts: &[Part<'_>], sink: &mut Sink) -> Vec<Monitor> {
    let shared = shared_values(parts);
    let mut out = Vec::new();
    for part in parts {
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

/// Values of `job` that series of more than one job of the cluster carry.
pub(super) fn shared_values(parts: &[Part<'_>]) -> BTreeSet<String> {
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for part in parts {
        for value in &part.source.values {
            if *owner.entry(value).or_insert(&part.job().name) != part.job().name {
                shared.insert(value.clone());
            }
        }
    }
    shared
}

fn of_part(
    cx: &Context<'_>,
    part: &Part<'_>,
    lane: &Lane,
    schedule: Schedule,
    owned: bool,
    shared: &BTreeSet<String>,
) -> Vec<Monitor> {
    let source = &part.source;
    let job = source.job;
    let base = match &part.class {
        Some(class) => format!("{}-{class}", job.name),
        None => job.name.clone(),
    };
    let make = |name: String, place: &Place, kind, value: &str| Monitor {
        kind,
        name: if owned { name } else { format!("{name}-{}", lane.name) },
        job: job.name.clone(),
        class: part.class.clone(),
        lane: lane.name.clone(),
        owned,
        selector: place.labels.clone(),
        namespaces: place.namespaces.clone(),
        any_namespace: place.namespaces.is_empty(),
        job_label: job_label(part),
        job_value: value.to_owned(),
        endpoints: endpoints(cx, part, schedule, shared.contains(value)),
        attach_node_metadata: false,
        discovery_role: role(cx, part),
        sample_limit: job.sample_limit,
        origin: part.origin,
    };
    let value = source.values.first().map_or("", String::as_str);
    match &source.found {
        Found::Service(place) | Found::Kubelet(place) => vec![make(base, place, MonitorKind::Service, value)],
        Found::Pod(place) => vec![make(base, place, MonitorKind::Pod, value)],
        Found::Annotations(place) => vec![make(base, place, MonitorKind::Annotations, value)],
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

fn knows_roles(cx: &Context<'_>) -> bool {
    cx.cluster.versions.get("operator").is_some_and(|v| v.value >= ROLE_SINCE)
}

fn endpoints(cx: &Context<'_>, part: &Part<'_>, schedule: Schedule, shared: bool) -> Vec<Endpoint> {
    let source = &part.source;
    if part.pick.endpoints.is_empty() {
        return vec![endpoint(cx, part, None, schedule, shared)];
    }
    let made = part.pick.endpoints.iter().map(|e| endpoint(cx, part, Some(e), schedule, shared));
    let mut made: Vec<Endpoint> = made.collect();
    if let (Some((name, values)), Some(first)) = (&part.pick.params, made.first_mut()) {
        first.params.push((name.clone(), values.clone()));
    }
    debug_assert!(!source.values.is_empty());
    made
}

fn endpoint(
    cx: &Context<'_>,
    part: &Part<'_>,
    entry: Option<&catalog::Endpoint>,
    schedule: Schedule,
    shared: bool,
) -> Endpoint {
    let job = part.job();
    let access = entry.and_then(|e| part.source.variant?.ports.get(&e.name));
    let static_port = || static_port(job, part.source.variant).map(|(name, _)| name);
    let said_port = match part.source.found {
        Found::Static(_) => static_port(),
        _ => job.discover.as_ref().and_then(|d| d.port.as_ref()).map(|p| p.value.clone()),
    };
    let catalog_port = access.and_then(|a| a.port.as_ref()).map(|port| match port {
        Port::Number(number) => number.to_string(),
        Port::Name(name) => name.clone(),
    });
    // `path` and `scheme` of a spec are the job's; a job of several paths keeps its own.
    let one_path = part.pick.endpoints.len() <= 1;
    let said_path = job.path.as_ref().filter(|_| one_path).map(|p| p.value.clone());
    Endpoint {
        port: said_port.or(catalog_port).unwrap_or_else(|| "metrics".to_owned()),
        path: said_path.unwrap_or_else(|| entry.map_or("/metrics", |e| &e.path).to_owned()),
        scheme: match &job.scheme {
            Some(scheme) => scheme.value.clone(),
            None => access.map_or("http", |a| a.scheme.name()).to_owned(),
        },
        interval: schedule.interval,
        timeout: schedule.timeout,
        params: job.params.iter().map(|(k, v)| (k.clone(), vec![v.value.clone()])).collect(),
        auth: auth(&job.credentials, access.map(|a| &a.auth)),
        honor_labels: job.honor_labels.map_or_else(|| entry.is_some_and(|e| e.honor_labels), |h| h.value),
        honor_timestamps: entry.and_then(|e| e.honor_timestamps),
        relabelings: relabelings(cx, part, entry, shared),
        metric_relabelings: metric_relabelings(cx, part, entry),
        origin: part.origin,
    }
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
fn relabelings(cx: &Context<'_>, part: &Part<'_>, entry: Option<&catalog::Endpoint>, shared: bool) -> Vec<Rule> {
    let mut rules = match part.source.found {
        Found::Annotations(_) => annotations::rules(),
        _ => Vec::new(),
    };
    rules.extend(from_catalog(cx, entry.map_or(&[], |e| &e.relabelings)));
    let sets = |rules: &[Rule], label: &str| rules.iter().any(|r| r.target_label.as_deref() == Some(label));
    if part.source.entry.is_some_and(|e| e.targets == Targets::PerNode) && !sets(&rules, "node") {
        // Only where there is a pod: an empty value would delete the label that the operator sets for
        // targets that are nodes (kubelets).
        rules.push(copy("__meta_kubernetes_pod_node_name", "node").regex("(.+)"));
    }
    if let Some(value) = set_job(&part.source) {
        rules.push(constant("job", value, part.job().origin));
    }
    if shared && !sets(&rules, PATH_LABEL) {
        rules.push(copy("__metrics_path__", PATH_LABEL));
    }
    if let Some(class) = &part.class {
        rules.push(constant(CLASS_LABEL, class, part.origin));
    }
    rules
}

fn metric_relabelings(cx: &Context<'_>, part: &Part<'_>, entry: Option<&catalog::Endpoint>) -> Vec<Rule> {
    let mut rules = from_catalog(cx, entry.map_or(&[], |e| &e.metric_relabelings));
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

fn from_catalog(cx: &Context<'_>, rules: &[catalog::Relabel]) -> Vec<Rule> {
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

/// Services of ours for the jobs whose targets are addresses.
pub(super) fn static_services(cx: &Context<'_>, parts: &[Part<'_>]) -> Vec<StaticService> {
    let mut out: Vec<StaticService> = Vec::new();
    for part in parts {
        let Found::Static(addresses) = &part.source.found else { continue };
        let job = part.job();
        if out.iter().any(|s| s.job == job.name) {
            continue;
        }
        let Some((port_name, port)) = static_port(job, part.source.variant) else { continue };
        let mut addresses: Vec<String> = addresses.iter().map(|a| host(a).to_owned()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        out.push(StaticService {
            name: job.name.clone(),
            job: job.name.clone(),
            addresses,
            port_name,
            port,
            slice: knows_roles(cx),
            origin: job.origin,
        });
    }
    out
}
