//! Which line of the spec is behind what became of a series.

use super::super::keep::{self, MARK};
use super::super::parts::Part;
use super::super::routing::{By, Target, Who};
use super::super::senders::{Queue, Senders};
use super::Route;
use super::witness::Witness;
use crate::diag::{Origin, Sourced};
use crate::model::fleet::Destination;
use crate::model::plan::{ClusterPlan, LanePlan};
use crate::relabel::stages;
use crate::relabel::{Labels, Outcome, Rule, Step};

pub(super) struct Blame<'x, 'a> {
    pub plan: &'x ClusterPlan<'x>,
    pub senders: &'x Senders<'a>,
    pub lane: &'x LanePlan<'x>,
    pub partition: Route<'x, 'a>,
}

/// A list of rules, what each of them did, and what came of it.
type Passed<'x> = (&'x [Rule], Vec<Step>, Outcome);

impl Blame<'_, '_> {
    /// The rule that gives the series to the destination, else the destination: where nothing is kept away,
    /// no rule lets it in.
    pub fn lets_through(&self, series: &Labels, queue: Queue) -> (Origin, &'static str) {
        let gives = |(rules, steps, _): &Passed<'_>| {
            let given = |s: &&Step| s.changes.iter().any(|c| *c.name == *MARK && c.after.as_deref() == Some("1"));
            steps.iter().rev().find(given).and_then(|s| rules.get(s.rule)).map(|r| r.origin)
        };
        let rule = self.passed(series, queue).iter().rev().find_map(gives);
        rule.map_or_else(|| self.of_queue(queue), |origin| (origin, "its rules let it through"))
    }

    /// The rule that drops it on the way to the destination.
    pub fn keeps_away(&self, series: &Labels, target: Target, by_prometheus: bool) -> (Origin, &'static str) {
        let Some(queue) = self.queue_to(target, by_prometheus) else {
            return (self.lane.origin, "nothing of it is written there");
        };
        let drops = |(rules, steps, outcome): &Passed<'_>| match outcome {
            // What is dropped for want of a mark was settled before.
            Outcome::Dropped { by } => {
                let settles = |s: &&Step| {
                    s.changes.iter().any(|c| *c.name == *MARK) && rules.get(s.rule).is_some_and(keep::settles)
                };
                let settled = steps.iter().rev().find(settles).map(|s| s.rule);
                let reads = rules.get(*by).is_some_and(|r| r.source_labels.iter().any(|l| *l == *MARK));
                rules.get(settled.filter(|_| reads).unwrap_or(*by)).map(|r| r.origin)
            }
            Outcome::Kept => None,
        };
        let rule = self.passed(series, queue).iter().find_map(drops);
        rule.map_or_else(|| self.of_queue(queue), |origin| (origin, "its rules keep it away"))
    }

    /// The last rule that changed its labels, but for marks.
    pub fn changes(&self, series: &Labels, queue: Queue) -> (Origin, &'static str) {
        let changed = |(rules, steps, _): &Passed<'_>| {
            let changes = |s: &&Step| s.changes.iter().any(|c| !c.name.starts_with("__"));
            steps.iter().rev().find(changes).and_then(|s| rules.get(s.rule)).map(|r| r.origin)
        };
        let rule = self.passed(series, queue).iter().rev().find_map(changed);
        rule.map_or_else(|| self.of_queue(queue), |origin| (origin, "changes its labels"))
    }

    /// The line that says where the series goes.
    pub fn line(&self, witness: &Witness<'_, '_>) -> (Origin, &'static str) {
        let first = |said: &Option<Vec<Sourced<Destination>>>| said.iter().flatten().next().map(|d| d.origin);
        let part: Option<&Part<'_>> = match witness.who {
            Who::Sample(part) | Who::Scrape(part) => Some(part),
            Who::Nobody => None,
        };
        if let Some(part) = part.filter(|_| !witness.owned) {
            return (part.lane.origin, "this Prometheus sends it");
        }
        let Some(partition) = self.partition else { return (self.lane.origin, "no route has this Prometheus") };
        let route = partition.route;
        let decided = partition.divisions().map(|d| d.decide_labelled(witness.who, &witness.namespace, witness.pods));
        let lines: Vec<By<'_>> = decided.collect();
        let line = lines.iter().find_map(|by| match by {
            By::Line(claim) => Some((claim.origin, "this line is for it")),
            _ => None,
        });
        match (lines.first(), line) {
            (Some(By::Line(claim)), _) => (claim.origin, "this line is for it"),
            (Some(By::Shared), _) => (first(&route.shared).unwrap_or(route.origin), "it is about no pod"),
            (Some(By::Unowned), _) => (first(&route.unowned).unwrap_or(route.origin), "nobody has its namespace"),
            (_, Some(copy)) => copy,
            (_, None) => (route.origin, "no line of this route is for it"),
        }
    }

    /// The line that the queue is made for.
    pub fn of_queue(&self, queue: Queue) -> (Origin, &'static str) {
        let url = queue.url.and_then(|i| self.plan.relay.as_ref()?.urls.get(i)).map(|u| u.origin);
        let write = queue.write.and_then(|i| self.lane.remote_write.get(i)).map(|w| w.origin);
        (url.or(write).unwrap_or(self.lane.origin), "it gets there by this")
    }

    pub fn name_of(&self, queue: Queue) -> String {
        let url = queue.url.and_then(|i| self.plan.relay.as_ref()?.urls.get(i));
        match (url, queue.write.and_then(|i| self.lane.remote_write.get(i))) {
            (Some(url), _) => format!("`{}` of the relay", url.name),
            (None, Some(write)) => format!("`{}` of prometheus `{}`", write.name, self.lane.name),
            (None, None) => format!("prometheus `{}`", self.lane.name),
        }
    }

    fn queue_to(&self, target: Target, by_prometheus: bool) -> Option<Queue> {
        let entries = self.senders.lanes.get(self.lane.name).map_or(&[][..], |s| &s.entries);
        let direct = entries.iter().position(|(to, _)| *to == Some(target));
        if let Some(write) = direct.filter(|_| by_prometheus) {
            return Some(Queue { write: Some(write), url: None });
        }
        let write = entries.iter().position(|(to, _)| to.is_none()).filter(|_| by_prometheus);
        let url = self.senders.relay.iter().position(|(to, _)| *to == target)?;
        (write.is_some() || !by_prometheus).then_some(Queue { write, url: Some(url) })
    }

    /// The lists of rules that the series passes on the way to a store, as far as it gets.
    fn passed(&self, series: &Labels, queue: Queue) -> Vec<Passed<'_>> {
        let mut out: Vec<Passed<'_>> = Vec::new();
        let mut labels = series.clone();
        let entry = queue.write.and_then(|i| {
            let sender = self.senders.lanes.get(self.lane.name)?;
            Some((self.lane.remote_write.get(i)?, sender, &sender.entries.get(i)?.1))
        });
        if let Some((write, sender, chain)) = entry {
            let (outcome, written, steps) = stages::write_traced(series, &sender.external, chain);
            labels = written;
            out.push((&write.rules, steps, outcome));
        }
        let relay = self.plan.relay.as_ref().zip(queue.url);
        let Some((relay, i)) = relay.filter(|_| out.iter().all(|p| p.2 == Outcome::Kept)) else { return out };
        let (outcome, steps) = stages::relay_stage_traced(&mut labels, &self.senders.common);
        out.push((&relay.common, steps, outcome));
        if let (Outcome::Kept, Some(url), Some((_, chain))) = (outcome, relay.urls.get(i), self.senders.relay.get(i)) {
            let (outcome, steps) = stages::relay_stage_traced(&mut labels, chain);
            out.push((&url.rules, steps, outcome));
        }
        out
    }
}
