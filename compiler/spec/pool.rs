//! `pool`: nodes of one make.

use super::key::key;
use crate::syntax::{Form::*, Shape, Type};

pub static POOL: Shape = Shape {
    name: "pool",
    doc: "Nodes of one make in a mixed cluster. A key given here may not be given on the cluster.",
    argument: None,
    keys: &[
        key("nodes", Scalar(Type::Positive), "How many of the cluster's nodes are in this pool.")
            .required()
            .serves("G4"),
        key("gpus-per-node", Scalar(Type::Count), "GPUs of a node of this pool.").default("0").serves("G3"),
        key("npus-per-node", Scalar(Type::Count), "NPUs of a node of this pool.").default("0").serves("G3"),
        key("roce-ports-per-node", Scalar(Type::Count), "RoCE ports of a node of this pool.").default("0").serves("G3"),
        key("node-labels", Map(Type::LabelKey, Type::LabelValue), "Labels its nodes carry: exporters' `nodeSelector`.")
            .serves("G3")
            .native(&["nodeLabels", "nodeSelector", "matchLabels"]),
    ],
};
