//! What is judged: the fleets of `examples/`, as they are planned and as they lie in `output/`.

use std::path::{Path, PathBuf};

use watershed::diag::{Severity, Sink};
use watershed::model::fleet::{Cluster, Fleet};
use watershed::model::ids::ClusterId;
use watershed::model::plan::{ClusterPlan, FleetPlan};
use watershed::pipeline::{self, Compiled, SpecPath};
use watershed::plan;
use watershed::world::Memory;

use crate::ground::{During as _, Outcome, Trouble};

pub struct Example {
    /// Of the fleet, and of its folder in `output/`.
    pub name: String,
    compiled: Compiled,
}

/// A cluster of an example.
#[derive(Clone, Copy)]
pub struct Subject<'e> {
    pub example: &'e Example,
    pub id: ClusterId,
}

/// Every fleet in `examples/`, once: some are there in both forms of the language.
///
/// # Errors
/// One cannot be read, or is not sound.
pub fn examples() -> Outcome<Vec<Example>> {
    let mut found: Vec<Example> = Vec::new();
    for folder in folders(&repository("examples"))? {
        let spec = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let compiled = compile(&folder, &spec)?;
        let errors: Vec<&str> =
            compiled.findings.iter().filter(|d| d.severity == Severity::Error).map(|d| d.what.as_str()).collect();
        let name = match (&compiled.fleet, errors.is_empty()) {
            (Some(fleet), true) => fleet.name.value.clone(),
            _ => return Err(Trouble::new(format!("examples/{spec} is not sound: {}", errors.join("; ")))),
        };
        if found.iter().all(|e| e.name != name) {
            found.push(Example { name, compiled });
        }
    }
    Ok(found)
}

impl Example {
    /// Its clusters, in the order of the spec.
    pub fn subjects(&self) -> Vec<Subject<'_>> {
        self.fleet().cluster_ids().map(|id| Subject { example: self, id }).collect()
    }

    pub fn fleet(&self) -> &Fleet {
        self.compiled.fleet.as_ref().expect("a sound spec has a fleet")
    }

    fn fleet_plan(&self) -> &FleetPlan {
        self.compiled.fleet_plan.as_ref().expect("a sound spec has a plan")
    }
}

impl<'e> Subject<'e> {
    pub fn cluster(self) -> &'e Cluster {
        self.example.fleet().cluster(self.id)
    }

    pub fn plan(self) -> ClusterPlan<'e> {
        let compiled = &self.example.compiled;
        plan::plan(self.example.fleet(), &compiled.catalog, self.example.fleet_plan(), self.id, &mut Sink::default())
    }

    /// Its folder of the checked-in output.
    pub fn output(self) -> PathBuf {
        repository("output").join(&self.example.name).join(&self.cluster().id.value)
    }

    /// The stages of its output, in the order in which they are applied.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn stages(self) -> Outcome<Vec<PathBuf>> {
        let mut stages = folders(&self.output())?;
        stages.retain(|f| f.join("kustomization.yaml").is_file());
        Ok(stages)
    }
}

impl std::fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.example.name, self.cluster().id.value)
    }
}

/// A path of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn folders(within: &Path) -> Outcome<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(within).during(within.display())? {
        let path = entry.during(within.display())?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn compile(folder: &Path, name: &str) -> Outcome<Compiled> {
    let world = Memory::new();
    fill(&world, folder, name)?;
    Ok(pipeline::compile(&world, &SpecPath(name.to_owned())))
}

fn fill(world: &Memory, folder: &Path, below: &str) -> Outcome<()> {
    for entry in std::fs::read_dir(folder).during(folder.display())? {
        let path = entry.during(folder.display())?.path();
        let name = format!("{below}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            fill(world, &path, &name)?;
        } else {
            world.put(&name, std::fs::read(&path).during(path.display())?);
        }
    }
    Ok(())
}
