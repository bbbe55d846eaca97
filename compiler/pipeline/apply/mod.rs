//! Live clusters made what is compiled: server-side apply, object by object, stage by stage. What is applied is what a
//! comparison with the very same cluster has found; nothing is remembered but what the server itself notes.

mod again;
mod carry;
mod order;
mod prune;
mod ready;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use carry::carry_out;
pub use order::in_order;
pub use prune::{Pruning, command as delete_command};

use super::live::{Approval, Desired, LiveCluster, Material, mistaken};
use crate::diff::{self, Because, Cause};
use crate::emit::{Release, VALUES};
use crate::object::{ObjectId, Place};
use crate::world::server::Failure;

/// How clusters are applied to.
#[derive(Debug, Clone)]
pub struct ApplyQuestion<'a> {
    /// Objects of others that are taken over, as people name objects.
    pub adopt: &'a BTreeSet<String>,
    /// Takes fields from other managers.
    pub force: bool,
    /// Also objects that do not differ.
    pub all: bool,
    pub prune: bool,
    /// Asks the server what it would do, of everything, and changes nothing.
    pub dry_run: bool,
    /// How long the objects of a stage may take to become ready; `None`: nobody waits.
    pub wait: Option<Duration>,
    /// Goes on with the next cluster after one that failed.
    pub keep_going: bool,
}

/// What applying would do to one cluster.
pub struct Intent<'c> {
    pub cluster: &'c LiveCluster,
    material: &'c Material,
    pub steps: Vec<Step<'c>>,
    /// Somebody else's, and left alone.
    pub foreign: Vec<&'c ObjectId>,
    /// Another cluster of the fleet, and how many objects of it are there where those of this one should be: more than
    /// are this one's. It is the wrong server, most likely.
    pub mistaken: Option<(&'c str, usize)>,
    /// Objects of ours with fields that others have added: applying does not take these away.
    pub extended: usize,
    pub pruning: Pruning<'c>,
}

/// An object to apply.
pub struct Step<'c> {
    pub desired: &'c Desired,
    pub action: Action,
    /// What of it the spec leaves to others, and they have set: paths.
    pub left: Vec<String>,
    /// Other appliers that it is taken over from.
    pub taken: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Create,
    Update,
    /// Takes over what is somebody else's.
    Adopt,
    /// It is there as it is compiled.
    Same,
}

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Adopt => "adopt",
            Action::Same => "same",
        }
    }
}

/// What became of one cluster.
#[derive(Debug, Default)]
pub struct AppliedCluster {
    /// In the order in which it was tried.
    pub objects: Vec<AppliedObject>,
    /// What was not ready in time, or never will be: the object and what it waits for.
    pub unready: Vec<(ObjectId, String)>,
    pub deleted: Vec<(ObjectId, Outcome)>,
    /// Why it was left before its end.
    pub stopped: Option<Stop>,
}

/// Why a cluster was left before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Something of this stage failed, did not become ready, could not be looked at or is somebody else's.
    After(Place),
    /// An earlier cluster failed.
    NotBegun,
}

#[derive(Debug)]
pub struct AppliedObject {
    pub id: ObjectId,
    pub place: Place,
    pub action: Action,
    pub outcome: Outcome,
    /// Where it still differs from what was applied, and why: others own these fields.
    pub left: Vec<(String, Because)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed(Failure),
    /// After a failure that says something of all others.
    NotTried,
    /// The server could not say, for its Namespace or the role it binds is made in the same run.
    Unchecked,
}

impl AppliedCluster {
    /// Everything that was meant to be done is done.
    pub fn is_whole(&self) -> bool {
        let done = |outcome: &Outcome| matches!(outcome, Outcome::Done | Outcome::Unchecked);
        self.stopped.is_none()
            && self.unready.is_empty()
            && self.objects.iter().all(|o| done(&o.outcome) && !o.differs())
            && self.deleted.iter().all(|(_, outcome)| done(outcome))
    }
}

impl AppliedObject {
    /// Something else than what others have added was left.
    pub fn differs(&self) -> bool {
        self.left.iter().any(|(_, because)| because.cause != Cause::Extra)
    }
}

/// Told while clusters are applied to.
pub enum Event<'e> {
    /// The objects of a stage were tried.
    Stage { cluster: &'e str, place: Place, objects: &'e [AppliedObject] },
    /// These are not ready yet.
    Waiting { cluster: &'e str, waiting: &'e [(ObjectId, String)] },
}

