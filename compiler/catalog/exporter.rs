//! The workload that serves a job, where we run it, and the component it is a version of.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::version::{Gate, Version};

/// How we run an exporter. The objects are a template beside the entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exporter {
    /// Kind of the workload among the objects; with shards it may differ in the template.
    pub kind: WorkloadKind,
    /// Template beside the entry: a list of objects.
    pub template: String,
    /// Absent where nobody publishes one: we run it only if the spec names one.
    pub image: Option<Image>,
    /// Number of its port; named as in the variant `watershed`.
    pub port: u16,
    pub resources: Resources,
    /// Nodes it runs on, where the spec says nothing (`nodeSelector`).
    #[serde(default)]
    pub node_selector: BTreeMap<String, String>,
    /// Runs on every node whatever its taints.
    #[serde(default)]
    pub tolerate_all: bool,
    pub priority_class: Option<String>,
    /// Its pods are in their host's network, as the template says: no NetworkPolicy reaches them.
    #[serde(default)]
    pub host_network: bool,
    /// May run as several shards that split the work.
    #[serde(default)]
    pub shards: bool,
    /// Versions we can run; older ones may still be scraped.
    #[serde(default)]
    pub gate: Gate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum WorkloadKind {
    DaemonSet,
    Deployment,
    StatefulSet,
}

impl WorkloadKind {
    pub fn name(self) -> &'static str {
        match self {
            WorkloadKind::DaemonSet => "DaemonSet",
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::StatefulSet => "StatefulSet",
        }
    }
}

/// An image reference in its parts, so that a mirror can take the registry's place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    pub registry: String,
    pub repository: String,
    /// `{version}` is replaced, unless the component has a tag of its own for that version.
    pub tag: String,
}

impl Image {
    /// `registry/repository:tag`; `mirror` (a host, or host and path) replaces the registry. `None`
    /// where tags follow no pattern and the one of this version is not known: the spec has to give
    /// the image.
    pub fn reference(&self, component: &Component, version: Version, mirror: Option<&str>) -> Option<String> {
        let tag = match component.tags.get(&version.to_string()) {
            Some(tag) => tag.clone(),
            None if component.irregular_tags => return None,
            None => self.tag.replace("{version}", &version.to_string()),
        };
        Some(format!("{}/{}:{tag}", mirror.unwrap_or(&self.registry), self.repository))
    }
}

impl Image {
    /// The reference with its tag as written, for exporters without versions of their own.
    pub fn untagged(&self, mirror: Option<&str>) -> String {
        format!("{}/{}:{}", mirror.unwrap_or(&self.registry), self.repository, self.tag)
    }
}

/// Kubernetes quantities by resource name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    pub requests: BTreeMap<String, String>,
    pub limits: BTreeMap<String, String>,
}

/// Something with versions that a cluster may declare.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The key in `versions` of a spec.
    pub name: String,
    /// What a cluster runs that declares nothing.
    pub default: Version,
    /// Oldest version the catalog was checked with.
    pub oldest: Version,
    /// Versions the catalog knows of; missing parts of a declared version mean the newest of these.
    pub known: Vec<Version>,
    /// Image tags do not follow from the version; only those of `tags` are known.
    #[serde(default)]
    pub irregular_tags: bool,
    /// Image tags that are not the version.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Image of the component itself, where we emit it.
    pub image: Option<Image>,
}

/// Why a declared version is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionFault {
    NotAVersion,
    TooOld { oldest: Version },
    TooNew { newest: Version },
}

impl Component {
    pub fn newest(&self) -> Version {
        self.known.iter().copied().max().unwrap_or(self.default).max(self.default)
    }

    /// The version that a declared text means: missing parts are those of the newest known one.
    ///
    /// # Errors
    /// A text that is no version, or one outside of what the catalog was checked with. A patch
    /// release newer than the newest known is taken as it is.
    pub fn resolve(&self, declared: &str) -> Result<Version, VersionFault> {
        let (version, parts) = Version::parse_parts(declared).ok_or(VersionFault::NotAVersion)?;
        let known = || self.known.iter().copied().chain([self.default]);
        let resolved = match known().filter(|k| k.agrees(version, parts)).max() {
            Some(newest) => newest,
            None if version < self.oldest => return Err(VersionFault::TooOld { oldest: self.oldest }),
            None if version > self.newest() && !self.newest().agrees(version, 2) => {
                return Err(VersionFault::TooNew { newest: self.newest() });
            }
            None => version,
        };
        if resolved < self.oldest { Err(VersionFault::TooOld { oldest: self.oldest }) } else { Ok(resolved) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(irregular_tags: bool) -> Component {
        Component {
            name: "node-exporter".into(),
            default: Version::new(1, 12, 1),
            oldest: Version::new(1, 5, 0),
            known: ["1.6.1", "1.11.0", "1.11.1", "1.12.1"].iter().filter_map(|v| Version::parse(v)).collect(),
            irregular_tags,
            tags: [("1.11.1".to_owned(), "special".to_owned())].into(),
            image: None,
        }
    }

    #[test]
    fn missing_parts_mean_the_newest_known() {
        let c = component(false);
        assert_eq!(c.resolve("1.11"), Ok(Version::new(1, 11, 1)));
        assert_eq!(c.resolve("1.11.0"), Ok(Version::new(1, 11, 0)));
        assert_eq!(c.resolve("1"), Ok(Version::new(1, 12, 1)));
        assert_eq!(c.resolve("v1.12.9"), Ok(Version::new(1, 12, 9)));
        assert_eq!(c.resolve("1.8.2"), Ok(Version::new(1, 8, 2)));
    }

    #[test]
    fn versions_nobody_checked_are_refused() {
        let c = component(false);
        assert_eq!(c.resolve("1.4.0"), Err(VersionFault::TooOld { oldest: Version::new(1, 5, 0) }));
        assert_eq!(c.resolve("1.13"), Err(VersionFault::TooNew { newest: Version::new(1, 12, 1) }));
        assert_eq!(c.resolve("latest"), Err(VersionFault::NotAVersion));
    }

    #[test]
    fn a_mirror_takes_the_place_of_the_registry() {
        let image = Image {
            registry: "quay.io".into(),
            repository: "prometheus/node-exporter".into(),
            tag: "v{version}".into(),
        };
        let c = component(false);
        assert_eq!(
            image.reference(&c, Version::new(1, 12, 1), Some("mirror.example.com/quay")).as_deref(),
            Some("mirror.example.com/quay/prometheus/node-exporter:v1.12.1")
        );
        let special = image.reference(&c, Version::new(1, 11, 1), None);
        assert_eq!(special.as_deref(), Some("quay.io/prometheus/node-exporter:special"));
        assert_eq!(image.reference(&component(true), Version::new(1, 12, 1), None), None);
    }
}
