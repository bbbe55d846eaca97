//! Advice that a plan can be checked against. One rule = one file = its code, why, help, check and
//! tests; the list below is sorted and guarded.
//!
//! Rules read decisions and make none. What cannot work at all is an error of the phase that finds
//! it, not a rule here.

mod rules;

pub use rules::unused_allow::unused_allows;

use crate::catalog::Catalog;
use crate::diag::{Code, Sink};
use crate::model::fleet::Fleet;
use crate::model::plan::{ClusterPlan, FleetPlan};
use rules::RULES;

/// One rule.
pub struct Rule {
    pub code: &'static Code,
    pub check: Check,
}

/// What a rule looks at, and so when it runs.
pub enum Check {
    /// The whole fleet, once.
    Fleet(fn(&Fleet, &FleetPlan, &Catalog, &mut Sink)),
    /// Each cluster's plan.
    Cluster(fn(&Fleet, &ClusterPlan<'_>, &Catalog, &mut Sink)),
    /// Run by the pipeline itself, after all others.
    Last,
}

/// Codes of all rules, sorted.
pub const CODES: &[&Code] = &rules::CODES;

pub fn plan(fleet: &Fleet, plan: &FleetPlan, catalog: &Catalog, sink: &mut Sink) {
    for rule in RULES {
        if let Check::Fleet(check) = rule.check {
            check(fleet, plan, catalog, sink);
        }
    }
}

pub fn cluster(fleet: &Fleet, plan: &ClusterPlan<'_>, catalog: &Catalog, sink: &mut Sink) {
    for rule in RULES {
        if let Check::Cluster(check) = rule.check {
            check(fleet, plan, catalog, sink);
        }
    }
}
