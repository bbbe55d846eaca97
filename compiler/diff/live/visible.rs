//! What of a live object is not ours to compare: defaults, and what those who are known have added.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::defaults;
use super::known::{self, Known as Writer};
use super::owners::Owners;
use crate::catalog::fields::{Field, Merge};
use crate::object::{Kind, NodeId, Tree};

/// Why something in a live object is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hidden {
    /// Filled in by the API server: nobody owns it, or it is the default.
    Default,
    Added(Writer),
    /// A label or annotation of an object that others may write to.
    Shared,
    /// Numbered, migrated or filled in by Grafana.
    Server,
    /// A secret of a data source, of which Grafana tells the name.
    Secret,
}

impl Hidden {
    pub fn name(self) -> &'static str {
        match self {
            Hidden::Default => "the API server's defaults",
            Hidden::Added(known) => known.name(),
            Hidden::Server => "what Grafana sets itself",
            Hidden::Secret => "secrets of data sources, compared by name",
            Hidden::Shared => "labels of objects that are not ours alone",
        }
    }
}

/// What tells whose something is.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub owners: &'a Owners,
    /// What `kubectl apply` has noted.
    pub applied: Option<&'a Json>,
    /// Further managers that write without applying.
    pub aliases: &'a [String],
}

/// Takes out of the live object, the whole of it below `live.1`, what nobody has to be told, and fills defaults into
/// lists that are replaced whole, on both sides. Returns how much of what was taken out.
pub(super) fn settle(
    kind: &str,
    table: Option<Field>,
    live: (&mut Tree, NodeId),
    wanted: (&mut Tree, NodeId),
    known: Known<'_>,
) -> BTreeMap<Hidden, usize> {
    let built_in = table.is_some_and(|t| t.table().component() == "kubernetes");
    let mut walk = Walk { kind, built_in, known, path: Vec::new(), named: Vec::new(), hidden: BTreeMap::new() };
    walk.maps(live.0, live.1, wanted.0, wanted.1, table);
    walk.hidden
}

struct Walk<'a> {
    kind: &'a str,
    /// Its types are Go code of Kubernetes, which leaves out what is empty.
    built_in: bool,
    known: Known<'a>,
    /// As field tables know it: `*` for an item.
    path: Vec<String>,
    /// With the names of items.
    named: Vec<String>,
    hidden: BTreeMap<Hidden, usize>,
}

impl Walk<'_> {
    fn maps(&mut self, live: &mut Tree, l: NodeId, wanted: &mut Tree, w: NodeId, field: Option<Field>) {
        let children: Vec<(NodeId, String)> = live.children(l).map(|c| (c, live.key(c).to_owned())).collect();
        for (child, key) in children {
            let below = field.and_then(|f| f.child(&key));
            self.step(&key, &key, |walk| match wanted.get(w, &key) {
                Some(twin) => walk.both(live, child, wanted, twin, below),
                None => walk.only_live(live, l, child, below),
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
        if let Some(hidden) = self.reason(live, node, field) {
            *self.hidden.entry(hidden).or_default() += 1;
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
                    if let Some(added @ Hidden::Added(_)) = walk.reason(live, item, field.items()) {
                        *walk.hidden.entry(added).or_default() += 1;
                        live.unlink(node, item);
                    }
                });
            }
            if live.is_empty(node) {
                live.unlink(parent, node);
            }
        }
    }

    fn reason(&self, live: &Tree, node: NodeId, field: Option<Field>) -> Option<Hidden> {
        if let Some(known) = known::by_path(&self.named) {
            return Some(Hidden::Added(known));
        }
        let empty = matches!(live.kind(node), Kind::Map | Kind::Seq) && live.is_empty(node);
        if (empty && self.built_in) || defaults::is_default(self.kind, &self.path, field, live, node) {
            return Some(Hidden::Default);
        }
        if !self.known.owners.recorded {
            return None;
        }
        let managers: Vec<_> = self.known.owners.of(live.origin(node)).collect();
        if managers.is_empty() {
            return (!self.is_scaled()).then_some(Hidden::Default);
        }
        // Whoever writes an object without applying it owns the defaults that were filled in then, too. What he has not
        // noted as applied is one of them.
        let by_update = managers.iter().all(|m| known::is_client_side(m, self.known.aliases));
        if by_update && self.known.applied.is_some_and(|applied| !self.is_in(applied)) {
            return Some(Hidden::Default);
        }
        let metadata = self.path.first().is_some_and(|p| p == "metadata");
        if self.kind == "Namespace" && metadata && !managers.iter().any(|m| known::is_ours(m, &[])) {
            return Some(Hidden::Shared);
        }
        let known: Option<Vec<Writer>> = managers.iter().map(|m| known::by_manager(m)).collect();
        known.and_then(|k| k.first().copied()).map(Hidden::Added)
    }

    /// Whether it is what `scale` writes into a custom resource: of that the API server keeps no owner.
    fn is_scaled(&self) -> bool {
        !self.built_in
            && matches!(self.named[..], [ref spec, ref count] if spec == "spec" && SCALED.contains(&count.as_str()))
    }

    /// Whether a document has something where the walk stands.
    fn is_in(&self, document: &Json) -> bool {
        let mut here = document;
        for step in &self.named {
            let next = match here {
                Json::Object(entries) => entries.get(step),
                Json::Array(items) => items.iter().find(|item| is_called(item, step)),
                _ => None,
            };
            let Some(next) = next else { return false };
            here = next;
        }
        true
    }

    fn step(&mut self, path: &str, named: &str, f: impl FnOnce(&mut Self)) {
        self.path.push(path.to_owned());
        self.named.push(named.to_owned());
        f(self);
        self.named.pop();
        self.path.pop();
    }
}

/// What `scale` of custom resources writes, in `spec`.
const SCALED: [&str; 3] = ["replicas", "shards", "shardCount"];

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

/// Whether an item of a list has a field with this value, or (`9100,TCP`) with its first part.
fn is_called(item: &Json, name: &str) -> bool {
    let first = name.split(',').next().unwrap_or(name);
    let texts = item.as_object().into_iter().flat_map(|fields| fields.values());
    texts.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).any(|text| text == name || text == first)
}
