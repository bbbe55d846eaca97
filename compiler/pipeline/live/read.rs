//! What is read of a cluster: one list for each kind, by our labels, and one more for each kind and namespace in
//! which something is not found by them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::selected::Selections;
use crate::diff::Live;
use crate::object::ObjectId;
use crate::world::Server;
use crate::world::server::{Failure, FailureKind, Listed, Served};

/// What is to be read.
pub struct Asked {
    /// Objects that should be there.
    pub objects: BTreeSet<ObjectId>,
    /// API version and kind of everything that may have been ours once.
    pub kinds: BTreeSet<(String, String)>,
    /// Label selector of all that is ours in this cluster.
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
    /// What others have made and Prometheis of ours select, with their names.
    pub selected: BTreeMap<ObjectId, (Json, Vec<String>)>,
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

/// Reads what is asked for. After the first answer that says the whole server is out of reach no more is asked.
pub fn read(server: &dyn Server, asked: &Asked) -> Reading {
    let reading = Reading::default();
    let mut reader = Reader { server, asked, reading, served: BTreeMap::new(), lost: None, slow: false, held: 0 };
    let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let needed = asked.objects.iter().map(|id| (id.api_version.as_str(), id.kind.as_str()));
    for (api_version, kind) in needed.chain(asked.kinds.iter().map(|(a, k)| (a.as_str(), k.as_str()))) {
        kinds.entry(api_version).or_default().insert(kind);
    }
    for (api_version, kinds) in kinds {
        reader.group(api_version, &kinds);
    }
    reader.selected();
    reader.reading
}

struct Reader<'a> {
    server: &'a dyn Server,
    asked: &'a Asked,
    reading: Reading,
    served: BTreeMap<(String, String), Served>,
    /// Why the server is asked nothing any more.
    lost: Option<Failure>,
    /// Bytes of what was kept so far, about.
    held: usize,
    /// One answer did not come in time.
    slow: bool,
}

