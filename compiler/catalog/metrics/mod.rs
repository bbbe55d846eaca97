//! Metric tables: what the series of a job are called, and what is known of each.
//!
//! A table stands beside its job (`metrics.tsv`). It is not parsed: its rows are sorted, so that one
//! is found by halving the text, and only that one is read. A job without a table may expose
//! anything.

#[cfg(test)]
mod agreement;
mod exposition;
mod merge;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use super::version::{Version, Versions};
use crate::diag;
use crate::model::value::MetricGlob;

pub use exposition::{Exposition, Unreadable};
pub use merge::{Draft, Reading};

/// The file beside an entry.
pub const FILE: &str = "metrics.tsv";
const COLUMNS: &str = "# name\ttype\tlabels\tnamespace\tfrom\tsince\tuntil";
/// A column about which there is nothing to say.
const NONE: &str = "-";

/// A table as it stands in its file.
#[derive(Debug, Clone, Copy)]
pub struct Table<'t> {
    /// Whose versions `since` and `until` speak of, as in `versions` of a spec.
    pub component: Option<&'t str>,
    /// Where the names come from.
    pub source: &'t str,
    /// Versions whose exposition was read; empty for names from documentation or source.
    pub measured: &'t str,
    /// Nothing is exposed that has no row.
    pub complete: bool,
    /// Names that end in what hardware or configuration says: rows with `*`.
    open: &'t str,
    /// Rows with a whole name, sorted.
    rows: &'t str,
}

/// One metric; of a histogram or a summary, all its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric<'t> {
    /// May end in, or hold, `*`.
    pub name: &'t str,
    pub kind: MetricKind,
    /// Without `le` and `quantile`, by commas; empty: none.
    labels: &'t str,
    /// Label that holds the namespace of the workload a series is about.
    pub namespace: Option<&'t str>,
    /// Endpoints or parts of the job that expose it, by commas; empty: it has only one, or all do.
    from: &'t str,
    /// First version that has it.
    pub since: Option<Version>,
    /// First version that no longer has it.
    pub until: Option<Version>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}

impl MetricKind {
    const ALL: [(&'static str, MetricKind); 5] = [
        ("counter", MetricKind::Counter),
        ("gauge", MetricKind::Gauge),
        ("histogram", MetricKind::Histogram),
        ("summary", MetricKind::Summary),
        ("untyped", MetricKind::Untyped),
    ];

    pub fn parse(text: &str) -> Option<MetricKind> {
        MetricKind::ALL.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind)
    }

    pub fn name(self) -> &'static str {
        MetricKind::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// What its series add to its name; with nothing where it has a series of its own name.
    fn suffixes(self) -> &'static [&'static str] {
        match self {
            MetricKind::Histogram => &["_bucket", "_sum", "_count"],
            MetricKind::Summary => &["", "_sum", "_count"],
            _ => &[""],
        }
    }
}

impl<'t> Table<'t> {
    /// Reads the header; rows are read when they are asked for, [`Table::faults`] reads all.
    pub fn new(text: &'t str) -> Table<'t> {
        let mut table = Table { component: None, source: "", measured: "", complete: false, open: "", rows: "" };
        let mut rest = text;
        while rest.starts_with('#') {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            let said = line.trim_start_matches('#').trim().split_once(':').map(|(k, v)| (k, v.trim()));
            match said {
                Some(("component", value)) => table.component = Some(value),
                Some(("source", value)) => table.source = value,
                Some(("measured", value)) => table.measured = value,
                Some(("complete", value)) => table.complete = value == "yes",
                _ => {}
            }
            rest = after;
        }
        let open = |line: &&str| line.split('\t').next().is_some_and(|name| name.contains('*'));
        let at = rest.split_inclusive('\n').take_while(open).map(str::len).sum();
        (table.open, table.rows) = rest.split_at(at);
        table
    }

    /// The metric a series of this name belongs to: `x_bucket` to the histogram `x`.
    pub fn find(&self, series: &str) -> Option<Metric<'t>> {
        let own = |m: &Metric<'_>| m.kind.suffixes().contains(&"");
        self.row(series).filter(own).or_else(|| self.of_suffix(series)).or_else(|| {
            let begins = |line: &&str| line.split('*').next().is_some_and(|stem| series.starts_with(stem));
            let fits = |m: &Metric<'_>| MetricGlob::parse(m.name).is_ok_and(|glob| glob.matches(series));
            self.open.lines().filter(begins).filter_map(Metric::read).find(fits)
        })
    }

