//! Helm releases of a cluster: their values against those that are compiled, and what their charts made against what is
//! live.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::read::{Asked, read};
use super::{Compared, Unverified};
use crate::diff::{self, Approved, Because, Cause, Live, Ours, Release, Revision, Wanted, compare_live};
use crate::object::{NodeId, ObjectId, Tree};
use crate::pipeline::diff::rules;
use crate::syntax::plain;
use crate::world::server::{Failure, FailureKind, Listed, Served};
use crate::world::{Server, World};

/// Where it is known from what a release was last given.
#[derive(Debug, Clone, Copy)]
pub enum Helm<'a> {
    /// Nobody may read it: Secrets of releases hold all values.
    Unread,
    /// The Secrets that Helm keeps.
    Secrets,
    /// Files of `helm get values`, `<release>.yaml` below this folder, or below one of the cluster's name in it.
    Values(&'a str),
}

/// Bytes of a file of values.
const MAX_VALUES: u64 = 16 << 20;
/// Helm as a field manager: version 3 updates, version 4 may apply.
const MANAGER: &str = "helm";

/// Compares a release by what its Secrets say.
pub(super) fn by_secrets(server: &dyn Server, wanted: Release<'_>, compared: &mut Compared) {
    let namespace = &wanted.id.namespace;
    let secrets = Listed {
        served: Served {
            api_version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            plural: "secrets".to_owned(),
            namespaced: true,
        },
        namespace: Some(namespace.clone()),
        labels: Some(format!("owner=helm,name={}", wanted.id.name)),
    };
    let revisions: Result<Vec<Revision>, Failure> = server.list(&secrets).and_then(|all| {
        let bad = |why: String| Failure::new(FailureKind::Garbage, format!("a Secret of it cannot be read: {why}"));
        diff::that_count(&all).into_iter().map(|secret| Revision::of_secret(secret).map_err(bad)).collect()
    });
    match revisions {
        Ok(revisions) => {
            compared.changes.extend(diff::compare_release(wanted, &revisions, &rules()));
            compared.count += 1;
            if let Some(deployed) = diff::deployed(&revisions) {
                manifest(server, wanted, deployed, compared);
            }
        }
        Err(why) => unverified(wanted, why, compared),
    }
}

/// Compares a release by a file of its values.
pub(super) fn by_values(world: &dyn World, folder: &str, cluster: &str, wanted: Release<'_>, compared: &mut Compared) {
    let name = &wanted.id.name;
    let of_cluster = format!("{folder}/{cluster}/{name}.yaml");
    let read = |path: &str| world.read(path, MAX_VALUES);
    let bytes = read(&of_cluster).or_else(|_| read(&format!("{folder}/{name}.yaml")));
    let values =
        bytes.map_err(|trouble| Failure::new(FailureKind::NotRecorded, trouble.to_string())).and_then(|bytes| {
            let bad = |why: &str| Failure::new(FailureKind::Garbage, format!("{of_cluster}: {why}"));
            let text = std::str::from_utf8(&bytes).map_err(|_| bad("it is no text"))?;
            let mut tree = Tree::new();
            let roots =
                plain::read_tree(text, &mut tree).map_err(|e| bad(&format!("line {}: it is no YAML", e.line)))?;
            Ok(roots.first().map_or(Json::Null, |root| tree.to_json(*root)))
        });
    match values {
        Ok(values) => {
            let revision = Revision::of_values(values, &wanted);
            compared.changes.extend(diff::compare_release(wanted, &[revision], &rules()));
            compared.count += 1;
        }
        Err(why) => unverified(wanted, why, compared),
    }
}

fn unverified(wanted: Release<'_>, why: Failure, compared: &mut Compared) {
    let what = format!("the Helm release {} in {}", wanted.id.name, wanted.id.namespace);
    compared.unverified.push(Unverified { what, objects: BTreeSet::from([wanted.id.clone()]), why });
}

/// The objects a release has sent, against what is live: whatever differs was changed since.
fn manifest(server: &dyn Server, release: Release<'_>, deployed: &Revision, compared: &mut Compared) {
    let mut tree = Tree::new();
    let Some(roots) = deployed.objects(&rules(), &mut tree) else {
        let why = Failure::new(FailureKind::Garbage, "its manifest is no YAML, or has too many objects");
        return unverified(release, why, compared);
    };
    let mut scopes: BTreeMap<String, Vec<Served>> = BTreeMap::new();
    let mut wanted: BTreeMap<ObjectId, NodeId> = BTreeMap::new();
    for root in roots {
        let text = |path: &[&str]| tree.at(root, path).and_then(|n| tree.as_str(n)).unwrap_or_default().to_owned();
        let (api_version, kind, name) = (text(&["apiVersion"]), text(&["kind"]), text(&["metadata", "name"]));
        if kind.is_empty() || name.is_empty() {
            continue;
        }
        let known = scopes.entry(api_version.clone());
        let known = known.or_insert_with(|| server.kinds(&api_version).unwrap_or_default());
        // What cannot be asked is told when it is read.
        let namespaced = known.iter().find(|s| s.kind == kind).is_none_or(|s| s.namespaced);
        let own = text(&["metadata", "namespace"]);
        let namespace = match (namespaced, own.is_empty()) {
            (false, _) => String::new(),
            (true, true) => release.id.namespace.clone(),
            (true, false) => own,
        };
        wanted.insert(ObjectId { api_version, kind, namespace, name }, root);
    }
    let asked = Asked {
        objects: wanted.keys().cloned().collect(),
        namespaces: wanted.keys().map(|id| id.namespace.clone()).filter(|n| !n.is_empty()).collect(),
        kinds: BTreeSet::new(),
        selected: super::Selections::default(),
        ours: format!("app.kubernetes.io/managed-by=Helm,app.kubernetes.io/instance={}", release.id.name),
    };
    let reading = read(server, &asked);
    let ours = Ours { aliases: vec![MANAGER.to_owned()], applied: true, ..Ours::default() };
    for (id, root) in &wanted {
        if reading.unverified.iter().any(|u| u.objects.contains(id)) {
            continue;
        }
        let side = diff::Side { tree: &tree, root: *root };
        let Some(live) = reading.objects.get(id) else {
            let mut change = diff::added(id, release.file, side);
            let by = format!("taken away since revision {}", deployed.number);
            change.because = Some(Because { cause: Cause::Drift, by });
            compared.changes.push(change);
            continue;
        };
        let object = Wanted { id, file: release.file, side, approved: Approved::Same };
        let mut found = compare_live(object, Live(live), &ours, &rules());
        // Charts say nothing of namespaces; the server does.
        found.changes.retain(|c| c.path != "metadata.namespace");
        compared.count += 1;
        compared.changes.extend(found.changes);
        compared.hide(id, found.hidden_at);
    }
    compared.unverified.extend(reading.unverified);
}
