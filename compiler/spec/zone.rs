//! `zone`: a network.

use super::allow::ALLOW;
use super::budget;
use super::key::key;
use crate::syntax::{Form::*, Shape, Type};

pub static ZONE: Shape = Shape {
    name: "zone",
    doc: "A network within which private addresses are reachable.",
    argument: None,
    keys: &[
        key(
            "uplink",
            Scalar(Type::Rate),
            "What the way out of it carries: egress, and time to catch up after an outage.",
        )
        .serves("A4 G1")
        .native(&["bandwidth"]),
        key("budget", Object(&budget::ZONE), "What all its clusters together may send.")
            .serves("G2")
            .not_yet(budget::WILL),
        ALLOW,
    ],
};
