//! What the server itself makes of what is compiled: each object applied as a dry run, which everything decides that would
//! decide in earnest: rights, the schema, admission webhooks, other field managers. Nothing is changed.
//!
//! Every object is tried, also one that does not differ: a webhook or a definition that came since may refuse it or make
//! something else of it the next time it is applied, and no list tells of that. Somebody else's is not: it would not be
//! applied.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::read::{Asked, Reading, Unverified};
use crate::diff::{self, Cause, Found, Live, Ours, Tried, Wanted, compare_live};
use crate::emit::MANAGED_BY;
use crate::object::ObjectId;
use crate::pipeline::diff::rules;
use crate::world::Server;
use crate::world::server::{Apply, Base, Failure, FailureKind, Served, Verb};

/// How objects are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerSide {
    /// Fields are taken from others who have set them to something else; otherwise the server refuses that.
    pub force: bool,
}

/// Controllers write what does not concern us between the list and the dry run; so often it is tried again.
const TRIES: usize = 4;

/// The objects of one cluster, tried.
pub(super) struct Trials<'s> {
    server: &'s dyn Server,
    how: ServerSide,
    served: Vec<Served>,
    /// Objects that are not there, and without which the server cannot judge others.
    to_come: Vec<ObjectId>,
    /// Why nothing more is tried.
    lost: Option<Failure>,
    /// What we may not do, and the place among those not tried.
    forbidden: BTreeMap<(Served, String, bool), usize>,
    /// Objects that the server took.
    pub(super) accepted: usize,
    /// Each with what the server says.
    pub(super) refused: Vec<Unverified>,
    /// Of which the server did not say.
    pub(super) untried: Vec<Unverified>,
    /// So many cannot be tried before something else is there.
    pub(super) waiting: usize,
}

impl<'s> Trials<'s> {
    pub(super) fn new(server: &'s dyn Server, how: ServerSide, reading: &Reading, asked: &Asked) -> Self {
        let absent = |id: &&ObjectId| !reading.objects.contains_key(id);
        Trials {
            server,
            how,
            served: reading.served.clone(),
            to_come: asked.objects.iter().filter(absent).cloned().collect(),
            lost: None,
            forbidden: BTreeMap::new(),
            accepted: 0,
            refused: Vec::new(),
            untried: Vec::new(),
            waiting: 0,
        }
    }

    /// What was found of an object, as a dry run shows it. Where the server refuses it, or cannot be asked, that is noted
    /// and what was found stays.
    pub(super) fn object(&mut self, wanted: Wanted<'_>, live: Option<&Json>, mut found: Found, ours: &Ours) -> Found {
        let id = wanted.id;
        let mut live = live.map(Cow::Borrowed);
        let of_kind = |s: &&Served| s.api_version == id.api_version && s.kind == id.kind;
        let Some(served) = self.served.iter().find(of_kind).cloned() else { return found };
        if self.is_given_up(&served, id, live.is_none()) {
            return found;
        }
        let json = wanted.side.tree.to_json(wanted.side.root);
        for _ in 0..TRIES {
            let is_foreign = |c: &diff::Change| c.because.as_ref().is_some_and(|b| b.cause == Cause::Foreign);
            if found.changes.iter().any(is_foreign) {
                return found;
            }
            let then = match self.try_one(&served, &json, live.as_deref(), &found, id, ours) {
                Ok(then) => then,
                Err(failure) => {
                    self.note(&served, id, &json, live.is_none(), failure);
                    return found;
                }
            };
            if version(&then) == live.as_deref().and_then(version) {
                self.accepted += 1;
                let tried = Tried { live: live.as_deref().map(Live), then: &then };
                return diff::tried(wanted, found, tried, ours, &rules());
            }
            // It is no longer what was listed.
            let namespace = served.namespaced.then_some(id.namespace.as_str());
            match self.server.find(&served, namespace, &id.name) {
                Ok(Some(now)) if Live(&now).terminating().is_none() => {
                    found = compare_live(wanted, Live(&now), ours, &rules());
                    live = Some(Cow::Owned(now));
                }
                Ok(_) => break,
                Err(failure) => {
                    self.note(&served, id, &json, false, failure);
                    return found;
                }
            }
        }
        let why = "somebody makes, changes or deletes it while it is looked at";
        self.leave(id.to_string(), id, Failure::new(FailureKind::Changed, why));
        found
    }

    /// Whether it is known already that an object cannot be tried; it is noted, then.
    fn is_given_up(&mut self, served: &Served, id: &ObjectId, new: bool) -> bool {
        let at = match &self.lost {
            Some(_) => self.untried.len().checked_sub(1),
            None => self.forbidden.get(&(served.clone(), id.namespace.clone(), new)).copied(),
        };
        let Some(untried) = at.and_then(|at| self.untried.get_mut(at)) else { return false };
        untried.objects.insert(id.clone());
        true
    }

