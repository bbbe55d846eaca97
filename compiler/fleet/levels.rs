//! The levels a cluster's settings come from, and their order.
//!
//! Nearest first: the cluster, its profiles (the last named nearest, the profiles of a profile right
//! behind it, one reached twice where it is nearest), the fleet. Knows nothing of keys.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use crate::diag::{Diagnostic, Sink, Span};
use crate::syntax::{Data, Document, Named, Object, Spanned};

/// One block in which settings can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level<'d> {
    Fleet,
    Profile(&'d str),
    Cluster(&'d str),
    /// A block that inherits nothing: a store, a route, a line of one.
    Own,
}

impl Level<'_> {
    /// As messages name it: ``profile `public` ``.
    pub fn quoted(self) -> String {
        match self {
            Level::Fleet => "the fleet block".to_owned(),
            Level::Profile(name) => format!("profile `{name}`"),
            Level::Cluster(name) => format!("cluster `{name}`"),
            Level::Own => "this block".to_owned(),
        }
    }

    /// As paths and tables name it: `profile public`.
    pub fn plain(self) -> String {
        match self {
            Level::Fleet => "fleet".to_owned(),
            Level::Profile(name) => format!("profile {name}"),
            Level::Cluster(name) => format!("cluster {name}"),
            Level::Own => "this block".to_owned(),
        }
    }
}

/// The blocks of a spec that hold settings.
#[derive(Debug)]
pub struct Levels<'d> {
    pub fleet: Option<&'d Object>,
    pub profiles: BTreeMap<&'d str, &'d Named>,
    /// In the order of their names.
    pub clusters: BTreeMap<&'d str, &'d Named>,
}

impl<'d> Levels<'d> {
    pub fn of(doc: &'d Document) -> Self {
        Levels {
            fleet: doc.root.get("fleet").and_then(|n| match &n.data {
                Data::Object(o) => Some(o),
                _ => None,
            }),
            profiles: members(&doc.root, "profile").map(|m| (m.name.value.as_str(), m)).collect(),
            clusters: members(&doc.root, "cluster").map(|m| (m.name.value.as_str(), m)).collect(),
        }
    }

    /// All profiles behind a block that names `list`, nearest first. Unknown ones are passed over.
    pub fn order(&self, list: &[&'d str]) -> Vec<&'d str> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        // The nearest is on top. A stack of our own: a chain of profiles is as long as a file.
        let mut stack: Vec<&'d str> = list.to_vec();
        while let Some(name) = stack.pop() {
            let Some(profile) = self.profiles.get(name) else { continue };
            if seen.insert(name) {
                order.push(name);
                stack.extend(profile.object.iter().flat_map(named_profiles).map(|(name, _)| name));
            }
        }
        order
    }

    /// Reports every cycle among profiles, once.
    pub fn report_cycles(&self, sink: &mut Sink) {
        let mut done: BTreeSet<&str> = BTreeSet::new();
        for start in self.profiles.keys().copied() {
            let mut path: Vec<Step<'d>> = Vec::new();
            let mut on_path: BTreeMap<&str, usize> = BTreeMap::new();
            if done.contains(start) {
                continue;
            }
            self.enter(start, Span::NONE, &mut path, &mut on_path);
            while let Some(step) = path.last_mut() {
                match step.left.pop() {
                    None => {
                        on_path.remove(step.name);
                        done.insert(step.name);
                        path.pop();
                    }
                    Some((next, at)) => {
                        if let Some(from) = on_path.get(next) {
                            sink.push(cycle(&path[*from..], next, at));
                        } else if !done.contains(next) && self.profiles.contains_key(next) {
                            self.enter(next, at, &mut path, &mut on_path);
                        }
                    }
                }
            }
        }
    }

    fn enter(&self, name: &'d str, at: Span, path: &mut Vec<Step<'d>>, on_path: &mut BTreeMap<&'d str, usize>) {
        let object = self.profiles.get(name).and_then(|p| p.object.as_ref());
        on_path.insert(name, path.len());
        path.push(Step { name, at, left: object.into_iter().flat_map(named_profiles).collect() });
    }
}

/// The members of a named key; none where it is missing or dropped.
pub fn members<'d>(object: &'d Object, key: &str) -> impl Iterator<Item = &'d Named> + use<'d> {
    let members: &[Named] = match object.get(key).map(|n| &n.data) {
        Some(Data::Named(members)) => members,
        _ => &[],
    };
    members.iter()
}

/// What a block writes after `profile`, in its order.
pub fn named_profiles(object: &Object) -> impl Iterator<Item = (&str, Span)> {
    let items: &[Spanned<_>] = match object.get("profile").map(|n| &n.data) {
        Some(Data::List(items)) => items,
        _ => &[],
    };
    items.iter().filter_map(|i| Some((i.value.as_str()?, i.span)))
}

struct Step<'d> {
    name: &'d str,
    /// Where the step before names it.
    at: Span,
    left: Vec<(&'d str, Span)>,
}

fn cycle(path: &[Step<'_>], back: &str, at: Span) -> Diagnostic {
    // Long enough to follow, short enough to read.
    const SHOWN: usize = 8;
    let mut names: Vec<&str> = path.iter().take(SHOWN).map(|s| s.name).collect();
    if path.len() > SHOWN {
        names.push("…");
    }
    names.push(back);
    let mut found =
        Diagnostic::new(&codes::PROFILE_CYCLE, at, format!("the profile `{back}` names itself: {}", names.join(" → ")))
            .here("closes the cycle");
    for step in path.iter().skip(1).take(SHOWN) {
        found = found.label(step.at, format!("`{}` is named here", step.name));
    }
    found
}
