//! The built-in catalog as a whole: it reads, agrees with itself, and every expression in it
//! evaluates for every setting its contract allows.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::diag::{FileId, Origin, Sink};
use crate::object::{NodeId, Tree, Value};

fn versions(catalog: &Catalog) -> Versions {
    catalog.components().into_iter().map(|c| (c.name.clone(), c.default)).collect()
}

#[test]
fn every_entry_reads() {
    let catalog = Catalog::builtin();
    assert!(catalog.jobs().count() >= 2);
    for kind in Kind::ALL {
        for name in catalog.names(kind) {
            let about = match kind {
                Kind::Job => catalog.job(name).map(|e| e.about.clone()),
                Kind::Rules => catalog.rule_pack(name).map(|e| e.about.clone()),
                Kind::Dashboard => catalog.dashboard(name).map(|e| e.about.clone()),
                Kind::Reader => catalog.reader(name).map(|e| e.about.clone()),
            };
            assert!(about.is_some_and(|a| a.ends_with('.')), "{name}");
            assert!(!catalog.is_not_yet(kind, name), "{name} is in not-yet.yaml and has an entry");
        }
    }
}
