//! One cluster: its facts, and what is done in it.

use std::collections::BTreeMap;

use super::codes;
use super::context::Context;
use super::job;
use super::levels::Level;
use super::merge::Block;
use super::names::{not_compiled, undefined};
use super::read::LANGUAGE;
use super::{escape, lane, reader};
use crate::catalog::{self, VersionFault};
use crate::diag::{Diagnostic, Origin, Sourced, Span};
use crate::model::fleet::{
    Alertmanager, Base, BaseKind, Cluster, ExporterDefaults, Grafana, GrafanaBy, NetworkPolicies, Rbac, Relay,
    Scheduling, Store, Toleration,
};
use crate::model::ids::{AlertmanagerId, ClusterId};
use crate::model::value::{Duration, Version};
use crate::syntax::Named;

/// A cluster before its values have types: its block, its profiles (nearest first), everything it
/// inherits merged.
#[derive(Debug)]
pub struct Raw<'d> {
    pub id: ClusterId,
    pub name: &'d str,
    pub named: &'d Named,
    pub profiles: Vec<&'d str>,
    pub block: Block<'d>,
}

impl Raw<'_> {
    /// Where the cluster is named: what is missing in it is missing there.
    pub fn at(&self) -> Span {
        self.named.name.span
    }
}

/// What is resolved once for the fleet.
#[derive(Debug)]
pub struct Fleetwide<'f> {
    pub identity: &'f str,
    pub stores: &'f [Store],
    pub alertmanagers: &'f [Alertmanager],
}

pub fn cluster<'d>(cx: &mut Context<'_, 'd>, raw: &Raw<'d>, fleet: &Fleetwide<'_>) -> Cluster {
    let block = &raw.block;
    let of = format!("cluster `{}`", raw.name);
    let origin = cx.read.spec(raw.at());
    let (versions, known) = versions(cx, raw);
    cx.require(block, "nodes", raw.at(), &of, "nodes 12");
    let nodes = cx.read.count(block, "nodes").unwrap_or_else(|| Sourced::new(1, Origin::INHERIT));
    let pods = match cx.read.count(block, "pods") {
        Some(pods) => pods,
        None => {
            let origin = cx.read.derived("assumed: 30 pods a node", vec![nodes.origin]);
            Sourced::new(30 * u64::from(nodes.value), origin)
        }
    };
    let base = base(cx, block);
    let exporters = exporters(cx, block, &base);
    let alerts = alerts(cx, block).unwrap_or_default();
    let storage_class = cx.read.text(block, "storage-class");

    let mut cluster = Cluster {
        name: raw.name.to_owned(),
        id: identity(cx, raw, origin),
        at: raw.named.span,
        origin,
        profiles: raw.profiles.iter().map(|p| (*p).to_owned()).collect(),
        zone: block
            .scalar("zone")
            .and_then(|s| Some((cx.names.zone(s.value.as_str()?)?, s.span)))
            .map(|(zone, at)| cx.read.sourced(zone, at)),
        labels: cx.read.map(block, "labels"),
        versions,
        nodes,
        pods,
        gpus_per_node: cx.read.count_or(block, "gpus-per-node", 0),
        npus_per_node: cx.read.count_or(block, "npus-per-node", 0),
        roce_ports_per_node: cx.read.count_or(block, "roce-ports-per-node", 0),
        managed_control_plane: cx.read.flag_or_unset(block, "managed-control-plane"),
        reachable: reachable(cx, block),
        context: cx.read.text(block, "context"),
        namespace: cx.read.text_or(block, "namespace", "monitoring"),
        dns_domain: cx.read.text_or(block, "dns-domain", "cluster.local"),
        image_mirror: cx.read.text(block, "image-mirror"),
        pull_secrets: cx.read.texts(block, "pull-secrets"),
        scheduling: scheduling(cx, block),
        external_labels: external_labels(cx, block, fleet.identity),
        interval: duration_or(cx, block, "interval", Duration::from_secs(15)),
        timeout: cx.read.duration(block, "timeout"),
        survive: duration_or(cx, block, "survive", Duration::ZERO),
        relay: relay(cx, block, storage_class.as_ref()),
        grafana: grafana(cx, block, &base),
        network_policies: cx.read.text_or(block, "network-policies", "off").map(|word| match word.as_str() {
            "report" => NetworkPolicies::Report,
            "enforce" => NetworkPolicies::Enforce,
            _ => NetworkPolicies::Off,
        }),
        rbac: cx.read.text_or(block, "rbac", "cluster").map(|word| match word.as_str() {
            "namespaced" => Rbac::Namespaced,
            _ => Rbac::Cluster,
        }),
        lanes: lane::lanes(cx, raw, storage_class.as_ref(), &alerts),
        jobs: Vec::new(),
        absent: Vec::new(),
        readers: Vec::new(),
        patches: escape::patches(cx, block, |level: Level<'_>| level.plain()),
        ignores: escape::ignores(cx, block),
        raws: escape::raws(cx, block),
        base,
        storage_class,
        exporters,
        alerts,
    };
    let (jobs, absent) = job::jobs(cx, raw, &cluster, &known, fleet);
    cluster.jobs = jobs;
    cluster.absent = absent;
    cluster.readers = reader::readers(cx, raw, &cluster, fleet);
    cluster
}

