//! API servers, through kube. The only place that knows kube, tokio and HTTP; all of it waits inside.
//!
//! Lists are read as plain JSON: no type of Kubernetes decides what is kept of an object.

#![expect(clippy::disallowed_methods, reason = "like `os`, this is a place that may")]

mod at_once;
mod grafana;
mod list;
mod login;
mod path;
mod plugin;
mod proxy;
mod request;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt as _, stream};
use http::{Method, StatusCode};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Client;
use kube::client::ClientBuilder;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

use self::at_once::{AT_ONCE, Door, Place, Row};
use self::login::{Access, Variables, chain, config};
use self::request::{Asker, Limits, Question, Refusal};
use super::server::{Apply, Base, Each, Failure, FailureKind, Listed, Login, Seen, Served, Server, Verb};

pub(super) use self::grafana::connect as grafana;

/// A connection to the server of a context. Nothing is asked and no program run yet.
///
/// # Errors
/// [`FailureKind::Config`]; [`FailureKind::Plugin`] where a program would have to be run that is not allowed.
pub(super) fn connect(login: &Login, variables: Variables<'_>) -> Result<Arc<dyn Server>, Failure> {
    Ok(Arc::new(Live::new(login, Limits::of(login.timeout), variables)?))
}

struct Live {
    context: String,
    access: Access,
    /// Where the server is, for messages.
    host: String,
    limits: Limits,
    runtime: Runtime,
    /// Made with the first question, since it may take a plugin to log in.
    session: Mutex<Option<Session>>,
    door: Door,
}

#[derive(Clone)]
struct Session {
    client: Client,
    secrets: Vec<String>,
    /// How many were before it.
    number: usize,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("context", &self.context).finish_non_exhaustive()
    }
}

