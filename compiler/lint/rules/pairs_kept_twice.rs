//! A fast class in a store that merges what pairs send: its window follows the class, and all else is kept twice.

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Sink, Stage};
use crate::model::fleet::Fleet;
use crate::model::plan::FleetPlan;
use crate::model::value::Duration;

/// Classes that are taken more often than this are sent nowhere by themselves.
const FAST: Duration = Duration::from_secs(5);

const CODE: Code = Code::warning(
    "LNT154",
    Stage::Plan,
    "a fast class in a store that merges what HA pairs send",
    "A VictoriaMetrics store keeps one sample of a series in each window, and the window is one for all its series: a longer \
     one than the interval of the fast class would delete its samples. Two replicas take theirs at different moments, so \
     that of everything slower both are kept.",
    "Send the fast class to a store of its own (`store \"fast\" …` and a `to \"fast\" jobs=\"job/class\"` line), or scrape the \
     rest with one replica, or `allow` this as what it costs.",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Fleet(check) };

fn check(fleet: &Fleet, plan: &FleetPlan, _: &Catalog, sink: &mut Sink) {
    // Of stores that somebody else runs, whoever runs them sets the window.
    for (store, load) in fleet.stores.iter().zip(&plan.stores).filter(|(store, _)| store.cluster.is_some()) {
        let (Some(fastest), Some(pair), Some(usual)) = (load.fastest, load.pairs, load.usual) else { continue };
        if fastest.value >= FAST || usual < FAST {
            continue;
        }
        let what = format!(
            "`{}` keeps a sample of every {}, for its fastest class: what pairs send every {usual} is kept twice",
            store.name, fastest.value
        );
        let span = |origin| fleet.origins.span(&fleet.origins, origin);
        let mut found = Diagnostic::new(&CODE, store.at, what).here("one window for all its series");
        for (origin, label) in [(fastest.origin, "the fastest"), (pair, "two of each")] {
            if !span(origin).is_none() {
                found = found.label(span(origin), label);
            }
        }
        sink.push(found);
    }
}
