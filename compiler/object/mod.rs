//! The one model of everything emitted, patched, validated, compared or read from elsewhere.

mod build;
mod id;
mod tree;

pub use build::Build;
pub use id::{ObjectId, Place};
pub use tree::{Format, Kind, NodeId, Tree, Value};
