//! Settings that are understood and change nothing on this cluster, for what they change is done
//! otherwise here.

use std::collections::BTreeMap;

use super::codes;
use super::context::Context;
use super::parts::Part;
use super::relay;
use super::routing::{Dest, Partition};
use crate::diag::{Diagnostic, Origin, Sink, Sourced};
use crate::model::fleet::{Destination, DiscoverBy, GrafanaBy, Job};

pub(super) fn check(cx: &Context<'_>, parts: &[Part<'_>], sink: &mut Sink) {
    for job in &cx.cluster.jobs {
        exporter(cx, job, parts, sink);
        discover(cx, job, parts, sink);
        path(cx, job, parts, sink);
    }
    grafana(cx, sink);
}

/// A destination has one queue, whatever line leads to it: a lower `survive` of one is that of none.
pub(super) fn promises(cx: &Context<'_>, partitions: &[Partition<'_>], dests: &[Dest<'_>], sink: &mut Sink) {
    for line in partitions.iter().flat_map(|p| p.route.all_lines()) {
        let Some(said) = line.survive else { continue };
        let led_to =
            |d: &&Dest<'_>| line.stores.iter().any(|s| s.value == Destination::Store(d.target.store, d.target.tenant));
        let Some(dest) = dests.iter().filter(led_to).find(|d| d.survive.value > said.value) else { continue };
        let (name, longest) = (relay::name_in(cx.fleet, dest.target), dest.survive);
        let what = format!(
            "`survive` of the line has no effect: `{name}` has one queue, which is to hold {} for what else goes there",
            longest.value
        );
        let help = format!(
            "take it out; or say it in every line to `{name}`, and lower `survive` of the cluster where `shared` or `unowned` leads there"
        );
        let diagnostic = Diagnostic::new(&codes::NO_EFFECT, cx.place(said.origin, line.origin), what);
        sink.push(cx.labelled(diagnostic.here("no effect").help(help), longest.origin, "this is longer"));
    }
}

/// What shapes the workload of an exporter, where the workload is not ours.
fn exporter(cx: &Context<'_>, job: &Job, parts: &[Part<'_>], sink: &mut Sink) {
    let entry = cx.catalog.job(&job.name).filter(|_| job.in_catalog);
    let runs = entry.is_some_and(|e| e.exporter.is_some());
    if parts.iter().any(|p| p.job().name == job.name && p.source.is_ours()) {
        return;
    }
    let said = &job.exporter;
    let help = match (runs, said.managed.value.as_str()) {
        (true, "watershed") => return,
        (true, _) => "say `exporter \"watershed\"` to have it run, or change it where it is deployed and take this out",
        (false, _) => "change it where the exporter is deployed, and take this out",
    };
    let keys = [
        ("image", said.image.as_ref().map(|i| i.origin)),
        ("args", said.args.first().map(|a| a.origin)),
        ("node-selector", first(&said.node_selector)),
        ("requests", first(&said.requests)),
        ("limits", first(&said.limits)),
    ];
    for (key, origin) in keys {
        let why = format!("somebody else runs the exporter of `{}`", job.name);
        report(cx, origin, &format!("`{key}` of the exporter"), &why, help, sink);
    }
}

