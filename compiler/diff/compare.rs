//! The walk over two documents.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::embedded;
use super::lists::{self, Pairing};
use super::room::{self, Room};
use super::{Change, Edit, Effect, Rules, Side, effects, whole};
use super::{pods, queues};
use crate::diag::Origin;
use crate::object::{NodeId, ObjectId, Tree, Value};
use crate::spec::telling;

/// The differences of two versions of one object, in the order of its fields. Origins of both sides'
/// nodes are handed on; `file` is for the reader. Of very many the first are told, and how many more there are: whoever
/// may write to one live object says how much it holds.
pub fn compare(id: &ObjectId, file: &str, old: Side<'_>, new: Side<'_>, rules: &Rules<'_>) -> Vec<Change> {
    let mut walk = Walk {
        id,
        file,
        rules,
        shown: String::new(),
        path: Vec::new(),
        in_text: false,
        handed: false,
        changes: Vec::new(),
        counts: BTreeMap::new(),
        beyond: Room::default(),
    };
    walk.values(old, new, Came::default());
    let beyond = std::mem::take(&mut walk.beyond);
    walk.tell(beyond);
    pods::mark(&id.kind, old, new, &mut walk.changes);
    walk.changes
}

/// An object that is only on the new side.
pub fn added(id: &ObjectId, file: &str, new: Side<'_>) -> Change {
    of_whole(id, file, None, Some(json(id, new)), Came { new: inside(new).unwrap_or_default(), ..Came::default() })
}

/// An object that is only on the old side.
pub fn removed(id: &ObjectId, file: &str, old: Side<'_>) -> Change {
    of_whole(id, file, Some(json(id, old)), None, Came { old: inside(old).unwrap_or_default(), ..Came::default() })
}

fn of_whole(id: &ObjectId, file: &str, before: Option<Json>, after: Option<Json>, came: Came) -> Change {
    let edit = if before.is_none() { Edit::Added } else { Edit::Removed };
    let (effect, consequence) = whole::of_object(&id.kind, edit, before.as_ref().or(after.as_ref()));
    Change {
        object: Some(id.clone()),
        file: file.to_owned(),
        path: String::new(),
        edit,
        in_text: false,
        handed: false,
        pods: None,
        before,
        after,
        effect,
        consequence,
        origin: came.new,
        was: came.old,
        because: None,
    }
}

/// A whole object as JSON; of a Secret without its values.
fn json(id: &ObjectId, side: Side<'_>) -> Json {
    let mut value = side.tree.to_json(side.root);
    if id.kind == "Secret" {
        for field in ["data", "stringData"] {
            if let Some(Json::Object(entries)) = value.get_mut(field) {
                entries.values_mut().for_each(|v| *v = hidden());
            }
        }
    }
    value
}

fn hidden() -> Json {
    Json::from("(hidden)")
}

/// Where the two sides of a change come from.
#[derive(Clone, Copy, Default)]
pub(super) struct Came {
    pub old: Origin,
    pub new: Origin,
}

impl Came {
    /// Of a value that is only on the new side.
    fn only_new(self, is: Side<'_>) -> Self {
        Came { new: inside(is).unwrap_or(self.new), ..self }
    }

    /// Of a value that is only on the old side.
    fn only_old(self, was: Side<'_>) -> Self {
        Came { old: inside(was).unwrap_or(self.old), ..self }
    }
}

struct Walk<'a> {
    id: &'a ObjectId,
    file: &'a str,
    rules: &'a Rules<'a>,
    /// The path as people read it.
    shown: String,
    /// The path as field tables know it.
    path: Vec<String>,
    in_text: bool,
    handed: bool,
    changes: Vec<Change>,
    /// Of them, by how they differ.
    counts: BTreeMap<Edit, usize>,
    /// What the object has no room for.
    beyond: Room,
}

