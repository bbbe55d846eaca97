//! What is left over in a cluster: what may be deleted, what only a person deletes, and when nothing is.

use super::super::live::{Approval, LiveCluster, Material};
use super::quoted;
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
    pub by_hand: Vec<&'c ObjectId>,
    /// Why nothing is deleted here.
    pub refused: Option<String>,
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
                _ if is_by_hand(id) => pruning.by_hand.push(id),
                Some((uid, resource_version)) => {
                    let namespace = Some(id.namespace.clone()).filter(|n| !n.is_empty());
                    pruning.delete.push((id, Seen { namespace, name: id.name.clone(), uid, resource_version }));
                }
                None => unmarked += 1,
            }
        }
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
    let all = material.there.len() + material.orphans.len();
    if gone * MOST > all {
        return Some(format!(
            "{gone} of the {all} objects of this cluster would go, more than a fifth: look whether it is the right \
             spec, and delete by hand what is meant to go"
        ));
    }
    None
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
