//! Other ways to look at changes than field by field: as lines to take away and to add, and object by object.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

use super::{ClusterChanges, lines, live};
use crate::diag::Origin;
use crate::diff::{Cause, Change, Edit, Effect};
use crate::emit;
use crate::object::{Tree, yaml};
use crate::report::style::{ADDED, BOLD, CHANGED, DIM, Look, REMOVED, count, one_line};

/// How changes are shown as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Every field, with what it does and the line behind it.
    #[default]
    Fields,
    /// Lines of YAML to take away and to add, field by field.
    Unified,
    /// Values of Helm releases only.
    Values,
    /// A line for each object.
    Summary,
}

impl View {
    /// Whether it shows a change at all.
    pub(super) fn shows(self, change: &Change) -> bool {
        let of_release = change.object.as_ref().is_some_and(|id| id.kind == emit::VALUES);
        self != View::Values || of_release || change.file.starts_with("helm/")
    }
}

/// The changes of one object, as lines of two files.
pub(super) fn unified(name: &str, file: &str, changes: &[Change], look: Look, out: &mut String) {
    let (name, file) = (one_line(name), one_line(file));
    let paint = |style, text: &str| look.paint(style, text);
    out.push_str(&format!(
        "{}\n{}\n",
        paint(REMOVED, &format!("--- {name}")),
        paint(ADDED, &format!("+++ {name}  {file}"))
    ));
    for change in changes {
        let path = if change.path.is_empty() { "the whole object" } else { &change.path };
        let because = live::because(change);
        let because = if because.is_empty() { because } else { format!("  {because}") };
        out.push_str(&format!("{}\n", paint(CHANGED, &format!("@@ {} @@{because}", one_line(path)))));
        let (before, after) = (text(change.before.as_ref()), text(change.after.as_ref()));
        let (before, after, more) = lines::clipped(&before, &after);
        let diff = TextDiff::from_lines(before, after);
        for (at, group) in diff.grouped_ops(3).iter().enumerate() {
            if at > 0 {
                out.push_str(&paint(DIM, " …"));
                out.push('\n');
            }
            for line in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let (sign, style) = match line.tag() {
                    ChangeTag::Delete => ("-", REMOVED),
                    ChangeTag::Insert => ("+", ADDED),
                    ChangeTag::Equal => (" ", DIM),
                };
                let text = one_line(line.value().trim_end_matches(['\n', '\r']));
                out.push_str(&format!("{}\n", paint(style, &format!("{sign}{text}"))));
            }
        }
        if more {
            out.push_str(&format!("{}\n", paint(DIM, " … more lines differ")));
        }
    }
}

/// A value as lines: YAML, but for a text with lines of its own.
fn text(value: Option<&Json>) -> String {
    match value {
        None => String::new(),
        Some(Json::String(text)) if text.contains('\n') => text.clone(),
        Some(value) => {
            let mut tree = Tree::new();
            let root = tree.add_json("", value, Origin::INHERIT);
            let mut out = String::new();
            yaml::write(&tree, root, &mut out);
            out
        }
    }
}

/// A line for each object of a cluster: how much of it changes, why, and the gravest thing that does.
pub(super) fn summary(cluster: &ClusterChanges<'_>, look: Look, out: &mut String) {
    for of_object in cluster.changes.chunk_by(|a, b| a.object == b.object && a.file == b.file) {
        let first = &of_object[0];
        let name = super::name(first);
        let mut causes: BTreeMap<Cause, usize> = BTreeMap::new();
        for because in of_object.iter().filter_map(|c| c.because.as_ref()) {
            *causes.entry(because.cause).or_default() += 1;
        }
        let whole = first.path.is_empty() && of_object.len() == 1;
        let (sign, style) = match (whole, first.edit) {
            (true, Edit::Added) => ("+", ADDED),
            (true, Edit::Removed) => ("-", REMOVED),
            _ => ("~", CHANGED),
        };
        let mut words = if whole { Vec::new() } else { vec![count(of_object.len(), "change")] };
        words.extend(causes.iter().map(|(cause, n)| match (whole, n) {
            (true, _) | (_, 1) => cause.name().to_owned(),
            _ => format!("{n} × {}", cause.name()),
        }));
        let gravest = of_object.iter().map(|c| c.effect).max().filter(|e| *e != Effect::None);
        words.extend(gravest.map(|effect| effect.name().to_owned()));
        if whole && first.edit == Edit::Removed && first.because.is_none() {
            words.push(if first.object.is_some() { "object removed" } else { "gone" }.to_owned());
        }
        out.push_str(&format!(
            "  {} {}  {}\n",
            look.paint(style, sign),
            look.paint(BOLD, &one_line(&name)),
            look.paint(DIM, &words.join(", "))
        ));
    }
}
