//! Names, labels and annotations as Kubernetes accepts them.

use super::codes;
use super::scalar::words;
use super::walk::Walk;
use crate::object::{Kind, NodeId, Value};

/// RFC 1123: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 characters.
pub fn is_dns_label(s: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !s.is_empty() && s.len() <= 63 && s.bytes().all(inner) && !s.starts_with('-') && !s.ends_with('-')
}

/// Labels joined by dots, at most 253 characters; unlike a lone label, each may have any length.
pub fn is_dns_subdomain(s: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let part = |p: &str| !p.is_empty() && p.bytes().all(inner) && !p.starts_with('-') && !p.ends_with('-');
    s.len() <= 253 && s.split('.').all(part)
}

/// The value of a label: empty, or at most 63 letters, digits, `-`, `_`, `.` between letters or digits.
pub fn is_label_value(s: &str) -> bool {
    s.is_empty() || is_name_part(s)
}

/// The key of a label or annotation: a name, before it perhaps a DNS subdomain and `/`.
pub fn is_qualified_name(s: &str) -> bool {
    match s.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_name_part(name),
        None => is_name_part(s),
    }
}

fn is_name_part(s: &str) -> bool {
    let end = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    s.len() <= 63
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && end(s.bytes().next())
        && end(s.bytes().last())
}

/// What names of a kind must be: a test, and the rule in words.
fn rule_of(kind: &str) -> (fn(&str) -> bool, &'static str) {
    match kind {
        "Namespace" => (is_dns_label, "at most 63 of a-z, 0-9 and `-`, not beginning or ending with `-`"),
        "Service" => (
            |s| is_dns_label(s) && s.starts_with(|c: char| c.is_ascii_lowercase()),
            "at most 63 of a-z, 0-9 and `-`, beginning with a letter and not ending with `-`",
        ),
        // Jobs made of it get 11 more characters, and theirs may have 63.
        "CronJob" => (
            |s| is_dns_subdomain(s) && s.len() <= 52,
            "at most 52 of a-z, 0-9, `-` and `.`, beginning and ending with a letter or digit",
        ),
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => (
            |s| !s.is_empty() && s != "." && s != ".." && !s.contains(['/', '%']),
            "anything but `.`, `..`, `/` and `%`",
        ),
        _ => (
            is_dns_subdomain,
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
        for (key, fits, rule) in
            [("name", fits, rule), ("namespace", is_dns_label as fn(&str) -> bool, rule_of("Namespace").1)]
        {
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
        if !is_qualified_name(key) {
            walk.down(node, |walk| {
                let what = format!("\"{}\" is no key of {word}s.", key.escape_debug());
                let help = "A key is at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit, \
                            with a domain and `/` before it if need be: `example.com/tier`.";
                walk.report(&codes::BAD_LABEL, |f| f.help(help), what);
            });
        }
        let Some(value) = tree.as_str(node) else { continue };
        size += key.len() + value.len();
        if !annotations && !is_label_value(value) {
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
    fn names_are_those_kubernetes_accepts() {
        let long = "a".repeat(64);
        for (good, bad) in
            [("a", ""), ("a-1", "-a"), ("0", "a-"), ("x9", "A"), (&long[1..], &long), ("a", "a.b"), ("a", "é")]
        {
            assert!(is_dns_label(good) && !is_dns_label(bad), "{good} {bad}");
        }
        for (good, bad) in [("a.b-c.d", "a..b"), (&long, "a.-b"), ("1.2", ".a"), ("a", "a_b"), ("a", "a.")] {
            assert!(is_dns_subdomain(good) && !is_dns_subdomain(bad), "{good} {bad}");
        }
        for (good, bad) in [
            ("app.kubernetes.io/name", "App.io/x"),
            ("a_B.c", "a b"),
            ("watershed/fleet", "a/b/c"),
            ("a", "/a"),
            ("x", "x/"),
        ] {
            assert!(is_qualified_name(good) && !is_qualified_name(bad), "{good} {bad}");
        }
        for (good, bad) in [("", "-"), ("v1.2_x", "a:b"), ("A", "集"), (&long[1..], &long)] {
            assert!(is_label_value(good) && !is_label_value(bad), "{good} {bad}");
        }
        assert!((rule_of("ClusterRole").0)("system:metrics") && !(rule_of("ClusterRole").0)("a/b"));
        assert!(!(rule_of("Service").0)("9090") && !(rule_of("CronJob").0)(&long));
    }
}
