//! What was read of a cluster, as files: to compare with where the cluster itself cannot be reached.
//!
//! A snapshot is a folder for each cluster: `snapshot.json` says what was asked and answered, and `objects/` holds a list
//! for each kind. What an object keeps secret is not in there, only whether two of them are the same. Plain dumps of
//! `kubectl get -o yaml` are read too; they say nothing of what is not in them.

mod dump;
mod mask;
mod read;
mod record;
mod write;

pub use mask::{Known, mask};
pub use read::{Of, Stored, read};
pub use record::{Head, RECORD};
pub use write::{Files, files, owned};

/// Annotation of an object of which nothing is known but that it is there: it was in a list, and neither asked for nor
/// ours when the snapshot was taken.
pub const NOT_KEPT: &str = "watershed/not-kept";

#[cfg(test)]
mod tests;
