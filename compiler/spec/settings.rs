//! The settings: one list of keys for `fleet`, `profile` and `cluster`.

use super::allow::{ALLOW, DECIDE, IGNORE};
use super::budget;
use super::exporter::EXPORTERS;
use super::grafana::GRAFANA;
use super::job::JOB;
use super::key::key;
use super::logs::LOGS;
use super::patch::{PATCH, RAW};
use super::pool::POOL;
use super::prometheus::PROMETHEUS;
use super::reader::READER;
use super::relay::RELAY;
use super::resources::SIZING;
use super::scheduling::TOLERATION;
use crate::syntax::{Form::*, Key, Reference, Shape, Type};

/// Whether a key of `fleet`, `profile` or `cluster` is inherited.
pub fn is_setting(name: &str) -> bool {
    SETTINGS.iter().any(|k| k.name == name)
}

/// Whether a shape is one of the three places where settings stand.
pub fn is_place(shape: &Shape) -> bool {
    matches!(shape.name, "fleet" | "profile" | "cluster")
}

/// In the order of the reference: facts about a cluster, then what is done in it.
pub const SETTINGS: &[Key] = &[
    key("zone", Scalar(Type::Ref(Reference::Zone)), "The network the cluster is in; decides by which address it reaches a store.")
        .default("required where a route crosses clusters")
        .serves("A4")
        .native(&["network", "region"]),
    key("labels", Map(Type::LabelKey, Type::LabelValue), "Labels for selecting clusters; never put on series.")
        .serves("A2"),
    key(
        "versions",
        Map(Type::Name, Type::Version),
        "Versions of what runs, by component (`kubernetes`, `operator`, `prometheus`, an exporter): every version gate, image tags, chart versions.",
    )
    .default("`kubernetes` required, others: the newest the catalog supports with it")
    .serves("G5 P1")
    .native(&["version", "kubernetesVersion", "kubeVersion"]),
    key("nodes", Scalar(Type::Positive), "How many nodes the cluster has: capacity, and alerts for nodes that are missing.")
        .required()
        .serves("G4 P3")
        .native(&["nodeCount", "node_count"]),
    key("pods", Scalar(Type::Count), "How many pods run in it: capacity.")
        .default("computed: 30 a node, reported as assumed")
        .serves("G4")
        .native(&["podCount", "pod_count"]),
    key("gpus-per-node", Scalar(Type::Count), "GPUs of a node: which accelerator jobs and classes are present; capacity.")
        .default("0")
        .serves("G3")
        .native(&["gpus", "gpusPerNode"]),
    key("npus-per-node", Scalar(Type::Count), "NPUs of a node, as `gpus-per-node`.")
        .default("0")
        .serves("G3")
        .native(&["npus", "npusPerNode"]),
    key("roce-ports-per-node", Scalar(Type::Count), "RoCE ports of a node: which network classes are present; capacity.")
        .default("0")
        .serves("G3")
        .native(&["rocePorts", "rocePortsPerNode"]),
    key("pool", Named(Type::Name, &POOL), "Nodes of one make, where a cluster has several.")
        .serves("G3")
        .not_yet("size accelerators, exporters and capacity by node pool")
        .native(&["nodePool", "nodePools", "nodeGroup"]),
    key("managed-control-plane", Flag, "Somebody else runs the control plane: jobs and rules nobody can reach are left out.")
        .default("unset")
        .serves("P2"),
    key("base", Object(&BASE), "What the cluster already runs: presets of discovery, and units that are `elsewhere`.")
        .default("`none`")
        .serves("G6"),
    key(
        "reachable",
        List(Type::Name),
        "Components of the Kubernetes control plane that listen beyond loopback: `etcd`. Only these get a monitor; the others a checklist.",
    )
    .serves("P2"),
    key("context", Scalar(Type::Text), "kubeconfig context that live commands use.")
        .default("the cluster's name")
        .serves("A8")
        .native(&["kubeContext", "kubeconfigContext"]),
    key("namespace", Scalar(Type::KubeName), "Where our objects live.").default("`\"monitoring\"`"),
    key("dns-domain", Scalar(Type::Domain), "The cluster's DNS domain, for URLs within it.")
        .default("`\"cluster.local\"`")
        .serves("A2")
        .native(&["clusterDomain", "cluster_domain"]),
    key("image-mirror", Scalar(Type::Registry), "Host and path that replace the host of every image we refer to.")
        .serves("G6")
        .native(&["imageRegistry", "global.imageRegistry", "registry"]),
    key("pull-secrets", List(Type::ObjectName), "Secrets with which images are pulled.")
        .serves("G6")
        .native(&["imagePullSecrets"]),
    key("storage-class", Scalar(Type::ObjectName), "The class of every `storage` that names none.")
        .default("the cluster's default class")
        .serves("P4")
        .native(&["storageClassName", "storageClass"]),
    key("tolerations", Repeated(&TOLERATION), "Taints that what we run tolerates; exporters have their own.").serves("G6"),
    key("node-selector", Map(Type::LabelKey, Type::LabelValue), "Nodes on which what we run may stand; exporters have their own.")
        .serves("G6")
        .native(&["nodeSelector"]),
    key("priority-class", Scalar(Type::ObjectName), "Priority class of what we run.")
        .serves("G6")
        .native(&["priorityClassName", "priorityClass"]),
    key("interval", Scalar(Type::Duration), "How often targets of jobs that say nothing else are scraped.")
        .default("`\"15s\"`")
        .serves("G3")
        .native(&["scrape_interval", "scrapeInterval", "evaluation_interval", "evaluationInterval"]),
    key("timeout", Scalar(Type::Duration), "How long a scrape may take.")
        .default("computed: 10s or the interval, the smaller")
        .serves("P2")
        .native(&["scrape_timeout", "scrapeTimeout"]),
    key(
        "external-labels",
        Map(Type::LabelName, Type::Text),
        "Labels on everything that leaves a Prometheus. The identity label comes from `id` and may not stand here.",
    )
    .serves("A2")
    .native(&["external_labels", "externalLabels"]),
    key("survive", Scalar(Type::DurationOrZero), "How long a store may be out of reach without losing a sample.")
        .default("`\"0s\"`, no promise")
        .serves("G1 P7"),
    key("relay", Object(&RELAY), "The vmagent with queues on disk between Prometheis and stores, where one is needed.")
        .default("`auto`")
        .serves("G1 P8")
        .native(&["vmagent"]),
    key("exporters", Object(&EXPORTERS), "Who runs the exporters of jobs that say nothing else.").default("`\"watershed\"`").serves("P2"),
    key("alerts", List(Type::Ref(Reference::Alertmanager)), "Alertmanagers that are told.")
        .serves("G1")
        .native(&["alerting", "alertmanagers"]),
    key("prometheus", Named(Type::Name, &PROMETHEUS), "One Prometheus of each cluster, and all it needs.")
        .serves("A1 A7")
        .native(&["prometheuses"]),
    key("job", Named(Type::Name, &JOB), "Something to collect: a job of the catalog, or a custom one.")
        .default("catalog")
        .serves("P2 P5 G3")
        .native(&["scrape_configs", "scrapeConfigs", "serviceMonitor", "podMonitor", "jobs"]),
    key("reader", Named(Type::Name, &READER), "Somebody who queries: data sources, lists of endpoints, network policies.")
        .serves("A1 G6")
        .native(&["datasource", "dataSource", "datasources"]),
    key("network-policies", Scalar(Type::Enum(&["off", "report", "enforce"])), "`report` lists who talks to whom; `enforce` emits policies, for pods we emit only.")
        .default("`off`")
        .serves("G6")
        .native(&["networkPolicy", "networkPolicies"]),
    key(
        "rbac",
        Scalar(Type::Enum(&["cluster", "namespaced"])),
        "One read-only ClusterRole for each Prometheus, or Roles in exactly the namespaces it discovers.",
    )
    .default("`cluster`")
    .serves("G6"),
    key("grafana", Object(&GRAFANA), "How dashboards and data sources reach the Grafana that is there.")
        .default("by `base`, else `sidecar`")
        .serves("A1"),
    key("maintenance", Object(&MAINTENANCE), "Silences the alerts that say this cluster is missing.")
        .serves("A8")
        .not_yet("silence the alerts that say this cluster is missing, until the date given"),
    key("sizing", Named(Type::Unit, &SIZING), "Requests, limits and queue volumes of units that set none; written by `capacity --write`.")
        .serves("P1")
        .not_yet("hold the sizes that `capacity --write` computes"),
    key("logs", Object(&LOGS), "A log collector with a disk buffer, and the store it writes to.")
        .serves("G1")
        .not_yet("run a log collector with a disk buffer and send to a store of a logs kind"),
    key("budget", Object(&budget::SETTINGS), "What the cluster, and a change, may cost; checked by the compiler.")
        .serves("G2 G4")
        .not_yet(budget::WILL),
    key("patch", Repeated(&PATCH), "A change to an emitted object, with its reason.").serves("G6"),
    key("raw", Repeated(&RAW), "Kubernetes objects of your own, taken into the output, with the reason.").serves("G6"),
    key("ignore", Repeated(&IGNORE), "A difference to the live cluster that is not drift.").serves("A8"),
    key("decide", Repeated(&DECIDE), "What becomes of an object that was there before us.")
        .serves("G6")
        .not_yet("record what becomes of each object that `adopt` finds"),
    ALLOW,
];

static BASE: Shape = Shape {
    name: "base",
    doc: "The monitoring a cluster already runs.",
    argument: Some("kind"),
    keys: &[
        key("kind", Scalar(Type::Enum(&["none", "kube-prometheus", "kube-prometheus-stack"])), "What is installed.")
            .default("`none`"),
        key("release", Scalar(Type::KubeName), "The name of its Helm release.")
            .not_yet("tell the objects of that release by their labels")
            .native(&["releaseName"]),
        key("namespace", Scalar(Type::KubeName), "Where it is installed.").default("`\"monitoring\"`"),
    ],
};

static MAINTENANCE: Shape = Shape {
    name: "maintenance",
    doc: "A cluster that is away on purpose.",
    argument: Some("until"),
    keys: &[
        key("until", Scalar(Type::Date), "The last day on which it may be missing, UTC.").required(),
        key("why", Scalar(Type::Text), "The reason, for whoever reads the alert list.").required(),
    ],
};
