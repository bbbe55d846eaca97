//! Text to one tree with positions: KDL and YAML alike.
//!
//! Only this module names the KDL and YAML parsers. It knows shapes (`shape.rs`), not the language
//! (`spec/`), and never stops at the first fault.

pub mod document;
pub mod shape;
pub mod tagged;

pub use document::{Data, Document, Free, Named, Node, Object, Scalar, Spanned};
pub use shape::{Form, Key, Reference, Shape, Status, Type};
