//! What the compiler plans for the examples, as they stand or with a few words of the spec replaced.

use std::path::Path;

use watershed::catalog::Catalog;
use watershed::diag::{Severity, Sink};
use watershed::model::fleet::Fleet;
use watershed::model::plan::{ClusterPlan, FleetPlan};
use watershed::pipeline::{self, Compiled, Context, SpecPath};
use watershed::world::Memory;

use super::emitted::repository;
use crate::ground::{During, Outcome, Trouble};

/// Of what runs here, seconds: nobody waits for a quarter of a minute at a time.
pub const INTERVAL: u64 = 5;
/// What is said in the specs of what runs, in their own words. No class becomes a fast one by it, and the classes keep
/// intervals of their own.
pub const QUICK: [(&str, &str); 4] = [
    ("alerts \"platform\"", "alerts \"platform\"\n    interval \"5s\""),
    ("interval \"15s\"", "interval \"5s\""),
    ("interval=\"30s\"", "interval=\"6s\""),
    ("interval=\"10s\"", "interval=\"7s\""),
];

/// An example that has been compiled.
pub struct Planned {
    pub example: String,
    compiled: Compiled,
}

/// Every example, with each of `replaced` (from, to) put into its text.
///
/// # Errors
/// An example that does not compile: its first finding.
pub fn examples(replaced: &[(&str, &str)]) -> Outcome<Vec<Planned>> {
    let root = repository("examples");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&root).during(root.display())? {
        let path = entry.during(root.display())?.path();
        // The form of a spec makes no difference: those in YAML say what their twins in KDL say.
        if path.is_dir() && path.join("fleet.kdl").exists() {
            names.extend(path.file_name().map(|n| n.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    names.iter().map(|name| Planned::of(&root, name, replaced)).collect()
}

impl Planned {
    /// The spec in the folder `example` of `root`, with each of `replaced` (from, to) put into its text.
    ///
    /// # Errors
    /// It does not compile: its first finding.
    pub fn of(root: &Path, example: &str, replaced: &[(&str, &str)]) -> Outcome<Planned> {
        let world = Memory::new();
        let folder = root.join(example);
        for entry in std::fs::read_dir(&folder).during(folder.display())? {
            let path = entry.during(folder.display())?.path();
            let mut text = std::fs::read_to_string(&path).during(path.display())?;
            for (from, to) in replaced {
                text = text.replace(from, to);
            }
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            world.put(&format!("{example}/{name}"), text.into_bytes());
        }
        let compiled = pipeline::compile(&world, &SpecPath(example.to_owned()));
        if let Some(error) = compiled.findings.iter().find(|d| d.severity == Severity::Error) {
            return Err(Trouble::new(format!(
                "{} with {replaced:?}: {} {}",
                folder.display(),
                error.code.id,
                error.what
            )));
        }
        Ok(Planned { example: example.to_owned(), compiled })
    }

    pub fn catalog(&self) -> &Catalog {
        &self.compiled.catalog
    }

    /// # Errors
    /// A spec without a fleet.
    pub fn fleet(&self) -> Outcome<(&Fleet, &FleetPlan)> {
        let both = self.compiled.fleet.as_ref().zip(self.compiled.fleet_plan.as_ref());
        both.ok_or_else(|| Trouble::new(format!("examples/{} has no fleet", self.example)))
    }

    /// The plan of every cluster.
    ///
    /// # Errors
    /// As for [`Planned::fleet`].
    pub fn clusters(&self) -> Outcome<Vec<ClusterPlan<'_>>> {
        let (fleet, fleet_plan) = self.fleet()?;
        let plan = |id| watershed::plan::plan(fleet, self.catalog(), fleet_plan, id, &mut Sink::default());
        Ok(fleet.cluster_ids().map(plan).collect())
    }

    /// Every object of a cluster's plan: kind, name and JSON.
    ///
    /// # Errors
    /// As for [`Planned::fleet`].
    pub fn objects(&self, plan: &ClusterPlan<'_>) -> Outcome<Vec<(String, String, serde_json::Value)>> {
        let (fleet, fleet_plan) = self.fleet()?;
        let context = Context { fleet, fleet_plan, catalog: self.catalog(), raws: &self.compiled.raws };
        let mut all = Vec::new();
        pipeline::objects(&context, plan, None, &mut |made| {
            let id = &made.object.id;
            all.push((id.kind.clone(), id.name.clone(), made.tree.to_json(made.object.root)));
        });
        Ok(all)
    }
}