impl Live {
    fn new(login: &Login, limits: Limits, variables: Variables<'_>) -> Result<Live, Failure> {
        let access = login::access(login, variables)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| config(format!("no connection can be kept: {e}")))?;
        let host =
            access.config.cluster_url.authority().map_or("", |a| a.as_str()).rsplit('@').next().unwrap_or_default();
        let host = words::of_server(host, &[]);
        Ok(Live {
            context: login.context.clone(),
            access,
            host,
            limits,
            runtime,
            session: Mutex::new(None),
            door: Door::default(),
        })
    }

    fn with<T>(&self, ask: impl AsyncFn(Asker<'_>) -> Result<T, Refusal>) -> Result<T, Failure> {
        let session = self.session(None)?;
        self.runtime.block_on(self.asked(&session, ask))
    }

    /// Asks; once more with a new credential, where a plugin hands them out and the one we had ran out.
    async fn asked<T>(
        &self,
        (session, fresh): &(Session, bool),
        ask: impl AsyncFn(Asker<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Failure> {
        match ask(self.asker(session)).await {
            Err(refusal)
                if refusal.status == Some(StatusCode::UNAUTHORIZED) && self.access.plugin.is_some() && !fresh =>
            {
                let (session, _) = self.session(Some(session))?;
                ask(self.asker(&session)).await.map_err(|r| self.placed(r.failure))
            }
            answer => answer.map_err(|r| self.placed(r.failure)),
        }
    }

    fn asker<'a>(&'a self, session: &'a Session) -> Asker<'a> {
        Asker { client: &session.client, limits: self.limits, secrets: &session.secrets, door: &self.door }
    }

    /// Asks several things, some at once. The answers are handed over in the order of the questions.
    fn in_order<Q, T>(
        &self,
        questions: &[Q],
        ask: impl AsyncFn(Asker<'_>, &Q, Place<'_>) -> Result<T, Refusal>,
        each: &mut Each<'_, T>,
    ) {
        let session = match self.session(None) {
            Ok(session) => session,
            Err(failure) => {
                let _ = questions.iter().try_for_each(|_| each(Err(failure.clone())));
                return;
            }
        };
        let row = Row::new(questions.len());
        let (row, session, ask) = (&row, &session, &ask);
        let one = |(at, question)| {
            let place = row.place(at);
            async move { (place, self.asked(session, async |asker| ask(asker, question, place).await).await) }
        };
        self.runtime.block_on(async {
            let mut answers = pin!(stream::iter(questions.iter().enumerate().map(one)).buffered(AT_ONCE));
            while let Some((place, answer)) = answers.next().await {
                if each(answer) == ControlFlow::Break(()) {
                    break;
                }
                place.handed_over();
            }
        });
    }

    /// A failure of the connection says with whom.
    fn placed(&self, mut failure: Failure) -> Failure {
        if matches!(failure.kind, FailureKind::Unreachable | FailureKind::Timeout)
            && !failure.message.contains(&self.host)
        {
            failure.message.push_str(&format!(" ({})", self.host));
        }
        failure
    }

    /// The session, and whether it was made now; a new one in place of one that has ended.
    fn session(&self, ended: Option<&Session>) -> Result<(Session, bool), Failure> {
        // Held while logging in: a hundred questions at once are one login.
        let mut kept = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = &*kept
            && ended.is_none_or(|e| e.number != session.number)
        {
            return Ok((session.clone(), false));
        }
        let number = kept.as_ref().map_or(0, |before| before.number + 1);
        let session = self.log_in(number)?;
        *kept = Some(session.clone());
        Ok((session, true))
    }

    fn log_in(&self, number: usize) -> Result<Session, Failure> {
        let Access { mut config, plugin, mut secrets } = self.access.clone();
        if let Some(plugin) = plugin {
            let credential = plugin.run(self.limits.timeout)?;
            if let Some(token) = credential.token {
                secrets.push(token.clone());
                config.auth_info.token = Some(token.into());
            }
            if let Some((certificate, key)) = credential.certificate {
                secrets.push(key.clone());
                config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
                config.auth_info.client_key_data = Some(STANDARD.encode(key).into());
            }
        }
        let _entered = self.runtime.enter();
        let client = ClientBuilder::try_from(config).map(ClientBuilder::build).map_err(|e| {
            let message = format!("context `{}` cannot be used: {}", self.context, chain(&e));
            Failure::new(FailureKind::Config, words::of_server(&message, &secrets))
        })?;
        Ok(Session { client, secrets, number })
    }

    fn ask(&self, question: &Question<'_>) -> Result<Json, Failure> {
        self.with(async |asker| request::ask(asker, question).await)
    }
}

impl Server for Live {
    fn version(&self) -> Result<String, Failure> {
        let doing = "asking for the version";
        let answer = self.ask(&Question::get("/version".to_owned(), doing))?;
        let version = answer.get("gitVersion").and_then(Json::as_str).filter(|v| !v.is_empty());
        version.map(|v| words::of_server(v, &[])).ok_or_else(|| garbage(doing, "it has none"))
    }

    fn kinds(&self, api_version: &str) -> Result<Vec<Served>, Failure> {
        self.with(async |asker| kinds(asker, api_version).await)
    }

    fn kinds_of(&self, api_versions: &[&str], each: &mut Each<'_, Vec<Served>>) {
        self.in_order(api_versions, async |asker, version, _| kinds(asker, version).await, each);
    }

    fn list(&self, what: &Listed) -> Result<Vec<Json>, Failure> {
        let row = Row::new(1);
        self.with(async |asker| list::list(asker, what, row.place(0)).await)
    }

    fn lists(&self, what: &[Listed], each: &mut Each<'_, Vec<Json>>) {
        self.in_order(what, async |asker, what, place| list::list(asker, what, place).await, each);
    }

    fn find(&self, what: &Served, namespace: Option<&str>, name: &str) -> Result<Option<Json>, Failure> {
        let listed = Listed { served: what.clone(), namespace: namespace.map(str::to_owned), labels: None };
        self.with(async |asker| list::find(asker, &listed, name).await)
    }

    fn may(&self, verb: Verb, what: &Served, namespace: Option<&str>) -> Result<bool, Failure> {
        let verb = match verb {
            Verb::List => "list",
            Verb::Create => "create",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
        };
        let doing = format!("asking whether we may {verb} {}", path::resource(what));
        let group = what.api_version.split_once('/').map_or("", |(group, _)| group);
        let asked = ResourceAttributes {
            group: Some(group.to_owned()),
            resource: Some(what.plural.clone()),
            verb: Some(verb.to_owned()),
            namespace: namespace.map(str::to_owned),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(asked), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let answer = self.ask(&Question {
            method: Method::POST,
            path: format!("{}/selfsubjectaccessreviews", path::of_version("authorization.k8s.io/v1")),
            content_type: Some("application/json"),
            body: serde_json::to_vec(&review).map_err(|e| garbage(&doing, &e.to_string()))?,
            doing: &doing,
            again: true,
        })?;
        let allowed = answer.pointer("/status/allowed").and_then(Json::as_bool);
        allowed.ok_or_else(|| garbage(&doing, "it does not say"))
    }

    fn apply(&self, what: &Served, object: &Json, how: Apply<'_>) -> Result<Json, Failure> {
        let (namespace, name) = addressed(what, object)?;
        let doing = path::object(if how.dry_run { "applying (dry run)" } else { "applying" }, what, namespace, name);
        let mut path = path::of_object(what, namespace, name);
        let manager = path::segment(how.manager);
        path.push_str(&format!("?fieldManager={manager}&force={}&fieldValidation=Strict", how.force));
        if how.dry_run {
            path.push_str("&dryRun=All");
        }
        let mut object = object.clone();
        if let (Base::Seen(seen), Some(metadata)) = (how.base, object.get_mut("metadata")) {
            metadata["uid"] = seen.uid.as_str().into();
            metadata["resourceVersion"] = seen.resource_version.as_str().into();
        }
        let answer = self.ask(&Question {
            method: Method::PATCH,
            path,
            content_type: Some("application/apply-patch+yaml"),
            // JSON is YAML.
            body: serde_json::to_vec(&object).map_err(|e| garbage(&doing, &e.to_string()))?,
            doing: &doing,
            // The first may have done it, and the second would meet what it has made.
            again: how.base == Base::Any,
        })?;
        is_it(answer, name, &doing)
    }

    fn create(&self, what: &Served, object: &Json, manager: &str) -> Result<Json, Failure> {
        let (namespace, name) = addressed(what, object)?;
        let doing = path::object("making", what, namespace, name);
        let manager = path::segment(manager);
        let answer = self.ask(&Question {
            method: Method::POST,
            path: format!("{}?fieldManager={manager}&fieldValidation=Strict", path::of_kind(what, namespace)),
            content_type: Some("application/json"),
            body: serde_json::to_vec(object).map_err(|e| garbage(&doing, &e.to_string()))?,
            doing: &doing,
            // The first may have done it, and the second would take that for somebody else's.
            again: false,
        })?;
        is_it(answer, name, &doing)
    }

    fn reown(&self, what: &Served, seen: &Seen, managed_fields: &Json) -> Result<Json, Failure> {
        let doing = path::object("taking over", what, seen.namespace.as_deref(), &seen.name);
        let patch = json!([
            {"op": "test", "path": "/metadata/uid", "value": seen.uid},
            {"op": "replace", "path": "/metadata/managedFields", "value": managed_fields},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": seen.resource_version},
        ]);
        self.ask(&Question {
            method: Method::PATCH,
            path: path::of_object(what, seen.namespace.as_deref(), &seen.name),
            content_type: Some("application/json-patch+json"),
            body: patch.to_string().into_bytes(),
            doing: &doing,
            again: false,
        })
    }

    fn delete(&self, what: &Served, seen: &Seen) -> Result<(), Failure> {
        let doing = path::object("deleting", what, seen.namespace.as_deref(), &seen.name);
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": seen.uid, "resourceVersion": seen.resource_version},
        });
        self.ask(&Question {
            method: Method::DELETE,
            path: path::of_object(what, seen.namespace.as_deref(), &seen.name),
            content_type: Some("application/json"),
            body: options.to_string().into_bytes(),
            doing: &doing,
            // The first may have done it, and the second would say that there is none.
            again: false,
        })
        .map(drop)
    }
}

/// The namespace and the name of an object that is to be there.
fn addressed<'o>(what: &Served, object: &'o Json) -> Result<(Option<&'o str>, &'o str), Failure> {
    let of = |name: &str| object.pointer("/metadata")?.get(name)?.as_str().filter(|t| !t.is_empty());
    let invalid = |why: String| Failure::new(FailureKind::Invalid, why);
    let name = of("name").ok_or_else(|| invalid(format!("a {} without a name cannot be applied", what.kind)))?;
    let namespace = of("namespace");
    if what.namespaced != namespace.is_some() {
        let why = if what.namespaced { "it needs a namespace" } else { "its kind has no namespaces" };
        return Err(invalid(format!("{}: {why}", path::object("applying", what, namespace, name))));
    }
    Ok((namespace, name))
}

