//! Faults that only a kind of store can find.

use crate::diag::{Code, Stage};

pub static PART_OF_A_DAY: Code = Code::error(
    "STO101",
    Stage::Plan,
    "a store's retention that is no whole number of days",
    "the store counts in days; rounding would keep more than was asked for and paid, or lose what was to be kept",
    "write whole days, `retention \"90d\"`",
);

pub static RELEASE_NAME: Code = Code::error(
    "STO102",
    Stage::Plan,
    "a release name the chart cannot use",
    "the chart makes Service and StatefulSet names from it and cuts them off: above 17 characters pods do not start, above 33 two components share one Service name",
    "give the store a `release` of at most 17 characters",
);

pub static ALL: &[&Code] = &[&PART_OF_A_DAY, &RELEASE_NAME];