/// A list of alertmanagers, each once; `None` where nobody says it.
pub fn alerts(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Option<Vec<Sourced<AlertmanagerId>>> {
    block.list("alerts")?;
    let said: Vec<_> = block.texts("alerts").collect();
    let mut told: Vec<Sourced<AlertmanagerId>> = Vec::new();
    for (name, at) in said {
        let Some(id) = cx.names.alertmanager(name) else { continue };
        match told.iter().find(|t| t.value == id) {
            Some(first) => {
                let found = Diagnostic::new(&codes::TOLD_TWICE, at, format!("`{name}` is named twice in one list"));
                let first = cx.read.span(first.origin);
                cx.read.report_as(name.to_owned(), found.label(first, "the first time"));
            }
            None => told.push(cx.read.sourced(id, at)),
        }
    }
    Some(told)
}

fn identity(cx: &mut Context<'_, '_>, raw: &Raw<'_>, origin: Origin) -> Sourced<String> {
    match cx.read.text(&raw.block, "id") {
        Some(id) => id,
        None => Sourced::new(raw.name.to_owned(), cx.read.derived("the cluster's name", vec![origin])),
    }
}

/// The versions of every component the catalog knows, for the plan and for the catalog's gates.
fn versions(cx: &mut Context<'_, '_>, raw: &Raw<'_>) -> (BTreeMap<String, Sourced<Version>>, catalog::Versions) {
    let catalog = cx.catalog;
    let mut versions = BTreeMap::new();
    let mut gates = catalog::Versions::new();
    let said: BTreeMap<&str, _> = raw.block.map("versions").map(|(k, v)| (k.value.as_str(), (k, v))).collect();
    let components = catalog.components();
    for (name, (key, _)) in &said {
        if components.iter().any(|c| c.name == *name) {
            continue;
        }
        let found = if catalog.is_not_yet(catalog::Kind::Job, name) {
            not_compiled(&format!("the exporter `{name}`"), key.span)
        } else {
            undefined("component", name, key.span, components.iter().map(|c| c.name.as_str()))
                .why("a version of something the catalog does not know changes nothing")
        };
        cx.read.report(found);
    }
    if !said.contains_key("kubernetes") {
        cx.read.report_each(
            Diagnostic::new(&codes::MISSING, raw.at(), format!("cluster `{}` does not say its version of Kubernetes", raw.name))
                .why("fields, metrics and API versions differ between releases of Kubernetes; guessing wrong means objects that are refused")
                .help("say it here, in a profile it names, or in `fleet` for all: `versions kubernetes=\"1.34\"`"),
        );
    }
    for component in components {
        let declared = said.get(component.name.as_str()).and_then(|(k, v)| Some((v.value.as_str()?, *k, *v)));
        let (version, origin) = match declared {
            None => (component.default, cx.read.default_origin("the newest the catalog was checked with")),
            Some((text, key, value)) => match component.resolve(text) {
                Ok(version) => (version, cx.read.spec(key.span.to(value.span))),
                Err(fault) => {
                    if fault != VersionFault::NotAVersion {
                        cx.read.report(unknown_version(&component.name, text, value.span, &fault));
                    }
                    (component.default, cx.read.spec(value.span))
                }
            },
        };
        gates.insert(component.name.clone(), version);
        if let Ok(version) = Version::parse(&version.to_string()) {
            versions.insert(component.name.clone(), Sourced::new(version, origin));
        }
    }
    (versions, gates)
}

fn unknown_version(component: &str, declared: &str, at: Span, fault: &VersionFault) -> Diagnostic {
    let (here, help) = match fault {
        VersionFault::TooOld { oldest } => (
            format!("older than {oldest}, the oldest the catalog was checked with"),
            format!("upgrade {component} to {oldest} or newer, and declare what runs then"),
        ),
        VersionFault::TooNew { newest } => (
            format!("newer than {newest}, the newest the catalog was checked with"),
            format!(
                "compile with a release of Watershed that knows it; until then, {newest} can be declared where nothing newer is needed"
            ),
        ),
        VersionFault::NotAVersion => (String::new(), codes::VERSION.help.to_owned()),
    };
    Diagnostic::new(&codes::VERSION, at, format!("the catalog does not know {component} {declared}"))
        .here(here)
        .help(help)
}

fn base(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Base {
    let empty = Block::empty(block.shape);
    let base = block.object("base").unwrap_or(&empty);
    let kind = cx.read.text_or(base, "kind", BaseKind::None.name()).map(|kind| match kind.as_str() {
        "kube-prometheus" => BaseKind::KubePrometheus,
        "kube-prometheus-stack" => BaseKind::KubePrometheusStack,
        _ => BaseKind::None,
    });
    Base { kind, release: cx.read.text(base, "release"), namespace: cx.read.text(base, "namespace") }
}

fn exporters(cx: &mut Context<'_, '_>, block: &Block<'_>, base: &Base) -> ExporterDefaults {
    let empty = Block::empty(block.shape);
    let exporters = block.object("exporters").unwrap_or(&empty);
    let managed = match cx.read.text(exporters, "managed") {
        Some(managed) => {
            let known: Vec<&str> =
                cx.catalog.jobs().flat_map(|j| j.variant_names()).chain(["watershed", "elsewhere"]).collect();
            if !known.contains(&managed.value.as_str()) {
                let at = cx.read.span(managed.origin);
                cx.read.report(undefined("way to run exporters", &managed.value, at, known));
            }
            managed
        }
        None if base.kind.value != BaseKind::None => {
            let origin = cx.read.derived("`base` already runs its exporters", vec![base.kind.origin]);
            Sourced::new("elsewhere".to_owned(), origin)
        }
        None => cx.read.default("watershed".to_owned(), LANGUAGE),
    };
    ExporterDefaults { managed, namespace: cx.read.text(exporters, "namespace") }
}

fn reachable(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Vec<Sourced<String>> {
    let catalog = cx.catalog;
    // The component, not the job: that is the word entries ask for.
    let asked = |j: &'_ catalog::Job| -> Vec<String> {
        let all = std::iter::once(&j.requires).chain(j.variants.iter().map(|v| &v.requires));
        all.filter_map(|r| r.reachable.clone()).collect()
    };
    let known: Vec<String> = catalog.jobs().flat_map(asked).collect();
    let reachable = cx.read.texts(block, "reachable");
    for component in &reachable {
        let at = cx.read.span(component.origin);
        if catalog.is_not_yet(catalog::Kind::Job, &component.value) {
            cx.read.report(not_compiled(&format!("the job `{}`", component.value), at));
        } else if !known.contains(&component.value) {
            let known = known.iter().map(String::as_str);
            cx.read.report(undefined("component of the control plane", &component.value, at, known));
        }
    }
    reachable
}

fn scheduling(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Scheduling {
    let tolerations = block
        .repeated("tolerations")
        .iter()
        .map(|(level, object)| {
            let toleration = Block::of(*level, object);
            let text = |key| toleration.scalar(key).and_then(|s| s.value.as_str()).map(str::to_owned);
            Toleration {
                key: text("key"),
                operator: text("operator"),
                value: text("value"),
                effect: text("effect"),
                toleration_seconds: toleration
                    .scalar("toleration-seconds")
                    .and_then(|s| i64::try_from(s.value.as_int()?).ok()),
                origin: cx.read.spec(object.span),
            }
        })
        .collect();
    Scheduling {
        tolerations,
        node_selector: cx.read.map(block, "node-selector"),
        priority_class: cx.read.text(block, "priority-class"),
    }
}

fn external_labels(cx: &mut Context<'_, '_>, block: &Block<'_>, identity: &str) -> BTreeMap<String, Sourced<String>> {
    if let Some((key, _)) = block.map("external-labels").find(|(key, _)| key.value == identity) {
        cx.read.report(Diagnostic::new(
            &codes::IDENTITY_LABEL,
            key.span,
            format!("`{identity}` is the identity label and cannot be an external label of its own"),
        ));
    }
    let mut labels = cx.read.map(block, "external-labels");
    labels.remove(identity);
    labels
}

fn duration_or(cx: &mut Context<'_, '_>, block: &Block<'_>, key: &str, default: Duration) -> Sourced<Duration> {
    match cx.read.duration(block, key) {
        Some(duration) => duration,
        None => cx.read.default(default, LANGUAGE),
    }
}

fn relay(cx: &mut Context<'_, '_>, block: &Block<'_>, class: Option<&Sourced<String>>) -> Relay {
    let empty = Block::empty(block.shape);
    let relay = block.object("relay").unwrap_or(&empty);
    Relay {
        always: cx.read.text_or(relay, "use", "auto").map(|u| u == "always"),
        replicas: cx.read.count_or(relay, "replicas", 1),
        storage_class: cx.read.text(relay, "class").or_else(|| class.cloned()),
        requests: cx.read.resources(relay, "requests"),
        limits: cx.read.resources(relay, "limits"),
    }
}

fn grafana(cx: &mut Context<'_, '_>, block: &Block<'_>, base: &Base) -> Grafana {
    let empty = Block::empty(block.shape);
    let grafana = block.object("grafana").unwrap_or(&empty);
    let by = match cx.read.text(grafana, "by") {
        Some(by) => by.map(|word| match word.as_str() {
            "sidecar" => GrafanaBy::Sidecar,
            "kube-prometheus" => GrafanaBy::KubePrometheus,
            "operator" => GrafanaBy::Operator,
            "files" => GrafanaBy::Files,
            _ => GrafanaBy::None,
        }),
        // The Grafana of kube-prometheus has no sidecar: what would wait for one is never loaded.
        None if base.kind.value == BaseKind::KubePrometheus => Sourced::new(
            GrafanaBy::KubePrometheus,
            cx.read.derived("the Grafana of `base` has no sidecar", vec![base.kind.origin]),
        ),
        None => cx.read.default(GrafanaBy::Sidecar, LANGUAGE),
    };
    Grafana { by, namespace: cx.read.text(grafana, "namespace"), labels: cx.read.map(grafana, "labels") }
}
