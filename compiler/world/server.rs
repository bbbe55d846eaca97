//! What may be asked of an API server: a live one, or what was once read of it.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Value as Json;

/// How a cluster is reached. Nothing of it comes from a spec but the name of the context.
#[derive(Debug, Clone)]
pub struct Login {
    /// A context of the kubeconfig.
    pub context: String,
    /// The kubeconfig; where `None`, `KUBECONFIG` or `~/.kube/config`.
    pub kubeconfig: Option<String>,
    /// Names of credential plugins that may be run; all others are refused.
    pub exec: Vec<String>,
    /// For one request, answer included.
    pub timeout: Duration,
}

/// Is told each of several answers; it breaks off where no more is wanted.
pub type Each<'a, T> = dyn FnMut(Result<T, Failure>) -> ControlFlow<()> + 'a;

/// An API server. Every call waits for its answer; nothing is changed but by [`apply`](Server::apply),
/// [`create`](Server::create), [`reown`](Server::reown) and [`delete`](Server::delete).
pub trait Server: fmt::Debug + Send + Sync {
    /// As the server names its release: `v1.35.0`.
    fn version(&self) -> Result<String, Failure>;
    /// The kinds of one group and version, as discovery lists them; subresources left out.
    /// [`FailureKind::Missing`] where the server does not serve it.
    fn kinds(&self, api_version: &str) -> Result<Vec<Served>, Failure>;
    /// The kinds of several versions: each as [`kinds`](Server::kinds) tells them, in this order. They may be asked for
    /// at once.
    fn kinds_of(&self, api_versions: &[&str], each: &mut Each<'_, Vec<Served>>) {
        let _ = api_versions.iter().try_for_each(|version| each(self.kinds(version)));
    }
    /// All objects of a kind, `managedFields` included, page by page at one resource version. What came before
    /// a failure is not handed on: a list is whole or it is none.
    fn list(&self, what: &Listed) -> Result<Vec<Json>, Failure>;
    /// Several lists: each as [`list`](Server::list) answers, in this order. They may be asked for at once.
    fn lists(&self, what: &[Listed], each: &mut Each<'_, Vec<Json>>) {
        let _ = what.iter().try_for_each(|listed| each(self.list(listed)));
    }
    /// Objects of a list that is not whole, where what was read of a server is all there is and
    /// [`list`](Server::list) fails. Nothing follows from what is not among them.
    fn known(&self, _: &Listed) -> Vec<Json> {
        Vec::new()
    }
    /// One object; `None` where there is none of this name. Takes no other right than to list.
    fn find(&self, what: &Served, namespace: Option<&str>, name: &str) -> Result<Option<Json>, Failure> {
        let listed = Listed { served: what.clone(), namespace: namespace.map(str::to_owned), labels: None };
        let is_it = |object: &Json| object.pointer("/metadata/name").and_then(Json::as_str) == Some(name);
        Ok(self.list(&listed)?.into_iter().find(is_it))
    }
    /// Whether we may do this, by a `SelfSubjectAccessReview`. No namespace: in all of them.
    fn may(&self, verb: Verb, what: &Served, namespace: Option<&str>) -> Result<bool, Failure>;
    /// Server-side apply of one object, with strict field validation. Answers with the object as it then is, or
    /// would be.
    fn apply(&self, what: &Served, object: &Json, how: Apply<'_>) -> Result<Json, Failure>;
    /// Makes an object, with strict field validation: [`FailureKind::Conflict`] where there is one of this name, which is
    /// left as it is. Applying cannot ask for that: it joins what it meets. The server notes the manager as one that
    /// updates. Answers with the object as it then is.
    fn create(&self, what: &Served, object: &Json, manager: &str) -> Result<Json, Failure>;
    /// Gives an object, if it still is the one that was seen, other `managedFields`; nothing else of it changes.
    /// Answers with the object as it then is.
    fn reown(&self, what: &Served, seen: &Seen, managed_fields: &Json) -> Result<Json, Failure>;
    /// Deletes one object, in the background, if it still is the one that was seen.
    fn delete(&self, what: &Served, seen: &Seen) -> Result<(), Failure>;
}

/// A kind as a server serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Served {
    /// `v1`, `monitoring.coreos.com/v1`.
    pub api_version: String,
    pub kind: String,
    pub plural: String,
    pub namespaced: bool,
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    pub served: Served,
    /// `None`: of all namespaces, or of a kind that has none.
    pub namespace: Option<String>,
    /// A label selector; `None`: every object.
    pub labels: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    List,
    Create,
    Patch,
    Delete,
}

/// How an object is applied.
#[derive(Debug, Clone, Copy)]
pub struct Apply<'a> {
    pub manager: &'a str,
    /// Takes fields from other managers.
    pub force: bool,
    pub dry_run: bool,
    pub base: Base<'a>,
}

/// What has to be there for an object to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base<'a> {
    /// Whatever there is.
    Any,
    /// This one, unchanged: [`FailureKind::Conflict`] otherwise.
    Seen(&'a Seen),
}

/// An object that was read, so that no other one is changed or deleted in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub namespace: Option<String>,
    pub name: String,
    pub uid: String,
    pub resource_version: String,
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    /// In words a person can act on, without credentials and control characters.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// No such context, or a kubeconfig that cannot be read.
    Config,
    /// A credential plugin that nobody allowed, or that failed.
    Plugin,
    /// Credentials that are refused or ran out (401).
    Unauthorized,
    /// Not permitted (403).
    Forbidden,
    /// The server does not have it: no such group, version, kind, namespace or object (404).
    Missing,
    /// Somebody else owns a field, or has changed the object since (409).
    Conflict,
    /// Somebody has made, changed or deleted it since it was looked at.
    Changed,
    /// The server refuses the object (400, 422); an immutable field, mostly.
    Invalid,
    /// Too many requests (429), after we had waited as we were told to.
    Busy,
    /// The server answers with an error of its own (5xx).
    Server,
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Unreachable,
    /// An answer that is none: no JSON, not what was asked for, or larger than anything we would read.
    Garbage,
    /// What was once read of the server does not tell.
    NotRecorded,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Failure { kind, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
