//! What is known of how an object came to be as it is, and the cause of each difference by that.

use serde_json::Value as Json;

use super::owners::{Manager, Owners};
use super::{Live, MARK, Ours, known};
use crate::diff::{Because, Cause, Change, Edit, Side};

/// How something of earlier differs from what is compiled now.
#[derive(Default)]
pub(super) struct Earlier {
    changes: Vec<Change>,
    /// There was no such object at all.
    absent: bool,
}

impl Earlier {
    pub fn of(changes: Option<Vec<Change>>) -> Self {
        Earlier { absent: changes.is_none(), changes: changes.unwrap_or_default() }
    }

    /// The difference it had at the same place.
    fn at(&self, path: &str) -> Option<&Change> {
        self.changes.iter().find(|c| overlap(&c.path, path))
    }

    fn differs(&self, path: &str) -> bool {
        self.absent || self.at(path).is_some()
    }

    /// How many of its differences the live object no longer has.
    pub fn settled(&self, live: &[Change]) -> usize {
        self.changes.iter().filter(|c| !live.iter().any(|l| overlap(&l.path, &c.path))).count()
    }
}

/// Whether one path is the other, or leads to it. The rest of a list or map may be any of its entries.
pub fn overlap(a: &str, b: &str) -> bool {
    let [a, b] = [a, b].map(|path| path.strip_suffix(crate::diff::room::OF_REST).unwrap_or(path));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || short.is_empty() || rest.starts_with(['.', '[']))
}

pub(super) struct Evidence<'a> {
    pub approved: Option<Earlier>,
    /// What `kubectl apply` has noted, and how that differs from what is compiled.
    pub noted: Option<&'a Json>,
    pub applied: Option<Earlier>,
    pub owners: &'a Owners,
    pub ours: &'a Ours,
}

