//! Which items of two lists are the same item.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use serde_json::Value as Json;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::likeness::{leaves, likeness};
use super::{ListKind, Side};
use crate::object::{Kind, NodeId, Tree, Value};

pub(super) struct Pairs {
    /// Label for the path, and the item's nodes.
    pub items: Vec<(String, Pairing)>,
    /// Where all that is common stands in another order: the labels before and after.
    pub reordered: Option<(Json, Json)>,
}

pub(super) enum Pairing {
    Both(NodeId, NodeId),
    Old(NodeId),
    New(NodeId),
}

pub(super) fn pair(old: Side<'_>, new: Side<'_>, kind: &ListKind) -> Pairs {
    let (was, is) = (Items::of(old), Items::of(new));
    match kind {
        ListKind::Set => return by_label(&was, &is, was.values(), is.values(), false),
        ListKind::Keyed(keys) => {
            if let (Some(before), Some(after)) = (was.keys(keys), is.keys(keys)) {
                return by_label(&was, &is, before, after, true);
            }
        }
        ListKind::Plain => {}
    }
    for keys in NAMES {
        let keys: Vec<String> = keys.iter().map(|k| (*k).to_owned()).collect();
        if let (Some(before), Some(after)) = (was.keys(&keys), is.keys(&keys)) {
            return by_label(&was, &is, before, after, true);
        }
    }
    if let (Some(before), Some(after)) = (was.flags(), is.flags()) {
        return by_label(&was, &is, before, after, true);
    }
    for key in NAMES.iter().flat_map(|keys| keys.iter()) {
        if let Some((before, after)) = by_occurrence(&was, &is, key) {
            return by_label(&was, &is, before, after, true);
        }
    }
    by_likeness(&was, &is)
}

/// What items are known by where no table says it, if all have it and no two alike: containers and remote-write entries;
/// panels of a dashboard, and their queries; rules.
const NAMES: [&[&str]; 4] = [&["name"], &["title"], &["refId"], &["alert", "record"]];

/// Share of leaves that unnamed items must have in common to be one that changed, where others stand beside them.
const ALIKE: f64 = 1.0 / 3.0;
/// Pairs of unnamed items that are looked at for likeness; of more they are paired in order.
const COMPARED: usize = 10_000;

/// Items of both lists that differ, from which on not the shortest way is looked for.
const MANY: usize = 4_000;

struct Items<'t> {
    tree: &'t Tree,
    nodes: Vec<NodeId>,
}

impl<'t> Items<'t> {
    fn of(side: Side<'t>) -> Self {
        Items { tree: side.tree, nodes: side.tree.children(side.root).collect() }
    }

    /// Every item as compact JSON, which is the same for the same item whatever the order of its fields.
    fn values(&self) -> Vec<String> {
        let value = |node: &NodeId| {
            let mut json = self.tree.to_json(*node);
            json.sort_all_objects();
            json.to_string()
        };
        self.nodes.iter().map(value).collect()
    }

    /// The flag of every item of a list of arguments, and which of its name it is: what several destinations are given
    /// stands in the order of the destinations.
    fn flags(&self) -> Option<Vec<String>> {
        let name = |node: &NodeId| {
            let text = self.tree.as_str(*node).filter(|text| text.starts_with('-'))?;
            Some(text.split_once('=').map_or(text, |(name, _)| name).to_owned())
        };
        let names: Vec<String> = self.nodes.iter().map(name).collect::<Option<_>>()?;
        numbered(names)
    }

    /// What every item has under a key; `None` where one of them has none.
    fn names(&self, key: &str) -> Option<Vec<String>> {
        let name = |node: &NodeId| {
            let is_map = self.tree.kind(*node) == Kind::Map;
            is_map.then(|| self.tree.get(*node, key)).flatten().and_then(|value| scalar(self.tree, value))
        };
        self.nodes.iter().map(name).collect()
    }

    /// The keys of every item, if all items have all of them and no two are alike.
    fn keys(&self, keys: &[String]) -> Option<Vec<String>> {
        let labels: Option<Vec<String>> = self
            .nodes
            .iter()
            .map(|node| {
                if self.tree.kind(*node) != Kind::Map {
                    return None;
                }
                let values: Option<Vec<String>> =
                    keys.iter().filter_map(|k| self.tree.get(*node, k)).map(|v| scalar(self.tree, v)).collect();
                // A key with a server-side default (`protocol`) may be absent, but not all of them.
                values.filter(|v| !v.is_empty()).map(|v| v.join(","))
            })
            .collect();
        labels.filter(|labels| {
            let mut sorted: Vec<&String> = labels.iter().collect();
            sorted.sort();
            sorted.windows(2).all(|p| p[0] != p[1])
        })
    }
}

