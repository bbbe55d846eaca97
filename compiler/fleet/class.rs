//! The classes of a job: the catalog's, and those the spec adds.

use std::collections::BTreeSet;

use super::codes;
use super::context::Context;
use super::job::Looked;
use super::lane::disables_nothing;
use super::merge::Block;
use super::names::undefined;
use super::read::LANGUAGE;
use crate::catalog::{self, Select};
use crate::diag::{Diagnostic, Span};
use crate::model::fleet::Class;
use crate::model::value::Duration;

/// Longest name of an object whose name is also a label's value.
const LONGEST: usize = 63;

/// In the order of their names, without those that are disabled, that the cluster has no use for,
/// or that its exporter is too old for.
pub(super) fn classes<'d>(cx: &mut Context<'_, 'd>, job: &Looked<'_, 'd>) -> Vec<Class> {
    let entry_classes = job.entry.map_or(&[][..], |e| &e.classes);
    let mut names: BTreeSet<&str> = entry_classes.iter().map(|c| c.name.as_str()).collect();
    let said: BTreeSet<&str> =
        job.said.into_iter().flat_map(|(_, b)| b.members("class")).map(|(name, _, _)| name).collect();
    names.extend(&said);
    for (class, claim) in job.claims.of_job(job.name) {
        if let Some(class) = class.filter(|c| !names.contains(c)) {
            let what = format!("class of job `{}` called", job.name);
            cx.read.report(undefined(&what, class, claim.at, names.iter().copied()));
        }
    }
    names.into_iter().filter_map(|name| class(cx, job, name, entry_classes.iter().find(|c| c.name == name))).collect()
}

fn class<'d>(
    cx: &mut Context<'_, 'd>,
    job: &Looked<'_, 'd>,
    name: &str,
    entry: Option<&catalog::Class>,
) -> Option<Class> {
    let said = job.said.and_then(|(_, b)| b.member("class", name));
    if let Some((member, block)) = said
        && let Some(off) = block.flag("disabled")
    {
        if entry.is_none() && member.said.len() == 1 {
            let known = job.entry.into_iter().flat_map(|e| e.classes.iter()).map(|c| c.name.as_str());
            cx.read.report(disables_nothing(&format!("a class `{name}`"), name, member, off, known));
        }
        return None;
    }
    let named = said.map(|(m, _)| m.at()).or_else(|| job.claims.get(job.name, Some(name)).map(|c| c.at));
    if let Some(entry) = entry {
        entry.requires.check(job.facts).ok()?;
        if let Err(shut) = entry.gate.check(job.versions) {
            if let Some(at) = named {
                cx.read.report(too_old(job, name, at, &shut));
            }
            return None;
        }
    }
    let empty = Block::empty(&crate::spec::ROOT);
    let block = said.map_or(&empty, |(_, block)| block);
    if entry.is_none()
        && let Some((member, block)) = said
        && !cx.said(block, "collectors")
        && !cx.said(block, "metrics")
    {
        let known: Vec<&str> = job.entry.into_iter().flat_map(|e| e.classes.iter()).map(|c| c.name.as_str()).collect();
        cx.read.report(
            Diagnostic::new(
                &codes::CUSTOM_CLASS,
                member.at(),
                format!("the class `{name}` of job `{}` says neither `collectors` nor `metrics`", job.name),
            )
            .did_you_mean(name, known),
        );
        return None;
    }
    if let Some(at) = named {
        check_length(cx, job, name, at);
    }
    let interval = cx.read.duration(block, "interval");
    let sampled = match cx.read.duration(block, "sampled") {
        Some(sampled) => sampled,
        None => cx.read.default(Duration::from_secs(15), LANGUAGE),
    };
    let (parts, metrics) = match entry.map(|e| &e.select) {
        Some(Select::Parts(parts)) => (Some(parts), None),
        Some(Select::Metrics(globs)) => (None, Some(globs)),
        Some(Select::Endpoints(_)) | None => (None, None),
    };
    // What the spec says replaces the catalog's selection, whichever it is.
    let overridden = cx.said(block, "collectors") || cx.said(block, "metrics");
    let mut of_catalog = |items: Option<&Vec<String>>| {
        let items = items.filter(|_| !overridden)?;
        Some(items.iter().map(|i| cx.read.default(i.clone(), "catalog")).collect::<Vec<_>>())
    };
    let (parts, metrics) = (of_catalog(parts), of_catalog(metrics));
    Some(Class {
        name: name.to_owned(),
        origin: match named {
            Some(at) => cx.read.spec(at),
            None => cx.read.default_origin("catalog"),
        },
        interval,
        timeout: cx.read.duration(block, "timeout"),
        scrape: cx.read.duration(block, "scrape"),
        lane: cx.read.text(block, "prometheus"),
        collectors: cx.read.texts_if_said(block, "collectors").or(parts),
        metrics: cx.read.texts_if_said(block, "metrics").or(metrics),
        series: cx.read.count(block, "series"),
        sampled,
    })
}

fn too_old(job: &Looked<'_, '_>, class: &str, at: Span, shut: &catalog::Shut) -> Diagnostic {
    let has = shut.declared.map_or_else(|| "none declared".to_owned(), |v| v.to_string());
    let bound = match shut.since {
        true => format!("it is there from {} {} on", shut.component, shut.bound),
        false => format!("it went with {} {}", shut.component, shut.bound),
    };
    Diagnostic::new(
        &codes::VERSION_GATE,
        at,
        format!("cluster `{}` cannot have the class `{}/{class}`: {} is {has}", job.cluster, job.name, shut.component),
    )
    .here(bound)
    .help(format!(
        "raise `{}` in `versions`, or say `class \"{class}\" disabled=#true` in the cluster's own `job \"{}\"`",
        shut.component, job.name
    ))
}

/// Monitors are named `<job>-<class>`, their twins with `-sampled` behind; the name is a label too.
fn check_length(cx: &mut Context<'_, '_>, job: &Looked<'_, '_>, class: &str, at: Span) {
    let composed = format!("{}-{class}-sampled", job.name);
    if composed.len() > LONGEST {
        cx.read.report(
            Diagnostic::new(&codes::NAME_TOO_LONG, at, format!("`{composed}` has {} characters", composed.len()))
                .here(format!("at most {LONGEST} with the job's name and `-sampled`"))
                .help("shorten the name of the class, or of the job if it is your own"),
        );
    }
}
