//! What is read of a cluster: one list for each kind, by our labels, and one more for each kind and namespace in
//! which something is not found by them.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde_json::Value as Json;

use super::selected::{Place, Selection, Selections};
use crate::diff::Live;
use crate::object::ObjectId;
use crate::world::server::{Each, Failure, FailureKind, Listed, Served};
use crate::world::{Server, Trouble};

/// What is to be read.
pub struct Asked {
    /// Objects that should be there.
    pub objects: BTreeSet<ObjectId>,
    /// Where they are, and were by what is checked in.
    pub namespaces: BTreeSet<String>,
    /// API version and kind of everything that may have been ours once.
    pub kinds: BTreeSet<(String, String)>,
    /// Label selector of all that is ours, of whatever cluster of the fleet.
    pub ours: String,
    /// What of others our Prometheis select.
    pub selected: Selections,
}

/// What a cluster answered.
#[derive(Debug, Default)]
pub struct Reading {
    /// Objects that were asked for, and all others with our labels. Their API version is the one asked for.
    pub objects: BTreeMap<ObjectId, Json>,
    /// What nothing can be said about.
    pub unverified: Vec<Unverified>,
    /// Lists that were read to their end.
    pub complete: Vec<Listed>,
    /// Lists that failed.
    pub failed: Vec<(Listed, Failure)>,
    /// Namespaces in which alone objects that nothing asks for were looked for, by kind, since all namespaces at once
    /// may not be listed.
    pub narrowed: BTreeMap<String, BTreeSet<String>>,
    /// The same, since nothing else was recorded.
    pub recorded_in: BTreeMap<String, BTreeSet<String>>,
    /// What others have made and Prometheis of ours select, with their names.
    pub selected: BTreeMap<ObjectId, (Json, Vec<String>)>,
    /// The kinds that were listed, as the server serves them.
    pub served: Vec<Served>,
    /// Kinds of which all that was asked for is there, and nothing tells what else is.
    pub unsearched: BTreeSet<String>,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified {
    /// The kind, and its namespace where only that is meant: `ServiceMonitor in monitoring`.
    pub what: String,
    /// Objects of ours that are concerned.
    pub objects: BTreeSet<ObjectId>,
    pub why: Failure,
}

impl Unverified {
    /// Checked-in output that cannot be read, and what comes of it.
    pub fn checked_in(trouble: &Trouble, so: &str) -> Self {
        let message = format!("`{}`: {}{so}; `watershed build` writes it anew", trouble.path, trouble.message);
        let why = Failure::new(FailureKind::Garbage, message);
        Unverified { what: "what is checked in".to_owned(), objects: BTreeSet::new(), why }
    }
}

/// Reads what is asked for, several lists at once. After the first answer that says the whole server is out of reach no
/// more is asked.
pub fn read(server: &dyn Server, asked: &Asked) -> Reading {
    let reading = Reading::default();
    let mut reader = Reader { server, asked, reading, lost: None, slow: false, held: 0 };
    let served = reader.served();
    let mut more = reader.by_labels(&served);
    more.extend(reader.of_others(&served));
    reader.reading.served = served;
    reader.by_place(more);
    reader.reading
}

struct Reader<'a> {
    server: &'a dyn Server,
    asked: &'a Asked,
    reading: Reading,
    /// Why the server is asked nothing any more.
    lost: Option<Failure>,
    /// Bytes of what was kept so far, about.
    held: usize,
    /// One answer did not come in time, or not at all since the server was too busy.
    slow: bool,
}

/// What a list beside those by our labels is for.
enum Reason<'a> {
    /// These were not found by our labels: they are not there, or somebody else's.
    Missing(BTreeSet<ObjectId>),
    /// All namespaces at once may not be listed: this is one that we put something into.
    Narrowed(String),
    /// What Prometheis select that is not ours.
    Selected(&'a Place, &'a [Selection]),
}

