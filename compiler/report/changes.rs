//! Changes, grouped by cluster and object.

mod lines;
mod live;
mod moves;
mod views;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use similar::{ChangeTag, TextDiff};
use unicode_width::UnicodeWidthStr;

pub use live::{Live, NotVerified};
pub use views::View;

use super::masks::Masks;
use super::place::Lookup;
use super::style::{ADDED, BOLD, CHANGED, DIM, Look, REMOVED, count, one_line, visible};
use super::{Format, json as escape};
use crate::diag::{Origin, Origins, Sources};
use crate::diff::{Cause, Change, Edit, Effect, Moves, Pods, Presence};
use crate::tree::INDEX;

/// Characters of a value shown as text. JSON has all of them.
const SHOWN: usize = 300;
/// Lines of a difference of texts shown.
const LINES: usize = 60;
/// Clusters with the same changes that are named; the rest is counted.
const NAMED: usize = 5;

/// The changes of one cluster, and what is needed to say where they come from.
#[derive(Clone, Copy)]
pub struct ClusterChanges<'a> {
    pub cluster: &'a str,
    pub identity: &'a str,
    pub presence: &'a Presence,
    /// In the order of files; those of one object stand together.
    pub changes: &'a [Change],
    pub origins: &'a Origins,
    pub fleet: &'a Origins,
    /// The same of the old side, where that is a spec too.
    pub was: Option<Was<'a>>,
    /// Where the old side is a live cluster.
    pub live: Option<Live<'a>>,
    /// What is hidden in these changes, before they are shown.
    pub masks: Option<&'a Masks>,
}

/// Where old values came from.
#[derive(Clone, Copy)]
pub struct Was<'a> {
    pub sources: &'a Sources,
    pub origins: &'a Origins,
    pub fleet: &'a Origins,
}

impl<'a> ClusterChanges<'a> {
    fn is_silent(&self) -> bool {
        self.changes.is_empty() && self.live.is_none_or(|live| live.is_silent())
    }

    fn lookup(&self, sources: &'a Sources) -> Lookup<'a> {
        Lookup { sources, cluster: self.origins, fleet: self.fleet, masks: self.masks }
    }

    fn lookup_was(&self) -> Option<Lookup<'a>> {
        self.was.map(|w| Lookup { sources: w.sources, cluster: w.origins, fleet: w.fleet, masks: self.masks })
    }

    /// The line behind a change, in words: of what is gone, the line that asked for it then.
    fn line(&self, change: &Change, sources: &'a Sources) -> String {
        self.of_side(change, sources, Lookup::words)
    }

    /// The same, without how a value is computed.
    pub(super) fn place(&self, change: &Change, sources: &'a Sources) -> String {
        self.of_side(change, sources, Lookup::place)
    }

    fn of_side(&self, change: &Change, sources: &'a Sources, words: fn(&Lookup<'a>, Origin) -> String) -> String {
        let then = || self.lookup_was().map(|l| words(&l, change.was)).unwrap_or_default();
        let now = || words(&self.lookup(sources), change.origin);
        let (first, second): (String, &dyn Fn() -> String) =
            if change.edit == Edit::Removed { (then(), &now) } else { (now(), &then) };
        if first.is_empty() { second() } else { first }
    }
}

/// How changes are rendered.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub format: Format,
    /// Of text; JSON has everything.
    pub view: View,
    pub colour: bool,
    /// In columns.
    pub width: usize,
}

