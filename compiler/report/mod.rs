//! Findings and changes as text for people and JSON for programs.
//!
//! Renderers know no rules: everything they say stands in what they are given.

mod changes;
mod diagnostics;
mod json;
mod masks;
mod place;
mod review;
mod snippet;
mod style;
mod trace;

pub use changes::{ClusterChanges, Live, Manner, NotVerified, View, Was, changes};
pub use diagnostics::diagnostics;
pub use review::{
    CheckedIn as ReviewCheckedIn, Exception as ReviewException, Form, Review, State as ReviewState, review,
};
pub use style::{count, visible};
pub use trace::{Traced, trace};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    /// With a `format_version`, raised when a reader would have to change.
    Json,
}
