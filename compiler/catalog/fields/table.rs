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

use super::release::Release;
use std::fmt;
use std::ops::Deref;

/// The fields of one kind (or one chart's values) over the releases that were compared.
#[derive(Debug)]
pub struct Table {
    component: &'static str,
    api_version: &'static str,
    kind: &'static str,
    releases: Vec<Release>,
    /// Breadth first: the children of a field are a run, sorted by name. The root comes first.
    facts: Vec<Facts>,
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
    pub list: Merge,
    /// Comma-separated keys of a keyed list.
    keys: &'static str,
    pub required: bool,
    /// JSON; empty where the API server fills in nothing.
    default: &'static str,
    enums: &'static str,
    /// Index into the table's releases.
    since: u8,
    until: u8,
    first_child: u32,
    children: u32,
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
        let (header, body) = split_header(text)?;
        Table::parse_body(header, body)
    }

    pub(super) fn parse_body(header: Header, body: &'static str) -> Result<Table, String> {
        let mut drafts = vec![Draft::new(Facts::root(header.releases.len()))];
        // The innermost field at each depth above the line being read.
        let mut open: Vec<usize> = vec![0];
        for (number, line) in body.lines().enumerate().filter(|(_, l)| !l.is_empty()) {
            let bad = |what: &str| format!("line {} of the fields: {what}", number + 1);
            let depth = line.bytes().take_while(|b| *b == b' ').count();
            if depth + 1 > open.len() {
                return Err(bad("indented deeper than its parent"));
            }
            open.truncate(depth + 1);
            let mut columns = line[depth..].split('\t');
            let mut column = || columns.next().unwrap_or("");
            let parent = open[depth];
            let mut facts = Facts { name: column(), ..drafts[parent].facts };
            (facts.required, facts.default, facts.enums, facts.list, facts.keys) = (false, "", "", Merge::Plain, "");
            let ty = column();
            (facts.list, facts.keys) = merge_of(column()).ok_or_else(|| bad("an unknown kind of list"))?;
            facts.required = column() == "!";
            let release = |text: &str, otherwise: u8| match text {
                "" => Some(otherwise),
                text => {
                    let release = Release::parse(text)?;
                    header.releases.iter().position(|r| *r == release).map(|i| i as u8)
                }
            };
            facts.since = release(column(), facts.since).ok_or_else(|| bad("a release that was not compared"))?;
            facts.until = release(column(), facts.until).ok_or_else(|| bad("a release that was not compared"))?;
            let enums = column();
            facts.default = column();
            open.push(add(&mut drafts, parent, facts, ty, enums).ok_or_else(|| bad("an unknown type"))?);
        }
        let Header { component, api_version, kind, releases } = header;
        Ok(Table { component, api_version, kind, releases, facts: breadth_first(&drafts) })
    }

    /// `prometheus-operator`, `kubernetes`, `victoria-metrics-cluster`.
    pub fn component(&self) -> &'static str {
        self.component
    }

    pub fn api_version(&self) -> &'static str {
        self.api_version
    }

    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The releases that were compared, oldest first.
    pub fn releases(&self) -> &[Release] {
        &self.releases
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
        self.merged_by().list
    }

    /// The keys that tell items of a keyed list apart.
    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        self.merged_by().facts().keys.split(',').filter(|k| !k.is_empty())
    }

    fn merged_by(self) -> Field {
        if self.list == Merge::Plain { self.target() } else { self }
    }

    /// What the API server fills in, as JSON.
    pub fn default_json(self) -> Option<&'static str> {
        (!self.facts().default.is_empty()).then_some(self.facts().default)
    }

    /// The values allowed, each with the release it came in (`None`: with the field); none if any is.
    pub fn values(self) -> impl Iterator<Item = (&'static str, Option<Release>)> {
        let text = self.facts().enums;
        text.split('|').filter(move |_| !text.is_empty()).map(|value| match value.split_once('@') {
            Some((value, since)) => (value, Release::parse(since)),
            None => (value, None),
        })
    }

    /// The first of the releases compared that has it; `None` where the oldest one has it.
    pub fn since(self) -> Option<Release> {
        let since = self.facts().since as usize;
        (since > 0).then(|| self.table.releases.get(since).copied()).flatten()
    }

    /// The newest release known not to have it yet; `None` where the oldest one compared has it.
    pub fn absent_until(self) -> Option<Release> {
        (self.facts().since as usize).checked_sub(1).and_then(|i| self.table.releases.get(i).copied())
    }

    /// The last release that has it; `None` where the newest one compared has it.
    pub fn until(self) -> Option<Release> {
        let until = self.facts().until as usize;
        (until + 1 < self.table.releases.len()).then(|| self.table.releases[until])
    }

    pub fn table(self) -> &'static Table {
        self.table
    }

    fn facts(self) -> &'static Facts {
        &self.table.facts[self.index as usize]
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

