//! No object of a cluster is there twice.

use super::{Finding, codes};
use crate::diag::Origin;
use crate::object::ObjectId;
use std::collections::BTreeMap;

/// The objects of one cluster so far. The version of the API does not tell objects apart.
#[derive(Debug, Default)]
pub struct Seen {
    objects: BTreeMap<(String, ObjectId), Origin>,
}

impl Seen {
    /// Takes note of an object; reports it where there is one of the same name already, with both
    /// origins. Returns whether it was new.
    pub fn add(&mut self, id: &ObjectId, origin: Origin, found: &mut dyn FnMut(Finding)) -> bool {
        let key = (id.group().to_owned(), ObjectId { api_version: String::new(), ..id.clone() });
        match self.objects.get(&key) {
            None => {
                self.objects.insert(key, origin);
                true
            }
            Some(first) => {
                let what = format!("{id} is there twice.");
                let mut finding = Finding::new(id, String::new(), &codes::TWICE, what)
                    .help("Give one of them another name, or leave one out; an object we emit is changed by `patch`, not by `raw`.")
                    .from(std::iter::once(origin));
                finding.other = Some((*first, "the other one comes from here".to_owned()));
                found(finding);
                false
            }
        }
    }
}
