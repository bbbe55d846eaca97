//! `alertmanager`: who is told.

use super::address::ADDRESS;
use super::allow::ALLOW;
use super::credentials::{BASIC_AUTH, BEARER, CA, CLIENT_CERT, SECRET};
use super::key::key;
use super::patch::{PATCH, RAW};
use super::resources::STORAGE;
use crate::syntax::{Form::*, Reference, Shape, Type};

pub static ALERTMANAGER: Shape = Shape {
    name: "alertmanager",
    doc: "An Alertmanager: one that runs already, or one of ours.",
    argument: None,
    keys: &[
        key(
            "cluster",
            Scalar(Type::Ref(Reference::Cluster)),
            "Where ours is deployed. Without it somebody else runs it.",
        )
        .serves("G1")
        .not_yet("deploy an Alertmanager on that cluster"),
        key("service", Scalar(Type::NamespacedName), "One that every sending cluster already runs, under this name.")
            .serves("G6")
            .native(&["serviceName"]),
        key("replicas", Scalar(Type::Positive), "How many of ours run.")
            .default("1")
            .serves("G1")
            .not_yet("run this many Alertmanagers as one cluster")
            .native(&["replicaCount"]),
        key("storage", Object(&STORAGE), "The volume of ours, for silences and what was told already.")
            .serves("G1")
            .not_yet("keep silences on a volume"),
        key("address", Named(Type::Name, &ADDRESS), "A way in.").default("the Service").serves("A4").native(&[
            "addresses",
            "endpoint",
            "endpoints",
        ]),
        key("basic-auth", Object(&BASIC_AUTH), "User and password of all its addresses.")
            .serves("A4")
            .native(&["basic_auth", "basicAuth"]),
        key("bearer", Object(&BEARER), "Token of all its addresses.").serves("A4").native(&["authorization"]),
        key("ca", Object(&CA), "Certificate that its addresses are checked with.")
            .serves("A4")
            .native(&["tlsConfig", "tls_config"]),
        key("client-cert", Object(&CLIENT_CERT), "Certificate shown to its addresses.").serves("A4"),
        key(
            "receiver",
            Named(Type::Name, &RECEIVER),
            "Who is told of what; exactly one has no `match` and takes the rest.",
        )
        .serves("G1")
        .not_yet("write an AlertmanagerConfig with this receiver")
        .native(&["receivers"]),
        key("patch", Repeated(&PATCH), "A change to an emitted object, with its reason.")
            .not_yet("change what an Alertmanager of ours is made of")
            .serves("G6"),
        key("raw", Repeated(&RAW), "Kubernetes objects of your own, taken into the output, with the reason.")
            .not_yet("stand beside an Alertmanager of ours")
            .serves("G6"),
        ALLOW,
    ],
};

static RECEIVER: Shape = Shape {
    name: "receiver",
    doc: "Who is told, by which service.",
    argument: None,
    keys: &[
        key(
            "kind",
            Scalar(Type::Enum(&[
                "webhook",
                "email",
                "pagerduty",
                "wechat",
                "slack",
                "msteams",
                "discord",
                "opsgenie",
                "pushover",
                "sns",
                "telegram",
                "victorops",
                "webex",
                "rocketchat",
            ])),
            "The service.",
        )
        .required()
        .serves("G1"),
        SECRET,
        key("key", Scalar(Type::SecretKey), "Key of the credential.")
            .default("`\"url\"` for webhooks, else the kind's own")
            .serves("G1"),
        key("match", Map(Type::LabelName, Type::Text), "Labels of the alerts it is told of.")
            .default("what no other receiver takes")
            .serves("G1")
            .native(&["matchers", "match_re", "matchLabels"]),
    ],
};
