//! `address`: a way into a store or an Alertmanager.

use super::allow::ALLOW;
use super::credentials::{BASIC_AUTH, BEARER, CA, CLIENT_CERT, SERVER_NAME};
use super::key::key;
use crate::syntax::{Form::*, Reference, Shape, Type};

pub static ADDRESS: Shape = Shape {
    name: "address",
    doc: "A way in, and the zones it serves. Credentials it does not name are those of what it leads to.",
    argument: None,
    keys: &[
        key("url", Scalar(Type::Url), "Base URL, to which the kind adds its paths; for `remote-write` the whole URL.")
            .required()
            .serves("A4"),
        key("zones", List(Type::Ref(Reference::Zone)), "Zones from which it is reachable.")
            .default("from anywhere, and then TLS and credentials are required")
            .serves("A4")
            .native(&["zone"]),
        key("basic-auth", Object(&BASIC_AUTH), "User and password.").serves("A4").native(&["basic_auth", "basicAuth"]),
        key("bearer", Object(&BEARER), "Token.").serves("A4").native(&["authorization"]),
        key("ca", Object(&CA), "Certificate that this way is checked with.")
            .serves("A4")
            .native(&["tlsConfig", "tls_config"]),
        key("client-cert", Object(&CLIENT_CERT), "Certificate shown on this way.").serves("A4"),
        SERVER_NAME,
        key("expose", Object(&EXPOSE), "What makes the address reachable.")
            .default("`elsewhere`")
            .serves("A4")
            .native(&["ingress"]),
        ALLOW,
    ],
};

static EXPOSE: Shape = Shape {
    name: "address-expose",
    doc: "What makes an address reachable.",
    argument: Some("by"),
    keys: &[
        key(
            "by",
            Scalar(Type::Enum(&["elsewhere", "ingress", "node-port", "load-balancer"])),
            "What is made for it; `elsewhere`: somebody else sees to it.",
        )
        .default("`elsewhere`")
        .serves("A4"),
        key("class", Scalar(Type::ObjectName), "Class of the Ingress or load balancer.")
            .serves("A4")
            .native(&["ingressClassName", "loadBalancerClass"]),
    ],
};
