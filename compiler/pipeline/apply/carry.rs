//! Intents carried out: the only place that changes a cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::super::diff::rules;
use super::super::live::{Material, generation};
use super::ready::{self, State};
use super::{Action, AppliedCluster, AppliedObject, ApplyQuestion, Event, Intent, Outcome, Step, Stop};
use crate::diag::Origin;
use crate::diff::{self, Approved, Because, Live, Wanted, compare_live};
use crate::emit::MANAGED_BY;
use crate::object::{ObjectId, Place, Tree};
use crate::world::server::{Apply, Failure, FailureKind, Listed, Seen, Served};
use crate::world::{Server, World};

/// Between two looks at what is not ready yet.
const PAUSE: Duration = Duration::from_secs(2);

/// Carries intents out, one cluster after the other. A stage begins when all of the one before has been applied and is
/// ready; after one that failed the rest of the cluster is left alone, and so are all further clusters.
pub fn carry_out(
    world: &dyn World,
    intents: &[Intent<'_>],
    question: &ApplyQuestion<'_>,
    tell: &dyn Fn(&Event<'_>),
) -> Vec<AppliedCluster> {
    let mut failed = false;
    let one = |intent: &Intent<'_>| {
        let has_work = !intent.steps.is_empty() || (question.prune && !intent.pruning.delete.is_empty());
        let Some(server) = intent.material.server.as_deref().filter(|_| has_work) else {
            return AppliedCluster::default();
        };
        if failed && !question.keep_going && !question.dry_run {
            return AppliedCluster { stopped: Some(Stop::NotBegun), ..AppliedCluster::default() };
        }
        let kinds = BTreeMap::new();
        let run = Run { world, server, intent, question, tell, kinds, lost: None, applied: AppliedCluster::default() };
        let applied = run.run();
        failed |= !applied.is_whole();
        applied
    };
    intents.iter().map(one).collect()
}

struct Run<'r> {
    world: &'r dyn World,
    server: &'r dyn Server,
    intent: &'r Intent<'r>,
    question: &'r ApplyQuestion<'r>,
    tell: &'r dyn Fn(&Event<'_>),
    /// What the server serves, by API version.
    kinds: BTreeMap<String, Vec<Served>>,
    /// Why nothing more is asked of it.
    lost: Option<Failure>,
    applied: AppliedCluster,
}

