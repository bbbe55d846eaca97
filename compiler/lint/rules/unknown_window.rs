//! A store that somebody else runs, of which nobody has said what an outage and a pair rest on.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Sink, Stage};
use crate::model::fleet::{Fleet, Store};
use crate::model::plan::{FleetPlan, StoreLoad};
use crate::model::value::Duration;
use crate::store::{self, Late, Replicas};

const CODE: Code = Code::info(
    "LNT162",
    Stage::Plan,
    "a store of which nobody says how late it takes samples",
    "It takes samples of any age within its retention and refuses older ones without a word to the sender: what an outage \
     has held back longer than that is lost when the store is back.",
    "Write its `retention`, as whoever runs it has set it (VictoriaMetrics: `-retentionPeriod`, 31 days where nothing is \
     said), or `accepts-late`.",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Fleet(check_window) };

const PAIRS: Code = Code::info(
    "LNT163",
    Stage::Plan,
    "pairs that write to a store of which nobody says that it merges them",
    "Both replicas send everything, told apart by nothing: a store that does not merge them keeps each sample twice, and \
     one that merges with a longer window than its fastest class throws that class's samples away.",
    "See that it merges with the fastest interval that is sent there (VictoriaMetrics: `-dedup.minScrapeInterval`).",
);

pub const PAIRS_RULE: Rule = Rule { code: &PAIRS, check: Check::Fleet(check_pairs) };

/// Stores of others, with what is sent to them.
fn others<'a>(fleet: &'a Fleet, plan: &'a FleetPlan) -> impl Iterator<Item = (&'a Store, &'a StoreLoad)> {
    fleet.stores.iter().zip(&plan.stores).filter(|(store, _)| store.cluster.is_none())
}

fn check_window(fleet: &Fleet, plan: &FleetPlan, _: &Catalog, sink: &mut Sink) {
    for (store, load) in others(fleet, plan) {
        let late = store::kind(&store.kind.value).map(|k| k.profile().late);
        if late != Some(Late::WithinRetention) || store.retention.is_some() || store.accepts_late.is_some() {
            continue;
        }
        let promised = |id| fleet.cluster(id).survive.value;
        let senders: Vec<Duration> =
            load.senders.iter().map(|(id, _)| promised(*id)).filter(|survive| !survive.is_zero()).collect();
        let Some(longest) = senders.iter().max() else { continue };
        let many = match senders.len() {
            1 => "one cluster shall".to_owned(),
            n => format!("{n} clusters shall"),
        };
        let what = format!(
            "nothing says how long `{}` keeps samples, and {many} survive up to {longest} without it",
            store.name
        );
        sink.push(Diagnostic::new(&CODE, store.at, what).here("no `retention`, no `accepts-late`"));
    }
}

fn check_pairs(fleet: &Fleet, plan: &FleetPlan, _: &Catalog, sink: &mut Sink) {
    for (store, load) in others(fleet, plan) {
        let merges = store::kind(&store.kind.value).map(|k| k.profile().replicas) == Some(Replicas::MergedIfIdentical);
        let (Some(fastest), Some(pair), true) = (load.fastest, load.pairs, merges) else { continue };
        let what = format!("HA pairs write to `{}`, and nothing is known of how it merges them", store.name);
        let help = format!(
            "see that its vmselect and vmstorage (or the single node) run with `-dedup.minScrapeInterval={}`, the fastest \
             interval that is sent there: with less, pairs of the fastest class are kept twice, with more its samples are \
             lost; of slower classes both samples stay either way",
            fastest.value
        );
        let found = Diagnostic::new(&PAIRS, store.at, what).here("somebody else runs it").help(help);
        let span = fleet.origins.span(&fleet.origins, pair);
        sink.push(if span.is_none() { found } else { found.label(span, "two of each") });
    }
}
