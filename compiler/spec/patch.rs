//! `patch` and `raw`: the two ways past the language. Both carry their reason.

use super::key::key;
use crate::syntax::{Form::*, Shape, Type};

pub static PATCH: Shape = Shape {
    name: "patch",
    doc: "A change to emitted objects, merged as server-side apply would; the result is checked like everything else.",
    argument: Some("target"),
    keys: &[
        key(
            "target",
            Scalar(Type::Target),
            "`Kind/name` of an emitted object, `*` allowed in the name, or `values/<release>`.",
        )
        .required()
        .serves("G6"),
        key("merge", Free, "What is merged into the object: lists by their keys, atomic lists whole.").serves("G6"),
        key("remove", List(Type::JsonPointer), "Fields that are taken out, as JSON pointers.")
            .serves("G6")
            .native(&["delete"]),
        WHY,
    ],
};

pub static RAW: Shape = Shape {
    name: "raw",
    doc: "Kubernetes objects of a file, taken into the output of these clusters with our labels.",
    argument: Some("file"),
    keys: &[
        key("file", Scalar(Type::Path), "The file, relative to the folder of the spec.").required().serves("G6"),
        WHY,
    ],
};

const WHY: crate::syntax::Key =
    key("why", Scalar(Type::Text), "The reason, listed in every report.").required().serves("G6").native(&["reason"]);