impl<'a> Reader<'a> {
    /// The kinds to be listed, as the server serves them.
    fn served(&mut self) -> Vec<Served> {
        let asked = self.asked;
        let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let needed = asked.objects.iter().map(|id| (id.api_version.as_str(), id.kind.as_str()));
        for (api_version, kind) in needed.chain(asked.kinds.iter().map(|(a, k)| (a.as_str(), k.as_str()))) {
            kinds.entry(api_version).or_default().insert(kind);
        }
        let versions: Vec<&str> = kinds.keys().copied().collect();
        let server = self.server;
        let mut all = Vec::new();
        self.each(
            versions.len(),
            |each| server.kinds_of(&versions, each),
            |reader, at, answer| {
                reader.group(versions[at], &kinds[versions[at]], answer, &mut all);
            },
        );
        all
    }

    fn group(
        &mut self,
        api_version: &str,
        kinds: &BTreeSet<&str>,
        answer: Result<Vec<Served>, Failure>,
        all: &mut Vec<Served>,
    ) {
        for kind in kinds {
            let failure = match &answer {
                Ok(served) => match served.iter().find(|s| s.kind == **kind) {
                    Some(served) => {
                        all.push(served.clone());
                        continue;
                    }
                    None => Failure::new(FailureKind::Missing, String::new()),
                },
                Err(failure) => failure.clone(),
            };
            // Of what the server does not know there is nothing that could be left over.
            if failure.kind != FailureKind::Missing || !self.wanted(api_version, kind).is_empty() {
                self.unverified(api_version, kind, None, unserved(&failure, api_version, kind));
            }
        }
    }

    /// Everything with our labels; answers with what has to be listed besides.
    fn by_labels(&mut self, served: &[Served]) -> Vec<(Listed, Reason<'a>)> {
        let ours =
            |served: &Served| Listed { served: served.clone(), namespace: None, labels: Some(self.asked.ours.clone()) };
        let lists = served.iter().map(ours).collect();
        let mut more = Vec::new();
        self.lists(lists, |reader, at, answer| {
            let served = &served[at];
            match answer {
                Ok(objects) => {
                    reader.keep(served, objects, true);
                    more.extend(reader.missing(served));
                }
                // A recorded answer may hold whole namespaces, and no list by labels.
                Err(failure)
                    if matches!(failure.kind, FailureKind::Forbidden | FailureKind::NotRecorded)
                        && served.namespaced =>
                {
                    more.extend(reader.narrowed(served, failure.kind));
                }
                Err(failure) if failure.kind == FailureKind::NotRecorded => more.extend(reader.missing(served)),
                Err(failure) => reader.unverified(&served.api_version, &served.kind, None, failure),
            }
        });
        more
    }

    /// Where to look for what our labels did not find.
    fn missing(&self, served: &Served) -> Vec<(Listed, Reason<'a>)> {
        let missing = self.wanted(&served.api_version, &served.kind);
        let missing = missing.into_iter().filter(|id| !self.reading.objects.contains_key(id));
        let mut places: BTreeMap<String, BTreeSet<ObjectId>> = BTreeMap::new();
        for id in missing {
            places.entry(id.namespace.clone()).or_default().insert(id);
        }
        let one = |(namespace, ids): (String, BTreeSet<ObjectId>)| {
            let namespace = served.namespaced.then_some(namespace);
            (Listed { served: served.clone(), namespace, labels: None }, Reason::Missing(ids))
        };
        places.into_iter().map(one).collect()
    }

    fn narrowed(&mut self, served: &Served, why: FailureKind) -> Vec<(Listed, Reason<'a>)> {
        let namespaces = self.asked.namespaces.clone();
        let forbidden = why == FailureKind::Forbidden;
        let noted = if forbidden { &mut self.reading.narrowed } else { &mut self.reading.recorded_in };
        noted.insert(served.kind.clone(), namespaces.clone());
        let one = |namespace: String| {
            let place = Some(namespace.clone());
            (Listed { served: served.clone(), namespace: place, labels: None }, Reason::Narrowed(namespace))
        };
        namespaces.into_iter().map(one).collect()
    }

    /// Where to look for what Prometheis select that is not ours. Of a kind that the server does not serve there is
    /// nothing.
    fn of_others(&self, served: &[Served]) -> Vec<(Listed, Reason<'a>)> {
        let one = |(place, selections): (&'a Place, &'a Vec<Selection>)| {
            let served = served.iter().find(|s| s.api_version == place.api_version && s.kind == place.kind)?;
            let (namespace, labels) = (place.namespace.clone(), place.labels.clone());
            Some((Listed { served: served.clone(), namespace, labels }, Reason::Selected(place, selections)))
        };
        self.asked.selected.places.iter().filter_map(one).collect()
    }

