//! What of which job is scraped as one thing, by which Prometheus, how often.
//!
//! A part is a class, the remainder of a job, or the slower twin of a fast class. Where its series
//! go is not known here.

use std::collections::BTreeSet;

use super::batches;
use super::context::Context;
use super::load;
use super::peaks;
use super::source::Source;
use super::split::{self, Pick};
use crate::catalog::{Peak, Serves};
use crate::diag::{Diagnostic, Origin, Sink, Sourced};
use crate::model::fleet::{Class, Job, JobClass, Lane};
use crate::model::plan::ClassRef;
use crate::model::value::Duration;

use super::codes;

/// Classes faster than this are sent nowhere unless a route names them.
pub(super) const FAST: Duration = Duration::from_secs(5);

pub(super) struct Part<'a> {
    pub source: Source<'a>,
    /// Value of `job_class`; `None` for the remainder, or a job without classes.
    pub class: Option<String>,
    pub pick: Pick<'a>,
    /// Owns it, and sends it if anybody does.
    pub lane: &'a Lane,
    /// Scrape it too, for local use.
    pub copies: Vec<(&'a Lane, Schedule)>,
    pub schedule: Schedule,
    /// In the cluster, for one replica of `lane`.
    pub series: u64,
    /// Not scraped: `lane` makes it of a fast class, for where the twin of that goes.
    pub recorded: Option<Recorded<'a>>,
    pub origin: Origin,
}

/// Peaks of a fast class, once in the interval of its twin.
pub(super) struct Recorded<'a> {
    /// The fast class.
    pub class: String,
    pub interval: Sourced<Duration>,
    pub peaks: Vec<&'a Peak>,
}

/// How often, and how long a scrape may take where that is said or follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    /// How often a value is taken.
    pub interval: Sourced<Duration>,
    /// How often batches of them are fetched; `None`: as often as they are taken.
    pub fetch: Option<Sourced<Duration>>,
    pub timeout: Option<Sourced<Duration>>,
}

impl Schedule {
    /// How often Prometheus asks.
    pub fn scrape(&self) -> Sourced<Duration> {
        self.fetch.unwrap_or(self.interval)
    }
}

impl Part<'_> {
    pub fn job(&self) -> &Job {
        self.source.job
    }

    pub fn is_fast(&self) -> bool {
        self.schedule.interval.value < FAST
    }

    pub fn is_scraped(&self) -> bool {
        self.recorded.is_none()
    }

    pub fn reference(&self) -> ClassRef {
        ClassRef { job: self.job().name.clone(), class: self.class.clone() }
    }

    pub fn samples_per_second(&self) -> f64 {
        load::per_second(self.series, self.schedule.interval.value)
    }
}

/// The parts of all jobs of a cluster, by job and class, and what is not collected, with why.
pub(super) struct Parts<'a> {
    pub all: Vec<Part<'a>>,
    pub left_out: Vec<(String, String)>,
}

pub(super) fn parts<'a>(cx: &Context<'a>, sink: &mut Sink) -> Parts<'a> {
    let mut out = Parts { all: Vec::new(), left_out: cx.cluster.absent.clone() };
    for job in &cx.cluster.jobs {
        match Source::of(cx, job, sink) {
            Ok(source) => of_job(cx, source, &mut out, sink),
            Err(why) => out.left_out.push((job.name.clone(), why)),
        }
    }
    let recorded = peaks::recorded(cx, &out.all);
    out.all.extend(recorded);
    // What is recorded comes behind the twin whose class it has.
    out.all.sort_by(|a, b| (&a.job().name, &a.class).cmp(&(&b.job().name, &b.class)));
    out
}

