//! Whatever the built-in catalog says of a metric is true of the job that has it.

use std::collections::BTreeMap;

use super::Table;
use crate::catalog::{Catalog, Gate, Kind, Relabel, Scope, Select, Version};
use crate::model::value::MetricGlob;
use crate::relabel::is_of_scrape;
use crate::relabel::regex::{Paste, Regex};

/// Series Prometheus makes itself.
fn is_own(metric: &str) -> bool {
    is_of_scrape(metric) || metric.starts_with("ALERTS")
}

/// Versions from the first on and before the second.
type Range = (Option<Version>, Option<Version>);

fn range(gate: &Gate, component: &str) -> Range {
    (gate.since.get(component).copied(), gate.until.get(component).copied())
}

/// Whether some job has the metric in all these versions of what the job is a version of.
fn collected(catalog: &Catalog, metric: &str, gate: &Gate) -> Result<(), String> {
    if is_own(metric) {
        return Ok(());
    }
    let jobs = catalog.jobs_with(metric);
    if jobs.is_empty() {
        return Err(format!("no job of the catalog has `{metric}`"));
    }
    let covers = |job: &str, since: Option<Version>, until: Option<Version>| {
        let component = catalog.metrics(job).and_then(|t| t.component);
        let Some(known) = component.and_then(|c| catalog.component(c)) else { return true };
        let (first, last) = range(gate, &known.name);
        let first = first.unwrap_or(known.oldest).max(known.oldest);
        since.is_none_or(|since| since <= first) && until.is_none_or(|until| last.is_some_and(|last| last <= until))
    };
    if jobs.iter().any(|(job, m)| covers(job, m.since, m.until)) {
        return Ok(());
    }
    Err(format!("`{metric}` is not in all versions this is for: {jobs:?}"))
}

#[test]
fn every_table_is_sorted_and_names_what_its_job_has() {
    let catalog = Catalog::builtin();
    let mut tables = 0;
    for job in catalog.jobs() {
        let Some(text) = catalog.metrics_text(&job.name) else { continue };
        tables += 1;
        assert_eq!(Table::faults(text), [], "{}", job.name);
        let table = Table::new(text);
        assert!(!table.source.is_empty(), "{}: a table says where its names come from", job.name);
        if let Some(component) = table.component {
            assert!(catalog.component(component).is_some(), "{}: nobody has versions of `{component}`", job.name);
        }
        for metric in table.metrics() {
            for from in metric.from() {
                let part = job.parts.as_ref().is_some_and(|p| p.known().any(|k| k == from));
                assert!(part || job.endpoint(from).is_some(), "{}: {} comes from `{from}`", job.name, metric.name);
            }
            for name in metric.names().filter(|n| !n.contains('*')) {
                assert_eq!(table.find(&name).map(|m| m.name), Some(metric.name), "{}: {name}", job.name);
            }
        }
    }
    assert!(tables >= 7, "{tables}");
}

#[test]
fn rules_and_dashboards_read_what_some_job_has() {
    let catalog = Catalog::builtin();
    let mut faults = Vec::new();
    let peaks = || catalog.jobs().flat_map(|job| job.peaks.iter().map(move |peak| (job, peak)));
    for (job, peak) in peaks() {
        let known = catalog.metrics(&job.name).and_then(|t| Some(t.find(&peak.metric)?.name));
        faults.extend(known.is_none().then(|| format!("{}: `{}` is no metric of it", job.name, peak.metric)));
    }
    let recorded: Vec<&str> = catalog
        .names(Kind::Rules)
        .into_iter()
        .filter_map(|name| catalog.rule_pack(name))
        .flat_map(|pack| &pack.rules)
        .map(|rule| rule.name.as_str())
        .filter(|name| name.contains(':'))
        .chain(peaks().map(|(_, peak)| peak.record.as_str()))
        .collect();
    for pack in catalog.names(Kind::Rules).into_iter().filter_map(|name| catalog.rule_pack(name)) {
        for rule in &pack.rules {
            let mut gate = rule.gate.clone();
            // At a store, series of any version arrive.
            if pack.scope == Scope::Store {
                gate = Gate::default();
            }
            for metric in rule.metrics.iter().filter(|m| !recorded.contains(&m.as_str())) {
                faults.extend(
                    collected(&catalog, metric, &gate).err().map(|e| format!("{} {}: {e}", pack.name, rule.name)),
                );
            }
        }
    }
    for dashboard in catalog.names(Kind::Dashboard).into_iter().filter_map(|name| catalog.dashboard(name)) {
        // A panel is only made where a version has it.
        let unknown = |m: &&str| !is_own(m) && !recorded.contains(m) && catalog.jobs_with(m).is_empty();
        let name = &dashboard.name;
        faults.extend(dashboard.reads().into_iter().filter(unknown).map(|m| format!("{name}: no job has `{m}`")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_an_entry_drops_or_splits_by_name_is_there() {
    let catalog = Catalog::builtin();
    let mut faults = Vec::new();
    for job in catalog.jobs() {
        let Some(table) = catalog.metrics(&job.name) else { continue };
        for endpoint in &job.endpoints {
            for rule in &endpoint.metric_relabelings {
                faults.extend(dead(rule, &table).map(|what| format!("{}/{}: {what}", job.name, endpoint.name)));
            }
        }
        let overhead = job.parts.iter().flat_map(|p| &p.overhead);
        let globs = job.classes.iter().flat_map(|c| match &c.select {
            Select::Metrics(globs) => &globs[..],
            _ => &[],
        });
        for glob in globs.chain(overhead) {
            let known = MetricGlob::parse(glob).is_ok_and(|glob| table.meets(&glob));
            faults.extend((!known).then(|| format!("{}: `{glob}` fits no metric", job.name)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A rule about names that no series of the table has.
fn dead(rule: &Relabel, table: &Table<'_>) -> Option<String> {
    let by_name = rule.source_labels.first().is_some_and(|l| l == "__name__");
    let regex = rule.regex.as_deref().filter(|_| by_name)?;
    // The rest of the labels is the rest of the text; names come first.
    let names = regex.split(';').next()?;
    let names = if regex.contains(';') { names } else { regex };
    let compiled = Regex::new(names, Paste::DotAll).ok()?;
    let some = table.metrics().flat_map(|m| m.names().collect::<Vec<_>>()).any(|name| compiled.is_match(&name));
    (!some).then(|| format!("`{regex}` fits no metric"))
}

#[test]
fn a_metric_of_newer_versions_is_no_metric_of_all() {
    let catalog = Catalog::builtin();
    let newer = "prometheus_remote_storage_queue_highest_timestamp_seconds";
    assert!(collected(&catalog, newer, &Gate::default()).is_err());
    let since = BTreeMap::from([("prometheus".to_owned(), Version::new(3, 7, 0))]);
    assert_eq!(collected(&catalog, newer, &Gate { since, until: BTreeMap::new() }), Ok(()));
    assert!(collected(&catalog, "prometheus_remote_storage_queue_hihgest", &Gate::default()).is_err());
}
