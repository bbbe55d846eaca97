//! Output that is checked in beside a spec, against what that spec compiles to.

use std::collections::BTreeSet;

use super::Compiled;
use super::diff::{Against, ClusterChanges, diff};
use super::files::Names;
use crate::diag::Diagnostic;
use crate::diff::Change;
use crate::tree::{FleetIndex, INDEX};
use crate::world::{Access, World};

/// The output of one revision, and what a build there would change.
pub struct CheckedIn {
    pub compiler: String,
    pub catalog: String,
    /// Both are what compiles here.
    pub is_ours: bool,
    pub changes: Vec<ClusterChanges>,
}

/// Compares the output that stands at `there`, where any does.
///
/// # Errors
/// Its index, or a file, that cannot be read.
pub(super) fn checked_in(there: &dyn World, spec: &Compiled, out: &str) -> Result<Option<CheckedIn>, Box<Diagnostic>> {
    let Some(fleet) = &spec.fleet else { return Ok(None) };
    let Some(index) = fleet_index(there, &fleet.name.value, out)? else { return Ok(None) };
    let mut changes =
        diff(there, spec, Against::Folder(out), &[]).map_err(|found| Box::new(super::review::first(found)))?;
    changes.iter_mut().for_each(|c| c.changes.retain(|c| c.file != INDEX));
    changes.retain(|c| !c.changes.is_empty());
    let names = Names::of(&spec.catalog, fleet);
    let is_ours = index.compiler == names.compiler && index.catalog == names.catalog;
    Ok(Some(CheckedIn { compiler: index.compiler, catalog: index.catalog, is_ours, changes }))
}

/// The index of a fleet's output; `None` where none was checked in.
pub(super) fn fleet_index(there: &dyn World, fleet: &str, out: &str) -> Result<Option<FleetIndex>, Box<Diagnostic>> {
    // A folder outside of the repository was not checked in.
    let Ok(output) = there.output(out, Access::Look) else { return Ok(None) };
    let path = format!("{fleet}/{}", FleetIndex::FILE);
    let Ok(Some(bytes)) = output.read(&path) else { return Ok(None) };
    FleetIndex::parse(&path, &bytes).map(Some).map_err(|t| Box::new(crate::tree::trouble(&t)))
}

impl CheckedIn {
    /// Takes out what the output of another revision has in the same way.
    pub(super) fn without(mut self, other: Option<&CheckedIn>) -> Self {
        let key = |c: &Change| format!("{}\0{}\0{:?}\0{:?}", c.file, c.path, c.before, c.after);
        let known: BTreeSet<(String, String)> = other
            .into_iter()
            .flat_map(|o| &o.changes)
            .flat_map(|cluster| cluster.changes.iter().map(|c| (cluster.identity.clone(), key(c))))
            .collect();
        for cluster in &mut self.changes {
            cluster.changes.retain(|c| !known.contains(&(cluster.identity.clone(), key(c))));
        }
        self.changes.retain(|c| !c.changes.is_empty());
        self
    }
}
