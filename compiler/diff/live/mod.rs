//! A compiled object against the live one: what differs, and for each difference the one cause.
//!
//! Four things are known of an object: what is compiled now, what reviewers approved (the checked-in output), what is
//! live, and which fields of that were applied by us (`managedFields`, or what `kubectl apply` notes). Reading them
//! takes no right but to list.

mod defaults;
mod evidence;
mod ignored;
mod known;
mod left;
mod owners;
mod taken;
mod tried;
mod visible;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

pub use ignored::Ignore;
pub use left::leave_to_others;
pub use taken::{Takeover, takeover};
pub use tried::{Tried, tried};
pub use visible::Hidden;

pub(super) use self::evidence::overlap;
use self::evidence::{Earlier, Evidence, who};
use self::owners::{LAST_APPLIED, Manager, Operation, Owners};
use super::{Because, Cause, Change, Edit, Effect, Rules, Side, added, compare, removed};
use crate::catalog::fields;
use crate::diag::Origin;
use crate::object::{NodeId, ObjectId, Tree, Value};

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
    /// Objects of others that become ours, as people name objects: what they differ in is told.
    pub adopted: BTreeSet<String>,
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
    /// Where each of these is: JSON pointers, with the names of items of lists.
    pub hidden_at: Vec<(Hidden, String)>,
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

    /// The cluster of a fleet that it is made for, by its label.
    pub fn cluster(&self) -> Option<&str> {
        self.text("/metadata/labels/watershed~1cluster")
    }

    /// When its deletion was asked for, if it was.
    pub fn terminating(&self) -> Option<&str> {
        self.text("/metadata/deletionTimestamp")
    }

    /// What keeps an object that is being deleted: `, held by the finalizer …`, or nothing.
    pub fn held(&self) -> String {
        let finalizers = self.0.pointer("/metadata/finalizers").and_then(Json::as_array).into_iter().flatten();
        let names: Vec<String> = finalizers.filter_map(Json::as_str).map(|name| format!("`{name}`")).collect();
        if names.is_empty() { String::new() } else { format!(", held by the finalizer {}", names.join(", ")) }
    }

    /// An object with our marks that somebody else has made: controllers hand labels on to what they make (an
    /// operator to its StatefulSets, a Service to its EndpointSlices). Who wrote the marks tells.
    pub fn is_made_by_others(&self, ours: &Ours) -> bool {
        let owned = self.0.pointer("/metadata/ownerReferences").and_then(Json::as_array).is_some_and(|o| !o.is_empty());
        let mut tree = Tree::new();
        let (owners, root) = Owners::read(self.0, &mut tree);
        // Whoever writes a status takes over labels, too: that makes nothing.
        let made = |m: &&Manager| m.subresource.is_empty();
        let writers: Vec<&Manager> =
            mark_nodes(ours, &tree, root).flat_map(|label| owners.of(label)).filter(made).collect();
        owned || (!writers.is_empty() && writers.iter().all(|m| known::by_manager(m).is_some()))
    }

    /// Whom it belongs to, where it is not ours, and who has written it.
    fn holder(&self, owners: &Owners) -> String {
        let release = self.text("/metadata/annotations/meta.helm.sh~1release-name");
        let by = self.text("/metadata/labels/app.kubernetes.io~1managed-by");
        let cluster = self.cluster();
        let owner = (self.text("/metadata/ownerReferences/0/kind"), self.text("/metadata/ownerReferences/0/name"));
        let holder = match (release, by, self.text("/metadata/labels/watershed~1fleet"), owner) {
            (Some(release), ..) => format!("the Helm release `{release}`"),
            (None, Some(MARK), Some(fleet), _) => match cluster {
                Some(cluster) => format!("the cluster `{cluster}` of the fleet `{fleet}`, by its labels"),
                None => format!("the fleet `{fleet}`, by its labels"),
            },
            (None, _, _, (Some(kind), Some(name))) => format!("`{kind}/{name}`, its owner"),
            (None, Some(by), ..) => format!("`{by}`, by its label"),
            _ => "nobody, by its labels".to_owned(),
        };
        let writers: Vec<&Manager> = owners.managers().iter().filter(|m| m.subresource.is_empty()).take(3).collect();
        if writers.is_empty() { holder } else { format!("{holder}; written by {}", who(&writers)) }
    }

    /// As a change: it is not ours, and these Prometheis select it all the same.
    pub fn selected(&self, id: &ObjectId, by: &[String]) -> Change {
        let mut tree = Tree::new();
        let (owners, root) = Owners::read(self.0, &mut tree);
        let by: Vec<String> = by.iter().map(|name| format!("`{name}`")).collect();
        let by = format!("by {}; it belongs to {}", by.join(", "), self.holder(&owners));
        let mut change = untouched(removed(id, "", Side::new(&tree, root)), Cause::Selected, by);
        (change.origin, change.was) = (Origin::INHERIT, Origin::INHERIT);
        change
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
    let (mut owners, was_root) = Owners::read(live.0, &mut was);
    claim(&mut owners, live, ours, (&was, was_root));
    let owners = owners;
    let is_root = is.copy(wanted.side.tree, wanted.side.root, "");
    let table = fields::table(&id.api_version, &id.kind).map(|t| t.root());
    let applied = match ours.applied {
        true => Some(wanted.side.tree.to_json(wanted.side.root)),
        false => last_applied(live, &owners),
    };
    let hidden_at = visible::settle(&id.kind, table, (&mut was, was_root), (&mut is, is_root), (&owners, ours.applied));
    let mut hidden = BTreeMap::new();
    hidden_at.iter().for_each(|(hide, _)| *hidden.entry(*hide).or_insert(0) += 1);
    let rules = Rules { equal: &is_equal, ..*rules };
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
    let foreign = (!live.is_marked(ours) && !evidence.has_lost_marks(was)).then(|| live.holder(&owners));
    let ahead = evidence.approved.as_ref().map_or(0, |approved| approved.settled(&changes));
    let mut ignored = BTreeMap::new();
    changes.retain(|change| {
        let managers: Vec<&str> = owners.of(change.was).map(|m| m.name.as_str()).collect();
        let taken = |ignore: &Ignore| ignore.is_about(id) && ignore.takes(change, &managers);
        let by = ours.ignores.iter().position(taken);
        by.map(|by| *ignored.entry(by).or_insert(0) += 1).is_none()
    });
    match foreign {
        // Taking it over takes all of that, forced.
        Some(holder) if ours.adopted.contains(&id.to_string()) => {
            evidence.judge_all(&mut changes);
            changes.insert(0, somebody_elses(wanted, &holder));
        }
        // What it differs in is nobody's business before it is adopted, and nothing is applied.
        Some(holder) if !changes.is_empty() => changes = vec![somebody_elses(wanted, &holder)],
        Some(_) => {}
        None => evidence.judge_all(&mut changes),
    }
    for change in &mut changes {
        change.was = Origin::INHERIT;
        // What applying does not take away has had its effect.
        if change.because.as_ref().is_some_and(|b| b.cause == Cause::Extra) {
            (change.effect, change.consequence, change.pods) = (Effect::None, "".into(), None);
        }
    }
    Found { changes, hidden, hidden_at, ignored, ahead, ownerless: !owners.recorded }
}

