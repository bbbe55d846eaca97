//! The one model of everything emitted, patched, validated, compared or read from elsewhere.

mod build;
pub mod edit;
mod id;
pub mod json;
mod tree;
mod values;
pub mod yaml;

pub use build::Build;
pub use id::{ObjectId, Place};
pub use tree::{Format, Kind, NodeId, Tree, Value};
pub use values::json_values;
