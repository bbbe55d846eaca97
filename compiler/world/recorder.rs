//! A server that passes every question on and keeps the answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;

use super::Recorded;
use super::server::{Apply, Each, Failure, FailureKind, Listed, Seen, Served, Server, Verb};

/// Whoever asks this one is answered by the server behind it, and what was answered is kept. It only reads.
#[derive(Debug)]
pub struct Recorder {
    server: Arc<dyn Server>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    recorded: Recorded,
    /// By version, kind, namespace and name: two lists may hold the same object.
    objects: BTreeMap<[String; 4], Json>,
}

impl Recorder {
    pub fn new(server: Arc<dyn Server>) -> Recorder {
        Recorder { server, kept: Mutex::default() }
    }

    /// Everything that was answered so far. Objects are in the order of version, kind, namespace and name, lists in that
    /// of the questions.
    pub fn recorded(&self) -> Recorded {
        let kept = self.kept();
        let discovered = Some(kept.recorded.discovered.clone().unwrap_or_default());
        Recorded { objects: kept.objects.values().cloned().collect(), discovered, ..kept.recorded.clone() }
    }

    fn keep_kinds(&self, api_version: &str, answer: &Result<Vec<Served>, Failure>) {
        let mut kept = self.kept();
        let recorded = &mut kept.recorded;
        match answer {
            Err(failure) if failure.kind != FailureKind::Missing => {
                recorded.undiscovered.push((api_version.to_owned(), failure.clone()));
            }
            _ => {
                recorded.kinds.extend(answer.iter().flatten().cloned());
                recorded.discovered.get_or_insert_default().push(api_version.to_owned());
            }
        }
    }

    fn keep_list(&self, what: &Listed, answer: &Result<Vec<Json>, Failure>) {
        let mut kept = self.kept();
        match answer {
            Ok(objects) => {
                kept.recorded.complete.push(what.clone());
                let text = |o: &Json, at: &str| o.pointer(at).and_then(Json::as_str).unwrap_or_default().to_owned();
                let key =
                    |o: &Json| ["/apiVersion", "/kind", "/metadata/namespace", "/metadata/name"].map(|at| text(o, at));
                kept.objects.extend(objects.iter().map(|o| (key(o), o.clone())));
            }
            Err(failure) => kept.recorded.failed.push((what.clone(), failure.clone())),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server for Recorder {
    fn version(&self) -> Result<String, Failure> {
        let version = self.server.version()?;
        self.kept().recorded.version.clone_from(&version);
        Ok(version)
    }

    fn kinds(&self, api_version: &str) -> Result<Vec<Served>, Failure> {
        let answer = self.server.kinds(api_version);
        self.keep_kinds(api_version, &answer);
        answer
    }

    fn kinds_of(&self, api_versions: &[&str], each: &mut Each<'_, Vec<Served>>) {
        let mut versions = api_versions.iter();
        self.server.kinds_of(api_versions, &mut |answer| {
            versions.next().into_iter().for_each(|version| self.keep_kinds(version, &answer));
            each(answer)
        });
    }

    fn list(&self, what: &Listed) -> Result<Vec<Json>, Failure> {
        let answer = self.server.list(what);
        self.keep_list(what, &answer);
        answer
    }

    fn lists(&self, what: &[Listed], each: &mut Each<'_, Vec<Json>>) {
        let mut listed = what.iter();
        self.server.lists(what, &mut |answer| {
            listed.next().into_iter().for_each(|what| self.keep_list(what, &answer));
            each(answer)
        });
    }

    fn known(&self, what: &Listed) -> Vec<Json> {
        self.server.known(what)
    }

    fn may(&self, verb: Verb, what: &Served, namespace: Option<&str>) -> Result<bool, Failure> {
        self.server.may(verb, what, namespace)
    }

    fn apply(&self, _: &Served, _: &Json, _: Apply<'_>) -> Result<Json, Failure> {
        Err(reads_only())
    }

    fn create(&self, _: &Served, _: &Json, _: &str) -> Result<Json, Failure> {
        Err(reads_only())
    }

    fn reown(&self, _: &Served, _: &Seen, _: &Json) -> Result<Json, Failure> {
        Err(reads_only())
    }

    fn delete(&self, _: &Served, _: &Seen) -> Result<(), Failure> {
        Err(reads_only())
    }
}

fn reads_only() -> Failure {
    Failure::new(FailureKind::Forbidden, "what is recorded is only read")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_answered_answers_again() {
        let served = |api_version: &str, kind: &str| Served {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            plural: kind.to_lowercase(),
            namespaced: true,
        };
        let list = |kind: &str, namespace: Option<&str>| Listed {
            served: served("v1", kind),
            namespace: namespace.map(str::to_owned),
            labels: None,
        };
        let object =
            |name: &str| json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": name, "namespace": "n"}});
        let no = Failure::new(FailureKind::Forbidden, "no");
        let behind = Recorded {
            version: "v1.35.0".to_owned(),
            kinds: vec![served("v1", "A"), served("v1", "B")],
            objects: vec![object("z"), object("a")],
            complete: vec![list("A", None)],
            failed: vec![(list("B", None), no.clone())],
            undiscovered: vec![("x/v1".to_owned(), no)],
            ..Recorded::default()
        };
        let recorder = Recorder::new(Arc::new(behind));
        let ask = |server: &dyn Server| {
            (
                server.version(),
                [server.kinds("v1"), server.kinds("gone/v1"), server.kinds("x/v1")],
                [server.list(&list("A", Some("n"))), server.list(&list("B", None))],
            )
        };
        let (version, kinds, [a, b]) = ask(&recorder);
        recorder.list(&list("A", None)).unwrap();
        let recorded = recorder.recorded();
        let (again, kinds_again, [a_again, b_again]) = ask(&recorded);
        assert_eq!((version, kinds, b), (again, kinds_again, b_again));
        assert_eq!(a.unwrap().len(), a_again.unwrap().len());
        assert_eq!(recorded.objects, [object("a"), object("z")]);
        assert_eq!(recorded.kinds("never/v1").unwrap_err().kind, FailureKind::NotRecorded);
    }
}
