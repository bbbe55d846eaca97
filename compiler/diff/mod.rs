//! Typed changes between two sides of a cluster's output, and what each of them does when applied.
//!
//! It compares by structure, never by line: maps by key, lists by what makes an item the same item,
//! documents inside strings as documents. It knows nothing of rendering; [`report`](crate::report)
//! shows changes.

mod against;
mod compare;
mod effects;
mod embedded;
mod grafana;
mod heirs;
mod helm;
mod impact;
mod likeness;
mod lists;
mod live;
mod pods;
mod queues;
mod renames;
mod room;
mod routes;
mod shrinking;
mod whole;

pub use against::{Earlier, FileChange, Folder, Sides, compared, files};
pub use compare::{added, compare, removed};
pub use effects::Effect;
pub use grafana::{
    DASHBOARD, DATA_SOURCE, FOLDER, InGrafana, Scene, Shelf, compare_dashboard, compare_folders, compare_source,
    id as id_in_grafana, left_over, orphaned,
};
pub use heirs::{Numbered, hint, new_identity};
pub use helm::{Release, Revision, compare_release, deployed, that_count};
pub use impact::{Load, Loads, Moved, Moves, Promised, Promises, moved, promised};
pub use live::{
    Approved, Found, Hidden, Ignore, Live, Ours, Takeover, Tried, Wanted, compare_live, leave_to_others, takeover,
    tried,
};
pub use pods::{Pods, Setting, settle};
pub use renames::{join_renames, link_renames};
pub use routes::{OTHERS, Rerouted, RouteWays, Routes, rerouted};

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::diag::Origin;
use crate::object::{NodeId, ObjectId, Tree, Value};

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// `None` in a file that holds no object.
    pub object: Option<ObjectId>,
    /// Relative to the cluster's folder.
    pub file: String,
    /// `spec.remoteWrite[central].url`; empty where it is about the whole object. `data[…]` is all of the entries that are
    /// too many to be told one by one; its values say how many.
    pub path: String,
    pub edit: Edit,
    /// It is inside of a string that holds a document: to an API server one value with all that is in it.
    pub in_text: bool,
    /// An argument behind a flag that takes credentials, which its path does not tell.
    pub handed: bool,
    /// The values, as JSON; those of a Secret are hidden. Of reordered lists the keys in order.
    pub before: Option<Json>,
    pub after: Option<Json>,
    pub effect: Effect,
    /// What the effect means here, in words; may be empty.
    pub consequence: Cow<'static, str>,
    /// The pods that are replaced, where any are.
    pub pods: Option<Pods>,
    /// Where the new value comes from. Of a removed value, where its parent does.
    pub origin: Origin,
    /// Where the old value came from, by the causes of the old side; nothing where that was read from
    /// files.
    pub was: Origin,
    /// How the two sides came to differ, where one of them is a live cluster.
    pub because: Option<Because>,
}

impl Change {
    /// Whether it stands for differences that are counted and not told one by one.
    pub fn is_of_rest(&self) -> bool {
        self.path.ends_with(room::OF_REST)
    }
}

/// How a live object came to differ from what is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    pub cause: Cause,
    /// Who and when, as far as the cluster tells: `kubectl-edit at 2026-11-22T10:00:00Z`; or empty.
    pub by: String,
}

/// The one cause of a difference to a live cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Compiled and not applied yet: live is as it was applied last.
    Pending,
    /// Compiled and not applied yet, and somebody has changed the live value meanwhile.
    PendingStale,
    /// Changed outside.
    Drift,
    /// Added outside. Applying does not take it away.
    Extra,
    /// It carries our marks, and nothing of the spec asks for it any more.
    Orphan,
    /// An object of this name is there, and it is somebody else's.
    Foreign,
    /// Nobody of ours has made it, and a Prometheus of ours selects it.
    Selected,
    /// What the server would make of it is something else: a webhook changes it, or the server itself. From what is
    /// compiled to what would be there.
    Rewritten,
}

impl Cause {
    pub const ALL: [Cause; 8] = [
        Cause::Pending,
        Cause::PendingStale,
        Cause::Drift,
        Cause::Extra,
        Cause::Orphan,
        Cause::Foreign,
        Cause::Selected,
        Cause::Rewritten,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Cause::Pending => "pending",
            Cause::PendingStale => "pending+stale",
            Cause::Drift => "drift",
            Cause::Extra => "extra",
            Cause::Orphan => "orphan",
            Cause::Foreign => "foreign",
            Cause::Selected => "selected",
            Cause::Rewritten => "rewritten",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Cause::Pending => "not applied yet",
            Cause::PendingStale => "not applied yet, and changed outside meanwhile",
            Cause::Drift => "changed outside",
            Cause::Extra => "added outside; applying does not take it away",
            Cause::Orphan => "ours, and nothing asks for it any more",
            Cause::Foreign => "somebody else's object",
            Cause::Selected => "nobody's of ours, and a Prometheus of ours selects it",
            Cause::Rewritten => "compiled → what the server would make of it",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    Added,
    Removed,
    Changed,
    /// The same items in another order.
    Reordered,
    /// An object under another name (and perhaps with other changes).
    Renamed,
}

impl Edit {
    pub fn name(self) -> &'static str {
        match self {
            Edit::Added => "added",
            Edit::Removed => "removed",
            Edit::Changed => "changed",
            Edit::Reordered => "reordered",
            Edit::Renamed => "renamed",
        }
    }
}

/// On which side a cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// On both, under the same name.
    Kept,
    /// On both by its identity; the name it had.
    Renamed(String),
    Added,
    Removed,
}

/// One side of a comparison: a document in a tree.
#[derive(Debug, Clone, Copy)]
pub struct Side<'t> {
    pub tree: &'t Tree,
    pub root: NodeId,
}

/// What is known of a list field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListKind {
    /// Nothing is known, or it is replaced whole: items are matched by `name` or by likeness.
    Plain,
    Set,
    /// Items are known by these fields.
    Keyed(Vec<String>),
}

/// Whether two scalars at a path of an object mean the same.
pub type Equal = dyn Fn(&ObjectId, &[String], Value<'_>, Value<'_>) -> bool;

/// What the comparison asks of others.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The kind of the list at a path of an object; `*` stands for an item of a list.
    pub lists: &'a dyn Fn(&ObjectId, &[String]) -> ListKind,
    /// Reads the documents of a YAML (or JSON) text into a tree; `None` where it is neither.
    pub parse: &'a dyn Fn(&str, &mut Tree) -> Option<Vec<NodeId>>,
    /// Whether two different scalars at a path of an object mean the same: `1000m` and `1`.
    pub equal: &'a Equal,
}

#[cfg(test)]
mod tests;
