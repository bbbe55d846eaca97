//! What becomes of vmagent's queues on disk when the list of its destinations changes.
//!
//! A queue is named by the place of its URL among all `-remoteWrite.url` and by the URL itself
//! (VictoriaMetrics, `app/vmagent/remotewrite`): one whose place or URL changes stays on the volume
//! until the list has it there again.

use super::{Change, Effect, Side};
use crate::object::{Tree, Value};

const FLAG: &str = "remoteWrite.url=";

/// The URLs of a list of arguments, in order.
fn urls(side: Side<'_>) -> Vec<String> {
    let tree: &Tree = side.tree;
    let texts = tree.children(side.root).filter_map(|item| match tree.value(item) {
        Value::Str(text) => text.trim_start_matches('-').strip_prefix(FLAG).map(str::to_owned),
        _ => None,
    });
    texts.collect()
}

/// Judges the changes of a list of arguments by all of it: which queues are stranded, if any.
pub(super) fn judge(old: Side<'_>, new: Side<'_>, changes: &mut [Change]) {
    let (before, after) = (urls(old), urls(new));
    if before == after || before.is_empty() {
        return;
    }
    let stays = |(place, url): (usize, &String)| after.get(place) == Some(url);
    let stranded: Vec<&str> =
        before.iter().enumerate().filter(|queue| !stays(*queue)).map(|(_, url)| url.as_str()).collect();
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
    for change in changes.iter_mut().filter(|c| c.effect == Effect::QueueReset) {
        (change.effect, change.consequence) = (effect, consequence.clone().into());
    }
}
