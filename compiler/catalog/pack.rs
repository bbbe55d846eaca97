//! Entries that are not jobs: rule packs, readers, components, and names of the
//! language that have no entry yet.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::exporter::Component;
use super::load::Kind;
use super::version::Gate;

/// Alerting and recording rules that belong together: `templates/rules/<name>/pack.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePack {
    #[serde(skip)]
    pub name: String,
    pub about: String,
    pub scope: Scope,
    /// Evaluated everywhere in its scope, without being named in a spec.
    #[serde(default)]
    pub standard: bool,
    /// Template beside the entry: the list of groups of a PrometheusRule.
    pub template: String,
    /// Template beside the entry, with the same settings: its unit tests, as promtool takes them.
    #[serde(default)]
    pub tests: Option<String>,
    /// What each rule reads; checked against what is collected where the rule runs.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Its rules are not listed here but follow from what a Prometheus collects. One that has nothing of it
    /// does not get the pack.
    #[serde(default)]
    pub records: Option<Records>,
}

/// Where rules are evaluated. External labels such as `cluster` do not exist inside a Prometheus,
/// so a rule that names them belongs to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    Prometheus,
    Store,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Records {
    /// What the `peaks` of jobs name.
    Peaks,
}

/// One rule of a pack, as far as checks ask.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name of the alert, or of the recorded series.
    pub name: String,
    #[serde(default)]
    pub gate: Gate,
    /// Metrics it reads.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// What the alert notices, for the pages that say who tells of a failure.
    #[serde(default)]
    pub notices: Option<Notices>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notices {
    /// A Prometheus that cannot send. Evaluated where the Prometheis are scraped.
    Sending,
    /// A relay that cannot send. Evaluated where the relay is scraped.
    Relaying,
    /// A job without any target: a pod that is gone is no target any more, so that nothing says it is down.
    Targets,
    /// Fires always: whoever evaluates it is gone when it ends.
    Silence,
    /// A cluster of which nothing arrives at the store that evaluates it.
    Member,
}

/// What a reader of this name usually is: `templates/readers/<name>/reader.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    #[serde(skip)]
    pub name: String,
    pub about: String,
    pub kind: ReaderKind,
    /// Where it runs, by kind of `base`; the key `none` is for clusters without one. No entry:
    /// the namespace our objects live in.
    #[serde(default)]
    pub namespace: BTreeMap<String, String>,
    /// Labels of its pods, which a network policy admits.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReaderKind {
    Grafana,
    Http,
}

/// `templates/components.yaml`: what has a version and is no exporter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Components {
    pub components: Vec<Component>,
}

/// `templates/not-yet.yaml`: names the language knows and this catalog has no entry for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotYet {
    pub jobs: Vec<String>,
    pub rules: Vec<String>,
    pub dashboards: Vec<String>,
    pub readers: Vec<String>,
}

impl NotYet {
    pub fn names(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Job => &self.jobs,
            Kind::Rules => &self.rules,
            Kind::Dashboard => &self.dashboards,
            Kind::Reader => &self.readers,
        }
    }
}
