//! Intents carried out: the only place that changes a cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::super::live::{Desired, Material, needs};
use super::again;
use super::ready::{self, State};
use super::{Action, AppliedCluster, AppliedObject, ApplyQuestion, Event, Intent, Outcome, Step, Stop};
use crate::diff::{self, Because, Live};
use crate::emit::MANAGED_BY;
use crate::object::{ObjectId, Place};
use crate::world::server::{Apply, Base, Failure, FailureKind, Listed, Seen, Served};
use crate::world::{Server, World};

/// Between two looks at what is not ready yet.
const PAUSE: Duration = Duration::from_secs(2);

/// Somebody may change an object between the second look and the change as often as this, as long as it differs as it
/// was shown to: controllers write what does not concern us.
const TRIES: usize = 4;

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
        let waits = question.wait.is_some() && !question.dry_run;
        let server = intent.material.server.as_deref().filter(|_| has_work || waits);
        let applied = match server {
            Some(_) if failed && !question.keep_going && !question.dry_run => {
                let stopped = has_work.then_some(Stop::NotBegun);
                return AppliedCluster { stopped, ..AppliedCluster::default() };
            }
            Some(server) => {
                let (kinds, applied) = (BTreeMap::new(), AppliedCluster::default());
                Run { world, server, intent, question, tell, kinds, lost: None, applied }.run()
            }
            None => AppliedCluster::default(),
        };
        failed |= !applied.is_whole() || intent.is_open();
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
        let intent = self.intent;
        for stage in intent.material.wanted.chunk_by(|a, b| a.place == b.place) {
            let place = stage[0].place;
            let steps: Vec<&Step<'_>> = intent.steps.iter().filter(|s| s.desired.place == place).collect();
            if self.applied.stopped.is_some() {
                let not_tried = |step: &Step<'_>| applied(step, Outcome::NotTried, Vec::new());
                self.applied.objects.extend(steps.into_iter().map(not_tried));
            } else if !self.stage(place, stage, &steps) && !self.question.dry_run {
                self.applied.stopped = Some(Stop::After(place));
            }
        }
        if self.question.prune && self.applied.stopped.is_none() && self.intent.pruning.refused.is_none() {
            self.prune();
        }
        self.applied
    }

    /// Whether all of a stage is there and ready.
    fn stage(&mut self, place: Place, stage: &[Desired], steps: &[&Step<'_>]) -> bool {
        let first = self.applied.objects.len();
        for step in steps {
            let done = match &self.lost {
                Some(_) => applied(step, Outcome::NotTried, Vec::new()),
                None => self.object(step),
            };
            self.applied.objects.push(done);
        }
        let objects = &self.applied.objects[first..];
        if !objects.is_empty() {
            (self.tell)(&Event::Stage { cluster: self.intent.name(), place, objects });
        }
        let failed = objects.iter().any(|o| !matches!(o.outcome, Outcome::Done | Outcome::Unchecked));
        let (left, kept): (Vec<_>, Vec<_>) = stage.iter().map(|d| &d.id).partition(|id| self.intent.leaves(id));
        match self.question.wait {
            _ if failed || !left.is_empty() => false,
            Some(patience) if !self.question.dry_run => self.ready(kept.into_iter().cloned().collect(), patience),
            _ => true,
        }
    }

    fn object(&mut self, step: &Step<'_>) -> AppliedObject {
        let id = &step.desired.id;
        match self.sent(step) {
            Ok(now) => applied(step, Outcome::Done, left(self.intent.material, id, &step.desired.json, &now)),
            Err(failure) if failure.kind == FailureKind::Missing && self.question.dry_run && self.comes_along(step) => {
                applied(step, Outcome::Unchecked, Vec::new())
            }
            Err(failure) => applied(step, Outcome::Failed(self.lost_by(failure)), Vec::new()),
        }
    }

    /// Applies an object, if it still is what was shown; the object as it is then.
    fn sent(&mut self, step: &Step<'_>) -> Result<Json, Failure> {
        let (id, material) = (&step.desired.id, self.intent.material);
        let served = self.served(id)?;
        let how = Apply {
            manager: MANAGED_BY,
            // Whoever takes an object over takes its labels, at least, from others. What is not there yet is
            // nobody's.
            force: step.action == Action::Adopt || (self.question.force && step.action != Action::Create),
            dry_run: self.question.dry_run,
            base: Base::Any,
        };
        if self.question.dry_run {
            let live = material.there.get(id);
            return self.server.apply(&served, &given(step, material, live), how);
        }
        let namespace = served.namespaced.then_some(id.namespace.as_str());
        let mut tries = 1;
        loop {
            let now = self.server.find(&served, namespace, &id.name)?;
            again::is_as_shown(material, id, &step.desired.json, now.as_ref())?;
            let object = given(step, material, now.as_ref());
            let Some(mut now) = now else {
                return self.created(&served, id, &object, how);
            };
            let sent = self.owned(&served, id, &object, &mut now, how);
            let seen = seen(id, &now)?;
            match sent {
                // It may be of fields, or of the version.
                Err(failure) if failure.kind == FailureKind::Conflict && tries < TRIES => {
                    let later = self.server.find(&served, namespace, &id.name)?;
                    if later.as_ref().and_then(|l| again::seen(id, l)).as_ref() == Some(&seen) {
                        return Err(failure);
                    }
                    tries += 1;
                }
                sent => return sent,
            }
        }
    }

    /// Makes an object that nobody has: what somebody makes in the same moment stays as it is. What the server notes of
    /// it becomes an apply of ours; should that fail, the next one takes it over.
    fn created(&self, served: &Served, id: &ObjectId, object: &Json, how: Apply<'_>) -> Result<Json, Failure> {
        let namespace = served.namespaced.then_some(id.namespace.as_str());
        let there = || self.server.find(served, namespace, &id.name);
        let mut now = match self.server.create(served, object, MANAGED_BY) {
            Err(failure) if failure.kind == FailureKind::Conflict && there()?.is_some() => {
                let why =
                    "somebody has made it in the moment before, and it was left as it is; run `apply` again to see it";
                return Err(Failure::new(FailureKind::Changed, why));
            }
            created => created?,
        };
        for _ in 0..TRIES {
            let made = now.clone();
            match self.owned(served, id, object, &mut now, how) {
                Ok(applied) => return Ok(applied),
                Err(failure) if failure.kind == FailureKind::Conflict => {}
                Err(_) => return Ok(made),
            }
            let uid = |object: &Json| object.pointer("/metadata/uid").cloned();
            match there() {
                Ok(Some(later)) if uid(&later) == uid(&made) => now = later,
                _ => return Ok(made),
            }
        }
        Ok(now)
    }

    /// Applies an object to what is there now, as it is after who applied it before has been replaced by us.
    fn owned(
        &self,
        served: &Served,
        id: &ObjectId,
        object: &Json,
        now: &mut Json,
        how: Apply<'_>,
    ) -> Result<Json, Failure> {
        if let Some(taken) = diff::takeover(now, &self.intent.material.ours) {
            *now = self.server.reown(served, &seen(id, now)?, &taken.managed_fields)?;
        }
        self.server.apply(served, object, Apply { base: Base::Seen(&seen(id, now)?), ..how })
    }

    /// Takes note of a failure that says something of the whole server.
    fn lost_by(&mut self, failure: Failure) -> Failure {
        use FailureKind::{Config, Plugin, Timeout, Unauthorized, Unreachable};
        if matches!(failure.kind, Config | Plugin | Unauthorized | Unreachable | Timeout) {
            self.lost = Some(failure.clone());
        }
        failure
    }

    /// Whether what an object needs before the server can judge it is made in this run.
    fn comes_along(&self, step: &Step<'_>) -> bool {
        let needs = |made: &ObjectId| needs(&step.desired.id, &step.desired.json, made);
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

    /// Waits until these are ready; whether they are.
    fn ready(&mut self, mut waited: Vec<ObjectId>, patience: Duration) -> bool {
        waited.retain(|id| ready::becomes(&id.kind));
        let began = self.world.elapsed();
        let mut told = Vec::new();
        loop {
            let (waiting, failed): (Vec<_>, Vec<_>) =
                self.look(&waited).into_iter().partition(|(_, _, is_final)| !is_final);
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
            waited = waiting.iter().map(|(id, _)| id.clone()).collect();
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

    fn delete(&mut self, id: &ObjectId, shown: &Seen) -> Outcome {
        match self.deleted(id, shown) {
            Ok(()) => Outcome::Done,
            // Somebody was faster.
            Err(failure) if failure.kind == FailureKind::Missing => Outcome::Done,
            Err(failure) => Outcome::Failed(self.lost_by(failure)),
        }
    }

    /// Deletes an object, if it still is what was shown but for what controllers note of it.
    fn deleted(&mut self, id: &ObjectId, shown: &Seen) -> Result<(), Failure> {
        let served = self.served(id)?;
        let Some(now) = self.server.find(&served, shown.namespace.as_deref(), &id.name)? else { return Ok(()) };
        let then = self.intent.material.orphans.get(id);
        let seen = again::seen(id, &now).filter(|seen| seen.uid == shown.uid);
        match seen.filter(|_| then.is_some_and(|then| again::of_people(then) == again::of_people(&now))) {
            Some(seen) => {
                self.server.delete(&served, &seen)?;
                self.is_gone(&served, id, &seen)
            }
            None => {
                let why = "somebody has changed it since it was looked at; run `apply` again to see it";
                Err(Failure::new(FailureKind::Changed, why))
            }
        }
    }
}

impl Run<'_> {
    /// Whether an object whose deletion was asked for is gone: a finalizer may hold it.
    fn is_gone(&self, served: &Served, id: &ObjectId, deleted: &Seen) -> Result<(), Failure> {
        let now = self.server.find(served, deleted.namespace.as_deref(), &id.name)?;
        let Some(now) = now.filter(|now| again::seen(id, now).is_some_and(|seen| seen.uid == deleted.uid)) else {
            return Ok(());
        };
        let held = Live(&now).held();
        Err(Failure::new(FailureKind::Conflict, format!("its deletion was asked for, and it is still there{held}")))
    }
}

fn seen(id: &ObjectId, object: &Json) -> Result<Seen, Failure> {
    let nameless = || Failure::new(FailureKind::Garbage, "the server tells no uid and version of it");
    again::seen(id, object).ok_or_else(nameless)
}

/// What is sent of an object: all of it but what the spec leaves to others who have set it.
fn given(step: &Step<'_>, material: &Material, live: Option<&Json>) -> Json {
    let mut object = step.desired.json.clone();
    if let Some(live) = live {
        diff::leave_to_others(&step.desired.id, &mut object, live, &material.ours);
    }
    object
}

fn applied(step: &Step<'_>, outcome: Outcome, left: Vec<(String, Because)>) -> AppliedObject {
    AppliedObject { id: step.desired.id.clone(), place: step.desired.place, action: step.action, outcome, left }
}

/// Where an object that was applied still differs: fields we do not give and others own.
fn left(material: &Material, id: &ObjectId, wanted: &Json, now: &Json) -> Vec<(String, Because)> {
    let found = again::differences(material, id, wanted, now);
    found.into_iter().filter_map(|c| Some((c.path, c.because?))).collect()
}
