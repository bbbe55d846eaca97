//! What may be asked of a Grafana by its HTTP API. Nothing of it changes anything there.

use std::fmt;
use std::time::Duration;

use serde_json::Value as Json;

use super::server::Failure;

/// How a Grafana is reached. Nothing of it comes from a spec.
#[derive(Debug, Clone)]
pub struct GrafanaLogin {
    /// Its root: `https://grafana.example.com`, with the path it is served under, if any.
    pub url: String,
    /// `None`: it is asked as anybody.
    pub credentials: Option<Credentials>,
    /// For one request, answer included.
    pub timeout: Duration,
}

/// Who we say we are. The secrets themselves are read where they are sent, and nowhere else.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Of a service account.
    Token(Held),
    Basic {
        user: String,
        password: Held,
    },
}

/// Where a secret is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// An environment variable.
    Variable(String),
    File(String),
}

/// A Grafana. Every call waits for its answer. A list is whole, or it is a failure; it has what the account we ask with may
/// see.
pub trait Grafana: fmt::Debug + Send + Sync {
    /// As it names its release: `12.1.0`; empty where it does not say.
    /// [`FailureKind::Garbage`](super::server::FailureKind::Garbage) where what answers is no Grafana.
    fn version(&self) -> Result<String, Failure>;
    /// `{dashboard, meta}`; `None` where it says that there is none.
    fn dashboard(&self, uid: &str) -> Result<Option<Json>, Failure>;
    /// Dashboards with a tag: `uid`, `title`, `tags` and the folder of each.
    fn search(&self, tag: &str) -> Result<Vec<Json>, Failure>;
    /// Folders at the top: `uid` and `title` of each.
    fn folders(&self) -> Result<Vec<Json>, Failure>;
    /// With the names of the secrets it holds (`secureJsonFields`), which are all that is ever told of them; `None`
    /// where it says that there is none.
    fn data_source(&self, uid: &str) -> Result<Option<Json>, Failure>;
    /// All of them, in short.
    fn data_sources(&self) -> Result<Vec<Json>, Failure>;
}
