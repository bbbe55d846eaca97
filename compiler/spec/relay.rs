//! `relay`: the vmagent between a cluster's Prometheis and the stores.

use super::key::key;
use super::resources::RESOURCES;
use crate::syntax::{Form::*, Shape, Type};

pub static RELAY: Shape = Shape {
    name: "relay",
    doc: "vmagent with a queue on disk for each destination.",
    argument: Some("use"),
    keys: &[
        key(
            "use",
            Scalar(Type::Enum(&["auto", "always"])),
            "`auto` runs one where a promise, a split by namespace or a link needs it.",
        )
        .default("`auto`")
        .serves("G1"),
        key("class", Scalar(Type::ObjectName), "Storage class of its queue volumes.")
            .default("`storage-class`")
            .serves("G1")
            .native(&["storageClassName", "storageClass"]),
        key("replicas", Scalar(Type::Positive), "How many of them run.")
            .default("computed")
            .serves("G4")
            .native(&["replicaCount"]),
        key("requests", Object(&RESOURCES), "What its container asks for.")
            .default("100m and 256Mi, whatever the estimate says")
            .serves("P1"),
        key("limits", Object(&RESOURCES), "What its container may take.").default("none").serves("P1"),
    ],
};
