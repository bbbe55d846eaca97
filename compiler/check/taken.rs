//! No object has the name of one that is somebody else's.

use super::{Finding, Seen, codes};
use crate::catalog::Owner;
use crate::diag::Origin;

/// Reports what has the name of an object of one of `owners`: once for each line of the spec and
/// owner, for a Prometheus or an exporter comes as several objects. `base` says where the base of the
/// cluster is installed, and where the spec says so.
pub fn taken<'o>(
    objects: &[Seen],
    owners: impl Iterator<Item = &'o Owner>,
    base: (&str, Origin),
    found: &mut dyn FnMut(Finding),
) {
    for owner in owners {
        let mut theirs: Vec<&Seen> = objects.iter().filter(|o| owner.has(&o.id, base.0)).collect();
        while let Some(first) = theirs.first().copied() {
            let (same, rest) = theirs.into_iter().partition(|o| o.origin == first.origin);
            theirs = rest;
            found(finding(owner, &same, base.1));
        }
    }
}

fn finding(owner: &Owner, objects: &[&Seen], base: Origin) -> Finding {
    let named: Vec<String> = objects.iter().map(|o| format!("`{}`", o.id)).collect();
    let what = match named.split_last() {
        Some((last, [])) => format!("{last} is an object of {} already", owner.by),
        Some((last, others)) => format!("{} and {last} are objects of {} already", others.join(", "), owner.by),
        None => String::new(),
    };
    let (id, origin) = (&objects[0].id, objects[0].origin);
    let finding = Finding::new(id, String::new(), &codes::TAKEN, what).why(&owner.why).help(&owner.help);
    let other = owner.base.as_ref().map(|_| (base, "the base".to_owned()));
    Finding { other, ..finding.from(std::iter::once(origin)) }
}