/// Renders changes, and behind them what moves between two specs. Clusters whose changes read alike are shown once.
/// Empty text where there are none.
pub fn changes(clusters: &[ClusterChanges<'_>], moves: Option<&Moves>, sources: &Sources, manner: Manner) -> String {
    let mut masks = Masks::default();
    let safe: Vec<Cow<'_, [Change]>> = clusters.iter().map(|c| veiled(c.changes, &mut masks)).collect();
    let view = if manner.format == Format::Json { View::Fields } else { manner.view };
    let chosen: Vec<Vec<Change>> =
        safe.iter().map(|changes| changes.iter().filter(|c| view.shows(c)).cloned().collect()).collect();
    let known = masks.clone();
    let clusters: Vec<ClusterChanges<'_>> = clusters
        .iter()
        .zip(&chosen)
        .map(|(c, changes)| ClusterChanges { changes, masks: Some(&known), ..*c })
        .collect();
    match manner.format {
        Format::Text => {
            // Of Helm releases nothing but values was asked for.
            let moves = moves.filter(|_| view != View::Values);
            text(&clusters, moves, sources, view, Look::new(manner.colour, manner.width))
        }
        Format::Json => {
            let mut document = as_json(&clusters, sources, &mut masks);
            moves.iter().for_each(|moves| moves::as_json(moves, &mut document));
            escape::pretty(&document)
        }
    }
}

/// Changes without what looks like a credential: a build log and a page are read by more people than a spec. All that is
/// shown of a change goes through here, all that is shown together with the same `masks`.
pub(super) fn veiled<'c>(changes: &'c [Change], masks: &mut Masks) -> Cow<'c, [Change]> {
    let hidden: Vec<Change> = changes.iter().map(|change| without_credentials(change, masks)).collect();
    if hidden == changes { Cow::Borrowed(changes) } else { Cow::Owned(hidden) }
}

fn without_credentials(change: &Change, masks: &mut Masks) -> Change {
    let mut change = change.clone();
    let path = change.path.clone();
    // Only the live object has it, and whoever wrote it is no reader of this.
    let rewritten = change.because.as_ref().is_some_and(|b| b.cause == Cause::Rewritten);
    let strange = match change.edit {
        Edit::Added => rewritten,
        Edit::Removed => change.because.is_some() && !rewritten,
        _ => false,
    };
    for value in [&mut change.before, &mut change.after].into_iter().flatten() {
        let own = value.clone();
        if change.handed {
            masks.whole(value);
        }
        if strange {
            masks.strange(&path, value)
        } else {
            masks.value(&path, value)
        }
        Masks::own_name(&mut change.path, &own, value);
    }
    if let Some(id) = &mut change.object {
        [&mut id.api_version, &mut id.kind, &mut id.namespace, &mut id.name]
            .into_iter()
            .for_each(|text| masks.text(text));
    }
    [&mut change.file, &mut change.path, change.consequence.to_mut()].into_iter().for_each(|text| masks.text(text));
    if let Some(because) = &mut change.because {
        masks.text(&mut because.by);
    }
    change
}

fn text(clusters: &[ClusterChanges<'_>], moves: Option<&Moves>, sources: &Sources, view: View, look: Look) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for cluster in clusters.iter().filter(|c| !c.is_silent()) {
        let body = body(cluster, sources, view, look);
        match known.get(&body) {
            Some(group) => groups[*group].1.push(cluster.cluster),
            None => {
                known.insert(body.clone(), groups.len());
                groups.push((body, vec![cluster.cluster]));
            }
        }
    }
    let mut out = String::new();
    for (body, names) in &groups {
        let mut head = names.iter().take(NAMED).map(|n| one_line(n)).collect::<Vec<_>>().join(", ");
        if names.len() > NAMED {
            head.push_str(&format!(" and {} more", names.len() - NAMED));
        }
        out.push_str(&look.paint(BOLD, &head));
        out.push('\n');
        out.push_str(body);
        out.push('\n');
    }
    if !groups.is_empty() {
        moves.iter().for_each(|moves| moves::text(moves, look, &mut out));
        out.push_str(&look.paint(BOLD, &summary(clusters, moves)));
        out.push('\n');
    }
    out
}

