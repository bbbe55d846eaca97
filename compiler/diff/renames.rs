//! Objects that were removed and added under another name.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::likeness::{leaves, likeness, shared};
use super::{Change, Edit, Effect, Rules, Side, Sides, compare, whole};
use crate::object::{ObjectId, Tree};

/// Share of their own leaves that two objects must have in common to be one that was renamed.
const ALIKE: f64 = 0.6;
/// Leaves that they must have in common at least: of what is hardly anything, all is like all.
const SHARED: usize = 3;

/// What is what it is by its name: another one is no other name of it.
const NAMED: [&str; 4] = ["Namespace", "PersistentVolumeClaim", "CustomResourceDefinition", "Secret"];

/// The two versions of a renamed object as they were built, where they are known.
pub type Built<'b> = dyn Fn(&ObjectId, &ObjectId) -> Sides<'b> + 'b;

/// Joins each removed object with the most similar added one of its kind, if they are alike
/// enough. The joined change stands in place of the added one, and what else the two differ in behind it.
pub fn join_renames(changes: Vec<Change>, rules: &Rules<'_>, built: &Built<'_>) -> Vec<Change> {
    let pairs = pairs(&changes);
    let mut changes: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    let mut inside: Vec<(usize, Vec<Change>)> = Vec::new();
    for (gone, new) in pairs {
        let before = changes[gone].take();
        if let (Some(before), Some(after)) = (before, changes[new].as_mut()) {
            inside.push((new, differing(&before, after, rules, built)));
            let (effect, consequence) = renamed(&before, after);
            after.edit = Edit::Renamed;
            after.was = before.was;
            after.before = before.object.map(|o| o.to_string().into());
            after.after = after.object.as_ref().map(|o| o.to_string().into());
            (after.effect, after.consequence) = (effect, consequence);
        }
    }
    let behind = |at: usize| inside.iter().filter(move |(i, _)| *i == at).flat_map(|(_, inner)| inner.iter().cloned());
    changes.iter().enumerate().flat_map(|(i, change)| change.iter().cloned().chain(behind(i))).collect()
}

/// What it does that an object has another name. It is no less than what it does that the old one goes.
fn renamed(before: &Change, after: &Change) -> (Effect, Cow<'static, str>) {
    let Some(id) = &after.object else { return (after.effect, "".into()) };
    let (effect, consequence) = whole::of_object(&id.kind, Edit::Renamed, after.after.as_ref());
    if before.effect > effect { (before.effect, before.consequence.clone()) } else { (effect, consequence) }
}

/// What two versions of an object differ in beside their names.
fn differing(before: &Change, after: &Change, rules: &Rules<'_>, built: &Built<'_>) -> Vec<Change> {
    let (Some(was), Some(is)) = (&before.object, &after.object) else { return Vec::new() };
    let sides = built(was, is);
    let mut read = [Tree::new(), Tree::new()];
    let roots = [(&before.before, before.was), (&after.after, after.origin)].into_iter().zip(&mut read);
    let roots: Vec<_> =
        roots.filter_map(|((value, origin), tree)| Some(tree.add_json("", value.as_ref()?, origin))).collect();
    let [old, new] = roots[..] else { return Vec::new() };
    let old = sides.old.unwrap_or(Side::new(&read[0], old));
    let new = sides.new.unwrap_or(Side::new(&read[1], new));
    let mut inner = compare(is, &after.file, old, new, rules);
    inner.retain(|c| !matches!(c.path.as_str(), "metadata.name" | "metadata.namespace"));
    inner
}

/// Says of both which other one they are alike, where neither may be left out: one is in a cluster and stays there, one is
/// not.
pub fn link_renames(changes: &mut [Change]) {
    for (gone, new) in pairs(changes) {
        let name = |at: usize| changes[at].object.as_ref().map(ToString::to_string).unwrap_or_default();
        let (old, now) = (name(gone), name(new));
        for (at, words) in
            [(gone, format!("perhaps {now} under its old name")), (new, format!("perhaps {old}, renamed"))]
        {
            if let Some(because) = &mut changes[at].because {
                because.by = if because.by.is_empty() { words } else { format!("{}; {words}", because.by) };
            }
        }
    }
}

/// Each removed object with the most similar added one of its kind, as places in the list.
fn pairs(changes: &[Change]) -> Vec<(usize, usize)> {
    let whole = |edit: Edit| -> Vec<(usize, Vec<String>)> {
        let of = changes.iter().enumerate();
        let may_be = |c: &Change| c.object.as_ref().is_some_and(|id| !NAMED.contains(&id.kind.as_str()));
        of.filter(|(_, c)| c.edit == edit && c.path.is_empty() && may_be(c))
            .map(|(i, c)| (i, c.before.as_ref().or(c.after.as_ref()).map(own_leaves).unwrap_or_default()))
            .collect()
    };
    let mut added = whole(Edit::Added);
    let kind = |i: usize| changes[i].object.as_ref().map(|o| (&o.api_version, &o.kind));
    let mut pairs = Vec::new();
    for (gone, old) in whole(Edit::Removed) {
        let candidates = added.iter().enumerate();
        let candidates = candidates.filter(|(_, (new, _))| {
            kind(*new) == kind(gone) && finds_the_same(changes[gone].before.as_ref(), changes[*new].after.as_ref())
        });
        let enough = candidates.filter(|(_, (_, new))| shared(&old, new) >= SHARED);
        let scored = enough.map(|(at, (_, new))| (at, likeness(&old, new)));
        let best = scored.filter(|(_, score)| *score >= ALIKE).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some((at, _)) = best {
            pairs.push((gone, added.remove(at).0));
        }
    }
    pairs
}

/// Whether two monitors look for the same targets: one that does not is another one, however alike they are. What is no
/// monitor looks for none.
fn finds_the_same(before: Option<&Json>, after: Option<&Json>) -> bool {
    const WHERE: [&str; 5] = ["selector", "namespaceSelector", "staticConfigs", "kubernetesSDConfigs", "targets"];
    let of = |value: Option<&Json>, field: &str| value?.get("spec")?.get(field).cloned();
    let kind = before.and_then(|b| b.get("kind")).and_then(Json::as_str).unwrap_or_default();
    let monitor = matches!(kind, "ServiceMonitor" | "PodMonitor" | "ScrapeConfig" | "Probe");
    !monitor || WHERE.iter().all(|field| of(before, field) == of(after, field))
}

/// What an object says of itself: not what it is, what it is called, and whose it is.
fn own_leaves(object: &Json) -> Vec<String> {
    const COMMON: [&str; 5] =
        ["/apiVersion=", "/kind=", "/metadata/name=", "/metadata/namespace=", "/metadata/labels/"];
    let mut found = leaves(object);
    found.retain(|leaf| !COMMON.iter().any(|common| leaf.starts_with(common)));
    found
}
