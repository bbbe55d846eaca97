//! `discover`: how a job's targets are found.

use super::key::key;
use crate::syntax::{Form::*, Shape, Type};

pub static DISCOVER: Shape = Shape {
    name: "discover",
    doc: "How the targets of a job are found: ServiceMonitor, PodMonitor, ScrapeConfig, Service with EndpointSlice, or Probe.",
    argument: Some("by"),
    keys: &[
        key(
            "by",
            Scalar(Type::Enum(&["service", "pod", "annotations", "static", "probe"])),
            "Behind Services, pods by label, pods by annotation, addresses written out, or addresses asked by a prober.",
        )
        .required()
        .serves("P2"),
        key("namespace", List(Type::KubeName), "Namespaces the targets are in.")
            .serves("P2")
            .native(&["namespaces", "namespaceSelector", "matchNames"]),
        key("port", Scalar(Type::Port), "The port that is scraped, by name or number.")
            .serves("P2")
            .native(&["targetPort", "metricsPort", "portNumber"]),
        key("labels", Map(Type::LabelKey, Type::LabelValue), "Labels of the Services or pods.")
            .serves("P2")
            .native(&["selector", "matchLabels"]),
        key("addresses", List(Type::Endpoint), "The targets themselves, for `static` and `probe`.")
            .serves("P2")
            .native(&["targets", "static_configs", "endpoints"]),
        key(
            "prober",
            Scalar(Type::Endpoint),
            "Host and port of the prober that is asked about each address, for `probe`; its module is `params module=…`.",
        )
        .serves("P2")
        .native(&["prober_url", "proberUrl"]),
    ],
};
