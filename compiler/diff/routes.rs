//! Where routes send what, on two sides: asked by the name of each namespace, so that a line which lists one more
//! says something about that one only.

use std::collections::BTreeMap;

use super::impact::{Moved, moved};
use crate::model::value::{NamespacePattern, NamespacePatterns};

/// What one route says, in words: `central`, `stays in the cluster`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RouteWays {
    /// Of namespaces, or of beginnings of their names (`team-*`).
    pub namespaces: BTreeMap<String, String>,
    /// Of jobs, pods and copies, by the question: ``job `kubelet` in `team-a` ``.
    pub lines: BTreeMap<String, String>,
    /// Of namespaces that no line names.
    pub others: Option<String>,
}

/// What goes from one place to another, by one route.
#[derive(Debug, Clone, PartialEq)]
pub struct Rerouted {
    pub route: String,
    /// Namespaces, or questions as [`RouteWays::lines`] has them.
    pub what: Vec<String>,
    pub namespaces: bool,
    /// `None`: no line is for it.
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Rerouted {
    /// What makes the move, at most so many.
    pub fn named(&self, room: usize) -> String {
        let quoted = |what: &String| if self.namespaces && what != OTHERS { format!("`{what}`") } else { what.clone() };
        let shown: Vec<String> = self.what.iter().take(room.max(1)).map(quoted).collect();
        match self.what.len() - shown.len() {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }
}

/// By their names.
pub type Routes = BTreeMap<String, RouteWays>;

/// In place of a namespace: all that no line names.
pub const OTHERS: &str = "what no line names";

/// What goes elsewhere than before, what makes the same move together.
pub fn rerouted(before: &Routes, after: &Routes) -> Vec<Rerouted> {
    let none = RouteWays::default();
    let mut out = Vec::new();
    for route in before.keys().chain(after.keys().filter(|r| !before.contains_key(*r))) {
        let sides = [before, after].map(|side| side.get(route).unwrap_or(&none));
        let mut add = |namespaces, all: Vec<Moved<String>>| {
            let mut known: BTreeMap<(Option<String>, Option<String>), Vec<String>> = BTreeMap::new();
            for one in all {
                known.entry((one.before, one.after)).or_default().push(one.name);
            }
            let of = |((before, after), what)| Rerouted { route: route.clone(), what, namespaces, before, after };
            out.extend(known.into_iter().map(of));
        };
        add(true, of_namespaces(sides));
        add(false, moved(&sides[0].lines, &sides[1].lines, String::clone));
    }
    out.sort_by(|a, b| (&a.route, !a.namespaces).cmp(&(&b.route, !b.namespaces)));
    out
}

fn of_namespaces([before, after]: [&RouteWays; 2]) -> Vec<Moved<String>> {
    let [asked_before, asked_after] = [before, after].map(Asked::new);
    let mut names: Vec<&String> = before.namespaces.keys().chain(after.namespaces.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let one = |name: &String| {
        let (before, after) = (asked_before.of(name), asked_after.of(name));
        (before != after).then(|| Moved { name: name.clone(), before: before.cloned(), after: after.cloned() })
    };
    let mut all: Vec<Moved<String>> = names.into_iter().filter_map(one).collect();
    if before.others != after.others {
        all.push(Moved { name: OTHERS.to_owned(), before: before.others.clone(), after: after.others.clone() });
    }
    all
}

/// One side, to be asked for names that only the other has.
struct Asked<'w> {
    ways: &'w RouteWays,
    patterns: NamespacePatterns,
}

impl<'w> Asked<'w> {
    fn new(ways: &'w RouteWays) -> Self {
        let parsed: Vec<NamespacePattern> =
            ways.namespaces.keys().filter_map(|p| NamespacePattern::parse(p).ok()).collect();
        Asked { ways, patterns: parsed.iter().collect() }
    }

    fn of(&self, name: &str) -> Option<&'w String> {
        if let Some(to) = self.ways.namespaces.get(name) {
            return Some(to);
        }
        // Of a beginning, what its names would be answered.
        let inside = name.strip_suffix('*').map_or_else(|| name.to_owned(), |stem| format!("{stem}zq7"));
        let best = self.patterns.most_specific(&inside).map(|p| p.to_string());
        best.and_then(|p| self.ways.namespaces.get(&p)).or(self.ways.others.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(namespaces: &[(&str, &str)], others: &str) -> Routes {
        let namespaces = namespaces.iter().map(|(n, to)| ((*n).to_owned(), (*to).to_owned())).collect();
        let one = RouteWays { namespaces, others: Some(others.to_owned()), lines: BTreeMap::new() };
        BTreeMap::from([("pool".to_owned(), one)])
    }

    fn told(before: &Routes, after: &Routes) -> Vec<String> {
        let or = |to: Option<String>| to.unwrap_or_else(|| "-".to_owned());
        let one = |r: Rerouted| format!("{}: {} → {}", r.what.join(" "), or(r.before), or(r.after));
        rerouted(before, after).into_iter().map(one).collect()
    }

    #[test]
    fn only_the_namespace_that_moves_is_told() {
        let before = ways(&[("team-*", "users"), ("kube-system", "all")], "nowhere");
        let more = ways(&[("team-*", "users"), ("research", "users"), ("kube-system", "all")], "nowhere");
        assert_eq!(told(&before, &more), ["research: nowhere → users"]);
        assert_eq!(told(&more, &before), ["research: users → nowhere"]);
        let one_team = ways(&[("team-*", "users"), ("team-a", "all"), ("kube-system", "all")], "nowhere");
        assert_eq!(told(&before, &one_team), ["team-a: users → all"]);
        // What a broader pattern says already is no move.
        let same = ways(&[("team-*", "users"), ("team-a", "users"), ("kube-system", "all")], "nowhere");
        assert_eq!(told(&before, &same), [""; 0]);
        assert_eq!(told(&before, &ways(&[("team-*", "users")], "all")), ["what no line names: nowhere → all"]);
    }

    #[test]
    fn a_route_that_is_gone_leaves_its_namespaces_without_an_answer() {
        let before = ways(&[("a", "users"), ("b", "users")], "nowhere");
        assert_eq!(told(&before, &Routes::new()), ["what no line names: nowhere → -", "a b: users → -"]);
    }
}
