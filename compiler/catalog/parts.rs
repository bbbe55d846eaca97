//! Parts of an exposition that a scrape asks for with URL parameters: collectors.
//!
//! Naming one that does not run is HTTP 400 for the whole target, so the plan derives parameters and
//! the exporter's flags both from here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::version::Gate;

/// The parts of one exporter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// Parameter that names the only parts wanted: `collect[]`.
    pub only: String,
    /// Parameter that names the parts not wanted: `exclude[]`. May not stand beside `only`.
    pub without: String,
    /// When `without` exists. An exporter before it ignores the parameter and answers everything.
    #[serde(default)]
    pub without_gate: Gate,
    /// Parts the exporter runs by default.
    pub default: Vec<String>,
    /// Parts it runs only when a flag says so.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Parts of `default` that are switched off where we run it.
    #[serde(default)]
    pub disabled: Vec<String>,
    /// Parts that not every version has.
    #[serde(default)]
    pub gates: BTreeMap<String, Gate>,
    /// Metric globs that every filtered answer carries besides its parts; dropped on the endpoints
    /// of classes, so that only the remainder has them.
    #[serde(default)]
    pub overhead: Vec<String>,
}

impl Parts {
    /// Every part of any version.
    pub fn known(&self) -> impl Iterator<Item = &str> {
        self.default.iter().chain(&self.optional).map(String::as_str)
    }
}
