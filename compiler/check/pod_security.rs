//! Every pod keeps the Pod Security profile that its namespace enforces.
//!
//! Namespaces of ours admit what we run there. One that came with `raw`, or was changed by a `patch`,
//! may not; neither may one of ours admit the pods of a raw object.

use std::collections::BTreeMap;

use super::{Finding, codes};
use crate::diag::Origin;
use crate::emit::pod_security::{ENFORCE, Profile, need};
use crate::object::{NodeId, ObjectId, Tree};

/// Namespaces and pods of a cluster, in any order.
#[derive(Debug, Default)]
pub struct Admission {
    enforced: BTreeMap<String, (Profile, Origin)>,
    pods: Vec<Pods>,
}

#[derive(Debug)]
struct Pods {
    id: ObjectId,
    origin: Origin,
    profile: Profile,
    /// The field that asks for it; empty where one is missing.
    because: String,
}

impl Admission {
    /// Takes in a finished object.
    pub fn see(&mut self, tree: &Tree, root: NodeId, id: &ObjectId, origin: Origin) {
        if id.kind == "Namespace" {
            let label = tree.at(root, &["metadata", "labels"]).and_then(|labels| tree.get(labels, ENFORCE));
            if let Some((label, profile)) = label.and_then(|l| Some((l, Profile::parse(tree.as_str(l)?)?))) {
                let own = tree.origin(label);
                let at = if own == Origin::INHERIT { origin } else { own };
                self.enforced.insert(id.name.clone(), (profile, at));
            }
        } else if let Some(need) = need(tree, root) {
            let because = tree.key(need.because).to_owned();
            let because = if matches!(because.as_str(), "" | "spec") { String::new() } else { because };
            self.pods.push(Pods { id: id.clone(), origin, profile: need.profile, because });
        }
    }

    /// Reports the pods that their namespace refuses.
    pub fn check(&self, found: &mut dyn FnMut(Finding)) {
        for pods in &self.pods {
            let Some((enforced, at)) = self.enforced.get(&pods.id.namespace) else { continue };
            if pods.profile <= *enforced {
                continue;
            }
            let (id, namespace) = (&pods.id, &pods.id.namespace);
            let because = match pods.because.as_str() {
                "" => String::new(),
                field => format!(", for `{field}`"),
            };
            let what = format!(
                "the pods of {id} need the profile `{}`{because}; `{namespace}` enforces `{enforced}`",
                pods.profile
            );
            let help = format!(
                "let the namespace admit them, with the label `{ENFORCE}: {}`; or run them in a namespace of their own \
                 (`exporter namespace=\"…\"`)",
                pods.profile
            );
            let finding = Finding::new(id, String::new(), &codes::POD_REFUSED, what).help(help);
            let other = Some((*at, format!("`{namespace}` admits `{enforced}` only")));
            found(Finding { other, ..finding.from(std::iter::once(pods.origin)) });
        }
    }
}
