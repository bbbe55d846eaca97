//! Namespaces that stand for all there are: what a route answers differently, and what it cannot tell apart.

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, Division, Partition};
use crate::model::plan::InNamespace;
use crate::model::value::{NamespacePattern, NamespacePatterns};

impl Partition<'_> {
    /// Namespaces that between them get every answer the route has: none, one nobody names, and one
    /// for each pattern that is not shadowed by more particular ones.
    pub fn witnesses(&self) -> &[(InNamespace, String)] {
        self.witnesses.get_or_init(|| {
            witnesses(self.divisions().flat_map(|d| d.claims.iter().chain(d.by_pod.iter().map(|c| &c.claim))))
        })
    }

    pub fn witness_namespaces(&self) -> impl Iterator<Item = &str> {
        self.witnesses().iter().map(|(_, name)| name.as_str())
    }

    /// Names that differ from those the route names in a letter more or less, and further ones that its patterns
    /// are for. Of names that are answered alike the first and the last stand for all, and so of
    /// beginnings: one alternation holds them.
    pub fn near_misses(&self) -> Vec<String> {
        let open = |i: usize| matches!(self.witnesses().get(i), Some((InNamespace::Like(pattern), _)) if pattern.ends_with('*'));
        let mut ends: BTreeMap<(usize, bool), [usize; 2]> = BTreeMap::new();
        for (i, first) in self.alike().iter().enumerate() {
            ends.entry((*first, open(i))).or_insert([i, i])[1] = i;
        }
        let names = ends.into_values().flatten().filter_map(|i| self.witnesses().get(i));
        let named = names.filter(|(kind, _)| matches!(kind, InNamespace::Like(_)));
        let around = |(kind, name): &(InNamespace, String)| {
            let stem = match kind {
                InNamespace::Like(pattern) => pattern.strip_suffix('*').unwrap_or(pattern),
                _ => name,
            };
            let shorter = stem.char_indices().last().map(|(end, _)| stem[..end].to_owned());
            [format!("{name}x"), format!("x{name}"), stem.to_owned(), format!("{stem}9-{}", "z".repeat(60))]
                .into_iter()
                .chain(shorter)
        };
        let known: BTreeSet<&str> = self.witness_namespaces().collect();
        let near: BTreeSet<String> = named.flat_map(around).filter(|n| !known.contains(n.as_str())).collect();
        near.into_iter().collect()
    }

    /// For each witness the place of the first that every series answers as: thousands of names in one line are
    /// one question. What rules make of each name is not known by this, and is for the proof to ask.
    pub fn alike(&self) -> &[usize] {
        self.alike.get_or_init(|| {
            let mut first: BTreeMap<(bool, Vec<Vec<usize>>), usize> = BTreeMap::new();
            let place = |(i, name): (usize, &str)| {
                let told = self.divisions().map(|d| d.told(name)).collect();
                *first.entry((name.is_empty(), told)).or_insert(i)
            };
            self.witness_namespaces().enumerate().map(place).collect()
        })
    }

    /// One namespace for each that is answered differently.
    pub fn questions(&self) -> impl Iterator<Item = &str> {
        self.witness_namespaces()
            .zip(self.alike())
            .enumerate()
            .filter(|(i, (_, first))| *i == **first)
            .map(|(_, (n, _))| n)
    }
}

impl Division {
    /// All that the lines see of a namespace: which of them are for it, the one that is asked first before others.
    fn told(&self, namespace: &str) -> Vec<usize> {
        let pods = self.by_pod.iter().map(|c| &c.claim);
        let seen = self.claims.iter().chain(pods).enumerate();
        let mut seen: Vec<(usize, NamespacePattern)> =
            seen.filter_map(|(i, c)| Some((i, c.best(namespace)?))).collect();
        // Stable: of two lines with one pattern the first is asked.
        seen.sort_by(|(_, a), (_, b)| b.beats(a).cmp(&a.beats(b)));
        seen.into_iter().map(|(i, _)| i).collect()
    }
}

fn witnesses<'c>(claims: impl Iterator<Item = &'c Claim>) -> Vec<(InNamespace, String)> {
    let patterns: Vec<&NamespacePattern> = claims.flat_map(|c| &c.namespaces).collect();
    let all: NamespacePatterns = patterns.iter().copied().collect();
    let mut out = vec![(InNamespace::None, String::new())];
    out.extend(nobodys(&all).map(|name| (InNamespace::Other, name)));
    for pattern in &patterns {
        // A whole name is beaten by nothing.
        let own = match pattern.is_open() {
            false => Some(pattern.stem().to_owned()).filter(|n| !n.is_empty()),
            true => ["x", "0", "-x", "zq7"]
                .map(|tail| format!("{}{tail}", pattern.stem()))
                .into_iter()
                .find(|n| all.most_specific(n).as_ref() == Some(*pattern)),
        };
        out.extend(own.map(|n| (InNamespace::Like(pattern.to_string()), n)));
    }
    out.sort_unstable_by(|a, b| a.1.cmp(&b.1));
    out.dedup_by(|a, b| a.1 == b.1);
    out
}

/// A namespace that no pattern is for; none with `*` among them, or with one for each beginning there is.
fn nobodys(patterns: &NamespacePatterns) -> Option<String> {
    let free = |name: &String| patterns.most_specific(name).is_none();
    let beginnings = ('a'..='z').chain('0'..='9');
    let names = std::iter::once("nobodys".to_owned()).chain(beginnings.map(|c| format!("{c}x9-nobodys")));
    // Longer ones where patterns are for all of these: a pattern is never longer than a namespace.
    let longer = ('a'..='z').map(|c| format!("{c}{}", "9".repeat(62)));
    names.chain(longer).find(free)
}
