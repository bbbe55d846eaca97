//! Where the time of a cold build goes: the phases one after the other, in this process.
//!
//! The same calls as `pipeline::compile` and `pipeline::build` make, cluster by cluster and on one
//! thread, so that a figure is work and not waiting. The product itself has no clock.

use std::io;
use std::path::Path;
use std::time::Duration;

use watershed::catalog::Catalog;
use watershed::diag::{Origins, Sink};
use watershed::emit;
use watershed::fleet;
use watershed::model::ids::ClusterId;
use watershed::object::{Tree, yaml};
use watershed::pipeline::{self, SpecPath};
use watershed::tree::{ClusterTree, Entry, Header, Release};
use watershed::world::{Access, Os, World};
use watershed::{docs, lint, plan, spec};

use crate::measure::clocked;

/// Name and time of each phase, in the order in which they run.
pub type Phases = Vec<(&'static str, Duration)>;

pub fn measure(spec_folder: &Path, out: &Path) -> io::Result<Phases> {
    let world = Os;
    let path = SpecPath(spec_folder.display().to_string());
    let mut sink = Sink::default();
    let [mut read, mut form, mut resolve, mut settle, mut planned, mut linted] = [Duration::ZERO; 6];
    let [mut proved, mut emitted, mut objects, mut rendered, mut pages, mut indexed, mut committed] =
        [Duration::ZERO; 7];

    let pipeline::Text { document, .. } = clocked(&mut read, || pipeline::read(&world, &path));
    clocked(&mut form, || spec::check(&document, &mut sink));
    let catalog = Catalog::builtin();
    let fleet =
        clocked(&mut resolve, || fleet::resolve(&document, &catalog, &pipeline::all_codes(), world.today(), &mut sink));
    let fleet =
        fleet.filter(|_| !sink.has_errors()).ok_or_else(|| io::Error::other("the generated spec has errors"))?;
    let ids: Vec<ClusterId> = fleet.cluster_ids().collect();
    let fleet_plan = clocked(&mut settle, || {
        let summaries: Vec<_> = ids.iter().map(|id| plan::survey(&fleet, &catalog, *id)).collect();
        plan::settle(&fleet, &summaries)
    });

    let raws = pipeline::Raws::default();
    let cx = pipeline::Context { fleet: &fleet, fleet_plan: &fleet_plan, catalog: &catalog, raws: &raws };
    let trouble = |t: watershed::world::Trouble| io::Error::other(t.to_string());
    let output = world.output(&out.display().to_string(), Access::Write).map_err(trouble)?;
    let proven = plan::Proven::default();
    let mut files = ClusterTree::new();
    let mut text = String::new();
    for id in ids {
        let cluster = fleet.cluster(id);
        let plan = clocked(&mut planned, || plan::plan(&fleet, &catalog, &fleet_plan, id, &mut sink));
        clocked(&mut linted, || lint::cluster(&fleet, &plan, &catalog, &mut sink));
        clocked(&mut emitted, || {
            let mut origins: Origins = plan.origins.clone();
            emit::emit(&plan, &fleet, &catalog, &mut origins, &mut Tree::new(), &mut |_, _, _| {});
        });
        clocked(&mut objects, || pipeline::objects(&cx, &plan, Some(&mut sink), &mut |_| {}));
        clocked(&mut proved, || plan::prove(&fleet, &catalog, &plan, &proven, &mut sink));
        files.clear();
        let mut pods = docs::Pods::default();
        pipeline::objects(&cx, &plan, None, &mut |e| {
            let object = e.object;
            pods.see(e.tree, object.root, &object.id);
            text.clear();
            clocked(&mut rendered, || yaml::write(e.tree, object.root, &mut text));
            let release = object.release.as_ref().map(|r| Release {
                name: &r.name,
                namespace: &r.namespace,
                chart: &r.chart,
                version: &r.version,
            });
            let (id, place) = (&object.id, object.place);
            let entry = Entry { id, place, unit: &object.unit, spec_path: &object.spec_path, release };
            files.push(&entry, |out| out.push_str(&text));
        });
        clocked(&mut pages, || {
            files.file("README.md", |out| docs::cluster(&fleet, &catalog, &plan, &pods, out));
            files.file("secrets.required.yaml", |out| docs::secrets(&plan, out));
        });
        let header = Header { compiler: "bench", catalog: "bench", fleet: "bench", cluster: &cluster.id.value };
        let folder = format!("bench/{}", cluster.id.value);
        let finished = clocked(&mut indexed, || files.finish(&header)).map_err(|t| io::Error::other(t.to_string()))?;
        clocked(&mut committed, || output.commit(&finished.write_set(&folder, None))).map_err(trouble)?;
    }
    Ok(vec![
        ("read and parse", read),
        ("form and references", form),
        ("resolve", resolve),
        ("survey and settle", settle),
        ("plan ×2", 2 * planned),
        ("lint", linted),
        ("prove routes", proved),
        ("emit ×2", 2 * emitted),
        ("check objects", objects.saturating_sub(emitted)),
        ("render YAML", rendered),
        ("pages", pages),
        ("index", indexed),
        ("write", committed),
    ])
}
