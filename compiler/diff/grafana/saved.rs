//! Who saved what a Grafana has, and what follows from it.

use serde_json::Value as Json;

use super::{DASHBOARD, id};
use crate::diag::Origin;
use crate::diff::{Because, Cause, Change, Side, removed};
use crate::emit::MANAGED_BY;
use crate::object::Tree;

/// As Grafana calls whoever has no account: its own provisioning too.
const NOBODY: &str = "Anonymous";
/// Who has saved something, where Grafana does not say.
const NO_NAME: &str = "nobody it names";
/// What the uids of our dashboards begin with.
const OURS: &str = "watershed-";

/// The last time something was saved.
pub(super) struct Saved<'j> {
    /// The login; `None` where Grafana names nobody.
    pub by: Option<&'j str>,
    pub at: &'j str,
    pub version: Option<u64>,
    /// It came by a file.
    pub provisioned: bool,
}

impl<'j> Saved<'j> {
    pub(super) fn of_dashboard(answer: &'j Json) -> Self {
        let text = |key: &str| answer.pointer(&format!("/meta/{key}")).and_then(Json::as_str).unwrap_or_default();
        // Where people may save what came by a file, only the file's name tells that it did.
        let provisioned = answer.pointer("/meta/provisioned").and_then(Json::as_bool) == Some(true);
        Saved {
            by: Some(text("updatedBy")).filter(|by| !by.is_empty() && *by != NOBODY),
            at: text("updated"),
            version: answer.pointer("/meta/version").and_then(Json::as_u64),
            provisioned: provisioned || !text("provisionedExternalId").is_empty(),
        }
    }

    /// How a difference came about. `unapproved`: whether the compiled value was not approved yet, if that is known.
    pub(super) fn judge(&self, by_operator: bool, unapproved: Option<bool>) -> Because {
        let because = |cause: Cause| Because { cause, by: self.words() };
        let pending = || Because { cause: Cause::Pending, by: String::new() };
        match (self.by, unapproved) {
            // The operator has an account like everybody, and saves what it was given.
            (_, Some(true)) if by_operator => pending(),
            (Some(_), Some(true)) => because(Cause::PendingStale),
            (Some(_), _) => because(Cause::Drift),
            (None, Some(true)) => pending(),
            // Whoever has saved it over a file is named; so it is the file that has something else.
            (None, _) if self.provisioned => {
                Because { cause: Cause::Pending, by: format!("Grafana has read an older file: {}", self.words()) }
            }
            (None, _) => because(Cause::Drift),
        }
    }

    fn words(&self) -> String {
        let saved = match (self.by, self.at) {
            (None, "") => None,
            (by, "") => Some(format!("saved by {}", by.unwrap_or(NO_NAME))),
            (by, at) => Some(format!("saved by {} at {at}", by.unwrap_or(NO_NAME))),
        };
        let version = self.version.map(|v| format!("version {v}"));
        let way = if self.provisioned { "provisioned" } else { "not provisioned" };
        [saved, version, Some(way.to_owned())].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// A dashboard that a search has found and nothing compiled asks for, if it is of our fleet: one that was ours, or a copy
/// that somebody has made. `answer` is the dashboard itself.
pub fn left_over(hit: &Json, answer: Option<&Json>, fleet: &str) -> Option<Change> {
    let uid = hit.get("uid").and_then(Json::as_str)?;
    let tags: Vec<&str> = hit.get("tags")?.as_array()?.iter().filter_map(Json::as_str).collect();
    if !tags.contains(&MANAGED_BY) || !tags.contains(&fleet) {
        return None;
    }
    let mut tree = Tree::new();
    let document = answer.and_then(|a| a.get("dashboard")).unwrap_or(hit);
    let root = tree.add_json("", document, Origin::INHERIT);
    let mut change = removed(&id(DASHBOARD, uid), "", Side::new(&tree, root));
    (change.origin, change.was) = (Origin::INHERIT, Origin::INHERIT);
    let saved = answer.map(|answer| Saved::of_dashboard(answer).words()).unwrap_or_default();
    let cause = if uid.starts_with(OURS) { Cause::Orphan } else { Cause::Extra };
    let by = match cause {
        Cause::Orphan if saved.is_empty() => String::new(),
        Cause::Orphan => format!("{}: {saved}", cause.words()),
        _ if saved.is_empty() => "a copy of one of ours".to_owned(),
        _ => format!("a copy of one of ours, {saved}"),
    };
    change.because = Some(Because { cause, by });
    Some(change)
}
