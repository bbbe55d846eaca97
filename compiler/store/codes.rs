//! Faults that only a kind of store can find.

use crate::diag::{Code, Stage};

pub static PART_OF_A_DAY: Code = Code::error(
    "STO101",
    Stage::Plan,
    "a store's retention that is no whole number of days",
    "the store counts in days; rounding would keep more than was asked for and paid, or lose what was to be kept",
    "write whole days, `retention \"90d\"`",
);

pub static NO_FRONT_DOOR: Code = Code::warning(
    "STO102",
    Stage::Plan,
    "sizes of a front door that is not there",
    "vmauth runs only where the store or one of its addresses asks for credentials; whoever wrote this expects one to be there",
    "give the store or an address `basic-auth` or `bearer`, or take `auth` out here",
);

pub static EXPOSE: Code = Code::error(
    "STO103",
    Stage::Plan,
    "an address that what is made for it cannot serve",
    "the members behind that address would never reach the store: their queues fill, then the oldest samples are lost",
    "",
);

pub static ALL: &[&Code] = &[&PART_OF_A_DAY, &NO_FRONT_DOOR, &EXPOSE];