/// First line of a table file: `#	component	apiVersion	kind	releases`.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub component: &'static str,
    pub api_version: &'static str,
    pub kind: &'static str,
    pub releases: Vec<Release>,
}

/// The header, and what follows the line of column names.
pub(super) fn split_header(text: &'static str) -> Result<(Header, &'static str), String> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let body = rest.split_once('\n').map_or("", |(_, body)| body);
    let columns: Vec<&'static str> = first.split('\t').collect();
    let ["#", component, api_version, kind, releases] = columns[..] else {
        return Err("the first line is not `#`, component, API version, kind and releases, tab-separated".to_owned());
    };
    let releases: Option<Vec<Release>> = releases.split(' ').map(Release::parse).collect();
    match releases {
        Some(releases) if !releases.is_empty() && releases.len() <= 200 && releases.is_sorted() => {
            Ok((Header { component, api_version, kind, releases }, body))
        }
        _ => Err("the releases in the first line are not release numbers, oldest first".to_owned()),
    }
}

#[derive(Debug)]
struct Draft {
    facts: Facts,
    children: Vec<u32>,
}

impl Draft {
    fn new(facts: Facts) -> Self {
        Draft { facts, children: Vec::new() }
    }
}

impl Facts {
    fn root(releases: usize) -> Facts {
        Facts {
            name: "",
            ty: Type::Map,
            list: Merge::Plain,
            keys: "",
            required: false,
            default: "",
            enums: "",
            since: 0,
            until: releases.saturating_sub(1) as u8,
            first_child: 0,
            children: 0,
        }
    }
}

/// Adds a field and, for `[…]` and `{…}`, what describes its items; returns the innermost.
fn add(drafts: &mut Vec<Draft>, parent: usize, facts: Facts, ty: &'static str, enums: &'static str) -> Option<usize> {
    let (ty, inner) = match ty.as_bytes().first()? {
        b'[' => (Type::List, Some(ty.strip_prefix('[')?.strip_suffix(']')?)),
        b'{' => (Type::Open, Some(ty.strip_prefix('{')?.strip_suffix('}')?)),
        _ => (base(ty)?, None),
    };
    let index = drafts.len();
    drafts[parent].children.push(index as u32);
    drafts.push(Draft::new(Facts { ty, enums: if inner.is_none() { enums } else { "" }, ..facts }));
    match inner {
        None => Some(index),
        Some(inner) => {
            let item = Facts { name: "", list: Merge::Plain, keys: "", required: false, default: "", ..facts };
            add(drafts, index, item, inner, enums)
        }
    }
}

fn base(ty: &'static str) -> Option<Type> {
    Some(match ty {
        "string" => Type::String,
        "map" => Type::Map,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "any" => Type::Any,
        "number" => Type::Number,
        "int-or-string" => Type::IntOrString,
        "quantity" => Type::Quantity,
        "duration" => Type::Duration,
        "size" => Type::Size,
        "time" => Type::Time,
        "base64" => Type::Base64,
        shared => Type::Shared(shared.strip_prefix('@')?),
    })
}

fn merge_of(column: &'static str) -> Option<(Merge, &'static str)> {
    Some(match column {
        "" => (Merge::Plain, ""),
        "set" => (Merge::Set, ""),
        "atomic" => (Merge::Atomic, ""),
        keyed => (Merge::Keyed, keyed.strip_prefix("keyed ")?),
    })
}

fn breadth_first(drafts: &[Draft]) -> Vec<Facts> {
    let mut order: Vec<u32> = Vec::with_capacity(drafts.len());
    let mut facts: Vec<Facts> = Vec::with_capacity(drafts.len());
    order.push(0);
    let mut at = 0;
    while at < order.len() {
        let draft = &drafts[order[at] as usize];
        let first = order.len() as u32;
        order.extend_from_slice(&draft.children);
        // Files are written sorted; one edited by hand may not be.
        order[first as usize..].sort_by_key(|i| drafts[*i as usize].facts.name);
        facts.push(Facts { first_child: first, children: draft.children.len() as u32, ..draft.facts });
        at += 1;
    }
    facts
}
