//! Every stage and every whole cluster of `output/` is a kustomization: kustomize builds it, and no object is in it
//! twice.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::emitted;
use crate::ground::process;
use crate::ground::volumes::text;
use crate::trouble::{During as _, Outcome, Trouble};

/// # Errors
/// kustomize's own words, or which object is there twice or is missing.
pub fn judge(kustomize: &Path) -> Outcome<String> {
    let (mut builds, mut objects) = (0, 0);
    for cluster in emitted::clusters()? {
        let whole = build(kustomize, &cluster.folder)?;
        let mut in_stages = 0;
        for stage in cluster.stages()? {
            in_stages += build(kustomize, &stage)?;
            builds += 1;
        }
        builds += 1;
        objects += whole;
        if whole != in_stages {
            let what = format!("{}: {whole} objects in all and {in_stages} in its stages", cluster.folder.display());
            return Err(Trouble::new(what));
        }
    }
    Ok(format!("{builds} kustomizations with {objects} objects, none twice"))
}

/// How many objects it makes.
fn build(kustomize: &Path, folder: &Path) -> Outcome<usize> {
    let built = process::run(Command::new(kustomize).arg("build").arg(folder))?;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for document in serde_yaml::Deserializer::from_str(&built) {
        let object: Value = serde::Deserialize::deserialize(document).during(folder.display())?;
        // Versions do not tell objects apart: `policy/v1` and `policy/v1beta1` name the same thing.
        let group = text(&object, "/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
        let id = [group, text(&object, "/kind"), text(&object, "/metadata/namespace"), text(&object, "/metadata/name")];
        let id = id.join(" ");
        *seen.entry(id).or_default() += 1;
    }
    match seen.iter().find(|(_, times)| **times > 1) {
        Some((id, times)) => Err(Trouble::new(format!("{}: {id} is there {times} times", folder.display()))),
        None if seen.is_empty() => Err(Trouble::new(format!("{}: no object", folder.display()))),
        None => Ok(seen.len()),
    }
}
