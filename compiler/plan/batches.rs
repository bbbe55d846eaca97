//! Batches of timestamped samples: fetched more rarely than they are taken.
//!
//! An answer holds the last so many values of each series with their timestamps, oldest first. One
//! more than fit between two scrapes: the newest of the last answer comes again, which Prometheus
//! takes silently, and nothing is lost to the jitter of a scrape. More than that would be counted as
//! out of order at every scrape.

use super::codes;
use super::context::Context;
use super::parts::{Part, Schedule, spell};
use super::source::Source;
use crate::catalog::Serves;
use crate::diag::{Diagnostic, Sink, Sourced};
use crate::model::fleet::Class;
use crate::model::value::{Duration, JobGlob, Version};

/// From the first to before the second, Prometheus drops all samples of a series but the first of a
/// scrape (its change log; issue 14503 there).
const DROPPING: [(Version, Version); 2] =
    [(Version::new(2, 52, 0), Version::new(2, 53, 3)), (Version::new(2, 54, 0), Version::new(2, 54, 1))];

/// Values of each series in an answer: `scrape / interval`, rounded up, and one.
pub(super) fn length(source: &Source<'_>, schedule: &Schedule) -> u32 {
    if source.serves() != Serves::Batch {
        return 1;
    }
    let (scrape, interval) = (schedule.scrape().value.millis(), schedule.interval.value.millis().max(1));
    u32::try_from(scrape.div_ceil(interval)).unwrap_or(u32::MAX).saturating_add(1)
}

/// How often batches are fetched, where the spec says it and it is possible.
pub(super) fn fetched(
    cx: &Context<'_>,
    source: &Source<'_>,
    class: Option<&Class>,
    interval: Sourced<Duration>,
    sink: &mut Sink,
) -> Option<Sourced<Duration>> {
    let scrape = class.and_then(|c| c.scrape).or(source.job.scrape)?;
    let name = spell(&source.job.name, class.map(|c| c.name.as_str()));
    let at = cx.place(scrape.origin, source.job.origin);
    if source.serves() != Serves::Batch {
        let what = format!("{name} is to be fetched every {}, and its exporter serves no batches", scrape.value);
        let found = Diagnostic::new(&codes::NO_BATCHES, at, what).here("only the newest value is served");
        let batches = source.entry.and_then(|e| e.variants.iter().find(|v| v.serves == Serves::Batch));
        sink.push(match batches {
            Some(variant) => found.help(format!(
                "say `exporter \"{}\"` in the job if its exporter serves timestamped batches, or take `scrape` out",
                variant.name
            )),
            None => found,
        });
        return None;
    }
    if scrape.value < interval.value {
        let what = format!("{name} is fetched every {} and sampled every {}", scrape.value, interval.value);
        let found = Diagnostic::new(&codes::FETCHED_TOO_OFTEN, at, what).here("shorter than the interval");
        sink.push(cx.labelled(found, interval.origin, "the interval comes from here"));
        return None;
    }
    Some(scrape)
}

/// A job of batches needs a Prometheus that keeps them.
pub(super) fn check_version(cx: &Context<'_>, source: &Source<'_>, sink: &mut Sink) {
    let version = cx.version("prometheus");
    let drops = |(from, before): &(Version, Version)| version.value >= *from && version.value < *before;
    if source.serves() != Serves::Batch || !DROPPING.iter().any(drops) {
        return;
    }
    let what =
        format!("`{}` serves timestamped batches, and the Prometheus here is {}", source.job.name, version.value);
    let at = cx.place(source.job.exporter.managed.origin, source.job.origin);
    let found = Diagnostic::new(&codes::BATCHES_DROPPED, at, what).here("serves batches");
    sink.push(cx.labelled(found, version.origin, "this version keeps one sample of each batch"));
}

/// There is no slower twin of a batch, for each answer brings all samples: unless a route names the
/// class, it stays at home.
pub(super) fn check_routed(cx: &Context<'_>, part: &Part<'_>, class: &Class, sink: &mut Sink) {
    let lines = cx.fleet.routes.iter().flat_map(|r| &r.lines).flat_map(|l| &l.jobs);
    let names = |g: &JobGlob| g.class.is_some() && g.matches(&part.job().name, Some(&class.name));
    let routed = lines.filter_map(|g| JobGlob::parse(&g.value).ok()).any(|g| names(&g));
    if routed || cx.fleet.routes.is_empty() {
        return;
    }
    let name = spell(&part.job().name, Some(&class.name));
    let what = format!("{name} is sampled every {} in batches, and no route names it", part.schedule.interval.value);
    let found = Diagnostic::new(&codes::BATCH_AT_HOME, cx.place(class.origin, part.origin), what).here("sent nowhere");
    sink.push(cx.labelled(found, part.schedule.interval.origin, "the interval comes from here"));
}