fn discover(cx: &Context<'_>, job: &Job, parts: &[Part<'_>], sink: &mut Sink) {
    let Some(said) = &job.discover else { return };
    let ours = |p: &Part<'_>| p.job().name == job.name && p.source.is_ours() && p.source.is_private();
    if parts.iter().any(ours) {
        let why = format!("we run the exporter of `{}`, and find it by our own labels", job.name);
        let help = "take it out; or take `image` out of `exporter` if somebody else runs it";
        return report(cx, Some(said.by.origin), "`discover`", &why, help, sink);
    }
    let port = said.port.as_ref().map(|p| p.origin);
    let prober = said.prober.as_ref().map(|p| p.origin);
    if said.by.value == DiscoverBy::Probe {
        let why = format!("the prober of `{}` answers for the addresses that are written out", job.name);
        let help = "take it out; host and port of the prober are its `prober`";
        let own = first(&said.labels);
        let namespaces = said.namespaces.first().map(|n| n.origin);
        for (origin, key) in [(own, "labels"), (namespaces, "namespace"), (port, "port")] {
            report(cx, origin, &format!("`{key}` of `discover`"), &why, help, sink);
        }
        let critical = job.critical.filter(|c| c.value).map(|c| c.origin);
        let by_relay = "the relay asks no prober";
        report(cx, critical, "`critical`", by_relay, "take it out", sink);
        let honor = job.honor_labels.map(|h| h.origin);
        let why = "what a prober answers has no labels of another pod";
        return report(cx, honor, "`honor-labels`", why, "take it out", sink);
    }
    let why = format!("nobody is asked about the targets of `{}`: they answer themselves", job.name);
    report(cx, prober, "`prober` of `discover`", &why, "take it out, or say `discover \"probe\"`", sink);
    let (addresses, labels) = (said.addresses.first().map(|a| a.origin), first(&said.labels));
    let namespaces = said.namespaces.first().map(|n| n.origin);
    if said.by.value == DiscoverBy::Static {
        let why = format!("the targets of `{}` are the addresses that are written out", job.name);
        let help = "take it out, or say `discover \"service\"` or `discover \"pod\"` instead of `static`";
        report(cx, labels, "`labels` of `discover`", &why, help, sink);
        report(cx, namespaces, "`namespace` of `discover`", &why, help, sink);
    } else {
        let why = format!("the targets of `{}` are found in the cluster, not by address", job.name);
        let help = "take the addresses out, or say `discover \"static\"`";
        report(cx, addresses, "`addresses` of `discover`", &why, help, sink);
    }
}

/// One path cannot stand for the several that an entry of the catalog scrapes.
fn path(cx: &Context<'_>, job: &Job, parts: &[Part<'_>], sink: &mut Sink) {
    let several = |p: &Part<'_>| p.job().name == job.name && p.pick.endpoints.len() > 1;
    if parts.iter().any(several) {
        let origin = job.path.as_ref().map(|p| p.origin);
        let why = format!("`{}` is scraped on several paths, each the catalog's own", job.name);
        let help = "take it out; a path of your own is a job of your own, with `discover`";
        report(cx, origin, "`path`", &why, help, sink);
    }
}

fn grafana(cx: &Context<'_>, sink: &mut Sink) {
    let grafana = &cx.cluster.grafana;
    let why = match grafana.by.value {
        GrafanaBy::Sidecar | GrafanaBy::Operator => return,
        GrafanaBy::KubePrometheus => {
            "the Grafana of kube-prometheus mounts volumes by name, and nobody looks for labels"
        }
        GrafanaBy::Files => "dashboards and data sources are plain files here, and no sidecar looks for labels",
        GrafanaBy::None => "nothing is made for a Grafana here",
    };
    let help = "say `grafana \"sidecar\"` if a sidecar picks them up, or take the labels out";
    report(cx, first(&grafana.labels), "`labels` of `grafana`", why, help, sink);
}

fn first(said: &BTreeMap<String, Sourced<String>>) -> Option<Origin> {
    said.values().next().map(|v| v.origin)
}

/// Reports a key, if the spec says it. The words name no cluster: a line of the fleet block is one
/// finding, however many clusters it means nothing to.
fn report(cx: &Context<'_>, origin: Option<Origin>, key: &str, why: &str, help: &str, sink: &mut Sink) {
    let Some(origin) = origin.filter(|o| cx.is_said(*o)) else { return };
    let what = format!("{key} has no effect: {why}");
    let at = cx.place(origin, origin);
    sink.push(Diagnostic::new(&codes::NO_EFFECT, at, what).here("no effect").help(help));
}
