//! What each kind of template is evaluated with: the contract between the catalog and emission.
//!
//! One type per kind; `settings` gives the names that templates use, which are those of the
//! fields. templates/README.md lists them from here.

use std::collections::BTreeMap;

use super::discovery::Serves;
use super::job::Job;
use super::pack::RulePack;
use super::settings::{Setting, Settings};
use super::version::Versions;

/// For the template of an exporter: a list of Kubernetes objects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExporterInput {
    /// Name of the workload and of what stands beside it.
    pub name: String,
    pub namespace: String,
    /// On every object and on pods; holds `selector`. Labels that say whose they are come afterwards.
    pub labels: BTreeMap<String, String>,
    /// On pods and Services; what the variant of ours discovers by.
    pub selector: BTreeMap<String, String>,
    /// The whole reference.
    pub image: String,
    pub pull_secrets: Vec<String>,
    /// Number of the port.
    pub port: u16,
    /// Further arguments from the spec, last.
    pub args: Vec<String>,
    pub requests: BTreeMap<String, String>,
    pub limits: BTreeMap<String, String>,
    pub node_selector: BTreeMap<String, String>,
    /// In the words of the Kubernetes API.
    pub tolerations: Vec<BTreeMap<String, Setting>>,
    pub priority_class: Option<String>,
    /// Optional parts to switch on, and default ones to switch off.
    pub parts_on: Vec<String>,
    pub parts_off: Vec<String>,
    /// Shortest interval at which anything of it is sampled, milliseconds.
    pub interval_ms: u32,
    /// Values of each series that an answer holds, at least 1.
    pub batch: u32,
    /// What one answer holds: `values`, `batch` or `aggregate`.
    pub serves: String,
    /// At least 1.
    pub shards: u16,
}

impl ExporterInput {
    pub const NAMES: &[&str] = &[
        "name",
        "namespace",
        "labels",
        "selector",
        "image",
        "pull_secrets",
        "port",
        "args",
        "requests",
        "limits",
        "node_selector",
        "tolerations",
        "priority_class",
        "parts_on",
        "parts_off",
        "interval_ms",
        "batch",
        "serves",
        "shards",
    ];

    /// Empty lists and maps become absent, but for `args`, `parts_on` and `parts_off`.
    pub fn settings(&self, versions: &Versions) -> Settings {
        let some_map = |m: &BTreeMap<String, String>| (!m.is_empty()).then(|| m.clone());
        let some_list = |l: Vec<Setting>| (!l.is_empty()).then_some(l);
        let secrets = self.pull_secrets.iter().map(|s| Setting::from([("name", s.as_str())])).collect();
        let tolerations = self.tolerations.iter().map(|t| Setting::from(t.clone())).collect();
        Settings::new(versions)
            .with("name", self.name.as_str())
            .with("namespace", self.namespace.as_str())
            .with("labels", self.labels.clone())
            .with("selector", self.selector.clone())
            .with("image", self.image.as_str())
            .with("pull_secrets", some_list(secrets))
            .with("port", i64::from(self.port))
            .with("args", self.args.clone())
            .with("requests", some_map(&self.requests))
            .with("limits", some_map(&self.limits))
            .with("node_selector", some_map(&self.node_selector))
            .with("tolerations", some_list(tolerations))
            .with("priority_class", self.priority_class.clone())
            .with("parts_on", self.parts_on.clone())
            .with("parts_off", self.parts_off.clone())
            .with("interval_ms", i64::from(self.interval_ms))
            .with("batch", i64::from(self.batch.max(1)))
            .with("serves", self.serves.as_str())
            .with("shards", i64::from(self.shards.max(1)))
    }
}

