//! How the targets of a job are found and what its series carry: the catalog's entry for this
//! cluster, with what the spec says instead.

use std::collections::{BTreeMap, BTreeSet};

use super::addresses::{self, StaticTarget};
use super::codes;
use super::context::Context;
use super::relay;
use super::way_in;
use crate::catalog::{self, ClusterFacts, Discovery, JobLabel, Namespaces, Serves, Unmet, Variant, WorkloadNamespace};
use crate::diag::{Diagnostic, Sink};
use crate::model::fleet::{Discover, DiscoverBy, Job};

/// Label of a Service of ours that stands for a job's static addresses.
pub(super) const JOB_LABEL: &str = "watershed/job";
/// Label of the Service that what the relay says of itself is found by: it has two, and behind both stand
/// the same pods.
pub(super) const RELAY_LABEL: &str = "watershed/relay";
/// Label of everything that belongs to one Prometheus: its Service, the monitors it selects.
pub(super) const LANE_LABEL: &str = "watershed/prometheus";

#[derive(Clone)]
pub(super) struct Source<'a> {
    pub job: &'a Job,
    /// `None`: a job of the spec's own.
    pub entry: Option<&'a catalog::Job>,
    /// `None`: found as `discover` says.
    pub variant: Option<&'a Variant>,
    pub found: Found,
    /// Values of the label `job` that its series have. Several where each Prometheus of the cluster
    /// is a target under its Service's name.
    pub values: Vec<String>,
    pub workload: Workload,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Service(Place),
    Pod(Place),
    Kubelet(Place),
    Annotations(Place),
    /// Addresses behind a Service of ours; read once it is known that they are asked for.
    Static(Vec<StaticTarget>),
    /// The Service of each Prometheus of the cluster.
    Lanes,
    /// Addresses that a prober is asked about.
    Probe,
}

/// Where targets are and by which labels they are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// Empty: any namespace.
    pub namespaces: Vec<String>,
    pub labels: BTreeMap<String, String>,
}

/// Whether `namespace` on a series is that of the workload it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workload {
    /// The exporter says it; its own `up` and `scrape_*` carry the exporter's namespace.
    Reported,
    /// The target is the workload.
    Target,
    /// It is the exporter's, or there is none.
    Nowhere,
    /// A job of the spec's own that does not say.
    Unsaid,
}

impl<'a> Source<'a> {
    /// # Errors
    /// Why nothing of the job can be scraped here, in words.
    pub fn of(cx: &Context<'a>, job: &'a Job, sink: &mut Sink) -> Result<Self, String> {
        let entry = if job.in_catalog { cx.catalog.job(&job.name) } else { None };
        let variant = entry.and_then(|e| e.variant(&choice(cx, job)));
        if let Some(variant) = variant {
            if let Err(unmet) = variant.requires.check(&facts(cx, &reachable(cx))) {
                if job.named && matches!(unmet, Unmet::NotReachable(_)) {
                    let what =
                        format!("`{}` is not scraped everywhere it is asked for: {}", job.name, in_words(&unmet));
                    sink.push(Diagnostic::new(&codes::NOT_REACHABLE, cx.place(job.origin, job.origin), what));
                }
                return Err(in_words(&unmet));
            }
            // Only one that is asked for by name can be shut.
            if let Err(shut) = variant.gate.check(&cx.versions) {
                let managed = &job.exporter.managed;
                let what = format!("`{}` of `{}` {}", variant.name, job.name, needs(&shut));
                let at = cx.place(managed.origin, job.origin);
                sink.push(Diagnostic::new(&codes::SHUT_VARIANT, at, what).here("not with these versions"));
                return Err(format!("`{}` {}", variant.name, needs(&shut)));
            }
            if variant.discovery == Discovery::Relay && !cx.relayed {
                return Err("the cluster has no relay".to_owned());
            }
            way_in::check(cx, job, entry, variant, sink)?;
        }
        let found = match (variant, &job.discover) {
            (Some(variant), Some(said)) if is_private(variant) && !runs_here(job, entry, variant) => from_spec(said),
            (Some(variant), None) if is_private(variant) && !runs_here(job, entry, variant) => {
                no_image(cx, job, sink);
                return Err("nothing tells how its targets are found here".to_owned());
            }
            (Some(variant), said) => from_catalog(cx, job, variant, said.as_ref()),
            (None, Some(said)) => from_spec(said),
            (None, None) => {
                let what = format!(
                    "the catalog does not know how `{}` is found with `{}` in cluster `{}`",
                    job.name, job.exporter.managed.value, cx.cluster.name
                );
                let at = cx.place(job.exporter.managed.origin, job.origin);
                sink.push(Diagnostic::new(&codes::NO_VARIANT, at, what).here("no way to find its targets"));
                return Err("nothing tells how its targets are found here".to_owned());
            }
        };
        let found = match found {
            Found::Static(_) => Found::Static(addresses::targets(cx, job, variant, sink)?),
            found => found,
        };
        if let (Found::Annotations(_), Some(port)) = (&found, job.discover.as_ref().and_then(|d| d.port.as_ref())) {
            let what = format!("`{}` is found by annotations, which name the port", job.name);
            let at = cx.place(port.origin, job.origin);
            sink.push(Diagnostic::new(&codes::ANNOTATED_PORT, at, what).here("does nothing"));
        }
        let values = values(cx, job, variant, &found);
        Ok(Source { job, entry, variant, values, workload: workload(job, entry, &found), found })
    }

