//! `explain PATH`: the resolved value of a path, and every line, fallback and default behind it.

use super::chain::{Step, StepKind, default_step, item_lines, member_lines, said, together};
use super::codes;
use super::context::Context;
use super::levels::{Level, Levels, members};
use super::merge::{Block, Value};
use super::names::Names;
use super::owner::Claims;
use super::path::{canonical, words};
use super::read::Read;
use super::redundant::Redundant;
use super::show;
use crate::catalog::{Catalog, Kind, Select};
use crate::diag::{Diagnostic, Sink, Span};
use crate::spec::{ROOT, SETTINGS};
use crate::syntax::{Document, Form, Key, Shape};

/// What a path resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// `cluster[edge-1].job[node-exporter].interval`.
    pub path: String,
    /// What the key is for.
    pub about: &'static str,
    /// The value in force; `None` where it is absent by intent.
    pub value: Option<String>,
    /// From the nearest line on. What decides has `holds`.
    pub chain: Vec<Step>,
    /// Of a path that names a block: its keys and their values in short, in the order of the
    /// reference.
    pub content: Vec<(String, String)>,
}

/// Explains `cluster[edge-1].job[node-exporter].class[network].interval`, also written
/// `cluster.edge-1.job.node-exporter.class.network.interval`.
///
/// # Errors
/// A path that leads nowhere: the word that is unknown, and what is near it.
pub fn explain(doc: &Document, catalog: &Catalog, path: &str) -> Result<Explained, Box<Diagnostic>> {
    let words = words(path);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (block, mut walk, rest) = top(doc, catalog, path, &words)?;
    match walk.descend(block, rest)? {
        Found::Leaf { blocks, key } => Ok(walk.leaf(&blocks, key)),
        Found::Block { block, chain } => Ok(walk.block(&block, chain)),
        Found::Value { key, value, chain } => Ok(walk.value(key, value, chain)),
    }
}

/// The blocks from the top to the one that holds the key, each with the key and name it stands
/// under.
type Blocks<'d> = Vec<(Block<'d>, &'static str, String)>;

enum Found<'d> {
    Leaf {
        blocks: Blocks<'d>,
        key: &'static Key,
    },
    /// With the lines it is made of.
    Block {
        block: Block<'d>,
        chain: Vec<Step>,
    },
    Value {
        key: &'static Key,
        value: Option<String>,
        chain: Vec<Step>,
    },
}

struct Walk<'w, 'd> {
    doc: &'d Document,
    catalog: &'w Catalog,
    path: &'w str,
    /// Canonical parts so far.
    said: Vec<(String, Option<String>)>,
    about: &'static str,
}

/// The block a path begins with.
fn top<'w, 'd>(
    doc: &'d Document,
    catalog: &'w Catalog,
    path: &'w str,
    words: &'w [&'w str],
) -> Result<(Block<'d>, Walk<'w, 'd>, &'w [&'w str]), Box<Diagnostic>> {
    let mut walk = Walk { doc, catalog, path, said: Vec::new(), about: ROOT.doc };
    let levels = Levels::of(doc);
    let (kind, rest) = words.split_first().map_or(("", &[][..]), |(kind, rest)| (*kind, rest));
    let Some(key) = ROOT.key(kind) else {
        return Err(walk.unknown("key", kind, ROOT.keys.iter().map(|k| k.name)));
    };
    walk.about = key.doc;
    if kind == "fleet" {
        walk.said.push((kind.to_owned(), None));
        let block = levels.fleet.map_or_else(|| Block::empty(shape_of(key)), |o| Block::of(Level::Fleet, o));
        return Ok((block, walk, rest));
    }
    let Form::Named(_, shape) = key.form else {
        return Err(walk.unknown("block with a name", kind, ROOT.keys.iter().map(|k| k.name).filter(|k| *k != kind)));
    };
    let all: Vec<_> = members(&doc.root, kind).collect();
    let Some((name, rest)) = rest.split_first() else {
        return Err(walk.unnamed(key, all.iter().map(|m| m.name.value.as_str())));
    };
    let Some(named) = all.iter().find(|m| m.name.value == *name) else {
        return Err(walk.unknown(kind, name, all.iter().map(|m| m.name.value.as_str())));
    };
    walk.said.push((kind.to_owned(), Some((*name).to_owned())));
    let mut block = Block::empty(shape);
    let level = match kind {
        "cluster" => {
            let list: Vec<&str> =
                named.object.iter().flat_map(super::named_profiles).map(|(profile, _)| profile).collect();
            let (_, base) = super::base(&levels, levels.order(&list), &mut Redundant::default());
            block = Block { shape, ..base };
            Level::Cluster(&named.name.value)
        }
        "profile" => Level::Profile(&named.name.value),
        _ => Level::Own,
    };
    if let Some(object) = &named.object {
        block.lay(level, object, |_| true, &mut Redundant::default());
    }
    Ok((block, walk, rest))
}

fn shape_of(key: &Key) -> &'static Shape {
    match key.form {
        Form::Object(shape) | Form::Named(_, shape) | Form::Repeated(shape) => shape,
        _ => &ROOT,
    }
}

