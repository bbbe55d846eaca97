//! A contradiction between the rules and the route, and how it is told.

use std::collections::BTreeMap;

use super::super::codes;
use super::super::context::Context;
use super::super::parts::Part;
use super::super::routing::Who;
use super::super::senders::Refused;
use super::witness::Witness;
use crate::diag::{Diagnostic, Origin, Sink, Span};
use crate::model::plan::ClusterPlan;
use crate::relabel::Labels;

pub(super) struct Fault {
    /// The series that shows it, and whose it is (` of …`).
    series: Option<(Labels, String)>,
    /// What becomes of it: one finding for all series that meet the same fate at the same line.
    verdict: String,
    /// The line that makes it so.
    at: (Origin, &'static str),
    /// The line that says otherwise.
    beside: Option<(Origin, &'static str)>,
    /// What to ask `trace` for.
    ask: Option<String>,
}

impl Fault {
    pub fn of(series: &Labels, told: &str, verdict: String, at: (Origin, &'static str)) -> Self {
        Fault { series: Some((series.clone(), told.to_owned())), ..Fault::plain(verdict, at) }
    }

    /// Of no series in particular.
    pub fn plain(verdict: String, at: (Origin, &'static str)) -> Self {
        Fault { series: None, verdict, at, beside: None, ask: None }
    }

    pub fn beside(self, line: (Origin, &'static str)) -> Self {
        Fault { beside: Some(line), ..self }
    }

    /// Remembers how to see more of it.
    pub fn about(self, witness: &Witness<'_, '_>) -> Self {
        let within = match witness.namespace.as_str() {
            "" => String::new(),
            namespace => format!(" --namespace {namespace}"),
        };
        let ask = match witness.who {
            Who::Sample(part) => format!("{}{within}", part.reference()),
            Who::Scrape(_) => format!("'up{{job={:?}}}'", witness.labels.get("job")),
            Who::Nobody => format!("'{}'{within}", witness.labels.get("__name__")),
        };
        Fault { ask: Some(ask), ..self }
    }

    /// The same for what is not scraped as it should be.
    pub fn about_part(self, part: &Part<'_>) -> Self {
        Fault { ask: Some(part.reference().to_string()), ..self }
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Fault::plain(refused.what, (refused.origin, "of this"))
    }
}

/// One finding for each line and verdict: a rule that is wrong is so for thousands of series.
pub(super) fn report(cx: &Context<'_>, plan: &ClusterPlan<'_>, faults: Vec<Fault>, sink: &mut Sink) {
    let span = |origin| plan.origins.span(&cx.fleet.origins, origin);
    let mut known: BTreeMap<(Span, String, String), usize> = BTreeMap::new();
    let mut firsts: Vec<(Fault, usize)> = Vec::new();
    for fault in faults {
        let told = fault.series.as_ref().map(|s| s.1.clone()).unwrap_or_default();
        let index = *known.entry((span(fault.at.0), told, alike(&fault))).or_insert(firsts.len());
        match firsts.get_mut(index) {
            Some((_, more)) => *more += 1,
            None => firsts.push((fault, 0)),
        }
    }
    for (fault, more) in firsts {
        let what = match &fault.series {
            Some((series, told)) => format!("{series}{told} {}{}", fault.verdict, and_more(more)),
            None => fault.verdict.clone(),
        };
        let at = Some(span(fault.at.0)).filter(|s| !s.is_none()).unwrap_or(plan.cluster.at);
        let mut found = Diagnostic::new(&codes::WITNESS, at, what).here(fault.at.1);
        if let Some((origin, label)) = fault.beside {
            let beside = span(origin);
            if !beside.is_none() && beside != at {
                found = found.label(beside, label);
            }
        }
        if at != plan.cluster.at {
            found = found.label(plan.cluster.at, "planned for this cluster");
        }
        if let Some(ask) = &fault.ask {
            let help = format!(
                "see each rule on its way: `watershed trace {ask} --cluster {}`; {}",
                plan.cluster.name,
                codes::WITNESS.help
            );
            found = found.help(help);
        }
        sink.push(found);
    }
}

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => ", and so does one more".to_owned(),
        more => format!(", and so do {more} more"),
    }
}

/// The verdict without the labels of the one series in it.
fn alike(fault: &Fault) -> String {
    fault.verdict.split(" as ").next().unwrap_or_default().to_owned()
}