fn of_job<'a>(cx: &Context<'a>, source: Source<'a>, out: &mut Parts<'a>, sink: &mut Sink) {
    let job = source.job;
    batches::check_version(cx, &source, sink);
    let split = split::split(cx, &source, &mut out.left_out, sink);
    let rest = owner(cx, job, None);
    let picked: Vec<_> = split.classes.iter().filter_map(|c| Some((c, owner(cx, job, Some(c.class))?))).collect();
    if rest.is_none() && picked.is_empty() {
        out.left_out.push((job.name.clone(), "no Prometheus takes it".to_owned()));
        return;
    }
    for (class, lane) in picked {
        let schedule = schedule(cx, &source, Some(class.class), lane, sink);
        let part = |lane, name: String, schedule| Part {
            source: source.clone(),
            class: Some(name),
            pick: class.pick.clone(),
            lane,
            copies: Vec::new(),
            schedule,
            series: load::series(cx, &source, class.pick.series, Some(class.class)),
            recorded: None,
            origin: class.class.origin,
        };
        let mut own = part(lane, class.class.name.clone(), schedule);
        own.copies = copies(cx, &source, Some(class.class), lane, sink);
        let twin = own.is_fast() && class.class.sampled.value >= FAST && source.serves() != Serves::Batch;
        if let Some(rest) = rest.filter(|_| twin) {
            // Its interval is its own; a timeout said for the fast one would be needlessly short.
            let interval = class.class.sampled;
            let slower = Schedule { interval, fetch: None, timeout: computed_timeout(interval) };
            out.all.push(part(rest, twin_of(&class.class.name), slower));
        }
        check_twin(cx, &own, class.class, rest, sink);
        out.all.push(own);
    }
    // Classes may leave nothing, and then nobody has to take it.
    let Some(remainder) = split.remainder else { return };
    match rest {
        Some(lane) => out.all.push(Part {
            class: None,
            series: load::series(cx, &source, remainder.series, None),
            pick: remainder,
            lane,
            copies: copies(cx, &source, None, lane, sink),
            schedule: schedule(cx, &source, None, lane, sink),
            recorded: None,
            origin: job.origin,
            source,
        }),
        None => {
            let why = "no Prometheus takes what its classes leave".to_owned();
            out.left_out.push((job.name.clone(), why));
        }
    }
}

/// Class label of the slower twin.
pub(super) fn twin_of(class: &str) -> String {
    format!("{class}-sampled")
}

/// Whether a class has the slower twin that somebody expects of it.
fn check_twin(cx: &Context<'_>, part: &Part<'_>, class: &Class, rest: Option<&Lane>, sink: &mut Sink) {
    let name = spell(&part.job().name, Some(&class.name));
    let (interval, sampled) = (part.schedule.interval, class.sampled);
    let at_sampled = cx.place(sampled.origin, class.origin);
    let batch = part.source.serves() == Serves::Batch;
    let found = if batch && part.is_fast() {
        return batches::check_routed(cx, part, class, sink);
    } else if batch || !part.is_fast() {
        if !cx.is_said(sampled.origin) {
            return;
        }
        let what = format!("{name} is scraped every {}, so it has no slower twin", interval.value);
        Diagnostic::new(&codes::IDLE_SAMPLED, at_sampled, what).here("does nothing")
    } else if sampled.value < FAST {
        let what = format!("the slower twin of {name} would be scraped every {}", sampled.value);
        Diagnostic::new(&codes::FAST_TWIN, at_sampled, what).here("less than 5s")
    } else if rest.is_none() {
        let what = format!("{name} is scraped every {}, and no Prometheus takes its slower twin", interval.value);
        Diagnostic::new(&codes::NO_TWIN, cx.place(class.origin, interval.origin), what).here("has no twin")
    } else {
        return;
    };
    sink.push(cx.labelled(found, interval.origin, "the interval comes from here"));
}

