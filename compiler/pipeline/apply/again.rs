//! The second look: an object is applied only while it is what was compared, so that what happens is what was shown.

use serde_json::Value as Json;

use super::super::diff::rules;
use super::super::live::Material;
use crate::diag::Origin;
use crate::diff::{self, Approved, Change, Live, Wanted, compare_live};
use crate::object::{ObjectId, Tree};
use crate::world::server::{Failure, FailureKind, Seen};

/// What names the state of a live object; `None` where it has none, as no object of a server has.
pub(super) fn seen(id: &ObjectId, object: &Json) -> Option<Seen> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).filter(|t| !t.is_empty());
    let namespace = Some(id.namespace.clone()).filter(|n| !n.is_empty());
    let (uid, resource_version) = (text("/metadata/uid")?.to_owned(), text("/metadata/resourceVersion")?.to_owned());
    Some(Seen { namespace, name: id.name.clone(), uid, resource_version })
}

/// Whether what is there now differs from what is compiled just as it did when that was shown.
///
/// # Errors
/// [`FailureKind::Changed`], with where it does not.
pub(super) fn is_as_shown(
    material: &Material,
    id: &ObjectId,
    wanted: &Json,
    now: Option<&Json>,
) -> Result<(), Failure> {
    let changed =
        |what: String| Err(Failure::new(FailureKind::Changed, format!("{what}; run `apply` again to see it")));
    match (material.there.get(id), now) {
        (None, None) => Ok(()),
        (None, Some(_)) => changed("somebody has made it since it was compared".to_owned()),
        (Some(_), None) => changed("somebody has deleted it since it was compared".to_owned()),
        (Some(before), Some(now)) => {
            let at = |object: &Json, pointer: &str| object.pointer(pointer).cloned();
            if at(before, "/metadata/uid") != at(now, "/metadata/uid") {
                return changed("it is another object than the one that was compared".to_owned());
            }
            if let Some(since) = Live(now).terminating() {
                return changed(format!("it is being deleted since {since}"));
            }
            if at(before, "/metadata/resourceVersion") == at(now, "/metadata/resourceVersion") {
                return Ok(());
            }
            let untouched = || of_people(before) == of_people(now);
            let (then, now) = (differences(material, id, wanted, before), differences(material, id, wanted, now));
            let same = |a: &Change, b: &Change| a.path == b.path && a.before == b.before && owner(a) == owner(b);
            let news = |of: &[Change], other: &[Change]| -> Vec<String> {
                of.iter().filter(|a| !other.iter().any(|b| same(a, b))).map(|c| c.path.clone()).collect()
            };
            let mut paths = news(&now, &then);
            paths.extend(news(&then, &now));
            paths.sort_unstable();
            paths.dedup();
            if paths.is_empty() {
                let counted = then.iter().any(Change::is_of_rest);
                return if counted && !untouched() { changed(UNTOLD.to_owned()) } else { Ok(()) };
            }
            let more = paths.len().saturating_sub(3);
            paths.truncate(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            changed(format!("somebody has changed {}{more} since it was compared", paths.join(", ")))
        }
    }
}

/// Where differences are only counted, the second look cannot say which is another now.
const UNTOLD: &str = "somebody has changed an object of which not every difference was shown";

/// An object without what the server and controllers note of it.
pub(super) fn of_people(object: &Json) -> Json {
    let mut object = object.clone();
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        for noted in ["managedFields", "resourceVersion", "generation"] {
            metadata.remove(noted);
        }
    }
    object
}

/// Whether a difference is of somebody else's object.
fn owner(change: &Change) -> bool {
    change.because.as_ref().is_some_and(|b| b.cause == diff::Cause::Foreign)
}

pub(super) fn differences(material: &Material, id: &ObjectId, wanted: &Json, live: &Json) -> Vec<Change> {
    let mut tree = Tree::new();
    let root = tree.add_json("", wanted, Origin::INHERIT);
    let wanted = Wanted { id, file: "", side: diff::Side { tree: &tree, root }, approved: Approved::Same };
    compare_live(wanted, Live(live), &material.ours, &rules()).changes
}
