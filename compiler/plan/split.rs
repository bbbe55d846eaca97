//! Telling the classes of a job apart: by collector, by path, or by metric name.

use std::collections::BTreeSet;

use super::codes;
use super::context::Context;
use super::parts::spell;
use super::source::{Source, facts, in_words, reachable};
use crate::catalog::{self, Parts, Select, SeriesModel};
use crate::diag::{Diagnostic, Sink};
use crate::model::fleet::{Class, Route};
use crate::model::value::{JobGlob, MetricGlob};

/// What is asked of a target, and kept of its answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Pick<'a> {
    /// Endpoints of the entry; empty where the job has none of its own in the catalog.
    pub endpoints: Vec<&'a catalog::Endpoint>,
    /// URL parameter and values, for the first endpoint.
    pub params: Option<(String, Vec<String>)>,
    /// Collectors that have to run for it.
    pub collectors: Vec<String>,
    /// Metric globs; empty: all.
    pub keep: Vec<String>,
    pub drop: Vec<String>,
    pub series: SeriesModel,
}

pub(super) struct Split<'a> {
    pub classes: Vec<Picked<'a>>,
    /// `None` where the classes leave nothing.
    pub remainder: Option<Pick<'a>>,
}

pub(super) struct Picked<'a> {
    pub class: &'a Class,
    pub pick: Pick<'a>,
}

/// Splits a job. A class of the catalog that nothing in the spec names stays in the remainder: a
/// scrape of its own would cost as many requests again and tell nobody anything.
pub(super) fn split<'a>(
    cx: &Context<'a>,
    source: &Source<'a>,
    left_out: &mut Vec<(String, String)>,
    sink: &mut Sink,
) -> Split<'a> {
    let endpoints = endpoints(cx, source);
    let mut classes: Vec<Picked<'a>> = Vec::new();
    tell_of_addresses(cx, source, left_out);
    if source.entry.is_some() && endpoints.is_empty() {
        left_out.push((source.job.name.clone(), "no version here serves its paths".to_owned()));
        return Split { classes, remainder: None };
    }
    for class in &source.job.classes {
        let known = source.entry.and_then(|e| e.class(&class.name));
        if !is_named(cx, source, class) {
            continue;
        }
        match pick(cx, source, class, known, &endpoints, sink) {
            Ok(pick) => classes.push(Picked { class, pick }),
            Err(why) => left_out.push((format!("{}/{}", source.job.name, class.name), why)),
        }
    }
    check_disjoint(cx, source, &classes, sink);
    check_complete(cx, source, &classes, sink);
    let remainder = remainder(cx, source, &classes, &endpoints);
    let classes = apart(cx, source, classes, left_out);
    Split { classes, remainder }
}

/// What is to be asked through the address of a Service, where these versions cannot.
fn tell_of_addresses(cx: &Context<'_>, source: &Source<'_>, left_out: &mut Vec<(String, String)>) {
    let Some((entry, variant)) = source.entry.zip(source.variant) else { return };
    for endpoint in &entry.endpoints {
        let single = variant.ports.get(&endpoint.name).is_some_and(|a| a.one_address);
        if let (true, Err(shut)) = (single, endpoint.gate.check(&cx.versions)) {
            let why = format!("to be asked once for all pods, it needs {} from {} on", shut.component, shut.bound);
            left_out.push((format!("{} {}", source.job.name, endpoint.path), why));
        }
    }
}

/// Keeps classes picked by metric away from collectors and paths that are classes of their own.
fn apart<'a>(
    cx: &Context<'_>,
    source: &Source<'_>,
    mut classes: Vec<Picked<'a>>,
    left_out: &mut Vec<(String, String)>,
) -> Vec<Picked<'a>> {
    let paths: BTreeSet<&str> =
        classes.iter().filter(|c| c.is_by_path()).flat_map(|c| &c.pick.endpoints).map(|e| e.name.as_str()).collect();
    let collectors = without_taken(cx, source, &classes);
    classes.retain_mut(|c| {
        let pick = &mut c.pick;
        if pick.params.is_some() || pick.keep.is_empty() || pick.endpoints.is_empty() {
            return true;
        }
        pick.params.clone_from(&collectors);
        pick.endpoints.retain(|e| !paths.contains(e.name.as_str()));
        if pick.endpoints.is_empty() {
            let why = "other classes take all paths of the job".to_owned();
            left_out.push((format!("{}/{}", source.job.name, c.class.name), why));
        }
        !c.pick.endpoints.is_empty()
    });
    classes
}