impl ExporterInput {
    /// As little as may be set, and everything: what a template is tried with before it is used.
    pub(super) fn samples(job: &Job) -> Vec<ExporterInput> {
        let Some(exporter) = &job.exporter else { return Vec::new() };
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let ours = job.variants.iter().find(|v| v.ours).and_then(|v| v.discovery.selector());
        let selector = match ours {
            Some(selector) => selector.labels.clone(),
            None => map("app.kubernetes.io/name", &job.name),
        };
        let least = ExporterInput {
            name: job.name.clone(),
            namespace: "monitoring".to_owned(),
            labels: selector.clone(),
            selector,
            image: "registry.example.com/exporter:v1".to_owned(),
            port: exporter.port,
            interval_ms: 15_000,
            batch: 1,
            serves: Serves::Values.name().to_owned(),
            shards: 1,
            ..ExporterInput::default()
        };
        let mut labels = least.labels.clone();
        labels.insert("watershed/unit".to_owned(), "exporter".to_owned());
        let full = ExporterInput {
            labels,
            pull_secrets: words(&["pull"]),
            args: words(&["--log.level=debug"]),
            requests: map("cpu", "100m"),
            limits: map("memory", "1Gi"),
            node_selector: map("kubernetes.io/os", "linux"),
            tolerations: vec![[("operator".to_owned(), Setting::from("Exists"))].into()],
            priority_class: Some("system-node-critical".to_owned()),
            parts_on: job.parts.as_ref().map(|p| p.optional.clone()).unwrap_or_default(),
            parts_off: job.parts.as_ref().map(|p| p.disabled.clone()).unwrap_or_default(),
            interval_ms: 1_000,
            batch: 16,
            serves: Serves::Batch.name().to_owned(),
            shards: if exporter.shards { 3 } else { 1 },
            ..least.clone()
        };
        vec![least, full]
    }
}

/// For the template of a rule pack: the list of groups of a PrometheusRule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulesInput {
    /// Name of the Prometheus (or store) that evaluates them.
    pub evaluated_by: String,
    /// What it scrapes.
    pub scraped: Vec<Scraped>,
    /// Metrics that rules of the pack read and it scrapes.
    pub has: Vec<String>,
    /// It scrapes the Prometheis of its cluster, itself among them.
    pub watches: bool,
    /// Of the relay of the cluster.
    pub queues: Vec<RelayQueue>,
    /// Pods of ours on the cluster that hold data.
    pub workloads: Vec<Held>,
    /// Some Prometheus of the cluster sends somewhere by remote write.
    pub remote_write: bool,
    /// Name of the label that tells clusters apart: at a store only.
    pub identity: String,
    /// Identities of the clusters whose series are there: at a store only.
    pub clusters: Vec<String>,
    /// Value of `runbook_url` up to the name of the alert; absent: no such annotation.
    pub runbooks: Option<String>,
    /// Fast classes it collects whose peaks are to be recorded.
    pub peaks: Vec<PeaksInput>,
}

/// What is recorded of a fast class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeaksInput {
    /// Value of the label `job`.
    pub job: String,
    /// Value of the label `job_class`.
    pub class: String,
    /// The same of its slower twin, and of what is recorded.
    pub twin: String,
    /// Intervals of both, milliseconds.
    pub interval_ms: u32,
    pub every_ms: u32,
    /// Name of what is recorded, and the counter it is made of.
    pub records: Vec<(String, String)>,
}

impl PeaksInput {
    /// Samples that a rate is made of: one that is missed, and those of the next scrape, are no gap.
    const SAMPLES: u32 = 4;

    fn setting(&self) -> Setting {
        let record = |(record, metric): &(String, String)| {
            Setting::from([("record", Setting::from(record.as_str())), ("metric", Setting::from(metric.as_str()))])
        };
        Setting::from([
            ("job", Setting::from(self.job.as_str())),
            ("class", Setting::from(self.class.as_str())),
            ("twin", Setting::from(self.twin.as_str())),
            ("interval", Setting::from(duration(self.interval_ms))),
            ("interval_ms", Setting::from(i64::from(self.interval_ms))),
            ("window", Setting::from(duration(self.interval_ms.saturating_mul(Self::SAMPLES)))),
            ("window_ms", Setting::from(i64::from(self.interval_ms.saturating_mul(Self::SAMPLES)))),
            ("every", Setting::from(duration(self.every_ms))),
            ("records", Setting::from(self.records.iter().map(record).collect::<Vec<_>>())),
        ])
    }
}

