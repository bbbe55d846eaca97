//! `secrets.required.yaml`: every Secret that has to be there, without values.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::plan::ClusterPlan;
use crate::object::{Build, Tree, yaml};

/// Namespace, name, keys and users of each Secret, sorted. A list of its own, no Kubernetes object.
pub fn secrets(plan: &ClusterPlan<'_>, out: &mut String) {
    let mut needed: BTreeMap<(&str, &str), Needed<'_>> = BTreeMap::new();
    for secret in &plan.secrets {
        let needed = needed.entry((&secret.namespace, &secret.name)).or_default();
        needed.keys.extend(secret.keys.iter().map(String::as_str));
        needed.users.insert(&secret.used_by);
    }
    let mut tree = Tree::new();
    let root = Build::map(&mut tree, |o| {
        o.list("secrets", |l| {
            for ((namespace, name), Needed { keys, users }) in needed {
                l.object("", |s| {
                    s.str("namespace", namespace);
                    s.str("name", name);
                    s.strs("keys", keys);
                    s.strs("usedBy", users);
                });
            }
        });
    });
    out.push_str("# Secrets that must exist in this cluster before its objects are applied. No values here.\n");
    yaml::write(&tree, root, out);
}

/// The keys of a Secret, and who uses them.
#[derive(Default)]
struct Needed<'p> {
    keys: BTreeSet<&'p str>,
    users: BTreeSet<&'p str>,
}
