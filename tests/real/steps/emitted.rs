//! What is checked in below `output/`, cluster by cluster, as its own indexes list it. It reads; what
//! it means is for the steps.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::ground::{During, Outcome, Trouble};

/// The folder of one cluster.
pub struct Cluster {
    pub fleet: String,
    pub name: String,
    pub folder: PathBuf,
    /// `objects` of the index: path, kind, namespace, name.
    index: Vec<Value>,
}

/// A file of a cluster that holds one object.
pub struct Object {
    /// Below the repository: `output/fleet/cluster/…`.
    pub file: String,
    pub json: Value,
}

/// Every cluster of every example, sorted.
///
/// # Errors
/// `output/` cannot be read, or holds no cluster.
pub fn clusters() -> Outcome<Vec<Cluster>> {
    clusters_in(&repository("output"))
}

/// Every cluster of an output tree, sorted.
///
/// # Errors
/// It cannot be read, or holds no cluster.
pub fn clusters_in(root: &Path) -> Outcome<Vec<Cluster>> {
    let mut all = Vec::new();
    for fleet in folders(root)? {
        for folder in folders(&fleet)? {
            let file = folder.join("index.json");
            if !file.exists() {
                continue;
            }
            let text = std::fs::read_to_string(&file).during(file.display())?;
            let index: Value = serde_json::from_str(&text).during(file.display())?;
            let index = index["objects"].as_array().cloned().unwrap_or_default();
            all.push(Cluster { fleet: name(&fleet), name: name(&folder), folder, index });
        }
    }
    if all.is_empty() { Err(Trouble::new(format!("{} holds no cluster", root.display()))) } else { Ok(all) }
}

impl Cluster {
    /// Its stages, in the order in which they are applied.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn stages(&self) -> Outcome<Vec<PathBuf>> {
        let mut stages = folders(&self.folder)?;
        stages.retain(|folder| folder.join("kustomization.yaml").is_file());
        Ok(stages)
    }

    /// Every object of a kind, in the order of the index.
    ///
    /// # Errors
    /// A file the index lists cannot be read.
    pub fn of_kind(&self, kind: &str) -> Outcome<Vec<Object>> {
        let listed = self.index.iter().filter(|o| o["kind"] == kind);
        listed.map(|o| self.object(o["path"].as_str().unwrap_or_default())).collect()
    }

    /// Every object of Kubernetes, in the order of the index.
    ///
    /// # Errors
    /// A file the index lists cannot be read.
    pub fn all(&self) -> Outcome<Vec<Object>> {
        let staged = self.index.iter().filter_map(|o| o["path"].as_str()).map(|path| self.object(path));
        staged.filter(|o| o.as_ref().map_or(true, |o| o.json["apiVersion"].is_string())).collect()
    }

    /// A file below the cluster's folder.
    ///
    /// # Errors
    /// It cannot be read as YAML.
    pub fn object(&self, path: &str) -> Outcome<Object> {
        let at = self.folder.join(path);
        let text = std::fs::read_to_string(&at).during(at.display())?;
        let json = serde_yaml::from_str(&text).during(at.display())?;
        Ok(Object { file: format!("output/{}/{}/{path}", self.fleet, self.name), json })
    }
}

/// A path of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn folders(of: &Path) -> Outcome<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(of).during(of.display())? {
        let path = entry.during(of.display())?.path();
        if path.is_dir() {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