/// One class of a job as it is scraped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scraped {
    /// Value of the label `job`.
    pub job: String,
    /// Value of the label `job_class`; absent for the remainder.
    pub class: Option<String>,
    /// Value of the label `metrics_path`, where two jobs share a label `job`: it tells them apart.
    pub path: Option<String>,
    /// Milliseconds.
    pub interval_ms: u32,
    /// After which Prometheus gives a scrape up, milliseconds.
    pub timeout_ms: u32,
    /// One target on each node, which the label `node` names.
    pub per_node: bool,
    /// Whatever asks for it: no target at all is no fault.
    pub may_be_none: bool,
}

/// What waits for one destination in a replica of the relay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelayQueue {
    /// Name of the destination.
    pub to: String,
    /// In the list of destinations, from 1 on: by that the relay tells them apart.
    pub place: u32,
    /// What it may hold on disk.
    pub bytes: u64,
}

impl RelayQueue {
    fn setting(&self) -> Setting {
        Setting::from([
            ("to", Setting::from(self.to.as_str())),
            ("place", Setting::from(i64::from(self.place))),
            ("bytes", Setting::from(i64::try_from(self.bytes).unwrap_or(i64::MAX))),
        ])
    }
}

/// Pods that hold data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// `prometheus/user`, `relay`, `store/central`.
    pub unit: String,
    pub namespace: String,
    /// Regular expression of their names, and the name of the container that needs the memory.
    pub pods: String,
    pub container: String,
    /// Its limit, bytes.
    pub memory: Option<u64>,
    /// Regular expression of the names of their volume claims.
    pub claims: Option<String>,
}

impl Held {
    fn setting(&self) -> Setting {
        let memory = self.memory.map(|m| i64::try_from(m).unwrap_or(i64::MAX));
        Setting::from([
            ("unit", Setting::from(self.unit.as_str())),
            ("namespace", Setting::from(self.namespace.as_str())),
            ("pods", Setting::from(self.pods.as_str())),
            ("container", Setting::from(self.container.as_str())),
            ("memory", Setting::from(memory)),
            ("claims", Setting::from(self.claims.clone())),
        ])
    }
}

impl Scraped {
    fn setting(&self) -> Setting {
        let matchers = self.path.as_ref().map(|p| format!(",metrics_path=\"{p}\"")).unwrap_or_default();
        Setting::from([
            ("matchers", Setting::from(matchers)),
            ("path", Setting::from(self.path.clone().unwrap_or_default())),
            ("job", Setting::from(self.job.as_str())),
            ("class", Setting::from(self.class.clone().unwrap_or_default())),
            ("interval", Setting::from(duration(self.interval_ms))),
            ("interval_ms", Setting::from(i64::from(self.interval_ms))),
            ("timeout", Setting::from(duration(self.timeout_ms))),
            ("timeout_ms", Setting::from(i64::from(self.timeout_ms))),
            ("per_node", Setting::from(self.per_node)),
            ("may_be_none", Setting::from(self.may_be_none)),
        ])
    }
}

impl RulesInput {
    pub const NAMES: &[&str] = &[
        "evaluated_by",
        "scraped",
        "has",
        "watches",
        "queues",
        "workloads",
        "remote_write",
        "identity",
        "clusters",
        "runbooks",
        "peaks",
    ];

    pub fn settings(&self, versions: &Versions) -> Settings {
        Settings::new(versions)
            .with("evaluated_by", self.evaluated_by.as_str())
            .with("scraped", self.scraped.iter().map(Scraped::setting).collect::<Vec<_>>())
            .with("has", self.has.clone())
            .with("watches", self.watches)
            .with("queues", self.queues.iter().map(RelayQueue::setting).collect::<Vec<_>>())
            .with("workloads", self.workloads.iter().map(Held::setting).collect::<Vec<_>>())
            .with("remote_write", self.remote_write)
            .with("identity", self.identity.as_str())
            .with("clusters", self.clusters.clone())
            .with("runbooks", self.runbooks.clone())
            .with("peaks", self.peaks.iter().map(PeaksInput::setting).collect::<Vec<_>>())
    }
}

