//! `job`: something that is scraped, and `class`, a part of it with a life of its own.

use super::allow::ALLOW;
use super::credentials::{BASIC_AUTH, BEARER, CA, CLIENT_CERT, SERVER_NAME};
use super::discover::DISCOVER;
use super::exporter::EXPORTER;
use super::key::key;
use crate::syntax::{Form::*, Key, Reference, Shape, Type};

pub static JOB: Shape = Shape {
    name: "job",
    doc: "A scrape job: one of the catalog, or a custom one, which must say `discover`.",
    argument: None,
    keys: &[
        INTERVAL,
        TIMEOUT,
        SCRAPE,
        key(
            "critical",
            Flag,
            "Also collected by the relay itself, so that a Prometheus in trouble does not blind the centre.",
        )
        .default("unset")
        .serves("G1"),
        key("class", Named(Type::Name, &CLASS), "A part of the job with an interval or a Prometheus of its own.")
            .default("catalog")
            .serves("G3")
            .native(&["classes", "endpoints"]),
        key(
            "prometheus",
            Scalar(Type::Ref(Reference::Prometheus)),
            "The same as standing in that Prometheus' `jobs`; for a job that only some clusters have.",
        )
        .serves("A1"),
        key("exporter", Object(&EXPORTER), "Who runs the exporter, and how.").default("catalog").serves("P2 P3"),
        key("discover", Object(&DISCOVER), "How targets are found.").default("catalog").serves("P2").native(&[
            "selector",
            "kubernetes_sd_configs",
            "static_configs",
            "serviceMonitor",
        ]),
        key("path", Scalar(Type::UrlPath), "Path of the metrics page.")
            .default("`\"/metrics\"`")
            .serves("P2")
            .native(&["metrics_path", "metricsPath"]),
        key("scheme", Scalar(Type::Enum(&["http", "https"])), "Scheme of the metrics page.")
            .default("`http`")
            .serves("P2"),
        key("params", Map(Type::Text, Type::Text), "Parameters of the URL.").serves("P2"),
        key("basic-auth", Object(&BASIC_AUTH), "User and password for the target.")
            .default("catalog")
            .native(&["basic_auth", "basicAuth"]),
        key("bearer", Object(&BEARER), "Token for the target.").default("catalog").native(&[
            "authorization",
            "bearerTokenSecret",
            "bearer_token_file",
            "bearerTokenFile",
        ]),
        key("ca", Object(&CA), "Certificate that the target's is checked with.").default("catalog").native(&[
            "tlsConfig",
            "tls_config",
            "ca_file",
        ]),
        key("client-cert", Object(&CLIENT_CERT), "Certificate shown to the target.").default("catalog").native(&[
            "cert",
            "cert_file",
            "keySecret",
        ]),
        SERVER_NAME,
        key(
            "honor-labels",
            Flag,
            "Labels of the target win over those of discovery; decides where the workload's namespace is.",
        )
        .default("catalog")
        .serves("A5")
        .native(&["honor_labels", "honorLabels"]),
        key("keep", List(Type::MetricGlob), "Metrics that are kept; all others are dropped.")
            .default("catalog")
            .serves("P5 G2"),
        key("drop", List(Type::MetricGlob), "Metrics that are dropped.").default("catalog").serves("P5 G2").native(&[
            "metricRelabelings",
            "metric_relabel_configs",
            "metricRelabelConfigs",
        ]),
        key("series", Scalar(Type::Count), "Series of one target, for capacity.").default("catalog").serves("G4"),
        key(
            "sample-limit",
            Scalar(Type::Positive),
            "More samples than this in one scrape of a target make the scrape fail.",
        )
        .serves("G4")
        .native(&["sampleLimit", "sample_limit"]),
        ALLOW,
        key("disabled", Flag, "Not collected here.").default("unset").serves("P5"),
    ],
};

static CLASS: Shape = Shape {
    name: "class",
    doc: "A part of a job: one endpoint or monitor, with collectors no other class has.",
    argument: None,
    keys: &[
        INTERVAL,
        TIMEOUT,
        SCRAPE,
        key("prometheus", Scalar(Type::Ref(Reference::Prometheus)), "The Prometheus that owns this class.")
            .serves("A1"),
        key("collectors", List(Type::Collector), "Collectors of the exporter that make up the class.")
            .default("catalog")
            .serves("G3"),
        key("metrics", List(Type::MetricGlob), "Metrics that make up the class, where the exporter has no collectors.")
            .default("catalog")
            .serves("G3"),
        key(
            "sampled",
            Scalar(Type::Duration),
            "Interval of the slower twin that a class faster than 5s has; the twin is what travels to stores.",
        )
        .default("`\"15s\"`")
        .serves("G3"),
        key("series", Scalar(Type::Count), "Series of the class per target, for capacity.")
            .default("catalog")
            .serves("G4"),
        ALLOW,
        key("disabled", Flag, "Not collected here.").default("unset").serves("G3"),
    ],
};

const INTERVAL: Key = key("interval", Scalar(Type::Duration), "How often samples are taken.")
    .default("the next wider `interval`: class, job, prometheus, cluster")
    .serves("G3")
    .native(&["scrape_interval", "scrapeInterval"]);

const TIMEOUT: Key = key("timeout", Scalar(Type::Duration), "How long a scrape may take.")
    .default("the next wider `timeout`: class, job, prometheus, cluster")
    .serves("G3")
    .native(&["scrape_timeout", "scrapeTimeout"]);

const SCRAPE: Key = key(
    "scrape",
    Scalar(Type::Duration),
    "How often Prometheus fetches, if rarer than samples are taken; for exporters that serve timestamped batches.",
)
.default("`interval`")
.serves("G3");
