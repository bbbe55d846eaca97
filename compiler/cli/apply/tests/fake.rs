//! An API server of which tests say what is there, who owns what and what is refused. It remembers what was asked.

use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use crate::object::Tree;
use crate::syntax::plain;
use crate::world::server::{Apply, Base, Failure, FailureKind, Listed, Seen, Served, Server, Verb};
use crate::world::{Memory, Recorded};

#[derive(Debug, Clone, Default)]
pub struct Fake(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub struct State {
    pub there: Recorded,
    /// Objects whose applying fails, by `KIND/NAME`.
    pub refused: Vec<(String, Failure)>,
    /// What becomes ready after so many lists of its kind.
    pub ready_after: Option<usize>,
    /// `create KIND/NAME`, `apply KIND/NAME`, `try KIND/NAME`, `delete KIND/NAME`; forced ones end in ` forced`.
    pub asked: Vec<String>,
    /// Nothing may be applied: the server says so of each object, and to who asks.
    pub forbidden: bool,
    /// Changed by somebody whenever something is applied.
    pub touched: Option<String>,
    /// A field that a webhook puts back, whoever takes it away.
    pub put_back: Option<&'static str>,
    /// What somebody does before an object is looked at once more.
    pub meanwhile: Option<fn(&mut Recorded)>,
    /// What somebody does after that, before the object is made, applied or tried.
    pub at_last: Option<fn(&mut Recorded)>,
    lists: usize,
}

impl Fake {
    /// Serves all kinds and has nothing.
    pub fn empty() -> Fake {
        let mut there = Recorded { version: "v1.35.0".to_owned(), ..Recorded::default() };
        for (api_version, kind) in crate::pipeline::searched() {
            let served = Served {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                plural: format!("{}s", kind.to_lowercase()),
                namespaced: !crate::check::is_cluster_scoped(kind),
            };
            there.kinds.push(served.clone());
            there.complete.push(Listed { served, namespace: None, labels: None });
        }
        let fake = Fake::default();
        fake.state(|s| s.there = there);
        fake
    }

    /// Has exactly what was built of a cluster.
    pub fn of(world: &Memory, folder: &str) -> Fake {
        let fake = Fake::empty();
        for path in world.paths().iter().filter(|p| p.starts_with(folder) && p.ends_with(".yaml")) {
            let bytes = world.get(path).unwrap();
            let mut tree = Tree::new();
            let roots = plain::read_tree(std::str::from_utf8(&bytes).unwrap(), &mut tree).unwrap();
            for object in roots.into_iter().map(|r| tree.to_json(r)) {
                if object.pointer("/metadata/labels").is_some() {
                    fake.put(object);
                }
            }
        }
        fake
    }

    pub fn state<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    /// Puts an object there, as somebody would.
    pub fn put(&self, mut object: Json) {
        run(&mut object);
        self.state(|s| {
            let number = s.there.objects.len();
            object["metadata"]["uid"] = json!(format!("uid-{number}"));
            object["metadata"]["resourceVersion"] = json!("1");
            object["metadata"]["generation"] = json!(1);
            s.there.objects.push(object);
        });
    }

    /// Takes an object away.
    pub fn take(&self, name: &str) -> Json {
        self.state(|s| {
            let at = s.there.objects.iter().position(|o| named(o) == name).expect(name);
            s.there.objects.remove(at)
        })
    }

    pub fn change(&self, name: &str, f: impl FnOnce(&mut Json)) {
        self.state(|s| f(s.there.objects.iter_mut().find(|o| named(o) == name).expect(name)));
    }

    pub fn refuse(&self, name: &str, kind: FailureKind, why: &str) {
        self.state(|s| s.refused.push((name.to_owned(), Failure::new(kind, why))));
    }

    pub fn requests(&self) -> Vec<String> {
        self.state(|s| s.asked.clone())
    }

    /// Each object once that is made and then applied.
    pub fn asked(&self) -> Vec<String> {
        let mut all = self.requests();
        let made: Vec<String> = all.iter().filter_map(|a| a.strip_prefix("create ")).map(str::to_owned).collect();
        for name in made {
            let [first, second] = ["reown", "apply"].map(|verb| format!("{verb} {name}"));
            let at = all.windows(2).position(|two| *two == [first.clone(), second.clone()]);
            at.into_iter().for_each(|at| drop(all.drain(at..at + 2)));
        }
        all
    }
}

/// Puts what somebody owns of one object into another that does not have it.
fn keep(from: &Json, to: &mut Json, fields: &Json) {
    for (key, below) in fields.as_object().into_iter().flatten() {
        let Some((key, old)) = key.strip_prefix("f:").and_then(|key| Some((key, from.get(key)?))) else { continue };
        match (to.get_mut(key), below.as_object().is_some_and(serde_json::Map::is_empty)) {
            (None, _) => to[key] = old.clone(),
            (Some(to), false) => keep(old, to, below),
            (Some(_), true) => {}
        }
    }
}

/// What a manager owns who has given all of an object: every field that is no map. Lists are one field.
fn fields(given: &Json) -> Json {
    const NOT_OWNED: [&str; 5] = ["name", "namespace", "uid", "resourceVersion", "managedFields"];
    let own = |(key, value): (&String, &Json)| (format!("f:{key}"), fields(value));
    let all = given.as_object().into_iter().flatten();
    all.filter(|(key, _)| !NOT_OWNED.contains(&key.as_str()) && *key != "generation").map(own).collect()
}

fn entry(operation: &str, object: &Json) -> Json {
    let mut owned = fields(object);
    for key in ["f:apiVersion", "f:kind", "f:status"] {
        owned.as_object_mut().unwrap().remove(key);
    }
    json!({"manager": "watershed", "operation": operation, "apiVersion": object["apiVersion"],
           "fieldsType": "FieldsV1", "fieldsV1": owned})
}

/// Fields of others that somebody gives other values: `.spec.replicas`. Forced, they are theirs no more.
fn conflicts(there: &Json, given: &Json, theirs: &mut Json, at: &str, force: bool) -> Vec<String> {
    let mut all = Vec::new();
    let mut lost = Vec::new();
    for (key, below) in theirs.as_object_mut().into_iter().flatten() {
        let Some(name) = key.strip_prefix("f:") else { continue };
        let (Some(old), Some(new)) = (there.get(name), given.get(name)) else { continue };
        let path = format!("{at}.{name}");
        if below.as_object().is_some_and(|b| !b.is_empty()) {
            all.extend(conflicts(old, new, below, &path, force));
        } else if old != new {
            all.push(path);
            lost.push(key.clone());
        }
    }
    lost.iter().filter(|_| force).for_each(|key| drop(theirs.as_object_mut().unwrap().remove(key)));
    all
}

/// Workloads of this server run at once.
fn run(object: &mut Json) {
    let replicas = object.pointer("/spec/replicas").and_then(Json::as_i64).unwrap_or(1);
    let seen = object.pointer("/metadata/generation").and_then(Json::as_i64).unwrap_or(1);
    if matches!(object["kind"].as_str(), Some("Deployment" | "DaemonSet" | "StatefulSet")) {
        object["status"] = json!({"observedGeneration": seen, "replicas": replicas, "updatedReplicas": replicas,
            "availableReplicas": replicas, "readyReplicas": replicas, "desiredNumberScheduled": 2,
            "updatedNumberScheduled": 2, "numberAvailable": 2});
    }
}

fn named(object: &Json) -> String {
    let text = |v: &Json| v.as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

impl Server for Fake {
    fn version(&self) -> Result<String, Failure> {
        self.state(|s| s.there.version())
    }

    fn kinds(&self, api_version: &str) -> Result<Vec<Served>, Failure> {
        self.state(|s| s.there.kinds(api_version))
    }

    fn list(&self, what: &Listed) -> Result<Vec<Json>, Failure> {
        self.state(|s| {
            if what.namespace.is_some() && what.served.kind == "Prometheus" {
                s.lists += 1;
                if s.ready_after.is_some_and(|after| s.lists > after) {
                    for object in &mut s.there.objects {
                        let seen = object["metadata"]["generation"].clone();
                        let condition =
                            |name: &str| json!({"type": name, "status": "True", "observedGeneration": seen});
                        object["status"]["conditions"] = json!([condition("Reconciled"), condition("Available")]);
                    }
                }
            }
            s.there.list(what)
        })
    }

    fn find(&self, what: &Served, namespace: Option<&str>, name: &str) -> Result<Option<Json>, Failure> {
        self.state(|s| {
            if let Some(meanwhile) = s.meanwhile.take() {
                meanwhile(&mut s.there);
            }
            let is_it = |o: &&Json| {
                named(o) == format!("{}/{name}", what.kind) && o["metadata"]["namespace"].as_str() == namespace
            };
            Ok(s.there.objects.iter().find(is_it).cloned())
        })
    }

    fn reown(&self, what: &Served, seen: &Seen, managed_fields: &Json) -> Result<Json, Failure> {
        self.state(|s| {
            let name = format!("{}/{}", what.kind, seen.name);
            s.asked.push(format!("reown {name}"));
            let object = s.there.objects.iter_mut().find(|o| named(o) == name).expect("what was seen");
            object["metadata"]["managedFields"] = managed_fields.clone();
            object["metadata"]["resourceVersion"] = json!(format!("{}-owned", seen.resource_version));
            Ok(object.clone())
        })
    }

    fn create(&self, what: &Served, object: &Json, manager: &str) -> Result<Json, Failure> {
        assert_eq!((manager, what.kind.as_str()), ("watershed", object["kind"].as_str().unwrap()));
        let name = named(object);
        self.state(|s| {
            if let Some(at_last) = s.at_last.take() {
                at_last(&mut s.there);
            }
            s.asked.push(format!("create {name}"));
            if let Some((_, failure)) = s.refused.iter().find(|(of, _)| *of == name) {
                return Err(failure.clone());
            }
            let namespace = &object["metadata"]["namespace"];
            if s.there.objects.iter().any(|o| named(o) == name && o["metadata"]["namespace"] == *namespace) {
                return Err(Failure::new(FailureKind::Conflict, "it already exists"));
            }
            let mut now = object.clone();
            now["metadata"]["managedFields"] = json!([entry("Update", object)]);
            now["metadata"]["uid"] = json!(format!("uid-of-{name}"));
            now["metadata"]["generation"] = json!(1);
            now["metadata"]["resourceVersion"] = json!("1");
            run(&mut now);
            s.there.objects.push(now.clone());
            Ok(now)
        })
    }

    fn may(&self, verb: Verb, what: &Served, namespace: Option<&str>) -> Result<bool, Failure> {
        self.state(|s| {
            s.asked.push(format!("may {verb:?} {} in {}", what.kind, namespace.unwrap_or("-")));
            Ok(!s.forbidden)
        })
    }

    fn apply(&self, what: &Served, object: &Json, how: Apply<'_>) -> Result<Json, Failure> {
        assert_eq!((how.manager, what.kind.as_str()), ("watershed", object["kind"].as_str().unwrap()));
        let name = named(object);
        self.state(|s| {
            if let Some(at_last) = s.at_last.take() {
                at_last(&mut s.there);
            }
            let (verb, forced) = (if how.dry_run { "try" } else { "apply" }, if how.force { " forced" } else { "" });
            s.asked.push(format!("{verb} {name}{forced}"));
            if let Some((_, failure)) = s.refused.iter().find(|(of, _)| *of == name) {
                let given_up = failure.kind == FailureKind::Conflict && how.force;
                if !given_up {
                    return Err(failure.clone());
                }
            }
            if s.forbidden {
                return Err(Failure::new(FailureKind::Forbidden, format!("User \"ci\" cannot patch {name}")));
            }
            let mut now = object.clone();
            let at = s
                .there
                .objects
                .iter()
                .position(|o| named(o) == name && o["metadata"]["namespace"] == object["metadata"]["namespace"]);
            let mut there = at.map(|at| s.there.objects[at].clone());
            let metadata = there.as_ref().map(|t| &t["metadata"]);
            let is_met = match (how.base, metadata) {
                (Base::Any, _) => true,
                (Base::Seen(seen), Some(m)) => {
                    m["uid"] == seen.uid.as_str() && m["resourceVersion"] == seen.resource_version.as_str()
                }
                _ => false,
            };
            if !is_met {
                return Err(Failure::new(FailureKind::Conflict, "the object has been modified"));
            }
            let before = metadata.map_or(0, |m| m["generation"].as_i64().unwrap_or(0));
            // What others own stays, unless we give it otherwise and take it.
            if let Some(there) = &mut there {
                let values = there.clone();
                let entries = there["metadata"]["managedFields"].as_array_mut().into_iter().flatten();
                for theirs in entries.filter(|e| e["manager"] != "watershed") {
                    let all = conflicts(&values, object, &mut theirs["fieldsV1"], "", how.force);
                    if let ([path, ..], false) = (&all[..], how.force) {
                        let who = theirs["manager"].as_str().unwrap_or_default();
                        let message = format!("conflicts with what is there (409): conflict with \"{who}\": {path}");
                        return Err(Failure::new(FailureKind::Conflict, message));
                    }
                }
                let entries = there.pointer("/metadata/managedFields").and_then(Json::as_array);
                let others = entries.into_iter().flatten().filter(|e| e["manager"] != "watershed");
                others.for_each(|e| keep(there, &mut now, &e["fieldsV1"]));
                let back = s.put_back.and_then(|at| Some((at.rsplit_once('/')?, there.pointer(at)?)));
                if let Some(((map, key), old)) = back {
                    now.pointer_mut(map).unwrap()[key] = old.clone();
                }
                // A webhook writes in the name of who applies.
                if s.put_back.is_some() {
                    now["metadata"]["managedFields"] = there["metadata"]["managedFields"].clone();
                } else if let Some(entries) = there["metadata"]["managedFields"].as_array() {
                    let is_own = |e: &Json| e["manager"] == "watershed" && e["operation"] == "Apply";
                    let others = entries.iter().filter(|e| !is_own(e)).cloned();
                    now["metadata"]["managedFields"] = std::iter::once(entry("Apply", object)).chain(others).collect();
                }
                now["metadata"]["uid"] = there["metadata"]["uid"].clone();
            } else {
                now["metadata"]["uid"] = json!(format!("uid-of-{name}"));
            }
            let same = there.as_ref().is_some_and(|there| there["spec"] == now["spec"]);
            now["metadata"]["generation"] = json!(if same { before } else { before + 1 });
            // Of a dry run nothing is stored.
            let version = there.as_ref().map(|t| t["metadata"]["resourceVersion"].clone());
            now["metadata"]["resourceVersion"] = if how.dry_run { version.into() } else { json!("2") };
            run(&mut now);
            match at {
                _ if how.dry_run => {}
                Some(at) => s.there.objects[at] = now.clone(),
                None => s.there.objects.push(now.clone()),
            }
            if let Some(touched) = &s.touched {
                let of = s.there.objects.iter_mut().find(|o| named(o) == *touched).unwrap();
                of["metadata"]["resourceVersion"] = json!("3");
                of["spec"] = json!({"touched": true});
            }
            Ok(now)
        })
    }

    fn delete(&self, what: &Served, seen: &Seen) -> Result<(), Failure> {
        self.state(|s| {
            let name = format!("{}/{}", what.kind, seen.name);
            s.asked.push(format!("delete {name}"));
            let at = s.there.objects.iter().position(|o| named(o) == name).expect("what was seen");
            let metadata = &s.there.objects[at]["metadata"];
            if metadata["uid"] != seen.uid.as_str() || metadata["resourceVersion"] != seen.resource_version.as_str() {
                return Err(Failure::new(FailureKind::Conflict, "it is another one by now"));
            }
            let held = metadata["finalizers"].as_array().is_some_and(|f| !f.is_empty());
            match held {
                true => s.there.objects[at]["metadata"]["deletionTimestamp"] = json!("2026-11-24T10:00:00Z"),
                false => drop(s.there.objects.remove(at)),
            }
            Ok(())
        })
    }
}
