//! Exceptions and decisions: `allow`, `ignore`, `decide`, and the tombstone `removed`.

use super::key::key;
use crate::syntax::{Form::*, Key, Reference, Shape, Type};

/// The key that stands in every block with a life of its own.
pub(super) const ALLOW: Key =
    key("allow", Repeated(&ALLOW_SHAPE), "An exception to a rule, with its reason; holds in this block and below.")
        .serves("G6")
        .native(&["suppress"]);

static ALLOW_SHAPE: Shape = Shape {
    name: "allow",
    doc: "An exception to a rule.",
    argument: Some("rule"),
    keys: &[key("rule", Scalar(Type::Ref(Reference::Rule)), "Id of the rule.").required().serves("G6"), WHY, UNTIL],
};

pub static IGNORE: Shape = Shape {
    name: "ignore",
    doc: "A difference to the live cluster that is not drift: at least one of `fields` and `managers`.",
    argument: Some("target"),
    keys: &[
        key("target", Scalar(Type::Target), "`Kind/name` of an emitted object, `*` allowed in the name.")
            .required()
            .serves("A8"),
        key("fields", List(Type::JsonPointer), "Fields, as JSON pointers.").serves("A8").native(&["jsonPointers"]),
        key("managers", List(Type::Text), "Field managers whose changes are theirs.")
            .serves("A8")
            .native(&["managedFieldsManagers"]),
        WHY,
        UNTIL,
    ],
};

pub static DECIDE: Shape = Shape {
    name: "decide",
    doc: "What becomes of an object that was there before us.",
    argument: Some("object"),
    keys: &[
        key("object", Scalar(Type::Text), "`kind/namespace/name` of the object.").required().serves("G6"),
        key("fate", Scalar(Type::Enum(&["keep", "adopt", "select", "drop"])), "What becomes of it.")
            .required()
            .serves("G6"),
        key("by", Scalar(Type::Ref(Reference::Prometheus)), "The Prometheus that selects it.").serves("G6"),
        key("why", Scalar(Type::Text), "The reason.").serves("G6"),
    ],
};

pub static REMOVED: Shape = Shape {
    name: "removed",
    doc: "A tombstone: the id and the tenant numbers stay reserved; nothing that holds data is ever deleted by us.",
    argument: Some("name"),
    keys: &[
        key("name", Scalar(Type::Id), "The name; of a cluster its `id`.").required().serves("A8"),
        key("kind", Scalar(Type::Enum(&["cluster", "store", "route"])), "What it was.").required().serves("A8"),
        key("since", Scalar(Type::Date), "The day it went, UTC.").serves("A8"),
    ],
};

const WHY: Key =
    key("why", Scalar(Type::Text), "The reason, listed in every report.").required().serves("G6").native(&["reason"]);
const UNTIL: Key =
    key("until", Scalar(Type::Date), "The last day on which it holds, UTC.").serves("G6").native(&["expires"]);
