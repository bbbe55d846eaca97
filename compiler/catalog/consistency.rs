//! What an entry says in two places must agree. Held by a test for the built-in catalog, reported
//! for users' folders.

use std::collections::BTreeSet;

use super::discovery::{Access, Auth, Discovery, Namespaces, Variant};
use super::job::{Job, Select};
use super::version::Version;

/// First operator whose Prometheus can hold a token file for monitors that cannot name one
/// (`scrapeClasses[].authorization`).
const TOKEN_FOR_PODS: Version = Version::new(0, 81, 0);

/// A contradiction in an entry, and the word to look for in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    pub word: String,
    pub what: String,
}

impl Job {
    /// Everything that does not fit together.
    pub fn faults(&self) -> Vec<Contradiction> {
        let mut faults = Vec::new();
        let mut say = |word: &str, what: String| faults.push(Contradiction { word: word.to_owned(), what });

        for name in repeated(self.endpoints.iter().map(|e| e.name.as_str())) {
            say(name, format!("two endpoints are called `{name}`"));
        }
        for name in repeated(self.variants.iter().map(|v| v.name.as_str())) {
            say(name, format!("two variants are called `{name}`"));
        }
        for name in repeated(self.classes.iter().map(|c| c.name.as_str())) {
            say(name, format!("two classes are called `{name}`"));
        }
        let of_variants = self.checklist.iter().filter_map(|c| c.variant.as_ref());
        for name in of_variants.filter(|n| self.variants.iter().all(|v| v.name != **n)) {
            say(name, format!("a line of the checklist is for `{name}`, which is no variant"));
        }
        for variant in &self.variants {
            for name in variant.ports.keys().filter(|n| self.endpoint(n).is_none()) {
                say(name, format!("variant `{}` has a port for `{name}`, which is no endpoint", variant.name));
            }
            if variant.ports.is_empty() {
                say(&variant.name, format!("variant `{}` has no port, so nothing would be scraped", variant.name));
            }
            let annotated = variant.discovery == Discovery::Annotations;
            let portless = annotated || variant.discovery == Discovery::Said;
            for (name, _) in variant.ports.iter().filter(|(_, access)| access.port.is_some() == portless) {
                let what = match &variant.discovery {
                    Discovery::Annotations => "the annotation names the port of",
                    Discovery::Said => "the spec says the port of",
                    _ => "there is no port for",
                };
                say(name, format!("variant `{}`: {what} `{name}`", variant.name));
            }
            if annotated && variant.ports.len() > 1 {
                let what =
                    format!("variant `{}`: the annotations of a pod name one endpoint, not several", variant.name);
                say(&variant.name, what);
            }
            if variant.ports.values().any(|a| a.one_address) && !matches!(variant.discovery, Discovery::Service(_)) {
                let what = format!("variant `{}`: only a Service has one address for all its pods", variant.name);
                say("one_address", what);
            }
            let token = |a: &Access| matches!(a.auth, Auth::Token | Auth::TokenVerified { .. });
            for (name, _) in variant.ports.iter().filter(|(_, access)| portless && token(access)) {
                let what = format!(
                    "variant `{}`: only what is found by its Service or its pods can be shown the service account's token, not `{name}`",
                    variant.name
                );
                say(name, what);
            }
            let pods = matches!(variant.discovery, Discovery::Pod(_));
            let verified = |a: &Access| matches!(a.auth, Auth::TokenVerified { .. });
            for (name, _) in variant.ports.iter().filter(|(_, access)| pods && verified(access)) {
                let what = format!(
                    "variant `{}`: nothing that finds pods can name the file of the cluster's CA, so `{name}` is `token`",
                    variant.name
                );
                say(name, what);
            }
            if matches!(variant.discovery, Discovery::Pod(_))
                && variant.ports.values().any(token)
                && !knows_classes(variant)
            {
                let what = format!(
                    "variant `{}`: pods are shown the service account's token from operator {TOKEN_FOR_PODS} on; say `gate: {{since: {{operator: \"{TOKEN_FOR_PODS}\"}}}}`",
                    variant.name
                );
                say(&variant.name, what);
            }
            if let Some(selector) = variant.discovery.selector() {
                if selector.labels.is_empty() {
                    let what = format!("variant `{}` selects by no label, that is everything", variant.name);
                    say(&variant.name, what);
                }
                if variant.ours && selector.namespaces != Namespaces::Exporter {
                    let what = format!("variant `{}` is ours, so its targets are where the exporter is", variant.name);
                    say("namespaces", what);
                }
            }
            for part in variant.parts_disabled.iter().chain(&variant.parts_enabled).filter(|p| !self.has_part(p)) {
                say(part, format!("variant `{}` names `{part}`, which is no part", variant.name));
            }
        }
        let ours = self.variants.iter().filter(|v| v.ours).count();
        let expected = usize::from(self.exporter.is_some() && !self.is_private());
        if ours != expected {
            say(
                "exporter",
                format!(
                    "{ours} variants are `ours`; with an exporter it is one unless the spec says where it is, without none"
                ),
            );
        }
        self.class_faults(&mut say);
        self.peak_faults(&mut say);
        faults
    }

    fn class_faults(&self, say: &mut impl FnMut(&str, String)) {
        let chosen = self.classes.iter().flat_map(|c| match &c.select {
            Select::Parts(names) | Select::Endpoints(names) | Select::Metrics(names) => names.iter(),
        });
        for name in repeated(chosen.map(String::as_str)) {
            say(name, format!("two classes take `{name}`; classes are disjoint"));
        }
        for class in &self.classes {
            let (names, kind): (&[String], _) = match &class.select {
                Select::Parts(names) => (names, "part"),
                Select::Endpoints(names) => (names, "endpoint"),
                Select::Metrics(_) => (&[], "metric"),
            };
            let known = |n: &str| if kind == "part" { self.has_part(n) } else { self.endpoint(n).is_some() };
            for name in names.iter().filter(|n| !known(n)) {
                say(name, format!("class `{}` takes `{name}`, which is no {kind}", class.name));
            }
        }
        let parts = self.parts.iter().flat_map(|p| p.disabled.iter().chain(p.gates.keys()));
        for name in parts.filter(|p| !self.has_part(p)) {
            say(name, format!("`{name}` is in neither `default` nor `optional`"));
        }
    }

    fn peak_faults(&self, say: &mut impl FnMut(&str, String)) {
        for name in repeated(self.peaks.iter().map(|p| p.record.as_str())) {
            say(name, format!("two peaks are recorded as `{name}`"));
        }
        let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let well = |name: &str| {
            let words: Vec<&str> = name.split(':').collect();
            words.len() == 3 && words.iter().all(|w| word(w)) && !name.starts_with(|c: char| c.is_ascii_digit())
        };
        for peak in self.peaks.iter().filter(|p| !well(&p.record)) {
            let what = format!("`{}` is no name for what is recorded: it is `level:metric:operations`", peak.record);
            say(&peak.record, what);
        }
    }

    fn has_part(&self, name: &str) -> bool {
        self.parts.as_ref().is_some_and(|p| p.known().any(|k| k == name))
    }
}

fn knows_classes(variant: &Variant) -> bool {
    variant.gate.since.get("operator").is_some_and(|since| *since >= TOKEN_FOR_PODS)
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    names.filter(|n| !seen.insert(*n)).collect()
}
