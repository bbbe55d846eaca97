//! Objects against what Kubernetes and the operator will accept: field tables, names, sizes; patches
//! onto objects; raw objects; that no object is there twice or has the name of somebody else's.
//!
//! It knows objects as trees and no kind of the spec. Findings carry the origin of the value they are
//! about, so that they become diagnostics at a line of the spec.

pub mod codes;
mod name;
mod object;
mod patch;
mod pod_security;
mod proven;
mod raw;
mod relabelling;
mod scalar;
mod size;
mod taken;
mod unique;
mod walk;

pub use object::{object, values};
pub use patch::{Applied, PatchRef, described, is_for, patch};
pub use pod_security::Admission;
pub use proven::{merges, rests_on, scraped_by};
pub use raw::{id_of, is_cluster_scoped, raw};
pub use relabelling::relabelling;
pub use taken::taken;
pub use unique::{Seen, unique};

use crate::catalog::fields::Release;
use crate::diag::{Code, Diagnostic, Origin, Origins, Span, nearest};
use crate::object::ObjectId;

/// The versions a cluster declares.
#[derive(Debug, Clone, Copy, Default)]
pub struct Versions {
    pub operator: Release,
    pub kubernetes: Release,
}

impl Versions {
    /// The declared version of a table's component; `None` for charts, whose tables are of one version.
    fn of(&self, component: &str) -> Option<Release> {
        match component {
            "prometheus-operator" => Some(self.operator),
            "kubernetes" => Some(self.kubernetes),
            _ => None,
        }
    }
}

/// Something wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub object: ObjectId,
    /// `spec.remoteWrite[0].url`; empty for the object as a whole.
    pub path: String,
    /// Where the value came from: the nearest origin, its own or that of what it stands in.
    pub origin: Origin,
    /// The origins further out, nearest first, for values whose own origin is no line of the spec.
    pub outer: Vec<Origin>,
    pub code: &'static Code,
    pub what: String,
    /// Empty where the code says it.
    pub why: String,
    pub help: String,
    /// Another place this is about, with what to say there.
    pub other: Option<(Origin, String)>,
}

impl Finding {
    fn new(object: &ObjectId, path: String, code: &'static Code, what: String) -> Self {
        Finding {
            object: object.clone(),
            path,
            origin: Origin::INHERIT,
            outer: Vec::new(),
            code,
            what,
            why: String::new(),
            help: String::new(),
            other: None,
        }
    }

    fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    fn did_you_mean<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(word, known) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// From the nearest origin to the farthest.
    fn from(mut self, mut origins: impl Iterator<Item = Origin>) -> Self {
        self.origin = origins.next().unwrap_or(Origin::INHERIT);
        self.outer = origins.collect();
        self
    }

    /// A diagnostic at the nearest line of the spec behind the value, or where none is, at `or`: the
    /// cluster that the object is for.
    pub fn into_diagnostic(self, cluster: &Origins, fleet: &Origins, or: Span) -> Diagnostic {
        let span = |origin: Origin| Some(cluster.span(fleet, origin)).filter(|s| !s.is_none());
        let at = std::iter::once(self.origin).chain(self.outer).find_map(span).unwrap_or(or);
        let mut diagnostic = Diagnostic::new(self.code, at, self.what);
        if !self.path.is_empty() {
            diagnostic = diagnostic.here(format!("becomes `{}` of {}", self.path, self.object));
        }
        if !self.why.is_empty() {
            diagnostic = diagnostic.why(self.why);
        }
        if !self.help.is_empty() {
            diagnostic = diagnostic.help(self.help);
        }
        match self.other.and_then(|(origin, text)| Some((span(origin)?, text))) {
            Some((span, text)) => diagnostic.label(span, text),
            None => diagnostic,
        }
    }
}
