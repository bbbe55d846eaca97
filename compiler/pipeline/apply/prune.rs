//! What is left over in a cluster: what may be deleted, what only a person deletes, and when nothing is.

use serde_json::Value as Json;

use super::super::live::{Approval, LiveCluster, Material};
use super::quoted;
use crate::diff::Live;
use crate::emit::MANAGED_BY;
use crate::object::ObjectId;
use crate::world::server::Seen;

/// Kinds that hold data, credentials or other objects: what deletes them deletes more than one object.
const BY_HAND: &[&str] = &[
    "Alertmanager",
    "CustomResourceDefinition",
    "Namespace",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Prometheus",
    "PrometheusAgent",
    "Secret",
    "StatefulSet",
    "ThanosRuler",
];
/// All kinds of which are such.
const BY_HAND_GROUP: &str = "operator.victoriametrics.com";
/// More than this part of a cluster's objects is never deleted at once.
const MOST: usize = 5;

/// What nothing asks for any more.
#[derive(Default)]
pub struct Pruning<'c> {
    /// May be deleted.
    pub delete: Vec<(&'c ObjectId, Seen)>,
    /// Only a person deletes these.
    pub by_hand: Vec<ByHand<'c>>,
    /// Stays as long as something that only a person deletes does: the object, and which needs it.
    pub kept: Vec<(&'c ObjectId, &'c ObjectId)>,
    /// Why nothing is deleted here.
    pub refused: Option<String>,
}

/// Something that only a person deletes.
pub struct ByHand<'c> {
    pub id: &'c ObjectId,
    /// What has to be seen to before.
    pub before: Option<&'static str>,
    /// Whether it may go at all: a namespace that was there before us or is still used is not ours to delete.
    pub goes: bool,
}

