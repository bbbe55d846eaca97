//! One cluster and everything known about it while it is planned.

use crate::catalog::{Catalog, Version as CatalogVersion, Versions};
use crate::diag::{Diagnostic, Origin, Span};
use crate::model::fleet::{Cluster, Fleet};
use crate::model::ids::ClusterId;

pub(super) struct Context<'a> {
    pub fleet: &'a Fleet,
    pub catalog: &'a Catalog,
    pub id: ClusterId,
    pub cluster: &'a Cluster,
    /// Versions in the catalog's own type, for its gates.
    pub versions: Versions,
}

impl<'a> Context<'a> {
    pub fn new(fleet: &'a Fleet, catalog: &'a Catalog, id: ClusterId) -> Self {
        let cluster = fleet.cluster(id);
        let version = |text: String| CatalogVersion::parse(&text);
        let versions = cluster.versions.iter().filter_map(|(n, v)| Some((n.clone(), version(v.value.to_string())?)));
        Context { fleet, catalog, id, cluster, versions: versions.collect() }
    }

    /// The spec line behind `origin`, else the one behind `or`, else the cluster's block.
    pub fn place(&self, origin: Origin, or: Origin) -> Span {
        let lines = [origin, or, self.cluster.origin].map(|o| self.span(o));
        lines.into_iter().find(|s| !s.is_none()).unwrap_or(self.cluster.at)
    }

    pub fn span(&self, origin: Origin) -> Span {
        self.fleet.origins.span(&self.fleet.origins, origin)
    }

    /// Whether somebody wrote it in the spec.
    pub fn is_said(&self, origin: Origin) -> bool {
        !self.span(origin).is_none()
    }

    /// Adds a label, if the origin is a line of the spec.
    pub fn labelled(&self, diagnostic: Diagnostic, origin: Origin, text: &str) -> Diagnostic {
        let span = self.span(origin);
        if span.is_none() || span == diagnostic.at { diagnostic } else { diagnostic.label(span, text) }
    }
}
