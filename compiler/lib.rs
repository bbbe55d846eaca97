//! Watershed: one spec of a fleet's monitoring to everything that has to be applied.
//!
//! The modules stand in dependency order; each may use only those above it (a test holds this).
//! `compiler/README.md` is the map.

pub mod diag;
pub mod diff;
pub mod object;
pub mod spec;
pub mod syntax;
pub mod tree;
pub mod world;