    pub fn is_ours(&self) -> bool {
        match self.variant {
            Some(variant) => runs_here(self.job, self.entry, variant),
            None => false,
        }
    }

    /// What one answer of its exporter holds.
    pub fn serves(&self) -> Serves {
        self.variant.map_or(Serves::Values, |v| v.serves)
    }

    /// Whether only the spec knows where it runs, unless we run it.
    pub fn is_private(&self) -> bool {
        self.variant.is_some_and(is_private)
    }

    /// Namespace its exporter runs in.
    pub fn exporter_namespace(&self, cx: &Context<'_>) -> String {
        exporter_namespace(cx, self.job)
    }
}

fn is_private(variant: &Variant) -> bool {
    variant.discovery == Discovery::Said
}

/// Whether we run the exporter: as the spec says, and one whose image nobody publishes where the spec
/// names one. Such a one is known by how it serves, so that a spec that names a variant says that only.
fn runs_here(job: &Job, entry: Option<&catalog::Job>, variant: &Variant) -> bool {
    let managed = job.exporter.managed.value.as_str();
    let known = entry.is_some_and(|e| e.exporter.is_some());
    known
        && if is_private(variant) {
            managed != "elsewhere" && job.exporter.image.is_some()
        } else {
            managed == "watershed"
        }
}

pub(super) fn no_image(cx: &Context<'_>, job: &Job, sink: &mut Sink) {
    let managed = &job.exporter.managed;
    let what = format!("nothing says which image the exporter of `{}` has", job.name);
    let diagnostic = Diagnostic::new(&codes::NO_IMAGE, cx.place(managed.origin, job.origin), what).here("no image");
    sink.push(diagnostic.why("nobody publishes it, and a guessed reference would leave every pod at ImagePullBackOff").help(
        "name it, `exporter \"watershed\" image=\"registry.example.com/exporter:tag\"`; or say `discover` for the one that runs",
    ));
}

fn choice<'c>(cx: &'c Context<'_>, job: &'c Job) -> catalog::Choice<'c> {
    catalog::Choice {
        managed: &job.exporter.managed.value,
        base: cx.cluster.base.kind.value.name(),
        discover: job.discover.as_ref().map(|d| word(d.by.value)),
        client_cert: job.credentials.client_cert.is_some(),
        alertmanager_service: !alertmanager_namespaces(cx).is_empty(),
        versions: &cx.versions,
    }
}

