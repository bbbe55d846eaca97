//! Decisions: who scrapes what, how often, where it flows, what a relay holds back, what is run.
//!
//! [`survey`] each cluster, [`settle`] the fleet, [`plan`] each cluster again. All three are pure
//! and total: whatever the fleet, they return, and what does not work together is a finding. Nothing
//! here knows objects or files, and no job of the catalog by its name.

mod access;
mod addresses;
mod alerting;
mod annotations;
mod batches;
mod boards;
pub mod codes;
mod context;
mod critical;
mod discovered;
mod doors;
mod edges;
mod exporters;
mod expose;
mod flows;
pub mod held;
mod hosts;
mod keep;
mod lanes;
mod limits;
mod load;
mod matrix;
mod monitors;
mod parts;
mod peaks;
mod pod_labels;
mod policies;
mod proof;
mod readers;
mod relay;
mod routing;
mod rules;
mod secrets;
mod senders;
mod settle;
mod source;
mod split;
mod store_rules;
#[cfg(test)]
mod tests;
mod trace;
mod unanswered;
mod unused;
mod values;
mod way_in;
mod ways;
mod workloads;

pub use limits::check_limits;
pub use proof::{Proven, prove};
pub use settle::{settle, survey};
pub use trace::{Question, Wanted, destination, trace};

use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Origins, Sink};
use crate::model::fleet::{Fleet, NetworkPolicies};
use crate::model::ids::ClusterId;
use crate::model::plan::{ClusterPlan, FleetPlan, LanePlan, StorePlan};
use crate::store::{self, Standing};

use self::context::Context;
use self::lanes::Decided;
use self::parts::{Part, Parts};
use self::routing::{Division, Partition};
use self::source::{Found, Workload};
use self::unanswered::Scraped;

/// Everything about one cluster; findings go into `sink`. Pure and repeatable.
pub fn plan<'f>(
    fleet: &'f Fleet,
    catalog: &'f Catalog,
    fleet_plan: &FleetPlan,
    cluster: ClusterId,
    sink: &mut Sink,
) -> ClusterPlan<'f> {
    let cx = Context::new(fleet, catalog, cluster);
    let mut origins = Origins::continuing(&fleet.origins);
    let Parts { all: parts, left_out } = parts::parts(&cx, sink);
    let mut monitors = monitors::monitors(&cx, &parts, sink);
    let partitions = routing::partitions(&cx);
    pod_labels::label(&cx, &parts, &partitions, &mut monitors);
    pod_labels::check(&cx, &parts, &partitions, sink);
    check_claims(&cx, &parts, &partitions, sink);
    routing::check_vias(&cx, &partitions, sink);
    check_blind(&cx, &parts, &partitions, sink);
    check_believed(&cx, &parts, &partitions, sink);
    check_unmeasured(&cx, &parts, sink);
    values::check(&cx, &parts, sink);
    peaks::check(&cx, &parts, &partitions, sink);
    unused::check(&cx, &parts, sink);
    hosts::check(&cx, &parts, sink);
    let destinations = routing::destinations(&cx, &partitions);
    unused::promises(&cx, &partitions, &destinations, sink);
    let outlets = relay::outlets(&cx, destinations, sink);
    let scrapes = critical::scrapes(&cx, &parts, &monitors, &partitions, sink);
    let because = relay::reasons(&cx, &partitions, &outlets, &scrapes);
    let relayed = cx.relayed;
    let relay = relayed.then(|| relay::plan(&cx, &parts, &partitions, &outlets, (because, scrapes), &mut origins));
    if let Some(relay) = &relay {
        relay::check_volume(&cx, relay, sink);
    }
    let decided = Decided { parts: &parts, monitors: &monitors, partitions: &partitions, outlets: &outlets, relayed };
    let lanes: Vec<LanePlan<'f>> =
        cx.cluster.lanes.iter().map(|l| lanes::plan(&cx, l, &decided, &mut origins, sink)).collect();
    let stores = stores(&cx, fleet_plan, &mut origins, sink);
    expose::check_shared(&cx, &lanes, &stores, sink);
    let mut plan = ClusterPlan {
        id: cluster,
        cluster: cx.cluster,
        parts: proof::of_parts(&parts),
        rules: rules::rules(&cx, &parts, &lanes, sink),
        lanes,
        addresses: addresses::services(&cx, &parts),
        exporters: exporters::exporters(&cx, &parts, &mut origins, sink),
        relay,
        alertmanagers: alerting::alertmanagers(&cx, &mut origins, sink),
        alert_services: alerting::services(&cx, sink),
        store_rules: store_rules::store_rules(&cx, &stores, fleet_plan, &mut origins, sink),
        judged_at: store_rules::judged_at(&cx, fleet_plan, cluster),
        checklist: [exporters::checklist(&cx, &parts), annotations::checklist(&parts), doors::checklist(&cx, &stores)]
            .concat(),
        stores,
        readers: readers::readers(&cx, &Scraped { parts: &parts, left_out: &left_out }, fleet_plan, &mut origins, sink),
        workloads: Vec::new(),
        secrets: Vec::new(),
        edges: Vec::new(),
        policies: Vec::new(),
        flows: flows::flows(&cx, &parts, &partitions),
        answered: matrix::matrix(&cx, &parts, &partitions),
        not_collected: left_out,
        monitors,
        origins,
    };
    plan.workloads = workloads::workloads(&plan);
    plan.secrets = secrets::secrets(&cx, &plan);
    if cx.cluster.network_policies.value != NetworkPolicies::Off {
        plan.edges = edges::edges(&cx, &plan);
    }
    if cx.cluster.network_policies.value == NetworkPolicies::Enforce {
        plan.policies = policies::policies(&cx, &plan);
    }
    plan
}