impl<'c> Pruning<'c> {
    /// All of it carries our marks, and was shown as left over.
    pub(super) fn of(cluster: &LiveCluster, material: &'c Material) -> Pruning<'c> {
        let mut pruning = Pruning::default();
        let mut unmarked = 0;
        for (id, object) in &material.orphans {
            let text = |name: &str| object.get("metadata").and_then(|m| m.get(name)?.as_str()).map(str::to_owned);
            let seen = text("uid")
                .zip(text("resourceVersion"))
                .filter(|(uid, version)| !uid.is_empty() && !version.is_empty());
            match seen {
                _ if is_by_hand(id) => {
                    let (before, goes) = (first(object), id.kind != "Namespace" || is_left(id, object, material));
                    pruning.by_hand.push(ByHand { id, before, goes });
                }
                Some((uid, resource_version)) => {
                    let namespace = Some(id.namespace.clone()).filter(|n| !n.is_empty());
                    pruning.delete.push((id, Seen { namespace, name: id.name.clone(), uid, resource_version }));
                }
                None => unmarked += 1,
            }
        }
        let needed = |id: &ObjectId| pruning.by_hand.iter().map(|b| b.id).find(|by| needs(material, by, id));
        let (kept, delete) =
            pruning.delete.into_iter().map(|d| (needed(d.0), d)).partition::<Vec<_>, _>(|d| d.0.is_some());
        pruning.kept = kept.into_iter().filter_map(|(by, (id, _))| Some((id, by?))).collect();
        pruning.delete = delete.into_iter().map(|(_, d)| d).collect();
        pruning.refused = refusal(cluster, material, pruning.delete.len(), unmarked);
        pruning
    }
}

fn refusal(cluster: &LiveCluster, material: &Material, gone: usize, unmarked: usize) -> Option<String> {
    if gone + unmarked == 0 {
        return None;
    }
    if let Some(why) = material.unlisted.first() {
        return Some(format!("something could not be listed, so that what is left over is not known: {why}"));
    }
    if let Some(unverified) = cluster.unverified.first() {
        return Some(format!("not everything could be looked at: {}: {}", unverified.what, unverified.why));
    }
    if material.approval != Approval::Given {
        return Some("the checked-in output of this cluster is not all of what the spec compiles to".to_owned());
    }
    if unmarked > 0 {
        return Some(format!("{unmarked} of the objects have no uid, so that another could be deleted in their place"));
    }
    let marked = material.there.values().filter(|object| Live(object).is_marked(&material.ours)).count();
    let all = marked + gone;
    if gone * MOST > all {
        return Some(format!(
            "{gone} of the {all} objects of this cluster would go, more than a fifth: look whether it is the right \
             spec, and delete by hand what is meant to go"
        ));
    }
    None
}

/// Label that names what an object is made for.
const UNIT: &str = "watershed/unit";

/// Whether something that stays needs an object: it is made for the same, or named by its pods.
fn needs(material: &Material, stays: &ObjectId, id: &ObjectId) -> bool {
    let (Some(user), Some(used)) = (material.orphans.get(stays), material.orphans.get(id)) else { return false };
    if stays.kind == "Namespace" {
        return false;
    }
    let unit = |object: &Json| object.pointer("/metadata/labels")?.get(UNIT)?.as_str().map(str::to_owned);
    let same = unit(user).is_some_and(|unit_of_user| unit(used) == Some(unit_of_user));
    same || (stays.namespace == id.namespace && user.get("spec").is_some_and(|spec| names(spec, &id.name)))
}

/// Whether a value that names an object of the same namespace is this name.
fn names(value: &Json, name: &str) -> bool {
    const KEYS: [&str; 5] = ["name", "serviceAccountName", "serviceName", "secretName", "claimName"];
    match value {
        Json::Object(entries) => {
            entries.iter().any(|(key, v)| (KEYS.contains(&key.as_str()) && v == name) || names(v, name))
        }
        Json::Array(items) => items.iter().any(|item| names(item, name)),
        _ => false,
    }
}

/// What has to be seen to before something is deleted.
fn first(object: &Json) -> Option<&'static str> {
    let containers = object.pointer("/spec/template/spec/containers").and_then(Json::as_array);
    let arguments = containers.into_iter().flatten().filter_map(|c| c.get("args")?.as_array()).flatten();
    let mut texts = arguments.filter_map(Json::as_str);
    let sends = texts.any(|text| text.trim_start_matches('-').starts_with("remoteWrite.url="));
    if sends {
        return Some(
            "its queues may hold samples that no store has yet: let it drain first, until \
                     vm_persistentqueue_bytes_pending is 0",
        );
    }
    let writes = object.pointer("/spec/remoteWrite").and_then(Json::as_array).is_some_and(|all| !all.is_empty());
    writes.then_some("what it has not sent to its stores yet is lost with it: let it catch up first")
}

/// Whether a namespace was made by us, and nothing that is compiled or kept stands in it.
fn is_left(id: &ObjectId, object: &Json, material: &Material) -> bool {
    let used = material.wanted.iter().any(|d| d.id.namespace == id.name)
        || material.orphans.keys().any(|other| other.namespace == id.name);
    let entries = object.pointer("/metadata/managedFields").and_then(Json::as_array);
    let by_us = entries.is_some_and(|all| {
        let plain = |e: &&Json| e.get("subresource").is_none_or(|s| s == "");
        !all.is_empty() && all.iter().filter(plain).all(|e| e.get("manager").is_some_and(|m| m == MANAGED_BY))
    });
    by_us && !used
}

fn is_by_hand(id: &ObjectId) -> bool {
    BY_HAND.contains(&id.kind.as_str()) || id.group() == BY_HAND_GROUP
}

/// The command that deletes an object.
pub fn command(id: &ObjectId, context: &str) -> String {
    let kind = id.kind.to_lowercase();
    let resource = if id.group().is_empty() { kind } else { format!("{kind}.{}", id.group()) };
    let namespace =
        if id.namespace.is_empty() { String::new() } else { format!(" --namespace {}", quoted(&id.namespace)) };
    format!("kubectl --context {} delete {} {}{namespace}", quoted(context), quoted(&resource), quoted(&id.name))
}