impl Walk<'_> {
    fn values(&mut self, old: Side<'_>, new: Side<'_>, above: Came) {
        let came = Came { old: nearest(old, above.old), new: nearest(new, above.new) };
        match (old.tree.value(old.root), new.tree.value(new.root)) {
            (Value::Map, Value::Map) => self.maps(old, new, came),
            (Value::Seq, Value::Seq) => self.seqs(old, new, came),
            (was, is) if (self.rules.equal)(self.id, &self.path, was, is) => {}
            (Value::Embedded(_) | Value::Str(_), Value::Embedded(_) | Value::Str(_)) => self.texts(old, new, came),
            _ if old.tree.same(old.root, new.tree, new.root) => {}
            _ => self.push(Edit::Changed, Some(old), Some(new), came),
        }
    }

    fn maps(&mut self, old: Side<'_>, new: Side<'_>, came: Came) {
        let [before, after] = [old, new].map(|side| -> BTreeMap<&str, NodeId> {
            side.tree.children(side.root).map(|node| (side.tree.key(node), node)).collect()
        });
        let mut room = Room::default();
        for was in old.tree.children(old.root) {
            let key = old.tree.key(was);
            let was = old.at(was);
            let is = after.get(key).map(|is| new.at(*is));
            let edit = if is.is_some() { Edit::Changed } else { Edit::Removed };
            self.entry(&mut room, edit, |walk| {
                walk.under(key, |walk| match is {
                    Some(is) => walk.values(was, is, came),
                    None => walk.push(Edit::Removed, Some(was), None, came.only_old(was)),
                });
            });
        }
        for is in new.tree.children(new.root) {
            let key = new.tree.key(is);
            if !before.contains_key(key) {
                let is = new.at(is);
                self.entry(&mut room, Edit::Added, |walk| {
                    walk.under(key, |walk| walk.push(Edit::Added, None, Some(is), came.only_new(is)));
                });
            }
        }
        self.item(room::REST, |walk| walk.tell(room));
    }

    fn seqs(&mut self, old: Side<'_>, new: Side<'_>, came: Came) {
        let kind = (self.rules.lists)(self.id, &self.path);
        let pairs = lists::pair(old, new, &kind);
        let found = self.changes.len();
        if let Some((before, after)) = pairs.reordered {
            self.change(Edit::Reordered, Some(before), Some(after), came);
        }
        let (of_old, of_new) = (behind_flags(old), behind_flags(new));
        let mut room = Room::default();
        for (label, pairing) in pairs.items {
            let (edit, handed) = match pairing {
                Pairing::Both(was, is) => (Edit::Changed, of_old.contains(&was) || of_new.contains(&is)),
                Pairing::Old(was) => (Edit::Removed, of_old.contains(&was)),
                Pairing::New(is) => (Edit::Added, of_new.contains(&is)),
            };
            self.handed = handed;
            self.entry(&mut room, edit, |walk| {
                walk.item(&label, |walk| match pairing {
                    Pairing::Both(was, is) => walk.values(old.at(was), new.at(is), came),
                    Pairing::Old(was) => {
                        let was = old.at(was);
                        walk.push(Edit::Removed, Some(was), None, came.only_old(was));
                    }
                    Pairing::New(is) => {
                        let is = new.at(is);
                        walk.push(Edit::Added, None, Some(is), came.only_new(is));
                    }
                });
            });
        }
        self.handed = false;
        self.item(room::REST, |walk| walk.tell(room));
        queues::judge(old, new, &mut self.changes[found..]);
    }

    /// An entry of a map or list, whose differences stay as long as there is room.
    fn entry(&mut self, room: &mut Room, edit: Edit, f: impl FnOnce(&mut Self)) {
        let from = self.changes.len();
        f(self);
        for dropped in room.take(edit, from, &mut self.changes) {
            self.counts.entry(dropped.edit).and_modify(|n| *n -= 1);
        }
    }

    /// What there was no room for, as changes here.
    fn tell(&mut self, room: Room) {
        for rest in room.rests() {
            let (before, after) = rest.words();
            let path = if self.shown.is_empty() { room::OF_REST.to_owned() } else { self.shown.clone() };
            let change = self.made(rest.edit, before, after, rest.came);
            *self.counts.entry(rest.edit).or_default() += 1;
            self.changes.push(Change { path, effect: rest.effect, consequence: rest.consequence, ..change });
        }
    }

    /// Strings, either of which may hold a document.
    fn texts(&mut self, old: Side<'_>, new: Side<'_>, came: Came) {
        let (before, after) = (embedded::text(old), embedded::text(new));
        if before == after {
            return;
        }
        let key = self.path.last().map_or("", String::as_str);
        let found = self.changes.len();
        if let (Some(was), Some(is)) =
            (embedded::document(old, key, self.rules.parse), embedded::document(new, key, self.rules.parse))
        {
            let outside = std::mem::replace(&mut self.in_text, true);
            self.values(was.side(), is.side(), came);
            self.in_text = outside;
        }
        // The same document in another layout, or no document: the text itself is the change.
        if self.changes.len() == found {
            self.change(Edit::Changed, Some(before.into_owned().into()), Some(after.into_owned().into()), came);
        }
    }

    fn push(&mut self, edit: Edit, old: Option<Side<'_>>, new: Option<Side<'_>>, came: Came) {
        let json = |side: Side<'_>| side.tree.to_json(side.root);
        self.change(edit, old.map(json), new.map(json), came);
    }

    fn change(&mut self, edit: Edit, before: Option<Json>, after: Option<Json>, came: Came) {
        let (effect, consequence) = effects::of_field(&self.id.kind, &self.path, edit, before.as_ref(), after.as_ref());
        let secret =
            self.id.kind == "Secret" && matches!(self.path.first().map(String::as_str), Some("data" | "stringData"));
        let show = |value: Option<Json>| if secret { value.map(|_| hidden()) } else { value };
        let change =
            Change { effect, consequence: consequence.into(), ..self.made(edit, show(before), show(after), came) };
        let count = self.counts.entry(edit).or_default();
        if *count < room::OF_OBJECT {
            *count += 1;
            self.changes.push(change);
        } else {
            self.beyond.drop(edit, std::slice::from_ref(&change));
        }
    }

    fn made(&self, edit: Edit, before: Option<Json>, after: Option<Json>, came: Came) -> Change {
        Change {
            object: Some(self.id.clone()),
            file: self.file.to_owned(),
            path: self.shown.clone(),
            edit,
            in_text: self.in_text,
            handed: self.handed,
            pods: None,
            before,
            after,
            effect: Effect::None,
            consequence: "".into(),
            origin: came.new,
            was: came.old,
            because: None,
        }
    }

    fn under(&mut self, key: &str, f: impl FnOnce(&mut Self)) {
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let step = match (plain, self.shown.is_empty()) {
            (true, true) => key.to_owned(),
            (true, false) => format!(".{key}"),
            (false, _) => format!("[{}]", Json::from(key)),
        };
        self.step(&step, key, f);
    }

    fn item(&mut self, label: &str, f: impl FnOnce(&mut Self)) {
        self.step(&format!("[{label}]"), "*", f);
    }

    fn step(&mut self, shown: &str, path: &str, f: impl FnOnce(&mut Self)) {
        let length = self.shown.len();
        self.shown.push_str(shown);
        self.path.push(path.to_owned());
        f(self);
        self.path.pop();
        self.shown.truncate(length);
    }
}

impl<'t> Side<'t> {
    pub(super) fn at(self, root: NodeId) -> Side<'t> {
        Side { root, ..self }
    }

    pub fn new(tree: &'t Tree, root: NodeId) -> Self {
        Side { tree, root }
    }
}

/// Items of a list that a flag before them says are credentials.
fn behind_flags(side: Side<'_>) -> BTreeSet<NodeId> {
    let items: Vec<NodeId> = side.tree.children(side.root).collect();
    let texts: Vec<Option<&str>> = items.iter().map(|item| side.tree.as_str(*item)).collect();
    telling::arguments(&texts).into_iter().map(|(at, _)| items[at]).collect()
}

/// A node's own origin, or what it inherits.
fn nearest(side: Side<'_>, above: Origin) -> Origin {
    match side.tree.origin(side.root) {
        Origin::INHERIT => above,
        own => own,
    }
}

/// The first origin in a value that is on one side only: a list item points at the line that asked for it even
/// where only its fields have an origin.
fn inside(side: Side<'_>) -> Option<Origin> {
    match side.tree.origin(side.root) {
        Origin::INHERIT => side.tree.children(side.root).find_map(|child| inside(side.at(child))),
        own => Some(own),
    }
}
