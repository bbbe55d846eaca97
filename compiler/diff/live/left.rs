//! What of a compiled object is not applied, since the spec leaves it to others (`ignore`) and they have set it.

use serde_json::{Map, Value as Json};

use super::owners::{Manager, Owners};
use super::{Ignore, Live, Ours, claim};
use crate::catalog::fields::{self, Field, Merge};
use crate::object::{Kind, NodeId, ObjectId, Tree};

/// Takes out of an object that is about to be applied what an `ignore` leaves to somebody else and is otherwise in the
/// live one. What cannot be taken out, for it stands in a list that is replaced whole or is ours alone so far, is given
/// the live value. Returns the paths, as people read them.
pub fn leave_to_others(id: &ObjectId, wanted: &mut Json, live: &Json, ours: &Ours) -> Vec<String> {
    let ignores: Vec<&Ignore> = ours.ignores.iter().filter(|i| i.is_about(id)).collect();
    let Json::Object(entries) = wanted else { return Vec::new() };
    if ignores.is_empty() {
        return Vec::new();
    }
    let mut tree = Tree::new();
    let (mut owners, root) = Owners::read(live, &mut tree);
    claim(&mut owners, Live(live), ours, (&tree, root));
    let mut walk = Walk { ignores, owners, tree, steps: Vec::new(), left: Vec::new() };
    let table = fields::table(&id.api_version, &id.kind).map(|t| t.root());
    walk.entries(entries, root, table, Place::default());
    walk.left
}

struct Walk<'a> {
    ignores: Vec<&'a Ignore>,
    owners: Owners,
    tree: Tree,
    steps: Vec<Step>,
    left: Vec<String>,
}

/// A key, or an item with all it may be called.
enum Step {
    Key(String),
    Item(Vec<String>),
}

/// Where the walk stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Below something that is ignored.
    ignored: bool,
    /// Within something that is replaced whole.
    whole: bool,
}

/// What is done with a value.
enum Fate {
    Keep,
    Cut,
    AsLive(NodeId),
}

impl Walk<'_> {
    fn entries(&mut self, wanted: &mut Map<String, Json>, live: NodeId, field: Option<Field>, place: Place) {
        let mut cut = Vec::new();
        for (key, value) in wanted.iter_mut() {
            if self.is_identity(key) {
                continue;
            }
            self.steps.push(Step::Key(key.clone()));
            let child = self.tree.get(live, key);
            if self.value(value, child, field.and_then(|f| f.child(key)), place) {
                cut.push(key.clone());
            }
            self.steps.pop();
        }
        cut.iter().for_each(|key| drop(wanted.remove(key)));
    }

    /// Whether it is to be taken out.
    fn value(&mut self, wanted: &mut Json, live: Option<NodeId>, field: Option<Field>, place: Place) -> bool {
        let place = Place { ignored: place.ignored || self.is_ignored(), ..place };
        let merge = field.map_or(Merge::Plain, Field::merge);
        let whole = match wanted {
            Json::Object(_) => merge == Merge::Atomic,
            Json::Array(_) => merge != Merge::Keyed,
            _ => true,
        };
        let both = live.is_some_and(|l| {
            matches!((self.tree.kind(l), &*wanted), (Kind::Map, Json::Object(_)) | (Kind::Seq, Json::Array(_)))
        });
        if !both || whole {
            match self.fate(wanted, live, place) {
                Fate::Keep => {}
                Fate::Cut => {
                    self.left.push(self.path());
                    return true;
                }
                Fate::AsLive(live) => {
                    self.left.push(self.path());
                    *wanted = self.tree.to_json(live);
                    return false;
                }
            }
        }
        let Some(live) = live.filter(|_| both) else { return false };
        let below = Place { whole: place.whole || whole, ..place };
        match wanted {
            Json::Object(entries) => self.entries(entries, live, field, below),
            Json::Array(items) => self.items(items, live, field, below),
            _ => {}
        }
        false
    }

    fn items(&mut self, wanted: &mut Vec<Json>, live: NodeId, field: Option<Field>, place: Place) {
        let keys: Vec<&str> = field.filter(|f| f.merge() == Merge::Keyed).into_iter().flat_map(Field::keys).collect();
        let there: Vec<NodeId> = self.tree.children(live).collect();
        let mut at = 0;
        wanted.retain_mut(|item| {
            let named =
                |key: &&str| Some(item.get(*key)?.as_str().map_or_else(|| item[*key].to_string(), str::to_owned));
            let mut names: Vec<String> = keys.iter().filter_map(named).collect();
            names.extend(Some(names.join(",")).filter(|_| names.len() > 1));
            names.extend(named(&"name"));
            names.push(at.to_string());
            let is_twin = |node: &&NodeId| {
                keys.iter()
                    .all(|key| self.tree.get(**node, key).map(|n| self.tree.to_json(n)).as_ref() == item.get(*key))
            };
            let twin = if keys.is_empty() { there.get(at) } else { there.iter().find(is_twin) };
            let twin = twin.copied();
            self.steps.push(Step::Item(names));
            let cut = self.value(item, twin, field.and_then(Field::items), place);
            self.steps.pop();
            at += 1;
            !cut
        });
    }

    fn fate(&self, wanted: &Json, live: Option<NodeId>, place: Place) -> Fate {
        let Some(live) = live else {
            // Somebody has taken it away, and nobody was shown that it would come back.
            return if place.ignored { Fate::Cut } else { Fate::Keep };
        };
        let managers: Vec<&Manager> = self.owners.of(self.tree.origin(live)).collect();
        let by_manager = |ignore: &&Ignore| managers.iter().all(|m| ignore.managers.contains(&m.name));
        let ignored = place.ignored || (!managers.is_empty() && self.ignores.iter().any(by_manager));
        if !ignored || self.tree.to_json(live) == *wanted {
            return Fate::Keep;
        }
        let mine = !managers.is_empty() && managers.iter().all(|m| m.ours);
        if place.whole || mine { Fate::AsLive(live) } else { Fate::Cut }
    }

    /// Whether an `ignore` names just this place.
    fn is_ignored(&self) -> bool {
        let is_here = |field: &Vec<String>| {
            field.len() == self.steps.len() && field.iter().zip(&self.steps).all(|(token, step)| step.is_called(token))
        };
        self.ignores.iter().flat_map(|i| &i.fields).any(is_here)
    }

    /// Without these there is no object.
    fn is_identity(&self, key: &str) -> bool {
        match &self.steps[..] {
            [] => matches!(key, "apiVersion" | "kind"),
            [Step::Key(above)] => above == "metadata" && matches!(key, "name" | "namespace"),
            _ => false,
        }
    }

    fn path(&self) -> String {
        let mut out = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) if key.contains(['.', '/', '[']) => {
                    out.push_str(&format!("[{}]", Json::from(key.as_str())))
                }
                Step::Key(key) if out.is_empty() => out.push_str(key),
                Step::Key(key) => out.push_str(&format!(".{key}")),
                Step::Item(names) => out.push_str(&format!("[{}]", names.first().map_or("", String::as_str))),
            }
        }
        out
    }
}

