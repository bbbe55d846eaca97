//! What `apply` says before, while and after it changes something.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::diag::{shown, veil};
use crate::object::ObjectId;
use crate::pipeline::{
    Action, AppliedCluster, AppliedObject, ApplyQuestion, Event, Intent, Outcome, Stop, delete_command,
};
use crate::world::Stream;
use crate::world::server::{Failure, FailureKind};

/// What is told of clusters.
pub(super) struct Shown<'a> {
    pub question: &'a ApplyQuestion<'a>,
    /// Root of the checked-in output.
    pub approved: &'a str,
    pub context: &'a dyn Fn(&Intent<'_>) -> String,
}

/// Something would be deleted.
pub(super) fn prunes(intent: &Intent<'_>) -> bool {
    intent.pruning.refused.is_none() && !intent.pruning.delete.is_empty()
}

/// Something was to be deleted, and is kept.
pub(super) fn keeps(intent: &Intent<'_>, question: &ApplyQuestion<'_>) -> bool {
    question.prune && intent.pruning.refused.is_some()
}

/// What a person says yes to.
pub(super) fn question(intents: &[Intent<'_>], prune: bool, context: &dyn Fn(&Intent<'_>) -> String) -> String {
    let one = |intent: &Intent<'_>| {
        let deleted = if prune && prunes(intent) { intent.pruning.delete.len() } else { 0 };
        let mut work = Vec::new();
        if !intent.steps.is_empty() {
            work.push(format!("apply {}", objects(intent.steps.len())));
        }
        if deleted > 0 {
            work.push(format!("delete {}", objects(deleted)));
        }
        let (name, context) = (line(intent.name()), line(&context(intent)));
        (!work.is_empty()).then(|| format!("{} in {name} (context {context})", work.join(", ")))
    };
    let all: Vec<String> = intents.iter().filter_map(one).collect();
    let what = match &all[..] {
        [one] => one.clone(),
        all => format!("\n  {}\n", all.join("\n  ")),
    };
    format!("Do this: {what}? [y/N] ")
}