/// Namespaces of the Alertmanagers that the cluster tells by their Services.
fn alertmanager_namespaces(cx: &Context<'_>) -> Vec<String> {
    let told = cx.cluster.alerts.iter().chain(cx.cluster.lanes.iter().flat_map(|l| &l.alerts));
    let services = told.filter_map(|a| cx.fleet.alertmanager(a.value).service.as_ref());
    BTreeSet::from_iter(services.map(|s| s.value.0.clone())).into_iter().collect()
}

fn word(by: DiscoverBy) -> &'static str {
    match by {
        DiscoverBy::Service => "service",
        DiscoverBy::Pod => "pod",
        DiscoverBy::Annotations => "annotations",
        DiscoverBy::Static => "static",
        DiscoverBy::Probe => "probe",
    }
}

pub(super) fn reachable<'c>(cx: &Context<'c>) -> Vec<&'c str> {
    cx.cluster.reachable.iter().map(|r| r.value.as_str()).collect()
}

pub(super) fn facts<'c>(cx: &Context<'_>, reachable: &'c [&'c str]) -> ClusterFacts<'c> {
    let c = cx.cluster;
    ClusterFacts {
        gpus: c.gpus_per_node.value > 0,
        npus: c.npus_per_node.value > 0,
        roce_ports: c.roce_ports_per_node.value > 0,
        managed_control_plane: c.managed_control_plane.value,
        reachable,
        alertmanager: c.has_alertmanager(cx.id, &cx.fleet.alertmanagers),
    }
}

/// `needs operator 0.81.0, and 0.68.0 is declared`.
pub(super) fn needs(shut: &catalog::Shut) -> String {
    let declared = shut.declared.map_or_else(|| "none".to_owned(), |v| v.to_string());
    let bound = if shut.since { "needs" } else { "ends before" };
    format!("{bound} {} {}, and {declared} is declared", shut.component, shut.bound)
}

pub(super) fn in_words(unmet: &Unmet) -> String {
    match unmet {
        Unmet::NoGpus => "the cluster has no GPUs".to_owned(),
        Unmet::NoNpus => "the cluster has no NPUs".to_owned(),
        Unmet::NoRocePorts => "the cluster has no RoCE ports".to_owned(),
        Unmet::ManagedControlPlane => "the provider runs the control plane, and nobody else reaches it".to_owned(),
        Unmet::NotReachable(component) => format!("`reachable` does not name `{component}`, which binds to loopback"),
        Unmet::NoAlertmanager => "no Alertmanager runs on the cluster".to_owned(),
    }
}

fn from_catalog(cx: &Context<'_>, job: &Job, variant: &Variant, said: Option<&Discover>) -> Found {
    let mut place = Place::default();
    if let Some(selector) = variant.discovery.selector() {
        place.namespaces = match &selector.namespaces {
            Namespaces::Exporter => vec![exporter_namespace(cx, job)],
            Namespaces::Base => vec![base_namespace(cx)],
            Namespaces::Alertmanager => alertmanager_namespaces(cx),
            Namespaces::Any => Vec::new(),
            Namespaces::Named(names) => names.clone(),
        };
        place.labels = selector.labels.clone();
    }
    if let Some(said) = said {
        if !said.namespaces.is_empty() {
            place.namespaces = said.namespaces.iter().map(|n| n.value.clone()).collect();
        }
        if !said.labels.is_empty() {
            place.labels = said.labels.iter().map(|(k, v)| (k.clone(), v.value.clone())).collect();
        }
    }
    if is_private(variant) {
        let labels = [("managed-by", "watershed"), ("name", job.name.as_str())];
        let labels = labels.map(|(k, v)| (format!("app.kubernetes.io/{k}"), v.to_owned()));
        return Found::Service(Place { namespaces: vec![exporter_namespace(cx, job)], labels: labels.into() });
    }
    match &variant.discovery {
        Discovery::Service(_) | Discovery::Said => Found::Service(place),
        Discovery::Pod(_) => Found::Pod(place),
        Discovery::Kubelet(_) => Found::Kubelet(place),
        Discovery::Annotations => Found::Annotations(place),
        Discovery::Static => Found::Static(Vec::new()),
        Discovery::Lanes => Found::Lanes,
        Discovery::Relay => Found::Service(Place {
            namespaces: vec![cx.cluster.namespace.value.clone()],
            labels: relay_labels().into(),
        }),
    }
}

