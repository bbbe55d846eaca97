//! A compiled object against the live one: what differs, and for each difference the one cause.
//!
//! Four things are known of an object: what is compiled now, what reviewers approved (the checked-in output), what is
//! live, and which fields of that were applied by us (`managedFields`, or what `kubectl apply` notes). Reading them
//! takes no right but to list.

mod defaults;
mod ignored;
mod known;
mod owners;
mod visible;

use std::collections::BTreeMap;

use serde_json::Value as Json;

pub use ignored::Ignore;
pub use visible::Hidden;

use self::known::is_ours;
use self::owners::{LAST_APPLIED, Manager, Operation, Owners};
use super::{Because, Cause, Change, Edit, Rules, Side, compare, removed};
use crate::catalog::fields;
use crate::diag::Origin;
use crate::object::{ObjectId, Tree, Value};

/// A compiled object.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub id: &'a ObjectId,
    pub file: &'a str,
    pub side: Side<'a>,
    pub approved: Approved<'a>,
}

/// What reviewers approved last.
#[derive(Clone, Copy)]
pub enum Approved<'a> {
    /// Nobody knows: there is no checked-in output.
    Unknown,
    /// What is compiled now.
    Same,
    /// Something else, or (`None`) that there is no such object.
    Other(Option<Side<'a>>),
}

/// How our objects are told from others'.
#[derive(Debug, Clone, Default)]
pub struct Ours {
    /// Labels that all of ours have.
    pub labels: Vec<(String, String)>,
    /// Field managers that apply our output, besides those that are known.
    pub aliases: Vec<String>,
    /// What the spec leaves to somebody else.
    pub ignores: Vec<Ignore>,
    /// What is compared is known to have been applied as it is: the manifest of a Helm release.
    pub applied: bool,
}

/// A live object with what its marks say.
#[derive(Debug, Clone, Copy)]
pub struct Live<'j>(pub &'j Json);

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Found {
    pub changes: Vec<Change>,
    pub hidden: BTreeMap<Hidden, usize>,
    /// How many differences each of [`Ours::ignores`] took back.
    pub ignored: BTreeMap<usize, usize>,
    /// Changes that are not approved yet and live already.
    pub ahead: usize,
    /// The server told no owners: who has changed something cannot be said.
    pub ownerless: bool,
}

impl Live<'_> {
    fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer).and_then(Json::as_str)
    }

    /// Identity, as far as it says one.
    pub fn id(&self) -> Option<ObjectId> {
        Some(ObjectId {
            api_version: self.text("/apiVersion")?.to_owned(),
            kind: self.text("/kind")?.to_owned(),
            namespace: self.text("/metadata/namespace").unwrap_or_default().to_owned(),
            name: self.text("/metadata/name")?.to_owned(),
        })
    }

    /// Whether it carries all our marks.
    pub fn is_marked(&self, ours: &Ours) -> bool {
        let labels = self.0.pointer("/metadata/labels");
        ours.labels.iter().all(|(key, value)| labels.and_then(|l| l.get(key)?.as_str()) == Some(value))
    }

    /// When its deletion was asked for, if it was.
    pub fn terminating(&self) -> Option<&str> {
        self.text("/metadata/deletionTimestamp")
    }

    /// An object with our marks that somebody else has made: controllers hand labels on to what they make (an
    /// operator to its StatefulSets, a Service to its EndpointSlices).
    pub fn is_made_by_others(&self) -> bool {
        let owned = self.0.pointer("/metadata/ownerReferences").and_then(Json::as_array).is_some_and(|o| !o.is_empty());
        let mut tree = Tree::new();
        let (owners, _) = Owners::read(self.0, &mut tree);
        owned || owners.managers().first().is_some_and(|m| known::by_manager(m).is_some())
    }

    /// Whom it belongs to, where it is not ours.
    fn holder(&self) -> String {
        let release = self.text("/metadata/annotations/meta.helm.sh~1release-name");
        let by = self.text("/metadata/labels/app.kubernetes.io~1managed-by");
        match (release, by, self.text("/metadata/labels/watershed~1fleet")) {
            (Some(release), ..) => format!("the Helm release `{release}`"),
            (None, Some(MARK), Some(fleet)) => format!("the fleet `{fleet}`, or another cluster of it"),
            (None, Some(by), _) => format!("`{by}`, by its label"),
            _ => "nobody, by its labels".to_owned(),
        }
    }

    /// As a change: nothing asks for it any more.
    pub fn orphan(&self, id: &ObjectId) -> Change {
        let mut tree = Tree::new();
        let (_, root) = Owners::read(self.0, &mut tree);
        let mut change = removed(id, "", Side::new(&tree, root));
        (change.origin, change.was) = (Origin::INHERIT, Origin::INHERIT);
        change.because = Some(Because { cause: Cause::Orphan, by: String::new() });
        change
    }
}

