//! A parsed field table, and walking it.
//!
//! The text of a table is a tree of lines, one field each, indented by one blank a level, with
//! tab-separated columns, the empty ones at the end left out:
//!
//! | column | |
//! |---|---|
//! | field | its name |
//! | type | `string`, `map`, `[string]` a list, `{string}` a map with free keys, `@core.v1.PodSpec` a shared type … |
//! | list | `set`, `keyed name,port`; empty: a list is replaced whole, a map merged key by key; of a map also `atomic` |
//! | need | `!` where the API refuses its absence |
//! | since, until | first and last of the releases compared that know it; empty: as its parent |
//! | enum | `a|b|c@0.93.0`: all values allowed, each with the release it came in, if later than the field |
//! | default | what the API server fills in, as JSON |
//!
//! The lines below a `[map]` or `{map}` are the fields of the innermost map.

use super::parse::{self, Header};
use super::release::Release;
use std::fmt;
use std::ops::Deref;

/// The fields of one kind (or one chart's values) over the releases that were compared.
#[derive(Debug)]
pub struct Table {
    pub(super) header: Header,
    /// The root comes first; the children of a field are a run, sorted by name.
    pub(super) facts: Vec<Facts>,
    pub(super) extras: Vec<Extra>,
}

/// A field of a [`Table`]: its facts, and the way to its children.
#[derive(Clone, Copy)]
pub struct Field {
    table: &'static Table,
    index: u32,
}

/// What is known of one field.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Empty for the root, for items of lists and for values under free keys.
    pub name: &'static str,
    pub ty: Type,
    pub required: bool,
    /// Index into the table's releases.
    pub(super) since: u8,
    pub(super) until: u8,
    /// Index into the table's extras.
    pub(super) extra: u32,
    pub(super) first_child: u32,
    pub(super) children: u32,
}

/// What few fields have: the first of a table's extras is that of all others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extra {
    pub merge: Merge,
    /// Comma-separated keys of a keyed list.
    pub keys: &'static str,
    /// JSON; empty where the API server fills in nothing.
    pub default: &'static str,
    pub values: &'static str,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    String,
    Bool,
    Int,
    Number,
    /// Anything, not described further.
    Any,
    /// A map with the keys that are its children.
    Map,
    /// A map with free keys; its only child describes every value.
    Open,
    /// A list; its only child describes every item.
    List,
    IntOrString,
    /// A Kubernetes quantity: `100Gi`, `500m`, `2`.
    Quantity,
    /// A duration of Prometheus: `1d`, `30s`.
    Duration,
    /// A size of Prometheus: `512MB`.
    Size,
    /// RFC 3339.
    Time,
    Base64,
    /// A type that several kinds share, by name; [`Field::child`] and [`Field::items`] follow it.
    Shared(&'static str),
}

/// How server-side apply merges a list or map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// A list replaced whole, a map merged key by key.
    Plain,
    /// A list of distinct values, merged as a set.
    Set,
    /// A list whose items are known by some of their fields ([`Field::keys`]).
    Keyed,
    /// A map replaced whole.
    Atomic,
}

impl Table {
    /// Reads the text of a table file. Tables live as long as the program: those of the catalog are
    /// part of it, an imported one is read once. The error names the line.
    pub fn parse(text: &'static str) -> Result<Table, String> {
        parse::table(text)
    }

    /// `prometheus-operator`, `kubernetes`, `victoria-metrics-cluster`.
    pub fn component(&self) -> &'static str {
        self.header.component
    }

    pub fn api_version(&self) -> &'static str {
        self.header.api_version
    }

    pub fn kind(&self) -> &'static str {
        self.header.kind
    }

    /// The releases that were compared, oldest first.
    pub fn releases(&self) -> &[Release] {
        &self.header.releases
    }

    pub fn len(&self) -> usize {
        self.facts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.facts.len() <= 1
    }

    pub fn root(&'static self) -> Field {
        Field { table: self, index: 0 }
    }

    /// A field by its path: `spec.remoteWrite[].url`, `spec.externalLabels.*`; the root for an empty
    /// path.
    pub fn field(&'static self, path: &str) -> Option<Field> {
        let mut field = self.root();
        for part in path.split('.').filter(|p| !p.is_empty()) {
            let name = part.trim_end_matches("[]");
            field = if name == "*" { field.items()? } else { field.child(name)? };
            for _ in 0..(part.len() - name.len()) / 2 {
                field = field.items()?;
            }
        }
        Some(field)
    }
}