    fn try_one(
        &self,
        served: &Served,
        json: &Json,
        live: Option<&Json>,
        found: &Found,
        id: &ObjectId,
        ours: &Ours,
    ) -> Result<Json, Failure> {
        let mut object = json.clone();
        if let Some(live) = live {
            diff::leave_to_others(id, &mut object, live, ours);
        }
        let how = Apply { manager: MANAGED_BY, force: self.how.force, dry_run: true, base: Base::Any };
        let taken = live.and_then(|live| diff::takeover(live, ours)).map(|t| t.from).unwrap_or_default();
        match self.server.apply(served, &object, how) {
            // Applying takes an object over from who has applied it before, and then nobody is in its way.
            Err(failure) if is_of_those_alone(&failure, &taken) && !found.changes.iter().any(is_of_others) => {
                self.server.apply(served, &object, Apply { force: true, ..how })
            }
            answer => answer,
        }
    }

    fn note(&mut self, served: &Served, id: &ObjectId, json: &Json, new: bool, failure: Failure) {
        use FailureKind::{Config, Conflict, Forbidden, Invalid, Missing, Plugin, Timeout, Unauthorized, Unreachable};
        match failure.kind {
            Config | Plugin | Timeout | Unauthorized | Unreachable => {
                self.lost = Some(failure.clone());
                self.leave("what was not tried any more".to_owned(), id, failure);
            }
            Forbidden => match self.lacks(served, &id.namespace, new) {
                Some(verb) => {
                    let of_all = verb == Verb::Patch;
                    for new in [false, true].into_iter().filter(|n| of_all || *n == new) {
                        let place = (served.clone(), id.namespace.clone(), new);
                        self.forbidden.insert(place, self.untried.len());
                    }
                    let verb = if of_all { "patch" } else { "create" };
                    let within = if served.namespaced { format!(" in {}", id.namespace) } else { String::new() };
                    let message = format!(
                        "a dry run takes the right to {verb} it, as applying does; what is said of it comes from field \
                         owners alone: {failure}"
                    );
                    self.leave(format!("{}{within}", id.kind), id, Failure::new(Forbidden, message));
                }
                None => self.refuse(id, failure),
            },
            Missing if self.to_come.iter().any(|made| needs(id, json, made)) => self.waiting += 1,
            Conflict | Invalid | Missing => self.refuse(id, failure),
            _ => self.leave(id.to_string(), id, failure),
        }
    }

    /// What we may not do with any object of a kind.
    fn lacks(&self, served: &Served, namespace: &str, new: bool) -> Option<Verb> {
        let namespace = served.namespaced.then_some(namespace);
        let lacks = |verb| self.server.may(verb, served, namespace) == Ok(false);
        let takes = [Some(Verb::Patch), new.then_some(Verb::Create)];
        takes.into_iter().flatten().find(|verb| lacks(*verb))
    }

    fn refuse(&mut self, id: &ObjectId, why: Failure) {
        self.refused.push(Unverified { what: id.to_string(), objects: BTreeSet::from([id.clone()]), why });
    }

    fn leave(&mut self, what: String, id: &ObjectId, why: Failure) {
        self.untried.push(Unverified { what, objects: BTreeSet::from([id.clone()]), why });
    }
}

/// Whether an object cannot be judged before this other one is there: its Namespace, or the role of a binding, whose
/// rights the server holds against ours.
pub fn needs(id: &ObjectId, json: &Json, made: &ObjectId) -> bool {
    let role = |part: &str| json.pointer(&format!("/roleRef/{part}")).and_then(Json::as_str);
    let bound = |kind: &str| role("kind") == Some(kind) && role("name") == Some(&made.name);
    match made.kind.as_str() {
        "Namespace" => made.name == id.namespace,
        "ClusterRole" => bound("ClusterRole"),
        "Role" => made.namespace == id.namespace && bound("Role"),
        _ => false,
    }
}

/// Whether the server names nobody else whose fields are concerned.
fn is_of_those_alone(failure: &Failure, taken: &[String]) -> bool {
    let mut named = failure.message.split("with \"").skip(1).filter_map(|rest| rest.split('"').next()).peekable();
    failure.kind == FailureKind::Conflict && named.peek().is_some() && named.all(|name| taken.iter().any(|t| t == name))
}

/// Somebody else has set it.
fn is_of_others(change: &diff::Change) -> bool {
    change.because.as_ref().is_some_and(|b| matches!(b.cause, Cause::Drift | Cause::PendingStale))
}

/// A dry run leaves it as it is, and gives none to what is not there.
fn version(object: &Json) -> Option<&str> {
    object.pointer("/metadata/resourceVersion").and_then(Json::as_str).filter(|v| !v.is_empty())
}
