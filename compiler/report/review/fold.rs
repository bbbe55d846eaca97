//! Changes that are one to a reader: the same edit of the same field, for the same reason, however
//! many objects and clusters it is made in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::diag::Sources;
use crate::diff::{Change, Edit, Effect, Pods, Presence};
use crate::report::changes::{ClusterChanges, in_full};

fn gravest_first(a: &Row, b: &Row) -> std::cmp::Ordering {
    let alike = || a.path.cmp(&b.path).then_with(|| a.consequence.cmp(&b.consequence));
    b.effect.cmp(&a.effect).then_with(|| b.changes.cmp(&a.changes)).then_with(alike)
}

/// Rows alike in all but their values, from which on they are one.
const ALIKE: usize = 3;

/// What stands for a cluster's identity where changes differ by nothing else.
const CLUSTER: &str = "⟨cluster⟩";

/// One row of a review.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub edit: Edit,
    pub path: String,
    /// On one line.
    pub before: Option<String>,
    pub after: Option<String>,
    pub effect: Effect,
    pub consequence: String,
    /// The line of the spec behind it.
    pub line: String,
    /// The objects (or files) it is made in, without their cluster.
    pub objects: BTreeSet<String>,
    pub kinds: BTreeSet<String>,
    /// By name.
    pub clusters: BTreeSet<String>,
    /// How many changes it stands for.
    pub changes: usize,
    /// The pods that are replaced, by cluster and object.
    pub pods: BTreeMap<(String, String), Pods>,
    /// The values of other clusters, `before → after`, where [`alike`] joined them.
    pub others: BTreeMap<String, BTreeSet<String>>,
}

impl Row {
    /// A whole object comes or goes.
    pub fn is_whole(&self) -> bool {
        self.path.is_empty() && matches!(self.edit, Edit::Added | Edit::Removed)
    }

    /// What nobody gets back by reverting: what a reader must not have to unfold.
    pub fn is_destructive(&self) -> bool {
        self.effect >= Effect::QueueReset || (self.is_whole() && self.edit == Edit::Removed)
    }
}

