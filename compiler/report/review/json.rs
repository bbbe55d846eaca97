//! A review for programs: everything, nothing folded but rows that are alike.

use serde_json::{Value as Json, json};

use super::fold::{self, Row};
use super::{CheckedIn, Exception, Review, State, first};
use crate::diag::{Diagnostic, Sources};
use crate::diff::{Load, Moved, Pods, Presence, Rerouted, moved, rerouted};
use crate::model::value::Duration;
use crate::report::{json as escape, place};

pub(super) fn review(review: &Review<'_>) -> String {
    let (state, broken) = match &review.state {
        State::Compared => ("compared", Vec::new()),
        State::First => ("first", Vec::new()),
        State::BaseBroken { findings, sources } => ("base broken", found(findings, sources)),
        State::AgainstOutput { findings, sources, .. } => ("against output", found(findings, sources)),
        State::HeadBroken { findings } => ("head broken", found(findings, review.sources)),
    };
    let stand_in = match review.state {
        State::AgainstOutput { compiler, catalog, .. } => Some(json!({ "compiler": compiler, "catalog": catalog })),
        _ => None,
    };
    let lane = |(cluster, lane): &(String, String)| format!("{cluster}/{lane}");
    let pair = |(a, b): &(String, String)| format!("{a}: {b}");
    let clusters: Vec<Json> = review
        .changes
        .iter()
        .map(|c| {
            let (presence, was) = match c.presence {
                Presence::Kept => ("kept", None),
                Presence::Renamed(was) => ("renamed", Some(was)),
                Presence::Added => ("added", None),
                Presence::Removed => ("removed", None),
            };
            json!({
                "name": c.cluster, "identity": c.identity, "presence": presence, "nameBefore": was,
                "changes": c.changes.len(),
            })
        })
        .collect();
    // Of a side that does not compile nothing is estimated.
    let impact = review.state.has_loads().then(|| {
        json!({
            "fleet": { "before": load(review.before.fleet), "after": load(review.after.fleet) },
            "clusters": { "before": review.before.clusters, "after": review.after.clusters },
            "stores": loads(moved(&review.before.stores, &review.after.stores, Clone::clone)),
            "routes": loads(moved(&review.before.routes, &review.after.routes, Clone::clone)),
            "prometheis": loads(moved(&review.before.lanes, &review.after.lanes, lane)),
            "ways": rerouted(&review.before.ways, &review.after.ways).iter().map(way).collect::<Vec<_>>(),
            "promises": promises(review).iter().map(promise).collect::<Vec<_>>(),
            "classes": texts(moved(&review.before.flows, &review.after.flows, pair)),
        })
    });
    let value = json!({
        "format_version": 1,
        "fleet": review.fleet,
        "base": review.base,
        "head": review.head,
        "compiler": review.compiler,
        "state": state,
        "errors": broken,
        "standIn": stand_in,
        "newFindings": found(review.found, review.sources),
        "findingsGone": review.gone,
        "exceptions": review.exceptions.iter().map(|e| exception(e, review.sources)).collect::<Vec<_>>(),
        "secretsNeeded": first::needed(review.changes).into_iter().map(|(needed, clusters)| json!({
            "secret": needed.secret, "keys": needed.keys, "clusters": clusters,
        })).collect::<Vec<_>>(),
        "impact": impact,
        "clusters": clusters,
        "changes": rows(fold::rows(review.changes, review.sources)),
        "checkedIn": review.checked_in.as_ref().map(checked_in),
        "built": review.built.as_ref().map(checked_in),
        "unread": review.unread.map(|finding| finding.veiled().what),
    });
    escape::pretty(&value)
}

fn checked_in(c: &CheckedIn<'_>) -> Json {
    json!({
        "compiler": c.compiler,
        "catalog": c.catalog,
        "sameCompiler": c.is_ours,
        "changes": rows(fold::rows(c.changes, c.sources)),
    })
}

fn rows(rows: Vec<Row>) -> Vec<Json> {
    rows.iter().map(row).collect()
}

fn exception(one: &Exception<'_>, sources: &Sources) -> Json {
    let mut value = place::json(sources, one.at);
    value["kind"] = one.kind.into();
    value["what"] = one.what.into();
    value["why"] = one.why().into();
    value
}

fn way(one: &Rerouted) -> Json {
    json!({ "route": one.route, "what": one.what, "before": one.before, "after": one.after })
}

fn promises(review: &Review<'_>) -> Vec<Moved<Duration>> {
    let pair = |(cluster, destination): &(String, String)| format!("{cluster}: {destination}");
    moved(&review.before.promises, &review.after.promises, pair)
}

fn promise(one: &Moved<Duration>) -> Json {
    let secs = |promise: Option<Duration>| promise.map(|p| p.secs());
    json!({ "what": one.name, "beforeSeconds": secs(one.before), "afterSeconds": secs(one.after) })
}

fn row(row: &Row) -> Json {
    let pods = Pods::sum(row.pods.values().copied()).filter(|_| !row.pods.is_empty());
    let pods = pods.map(|(count, exact)| json!({ "count": count, "exact": exact }));
    json!({
        "edit": row.edit.name(),
        "path": row.path,
        "before": row.before,
        "after": row.after,
        "effect": row.effect.name(),
        "destructive": row.is_destructive(),
        "consequence": row.consequence,
        "line": row.line,
        "objects": row.objects,
        "clusters": row.clusters,
        "count": row.changes,
        "pods": pods,
    })
}

fn load(load: Load) -> Json {
    json!({
        "targets": load.targets,
        "series": load.series,
        "samplesPerSecond": (load.samples_per_second * 1000.0).round() / 1000.0,
    })
}

fn loads(found: Vec<Moved<Load>>) -> Vec<Json> {
    let one = |m: Moved<Load>| json!({ "name": m.name, "before": m.before.map(load), "after": m.after.map(load) });
    found.into_iter().map(one).collect()
}

fn texts(found: Vec<Moved<String>>) -> Vec<Json> {
    found.into_iter().map(|m| json!({ "what": m.name, "before": m.before, "after": m.after })).collect()
}

fn found(findings: &[Diagnostic], sources: &Sources) -> Vec<Json> {
    let one = |f: &Diagnostic| {
        let f = f.veiled();
        let mut value = place::json(sources, f.at);
        value["code"] = f.code.id.into();
        value["severity"] = f.severity.name().into();
        value["message"] = f.what.into();
        value
    };
    findings.iter().map(one).collect()
}
