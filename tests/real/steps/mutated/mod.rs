//! Everything of an object of each kind we emit is changed, taken away and added to by somebody else, one thing at a time,
//! through the API server: the live diff has to say so at the right place, with the right cause and, where the server
//! tells it, the name; and nothing besides. kubectl is asked the same of a sample.

mod live;
mod mutations;
mod places;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use watershed::diff::{Cause, Change, Found, Hidden};
use watershed::emit;

use self::live::{Applied, Object};
use self::mutations::{Kind, Mutation};
use self::places::{Difference, Near, Step, Way};
use super::emitted;
use crate::ground::cluster::Cluster;
use crate::ground::kubectl::{Kubectl, OWNER};
use crate::ground::{Outcome, Trouble, write};

pub const STEP: &str = "live mutated";

/// Who does it, by turns: also under names that our output comes by.
const SOMEBODIES: [&str; 6] = ["kubectl-edit", "kubectl", "helm", "kustomize-controller", "argocd-controller", WEBHOOK];
/// Whose writing leaves no owner behind.
const WEBHOOK: &str = "webhook";
/// What is told of that.
const NOBODY: &str = "nobody the server names";
/// Every so-manieth mutation is shown to kubectl, too.
const SHOWN_TO_KUBECTL: usize = 25;
/// Every so-manieth is done to what `kubectl apply` alone has applied.
const CLIENT_SIDE: usize = 5;
/// How much of what is wrong is told.
const TOLD: usize = 30;

/// # Errors
/// The API server cannot be asked, or something is not told as it should be.
pub fn judge(cluster: &mut Cluster, scratch: &Path) -> Outcome<String> {
    let objects = chosen()?;
    for object in &objects {
        if let Some(namespace) = object.json["metadata"]["namespace"].as_str() {
            cluster.prepare(namespace)?;
        }
    }
    let kubectl = cluster.api.kubectl.clone();
    let mut said = Vec::new();
    let mut wrong = Vec::new();
    for (applied, every) in [(Applied::ServerSide, 1), (Applied::ClientSide, CLIENT_SIDE)] {
        let mut score = Score::default();
        let mut number = 0;
        // Without a controller manager a Namespace is never gone, and so cannot be applied in another way.
        let once = |o: &&emitted::Object| applied == Applied::ServerSide || o.json["kind"] != "Namespace";
        for from in objects.iter().filter(once) {
            let mut object = Object::apply(from, applied, &kubectl)?;
            let noise = object.compare(&object.live);
            score.wrong.extend(noise.changes.iter().map(|c| format!("{}: untouched: {}", object.name(), told(c))));
            score.kubectl_untouched += usize::from(kubectl_shows(&object, applied, &kubectl).unwrap_or(true));
            for mutation in mutations::of(&object.emitted, object.table) {
                number += 1;
                if number % every == 0 {
                    let turn = number / every;
                    let by = By {
                        somebody: SOMEBODIES[turn % SOMEBODIES.len()],
                        applied,
                        ask_kubectl: turn % SHOWN_TO_KUBECTL == 0,
                    };
                    try_one(&mut object, &mutation, by, &kubectl, &mut score)?;
                }
            }
            if object.kind() != "Namespace" {
                kubectl.rest().delete(&object.emitted)?;
            }
        }
        said.push(score.said(applied, objects.iter().filter(once).count()));
        wrong.append(&mut score.wrong);
    }
    if wrong.is_empty() {
        return Ok(said.join("\n"));
    }
    let number = wrong.len();
    let all = scratch.join("live-mutated.txt");
    write(&all, [&wrong[..], &said[..]].concat().join("\n"))?;
    wrong.truncate(TOLD);
    let scores: Vec<&str> = said.iter().map(|score| score.split("\nnot counted:").next().unwrap_or_default()).collect();
    let all = all.display();
    Err(Trouble::new(format!("{number} things are wrong; all of it is in {all}\n{}", scores.join("\n")))
        .said(wrong.join("\n")))
}

