//! The ground all steps stand on: a sandbox without a way out, an API server, the operator, and pods that are run
//! from their own templates. It knows Kubernetes and processes; it knows nothing of what Watershed plans or emits.

pub mod api;
pub mod certificates;
pub mod cluster;
pub mod http;
pub mod images;
pub mod kubectl;
pub mod network;
pub mod operator;
pub mod pod;
pub mod process;
pub mod rest;
pub mod root;
pub mod sandbox;
pub mod services;
pub mod volumes;
pub mod workload;

use std::path::Path;

pub use crate::trouble::{During, Outcome, Trouble};

pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Outcome<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).during(folder.display())?;
    }
    std::fs::write(path, bytes).during(path.display())
}
