//! The partition of a route: that every series has exactly one line (§7.1 of the reference), as far
//! as the text alone can say.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use super::context::Context;
use super::merge::Block;
use crate::diag::{Diagnostic, Sourced, Span};
use crate::model::fleet::{Destination, Line, Route};
use crate::model::value::NamespacePattern;
use crate::syntax::Object;

/// What no filter claims has exactly one answer.
pub fn check_partition(cx: &mut Context<'_, '_>, block: &Block<'_>, route: &Route, at: Span) {
    let first_place = |line: &Line, cx: &Context<'_, '_>| cx.read.span(line.origin);
    let splits: Option<Span> = plain(route).find_map(|l| l.namespaces.first()).map(|n| cx.read.span(n.origin));
    let filtered = |object: &Object| ["jobs", "namespaces", "pod-labels"].iter().any(|k| object.get(k).is_some());
    let open: Vec<&Line> = route
        .lines
        .iter()
        .filter(|l| block.repeated("to").iter().any(|(_, o)| o.span == l.at && !filtered(o)))
        .collect();
    let name = &route.name;
    if let Some(split) = splits {
        for key in ["shared", "unowned"] {
            if cx.said(block, key) {
                continue;
            }
            let (what, help) = match key {
                "shared" => (
                    "series that belong to no namespace",
                    "say where node, GPU and control-plane series go: `shared \"store\" …`, or `shared \"none\"` to keep them in the cluster",
                ),
                _ => (
                    "namespaces that no line names",
                    "say where they go: `unowned \"none\"` keeps them in the cluster, `unowned \"store\"` sends them",
                ),
            };
            let found = Diagnostic::new(
                &codes::NO_SHARED,
                at,
                format!("route `{name}` splits by namespace and does not say `{key}`: where {what} go"),
            )
            .label(split, "splits by namespace here")
            .help(help);
            cx.read.report_each(found);
        }
        for line in open {
            cx.read.report(
                Diagnostic::new(
                    &codes::PARTITION,
                    first_place(line, cx),
                    format!("route `{name}` splits by namespace and has a line without a filter"),
                )
                .label(split, "splits by namespace here")
                .why("what is left has its answers in `shared` and `unowned`; a third one would claim it twice")
                .help("give the line `jobs` or `namespaces`, or move its stores to `shared` or `unowned`"),
            );
        }
        return;
    }
    for key in ["shared", "unowned"] {
        if let Some(entry) = block.entry(key).filter(|_| cx.said(block, key)) {
            cx.read.report(
                Diagnostic::new(
                    &codes::PARTITION,
                    entry.said.last().map_or(entry.span(), |(_, n)| n.key_span),
                    format!("route `{name}` says `{key}` and has no line with `namespaces`"),
                )
                .why("only a split by namespace leaves something to this line; here it would have no effect")
                .help("take it out, or give a `to` its `namespaces`"),
            );
        }
    }
    match open.as_slice() {
        [] if !route.lines.is_empty() => cx.read.report(
            Diagnostic::new(&codes::PARTITION, at, format!("route `{name}` does not say where the rest goes"))
                .why("jobs that no line names would be lost, those added later included")
                .help("add one `to` without a filter; `to \"none\"` keeps the rest in the cluster"),
        ),
        [first, more @ ..] => {
            for line in more {
                cx.read.report(
                    Diagnostic::new(
                        &codes::PARTITION,
                        first_place(line, cx),
                        format!("route `{name}` has two lines without a filter"),
                    )
                    .here("claims every series a second time")
                    .label(first_place(first, cx), "the first one")
                    .help("to send everything to both, write one line: `to \"a\" \"b\"`; else give one of them `jobs` or `namespaces`"),
                );
            }
        }
        [] => {}
    }
}

/// Lines by pod label are asked first, and leave the others whole.
fn plain(route: &Route) -> impl Iterator<Item = &Line> {
    route.lines.iter().filter(|l| l.pod_labels.is_empty())
}

/// Patterns of equal rank overlap only where they are equal; between others the longer one wins.
pub fn check_namespaces(cx: &mut Context<'_, '_>, route: &Route) {
    let mut claimed: BTreeMap<(Vec<&str>, NamespacePattern), Span> = BTreeMap::new();
    for line in plain(route) {
        // Lines with `jobs` too are asked first and among themselves.
        let mut jobs: Vec<&str> = line.jobs.iter().map(|j| j.value.as_str()).collect();
        jobs.sort_unstable();
        for namespace in &line.namespaces {
            let Ok(pattern) = NamespacePattern::parse(&namespace.value) else { continue };
            let at = cx.read.span(namespace.origin);
            if let Some(first) = claimed.get(&(jobs.clone(), pattern.clone())) {
                cx.read.report(
                    Diagnostic::new(
                        &codes::NAMESPACE_TWICE,
                        at,
                        format!("route `{}` claims the namespace `{pattern}` twice", route.name),
                    )
                    .label(*first, "the first time"),
                );
            } else {
                claimed.insert((jobs.clone(), pattern), at);
            }
        }
    }
}

/// A line for all namespaces and jobs leaves nothing to `unowned`; of no account where both say the same.
pub fn check_unowned(cx: &mut Context<'_, '_>, block: &Block<'_>, route: &Route) {
    let Some(unowned) = route.unowned.as_ref().filter(|_| cx.said(block, "unowned")) else { return };
    let stores = |list: &[Sourced<Destination>]| -> BTreeSet<Destination> { list.iter().map(|d| d.value).collect() };
    for line in plain(route).filter(|l| l.jobs.is_empty()) {
        let Some(all) = line.namespaces.iter().find(|n| n.value == "*") else { continue };
        if stores(&line.stores) == stores(unowned) {
            continue;
        }
        let what = format!("`unowned` of route `{}` gets nothing: a line takes every namespace", route.name);
        let at = unowned.first().map_or(all.origin, |d| d.origin);
        let found = Diagnostic::new(&codes::DEAD_UNOWNED, cx.read.span(at), what).here("never asked");
        let found = found.label(cx.read.span(all.origin), "takes them all");
        cx.read.report(found);
    }
}

/// A copy goes to a store, and to one that does not have the series already.
pub fn check_copies(cx: &mut Context<'_, '_>, route: &Route) {
    let answers = || route.lines.iter().map(|l| &l.stores).chain(&route.shared).chain(&route.unowned);
    for (line, copy) in route.copies.iter().flat_map(|l| l.stores.iter().map(move |s| (l, s))) {
        let at = cx.read.span(copy.origin);
        if copy.value == Destination::None {
            let what = format!("route `{}` copies to `none`", route.name);
            cx.read.report(Diagnostic::new(&codes::IDLE_COPY, at, what).here("what a `to` does not send stays anyway"));
            continue;
        }
        // A class by name may be one that is too fast to go with the rest.
        let by_class = line.jobs.iter().any(|j| j.value.contains('/'));
        if !by_class && answers().all(|list| list.iter().any(|d| d.value == copy.value)) {
            let what = format!("route `{}` sends everything to this store already", route.name);
            let found = Diagnostic::new(&codes::IDLE_COPY, at, what).here("adds nothing");
            let first = route.lines.iter().flat_map(|l| &l.stores).find(|d| d.value == copy.value);
            let first = first.map(|d| cx.read.span(d.origin));
            cx.read.report(match first {
                Some(first) => found.label(first, "sent here"),
                None => found,
            });
        }
    }
}
