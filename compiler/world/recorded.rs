//! A server that answers from what was read of one: snapshots, and tests.

use serde_json::Value as Json;

use super::server::{Apply, Failure, FailureKind, Listed, Seen, Served, Server, Verb};

/// What was read of a server, and what of it was asked and not answered.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    pub version: String,
    pub kinds: Vec<Served>,
    /// Whole objects with `apiVersion` and `kind`, in any order.
    pub objects: Vec<Json>,
    /// What was listed to its end. An object that is in none of these lists may be there all the same.
    pub complete: Vec<Listed>,
    /// What was asked for and not answered.
    pub failed: Vec<(Listed, Failure)>,
    /// API versions whose kinds were asked for, those that are not served among them; `None`: all there are.
    pub discovered: Option<Vec<String>>,
    /// API versions whose kinds were asked for in vain.
    pub undiscovered: Vec<(String, Failure)>,
}

impl Server for Recorded {
    fn version(&self) -> Result<String, Failure> {
        if self.version.is_empty() {
            return Err(Failure::new(FailureKind::NotRecorded, "the server's version was not recorded"));
        }
        Ok(self.version.clone())
    }

    fn kinds(&self, api_version: &str) -> Result<Vec<Served>, Failure> {
        if let Some((_, failure)) = self.undiscovered.iter().find(|(version, _)| version == api_version) {
            return Err(failure.clone());
        }
        let kinds: Vec<Served> = self.kinds.iter().filter(|k| k.api_version == api_version).cloned().collect();
        let asked = self.discovered.as_ref().is_none_or(|all| all.iter().any(|version| version == api_version));
        if kinds.is_empty() && !asked {
            let message = format!("it was not recorded whether the server serves `{api_version}`");
            return Err(Failure::new(FailureKind::NotRecorded, message));
        }
        if kinds.is_empty() {
            return Err(Failure::new(FailureKind::Missing, format!("the server does not serve `{api_version}`")));
        }
        Ok(kinds)
    }

    fn list(&self, what: &Listed) -> Result<Vec<Json>, Failure> {
        if let Some((_, failure)) = self.failed.iter().find(|(listed, _)| covers(listed, what)) {
            return Err(failure.clone());
        }
        if !self.complete.iter().any(|listed| covers(listed, what)) {
            let place = what.namespace.as_ref().map_or_else(String::new, |n| format!(" in `{n}`"));
            let message = format!("it was not recorded which objects of kind {} there are{place}", what.served.kind);
            return Err(Failure::new(FailureKind::NotRecorded, message));
        }
        Ok(self.known(what))
    }

    fn known(&self, what: &Listed) -> Vec<Json> {
        self.objects.iter().filter(|object| is_asked_for(object, what)).cloned().collect()
    }

    fn may(&self, verb: Verb, _: &Served, _: Option<&str>) -> Result<bool, Failure> {
        Ok(verb == Verb::List)
    }

    fn apply(&self, _: &Served, _: &Json, _: Apply<'_>) -> Result<Json, Failure> {
        Err(read_only())
    }

    fn create(&self, _: &Served, _: &Json, _: &str) -> Result<Json, Failure> {
        Err(read_only())
    }

    fn reown(&self, _: &Served, _: &Seen, _: &Json) -> Result<Json, Failure> {
        Err(read_only())
    }

    fn delete(&self, _: &Served, _: &Seen) -> Result<(), Failure> {
        Err(read_only())
    }
}

fn read_only() -> Failure {
    Failure::new(FailureKind::Forbidden, "what was once read of a server cannot be changed")
}

/// Whether every object of `asked` is in the list `listed`.
fn covers(listed: &Listed, asked: &Listed) -> bool {
    listed.served.kind == asked.served.kind
        && listed.served.api_version == asked.served.api_version
        && (listed.namespace.is_none() || listed.namespace == asked.namespace)
        && (listed.labels.is_none() || listed.labels == asked.labels)
}

fn is_asked_for(object: &Json, what: &Listed) -> bool {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str);
    text("/apiVersion") == Some(&what.served.api_version)
        && text("/kind") == Some(&what.served.kind)
        && what.namespace.as_deref().is_none_or(|n| text("/metadata/namespace") == Some(n))
        && what.labels.as_deref().is_none_or(|labels| selects(labels, object.pointer("/metadata/labels")))
}

/// Selectors as we write them: `key=value`, `key!=value` or `key`, joined by commas.
fn selects(selector: &str, labels: Option<&Json>) -> bool {
    selector.split(',').all(|term| {
        let label = |key: &str| labels.and_then(|l| l.get(key)?.as_str());
        match (term.split_once("!="), term.split_once('=')) {
            (Some((key, value)), _) => label(key) != Some(value),
            (None, Some((key, value))) => label(key) == Some(value),
            (None, None) => label(term).is_some(),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(namespace: Option<&str>, labels: Option<&str>) -> Listed {
        let served = Served {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            plural: "configmaps".to_owned(),
            namespaced: true,
        };
        Listed { served, namespace: namespace.map(str::to_owned), labels: labels.map(str::to_owned) }
    }

    #[test]
    fn a_list_answers_narrower_questions_and_no_wider_ones() {
        let object = |name: &str, label: &str| {
            json!({"apiVersion": "v1", "kind": "ConfigMap",
                   "metadata": {"name": name, "namespace": "monitoring", "labels": {"watershed/fleet": label}}})
        };
        let recorded = Recorded {
            objects: vec![object("a", "hero"), object("b", "other")],
            complete: vec![asked(Some("monitoring"), None)],
            failed: vec![(asked(Some("kube-system"), None), Failure::new(FailureKind::Forbidden, "no"))],
            ..Recorded::default()
        };
        assert_eq!(recorded.list(&asked(Some("monitoring"), None)).unwrap().len(), 2);
        assert_eq!(recorded.list(&asked(Some("monitoring"), Some("watershed/fleet=hero"))).unwrap().len(), 1);
        assert_eq!(recorded.list(&asked(None, None)).unwrap_err().kind, FailureKind::NotRecorded);
        assert_eq!(recorded.list(&asked(Some("kube-system"), None)).unwrap_err().kind, FailureKind::Forbidden);
        assert_eq!(recorded.known(&asked(None, None)).len(), 2);
    }

    #[test]
    fn what_was_not_asked_is_not_taken_for_missing() {
        let kind = |recorded: &Recorded, version: &str| recorded.kinds(version).map_err(|f| f.kind);
        let failed = Failure::new(FailureKind::Server, "no");
        let mut recorded = Recorded { undiscovered: vec![("b/v1".to_owned(), failed)], ..Recorded::default() };
        assert_eq!(kind(&recorded, "a/v1"), Err(FailureKind::Missing));
        recorded.discovered = Some(vec!["a/v1".to_owned()]);
        assert_eq!(kind(&recorded, "a/v1"), Err(FailureKind::Missing));
        assert_eq!(kind(&recorded, "b/v1"), Err(FailureKind::Server));
        assert_eq!(kind(&recorded, "c/v1"), Err(FailureKind::NotRecorded));
        assert_eq!(recorded.version().unwrap_err().kind, FailureKind::NotRecorded);
    }
}
