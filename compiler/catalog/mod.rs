//! What is known about the world: entries of `templates/`, field tables, versions.

pub mod fields;
