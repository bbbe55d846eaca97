//! Parts of an exposition that a scrape asks for with URL parameters: collectors.
//!
//! Naming one that does not run is HTTP 400 for the whole target, so parameters and the exporter's
//! flags are both derived here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::discovery::Variant;
use super::version::{Gate, Versions};

/// The parts of one exporter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// Parameter that names the only parts wanted: `collect[]`.
    pub only: String,
    /// Parameter that names the parts not wanted: `exclude[]`. May not stand beside `only`.
    pub without: String,
    /// When `without` exists. An exporter before it ignores the parameter and answers everything.
    #[serde(default)]
    pub without_gate: Gate,
    /// Parts the exporter runs by default.
    pub default: Vec<String>,
    /// Parts it runs only when a flag says so.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Parts of `default` that are switched off where we run it.
    #[serde(default)]
    pub disabled: Vec<String>,
    /// Parts that not every version has.
    #[serde(default)]
    pub gates: BTreeMap<String, Gate>,
    /// Metric globs that every filtered answer carries besides its parts; dropped on the endpoints
    /// of classes, so that only the remainder has them.
    #[serde(default)]
    pub overhead: Vec<String>,
}

/// A URL parameter of a scrape. With no values the target is asked for everything, and none is to
/// be emitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter<'a> {
    pub name: &'a str,
    pub values: Vec<&'a str>,
}

impl Parts {
    /// Every part of any version.
    pub fn known(&self) -> impl Iterator<Item = &str> {
        self.default.iter().chain(&self.optional).map(String::as_str)
    }

    /// What runs. Where the exporter is ours: the defaults without those switched off, and every
    /// part that a class wants; elsewhere what the variant says. Only parts this version has.
    pub fn running<'a>(
        &'a self,
        variant: &'a Variant,
        wanted: &BTreeSet<&str>,
        versions: &Versions,
    ) -> BTreeSet<&'a str> {
        let (off, on) =
            if variant.ours { (&self.disabled, None) } else { (&variant.parts_disabled, Some(&variant.parts_enabled)) };
        let default = |part: &str| self.default.iter().any(|d| d == part) && !off.iter().any(|d| d == part);
        let asked = |part: &str| on.map_or(wanted.contains(part), |on| on.iter().any(|o| o == part));
        let exists = |part: &str| self.gates.get(part).is_none_or(|g| g.open(versions));
        self.known().filter(|p| (default(p) || asked(p)) && exists(p)).collect()
    }

    /// Flags that make our exporter run exactly that: parts to switch on, parts to switch off.
    pub fn flags<'a>(&'a self, running: &BTreeSet<&str>, versions: &Versions) -> (Vec<&'a str>, Vec<&'a str>) {
        let exists = |part: &&str| self.gates.get(*part).is_none_or(|g| g.open(versions));
        let on = self.optional.iter().map(String::as_str).filter(|p| running.contains(p));
        let off = self.default.iter().map(String::as_str).filter(|p| !running.contains(p)).filter(exists);
        (on.collect(), off.collect())
    }

    /// What the scrape of a class asks for: of its parts those that run; `None` where none does,
    /// for then nothing is to be scraped.
    pub fn of_class<'a>(&'a self, parts: &'a [String], running: &BTreeSet<&str>) -> Option<Parameter<'a>> {
        let values: Vec<&str> = parts.iter().map(String::as_str).filter(|p| running.contains(p)).collect();
        (!values.is_empty()).then_some(Parameter { name: &self.only, values })
    }

    /// What the scrape of the remainder asks for, when these parts are scraped by classes.
    pub fn of_remainder<'a>(
        &'a self,
        taken: &BTreeSet<&'a str>,
        running: &BTreeSet<&'a str>,
        versions: &Versions,
    ) -> Parameter<'a> {
        if taken.is_disjoint(running) {
            Parameter { name: &self.without, values: Vec::new() }
        } else if self.without_gate.open(versions) {
            Parameter { name: &self.without, values: taken.intersection(running).copied().collect() }
        } else {
            Parameter { name: &self.only, values: running.difference(taken).copied().collect() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Catalog, Job, Version};
    use super::*;

    fn versions(node_exporter: &str) -> Versions {
        [("node-exporter".to_owned(), Version::parse(node_exporter).unwrap())].into()
    }

    fn running<'a>(job: &'a Job, variant: &str, wanted: &[&str], version: &str) -> BTreeSet<&'a str> {
        let variant = job.variants.iter().find(|v| v.name == variant).unwrap();
        job.parts.as_ref().unwrap().running(variant, &wanted.iter().copied().collect(), &versions(version))
    }

    #[test]
    fn a_part_runs_if_it_is_default_or_wanted_and_this_version_has_it() {
        let catalog = Catalog::builtin();
        let job = catalog.job("node-exporter").unwrap();
        let ours = running(job, "watershed", &["ethtool", "btrfs", "no-such-part"], "1.12.1");
        assert!(ours.contains("netdev") && ours.contains("ethtool") && ours.contains("btrfs"));
        assert!(!ours.contains("hwmon") && !ours.contains("systemd") && !ours.contains("no-such-part"));
        assert!(ours.contains("kernel_hung") && !running(job, "watershed", &[], "1.10.0").contains("kernel_hung"));
        // Wanting switches nothing on in an exporter that is somebody else's.
        let theirs = running(job, "kube-prometheus", &["ethtool"], "1.12.1");
        assert!(!theirs.contains("ethtool") && !theirs.contains("hwmon") && theirs.contains("infiniband"));
        assert!(running(job, "kube-prometheus-stack", &[], "1.12.1").contains("hwmon"));
    }

    #[test]
    fn flags_and_parameters_name_only_what_runs() {
        let catalog = Catalog::builtin();
        let job = catalog.job("node-exporter").unwrap();
        let parts = job.parts.as_ref().unwrap();
        let new = running(job, "watershed", &["ethtool"], "1.12.1");
        assert_eq!(parts.flags(&new, &versions("1.12.1")), (vec!["ethtool"], vec!["btrfs", "hwmon"]));

        let roce = ["infiniband".to_owned(), "ethtool".to_owned()];
        let class = |running| parts.of_class(&roce, running);
        assert_eq!(class(&BTreeSet::new()), None);
        assert_eq!(class(&new).unwrap(), Parameter { name: "collect[]", values: vec!["infiniband", "ethtool"] });
        let theirs = running(job, "kube-prometheus", &[], "1.12.1");
        assert_eq!(class(&theirs).unwrap().values, ["infiniband"]);
    }

    #[test]
    fn before_it_can_exclude_the_remainder_is_named_part_by_part() {
        let catalog = Catalog::builtin();
        let job = catalog.job("node-exporter").unwrap();
        let parts = job.parts.as_ref().unwrap();
        let taken: BTreeSet<&str> = ["netdev", "netclass", "ethtool"].into();
        let remainder = |version| {
            let running = running(job, "kube-prometheus", &[], version);
            parts.of_remainder(&taken, &running, &versions(version))
        };
        assert_eq!(remainder("1.9.0"), Parameter { name: "exclude[]", values: vec!["netclass", "netdev"] });
        let old = remainder("1.8.2");
        assert_eq!(old.name, "collect[]");
        assert!(old.values.contains(&"cpu") && !old.values.contains(&"netdev") && !old.values.contains(&"bcachefs"));
        let none = parts.of_remainder(&BTreeSet::new(), &running(job, "watershed", &[], "1.12.1"), &versions("1.12.1"));
        assert_eq!(none.values, Vec::<&str>::new());
    }
}
