//! Reading the text of a table. One pass over the lines, one to lay children side by side: a table is
//! read in every run that meets its kind.

use super::release::Release;
use super::table::{Extra, Facts, Merge, Table, Type};

/// First line of a table file: `#`, component, API version, kind and releases, tab-separated.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub component: &'static str,
    pub api_version: &'static str,
    pub kind: &'static str,
    pub releases: Vec<Release>,
}

pub(super) fn table(text: &'static str) -> Result<Table, String> {
    let (header, body) = split_header(text)?;
    fields(header, body)
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

/// The fields below the root of a table.
pub(super) fn fields(header: Header, body: &'static str) -> Result<Table, String> {
    let mut reader = Reader::new(header, body.len());
    let mut rest = body;
    let mut number = 0;
    while !rest.is_empty() {
        let (line, after) = cut(rest, '\n');
        rest = after;
        number += 1;
        if !line.is_empty() {
            reader.line(line).map_err(|what| format!("line {number} of the fields: {what}"))?;
        }
    }
    let Reader { header, parents, facts, extras, .. } = reader;
    Ok(Table { header, facts: laid_out(&parents, facts)?, extras })
}

/// Fields in the order of the file, each behind its parent.
struct Reader {
    header: Header,
    facts: Vec<Facts>,
    /// Of each of the facts; the root's own is itself.
    parents: Vec<u32>,
    extras: Vec<Extra>,
    /// The innermost field at each depth above the line being read.
    open: Vec<u32>,
}

const PLAIN: Extra = Extra { merge: Merge::Plain, keys: "", default: "", values: "" };

impl Reader {
    fn new(header: Header, bytes: usize) -> Reader {
        // A line has some 25 bytes.
        let mut facts = Vec::with_capacity(bytes / 20 + 2);
        let mut parents = Vec::with_capacity(bytes / 20 + 2);
        let until = header.releases.len().saturating_sub(1) as u8;
        let (since, extra, first_child, children) = (0, 0, 0, 0);
        facts.push(Facts { name: "", ty: Type::Map, required: false, since, until, extra, first_child, children });
        parents.push(0);
        Reader { header, facts, parents, extras: vec![PLAIN], open: vec![0] }
    }

    fn line(&mut self, line: &'static str) -> Result<(), &'static str> {
        let depth = line.bytes().take_while(|b| *b == b' ').count();
        if depth >= self.open.len() {
            return Err("indented deeper than its parent");
        }
        self.open.truncate(depth + 1);
        let parent = self.open[depth];
        let outer = &self.facts[parent as usize];
        let (name, rest) = cut(&line[depth..], '\t');
        let facts = Facts { name, required: false, extra: 0, ..*outer };
        let innermost = match cut(rest, '\t') {
            (ty, "") => self.add(parent, facts, PLAIN, ty, ""),
            (ty, columns) => self.add_with_columns(parent, facts, ty, columns),
        }?;
        self.open.push(innermost);
        Ok(())
    }

    fn add_with_columns(
        &mut self,
        parent: u32,
        facts: Facts,
        ty: &'static str,
        columns: &'static str,
    ) -> Result<u32, &'static str> {
        let mut rest = columns;
        let mut column = || {
            let (column, after) = cut(rest, '\t');
            rest = after;
            column
        };
        let (merge, keys) = merge_of(column()).ok_or("an unknown kind of list")?;
        let required = column() == "!";
        let since = self.release(column(), facts.since)?;
        let until = self.release(column(), facts.until)?;
        let values = column();
        let extra = Extra { merge, keys, default: column(), values: "" };
        self.add(parent, Facts { required, since, until, ..facts }, extra, ty, values)
    }

    fn release(&self, text: &str, otherwise: u8) -> Result<u8, &'static str> {
        if text.is_empty() {
            return Ok(otherwise);
        }
        let release = Release::parse(text);
        let at = self.header.releases.iter().position(|r| Some(*r) == release);
        at.map(|i| i as u8).ok_or("a release that was not compared")
    }

    /// Adds a field and, for `[…]` and `{…}`, what describes its items; returns the innermost. The
    /// values allowed are those of the innermost.
    fn add(
        &mut self,
        parent: u32,
        facts: Facts,
        extra: Extra,
        ty: &'static str,
        values: &'static str,
    ) -> Result<u32, &'static str> {
        const UNKNOWN: &str = "an unknown type";
        let inside = |close| ty.get(1..).and_then(|t| t.strip_suffix(close)).ok_or(UNKNOWN);
        let (ty, inner) = match ty.as_bytes().first() {
            Some(b'[') => (Type::List, Some(inside(']')?)),
            Some(b'{') => (Type::Open, Some(inside('}')?)),
            _ => (base(ty).ok_or(UNKNOWN)?, None),
        };
        let extra = if inner.is_none() { Extra { values, ..extra } } else { extra };
        let is_plain = extra.merge == Merge::Plain && extra.default.is_empty() && extra.values.is_empty();
        let at = if is_plain { 0 } else { self.extras.len() as u32 };
        if !is_plain {
            self.extras.push(extra);
        }
        let index = self.facts.len() as u32;
        self.facts[parent as usize].children += 1;
        self.facts.push(Facts { ty, extra: at, children: 0, ..facts });
        self.parents.push(parent);
        match inner {
            None => Ok(index),
            Some(inner) => self.add(index, Facts { name: "", required: false, ..facts }, PLAIN, inner, values),
        }
    }
}

/// What stands before and behind the first such character.
fn cut(text: &'static str, at: char) -> (&'static str, &'static str) {
    text.split_once(at).unwrap_or((text, ""))
}

/// The same fields with the children of each side by side.
fn laid_out(parents: &[u32], mut facts: Vec<Facts>) -> Result<Vec<Facts>, String> {
    let mut free = 1;
    for field in &mut facts {
        field.first_child = free;
        free += field.children;
    }
    let mut placed = facts.clone();
    // Counts how many children of each have been placed.
    let mut done = vec![0; facts.len()];
    for (field, parent) in facts.iter().zip(parents).skip(1) {
        let parent = *parent as usize;
        let at = (facts[parent].first_child + done[parent]) as usize;
        if done[parent] > 0 && placed[at - 1].name >= field.name {
            return Err(format!("the fields beside `{}` are not sorted by name", field.name));
        }
        done[parent] += 1;
        placed[at] = *field;
    }
    Ok(placed)
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
