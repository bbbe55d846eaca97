//! Making a metric table of expositions: read one after the other, the oldest version first.
//!
//! A family without labels is there from the moment its version runs, so that its absence says that
//! this version has none. One with labels may only not have been counted yet, and says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::exposition::Exposition;
use super::{COLUMNS, MetricKind, NONE, Table};
use crate::catalog::version::Version;

/// A table in the making.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    pub component: Option<String>,
    pub source: String,
    pub measured: BTreeSet<String>,
    pub complete: bool,
    rows: BTreeMap<String, Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    kind: MetricKind,
    labels: BTreeSet<String>,
    namespace: Option<String>,
    from: BTreeSet<String>,
    since: Option<Version>,
    until: Option<Version>,
}

/// Where an exposition comes from.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// As written: `1.11.1`.
    pub version: &'a str,
    /// Endpoint or part of the job whose page it is; `None` where there is only one.
    pub from: Option<&'a str>,
    /// Label that holds the namespace of a workload, in the families that have it.
    pub namespace: Option<&'a str>,
}

impl Draft {
    pub fn of(table: &Table<'_>) -> Draft {
        let words = |text: &str| text.split(',').map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect();
        let rows = table.metrics().map(|m| {
            let row = Row {
                kind: m.kind,
                labels: m.labels().map(str::to_owned).collect(),
                namespace: m.namespace.map(str::to_owned),
                from: m.from().map(str::to_owned).collect(),
                since: m.since,
                until: m.until,
            };
            (m.name.to_owned(), row)
        });
        Draft {
            component: table.component.map(str::to_owned),
            source: table.source.to_owned(),
            measured: words(table.measured),
            complete: table.complete,
            rows: rows.collect(),
        }
    }

    /// Adds what a page says. `None` for a version that is no number.
    pub fn read(&mut self, page: &Exposition, reading: Reading<'_>) -> Option<()> {
        let version = Version::parse(reading.version)?;
        let of_here = |row: &Row| reading.from.is_none_or(|from| row.from.iter().any(|f| f == from));
        let older = self.rows.values().any(of_here);
        for (name, row) in &mut self.rows {
            let seen = page.families.contains_key(name);
            let elsewhere = reading.from.is_some_and(|from| row.from.iter().any(|f| f != from));
            if !seen && !elsewhere && of_here(row) && row.labels.is_empty() && !name.contains('*') {
                row.until.get_or_insert(version);
            }
        }
        for (name, family) in &page.families {
            let since = (older && family.labels.is_empty()).then_some(version);
            let row = self.rows.entry(name.clone()).or_insert_with(|| Row {
                kind: family.kind,
                labels: BTreeSet::new(),
                namespace: None,
                from: BTreeSet::new(),
                since,
                until: None,
            });
            row.until = row.until.filter(|until| *until > version);
            row.labels.extend(family.labels.iter().cloned());
            row.from.extend(reading.from.map(str::to_owned));
            row.namespace = row
                .namespace
                .take()
                .or_else(|| reading.namespace.filter(|n| family.labels.contains(*n)).map(str::to_owned));
        }
        self.measured.insert(reading.version.to_owned());
        Some(())
    }

    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut header = |key: &str, value: &str| {
            if !value.is_empty() {
                // Infallible: writing to a String.
                let _ = writeln!(out, "# {key}: {value}");
            }
        };
        header("component", self.component.as_deref().unwrap_or_default());
        header("source", &self.source);
        let mut measured: Vec<&str> = self.measured.iter().map(String::as_str).collect();
        measured.sort_by_key(|v| Version::parse(v));
        header("measured", &measured.join(", "));
        header("complete", if self.complete { "yes" } else { "no" });
        let _ = writeln!(out, "{COLUMNS}");
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(name, _)| (!name.contains('*'), name.as_str()));
        for (name, row) in rows {
            let list = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(",");
            let version = |v: Option<Version>| v.map(|v| v.to_string()).unwrap_or_default();
            let columns = [
                list(&row.labels),
                row.namespace.clone().unwrap_or_default(),
                list(&row.from),
                version(row.since),
                version(row.until),
            ];
            let used = columns.iter().rposition(|c| !c.is_empty()).map_or(0, |i| i + 1);
            let _ = write!(out, "{name}\t{}", row.kind.name());
            for column in &columns[..used] {
                let _ = write!(out, "\t{}", if column.is_empty() { NONE } else { column });
            }
            out.push('\n');
        }
        out
    }
}
