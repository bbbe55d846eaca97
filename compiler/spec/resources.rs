//! Volumes, requests and limits, and `sizing`, which holds them for units that set none.

use super::key::key;
use crate::syntax::{Form::*, Shape, Type};

pub static STORAGE: Shape = Shape {
    name: "storage",
    doc: "A volume.",
    argument: Some("size"),
    keys: &[
        key("size", Scalar(Type::Size), "How large it is.")
            .required()
            .serves("P4 P9")
            .native(&["storageSize", "capacity"]),
        key("class", Scalar(Type::ObjectName), "Its storage class.")
            .default("`storage-class`")
            .serves("P4")
            .native(&["storageClassName", "storageClass"]),
    ],
};

pub static RESOURCES: Shape = Shape {
    name: "resources",
    doc: "CPU and memory of a container.",
    argument: None,
    keys: &[
        key("cpu", Scalar(Type::Quantity), "Cores, such as `\"500m\"` or `\"2\"`.").serves("P1"),
        key("memory", Scalar(Type::Size), "Bytes, such as `\"4Gi\"`.").serves("P1"),
    ],
};

pub static SIZING: Shape = Shape {
    name: "sizing",
    doc: "Sizes of one unit, as `capacity --write` computed them; they stay until it writes again.",
    argument: None,
    keys: &[
        key("requests", Object(&RESOURCES), "What its container asks for.").serves("P1"),
        key("limits", Object(&RESOURCES), "What its container may take.").serves("P1"),
        key("storage", Scalar(Type::Size), "Its queue volume.").serves("P1"),
    ],
};