/// The parameter that leaves out the collectors of all classes; `None` where no class has any.
fn without_taken(cx: &Context<'_>, source: &Source<'_>, classes: &[Picked<'_>]) -> Option<(String, Vec<String>)> {
    let taken: BTreeSet<&str> = classes.iter().flat_map(|c| &c.pick.collectors).map(String::as_str).collect();
    let parts = source.entry.and_then(|e| e.parts.as_ref()).filter(|_| !taken.is_empty())?;
    Some(without(cx, source, parts, &taken))
}

impl Picked<'_> {
    fn is_by_path(&self) -> bool {
        self.pick.params.is_none() && self.pick.keep.is_empty()
    }
}

fn is_named(cx: &Context<'_>, source: &Source<'_>, class: &Class) -> bool {
    let job = &source.job.name;
    let listed = |c: &Option<String>, j: &str| j == job && c.as_deref() == Some(&class.name);
    let in_lane = cx.cluster.lanes.iter().flat_map(|l| l.jobs.iter().chain(&l.also_scrapes));
    let globs = cx.fleet.routes.iter().flat_map(Route::all_lines).flat_map(|l| &l.jobs);
    cx.is_said(class.origin)
        || in_lane.into_iter().any(|j| listed(&j.class, &j.job))
        || globs
            .filter_map(|g| JobGlob::parse(&g.value).ok())
            .any(|g| g.class.is_some() && g.matches(job, Some(&class.name)))
}

/// Paths of the entry that this variant and these versions serve.
fn endpoints<'a>(cx: &Context<'a>, source: &Source<'a>) -> Vec<&'a catalog::Endpoint> {
    let Some(entry) = source.entry else { return Vec::new() };
    let served = |e: &&catalog::Endpoint| {
        e.gate.open(&cx.versions) && source.variant.is_none_or(|v| v.ports.contains_key(&e.name))
    };
    entry.endpoints.iter().filter(served).collect()
}

fn pick<'a>(
    cx: &Context<'a>,
    source: &Source<'a>,
    class: &Class,
    known: Option<&'a catalog::Class>,
    endpoints: &[&'a catalog::Endpoint],
    sink: &mut Sink,
) -> Result<Pick<'a>, String> {
    if let Some(known) = known {
        known.requires.check(&facts(cx, &reachable(cx))).map_err(|unmet| in_words(&unmet))?;
        if let Err(shut) = known.gate.check(&cx.versions) {
            return Err(format!(
                "{} has it {} {}",
                shut.component,
                if shut.since { "since" } else { "until" },
                shut.bound
            ));
        }
    }
    let series = known.map(|k| k.series).unwrap_or_default();
    let said = |list: &Option<Vec<crate::diag::Sourced<String>>>| {
        list.as_ref().map(|l| l.iter().map(|i| i.value.clone()).collect::<Vec<_>>())
    };
    let (collectors, metrics) = (said(&class.collectors), said(&class.metrics));
    let in_spec = class.collectors.iter().flatten().any(|c| cx.is_said(c.origin));
    let overhead = || source.entry.and_then(|e| e.parts.as_ref()).map(|p| p.overhead.clone()).unwrap_or_default();
    if let Some(wanted) = collectors {
        let params = by_collector(cx, source, class, wanted, in_spec, sink)?;
        return Ok(Pick {
            endpoints: first(endpoints),
            collectors: params.1.clone(),
            params: Some(params),
            keep: metrics.unwrap_or_default(),
            drop: overhead(),
            series,
        });
    }
    if let Some(keep) = metrics {
        return Ok(Pick { endpoints: endpoints.to_vec(), keep, series, ..Pick::default() });
    }
    match known.map(|k| &k.select) {
        Some(Select::Parts(wanted)) => {
            let params = by_collector(cx, source, class, wanted.clone(), false, sink)?;
            Ok(Pick {
                endpoints: first(endpoints),
                collectors: params.1.clone(),
                params: Some(params),
                drop: overhead(),
                series,
                ..Pick::default()
            })
        }
        Some(Select::Endpoints(names)) => {
            let own: Vec<_> = endpoints.iter().copied().filter(|e| names.contains(&e.name)).collect();
            if own.is_empty() {
                Err("no version here serves its path".to_owned())
            } else {
                Ok(Pick { endpoints: own, series, ..Pick::default() })
            }
        }
        Some(Select::Metrics(globs)) => {
            Ok(Pick { endpoints: endpoints.to_vec(), keep: globs.clone(), series, ..Pick::default() })
        }
        None => Err("nothing says what it is made of".to_owned()),
    }
}

