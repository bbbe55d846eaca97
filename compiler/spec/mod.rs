//! The language: what may stand in a spec, and what a spec must be to be one.
//!
//! The tables, one node kind a file, are the only description of the language. This module knows
//! form, not names: whether `zone "x"` exists is for `fleet/` to find out.

mod address;
mod alertmanager;
mod allow;
mod budget;
mod check;
mod cluster;
pub mod codes;
pub mod conceal;
mod credentials;
mod discover;
mod exporter;
mod fleet;
mod gate;
mod grafana;
mod job;
mod key;
mod logs;
mod not_yet;
mod patch;
mod pool;
mod prometheus;
mod reader;
mod relay;
mod resources;
mod route;
pub mod schema;
mod scheduling;
pub mod secret;
mod settings;
mod store;
pub mod telling;
mod together;
pub mod value;
mod zone;

pub use check::check;
pub use cluster::{CLUSTER, PROFILE};
pub use fleet::FLEET;
pub use gate::{COMPILER, LANGUAGE, gate};
pub use settings::{SETTINGS, is_place, is_setting};
pub use store::KINDS;

use self::key::key;
use crate::syntax::{Form::*, Shape, Type};

/// A whole spec: the top-level nodes of all its files.
pub static ROOT: Shape = Shape {
    name: "spec",
    doc: "A spec: what the fleet is, what is collected, where it is kept, and where it flows.",
    argument: None,
    keys: &[
        key("fleet", Object(&FLEET), "The fleet; exactly one.").required(),
        key("profile", Named(Type::Name, &PROFILE), "A bundle of settings.").serves("G6").native(&["profiles"]),
        key("zone", Named(Type::Name, &zone::ZONE), "A network.").serves("A4").native(&["zones", "network"]),
        key("cluster", Named(Type::Name, &CLUSTER), "A Kubernetes cluster; one or more.")
            .required()
            .serves("A1 A2 A3 A4 A5")
            .native(&["clusters"]),
        key("store", Named(Type::Name, &store::STORE), "A long-term store.").serves("G2 G4 A2").native(&["stores"]),
        key("route", Named(Type::Name, &route::ROUTE), "Where the series of some clusters go.")
            .serves("A2 A3 A4 A5 G1")
            .native(&["routes", "remoteWrite", "remote_write"]),
        key("alertmanager", Named(Type::Name, &alertmanager::ALERTMANAGER), "Who is told.")
            .serves("G1")
            .native(&["alertmanagers"]),
        key("removed", Repeated(&allow::REMOVED), "What is left of a cluster, store or route.").serves("A8").not_yet(
            "reserve what a removed cluster, store or route leaves behind, and take its alerts and data sources away",
        ),
    ],
};
