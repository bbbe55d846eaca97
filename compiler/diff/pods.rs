//! How many pods a change replaces: one after the other, but all of them.

use serde_json::Value as Json;

use super::effects::VALUES;
use super::{Change, Effect, Side};
use crate::model::value::Version;

/// The pods of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pods {
    /// As many as it asks for.
    Exactly(u64),
    /// One on each node it is for, of so many nodes.
    AtMost(u64),
    /// The same, before it is [settled](settle) how many nodes there are.
    OnEachNode,
}

/// Marks the changes of one object that replace its pods; of the two sides the one that is there now tells how many.
pub(super) fn mark(kind: &str, old: Side<'_>, new: Side<'_>, changes: &mut [Change]) {
    let mut replacing = changes.iter_mut().filter(|c| replaces(kind, c)).peekable();
    if replacing.peek().is_none() {
        return;
    }
    let sides = [old, new].map(|side| side.tree.to_json(side.root));
    replacing.for_each(|change| change.pods = sides.iter().find_map(|object| pods(kind, object, &change.path)));
}

/// What of a cluster decides how much a change disturbs.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub nodes: u32,
    pub operator: Option<Version>,
    pub prometheus: Option<Version>,
}

/// Settles what objects alone do not say: how many pods a DaemonSet has, and what is read anew instead of at a start.
pub fn settle(changes: &mut [Change], setting: Setting) {
    let reads = |version: Option<Version>, since: Version| version.is_some_and(|v| v.at_least(since));
    // prometheus-operator #8547: retention goes into the configuration file, which is read anew.
    let in_file = reads(setting.operator, Version::new(0, 92, 0)) && reads(setting.prometheus, Version::new(3, 11, 0));
    for change in changes {
        if change.pods == Some(Pods::OnEachNode) {
            change.pods = Some(Pods::AtMost(setting.nodes.into()));
        }
        let is_prometheus = change.object.as_ref().is_some_and(|id| PROMETHEIS.contains(&id.kind.as_str()));
        if in_file && is_prometheus && matches!(change.path.as_str(), "spec.retention" | "spec.retentionSize") {
            change.pods = None;
            change.effect = if change.effect == Effect::Restart { Effect::Reload } else { change.effect };
        }
    }
}

const PROMETHEIS: [&str; 2] = ["Prometheus", "PrometheusAgent"];

fn replaces(kind: &str, change: &Change) -> bool {
    match kind {
        "Deployment" | "DaemonSet" | "StatefulSet" => {
            change.effect == Effect::Restart
                || change.effect > Effect::Restart && change.path.starts_with("spec.template")
        }
        // What its queues and its labels are is read anew; retention and volumes are the pods'.
        "Prometheus" | "PrometheusAgent" => {
            let of_pods = matches!(change.effect, Effect::Restart | Effect::Recreate | Effect::DataLoss);
            of_pods && !matches!(change.path.as_str(), "" | "spec.replicas" | "metadata.namespace")
        }
        "Alertmanager" => {
            change.path.starts_with("spec.") && change.path != "spec.replicas" && change.effect >= Effect::Restart
        }
        VALUES => change.effect == Effect::Restart,
        _ => false,
    }
}

fn pods(kind: &str, object: &Json, path: &str) -> Option<Pods> {
    let number = |at: &str| object.pointer(at).map_or(Some(1), Json::as_u64);
    match kind {
        "DaemonSet" => Some(Pods::OnEachNode),
        "Deployment" | "StatefulSet" | "Alertmanager" => number("/spec/replicas").map(Pods::Exactly),
        "Prometheus" | "PrometheusAgent" => {
            number("/spec/replicas")?.checked_mul(number("/spec/shards")?).map(Pods::Exactly)
        }
        // Components of a chart stand side by side in its values: `vmstorage.replicaCount`.
        VALUES => {
            let component = path.split(['.', '[']).next().filter(|c| object.get(*c).is_some_and(Json::is_object))?;
            number(&format!("/{component}/replicaCount")).map(Pods::Exactly)
        }
        _ => None,
    }
}

