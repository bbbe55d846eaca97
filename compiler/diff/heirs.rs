//! A cluster that is gone, and new ones that have what it had: perhaps it is only called otherwise. Its name is its
//! identity where none is written, so that a new name alone makes another cluster of it.

use std::collections::BTreeMap;

use crate::object::ObjectId;

/// Share of its objects that a new cluster must have to be named.
const SHARE: f64 = 0.9;
/// New clusters that are named; the others are counted.
const NAMED: usize = 3;

/// Objects of many clusters, each known by a number.
#[derive(Default)]
pub struct Numbered(BTreeMap<ObjectId, u32>);

/// The objects of a cluster, in order.
pub struct Objects(Vec<u32>);

impl Numbered {
    pub fn objects(&mut self, ids: impl IntoIterator<Item = ObjectId>) -> Objects {
        let mut numbers = Vec::new();
        for id in ids {
            let next = self.0.len() as u32;
            numbers.push(*self.0.entry(id).or_insert(next));
        }
        numbers.sort_unstable();
        Objects(numbers)
    }
}

impl Objects {
    fn shared(&self, other: &Objects) -> usize {
        self.0.iter().filter(|n| other.0.binary_search(n).is_ok()).count()
    }
}

/// What is said of a cluster that is gone, where new ones have nearly all it had.
pub fn hint(identity: &str, had: &Objects, new: &[(&str, Objects)]) -> Option<String> {
    let all = had.0.len();
    let enough = |shared: usize| shared > 0 && shared as f64 >= all as f64 * SHARE;
    let mut heirs: Vec<(usize, &str)> =
        new.iter().map(|(name, has)| (had.shared(has), *name)).filter(|(shared, _)| enough(*shared)).collect();
    heirs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let most = heirs.first()?.0;
    let mut names: Vec<String> = heirs.iter().take(NAMED).map(|(_, name)| format!("`{name}`")).collect();
    if heirs.len() > NAMED {
        names.push(format!("{} more", heirs.len() - NAMED));
    }
    let (is, one) = match names.split_last() {
        Some((last, [])) => (format!("{last} is new and has"), "it is"),
        Some((last, others)) => (format!("{} and {last} are new and have", others.join(", ")), "one of them is"),
        None => return None,
    };
    let share = match (most, all) {
        (_, 1) => "its one object".to_owned(),
        (most, all) if most == all => format!("all its {all} objects"),
        (most, all) => format!("{most} of its {all} objects"),
    };
    Some(format!("{is} {share}: if {one} this cluster under another name, write `id=\"{identity}\"` there"))
}

/// What is said of a cluster that keeps its name and has another identity.
pub fn new_identity(was: &str, is: &str) -> String {
    format!(
        "its identity was `{was}` and is `{is}`: every series it sends begins anew under the new one, what waits in its queues is \
         lost, and its folder is another one; objects of the old one that have other names stay in the cluster. Without \
         `id=\"{is}\"`, or with `id=\"{was}\"`, it stays what it is"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(numbered: &mut Numbered, names: std::ops::Range<usize>) -> Objects {
        numbered.objects(names.map(|n| ObjectId {
            api_version: "v1".to_owned(),
            kind: "Service".to_owned(),
            namespace: "monitoring".to_owned(),
            name: n.to_string(),
        }))
    }

    #[test]
    fn a_new_cluster_with_nearly_all_of_a_gone_one_may_be_it() {
        let mut numbered = Numbered::default();
        let had = objects(&mut numbered, 0..20);
        let new = |numbered: &mut Numbered, ranges: &[(&'static str, std::ops::Range<usize>)]| {
            ranges.iter().map(|(name, range)| (*name, objects(numbered, range.clone()))).collect::<Vec<_>>()
        };
        let said = hint("a", &had, &new(&mut numbered, &[("b", 2..30), ("c", 3..40)])).unwrap();
        let words =
            "`b` is new and has 18 of its 20 objects: if it is this cluster under another name, write `id=\"a\"` there";
        assert_eq!(said, words);
        let several = ["e", "d", "c", "b"].map(|name| (name, 0..20));
        let said = hint("a", &had, &new(&mut numbered, &several)).unwrap();
        assert!(
            said.starts_with("`b`, `c`, `d` and 1 more are new and have all its 20 objects: if one of them"),
            "{said}"
        );
        assert_eq!(hint("a", &had, &new(&mut numbered, &[("b", 3..20)])), None, "three of twenty are missing");
        assert_eq!(hint("a", &objects(&mut numbered, 0..0), &new(&mut numbered, &[("b", 0..0)])), None);
    }
}