/// Who lists the class; else who lists the job; else who takes the rest.
fn owner<'a>(cx: &Context<'a>, job: &Job, class: Option<&Class>) -> Option<&'a Lane> {
    let cluster = cx.cluster;
    let lists = |class: Option<&str>| {
        let listed = |l: &&Lane| l.jobs.iter().any(|j| j.job == job.name && j.class.as_deref() == class);
        cluster.lanes.iter().find(listed)
    };
    let by_name = |name: &Option<Sourced<String>>| name.as_ref().and_then(|n| cluster.lane(&n.value));
    class
        .and_then(|c| lists(Some(&c.name)).or_else(|| by_name(&c.lane)))
        .or_else(|| lists(None))
        .or_else(|| by_name(&job.lane))
        .or_else(|| cluster.lanes.iter().find(|l| l.rest.is_some()))
}

/// `class` ← `job` ← the Prometheus ← the cluster, each key by itself.
fn schedule(cx: &Context<'_>, source: &Source<'_>, class: Option<&Class>, lane: &Lane, sink: &mut Sink) -> Schedule {
    let job = source.job;
    let interval = class.and_then(|c| c.interval).or(job.interval).or(lane.interval).unwrap_or(cx.cluster.interval);
    let fetch = batches::fetched(cx, source, class, interval, sink);
    let sampled = interval;
    let interval = fetch.unwrap_or(sampled);
    let near = class.and_then(|c| c.timeout).or(job.timeout);
    let timeout = match near.or(lane.timeout).or(cx.cluster.timeout) {
        Some(said) if said.value <= interval.value => Some(said),
        Some(said) => {
            // One said for a whole Prometheus or cluster gives way to a faster class, as in
            // Prometheus itself; one said for this very job or class contradicts it.
            if near.is_some() {
                let what = format!("the timeout {} is longer than the interval {}", said.value, interval.value);
                let diagnostic = Diagnostic::new(&codes::TIMEOUT, cx.place(said.origin, job.origin), what)
                    .here("longer than the interval");
                sink.push(cx.labelled(diagnostic, interval.origin, "the interval comes from here"));
            }
            Some(Sourced::new(interval.value, interval.origin))
        }
        None => computed_timeout(interval),
    };
    Schedule { interval: sampled, fetch, timeout }
}

/// Unset, a timeout is Prometheus' 10 s; below that it is the interval, which is written out.
fn computed_timeout(interval: Sourced<Duration>) -> Option<Sourced<Duration>> {
    (interval.value < Duration::from_secs(10)).then_some(interval)
}

fn copies<'a>(
    cx: &Context<'a>,
    source: &Source<'a>,
    class: Option<&'a Class>,
    owner: &Lane,
    sink: &mut Sink,
) -> Vec<(&'a Lane, Schedule)> {
    let job = source.job;
    let name = class.map(|c| c.name.as_str());
    let asks = |said: &JobClass| said.job == job.name && (said.class.is_none() || said.class.as_deref() == name);
    let mut out = Vec::new();
    for lane in &cx.cluster.lanes {
        let Some(said) = lane.also_scrapes.iter().find(|s| asks(s)) else { continue };
        if lane.name != owner.name {
            out.push((lane, schedule(cx, source, class, lane, sink)));
        } else if said.class.is_some() || cx.cluster.lanes.len() == 1 {
            let what = format!("`{}` owns {} already", lane.name, spell(&job.name, name));
            let at = cx.place(said.origin, lane.origin);
            sink.push(Diagnostic::new(&codes::ALREADY_OWNED, at, what).here("owned here"));
        }
    }
    out
}

pub(super) fn spell(job: &str, class: Option<&str>) -> String {
    class.map_or_else(|| format!("`{job}`"), |class| format!("`{job}/{class}`"))
}

/// Names of the collectors that any part of `job` asks its exporter for.
pub(super) fn wanted_collectors(parts: &[Part<'_>], job: &str) -> BTreeSet<String> {
    let of_job = parts.iter().filter(|p| p.job().name == job);
    of_job.flat_map(|p| p.pick.collectors.iter().cloned()).collect()
}
