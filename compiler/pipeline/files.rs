//! The files of one cluster, filled while its objects go by, and whether an earlier build left the very same.

use rayon::prelude::*;

use super::cluster::{self, Context, Emitted};
use crate::catalog::Catalog;
use crate::diag::Sink;
use crate::model::fleet::Fleet;
use crate::model::ids::ClusterId;
use crate::model::plan::ClusterPlan;
use crate::object::{Tree, yaml};
use crate::tree::{ClusterTree, Entry, Header, INDEX, Index, Release};
use crate::world::{Fingerprint, Output, Trouble};
use crate::{docs, emit, plan};

/// Names that go into every index.
pub(super) struct Names<'a> {
    pub compiler: &'static str,
    pub catalog: String,
    pub fleet: &'a str,
}

impl<'a> Names<'a> {
    pub fn of(catalog: &Catalog, fleet: &'a Fleet) -> Self {
        Names { compiler: env!("CARGO_PKG_VERSION"), catalog: catalog.version(), fleet: &fleet.name.value }
    }

    pub fn header<'h>(&'h self, cluster: &'h str) -> Header<'h> {
        Header { compiler: self.compiler, catalog: &self.catalog, fleet: self.fleet, cluster }
    }
}

/// Fills a tree with everything of one cluster: objects, pages, the list of Secrets.
pub(super) struct Filling<'f> {
    files: &'f mut ClusterTree,
    pods: docs::Pods,
}

impl<'f> Filling<'f> {
    pub fn of(files: &'f mut ClusterTree) -> Self {
        files.clear();
        Filling { files, pods: docs::Pods::default() }
    }

    pub fn object(&mut self, emitted: &Emitted<'_>) {
        let object = emitted.object;
        self.pods.see(emitted.tree, object.root, &object.id);
        let release = object.release.as_ref().map(|r| Release {
            name: &r.name,
            namespace: &r.namespace,
            chart: &r.chart,
            version: &r.version,
        });
        let entry =
            Entry { id: &object.id, place: object.place, unit: &object.unit, spec_path: &object.spec_path, release };
        self.files.push(&entry, |out| yaml::write(emitted.tree, object.root, out));
    }

    /// Everything that is no object; after the last of them, for the pages count pods.
    pub fn end(self, cx: &Context<'_>, plan: &ClusterPlan<'_>) {
        let mut patch = Tree::new();
        if let Some(root) = emit::grafana_patch(plan, &mut patch) {
            self.files.file(docs::GRAFANA_PATCH, |out| yaml::write(&patch, root, out));
        }
        self.files.file("README.md", |out| docs::cluster(cx.fleet, cx.catalog, plan, &self.pods, out));
        self.files.routing(docs::routing(plan));
        self.files.file("secrets.required.yaml", |out| docs::secrets(plan, out));
    }
}

/// Plans and emits a cluster, and fills `files` with it. Pass 1 has reported everything there is to
/// report, and the gate has let it through.
pub(super) fn fill(cx: &Context<'_>, id: ClusterId, files: &mut ClusterTree, visit: &mut dyn FnMut(&Emitted<'_>)) {
    let mut filling = Filling::of(files);
    let plan = plan::plan(cx.fleet, cx.catalog, cx.fleet_plan, id, &mut Sink::default());
    cluster::objects(cx, &plan, None, &mut |emitted| {
        filling.object(emitted);
        visit(emitted);
    });
    filling.end(cx, &plan);
}

/// Folder of a cluster, below the root of an output tree.
pub(super) fn folder(fleet: &Fleet, id: ClusterId) -> String {
    format!("{}/{}", fleet.name.value, fleet.cluster(id).id.value)
}

/// The index an earlier build left in a cluster's folder.
pub(super) fn old_index(output: &dyn Output, folder: &str) -> Result<Option<Index>, Trouble> {
    let path = format!("{folder}/{INDEX}");
    output.read(&path)?.map(|bytes| Index::parse(&path, &bytes)).transpose()
}

/// What pass 1 knows of the files of each cluster that was built before: the fingerprint of the index that a build would
/// write, which holds those of all other files. A cluster whose folder is of that index needs no second pass.
#[derive(Default)]
pub(super) struct Prints(Vec<Option<Fingerprint>>);

impl Prints {
    pub fn of(prints: Vec<Option<Fingerprint>>) -> Self {
        Prints(prints)
    }

    /// The index of a cluster's folder, where every file stands as a build would write it.
    pub fn standing(&self, output: &dyn Output, folder: &str, id: ClusterId) -> Option<Index> {
        let wanted = (*self.0.get(id.index())?)?;
        // Whatever is in the way is for the second pass to find, and to tell.
        let index = old_index(output, folder).ok().flatten()?;
        (index.fingerprint() == Some(wanted) && output.holds(folder, &index.owned())).then_some(index)
    }
}

/// The clusters an earlier build left an index of: only theirs are worth a fingerprint.
pub(super) fn built_before(fleet: &Fleet, ids: &[ClusterId], output: Option<&dyn Output>) -> Vec<bool> {
    let there = |id: &ClusterId| {
        output.is_some_and(|o| matches!(o.read(&format!("{}/{INDEX}", folder(fleet, *id))), Ok(Some(_))))
    };
    ids.par_iter().map(there).collect()
}

/// The fingerprint of the index of a filled tree. `None` where it cannot be written at all.
pub(super) fn print(files: &mut ClusterTree, names: &Names<'_>, identity: &str) -> Option<Fingerprint> {
    let finished = files.finish(&names.header(identity)).ok()?;
    Some(Fingerprint::of(finished.index_text().as_bytes()))
}
