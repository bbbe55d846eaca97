//! What the suite proves, a file each, and what they share.

pub mod accepted;
pub mod charts;
pub mod emitted;
pub mod planned;
pub mod rules;
pub mod understood;