impl Step {
    fn is_called(&self, token: &str) -> bool {
        match self {
            Step::Key(key) => key == token,
            Step::Item(names) => names.iter().any(|name| name == token),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn left(fields: &[&[&str]], managers: &[&str], wanted: &mut Json, live: &Json) -> Vec<String> {
        let text = |t: &&str| (*t).to_owned();
        let id = ObjectId {
            api_version: wanted["apiVersion"].as_str().unwrap().into(),
            kind: wanted["kind"].as_str().unwrap().into(),
            namespace: "m".into(),
            name: "a".into(),
        };
        let ignore = Ignore {
            kind: id.kind.clone(),
            name: "*".into(),
            fields: fields.iter().map(|f| f.iter().map(text).collect()).collect(),
            managers: managers.iter().map(text).collect(),
            why: String::new(),
        };
        let ours = Ours { ignores: vec![ignore], ..Ours::default() };
        leave_to_others(&id, wanted, live, &ours)
    }

    fn deployment(replicas: u64, image: &str, fields: Json) -> Json {
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": "m", "managedFields": [
                {"manager": "watershed", "operation": "Apply", "fieldsV1": fields},
                {"manager": "kubectl", "operation": "Update", "subresource": "scale",
                 "fieldsV1": {"f:spec": {"f:replicas": {}}}}]},
            "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "c", "image": image}]}}}})
    }

    #[test]
    fn what_somebody_else_has_set_is_not_sent() {
        let live = deployment(5, "new", json!({"f:metadata": {}}));
        let mut wanted = deployment(1, "new", json!({}));
        wanted["metadata"].as_object_mut().unwrap().remove("managedFields");
        let before = wanted.clone();
        assert_eq!(left(&[&["spec", "replicas"]], &[], &mut wanted, &live), ["spec.replicas"]);
        assert_eq!(wanted.pointer("/spec/replicas"), None);
        assert_eq!(wanted.pointer("/spec/template"), before.pointer("/spec/template"));
        let mut by_manager = before.clone();
        assert_eq!(left(&[], &["kubectl"], &mut by_manager, &live), ["spec.replicas"]);
        let mut other = before.clone();
        assert!(left(&[&["spec", "paused"]], &["keda"], &mut other, &live).is_empty() && other == before);
        let mut same = before.clone();
        assert!(left(&[&["spec", "replicas"]], &[], &mut same, &before).is_empty() && same == before);
    }

    #[test]
    fn what_is_ours_alone_or_in_a_list_that_is_replaced_whole_stays_as_it_is() {
        let mut mine = deployment(5, "old", json!({"f:spec": {"f:replicas": {}}}));
        mine["metadata"]["managedFields"].as_array_mut().unwrap().pop();
        let mut wanted = deployment(1, "new", json!({}));
        let image: &[&str] = &["spec", "template", "spec", "containers", "c", "image"];
        let said = left(&[&["spec", "replicas"], image], &[], &mut wanted, &mine);
        assert_eq!(said, ["spec.replicas", "spec.template.spec.containers[c].image"]);
        assert_eq!(wanted.pointer("/spec/replicas"), Some(&json!(5)));
        assert_eq!(wanted.pointer("/spec/template/spec/containers/0"), Some(&json!({"name": "c"})), "nobody's is cut");

        let monitor = |interval: &str| {
            json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
                   "metadata": {"name": "a", "namespace": "m"},
                   "spec": {"endpoints": [{"port": "web", "interval": interval}]}})
        };
        let mut wanted = monitor("30s");
        assert_eq!(left(&[&["spec", "endpoints", "0", "interval"]], &[], &mut wanted, &monitor("1m")).len(), 1);
        assert_eq!(wanted, monitor("1m"));
    }

    #[test]
    fn an_object_keeps_its_name() {
        let mut wanted = deployment(1, "new", json!({}));
        let live = json!({"metadata": {}});
        left(&[&["metadata"], &["kind"]], &[], &mut wanted, &live);
        assert_eq!((&wanted["kind"], &wanted["metadata"]["name"]), (&json!("Deployment"), &json!("a")));
    }
}
