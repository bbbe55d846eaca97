//! Where an object's file stands: `<stage>/<kind>-<name>.yaml`, and more only where that is taken.
//!
//! A name depends on the set of objects, never on their order.

use super::Object;
use crate::object::{ObjectId, Place};
use crate::world::Fingerprint;

/// Longer names are cut and told apart by a hash: file systems take 255 bytes.
const LONGEST: usize = 200;

/// Paths of objects, in their order.
pub fn file_paths<'o>(objects: impl IntoIterator<Item = (Place, &'o ObjectId)>) -> Vec<String> {
    let objects: Vec<(Place, &ObjectId)> = objects.into_iter().collect();
    let mut paths: Vec<String> = objects.iter().map(|(place, id)| path(*place, id, "")).collect();
    // `_` occurs in no name of Kubernetes that is a DNS name, so these cannot meet plain ones.
    widen(&mut paths, |i| path(objects[i].0, objects[i].1, &format!("_{}", objects[i].1.namespace)));
    widen(&mut paths, |i| path(objects[i].0, objects[i].1, &format!("_{}", short_hash(objects[i].1))));
    paths
}

/// Gives a longer path to each of those that share one.
fn widen(paths: &mut [String], longer: impl Fn(usize) -> String) {
    let mut order: Vec<usize> = (0..paths.len()).collect();
    order.sort_by(|a, b| paths[*a].cmp(&paths[*b]));
    let shared: Vec<usize> = order
        .chunk_by(|a, b| paths[*a] == paths[*b])
        .filter(|same| same.len() > 1)
        .flat_map(|same| same.iter().copied())
        .collect();
    for i in shared {
        paths[i] = longer(i);
    }
}

fn path(place: Place, id: &ObjectId, suffix: &str) -> String {
    let (stem, extension) = match place {
        Place::Helm => (id.name.clone(), "values.yaml"),
        _ => (format!("{}-{}", id.kind, id.name), "yaml"),
    };
    let mut stem: String = stem.chars().map(plain).collect();
    if stem.len() > LONGEST {
        stem = format!("{}_{}", &stem[..LONGEST - 20], short_hash(id));
    }
    let suffix: String = suffix.chars().map(plain).collect();
    format!("{}/{stem}{suffix}.{extension}", place.folder())
}

/// Names of RBAC objects may hold almost anything; files are named alike on every file system.
fn plain(c: char) -> char {
    match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9' | '-' | '.' | '_') => c,
        _ => '_',
    }
}

fn short_hash(id: &ObjectId) -> String {
    let text = format!("{}\0{}\0{}\0{}", id.api_version, id.kind, id.namespace, id.name);
    format!("{}", Fingerprint::of(text.as_bytes()))[..8].to_owned()
}

pub(super) fn of(objects: &[Object]) -> Vec<String> {
    let mut paths = file_paths(objects.iter().map(|o| (o.place, &o.id)));
    for (path, object) in paths.iter_mut().zip(objects) {
        if let Some((release, _)) = &object.release {
            *path = format!("helm/{release}.values.yaml");
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(api: &str, kind: &str, namespace: &str, name: &str) -> ObjectId {
        ObjectId { api_version: api.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    fn paths(ids: &[ObjectId]) -> Vec<String> {
        file_paths(ids.iter().map(|id| (Place::Monitors, id)))
    }

    #[test]
    fn kind_and_name_suffice_until_two_objects_share_them() {
        let a = id("monitoring.coreos.com/v1", "ServiceMonitor", "monitoring", "node-exporter-roce");
        assert_eq!(paths(&[a]), ["40-monitors/servicemonitor-node-exporter-roce.yaml"]);
        let two = [id("v1", "Service", "a", "x"), id("v1", "Service", "b", "x"), id("v1", "Service", "a", "y")];
        assert_eq!(
            paths(&two),
            ["40-monitors/service-x_a.yaml", "40-monitors/service-x_b.yaml", "40-monitors/service-y.yaml"]
        );
    }

    #[test]
    fn groups_and_cases_that_meet_are_told_apart_whatever_their_order() {
        let mut ids = vec![
            id("v1", "Service", "a", "x"),
            id("serving.knative.dev/v1", "Service", "a", "x"),
            id("rbac.authorization.k8s.io/v1", "ClusterRole", "", "System:x"),
            id("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:X"),
        ];
        let forward = paths(&ids);
        ids.reverse();
        let mut backward = paths(&ids);
        backward.reverse();
        assert_eq!(forward, backward);
        let mut unique = forward.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), 4, "{forward:?}");
        assert!(forward.iter().all(|p| crate::world::names::usable(p)), "{forward:?}");
    }

    #[test]
    fn names_stay_within_what_file_systems_take() {
        let long = "n".repeat(253);
        let all = paths(&[id("v1", "Service", "a", &long), id("v1", "Service", "b", &long)]);
        assert!(all.iter().all(|p| p.len() < 240), "{all:?}");
        assert_ne!(all[0], all[1]);
    }
}