impl Reader<'_> {
    fn group(&mut self, api_version: &str, kinds: &BTreeSet<&str>) {
        let served = match self.ask(|server| server.kinds(api_version)) {
            Ok(served) => served,
            Err(failure) => {
                for kind in kinds {
                    // Of what the server does not know there is nothing that could be left over.
                    if failure.kind != FailureKind::Missing || !self.wanted(api_version, kind).is_empty() {
                        self.unverified(api_version, kind, None, unserved(&failure, api_version, kind));
                    }
                }
                return;
            }
        };
        for kind in kinds {
            match served.iter().find(|s| s.kind == **kind) {
                Some(served) => self.kind(served),
                None if self.wanted(api_version, kind).is_empty() => {}
                None => {
                    let missing = Failure::new(FailureKind::Missing, String::new());
                    self.unverified(api_version, kind, None, unserved(&missing, api_version, kind));
                }
            }
        }
    }

    fn kind(&mut self, served: &Served) {
        self.served.insert((served.api_version.clone(), served.kind.clone()), served.clone());
        let everywhere = Listed { served: served.clone(), namespace: None, labels: Some(self.asked.ours.clone()) };
        match self.list(&everywhere) {
            Ok(objects) => {
                self.keep(served, objects, true);
                self.rest(served);
            }
            Err(failure) if failure.kind == FailureKind::Forbidden && served.namespaced => self.by_namespace(served),
            // A recorded answer may hold whole namespaces, and no list by labels.
            Err(failure) if failure.kind == FailureKind::NotRecorded && served.namespaced => self.by_namespace(served),
            Err(failure) if failure.kind == FailureKind::NotRecorded => self.rest(served),
            Err(failure) => self.unverified(&served.api_version, &served.kind, None, failure),
        }
    }

    /// What our labels did not find: it is not there, or somebody else's.
    fn rest(&mut self, served: &Served) {
        let missing = self.wanted(&served.api_version, &served.kind);
        let missing = missing.into_iter().filter(|id| !self.reading.objects.contains_key(id));
        let mut places: BTreeMap<String, BTreeSet<ObjectId>> = BTreeMap::new();
        for id in missing {
            places.entry(id.namespace.clone()).or_default().insert(id);
        }
        for (namespace, ids) in places {
            let place = served.namespaced.then_some(namespace);
            let listed = Listed { served: served.clone(), namespace: place.clone(), labels: None };
            match self.list(&listed) {
                Ok(objects) => self.keep(served, objects, false),
                Err(why) => {
                    let objects = ids.into_iter().filter(|id| !self.reading.objects.contains_key(id)).collect();
                    let what = place.map_or_else(|| served.kind.clone(), |p| format!("{} in {p}", served.kind));
                    self.unanswered(&served.kind, Unverified { what, objects, why });
                }
            }
        }
    }

    /// Where all namespaces at once may not be listed: those that we put something into.
    fn by_namespace(&mut self, served: &Served) {
        let all = self.asked.objects.iter().map(|id| id.namespace.clone()).filter(|n| !n.is_empty());
        let namespaces: BTreeSet<String> = all.collect();
        for namespace in &namespaces {
            let listed = Listed { served: served.clone(), namespace: Some(namespace.clone()), labels: None };
            match self.list(&listed) {
                Ok(objects) => self.keep(served, objects, true),
                Err(why) => self.unverified(&served.api_version, &served.kind, Some(namespace), why),
            }
        }
        self.reading.narrowed.insert(served.kind.clone(), namespaces);
    }

    /// What Prometheis select that is not ours. Of a kind that the server does not serve there is nothing.
    fn selected(&mut self) {
        let asked = self.asked;
        for (place, selections) in &asked.selected.places {
            let key = (place.api_version.to_owned(), place.kind.to_owned());
            let Some(served) = self.served.get(&key).cloned() else { continue };
            let (namespace, labels) = (place.namespace.clone(), place.labels.clone());
            match self.list(&Listed { served, namespace, labels }) {
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

    fn list(&mut self, what: &Listed) -> Result<Vec<Json>, Failure> {
        let mut answer = self.ask(|server| server.list(what));
        let more = answer.iter().flatten().map(weight).sum::<usize>();
        if self.held + more > MOST {
            let most = MOST >> 20;
            let why = Failure::new(FailureKind::Garbage, format!("what there is of ours takes more than {most} MiB"));
            (self.lost, answer) = (Some(why.clone()), Err(why));
        }
        match &answer {
            Ok(_) => self.reading.complete.push(what.clone()),
            Err(failure) => {
                self.reading.failed.push((what.clone(), failure.clone()));
                if failure.kind == FailureKind::NotRecorded {
                    let known = self.server.known(what);
                    self.keep(&what.served, known, true);
                }
            }
        }
        answer
    }

    fn ask<T>(&mut self, question: impl FnOnce(&dyn Server) -> Result<T, Failure>) -> Result<T, Failure> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let answer = question(self.server);
        if let Err(failure) = &answer {
            // One slow list says nothing of others; a second one does.
            let first = failure.kind == FailureKind::Timeout && !self.slow;
            self.slow |= failure.kind == FailureKind::Timeout;
            if is_whole_server(failure.kind) && !first {
                self.lost = Some(failure.clone());
            }
        }
        answer
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
    use FailureKind::{Config, Plugin, Timeout, Unauthorized, Unreachable};
    matches!(kind, Config | Plugin | Unauthorized | Unreachable | Timeout)
}

fn unserved(failure: &Failure, api_version: &str, kind: &str) -> Failure {
    if failure.kind != FailureKind::Missing {
        return failure.clone();
    }
    let message =
        format!("the cluster does not serve {kind} of `{api_version}`: its definition (CRD) is not installed");
    Failure::new(FailureKind::Missing, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::Recorded;

    const OURS: &str = "app.kubernetes.io/managed-by=watershed,watershed/fleet=f";

    fn served(kind: &str, plural: &str) -> Served {
        Served { api_version: "v1".into(), kind: kind.into(), plural: plural.into(), namespaced: true }
    }

    fn object(name: &str, ours: bool) -> Json {
        let labels =
            if ours { json!({"app.kubernetes.io/managed-by": "watershed", "watershed/fleet": "f"}) } else { json!({}) };
        json!({"apiVersion": "v1", "kind": "Service",
               "metadata": {"name": name, "namespace": "monitoring", "labels": labels}})
    }

    fn id(kind: &str, name: &str) -> ObjectId {
        ObjectId { api_version: "v1".into(), kind: kind.into(), namespace: "monitoring".into(), name: name.into() }
    }

    fn asked(names: &[&str]) -> Asked {
        Asked {
            objects: names.iter().map(|n| id("Service", n)).collect(),
            kinds: [("v1".to_owned(), "Service".to_owned())].into(),
            ours: OURS.to_owned(),
            selected: Selections::default(),
        }
    }

    fn listed(namespace: Option<&str>, labels: Option<&str>) -> Listed {
        Listed {
            served: served("Service", "services"),
            namespace: namespace.map(str::to_owned),
            labels: labels.map(str::to_owned),
        }
    }

    fn server() -> Recorded {
        Recorded {
            kinds: vec![served("Service", "services")],
            objects: vec![object("a", true), object("left", true), object("theirs", false), object("other", false)],
            complete: vec![listed(None, None)],
            ..Recorded::default()
        }
    }

    fn names(reading: &Reading) -> Vec<&str> {
        reading.objects.keys().map(|id| id.name.as_str()).collect()
    }

    #[test]
    fn one_list_suffices_where_all_is_ours() {
        let reading = read(&server(), &asked(&["a"]));
        assert_eq!(names(&reading), ["a", "left"]);
        assert_eq!(reading.complete, [listed(None, Some(OURS))]);
    }

    #[test]
    fn what_labels_do_not_find_is_looked_for_by_name() {
        let reading = read(&server(), &asked(&["a", "theirs", "new"]));
        assert_eq!(names(&reading), ["a", "left", "theirs"]);
        assert_eq!(reading.complete, [listed(None, Some(OURS)), listed(Some("monitoring"), None)]);
        assert!(reading.unverified.is_empty());
    }

    #[test]
    fn where_only_a_namespace_may_be_listed_that_is_what_is_told() {
        let forbidden = Failure::new(FailureKind::Forbidden, "no");
        let mut server = server();
        server.complete = vec![listed(Some("monitoring"), None)];
        server.failed = vec![(listed(None, Some(OURS)), forbidden.clone())];
        let reading = read(&server, &asked(&["a", "theirs"]));
        assert_eq!(names(&reading), ["a", "left", "theirs"]);
        assert_eq!(reading.narrowed["Service"], BTreeSet::from(["monitoring".to_owned()]));
        assert!(reading.unverified.is_empty());

        server.complete = Vec::new();
        server.failed.push((listed(Some("monitoring"), None), forbidden));
        let reading = read(&server, &asked(&["a", "theirs"]));
        assert_eq!(reading.unverified.len(), 1);
        assert_eq!(reading.unverified[0].what, "Service in monitoring");
        assert_eq!(reading.unverified[0].objects, asked(&["a", "theirs"]).objects);
    }

    #[test]
    fn a_kind_that_is_not_served_is_told_where_something_of_it_should_be() {
        let mut asked = asked(&["a"]);
        asked.kinds.insert(("v1".to_owned(), "Gone".to_owned()));
        assert!(read(&server(), &asked).unverified.is_empty());
        asked.objects.insert(id("Gone", "x"));
        let reading = read(&server(), &asked);
        assert_eq!(reading.unverified.len(), 1);
        assert!(reading.unverified[0].why.message.contains("CRD"), "{:?}", reading.unverified);
    }

    #[test]
    fn one_slow_list_hides_no_other() {
        let slow = Failure::new(FailureKind::Timeout, "slow");
        let mut server = server();
        server.kinds.extend(["A", "B", "C"].map(|kind| served(kind, kind)));
        server.failed = vec![(Listed { served: served("A", "A"), namespace: None, labels: None }, slow.clone())];
        let mut asked = asked(&["a"]);
        asked.kinds.extend(["A", "B", "C"].map(|kind| ("v1".to_owned(), kind.to_owned())));
        assert_eq!(names(&read(&server, &asked)), ["a", "left"]);
        server.failed.push((Listed { served: served("B", "B"), namespace: None, labels: None }, slow));
        assert!(names(&read(&server, &asked)).is_empty(), "after a second one nothing more is asked");
    }

    #[test]
    fn what_our_prometheis_select_of_others_is_found() {
        let mut tree = crate::object::Tree::new();
        let spec = json!({"spec": {"probeSelector": {"matchLabels": {"watershed/prometheus": "user"}}}});
        let root = tree.add_json("", &spec, crate::diag::Origin::INHERIT);
        let user = ObjectId { api_version: "monitoring.coreos.com/v1".into(), ..id("Prometheus", "user") };
        let mut asked = asked(&["a"]);
        asked.selected.add(&user, crate::diff::Side::new(&tree, root), "lab");
        let version = "monitoring.coreos.com/v1";
        asked.kinds.insert((version.to_owned(), "Probe".to_owned()));
        let probes = Served { api_version: version.into(), ..served("Probe", "probes") };
        let probe = |name: &str, labels: Json| {
            json!({"apiVersion": version, "kind": "Probe",
            "metadata": {"name": name, "namespace": "monitoring", "labels": labels}})
        };
        let mut server = server();
        server.kinds.push(probes.clone());
        server.complete.push(Listed { served: probes, namespace: None, labels: None });
        server.objects.extend([
            probe("theirs", json!({"watershed/prometheus": "user"})),
            probe("unselected", json!({"watershed/prometheus": "other"})),
            probe(
                "ours",
                json!({"watershed/prometheus": "user", "app.kubernetes.io/managed-by": "watershed",
                                 "watershed/fleet": "f", "watershed/cluster": "lab"}),
            ),
        ]);
        let selected = read(&server, &asked).selected;
        let told: Vec<(&str, &[String])> = selected.iter().map(|(id, (_, by))| (id.name.as_str(), &by[..])).collect();
        assert_eq!(told, [("theirs", &["user".to_owned()][..])]);
    }
}
