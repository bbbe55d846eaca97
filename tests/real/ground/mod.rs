//! The ground all steps stand on: a sandbox without a way out, an API server, the operator, and pods that are run
//! from their own templates. It knows Kubernetes and processes; it knows nothing of what Watershed plans or emits.

pub mod api;
pub mod certificates;
pub mod cluster;
pub mod http;
pub mod kubectl;
pub mod network;
pub mod operator;
pub mod pod;
pub mod process;
pub mod root;
pub mod sandbox;
pub mod services;
pub mod volumes;
pub mod workload;

use std::fmt;
use std::path::Path;

/// Why something could not be done, in the words of the component where it has any. One line each, outermost first.
#[derive(Debug, Clone)]
pub struct Trouble(String);

pub type Outcome<T> = Result<T, Trouble>;

impl Trouble {
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// The same trouble, with what was being done when it came up.
    #[must_use]
    pub fn during(self, what: impl fmt::Display) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

impl From<String> for Trouble {
    fn from(what: String) -> Self {
        Self(what)
    }
}

/// Says what was being done when an error of the library came up.
pub trait During<T> {
    /// # Errors
    /// The error there was, with `what` before it.
    fn during(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: fmt::Display> During<T> for Result<T, E> {
    fn during(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|e| Trouble(format!("{what}: {e}")))
    }
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Outcome<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).during(folder.display())?;
    }
    std::fs::write(path, bytes).during(path.display())
}
