//! Watershed: one spec of a fleet's monitoring to everything that has to be applied.
//!
//! The modules stand in dependency order; each may use only those above it (a test holds this).
//! `compiler/README.md` is the map.

pub mod diag;
pub mod object;
pub mod relabel;
pub mod world;
pub mod syntax;
pub mod model;
pub mod spec;
pub mod catalog;
pub mod store;
pub mod fleet;
pub mod plan;
pub mod emit;
pub mod check;
pub mod lint;
pub mod tree;
pub mod snapshot;
pub mod diff;
pub mod docs;
pub mod report;
pub mod pipeline;
pub mod cli;
