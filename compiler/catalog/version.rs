//! Versions of components, and the gates that depend on them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// A dotted number of up to three parts; a leading `v` and what follows a `-` are not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version([u32; 3]);

impl Version {
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Version([major, minor, patch])
    }

    /// Missing parts are 0. `None` for text that is no version.
    pub fn parse(text: &str) -> Option<Self> {
        let (version, _) = Version::parse_parts(text)?;
        Some(version)
    }

    /// The version, and how many parts were written.
    pub fn parse_parts(text: &str) -> Option<(Self, usize)> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split_once(['-', '+']).map_or(text, |(number, _)| number);
        let mut parts = [0; 3];
        let mut count = 0;
        for part in text.split('.') {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            *parts.get_mut(count)? = digits.then(|| part.parse().ok()).flatten()?;
            count += 1;
        }
        Some((Version(parts), count))
    }

    /// Whether the first `parts` parts are equal.
    pub fn agrees(self, other: Version, parts: usize) -> bool {
        self.0[..parts.min(3)] == other.0[..parts.min(3)]
    }
}

/// A version of a resolved cluster; its parts are all there.
impl From<crate::model::value::Version> for Version {
    fn from(v: crate::model::value::Version) -> Self {
        Version([v.major(), v.minor().unwrap_or(0), v.patch().unwrap_or(0)])
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0[0], self.0[1], self.0[2])
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Version::parse(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no version such as \"1.27\"")))
    }
}

/// Resolved versions of a cluster, by component name.
pub type Versions = BTreeMap<String, Version>;

/// When a thing exists: from `since` on and before `until`, for every component named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// First version that has it.
    pub since: Versions,
    /// First version that no longer has it.
    pub until: Versions,
}

/// Why a gate is shut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shut {
    pub component: String,
    /// The declared version; `None` where the cluster declares none.
    pub declared: Option<Version>,
    pub bound: Version,
    /// True: the thing exists from `bound` on. False: only before it.
    pub since: bool,
}

impl Gate {
    pub fn is_always(&self) -> bool {
        self.since.is_empty() && self.until.is_empty()
    }

    pub fn open(&self, versions: &Versions) -> bool {
        self.check(versions).is_ok()
    }

    /// # Errors
    /// The first bound that does not hold. An undeclared component shuts the gate: guessing a
    /// version would emit or drop settings silently.
    pub fn check(&self, versions: &Versions) -> Result<(), Shut> {
        let bounds = self.since.iter().map(|b| (b, true)).chain(self.until.iter().map(|b| (b, false)));
        for ((component, bound), since) in bounds {
            let declared = versions.get(component).copied();
            if declared.is_none_or(|v| (v >= *bound) != since) {
                return Err(Shut { component: component.clone(), declared, bound: *bound, since });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_compare_by_number_not_by_text() {
        assert!(v("1.9") < v("1.10"));
        assert!(v("3.13.2") > v("v3.2"));
        assert_eq!(v("4.5.3-4.8.2"), v("4.5.3"));
        assert!(v("1.34.9").agrees(v("1.34"), 2));
        for bad in ["", "1.", "latest", "1.2.3.4", "1.x", "99999999999"] {
            assert_eq!(Version::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_gate_opens_at_since_and_shuts_at_until() {
        let gate =
            Gate { since: [("kubernetes".into(), v("1.27"))].into(), until: [("prometheus".into(), v("3.7"))].into() };
        let with = |kubernetes, prometheus| -> Versions {
            [("kubernetes".to_owned(), v(kubernetes)), ("prometheus".to_owned(), v(prometheus))].into()
        };
        assert!(gate.open(&with("1.27", "3.6.9")));
        assert!(!gate.open(&with("1.26.9", "3.6")));
        assert!(!gate.open(&with("1.27", "3.7")));
        let shut = gate.check(&Versions::new()).unwrap_err();
        assert_eq!((shut.component.as_str(), shut.declared), ("kubernetes", None));
    }
}
