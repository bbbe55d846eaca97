//! Dashboards, data sources and folders as they are compiled against what a Grafana has.
//!
//! Grafana keeps no owner of a field. It tells of a dashboard who saved it last, when, how often, and whether it came by a
//! file (`provisioned`); what came by a file nobody is named for. Of a data source it tells whether it came by a file
//! (`readOnly`), and of its secrets their names.

mod saved;
mod shelf;
mod sources;

use std::collections::BTreeMap;

use serde_json::Value as Json;

pub use self::saved::left_over;
pub use self::shelf::{DASHBOARD, DATA_SOURCE, FOLDER, Shelf, id};
pub use self::sources::{compare_source, orphaned};

use self::saved::Saved;
use super::{Because, Cause, Change, Edit, Effect, Hidden, Ignore, Rules, Side, added, compare};
use crate::diag::Origin;
use crate::object::Tree;

/// What comparisons have in common.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What is compiled.
    pub wanted: &'a Shelf,
    /// What reviewers approved last; `None` where nobody knows.
    pub approved: Option<&'a Shelf>,
    /// Name of the fleet, which all our dashboards have as a tag.
    pub fleet: &'a str,
    pub ignores: &'a [Ignore],
    pub rules: &'a Rules<'a>,
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct InGrafana {
    pub changes: Vec<Change>,
    pub hidden: BTreeMap<Hidden, usize>,
    /// How many differences each of [`Scene::ignores`] took back.
    pub ignored: BTreeMap<usize, usize>,
}

/// A dashboard, by its uid, against what Grafana answers: `{dashboard, meta}`, or that there is none.
pub fn compare_dashboard(scene: Scene<'_>, uid: &str, answer: Option<&Json>) -> InGrafana {
    let Some(item) = scene.wanted.dashboards.get(uid) else { return InGrafana::default() };
    let object = id(DASHBOARD, uid);
    let side = scene.wanted.side(item);
    let Some(answer) = answer else {
        return absent(added(&object, &item.way.file, side), String::new());
    };
    let mut live = Tree::new();
    let root = live.add_json("", answer.get("dashboard").unwrap_or(&Json::Null), Origin::INHERIT);
    let mut changes = compare(&object, &item.way.file, Side::new(&live, root), side, scene.rules);
    let mut found = InGrafana::default();
    changes.retain(|change| {
        let own = is_grafanas_own(change);
        *found.hidden.entry(Hidden::Server).or_default() += usize::from(own);
        !own
    });
    found.hidden.retain(|_, n| *n > 0);
    let is = answer.pointer("/meta/folderTitle").and_then(Json::as_str).unwrap_or_default();
    if let Some(wanted) = scene.wanted.folder_of(item).filter(|wanted| *wanted != is) {
        changes.push(Change {
            object: Some(object.clone()),
            file: item.way.file.clone(),
            path: "folder".to_owned(),
            edit: Edit::Changed,
            in_text: false,
            handed: false,
            pods: None,
            before: Some(is.into()),
            after: Some(wanted.into()),
            effect: Effect::None,
            consequence: "".into(),
            origin: added(&object, "", side).origin,
            was: Origin::INHERIT,
            because: None,
        });
    }
    let saved = Saved::of_dashboard(answer);
    let managers: Vec<&str> = saved.by.into_iter().collect();
    scene.ignore(&mut changes, &managers, &mut found);
    let other = other_fleet(answer, scene.fleet);
    let approved = scene.approved.map(|shelf| shelf.dashboards.get(uid).map(|then| shelf.side(then)));
    let earlier = approved.map(|then| scene.earlier(&object, then, side));
    for change in &mut changes {
        change.because = Some(match &other {
            Some(fleet) => {
                Because { cause: Cause::Foreign, by: format!("it belongs to the fleet `{fleet}`, by its tags") }
            }
            None => saved.judge(item.way.by_operator, unapproved(earlier.as_ref(), &change.path)),
        });
    }
    found.changes = changes;
    found
}

/// A folder that some dashboards should be in, by its title.
pub fn compare_folders(scene: Scene<'_>, folders: &[Json]) -> InGrafana {
    let mut found = InGrafana::default();
    for item in scene.wanted.folders.values() {
        let title = scene.wanted.title(item);
        if !folders.iter().any(|f| f.get("title").and_then(Json::as_str) == Some(title)) {
            let change = added(&id(FOLDER, title), &item.way.file, scene.wanted.side(item));
            found.changes.extend(absent(change, String::new()).changes);
        }
    }
    found
}

