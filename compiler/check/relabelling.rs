//! Relabelling rules that cannot do what they look like: a split by labels that are gone, or one that leaves doors open.
//!
//! Programs take them without a word. Our own rules are proven, and asking all of them again would be a third of a
//! `check`; these come with patches and raw objects.

use super::walk::Walk;
use super::{Finding, codes};
use crate::object::{Kind, NodeId, ObjectId, Tree};
use crate::relabel::regex::{Paste, Regex};

/// What rules see.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Targets as they are discovered.
    Found,
    /// Of what a target brings.
    Scraped,
    /// Of what is written elsewhere.
    Written,
}

/// Checks the rules of an object that somebody else wrote or changed, wherever they stand in it.
pub fn relabelling(tree: &Tree, root: NodeId, id: &ObjectId, found: &mut dyn FnMut(Finding)) {
    check(&mut Walk { tree, id, way: vec![root], found }, root);
}

fn check(walk: &mut Walk<'_>, root: NodeId) {
    let tree = walk.tree;
    for child in tree.children(root) {
        let stage = match tree.key(child) {
            "writeRelabelConfigs" | "write_relabel_configs" => Some(Stage::Written),
            "metricRelabelings" | "metricRelabelConfigs" | "metric_relabel_configs" => Some(Stage::Scraped),
            "relabelings" | "relabelConfigs" | "relabel_configs" => Some(Stage::Found),
            _ => None,
        };
        walk.down(child, |walk| match stage {
            Some(stage) => tree.children(child).for_each(|rule| walk.down(rule, |walk| of(walk, rule, stage))),
            None if matches!(tree.kind(child), Kind::Map | Kind::Seq) => check(walk, child),
            None => {}
        });
    }
}

struct Rule<'t> {
    sources: Vec<&'t str>,
    action: String,
    /// What it says if it says one: all others match anything.
    regex: Option<&'t str>,
}

impl<'t> Rule<'t> {
    fn of(tree: &'t Tree, node: NodeId) -> Self {
        let text = |key| tree.get(node, key).and_then(|n| tree.as_str(n));
        let list = ["sourceLabels", "source_labels"].iter().find_map(|k| tree.get(node, k));
        let sources = list.map(|l| tree.children(l).filter_map(|n| tree.as_str(n)).collect()).unwrap_or_default();
        let action = text("action").unwrap_or("replace").to_lowercase();
        Rule { sources, action, regex: text("regex") }
    }

    /// Whether it takes a series that has none of the labels.
    fn matches_nothing(&self) -> bool {
        let nothing = ";".repeat(self.sources.len().saturating_sub(1));
        self.regex.is_none_or(|r| Regex::new(r, Paste::DotAll).is_ok_and(|r| r.is_match(&nothing)))
    }
}

fn of(walk: &mut Walk<'_>, node: NodeId, stage: Stage) {
    let rule = Rule::of(walk.tree, node);
    if let Some(Err(error)) = rule.regex.map(|r| Regex::new(r, Paste::DotAll)) {
        let what = format!("the regex of a `{}` rule cannot be read: {error}", rule.action);
        walk.report(&codes::BAD_REGEX, |f| f, what);
        return;
    }
    if stage == Stage::Found {
        return;
    }
    let when = if stage == Stage::Written { "written" } else { "stored" };
    if let Some(gone) = rule.sources.iter().find(|s| is_gone(s)) {
        let all = rule.sources.iter().all(|s| is_gone(s));
        let so = match (rule.action.as_str(), rule.matches_nothing()) {
            (_, _) if !all => "it reads that one as empty",
            ("drop", false) => "it drops nothing: every series goes on, to stores that must not have it too",
            ("drop", true) | ("keep", false) => "no series passes it",
            _ => "it does the same to every series",
        };
        let what =
            format!("a `{}` rule asks for `{gone}` when series are {when}, and none has it then: {so}", rule.action);
        let find = match gone.strip_prefix("__meta_kubernetes_") {
            Some("namespace") => "The namespace of the pod is in `namespace` then.",
            _ => "Keep it with a relabelling of the target (`targetLabel`), and ask for that label.",
        };
        walk.report(&codes::LABEL_GONE, |f: Finding| f.help(format!("{find} {ROUTE}")), what);
        return;
    }
    if stage != Stage::Written {
        return;
    }
    if let Some(moved) = rule.sources.iter().find(|s| s.starts_with("exported_")) {
        let own = moved.trim_start_matches("exported_");
        let what = format!("a `{}` rule asks for `{moved}`, and series of our monitors say it in `{own}`", rule.action);
        walk.report(&codes::LABEL_ELSEWHERE, |f| f.help(format!("Ask for `{own}`. {ROUTE}")), what);
    }
    if rule.sources == ["namespace"] {
        match (rule.action.as_str(), rule.matches_nothing()) {
            ("drop", false) => {
                let what =
                    "a `drop` rule splits by namespace: what it does not name goes to this destination too".to_owned();
                walk.report(&codes::OPEN_SPLIT, |f| f.help(ROUTE.to_owned()), what);
            }
            ("keep", false) => {
                let what =
                    "a `keep` rule splits by namespace: series that have none are kept away from this destination"
                        .to_owned();
                walk.report(&codes::NAMELESS_LOST, |f| f.help(ROUTE.to_owned()), what);
            }
            _ => {}
        }
    }
}

