//! What of a live object is not ours to compare: defaults, and what those who are known have added.

use super::defaults;
use super::known::{self, Known as Writer};
use super::owners::{Manager, Operation, Owners};
use crate::catalog::fields::{Field, Merge};
use crate::diag::Origin;
use crate::object::edit::escape_token;
use crate::object::{Kind, NodeId, Tree, Value};

/// Why something in a live object is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hidden {
    /// Filled in by the API server: it is what a field becomes of which nobody says anything.
    Default,
    /// Filled in, most likely: of its kind no defaults are known.
    Likely,
    Added(Writer),
    /// A label or annotation of an object that others may write to.
    Shared,
    /// Numbered, migrated or filled in by Grafana.
    Server,
    /// Ours and compiled no longer, and applying leaves it: a dry run says so.
    Kept,
    /// A secret of a data source, of which Grafana tells the name.
    Secret,
}

impl Hidden {
    pub fn name(self) -> &'static str {
        match self {
            Hidden::Default => "the API server's defaults",
            Hidden::Likely => "what may be defaults, of kinds whose defaults are not known",
            Hidden::Added(known) => known.name(),
            Hidden::Kept => "what applying would not take away, as the server says",
            Hidden::Server => "what Grafana sets itself",
            Hidden::Secret => "secrets of data sources, compared by name",
            Hidden::Shared => "labels of objects that are not ours alone",
        }
    }
}

/// Takes out of the live object, the whole of it below `live.1`, what nobody has to be told, and fills defaults into
/// lists that are replaced whole, on both sides. Returns what was taken out, and from where.
pub(super) fn settle(
    kind: &str,
    table: Option<Field>,
    live: (&mut Tree, NodeId),
    wanted: (&mut Tree, NodeId),
    (owners, by_create): (&Owners, bool),
) -> Vec<(Hidden, String)> {
    let built_in = table.is_some_and(|t| t.table().component() == "kubernetes");
    let is_known = defaults::are_known(kind, table);
    let mut walk = Walk {
        kind,
        root: live.1,
        built_in,
        is_known,
        by_create,
        owners,
        path: Vec::new(),
        named: Vec::new(),
        hidden: Vec::new(),
    };
    walk.maps(live.0, live.1, wanted.0, wanted.1, table);
    walk.hidden
}

struct Walk<'a> {
    kind: &'a str,
    /// Of the live object.
    root: NodeId,
    /// Its types are Go code of Kubernetes, which leaves out what is empty.
    built_in: bool,
    /// Its fields and their defaults are known.
    is_known: bool,
    /// What is ours has been created as it is compiled, so that who did that owns the defaults, too.
    by_create: bool,
    owners: &'a Owners,
    /// As field tables know it: `*` for an item.
    path: Vec<String>,
    /// With the names of items.
    named: Vec<String>,
    /// With the place of each.
    hidden: Vec<(Hidden, String)>,
}