/// Rows of all clusters, the gravest first, then those of most changes. Clusters that are new or gone
/// as a whole are left to the caller.
pub(super) fn rows(clusters: &[ClusterChanges<'_>], sources: &Sources) -> Vec<Row> {
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    let kept = clusters.iter().filter(|c| matches!(c.presence, Presence::Kept | Presence::Renamed(_)));
    for cluster in kept {
        for change in cluster.changes {
            let row = row(cluster, change, sources);
            let key = Key::of(cluster, change, &row);
            match rows.get_mut(&key) {
                None => drop(rows.insert(key, row)),
                Some(known) => {
                    if known.clusters != row.clusters {
                        (known.path, known.before, known.after) = (key.path, key.before, key.after);
                    }
                    known.objects.extend(row.objects);
                    known.kinds.extend(row.kinds);
                    known.clusters.extend(row.clusters);
                    known.changes += 1;
                    known.pods.extend(row.pods);
                }
            }
        }
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_by(gravest_first);
    rows
}

/// Joins rows that differ in nothing but their values and the places of lists they are at, where there
/// are more of them than a reader compares. The first one's values stand for all. Panels of a dashboard have
/// names, and what becomes of them is one only where their values are the same.
pub(super) fn alike(rows: Vec<Row>) -> Vec<Row> {
    let kind = |row: &Row| {
        let path = anywhere(&row.path);
        let values = named_panel(&row.path).then(|| (row.before.clone(), row.after.clone()));
        (row.edit, path, values, row.effect, row.consequence.clone(), row.line.clone())
    };
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for row in rows.iter().filter(|r| !r.path.is_empty()) {
        *counts.entry(kind(row)).or_default() += 1;
    }
    let mut joined: Vec<Row> = Vec::new();
    let mut at: BTreeMap<_, usize> = BTreeMap::new();
    for row in rows {
        let kind = kind(&row);
        if row.path.is_empty() || counts.get(&kind).is_none_or(|n| *n < ALIKE) {
            joined.push(row);
            continue;
        }
        let Some(first) = at.get(&kind).and_then(|i| joined.get_mut(*i)) else {
            at.insert(kind, joined.len());
            joined.push(Row { path: anywhere(&row.path), ..row });
            continue;
        };
        if (&row.before, &row.after) != (&first.before, &first.after) {
            let sides = [row.before, row.after].into_iter().flatten().collect::<Vec<_>>().join(" → ");
            first.others.entry(sides).or_default().extend(row.clusters.iter().cloned());
        }
        first.objects.extend(row.objects);
        first.kinds.extend(row.kinds);
        first.clusters.extend(row.clusters);
        first.changes += row.changes;
        first.pods.extend(row.pods);
    }
    joined
}

/// The list of a dashboard whose places have names.
const PANELS: &str = "panels[";

fn named_panel(path: &str) -> bool {
    path.contains(PANELS)
}

/// A path with `[*]` for every place in a list that has no name, and for every panel with all that is in it.
fn anywhere(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for (i, part) in path.split('[').enumerate() {
        let of_panel = out.contains(PANELS) || out.ends_with("panels");
        let numbered = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        let number = part.split_once(']').filter(|(n, _)| of_panel || numbered(n));
        match (i, number) {
            (0, _) => out.push_str(part),
            (_, Some((_, rest))) => out.push_str(&format!("[*]{rest}")),
            (_, None) => out.push_str(&format!("[{}", of_name(part))),
        }
    }
    out
}

/// `RelayBufferFilling #2].expr`, without which one of that name it is.
fn of_name(part: &str) -> String {
    let Some((label, rest)) = part.split_once(']') else { return part.to_owned() };
    let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    match label.rsplit_once(" #").filter(|(_, n)| is_number(n)) {
        Some((name, _)) => format!("{name}]{rest}"),
        None => part.to_owned(),
    }
}

/// Every change of one cluster, by itself; and the same as they read for any cluster.
pub(super) fn of_cluster(cluster: &ClusterChanges<'_>, sources: &Sources) -> (Vec<Row>, Vec<Row>) {
    let changes = cluster.changes;
    let own: Vec<Row> = changes.iter().map(|change| row(cluster, change, sources)).collect();
    let anywhere = changes.iter().zip(&own).map(|(change, own)| {
        let key = Key::of(cluster, change, own);
        let objects = own.objects.iter().map(|o| without(o, cluster.identity)).collect();
        Row { path: key.path, before: key.before, after: key.after, objects, clusters: BTreeSet::new(), ..own.clone() }
    });
    let anywhere = anywhere.collect();
    (own, anywhere)
}

fn row(cluster: &ClusterChanges<'_>, change: &Change, sources: &Sources) -> Row {
    let object = change.object.as_ref().map_or_else(|| change.file.clone(), ToString::to_string);
    let kind = change.object.as_ref().map_or_else(|| change.file.clone(), |o| o.kind.clone());
    // Of a whole object its name says enough.
    let whole = change.path.is_empty() && matches!(change.edit, Edit::Added | Edit::Removed);
    let value = |v: &Option<Json>| if whole { None } else { v.as_ref().map(|v| in_full(Some(v))) };
    Row {
        edit: change.edit,
        path: change.path.clone(),
        before: value(&change.before),
        after: value(&change.after),
        effect: change.effect,
        consequence: change.consequence.clone().into_owned(),
        line: cluster.place(change, sources),
        objects: BTreeSet::from([object.clone()]),
        kinds: BTreeSet::from([kind]),
        clusters: BTreeSet::from([cluster.cluster.to_owned()]),
        changes: 1,
        pods: change.pods.map(|pods| ((cluster.cluster.to_owned(), object), pods)).into_iter().collect(),
        others: BTreeMap::new(),
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    edit: Edit,
    path: String,
    before: Option<String>,
    after: Option<String>,
    effect: Effect,
    consequence: String,
    line: String,
    /// Objects that come or go are told apart by what they are.
    object: String,
}

impl Key {
    fn of(cluster: &ClusterChanges<'_>, change: &Change, row: &Row) -> Key {
        let same = |text: &str| without(text, cluster.identity);
        let whole = change.path.is_empty();
        Key {
            edit: row.edit,
            path: same(&row.path),
            before: row.before.as_deref().map(same),
            after: row.after.as_deref().map(same),
            effect: row.effect,
            consequence: row.consequence.clone(),
            line: row.line.clone(),
            object: if whole { row.objects.iter().cloned().collect() } else { String::new() },
        }
    }
}

/// The text with the identity of its cluster, where that stands as a word, taken out.
fn without(text: &str, identity: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let word = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(at) = rest.find(identity).filter(|_| !identity.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + identity.len()..]);
        out.push_str(before);
        let inside = out.ends_with(word) || after.starts_with(word);
        out.push_str(if inside { identity } else { CLUSTER });
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_taken_out_where_it_is_a_word() {
        assert_eq!(
            without("{\"cluster\":\"a-1\",\"x\":\"a-11\"}", "a-1"),
            "{\"cluster\":\"⟨cluster⟩\",\"x\":\"a-11\"}"
        );
        assert_eq!(without("http://a-1.example.com/a-1", "a-1"), "http://⟨cluster⟩.example.com/⟨cluster⟩");
        assert_eq!(without("abc", ""), "abc");
    }

    #[test]
    fn places_in_lists_are_left_open_and_names_are_not() {
        assert_eq!(anywhere("spec.groups[a].rules[19].expr"), "spec.groups[a].rules[*].expr");
        assert_eq!(anywhere("data[\"a.yaml\"][0]"), "data[\"a.yaml\"][*]");
        assert_eq!(anywhere("spec.groups[a].rules[Filling #2].expr"), "spec.groups[a].rules[Filling].expr");
        let panel = "data[\"a.json\"].panels[Targets down].targets[A].interval";
        assert_eq!(anywhere(panel), "data[\"a.json\"].panels[*].targets[*].interval");
    }
}