fn scalar(tree: &Tree, node: NodeId) -> Option<String> {
    match tree.value(node) {
        Value::Str(s) => Some(s.to_owned()),
        Value::Int(i) => Some(i.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

/// Names with the number of their occurrence from the second on; `None` where that makes none of its own.
fn numbered(names: Vec<String>) -> Option<Vec<String>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let labels: Vec<String> = names
        .into_iter()
        .map(|name| {
            let n = seen.entry(name.clone()).and_modify(|n| *n += 1).or_insert(1);
            if *n == 1 { name } else { format!("{name} #{n}") }
        })
        .collect();
    let mut sorted: Vec<&String> = labels.iter().collect();
    sorted.sort();
    let differ = sorted.windows(2).all(|pair| pair[0] != pair[1]);
    differ.then_some(labels)
}

/// Items that several of have one name: among these equal ones are the same, and the others in turn.
fn by_occurrence(was: &Items<'_>, is: &Items<'_>, key: &str) -> Option<(Vec<String>, Vec<String>)> {
    let (before, after) = (was.names(key)?, is.names(key)?);
    let labels = numbered(before.clone())?;
    let (old, new) = (was.values(), is.values());
    let mut left: BTreeMap<&String, VecDeque<usize>> = BTreeMap::new();
    before.iter().enumerate().for_each(|(at, name)| left.entry(name).or_default().push_back(at));
    let mut taken: Vec<Option<usize>> = vec![None; after.len()];
    for equal in [true, false] {
        for (at, name) in after.iter().enumerate() {
            let Some(places) = left.get_mut(name).filter(|_| taken[at].is_none()) else { continue };
            let found = places.iter().position(|place| !equal || old[*place] == new[at]);
            taken[at] = found.and_then(|i| places.remove(i));
        }
    }
    // What is only there now is numbered on.
    let mut seen: BTreeMap<&String, usize> = BTreeMap::new();
    before.iter().for_each(|name| *seen.entry(name).or_default() += 1);
    let label = |(at, name): (usize, &'_ String)| match taken[at] {
        Some(place) => labels[place].clone(),
        None => name.clone(),
    };
    let mut now: Vec<String> = after.iter().enumerate().map(label).collect();
    for (at, name) in after.iter().enumerate().filter(|(at, _)| taken[*at].is_none()) {
        let n = seen.entry(name).and_modify(|n| *n += 1).or_insert(1);
        if *n > 1 {
            now[at] = format!("{name} #{n}");
        }
    }
    Some((labels, now))
}

fn by_label(was: &Items<'_>, is: &Items<'_>, before: Vec<String>, after: Vec<String>, ordered: bool) -> Pairs {
    let places = |labels: &[String]| -> BTreeMap<String, usize> {
        labels.iter().enumerate().rev().map(|(place, label)| (label.clone(), place)).collect()
    };
    let (in_old, in_new) = (places(&before), places(&after));
    let mut items = Vec::new();
    for (node, label) in was.nodes.iter().zip(&before) {
        let pairing = match in_new.get(label) {
            Some(i) => Pairing::Both(*node, is.nodes[*i]),
            None => Pairing::Old(*node),
        };
        items.push((label.clone(), pairing));
    }
    for (node, label) in is.nodes.iter().zip(&after) {
        if !in_old.contains_key(label) {
            items.push((label.clone(), Pairing::New(*node)));
        }
    }
    let common = |labels: &[String], others: &BTreeMap<String, usize>| -> Vec<String> {
        labels.iter().filter(|l| others.contains_key(*l)).cloned().collect()
    };
    let moved = ordered && common(&before, &in_new) != common(&after, &in_old);
    Pairs { items, reordered: moved.then(|| (before.into(), after.into())) }
}

/// Items without a name of their own: equal ones are aligned, what stands between is paired in
/// order.
fn by_likeness(was: &Items<'_>, is: &Items<'_>) -> Pairs {
    let (before, after) = (was.values(), is.values());
    let sorted = |values: &[String]| {
        let mut sorted = values.to_vec();
        sorted.sort();
        sorted
    };
    if before != after && sorted(&before) == sorted(&after) {
        let json = |items: &Items<'_>| items.nodes.iter().map(|n| items.tree.to_json(*n)).collect();
        return Pairs { items: Vec::new(), reordered: Some((json(was), json(is))) };
    }
    let mut items = Vec::new();
    for (old, new) in unequal(&before, &after) {
        let pairs = alike((was, old.clone()), (is, new.clone()));
        let paired = |side: fn(&(usize, usize)) -> usize, at: usize| pairs.iter().any(|pair| side(pair) == at);
        items.extend(pairs.iter().map(|(o, n)| (n.to_string(), Pairing::Both(was.nodes[*o], is.nodes[*n]))));
        let gone = old.filter(|o| !paired(|p| p.0, *o));
        items.extend(gone.map(|o| (o.to_string(), Pairing::Old(was.nodes[o]))));
        let come = new.filter(|n| !paired(|p| p.1, *n));
        items.extend(come.map(|n| (n.to_string(), Pairing::New(is.nodes[n]))));
    }
    Pairs { items, reordered: None }
}

/// Which items of two stretches are one that changed. One of each is, and values are in their order; maps, of which more
/// stand on a side, where they have enough in common, in their order too: a rule set against another one says nothing.
fn alike((was, old): (&Items<'_>, Range<usize>), (is, new): (&Items<'_>, Range<usize>)) -> Vec<(usize, usize)> {
    let maps = |items: &Items<'_>, places: &Range<usize>| {
        places.clone().all(|at| items.tree.kind(items.nodes[at]) == Kind::Map)
    };
    let several = old.len().max(new.len()) > 1 && old.len() * new.len() <= COMPARED;
    if !several || !maps(was, &old) || !maps(is, &new) {
        return old.zip(new).collect();
    }
    let of = |items: &Items<'_>, places: &Range<usize>| -> Vec<Vec<String>> {
        places.clone().map(|at| leaves(&items.tree.to_json(items.nodes[at]))).collect()
    };
    let (before, after) = (of(was, &old), of(is, &new));
    let mut pairs = Vec::new();
    let mut from = 0;
    for (o, leaves) in before.iter().enumerate() {
        let scored = after.iter().enumerate().skip(from).map(|(n, other)| (n, likeness(leaves, other)));
        let best = scored.filter(|(_, score)| *score >= ALIKE).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some((n, _)) = best {
            pairs.push((old.start + o, new.start + n));
            from = n + 1;
        }
    }
    pairs
}