impl Shown<'_> {
    /// Before anything is done.
    pub fn intents(&self, intents: &[Intent<'_>]) -> String {
        let mut out = String::new();
        for intent in intents {
            let mut said = Vec::new();
            let of = |action: Action| intent.steps.iter().filter(|s| s.action == action).count();
            for (action, words) in [
                (Action::Create, "to create"),
                (Action::Update, "to change"),
                (Action::Adopt, "to take over"),
                (Action::Same, "as they are"),
            ] {
                if of(action) > 0 {
                    said.push(format!("{} {words}", of(action)));
                }
            }
            let head = if said.is_empty() { "nothing to apply".to_owned() } else { said.join(", ") };
            let dry = if self.question.dry_run { " (dry run)" } else { "" };
            out.push_str(&format!("{}{dry}: {head}\n", line(intent.name())));
            for remark in self.remarks(intent) {
                out.push_str(&format!("  {}\n", line(&remark)));
            }
        }
        out
    }

    /// What is not done by applying.
    fn remarks(&self, intent: &Intent<'_>) -> Vec<String> {
        let mut all = Vec::new();
        for id in &intent.foreign {
            all.push(match intent.elsewhere(id) {
                Some(other) => format!(
                    "left alone: {id} belongs to `{other}`, by its labels: delete it if it came here by mistake"
                ),
                None => format!("left alone: {id} is somebody else's; `--adopt {id}` takes it over"),
            });
        }
        if intent.unverified() > 0 {
            all.push(format!("left alone: {} could not be looked at", objects(intent.unverified())));
        }
        if intent.extended > 0 {
            all.push(format!(
                "left alone: what others have added to {}; applying does not take it away",
                objects(intent.extended)
            ));
        }
        let changed = || intent.steps.iter().filter(|s| !s.left.is_empty());
        all.extend(
            changed()
                .map(|s| format!("left to others, as an `ignore` says: {} of {}", s.left.join(", "), s.desired.id)),
        );
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        intent.steps.iter().flat_map(|s| &s.taken).for_each(|from| *taken.entry(from).or_default() += 1);
        all.extend(taken.into_iter().map(|(from, n)| {
            format!("taken over: {} applied by `{from}` so far; what it owned of them becomes ours", objects(n))
        }));
        let pruning = &intent.pruning;
        match (&pruning.refused, self.question.prune) {
            (Some(why), true) => all.push(format!("nothing is deleted: {why}")),
            (None, true) => all.extend(pruning.delete.iter().map(|(id, _)| format!("to delete: {id}"))),
            (_, false) if !pruning.delete.is_empty() => {
                all.push(format!("left over: {}; `--prune` deletes them", objects(pruning.delete.len())));
            }
            _ => {}
        }
        let context = (self.context)(intent);
        all.extend(pruning.by_hand.iter().map(|by| match (by.goes, by.before) {
            (false, _) => format!("left over, and not for us to delete: {}, which is used or was there before", by.id),
            (true, None) => format!("left over, to be deleted by hand: {}", delete_command(by.id, &context)),
            (true, Some(before)) => {
                format!(
                    "left over, to be deleted by hand: {}: {before}; then {}",
                    by.id,
                    delete_command(by.id, &context)
                )
            }
        }));
        all.extend(pruning.kept.iter().map(|(id, by)| format!("left over, and kept while {by} is there: {id}")));
        let helm = intent.helm(self.approved, &context);
        if !helm.is_empty() && !intent.knows_releases() {
            let n = helm.len();
            let all_of = if n == 1 { "the release".to_owned() } else { format!("all {n} releases") };
            all.push(format!(
                "Helm releases were not compared (--helm does): the command of {all_of}, differing or not"
            ));
        }
        all.extend(helm.into_iter().map(|(_, command)| format!("by Helm: {command}")));
        all
    }

    /// While it is done: where it is said, and what.
    pub fn event(&self, event: &Event<'_>) -> (Stream, String) {
        match event {
            Event::Stage { cluster, place, objects } => {
                let mut text = format!("{}: {}: {}\n", line(cluster), place.folder(), self.counts(objects));
                for object in *objects {
                    for said in self.troubles(object) {
                        text.push_str(&format!("  {}\n", line(&said)));
                    }
                }
                (Stream::Out, text)
            }
            Event::Waiting { cluster, waiting } => {
                let more = if waiting.len() > 1 { format!(" (and {} more)", waiting.len() - 1) } else { String::new() };
                let (id, why) = waiting.first().map(|(id, why)| (id.to_string(), why.as_str())).unwrap_or_default();
                (Stream::Err, format!("{}: waiting for {}: {}{more}\n", line(cluster), line(&id), line(why)))
            }
        }
    }

    fn counts(&self, objects: &[AppliedObject]) -> String {
        let mut said = Vec::new();
        let mut count = |words: &str, is: &dyn Fn(&AppliedObject) -> bool| {
            let n = objects.iter().filter(|o| is(o)).count();
            if n > 0 {
                said.push(format!("{n} {words}"));
            }
        };
        let done = if self.question.dry_run { "accepted" } else { "applied" };
        count(done, &|o| o.outcome == Outcome::Done);
        count("cannot be tried before their Namespace or role is there", &|o| o.outcome == Outcome::Unchecked);
        count("FAILED", &|o| matches!(o.outcome, Outcome::Failed(_)));
        count("not tried", &|o| o.outcome == Outcome::NotTried);
        said.join(", ")
    }

    fn troubles(&self, object: &AppliedObject) -> Vec<String> {
        let mut all = Vec::new();
        if let Outcome::Failed(failure) = &object.outcome {
            all.push(format!("{}: {}", object.id, self.explained(failure)));
        }
        if object.differs() {
            let left = object.left.iter().map(|(path, because)| {
                let by = if because.by.is_empty() { String::new() } else { format!(" ({})", because.by) };
                format!("{path}{by}")
            });
            let left: Vec<String> = left.collect();
            all.push(format!(
                "{}: applied, and still different, for others own these fields: {}",
                object.id,
                left.join(", ")
            ));
        }
        all
    }

    fn explained(&self, failure: &Failure) -> String {
        match failure.kind {
            FailureKind::Conflict if !self.question.force => {
                format!("{failure}; `--force-conflicts` takes these fields")
            }
            FailureKind::Timeout if !self.question.dry_run => {
                format!("{failure}; whether it was applied is not known")
            }
            _ => failure.to_string(),
        }
    }

    /// After all is done.
    pub fn end(&self, intents: &[Intent<'_>], done: &[AppliedCluster]) -> String {
        let mut out = String::new();
        for (intent, done) in intents.iter().zip(done) {
            let mut lines = Vec::new();
            lines.extend(done.unready.iter().map(|(id, why)| format!("{id} is not ready: {why}")));
            for (id, outcome) in &done.deleted {
                lines.push(match outcome {
                    Outcome::Failed(failure) => format!("{id} is not deleted: {failure}"),
                    Outcome::NotTried => format!("{id} is not deleted"),
                    _ if self.question.dry_run => format!("{id} would be deleted"),
                    _ => format!("{id} is deleted"),
                });
            }
            match done.stopped {
                None => {}
                Some(Stop::NotBegun) => {
                    lines.push("not begun, for an earlier cluster failed; `--keep-going` goes on".to_owned());
                }
                Some(Stop::After(place)) => {
                    let left = done.objects.iter().filter(|o| o.outcome == Outcome::NotTried).count();
                    let left = if left > 0 { format!("; {} not applied", objects(left)) } else { String::new() };
                    lines.push(format!("stopped after {}{left}", place.folder()));
                }
            }
            lines.iter().for_each(|said| out.push_str(&format!("{}: {}\n", line(intent.name()), line(said))));
        }
        let all = || done.iter().flat_map(|d| &d.objects);
        let count = |is: &dyn Fn(&AppliedObject) -> bool| all().filter(|o| is(o)).count();
        let failed = count(&|o| matches!(o.outcome, Outcome::Failed(_)));
        let gone = done.iter().flat_map(|d| &d.deleted).filter(|(_, outcome)| *outcome == Outcome::Done).count();
        let gone = if self.question.dry_run { 0 } else { gone };
        let mut end = match (self.question.dry_run, count(&|o| o.outcome == Outcome::Done)) {
            (_, 0) if failed == 0 && gone > 0 => format!("{} deleted, and none applied", objects(gone)),
            (_, 0) if failed == 0 => "Nothing was applied".to_owned(),
            (false, n) if gone > 0 => format!("{} applied, {gone} deleted", objects(n)),
            (true, n) => format!("The servers accept {}; nothing was changed", objects(n)),
            (false, n) => format!("{} applied", objects(n)),
        };
        for (n, words) in [
            (failed, "failed"),
            (count(&|o| o.outcome == Outcome::NotTried), "not tried"),
            (done.iter().map(|d| d.unready.len()).sum(), "not ready"),
            (intents.iter().map(|i| i.foreign.len()).sum(), "left to others"),
            (intents.iter().map(Intent::unverified).sum(), "NOT verified"),
        ] {
            if n > 0 {
                end.push_str(&format!(", {n} {words}"));
            }
        }
        out.push_str(&end);
        out.push_str(".\n");
        out
    }

    /// All of it for programs. `differences` is what `diff --against live` says as JSON.
    pub fn json(&self, intents: &[Intent<'_>], done: &[AppliedCluster], differences: &str) -> String {
        let clusters: Vec<Json> = intents.iter().zip(done).map(|(i, d)| self.cluster(i, d)).collect();
        let differences: Json = serde_json::from_str(differences).unwrap_or_default();
        let document = json!({
            "format_version": 1,
            "dryRun": self.question.dry_run,
            "clusters": clusters,
            "differences": differences,
        });
        serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
    }

    fn cluster(&self, intent: &Intent<'_>, done: &AppliedCluster) -> Json {
        let context = (self.context)(intent);
        let pruning = &intent.pruning;
        let objects = done.objects.iter().map(|o| {
            let mut one = object(&o.id);
            one["stage"] = o.place.folder().into();
            one["action"] = o.action.name().into();
            outcome(&mut one, &o.outcome, self.question.dry_run);
            let left = o.left.iter().map(
                |(path, because)| json!({"path": line(path), "cause": because.cause.name(), "by": line(&because.by)}),
            );
            one["stillDifferent"] = left.collect();
            let step = intent.steps.iter().find(|s| s.desired.id == o.id);
            one["leftToOthers"] = step.map(|s| s.left.iter().map(|path| line(path)).collect()).unwrap_or_default();
            one["takenFrom"] = step.map(|s| s.taken.iter().map(|from| line(from)).collect()).unwrap_or_default();
            one
        });
        let deleted = done.deleted.iter().map(|(id, what)| {
            let mut one = object(id);
            outcome(&mut one, what, self.question.dry_run);
            one
        });
        let unready = done.unready.iter().map(|(id, why)| {
            let mut one = object(id);
            one["why"] = line(why).into();
            one
        });
        let by_hand = pruning.by_hand.iter().map(|by| {
            let mut one = object(by.id);
            one["command"] = by.goes.then(|| delete_command(by.id, &context)).into();
            one["before"] = by.before.into();
            one
        });
        let helm = intent.helm(self.approved, &context);
        json!({
            "cluster": intent.cluster.changes.cluster,
            "identity": intent.cluster.changes.identity,
            "context": context,
            "version": intent.cluster.version,
            "whole": super::is_whole(intent, done, self.question),
            "stopped": done.stopped.map(|stop| match stop {
                Stop::After(place) => format!("after {}", place.folder()),
                Stop::NotBegun => "not begun".to_owned(),
            }),
            "objects": objects.collect::<Vec<_>>(),
            "notReady": unready.collect::<Vec<_>>(),
            "foreign": intent.foreign.iter().map(|id| object(id)).collect::<Vec<_>>(),
            "notVerified": intent.unverified(),
            "deleted": deleted.collect::<Vec<_>>(),
            "leftOver": pruning.delete.iter().map(|(id, _)| object(id)).collect::<Vec<_>>(),
            "kept": pruning.kept.iter().map(|(id, _)| object(id)).collect::<Vec<_>>(),
            "notDeleted": pruning.refused.as_deref().filter(|_| self.question.prune).map(line),
            "byHand": by_hand.collect::<Vec<_>>(),
            "helmCompared": intent.knows_releases(),
            "helm": helm.iter().map(|(name, command)| json!({"release": name, "command": command})).collect::<Vec<_>>(),
        })
    }
}

fn object(id: &ObjectId) -> Json {
    json!({"apiVersion": line(&id.api_version), "kind": line(&id.kind), "namespace": line(&id.namespace),
           "name": line(&id.name)})
}

fn outcome(of: &mut Json, outcome: &Outcome, dry_run: bool) {
    of["outcome"] = match outcome {
        Outcome::Done if dry_run => "accepted",
        Outcome::Done => "done",
        Outcome::Failed(_) => "failed",
        Outcome::NotTried => "not tried",
        Outcome::Unchecked => "not checked",
    }
    .into();
    if let Outcome::Failed(failure) = outcome {
        of["why"] = line(&failure.message).into();
    }
}

fn objects(n: usize) -> String {
    format!("{n} object{}", if n == 1 { "" } else { "s" })
}

/// Of others: on one line, with nothing that could fool a terminal and no credentials.
fn line(text: &str) -> String {
    let text = shown::one_line(text);
    veil::veiled(&text).unwrap_or(text)
}
