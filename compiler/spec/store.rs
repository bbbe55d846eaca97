//! `store`: where series are kept for long.

use super::address::ADDRESS;
use super::allow::ALLOW;
use super::budget;
use super::credentials::{CA, CLIENT_CERT, SECRET, STORE_BASIC_AUTH, STORE_BEARER};
use super::key::key;
use super::patch::{PATCH, RAW};
use super::resources::{RESOURCES, STORAGE};
use crate::syntax::{Form::*, Reference, Shape, Type};

/// Every kind the language knows, whether compiled yet or not.
pub const KINDS: &[&str] = &[
    "victoriametrics-cluster",
    "victoriametrics-single",
    "mimir",
    "thanos-receive",
    "thanos-sidecar",
    "cortex",
    "greptimedb",
    "remote-write",
    "victorialogs-single",
    "victorialogs-cluster",
];

pub static STORE: Shape = Shape {
    name: "store",
    doc: "A long-term store, ours or somebody else's.",
    argument: None,
    keys: &[
        key("kind", Scalar(Type::Enum(KINDS)), "What it is.").required().serves("G4").native(&["type", "backend"]),
        key(
            "cluster",
            Scalar(Type::Ref(Reference::Cluster)),
            "Where it is deployed; that cluster is then a control plane. Without it somebody else runs the store, and only its addresses are used.",
        )
        .serves("A2"),
        key("install", Scalar(Type::Enum(&["helm", "operator"])), "A values file for the chart, or custom resources.")
            .default("`helm`")
            .serves("G4"),
        key("release", Scalar(Type::KubeName), "Name of the Helm release, hence of the Services and the URLs.")
            .default("the store's name")
            .serves("A2")
            .native(&["releaseName", "fullnameOverride"]),
        key("namespace", Scalar(Type::KubeName), "Where it is deployed.").default("`\"vm\"`, or the kind's own").serves("A2"),
        key("versions", Map(Type::Enum(&["chart", "app"]), Type::Version), "Versions of the chart and of what it runs.")
            .default("catalog")
            .serves("G5")
            .native(&["version", "chartVersion", "appVersion"]),
        key("retention", Scalar(Type::Duration), "How long samples are kept, at least a day.")
            .default("required with `cluster`")
            .serves("G2")
            .native(&["retentionPeriod", "retention_period"]),
        key("replication", Scalar(Type::Positive), "How many copies of each sample there are.")
            .default("1; 2 where `replicas` says `storage` 3 or more")
            .serves("G1")
            .native(&["replicationFactor", "replication_factor"]),
        key("replicas", Map(Type::Name, Type::Positive), "Pods of each component; for VictoriaMetrics `insert`, `select`, `storage`, `auth`.")
            .default("2 each; `storage` by `replication`")
            .serves("G4")
            .native(&["replicaCount"]),
        key("storage", Object(&STORAGE), "The volume of one storage replica.")
            .default("required with `cluster`")
            .serves("G2")
            .native(&["persistentVolume", "volumeClaimTemplate"]),
        key("objects", Object(&OBJECTS), "The object store that Mimir and Thanos keep blocks in.")
            .serves("G2")
            .not_yet("hold the blocks of Mimir and Thanos in an object store")
            .native(&["objectStorage", "bucket", "s3"]),
        key("requests", Object(&COMPONENTS), "What the containers of each component ask for.")
            .default("none, as the chart has it")
            .serves("G4")
            .native(&["resources"]),
        key("limits", Object(&COMPONENTS), "What the containers of each component may take.")
            .default("none, as the chart has it")
            .serves("G4"),
        key("tenant", Named(Type::Name, &TENANT), "A tenant: an account number of VictoriaMetrics, a header of Mimir and Thanos.")
            .serves("A5")
            .native(&["tenants", "accountID"]),
        key(
            "ingestion-limit",
            Object(&INGESTION_LIMIT),
            "The store's own limit; routes that exceed it together are an error, senders retry 429.",
        )
        .default("the kind's")
        .serves("P8")
        .native(&["ingestionRateLimit", "rateLimit", "ingestion_rate"]),
        key("accepts-late", Scalar(Type::Duration), "The oldest sample it takes; must exceed every `survive`.")
            .default("the kind's; required for `remote-write`")
            .serves("G1")
            .native(&["outOfOrderTimeWindow", "out_of_order_time_window"]),
        key("address", Named(Type::Name, &ADDRESS), "A way in.")
            .default("the Service, from the same cluster")
            .serves("A4")
            .native(&["addresses", "endpoint", "endpoints", "remoteWriteUrl"]),
        key("basic-auth", Object(&STORE_BASIC_AUTH), "User and password of all its addresses.")
            .serves("A4")
            .native(&["basic_auth", "basicAuth"]),
        key("bearer", Object(&STORE_BEARER), "Token of all its addresses.").serves("A4").native(&["authorization"]),
        key("ca", Object(&CA), "Certificate that its addresses are checked with.").serves("A4").native(&["tlsConfig", "tls_config"]),
        key("client-cert", Object(&CLIENT_CERT), "Certificate shown to its addresses.").serves("A4"),
        key("rules", List(Type::Ref(Reference::RulePack)), "Rule packs evaluated at the store.")
            .serves("G1")
            .native(&["vmalert", "ruler"]),
        key("alerts", List(Type::Ref(Reference::Alertmanager)), "Alertmanagers its rules tell.")
            .default("`alerts` of the fleet")
            .serves("G1"),
        key("backup", Object(&BACKUP), "Backups of its data, and how they are restored.")
            .serves("G1")
            .not_yet("run vmbackup on this schedule and write down how to restore"),
        key("budget", Object(&budget::STORE), "What it may cost.").serves("G2 G4").not_yet(budget::WILL),
        key("patch", Repeated(&PATCH), "A change to an emitted object or values file, with its reason.").serves("G6"),
        key("raw", Repeated(&RAW), "Kubernetes objects of your own, taken into the output, with the reason.").serves("G6"),
        ALLOW,
    ],
};