/// Value of the label that all we make carries.
const MARK: &str = "watershed";

/// The differences of a live object to what is compiled, each with its cause.
pub fn compare_live(wanted: Wanted<'_>, live: Live<'_>, ours: &Ours, rules: &Rules<'_>) -> Found {
    let Wanted { id, file, .. } = wanted;
    let (mut is, mut was) = (Tree::new(), Tree::new());
    let (owners, was_root) = Owners::read(live.0, &mut was);
    let is_root = is.copy(wanted.side.tree, wanted.side.root, "");
    let table = fields::table(&id.api_version, &id.kind).map(|t| t.root());
    let applied = match ours.applied {
        true => Some(wanted.side.tree.to_json(wanted.side.root)),
        false => last_applied(live, &owners, ours),
    };
    let known = visible::Known { owners: &owners, applied: applied.as_ref(), aliases: &ours.aliases };
    let hidden = visible::settle(&id.kind, table, (&mut was, was_root), (&mut is, is_root), known);
    let equal = |id: &ObjectId, path: &[String], a: Value<'_>, b: Value<'_>| {
        defaults::is_one_quantity(field_at(id, path), a, b)
    };
    let rules = Rules { equal: &equal, ..*rules };
    let (was, is) = (Side::new(&was, was_root), Side::new(&is, is_root));
    let mut changes = compare(id, file, was, is, &rules);

    let evidence = Evidence {
        approved: match wanted.approved {
            Approved::Unknown => None,
            Approved::Same => Some(Earlier::default()),
            Approved::Other(side) => Some(Earlier::of(side.map(|side| compare(id, file, side, wanted.side, &rules)))),
        },
        noted: applied.as_ref(),
        applied: applied.as_ref().map(|applied| {
            let mut tree = Tree::new();
            let root = tree.add_json("", applied, Origin::INHERIT);
            Earlier::of(Some(compare(id, file, Side::new(&tree, root), wanted.side, &rules)))
        }),
        owners: &owners,
        ours,
    };
    let foreign = (!live.is_marked(ours) && !evidence.has_lost_marks(was)).then(|| live.holder());
    let ahead = evidence.approved.as_ref().map_or(0, |approved| approved.settled(&changes));
    let mut ignored = BTreeMap::new();
    changes.retain(|change| {
        let managers: Vec<&str> = owners.of(change.was).map(|m| m.name.as_str()).collect();
        let taken = |ignore: &Ignore| ignore.is_about(id) && ignore.takes(change, &managers);
        let by = ours.ignores.iter().position(taken);
        by.map(|by| *ignored.entry(by).or_insert(0) += 1).is_none()
    });
    for change in &mut changes {
        change.because = Some(match &foreign {
            Some(holder) => Because { cause: Cause::Foreign, by: format!("it belongs to {holder}") },
            None => evidence.judge(change),
        });
        change.was = Origin::INHERIT;
    }
    Found { changes, hidden, ignored, ahead, ownerless: !owners.recorded }
}

fn field_at(id: &ObjectId, path: &[String]) -> Option<fields::Field> {
    let mut field = fields::table(&id.api_version, &id.kind)?.root();
    for step in path {
        field = if step == "*" { field.items()? } else { field.child(step)? };
    }
    Some(field)
}

/// What `kubectl apply` without `--server-side` has applied; `None` where our output came otherwise.
fn last_applied(live: Live<'_>, owners: &Owners, ours: &Ours) -> Option<Json> {
    if owners.managers().iter().any(|m| m.operation == Operation::Apply && is_ours(m, &ours.aliases)) {
        return None;
    }
    let text = live.0.pointer("/metadata/annotations")?.get(LAST_APPLIED)?.as_str()?;
    let mut applied: Json = serde_json::from_str(text).ok()?;
    // kubectl writes these where they are absent.
    if let Some(metadata) = applied.get_mut("metadata").and_then(Json::as_object_mut)
        && metadata.get("annotations").and_then(Json::as_object).is_some_and(serde_json::Map::is_empty)
    {
        metadata.remove("annotations");
    }
    Some(applied)
}

/// How something of earlier differs from what is compiled now.
#[derive(Default)]
struct Earlier {
    changes: Vec<Change>,
    /// There was no such object at all.
    absent: bool,
}

