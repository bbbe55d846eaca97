//! The end of a way: what the route says of a series, and what the rules of each destination do to it.

use std::collections::BTreeMap;

use super::super::keep::{self, MARK};
use super::super::parts;
use super::super::routing::{By, Partition, Target, Who};
use super::NAMESPACE;
use super::way::Walk;
use crate::diag::{Origin, Sourced};
use crate::model::fleet::Destination;
use crate::model::plan::{InNamespace, LanePlan};
use crate::model::trace::{Answer, Applied, End};
use crate::relabel::stages;
use crate::relabel::{Change, Labels, Outcome, Rule, Step};

impl Walk<'_, '_> {
    /// What the language says of it, in words.
    pub(super) fn answer(&self, partition: &Partition<'_>, who: Who<'_, '_>, namespace: &str) -> Answer {
        let labels = self.question.labels();
        let main = partition.main.decide_labelled(who, namespace, &labels);
        let route = partition.route;
        let first = |said: &Option<Vec<Sourced<Destination>>>| {
            said.iter().flatten().next().map_or(route.origin, |destination| destination.origin)
        };
        let (mut because, mut origin) = match main {
            By::Line(claim) => ("this line is for it".to_owned(), claim.origin),
            By::TooFast => {
                (format!("a class faster than {} goes only where a line names it", parts::FAST), route.origin)
            }
            By::Shared => ("it is about no pod, so `shared` has it".to_owned(), first(&route.shared)),
            By::Unowned => {
                (format!("no line has the namespace `{namespace}`, so `unowned` has it"), first(&route.unowned))
            }
            By::Nothing => ("no line is for it".to_owned(), route.origin),
        };
        let copied = partition.copies.iter().find_map(|copy| match copy.decide_labelled(who, namespace, &labels) {
            By::Line(claim) => Some(claim.origin),
            _ => None,
        });
        if let Some(copy) = copied {
            because.push_str("; a `copy` line has it too");
            if partition.main.targets(main).is_empty() {
                origin = copy;
            }
        }
        Answer { route: route.name.clone(), because, origin }
    }

    /// Notes of each end the line by which the route gives it the series: one rule may hold several lines, and what
    /// two lines give stands in the rule of the first.
    pub(super) fn by_line(&self, partition: &Partition<'_>, who: Who<'_, '_>, namespace: &str, ends: &mut [End]) {
        let labels = self.question.labels();
        for end in ends.iter_mut().filter(|e| e.arrives.is_some()) {
            let target = Target { store: end.store, tenant: end.tenant };
            end.line = partition.divisions().find_map(|division| {
                let by = division.decide_labelled(who, namespace, &labels);
                division.targets(by).contains(&target).then_some(match by {
                    By::Line(claim) => claim.origin,
                    By::Shared => division.said.shared(target),
                    By::Unowned => division.said.unowned(target),
                    By::TooFast | By::Nothing => return None,
                })
            });
        }
    }