fn stores(cx: &Context<'_>, fleet_plan: &FleetPlan, origins: &mut Origins, sink: &mut Sink) -> Vec<StorePlan> {
    let here = fleet_plan.stands_on.get(cx.id.index()).map_or(&[][..], Vec::as_slice);
    let planned = here.iter().filter_map(|id| {
        let store = cx.fleet.store(*id);
        let load = fleet_plan.stores.get(id.index())?;
        let standing = Standing { id: *id, store, cluster: cx.cluster, load, origins: &cx.fleet.origins };
        store::kind(&store.kind.value)?.plan(&standing, origins, sink)
    });
    planned.collect()
}

/// Lines by job must not meet: what each part of the cluster is claimed by, at most one line of a
/// kind may say.
fn check_claims(cx: &Context<'_>, parts: &[Part<'_>], partitions: &[Partition<'_>], sink: &mut Sink) {
    for partition in partitions {
        for part in lanes::parts_of(cx, parts, partition) {
            let naming = partition
                .main
                .claims
                .iter()
                .zip(partition.route.lines.iter().filter(|l| l.pod_labels.is_empty()))
                .filter(|(c, _)| c.names(part));
            let naming: Vec<_> = naming.collect();
            for (i, (later, line)) in naming.iter().enumerate() {
                let Some((_, first)) = naming[..i].iter().find(|(earlier, _)| earlier.meets(later)) else { continue };
                let what = format!(
                    "two lines of the route `{}` claim {}",
                    partition.route.name,
                    parts::spell(&part.job().name, part.class.as_deref())
                );
                let diagnostic = Diagnostic::new(&codes::CLAIMED_TWICE, line.at, what).here("claims it again");
                sink.push(diagnostic.label(first.at, "claimed here"));
            }
        }
    }
}

