//! The phases in order. A value flows through them with no way back.
//!
//! Pass 1 (`compile`) takes every cluster through every phase and keeps only diagnostics; the gate
//! is the caller's. Pass 2 (`build`, `diff`) plans and emits again, one cluster at a time, and
//! writes or compares: planning twice is the price of "all errors in one run, and no byte before
//! the gate".

mod apply;
mod beside;
mod build;
mod checked_in;
mod cluster;
mod codes;
mod diff;
mod exceptions;
mod explain;
mod files;
mod grafana;
mod live;
mod load;
mod loads;
mod review;
mod revision;
mod snapshot;
mod trace;

pub use apply::{
    Action, AppliedCluster, AppliedObject, ApplyQuestion, Event, Intent, Outcome, Pruning, Stop, carry_out,
    delete_command, in_order, intend,
};
pub use build::{Built, Target, build};
pub use checked_in::CheckedIn;
pub use cluster::{Context, Emitted, objects};
pub use codes::all as all_codes;
pub use diff::{Against, ClusterChanges, diff, rules};
pub use exceptions::Exception;
pub use explain::{Cause, ExplainedField, explain};
pub use grafana::{GrafanaQuestion, grafana, with_grafana};
pub use live::{Approval, Helm, LiveCluster, LiveQuestion, ServerSide, Source, Unverified, live, searched};
pub use load::{Raws, SpecPath, Text, catalog_of, read, sources};
pub use loads::moves;
pub use review::{Base, Before, Range, Review, review};
pub use revision::{Past, Which, compile_at};
pub use snapshot::{Recording, SnapshotQuestion, Taken, snapshot};
pub use trace::{ClusterTrace, is_namespace, may_be_misspelt, metrics_like, trace};

use files::{Names, Prints};
use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::check::Applied;
use crate::diag::{Allowed, Diagnostic, Severity, Sink, Sources, Span};
use crate::fleet;
use crate::model::fleet::Fleet;
use crate::model::ids::ClusterId;
use crate::model::plan::FleetPlan;
use crate::spec;
use crate::syntax::Document;
use crate::tree::ClusterTree;
use crate::world::{Access, World};
use crate::{lint, plan};

/// A spec that has been through pass 1.
pub struct Compiled {
    pub document: Document,
    pub catalog: Catalog,
    /// `None` where the spec has no fleet or no cluster to speak of.
    pub fleet: Option<Fleet>,
    pub fleet_plan: Option<FleetPlan>,
    /// Texts of `raw` files, in the order of their paths.
    pub raws: load::Raws,
    /// What a build would write into folders that were built before.
    prints: Prints,
    /// Everything found, allowed findings taken out, in printing order.
    pub findings: Vec<Diagnostic>,
}

impl Compiled {
    pub fn sources(&self) -> &Sources {
        &self.document.sources
    }

    /// Whether nothing is wrong but that rules do not do what a route says: then a trace shows which.
    pub fn fails_its_proof_only(&self) -> bool {
        let mut errors = self.findings.iter().filter(|d| d.severity == Severity::Error).peekable();
        errors.peek().is_some() && errors.all(|d| d.code.id == plan::codes::WITNESS.id)
    }
}

/// Pass 1: text → document → fleet → plans → objects, for all clusters. Nothing is written.
pub fn compile(world: &dyn World, path: &SpecPath) -> Compiled {
    compile_for(world, path, &Aim::default())
}

/// What a spec is compiled for.
#[derive(Default)]
pub struct Aim<'a> {
    /// Names or identities; empty: every cluster. All clusters are planned, for plans hang together;
    /// objects are made and checked of these.
    pub clusters: &'a [String],
    /// The output tree that the result will be held against.
    pub out: Option<&'a str>,
}