    fn of_suffix(&self, series: &str) -> Option<Metric<'t>> {
        ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| self.row(series.strip_suffix(suffix)?).filter(|m| m.kind.suffixes().contains(suffix)))
    }

    /// The row of exactly this name.
    fn row(&self, name: &str) -> Option<Metric<'t>> {
        let text = self.rows;
        let (mut low, mut high) = (0, text.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = text.as_bytes()[..middle].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            let end = text.as_bytes()[middle..].iter().position(|b| *b == b'\n').map_or(text.len(), |i| middle + i);
            let line = &text[start..end];
            match line.split('\t').next().unwrap_or_default().cmp(name) {
                Ordering::Equal => return Metric::read(line),
                Ordering::Less => low = end + 1,
                Ordering::Greater => high = start,
            }
        }
        None
    }

    /// All of it, in order; rows with `*` first.
    pub fn metrics(&self) -> impl Iterator<Item = Metric<'t>> + use<'t> {
        self.open.lines().chain(self.rows.lines()).filter_map(Metric::read)
    }

    /// Whether some series of the job may have a name that fits.
    pub fn meets(&self, glob: &MetricGlob) -> bool {
        self.metrics().any(|m| m.names().any(|name| MetricGlob::parse(&name).is_ok_and(|name| name.meets(glob))))
    }

    /// What somebody may have meant who wrote this name or glob.
    pub fn near(&self, glob: &MetricGlob) -> Option<String> {
        let written = glob.as_str();
        let stem = written.trim_end_matches('*');
        if stem == written {
            let names: Vec<String> = self.metrics().flat_map(|m| m.names().collect::<Vec<_>>()).collect();
            return diag::nearest(written, names.iter().map(String::as_str)).map(str::to_owned);
        }
        // Beginnings of as many words as were written.
        let words = stem.matches('_').count();
        let beginning = |name: &str| {
            let end = name.match_indices('_').nth(words.saturating_sub(1)).map_or(name.len(), |(i, _)| i + 1);
            name[..end].to_owned()
        };
        let mut stems: Vec<String> = self.metrics().map(|m| beginning(m.name)).collect();
        stems.dedup();
        let near = diag::nearest(stem, stems.iter().map(String::as_str))?;
        Some(format!("{near}*"))
    }

    /// Lines, from 1 on, that are no rows, are out of order or twice there.
    pub fn faults(text: &str) -> Vec<(u32, String)> {
        let mut faults = Vec::new();
        let mut before: Option<(bool, &str)> = None;
        for (number, line) in (1..).zip(text.lines()) {
            if line.starts_with('#') && before.is_none() {
                continue;
            }
            let Some(metric) = Metric::read(line) else {
                faults.push((
                    number,
                    "no row of a metric table: name, type, labels, namespace, from, since, until, with tabs between"
                        .to_owned(),
                ));
                continue;
            };
            if MetricGlob::parse(metric.name).is_err() {
                faults.push((number, format!("`{}` is no name of a metric", metric.name)));
            }
            let key = (!metric.name.contains('*'), metric.name);
            match before.map(|before| before.cmp(&key)) {
                Some(Ordering::Equal) => faults.push((number, format!("`{}` is there twice", metric.name))),
                Some(Ordering::Greater) => {
                    faults.push((
                        number,
                        format!("`{}` is out of order: names with `*` first, each group sorted", metric.name),
                    ));
                }
                _ => {}
            }
            before = Some(key);
        }
        faults
    }
}

impl<'t> Metric<'t> {
    fn read(line: &'t str) -> Option<Metric<'t>> {
        let mut columns = line.split('\t');
        let (name, kind) = (columns.next()?, MetricKind::parse(columns.next()?)?);
        let mut next = || columns.next().filter(|c| *c != NONE && !c.is_empty());
        let (labels, namespace, from) = (next().unwrap_or_default(), next(), next().unwrap_or_default());
        let (since, until) = (next(), next());
        let version = |text: Option<&str>| match text {
            None => Some(None),
            Some(text) => Version::parse(text).map(Some),
        };
        let metric = Metric { name, kind, labels, namespace, from, since: version(since)?, until: version(until)? };
        (!name.is_empty() && columns.next().is_none()).then_some(metric)
    }

    pub fn labels(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.labels.split(',').filter(|l| !l.is_empty())
    }

    /// Endpoints or parts of the job that expose it; none: every one may.
    pub fn from(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.from.split(',').filter(|f| !f.is_empty())
    }

    /// Names of its series.
    pub fn names(&self) -> impl Iterator<Item = String> + use<'t> {
        let name = self.name;
        self.kind.suffixes().iter().map(move |suffix| format!("{name}{suffix}"))
    }

    /// Whether these versions have it. A component without a version is no reason that it is not
    /// there.
    pub fn is_in(&self, component: Option<&str>, versions: &Versions) -> bool {
        let Some(version) = component.and_then(|c| versions.get(c)) else { return true };
        self.since.is_none_or(|since| *version >= since) && self.until.is_none_or(|until| *version < until)
    }
}
