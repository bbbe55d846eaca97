//! Dashboards as data: `templates/dashboards/<name>/dashboard.yaml`. The model all of them share is a
//! template of its own; what is shown, and from which metrics, is said here.

use serde::Deserialize;

use super::pack::Scope;
use super::version::{Version, Versions};

/// The model of dashboards that have no template of their own.
pub(super) const MODEL: &str = "dashboard-model.yaml";

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    #[serde(skip)]
    pub name: String,
    pub about: String,
    #[serde(default)]
    pub title: String,
    /// Only for data sources of this kind; absent: for any.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// A class that is scraped at another interval than the rest is a query of its own.
    #[serde(default)]
    pub by_class: bool,
    /// Where the time range begins: `now-3h`.
    #[serde(default = "three_hours")]
    pub range: String,
    /// Choices beside the cluster.
    #[serde(default)]
    pub variables: Vec<Variable>,
    #[serde(default)]
    pub panels: Vec<Panel>,
    /// Instead of panels: a template beside the entry that makes Grafana's classic JSON model.
    #[serde(default)]
    pub template: Option<String>,
    /// Metrics such a template reads.
    #[serde(default)]
    pub metrics: Vec<String>,
}

/// A choice among the values of a label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    pub name: String,
    pub title: String,
    pub metric: String,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    pub title: String,
    pub about: String,
    #[serde(default, rename = "type")]
    pub kind: PanelKind,
    /// As Grafana calls it.
    #[serde(default = "short")]
    pub unit: String,
    /// Of 24.
    #[serde(default = "half")]
    pub width: u8,
    #[serde(default = "nine")]
    pub height: u8,
    pub targets: Vec<Target>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PanelKind {
    #[default]
    Timeseries,
    Stat,
}

impl PanelKind {
    pub fn name(self) -> &'static str {
        match self {
            PanelKind::Timeseries => "timeseries",
            PanelKind::Stat => "stat",
        }
    }
}

/// One query. `$where` in it stands for the choice of clusters, `$id` for the label that tells them
/// apart; each metric is written with its braces, `up{$where}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Ways to ask, the better first; those that can be answered are joined with `or`, so that a fleet
    /// of several versions is shown whole.
    pub any: Vec<String>,
    pub legend: String,
}

impl Dashboard {
    /// Metrics it reads, sorted.
    pub fn reads(&self) -> Vec<&str> {
        let queries = self.panels.iter().flat_map(|p| &p.targets).flat_map(|t| &t.any);
        let variables = self.variables.iter().map(|v| v.metric.as_str());
        let mut all: Vec<&str> = queries.flat_map(|q| reads(q)).chain(variables).collect();
        all.extend(self.metrics.iter().map(String::as_str));
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Metrics of a query: whatever name stands before a brace.
pub fn reads(query: &str) -> Vec<&str> {
    let name = |before: &'_ str| {
        let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))).map_or(0, |i| i + 1);
        start..before.len()
    };
    let braces = query.match_indices('{').map(|(at, _)| &query[name(&query[..at])]);
    braces.filter(|n| !n.is_empty()).collect()
}

/// A metric that dashboards read, and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub metric: String,
    /// Prometheus makes it of every scrape.
    pub of_every_scrape: bool,
    pub jobs: Vec<Has>,
}

/// What the table of a job says of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Has {
    pub job: String,
    /// Endpoints or parts; empty: any.
    pub from: Vec<String>,
    pub component: Option<String>,
    pub since: Option<Version>,
    pub until: Option<Version>,
}

impl Has {
    pub fn is_in(&self, versions: &Versions) -> bool {
        let Some(version) = self.component.as_ref().and_then(|c| versions.get(c)) else { return true };
        self.since.is_none_or(|since| *version >= since) && self.until.is_none_or(|until| *version < until)
    }
}

fn three_hours() -> String {
    "now-3h".to_owned()
}

fn short() -> String {
    "short".to_owned()
}

fn half() -> u8 {
    12
}

fn nine() -> u8 {
    9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_what_stands_before_its_braces() {
        let query = r#"max by (a) (time() - (b:c{$where,d="{e"} > 0)) or rate(f_total{$where}[$__rate_interval])"#;
        assert_eq!(reads(query), ["b:c", "f_total"]);
    }
}