fn first<'a>(endpoints: &[&'a catalog::Endpoint]) -> Vec<&'a catalog::Endpoint> {
    endpoints.iter().copied().take(1).collect()
}

/// The parameter that asks for these collectors, of those that run.
fn by_collector(
    cx: &Context<'_>,
    source: &Source<'_>,
    class: &Class,
    wanted: Vec<String>,
    said: bool,
    sink: &mut Sink,
) -> Result<(String, Vec<String>), String> {
    let Some(parts) = source.entry.and_then(|e| e.parts.as_ref()) else {
        let origin = class.collectors.iter().flatten().next().map_or(class.origin, |c| c.origin);
        let what = format!(
            "{} is a class of collectors, and the exporter of `{}` has none",
            spell(&source.job.name, Some(&class.name)),
            source.job.name
        );
        sink.push(
            Diagnostic::new(&codes::NO_COLLECTORS, cx.place(origin, class.origin), what).here("cannot be asked for"),
        );
        return Err("its exporter cannot be asked for collectors".to_owned());
    };
    let running = running(cx, source, parts, &wanted);
    let (here, missing): (Vec<String>, Vec<String>) = wanted.into_iter().partition(|w| running.contains(w));
    if !missing.is_empty() && (said || here.is_empty()) {
        let what = format!(
            "{} asks for {}, which the exporter does not run here",
            spell(&source.job.name, Some(&class.name)),
            list(&missing)
        );
        let origin =
            class.collectors.iter().flatten().find(|c| missing.contains(&c.value)).map_or(class.origin, |c| c.origin);
        let at = cx.place(origin, class.origin);
        sink.push(Diagnostic::new(&codes::NOT_RUNNING, at, what).here("not running"));
    }
    if here.is_empty() {
        return Err(format!("the exporter does not run {}", list(&missing)));
    }
    Ok((parts.only.clone(), here))
}

/// Collectors that run: the defaults without those switched off, and what is switched on, which
/// with our own exporter is every one wanted.
pub(super) fn running(cx: &Context<'_>, source: &Source<'_>, parts: &Parts, wanted: &[String]) -> BTreeSet<String> {
    let (off, on) = match source.variant {
        _ if source.is_ours() => (&parts.disabled[..], wanted),
        Some(variant) => (&variant.parts_disabled[..], &variant.parts_enabled[..]),
        None => (&[][..], &[][..]),
    };
    let known = |p: &&String| parts.known().any(|k| k == p.as_str());
    let exists = |p: &&String| parts.gates.get(*p).is_none_or(|g| g.open(&cx.versions));
    let defaults = parts.default.iter().filter(|p| !off.contains(p));
    defaults.chain(on.iter().filter(known)).filter(exists).cloned().collect()
}

