//! What is judged: each cluster of the examples, as it is planned and as it lies in `output/`.

use watershed::model::plan::ClusterPlan;

use crate::steps::emitted;
use crate::steps::planned::Planned;
use crate::trouble::{Outcome, Trouble};

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
}

impl std::fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.emitted.fleet, self.emitted.name)
    }
}
