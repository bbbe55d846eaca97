//! `reader`: who queries what.

use super::allow::ALLOW;
use super::key::key;
use crate::syntax::{Form::*, Reference, Shape, Type};

pub static READER: Shape = Shape {
    name: "reader",
    doc: "Somebody who queries, and the Prometheis and stores they query.",
    argument: None,
    keys: &[
        key(
            "reads",
            List(Type::Ref(Reference::PrometheusOrStore)),
            "Prometheis of this cluster, and stores: data sources of a Grafana, a ConfigMap of endpoints for other clients.",
        )
        .required()
        .serves("A1"),
        key("kind", Scalar(Type::Enum(&["grafana", "http"])), "What kind of client it is.").default("catalog, else `http`").serves("A1"),
        key("namespace", Scalar(Type::KubeName), "Namespace of its pods.").default("catalog").serves("G6"),
        key("labels", Map(Type::LabelKey, Type::LabelValue), "Labels of its pods.")
            .default("catalog")
            .serves("G6")
            .native(&["matchLabels", "podLabels", "podSelector"]),
        key("queries", List(Type::Path), "Files of PromQL, one query a line, that it must be able to ask.")
            .serves("A1")
            .not_yet("check each query against the metrics, retention and versions that this reader can reach"),
        key("dashboards", List(Type::Ref(Reference::Dashboard)), "Dashboards it gets.")
            .default("all whose metrics `reads` can answer")
            .serves("A1"),
        ALLOW,
        key("disabled", Flag, "Takes an inherited one out.").default("unset"),
    ],
};