/// An answer, if it is the object of this name.
fn is_it(answer: Json, name: &str, doing: &str) -> Result<Json, Failure> {
    if answer.pointer("/metadata/name").and_then(Json::as_str) == Some(name) {
        return Ok(answer);
    }
    Err(garbage(doing, "it is not the object"))
}

/// The kinds of one group and version.
async fn kinds(asker: Asker<'_>, api_version: &str) -> Result<Vec<Served>, Refusal> {
    let doing = format!("asking for the kinds of {}", words::of_server(api_version, &[]));
    let answer = request::ask(asker, &Question::get(path::of_version(api_version), &doing)).await?;
    let garbage = |why: &str| Refusal { status: None, failure: garbage(&doing, why) };
    let resources = answer.get("resources").and_then(Json::as_array);
    let resources = resources.ok_or_else(|| garbage("it has no `resources`"))?;
    let mut kinds = Vec::new();
    for resource in resources {
        let text = |name: &str| resource.get(name).and_then(Json::as_str).filter(|t| !t.is_empty());
        let (Some(plural), Some(kind)) = (text("name"), text("kind")) else {
            return Err(garbage("a resource has no name or kind"));
        };
        if plural.contains('/') {
            continue;
        }
        kinds.push(Served {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespaced: resource.get("namespaced").and_then(Json::as_bool).unwrap_or(false),
        });
    }
    Ok(kinds)
}

fn garbage(doing: &str, why: &str) -> Failure {
    Failure::new(FailureKind::Garbage, format!("{doing}: the answer is none: {why}"))
}
