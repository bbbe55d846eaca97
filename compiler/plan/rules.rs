//! Which packs each Prometheus evaluates, and which of what they read it has.

use super::context::Context;
use super::parts::{Part, Schedule};
use super::{boards, codes, store_rules};
use crate::catalog::{Kind, Records, RulePack, Scope};
use crate::diag::{Diagnostic, Sink};
use crate::model::fleet::Lane;
use crate::model::plan::{LanePlan, RulePlan};

/// The standard packs in every Prometheus, and what each asks for.
pub(super) fn rules(cx: &Context<'_>, parts: &[Part<'_>], lanes: &[LanePlan<'_>], sink: &mut Sink) -> Vec<RulePlan> {
    let packs = cx.catalog.names(Kind::Rules).into_iter().filter_map(|name| cx.catalog.rule_pack(name));
    let standard: Vec<&RulePack> = packs.filter(|p| p.standard && p.scope == Scope::Prometheus).collect();
    let mut out = Vec::new();
    for LanePlan { lane, peaks, .. } in lanes {
        let has_rules = |pack: &RulePack| match pack.records {
            Some(Records::Peaks) => !peaks.is_empty(),
            None => true,
        };
        let standard = standard.iter().filter(|p| has_rules(p)).map(|p| (p.name.clone(), lane.origin));
        let mut said = store_rules::packs(cx, &lane.rules, Scope::Prometheus, sink);
        said.retain(|said| {
            let idle = cx.catalog.rule_pack(&said.value).is_some_and(|pack| !has_rules(pack));
            if idle {
                let what = format!("the rule pack `{}` has nothing to record in `{}`", said.value, lane.name);
                let at = cx.place(said.origin, lane.origin);
                sink.push(Diagnostic::new(&codes::IDLE_PACK, at, what).here("would be empty"));
            }
            !idle
        });
        let said = said.into_iter().map(|r| (r.value, r.origin));
        let has = has(cx, parts, lane);
        for (pack, origin) in standard.chain(said) {
            if !out.iter().any(|r: &RulePlan| r.pack == pack && r.lane == lane.name) {
                let reads = cx.catalog.rule_pack(&pack).into_iter().flat_map(|p| &p.rules).flat_map(|r| &r.metrics);
                let mut has: Vec<String> = reads.filter(|m| has.contains(&m.as_str())).cloned().collect();
                has.sort_unstable();
                has.dedup();
                out.push(RulePlan { pack, lane: lane.name.clone(), has, origin });
            }
        }
    }
    out
}

/// Metrics that some rule reads and the Prometheus scrapes, for itself or for others, by the tables of
/// their jobs.
fn has<'a>(cx: &Context<'a>, parts: &[Part<'_>], lane: &Lane) -> Vec<&'a str> {
    let scraped = |part: &&Part<'_>| {
        let copies = |(other, _): &(&Lane, Schedule)| other.name == lane.name;
        part.lane.name == lane.name || part.copies.iter().any(copies)
    };
    let here: Vec<&Part<'_>> = parts.iter().filter(scraped).collect();
    boards::exposed(cx, parts, &here, cx.catalog.read_by_rules()).map(|asked| asked.metric.as_str()).collect()
}
