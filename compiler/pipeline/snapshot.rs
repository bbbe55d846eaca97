//! What a comparison would ask of clusters, asked and written down.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Compiled;
use super::build::choose;
use super::cluster::Context;
use super::files::{fill, folder, old_index};
use super::live::{
    Asked, Connect, Selections, Unverified, asked, document, elsewhere, marks, mistaken, read, some_at_once,
    wrong_cluster,
};
use crate::diag::Diagnostic;
use crate::diff::{Live, Ours, Side};
use crate::model::fleet::Cluster;
use crate::model::ids::ClusterId;
use crate::object::{ObjectId, Place, Tree};
use crate::snapshot::{self, Head, Known, RECORD};
use crate::tree::{self, ClusterTree, Index};
use crate::world::server::{Failure, FailureKind};
use crate::world::{Access, Output, Recorder, Server, Time, Trouble, World};

/// Which clusters are recorded, and how they are reached.
pub struct SnapshotQuestion<'a> {
    /// Names or identities; empty: every cluster.
    pub clusters: &'a [String],
    /// The server of a cluster.
    pub server: &'a Connect<'a>,
    /// The context behind it, for the record.
    pub context: &'a (dyn Fn(&Cluster) -> String + Sync),
    /// Folder of the snapshots.
    pub out: &'a str,
    /// Folder of the checked-in output, whose kinds are looked for too.
    pub approved: &'a str,
    /// How many clusters are asked at once.
    pub parallel: usize,
    /// Told as each cluster is done: its name.
    pub done: &'a (dyn Fn(&str) + Sync),
}

/// What became of one cluster.
pub struct Taken {
    pub cluster: String,
    pub identity: String,
    pub context: String,
    pub time: Time,
    /// Where nothing could be read, nothing is written, and an older snapshot stays.
    pub outcome: Result<Recording, Failure>,
}

/// A snapshot that was written.
pub struct Recording {
    pub version: String,
    /// Objects that are kept.
    pub objects: usize,
    /// Lists that were read to their end.
    pub lists: usize,
    /// What could not be looked at.
    pub unverified: Vec<Unverified>,
    /// Kinds that could only be looked for in the namespaces we use: `Role: monitoring, kube-system`.
    pub narrowed: Vec<String>,
}

/// Reads clusters and writes what was read below a folder, one folder each. A cluster that fails keeps no other from
/// being read.
///
/// # Errors
/// A cluster nobody knows, or a folder that cannot be written.
pub fn snapshot(
    world: &dyn World,
    compiled: &Compiled,
    question: &SnapshotQuestion<'_>,
) -> Result<Vec<Taken>, Vec<Diagnostic>> {
    let (Some(fleet), Some(fleet_plan)) = (compiled.fleet.as_ref(), compiled.fleet_plan.as_ref()) else {
        return Ok(Vec::new());
    };
    let cx = Context { fleet, fleet_plan, catalog: &compiled.catalog, raws: &compiled.raws };
    let chosen = choose(fleet, question.clusters)?;
    let failed = |t: Trouble| vec![tree::trouble(&t)];
    let approved = world.output(question.approved, Access::Look).map_err(failed)?;
    let out = world.output(question.out, Access::Write).map_err(failed)?;
    let one = |id: &ClusterId| {
        let taking = Taking { world, cx: &cx, approved: &*approved, out: &*out, question, id: *id };
        let taken = taking.run();
        (question.done)(&fleet.cluster(*id).name);
        taken
    };
    let all = some_at_once(&chosen, question.parallel, one);
    let (mut taken, mut troubles) = (Vec::new(), Vec::new());
    for result in all {
        match result {
            Ok(one) => taken.push(one),
            Err(trouble) => troubles.push(tree::trouble(&trouble)),
        }
    }
    if troubles.is_empty() { Ok(taken) } else { Err(troubles) }
}

struct Taking<'a> {
    world: &'a dyn World,
    cx: &'a Context<'a>,
    approved: &'a dyn Output,
    out: &'a dyn Output,
    question: &'a SnapshotQuestion<'a>,
    id: ClusterId,
}

