//! The two clusters and their stores, and what can be done to them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use watershed::model::plan::ClusterPlan;

use super::counted::{self, Lost, Moment, now};
use crate::components::Components;
use crate::exporters::{About, Exporter, Kind};
use crate::ground::cluster::Cluster;
use crate::ground::kubectl::Kubectl;
use crate::ground::operator::{self, Generation};
use crate::ground::process::{Signal, until};
use crate::ground::volumes::text;
use crate::ground::{During, Outcome, Trouble, http, images};
use crate::steps::emitted::repository;
use crate::steps::planned::Planned;
use crate::steps::running;
use crate::steps::stores::{self, Store};

const SPECS: &str = "tests/real";
const SPEC: &str = "outage";
/// Two with an owner, one that gets one, and one that is nobody's.
pub const NAMESPACES: [&str; 4] = ["hero-user-a", "hero-user-b", "hero-user-a2", "stranger"];
const PATIENCE: Duration = Duration::from_secs(60);
/// vmagent gives what it sends five seconds when it is told to end.
const GRACE: Duration = Duration::from_secs(30);

/// Nothing more is going to come after so long without anything.
const QUIET: Duration = Duration::from_secs(5);
/// vmagent tries again after one second, then after twice as long as before.
const RETRIED: Duration = Duration::from_secs(45);

/// A change of the spec: words put in place of others.
pub type Edit = (&'static str, &'static str);

pub struct Scene<'c> {
    cluster: &'c mut Cluster,
    components: &'c Components,
    scratch: PathBuf,
    stores: Vec<Store>,
    _pods: Vec<Exporter>,
}

impl<'c> Scene<'c> {
    /// Everything runs, and samples of every namespace arrive where they should.
    ///
    /// # Errors
    /// What did not come up.
    pub fn start(cluster: &'c mut Cluster, components: &'c Components, scratch: &Path) -> Outcome<Self> {
        let scratch = scratch.join(SPEC);
        std::fs::create_dir_all(&scratch).during(scratch.display())?;
        let spec = spec(&[])?;
        let plans = spec.clusters()?;
        let mut all = Vec::new();
        for plan in &plans {
            let (fleet, _) = spec.fleet()?;
            all.extend(stores::start(cluster, components, fleet, plan, &plans, &BTreeMap::new(), &scratch)?);
        }
        let mut scene = Scene { cluster, components, scratch, stores: all, _pods: Vec::new() };
        scene.pods()?;
        let mut workloads = Vec::new();
        for plan in &plans {
            workloads.extend(scene.apply(&spec, plan)?);
        }
        operator::settled(scene.cluster, Generation::Newest, PATIENCE)?;
        let images = |image: &str| images::program(components, image);
        workloads.retain(|w| ["StatefulSet", "DaemonSet", "Deployment"].contains(&text(w, "/kind")));
        for plan in &plans {
            for lane in &plan.lanes {
                let made = operator::reconciled(scene.cluster, &plan.cluster.namespace.value, lane.name)?;
                workloads.extend(made.stateful_sets);
            }
        }
        scene.cluster.run(&workloads, &images)?;
        for way in super::WAYS {
            scene.watch(way, 0)?;
        }
        Ok(scene)
    }

    /// One pod in each namespace.
    fn pods(&mut self) -> Outcome<()> {
        let components = self.components;
        let images = |image: &str| images::program(components, image);
        let workloads: Vec<Value> = NAMESPACES.iter().map(|n| running::workload(n)).collect();
        let range = self.cluster.run(&workloads, &images)?;
        for pod in &self.cluster.pods()[range] {
            let number = pod.port("http").ok_or_else(|| Trouble::new(format!("{}: no port http", pod.name)))?;
            let listener = self.cluster.network.listen(pod.socket(number))?;
            self._pods.push(Exporter::start(listener, Kind::Pod, About::default())?);
        }
        Ok(())
    }

    fn apply(&mut self, spec: &Planned, plan: &ClusterPlan<'_>) -> Outcome<Vec<Value>> {
        let made = spec.objects(plan)?.into_iter().filter(|(kind, ..)| kind != "values");
        let mut objects: Vec<Value> = made.map(|(.., json)| json).collect();
        objects.sort_by_key(|o| o["kind"] != "Namespace");
        self.cluster.prepare(&plan.cluster.namespace.value)?;
        let applied = self.cluster.api.kubectl.apply_objects(&objects)?;
        self.cluster.settle()?;
        Ok(applied.objects)
    }

