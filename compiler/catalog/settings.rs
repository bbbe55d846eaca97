//! What a template is evaluated with: plain values, where they came from, and versions.

use std::collections::BTreeMap;

use super::version::Versions;
use crate::diag::Origin;

/// A value that a template may read. Ordered and comparable, so that equal settings are evaluated
/// once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Nobody set it. A key or item whose whole value it is, is dropped.
    Absent,
    Bool(bool),
    Int(i64),
    Str(String),
    List(Vec<Setting>),
    Map(BTreeMap<String, Setting>),
}

/// The settings of one evaluation. Two that are equal give equal trees, origins included.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Settings {
    pub values: BTreeMap<String, Setting>,
    /// Where settings were written, by dotted path (`resources.limits`); what a template makes of a
    /// setting points there instead of at the template.
    pub origins: BTreeMap<String, Origin>,
    pub versions: Versions,
}

impl Settings {
    pub fn new(versions: &Versions) -> Self {
        Settings { versions: versions.clone(), ..Settings::default() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Setting>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// Records that the setting at a dotted path was written at `origin`.
    pub fn came_from(&mut self, path: &str, origin: Origin) {
        if origin != Origin::INHERIT {
            self.origins.insert(path.to_owned(), origin);
        }
    }

    /// The origin of a path, or of the nearest setting it is in.
    pub(super) fn origin(&self, path: &str) -> Option<Origin> {
        let mut path = path;
        loop {
            if let Some(origin) = self.origins.get(path) {
                return Some(*origin);
            }
            path = path.rsplit_once('.')?.0;
        }
    }

    pub(super) fn context(&self) -> minijinja::Value {
        minijinja::Value::from_pairs(self.values.iter().map(|(name, value)| (name.as_str(), value.value())))
    }
}

impl Setting {
    pub(super) fn value(&self) -> minijinja::Value {
        match self {
            Setting::Absent => minijinja::Value::from(()),
            Setting::Bool(b) => (*b).into(),
            Setting::Int(i) => (*i).into(),
            Setting::Str(s) => s.as_str().into(),
            Setting::List(items) => items.iter().map(Setting::value).collect(),
            Setting::Map(entries) => minijinja::Value::from_pairs(entries.iter().map(|(k, v)| (k.as_str(), v.value()))),
        }
    }
}

impl From<bool> for Setting {
    fn from(value: bool) -> Self {
        Setting::Bool(value)
    }
}

impl From<i64> for Setting {
    fn from(value: i64) -> Self {
        Setting::Int(value)
    }
}

impl From<&str> for Setting {
    fn from(value: &str) -> Self {
        Setting::Str(value.to_owned())
    }
}

impl From<String> for Setting {
    fn from(value: String) -> Self {
        Setting::Str(value)
    }
}

impl<T: Into<Setting>> From<Option<T>> for Setting {
    fn from(value: Option<T>) -> Self {
        value.map_or(Setting::Absent, Into::into)
    }
}

impl<T: Into<Setting>> From<Vec<T>> for Setting {
    fn from(items: Vec<T>) -> Self {
        Setting::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Setting>> From<BTreeMap<String, T>> for Setting {
    fn from(entries: BTreeMap<String, T>) -> Self {
        Setting::Map(entries.into_iter().map(|(k, v)| (k, v.into())).collect())
    }
}

impl<T: Into<Setting>, const N: usize> From<[(&str, T); N]> for Setting {
    fn from(entries: [(&str, T); N]) -> Self {
        Setting::Map(entries.into_iter().map(|(k, v)| (k.to_owned(), v.into())).collect())
    }
}