const ROUTE: &str = "A `route` splits by namespace, and is proven: `to \"plane-a\" namespaces=\"hero-user-a\"`, `shared …` for series \
                     of no namespace, `unowned …` for namespaces that nobody has named.";

/// Labels of discovery and of the scrape are taken off with target relabelling; a rule's own `__tmp` ones come later.
fn is_gone(label: &str) -> bool {
    label.starts_with("__") && label != "__name__" && !label.starts_with("__tmp")
}

#[cfg(test)]
mod tests {
    use super::relabelling;
    use crate::check::id_of;
    use crate::object::Tree;
    use crate::syntax::plain;

    fn found(key: &str, rule: &str) -> Vec<(&'static str, String)> {
        let monitor = format!(
            "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {{name: x, namespace: monitoring}}\nspec:\n  selector: {{}}\n  endpoints:\n  - port: web\n    metricRelabelings: [{rule}]\n"
        );
        let prometheus = format!(
            "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {{name: x, namespace: monitoring}}\nspec:\n  remoteWrite:\n  - url: http://store\n    writeRelabelConfigs: [{rule}]\n"
        );
        let mut tree = Tree::new();
        let text = if key == "written" { prometheus } else { monitor };
        let roots = plain::read_tree(&text, &mut tree).unwrap();
        let id = id_of(&tree, roots[0]).unwrap();
        let mut found = Vec::new();
        relabelling(&tree, roots[0], &id, &mut |f| found.push((f.code.id, f.what)));
        found
    }

    fn codes(key: &str, rule: &str) -> Vec<&'static str> {
        found(key, rule).into_iter().map(|f| f.0).collect()
    }

    #[test]
    fn labels_of_discovery_are_gone_when_series_are_written_or_stored() {
        let split = "{sourceLabels: [__meta_kubernetes_namespace], regex: hero-user-b, action: drop}";
        let told = found("written", split);
        assert_eq!(told.len(), 1);
        assert!(told[0].0 == "OBJ142" && told[0].1.contains("drops nothing"), "{told:?}");
        assert_eq!(codes("stored", split), ["OBJ142"]);
        let keep = found("written", "{sourceLabels: [__meta_kubernetes_namespace], regex: a, action: Keep}");
        assert!(keep[0].1.contains("no series passes"), "{keep:?}");
        for fine in [
            "{sourceLabels: [__name__], regex: go_.*, action: drop}",
            "{sourceLabels: [__tmp_x], regex: a, action: keep}",
        ] {
            assert!(codes("written", fine).is_empty(), "{fine}");
            assert!(codes("stored", fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn a_regex_that_go_refuses_is_one_here() {
        for regex in ["\"(?!foo).*\"", "\"a{1001}\"", "\"*\""] {
            for key in ["written", "stored"] {
                let rule = format!("{{sourceLabels: [job], regex: {regex}, action: keep}}");
                assert_eq!(codes(key, &rule), ["OBJ147"], "{rule}");
            }
        }
        assert!(codes("stored", "{sourceLabels: [job], regex: \"(?i:a|b)+\", action: keep}").is_empty());
    }

    #[test]
    fn splits_with_open_doors_are_told_where_series_are_written() {
        for (rule, expected) in [
            ("{sourceLabels: [namespace], regex: hero-user-b, action: drop}", "OBJ143"),
            ("{sourceLabels: [namespace], regex: hero-user-a, action: keep}", "OBJ144"),
            ("{sourceLabels: [exported_namespace], regex: hero-user-a, action: keep}", "OBJ145"),
        ] {
            assert_eq!(codes("written", rule), [expected], "{rule}");
            assert!(codes("stored", rule).is_empty(), "{rule}");
        }
        for fine in [
            "{sourceLabels: [namespace], regex: hero-user-a|, action: keep}",
            "{sourceLabels: [job, namespace], regex: a;b, action: drop}",
            "{sourceLabels: [namespace], targetLabel: tenant}",
        ] {
            assert!(codes("written", fine).is_empty(), "{fine}");
        }
    }
}