fn from_spec(said: &Discover) -> Found {
    let place = Place {
        namespaces: said.namespaces.iter().map(|n| n.value.clone()).collect(),
        labels: said.labels.iter().map(|(k, v)| (k.clone(), v.value.clone())).collect(),
    };
    match said.by.value {
        DiscoverBy::Pod => Found::Pod(place),
        DiscoverBy::Annotations => Found::Annotations(place),
        DiscoverBy::Static => Found::Static(Vec::new()),
        DiscoverBy::Service => Found::Service(place),
        DiscoverBy::Probe => Found::Probe,
    }
}

fn exporter_namespace(cx: &Context<'_>, job: &Job) -> String {
    let namespace = job.exporter.namespace.as_ref().or(cx.cluster.exporters.namespace.as_ref());
    namespace.unwrap_or(&cx.cluster.namespace).value.clone()
}

fn base_namespace(cx: &Context<'_>) -> String {
    cx.cluster.base.namespace().to_owned()
}

fn values(cx: &Context<'_>, job: &Job, variant: Option<&Variant>, found: &Found) -> Vec<String> {
    match (found, variant) {
        (Found::Lanes, _) => cx.cluster.lanes.iter().map(|l| lane_service(&l.name)).collect(),
        // A Service of ours is named after the job; for others the monitor sets the label.
        (_, Some(v)) => vec![v.job.value(&job.name).to_owned()],
        (_, None) => vec![job.name.clone()],
    }
}

/// Of the one Service of the relay that is scraped.
pub(super) fn relay_labels() -> [(String, String); 1] {
    [(RELAY_LABEL.to_owned(), relay::NAME.to_owned())]
}

/// `prometheus-user`: the Service of a Prometheus.
pub(super) fn lane_service(lane: &str) -> String {
    format!("prometheus-{lane}")
}

/// Whether the monitor has to set the label `job`, and to what.
pub(super) fn set_job<'s>(source: &'s Source<'_>) -> Option<&'s str> {
    match (&source.found, source.variant.map(|v| &v.job)) {
        (Found::Lanes, _) | (_, Some(JobLabel::Label { .. })) => None,
        (_, Some(JobLabel::ServiceName)) if source.is_ours() => None,
        _ => source.values.first().map(String::as_str),
    }
}

fn workload(job: &Job, entry: Option<&catalog::Job>, found: &Found) -> Workload {
    let honoured =
        |e: &catalog::Job| job.honor_labels.map_or_else(|| e.endpoints.iter().any(|p| p.honor_labels), |h| h.value);
    match (entry.map(|e| (e.workload_namespace, honoured(e))), job.honor_labels.map(|h| h.value)) {
        (Some((WorkloadNamespace::Target, _)), _) => Workload::Target,
        (Some((WorkloadNamespace::Nowhere, _)), _) => Workload::Nowhere,
        (Some((WorkloadNamespace::Reported | WorkloadNamespace::ReportedIfAny, true)), _) => Workload::Reported,
        // Not honoured, it stands in `exported_namespace`, which routes do not read.
        (Some((WorkloadNamespace::Reported | WorkloadNamespace::ReportedIfAny, false)), _) => Workload::Unsaid,
        // Answers are about addresses, not pods.
        (None, _) if *found == Found::Probe => Workload::Nowhere,
        (None, Some(true)) => Workload::Reported,
        (None, Some(false)) => Workload::Target,
        (None, None) if matches!(found, Found::Annotations(_)) => Workload::Target,
        (None, None) => Workload::Unsaid,
    }
}
