//! `budget`: what a part of the fleet may cost. Each place has the keys that can be summed there.

use super::key::key;
use crate::syntax::{Form::*, Key, Shape, Type};

/// What a budget does once it is compiled; every place says the same.
pub(super) const WILL: &str = "compare what the spec would cost with this budget, and refuse a spec that exceeds it";

pub static SETTINGS: Shape = Shape {
    name: "budget",
    doc: "What a cluster may cost, and how much one change may add to the fleet.",
    argument: None,
    keys: &[SERIES, SAMPLES, MEMORY, CPU, EGRESS, GROWTH],
};

pub static PROMETHEUS: Shape = Shape {
    name: "prometheus-budget",
    doc: "What one Prometheus may cost.",
    argument: None,
    keys: &[SERIES, SAMPLES, MEMORY, CPU, DISK],
};

pub static STORE: Shape =
    Shape { name: "store-budget", doc: "What a store may cost.", argument: None, keys: &[SERIES, SAMPLES, DISK] };

pub static ROUTE: Shape = Shape {
    name: "route-budget",
    doc: "What each sending cluster of a route may send.",
    argument: None,
    keys: &[SERIES, SAMPLES, EGRESS],
};

pub static ZONE: Shape = Shape {
    name: "zone-budget",
    doc: "What all clusters of a zone together may send out of it.",
    argument: None,
    keys: &[SERIES, SAMPLES, EGRESS],
};

const SERIES: Key = key("series", Scalar(Type::Count), "Active series.").serves("G4 P8");
const SAMPLES: Key =
    key("samples-per-second", Scalar(Type::Count), "Samples per second.").serves("G4 P8").native(&["samplesPerSecond"]);
const MEMORY: Key = key("memory", Scalar(Type::Size), "Memory of all Prometheis and the relay.").serves("P1");
const CPU: Key = key("cpu", Scalar(Type::Quantity), "Cores of all Prometheis and the relay.").serves("P1");
const DISK: Key = key("disk", Scalar(Type::Size), "Bytes on disk when retention is full.").serves("G2");
const EGRESS: Key = key("egress", Scalar(Type::Rate), "Bytes per second that leave for stores elsewhere.").serves("G2");
const GROWTH: Key = key(
    "growth",
    Scalar(Type::Percent),
    "In `fleet` only: what one change may add to series, samples and disk; checked by `review` and `diff`.",
)
.serves("G2");
