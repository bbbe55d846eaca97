//! `route`: where the series of some clusters go.

use super::allow::ALLOW;
use super::budget;
use super::key::key;
use crate::syntax::{Form::*, Reference, Shape, Type};

pub static ROUTE: Shape = Shape {
    name: "route",
    doc: "The complete answer to where the series of some clusters go.",
    argument: None,
    keys: &[
        key("from", List(Type::Selector), "The clusters that send, by name or label.").required().serves("A2"),
        key("prometheus", List(Type::Ref(Reference::Prometheus)), "Which of their Prometheis send.")
            .default("all of the cluster")
            .serves("A2"),
        key("to", Repeated(&TO), "One line of the partition; every series is claimed by exactly one.")
            .required()
            .serves("A2 A5")
            .native(&["remoteWrite", "remote_write"]),
        key(
            "shared",
            List(Type::Destination),
            "Where series go that belong to no namespace: nodes, the Kubernetes control plane.",
        )
        .default("required as soon as a `to` has `namespaces`")
        .serves("A5"),
        key("unowned", List(Type::Destination), "Where series of namespaces go that no `to` names.")
            .default("required as soon as a `to` has `namespaces`")
            .serves("A5")
            .native(&["default", "otherwise"]),
        key("copy", Repeated(&TO), "A declared second copy, outside the partition.").serves("G2 G5"),
        key("budget", Object(&budget::ROUTE), "What each sending cluster may send.").serves("G2").not_yet(budget::WILL),
        ALLOW,
    ],
};

static TO: Shape = Shape {
    name: "to",
    doc: "A line of a route: stores, and what goes to them.",
    argument: Some("stores"),
    keys: &[
        key(
            "stores",
            List(Type::Destination),
            "`store`, `store/tenant`, or `none`: stays in the cluster's own Prometheus.",
        )
        .required()
        .serves("A2")
        .native(&["store", "url"]),
        key("jobs", List(Type::JobGlob), "Claims these jobs and classes, whatever their namespace.")
            .serves("A2 G3")
            .native(&["job"]),
        key("namespaces", List(Type::NamespacePattern), "Claims the series of workloads in these namespaces.")
            .serves("A5")
            .native(&["namespace", "namespaceSelector"]),
        key("pod-labels", Map(Type::LabelKey, Type::LabelValue), "Claims the series of pods with these labels.")
            .serves("A6")
            .native(&["podLabels", "podSelector", "matchLabels"]),
        key("via", Scalar(Type::Ref(Reference::Address)), "The address to use instead of the one the zones give.")
            .serves("A4"),
        key("survive", Scalar(Type::DurationOrZero), "As the setting, for this line only.")
            .default("`survive` of the cluster")
            .serves("G1"),
        key("thin", Scalar(Type::Duration), "Keeps one sample for each series and this long.")
            .serves("G2")
            .not_yet("keep one sample per series and interval on the way to this store")
            .native(&["downsample", "downsampling"]),
        ALLOW,
    ],
};
