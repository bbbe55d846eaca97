//! The workloads that serve jobs, where we run them.

use std::collections::BTreeSet;

use super::batches;
use super::codes;
use super::context::Context;
use super::parts::{Part, wanted_collectors};
use super::source::{self, Source};
use super::split;
use crate::catalog::{self, CheckWhen, Parts};
use crate::diag::{Diagnostic, Origin, Origins, Sink, Sourced, Why};
use crate::model::fleet::{Resources, Toleration};
use crate::model::plan::ExporterPlan;
use crate::model::value::Version;

pub(super) fn exporters(
    cx: &Context<'_>,
    parts: &[Part<'_>],
    origins: &mut Origins,
    sink: &mut Sink,
) -> Vec<ExporterPlan> {
    let mut out: Vec<ExporterPlan> = Vec::new();
    for part in parts {
        let source = &part.source;
        let known = out.iter().any(|e| e.job == source.job.name);
        if let (false, true, Some(entry)) = (known, source.is_ours(), source.entry) {
            out.extend(exporter(cx, source, entry, parts, origins, sink));
        }
    }
    out
}

fn exporter(
    cx: &Context<'_>,
    source: &Source<'_>,
    entry: &catalog::Job,
    parts: &[Part<'_>],
    origins: &mut Origins,
    sink: &mut Sink,
) -> Option<ExporterPlan> {
    let ours = entry.exporter.as_ref()?;
    let said = &source.job.exporter;
    let component = entry.component.as_ref();
    let image = image(cx, source, entry, sink);
    let version = component.map_or(Sourced::new(Version::new(0, 0, 0), Origin::INHERIT), |c| cx.version(&c.name));
    let (parts_on, parts_off) = switches(cx, source, entry.parts.as_ref(), &wanted_collectors(parts, &entry.name));
    let mut default =
        |value: &str| Sourced::new(value.to_owned(), origins.add(Why::Default("the catalog's entry of the job")));
    let mut node_selector = said.node_selector.clone();
    for (key, value) in &ours.node_selector {
        if !node_selector.contains_key(key) {
            node_selector.insert(key.clone(), default(value));
        }
    }
    let mut with = |said: &Resources, ours: &std::collections::BTreeMap<String, String>| {
        let mut all = said.clone();
        for (name, quantity) in ours {
            if !all.contains_key(name) {
                all.insert(name.clone(), default(quantity));
            }
        }
        all
    };
    let requests = with(&said.requests, &ours.resources.requests);
    let limits = with(&said.limits, &ours.resources.limits);
    let everywhere = Toleration {
        key: None,
        operator: Some("Exists".into()),
        value: None,
        effect: None,
        toleration_seconds: None,
        origin: Origin::INHERIT,
    };
    Some(ExporterPlan {
        job: source.job.name.clone(),
        namespace: source.exporter_namespace(cx),
        image,
        version,
        port: ours.port,
        parts_on,
        parts_off,
        shards: shards(cx, ours),
        serves: source.serves().name(),
        host_network: ours.host_network,
        args: said.args.clone(),
        node_selector,
        tolerations: if ours.tolerate_all { vec![everywhere] } else { cx.cluster.scheduling.tolerations.clone() },
        priority_class: match &ours.priority_class {
            Some(class) => Some(default(class)),
            None => cx.cluster.scheduling.priority_class.clone(),
        },
        requests,
        limits,
        origin: source.job.origin,
    })
}

/// Collectors switched on beyond the exporter's defaults, and defaults switched off.
fn switches(
    cx: &Context<'_>,
    source: &Source<'_>,
    parts: Option<&Parts>,
    wanted: &BTreeSet<String>,
) -> (Vec<String>, Vec<String>) {
    let Some(parts) = parts else { return (Vec::new(), Vec::new()) };
    let wanted: Vec<String> = wanted.iter().cloned().collect();
    let running = split::running(cx, source, parts, &wanted);
    let default: BTreeSet<String> = parts.default.iter().cloned().collect();
    let exists = |p: &&String| parts.gates.get(*p).is_none_or(|g| g.open(&cx.versions));
    let off = default.difference(&running).filter(exists).cloned().collect();
    (running.difference(&default).cloned().collect(), off)
}

/// One shard up to 20,000 pods: the series of that many fill a process of some 10 GiB.
fn shards(cx: &Context<'_>, ours: &catalog::Exporter) -> u32 {
    const PODS: u64 = 20_000;
    if ours.shards { u32::try_from(cx.cluster.pods.value.div_ceil(PODS).max(1)).unwrap_or(u32::MAX) } else { 1 }
}

/// As the spec says, else the catalog's with the tag of the declared version.
fn image(cx: &Context<'_>, source: &Source<'_>, entry: &catalog::Job, sink: &mut Sink) -> String {
    let job = source.job;
    if let Some(said) = &job.exporter.image {
        return said.value.clone();
    }
    let Some(ours) = &entry.exporter else { return String::new() };
    let Some(component) = &entry.component else {
        // An exporter without versions has one image.
        let image = ours.image.as_ref().map(|image| image.untagged(cx.mirror()));
        return image.unwrap_or_else(|| {
            source::no_image(cx, job, sink);
            String::new()
        });
    };
    let Some(known) = &ours.image else {
        source::no_image(cx, job, sink);
        return String::new();
    };
    let version = cx.versions.get(&component.name).copied().unwrap_or(component.default);
    if let Some(image) = known.reference(component, version, cx.mirror()) {
        return image;
    }
    let declared = cx.version(&component.name);
    let what = format!("nothing tells under which tag `{}` {} is published", component.name, declared.value);
    let diagnostic =
        Diagnostic::new(&codes::NO_IMAGE, cx.place(declared.origin, job.origin), what).here("no known tag");
    sink.push(cx.labelled(diagnostic, job.origin, "the exporter is run for this job"));
    String::new()
}

/// What a person has to see to, in words, sorted.
pub(super) fn checklist(cx: &Context<'_>, parts: &[Part<'_>]) -> Vec<String> {
    let mut out = BTreeSet::new();
    for part in parts {
        let Some(entry) = part.source.entry else { continue };
        let when = |when| match when {
            CheckWhen::Present => true,
            CheckWhen::Elsewhere => !part.source.is_ours(),
            CheckWhen::NotReachable => false,
        };
        let variant = part.source.variant.map(|v| v.name.as_str());
        let here = |c: &&catalog::Check| when(c.when) && c.variant.as_deref().is_none_or(|v| Some(v) == variant);
        out.extend(entry.checklist.iter().filter(here).map(|c| format!("{}: {}", entry.name, c.text)));
        let length = batches::length(&part.source, &part.schedule);
        if length > 1 {
            let class = part.class.as_ref().map(|c| format!("in the class `{c}` ")).unwrap_or_default();
            out.insert(format!(
                "{}: {class}every answer holds the last {length} values of each series, {} apart, each with its timestamp, oldest first. Reading takes none away, for several may ask.",
                entry.name, part.schedule.interval.value
            ));
        }
    }
    let unscraped = cx.cluster.jobs.iter().map(|j| &j.name).filter(|n| parts.iter().all(|p| p.job().name != **n));
    for name in cx.cluster.absent.iter().map(|(name, _)| name).chain(unscraped) {
        let Some(entry) = cx.catalog.job(name) else { continue };
        let provider = entry.requires.own_control_plane && cx.cluster.managed_control_plane.value;
        let needs = std::iter::once(&entry.requires).chain(entry.variants.iter().map(|v| &v.requires));
        let mut needs = needs.filter_map(|r| r.reachable.as_ref());
        if !provider && needs.any(|component| cx.cluster.reachable.iter().all(|r| r.value != *component)) {
            let checks = entry.checklist.iter().filter(|c| c.when == CheckWhen::NotReachable);
            out.extend(checks.map(|c| format!("{}: {}", entry.name, c.text)));
        }
    }
    out.into_iter().collect()
}
