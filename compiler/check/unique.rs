//! No object of a cluster is there twice.

use super::{Finding, codes};
use crate::diag::Origin;
use crate::object::ObjectId;

/// An object and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: ObjectId,
    pub origin: Origin,
}

/// Reports every object of a cluster whose name an earlier one has, with both origins. The version of
/// the API does not tell objects apart, its group does.
pub fn unique(objects: &[Seen], found: &mut dyn FnMut(Finding)) {
    let mut sorted: Vec<&Seen> = objects.iter().collect();
    // Stable: of two alike the later one is reported.
    sorted.sort_by(|a, b| name(a).cmp(&name(b)));
    for same in sorted.chunk_by(|a, b| name(a) == name(b)) {
        let Some((first, others)) = same.split_first() else { continue };
        for again in others {
            let id = &again.id;
            let finding = Finding::new(id, String::new(), &codes::TWICE, format!("{id} is there twice."))
                .help("Give one of them another name, or leave one out; an object we emit is changed by `patch`, not by `raw`.");
            let other = Some((first.origin, "the other one comes from here".to_owned()));
            found(Finding { other, ..finding.from(std::iter::once(again.origin)) });
        }
    }
}

fn name(seen: &Seen) -> (&str, &str, &str, &str) {
    (seen.id.group(), &seen.id.kind, &seen.id.namespace, &seen.id.name)
}