impl RulesInput {
    /// As [`ExporterInput::samples`].
    pub(super) fn samples(pack: &RulePack) -> Vec<RulesInput> {
        let least =
            RulesInput { evaluated_by: "user".to_owned(), identity: "cluster".to_owned(), ..RulesInput::default() };
        let kubelet = |path: &str| Scraped {
            job: "b".to_owned(),
            path: Some(path.to_owned()),
            interval_ms: 15_000,
            timeout_ms: 10_000,
            per_node: true,
            ..Scraped::default()
        };
        let held = |unit: &str, memory| Held {
            unit: unit.to_owned(),
            namespace: "monitoring".to_owned(),
            pods: format!("{}-[0-9]+", unit.replace('/', "-")),
            container: "prometheus".to_owned(),
            memory,
            claims: memory.map(|_| "data-[0-9]+".to_owned()),
        };
        let queue = RelayQueue { to: "central".to_owned(), place: 1, bytes: 1 << 30 };
        let full = RulesInput {
            scraped: vec![
                Scraped {
                    job: "a".to_owned(),
                    class: Some("fast".to_owned()),
                    interval_ms: 500,
                    timeout_ms: 500,
                    may_be_none: true,
                    ..Scraped::default()
                },
                kubelet("/metrics"),
                kubelet("/metrics/probes"),
            ],
            has: pack.rules.iter().flat_map(|r| r.metrics.iter().cloned()).collect(),
            watches: true,
            queues: vec![queue],
            workloads: vec![held("prometheus/user", Some(8 << 30)), held("relay", None)],
            remote_write: true,
            clusters: words(&["edge-1", "edge-2"]),
            runbooks: Some("https://runbooks.example.com/".to_owned()),
            peaks: vec![PeaksInput {
                job: "a".to_owned(),
                class: "fast".to_owned(),
                twin: "fast-sampled".to_owned(),
                interval_ms: 500,
                every_ms: 15_000,
                records: vec![("level:bytes:max_rate".to_owned(), "bytes_total".to_owned())],
            }],
            ..least.clone()
        };
        vec![least, full]
    }
}

/// For the template of a dashboard: Grafana's classic model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DashboardInput {
    /// At most 40 characters, a DNS label.
    pub uid: String,
    pub title: String,
    pub about: String,
    pub tags: Vec<String>,
    /// Name of the label that tells clusters apart.
    pub identity: String,
    /// `type` of the data source variable: `prometheus`.
    pub datasource_type: String,
    /// Slowest interval of anything shown, milliseconds.
    pub interval_ms: u32,
    /// Where the time range begins.
    pub range: String,
    pub variables: Vec<VariableInput>,
    pub panels: Vec<PanelInput>,
}