impl Run<'_> {
    fn run(mut self) -> AppliedCluster {
        for steps in self.intent.steps.chunk_by(|a, b| a.desired.place == b.desired.place) {
            let place = steps[0].desired.place;
            if self.applied.stopped.is_none() {
                if !self.stage(place, steps) && !self.question.dry_run {
                    self.applied.stopped = Some(Stop::After(place));
                }
            } else {
                let not_tried = |step: &Step<'_>| applied(step, Outcome::NotTried, Vec::new());
                self.applied.objects.extend(steps.iter().map(not_tried));
            }
        }
        if self.question.prune && self.applied.stopped.is_none() && self.intent.pruning.refused.is_none() {
            self.prune();
        }
        self.applied
    }

    /// Whether all of a stage was applied and is ready.
    fn stage(&mut self, place: Place, steps: &[Step<'_>]) -> bool {
        let first = self.applied.objects.len();
        let mut changed = Vec::new();
        for step in steps {
            let done = match &self.lost {
                Some(_) => applied(step, Outcome::NotTried, Vec::new()),
                None => self.object(step, &mut changed),
            };
            self.applied.objects.push(done);
        }
        let objects = &self.applied.objects[first..];
        (self.tell)(&Event::Stage { cluster: self.intent.name(), place, objects });
        let failed = objects.iter().any(|o| !matches!(o.outcome, Outcome::Done | Outcome::Unchecked));
        match self.question.wait {
            Some(patience) if !self.question.dry_run && !failed => self.ready(changed, patience),
            _ => !failed,
        }
    }

    fn object(&mut self, step: &Step<'_>, changed: &mut Vec<ObjectId>) -> AppliedObject {
        let id = &step.desired.id;
        let how = Apply {
            manager: MANAGED_BY,
            // Whoever takes an object over takes its labels, at least, from others.
            force: self.question.force || step.action == Action::Adopt,
            dry_run: self.question.dry_run,
        };
        let answer = self.served(id).and_then(|served| self.server.apply(&served, &step.desired.json, how));
        match answer {
            Ok(now) => {
                if self.intent.material.there.get(id).is_none_or(|before| *before != generation(&now)) {
                    changed.push(id.clone());
                }
                applied(step, Outcome::Done, left(self.intent.material, id, &step.desired.json, &now))
            }
            Err(failure) if failure.kind == FailureKind::Missing && how.dry_run && self.comes_along(step) => {
                applied(step, Outcome::Unchecked, Vec::new())
            }
            Err(failure) => applied(step, Outcome::Failed(self.lost_by(failure)), Vec::new()),
        }
    }

    /// Takes note of a failure that says something of the whole server.
    fn lost_by(&mut self, failure: Failure) -> Failure {
        use FailureKind::{Config, Plugin, Timeout, Unauthorized, Unreachable};
        if matches!(failure.kind, Config | Plugin | Unauthorized | Unreachable | Timeout) {
            self.lost = Some(failure.clone());
        }
        failure
    }

    /// Whether what an object needs before the server can judge it is made in this run: its Namespace, or the role of a
    /// binding, whose rights the server holds against ours.
    fn comes_along(&self, step: &Step<'_>) -> bool {
        let id = &step.desired.id;
        let role = |part: &str| step.desired.json.pointer(&format!("/roleRef/{part}")).and_then(Json::as_str);
        let needs = |made: &ObjectId| match made.kind.as_str() {
            "Namespace" => made.name == id.namespace,
            "ClusterRole" => role("kind") == Some("ClusterRole") && role("name") == Some(&made.name),
            "Role" => {
                made.namespace == id.namespace && role("kind") == Some("Role") && role("name") == Some(&made.name)
            }
            _ => false,
        };
        self.intent.steps.iter().any(|s| s.action == Action::Create && needs(&s.desired.id))
    }

    fn served(&mut self, id: &ObjectId) -> Result<Served, Failure> {
        if !self.kinds.contains_key(&id.api_version) {
            let kinds = self.server.kinds(&id.api_version)?;
            self.kinds.insert(id.api_version.clone(), kinds);
        }
        let kinds = self.kinds.get(&id.api_version).into_iter().flatten();
        let served = kinds.into_iter().find(|k| k.kind == id.kind).cloned();
        let message = || format!("the cluster does not serve {} of `{}`", id.kind, id.api_version);
        served.ok_or_else(|| Failure::new(FailureKind::Missing, message()))
    }

    /// Waits until what was changed is ready; whether it is.
    fn ready(&mut self, mut changed: Vec<ObjectId>, patience: Duration) -> bool {
        changed.retain(|id| ready::becomes(&id.kind));
        let began = self.world.elapsed();
        let mut told = Vec::new();
        loop {
            let (waiting, failed): (Vec<_>, Vec<_>) =
                self.look(&changed).into_iter().partition(|(_, _, is_final)| !is_final);
            let words = |all: Vec<(ObjectId, String, bool)>| all.into_iter().map(|(id, why, _)| (id, why));
            if !failed.is_empty() {
                self.applied.unready.extend(words(failed).chain(words(waiting)));
                return false;
            }
            let waiting: Vec<(ObjectId, String)> = words(waiting).collect();
            if waiting.is_empty() {
                return true;
            }
            if self.world.elapsed().saturating_sub(began) >= patience {
                self.applied.unready.extend(waiting);
                return false;
            }
            changed = waiting.iter().map(|(id, _)| id.clone()).collect();
            if waiting != told {
                (self.tell)(&Event::Waiting { cluster: self.intent.name(), waiting: &waiting });
                told = waiting;
            }
            self.world.wait(PAUSE);
        }
    }

    /// Those that are not ready: what they wait for, and whether waiting is in vain.
    fn look(&mut self, ids: &[ObjectId]) -> Vec<(ObjectId, String, bool)> {
        let mut unready = Vec::new();
        for ids in
            ids.chunk_by(|a, b| (&a.api_version, &a.kind, &a.namespace) == (&b.api_version, &b.kind, &b.namespace))
        {
            let first = &ids[0];
            let labels = self.intent.material.ours.labels.iter().map(|(key, value)| format!("{key}={value}"));
            let labels: Vec<String> = labels.collect();
            let listed = self.served(first).and_then(|served| {
                let namespace = served.namespaced.then(|| first.namespace.clone());
                self.server.list(&Listed { served, namespace, labels: Some(labels.join(",")) })
            });
            let objects = match listed {
                Ok(objects) => objects,
                Err(failure) => {
                    let lasting = matches!(failure.kind, FailureKind::Forbidden | FailureKind::Unauthorized);
                    let why = format!("it cannot be looked at: {failure}");
                    unready.extend(ids.iter().map(|id| (id.clone(), why.clone(), lasting)));
                    continue;
                }
            };
            let named = |id: &ObjectId| {
                objects.iter().find(|o| o.pointer("/metadata/name") == Some(&Json::from(id.name.as_str())))
            };
            for id in ids {
                match named(id)
                    .map_or_else(|| State::Waiting("it is not there".to_owned()), |o| ready::state(&id.kind, o))
                {
                    State::Ready => {}
                    State::Waiting(why) => unready.push((id.clone(), why, false)),
                    State::Failed(why) => unready.push((id.clone(), why, true)),
                }
            }
        }
        unready
    }

    /// Deletes what is left over. What is to be deleted last was applied first.
    fn prune(&mut self) {
        let intent = self.intent;
        for (id, seen) in &intent.pruning.delete {
            let outcome = match (&self.lost, self.question.dry_run) {
                (Some(_), _) => Outcome::NotTried,
                (None, true) => Outcome::Done,
                (None, false) => self.delete(id, seen),
            };
            self.applied.deleted.push(((*id).clone(), outcome));
        }
    }

    fn delete(&mut self, id: &ObjectId, seen: &Seen) -> Outcome {
        match self.served(id).and_then(|served| self.server.delete(&served, seen)) {
            Ok(()) => Outcome::Done,
            // Somebody was faster.
            Err(failure) if failure.kind == FailureKind::Missing => Outcome::Done,
            Err(failure) => Outcome::Failed(self.lost_by(failure)),
        }
    }
}

fn applied(step: &Step<'_>, outcome: Outcome, left: Vec<(String, Because)>) -> AppliedObject {
    AppliedObject { id: step.desired.id.clone(), place: step.desired.place, action: step.action, outcome, left }
}

/// Where an object that was applied still differs: fields we do not give and others own.
fn left(material: &Material, id: &ObjectId, wanted: &Json, now: &Json) -> Vec<(String, Because)> {
    let mut tree = Tree::new();
    let root = tree.add_json("", wanted, Origin::INHERIT);
    let wanted = Wanted { id, file: "", side: diff::Side { tree: &tree, root }, approved: Approved::Same };
    let found = compare_live(wanted, Live(now), &material.ours, &rules());
    found.changes.into_iter().filter_map(|c| Some((c.path, c.because?))).collect()
}