impl<'d> Walk<'_, 'd> {
    fn descend(&mut self, top: Block<'d>, mut words: &[&str]) -> Result<Found<'d>, Box<Diagnostic>> {
        let mut blocks: Blocks<'d> = vec![(top, "", String::new())];
        let mut chain = Vec::new();
        loop {
            let Some((block, _, _)) = blocks.last() else { return Err(self.unknown("key", "", [])) };
            let block = block.clone();
            let Some((word, rest)) = words.split_first() else { return Ok(Found::Block { block, chain }) };
            let Some(key) = block.shape.key(word) else {
                return Err(self.unknown("key", word, block.shape.keys.iter().map(|k| k.name)));
            };
            self.about = key.doc;
            words = rest;
            match key.form {
                Form::Object(shape) => {
                    self.said.push((key.name.to_owned(), None));
                    let inner = block.object(key.name).cloned().unwrap_or_else(|| Block::empty(shape));
                    if rest.is_empty() && block.object(key.name).is_none() {
                        return Ok(Found::Leaf { blocks, key });
                    }
                    chain = block.entry(key.name).map(together).unwrap_or_default();
                    blocks.push((inner, key.name, String::new()));
                }
                Form::Named(_, shape) => {
                    let Some((name, rest)) = rest.split_first() else {
                        self.said.push((key.name.to_owned(), None));
                        return Ok(self.names(&blocks, key));
                    };
                    let inner = self.member(&blocks, key, shape, name)?;
                    self.said.push((key.name.to_owned(), Some((*name).to_owned())));
                    chain = block.entry(key.name).map(|e| member_lines(e, name)).unwrap_or_default();
                    blocks.push((inner, key.name, (*name).to_owned()));
                    words = rest;
                }
                Form::Map(..) if !rest.is_empty() => {
                    // Label names have dots in them.
                    let name = rest.join(".");
                    return self.item(&block, key, &name);
                }
                Form::Repeated(_) if !rest.is_empty() => {
                    let lines = block.repeated(key.name);
                    let Some((level, object)) = rest[0].parse::<usize>().ok().and_then(|n| lines.get(n)) else {
                        let known: Vec<String> = (0..lines.len()).map(|n| n.to_string()).collect();
                        return Err(self.unknown(key.name, rest[0], known.iter().map(String::as_str)));
                    };
                    let inner = Block::of(*level, object);
                    self.said.push((key.name.to_owned(), Some(rest[0].to_owned())));
                    chain = Vec::new();
                    blocks.push((inner, key.name, rest[0].to_owned()));
                    words = &rest[1..];
                }
                _ => {
                    if let Some(more) = rest.first() {
                        self.said.push((key.name.to_owned(), None));
                        return Err(self.unknown("key", more, []));
                    }
                    self.said.push((key.name.to_owned(), None));
                    return Ok(Found::Leaf { blocks, key });
                }
            }
        }
    }

    /// A member, in the spec or only in the catalog.
    fn member(
        &self,
        blocks: &Blocks<'d>,
        key: &'static Key,
        shape: &'static Shape,
        name: &str,
    ) -> Result<Block<'d>, Box<Diagnostic>> {
        let Some((block, _, parent)) = blocks.last() else { return Ok(Block::empty(shape)) };
        if let Some(entry) = block.entry(key.name)
            && let Value::Named(members) = &entry.value
            && let Some(member) = members.get(name)
        {
            return Ok(member.block.clone().unwrap_or_else(|| Block::empty(shape)));
        }
        let of_catalog: Vec<&str> = match key.name {
            "job" => self.catalog.names(Kind::Job),
            "class" => self.catalog.job(parent).into_iter().flat_map(|j| &j.classes).map(|c| c.name.as_str()).collect(),
            _ => Vec::new(),
        };
        if of_catalog.contains(&name) {
            return Ok(Block::empty(shape));
        }
        let known = block.members(key.name).map(|(name, _, _)| name).chain(of_catalog.iter().copied());
        Err(self.unknown(key.name, name, known))
    }

    /// A path that ends at a named key: who is there.
    fn names(&self, blocks: &Blocks<'d>, key: &'static Key) -> Found<'d> {
        let names: Vec<&str> =
            blocks.last().into_iter().flat_map(|(block, _, _)| block.enabled(key.name)).map(|(n, _, _)| n).collect();
        let chain = blocks.last().map(|(block, _, _)| said(block, key.name).1).unwrap_or_default();
        Found::Value { key, value: (!names.is_empty()).then(|| names.join(" ")), chain }
    }

    /// An entry of a map.
    fn item(&mut self, block: &Block<'d>, key: &'static Key, name: &str) -> Result<Found<'d>, Box<Diagnostic>> {
        self.said.push((key.name.to_owned(), Some(name.to_owned())));
        let items = match block.entry(key.name).map(|e| &e.value) {
            Some(Value::Map(items)) => Some(items),
            _ => None,
        };
        if let Some(item) = items.and_then(|i| i.get(name)) {
            let value = item.nearest().and_then(|(_, v)| show::scalar(&v.value));
            let mut chain = item_lines(item);
            chain.iter_mut().take(1).for_each(|nearest| nearest.holds = value.is_some());
            return Ok(Found::Value { key, value, chain });
        }
        if key.name == "versions"
            && let Some(component) = self.catalog.component(name)
        {
            let value = component.default.to_string();
            let chain = vec![default_step("the newest the catalog was checked with".to_owned(), value.clone())];
            return Ok(Found::Value { key, value: Some(value), chain });
        }
        self.said.pop();
        let known = items.into_iter().flat_map(|i| i.keys().copied());
        Err(self.unknown(&format!("entry of `{}`", key.name), name, known))
    }

    /// A key with one value: its lines, then what it falls back to, then the default.
    fn leaf(&self, blocks: &Blocks<'d>, key: &'static Key) -> Explained {
        let mut chain: Vec<Step> = Vec::new();
        let mut value: Option<String> = None;
        if let Some((block, _, _)) = blocks.last() {
            (value, chain) = said(block, key.name);
        }
        for (path, block, key) in self.fallbacks(blocks, key) {
            if value.is_some() {
                break;
            }
            let (found, steps) = said(&block, key);
            let from = format!("{path} (fallback)");
            if steps.is_empty() {
                let (from, value) = (from.clone(), String::new());
                chain.push(Step { kind: StepKind::Fallback, from, value, at: Span::NONE, holds: false });
            }
            chain.extend(steps.into_iter().map(|s| Step {
                kind: StepKind::Fallback,
                from: format!("{from} in {}", s.from),
                ..s
            }));
            value = found;
        }
        // A key that falls back has the default of the key it falls back to.
        let last = self.fallbacks(blocks, key).pop().filter(|(_, _, name)| *name == key.name);
        let top = last.and_then(|_| SETTINGS.iter().find(|k| k.name == key.name));
        if value.is_none()
            && let Some((from, default)) = self.default(blocks, top.unwrap_or(key))
        {
            chain.push(default_step(from, default.clone()));
            value = Some(default);
        }
        self.value(key, value, chain)
    }

    /// What a key falls back to, nearest first: how it is called, and the block it stands in (§5).
    fn fallbacks(&self, blocks: &Blocks<'d>, key: &'static Key) -> Vec<(String, Block<'d>, &'static str)> {
        let at = |n: usize| blocks.len().checked_sub(n + 1).and_then(|i| blocks.get(i));
        let (Some((block, _, _)), Some((top, _, _))) = (at(0), blocks.first()) else { return Vec::new() };
        let mut found = Vec::new();
        match (block.shape.name, key.name) {
            ("class" | "job", "interval" | "timeout") => {
                let class = (block.shape.name == "class").then(|| at(0).map(|b| b.2.as_str())).flatten();
                let job = if class.is_some() { at(1) } else { at(0) };
                let Some((job_block, _, job)) = job else { return found };
                if class.is_some() {
                    found.push((format!("job[{job}].{}", key.name), job_block.clone(), key.name));
                }
                if let Some(lane) = self.owner(top, job, class)
                    && let Some((_, lane_block)) = top.member("prometheus", &lane)
                {
                    found.push((format!("prometheus[{lane}].{}", key.name), lane_block.clone(), key.name));
                }
                found.push((key.name.to_owned(), top.clone(), key.name));
            }
            ("prometheus", "interval" | "timeout" | "alerts") => {
                found.push((key.name.to_owned(), top.clone(), key.name));
            }
            ("storage", "class") if at(1).is_some_and(|(b, _, _)| b.shape.name == "prometheus") => {
                found.push(("storage-class".to_owned(), top.clone(), "storage-class"));
            }
            ("relay", "class") => found.push(("storage-class".to_owned(), top.clone(), "storage-class")),
            ("exporter", "managed" | "namespace") => {
                if let Some(exporters) = top.object("exporters") {
                    found.push((format!("exporters.{}", key.name), exporters.clone(), key.name));
                }
            }
            ("address", "basic-auth" | "bearer" | "ca" | "client-cert") => {
                found.push((key.name.to_owned(), top.clone(), key.name));
            }
            _ => {}
        }
        found
    }

    /// The Prometheus that owns a job or class.
    fn owner(&self, cluster: &Block<'d>, job: &str, class: Option<&str>) -> Option<String> {
        let mut unheard = Sink::default();
        let names = Names::of(self.doc);
        let mut cx = Context::new(self.catalog, &names, Read::new(&mut unheard));
        Claims::of(&mut cx, "", cluster).owner(job, class).map(str::to_owned)
    }

    /// The default of a key: what it is called, and its value where it is known.
    fn default(&self, blocks: &Blocks<'d>, key: &'static Key) -> Option<(String, String)> {
        let (block, _, name) = blocks.last()?;
        let top = &blocks.first()?.0;
        let called = |n: usize| self.said.get(n).and_then(|(_, name)| name.clone());
        match (block.shape.name, key.name) {
            ("cluster", "id" | "context") => return Some(("the cluster's name".to_owned(), called(0)?)),
            ("store", "release") => return Some(("the store's name".to_owned(), called(0)?)),
            ("cluster", "pods") => {
                let nodes = top.scalar("nodes")?.value.as_int()?;
                return Some(("assumed: 30 pods a node".to_owned(), nodes.checked_mul(30)?.to_string()));
            }
            ("class", which @ ("collectors" | "metrics")) => {
                let (_, _, job) = blocks.len().checked_sub(2).and_then(|i| blocks.get(i))?;
                let items = match (&self.catalog.job(job)?.class(name)?.select, which) {
                    (Select::Parts(parts), "collectors") => parts,
                    (Select::Metrics(globs), "metrics") => globs,
                    _ => return None,
                };
                return Some((format!("the catalog's job `{job}`"), items.join(" ")));
            }
            _ => {}
        }
        // A quoted word is the value itself; anything else says in words how it is found.
        let text = key.default;
        let inner = text.strip_prefix('`').and_then(|t| t.strip_suffix('`')).filter(|t| !t.contains('`'));
        match inner {
            _ if text.is_empty() => None,
            Some(word) => Some(("default".to_owned(), word.trim_matches('"').to_owned())),
            None => match text.split_once("`, ") {
                Some((word, comment)) if word.starts_with('`') && !word[1..].contains('`') => {
                    Some((format!("default, {comment}"), word.trim_matches('`').trim_matches('"').to_owned()))
                }
                _ => Some(("default".to_owned(), text.to_owned())),
            },
        }
    }

    fn value(&self, key: &'static Key, value: Option<String>, chain: Vec<Step>) -> Explained {
        Explained { path: canonical(&self.said), about: key.doc, value, chain, content: Vec::new() }
    }

    fn block(&self, block: &Block<'d>, chain: Vec<Step>) -> Explained {
        let content = block
            .shape
            .keys
            .iter()
            .filter_map(|k| Some((k.name.to_owned(), show::value(&block.entry(k.name)?.value)?)))
            .collect();
        Explained { path: canonical(&self.said), about: self.about, value: None, chain, content }
    }

    fn unknown<'n>(&self, what: &str, word: &str, known: impl IntoIterator<Item = &'n str>) -> Box<Diagnostic> {
        let known: Vec<&str> = known.into_iter().collect();
        let place = if self.said.is_empty() { "a spec".to_owned() } else { format!("`{}`", canonical(&self.said)) };
        let found = Diagnostic::new(
            &codes::NO_PATH,
            Span::NONE,
            match word {
                "" => format!("the path `{}` is empty", self.path),
                word => format!("there is no {what} `{word}` in {place}"),
            },
        );
        let found = match known.len() {
            0 => found.help("a path ends at the first key that holds a value"),
            1..=60 => found.help(format!("there is {}", super::names::list(&known))),
            _ => found,
        };
        Box::new(found.did_you_mean(word, known))
    }

    fn unnamed<'n>(&self, key: &Key, known: impl IntoIterator<Item = &'n str>) -> Box<Diagnostic> {
        let known: Vec<&str> = known.into_iter().take(12).collect();
        let found = Diagnostic::new(
            &codes::NO_PATH,
            Span::NONE,
            format!("the path `{}` does not say which {}", self.path, key.name),
        )
        .help(match known.first() {
            Some(first) => format!("write a name: `{}[{first}]`; there is {}", key.name, super::names::list(&known)),
            None => format!("the spec declares no {}", key.name),
        });
        Box::new(found)
    }
}
