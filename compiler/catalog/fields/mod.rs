//! Field tables: what every field of every kind is, and since which release it exists.
//!
//! Tables are data under `schema/targets/`, part of the program, and parsed when a kind is first
//! met. They are made by [`import_crds`], [`import_openapi`] and [`import_values`] from what the
//! projects publish; names and facts only.

mod draft;
mod files;
mod import;
mod parse;
mod release;
mod schema;
mod table;

pub use import::{Published, TableFile, ValuesHints, import_crds, import_openapi, import_values};
pub use release::Release;
pub use table::{Facts, Field, Merge, Table, Type};

use std::sync::OnceLock;

/// The table of a Kubernetes kind: `table("monitoring.coreos.com/v1", "Prometheus")`.
pub fn table(api_version: &str, kind: &str) -> Option<&'static Table> {
    files::KINDS.iter().find(|k| k.kind == kind && k.api_version == api_version).and_then(|k| k.table())
}

/// The API versions under which a kind has a table.
pub fn api_versions(kind: &str) -> impl Iterator<Item = &'static str> {
    files::KINDS.iter().filter(move |k| k.kind == kind).map(|k| k.api_version)
}

/// All kinds that have a table: API version and kind, sorted by kind.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    files::KINDS.iter().map(|k| (k.api_version, k.kind))
}

/// The table of a chart's values, for one chart version.
pub fn values(chart: &str, version: &str) -> Option<&'static Table> {
    files::CHARTS.iter().find(|c| c.kind == chart && c.api_version == version).and_then(|c| c.table())
}

/// The versions of a chart whose values have a table.
pub fn chart_versions(chart: &str) -> impl Iterator<Item = &'static str> {
    files::CHARTS.iter().filter(move |c| c.kind == chart).map(|c| c.api_version)
}

/// A type that several kinds share, `core.v1.PodSpec`.
fn shared(name: &str) -> Option<&'static Table> {
    static TYPES: OnceLock<Vec<SharedType>> = OnceLock::new();
    let types = TYPES.get_or_init(|| shared_types(files::TYPES));
    let at = types.binary_search_by(|t| t.name.cmp(name)).ok()?;
    let t = &types[at];
    t.table.get_or_init(|| parse::fields(t.header.clone(), t.body).ok()).as_ref()
}

struct SharedType {
    name: &'static str,
    header: parse::Header,
    body: &'static str,
    table: OnceLock<Option<Table>>,
}

/// Finds the sections of the file of shared types without reading them.
fn shared_types(text: &'static str) -> Vec<SharedType> {
    let Ok((header, body)) = parse::split_header(text) else { return Vec::new() };
    let mut types: Vec<SharedType> = body
        .split("\n@")
        .filter_map(|section| section.strip_prefix('@').unwrap_or(section).split_once('\n'))
        .map(|(name, body)| SharedType { name, header: header.clone(), body, table: OnceLock::new() })
        .collect();
    types.sort_by_key(|t| t.name);
    types
}

#[cfg(test)]
mod tests;