/// Whose word is taken for the namespace of a series must not be anybody's.
fn check_believed(cx: &Context<'_>, parts: &[Part<'_>], partitions: &[Partition<'_>], sink: &mut Sink) {
    for partition in partitions.iter().filter(|p| p.by_namespace()) {
        let mut seen = Vec::new();
        for part in lanes::parts_of(cx, parts, partition) {
            let job = part.job();
            let place = match &part.source.found {
                Found::Service(place) | Found::Pod(place) | Found::Kubelet(place) | Found::Annotations(place) => place,
                Found::Static(_) | Found::Lanes | Found::Probe => continue,
            };
            let catalog = part.pick.endpoints.iter().any(|e| e.honor_labels);
            let honors = job.honor_labels.map_or(catalog, |h| h.value);
            if !honors || !place.namespaces.is_empty() || seen.contains(&&job.name) {
                continue;
            }
            seen.push(&job.name);
            let what = format!(
                "the route `{}` splits by namespace, and `{}` is believed in every namespace",
                partition.route.name, job.name
            );
            let at = cx.place(job.honor_labels.map_or(job.origin, |h| h.origin), job.origin);
            let diagnostic = Diagnostic::new(&codes::BELIEVED, at, what).here("may run anywhere, and says whose it is");
            sink.push(cx.labelled(diagnostic, partition.route.origin, "this route splits by namespace"));
        }
    }
}

/// A split by namespace needs to know where the namespace stands.
fn check_blind(cx: &Context<'_>, parts: &[Part<'_>], partitions: &[Partition<'_>], sink: &mut Sink) {
    for partition in partitions.iter().filter(|p| p.by_namespace()) {
        let mut seen = Vec::new();
        for part in lanes::parts_of(cx, parts, partition) {
            let job = part.job();
            let by_job =
                |d: &Division| !d.by_namespace || d.claims.iter().any(|c| c.namespaces.is_empty() && c.names(part));
            let by_job = partition.divisions().all(by_job);
            if part.source.workload != Workload::Unsaid || by_job || seen.contains(&&job.name) {
                continue;
            }
            seen.push(&job.name);
            let what = format!(
                "the route `{}` splits by namespace, and `{}` does not say whose its label `namespace` is",
                partition.route.name, job.name
            );
            let origin = job.honor_labels.map_or(job.origin, |h| h.origin);
            let at = cx.place(origin, job.origin);
            // Of a job of the catalog only the spec can make this unknown.
            let diagnostic = match part.source.entry {
                Some(_) if job.honor_labels.is_some() => {
                    let what = format!(
                        "the route `{}` splits by namespace, and `{}` is told not to keep the namespaces it reports",
                        partition.route.name, job.name
                    );
                    Diagnostic::new(&codes::SPLIT_BLIND, at, what)
                        .here("moves them to `exported_namespace`")
                        .why("the catalog knows that this exporter reports on workloads: without their labels honoured, `namespace` is where the exporter runs, the workload's stands in `exported_namespace`, and a split by `namespace` sends every tenant's series to one place")
                        .help("take `honor-labels` out; or name the job in a `to … jobs=` line")
                }
                _ => Diagnostic::new(&codes::SPLIT_BLIND, at, what).here("not known"),
            };
            sink.push(cx.labelled(diagnostic, partition.route.origin, "this route splits by namespace"));
        }
    }
}

fn check_unmeasured(cx: &Context<'_>, parts: &[Part<'_>], sink: &mut Sink) {
    for part in parts.iter().filter(|p| p.source.entry.is_none() && p.class.is_none()) {
        let job = part.job();
        if job.series.is_none() {
            let what = format!("nothing says how many series a target of `{}` has", job.name);
            let at = cx.place(job.origin, job.origin);
            sink.push(Diagnostic::new(&codes::NOTHING_MEASURED, at, what).here("no `series`"));
        }
    }
    // The job's own are those of what its classes leave.
    let unknown = |p: &&Part<'_>| {
        let class = p.job().classes.iter().find(|c| Some(&c.name) == p.class.as_ref());
        p.is_scraped() && p.source.entry.is_none() && class.is_some_and(|c| c.series.is_none())
    };
    for part in parts.iter().filter(unknown) {
        let what = format!("nothing says how many series of {} a target has", part.reference());
        let diagnostic = Diagnostic::new(&codes::NOTHING_MEASURED, cx.place(part.origin, part.job().origin), what);
        sink.push(
            diagnostic.here("no `series`").help("say `series` in the class: of those of a target, how many it has"),
        );
    }
}