fn check_disjoint(cx: &Context<'_>, source: &Source<'_>, classes: &[Picked<'_>], sink: &mut Sink) {
    for (i, later) in classes.iter().enumerate() {
        for earlier in &classes[..i] {
            check_globs(cx, source, earlier, later, sink);
            let Some(both) = later.pick.collectors.iter().find(|c| earlier.pick.collectors.contains(c)) else {
                continue;
            };
            let what = format!(
                "the collector `{both}` is in the classes `{}` and `{}` of `{}`",
                earlier.class.name, later.class.name, source.job.name
            );
            let at = cx.place(later.class.origin, source.job.origin);
            let diagnostic = Diagnostic::new(&codes::COLLECTOR_TWICE, at, what).here("has it too");
            sink.push(cx.labelled(diagnostic, earlier.class.origin, "this class has it"));
        }
    }
}

/// Two classes picked by metric alone must not share a name.
fn check_globs(cx: &Context<'_>, source: &Source<'_>, earlier: &Picked<'_>, later: &Picked<'_>, sink: &mut Sink) {
    if earlier.pick.params.is_some() || later.pick.params.is_some() {
        return;
    }
    let meet = |a: &String, b: &String| {
        let globs = (MetricGlob::parse(a), MetricGlob::parse(b));
        matches!(globs, (Ok(a), Ok(b)) if a.meets(&b))
    };
    let pairs = later.pick.keep.iter().flat_map(|l| earlier.pick.keep.iter().map(move |e| (e, l)));
    let Some((first, second)) = pairs.into_iter().find(|(e, l)| meet(e, l)) else { return };
    let what = format!(
        "`{first}` of the class `{}` and `{second}` of `{}` fit the same metrics of `{}`",
        earlier.class.name, later.class.name, source.job.name
    );
    let origin = |c: &Picked<'_>, glob: &String| {
        c.class.metrics.iter().flatten().find(|m| m.value == *glob).map_or(c.class.origin, |m| m.origin)
    };
    let at = cx.place(origin(later, second), later.class.origin);
    let diagnostic = Diagnostic::new(&codes::GLOBS_MEET, at, what).here("takes them again");
    sink.push(cx.labelled(diagnostic, origin(earlier, first), "taken here"));
}

/// What the collectors of a class expose beside the metrics it keeps is in no class.
fn check_complete(cx: &Context<'_>, source: &Source<'_>, classes: &[Picked<'_>], sink: &mut Sink) {
    for c in classes.iter().filter(|c| c.pick.params.is_some() && !c.pick.keep.is_empty()) {
        let name = spell(&source.job.name, Some(&c.class.name));
        let what = format!("{name} keeps some metrics of {} and nobody the others", list(&c.pick.collectors));
        let origin = c.class.metrics.iter().flatten().next().map_or(c.class.origin, |m| m.origin);
        let at = cx.place(origin, c.class.origin);
        sink.push(Diagnostic::new(&codes::IN_NO_CLASS, at, what).here("the only ones kept"));
    }
}

fn remainder<'a>(
    cx: &Context<'a>,
    source: &Source<'a>,
    classes: &[Picked<'a>],
    endpoints: &[&'a catalog::Endpoint],
) -> Option<Pick<'a>> {
    let by_path = |e: &&&catalog::Endpoint| {
        !classes.iter().any(|c| c.is_by_path() && c.pick.endpoints.iter().any(|own| own.name == e.name))
    };
    let drop = classes.iter().filter(|c| c.pick.params.is_none()).flat_map(|c| c.pick.keep.clone()).collect();
    let known = |c: &Picked<'a>| source.entry.and_then(|e| e.class(&c.class.name));
    let left: Vec<_> = endpoints.iter().filter(by_path).copied().collect();
    if left.is_empty() && !endpoints.is_empty() {
        return None;
    }
    Some(Pick {
        endpoints: left,
        params: without_taken(cx, source, classes),
        collectors: Vec::new(),
        keep: Vec::new(),
        drop,
        series: source.entry.map(|e| e.remainder(classes.iter().filter_map(known))).unwrap_or_default(),
    })
}

/// Everything but the collectors `taken`: left out by name where the exporter can do that, else the
/// others named one by one.
fn without(cx: &Context<'_>, source: &Source<'_>, parts: &Parts, taken: &BTreeSet<&str>) -> (String, Vec<String>) {
    if parts.without_gate.open(&cx.versions) {
        return (parts.without.clone(), taken.iter().map(|t| (*t).to_owned()).collect());
    }
    let running = running(cx, source, parts, &[]);
    (parts.only.clone(), running.into_iter().filter(|p| !taken.contains(p.as_str())).collect())
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    quoted.join(", ")
}

/// A regular expression for metric globs, anchored by Prometheus at both ends.
pub(super) fn regex(globs: &[String]) -> String {
    let mut all: Vec<String> =
        globs.iter().map(|g| MetricGlob::parse(g).map_or_else(|_| g.clone(), |g| g.regex())).collect();
    all.sort_unstable();
    all.dedup();
    all.join("|")
}