fn body(cluster: &ClusterChanges<'_>, sources: &Sources, view: View, look: Look) -> String {
    let mut out = String::new();
    match view {
        View::Summary => views::summary(cluster, look, &mut out),
        View::Unified => {
            for of_object in cluster.changes.chunk_by(|a, b| a.object == b.object && a.file == b.file) {
                let file = &of_object[0].file;
                views::unified(&name(&of_object[0]), file, of_object, look, &mut out);
            }
        }
        View::Fields | View::Values => fields(cluster, sources, look, &mut out),
    }
    if let Some(live) = &cluster.live {
        live::beside(live, look, &mut out);
    }
    out
}

/// What a change is about: an object, or a file without one.
fn name(change: &Change) -> String {
    // A cluster that is gone is no change of its index.
    let other = if change.file == INDEX { "the cluster" } else { &change.file };
    change.object.as_ref().map_or_else(|| other.to_owned(), ToString::to_string)
}

/// Every field of every object.
fn fields(cluster: &ClusterChanges<'_>, sources: &Sources, look: Look, out: &mut String) {
    for of_object in cluster.changes.chunk_by(|a, b| a.object == b.object && a.file == b.file) {
        let first = &of_object[0];
        let name = name(first);
        // What the server would make of something new is said below it.
        let more = |c: &Change| c.because.as_ref().is_none_or(|b| b.cause != Cause::Rewritten);
        let whole = first.path.is_empty() && !of_object[1..].iter().any(more);
        let (sign, style) = match (whole, first.edit) {
            (true, Edit::Added) => ("+", ADDED),
            (true, Edit::Removed) => ("-", REMOVED),
            _ => ("~", CHANGED),
        };
        let file = if first.object.is_some() { format!("  {}", first.file) } else { String::new() };
        out.push_str(&format!(
            "  {} {}{}\n",
            look.paint(style, sign),
            look.paint(BOLD, &one_line(&name)),
            look.paint(DIM, &one_line(&file))
        ));
        for change in of_object {
            one(change, cluster.line(change, sources), look, out);
        }
    }
}

fn one(change: &Change, origin: String, look: Look, out: &mut String) {
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    let path = one_line(&change.path);
    match change.edit {
        // Of an object that comes or goes whole, or is left as it is, its head says everything.
        Edit::Added | Edit::Removed if path.is_empty() => {}
        Edit::Changed if before.is_none() && after.is_none() => {}
        Edit::Added => side(look, "+", &path, after, out),
        Edit::Removed => side(look, "-", &path, before, out),
        Edit::Renamed => {
            out.push_str(&format!("    {}\n", look.paint(CHANGED, &format!("renamed from {}", shown(before)))));
        }
        Edit::Changed | Edit::Reordered => changed(change, &path, look, out),
    }
    // Unpainted text and style: escapes would count as columns.
    let mut notes: Vec<(String, anstyle::Style)> = Vec::new();
    let name = match (change.effect, change.pods) {
        (effect, None) => effect.name().to_owned(),
        (Effect::Restart, Some(pods)) => format!("restart of {}", Pods::words([pods])),
        (effect, Some(pods)) => format!("{}, and a restart of {}", effect.name(), Pods::words([pods])),
    };
    let effect = match (change.effect, &*change.consequence) {
        (Effect::None, words) => words.to_owned(),
        (_, "") => name,
        (_, words) => format!("{name}: {words}"),
    };
    notes.push((live::because(change), CHANGED));
    notes.push((effect, if change.effect >= Effect::QueueReset { REMOVED } else { CHANGED }));
    notes.push((if origin.is_empty() { origin } else { format!("← {origin}") }, DIM));
    notes.retain(|(text, _)| !text.is_empty());
    let together: usize = notes.iter().map(|(text, _)| text.width() + 2).sum();
    let separator = if together + 8 <= look.width { "  " } else { "\n        " };
    let notes: Vec<String> = notes.iter().map(|(text, style)| look.paint(*style, text)).collect();
    if !notes.is_empty() {
        out.push_str(&format!("        {}\n", notes.join(separator)));
    }
}