/// A choice among the values of a label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariableInput {
    pub name: String,
    pub title: String,
    pub metric: String,
    pub label: String,
    /// The label does not exist where the dashboard is read.
    pub hidden: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PanelInput {
    /// From 1 on.
    pub id: u32,
    /// `timeseries`, `stat`.
    pub kind: &'static str,
    pub title: String,
    pub about: String,
    pub unit: String,
    /// x, y, width, height on the grid.
    pub place: [u32; 4],
    pub targets: Vec<QueryInput>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryInput {
    pub expr: String,
    pub legend: String,
    /// Milliseconds.
    pub interval_ms: u32,
}

impl DashboardInput {
    pub const NAMES: &[&str] = &[
        "uid",
        "title",
        "about",
        "tags",
        "identity",
        "datasource_type",
        "interval",
        "interval_ms",
        "range",
        "variables",
        "panels",
    ];

    pub fn settings(&self, versions: &Versions) -> Settings {
        let cluster = VariableInput {
            name: "cluster".to_owned(),
            title: "Cluster".to_owned(),
            metric: "up".to_owned(),
            label: self.identity.clone(),
            hidden: false,
        };
        // One that is given under this name takes its place.
        let given = self.variables.iter().any(|v| v.name == cluster.name);
        let variables = (!given).then_some(&cluster).into_iter().chain(&self.variables);
        Settings::new(versions)
            .with("uid", self.uid.as_str())
            .with("title", self.title.as_str())
            .with("about", self.about.as_str())
            .with("tags", self.tags.clone())
            .with("identity", self.identity.as_str())
            .with("datasource_type", self.datasource_type.as_str())
            .with("interval", duration(self.interval_ms))
            .with("interval_ms", i64::from(self.interval_ms))
            .with("range", self.range.as_str())
            .with("variables", variables.map(VariableInput::setting).collect::<Vec<_>>())
            .with("panels", self.panels.iter().map(PanelInput::setting).collect::<Vec<_>>())
    }
}

impl VariableInput {
    fn setting(&self) -> Setting {
        Setting::from([
            ("name", Setting::from(self.name.as_str())),
            ("title", Setting::from(self.title.as_str())),
            ("metric", Setting::from(self.metric.as_str())),
            ("label", Setting::from(self.label.as_str())),
            ("hide", Setting::from(if self.hidden { 2 } else { 0 })),
        ])
    }
}

impl PanelInput {
    fn setting(&self) -> Setting {
        let target = |(target, letter): (&QueryInput, char)| {
            Setting::from([
                ("id", Setting::from(letter.to_string())),
                ("expr", Setting::from(target.expr.as_str())),
                ("legend", Setting::from(target.legend.as_str())),
                ("interval", Setting::from(duration(target.interval_ms))),
            ])
        };
        let [x, y, w, h] = self.place.map(|n| Setting::from(i64::from(n)));
        let fastest = self.targets.iter().map(|t| t.interval_ms).min().unwrap_or_default();
        Setting::from([
            ("id", Setting::from(i64::from(self.id))),
            ("type", Setting::from(self.kind)),
            ("title", Setting::from(self.title.as_str())),
            ("about", Setting::from(self.about.as_str())),
            ("unit", Setting::from(self.unit.as_str())),
            ("place", Setting::from([("x", x), ("y", y), ("w", w), ("h", h)])),
            ("interval", Setting::from(duration(fastest))),
            // Grafana names queries by letter; a panel of more than 26 is no panel.
            ("targets", Setting::from(self.targets.iter().zip('A'..='Z').map(target).collect::<Vec<_>>())),
        ])
    }
}

impl DashboardInput {
    /// As [`ExporterInput::samples`].
    pub(super) fn sample() -> DashboardInput {
        let query = QueryInput {
            expr: "up{cluster=~\"$cluster\"}".to_owned(),
            legend: "{{job}}".to_owned(),
            interval_ms: 15_000,
        };
        DashboardInput {
            uid: "watershed-sample".to_owned(),
            title: "Sample".to_owned(),
            about: "A sample.".to_owned(),
            tags: vec!["watershed".to_owned()],
            identity: "cluster".to_owned(),
            datasource_type: "prometheus".to_owned(),
            interval_ms: 15_000,
            range: "now-3h".to_owned(),
            variables: Vec::new(),
            panels: vec![PanelInput {
                id: 1,
                kind: "timeseries",
                title: "Up".to_owned(),
                about: "Targets.".to_owned(),
                unit: "short".to_owned(),
                place: [0, 0, 12, 9],
                targets: vec![query],
            }],
        }
    }
}

fn words(items: &[&str]) -> Vec<String> {
    items.iter().map(|s| (*s).to_owned()).collect()
}

/// As Prometheus and Grafana both read it.
fn duration(ms: u32) -> String {
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}
