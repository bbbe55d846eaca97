//! The stages a target and its series pass, in the order Prometheus and vmagent run them.
//!
//! target relabelling → label merge → metric relabelling → (local storage) → external labels and
//! write relabelling → relay: global rules, rules of one URL, `-remoteWrite.label`. A relay that scrapes
//! by itself adds the external labels of its scrape configuration behind metric relabelling: [`Listed::external`].

use std::sync::Arc;

use super::{Chain, Dialect, Labels, Listed, Names, Outcome, Step, agent};

/// What a scrape job gives to each of its targets before any rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job<'a> {
    pub job_name: &'a str,
    pub scheme: &'a str,
    pub metrics_path: &'a str,
    /// As written in the file, `15s`.
    pub scrape_interval: &'a str,
    pub scrape_timeout: &'a str,
    /// Only the first value of each parameter becomes a label.
    pub params: &'a [(&'a str, &'a str)],
}

/// What became of a discovered target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Scraped. The labels still hold what begins with `__` and is no `__meta_`; samples get those
    /// of [`attached`].
    Kept(Labels),
    Dropped {
        by: usize,
    },
    /// Not scraped and shown as an error, without any series, `up` included.
    Refused(TargetFault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetFault {
    NoAddress,
    /// The address holds a path.
    Address,
    /// Prometheus 2 knows no port for it.
    Scheme,
    Interval,
    Timeout,
    TimeoutAboveInterval,
}

/// The labels of a discovered target before the first rule.
pub fn discovered(discovered: &Labels, job: &Job<'_>, dialect: Dialect) -> Labels {
    let mut labels = discovered.clone();
    let (mut interval, mut timeout) = (job.scrape_interval.to_owned(), job.scrape_timeout.to_owned());
    if dialect.is_vmagent()
        && let (Some(i), Some(t)) = (milliseconds(&interval), milliseconds(&timeout))
    {
        (interval, timeout) = (agent::go_duration(i), agent::go_duration(t.min(i)));
    }
    let given = [
        ("job", job.job_name),
        ("__scrape_interval__", &interval),
        ("__scrape_timeout__", &timeout),
        ("__metrics_path__", job.metrics_path),
        ("__scheme__", job.scheme),
    ];
    for (name, value) in given {
        if !labels.has(name) {
            labels.set(name, value);
        }
    }
    for (name, value) in job.params {
        let name = format!("__param_{name}");
        // Prometheus 2 takes what the job says also where discovery says something else.
        if dialect.is_prometheus2() || !labels.has(&name) {
            labels.set(name, *value);
        }
    }
    labels.settle();
    labels
}

/// Target relabelling of a discovered target.
///
/// Prometheus visits the labels of service discovery in random order; where two of them are mapped
/// to one name the winner changes from reload to reload. Here the last by name wins.
pub fn target(found: &Labels, job: &Job<'_>, rules: &Chain) -> Target {
    let mut labels = discovered(found, job, rules.dialect());
    if let Outcome::Dropped { by } = rules.apply(&mut labels) {
        return Target::Dropped { by };
    }
    match finish(&mut labels, rules.dialect()) {
        Ok(()) => Target::Kept(labels),
        Err(fault) => Target::Refused(fault),
    }
}

/// What Prometheus does with a target's labels behind the last rule, or vmagent.
///
/// # Errors
/// The target is refused.
pub fn finish(labels: &mut Labels, dialect: Dialect) -> Result<(), TargetFault> {
    if dialect.is_vmagent() {
        return agent::finish(labels);
    }
    let mut address = labels.shared("__address__").cloned().ok_or(TargetFault::NoAddress)?;
    if dialect.is_prometheus2() && lacks_port(&address) {
        let port = match labels.get("__scheme__") {
            "http" | "" => 80,
            "https" => 443,
            _ => return Err(TargetFault::Scheme),
        };
        address = format!("{address}:{port}").into();
        labels.set("__address__", address.clone());
    }
    if address.contains('/') {
        return Err(TargetFault::Address);
    }
    let positive = |name| milliseconds(labels.get(name)).filter(|ms| *ms > 0);
    let interval = positive("__scrape_interval__").ok_or(TargetFault::Interval)?;
    let timeout = positive("__scrape_timeout__").ok_or(TargetFault::Timeout)?;
    if timeout > interval {
        return Err(TargetFault::TimeoutAboveInterval);
    }
    labels.retain(|label| !label.name.starts_with("__meta_"));
    if !labels.has("instance") {
        labels.set("instance", address);
    }
    labels.settle();
    Ok(())
}

/// Whether a port behind it would make an address whole, as Go's `net.SplitHostPort` sees it.
fn lacks_port(address: &str) -> bool {
    if let Some(inner) = address.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|host| !host.contains(['[', ']']));
    }
    !address.contains([':', '[', ']'])
}

/// The labels of a target its samples get: those that do not begin with `__`.
pub fn attached(target: &Labels) -> Labels {
    let mut labels = target.clone();
    labels.retain(|label| !label.name.starts_with("__"));
    labels
}

