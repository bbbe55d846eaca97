//! `alertmanager`: who is told.

use super::address::ADDRESS;
use super::allow::ALLOW;
use super::credentials::{BASIC_AUTH, BEARER, CA, CLIENT_CERT};
use super::key::key;
use super::patch::{PATCH, RAW};
use super::resources::STORAGE;
use crate::syntax::{Form::*, Key, Reference, Shape, Type};

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
        .serves("G1"),
        key("service", Scalar(Type::NamespacedName), "One that every sending cluster already runs, under this name.")
            .serves("G6")
            .native(&["serviceName"]),
        key("replicas", Scalar(Type::Positive), "How many of ours run.")
            .default("1")
            .serves("G1")
            .native(&["replicaCount"]),
        key("storage", Object(&STORAGE), "The volume of ours, for silences and what was told already.").serves("G1"),
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
        .native(&["receivers"]),
        key("patch", Repeated(&PATCH), "A change to an emitted object, with its reason.").serves("G6"),
        key("raw", Repeated(&RAW), "Kubernetes objects of your own, taken into the output, with the reason.")
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
        key("secret", Scalar(Type::ObjectName), "The Secret with its credential, beside the Alertmanager.")
            .default("none for `email` without a login; else required")
            .serves("G1")
            .native(&["secretName", "secretRef", "existingSecret"]),
        key("key", Scalar(Type::SecretKey), "Key of the credential.")
            .default("`\"url\"` for webhooks, chats and teams; `\"token\"`, `\"api-key\"`, `\"routing-key\"`, `\"api-secret\"`, `\"password\"` by kind")
            .serves("G1"),
        setting("to", "Who: addresses of mail, a user of WeChat, the topic of SNS."),
        setting("from", "The sender of mail."),
        setting("smarthost", "The mail server, `host:port`."),
        setting("login", "User at the mail server; its password is in the Secret."),
        setting("channel", "The channel of Slack or Rocket.Chat."),
        setting("corp-id", "The company at WeChat."),
        setting("agent-id", "The agent at WeChat."),
        setting("chat-id", "The chat of Telegram, a number."),
        setting("room", "The room of Webex."),
        setting("region", "The region of SNS."),
        setting("routing-key", "The routing key of VictorOps."),
        key("match", Map(Type::LabelName, Type::Text), "Labels of the alerts it is told of; those of severity `none` only where it has `alertname` or `severity`.")
            .default("what no other receiver takes")
            .serves("G1")
            .native(&["matchers", "match_re", "matchLabels"]),
    ],
};

/// A key that some kinds need; `fleet/` knows which.
const fn setting(name: &'static str, doc: &'static str) -> Key {
    key(name, Scalar(Type::Text), doc).default("required by some kinds").serves("G1")
}
