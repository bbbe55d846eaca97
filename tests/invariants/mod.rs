//! The invariants of `compiler/README.md` that need the sources themselves.

mod catalog_names;
mod codes;
mod map;
mod modules;
mod sources;
