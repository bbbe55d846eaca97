//! Relabelling as Prometheus and vmagent do it: rules, chains of rules, and the stages a target and
//! a series pass on the way from discovery to a store.
//!
//! Everything here is a pure function of rules and labels. It knows nothing of specs or of objects;
//! a rule keeps the [`Origin`](crate::diag::Origin) of the line it came from and nothing else.

mod action;
mod agent;
mod apply;
mod case;
mod compile;
mod condition;
mod error;
mod hash;
mod labels;
mod operator;
mod own;
pub mod regex;
mod rule;
pub mod stages;
mod vmagent;

pub use action::Action;
pub use agent::Listed;
pub use apply::{Chain, Change, Outcome, Step};
pub use compile::Compiled;
pub use condition::Condition;
pub use error::{Lint, RuleError};
pub use labels::{Label, Labels};
pub use operator::{
    Enforced, Expression, Operator, PodMonitor, Port, ScrapeConfig, Selector, ServiceMonitor, Sharding,
};
pub use operator::{metric_rules, sanitize};
pub use own::{is_of_scrape, names_of_scrapes, of_scrape};
pub use rule::{Dialect, Names, Rule, Written};