fn side(look: Look, sign: &str, path: &str, value: Option<&Json>, out: &mut String) {
    let style = if sign == "+" { ADDED } else { REMOVED };
    out.push_str(&format!("    {} {path}: {}\n", look.paint(style, sign), look.paint(style, &shown(value))));
}

fn changed(change: &Change, path: &str, look: Look, out: &mut String) {
    let texts = (change.before.as_ref().and_then(Json::as_str), change.after.as_ref().and_then(Json::as_str));
    let colon = if path.is_empty() { String::new() } else { format!(" {path}:") };
    let sign = look.paint(CHANGED, "~");
    if let (Some(before), Some(after)) = texts
        && (before.contains('\n') || after.contains('\n'))
    {
        out.push_str(&format!("    {sign}{}\n", if colon.is_empty() { " text" } else { &colon }));
        lines(before, after, look, out);
        return;
    }
    let (before, after) = (shown(change.before.as_ref()), shown(change.after.as_ref()));
    let order = if change.edit == Edit::Reordered { " order" } else { "" };
    if path.width() + before.width() + after.width() + 20 <= look.width {
        let (before, after) = (look.paint(REMOVED, &before), look.paint(ADDED, &after));
        out.push_str(&format!("    {sign}{colon}{order} {before} → {after}\n"));
    } else {
        let (before, after) = (look.paint(REMOVED, &format!("- {before}")), look.paint(ADDED, &format!("+ {after}")));
        out.push_str(&format!("    {sign}{colon}{order}\n      {before}\n      {after}\n"));
    }
}

/// Lines that differ, each with two lines around it.
fn lines(before: &str, after: &str, look: Look, out: &mut String) {
    let (before, after, mut more) = lines::clipped(before, after);
    let diff = TextDiff::from_lines(before, after);
    let mut left = LINES;
    'all: for (i, group) in diff.grouped_ops(2).iter().enumerate() {
        if i > 0 {
            out.push_str("      …\n");
        }
        for line in group.iter().flat_map(|op| diff.iter_changes(op)) {
            if left == 0 {
                more = true;
                break 'all;
            }
            left -= 1;
            let (sign, style) = match line.tag() {
                ChangeTag::Delete => ("-", REMOVED),
                ChangeTag::Insert => ("+", ADDED),
                ChangeTag::Equal => (" ", DIM),
            };
            let text = cut(&one_line(line.value().trim_end_matches(['\n', '\r'])));
            out.push_str(&format!("      {}\n", look.paint(style, format!("{sign} {text}").trim_end())));
        }
    }
    if more {
        out.push_str("      … more lines differ\n");
    }
}

fn shown(value: Option<&Json>) -> String {
    cut(&in_full(value))
}

/// A value on one line: strings bare where nobody could take them for something else.
pub(super) fn in_full(value: Option<&Json>) -> String {
    let text = match value {
        None => String::new(),
        Some(Json::String(s)) if bare(s) => s.clone(),
        Some(value) => value.to_string(),
    };
    one_line(&visible(&text))
}

fn bare(s: &str) -> bool {
    let other = s.is_empty() || matches!(s, "true" | "false" | "null") || s.parse::<f64>().is_ok();
    !other && s.trim() == s && !s.starts_with(['{', '[', '"'])
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
    }
}

