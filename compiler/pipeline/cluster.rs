//! One cluster through plan, emission, patches, raw objects and checks.

use std::collections::BTreeMap;

use super::load::Raws;
use crate::catalog::Catalog;
use crate::catalog::fields::Release;
use crate::check::{self, Finding, Seen, Versions};
use crate::diag::{Diagnostic, Origin, Origins, Sink, Span, Why};
use crate::emit::{self, MANAGED_BY, Object};
use crate::model::fleet::{Fleet, Patch, Raw};
use crate::model::ids::ClusterId;
use crate::model::plan::{ClusterPlan, FleetPlan};
use crate::object::{Build, NodeId, Place, Tree, Value};
use crate::syntax::plain;
use crate::{lint, plan};

/// What every cluster's pass reads.
pub struct Context<'a> {
    pub fleet: &'a Fleet,
    pub fleet_plan: &'a FleetPlan,
    pub catalog: &'a Catalog,
    pub raws: &'a Raws,
}

/// A finished object, as it will be written.
pub struct Emitted<'t> {
    pub object: &'t Object,
    pub tree: &'t Tree,
    /// The cluster's causes; continue the fleet's.
    pub origins: &'t Origins,
}

/// Everything wrong with one cluster, from its plan to its last object.
pub fn findings(cx: &Context<'_>, id: ClusterId) -> Sink {
    let mut sink = Sink::default();
    let plan = plan::plan(cx.fleet, cx.catalog, cx.fleet_plan, id, &mut sink);
    lint::cluster(cx.fleet, &plan, cx.catalog, &mut sink);
    if !sink.has_errors() {
        objects(cx, &plan, &mut sink, &mut |_| {});
    }
    sink
}

/// Every object of a cluster, patched and checked, in emission order.
pub fn objects(cx: &Context<'_>, plan: &ClusterPlan<'_>, sink: &mut Sink, visit: &mut dyn FnMut(&Emitted<'_>)) {
    let mut pass = Pass {
        cx,
        versions: versions(plan),
        patches: Patches::of(cx.fleet, plan),
        seen: Vec::new(),
        found: Vec::new(),
        patched: Sink::default(),
    };
    let mut origins = plan.origins.clone();
    let mut tree = Tree::new();
    // Template lines join the table as they are used; patches add their own behind them.
    emit::emit(plan, cx.fleet, cx.catalog, &mut origins, &mut tree, &mut |object, tree, origins| {
        pass.object(object, tree, origins, visit);
    });
    for raw in raws_of(cx.fleet, plan) {
        pass.raw(plan, raw, &mut origins, visit);
    }
    pass.finish(&origins, sink);
}

struct Pass<'a> {
    cx: &'a Context<'a>,
    versions: Versions,
    patches: Patches<'a>,
    seen: Vec<Seen>,
    found: Vec<Finding>,
    patched: Sink,
}

impl Pass<'_> {
    fn object(
        &mut self,
        object: &Object,
        tree: &mut Tree,
        origins: &mut Origins,
        visit: &mut dyn FnMut(&Emitted<'_>),
    ) {
        self.patches.apply(object, tree, origins, &mut self.found);
        match &object.release {
            Some(release) => check::values(tree, object.root, &object.id, (&release.chart, &release.version), &mut |f| {
                self.found.push(f);
            }),
            None => check::object(tree, object.root, &self.versions, &mut |f| self.found.push(f)),
        }
        self.seen.push(Seen { id: object.id.clone(), origin: object.origin });
        visit(&Emitted { object, tree, origins });
    }
}