    /// Namespaces that are wanted, those of one answer together: the first by its name, the others as lines name them.
    pub(super) fn by_answer(
        &self,
        partition: &Partition<'_>,
        who: Who<'_, '_>,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Vec<(String, Vec<String>)> {
        let labels = self.question.labels();
        let mut known: BTreeMap<_, usize> = BTreeMap::new();
        let mut out: Vec<(String, Vec<String>)> = Vec::new();
        // What an expression lists, or one that it matches, may be none of the names that lines tell apart.
        let asked = self.question.examples(NAMESPACE).into_iter().map(|name| (InNamespace::Like(name.clone()), name));
        let asked: Vec<_> = asked.filter(|(_, n)| partition.witness_namespaces().all(|w| w != n)).collect();
        for (kind, name) in partition.witnesses().iter().chain(&asked).filter(|(_, name)| wanted(name)) {
            let mut answers = Vec::new();
            for division in partition.divisions() {
                let by = division.decide_labelled(who, name, &labels);
                answers.push((by.question(), division.targets(by)));
            }
            let at = *known.entry((name.is_empty(), answers)).or_insert(out.len());
            match (out.get_mut(at), kind) {
                (None, _) => out.push((name.clone(), Vec::new())),
                (Some((_, alike)), InNamespace::Like(pattern)) => alike.push(pattern.clone()),
                (Some(_), InNamespace::Any | InNamespace::None | InNamespace::Other) => {}
            }
        }
        out
    }

    /// Every destination of the cluster, reached or not.
    pub(super) fn ends(&self, lane: &LanePlan<'_>, stored: &Labels) -> Vec<End> {
        let Some(sender) = self.senders.lanes.get(lane.name) else { return Vec::new() };
        let mut ends = Vec::new();
        for ((target, chain), write) in sender.entries.iter().zip(&lane.remote_write) {
            let (outcome, labels, steps) = stages::write_traced(stored, &sender.external, chain);
            let stage = format!("remoteWrite {} of Prometheus {}", write.name, lane.name);
            let settled = settled(&stage, &write.rules, &steps);
            let (changed, dropped) = applied(&stage, &write.rules, steps, outcome);
            match target {
                Some(target) => ends.push(End {
                    arrives: dropped.is_none().then_some(labels),
                    changed,
                    dropped,
                    settled,
                    url: write.url.value.clone(),
                    ..self.end(&write.name, *target, write.origin)
                }),
                None => ends.extend(self.behind_the_relay(&labels, &changed, dropped.as_ref())),
            }
        }
        ends
    }

    /// What all destinations are offered of a series that the relay has scraped itself.
    pub(super) fn sent_by_relay(&self, scraped: &Labels) -> Labels {
        let mut labels = scraped.clone();
        let _ = stages::relay_stage_traced(&mut labels, &self.senders.common);
        labels.settle();
        labels
    }

    /// Every destination of the relay, for such a series.
    pub(super) fn ends_by_relay(&self, scraped: &Labels) -> Vec<End> {
        let ends = self.behind_the_relay(scraped, &[], None);
        ends.into_iter().map(|end| End { scraped_by_relay: true, ..end }).collect()
    }

    fn behind_the_relay(&self, labels: &Labels, before: &[Applied], dropped: Option<&Applied>) -> Vec<End> {
        let Some(relay) = &self.plan.relay else { return Vec::new() };
        let mut labels = labels.clone();
        let (outcome, steps) = match dropped {
            Some(_) => (Outcome::Kept, Vec::new()),
            None => stages::relay_stage_traced(&mut labels, &self.senders.common),
        };
        let (common, gone) = applied("relay, for all destinations", &relay.common, steps, outcome);
        let gone = dropped.cloned().or(gone);
        let each = relay.urls.iter().zip(&self.senders.relay).map(|(url, (target, chain))| {
            let mut labels = labels.clone();
            let stage = format!("relay, for {}", url.name);
            let (outcome, steps) = match &gone {
                Some(_) => (Outcome::Kept, Vec::new()),
                None => stages::relay_stage_traced(&mut labels, chain),
            };
            let settled = settled(&stage, &url.rules, &steps);
            let (changed, dropped) = applied(&stage, &url.rules, steps, outcome);
            let dropped = gone.clone().or(dropped);
            labels.settle();
            End {
                arrives: dropped.is_none().then_some(labels),
                changed: before.iter().chain(&common).cloned().chain(changed).collect(),
                dropped,
                settled,
                relayed: true,
                survive: Some(url.survive.value),
                queue: Some(url.queue.value),
                url: url.url.value.clone(),
                ..self.end(&url.name, *target, url.origin)
            }
        });
        each.collect()
    }

    fn end(&self, name: &str, target: Target, origin: Origin) -> End {
        End {
            name: name.to_owned(),
            store: target.store,
            tenant: target.tenant,
            arrives: None,
            changed: Vec::new(),
            dropped: None,
            settled: None,
            line: None,
            relayed: false,
            scraped_by_relay: false,
            survive: None,
            queue: None,
            retention: self.cx.fleet.store(target.store).retention.map(|r| r.value),
            url: String::new(),
            origin,
        }
    }
}

/// The last rule that gave it to the destination or took it back.
fn settled(stage: &str, rules: &[Rule], steps: &[Step]) -> Option<Applied> {
    let marks =
        |step: &&Step| step.changes.iter().any(|c| *c.name == *MARK) && rules.get(step.rule).is_some_and(keep::settles);
    let step = steps.iter().rev().find(marks)?;
    made(stage, rules, step.rule, Vec::new())
}

fn made(stage: &str, rules: &[Rule], index: usize, changes: Vec<Change>) -> Option<Applied> {
    rules.get(index).map(|rule| Applied {
        number: index + 1,
        of: rules.len(),
        stage: stage.to_owned(),
        rule: rule.clone(),
        changes,
    })
}

/// Rules that changed something, and the one that dropped it.
pub(super) fn applied(
    stage: &str,
    rules: &[Rule],
    steps: Vec<Step>,
    outcome: Outcome,
) -> (Vec<Applied>, Option<Applied>) {
    let make = |index, changes| made(stage, rules, index, changes);
    let dropped = match outcome {
        Outcome::Dropped { by } => make(by, Vec::new()),
        Outcome::Kept => None,
    };
    let changed = steps.into_iter().filter(|s| !s.changes.is_empty());
    (changed.filter_map(|s| make(s.rule, s.changes)).collect(), dropped)
}