    fn by_place(&mut self, more: Vec<(Listed, Reason<'a>)>) {
        let (lists, mut reasons): (Vec<Listed>, Vec<Reason<'a>>) = more.into_iter().unzip();
        let asked = lists.clone();
        self.lists(lists, |reader, at, answer| {
            let served = &asked[at].served;
            match (&mut reasons[at], answer) {
                (Reason::Missing(_), Ok(objects)) => reader.keep(served, objects, false),
                (Reason::Missing(ids), Err(why)) => {
                    let place = ids.first().map(|id| id.namespace.clone()).filter(|_| served.namespaced);
                    let objects = std::mem::take(ids);
                    let objects = objects.into_iter().filter(|id| !reader.reading.objects.contains_key(id)).collect();
                    let what = place.map_or_else(|| served.kind.clone(), |p| format!("{} in {p}", served.kind));
                    reader.unanswered(&served.kind, Unverified { what, objects, why });
                }
                (Reason::Narrowed(_), Ok(objects)) => reader.keep(served, objects, true),
                (Reason::Narrowed(namespace), Err(why)) => {
                    reader.unverified(&served.api_version, &served.kind, Some(namespace), why);
                }
                (Reason::Selected(place, selections), answer) => {
                    // A dump tells nothing of what else there is; what is in it is there.
                    if answer.as_ref().is_err_and(|why| why.kind == FailureKind::NotRecorded) {
                        let known = reader.server.known(&asked[at]);
                        reader.selected(place, selections, Ok(known));
                    }
                    reader.selected(place, selections, answer);
                }
            }
        });
    }

    fn selected(&mut self, place: &Place, selections: &[Selection], answer: Result<Vec<Json>, Failure>) {
        match answer {
            Ok(objects) => {
                for object in objects {
                    let Some(mut id) = Live(&object).id() else { continue };
                    id.api_version = place.api_version.to_owned();
                    let by = selections.iter().filter(|s| s.takes(&object)).map(|s| s.prometheus.clone());
                    let by: Vec<String> = by.collect();
                    if !by.is_empty() && !self.reading.objects.contains_key(&id) && !self.selects(&object) {
                        self.reading.selected.insert(id, (object, by));
                    }
                }
            }
            Err(why) if why.kind == FailureKind::NotRecorded => {
                self.reading.unsearched.insert(place.kind.to_owned());
            }
            // The kind itself could not be listed, which is told.
            Err(_) if self.lost.is_some() => {}
            Err(why) => {
                let what = format!("{} that others have made and a Prometheus of ours selects", place.kind);
                self.reading.unverified.push(Unverified { what, objects: BTreeSet::new(), why });
            }
        }
    }

    /// Takes in the objects that were asked for and, of a list that may hold them, those with our labels.
    fn keep(&mut self, served: &Served, objects: Vec<Json>, ours: bool) {
        for object in objects {
            let Some(mut id) = Live(&object).id() else { continue };
            id.api_version.clone_from(&served.api_version);
            if self.asked.objects.contains(&id) || (ours && self.selects(&object)) {
                self.held += weight(&object);
                self.reading.objects.insert(id, object);
            }
        }
    }

    fn selects(&self, object: &Json) -> bool {
        let labels = object.pointer("/metadata/labels");
        let has = |(key, value): (&str, &str)| labels.and_then(|l| l.get(key)?.as_str()) == Some(value);
        self.asked.ours.split(',').filter_map(|term| term.split_once('=')).all(has)
    }

    fn wanted(&self, api_version: &str, kind: &str) -> BTreeSet<ObjectId> {
        let of_kind = |id: &&ObjectId| id.api_version == api_version && id.kind == kind;
        self.asked.objects.iter().filter(of_kind).cloned().collect()
    }

    fn unverified(&mut self, api_version: &str, kind: &str, namespace: Option<&str>, why: Failure) {
        let mut objects = self.wanted(api_version, kind);
        objects.retain(|id| namespace.is_none_or(|n| id.namespace == n) && !self.reading.objects.contains_key(id));
        let what = namespace.map_or_else(|| kind.to_owned(), |n| format!("{kind} in {n}"));
        self.unanswered(kind, Unverified { what, objects, why });
    }

    /// A dump has what it has: where all that is asked for is in it, only what else there is stays open.
    fn unanswered(&mut self, kind: &str, unverified: Unverified) {
        if unverified.objects.is_empty() && unverified.why.kind == FailureKind::NotRecorded {
            self.reading.unsearched.insert(kind.to_owned());
        } else {
            self.reading.unverified.push(unverified);
        }
    }

    /// Lists; `then` is told of each, in this order.
    fn lists(&mut self, lists: Vec<Listed>, mut then: impl FnMut(&mut Self, usize, Result<Vec<Json>, Failure>)) {
        let server = self.server;
        self.each(
            lists.len(),
            |each| server.lists(&lists, each),
            |reader, at, answer| {
                let answer = reader.weighed(answer);
                reader.note(&lists[at], &answer);
                then(reader, at, answer);
            },
        );
    }

    /// Refuses what is more than one cluster may have.
    fn weighed(&mut self, answer: Result<Vec<Json>, Failure>) -> Result<Vec<Json>, Failure> {
        let more = answer.iter().flatten().map(weight).sum::<usize>();
        if self.held + more <= MOST {
            return answer;
        }
        let most = MOST >> 20;
        let why = Failure::new(FailureKind::Garbage, format!("what there is of ours takes more than {most} MiB"));
        self.lost = Some(why.clone());
        Err(why)
    }

    fn note(&mut self, what: &Listed, answer: &Result<Vec<Json>, Failure>) {
        match answer {
            Ok(_) => self.reading.complete.push(what.clone()),
            Err(failure) => {
                self.reading.failed.push((what.clone(), failure.clone()));
                if failure.kind == FailureKind::NotRecorded {
                    let known = self.server.known(what);
                    self.keep(&what.served, known, true);
                }
            }
        }
    }

    /// Asks so many questions; `then` is told of each answer, in order. Once the server is lost all that is left is
    /// answered so.
    fn each<T>(
        &mut self,
        number: usize,
        ask: impl FnOnce(&mut Each<'_, T>),
        mut then: impl FnMut(&mut Self, usize, Result<T, Failure>),
    ) {
        let mut answered = 0;
        if self.lost.is_none() {
            ask(&mut |answer| {
                self.hear(&answer);
                then(self, answered, answer);
                answered += 1;
                if self.lost.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
        }
        for at in answered..number {
            let silent = || Failure::new(FailureKind::Unreachable, "the server did not answer");
            let why = self.lost.clone().unwrap_or_else(silent);
            then(self, at, Err(why));
        }
    }

    fn hear<T>(&mut self, answer: &Result<T, Failure>) {
        if let Err(failure) = answer {
            // One slow list says nothing of others; a second one does. Each was waited for long enough.
            let slow = matches!(failure.kind, FailureKind::Timeout | FailureKind::Busy);
            let first = slow && !self.slow;
            self.slow |= slow;
            if is_whole_server(failure.kind) && !first {
                self.lost = Some(failure.clone());
            }
        }
    }
}

/// What is kept of one cluster takes no more, in bytes; a large one has a hundredth of it.
const MOST: usize = 768 << 20;

/// What a value takes, about.
fn weight(value: &Json) -> usize {
    const VALUE: usize = 40;
    VALUE
        + match value {
            Json::String(text) => text.len(),
            Json::Array(items) => items.iter().map(weight).sum(),
            Json::Object(entries) => entries.iter().map(|(key, value)| key.len() + VALUE + weight(value)).sum(),
            Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        }
}

/// What one question tells of all others.
fn is_whole_server(kind: FailureKind) -> bool {
    use FailureKind::{Busy, Config, Plugin, Timeout, Unauthorized, Unreachable};
    matches!(kind, Config | Plugin | Unauthorized | Unreachable | Timeout | Busy)
}

fn unserved(failure: &Failure, api_version: &str, kind: &str) -> Failure {
    if failure.kind != FailureKind::Missing {
        return failure.clone();
    }
    let message =
        format!("the cluster does not serve {kind} of `{api_version}`: its definition (CRD) is not installed");
    Failure::new(FailureKind::Missing, message)
}