/// `4 changes in 2 objects of 1 cluster: 1 queue reset, 3 reloads`, the gravest first.
fn summary(clusters: &[ClusterChanges<'_>], moves: Option<&Moves>) -> String {
    let all: Vec<&Change> = clusters.iter().flat_map(|c| c.changes).collect();
    let objects: usize =
        clusters.iter().map(|c| c.changes.chunk_by(|a, b| a.object == b.object && a.file == b.file).count()).sum();
    let mut causes: BTreeMap<Cause, usize> = BTreeMap::new();
    for because in all.iter().filter_map(|c| c.because.as_ref()) {
        *causes.entry(because.cause).or_default() += 1;
    }
    let touched = clusters.iter().filter(|c| !c.changes.is_empty()).count();
    let mut effects: BTreeMap<Effect, usize> = BTreeMap::new();
    for change in &all {
        *effects.entry(change.effect).or_default() += 1;
    }
    effects.remove(&Effect::None);
    let mut words: Vec<String> = causes.iter().map(|(cause, n)| format!("{n} × {}", cause.name())).collect();
    words.extend(effects.iter().rev().map(|(effect, n)| format!("{n} × {}", effect.name())));
    // What a live cluster does not have is told by its cause.
    let removed = all.iter().filter(|c| c.path.is_empty() && c.edit == Edit::Removed && c.because.is_none());
    let (objects_gone, others): (Vec<&Change>, Vec<&Change>) = removed.partition(|c| c.object.is_some());
    let clusters_gone = others.iter().filter(|c| c.file == INDEX).count();
    let gone = [(objects_gone.len(), "object removed"), (clusters_gone, "cluster gone")];
    words.extend(gone.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} × {what}")));
    words.extend(moves.map(moves::words).unwrap_or_default());
    let mut head =
        format!("{} in {} of {}", count(all.len(), "change"), count(objects, "object"), count(touched, "cluster"));
    if !words.is_empty() {
        head = format!("{head}: {}", words.join(", "));
    }
    let lives: Vec<&Live<'_>> = clusters.iter().filter_map(|c| c.live.as_ref()).collect();
    let unverified: usize = lives.iter().flat_map(|l| l.unverified).map(|u| u.objects.len().max(1)).sum();
    if !lives.is_empty() {
        let compared: usize = lives.iter().map(|l| l.compared).sum();
        head = format!("{head}; {} compared in {}", count(compared, "object"), count(lives.len(), "cluster"));
    }
    if let Some(accepted) = lives.iter().filter_map(|l| l.accepted).reduce(|a, b| a + b) {
        head = format!("{head}; the servers would take {}", count(accepted, "object"));
    }
    let refused: usize = lives.iter().map(|l| l.refused.len()).sum();
    if refused > 0 {
        head = format!("{head}; {refused} REFUSED");
    }
    if unverified > 0 {
        head = format!("{head}; {unverified} NOT verified");
    }
    head
}

fn as_json(clusters: &[ClusterChanges<'_>], sources: &Sources, masks: &mut Masks) -> Json {
    let mut all = Vec::new();
    for cluster in clusters {
        let lookup = cluster.lookup(sources);
        all.extend(cluster.changes.iter().map(|c| {
            let object = c.object.as_ref().map(|id| {
                json!({
                    "apiVersion": id.api_version, "kind": id.kind, "namespace": id.namespace, "name": id.name,
                })
            });
            let mut one = json!({
                "cluster": cluster.cluster,
                "object": object,
                "file": c.file,
                "path": c.path,
                "edit": c.edit.name(),
                "before": c.before,
                "after": c.after,
                "effect": c.effect.name(),
                "consequence": c.consequence,
                "pods": c.pods.and_then(|pods| Pods::sum([pods])).map(|(count, exact)| json!({ "count": count, "exact": exact })),
                "origin": lookup.json(c.origin),
                "originBefore": cluster.lookup_was().map(|l| l.json(c.was)),
            });
            if let Some(because) = &c.because {
                (one["cause"], one["by"]) = (because.cause.name().into(), because.by.as_str().into());
            }
            one
        }));
    }
    let lives: Vec<Json> = clusters.iter().filter_map(|c| Some(live::as_json(c.cluster, &c.live?, masks))).collect();
    let mut document = json!({ "format_version": 1, "changes": all });
    if !lives.is_empty() {
        document["clusters"] = lives.into();
    }
    document
}

#[cfg(test)]
mod tests;