/// What stands between equal items: as little as there can be, unless there are so many that finding that would take
/// their number squared.
fn unequal(before: &[String], after: &[String]) -> Vec<(Range<usize>, Range<usize>)> {
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let ends = before[start..].iter().rev().zip(after[start..].iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let (old, new) = (start..before.len() - end, start..after.len() - end);
    if old.len() + new.len() > MANY {
        return between(old, new, &equal_in_turn(before, after, (start, end)));
    }
    let ops = capture_diff_slices(Algorithm::Myers, before, after).into_iter();
    ops.filter(|op| !matches!(op, DiffOp::Equal { .. })).map(|op| (op.old_range(), op.new_range())).collect()
}

/// Each item of the shorter list with the next equal one of the longer: all of them, where the longer one only has more.
fn equal_in_turn(before: &[String], after: &[String], (start, end): (usize, usize)) -> Vec<(usize, usize)> {
    let swapped = before.len() > after.len();
    let (short, long) = if swapped { (after, before) } else { (before, after) };
    let mut places: BTreeMap<&String, VecDeque<usize>> = BTreeMap::new();
    for (at, item) in long.iter().enumerate().take(long.len() - end).skip(start) {
        places.entry(item).or_default().push_back(at);
    }
    let mut from = start;
    let mut found = Vec::new();
    for (place, item) in short.iter().enumerate().take(short.len() - end).skip(start) {
        let Some(there) = places.get_mut(item) else { continue };
        while there.front().is_some_and(|at| *at < from) {
            there.pop_front();
        }
        if let Some(at) = there.pop_front() {
            found.push(if swapped { (at, place) } else { (place, at) });
            from = at + 1;
        }
    }
    found
}

/// What is left of two ranges between pairs of equal items.
fn between(old: Range<usize>, new: Range<usize>, equal: &[(usize, usize)]) -> Vec<(Range<usize>, Range<usize>)> {
    let (mut o, mut n) = (old.start, new.start);
    let mut found = Vec::new();
    for (to_o, to_n) in equal.iter().copied().chain([(old.end, new.end)]) {
        if o < to_o || n < to_n {
            found.push((o..to_o, n..to_n));
        }
        (o, n) = (to_o + 1, to_n + 1);
    }
    found
}
