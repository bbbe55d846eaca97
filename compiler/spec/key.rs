//! Words for writing tables of keys: `key("rest", Flag, "…").serves("A1")`.

use crate::syntax::{Form, Key, Status};

/// An optional key without a default.
pub(super) const fn key(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, form, required: false, default: "", doc, serves: "", status: Status::Compiled, native: &[] }
}

impl Key {
    /// Below a setting: required once everything is inherited. Elsewhere: required where the block
    /// stands.
    pub(super) const fn required(self) -> Key {
        Key { required: true, ..self }
    }

    pub(super) const fn default(self, default: &'static str) -> Key {
        Key { default, ..self }
    }

    pub(super) const fn serves(self, serves: &'static str) -> Key {
        Key { serves, ..self }
    }

    pub(super) const fn native(self, native: &'static [&'static str]) -> Key {
        Key { native, ..self }
    }

    /// Checked, then refused; `will` completes "it will …".
    pub(super) const fn not_yet(self, will: &'static str) -> Key {
        Key { status: Status::NotYet(will), ..self }
    }
}

/// Several lists of keys in one, in order. `N` is their [`count`].
pub(super) const fn join<const N: usize>(lists: &[&[Key]]) -> [Key; N] {
    let mut out = [lists[0][0]; N];
    let (mut list, mut at) = (0, 0);
    while list < lists.len() {
        let mut i = 0;
        while i < lists[list].len() {
            out[at] = lists[list][i];
            at += 1;
            i += 1;
        }
        list += 1;
    }
    out
}

pub(super) const fn count(lists: &[&[Key]]) -> usize {
    let (mut list, mut n) = (0, 0);
    while list < lists.len() {
        n += lists[list].len();
        list += 1;
    }
    n
}
