//! What an entry under `jobs/` says: what is scraped, in which parts, and what it costs.
//!
//! These types are the capabilities an entry may use; which job uses which is data. How a target
//! is found is in `discovery.rs`, the workload that serves it in `exporter.rs`.

use serde::Deserialize;

use super::discovery::{Choice, Discovery, Endpoint, Variant};
use super::exporter::{Component, Exporter};
use super::parts::Parts;
use super::version::Gate;

/// A scrape job: `templates/jobs/<name>/job.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The folder's name; the name in a spec. The value of the label `job` is in the variants.
    #[serde(skip)]
    pub name: String,
    /// One line.
    pub about: String,
    /// Present on every cluster that meets `requires`, without being named in a spec.
    #[serde(default)]
    pub standard: bool,
    #[serde(default)]
    pub requires: Requires,
    /// Versions of a cluster that can have it: elsewhere it is not present.
    #[serde(default)]
    pub gate: Gate,
    /// What carries the version its gates speak of.
    pub component: Option<Component>,
    pub workload_namespace: WorkloadNamespace,
    /// Of an exporter that reports about pods: why it cannot say their labels.
    #[serde(default)]
    pub pod_labels: Option<String>,
    pub targets: Targets,
    /// The whole job, classes included; [`Job::remainder`] is what the given classes leave.
    #[serde(default)]
    pub series: SeriesModel,
    pub endpoints: Vec<Endpoint>,
    /// What the exporter can be asked for one by one; absent where it cannot.
    pub parts: Option<Parts>,
    #[serde(default)]
    pub classes: Vec<Class>,
    /// Counters whose short peaks a slow sample hides. Where a class faster than its twin brings them, the
    /// largest of its rates is recorded for where the twin goes.
    #[serde(default)]
    pub peaks: Vec<Peak>,
    /// Who may run what serves the job; the first that fits is taken.
    pub variants: Vec<Variant>,
    /// How we run it ourselves; absent where somebody else always does (a kubelet, etcd).
    pub exporter: Option<Exporter>,
    /// What a person has to see to, outside of what we emit.
    #[serde(default)]
    pub checklist: Vec<Check>,
}

impl Job {
    /// The variant for a choice, or `None` where the catalog knows none: then the spec has to say
    /// `discover`.
    pub fn variant(&self, choice: &Choice<'_>) -> Option<&Variant> {
        let named = self.variants.iter().find(|v| v.name == choice.managed);
        let runs = |v: &&Variant| match (choice.managed, &self.exporter) {
            ("watershed", Some(_)) => v.ours || v.discovery == Discovery::Said,
            ("elsewhere", Some(_)) => !v.ours,
            _ => true,
        };
        match choice.managed {
            "watershed" | "elsewhere" => self.variants.iter().filter(runs).find(|v| v.fits(choice)),
            _ => named,
        }
    }

    /// Names that `exporter` of a spec takes besides `watershed` and `elsewhere`.
    pub fn variant_names(&self) -> impl Iterator<Item = &str> {
        self.variants.iter().map(|v| v.name.as_str()).filter(|n| *n != "watershed" && *n != "elsewhere")
    }

    /// Whether nobody knows how it is found but the spec.
    pub fn is_private(&self) -> bool {
        self.variants.iter().all(|v| v.discovery == Discovery::Said)
    }

    /// Whether we can run its exporter without being told an image.
    pub fn has_image(&self) -> bool {
        self.exporter.as_ref().is_some_and(|e| e.image.is_some())
    }

    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|c| c.name == name)
    }

    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|e| e.name == name)
    }

    /// What is left for the class without a name when `classes` are scraped on their own.
    pub fn remainder<'a>(&self, classes: impl IntoIterator<Item = &'a Class>) -> SeriesModel {
        classes.into_iter().fold(self.series, |left, class| left.minus(&class.series))
    }
}

