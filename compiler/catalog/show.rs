//! The catalog as text: `catalog list`, `catalog show NAME`, and the index in its README.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::dashboard::Dashboard;
use super::discovery::{Discovery, Namespaces, Port, Variant};
use super::job::{Class, Job, Select, SeriesModel};
use super::load::{Catalog, Kind};
use super::metrics;
use super::pack::{Reader, RulePack, Scope};
use super::version::Gate;

impl Catalog {
    /// Every entry with its line, by kind, and the names that have none yet.
    pub fn list(&self) -> String {
        let mut out = String::new();
        for kind in Kind::ALL {
            let names = self.names(kind);
            let width = names.iter().map(|n| n.len()).max().unwrap_or(0);
            line(&mut out, format_args!("{}", kind.folder()));
            for name in names {
                line(&mut out, format_args!("  {name:width$}  {}", self.about(kind, name)));
            }
            let not_yet = self.not_yet().names(kind);
            if !not_yet.is_empty() {
                line(&mut out, format_args!("  not yet: {}", not_yet.join(", ")));
            }
            out.push('\n');
        }
        line(&mut out, format_args!("catalog version {}", self.version()));
        out
    }

    /// What an entry is, and its files as they stand. `None` for a name without an entry; a name
    /// that several kinds have shows them all.
    pub fn show(&self, name: &str) -> Option<String> {
        let mut out = String::new();
        for kind in Kind::ALL {
            match kind {
                Kind::Job => self.job(name).into_iter().for_each(|j| {
                    show_job(&mut out, j);
                    if let Some(table) = self.metrics(name) {
                        let number = table.metrics().count();
                        line(&mut out, format_args!("  metrics: {number}, see `watershed catalog metrics {name}`"));
                    }
                }),
                Kind::Rules => self.rule_pack(name).into_iter().for_each(|p| show_pack(&mut out, p)),
                Kind::Dashboard => self.dashboard(name).into_iter().for_each(|d| show_dashboard(&mut out, d)),
                Kind::Reader => self.reader(name).into_iter().for_each(|r| show_reader(&mut out, r)),
            }
            let of_metrics = |path: &str| path.ends_with(metrics::FILE);
            for (path, text) in self.files(kind, name).filter(|(path, _)| !of_metrics(path)) {
                line(&mut out, format_args!("\n--- {path}\n{}", text.trim_end()));
            }
        }
        (!out.is_empty()).then_some(out)
    }

    /// The one line of an entry; empty for a name without one.
    pub fn about(&self, kind: Kind, name: &str) -> &str {
        match kind {
            Kind::Job => self.job(name).map(|e| &e.about),
            Kind::Rules => self.rule_pack(name).map(|e| &e.about),
            Kind::Dashboard => self.dashboard(name).map(|e| &e.about),
            Kind::Reader => self.reader(name).map(|e| &e.about),
        }
        .map_or("", String::as_str)
    }

    /// The generated part of templates/README.md.
    pub fn index(&self) -> String {
        let mut out = String::from(
            "### Jobs\n\n| job | what | label `job` | classes | run by | version |\n|---|---|---|---|---|---|\n",
        );
        for job in self.jobs() {
            let join = |items: Vec<String>| if items.is_empty() { "–".to_owned() } else { items.join(", ") };
            let mut labels: Vec<String> =
                job.variants.iter().map(|v| v.job.value("name of the Service").to_owned()).collect();
            let mut seen = BTreeSet::new();
            labels.retain(|l| seen.insert(l.clone()));
            let classes = job.classes.iter().map(|c| format!("`{}`", c.name)).collect();
            let variants = job.variants.iter().map(|v| format!("`{}`", v.name)).collect();
            let version = job.component.as_ref().map_or("–".to_owned(), |c| c.default.to_string());
            line(
                &mut out,
                format_args!(
                    "| [`{0}`](jobs/{0}/job.yaml) | {1} | {2} | {3} | {4} | {version} |",
                    job.name,
                    job.about,
                    join(labels),
                    join(classes),
                    join(variants)
                ),
            );
        }
        for (kind, title) in [(Kind::Rules, "Rule packs"), (Kind::Dashboard, "Dashboards"), (Kind::Reader, "Readers")] {
            line(&mut out, format_args!("\n### {title}\n\n| name | what |\n|---|---|"));
            for name in self.names(kind) {
                line(
                    &mut out,
                    format_args!(
                        "| [`{name}`]({}/{name}/{}) | {} |",
                        kind.folder(),
                        kind.file(),
                        self.about(kind, name)
                    ),
                );
            }
        }
        out
    }
}