impl Field {
    /// The field of a map by its key; of a map with free keys, what describes every value.
    pub fn child(self, key: &str) -> Option<Field> {
        let target = self.target();
        match target.ty {
            Type::Map => {
                let run = target.run();
                let at = run.binary_search_by(|f| f.name.cmp(key)).ok()?;
                Some(Field { index: target.first_child + at as u32, ..target })
            }
            Type::Open => target.items(),
            _ => None,
        }
    }

    /// What describes every item of a list, or every value under free keys.
    pub fn items(self) -> Option<Field> {
        let target = self.target();
        (matches!(target.ty, Type::List | Type::Open) && target.children > 0)
            .then_some(Field { index: target.first_child, ..target })
    }

    /// The fields of a map, sorted by name.
    pub fn children(self) -> impl Iterator<Item = Field> {
        let target = self.target();
        (0..target.children).map(move |i| Field { index: target.first_child + i, ..target })
    }

    /// Where the shape is described: another table's root for a shared type, else the field itself.
    pub fn target(self) -> Field {
        match self.ty {
            Type::Shared(name) => super::shared(name).map_or(self, |t| t.root()),
            _ => self,
        }
    }

    /// How it is merged: as said where it stands, else where its type is described.
    pub fn merge(self) -> Merge {
        self.merged_by().extra().merge
    }

    /// The keys that tell items of a keyed list apart.
    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        self.merged_by().extra().keys.split(',').filter(|k| !k.is_empty())
    }

    fn merged_by(self) -> Field {
        if self.extra().merge == Merge::Plain { self.target() } else { self }
    }

    /// What the API server fills in, as JSON.
    pub fn default_json(self) -> Option<&'static str> {
        (!self.extra().default.is_empty()).then_some(self.extra().default)
    }

    /// The values allowed, each with the release it came in (`None`: with the field); none if any is.
    pub fn values(self) -> impl Iterator<Item = (&'static str, Option<Release>)> {
        let text = self.extra().values;
        text.split('|').filter(move |_| !text.is_empty()).map(|value| match value.split_once('@') {
            Some((value, since)) => (value, Release::parse(since)),
            None => (value, None),
        })
    }

    /// The first of the releases compared that has it; `None` where the oldest one has it.
    pub fn since(self) -> Option<Release> {
        let since = self.facts().since as usize;
        (since > 0).then(|| self.table.header.releases.get(since).copied()).flatten()
    }

    /// The newest release known not to have it yet; `None` where the oldest one compared has it.
    pub fn absent_until(self) -> Option<Release> {
        (self.facts().since as usize).checked_sub(1).and_then(|i| self.table.header.releases.get(i).copied())
    }

    /// The last release that has it; `None` where the newest one compared has it.
    pub fn until(self) -> Option<Release> {
        let until = self.facts().until as usize;
        (until + 1 < self.table.header.releases.len()).then(|| self.table.header.releases[until])
    }

    pub fn table(self) -> &'static Table {
        self.table
    }

    fn facts(self) -> &'static Facts {
        &self.table.facts[self.index as usize]
    }

    fn extra(self) -> &'static Extra {
        &self.table.extras[self.facts().extra as usize]
    }

    fn run(self) -> &'static [Facts] {
        let f = self.facts();
        &self.table.facts[f.first_child as usize..(f.first_child + f.children) as usize]
    }
}

impl Deref for Field {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        self.facts()
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts().fmt(f)
    }
}

impl Type {
    /// As a person would say it, with its article.
    pub fn words(self) -> &'static str {
        match self {
            Type::String => "a string",
            Type::Bool => "true or false",
            Type::Int => "a whole number",
            Type::Number => "a number",
            Type::Any => "any value",
            Type::Map | Type::Open | Type::Shared(_) => "a map",
            Type::List => "a list",
            Type::IntOrString => "a whole number or a string",
            Type::Quantity => "a quantity such as `100Gi` or `500m`",
            Type::Duration => "a duration such as `30s` or `1d`",
            Type::Size => "a size such as `512MB`",
            Type::Time => "a time such as `2026-01-31T12:00:00Z`",
            Type::Base64 => "a string in Base64",
        }
    }
}
