//! Which dashboards a reader gets, and which of their panels: those that one of its data sources can
//! answer, from what its Prometheus scrapes or what the routes bring to its store.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::parts::{self, Part};
use super::source::{facts, reachable};
use super::split;
use super::unanswered::{self, Scraped};
use crate::catalog::{Asked, Dashboard, Has, Kind, Peak, Scope, Select, Target, query_reads};
use crate::diag::Sink;
use crate::model::fleet::{Reader, ReaderKind};
use crate::model::plan::{Answers, DashboardPlan, DataSource, PanelPlan, TargetPlan};
use crate::model::value::{Duration, MetricGlob};

/// Width of Grafana's grid.
const GRID: u32 = 24;

/// What parts of a cluster answer, each at the interval it is scraped at where it is asked.
pub(super) fn answers<'p, 'a: 'p>(
    cx: &Context<'a>,
    all: &[Part<'a>],
    some: impl Iterator<Item = (&'p Part<'a>, Duration)>,
) -> Answers {
    let mut answers = Answers::new();
    for (part, interval) in some {
        if let Some(recorded) = &part.recorded {
            for peak in &recorded.peaks {
                let index = cx.catalog.asked().binary_search_by(|a| a.metric.cmp(&peak.record));
                if let Some(index) = index.ok().and_then(|i| u16::try_from(i).ok()) {
                    answers.insert((index, part.class.clone()), interval);
                }
            }
            continue;
        }
        let collectors = collectors(cx, all, part);
        for (index, asked) in (0..).zip(cx.catalog.asked()) {
            if asked.of_every_scrape || asked.jobs.iter().any(|has| exposes(cx, part, &collectors, &asked.metric, has))
            {
                let slowest = answers.entry((index, part.class.clone())).or_insert(interval);
                *slowest = interval.max(*slowest);
            }
        }
    }
    answers
}

/// Of what is asked, what any of some parts exposes.
pub(super) fn exposed<'c>(
    cx: &Context<'_>,
    all: &[Part<'_>],
    some: &[&Part<'_>],
    asked: &'c [Asked],
) -> impl Iterator<Item = &'c Asked> {
    let some: Vec<_> = some.iter().map(|part| (*part, collectors(cx, all, part))).collect();
    let exposes =
        |asked: &Asked, has: &Has| some.iter().any(|(part, running)| exposes(cx, part, running, &asked.metric, has));
    asked
        .iter()
        .filter(|a| a.of_every_scrape || a.jobs.iter().any(|has| exposes(a, has)))
        .collect::<Vec<_>>()
        .into_iter()
}

/// The peaks of a job whose counters this part brings.
pub(super) fn peaks<'a>(cx: &Context<'a>, all: &[Part<'a>], part: &Part<'a>) -> Vec<&'a Peak> {
    let mut peaks = cx.catalog.peaks(&part.job().name).filter(|_| part.source.entry.is_some()).peekable();
    if peaks.peek().is_none() {
        return Vec::new();
    }
    let collectors = collectors(cx, all, part);
    let brings = |(peak, has): &(&Peak, Option<&Has>)| match has {
        Some(has) => exposes(cx, part, &collectors, &peak.metric, has),
        None => keeps(part, &peak.metric),
    };
    peaks.filter(brings).map(|(peak, _)| peak).collect()
}

/// Whether a part brings a metric that a job has.
pub(super) fn exposes(
    cx: &Context<'_>,
    part: &Part<'_>,
    collectors: &BTreeSet<String>,
    metric: &str,
    has: &Has,
) -> bool {
    serves_metric(cx, part, collectors, metric, has) && keeps_of_job(part, metric)
}

/// The same before `keep` and `drop` of the job.
pub(super) fn serves_metric(
    cx: &Context<'_>,
    part: &Part<'_>,
    collectors: &BTreeSet<String>,
    metric: &str,
    has: &Has,
) -> bool {
    part.job().name == has.job
        && part.source.entry.is_some()
        && has.is_in(&cx.versions)
        && keeps_of_class(part, metric)
        && serves(part, collectors, has)
}

