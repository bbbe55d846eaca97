//! One cluster and everything known about it while it is planned.

use super::relay;
use crate::catalog::{Catalog, Version as CatalogVersion, Versions};
use crate::diag::{Diagnostic, Origin, Origins, Sourced, Span, Why};
use crate::model::fleet::{Cluster, Fleet};
use crate::model::ids::ClusterId;
use crate::model::value::Version;

pub(super) struct Context<'a> {
    pub fleet: &'a Fleet,
    pub catalog: &'a Catalog,
    pub id: ClusterId,
    pub cluster: &'a Cluster,
    /// Versions in the catalog's own type, for its gates.
    pub versions: Versions,
    /// Whether a relay stands between its Prometheis and stores.
    pub relayed: bool,
}

impl<'a> Context<'a> {
    pub fn new(fleet: &'a Fleet, catalog: &'a Catalog, id: ClusterId) -> Self {
        let cluster = fleet.cluster(id);
        let version = |text: String| CatalogVersion::parse(&text);
        let versions = cluster.versions.iter().filter_map(|(n, v)| Some((n.clone(), version(v.value.to_string())?)));
        let mut cx = Context { fleet, catalog, id, cluster, versions: versions.collect(), relayed: false };
        cx.relayed = relay::is_there(&cx);
        cx
    }

    /// The version of a component: the cluster's, which are complete, else the catalog's default.
    pub fn version(&self, component: &str) -> Sourced<Version> {
        self.cluster.versions.get(component).copied().unwrap_or_else(|| {
            let default = self.catalog.component(component).map(|c| c.default.to_string());
            let version = default.and_then(|d| Version::parse(&d).ok()).unwrap_or(Version::new(0, 0, 0));
            Sourced::new(version, Origin::INHERIT)
        })
    }

    /// Image of a component of the catalog, the mirror in its registry's place.
    pub fn image(&self, component: &str) -> String {
        let Some(entry) = self.catalog.component(component) else { return String::new() };
        let version = self.versions.get(component).copied().unwrap_or(entry.default);
        entry.image.as_ref().and_then(|i| i.reference(entry, version, self.mirror())).unwrap_or_default()
    }

    /// Where an image reference comes from: the version, and the mirror in its registry's place.
    pub fn image_origin(&self, version: Origin, origins: &mut Origins) -> Origin {
        match &self.cluster.image_mirror {
            None => version,
            Some(mirror) => {
                let reason = "the image of that version, from the mirror";
                origins.add(Why::Derived { reason, from: vec![version, mirror.origin] })
            }
        }
    }

    pub fn mirror(&self) -> Option<&'a str> {
        self.cluster.image_mirror.as_ref().map(|m| m.value.as_str())
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
