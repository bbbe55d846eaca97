//! The answers of a cluster's routes, for every class and every namespace that is answered differently: for people and
//! programs. They are those that the proof holds against the rules.

use std::collections::BTreeMap;

use super::context::Context;
use super::parts::Part;
use super::relay;
use super::routing::{Division, Partition, Target, Who, route_of};
use crate::model::plan::{Answered, AnsweredSeries, InNamespace, Reach};

pub(super) fn matrix<'a>(cx: &Context<'a>, parts: &[Part<'a>], partitions: &[Partition<'a>]) -> Vec<Answered> {
    partitions.iter().flat_map(|partition| of_route(cx, parts, partition)).collect()
}

fn of_route<'a>(cx: &Context<'a>, parts: &[Part<'a>], partition: &Partition<'a>) -> Vec<Answered> {
    let mut answers = Answers { partition, columns: columns(partition), known: BTreeMap::new() };
    let mut groups: Vec<(Vec<Cells>, AnsweredSeries)> = Vec::new();
    for part in parts.iter().filter(|p| route_of(cx.fleet, cx.id, &p.lane.name) == Some(partition.id)) {
        let class = part.reference();
        let series = group(&mut groups, answers.of(Who::Sample(part)));
        match part.is_scraped() {
            true => series.measured.push(class),
            false => series.peaks.push(class),
        }
        if part.is_scraped() {
            group(&mut groups, answers.of(Who::Scrape(part))).scrapes.push(part.reference());
        }
    }
    group(&mut groups, answers.of(Who::Nobody)).of_no_job = true;
    let split = partition.by_namespace();
    let columns = &answers.columns;
    groups
        .into_iter()
        .map(|(cells, series)| {
            let reaches = cells.into_iter().flat_map(|c| reaches(cx, columns, c)).collect();
            Answered { route: partition.route.name.clone(), series, reaches, split }
        })
        .collect()
}

fn group(groups: &mut Vec<(Vec<Cells>, AnsweredSeries)>, cells: Vec<Cells>) -> &mut AnsweredSeries {
    let at = groups.iter().position(|(known, _)| *known == cells).unwrap_or_else(|| {
        groups.push((cells, AnsweredSeries::default()));
        groups.len() - 1
    });
    &mut groups[at].1
}

/// A kind of namespaces, with a name that stands for it.
struct Column {
    kind: InNamespace,
    name: String,
    /// The same for all that are answered alike.
    question: usize,
}

fn columns(partition: &Partition<'_>) -> Vec<Column> {
    let said = partition
        .divisions()
        .flat_map(|d| d.claims.iter().chain(d.by_pod.iter().map(|c| &c.claim)))
        .flat_map(|c| c.namespaces.iter().map(ToString::to_string));
    let mut patterns: BTreeMap<String, usize> = BTreeMap::new();
    for (i, pattern) in said.enumerate() {
        patterns.entry(pattern).or_insert(i);
    }
    let place = |kind: &InNamespace| match kind {
        InNamespace::Like(pattern) => patterns.get(pattern).copied().unwrap_or_default(),
        InNamespace::None => usize::MAX - 1,
        InNamespace::Any | InNamespace::Other => usize::MAX,
    };
    let witnesses = partition.witnesses().iter().cloned().zip(partition.alike());
    let mut columns: Vec<Column> =
        witnesses.map(|((kind, name), question)| Column { kind, name, question: *question }).collect();
    columns.sort_by_cached_key(|c| place(&c.kind));
    columns
}

/// The destinations of each column, for series of pods with these labels or any.
#[derive(Clone, PartialEq)]
struct Cells {
    pod_labels: Vec<(String, String)>,
    /// `None`: as without the labels.
    to: Vec<Option<Vec<Target>>>,
}

struct Answers<'p, 'a> {
    partition: &'p Partition<'a>,
    columns: Vec<Column>,
    /// By what the answers depend on.
    known: BTreeMap<Vec<bool>, Vec<Cells>>,
}

impl<'a> Answers<'_, 'a> {
    fn of(&mut self, who: Who<'_, 'a>) -> Vec<Cells> {
        let kind = self.partition.divisions().flat_map(|d| asked(d, who)).collect();
        if let Some(known) = self.known.get(&kind) {
            return known.clone();
        }
        let cells = self.cells(who);
        self.known.insert(kind, cells.clone());
        cells
    }

    fn cells(&self, who: Who<'_, 'a>) -> Vec<Cells> {
        let plain = self.each(|namespace| self.partition.answer(who, namespace).into_owned());
        let mut all: Vec<Cells> = Vec::new();
        for labels in self.partition.witness_labels() {
            let with = self.each(|namespace| self.partition.answer_labelled(who, namespace, labels));
            let to: Vec<_> =
                with.into_iter().zip(&plain).map(|(with, plain)| (with != *plain).then_some(with)).collect();
            let cells = Cells { pod_labels: labels.to_vec(), to };
            if cells.to.iter().any(Option::is_some) && !all.contains(&cells) {
                all.push(cells);
            }
        }
        all.push(Cells { pod_labels: Vec::new(), to: plain.into_iter().map(Some).collect() });
        all
    }

    /// The answer of each column; what is answered alike is asked once.
    fn each(&self, answer: impl Fn(&str) -> Vec<Target>) -> Vec<Vec<Target>> {
        let mut known: BTreeMap<usize, Vec<Target>> = BTreeMap::new();
        let ask = |c: &Column| known.entry(c.question).or_insert_with(|| answer(&c.name)).clone();
        self.columns.iter().map(ask).collect()
    }
}

/// Everything that the answers of these lines can depend on, but for the namespace.
fn asked<'d, 'a>(division: &'d Division, who: Who<'d, 'a>) -> impl Iterator<Item = bool> + use<'d, 'a> {
    let part = match who {
        Who::Sample(part) | Who::Scrape(part) => Some(part),
        Who::Nobody => None,
    };
    let first = [part.is_some(), part.is_some_and(Part::is_fast), who.has_workload()];
    let lines = division.claims.iter().map(move |c| part.is_some_and(|p| c.names(p)));
    let pods = division.by_pod.iter().map(move |c| part.is_some_and(|p| c.covers(p)));
    first.into_iter().chain(lines).chain(pods)
}

/// Columns of one answer in one line.
fn reaches(cx: &Context<'_>, columns: &[Column], cells: Cells) -> Vec<Reach> {
    let mut out: Vec<(Vec<Target>, Vec<InNamespace>)> = Vec::new();
    let whole = cells.to.iter().all(Option::is_some);
    for (Column { kind, .. }, to) in columns.iter().zip(cells.to) {
        let Some(to) = to else { continue };
        match out.iter_mut().find(|(known, _)| *known == to) {
            Some((_, kinds)) => kinds.push(kind.clone()),
            None => out.push((to, vec![kind.clone()])),
        }
    }
    if let ([(_, kinds)], true) = (&mut out[..], whole) {
        *kinds = vec![InNamespace::Any];
    }
    let reach = |(to, namespaces): (Vec<Target>, _)| Reach {
        namespaces,
        pod_labels: cells.pod_labels.clone(),
        to: to.into_iter().map(|t| relay::name(cx, t)).collect(),
    };
    out.into_iter().map(reach).collect()
}