/// That there is an object of this name, and it is not ours.
fn somebody_elses(wanted: Wanted<'_>, holder: &str) -> Change {
    let change = added(wanted.id, wanted.file, wanted.side);
    untouched(change, Cause::Foreign, format!("it belongs to {holder}"))
}

/// An object of which only is told that it is there.
fn untouched(mut change: Change, cause: Cause, by: String) -> Change {
    (change.edit, change.before, change.after) = (Edit::Changed, None, None);
    (change.effect, change.consequence) = (Effect::None, "".into());
    change.because = Some(Because { cause, by });
    change
}

/// The labels of an object by which it is ours, each with its owners as its origin.
fn mark_nodes<'t>(ours: &'t Ours, tree: &'t Tree, root: NodeId) -> impl Iterator<Item = Origin> + use<'t> {
    let is_ours = move |(key, value): &(String, String)| {
        let label = tree.at(root, &["metadata", "labels", key])?;
        (tree.as_str(label) == Some(value)).then(|| tree.origin(label))
    };
    ours.labels.iter().filter_map(is_ours)
}

/// Finds out by whom our output came to an object: whoever was named, and we ourselves or else those who have written our
/// marks by applying. Whoever else applies is somebody else.
fn claim(owners: &mut Owners, live: Live<'_>, ours: &Ours, (tree, root): (&Tree, NodeId)) {
    let alias = |m: &Manager| ours.aliases.contains(&m.name);
    // What we have made is noted as an update, until it is applied.
    let own = |m: &Manager| m.name == MARK && m.subresource.is_empty();
    if owners.managers().iter().any(own) || ours.labels.is_empty() {
        let all = ours.labels.is_empty();
        return owners.claim(|m| own(m) || alias(m) || (all && known::is_ours(m, &[])));
    }
    let marked: Vec<Manager> = mark_nodes(ours, tree, root).flat_map(|label| owners.of(label)).cloned().collect();
    if marked.iter().any(|m| m.operation == Operation::Apply) {
        return owners.claim(|m| alias(m) || (m.operation == Operation::Apply && marked.contains(m)));
    }
    let noted = noted(live);
    let with_marks = noted.as_ref().is_some_and(|noted| Live(noted).is_marked(ours));
    let writes = |m: &Manager| known::is_client_side(m) && (with_marks || marked.contains(m));
    owners.claim(|m| alias(m) || (noted.is_some() && writes(m)));
}

/// Whether two values of a field are one to the server.
fn is_equal(id: &ObjectId, path: &[String], a: Value<'_>, b: Value<'_>) -> bool {
    defaults::is_one_value(field_at(id, path), a, b)
}

fn field_at(id: &ObjectId, path: &[String]) -> Option<fields::Field> {
    let mut field = fields::table(&id.api_version, &id.kind)?.root();
    for step in path {
        field = if step == "*" { field.items()? } else { field.child(step)? };
    }
    Some(field)
}

/// What `kubectl apply` without `--server-side` has applied; `None` where our output came otherwise.
fn last_applied(live: Live<'_>, owners: &Owners) -> Option<Json> {
    if owners.managers().iter().any(|m| m.operation == Operation::Apply && m.ours) {
        return None;
    }
    let mut applied = noted(live)?;
    // kubectl writes these where they are absent.
    if let Some(metadata) = applied.get_mut("metadata").and_then(Json::as_object_mut)
        && metadata.get("annotations").and_then(Json::as_object).is_some_and(serde_json::Map::is_empty)
    {
        metadata.remove("annotations");
    }
    Some(applied)
}

fn noted(live: Live<'_>) -> Option<Json> {
    let text = live.0.pointer("/metadata/annotations")?.get(LAST_APPLIED)?.as_str()?;
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests;
