//! Objects of ours that came by another applier: whoever applies them now has to own what that one owned, or fields that
//! are compiled no longer would stay, and those that change would be in conflict with ourselves. What is done to
//! `managedFields` is what client-go does when `kubectl apply` becomes `--server-side` (`util/csaupgrade`).

use serde_json::{Map, Value as Json, json};

use super::known::is_handed_over;
use super::owners::{Manager, Operation};
use super::{MARK, Ours};

/// Whom an object is taken over from, and its `managedFields` after that.
#[derive(Debug, Clone, PartialEq)]
pub struct Takeover {
    pub from: Vec<String>,
    pub managed_fields: Json,
}

/// What has to change for an object of ours to be applied by us alone. `None` where nobody else has applied it with our
/// marks, or whoever did goes on doing so (Argo CD, Flux, Helm). Whoever applies what we have applied already is a stranger,
/// as the comparison has it (`claim`): what that one has added was told as left alone, and to own it is to take it away.
pub fn takeover(live: &Json, ours: &Ours) -> Option<Takeover> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let api_version = live.get("apiVersion")?;
    let text = |entry: &Json, key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let plain = |entry: &Json| text(entry, "subresource").is_empty() && entry.get("apiVersion") == Some(api_version);
    let is_own = |e: &Json| plain(e) && text(e, "manager") == MARK && text(e, "operation") == "Apply";
    let is_applied = entries.iter().any(|e| plain(e) && text(e, "manager") == MARK);
    let is_taken = |e: &Json| {
        let operation = if text(e, "operation") == "Apply" { Operation::Apply } else { Operation::Update };
        let (name, subresource, time) = (text(e, "manager"), String::new(), String::new());
        let manager = Manager { name, operation, subresource, time, ours: false };
        // What we have made is noted as an update of ours.
        let made = text(e, "manager") == MARK && !is_own(e);
        let named = ours.aliases.contains(&manager.name);
        let handed = named || !is_applied && is_handed_over(&manager, &ours.aliases);
        plain(e) && (made || !is_own(e) && handed) && owns_marks(e, ours)
    };
    let (taken, mut left): (Vec<&Json>, Vec<&Json>) = entries.iter().partition(|e| is_taken(e));
    let first = taken.first()?;
    let own = left.iter().position(|e| is_own(e)).map(|at| left.remove(at));
    let mut fields = own.and_then(|own| own.get("fieldsV1")).and_then(Json::as_object).cloned().unwrap_or_default();
    for more in taken.iter().filter_map(|e| e.get("fieldsV1")?.as_object()) {
        fields = union(fields, more);
    }
    let mut entry = own.or(Some(first)).cloned().unwrap_or_else(|| json!({}));
    entry["manager"] = MARK.into();
    entry["operation"] = "Apply".into();
    entry["fieldsV1"] = fields.into();
    let from = taken.iter().map(|e| text(e, "manager")).collect();
    let managed_fields = std::iter::once(entry).chain(left.into_iter().cloned()).collect();
    Some(Takeover { from, managed_fields })
}

fn owns_marks(entry: &Json, ours: &Ours) -> bool {
    let labels = entry.pointer("/fieldsV1/f:metadata/f:labels");
    !ours.labels.is_empty()
        && ours.labels.iter().all(|(key, _)| labels.is_some_and(|l| l.get(format!("f:{key}")).is_some()))
}

/// Two sets of fields as one. An empty one stands for the field itself, as `.` does in one that is not.
fn union(one: Map<String, Json>, other: &Map<String, Json>) -> Map<String, Json> {
    let mut out = one;
    for (key, more) in other {
        let (Some(here), Some(more)) = (out.get_mut(key).and_then(Json::as_object_mut), more.as_object()) else {
            out.insert(key.clone(), more.clone());
            continue;
        };
        if here.is_empty() && more.is_empty() {
            continue;
        }
        let itself = here.is_empty() || more.is_empty();
        let mut both = union(std::mem::take(here), more);
        if itself {
            both.insert(".".to_owned(), json!({}));
        }
        *here = both;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Ours {
        Ours { labels: vec![("watershed/fleet".to_owned(), "f".to_owned())], ..Ours::default() }
    }

    fn live(managed: Json) -> Json {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "managedFields": managed}})
    }

    fn entry(manager: &str, operation: &str, fields: Json) -> Json {
        let mut all = json!({"f:metadata": {"f:labels": {"f:watershed/fleet": {}}}});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": all})
    }

    #[test]
    fn what_kubectl_has_applied_becomes_ours() {
        for (manager, operation) in
            [("kubectl-client-side-apply", "Update"), ("kubectl", "Apply"), ("watershed", "Update")]
        {
            let theirs = json!({"manager": "mallory", "operation": "Update", "apiVersion": "v1",
                                "fieldsV1": {"f:data": {"f:x": {}}}});
            let before = live(json!([theirs, entry(manager, operation, json!({"f:data": {"f:a": {}}}))]));
            let taken = takeover(&before, &ours()).unwrap();
            assert_eq!(taken.from, [manager]);
            let own = entry("watershed", "Apply", json!({"f:data": {"f:a": {}}}));
            assert_eq!(taken.managed_fields, json!([own, theirs]));
            assert_eq!(takeover(&live(taken.managed_fields), &ours()), None, "once is enough");
        }
    }

    #[test]
    fn both_sets_of_fields_become_one() {
        let own = entry("watershed", "Apply", json!({"f:spec": {"f:a": {}, "f:b": {"f:c": {}}}}));
        let other = entry("deployer", "Apply", json!({"f:spec": {"f:b": {}, "f:d": {}}}));
        let named = Ours { aliases: vec!["deployer".to_owned()], ..ours() };
        let taken = takeover(&live(json!([own, other])), &named).unwrap();
        let spec = json!({"f:a": {}, "f:b": {".": {}, "f:c": {}}, "f:d": {}});
        assert_eq!(taken.managed_fields[0]["fieldsV1"]["f:spec"], spec);
        assert_eq!(taken.managed_fields.as_array().unwrap().len(), 1);
    }

    #[test]
    fn whoever_applies_what_is_ours_already_is_a_stranger() {
        for own in ["Apply", "Update"] {
            let own = entry("watershed", own, json!({"f:spec": {"f:a": {}}}));
            let later = entry("kubectl", "Apply", json!({"f:spec": {"f:a": {}, "f:minReadySeconds": {}}}));
            let by_hand = entry("kubectl-client-side-apply", "Update", json!({"f:spec": {"f:replicas": {}}}));
            let taken = takeover(&live(json!([own, later, by_hand])), &ours());
            let text = taken.map(|t| t.managed_fields[0].to_string()).unwrap_or_default();
            assert!(!text.contains("minReadySeconds") && !text.contains("replicas"), "{text}");
        }
    }

    #[test]
    fn nobody_else_is_taken_from() {
        let unmarked = json!({"manager": "kubectl", "operation": "Apply", "apiVersion": "v1",
                              "fieldsV1": {"f:data": {"f:x": {}}}});
        let controller = entry("argocd-controller", "Apply", json!({}));
        let stranger = entry("mallory", "Apply", json!({}));
        let mut scaled = entry("kubectl", "Apply", json!({}));
        scaled["subresource"] = "scale".into();
        for entry in [unmarked, controller, stranger.clone(), scaled] {
            assert_eq!(takeover(&live(json!([entry])), &ours()), None, "{entry}");
        }
        let named = Ours { aliases: vec!["mallory".to_owned()], ..ours() };
        assert_eq!(takeover(&live(json!([stranger])), &named).unwrap().from, ["mallory"]);
    }
}
