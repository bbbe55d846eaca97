//! What becomes of vmagent's queues on disk when the list of its destinations changes.
//!
//! A queue is named by the place of its URL among all `-remoteWrite.url` and by the URL itself
//! (VictoriaMetrics, `app/vmagent/remotewrite`): one whose place or URL changes stays on the volume
//! until the list has it there again.

use serde_json::Value as Json;

use super::{Change, Effect, Side};
use crate::object::Tree;

const URL: &str = "remoteWrite.url";
/// Bytes; the k-th is for the k-th URL, and one alone is for all.
const SIZE: &str = "remoteWrite.maxDiskUsagePerURL";

const REPLACED: &str = "pods are replaced one after the other";
const SMALLER: &str = "what a queue holds beyond its new size is dropped, the oldest first";

/// What a flag is given in a list of arguments, in order.
fn given<'t>(side: Side<'t>, flag: &str) -> Vec<&'t str> {
    let tree: &'t Tree = side.tree;
    tree.children(side.root).filter_map(|item| value_of(tree.as_str(item)?, flag)).collect()
}

fn value_of<'t>(argument: &'t str, flag: &str) -> Option<&'t str> {
    argument.trim_start_matches('-').strip_prefix(flag)?.strip_prefix('=')
}

/// Whether a change is about an argument of this flag.
fn is_about(change: &Change, flag: &str) -> bool {
    let sides = [&change.before, &change.after].into_iter().flatten();
    sides.filter_map(Json::as_str).any(|argument| value_of(argument, flag).is_some())
}

/// Judges the changes of a list of arguments by all of it: which queues are stranded, and which have to shrink.
pub(super) fn judge(old: Side<'_>, new: Side<'_>, changes: &mut [Change]) {
    let [before, after] = [old, new].map(|side| given(side, URL));
    if before.is_empty() {
        return;
    }
    let stays = |(place, url): (usize, &&str)| after.get(place) == Some(url);
    if before != after {
        let stranded: Vec<&str> =
            before.iter().enumerate().filter(|queue| !stays(*queue)).map(|(_, url)| *url).collect();
        let (effect, consequence) = match &stranded[..] {
            [] => (Effect::Restart, "a new queue behind the others, which keep theirs; the pods restart".to_owned()),
            lost => (
                Effect::QueueReset,
                format!(
                    "vmagent finds a queue by its place and URL: what waits for {} stays on the volume, and is sent only by a list that has it in its old place; \
                     let it drain first",
                    lost.join(" and for ")
                ),
            ),
        };
        for change in changes.iter_mut().filter(|c| c.effect == Effect::QueueReset && is_about(c, URL)) {
            (change.effect, change.consequence) = (effect, consequence.clone().into());
        }
    }
    let sizes = [old, new].map(|side| -> Vec<Size> {
        let given = given(side, SIZE).into_iter().flat_map(|sizes| sizes.split(','));
        given.map(size).collect()
    });
    // Queues that keep their place, by the size they have there; what cannot be read is taken for the graver.
    let shrinks = |(was, is): (Option<Size>, Option<Size>)| match (was, is) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(was), Some(is)) => was != is && was.zip(is).is_none_or(|(was, is)| is < was),
    };
    let kept = before.iter().enumerate().filter(|queue| stays(*queue)).map(|(place, _)| place);
    let smaller = kept.map(|place| (size_at(&sizes[0], place), size_at(&sizes[1], place))).any(shrinks);
    for change in changes.iter_mut().filter(|c| is_about(c, SIZE)) {
        let of = |value: &Option<Json>| value.as_ref().and_then(Json::as_str).and_then(|a| size(value_of(a, SIZE)?));
        let grows = of(&change.before).zip(of(&change.after)).is_some_and(|(was, is)| is > was);
        let (effect, consequence) =
            if smaller && !grows { (Effect::QueueReset, SMALLER) } else { (Effect::Restart, REPLACED) };
        (change.effect, change.consequence) = (effect, consequence.into());
    }
}

/// Bytes, where it can be read.
type Size = Option<u64>;

fn size(text: &str) -> Size {
    text.parse().ok()
}

/// `None`: nothing bounds it.
fn size_at(sizes: &[Size], place: usize) -> Option<Size> {
    if sizes.len() == 1 { sizes.first().copied() } else { sizes.get(place).copied() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diag::Origin;
    use crate::diff::{ListKind, Rules, compare};
    use crate::object::ObjectId;

    /// The changes of a relay's arguments, as the comparison finds them.
    fn told(before: &[&str], after: &[&str]) -> Vec<(String, Effect)> {
        let rules = Rules { lists: &|_, _| ListKind::Plain, parse: &|_, _| None, equal: &|_, _, _, _| false };
        let of = |args: &[&str]| {
            let object = json!({"spec": {"template": {"spec": {"containers": [{"name": "vmagent", "args": args}]}}}});
            let mut tree = Tree::new();
            let root = tree.add_json("", &object, Origin::INHERIT);
            (tree, root)
        };
        let ((was, old), (is, new)) = (of(before), of(after));
        let id = ObjectId {
            api_version: "apps/v1".to_owned(),
            kind: "StatefulSet".to_owned(),
            namespace: "monitoring".to_owned(),
            name: "relay".to_owned(),
        };
        let changes = compare(&id, "", Side::new(&was, old), Side::new(&is, new), &rules);
        let label = |path: &str| path.rsplit_once("args").map_or(path, |(_, label)| label).to_owned();
        changes.iter().map(|c| (label(&c.path), c.effect)).collect()
    }

    const A: &str = "-remoteWrite.url=http://a";
    const B: &str = "-remoteWrite.url=http://b";
    const BIG: &str = "-remoteWrite.maxDiskUsagePerURL=200";
    const SMALL: &str = "-remoteWrite.maxDiskUsagePerURL=100";

    #[test]
    fn a_queue_that_shrinks_loses_what_does_not_fit_whatever_else_comes() {
        let size = "[-remoteWrite.maxDiskUsagePerURL]".to_owned();
        assert_eq!(told(&[A, BIG, "-x=1"], &[A, SMALL, "-x=1"]), [(size.clone(), Effect::QueueReset)]);
        assert_eq!(told(&[A, SMALL], &[A, BIG]), [(size.clone(), Effect::Restart)]);
        // Half of the disk goes to a new destination, whose arguments stand between the old ones.
        let both = told(&[A, BIG, "-remoteWrite.queues=4"], &[A, B, SMALL, SMALL, "-remoteWrite.queues=4"]);
        let of_size: Vec<&Effect> = both.iter().filter(|(label, _)| *label == size).map(|(_, e)| e).collect();
        assert_eq!(of_size, [&Effect::QueueReset], "{both:?}");
        assert!(both.contains(&("[-remoteWrite.url #2]".to_owned(), Effect::Restart)), "{both:?}");
        // One size is for all destinations: with the second one gone, its queue shrinks to that of the first.
        let one = told(&[A, B, SMALL, BIG], &[A, B, SMALL]);
        assert_eq!(one, [("[-remoteWrite.maxDiskUsagePerURL #2]".to_owned(), Effect::QueueReset)]);
    }

    #[test]
    fn a_queue_that_changes_its_place_is_stranded_and_one_behind_it_is_not() {
        assert_eq!(told(&[A], &[A, B]), [("[-remoteWrite.url #2]".to_owned(), Effect::Restart)]);
        let swapped = told(&[A, B], &[B, A]);
        assert!(swapped.iter().all(|(_, effect)| *effect == Effect::QueueReset) && !swapped.is_empty(), "{swapped:?}");
    }
}
