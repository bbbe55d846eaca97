//! A dashboard that a reader names and none of its data sources can answer: what is missing, on which of
//! them, and where it is.

use std::collections::BTreeSet;

use super::codes;
use super::context::Context;
use super::parts::Part;
use crate::catalog::{Dashboard, Scope};
use crate::diag::{Diagnostic, Sourced};
use crate::model::fleet::Reader;
use crate::model::plan::DataSource;

/// What a cluster scrapes, and which jobs it does not, with why.
pub(super) struct Scraped<'p, 'a> {
    pub parts: &'p [Part<'a>],
    pub left_out: &'p [(String, String)],
}

pub(super) fn finding(
    cx: &Context<'_>,
    reader: &Reader,
    said: &Sourced<String>,
    entry: &Dashboard,
    sources: &[DataSource],
    scraped: &Scraped<'_, '_>,
) -> Diagnostic {
    let what = format!("nothing that `{}` reads can answer a panel of the dashboard `{}`", reader.name, entry.name);
    let at = cx.place(said.origin, reader.origin);
    let found = Diagnostic::new(&codes::EMPTY_BOARD, at, what).here("would be empty");
    if entry.scope == Some(Scope::Store) && sources.iter().all(|s| !s.is_store) {
        let why =
            "it tells clusters apart, and a Prometheus knows only the one it is in; an empty dashboard is not made";
        return found
            .why(why)
            .help("name a store in `reads` that the routes lead to, or take the dashboard out of the list");
    }
    let metrics = entry.reads();
    let jobs = jobs(cx, &metrics);
    if jobs.is_empty() {
        let why = format!("no metric table of the catalog has {}; an empty dashboard is not made", listed(&metrics));
        let help = "list what it reads in the `metrics.tsv` beside the `job.yaml` that exposes it: by these tables is \
                    known who can answer";
        return found.why(why).help(help);
    }
    let why = format!(
        "it reads {} of {}; an empty dashboard is not made, so whoever asked for it would look for it in vain",
        listed(&metrics),
        either(&jobs)
    );
    let lacking = sources.iter().map(|s| (s, lacks(s, &jobs, scraped)));
    let found = lacking.fold(found.why(why), |found, (s, text)| cx.labelled(found, s.origin, &text));
    let help = help(sources, &jobs, scraped);
    found.help(format!(
        "{help}; else take the dashboard out of the list (unset, the reader gets all that can be answered)"
    ))
}

/// Jobs that have any of the metrics.
fn jobs<'c>(cx: &Context<'c>, metrics: &[&str]) -> BTreeSet<&'c str> {
    let asked = cx.catalog.asked().iter().filter(|a| metrics.contains(&a.metric.as_str()));
    asked.flat_map(|a| &a.jobs).map(|has| has.job.as_str()).collect()
}

/// What a data source lacks.
fn lacks(source: &DataSource, jobs: &BTreeSet<&str>, scraped: &Scraped<'_, '_>) -> String {
    let scrapes = |part: &&Part<'_>| jobs.contains(part.job().name.as_str()) && lanes(part).any(|l| l == source.name);
    if source.is_store {
        format!("no route brings them to `{}`", source.name)
    } else if let Some(part) = scraped.parts.iter().find(scrapes) {
        format!("`{}` scrapes `{}` without these metrics", source.name, part.job().name)
    } else {
        format!("`{}` scrapes none of this", source.name)
    }
}

/// What to write instead.
fn help(sources: &[DataSource], jobs: &BTreeSet<&str>, scraped: &Scraped<'_, '_>) -> String {
    let of_jobs = || scraped.parts.iter().filter(|p| jobs.contains(p.job().name.as_str()));
    let read = |lane: &str| sources.iter().any(|s| !s.is_store && s.name == lane);
    if let Some((part, lane)) = of_jobs().find_map(|p| Some((p, lanes(p).find(|l| !read(l))?))) {
        return format!("`{}` is scraped by `{lane}`: name that in `reads`", part.job().name);
    }
    if let Some(part) = of_jobs().next() {
        let job = &part.job().name;
        return format!(
            "see what is left of `{job}` here: its classes that are off, its `keep` and `drop`, the version of its exporter \
             (`watershed catalog metrics {job}` says what it has since when)"
        );
    }
    if let Some((job, why)) = scraped.left_out.iter().find(|(job, _)| jobs.contains(job.as_str())) {
        return format!("`{job}` is not collected here: {why}");
    }
    let stores = sources.iter().find(|s| s.is_store);
    let to = stores.map(|s| format!(", or route it to `{}` from where it is", s.name)).unwrap_or_default();
    format!("let this cluster have {}{to}", either(jobs))
}

/// Prometheis that scrape a part.
fn lanes<'p>(part: &'p Part<'_>) -> impl Iterator<Item = &'p str> {
    std::iter::once(part.lane.name.as_str()).chain(part.copies.iter().map(|(lane, _)| lane.name.as_str()))
}

fn listed(metrics: &[&str]) -> String {
    match metrics {
        [] => "nothing".to_owned(),
        [one] => format!("`{one}`"),
        [one, two] => format!("`{one}` and `{two}`"),
        [one, rest @ ..] => format!("`{one}` and {} more", rest.len()),
    }
}

fn either(jobs: &BTreeSet<&str>) -> String {
    let jobs: Vec<String> = jobs.iter().map(|job| format!("`{job}`")).collect();
    jobs.join(" or ")
}