/// An exposed sample's labels merged with its target's.
///
/// `exposed` holds the labels as they stand on the page, `__name__` and empty ones included: with
/// `honor_labels` an exposed empty label keeps the target's label away.
pub fn merged(exposed: &[(Arc<str>, Arc<str>)], target: &Labels, honor_labels: bool, dialect: Dialect) -> Labels {
    if dialect.is_vmagent() {
        return Listed::sample(exposed, target, honor_labels).labels();
    }
    let mut labels: Labels = exposed.iter().cloned().collect();
    let attached = target.iter().filter(|label| !label.name.starts_with("__"));
    if honor_labels {
        for label in attached {
            if !exposed.iter().any(|(name, _)| *name == label.name) {
                labels.set(label.name.clone(), label.value.clone());
            }
        }
    } else {
        let mut conflicts = Vec::new();
        for label in attached {
            if let Some(value) = labels.shared(&label.name) {
                conflicts.push((label.name.clone(), value.clone()));
            }
            labels.set(label.name.clone(), label.value.clone());
        }
        // Short names first, so that `exported_a` keeps its place before `a` looks for one.
        conflicts.sort_by_key(|(name, _)| name.len());
        let empty = |name: &str| exposed.iter().any(|(n, v)| **n == *name && v.is_empty());
        for (name, value) in conflicts {
            let mut free = format!("exported_{name}");
            while labels.has(&free) || dialect.counts_empty_exposed_labels() && empty(&free) {
                free.insert_str(0, "exported_");
            }
            labels.set(free, value);
        }
    }
    // Not settled: a new Prometheus 3 goes on with the same set and its order.
    labels
}

/// Merging and metric relabelling of one exposed sample. The rules see `__name__` and the merged
/// labels; what begins with `__` is stored like any other label by Prometheus, and taken off by vmagent, with
/// rules or without. A sample without labels is dropped as if by the last rule.
pub fn sample(
    exposed: &[(Arc<str>, Arc<str>)],
    target: &Labels,
    honor_labels: bool,
    rules: &Chain,
) -> (Outcome, Labels) {
    let mut labels = merged(exposed, target, honor_labels, rules.dialect());
    let (outcome, _) = metric(&mut labels, rules);
    (outcome, labels)
}

/// Metric relabelling of merged labels, and what each rule did.
pub fn metric(merged: &mut Labels, rules: &Chain) -> (Outcome, Vec<Step>) {
    if rules.dialect().sorts_merged_labels() {
        merged.settle();
    }
    let traced = rules.trace_on(merged);
    if rules.dialect().is_vmagent() {
        merged.retain(|label| !label.value.is_empty() && !is_taken_off(&label.name));
    }
    match traced {
        (Outcome::Kept, steps) if merged.is_empty() => (last(rules), steps),
        traced => traced,
    }
}

fn last(rules: &Chain) -> Outcome {
    Outcome::Dropped { by: rules.rules().len().saturating_sub(1) }
}

/// Whether Prometheus can store what metric relabelling left of a sample. One sample that it cannot
/// store fails the whole scrape: none of its samples is stored, and `up` is 0.
///
/// # Errors
/// Why it cannot.
pub fn storable(labels: &Labels, dialect: Dialect) -> Result<(), SampleFault> {
    let names = dialect.names();
    let metric = labels.get("__name__");
    let valid = match names {
        Names::Legacy => names.allow(&metric.replace(':', "_")),
        Names::Utf8 => !metric.is_empty(),
    };
    if metric.is_empty() {
        Err(SampleFault::NoName)
    } else if !valid {
        Err(SampleFault::Name)
    } else if labels.iter().any(|label| !names.allow(&label.name)) {
        Err(SampleFault::Label)
    } else {
        Ok(())
    }
}

/// Why a sample cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SampleFault {
    /// A rule has taken `__name__`.
    NoName,
    /// `__name__` is no name of a metric.
    Name,
    /// A label's name is none.
    Label,
}

/// A series Prometheus makes itself for each scrape, `up` and `scrape_*`: no rule sees it before
/// the write rules. Of a target with a label without a name Prometheus 3 cannot store these,
/// nor anything else of the scrape.
///
/// For each label of the target, by name, Prometheus takes off what is called `exported_` and its name first: a
/// target's own `exported_job` is lost where it also has a `job`, its `exported_a` beside an `a` is not. vmagent
/// loses nothing.
pub fn report(name: &str, target: &Labels, dialect: Dialect) -> Labels {
    if dialect.is_vmagent() {
        return Listed::report(name, target).labels();
    }
    let mut labels: Labels = [("__name__", name)].into_iter().collect();
    for label in &attached(target) {
        labels.remove(&format!("exported_{}", label.name));
        labels.set(label.name.clone(), label.value.clone());
    }
    labels.settle();
    labels
}