impl Evidence<'_> {
    pub fn judge_all(&self, changes: &mut [Change]) {
        for change in &mut *changes {
            change.because = Some(self.judge(change));
        }
        // Where something of an object is certainly not applied yet, what is missing in it may be so, too.
        let waits = |c: &Change| c.because.as_ref().is_some_and(|b| b.cause == Cause::Pending);
        if changes.iter().any(waits) {
            let gone = |b: &&mut Because| b.cause == Cause::Drift && (b.by == GONE || b.by == UNTOLD);
            for because in changes.iter_mut().filter_map(|c| c.because.as_mut()).filter(gone) {
                *because = Because { cause: Cause::Pending, by: MISSING.to_owned() };
            }
        }
    }

    fn judge(&self, change: &Change) -> Because {
        let owners: Vec<&Manager> = self.owners.of(change.was).collect();
        let (mine, others): (Vec<&Manager>, Vec<&Manager>) = owners.into_iter().partition(|m| m.ours);
        let within = match change.edit {
            _ if change.in_text => true,
            Edit::Added => self.owners.is_around_within(change.was),
            _ => self.owners.is_within(change.was),
        };
        let (cause, by) = match change.edit {
            Edit::Added if !within => self.missing(change),
            Edit::Removed if !within => self.surplus(change, !mine.is_empty(), &others),
            _ => self.other(change, &mine, &others),
        };
        Because { cause, by }
    }

    /// Something that the live object does not have.
    fn missing(&self, change: &Change) -> (Cause, String) {
        if let Some(applied) = &self.applied {
            let pending = applied.differs(&change.path);
            return if pending { (Cause::Pending, String::new()) } else { (Cause::Drift, TAKEN.to_owned()) };
        }
        self.untold(change)
    }

    /// Something that is not as it is compiled, and nobody owns it who could have done that.
    fn untold(&self, change: &Change) -> (Cause, String) {
        let unapproved = self.approved.as_ref().is_none_or(|a| a.differs(&change.path));
        let applied = self.applied_by_us().next().is_some();
        if unapproved || (self.owners.recorded && !applied) {
            (Cause::Pending, String::new())
        } else {
            (Cause::Drift, if change.edit == Edit::Added { GONE } else { UNTOLD }.to_owned())
        }
    }

    /// Something in the live object that nobody asks for, and that can be left there.
    fn surplus(&self, change: &Change, mine: bool, others: &[&Manager]) -> (Cause, String) {
        match &self.applied {
            Some(applied) => match applied.at(&change.path) {
                Some(then) if others.is_empty() || then.before == change.before => {
                    (Cause::Pending, self.as_applied(change))
                }
                Some(_) => (Cause::PendingStale, who(others)),
                // It was not applied, under whatever name.
                None => (Cause::Extra, self.whoever(change)),
            },
            None if mine && others.is_empty() => (Cause::Pending, self.as_applied(change)),
            // Who owns it too keeps it.
            None if mine => (Cause::Extra, shared(others)),
            None if !self.owners.recorded && self.was_approved(change) => (Cause::Pending, String::new()),
            None => (Cause::Extra, self.whoever(change)),
        }
    }

    /// Another value: of a field, or of something that is one value with all that is in it.
    fn other(&self, change: &Change, mine: &[&Manager], others: &[&Manager]) -> (Cause, String) {
        if let Some(applied) = &self.applied {
            return match applied.at(&change.path) {
                Some(then) if then.before == change.before => (Cause::Pending, self.as_applied(change)),
                Some(_) => (Cause::PendingStale, who(others)),
                None if others.is_empty() && change.edit == Edit::Added => (Cause::Drift, TAKEN.to_owned()),
                None => (Cause::Drift, self.whoever(change)),
            };
        }
        let unapproved = self.approved.as_ref().is_some_and(|a| a.differs(&change.path));
        match (mine, others) {
            _ if self.was_approved(change) => {
                (Cause::Pending, if others.is_empty() { String::new() } else { shared(others) })
            }
            ([], []) if self.owners.recorded => self.untold(change),
            (_, []) if self.owners.recorded => (Cause::Pending, self.as_applied(change)),
            (mine, others) if !mine.is_empty() => (Cause::Pending, shared(others)),
            _ => (if unapproved { Cause::PendingStale } else { Cause::Drift }, who(others)),
        }
    }

    /// Who has applied what waits to be replaced, where that is not what was approved just before: it was once, or somebody
    /// has applied by hand.
    fn as_applied(&self, change: &Change) -> String {
        let mine: Vec<&Manager> = self.owners.of(change.was).filter(|m| m.ours).collect();
        if mine.is_empty() || self.was_approved(change) {
            return String::new();
        }
        format!("as applied by {}", who(&mine))
    }

    /// Whether the live object has here what was approved, and that is not what is compiled.
    fn was_approved(&self, change: &Change) -> bool {
        let then = self.approved.as_ref().and_then(|approved| approved.at(&change.path));
        then.is_some_and(|then| then.path == change.path && then.before == change.before)
    }

    /// Who has written what nobody has applied: under a name that our output came by, too.
    fn whoever(&self, change: &Change) -> String {
        let (mine, others): (Vec<&Manager>, Vec<&Manager>) = self.owners.of(change.was).partition(|m| m.ours);
        match (&mine[..], &others[..]) {
            ([], []) if self.owners.recorded => if self.owners.partial { ELSEWHERE } else { NOBODY }.to_owned(),
            (mine, []) => who(mine),
            (_, others) => who(others),
        }
    }

    fn applied_by_us(&self) -> impl Iterator<Item = &Manager> {
        self.owners.managers().iter().filter(|m| m.ours)
    }

    /// Whether an object without all of our marks is ours all the same: it was applied with them, and somebody else has
    /// changed them or taken them away since.
    pub fn has_lost_marks(&self, was: Side<'_>) -> bool {
        if let Some(noted) = self.noted {
            return Live(noted).is_marked(self.ours);
        }
        let other_mark_of_ours = |(key, value): &(String, String)| {
            let label = was.tree.at(was.root, &["metadata", "labels", key]);
            let is_other = |label| was.tree.as_str(label) != Some(value);
            let applies = |m: &Manager| known::is_ours(m, &self.ours.aliases);
            let is_applied = |label| self.owners.of(was.tree.origin(label)).any(applies);
            label.is_some_and(|label| is_other(label) && is_applied(label))
        };
        // Others' objects come by Helm and Argo CD, too.
        let own = |m: &Manager| m.name == MARK || self.ours.aliases.contains(&m.name);
        self.owners.managers().iter().any(own) && !self.ours.labels.iter().any(other_mark_of_ours)
    }
}

/// Others who say the same as we said last: applying then needs to take it from them.
fn shared(others: &[&Manager]) -> String {
    format!("{} owns it too", who(others))
}

/// The server does not keep who took something away.
const GONE: &str = "taken away, or never applied";
const TAKEN: &str = "taken away";
/// Webhooks own nothing of what they write, nor does who scales a custom resource.
const NOBODY: &str = "nobody the server names (a webhook, perhaps)";
const ELSEWHERE: &str = "nobody the server names (through another version of the API, perhaps)";
const UNTOLD: &str = "nobody the server names (a webhook, perhaps), or never applied";
const MISSING: &str = "not applied yet, or taken away";

pub(super) fn who(managers: &[&Manager]) -> String {
    let one = |m: &&Manager| {
        let name = match known::by_manager(m) {
            Some(known) => format!("{} ({})", known.name(), m.name),
            None => m.name.clone(),
        };
        let through = if m.subresource.is_empty() { String::new() } else { format!(" through {}", m.subresource) };
        let at = if m.time.is_empty() { String::new() } else { format!(" at {}", m.time) };
        format!("{name}{through}{at}")
    };
    managers.iter().map(one).collect::<Vec<_>>().join(", ")
}
