//! What is judged: each cluster of the examples, as it is planned and as it lies in `output/`.

use std::path::PathBuf;

use watershed::model::plan::ClusterPlan;

use crate::steps::emitted;
use crate::steps::planned::Planned;
use crate::trouble::{During as _, Outcome, Trouble};

pub struct Subject<'p> {
    pub plan: ClusterPlan<'p>,
    pub emitted: emitted::Cluster,
}

/// Every cluster of the examples, in the order of their specs.
///
/// # Errors
/// A cluster that is planned and has no folder in `output/`.
pub fn subjects(examples: &[Planned]) -> Outcome<Vec<Subject<'_>>> {
    let mut emitted = emitted::clusters()?;
    let mut subjects = Vec::new();
    for example in examples {
        let fleet = &example.fleet()?.0.name.value;
        for plan in example.clusters()? {
            let identity = &plan.cluster.id.value;
            let place = emitted.iter().position(|e| e.fleet == *fleet && e.name == *identity);
            let place = place.ok_or_else(|| Trouble::new(format!("output/ has no folder {fleet}/{identity}")))?;
            let emitted = emitted.swap_remove(place);
            subjects.push(Subject { plan, emitted });
        }
    }
    Ok(subjects)
}

impl Subject<'_> {
    pub fn namespace(&self) -> &str {
        &self.plan.cluster.namespace.value
    }

    /// The stages of its output, in the order in which they are applied.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn stages(&self) -> Outcome<Vec<PathBuf>> {
        let folder = &self.emitted.folder;
        let mut stages = Vec::new();
        for entry in std::fs::read_dir(folder).during(folder.display())? {
            let path = entry.during(folder.display())?.path();
            if path.join("kustomization.yaml").is_file() {
                stages.push(path);
            }
        }
        stages.sort();
        Ok(stages)
    }
}

impl std::fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.emitted.fleet, self.emitted.name)
    }
}
