//! Whether what was applied runs: the conditions the operator sets (its `status.conditions`, since 0.59), and of
//! workloads what `kubectl rollout status` looks at (kubectl's `polymorphichelpers/rollout_status.go`).

use serde_json::Value as Json;

use super::super::live::generation;

/// How far an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// What it waits for.
    Waiting(String),
    /// It will not become ready by waiting.
    Failed(String),
}

/// Conditions the operator sets on what it runs.
const CONDITIONS: [&str; 2] = ["Reconciled", "Available"];

/// Whether objects of this kind become ready at all.
pub(super) fn becomes(kind: &str) -> bool {
    matches!(kind, "Prometheus" | "PrometheusAgent" | "Alertmanager" | "Deployment" | "DaemonSet" | "StatefulSet")
}

pub(super) fn state(kind: &str, object: &Json) -> State {
    match kind {
        "Prometheus" | "PrometheusAgent" | "Alertmanager" => operated(object),
        "Deployment" => deployment(object),
        "DaemonSet" => daemon_set(object),
        "StatefulSet" => stateful_set(object),
        _ => State::Ready,
    }
}

fn operated(object: &Json) -> State {
    // The operator leaves it alone, and says nothing of it.
    if object.pointer("/spec/paused").and_then(Json::as_bool) == Some(true) {
        return State::Ready;
    }
    let conditions = object.pointer("/status/conditions").and_then(Json::as_array);
    for wanted in CONDITIONS {
        let found = conditions.into_iter().flatten().find(|c| c["type"] == wanted);
        let Some(condition) = found else {
            return State::Waiting(format!("no condition {wanted} yet: does the operator watch this namespace?"));
        };
        let seen = condition["observedGeneration"].as_i64().unwrap_or(0);
        if seen < generation(object) {
            return State::Waiting(format!("{wanted}: the operator has not seen the change yet"));
        }
        let text = |key: &str| condition[key].as_str().unwrap_or_default();
        if text("status") != "True" {
            return State::Waiting(said(wanted, text("status"), text("reason"), text("message")));
        }
    }
    State::Ready
}

/// `Available is False: SomePodsNotReady: shard 0: …`
fn said(condition: &str, status: &str, reason: &str, message: &str) -> String {
    let mut all = format!("{condition} is {status}");
    for part in [reason, message].into_iter().filter(|p| !p.is_empty()) {
        all.push_str(": ");
        all.push_str(part);
    }
    all
}

/// Numbers of `spec` and `status`.
struct Counts<'o>(&'o Json);

impl Counts<'_> {
    fn spec(&self, field: &str) -> Option<i64> {
        self.0.get("spec")?.get(field)?.as_i64()
    }

    fn status(&self, field: &str) -> i64 {
        self.0.get("status").and_then(|s| s.get(field)?.as_i64()).unwrap_or(0)
    }

    fn is_seen(&self) -> bool {
        self.status("observedGeneration") >= generation(self.0)
    }

    /// `OnDelete`: pods are replaced when somebody deletes them.
    fn rolls(&self) -> bool {
        let strategy = self.0.pointer("/spec/updateStrategy/type").and_then(Json::as_str);
        strategy.is_none_or(|s| s == "RollingUpdate")
    }
}

const UNSEEN: &str = "its controller has not seen the change yet";

fn deployment(object: &Json) -> State {
    let counts = Counts(object);
    if !counts.is_seen() {
        return State::Waiting(UNSEEN.to_owned());
    }
    let conditions = object.pointer("/status/conditions").and_then(Json::as_array);
    let progressing = conditions.into_iter().flatten().find(|c| c["type"] == "Progressing");
    if let Some(late) = progressing.filter(|c| c["reason"] == "ProgressDeadlineExceeded") {
        let message = late["message"].as_str().unwrap_or_default();
        return State::Failed(said("Progressing", "False", "ProgressDeadlineExceeded", message));
    }
    let wanted = counts.spec("replicas").unwrap_or(1);
    let (updated, all) = (counts.status("updatedReplicas"), counts.status("replicas"));
    let available = counts.status("availableReplicas");
    if updated < wanted {
        return State::Waiting(format!("{updated} of {wanted} pods are updated"));
    }
    if all > updated {
        return State::Waiting(format!("{} old pods are still ending", all - updated));
    }
    if available < updated {
        return State::Waiting(format!("{available} of {updated} updated pods are available"));
    }
    State::Ready
}

fn daemon_set(object: &Json) -> State {
    let counts = Counts(object);
    if !counts.rolls() {
        return State::Ready;
    }
    if !counts.is_seen() {
        return State::Waiting(UNSEEN.to_owned());
    }
    let wanted = counts.status("desiredNumberScheduled");
    let (updated, available) = (counts.status("updatedNumberScheduled"), counts.status("numberAvailable"));
    if updated < wanted {
        return State::Waiting(format!("{updated} of {wanted} pods are updated"));
    }
    if available < wanted {
        return State::Waiting(format!("{available} of {wanted} pods are available"));
    }
    State::Ready
}

