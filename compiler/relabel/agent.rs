//! What vmagent does by itself where it scrapes (VictoriaMetrics `lib/promscrape`, 1.145 to 1.150).
//!
//! It differs from Prometheus in what happens to a label that two sides have: Prometheus looks for a name that
//! is free, vmagent puts `exported_` in front and takes no second look. It holds labels as a list, so that two
//! may end up with one name: `exported_job` of a target beside the `job` of a page that makes way. And it makes
//! way for external labels too, where Prometheus leaves a series what it has.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::stages::TargetFault;
use super::{Labels, own};

/// Labels in the order vmagent holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed(Vec<(Arc<str>, Arc<str>)>);

const NAME: &str = "__name__";

impl Listed {
    /// A sample of a page with the labels of its target, as metric rules see it. What has no label and is called
    /// like a series of vmagent's own makes way for that as well.
    pub fn sample(exposed: &[(Arc<str>, Arc<str>)], target: &Labels, honor_labels: bool) -> Self {
        let (mut name, labels): (Vec<_>, Vec<_>) = exposed.iter().cloned().partition(|(label, _)| &**label == NAME);
        if let [(_, name)] = name.as_mut_slice()
            && labels.is_empty()
            && !honor_labels
            && own::is_of_vmagent(name)
        {
            *name = exported(name);
        }
        let mut listed = Listed(name.into_iter().chain(labels).collect());
        listed.join(target, honor_labels);
        listed
    }

    /// A series vmagent makes itself for a target.
    pub fn report(name: &str, target: &Labels) -> Self {
        let mut listed = Listed(vec![(NAME.into(), name.into())]);
        listed.join(target, true);
        listed
    }

    /// What metric rules have left of a sample, or a series of vmagent's own, with `external_labels` of the scrape
    /// configuration.
    pub fn external(series: &Labels, external: &Labels, honor_labels: bool) -> Self {
        let mut listed = Listed(series.visited().into_iter().map(|label| (label.name, label.value)).collect());
        listed.add(external.iter().map(|label| (&label.name, &label.value)), honor_labels);
        listed
    }

    /// The labels of a target its samples get.
    fn join(&mut self, target: &Labels, honor_labels: bool) {
        let attached = target.iter().filter(|label| !label.name.starts_with("__"));
        self.add(attached.map(|label| (&label.name, &label.value)), honor_labels);
    }

    fn add<'l>(&mut self, others: impl Iterator<Item = (&'l Arc<str>, &'l Arc<str>)>, honor_labels: bool) {
        let own = self.0.len();
        for (name, value) in others {
            let find = |labels: &[(Arc<str>, Arc<str>)], name: &str| labels.iter().position(|(n, _)| **n == *name);
            match find(&self.0[..own], name) {
                Some(_) if honor_labels => continue,
                Some(at) => {
                    let free = exported(name);
                    if let Some(other) = find(&self.0[..own], &free) {
                        self.0[other].0 = exported(&free);
                    }
                    self.0[at].0 = free;
                }
                None => {}
            }
            self.0.push((name.clone(), value.clone()));
        }
    }

    /// Whether two labels have one name: which of them a store keeps is the store's affair.
    pub fn is_twice(&self) -> bool {
        let mut names = BTreeSet::new();
        !self.0.iter().all(|(name, _)| names.insert(name))
    }

    /// As a set in which the order goes on; of two labels of one name the later counts, unless it is empty.
    pub fn labels(&self) -> Labels {
        let mut labels = Labels::new();
        for (name, value) in &self.0 {
            if !value.is_empty() || !labels.has(name) {
                labels.set_in_place(name, value.clone());
            }
        }
        labels
    }
}

fn exported(name: &str) -> Arc<str> {
    format!("exported_{name}").into()
}

/// What vmagent does with a target's labels behind the last rule. A scheme and a path in the address are taken for
/// what they are; the label `instance` gets a port where the address has none.
///
/// # Errors
/// The target is not scraped. An interval of nothing would end vmagent itself.
pub(super) fn finish(labels: &mut Labels) -> Result<(), TargetFault> {
    let address = labels.get("__address__");
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
        _ => (labels.get("__scheme__"), address),
    };
    let host = rest.split('/').next().unwrap_or_default();
    if address.is_empty() {
        return Err(TargetFault::NoAddress);
    }
    let instance = match (host.contains(':'), scheme) {
        (true, _) => host.to_owned(),
        (false, "https") => format!("{host}:443"),
        (false, _) => format!("{host}:80"),
    };
    // Without one, that of the job counts.
    let said = |name| Some(labels.get(name)).filter(|text| !text.is_empty());
    if said("__scrape_interval__").is_some_and(|text| milliseconds(text).is_none_or(|ms| ms == 0)) {
        return Err(TargetFault::Interval);
    }
    if said("__scrape_timeout__").is_some_and(|text| milliseconds(text).is_none()) {
        return Err(TargetFault::Timeout);
    }
    labels.retain(|label| !label.name.starts_with("__meta_"));
    if !labels.has("instance") {
        labels.set("instance", instance);
    }
    labels.settle();
    Ok(())
}

/// A duration as Go prints it, which is what rules see of an interval: `1m0s`.
pub(super) fn go_duration(milliseconds: u64) -> String {
    if milliseconds < 1000 {
        return if milliseconds == 0 { "0s".to_owned() } else { format!("{milliseconds}ms") };
    }
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let fraction = format!(".{rest:03}");
    let fraction = if rest == 0 { "" } else { fraction.trim_end_matches('0') };
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}{fraction}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}{fraction}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

/// A duration of a target's label: Prometheus' form, and Go's, which may have parts of seconds.
fn milliseconds(text: &str) -> Option<u64> {
    let Some((whole, rest)) = text.split_once('.') else { return super::stages::milliseconds(text) };
    let digits = rest.strip_suffix('s').filter(|d| (1..=3).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()));
    let parts: u64 = format!("{:0<3}", digits?).parse().ok()?;
    super::stages::milliseconds(&format!("{whole}s"))?.checked_add(parts)
}

/// When a sample is from, in milliseconds, if the page says `said`: as vmagent reads it, what cannot be
/// milliseconds is taken for seconds, as OpenMetrics has them, and 0 for nothing.
pub(super) fn timestamp(said: i64) -> Option<i64> {
    let seconds = i64::from(i32::MIN)..=i64::from(i32::MAX);
    let said = if seconds.contains(&said) { said * 1000 } else { said };
    (said != 0).then_some(said)
}

#[cfg(test)]
#[path = "agent_tests.rs"]
mod tests;