    /// Puts an edited spec in the place of what runs in a cluster, as whoever reads `watershed diff` would: hands back what
    /// that says. A StatefulSet that cannot be changed in place is deleted first, its pods left.
    ///
    /// # Errors
    /// It does not compile, is not accepted, or does not come up.
    pub fn change(&mut self, cluster: &str, from: &[Edit], to: &[Edit]) -> Outcome<Vec<Effect>> {
        let effects = self.difference(from, to)?;
        let spec = spec(to)?;
        let plans = spec.clusters()?;
        let plan = plans.iter().find(|p| p.cluster.id.value == cluster);
        let plan = plan.ok_or_else(|| Trouble::new(format!("no cluster is called {cluster}")))?;
        if effects.iter().any(|e| e.effect == "recreate" && e.object == "StatefulSet/relay") {
            orphan(&self.cluster.api.kubectl, cluster, "relay")?;
        }
        let objects = self.apply(&spec, plan)?;
        operator::settled(self.cluster, Generation::Newest, PATIENCE)?;
        self.cluster.refresh(cluster)?;
        if effects.iter().any(|e| e.object == "StatefulSet/relay") {
            let set = objects.iter().find(|o| o["kind"] == "StatefulSet");
            let set = set.ok_or_else(|| Trouble::new("the relay has no StatefulSet"))?;
            let components = self.components;
            let images = |image: &str| images::program(components, image);
            self.cluster.replace(set, &images)?;
        }
        Ok(effects)
    }

    /// Waits until the Prometheus of `direct` writes to a store, or does not any more: its configuration is reloaded.
    ///
    /// # Errors
    /// It does so after a minute.
    pub fn writes(&mut self, store: &str, writes: bool) -> Outcome<()> {
        let base = self.cluster.pod_mut("direct", "prometheus-main-0")?.url(9090);
        let host = format!("//{store}.example.com");
        until(&format!("configuration in which {store} is written to: {writes}"), PATIENCE, || {
            // What the operator makes of a change may come a moment after it says so.
            self.cluster.refresh("direct")?;
            let answer = http::get_json(&format!("{base}/api/v1/status/config"))?;
            Ok((text(&answer, "/data/yaml").contains(&host) == writes).then_some(()))
        })
    }