/// What must hold on a cluster for a job, a class or a variant to be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requires {
    pub gpus: bool,
    pub npus: bool,
    pub roce_ports: bool,
    /// Nobody but the provider reaches it on a managed control plane.
    pub own_control_plane: bool,
    /// Has to be named in the cluster's `reachable`, for it binds to loopback by default.
    pub reachable: Option<String>,
    /// An Alertmanager runs on the cluster.
    pub alertmanager: bool,
}

/// What a cluster says of itself, as far as [`Requires`] asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClusterFacts<'a> {
    pub gpus: bool,
    pub npus: bool,
    pub roce_ports: bool,
    pub managed_control_plane: bool,
    pub reachable: &'a [&'a str],
    pub alertmanager: bool,
}

/// The first thing that [`Requires`] misses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    NoGpus,
    NoNpus,
    NoRocePorts,
    ManagedControlPlane,
    NotReachable(String),
    NoAlertmanager,
}

impl Requires {
    /// # Errors
    /// The first condition that does not hold.
    pub fn check(&self, cluster: &ClusterFacts<'_>) -> Result<(), Unmet> {
        let reachable = self.reachable.as_ref().filter(|c| !cluster.reachable.contains(&c.as_str()));
        match () {
            () if self.gpus && !cluster.gpus => Err(Unmet::NoGpus),
            () if self.npus && !cluster.npus => Err(Unmet::NoNpus),
            () if self.roce_ports && !cluster.roce_ports => Err(Unmet::NoRocePorts),
            () if self.own_control_plane && cluster.managed_control_plane => Err(Unmet::ManagedControlPlane),
            () if self.alertmanager && !cluster.alertmanager => Err(Unmet::NoAlertmanager),
            () => reachable.map_or(Ok(()), |c| Err(Unmet::NotReachable(c.clone()))),
        }
    }
}

/// Where the namespace of the pod that a series is about stands, after the scrape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkloadNamespace {
    /// The exporter writes it to `namespace`: there if labels are honoured, else it becomes
    /// `exported_namespace` and `namespace` is the exporter's own.
    Reported,
    /// As `Reported`, but some series have none (idle accelerators).
    ReportedIfAny,
    /// The target is the workload: its own namespace.
    Target,
    /// Series are about no pod; a `namespace` they carry is the exporter's.
    Nowhere,
}

/// How many targets a job has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    PerNode,
    PerControlPlaneNode,
    /// Replicas or shards of one workload.
    PerReplica,
    /// Replicas of each Prometheus of ours.
    PerPrometheus,
    /// Replicas of the relay.
    PerRelay,
    /// Whatever pods carry the annotation.
    Annotated,
}

/// Series a job holds in one cluster: the sum of each number times its count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeriesModel {
    pub fixed: u32,
    pub per_target: u32,
    pub per_node: u32,
    pub per_pod: u32,
    pub per_container: u32,
    pub per_cpu: u32,
    pub per_nic: u32,
    pub per_disk: u32,
    pub per_gpu: u32,
    pub per_npu: u32,
    pub per_roce_port: u32,
    /// Counted in real expositions, not computed or guessed.
    pub measured: bool,
}

/// The counts a [`SeriesModel`] is multiplied with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub targets: u64,
    pub nodes: u64,
    pub pods: u64,
    pub containers: u64,
    pub cpus: u64,
    pub nics: u64,
    pub disks: u64,
    pub gpus: u64,
    pub npus: u64,
    pub roce_ports: u64,
}

impl SeriesModel {
    /// Counts are a person's: a product too large to hold is the largest number there is.
    pub fn series(&self, n: &Counts) -> u64 {
        [
            (self.fixed, 1),
            (self.per_target, n.targets),
            (self.per_node, n.nodes),
            (self.per_pod, n.pods),
            (self.per_container, n.containers),
            (self.per_cpu, n.cpus),
            (self.per_nic, n.nics),
            (self.per_disk, n.disks),
            (self.per_gpu, n.gpus),
            (self.per_npu, n.npus),
            (self.per_roce_port, n.roce_ports),
        ]
        .into_iter()
        .fold(0, |sum: u64, (each, count)| sum.saturating_add(u64::from(each).saturating_mul(count)))
    }

