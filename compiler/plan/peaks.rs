//! Peaks of fast classes: a sample every 15 s hides a burst of a second, so the largest rate within
//! each interval of the slower twin is recorded where the fast class is, and goes where the twin goes.

use super::boards;
use super::codes;
use super::context::Context;
use super::load;
use super::parts::{Part, Recorded, Schedule, spell, twin_of};
use super::routing::{Partition, Target, Who, route_of};
use crate::diag::{Diagnostic, Sink};
use crate::model::fleet::Lane;
use crate::model::plan::PeaksPlan;

/// One part beside each twin whose fast class brings a counter that the catalog names for this.
pub(super) fn recorded<'a>(cx: &Context<'a>, parts: &[Part<'a>]) -> Vec<Part<'a>> {
    parts.iter().filter_map(|fast| of_class(cx, parts, fast)).collect()
}

fn of_class<'a>(cx: &Context<'a>, parts: &[Part<'a>], fast: &Part<'a>) -> Option<Part<'a>> {
    let class = fast.class.as_ref().filter(|_| fast.is_fast())?;
    let name = twin_of(class);
    let twin = parts.iter().find(|p| p.job().name == fast.job().name && p.class.as_ref() == Some(&name))?;
    let peaks = boards::peaks(cx, parts, fast);
    (!peaks.is_empty()).then(|| Part {
        source: fast.source.clone(),
        class: Some(name),
        pick: fast.pick.clone(),
        lane: fast.lane,
        copies: Vec::new(),
        schedule: Schedule { interval: twin.schedule.interval, fetch: None, timeout: None },
        series: load::recorded(cx, &fast.source, peaks.iter().copied()),
        recorded: Some(Recorded { class: class.clone(), interval: fast.schedule.interval, peaks }),
        origin: fast.origin,
    })
}

/// What a Prometheus records.
pub(super) fn plan(parts: &[Part<'_>], lane: &Lane) -> Vec<PeaksPlan> {
    let own = parts.iter().filter(|p| p.lane.name == lane.name);
    let plan = |part: &Part<'_>| {
        let recorded = part.recorded.as_ref()?;
        Some(PeaksPlan {
            job: part.job().name.clone(),
            values: part.source.values.clone(),
            class: recorded.class.clone(),
            twin: part.class.clone()?,
            interval: recorded.interval,
            every: part.schedule.interval,
            records: recorded.peaks.iter().map(|p| (p.record.clone(), p.metric.clone())).collect(),
        })
    };
    own.filter_map(plan).collect()
}

/// Peaks are sent by the Prometheus that makes them: where no route has it, or another one, they do not
/// come to where the twin is.
pub(super) fn check(cx: &Context<'_>, parts: &[Part<'_>], partitions: &[Partition<'_>], sink: &mut Sink) {
    let goes = |part: &Part<'_>| -> Vec<Vec<Target>> {
        let route = route_of(cx.fleet, cx.id, &part.lane.name);
        let Some(partition) = partitions.iter().find(|p| Some(p.id) == route) else { return Vec::new() };
        let answer = |namespace: &str| {
            let mut targets = partition.answer(Who::Sample(part), namespace).to_vec();
            targets.sort_unstable();
            targets
        };
        let mut all: Vec<Vec<Target>> = partition.questions().map(answer).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|targets| !targets.is_empty());
        all
    };
    for peaks in parts.iter().filter(|p| !p.is_scraped()) {
        let is_twin = |p: &&Part<'_>| p.is_scraped() && p.job().name == peaks.job().name && p.class == peaks.class;
        let Some(twin) = parts.iter().find(is_twin).filter(|twin| goes(twin) != goes(peaks)) else { continue };
        let what = format!(
            "the peaks of {} are recorded in `{}` and do not go where their twin in `{}` goes",
            spell(&peaks.job().name, peaks.recorded.as_ref().map(|r| r.class.as_str())),
            peaks.lane.name,
            twin.lane.name
        );
        let at = cx.place(peaks.lane.origin, peaks.origin);
        let found = Diagnostic::new(&codes::PEAKS_APART, at, what).here("records them");
        sink.push(cx.labelled(found, twin.lane.origin, "has the twin"));
    }
}