/// One object of each kind, of all that is checked in the one in which most can be done; of ConfigMaps one with each
/// sort of document.
fn chosen() -> Outcome<Vec<emitted::Object>> {
    let mut best: BTreeMap<(String, String), (usize, emitted::Object)> = BTreeMap::new();
    for cluster in emitted::clusters()? {
        for (_, kind) in emit::KINDS {
            for object in cluster.of_kind(kind)? {
                let data = object.json["data"].as_object().into_iter().flatten();
                let sort: String = data.map(|(k, _)| k.rsplit('.').next().unwrap_or_default()).collect();
                let size = leaves(&object.json);
                let there = best.get(&((*kind).to_owned(), sort.clone())).map_or(0, |(size, _)| *size);
                if size > there {
                    best.insert(((*kind).to_owned(), sort), (size, object));
                }
            }
        }
    }
    Ok(best.into_values().map(|(_, object)| object).collect())
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(entries) => entries.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

#[derive(Default)]
struct Score {
    /// Of each kind of mutation how many were told, of how many.
    told: BTreeMap<Kind, (usize, usize)>,
    /// Where the server does not do what was asked: why, and how often.
    not_done: BTreeMap<String, usize>,
    /// Told at something the place stands in, not at the place itself.
    around: usize,
    /// Told the same through a snapshot, of how many.
    through: (usize, usize),
    /// Shown by kubectl, of how many that it was asked about.
    kubectl: (usize, usize),
    kubectl_failed: usize,
    /// Objects in which kubectl shows something before anything is done to them.
    kubectl_untouched: usize,
    false_positives: usize,
    wrong: Vec<String>,
}

impl Score {
    fn said(&self, applied: Applied, objects: usize) -> String {
        let (how, by) = match applied {
            Applied::ServerSide => ("server-side", "kubectl diff --server-side"),
            Applied::ClientSide => ("by kubectl apply alone", "kubectl diff"),
        };
        let (told, all) = self.told.values().fold((0, 0), |(t, a), (told, all)| (t + told, a + all));
        let each: Vec<String> = self.told.iter().map(|(kind, (told, all))| format!("{kind:?} {told}/{all}")).collect();
        let not_done: Vec<String> = self.not_done.iter().map(|(why, n)| format!("{n} {why}")).collect();
        format!(
            "{objects} objects applied {how}: {told} of {all} told ({}), {} false positives, {} told around the place\n\
             through a snapshot the same is told of {} of {}\n\
             {by} shows {} of {}, fails on {}, and shows {} of {objects} untouched; helm diff needs a release, and was not asked\n\
             not counted: {}",
            each.join(", "),
            self.false_positives,
            self.around,
            self.through.0,
            self.through.1,
            self.kubectl.0,
            self.kubectl.1,
            self.kubectl_failed,
            self.kubectl_untouched,
            not_done.join(", ")
        )
    }

    fn not_done(&mut self, why: String) {
        *self.not_done.entry(why).or_default() += 1;
    }
}

/// Who does something to an object that came to the server in some way.
#[derive(Clone, Copy)]
struct By {
    somebody: &'static str,
    applied: Applied,
    ask_kubectl: bool,
}

fn try_one(object: &mut Object, mutation: &Mutation, by: By, kubectl: &Kubectl, score: &mut Score) -> Outcome<()> {
    let somebody = by.somebody;
    let name = format!("{}: {:?} {} by {somebody}", object.name(), mutation.kind, places::shown(&mutation.at));
    let now = match done(object, mutation, somebody, kubectl)? {
        Ok(now) => now,
        Err(why) => {
            score.not_done(why);
            return Ok(());
        }
    };
    let (before, after) = (places::bare(&object.live), places::bare(&now));
    let differences = places::differences(&before, &after);
    if !differences.iter().any(|d| is_meant(d, mutation)) {
        score.not_done(format!("{:?}: the server keeps what was there", mutation.kind));
    } else {
        let found = object.compare(&now);
        let told_of = match somebody {
            // Where the last of its owners goes it has none at all, and nothing is claimed of them.
            WEBHOOK => (!live::names(&now).is_empty()).then_some(NOBODY),
            named => live::names(&now).iter().any(|name| name == named).then_some(named),
        };
        let (mut missed, false_positives) = judged(&differences, mutation, &found, [&before, &after], told_of, score);
        let told_as_number = mutation.kind == Kind::Added && found.changes.is_empty() && is_shared(&found);
        let nothing_left = mutation.kind == Kind::Removed && nothing_of_us(&now, &found);
        if told_as_number && !missed.is_empty() {
            missed.clear();
            score.not_done("Added: told as a number only: labels of a Namespace may be anybody's".to_owned());
        } else if nothing_left && !missed.is_empty() {
            missed.clear();
            score.not_done("Removed: with its labels nothing on it says that it is ours: told as foreign".to_owned());
        } else {
            let (told, all) = score.told.entry(mutation.kind).or_default();
            *all += 1;
            *told += usize::from(missed.is_empty());
        }
        let through = object.compare(&object.through_snapshot(&now)?);
        let as_told = |found: &Found| found.changes.iter().map(told).collect::<Vec<_>>();
        let same = as_told(&found) == as_told(&through);
        score.through.0 += usize::from(same);
        score.through.1 += 1;
        if !same {
            score.wrong.push(format!("{name}: through a snapshot: {}", as_told(&through).join("; ")));
        }
        score.false_positives += false_positives.len();
        score.wrong.extend(missed.into_iter().chain(false_positives).map(|what| format!("{name}: {what}")));
        if by.ask_kubectl {
            match kubectl_shows(object, by.applied, kubectl) {
                Ok(shows) => {
                    score.kubectl.0 += usize::from(shows);
                    score.kubectl.1 += 1;
                }
                Err(_) => score.kubectl_failed += 1,
            }
        }
    }
    object.restore(kubectl, somebody).map_err(|trouble| trouble.during(name))
}

/// Whether kubectl finds any difference in an object.
fn kubectl_shows(object: &Object, applied: Applied, kubectl: &Kubectl) -> Outcome<bool> {
    let file = object.file.display().to_string();
    let how: &[&str] = match applied {
        Applied::ServerSide => &["--server-side", "--force-conflicts", "--field-manager=watershed"],
        Applied::ClientSide => &[],
    };
    kubectl.finds(&[&["diff", "-f", &file], how].concat())
}

fn is_shared(found: &Found) -> bool {
    found.hidden.keys().any(|hidden| *hidden == Hidden::Shared)
}

/// Neither a label nor an owner of what is left is ours.
fn nothing_of_us(now: &Value, found: &Found) -> bool {
    let is_foreign = |c: &Change| c.because.as_ref().is_some_and(|b| b.cause == Cause::Foreign);
    !live::names(now).iter().any(|name| name == OWNER) && found.changes.iter().all(is_foreign)
}

/// Has the API server do it; the object then, or why it does not.
fn done(object: &Object, mutation: &Mutation, somebody: &str, kubectl: &Kubectl) -> Outcome<Result<Value, String>> {
    let mut refused = format!("{:?}: nothing to put there is known", mutation.kind);
    let taken_away = [Value::Null];
    let values = if mutation.kind == Kind::Removed { &taken_away[..] } else { &mutation.values[..] };
    for value in values {
        let mut wanted = object.live.clone();
        let is_there =
            places::edit(&mut wanted, &mutation.at, &mut |parent, step| put(parent, step, mutation.kind, value));
        if !is_there {
            return Ok(Err(format!("{:?}: the server has left the place out", mutation.kind)));
        }
        match kubectl.rest().replace(&wanted, somebody)? {
            Ok(now) if somebody == WEBHOOK => return disowned(now, kubectl).map(Ok),
            Ok(now) => return Ok(Ok(now)),
            Err(answer) => refused = reason(mutation.kind, &answer),
        }
    }
    Ok(Err(refused))
}

/// An object of which the server no longer says what the webhook has written.
fn disowned(mut now: Value, kubectl: &Kubectl) -> Outcome<Value> {
    if let Some(entries) = now["metadata"]["managedFields"].as_array_mut() {
        entries.retain(|entry| entry["manager"] != WEBHOOK);
    }
    let now = kubectl.rest().replace(&now, WEBHOOK)?;
    let now = now.map_err(|answer| Trouble::new(format!("owners cannot be taken out: {answer}")))?;
    match live::names(&now).iter().any(|name| name == WEBHOOK) {
        true => Err(Trouble::new("the server keeps an owner that was taken out")),
        false => Ok(now),
    }
}

fn put(parent: &mut Value, step: &Step, kind: Kind, value: &Value) {
    match (parent, step) {
        (Value::Object(entries), Step::Key(key)) if kind == Kind::Removed => drop(entries.remove(key)),
        // Beside what others have put there: what `kubectl apply` has noted is an annotation, too.
        (Value::Object(entries), Step::Key(key)) => match (entries.get_mut(key), value) {
            (Some(Value::Object(there)), Value::Object(more)) => there.extend(more.clone()),
            _ => drop(entries.insert(key.clone(), value.clone())),
        },
        (Value::Array(items), Step::Item(i)) if kind == Kind::Removed && *i < items.len() => drop(items.remove(*i)),
        (Value::Array(items), Step::Item(i)) if *i < items.len() => items[*i] = value.clone(),
        (Value::Array(items), Step::Item(_)) => items.push(value.clone()),
        _ => {}
    }
}

/// Why the API server refuses something, without the names in it.
fn reason(kind: Kind, answer: &Value) -> String {
    let message = answer["message"].as_str().unwrap_or_default();
    let known = [
        ("immutable", "immutable"),
        ("may not be changed", "immutable"),
        ("may not change once set", "immutable"),
        ("updates to statefulset spec for fields other than", "immutable"),
        ("cannot change roleRef", "immutable"),
        ("Required value", "cannot be without it"),
        ("Unsupported value", "a value it does not know"),
        ("strict decoding error", "no field of this name"),
        ("Forbidden", "forbidden beside the others"),
        ("Duplicate value", "twice the same"),
        ("Invalid value", "invalid"),
        ("must be of type", "invalid"),
        ("cannot be handled as", "invalid"),
        ("Not found", "names what is not there"),
    ];
    let why = known.iter().find(|(words, _)| message.contains(words)).map(|(_, why)| (*why).to_owned());
    let why = why.unwrap_or_else(|| message.chars().take(160).collect());
    format!("{kind:?}: refused, {why}")
}

/// Whether a difference is what was meant to be done; all others follow from it.
fn is_meant(difference: &Difference, mutation: &Mutation) -> bool {
    let common = difference.at.iter().zip(&mutation.at).take_while(|(a, b)| a == b).count();
    let shorter = difference.at.len().min(mutation.at.len());
    // Of equal items any may be the one.
    common == shorter || (common + 1 == shorter && matches!(mutation.at[common], Step::Item(_)))
}

/// What is not told as it should be, and what is told and is not so.
fn judged(
    differences: &[Difference],
    mutation: &Mutation,
    found: &Found,
    objects: [&Value; 2],
    told_of: Option<&str>,
    score: &mut Score,
) -> (Vec<String>, Vec<String>) {
    let mut missed = Vec::new();
    for difference in differences.iter().filter(|d| is_meant(d, mutation)) {
        let at = || places::shown(&difference.at);
        let here = found.changes.iter().filter_map(|c| Some((places::near(&c.path, &difference.at, objects)?, c)));
        let here: Vec<(Near, &Change)> = here.collect();
        if here.is_empty() {
            let hidden: Vec<&str> = found.hidden.keys().map(|h| h.name()).collect();
            missed.push(format!("nothing is told of {} ({:?}); hidden: {hidden:?}", at(), difference.way));
            continue;
        }
        let around = here.iter().all(|(near, _)| *near == Near::Around);
        score.around += usize::from(around);
        let told_of = told_of.filter(|_| !is_double(objects[1], &difference.at));
        if !here.iter().any(|(near, c)| is_right(*near, mutation, difference, c, told_of)) {
            let all: Vec<String> = here.iter().map(|(_, c)| told(c)).collect();
            missed.push(format!("of {} ({:?}) it is told: {}", at(), difference.way, all.join("; ")));
        }
    }
    let is_so = |change: &&Change| differences.iter().any(|d| places::near(&change.path, &d.at, objects).is_some());
    let others = found.changes.iter().filter(|c| !is_so(c)).map(|c| format!("it is told: {}", told(c)));
    (missed, others.collect())
}

/// Whether what was changed is now in one of two items with one key: of those the API server keeps no owner.
fn is_double(after: &Value, at: &[Step]) -> bool {
    let Some(place) = at.iter().rposition(|step| matches!(step, Step::Item(_))) else { return false };
    let (Some(Value::Array(items)), Step::Item(i)) = (places::get(after, &at[..place]), &at[place]) else {
        return false;
    };
    let key = |item: &Value| (item["containerPort"].clone(), item["protocol"].clone());
    let own = items.get(*i).map(key).filter(|(port, _)| port.is_number());
    own.is_some_and(|own| items.iter().filter(|item| key(item) == own).count() > 1)
}

fn is_right(near: Near, mutation: &Mutation, difference: &Difference, change: &Change, by: Option<&str>) -> bool {
    let Some(because) = &change.because else { return false };
    // Of an item without its key the API server keeps no owner.
    let named = by.is_none_or(|by| because.by.contains(by));
    match difference.way {
        // What is put into something that is one value makes that another value.
        Way::Added => matches!(because.cause, Cause::Extra | Cause::Drift) && named,
        Way::Removed => because.cause == Cause::Drift,
        // In the place of a default that nobody asked for.
        Way::Changed if mutation.kind == Kind::Added => matches!(because.cause, Cause::Extra | Cause::Drift) && named,
        // An item under another name: one is missing, and one is somebody's.
        Way::Changed if near == Near::Around || matches!(difference.at.last(), Some(Step::Item(_))) => {
            named && matches!(because.cause, Cause::Drift | Cause::Extra)
        }
        Way::Changed => because.cause == Cause::Drift && named,
    }
}

fn told(change: &Change) -> String {
    let because = change.because.as_ref().map_or_else(String::new, |b| format!("{} by {:?}", b.cause.name(), b.by));
    format!("{} {} {because}", change.path, change.edit.name())
}
