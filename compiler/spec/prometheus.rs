//! `prometheus`: one Prometheus of a cluster.

use super::allow::ALLOW;
use super::budget;
use super::key::key;
use super::resources::{RESOURCES, STORAGE};
use crate::syntax::{Form::*, Reference, Shape, Type};

pub static PROMETHEUS: Shape = Shape {
    name: "prometheus",
    doc: "One Prometheus of a cluster: what it takes, how long it keeps it, and what it runs on.",
    argument: None,
    keys: &[
        key("jobs", List(Type::JobClass), "The jobs and classes it scrapes and sends.").serves("A1 P6").native(&[
            "serviceMonitors",
            "scrape_configs",
            "job",
        ]),
        key(
            "rest",
            Flag,
            "Takes every job present on the cluster that no other Prometheus takes; at most one in a cluster.",
        )
        .default("unset")
        .serves("A1"),
        key("retention", Scalar(Type::Duration), "How long samples are kept.").required().serves("G2 P1").native(&[
            "retentionTime",
            "storage.tsdb.retention.time",
            "retentionPeriod",
        ]),
        key("retention-size", Scalar(Type::Size), "How large the data may grow before the oldest goes.")
            .default("80 % of `storage`")
            .serves("P1")
            .native(&["retentionSize", "retention_size", "storage.tsdb.retention.size"]),
        key("storage", Object(&STORAGE), "Its volume.").required().serves("P4 P9").native(&[
            "volumeClaimTemplate",
            "storageSpec",
            "persistentVolume",
        ]),
        key("replicas", Scalar(Type::Positive), "How many scrape the same; each has its own disk.")
            .default("1")
            .serves("G1")
            .native(&["replicaCount"]),
        key("shards", Scalar(Type::Positive), "How many divide the targets among them.").default("1").serves("G4"),
        key("interval", Scalar(Type::Duration), "How often it scrapes jobs that say nothing else.")
            .default("`interval` of the cluster")
            .serves("G3")
            .native(&["scrape_interval", "scrapeInterval", "evaluation_interval", "evaluationInterval"]),
        key("timeout", Scalar(Type::Duration), "How long its scrapes may take.")
            .default("`timeout` of the cluster")
            .serves("P2")
            .native(&["scrape_timeout", "scrapeTimeout"]),
        key("requests", Object(&RESOURCES), "What its container asks for.")
            .default("500m and 2Gi, whatever the estimate says")
            .serves("P1")
            .native(&["resources"]),
        key("limits", Object(&RESOURCES), "What its container may take.")
            .default("none: a limit that nobody sized would slow it down or kill it")
            .serves("P1"),
        key("query", Object(&QUERY), "What a query may take, the usual cause of out-of-memory kills.")
            .default("computed from memory")
            .serves("P1"),
        key(
            "adopts",
            Scalar(Type::NamespacedName),
            "Takes over the Prometheus that runs under that name, with its name, Service and volume.",
        )
        .serves("G6")
        .not_yet("take over a running Prometheus under its own name, with its Service and volume"),
        key("also-select", Repeated(&ALSO_SELECT), "Monitors and rules that are not ours, and are taken in too.")
            .serves("G6")
            .native(&["serviceMonitorSelector", "podMonitorSelector", "ruleSelector"])
            .not_yet("select monitors and rules that are not ours, beside ours"),
        key(
            "also-scrapes",
            List(Type::JobClass),
            "Scraped here too, for local use; only the Prometheus that owns the class sends it.",
        )
        .serves("A1"),
        key(
            "sample-limit",
            Scalar(Type::Positive),
            "More samples than this in one scrape of any target make the scrape fail.",
        )
        .serves("G4")
        .native(&["enforcedSampleLimit", "sampleLimit", "sample_limit"]),
        key(
            "rules",
            List(Type::Ref(Reference::RulePack)),
            "Rule packs it evaluates, once every metric they ask for is known to be collected here.",
        )
        .serves("P2")
        .native(&["rule_files", "ruleFiles", "prometheusRule"]),
        key("alerts", List(Type::Ref(Reference::Alertmanager)), "Alertmanagers it tells.")
            .default("`alerts` of the cluster")
            .serves("G1")
            .native(&["alerting", "alertmanagers"]),
        key("expose", Object(&EXPOSE), "How its pages are reached from outside.")
            .default("`none`")
            .serves("A7")
            .native(&["ingress", "externalUrl", "external_url"]),
        key("budget", Object(&budget::PROMETHEUS), "What it may cost.").serves("G4").not_yet(budget::WILL),
        ALLOW,
        key("disabled", Flag, "Takes an inherited one out.").default("unset"),
    ],
};

static QUERY: Shape = Shape {
    name: "query",
    doc: "What a query of a Prometheus may take.",
    argument: None,
    keys: &[
        key("concurrency", Scalar(Type::Positive), "Queries that run at a time.")
            .serves("P1")
            .native(&["maxConcurrency", "max_concurrency"]),
        key("samples", Scalar(Type::Positive), "Samples one query may load.")
            .serves("P1")
            .native(&["maxSamples", "max_samples"]),
        key("timeout", Scalar(Type::Duration), "How long one query may run.").serves("P1"),
    ],
};

static ALSO_SELECT: Shape = Shape {
    name: "also-select",
    doc: "Monitors and rules of somebody else.",
    argument: None,
    keys: &[
        key("labels", Map(Type::LabelKey, Type::LabelValue), "Labels they carry.")
            .required()
            .serves("G6")
            .native(&["matchLabels", "selector"]),
        key("namespaces", List(Type::KubeName), "Namespaces they are in.").default("all").serves("G6").native(&[
            "namespaceSelector",
            "matchNames",
            "namespace",
        ]),
    ],
};

static EXPOSE: Shape = Shape {
    name: "expose",
    doc: "A way to the pages of a Prometheus.",
    argument: Some("by"),
    keys: &[
        key("by", Scalar(Type::Enum(&["none", "node-port", "ingress"])), "What is made for it.")
            .default("`none`")
            .serves("A7"),
        key("host", Scalar(Type::Domain), "Host name of the Ingress.").serves("A7").native(&["hostname"]),
        key("port", Scalar(Type::Port), "Port on every node.").serves("A7").native(&["nodePort"]),
        key("class", Scalar(Type::ObjectName), "Class of the Ingress.").serves("A7").native(&["ingressClassName"]),
    ],
};