static COMPONENTS: Shape = Shape {
    name: "store-resources",
    doc: "CPU and memory of each component of a store.",
    argument: None,
    keys: &[
        key("insert", Object(&RESOURCES), "Of what takes samples in.").serves("G4").native(&["vminsert"]),
        key("select", Object(&RESOURCES), "Of what answers queries.").serves("G4").native(&["vmselect"]),
        key("storage", Object(&RESOURCES), "Of what keeps samples.").serves("G4").native(&["vmstorage"]),
        key("auth", Object(&RESOURCES), "Of the front door.").serves("G4").native(&["vmauth"]),
    ],
};

static TENANT: Shape = Shape {
    name: "tenant",
    doc: "A tenant of a store.",
    argument: None,
    keys: &[
        key("id", Scalar(Type::Count), "Its account number.").serves("A5").native(&["accountID", "account-id"]),
        key("ingestion-limit", Object(&INGESTION_LIMIT), "What it may send.")
            .not_yet("set the limit of this tenant at the store's front door")
            .serves("A5 P8"),
    ],
};

static INGESTION_LIMIT: Shape = Shape {
    name: "ingestion-limit",
    doc: "A limit that the store itself enforces.",
    argument: Some("samples-per-second"),
    keys: &[
        key("samples-per-second", Scalar(Type::Positive), "Samples per second.")
            .serves("P8")
            .native(&["samplesPerSecond", "rate"]),
        key("burst", Scalar(Type::Positive), "Samples that may come at once.")
            .not_yet("set the burst that the store's front door admits")
            .serves("P8")
            .native(&["burstSize"]),
        key("series", Scalar(Type::Positive), "Active series.")
            .not_yet("set the limit of active series at the store")
            .serves("P8")
            .native(&["maxSeries"]),
    ],
};

static OBJECTS: Shape = Shape {
    name: "objects",
    doc: "An object store.",
    argument: Some("bucket"),
    keys: &[
        key("bucket", Scalar(Type::Text), "Name of the bucket.").required().serves("G2"),
        SECRET,
        key("endpoint", Scalar(Type::Endpoint), "Host of the object store.").serves("G2"),
    ],
};

static BACKUP: Shape = Shape {
    name: "backup",
    doc: "Backups of a store.",
    argument: Some("schedule"),
    keys: &[
        key("schedule", Scalar(Type::Text), "When, as a cron expression.").required().serves("G1"),
        key("bucket", Scalar(Type::Text), "The bucket they go to.").required().serves("G1"),
        SECRET,
        key("keep", Scalar(Type::Duration), "How long they are kept.").serves("G1"),
    ],
};