/// Whether the spec leaves a metric in.
fn keeps(part: &Part<'_>, metric: &str) -> bool {
    keeps_of_class(part, metric) && keeps_of_job(part, metric)
}

fn keeps_of_class(part: &Part<'_>, metric: &str) -> bool {
    let pick = &part.pick;
    kept(metric, pick.keep.iter().map(String::as_str), pick.drop.iter().map(String::as_str))
}

fn keeps_of_job(part: &Part<'_>, metric: &str) -> bool {
    let job = part.job();
    kept(metric, job.keep.iter().map(|g| g.value.as_str()), job.drop.iter().map(|g| g.value.as_str()))
}

fn kept<'g>(metric: &str, keep: impl Iterator<Item = &'g str>, mut drop: impl Iterator<Item = &'g str>) -> bool {
    let fits = |glob: &str| MetricGlob::parse(glob).is_ok_and(|g| g.matches(metric));
    let mut keep = keep.peekable();
    (keep.peek().is_none() || keep.any(fits)) && !drop.any(fits)
}

/// Whether what exposes the metric is asked in this part: an endpoint, or a collector.
fn serves(part: &Part<'_>, collectors: &BTreeSet<String>, has: &Has) -> bool {
    let by_path = part.pick.endpoints.iter().any(|e| has.from.contains(&e.name));
    has.from.is_empty() || by_path || has.from.iter().any(|f| collectors.contains(f))
}

/// Collectors that a part brings something of: those it names, else all that run and no class takes.
pub(super) fn collectors(cx: &Context<'_>, all: &[Part<'_>], part: &Part<'_>) -> BTreeSet<String> {
    if !part.pick.collectors.is_empty() {
        return part.pick.collectors.iter().cloned().collect();
    }
    let Some(entry) = part.source.entry else { return BTreeSet::new() };
    let Some(parts) = &entry.parts else { return BTreeSet::new() };
    let taken = parts::wanted_collectors(all, &part.job().name);
    let wanted: Vec<String> = taken.iter().cloned().collect();
    let mut rest = split::running(cx, &part.source, parts, &wanted);
    rest.retain(|collector| !taken.contains(collector));
    // Without what they count, they run and say nothing.
    let reachable = reachable(cx);
    let facts = facts(cx, &reachable);
    for class in entry.classes.iter().filter(|class| class.requires.check(&facts).is_err()) {
        if let Select::Parts(names) = &class.select {
            rest.retain(|collector| !names.contains(collector));
        }
    }
    rest
}

/// Those named, else all of which at least half can be shown. One that is named and could show nothing
/// is a finding.
pub(super) fn dashboards(
    cx: &Context<'_>,
    reader: &Reader,
    sources: &[DataSource],
    scraped: &Scraped<'_, '_>,
    sink: &mut Sink,
) -> Vec<DashboardPlan> {
    if reader.kind != ReaderKind::Grafana || sources.is_empty() {
        return Vec::new();
    }
    let shows = |entry: &Dashboard, plan: &DashboardPlan| entry.template.is_some() || !plan.panels.is_empty();
    let mut out = Vec::new();
    match &reader.dashboards {
        Some(said) => {
            for (said, entry) in said.iter().filter_map(|s| Some((s, cx.catalog.dashboard(&s.value)?))) {
                let plan = of_entry(cx, entry, sources);
                if shows(entry, &plan) {
                    out.push(plan);
                } else {
                    sink.push(unanswered::finding(cx, reader, said, entry, sources, scraped));
                }
            }
        }
        None => {
            let all = cx.catalog.names(Kind::Dashboard).into_iter().filter_map(|name| cx.catalog.dashboard(name));
            let planned = all.map(|entry| (entry, of_entry(cx, entry, sources)));
            let half = planned.filter(|(entry, p)| 2 * p.panels.len() >= entry.panels.len() && shows(entry, p));
            out.extend(half.map(|(_, plan)| plan));
        }
    }
    out
}