impl Pods {
    /// All of them, and whether there are just so many; `None` where nobody knows.
    pub fn sum(all: impl IntoIterator<Item = Pods>) -> Option<(u64, bool)> {
        let add = |(sum, exact): (u64, bool), pods| match pods {
            Pods::Exactly(n) => Some((sum.saturating_add(n), exact)),
            Pods::AtMost(n) => Some((sum.saturating_add(n), false)),
            Pods::OnEachNode => None,
        };
        all.into_iter().try_fold((0, true), add)
    }

    /// `2 pods`, `up to 64 pods`.
    pub fn words(all: impl IntoIterator<Item = Pods>) -> String {
        match Pods::sum(all) {
            Some((1, true)) => "1 pod".to_owned(),
            Some((n, true)) => format!("{n} pods"),
            Some((n, false)) => format!("up to {n} pods"),
            None => "a pod on each of its nodes".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diag::Origin;
    use crate::diff::added;
    use crate::object::{ObjectId, Tree};

    #[test]
    fn pods_are_counted_where_they_are_asked_for() {
        let two = json!({"spec": {"replicas": 2, "shards": 3}});
        assert_eq!(pods("Prometheus", &two, "spec.version"), Some(Pods::Exactly(6)));
        assert_eq!(pods("Deployment", &two, "spec.template"), Some(Pods::Exactly(2)));
        assert_eq!(pods("StatefulSet", &json!({"spec": {}}), ""), Some(Pods::Exactly(1)), "the default");
        assert_eq!(pods("DaemonSet", &two, ""), Some(Pods::OnEachNode));
        let values = json!({"vmstorage": {"replicaCount": 5}, "vmselect": {}, "replicas": 3});
        assert_eq!(pods(VALUES, &values, "vmstorage.extraArgs[\"a\"]"), Some(Pods::Exactly(5)));
        assert_eq!(pods(VALUES, &values, "vmselect.image"), Some(Pods::Exactly(1)));
        assert_eq!(pods(VALUES, &values, "replicas"), None);
        assert_eq!(pods("StatefulSet", &json!({"spec": {"replicas": "many"}}), ""), None);
    }

    #[test]
    fn retention_is_read_anew_where_the_operator_writes_it_into_the_file() {
        let settled = |operator, prometheus, effect| {
            let id = ObjectId {
                api_version: "monitoring.coreos.com/v1".to_owned(),
                kind: "Prometheus".to_owned(),
                namespace: "monitoring".to_owned(),
                name: "user".to_owned(),
            };
            let (mut tree, mut changes) = (Tree::new(), Vec::new());
            let root = tree.add_json("", &json!({}), Origin::INHERIT);
            let path = "spec.retention".to_owned();
            let of = added(&id, "", Side::new(&tree, root));
            changes.push(Change { path, effect, pods: Some(Pods::Exactly(2)), ..of });
            let version = |minor: u32| Some(Version::new(if minor < 90 { 3 } else { 0 }, minor, 0));
            settle(&mut changes, Setting { nodes: 3, operator: version(operator), prometheus: version(prometheus) });
            (changes[0].effect, changes[0].pods)
        };
        let two = Some(Pods::Exactly(2));
        assert_eq!(settled(92, 11, Effect::Restart), (Effect::Reload, None));
        assert_eq!(settled(92, 11, Effect::DataLoss), (Effect::DataLoss, None), "it is lost without a restart too");
        assert_eq!(settled(91, 11, Effect::Restart), (Effect::Restart, two));
        assert_eq!(settled(92, 10, Effect::Restart), (Effect::Restart, two));
    }

    #[test]
    fn a_sum_is_as_sure_as_the_least_sure_of_it() {
        assert_eq!(Pods::words([Pods::Exactly(1)]), "1 pod");
        assert_eq!(Pods::words([Pods::Exactly(1), Pods::Exactly(3)]), "4 pods");
        assert_eq!(Pods::words([Pods::Exactly(1), Pods::AtMost(64)]), "up to 65 pods");
        assert_eq!(Pods::words([Pods::OnEachNode]), "a pod on each of its nodes");
    }
}