/// What applying would do to a cluster that was compared; `None` where it was not asked for what that takes.
pub fn intend<'c>(cluster: &'c LiveCluster, question: &ApplyQuestion<'_>) -> Option<Intent<'c>> {
    let material = cluster.material.as_ref()?;
    let mut causes: BTreeMap<&ObjectId, BTreeSet<Cause>> = BTreeMap::new();
    for change in &cluster.changes.changes {
        if let (Some(id), Some(because)) = (&change.object, &change.because) {
            causes.entry(id).or_default().insert(because.cause);
        }
    }
    let unverified: BTreeSet<&ObjectId> = cluster.unverified.iter().flat_map(|u| &u.objects).collect();
    let mut intent = Intent {
        cluster,
        material,
        steps: Vec::new(),
        foreign: Vec::new(),
        extended: 0,
        mistaken: mistaken(&material.elsewhere, material.there.values(), &material.ours),
        pruning: Pruning::of(cluster, material),
    };
    for desired in material.wanted.iter().filter(|d| !unverified.contains(&d.id)) {
        let none = BTreeSet::new();
        let causes = causes.get(&desired.id).unwrap_or(&none);
        intent.extended += usize::from(causes.contains(&Cause::Extra));
        let differs = causes.iter().any(|c| !matches!(c, Cause::Extra | Cause::Orphan));
        let action = if causes.contains(&Cause::Foreign) {
            if !question.adopt.contains(&desired.id.to_string()) {
                intent.foreign.push(&desired.id);
                continue;
            }
            Action::Adopt
        } else if !material.there.contains_key(&desired.id) {
            Action::Create
        } else if differs {
            Action::Update
        } else {
            Action::Same
        };
        if action != Action::Same || question.all || question.dry_run {
            intent.steps.push(step(desired, action, material));
        }
    }
    Some(intent)
}

fn step<'c>(desired: &'c Desired, action: Action, material: &Material) -> Step<'c> {
    let live = material.there.get(&desired.id);
    let left = live.map(|live| diff::leave_to_others(&desired.id, &mut desired.json.clone(), live, &material.ours));
    let taken = live.and_then(|live| diff::takeover(live, &material.ours));
    Step { desired, action, left: left.unwrap_or_default(), taken: taken.map(|t| t.from).unwrap_or_default() }
}

impl Intent<'_> {
    pub fn name(&self) -> &str {
        &self.cluster.changes.cluster
    }

    /// Whether an object of this name, as people name objects, is compiled for it.
    pub fn wants(&self, name: &str) -> bool {
        self.material.wanted.iter().any(|d| d.id.to_string() == name)
    }

    /// Objects and lists about which nothing is known, and which are not applied.
    pub fn unverified(&self) -> usize {
        self.cluster.unverified.iter().map(|u| u.objects.len().max(1)).sum()
    }

    /// Whether something of it is known before anything is done not to come about.
    pub fn is_open(&self) -> bool {
        !self.foreign.is_empty() || !self.cluster.unverified.is_empty()
    }

    /// Whether an object is left alone: somebody else's, or not looked at.
    fn leaves(&self, id: &ObjectId) -> bool {
        self.foreign.contains(&id) || self.cluster.unverified.iter().any(|u| u.objects.contains(id))
    }

    /// The cluster of the fleet that a foreign object belongs to, where it is one of it.
    pub fn elsewhere(&self, id: &ObjectId) -> Option<&str> {
        self.material.elsewhere.get(id).map(String::as_str)
    }

    pub fn approval(&self) -> Approval {
        self.material.approval
    }

    /// Whether it is known which Helm releases are not as they are compiled.
    pub fn knows_releases(&self) -> bool {
        self.material.knows_releases || self.material.releases.is_empty()
    }

    /// What is Helm's: the command for each release that differs or may; none for a cluster that did not answer, where it
    /// would reach nobody either. `approved` is the root of the output tree.
    pub fn helm(&self, approved: &str, context: &str) -> Vec<(String, String)> {
        if self.material.server.is_none() {
            return Vec::new();
        }
        let folder = &self.material.folder;
        let one = |r: &Release| {
            let values = format!("{}/{folder}/helm/{}.values.yaml", approved.trim_end_matches('/'), r.name);
            let words = [
                "helm upgrade --install",
                &quoted(&r.name),
                &quoted(&format!("vm/{}", r.chart)),
                "--version",
                &quoted(&r.version),
                "--namespace",
                &quoted(&r.namespace),
                "--values",
                &quoted(&values),
                "--kube-context",
                &quoted(context),
            ];
            (r.name.clone(), words.join(" "))
        };
        let file = |r: &Release| format!("helm/{}.values.yaml", r.name);
        let differs = |r: &Release| self.cluster.changes.changes.iter().any(|c| c.file == file(r));
        let is_it =
            |id: &ObjectId, r: &Release| id.kind == VALUES && (&id.name, &id.namespace) == (&r.name, &r.namespace);
        let unverified = |r: &Release| self.cluster.unverified.iter().flat_map(|u| &u.objects).any(|id| is_it(id, r));
        let all = self.material.releases.iter();
        all.filter(|r| !self.material.knows_releases || differs(r) || unverified(r)).map(one).collect()
    }
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