impl Walk<'_> {
    fn maps(&mut self, live: &mut Tree, l: NodeId, wanted: &mut Tree, w: NodeId, field: Option<Field>) {
        let children: Vec<(NodeId, String)> = live.children(l).map(|c| (c, live.key(c).to_owned())).collect();
        for (child, key) in children {
            let below = field.and_then(|f| f.child(&key));
            self.step(&key, &key, |walk| match wanted.get(w, &key) {
                Some(twin) => walk.both(live, child, wanted, twin, below),
                None => {
                    walk.only_live(live, l, child, below);
                    walk.open(live, l, child, wanted, w, below);
                }
            });
        }
        // What the server leaves out when it is empty is no difference.
        if self.built_in {
            let empty: Vec<NodeId> = wanted
                .children(w)
                .filter(|c| matches!(wanted.kind(*c), Kind::Map | Kind::Seq | Kind::Null) && wanted.is_empty(*c))
                .filter(|c| live.get(l, wanted.key(*c)).is_none())
                .collect();
            empty.into_iter().for_each(|c| wanted.unlink(w, c));
        }
    }

    fn both(&mut self, live: &mut Tree, l: NodeId, wanted: &mut Tree, w: NodeId, field: Option<Field>) {
        let merge = field.map_or(Merge::Plain, Field::merge);
        match (live.kind(l), wanted.kind(w)) {
            (Kind::Map, Kind::Map) if merge != Merge::Atomic => self.maps(live, l, wanted, w, field),
            (Kind::Seq, Kind::Seq) if merge == Merge::Keyed => {
                let keys: Vec<&str> = field.into_iter().flat_map(Field::keys).collect();
                self.keyed(live, l, wanted, w, field.and_then(Field::items), &keys);
            }
            (Kind::Seq, Kind::Seq) if merge == Merge::Set => {}
            (Kind::Map | Kind::Seq, Kind::Map | Kind::Seq) => {
                defaults::fill(self.kind, &mut self.path.clone(), field, live, l);
                defaults::fill(self.kind, &mut self.path.clone(), field, wanted, w);
            }
            _ => {}
        }
    }

    fn keyed(&mut self, live: &mut Tree, l: NodeId, wanted: &mut Tree, w: NodeId, item: Option<Field>, keys: &[&str]) {
        let items: Vec<NodeId> = live.children(l).collect();
        for child in items {
            let own = name(live, child, item, keys);
            let twin = wanted.children(w).find(|n| name(wanted, *n, item, keys) == own);
            self.step("*", &shown(&own), |walk| match twin {
                Some(twin) => walk.both(live, child, wanted, twin, item),
                None => walk.only_live(live, l, child, item),
            });
        }
    }

    /// Something nobody asks for: taken out where that is no news.
    fn only_live(&mut self, live: &mut Tree, parent: NodeId, node: NodeId, field: Option<Field>) {
        if let Some(hidden) = self.reason(live, (parent, node), field) {
            self.hide(hidden);
            live.unlink(parent, node);
            return;
        }
        // Labels and annotations are many, each with an owner of its own, even where we have none at all.
        let labels = matches!(self.path.last().map(String::as_str), Some("labels" | "annotations"));
        if labels && live.kind(node) == Kind::Map {
            let children: Vec<(NodeId, String)> = live.children(node).map(|c| (c, live.key(c).to_owned())).collect();
            for (child, key) in children {
                let below = field.and_then(|f| f.child(&key));
                self.step(&key, &key, |walk| walk.only_live(live, node, child, below));
            }
            if live.is_empty(node) {
                live.unlink(parent, node);
            }
        }
        // So has each item that is known by its keys: a mesh puts volumes where we have none. Somebody has made the list, so
        // that no item of it is a default.
        if let Some(field) = field.filter(|f| f.merge() == Merge::Keyed && live.kind(node) == Kind::Seq) {
            let keys: Vec<&str> = field.keys().collect();
            let items: Vec<NodeId> = live.children(node).collect();
            for item in items {
                let own = name(live, item, field.items(), &keys);
                self.step("*", &shown(&own), |walk| {
                    if let Some(added @ Hidden::Added(_)) = walk.reason(live, (node, item), field.items()) {
                        walk.hide(added);
                        live.unlink(node, item);
                    }
                });
            }
            if live.is_empty(node) {
                live.unlink(parent, node);
            }
        }
    }

    /// What of labels or of items that are known by their keys nobody has taken out is shown one by one: each has owners
    /// of its own.
    fn open(&self, live: &Tree, l: NodeId, child: NodeId, wanted: &mut Tree, w: NodeId, field: Option<Field>) {
        let is_there = live.children(l).any(|c| c == child);
        let labels = matches!(self.path.last().map(String::as_str), Some("labels" | "annotations"));
        let empty = match live.kind(child) {
            Kind::Map if labels => Value::Map,
            Kind::Seq if field.is_some_and(|f| f.merge() == Merge::Keyed) => Value::Seq,
            _ => return,
        };
        if is_there {
            let node = wanted.add(live.key(child), empty, Origin::INHERIT);
            wanted.append(w, node);
        }
    }

    fn hide(&mut self, hidden: Hidden) {
        let pointer = self.named.iter().map(|step| format!("/{}", escape_token(step)));
        self.hidden.push((hidden, pointer.collect()));
    }

    fn reason(&self, live: &Tree, (parent, node): (NodeId, NodeId), field: Option<Field>) -> Option<Hidden> {
        let owners = self.owners;
        let empty = matches!(live.kind(node), Kind::Map | Kind::Seq) && live.is_empty(node);
        let default = |any| {
            let place = defaults::At { tree: live, root: self.root, parent, node };
            let is = (empty && self.built_in) || defaults::is_default(self.kind, &self.path, field, place, any);
            is.then_some(Hidden::Default)
        };
        let managers: Vec<&Manager> = owners.of(live.origin(node)).collect();
        let created = |m: &&Manager| self.by_create && m.ours && m.operation == Operation::Update;
        let metadata = self.path.first().is_some_and(|p| p == "metadata");
        let likely = !self.is_known && !metadata && owners.recorded && managers.iter().all(created);
        let likely = likely.then_some(Hidden::Likely);
        if managers.is_empty() {
            // What the server fills in, or a webhook: of neither it keeps an owner.
            return known::by_place(self.kind, &self.named).map(Hidden::Added).or_else(|| default(true)).or(likely);
        }
        let known: Option<Vec<Writer>> = managers.iter().map(|m| known::by_writer(self.kind, &self.named, m)).collect();
        if let Some(known) = known.and_then(|k| k.first().copied()) {
            return Some(Hidden::Added(known));
        }
        if self.kind == "Namespace" && metadata && !managers.iter().any(|m| m.ours) {
            return Some(Hidden::Shared);
        }
        // Whoever writes an object without applying it owns the defaults that were filled in then, too.
        default(false).or(likely)
    }

    fn step(&mut self, path: &str, named: &str, f: impl FnOnce(&mut Self)) {
        self.path.push(path.to_owned());
        self.named.push(named.to_owned());
        f(self);
        self.named.pop();
        self.path.pop();
    }
}

/// What tells an item of a list apart, as JSON.
fn name(tree: &Tree, node: NodeId, item: Option<Field>, keys: &[&str]) -> Vec<String> {
    let default = |key: &str| {
        let json = item.and_then(|i| i.child(key)).and_then(Field::default_json);
        json.map(str::to_owned).or_else(|| (key == "protocol").then(|| "\"TCP\"".to_owned()))
    };
    let value = |key: &&str| tree.get(node, key).map(|v| tree.to_json(v).to_string()).or_else(|| default(key));
    keys.iter().filter_map(value).collect()
}

fn shown(name: &[String]) -> String {
    name.join(",").trim_matches('"').to_owned()
}