fn of_entry(cx: &Context<'_>, entry: &Dashboard, sources: &[DataSource]) -> DashboardPlan {
    let stores_only = entry.scope == Some(Scope::Store);
    let sources: Vec<&DataSource> = sources.iter().filter(|s| s.is_store || !stores_only).collect();
    let asked = cx.catalog.asked();
    let answered = |metric: &str| sources.iter().any(|s| has(&s.answers, asked, metric).next().is_some());
    let mut panels = Vec::new();
    let (mut x, mut y, mut row) = (0, 0, 0);
    for (index, panel) in entry.panels.iter().enumerate() {
        let targets: Vec<TargetPlan> =
            panel.targets.iter().flat_map(|t| targets(t, entry.by_class, &sources, asked)).collect();
        if targets.is_empty() {
            continue;
        }
        let (width, height) = (u32::from(panel.width).min(GRID), u32::from(panel.height));
        if x + width > GRID {
            (x, y, row) = (0, y + row, 0);
        }
        panels.push(PanelPlan { panel: index, x, y, targets });
        (x, row) = (x + width, row.max(height));
    }
    let every = panels.iter().flat_map(|p| &p.targets).map(|t| t.interval);
    let of_template =
        entry.metrics.iter().filter_map(|m| sources.iter().filter_map(|s| slowest(&s.answers, asked, m)).max());
    let usual = sources.iter().map(|s| s.time_interval).max();
    DashboardPlan {
        name: entry.name.clone(),
        interval: every.max().or(of_template.max()).or(usual).unwrap_or(cx.cluster.interval.value),
        local: !sources.iter().any(|s| s.is_store),
        variables: (0..entry.variables.len()).filter(|i| answered(&entry.variables[*i].metric)).collect(),
        panels,
    }
}

/// The entries of a metric: class and interval.
fn has<'s>(
    answers: &'s Answers,
    asked: &[Asked],
    metric: &str,
) -> impl Iterator<Item = (&'s Option<String>, Duration)> + use<'s> {
    let index = asked.binary_search_by(|a| a.metric.as_str().cmp(metric)).ok().and_then(|i| u16::try_from(i).ok());
    let of = move |index: u16| answers.range((index, None)..).take_while(move |((i, _), _)| *i == index);
    index.into_iter().flat_map(of).map(|((_, class), interval)| (class, *interval))
}

fn slowest(answers: &Answers, asked: &[Asked], metric: &str) -> Option<Duration> {
    has(answers, asked, metric).map(|(_, interval)| interval).max()
}

/// The queries of a target: one, or one for each class where classes differ in their interval.
fn targets(target: &Target, by_class: bool, sources: &[&DataSource], asked: &[Asked]) -> Vec<TargetPlan> {
    let able = |query: &&String| {
        let answers = |s: &&&DataSource| query_reads(query).iter().all(|m| slowest(&s.answers, asked, m).is_some());
        sources.iter().any(|s| answers(&s))
    };
    let queries: Vec<&String> = target.any.iter().filter(able).collect();
    // The slowest of what each class is read from; a class counts where any of its metrics is.
    let mut classes: BTreeMap<&Option<String>, Duration> = BTreeMap::new();
    for metric in queries.iter().flat_map(|q| query_reads(q)) {
        for (class, interval) in sources.iter().flat_map(|s| has(&s.answers, asked, metric)) {
            let slowest = classes.entry(class).or_insert(interval);
            *slowest = interval.max(*slowest);
        }
    }
    let Some(slowest) = classes.values().max().copied() else { return Vec::new() };
    let joined = |query: &dyn Fn(&str) -> String| queries.iter().map(|q| query(q)).collect::<Vec<_>>().join(" or ");
    let same = classes.values().all(|i| *i == slowest);
    if !by_class || same {
        return vec![TargetPlan { expr: joined(&str::to_owned), legend: target.legend.clone(), interval: slowest }];
    }
    let of_class = |(class, interval): (&&Option<String>, &Duration)| {
        let matcher = format!("$where,job_class=\"{}\"", class.as_deref().unwrap_or_default());
        let expr = joined(&|query: &str| query.replace("$where", &matcher));
        TargetPlan { expr, legend: target.legend.clone(), interval: *interval }
    };
    classes.iter().map(of_class).collect()
}
