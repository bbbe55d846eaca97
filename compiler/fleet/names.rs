//! What is declared, and the references whose answer is the same everywhere in the spec.
//!
//! References that depend on the cluster (a Prometheus, a job's class) are checked where the
//! cluster is resolved.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use super::levels::members;
use super::read::Read;
use crate::catalog::{Catalog, Kind};
use crate::diag::{Code, Diagnostic, Span};
use crate::model::ids::{AlertmanagerId, ClusterId, StoreId, ZoneId};
use crate::model::value::rule_id;
use crate::syntax::{Data, Document, Form, Node, Object, Reference, Scalar, Spanned, Type};

/// Where a name is declared, and its place in the order of names, which is its number.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    index: u32,
    pub at: Span,
}

/// Everything a spec declares by name.
#[derive(Debug)]
pub struct Names<'d> {
    of: BTreeMap<Reference, BTreeMap<&'d str, Declared>>,
    /// Prometheis of any level.
    pub lanes: BTreeMap<&'d str, Span>,
    /// Jobs of any level, with the classes the spec gives them.
    pub jobs: BTreeMap<&'d str, BTreeSet<&'d str>>,
}

impl<'d> Names<'d> {
    pub fn of(doc: &'d Document) -> Self {
        let root = &doc.root;
        let declared = |object: &'d Object, key: &str| -> BTreeMap<&'d str, Declared> {
            let places: BTreeMap<&str, Span> =
                members(object, key).map(|m| (m.name.value.as_str(), m.name.span)).collect();
            places.into_iter().zip(0..).map(|((name, at), index)| (name, Declared { index, at })).collect()
        };
        let mut names = Names {
            of: BTreeMap::from([
                (Reference::Profile, declared(root, "profile")),
                (Reference::Zone, declared(root, "zone")),
                (Reference::Cluster, declared(root, "cluster")),
                (Reference::Store, declared(root, "store")),
                (Reference::Alertmanager, declared(root, "alertmanager")),
            ]),
            lanes: BTreeMap::new(),
            jobs: BTreeMap::new(),
        };
        let fleet = match root.get("fleet").map(|n| &n.data) {
            Some(Data::Object(fleet)) => Some(fleet),
            _ => None,
        };
        if let Some(fleet) = fleet {
            names.of.insert(Reference::Wave, declared(fleet, "wave"));
        }
        let blocks =
            ["profile", "cluster"].into_iter().flat_map(|k| members(root, k)).filter_map(|m| m.object.as_ref());
        for block in fleet.into_iter().chain(blocks) {
            names.lanes.extend(members(block, "prometheus").map(|m| (m.name.value.as_str(), m.name.span)));
            for job in members(block, "job") {
                let classes = names.jobs.entry(&job.name.value).or_default();
                classes.extend(job.object.iter().flat_map(|o| members(o, "class")).map(|c| c.name.value.as_str()));
            }
        }
        names
    }

    pub fn get(&self, kind: Reference, name: &str) -> Option<Declared> {
        self.of.get(&kind)?.get(name).copied()
    }

    pub fn zone(&self, name: &str) -> Option<ZoneId> {
        self.get(Reference::Zone, name).map(|d| ZoneId(d.index))
    }

    pub fn cluster(&self, name: &str) -> Option<ClusterId> {
        self.get(Reference::Cluster, name).map(|d| ClusterId(d.index))
    }

    pub fn store(&self, name: &str) -> Option<StoreId> {
        self.get(Reference::Store, name).map(|d| StoreId(d.index))
    }

    pub fn alertmanager(&self, name: &str) -> Option<AlertmanagerId> {
        self.get(Reference::Alertmanager, name).map(|d| AlertmanagerId(d.index))
    }

    pub fn all(&self, kind: Reference) -> impl Iterator<Item = &'d str> {
        self.of.get(&kind).into_iter().flat_map(|names| names.keys().copied())
    }

    /// Checks every reference of the document whose answer does not depend on a cluster.
    pub fn check(&self, doc: &Document, catalog: &Catalog, rules: &[&'static Code], read: &mut Read<'_>) {
        let mut check = Check { names: self, catalog, rules, read };
        check.object(&doc.root);
    }
}

