//! What an object that comes, goes or is renamed as a whole does to what runs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::effects::VALUES;
use super::{Edit, Effect};

/// Alerts of a release that are named.
const NAMED: usize = 3;

/// What happens with an object; `value` is the whole of it, where that is known.
pub(super) fn of_object(kind: &str, edit: Edit, value: Option<&Json>) -> (Effect, Cow<'static, str>) {
    if kind == VALUES
        && let Some(words) = value.filter(|values| is_evaluator(values)).and_then(|values| of_evaluator(edit, values))
    {
        return (Effect::Reload, words.into());
    }
    let (effect, words) = of_kind(kind, edit);
    (effect, words.into())
}

fn of_kind(kind: &str, edit: Edit) -> (Effect, &'static str) {
    match (edit, kind) {
        (Edit::Removed, "ServiceMonitor" | "PodMonitor" | "ScrapeConfig" | "Probe") => {
            (Effect::Reload, "once deleted from the cluster: its targets are no longer collected")
        }
        (Edit::Removed, "PrometheusRule") => {
            (Effect::Reload, "once deleted from the cluster: its alerts and recordings stop")
        }
        (Edit::Removed, "Prometheus" | "PrometheusAgent") => {
            (Effect::DataLoss, "once deleted from the cluster: its samples are out of reach; its volumes stay")
        }
        (Edit::Removed, "StatefulSet") => (
            Effect::DataLoss,
            "once deleted from the cluster: what its queues had not sent is lost; let it drain first",
        ),
        (Edit::Removed, "Namespace") => (
            Effect::DataLoss,
            "once deleted from the cluster: everything in it goes with it, the volumes of stores too",
        ),
        (Edit::Removed, "PersistentVolumeClaim") => (
            Effect::DataLoss,
            "once deleted from the cluster: what its volume holds is lost, unless the class retains it",
        ),
        (Edit::Removed, "CustomResourceDefinition") => {
            (Effect::DataLoss, "once deleted from the cluster: every object of its kind goes with it")
        }
        (Edit::Removed, "Alertmanager") => {
            (Effect::DataLoss, "once deleted from the cluster: nobody is told of alerts; silences stay on its volumes")
        }
        (Edit::Removed, VALUES) => (Effect::DataLoss, "once uninstalled: what the release stores is out of reach"),
        (Edit::Renamed, "Prometheus" | "PrometheusAgent") => (
            Effect::DataLoss,
            "starts on empty volumes under the new name, with another label `prometheus` on its series; the old one \
             runs on until it is deleted",
        ),
        (Edit::Renamed, "StatefulSet" | VALUES) => {
            (Effect::DataLoss, "starts on empty volumes under the new name; the old one runs on until it is deleted")
        }
        (Edit::Renamed, "PrometheusRule") => (
            Effect::Reload,
            "until the old one is deleted its alerts fire twice, and what it records is recorded twice",
        ),
        (Edit::Renamed, "ServiceMonitor" | "PodMonitor" | "ScrapeConfig" | "Probe") => {
            (Effect::Reload, "until the old one is deleted its targets are collected twice")
        }
        (Edit::Added, "ServiceMonitor" | "PodMonitor" | "ScrapeConfig" | "Probe" | "PrometheusRule") => {
            (Effect::Reload, "")
        }
        _ => (Effect::None, ""),
    }
}

/// Whether values are those of vmalert, which keeps nothing itself: its state is in the store it asks.
fn is_evaluator(values: &Json) -> bool {
    let server = values.get("server");
    let asks = server.and_then(|s| s.pointer("/datasource/url")).is_some();
    asks && values.get("vmstorage").is_none() && server.is_none_or(|s| s.get("persistentVolume").is_none())
}

fn of_evaluator(edit: Edit, values: &Json) -> Option<String> {
    match edit {
        Edit::Removed => Some(format!("once uninstalled: {} no longer fire; what was stored stays", alerts(values))),
        Edit::Renamed => Some(format!("until the old release is uninstalled {} fire twice", alerts(values))),
        Edit::Added | Edit::Changed | Edit::Reordered => None,
    }
}

/// Its alerts by name: `ClusterSilent × 5, DiskFull`.
fn alerts(values: &Json) -> String {
    let rules = |group: &'_ Json| group.get("rules").and_then(Json::as_array).cloned().unwrap_or_default();
    let groups = values.pointer("/server/config/alerts/groups").and_then(Json::as_array);
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for rule in groups.into_iter().flatten().flat_map(rules) {
        if let Some(name) = rule.get("alert").and_then(Json::as_str) {
            *names.entry(name.to_owned()).or_default() += 1;
        }
    }
    let more = names.len().saturating_sub(NAMED);
    let one = |(name, n): (&String, &usize)| if *n == 1 { format!("`{name}`") } else { format!("`{name}` × {n}") };
    let named: Vec<String> = names.iter().take(NAMED).map(one).collect();
    match (named.is_empty(), more) {
        (true, _) => "the rules it evaluates".to_owned(),
        (false, 0) => format!("its alerts ({})", named.join(", ")),
        (false, more) => format!("its alerts ({} and {more} more)", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_release_that_stores_nothing_loses_nothing() {
        let rules = json!([{"alert": "ClusterSilent"}, {"record": "a"}, {"alert": "ClusterSilent"}, {"alert": "B"}]);
        let values = json!({"server": {"datasource": {"url": "http://a"},
                                       "config": {"alerts": {"groups": [{"name": "g", "rules": rules}]}}}});
        let (effect, words) = of_object(VALUES, Edit::Removed, Some(&values));
        assert_eq!(
            (effect, &*words),
            (
                Effect::Reload,
                "once uninstalled: its alerts (`B`, `ClusterSilent` × 2) no longer fire; what was stored stays"
            )
        );
        assert_eq!(of_object(VALUES, Edit::Renamed, Some(&values)).0, Effect::Reload);
        for store in [json!({"server": {"retentionPeriod": "90d"}}), json!({"vmstorage": {}}), json!({})] {
            assert_eq!(of_object(VALUES, Edit::Removed, Some(&store)).0, Effect::DataLoss, "{store}");
        }
        assert_eq!(of_object(VALUES, Edit::Removed, None).0, Effect::DataLoss, "nobody knows");
    }
}