    /// What is left when `part` is scraped elsewhere; never below zero.
    #[must_use]
    pub fn minus(&self, part: &SeriesModel) -> SeriesModel {
        SeriesModel {
            fixed: self.fixed.saturating_sub(part.fixed),
            per_target: self.per_target.saturating_sub(part.per_target),
            per_node: self.per_node.saturating_sub(part.per_node),
            per_pod: self.per_pod.saturating_sub(part.per_pod),
            per_container: self.per_container.saturating_sub(part.per_container),
            per_cpu: self.per_cpu.saturating_sub(part.per_cpu),
            per_nic: self.per_nic.saturating_sub(part.per_nic),
            per_disk: self.per_disk.saturating_sub(part.per_disk),
            per_gpu: self.per_gpu.saturating_sub(part.per_gpu),
            per_npu: self.per_npu.saturating_sub(part.per_npu),
            per_roce_port: self.per_roce_port.saturating_sub(part.per_roce_port),
            measured: self.measured && part.measured,
        }
    }
}

/// A part of a job with an interval of its own. Classes carry no interval here, so that a job's
/// interval in a spec reaches them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub name: String,
    pub about: String,
    pub select: Select,
    #[serde(default)]
    pub requires: Requires,
    /// Versions that have it: refused below where a spec names it, left out otherwise.
    #[serde(default)]
    pub gate: Gate,
    #[serde(default)]
    pub series: SeriesModel,
}

/// A counter whose peaks are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peak {
    pub metric: String,
    /// Name of what is recorded, `level:metric:operations`: the same whatever the intervals, so that a
    /// dashboard can ask for it.
    pub record: String,
    /// How many series it has; without the few that each target has of its own.
    pub series: SeriesModel,
}

/// How a class is told from the rest of its job. Classes of one job are disjoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// By URL parameter; names of [`Parts`].
    Parts(Vec<String>),
    /// By endpoint (a path of its own); names of [`Job::endpoints`].
    Endpoints(Vec<String>),
    /// By metric name after the scrape; globs.
    Metrics(Vec<String>),
}

/// A line for a person's checklist.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub when: CheckWhen,
    /// Only where this variant is the one that is taken; absent: in all.
    pub variant: Option<String>,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckWhen {
    /// The job is scraped on this cluster.
    Present,
    /// The job is left out because the component is not in `reachable`.
    NotReachable,
    /// The job is scraped, and the exporter is somebody else's.
    Elsewhere,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_leaves_the_rest_of_its_job() {
        let whole = SeriesModel { per_node: 350, per_nic: 30, per_cpu: 10, measured: true, ..Default::default() };
        let class = SeriesModel { per_nic: 30, per_cpu: 20, ..Default::default() };
        let left = whole.minus(&class);
        assert_eq!((left.per_node, left.per_nic, left.per_cpu, left.measured), (350, 0, 0, false));
        assert_eq!(whole.series(&Counts { nodes: 2, nics: 8, cpus: 64, ..Default::default() }), 700 + 240 + 640);
    }

    #[test]
    fn absurd_counts_give_the_largest_number_and_no_panic() {
        let model = SeriesModel { fixed: 1, per_pod: u32::MAX, per_node: 2, ..Default::default() };
        assert_eq!(model.series(&Counts { pods: u64::MAX, nodes: u64::MAX, ..Default::default() }), u64::MAX);
    }

    #[test]
    fn requirements_name_what_is_missing() {
        let etcd = Requires { own_control_plane: true, reachable: Some("etcd".into()), ..Default::default() };
        let managed = ClusterFacts { managed_control_plane: true, reachable: &["etcd"], ..Default::default() };
        assert_eq!(etcd.check(&managed), Err(Unmet::ManagedControlPlane));
        assert_eq!(etcd.check(&ClusterFacts::default()), Err(Unmet::NotReachable("etcd".into())));
        assert_eq!(etcd.check(&ClusterFacts { reachable: &["etcd"], ..Default::default() }), Ok(()));
    }
}