fn show_job(out: &mut String, job: &Job) {
    line(out, format_args!("job {}: {}", job.name, job.about));
    if let Some(c) = &job.component {
        line(out, format_args!("  version {} of {} (from {} on)", c.default, c.name, c.oldest));
    }
    for class in &job.classes {
        line(out, format_args!("  class {}: {}{}", class.name, class.about, gate(&class.gate)));
        line(out, format_args!("    {}", selects(class)));
    }
    for variant in &job.variants {
        line(out, format_args!("  {}: {}", variant.name, variant.about));
        line(out, format_args!("    found by {}; job=\"{}\"", found(variant), variant.job.value("<Service>")));
        for endpoint in &job.endpoints {
            let Some(access) = variant.ports.get(&endpoint.name) else { continue };
            let port = match &access.port {
                Some(Port::Name(name)) => format!("port {name}"),
                Some(Port::Number(number)) => format!("port {number}"),
                None if variant.discovery == Discovery::Said => "the port the spec says".to_owned(),
                None => "the annotated port".to_owned(),
            };
            let scheme = access.scheme.name();
            line(out, format_args!("    {} {scheme} on {port}{}", endpoint.path, gate(&endpoint.gate)));
        }
    }
    line(out, format_args!("  series: {}", series(&job.series)));
    for check in &job.checklist {
        line(out, format_args!("  to do by hand: {}", check.text));
    }
}

fn show_pack(out: &mut String, pack: &RulePack) {
    let scope = match pack.scope {
        Scope::Prometheus => "a Prometheus",
        Scope::Store => "a store",
    };
    line(out, format_args!("rules {}: {} Evaluated by {scope}.", pack.name, pack.about));
    for rule in &pack.rules {
        line(out, format_args!("  {}{}", rule.name, gate(&rule.gate)));
    }
}

fn show_dashboard(out: &mut String, dashboard: &Dashboard) {
    line(out, format_args!("dashboard {}: {}", dashboard.name, dashboard.about));
    line(out, format_args!("  reads {}", dashboard.reads().join(", ")));
}

fn show_reader(out: &mut String, reader: &Reader) {
    line(out, format_args!("reader {}: {}", reader.name, reader.about));
}

fn selects(class: &Class) -> String {
    match &class.select {
        Select::Parts(names) => format!("parts {}", names.join(", ")),
        Select::Endpoints(names) => format!("endpoints {}", names.join(", ")),
        Select::Metrics(globs) => format!("metrics {}", globs.join(", ")),
    }
}

fn found(variant: &Variant) -> String {
    let Some(selector) = variant.discovery.selector() else {
        return match variant.discovery {
            Discovery::Annotations => "annotations of pods".to_owned(),
            Discovery::Static => "addresses in the spec".to_owned(),
            Discovery::Said => "`discover` of the spec".to_owned(),
            Discovery::Relay => "the Service of the relay".to_owned(),
            _ => "the Services of our Prometheis".to_owned(),
        };
    };
    let labels: Vec<String> = selector.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let namespaces = match &selector.namespaces {
        Namespaces::Exporter => "the exporter's namespace".to_owned(),
        Namespaces::Base => "the namespace of the cluster's base".to_owned(),
        Namespaces::Alertmanager => "the namespace of the Alertmanager that is told".to_owned(),
        Namespaces::Any => "any namespace".to_owned(),
        Namespaces::Named(names) => names.join(", "),
    };
    format!("{} {} in {namespaces}", variant.discovery.word().unwrap_or_default(), labels.join(","))
}

fn gate(gate: &Gate) -> String {
    let since = gate.since.iter().map(|(c, v)| format!("{c} from {v} on"));
    let until = gate.until.iter().map(|(c, v)| format!("{c} before {v}"));
    let all: Vec<String> = since.chain(until).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

fn series(model: &SeriesModel) -> String {
    let counts = [
        (model.fixed, "fixed"),
        (model.per_target, "a target"),
        (model.per_node, "a node"),
        (model.per_pod, "a pod"),
        (model.per_container, "a container"),
        (model.per_cpu, "a CPU"),
        (model.per_nic, "a NIC"),
        (model.per_disk, "a disk"),
        (model.per_gpu, "a GPU"),
        (model.per_npu, "an NPU"),
        (model.per_roce_port, "a RoCE port"),
    ];
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, of)| format!("{n} {of}")).collect();
    match (counts.is_empty(), model.measured) {
        (true, _) => "not known".to_owned(),
        (_, true) => format!("{} (counted)", counts.join(", ")),
        (_, false) => format!("{} (estimated)", counts.join(", ")),
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Infallible: writing to a String.
    let _ = writeln!(out, "{text}");
}