impl Earlier {
    fn of(changes: Option<Vec<Change>>) -> Self {
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
    fn settled(&self, live: &[Change]) -> usize {
        self.changes.iter().filter(|c| !live.iter().any(|l| overlap(&l.path, &c.path))).count()
    }
}

/// Whether one path is the other, or leads to it.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || short.is_empty() || rest.starts_with(['.', '[']))
}

struct Evidence<'a> {
    approved: Option<Earlier>,
    /// What `kubectl apply` has noted, and how that differs from what is compiled.
    noted: Option<&'a Json>,
    applied: Option<Earlier>,
    owners: &'a Owners,
    ours: &'a Ours,
}

impl Evidence<'_> {
    fn judge(&self, change: &Change) -> Because {
        let owners: Vec<&Manager> = self.owners.of(change.was).collect();
        let others: Vec<&Manager> = owners.iter().copied().filter(|m| !is_ours(m, &self.ours.aliases)).collect();
        let mine = owners.len() > others.len();
        let path = &change.path;
        let unapproved = self.approved.as_ref().is_some_and(|a| a.differs(path));
        let by = who(&others);
        let because = |cause: Cause, by: String| Because { cause, by };
        match (change.edit, &self.applied) {
            (Edit::Added, Some(applied)) if applied.differs(path) => because(Cause::Pending, String::new()),
            (Edit::Added, Some(_)) => because(Cause::Drift, self.taker(path, mine, &others)),
            (Edit::Added, None) => self.absent(unapproved, self.taker(path, mine, &others)),
            (Edit::Removed, Some(applied)) if applied.differs(path) => because(Cause::Pending, String::new()),
            (Edit::Removed, None) if mine => because(Cause::Pending, String::new()),
            (Edit::Removed, _) => because(Cause::Extra, by),
            // A value that was applied and is live still.
            (_, Some(applied)) => match applied.at(path) {
                Some(then) if then.before == change.before => because(Cause::Pending, String::new()),
                Some(_) => because(Cause::PendingStale, by),
                None => because(Cause::Drift, by),
            },
            (_, None) if mine => because(Cause::Pending, self.shared(&others)),
            (_, None) if !self.owners.recorded => because(if unapproved { Cause::Pending } else { Cause::Drift }, by),
            (_, None) if others.is_empty() => because(Cause::Pending, String::new()),
            (_, None) => because(if unapproved { Cause::PendingStale } else { Cause::Drift }, by),
        }
    }

    /// A value that the live object does not have, where nothing tells what was applied.
    fn absent(&self, unapproved: bool, by: String) -> Because {
        let applied = self.applied_by_us().next().is_some();
        let pending = unapproved || self.approved.is_none() || (self.owners.recorded && !applied);
        if pending { Because { cause: Cause::Pending, by: String::new() } } else { Because { cause: Cause::Drift, by } }
    }

    /// Who has taken something away, as far as that is known: a list that is replaced whole belongs to whoever wrote it
    /// without an item.
    fn taker(&self, path: &str, mine: bool, others: &[&Manager]) -> String {
        let is_item = path.ends_with(']') && !path.ends_with("\"]");
        if is_item && !mine && !others.is_empty() { who(others) } else { GONE.to_owned() }
    }

    fn applied_by_us(&self) -> impl Iterator<Item = &Manager> {
        self.owners.managers().iter().filter(|m| is_ours(m, &self.ours.aliases))
    }

    /// Whether an object without all of our marks is ours all the same: it was applied with them, and somebody else has
    /// changed them or taken them away since.
    fn has_lost_marks(&self, was: Side<'_>) -> bool {
        if let Some(noted) = self.noted {
            return Live(noted).is_marked(self.ours);
        }
        let other_mark_of_ours = |(key, value): &(String, String)| {
            let label = was.tree.at(was.root, &["metadata", "labels", key]);
            let is_other = |label| was.tree.as_str(label) != Some(value);
            let is_applied = |label| self.owners.of(was.tree.origin(label)).any(|m| is_ours(m, &self.ours.aliases));
            label.is_some_and(|label| is_other(label) && is_applied(label))
        };
        // Others' objects come by Helm and Argo CD, too.
        let own = |m: &Manager| m.name == MARK || self.ours.aliases.contains(&m.name);
        self.applied_by_us().any(own) && !self.ours.labels.iter().any(other_mark_of_ours)
    }

    /// Others who say the same as we said last: applying then needs to take it from them.
    fn shared(&self, others: &[&Manager]) -> String {
        if others.is_empty() { String::new() } else { format!("{} owns it too", who(others)) }
    }
}

/// The server does not keep who took something away.
const GONE: &str = "taken away, or never applied";

fn who(managers: &[&Manager]) -> String {
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

#[cfg(test)]
mod tests;
