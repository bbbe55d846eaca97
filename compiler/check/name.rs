//! Names, labels and annotations as Kubernetes accepts them.

use super::codes;
use super::scalar::words;
use super::walk::Walk;
use crate::model::value::{kube_name, label_key, label_value, object_name};
use crate::object::{Kind, NodeId, Value};

/// What names of a kind must be: a test, and the rule in words.
fn rule_of(kind: &str) -> (fn(&str) -> bool, &'static str) {
    match kind {
        "Namespace" => (|s| kube_name(s).is_ok(), "at most 63 of a-z, 0-9 and `-`, not beginning or ending with `-`"),
        "Service" => (
            |s| kube_name(s).is_ok() && s.starts_with(|c: char| c.is_ascii_lowercase()),
            "at most 63 of a-z, 0-9 and `-`, beginning with a letter and not ending with `-`",
        ),
        // Jobs made of it get 11 more characters, and theirs may have 63.
        "CronJob" => (
            |s| object_name(s).is_ok() && s.len() <= 52,
            "at most 52 of a-z, 0-9, `-` and `.`, beginning and ending with a letter or digit",
        ),
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => (
            |s| !s.is_empty() && s != "." && s != ".." && !s.contains(['/', '%']),
            "anything but `.`, `..`, `/` and `%`",
        ),
        _ => (
            |s| object_name(s).is_ok(),
            "at most 253 of a-z, 0-9, `-` and `.`, each part beginning and ending with a letter or digit",
        ),
    }
}

/// Checks `metadata` of the object: its name, namespace, labels and annotations.
pub(super) fn metadata(walk: &mut Walk<'_>, root: NodeId) {
    let tree = walk.tree;
    let Some(metadata) = tree.get(root, "metadata") else { return };
    let (fits, rule) = rule_of(&walk.id.kind);
    walk.down(metadata, |walk| {
        for (key, fits, rule) in [("name", fits, rule), ("namespace", rule_of("Namespace").0, rule_of("Namespace").1)] {
            let Some(node) = tree.get(metadata, key) else { continue };
            let Some(name) = tree.as_str(node).filter(|n| !fits(n)) else { continue };
            walk.down(node, |walk| {
                let what = format!("{} cannot have the {key} \"{}\".", walk.id.kind, name.escape_debug());
                walk.report(&codes::BAD_NAME, |f| f.help(format!("A {key} here is {rule}.")), what);
            });
        }
    });
}

/// Checks a map of labels or of annotations.
pub(super) fn labels(walk: &mut Walk<'_>, map: NodeId, annotations: bool) {
    let tree = walk.tree;
    let word = if annotations { "annotation" } else { "label" };
    if tree.kind(map) != Kind::Map {
        return;
    }
    let mut size = 0;
    for node in tree.children(map) {
        let key = tree.key(node);
        if label_key(key).is_err() {
            walk.down(node, |walk| {
                let what = format!("\"{}\" is no key of {word}s.", key.escape_debug());
                let help = "A key is at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit, \
                            with a domain and `/` before it if need be: `example.com/tier`.";
                walk.report(&codes::BAD_LABEL, |f| f.help(help), what);
            });
        }
        let Some(value) = tree.as_str(node) else { continue };
        size += key.len() + value.len();
        if !annotations && label_value(value).is_err() {
            walk.down(node, |walk| {
                let what = format!("The label `{key}` cannot have {} as its value.", words(Value::Str(value)));
                let help = "A value is at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or \
                            digit; longer text belongs in an annotation.";
                walk.report(&codes::BAD_LABEL, |f| f.help(help), what);
            });
        }
    }
    if annotations && size > 256 * 1024 {
        let what = format!("The annotations hold {size} bytes; together they may hold 262144.");
        walk.report(&codes::BAD_LABEL, |f| f.help("Move the text to a ConfigMap."), what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_the_kind_accepts() {
        let long = "a".repeat(64);
        for (kind, good, bad) in [
            ("Namespace", "0-a", "a.b"),
            ("Namespace", &long[1..], long.as_str()),
            ("Service", "a1", "9090"),
            ("CronJob", &long[12..], &long[11..]),
            ("ClusterRole", "system:metrics", "a/b"),
            ("Role", "A", ".."),
            ("ConfigMap", "a.b-c.d", "a_b"),
            ("Prometheus", long.as_str(), "a..b"),
        ] {
            let (fits, _) = rule_of(kind);
            assert!(fits(good) && !fits(bad), "{kind} {good} {bad}");
        }
    }
}
