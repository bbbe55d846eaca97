//! Text to one tree with positions: KDL and YAML alike.
//!
//! Only this module names the KDL and YAML parsers. It knows shapes (`shape.rs`), not the language
//! (`spec/`), and never stops at the first fault.

mod block;
pub mod codes;
mod comments;
mod compare;
pub mod convert;
pub mod document;
mod faults;
pub mod fmt;
mod kdl;
pub mod plain;
mod read;
pub mod shape;
pub mod tagged;
#[cfg(test)]
mod tests;
mod text;
mod words;
mod yaml;

pub use compare::same_data;
pub use document::{Data, Document, Free, Named, Node, Object, Scalar, Spanned};
pub use read::{Language, read};
pub use shape::{Form, Key, Reference, Shape, Status, Type};
pub use text::{MAX_BYTES, decode_text};