impl Scene<'_> {
    /// Takes back what the spec leaves to somebody else.
    fn ignore(&self, changes: &mut Vec<Change>, managers: &[&str], found: &mut InGrafana) {
        changes.retain(|change| {
            let Some(object) = &change.object else { return true };
            let taken = |ignore: &Ignore| ignore.is_about(object) && ignore.takes(change, managers);
            let by = self.ignores.iter().position(taken);
            by.map(|by| *found.ignored.entry(by).or_insert(0) += 1).is_none()
        });
    }

    /// Paths that differ between what was approved and what is compiled; `None` where there was no such thing.
    fn earlier(&self, object: &crate::object::ObjectId, then: Option<Side<'_>>, now: Side<'_>) -> Option<Vec<String>> {
        let changes = compare(object, "", then?, now, self.rules);
        Some(changes.into_iter().map(|change| change.path).collect())
    }
}

/// Whether what differs at a path was not approved yet, if anything was.
fn unapproved(earlier: Option<&Option<Vec<String>>>, path: &str) -> Option<bool> {
    earlier.map(|paths| paths.as_ref().is_none_or(|paths| paths.iter().any(|p| super::live::overlap(p, path))))
}

fn absent(mut change: Change, by: String) -> InGrafana {
    let by = if by.is_empty() { "it is not there".to_owned() } else { by };
    change.because = Some(Because { cause: Cause::Pending, by });
    InGrafana { changes: vec![change], ..InGrafana::default() }
}

/// The fleet that a dashboard says it is of, where that is not ours.
fn other_fleet<'a>(answer: &'a Json, fleet: &str) -> Option<&'a str> {
    let tags: Vec<&str> = answer.pointer("/dashboard/tags")?.as_array()?.iter().filter_map(Json::as_str).collect();
    let is_ours = tags.contains(&fleet) || !tags.contains(&crate::emit::MANAGED_BY);
    tags.into_iter().find(|tag| *tag != crate::emit::MANAGED_BY).filter(|_| !is_ours)
}

/// What Grafana numbers, migrates and fills in by itself, on either side.
fn is_grafanas_own(change: &Change) -> bool {
    let path = bare(&change.path);
    let steps: Vec<&str> = path.split('.').collect();
    let last = steps.last().copied().unwrap_or_default();
    let below_panel = steps.first() == Some(&"panels");
    if matches!(steps[..], ["id" | "version" | "iteration" | "schemaVersion" | "gnetId"]) || last == "pluginVersion" {
        return true;
    }
    let only = match change.edit {
        Edit::Removed => change.before.as_ref(),
        Edit::Added => change.after.as_ref(),
        Edit::Changed | Edit::Reordered | Edit::Renamed => None,
    };
    let Some(value) = only else { return false };
    if is_empty(value) {
        return true;
    }
    // What is asked for and not there is never Grafana's doing.
    if change.edit == Edit::Added {
        return false;
    }
    match steps[..] {
        // The list of annotations that every dashboard has.
        ["annotations", "list"] => value.get("builtIn").and_then(Json::as_u64) == Some(1),
        [top] => !matches!(
            top,
            "panels"
                | "templating"
                | "links"
                | "annotations"
                | "title"
                | "tags"
                | "description"
                | "time"
                | "refresh"
                | "timezone"
        ),
        _ if below_panel && last == "thresholds" => is_usual(value),
        // How a panel looks in every respect that nobody has chosen.
        _ => {
            below_panel
                && !is_item(&change.path)
                && (steps.contains(&"options") || steps.contains(&"custom") || steps.ends_with(&["defaults", "color"]))
        }
    }
}

/// Whether a path leads to an item of a list. What somebody has put into one that is compiled, be it as empty, Grafana has
/// not filled in; a list of its own comes as a whole.
fn is_item(path: &str) -> bool {
    path.ends_with(']') && !path.ends_with("\"]")
}

/// The thresholds that the editor writes into every panel.
fn is_usual(thresholds: &Json) -> bool {
    let steps = thresholds.get("steps").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let is = |step: &Json, colour: &str, from: Option<f64>| {
        step.get("color").and_then(Json::as_str) == Some(colour) && step.get("value").and_then(Json::as_f64) == from
    };
    matches!(steps, [a, b] if (is(a, "green", None) || is(a, "green", Some(0.0))) && is(b, "red", Some(80.0)))
}

/// What is the same as nothing.
fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Bool(true) => false,
        Json::Number(n) => n.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
    }
}

/// A path without what its lists' items are called, which may be anything.
fn bare(path: &str) -> String {
    let mut depth = 0usize;
    let mut out = String::new();
    for c in path.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests;
