//! `logs`: the log collector of a cluster.

use super::key::key;
use super::resources::STORAGE;
use crate::syntax::{Form::*, Reference, Shape, Type};

pub static LOGS: Shape = Shape {
    name: "logs",
    doc: "A log collector with a disk buffer.",
    argument: Some("to"),
    keys: &[
        key("to", Scalar(Type::Ref(Reference::Store)), "The store, of a logs kind, that takes them.")
            .required()
            .serves("G1"),
        key("namespaces", List(Type::NamespacePattern), "Namespaces whose logs are collected.")
            .default("all")
            .serves("G1"),
        key("storage", Object(&STORAGE), "The disk buffer of each collector.").serves("G1"),
        key("disabled", Flag, "Takes an inherited `logs` back.").default("unset"),
    ],
};
