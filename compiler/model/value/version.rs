//! Versions of software, and ranges of them.

use std::cmp::Ordering;
use std::fmt;

use super::{Malformed, quoted};

/// One to three numbers. A missing part means the newest there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    parts: [u32; 3],
    given: u8,
}

/// `">=0.1, <0.2"`: every condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange {
    conditions: Vec<(Relation, Version)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    AtLeast,
    Above,
    AtMost,
    Below,
    /// The version itself, or any that it begins.
    Is,
}

const FORM: &str = "write one to three numbers with dots, in quotes: `\"1.34\"`, `\"3.13.2\"`";

impl Version {
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Version { parts: [major, minor, patch], given: 3 }
    }

    pub fn major(self) -> u32 {
        self.parts[0]
    }

    pub fn minor(self) -> Option<u32> {
        self.part(1)
    }

    pub fn patch(self) -> Option<u32> {
        self.part(2)
    }

    /// Whether every part is given.
    pub fn is_complete(self) -> bool {
        self.given == 3
    }

    /// Whether something that exists since `since` is there. A part missing here is the newest, one
    /// missing in `since` the first.
    pub fn at_least(self, since: Version) -> bool {
        for i in 0..3 {
            match self.part(i) {
                None => return true,
                Some(own) => match own.cmp(&since.parts[i]) {
                    Ordering::Less => return false,
                    Ordering::Greater => return true,
                    Ordering::Equal => {}
                },
            }
        }
        true
    }

    /// Whether `other` is this version, or one that this begins: `1.34` covers `1.34.2`.
    pub fn covers(self, other: Version) -> bool {
        (0..3).all(|i| self.part(i).is_none_or(|own| other.part(i) == Some(own)))
    }

    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if let Some(plain) = text.strip_prefix(['v', 'V'])
            && plain.starts_with(|c: char| c.is_ascii_digit())
            && Version::parse(plain).is_ok()
        {
            return Err(Malformed::instead(format!("{} is a tag, not a version", quoted(text)), plain));
        }
        let mut version = Version { parts: [0; 3], given: 0 };
        for part in text.split('.') {
            let Some(number) = (version.given < 3).then(|| numeric(part)).flatten() else {
                return Err(Malformed::new(format!("{} is no version", quoted(text)), FORM));
            };
            version.parts[version.given as usize] = number;
            version.given += 1;
        }
        Ok(version)
    }

    fn part(self, i: usize) -> Option<u32> {
        (i < self.given as usize).then(|| self.parts[i])
    }
}

/// Decimal digits without a leading zero.
fn numeric(part: &str) -> Option<u32> {
    let plain = part.bytes().all(|b| b.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
    if plain { part.parse().ok() } else { None }
}

/// Old to new; a missing part is newer than any number.
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let newest = |v: &Version| [0, 1, 2].map(|i| v.part(i).map_or(u64::MAX, u64::from));
        newest(self).cmp(&newest(other))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.parts[0])?;
        for part in &self.parts[1..self.given as usize] {
            write!(f, ".{part}")?;
        }
        Ok(())
    }
}

impl VersionRange {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut conditions = Vec::new();
        for condition in text.split(',').map(str::trim) {
            let (relation, version) = [
                (">=", Relation::AtLeast),
                (">", Relation::Above),
                ("<=", Relation::AtMost),
                ("<", Relation::Below),
                ("=", Relation::Is),
                ("", Relation::Is),
            ]
            .into_iter()
            .find_map(|(sign, relation)| Some((relation, condition.strip_prefix(sign)?)))
            .unwrap_or((Relation::Is, condition));
            let version = Version::parse(version.trim()).map_err(|m| {
                Malformed::new(
                    format!("{} is no range of versions: {}", quoted(text), m.what),
                    "write conditions with commas between them: `\">=0.1, <0.2\"`",
                )
            })?;
            conditions.push((relation, version));
        }
        Ok(VersionRange { conditions })
    }

    /// Whether a complete version satisfies every condition.
    pub fn contains(&self, version: Version) -> bool {
        self.conditions.iter().all(|(relation, bound)| match relation {
            Relation::AtLeast => version.at_least(*bound),
            Relation::Above => version.at_least(*bound) && !bound.covers(version),
            Relation::AtMost => !version.at_least(*bound) || bound.covers(version),
            Relation::Below => !version.at_least(*bound),
            Relation::Is => bound.covers(version),
        })
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (relation, version)) in self.conditions.iter().enumerate() {
            let sign = match relation {
                Relation::AtLeast => ">=",
                Relation::Above => ">",
                Relation::AtMost => "<=",
                Relation::Below => "<",
                Relation::Is => "",
            };
            write!(f, "{}{sign}{version}", if i == 0 { "" } else { ", " })?;
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
    fn missing_parts_mean_the_newest() {
        assert!(v("1.34").at_least(v("1.34.2")));
        assert!(v("1").at_least(v("1.99")));
        assert!(!v("1.33").at_least(v("1.34")));
        assert!(v("1.34.0").at_least(v("1.34")));
        assert!(!v("1.34.1").at_least(v("1.34.2")));
        assert!(v("1.34").covers(v("1.34.7")));
        assert!(!v("1.34.7").covers(v("1.34")));
        assert!(v("1.9") < v("1.34"));
        assert!(v("1.34.9") < v("1.34"));
    }

    #[test]
    fn spellings() {
        assert_eq!(v("3.13.2").to_string(), "3.13.2");
        assert_eq!(v("1.30").to_string(), "1.30");
        assert_eq!(Version::parse("v1.30").unwrap_err().instead.as_deref(), Some("1.30"));
        for text in ["", "1.", ".1", "1.2.3.4", "1.2-rc1", "1.02", "latest", "1,2", "+1.2", "4294967296"] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ranges() {
        let range = VersionRange::parse(">=0.1, <0.2").unwrap();
        assert!(range.contains(Version::new(0, 1, 0)));
        assert!(range.contains(Version::new(0, 1, 99)));
        assert!(!range.contains(Version::new(0, 2, 0)));
        assert!(!range.contains(Version::new(0, 0, 9)));
        assert!(!VersionRange::parse(">0.1").unwrap().contains(Version::new(0, 1, 5)));
        assert!(VersionRange::parse("<=0.1").unwrap().contains(Version::new(0, 1, 5)));
        assert!(VersionRange::parse("0.1").unwrap().contains(Version::new(0, 1, 5)));
        assert_eq!(range.to_string(), ">=0.1, <0.2");
        for text in ["", ">=", "0.1,", "~0.1", "^0.1", ">=0.1 <0.2"] {
            assert!(VersionRange::parse(text).is_err(), "{text}");
        }
    }
}
