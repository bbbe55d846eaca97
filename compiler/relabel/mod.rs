//! Relabelling.

pub mod regex;
