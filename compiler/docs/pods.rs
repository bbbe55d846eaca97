//! Which namespaces that we do not make have to admit which pods of ours.

use std::collections::{BTreeMap, BTreeSet};

use crate::emit::pod_security::{ENFORCE, Profile, need};
use crate::object::{NodeId, ObjectId, Tree};

/// What the objects of a cluster need of their namespaces.
#[derive(Debug, Default)]
pub struct Pods {
    made: BTreeSet<String>,
    needs: BTreeMap<String, Profile>,
}

impl Pods {
    /// Takes in a finished object.
    pub fn see(&mut self, tree: &Tree, root: NodeId, id: &ObjectId) {
        if id.kind == "Namespace" {
            self.made.insert(id.name.clone());
        } else if let Some(need) = need(tree, root) {
            let needed = self.needs.entry(id.namespace.clone()).or_insert(need.profile);
            *needed = need.profile.max(*needed);
        }
    }

    /// What has to be seen to, in words. Pods that are `restricted` are admitted everywhere.
    pub fn to_admit(&self) -> impl Iterator<Item = String> + '_ {
        let foreign = self.needs.iter().filter(|(n, p)| **p > Profile::Restricted && !self.made.contains(*n));
        foreign.map(|(namespace, profile)| {
            format!(
                "`{namespace}` is not made here. Where the cluster enforces Pod Security profiles, it needs the label \
                 `{ENFORCE}: {profile}`: pods that run there ask for no less."
            )
        })
    }
}
