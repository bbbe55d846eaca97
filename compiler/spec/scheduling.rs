//! `tolerations`: taints that what we run tolerates.

use super::key::key;
use crate::syntax::{Form::*, Shape, Type};

pub static TOLERATION: Shape = Shape {
    name: "toleration",
    doc: "One taint that is tolerated, in Kubernetes' own words.",
    argument: None,
    keys: &[
        key("key", Scalar(Type::LabelKey), "Key of the taint.").default("every key, with `operator \"Exists\"`"),
        key("operator", Scalar(Type::Enum(&["Exists", "Equal"])), "How the value is compared.").default("`Equal`"),
        key("value", Scalar(Type::LabelValue), "Value of the taint, with `Equal`."),
        key("effect", Scalar(Type::Enum(&["NoSchedule", "PreferNoSchedule", "NoExecute"])), "Effect of the taint.")
            .default("every effect"),
        key("toleration-seconds", Scalar(Type::Count), "How long a `NoExecute` taint is tolerated.")
            .default("for ever")
            .native(&["tolerationSeconds"]),
    ],
};