/// Pass 1 for pass 2 with the same clusters and the same output tree.
pub fn compile_for(world: &dyn World, path: &SpecPath, aim: &Aim<'_>) -> Compiled {
    let load::Text { mut document, unreadable: mut sink, faults } = load::read(world, path);
    let readable = !sink.has_errors();
    sink.extend(faults);

    // A spec of a later language, or one that asks for another compiler, is refused for that alone.
    if let Some(refusal) = spec::gate(&document) {
        return refused(document, refusal);
    }
    if readable {
        spec::check(&document, &mut sink);
    }
    let catalog = load::catalog_of(world, path, &mut document, &mut sink);
    // Without all its text, a spec would only seem to lack what stands there.
    let readable = readable && document.complete;
    let fleet =
        readable.then(|| fleet::resolve(&document, &catalog, &codes::all(), world.today(), &mut sink)).flatten();
    let raws = fleet.as_ref().map(|f| load::raws(world, path, f, &mut sink)).unwrap_or_default();
    let prints = Prints::default();
    let mut compiled =
        Compiled { document, catalog, fleet: None, fleet_plan: None, raws, prints, findings: Vec::new() };

    // Plans of a fleet with broken names would only repeat what is already said.
    if let Some(fleet) = fleet {
        let mut allowed = Allowances::of(&fleet.allows);
        if allowed.gate(&mut sink) {
            let fleet_plan = settle(&fleet, &compiled.catalog);
            plan::check_limits(&fleet, &fleet_plan, &mut sink);
            lint::plan(&fleet, &fleet_plan, &compiled.catalog, &mut sink);
            let ids: Vec<ClusterId> = fleet.cluster_ids().collect();
            let all = cluster::Context {
                fleet: &fleet,
                fleet_plan: &fleet_plan,
                catalog: &compiled.catalog,
                raws: &compiled.raws,
            };
            let wanted =
                |id: ClusterId| aim.clusters.is_empty() || aim.clusters.iter().any(|name| fleet.cluster(id).is(name));
            // A folder that cannot be opened is for the build to complain of.
            let out = aim.out.and_then(|out| world.output(out, Access::Look).ok());
            let built_before = files::built_before(&fleet, &ids, out.as_deref());
            let names = Names::of(all.catalog, &fleet);
            let proven = plan::Proven::default();
            let look = |tree: &mut ClusterTree, id: &ClusterId| {
                let print = built_before[id.index()].then_some((&names, tree));
                cluster::findings(&all, *id, cluster::Asked { objects: wanted(*id), print }, &proven)
            };
            let found: Vec<cluster::Found> = ids.par_iter().map_init(ClusterTree::new, look).collect();
            let mut applied = Vec::new();
            let mut prints = Vec::new();
            for found in found {
                sink.extend(found.findings);
                allowed.join(&found.used);
                applied.extend(found.applied);
                prints.push(found.print);
            }
            compiled.prints = Prints::of(prints);
            // What did nothing in a few clusters may have done something in the others.
            let complete = ids.iter().all(|id| wanted(*id));
            if allowed.gate(&mut sink) && complete {
                patches(&fleet, applied, &mut sink);
            }
            allowed.gate(&mut sink);
            if complete {
                lint::unused_allows(&fleet.allows, &allowed.used, &mut sink);
            }
            compiled.fleet_plan = Some(fleet_plan);
        }
        compiled.fleet = Some(fleet);
    }
    compiled.findings = sink.into_sorted();
    compiled
}

/// Patches that did nothing in any of the clusters they are for.
fn patches(fleet: &Fleet, mut applied: Vec<(Span, Applied)>, sink: &mut Sink) {
    applied.sort_by_key(|(at, _)| *at);
    applied.dedup_by(|next, first| {
        let same = next.0 == first.0;
        if same {
            first.1.join(&next.1);
        }
        same
    });
    let of_stores = fleet.stores.iter().flat_map(|s| &s.patches);
    let of_alertmanagers = fleet.alertmanagers.iter().flat_map(|a| &a.patches);
    let all = fleet.clusters.iter().flat_map(|c| &c.patches).chain(of_stores).chain(of_alertmanagers);
    let mut seen = Vec::new();
    for patch in all.map(|p| cluster::patch_ref(fleet, p)) {
        let found = applied.binary_search_by_key(&patch.at, |(at, _)| *at);
        if let (Ok(i), false) = (found, seen.contains(&patch.at)) {
            seen.push(patch.at);
            applied[i].1.judge(&patch, []).into_iter().for_each(|d| sink.push(d));
        }
    }
}

/// The `allow` nodes of a spec, and which of them have allowed something so far. What is allowed is
/// taken back at every gate, so that an allowed error keeps nothing from being looked at.
struct Allowances<'a> {
    allows: &'a [Allowed],
    used: Vec<bool>,
}

impl<'a> Allowances<'a> {
    fn of(allows: &'a [Allowed]) -> Self {
        Allowances { allows, used: vec![false; allows.len()] }
    }

    /// Takes back what is allowed; whether no error is left.
    fn gate(&mut self, sink: &mut Sink) -> bool {
        let used = sink.suppress(self.allows);
        self.join(&used);
        !sink.has_errors()
    }

    fn join(&mut self, used: &[bool]) {
        self.used.iter_mut().zip(used).for_each(|(mine, theirs)| *mine |= theirs);
    }
}

fn refused(document: Document, refusal: Diagnostic) -> Compiled {
    let catalog = Catalog::builtin();
    let raws = load::Raws::default();
    let prints = Prints::default();
    Compiled { document, catalog, fleet: None, fleet_plan: None, raws, prints, findings: vec![refusal] }
}

fn settle(fleet: &Fleet, catalog: &Catalog) -> FleetPlan {
    let ids: Vec<ClusterId> = fleet.cluster_ids().collect();
    let summaries: Vec<_> = ids.par_iter().map(|id| plan::survey(fleet, catalog, *id)).collect();
    plan::settle(fleet, &summaries)
}
