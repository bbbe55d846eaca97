//! How much two documents have in common.

use serde_json::Value as Json;

/// Every scalar with its path, whatever the places in lists; sorted.
pub(super) fn leaves(value: &Json) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, "", &mut found);
    found.sort();
    found
}

fn collect(value: &Json, path: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(entries) => entries.iter().for_each(|(k, v)| collect(v, &format!("{path}/{k}"), found)),
        Json::Array(items) => items.iter().for_each(|v| collect(v, &format!("{path}/*"), found)),
        leaf => found.push(format!("{path}={leaf}")),
    }
}

/// How many of two sorted lists they share, with multiplicity.
pub(super) fn shared(a: &[String], b: &[String]) -> usize {
    let (mut i, mut j, mut shared) = (0, 0, 0_usize);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, shared) = (i + 1, j + 1, shared + 1),
        }
    }
    shared
}

/// Shared leaves over all leaves (Jaccard, with multiplicity).
pub(super) fn likeness(a: &[String], b: &[String]) -> f64 {
    let shared = shared(a, b);
    let all = a.len() + b.len() - shared;
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}
