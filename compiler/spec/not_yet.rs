//! Single values whose machinery is not there yet, under keys that are compiled.
//!
//! Whole keys carry their status in the tables.

use crate::syntax::Scalar;

struct Later {
    /// Name of the shape; the settings go by `settings`.
    shape: &'static str,
    key: &'static str,
    values: Values,
    /// Completes "it will …".
    will: &'static str,
}

enum Values {
    Words(&'static [&'static str]),
    /// Any word but these.
    Except(&'static [&'static str]),
    AboveOne,
}

const LATER: &[Later] = &[
    Later {
        shape: "prometheus",
        key: "shards",
        values: Values::AboveOne,
        will: "divide the targets of one Prometheus among several",
    },
    Later {
        shape: "store",
        key: "kind",
        values: Values::Except(&["victoriametrics-cluster", "remote-write"]),
        will: "deploy and size a store of this kind, and write to it by its own rules",
    },
    Later {
        shape: "store",
        key: "install",
        values: Values::Words(&["operator"]),
        will: "emit custom resources of the VictoriaMetrics operator instead of values for the chart",
    },
];

/// What a value will do, if it does not do it yet.
pub(super) fn value(shape: &str, key: &str, scalar: &Scalar) -> Option<&'static str> {
    let later = LATER.iter().find(|l| l.shape == shape && l.key == key)?;
    let meant = match (&later.values, scalar) {
        (Values::Words(words), Scalar::Str(text)) => words.contains(&text.as_str()),
        (Values::Except(words), Scalar::Str(text)) => !words.contains(&text.as_str()),
        (Values::AboveOne, Scalar::Int(n)) => *n > 1,
        _ => false,
    };
    meant.then_some(later.will)
}

/// For the reference: which values of a key are not compiled yet, in words.
pub(super) fn words(shape: &str, key: &str) -> Option<String> {
    let quote = |words: &[&str]| words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
    let later = LATER.iter().find(|l| l.shape == shape && l.key == key)?;
    Some(match &later.values {
        Values::Words(words) => quote(words),
        Values::Except(words) => format!("all but {}", quote(words)),
        Values::AboveOne => "more than 1".to_owned(),
    })
}
