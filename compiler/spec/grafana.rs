//! `grafana`: how dashboards and data sources reach the Grafana that is there.

use super::key::key;
use crate::syntax::{Form::*, Shape, Type};

pub static GRAFANA: Shape = Shape {
    name: "grafana",
    doc: "The Grafana that is there, and how it takes what we emit.",
    argument: Some("by"),
    keys: &[
        key(
            "by",
            Scalar(Type::Enum(&["sidecar", "kube-prometheus", "operator", "files", "none"])),
            "Labelled ConfigMaps for its sidecar, volumes of kube-prometheus, custom resources of the operator, plain files, or nothing.",
        )
        .default("by `base`, else `sidecar`")
        .serves("A1"),
        key("namespace", Scalar(Type::KubeName), "Where it runs, and its ConfigMaps go.").default("`namespace`").serves("A1"),
        key(
            "labels",
            Map(Type::LabelKey, Type::LabelValue),
            "Labels its sidecar or operator looks for, besides the usual ones.",
        )
        .serves("A1")
        .native(&["sidecarLabels", "instanceSelector"]),
    ],
};