impl Taking<'_> {
    fn run(&self) -> Result<Taken, Trouble> {
        let cluster = self.cx.fleet.cluster(self.id);
        let (context, time) = ((self.question.context)(cluster), self.world.now());
        // It only adds kinds to look for and variables to know; what is live is recorded without it.
        let index = old_index(self.approved, &folder(self.cx.fleet, self.id));
        let (index, unreadable) = index.map_or_else(|trouble| (None, Some(trouble)), |index| (index, None));
        let mut known = Known::default();
        let asked = asked(&marks(self.cx.fleet, cluster), self.objects(&mut known), index.as_ref());
        let unreadable = unreadable.or(self.approved(index.as_ref(), &mut known).err());
        let mut outcome = match (self.question.server)(cluster) {
            Ok(server) => self.record((cluster, &context, time), server, &asked, &known)?,
            Err(failure) => Err(failure),
        };
        if let (Ok(recording), Some(trouble)) = (&mut outcome, unreadable) {
            recording.unverified.push(Unverified::checked_in(&trouble, ""));
        }
        let (name, identity) = (cluster.name.clone(), cluster.id.value.clone());
        Ok(Taken { cluster: name, identity, context, time, outcome })
    }

    /// What should be there, and the variables in it.
    fn objects(&self, known: &mut Known) -> (BTreeSet<ObjectId>, Selections) {
        let cluster = &self.cx.fleet.cluster(self.id).id.value;
        let (mut ids, mut selected) = (BTreeSet::new(), Selections::default());
        fill(self.cx, self.id, &mut ClusterTree::new(), &mut |emitted| {
            if emitted.object.place != Place::Helm {
                selected.add(&emitted.object.id, Side::new(emitted.tree, emitted.object.root), cluster);
                ids.insert(emitted.object.id.clone());
                known.add(&emitted.tree.to_json(emitted.object.root));
            }
        });
        (ids, selected)
    }

    /// The variables of what is checked in: it may be live while something else is compiled.
    fn approved(&self, index: Option<&Index>, known: &mut Known) -> Result<(), Trouble> {
        let folder = folder(self.cx.fleet, self.id);
        for (path, _) in index.into_iter().flat_map(Index::owned) {
            let bytes = self.approved.read(&format!("{folder}/{path}"))?.unwrap_or_default();
            if bytes.windows(4).any(|part| part == b"env:") {
                let mut tree = Tree::new();
                known.add(&document(&bytes, &mut tree).map_or(serde_json::Value::Null, |root| tree.to_json(root)));
            }
        }
        Ok(())
    }

    fn record(
        &self,
        (cluster, context, time): (&Cluster, &str, Time),
        server: Arc<dyn Server>,
        asked: &Asked,
        known: &Known,
    ) -> Result<Result<Recording, Failure>, Trouble> {
        let recorder = Recorder::new(server);
        // Not everybody may ask for it, and nothing hangs on it; who does not answer this answers nothing.
        if let Err(failure) = recorder.version()
            && failure.kind != FailureKind::Forbidden
        {
            return Ok(Err(failure));
        }
        let reading = read(&recorder, asked);
        let recorded = recorder.recorded();
        if let (true, Some(first)) = (recorded.complete.is_empty(), reading.unverified.first()) {
            return Ok(Err(first.why.clone()));
        }
        let there = || reading.objects.iter().filter(|(id, _)| asked.objects.contains(*id));
        let elsewhere = elsewhere(self.cx.fleet, cluster, there());
        let ours = Ours { labels: marks(self.cx.fleet, cluster), ..Ours::default() };
        if let Some((other, objects)) = mistaken(&elsewhere, there().map(|(_, object)| object), &ours) {
            return Ok(Err(wrong_cluster(other, objects)));
        }
        let head = Head {
            fleet: self.cx.fleet.name.value.clone(),
            cluster: cluster.id.value.clone(),
            context: context.to_owned(),
            taken: time,
            compiler: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let wanted = |o: &serde_json::Value| {
            Live(o).id().is_some_and(|id| reading.objects.contains_key(&id) || reading.selected.contains_key(&id))
        };
        let files = snapshot::files(&head, &recorded, wanted, known, &self.world.random()?);
        let folder = &cluster.id.value;
        let before = self.out.read(&format!("{folder}/{RECORD}"))?;
        let owned = before.as_deref().map(snapshot::owned).unwrap_or_default();
        self.out.commit(&files.write_set(folder, owned))?;
        let narrowed = reading.narrowed.iter().map(|(kind, namespaces)| {
            let namespaces: Vec<&str> = namespaces.iter().map(String::as_str).collect();
            format!("{kind}: {}", namespaces.join(", "))
        });
        Ok(Ok(Recording {
            version: recorded.version.clone(),
            objects: files.objects,
            lists: recorded.complete.len(),
            narrowed: narrowed.collect(),
            // That a kind is not served is an answer.
            unverified: reading.unverified.into_iter().filter(|u| u.why.kind != FailureKind::Missing).collect(),
        }))
    }
}
