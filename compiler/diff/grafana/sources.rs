//! Data sources. Secrets are not returned: of them the names are compared.

use serde_json::{Map, Value as Json};

use super::saved::Saved;
use super::shelf::Item;
use super::{DATA_SOURCE, InGrafana, Scene, absent, id, is_empty, unapproved};
use crate::diag::Origin;
use crate::diff::{Because, Cause, Change, Edit, Hidden, Side, added, compare, removed};
use crate::object::{Tree, Value};

/// What may be said of one, beside its secrets and `editable`; all else is Grafana's.
const FIELDS: [&str; 10] =
    ["name", "uid", "type", "access", "url", "database", "basicAuth", "basicAuthUser", "isDefault", "jsonData"];

/// Where secrets stand. On both sides there is such a map, so that each is told by its name.
const SECRETS: &str = "secureJsonData";

/// A data source, by its uid, against what Grafana answers; `all` are those it lists.
pub fn compare_source(scene: Scene<'_>, uid: &str, answer: Option<&Json>, all: &[Json]) -> InGrafana {
    let Some(item) = scene.wanted.sources.get(uid) else { return InGrafana::default() };
    let object = id(DATA_SOURCE, uid);
    let mut wanted = Tree::new();
    let root = asked_for(&mut wanted, scene.wanted.side(item), item, uid);
    let side = Side::new(&wanted, root);
    let Some(answer) = answer else {
        let change = added(&object, &item.way.file, side);
        return match namesake(&wanted, root, all) {
            Some(other) => {
                let by = format!("one of this name is there under the uid `{other}`, and Grafana takes a name once");
                let because = Some(Because { cause: Cause::Foreign, by });
                InGrafana { changes: vec![Change { because, ..change }], ..InGrafana::default() }
            }
            None => absent(change, String::new()),
        };
    };
    let mut found = InGrafana::default();
    let mut live = Tree::new();
    let live_root = live.add_json("", &shown(answer, &wanted, root, &mut found), Origin::INHERIT);
    let mut changes = compare(&object, &item.way.file, Side::new(&live, live_root), side, scene.rules);
    let empty = |v: &Option<Json>| v.as_ref().is_none_or(is_empty);
    changes.retain(|change| {
        let none = matches!(change.edit, Edit::Added | Edit::Removed) && empty(&change.before) && empty(&change.after);
        if none {
            *found.hidden.entry(Hidden::Server).or_default() += 1;
        }
        !none
    });
    scene.ignore(&mut changes, &[], &mut found);
    let saved = Saved {
        by: None,
        at: "",
        version: answer.get("version").and_then(Json::as_u64),
        provisioned: answer.get("readOnly").and_then(Json::as_bool) == Some(true),
    };
    let approved = scene.approved.map(|shelf| shelf.sources.get(uid).map(|then| shelf.side(then)));
    let earlier = approved.map(|then| scene.earlier(&object, then, scene.wanted.side(item)));
    for change in &mut changes {
        change.because = Some(saved.judge(item.way.by_operator, unapproved(earlier.as_ref(), &change.path)));
    }
    found.changes = changes;
    found
}

/// Data sources that were approved once, are still there, and nothing compiled asks for: a file that no longer names one
/// takes none away.
pub fn orphaned(scene: Scene<'_>, all: &[Json]) -> Vec<Change> {
    let approved = scene.approved.into_iter().flat_map(|shelf| &shelf.sources);
    let gone = approved.filter(|(uid, _)| !scene.wanted.sources.contains_key(*uid));
    let one = |(uid, _): (&String, &Item)| {
        let live = all.iter().find(|source| source.get("uid").and_then(Json::as_str) == Some(uid))?;
        let mut tree = Tree::new();
        let kept = FIELDS.iter().filter_map(|key| Some(((*key).to_owned(), live.get(*key)?.clone())));
        let root = tree.add_json("", &Json::Object(kept.collect()), Origin::INHERIT);
        let mut change = removed(&id(DATA_SOURCE, uid), "", Side::new(&tree, root));
        (change.origin, change.was) = (Origin::INHERIT, Origin::INHERIT);
        change.because = Some(Because { cause: Cause::Orphan, by: String::new() });
        Some(change)
    };
    gone.filter_map(one).collect()
}

/// What is asked for, in the form in which it can be compared: of secrets their names.
fn asked_for(tree: &mut Tree, side: Side<'_>, item: &Item, uid: &str) -> crate::object::NodeId {
    let root = tree.copy(side.tree, side.root, "");
    if tree.get(root, "uid").is_none() {
        tree.set(root, "/uid", Value::Str(uid), tree.origin(root));
    }
    if item.way.by_operator {
        // It cannot be said through the API.
        tree.remove(root, "/editable");
    }
    if tree.get(root, SECRETS).is_none() {
        tree.set(root, "/secureJsonData", Value::Map, tree.origin(root));
    }
    let secrets: Vec<_> = tree.get(root, SECRETS).into_iter().flat_map(|s| tree.children(s)).collect();
    for secret in secrets {
        tree.set_value(secret, Value::Bool(true));
    }
    root
}

/// What is there, in the same form.
fn shown(answer: &Json, wanted: &Tree, root: crate::object::NodeId, found: &mut InGrafana) -> Json {
    let mut shown = Map::new();
    let text = |key: &str| wanted.get(root, key).and_then(|n| wanted.as_str(n));
    for key in FIELDS {
        let Some(value) = answer.get(key) else { continue };
        let reference = text(key).filter(|t| t.starts_with("$__file{") || t.starts_with("${"));
        match reference {
            // Grafana has put in what is referred to, which nobody here knows.
            Some(reference) if !is_empty(value) => {
                *found.hidden.entry(Hidden::Secret).or_default() += 1;
                shown.insert(key.to_owned(), reference.into());
            }
            _ => {
                shown.insert(key.to_owned(), value.clone());
            }
        }
    }
    if wanted.get(root, "editable").is_some() {
        let locked = answer.get("readOnly").and_then(Json::as_bool) == Some(true);
        shown.insert("editable".to_owned(), (!locked).into());
    }
    let secrets = answer.get("secureJsonFields").and_then(Json::as_object);
    let secrets: Map<String, Json> = secrets
        .into_iter()
        .flatten()
        .filter(|(_, held)| held.as_bool() == Some(true))
        .map(|(name, _)| (name.clone(), true.into()))
        .collect();
    if !secrets.is_empty() {
        *found.hidden.entry(Hidden::Secret).or_default() += secrets.len();
    }
    shown.insert(SECRETS.to_owned(), Json::Object(secrets));
    Json::Object(shown)
}

/// The uid of another data source of the same name.
fn namesake<'a>(wanted: &Tree, root: crate::object::NodeId, all: &'a [Json]) -> Option<&'a str> {
    let name = wanted.get(root, "name").and_then(|n| wanted.as_str(n))?;
    let other = all.iter().find(|source| source.get("name").and_then(Json::as_str) == Some(name))?;
    other.get("uid").and_then(Json::as_str)
}
