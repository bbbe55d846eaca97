//! Release numbers of components, as field tables speak of them.

use crate::model::value::Version;
use std::fmt;

/// `0.93.0`. A missing part is 0; a leading `v`, and whatever follows a `-` or `+`, does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Release {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Release {
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Release { major, minor, patch }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let numbers = text.split(['-', '+']).next()?;
        let mut parts = numbers.split('.');
        let mut next = || parts.next().map_or(Some(0), |p| p.parse::<u32>().ok());
        let release = Release::new(next()?, next()?, next()?);
        (parts.next().is_none() && !numbers.is_empty()).then_some(release)
    }

    /// Fields come with minor releases; patches of one minor release know the same ones.
    pub fn minor_release(self) -> (u32, u32) {
        (self.major, self.minor)
    }
}

impl From<Version> for Release {
    /// Of a version in the spec a missing part means the newest there is.
    fn from(version: Version) -> Self {
        let newest = |part: Option<u32>| part.unwrap_or(u32::MAX);
        Release::new(version.major(), newest(version.minor()), newest(version.patch()))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.major)?;
        // Parts that stand for the newest there is are not written.
        [self.minor, self.patch].iter().take_while(|p| **p != u32::MAX).try_for_each(|p| write!(f, ".{p}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Release, Version};

    #[test]
    fn reads_what_projects_call_their_releases() {
        assert_eq!(Release::parse("v0.93.0"), Some(Release::new(0, 93, 0)));
        assert_eq!(Release::parse("1.31"), Some(Release::new(1, 31, 0)));
        assert_eq!(Release::parse("1.31.2-gke.100"), Some(Release::new(1, 31, 2)));
        for bad in ["", "v", "1.x", "1.2.3.4", "latest"] {
            assert_eq!(Release::parse(bad), None, "{bad}");
        }
        assert_eq!(Release::from(Version::parse("1.34").unwrap()).to_string(), "1.34");
        assert!(Release::parse("0.100.0") > Release::parse("0.93.1"));
    }
}