fn stateful_set(object: &Json) -> State {
    let counts = Counts(object);
    if !counts.rolls() {
        return State::Ready;
    }
    if counts.status("observedGeneration") == 0 || !counts.is_seen() {
        return State::Waiting(UNSEEN.to_owned());
    }
    let wanted = counts.spec("replicas").unwrap_or(1);
    let ready = counts.status("readyReplicas");
    if ready < wanted {
        return State::Waiting(format!("{ready} of {wanted} pods are ready"));
    }
    let partition = object.pointer("/spec/updateStrategy/rollingUpdate/partition").and_then(Json::as_i64);
    let updated = counts.status("updatedReplicas");
    if let Some(partition) = partition.filter(|p| *p > 0) {
        let wanted = wanted - partition;
        if updated < wanted {
            return State::Waiting(format!("{updated} of {wanted} pods are updated"));
        }
        return State::Ready;
    }
    let revision = |name: &str| object.pointer("/status").and_then(|s| s.get(name)?.as_str());
    if revision("updateRevision") != revision("currentRevision") {
        return State::Waiting(format!("{updated} of {wanted} pods are updated"));
    }
    State::Ready
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn waits(kind: &str, object: &Json) -> String {
        match state(kind, object) {
            State::Waiting(what) => what,
            other => panic!("{other:?}"),
        }
    }

    fn prometheus(available: &str, seen: i64) -> Json {
        let condition = |name: &str, status: &str| {
            json!({"type": name, "status": status, "observedGeneration": seen,
                   "reason": "NoPodReady", "message": "shard 0: pod prometheus-user-0: Unschedulable"})
        };
        json!({"metadata": {"generation": 3},
               "status": {"conditions": [condition("Available", available), condition("Reconciled", "True")]}})
    }

    #[test]
    fn an_operator_says_itself_whether_it_is_done() {
        assert_eq!(state("Prometheus", &prometheus("True", 3)), State::Ready);
        assert_eq!(
            waits("Prometheus", &prometheus("False", 3)),
            "Available is False: NoPodReady: shard 0: pod prometheus-user-0: Unschedulable"
        );
        assert!(waits("Alertmanager", &prometheus("Degraded", 3)).starts_with("Available is Degraded"));
        assert!(waits("Prometheus", &prometheus("True", 2)).contains("not seen the change"), "of the state before");
        assert!(waits("Prometheus", &json!({"metadata": {"generation": 1}})).starts_with("no condition Reconciled"));
        let mut paused = prometheus("Unknown", 0);
        paused["spec"] = json!({"paused": true});
        assert_eq!(state("Prometheus", &paused), State::Ready);
    }

    #[test]
    fn workloads_are_ready_when_kubectl_says_so() {
        let mut object = json!({
            "metadata": {"generation": 2}, "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, "replicas": 4, "updatedReplicas": 2, "availableReplicas": 1}});
        assert_eq!(waits("Deployment", &object), UNSEEN);
        object["status"]["observedGeneration"] = json!(2);
        assert_eq!(waits("Deployment", &object), "2 of 3 pods are updated");
        object["status"]["updatedReplicas"] = json!(3);
        assert_eq!(waits("Deployment", &object), "1 old pods are still ending");
        object["status"]["replicas"] = json!(3);
        assert_eq!(waits("Deployment", &object), "1 of 3 updated pods are available");
        object["status"]["availableReplicas"] = json!(3);
        assert_eq!(state("Deployment", &object), State::Ready);
        let late =
            json!([{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "it has timed out"}]);
        object["status"]["conditions"] = late;
        assert!(matches!(state("Deployment", &object), State::Failed(why) if why.contains("it has timed out")));

        let mut object = json!({
            "metadata": {"generation": 1},
            "status": {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1}});
        assert_eq!(waits("DaemonSet", &object), "1 of 2 pods are updated");
        object["status"]["updatedNumberScheduled"] = json!(2);
        assert_eq!(waits("DaemonSet", &object), "0 of 2 pods are available");
        object["spec"] = json!({"updateStrategy": {"type": "OnDelete"}});
        assert_eq!(state("DaemonSet", &object), State::Ready);

        let mut object = json!({
            "metadata": {"generation": 1}, "spec": {"replicas": 2},
            "status": {"observedGeneration": 1, "readyReplicas": 2, "updatedReplicas": 1,
                       "currentRevision": "a", "updateRevision": "b"}});
        assert_eq!(waits("StatefulSet", &object), "1 of 2 pods are updated");
        object["spec"]["updateStrategy"] = json!({"rollingUpdate": {"partition": 1}});
        assert_eq!(state("StatefulSet", &object), State::Ready);
        object["spec"]["updateStrategy"] = json!({});
        object["status"]["currentRevision"] = json!("b");
        assert_eq!(state("StatefulSet", &object), State::Ready);
        object["status"]["observedGeneration"] = json!(0);
        object["metadata"]["generation"] = json!(0);
        assert_eq!(waits("StatefulSet", &object), UNSEEN);
    }
}
