//! A table being made: read from one release, joined over several, written as text.

use super::release::Release;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A field, as found in one release or joined over several.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// Collections around the base type, outermost first.
    pub wraps: Vec<Wrap>,
    /// `string`, `map`, `@core.v1.PodSpec`.
    pub base: String,
    /// The column as written: empty, `set`, `atomic`, `keyed a,b`.
    pub list: String,
    pub required: bool,
    pub default: Option<String>,
    /// Values allowed, with the index of the first release that allows each.
    pub values: Vec<(String, usize)>,
    /// Indexes of the first and last release that have the field.
    pub first: usize,
    pub last: usize,
    /// Of the innermost type.
    pub children: BTreeMap<String, Draft>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrap {
    List,
    Open,
}

impl Draft {
    pub fn of(base: &str) -> Draft {
        Draft { base: base.to_owned(), ..Draft::default() }
    }

    /// Everything in here was found in release `index` only.
    pub fn stamp(&mut self, index: usize) {
        (self.first, self.last) = (index, index);
        self.values.iter_mut().for_each(|v| v.1 = index);
        self.children.values_mut().for_each(|c| c.stamp(index));
    }

    /// Takes in the same field as a later release has it: its facts win, the older first release and
    /// fields that are gone stay.
    pub fn join(&mut self, later: Draft) {
        let unrestricted = self.values.is_empty();
        let values = later.values.into_iter().map(|(value, first)| {
            let known = self.values.iter().find(|v| v.0 == value).map(|v| v.1);
            // A field that took any value took this one too.
            let first = if unrestricted { self.first } else { known.unwrap_or(first) };
            (value, first)
        });
        let values = values.collect();
        let mut children = std::mem::take(&mut self.children);
        if later.base != "map" {
            children.clear();
        }
        for (name, child) in later.children {
            match children.get_mut(&name) {
                Some(old) => old.join(child),
                None => {
                    children.insert(name, child);
                }
            }
        }
        *self = Draft { first: self.first, children, values, ..later };
    }

    fn ty(&self) -> String {
        let open: String = self.wraps.iter().map(|w| if *w == Wrap::List { '[' } else { '{' }).collect();
        let close: String = self.wraps.iter().rev().map(|w| if *w == Wrap::List { ']' } else { '}' }).collect();
        format!("{open}{}{close}", self.base)
    }

    /// Appends the fields below this one, one line each.
    pub fn write_children(&self, depth: usize, releases: &[Release], out: &mut String) {
        for (name, child) in &self.children {
            let release = |index: usize| releases.get(index).map_or_else(String::new, Release::to_string);
            let since = if child.first > self.first { release(child.first) } else { String::new() };
            let until = if child.last < self.last { release(child.last) } else { String::new() };
            let values: Vec<String> = child
                .values
                .iter()
                .map(|(v, first)| if *first > child.first { format!("{v}@{}", release(*first)) } else { v.clone() })
                .collect();
            let columns = [
                name.as_str(),
                &child.ty(),
                &child.list,
                if child.required { "!" } else { "" },
                &since,
                &until,
                &values.join("|"),
                child.default.as_deref().unwrap_or(""),
            ];
            let used = columns.iter().rposition(|c| !c.is_empty()).map_or(1, |i| i + 1);
            let _ = writeln!(out, "{:depth$}{}", "", columns[..used].join("\t"));
            child.write_children(depth + 1, releases, out);
        }
    }
}

/// The two first lines of every table file.
pub(super) fn header(component: &str, api_version: &str, kind: &str, releases: &[Release]) -> String {
    let releases: Vec<String> = releases.iter().map(Release::to_string).collect();
    format!(
        "#\t{component}\t{api_version}\t{kind}\t{}\nfield\ttype\tlist\tneed\tsince\tuntil\tenum\tdefault\n",
        releases.join(" ")
    )
}
