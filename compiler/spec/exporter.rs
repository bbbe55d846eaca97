//! `exporter` and `exporters`: who runs what serves the metrics.

use super::key::key;
use super::resources::RESOURCES;
use crate::syntax::{Form::*, Key, Shape, Type};

pub static EXPORTER: Shape = Shape {
    name: "exporter",
    doc: "The workload that serves a job's metrics.",
    argument: Some("managed"),
    keys: &[
        MANAGED.default("`exporters` of the cluster"),
        key("image", Scalar(Type::Image), "Image instead of the catalog's.").default("catalog").serves("P2"),
        NAMESPACE,
        key("args", List(Type::Text), "Further arguments, handed on as they stand.")
            .serves("P3")
            .native(&["extraArgs", "additionalArgs"]),
        key("node-selector", Map(Type::LabelKey, Type::LabelValue), "Nodes it runs on.")
            .default("catalog")
            .serves("P3")
            .native(&["nodeSelector"]),
        key("requests", Object(&RESOURCES), "What its container asks for.")
            .default("catalog")
            .serves("P3")
            .native(&["resources"]),
        key("limits", Object(&RESOURCES), "What its container may take.").default("catalog").serves("P3"),
    ],
};

pub static EXPORTERS: Shape = Shape {
    name: "exporters",
    doc: "Who runs the exporters of jobs that say nothing else.",
    argument: Some("managed"),
    keys: &[MANAGED.default("`\"watershed\"`"), NAMESPACE],
};

const MANAGED: Key = key(
    "managed",
    Scalar(Type::Name),
    "`watershed` runs it; `elsewhere`: somebody else does, only the monitor is made; or a variant the catalog knows, with that variant's ports and labels.",
)
.serves("P2");

const NAMESPACE: Key =
    key("namespace", Scalar(Type::KubeName), "Where it runs.").default("`namespace` of the cluster").serves("P2");