    /// What `watershed diff` says of an edit.
    fn difference(&self, from: &[Edit], to: &[Edit]) -> Outcome<Vec<Effect>> {
        let [before, after] = [("before", from), ("after", to)].map(|(name, edits)| {
            let folder = self.scratch.join(name);
            write_spec(&folder, edits).map(|()| folder)
        });
        let (before, after) = (before?, after?);
        let output = self.scratch.join("output");
        let run = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_watershed"));
            command.args(arguments).output().during("watershed does not start")
        };
        let [before, after, output] = [before, after, output].map(|p| p.display().to_string());
        let built = run(&["build", &before, "--out", &output])?;
        if !built.status.success() {
            return Err(Trouble::new("watershed build").said(String::from_utf8_lossy(&built.stderr)));
        }
        let against = format!("dir:{output}");
        let said = run(&["diff", &after, "--against", &against, "--format", "json"])?;
        let said: Value = serde_json::from_slice(&said.stdout).during("what watershed diff says")?;
        effects(&said)
    }

    /// # Errors
    /// No store is called so; it does not end.
    pub fn down(&mut self, store: &str) -> Outcome<Moment> {
        self.store(store)?.stop()?;
        Ok(now())
    }

    /// # Errors
    /// No store is called so; it does not come up.
    pub fn up(&mut self, store: &str) -> Outcome<Moment> {
        self.store(store)?.start_again()?;
        Ok(now())
    }

    /// Ends a container by a signal and starts it again; the moments of both.
    ///
    /// # Errors
    /// It does not end, or does not come up again.
    pub fn restart(&mut self, which: Which, signal: Signal) -> Outcome<[Moment; 2]> {
        let (namespace, pod, container) = which.place();
        let pod = self.cluster.pod_mut(namespace, pod)?;
        let from = now();
        pod.end(container, signal, GRACE)?;
        pod.start_again(container, PATIENCE)?;
        Ok([from, now()])
    }

    /// Waits until a store has samples of a namespace that were scraped after a moment.
    ///
    /// # Errors
    /// It has none after a minute.
    pub fn watch(&self, way: Way, after: Moment) -> Outcome<()> {
        let Way { cluster, store, namespace } = way;
        let selector = selector(namespace);
        let store = self.find(store)?;
        until(&format!("sample of {namespace} from {cluster} at {}", store.name), PATIENCE, || {
            Ok(counted::arrived(store, &selector)?.iter().any(|(_, at)| *at > after).then_some(()))
        })
    }

    /// What a store has not got of what the Prometheus of a cluster scraped in a namespace: waits until it has all it is
    /// going to get, which is when `enough` and nothing has come for a while.
    ///
    /// # Errors
    /// One of them does not answer.
    pub fn lost(&mut self, way: Way, window: [Moment; 2], enough: impl Fn(&Lost) -> bool) -> Outcome<Lost> {
        let Way { cluster, store, namespace } = way;
        let base = self.cluster.pod_mut(cluster, "prometheus-main-0")?.url(9090);
        let selector = selector(namespace);
        let store = self.find(store)?;
        let scraped = counted::scraped(&base, &selector)?;
        let began = Instant::now();
        let (mut last, mut since) = (usize::MAX, began);
        loop {
            let lost = Lost::of(&scraped, &counted::arrived(store, &selector)?, window);
            if lost.moments.len() != last {
                (last, since) = (lost.moments.len(), Instant::now());
            }
            let over = enough(&lost) && since.elapsed() > QUIET || began.elapsed() > RETRIED;
            if lost.is_none() || over {
                return Ok(lost);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Folders of queues on the volume of the relay.
    ///
    /// # Errors
    /// The volume cannot be read.
    pub fn queues(&self) -> Outcome<BTreeSet<String>> {
        let folder = self.cluster.kubelet.claims.join("relayed/queues-relay-0/persistent-queue");
        let entries = std::fs::read_dir(&folder).during(folder.display())?;
        entries.map(|e| Ok(e.during(folder.display())?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// # Errors
    /// The API server does not delete something.
    pub fn end(self) -> Outcome<()> {
        self.cluster.clear(&super::namespaces())
    }

    fn find(&self, name: &str) -> Outcome<&Store> {
        let found = self.stores.iter().find(|s| s.name == format!("{name}-t0"));
        found.ok_or_else(|| Trouble::new(format!("no store is called {name}")))
    }

    fn store(&mut self, name: &str) -> Outcome<&mut Store> {
        let found = self.stores.iter_mut().find(|s| s.name == format!("{name}-t0"));
        found.ok_or_else(|| Trouble::new(format!("no store is called {name}")))
    }
}

/// Of which series: scraped by the Prometheus of a cluster, about a namespace, on their way to a store.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    pub cluster: &'static str,
    pub store: &'static str,
    pub namespace: &'static str,
}

/// What can be restarted.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    Relay,
    Relayed,
    Direct,
}

impl Which {
    fn place(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Which::Relay => ("relayed", "relay-0", "vmagent"),
            Which::Relayed => ("relayed", "prometheus-main-0", "prometheus"),
            Which::Direct => ("direct", "prometheus-main-0", "prometheus"),
        }
    }
}

/// A change as `watershed diff` tells it.
#[derive(Debug, Clone)]
pub struct Effect {
    pub object: String,
    pub effect: String,
    pub consequence: String,
}

/// Deletes a StatefulSet and leaves its pods, as `kubectl delete --cascade=orphan` and the garbage collector do; the latter
/// does not run here.
fn orphan(kubectl: &Kubectl, namespace: &str, name: &str) -> Outcome<()> {
    let set = ["statefulset", name, "-n", namespace];
    kubectl.run(&[&["delete", "--cascade=orphan", "--wait=false"], &set[..]].concat())?;
    let done = ["--type=merge", "-p", "{\"metadata\":{\"finalizers\":null}}"];
    kubectl.run(&[&["patch"], &set[..], &done].concat()).map(drop)
}

fn effects(said: &Value) -> Outcome<Vec<Effect>> {
    let mut out = Vec::new();
    for change in said["changes"].as_array().into_iter().flatten() {
        let of = |pointer: &str| text(change, pointer).to_owned();
        let object = format!("{}/{}", of("/object/kind"), of("/object/name"));
        out.push(Effect { object, effect: of("/effect"), consequence: of("/consequence") });
    }
    if out.is_empty() {
        return Err(Trouble::new(format!("watershed diff says nothing: {said}")));
    }
    Ok(out)
}

fn selector(namespace: &str) -> String {
    format!("{{job=\"kubernetes-pods\",namespace=\"{namespace}\"}}")
}

fn spec(edits: &[Edit]) -> Outcome<Planned> {
    Planned::of(&repository(SPECS), SPEC, edits)
}

fn write_spec(folder: &Path, edits: &[Edit]) -> Outcome<()> {
    let file = repository(SPECS).join(SPEC).join("fleet.kdl");
    let mut text = std::fs::read_to_string(&file).during(file.display())?;
    for (from, to) in edits {
        if !text.contains(from) {
            return Err(Trouble::new(format!("{} does not say {from:?}", file.display())));
        }
        text = text.replace(from, to);
    }
    std::fs::create_dir_all(folder).during(folder.display())?;
    std::fs::write(folder.join("fleet.kdl"), text).during(folder.display())
}