/// When a sample is from, in milliseconds: `said` by the page, or the time of the scrape. Prometheus takes what the
/// page says unless told otherwise, vmagent only if told.
pub fn timestamp(said: Option<i64>, scraped: i64, honor_timestamps: Option<bool>, dialect: Dialect) -> i64 {
    let vmagent = dialect.is_vmagent();
    let said = if vmagent { said.and_then(agent::timestamp) } else { said };
    said.filter(|_| honor_timestamps.unwrap_or(!vmagent)).unwrap_or(scraped)
}

/// External labels added; the series' own labels win.
pub fn external(series: &Labels, external: &Labels) -> Labels {
    let mut labels = series.clone();
    labels.set_missing(external);
    labels
}

/// What one `remote_write` entry sends of a stored series: external labels first, then the rules.
/// Labels that begin with `__` are sent.
pub fn write(series: &Labels, external_labels: &Labels, rules: &Chain) -> (Outcome, Labels) {
    let mut labels = to_write(series, external_labels, rules);
    let outcome = rules.continue_on(&mut labels);
    (not_empty(outcome, &labels, rules), labels)
}

/// As [`write`], and tells what each rule did.
pub fn write_traced(series: &Labels, external_labels: &Labels, rules: &Chain) -> (Outcome, Labels, Vec<Step>) {
    let mut labels = to_write(series, external_labels, rules);
    let (outcome, steps) = rules.trace_on(&mut labels);
    (not_empty(outcome, &labels, rules), labels, steps)
}

fn to_write(series: &Labels, external_labels: &Labels, rules: &Chain) -> Labels {
    let mut start = series.clone();
    start.settle();
    let mut labels = external(&start, external_labels);
    if rules.dialect().sorts_external_labels() {
        labels.settle();
    }
    labels
}

fn not_empty(outcome: Outcome, labels: &Labels, rules: &Chain) -> Outcome {
    let nothing = labels.is_empty() && rules.dialect().sends_no_empty_series();
    if outcome == Outcome::Kept && nothing { last(rules) } else { outcome }
}

/// What became of a series in a relay, for one URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relayed {
    Sent(Labels),
    /// By the global rules, for all URLs.
    DroppedGlobally {
        by: usize,
    },
    DroppedForUrl {
        by: usize,
    },
}

/// A series through vmagent: `-remoteWrite.relabelConfig`, `-remoteWrite.urlRelabelConfig`, and
/// `-remoteWrite.label`, which no rule sees and which wins over the series' own label.
///
/// Behind each list of rules labels that begin with `__` are taken off, but not behind an empty one.
pub fn relay(series: &Labels, global: &Chain, url: &Chain, labels: &[(Arc<str>, Arc<str>)]) -> Relayed {
    let mut series = series.clone();
    series.settle();
    relay_scraped(series, global, url, labels)
}

/// As [`relay`] for a series the relay has scraped itself, in the order it holds its labels.
pub fn relay_scraped(mut series: Labels, global: &Chain, url: &Chain, labels: &[(Arc<str>, Arc<str>)]) -> Relayed {
    if let Outcome::Dropped { by } = relay_stage(&mut series, global) {
        return Relayed::DroppedGlobally { by };
    }
    if let Outcome::Dropped { by } = relay_stage(&mut series, url) {
        return Relayed::DroppedForUrl { by };
    }
    for (name, value) in labels {
        series.set(name.clone(), value.clone());
    }
    series.settle();
    Relayed::Sent(series)
}

/// One list of rules of a relay with what vmagent does behind it. What a list before it has added
/// comes last for rules that visit all labels; a series that came in is to be settled.
pub fn relay_stage(series: &mut Labels, rules: &Chain) -> Outcome {
    behind(rules.continue_on(series), series, rules)
}

/// As [`relay_stage`], and tells what each rule did.
pub fn relay_stage_traced(series: &mut Labels, rules: &Chain) -> (Outcome, Vec<Step>) {
    let (outcome, steps) = rules.trace_on(series);
    (behind(outcome, series, rules), steps)
}

fn behind(outcome: Outcome, series: &mut Labels, rules: &Chain) -> Outcome {
    if outcome == Outcome::Kept && !rules.is_empty() {
        series.retain(|label| !is_taken_off(&label.name));
        if series.is_empty() {
            return Outcome::Dropped { by: rules.rules().len() - 1 };
        }
    }
    outcome
}

/// Whether vmagent takes a label off a series behind rules.
fn is_taken_off(name: &str) -> bool {
    name.starts_with("__") && name != "__name__"
}

/// A Prometheus duration, `1h30m`, in milliseconds: units from large to small, each once; a bare
/// `0` has none.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 7] = [
        ("y", 365 * 86_400_000),
        ("w", 7 * 86_400_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ];
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = &rest[digits..];
        let length = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (unit, behind) = rest.split_at(length);
        let (_, size) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.checked_mul(*size)?)?;
        rest = behind;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
#[path = "stages_tests.rs"]
mod tests;