/// A name that nothing declares, with the nearest that is.
pub fn undefined<'n>(what: &str, name: &str, at: Span, known: impl IntoIterator<Item = &'n str>) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let found = Diagnostic::new(&codes::UNDEFINED, at, format!("there is no {what} `{name}`"));
    let found = match known.len() {
        0 => found.help(format!("none is declared; write one, or take `{name}` out")),
        1..=12 => found.help(format!("there is {}", list(&known))),
        _ => found,
    };
    found.did_you_mean(name, known)
}

/// A name of the language that nothing is made for yet.
pub fn not_compiled(what: &str, at: Span) -> Diagnostic {
    Diagnostic::new(&codes::NOT_COMPILED, at, format!("{what} is not compiled yet"))
}

/// `` `a`, `b` and `c` ``.
pub fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [most @ .., last] => {
            format!("{} and `{last}`", most.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))
        }
    }
}

struct Check<'c, 'd, 's> {
    names: &'c Names<'d>,
    catalog: &'c Catalog,
    rules: &'c [&'static Code],
    read: &'c mut Read<'s>,
}

impl Check<'_, '_, '_> {
    // Depth is bounded: blocks nest at most 32 deep, which is checked before parsing.
    fn object(&mut self, object: &Object) {
        for node in &object.nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match (&node.data, node.key.form) {
            (Data::Object(object), _) => self.object(object),
            (Data::Named(members), _) => members.iter().filter_map(|m| m.object.as_ref()).for_each(|o| self.object(o)),
            (Data::Repeated(objects), _) => objects.iter().for_each(|o| self.object(o)),
            (Data::Scalar(s), Form::Scalar(Type::Ref(kind))) => self.reference(kind, s),
            (Data::List(items), Form::List(Type::Ref(kind))) => items.iter().for_each(|s| self.reference(kind, s)),
            _ => {}
        }
    }

    fn reference(&mut self, kind: Reference, at: &Spanned<Scalar>) {
        let Some(name) = at.value.as_str() else { return };
        let found = match kind {
            Reference::Profile => self.declared(kind, "profile", name, at.span),
            Reference::Zone => self.declared(kind, "zone", name, at.span),
            Reference::Cluster => self.declared(kind, "cluster", name, at.span),
            Reference::Store => self.declared(kind, "store", name, at.span),
            Reference::Alertmanager => self.declared(kind, "alertmanager", name, at.span),
            Reference::Wave => self.declared(kind, "wave", name, at.span),
            Reference::RulePack => self.entry(Kind::Rules, "rule pack", name, at.span),
            Reference::Dashboard => self.entry(Kind::Dashboard, "dashboard", name, at.span),
            Reference::Rule => self.rule(name, at.span),
            // Depend on the cluster, the store, or the line.
            Reference::Prometheus | Reference::PrometheusOrStore | Reference::Job | Reference::Address => None,
        };
        if let Some(found) = found {
            self.read.report(found);
        }
    }

    fn declared(&self, kind: Reference, what: &str, name: &str, at: Span) -> Option<Diagnostic> {
        self.names.get(kind, name).is_none().then(|| undefined(what, name, at, self.names.all(kind)))
    }

    fn entry(&self, kind: Kind, what: &str, name: &str, at: Span) -> Option<Diagnostic> {
        let known = self.catalog.names(kind);
        if known.contains(&name) {
            None
        } else if self.catalog.is_not_yet(kind, name) {
            Some(not_compiled(&format!("the {what} `{name}`"), at))
        } else {
            Some(undefined(what, name, at, known))
        }
    }

    fn rule(&self, id: &str, at: Span) -> Option<Diagnostic> {
        match self.rules.iter().find(|c| c.id == id) {
            Some(code) if code.allowable => None,
            Some(code) => {
                Some(Diagnostic::new(&codes::NOT_ALLOWABLE, at, format!("`{id}` ({}) cannot be allowed", code.title)))
            }
            // Text that is no id at all was reported with the form of the spec.
            None if rule_id(id).is_err() => None,
            None => Some(undefined("rule", id, at, self.rules.iter().filter(|c| c.allowable).map(|c| c.id))),
        }
    }
}
