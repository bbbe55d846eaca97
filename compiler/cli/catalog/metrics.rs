//! `watershed catalog metrics` and `import-metrics`: tables of metrics, looked into and made.

use super::MetricsArgs;
use crate::catalog::metrics::{Draft, Exposition, Metric, Reading, Table};
use crate::catalog::{Catalog, WorkloadNamespace};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::diag;
use crate::model::value::MetricGlob;
use crate::syntax;
use crate::world::TroubleKind;

/// The table of a job, or what is known of a metric.
pub(super) fn look(session: &Session<'_>, catalog: &Catalog, name: &str) -> Exit {
    if let Some(job) = catalog.job(name) {
        let Some(text) = catalog.metrics_text(name) else {
            session.complain(&format!("`{}` has no metric table: what it exposes is not listed", job.name));
            return Exit::Findings;
        };
        return session.out(text);
    }
    let Ok(glob) = MetricGlob::parse(name) else {
        session.complain(&format!("`{name}` is no job of the catalog and no metric"));
        return Exit::Usage;
    };
    let mut out = String::new();
    let mut tables = Vec::new();
    for job in catalog.jobs() {
        let Some(table) = catalog.metrics(&job.name) else { continue };
        let fits = |m: &Metric<'_>| m.names().any(|n| MetricGlob::parse(&n).is_ok_and(|n| n.meets(&glob)));
        out.extend(table.metrics().filter(fits).map(|m| line(&job.name, table.component, &m)));
        tables.push(table);
    }
    if !out.is_empty() {
        return session.out(&out);
    }
    let near: Vec<String> = tables.iter().filter_map(|t| t.near(&glob)).collect();
    let near = diag::nearest(name, near.iter().map(String::as_str));
    let near = near.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
    session.complain(&format!("no job of the catalog is known to have `{name}`{near}"));
    Exit::Usage
}

/// `node-exporter  node_load1  gauge`, and whatever else is known.
fn line(job: &str, component: Option<&str>, metric: &Metric<'_>) -> String {
    let list = |items: Vec<&str>| items.join(", ");
    let mut line = format!("{job}  {}  {}", metric.name, metric.kind.name());
    let labels = list(metric.labels().collect());
    if !labels.is_empty() {
        line.push_str(&format!("  by {labels}"));
    }
    if let Some(label) = metric.namespace {
        line.push_str(&format!("  about the namespace in `{label}`"));
    }
    let from = list(metric.from().collect());
    if !from.is_empty() {
        line.push_str(&format!("  from {from}"));
    }
    let component = component.unwrap_or("version");
    if let Some(since) = metric.since {
        line.push_str(&format!("  since {component} {since}"));
    }
    if let Some(until) = metric.until {
        line.push_str(&format!("  until {component} {until}"));
    }
    line.push('\n');
    line
}

pub(super) fn import(session: &Session<'_>, catalog: &Catalog, args: &MetricsArgs) -> Exit {
    let Some(job) = catalog.job(&args.job) else {
        let near = diag::nearest(&args.job, catalog.jobs().map(|j| j.name.as_str()));
        let near = near.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
        session.complain(&format!("the catalog has no job `{}`{near}", args.job));
        return Exit::Usage;
    };
    let parts = job.parts.iter().flat_map(|p| p.known());
    let known: Vec<&str> = job.endpoints.iter().map(|e| e.name.as_str()).chain(parts).collect();
    if let Some(from) = args.from.as_deref().filter(|f| !known.contains(f)) {
        let near = diag::nearest(from, known).map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
        session.complain(&format!("`{}` has no endpoint and no part `{from}`{near}", job.name));
        return Exit::Usage;
    }
    let bytes = match session.world.read(&args.file, syntax::MAX_BYTES as u64) {
        Ok(bytes) => bytes,
        Err(trouble) => return super::failed(session, &trouble),
    };
    let page = match Exposition::parse(&String::from_utf8_lossy(&bytes)) {
        Ok(page) => page,
        Err(fault) => {
            session.complain(&format!("{}:{}: {}", args.file, fault.line, fault.what));
            return Exit::InputOutput;
        }
    };
    let written = match args.out.as_ref().map(|out| session.world.read(out, syntax::MAX_BYTES as u64)) {
        Some(Ok(bytes)) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Some(Err(trouble)) if trouble.kind != TroubleKind::Missing => return super::failed(session, &trouble),
        _ => None,
    };
    let component = job.component.as_ref().map(|c| format!("# component: {}\n", c.name)).unwrap_or_default();
    let empty = format!("{component}# source: exposition\n");
    let table = written.as_deref().or_else(|| catalog.metrics_text(&job.name)).unwrap_or(&empty);
    let mut draft = Draft::of(&Table::new(table));
    // Where the exporter writes whose a series is, it writes it to the label the field calls so.
    let reported = matches!(job.workload_namespace, WorkloadNamespace::Reported | WorkloadNamespace::ReportedIfAny);
    let reading =
        Reading { version: &args.version, from: args.from.as_deref(), namespace: reported.then_some("namespace") };
    if draft.read(&page, reading).is_none() {
        session.complain(&format!("`{}` is no version such as 1.11.1", args.version));
        return Exit::Usage;
    }
    match &args.out {
        None => session.out(&draft.text()),
        Some(out) => match session.world.replace(out, draft.text().as_bytes()) {
            Ok(()) => session.out(&format!("{out}\n")),
            Err(trouble) => super::failed(session, &trouble),
        },
    }
}
