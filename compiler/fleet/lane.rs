//! The Prometheis of a cluster.

use super::cluster::{Raw, alerts};
use super::codes;
use super::context::Context;
use super::merge::{Block, Member};
use super::names::undefined;
use super::store;
use crate::diag::{Diagnostic, Origin, Sourced, Span};
use crate::model::fleet::{AlsoSelect, Expose, ExposeBy, Lane, Query, Storage};
use crate::model::ids::AlertmanagerId;
use crate::model::value::{Bytes, Duration};
use crate::syntax::Reference;

/// In the order of their names. What a lane does not say of `class` and `alerts` is the cluster's.
pub fn lanes<'d>(
    cx: &mut Context<'_, 'd>,
    raw: &Raw<'d>,
    class: Option<&Sourced<String>>,
    outer_alerts: &[Sourced<AlertmanagerId>],
) -> Vec<Lane> {
    let mut lanes = Vec::new();
    let mut rest: Option<Span> = None;
    for (name, member, block) in raw.block.members("prometheus") {
        if let Some(off) = block.flag("disabled") {
            if member.said.len() == 1 {
                let known = cx.names.lanes.keys().copied().filter(|n| *n != name);
                cx.read.report(disables_nothing(&format!("a Prometheus `{name}`"), name, member, off, known));
            }
            continue;
        }
        if let Some(at) = block.flag("rest") {
            if let Some(first) = rest {
                cx.read.report(
                    Diagnostic::new(
                        &codes::TWO_RESTS,
                        at,
                        format!("two Prometheis of cluster `{}` take the rest", raw.name),
                    )
                    .label(first, "the other one"),
                );
            }
            rest = Some(at);
        }
        if let Some(store) = cx.names.get(Reference::Store, name) {
            cx.read.report(
                Diagnostic::new(
                    &codes::LANE_IS_STORE,
                    member.at(),
                    format!("`{name}` is both a Prometheus and a store"),
                )
                .label(store.at, "the store"),
            );
        }
        lanes.push(lane(cx, name, member, block, class, outer_alerts));
    }
    lanes
}

/// `disabled` on a member that no farther level declares.
pub fn disables_nothing<'n>(
    what: &str,
    name: &str,
    member: &Member<'_>,
    off: Span,
    known: impl IntoIterator<Item = &'n str>,
) -> Diagnostic {
    Diagnostic::new(&codes::DISABLES_NOTHING, member.at(), format!("{what} is disabled here, but none is inherited"))
        .label(off, "has nothing to take out")
        .did_you_mean(name, known)
}

fn lane<'d>(
    cx: &mut Context<'_, 'd>,
    name: &str,
    member: &Member<'d>,
    block: &Block<'d>,
    class: Option<&Sourced<String>>,
    outer_alerts: &[Sourced<AlertmanagerId>],
) -> Lane {
    let of = format!("Prometheus `{name}`");
    cx.require(block, "retention", member.at(), &of, "retention \"7d\"");
    cx.require(block, "storage", member.at(), &of, "storage \"100Gi\"");
    // A value that is missing or malformed has been reported; what stands in for it is never used,
    // for nothing is planned after an error.
    let storage = store::storage(cx, block)
        .unwrap_or_else(|| Storage { size: Sourced::new(Bytes::new(1 << 30), Origin::INHERIT), class: None });
    Lane {
        name: name.to_owned(),
        at: member.span(),
        origin: cx.read.spec(member.at()),
        jobs: cx.read.job_classes(block, "jobs"),
        rest: block.flag("rest").map(|at| cx.read.spec(at)),
        retention: cx
            .read
            .duration(block, "retention")
            .unwrap_or_else(|| Sourced::new(Duration::from_days(1), Origin::INHERIT)),
        retention_size: cx.read.size(block, "retention-size"),
        storage: Storage { class: storage.class.or_else(|| class.cloned()), size: storage.size },
        replicas: cx.read.count_or(block, "replicas", 1),
        interval: cx.read.duration(block, "interval"),
        timeout: cx.read.duration(block, "timeout"),
        requests: cx.read.resources(block, "requests"),
        limits: cx.read.resources(block, "limits"),
        query: query(cx, block),
        also_select: also_select(cx, block),
        also_scrapes: cx.read.job_classes(block, "also-scrapes"),
        sample_limit: cx.read.count(block, "sample-limit"),
        rules: cx.read.texts(block, "rules"),
        alerts: alerts(cx, block).unwrap_or_else(|| outer_alerts.to_vec()),
        expose: expose(cx, block),
    }
}

fn expose(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Option<Expose> {
    let expose = block.object("expose")?;
    let by = cx.read.text_or(expose, "by", "none").map(|word| match word.as_str() {
        "node-port" => ExposeBy::NodePort,
        "ingress" => ExposeBy::Ingress,
        _ => ExposeBy::None,
    });
    Some(Expose {
        by,
        host: cx.read.text(expose, "host"),
        port: cx.read.plain(expose, "port").and_then(|p| Some(Sourced::new(p.value.parse().ok()?, p.origin))),
        class: cx.read.text(expose, "class"),
    })
}

fn query(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Query {
    let Some(query) = block.object("query") else { return Query::default() };
    Query {
        concurrency: cx.read.count(query, "concurrency"),
        samples: cx.read.count(query, "samples"),
        timeout: cx.read.duration(query, "timeout"),
    }
}

fn also_select(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Vec<AlsoSelect> {
    block
        .repeated("also-select")
        .iter()
        .map(|(level, object)| {
            let also = Block::of(*level, object);
            AlsoSelect {
                labels: also
                    .map("labels")
                    .filter_map(|(k, v)| Some((k.value.clone(), v.value.as_str()?.to_owned())))
                    .collect(),
                namespaces: also.texts("namespaces").map(|(text, _)| text.to_owned()).collect(),
                origin: cx.read.spec(object.span),
            }
        })
        .collect()
}

/// Reports a Prometheus that the cluster does not have.
pub fn no_such_lane<'n>(
    cx: &mut Context<'_, '_>,
    cluster: &str,
    name: &str,
    at: Span,
    known: impl IntoIterator<Item = &'n str>,
) {
    let found = undefined(&format!("Prometheus in cluster `{cluster}` called"), name, at, known);
    cx.read.report(found);
}
