//! What stands on a node or in a namespace only once: ports of the node, and workloads that the
//! cluster's base runs under the name of a job.

use super::codes;
use super::context::Context;
use super::parts::Part;
use crate::catalog::Variant;
use crate::diag::{Diagnostic, Origin, Sink};
use crate::model::fleet::{BaseKind, Job};

/// A job whose exporter listens on a port of the node.
struct Listener<'a> {
    port: u16,
    job: &'a Job,
}

pub(super) fn check(cx: &Context<'_>, parts: &[Part<'_>], sink: &mut Sink) {
    let mut seen: Vec<Listener<'_>> = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for part in parts {
        let job = part.source.job;
        if done.contains(&job.name.as_str()) {
            continue;
        }
        done.push(&job.name);
        let Some(variant) = part.source.variant else { continue };
        let ours = part.source.is_ours();
        if ours {
            beside_the_base(cx, part, sink);
        }
        for &port in &variant.host_ports {
            if let Some(other) = seen.iter().find(|l| l.port == port && meet(l.job, job)) {
                let what = format!(
                    "the exporters of `{}` and `{}` both listen on port {port} of the node",
                    other.job.name, job.name
                );
                let found = Diagnostic::new(&codes::HOST_PORT, place(cx, job), what).here("listens there too");
                let help = format!(
                    "run them on different nodes (`node-selector` of `exporter`), or disable one of the jobs: `job \"{}\" disabled=#true`",
                    job.name
                );
                sink.push(cx.labelled(found, other.job.origin, "listens there").help(help));
            }
            seen.push(Listener { port, job });
        }
        if ours {
            beside_the_bases_ports(cx, job, variant, sink);
        }
    }
}

/// Whether pods of both may come to one node: not if a label of their selectors has two values.
fn meet(a: &Job, b: &Job) -> bool {
    let (a, b) = (&a.exporter.node_selector, &b.exporter.node_selector);
    !a.iter().any(|(key, value)| b.get(key).is_some_and(|other| other.value != value.value))
}

/// Entries that the base runs, by the variant for it.
fn of_base<'a>(cx: &Context<'a>) -> impl Iterator<Item = (&'a str, &'a Variant)> {
    let base = cx.cluster.base.kind.value;
    let here = move |v: &&Variant| base != BaseKind::None && v.when.base.iter().any(|b| b == base.name());
    cx.catalog.jobs().filter_map(move |j| Some((j.name.as_str(), j.variants.iter().find(here)?)))
}

/// One of ours whose port of the node the base's exporter has.
fn beside_the_bases_ports(cx: &Context<'_>, job: &Job, variant: &Variant, sink: &mut Sink) {
    for (other, theirs) in of_base(cx) {
        let Some(port) = variant.host_ports.iter().find(|p| theirs.host_ports.contains(p)) else { continue };
        let base = cx.cluster.base.kind;
        let what = format!(
            "the exporter of `{}` would listen on port {port} of the node, where that of {} does",
            job.name,
            base.value.name()
        );
        let found = Diagnostic::new(&codes::HOST_PORT, place(cx, job), what).here("runs here too");
        let help = format!(
            "scrape the one that runs, `job \"{other}\" exporter=\"elsewhere\"`; or take it out of {} first",
            base.value.name()
        );
        sink.push(cx.labelled(found, base.origin, "this runs one").help(help));
    }
}

/// One of ours in the base's own namespace, under the name of the base's.
fn beside_the_base(cx: &Context<'_>, part: &Part<'_>, sink: &mut Sink) {
    let (job, base) = (part.source.job, &cx.cluster.base);
    // The names of the chart begin with its release.
    let bare = base.kind.value == BaseKind::KubePrometheus && part.source.exporter_namespace(cx) == base.namespace();
    if !bare || of_base(cx).all(|(name, _)| name != job.name) {
        return;
    }
    let what = format!(
        "`{}` would be run in namespace `{}`, where {} has one of that name",
        job.name,
        base.namespace(),
        base.kind.value.name()
    );
    let found = Diagnostic::new(&codes::BASE_HAS_IT, place(cx, job), what).here("runs here too");
    let help = format!(
        "scrape the one that runs, `job \"{0}\" exporter=\"elsewhere\"`; or run it in a namespace of its own: `job \"{0}\" {{ exporter \"watershed\" namespace=\"exporters\" }}`",
        job.name
    );
    sink.push(cx.labelled(found, base.kind.origin, "this runs one").help(help));
}

fn place(cx: &Context<'_>, job: &Job) -> crate::diag::Span {
    cx.place(job.exporter.managed.origin, if cx.is_said(job.origin) { job.origin } else { Origin::INHERIT })
}
