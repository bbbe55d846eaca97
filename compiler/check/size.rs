//! Objects too large to be stored or loaded.

use super::codes;
use super::walk::Walk;
use crate::object::{NodeId, Tree, yaml};

/// Kubernetes: data of a ConfigMap, keys and values together.
const CONFIG_MAP: usize = 1024 * 1024;
/// The operator puts each PrometheusRule into a ConfigMap and allows half of that (`pkg/prometheus/server/rules.go`).
const RULE: usize = 512 * 1024;

pub(super) fn check(walk: &mut Walk<'_>, root: NodeId) {
    let tree = walk.tree;
    let (part, limit, why) = match walk.id.kind.as_str() {
        "ConfigMap" => ("data", CONFIG_MAP, "The API server refuses it."),
        "PrometheusRule" => {
            ("spec", RULE, "The operator leaves out a rule object of that size, and its alerts never fire.")
        }
        _ => return,
    };
    let Some(node) = tree.get(root, part) else { return };
    // The exact size means writing it out; most are far from the limit.
    if bound(tree, node) <= limit {
        return;
    }
    let size = exact(tree, node, part);
    if size > limit {
        let what = format!("{} holds {size} bytes in `{part}`; {limit} are allowed.", walk.id);
        walk.down(node, |walk| walk.report(&codes::TOO_LARGE, |f| f.why(why), what));
    }
}

/// No smaller than what is written: every character escaped, every line deeply indented.
fn bound(tree: &Tree, node: NodeId) -> usize {
    let text = tree.key(node).len() + tree.as_str(node).map_or(32, str::len);
    6 * text + 128 + tree.children(node).map(|c| bound(tree, c)).sum::<usize>()
}

fn exact(tree: &Tree, node: NodeId, part: &str) -> usize {
    if part == "spec" {
        let mut out = String::new();
        yaml::write(tree, node, &mut out);
        return out.len();
    }
    let mut text = String::new();
    tree.children(node)
        .map(|entry| {
            text.clear();
            tree.render_embedded(entry, &mut text);
            tree.key(entry).len() + tree.as_str(entry).map_or(text.len(), str::len)
        })
        .sum()
}
