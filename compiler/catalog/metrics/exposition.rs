//! A page in Prometheus' text format, as far as a metric table asks: families, types, labels.

use std::collections::{BTreeMap, BTreeSet};

use super::MetricKind;

/// What a page says, by name of the family.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposition {
    pub families: BTreeMap<String, Family>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    pub kind: MetricKind,
    /// Of any of its series, without `le` and `quantile`.
    pub labels: BTreeSet<String>,
    /// Has a series at all; a family without one only says that it may.
    pub seen: bool,
}

/// Where a text is no exposition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// From 1 on.
    pub line: usize,
    pub what: String,
}

impl Exposition {
    /// # Errors
    /// The first line that is neither a comment nor a sample.
    pub fn parse(text: &str) -> Result<Exposition, Unreadable> {
        let mut out = Exposition::default();
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.trim();
            let unreadable = |what: &str| Unreadable { line, what: format!("{what}: {}", shortened(content)) };
            if let Some(comment) = content.strip_prefix('#') {
                let mut words = comment.split_whitespace();
                if words.next() == Some("TYPE")
                    && let (Some(name), Some(kind)) = (words.next(), words.next())
                {
                    let kind = MetricKind::parse(kind).unwrap_or(MetricKind::Untyped);
                    out.families.entry(name.to_owned()).or_insert(Family {
                        kind,
                        labels: BTreeSet::new(),
                        seen: false,
                    });
                }
                continue;
            }
            if content.is_empty() {
                continue;
            }
            let (name, rest) = name(content).ok_or_else(|| unreadable("no name of a metric"))?;
            let (labels, value) = labels(rest).ok_or_else(|| unreadable("no labels"))?;
            if value.split_whitespace().next().is_none_or(|v| v.parse::<f64>().is_err()) {
                return Err(unreadable("no value"));
            }
            let family = out.family_of(name);
            family.seen = true;
            family.labels.extend(labels.into_iter().filter(|l| l != "le" && l != "quantile"));
        }
        Ok(out)
    }

    fn family_of(&mut self, series: &str) -> &mut Family {
        let of = |suffix: &&str| {
            let name = series.strip_suffix(*suffix)?;
            let family = self.families.get(name)?;
            family.kind.suffixes().contains(suffix).then(|| name.to_owned())
        };
        let name = ["_bucket", "_sum", "_count"].iter().find_map(of).unwrap_or_else(|| series.to_owned());
        let untyped = || Family { kind: MetricKind::Untyped, labels: BTreeSet::new(), seen: false };
        self.families.entry(name).or_insert_with(untyped)
    }
}

fn name(line: &str) -> Option<(&str, &str)> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':')))?;
    (end > 0 && !line.starts_with(|c: char| c.is_ascii_digit())).then(|| line.split_at(end))
}

/// Names of labels, and what follows them.
fn labels(rest: &str) -> Option<(Vec<String>, &str)> {
    let Some(mut rest) = rest.trim_start().strip_prefix('{') else { return Some((Vec::new(), rest)) };
    let mut names = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((names, after));
        }
        let (label, after) = rest.split_once('=')?;
        let mut value = after.trim_start().strip_prefix('"')?.char_indices();
        let text = value.as_str();
        let end = loop {
            match value.next()? {
                (_, '\\') => _ = value.next()?,
                (at, '"') => break at,
                _ => {}
            }
        };
        // A label without a value is no label.
        if end > 0 {
            names.push(label.trim().to_owned());
        }
        rest = &text[end + 1..];
    }
}

fn shortened(line: &str) -> String {
    line.chars().take(60).collect()
}
