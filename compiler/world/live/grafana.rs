//! A Grafana by its HTTP API: read only, every answer bounded and told from what other programs answer in its place.
//!
//! Facts of Grafana `pkg/api`: whoever lacks a right gets 403, an unknown path is 404 with the message `Not found`, an object
//! that is not there 404 with another one; `/api/search` takes `limit` (at most 5000) and, from 6.2 on, `page`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use kube::client::ClientBuilder;
use kube::config::AuthInfo;
use kube::{Client, Config};
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use super::at_once::Door;
use super::login::{Variables, chain, config, reached_directly};
use super::request::{self, Answer, Asker, Limits, Question};
use super::{path, words};
use crate::world::grafana::{Credentials, Grafana, GrafanaLogin, Held};
use crate::world::server::{Failure, FailureKind};

/// Of one answer, in bytes: dashboards have megabytes at most.
const LARGEST: usize = 64 * 1024 * 1024;
/// Of a file with a token or a password, in bytes.
const LONGEST: u64 = 64 * 1024;
/// What is asked for at once.
const PAGE: usize = 1000;
/// More pages than anybody has.
const PAGES: usize = 100;
/// What is said where a path of the API is not there.
const NO_PATH: &str = "there is no such path: is this the root of a Grafana, and one that is not too old?";
/// Data sources are known by their uid from here on.
const OLDEST: u32 = 8;

/// A Grafana that may be asked.
///
/// # Errors
/// [`FailureKind::Config`]: no address, or a secret that is not where it should be.
pub fn connect(login: &GrafanaLogin, variables: Variables<'_>) -> Result<Arc<dyn Grafana>, Failure> {
    let limits = Limits { size: LARGEST, ..Limits::of(login.timeout) };
    Ok(Arc::new(Site::new(login, limits, variables)?))
}

pub(super) struct Site {
    client: Client,
    runtime: Runtime,
    limits: Limits,
    secrets: Vec<String>,
    door: Door,
    /// We have said who we are.
    known: bool,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

impl Site {
    pub(super) fn new(login: &GrafanaLogin, limits: Limits, variables: Variables<'_>) -> Result<Site, Failure> {
        let url = address(&login.url)?;
        let https = url.scheme_str() == Some("https");
        let mut settings = Config::new(url);
        let mut secrets = Vec::new();
        match &login.credentials {
            Some(Credentials::Token(held)) => {
                let token = secret(held, variables)?;
                secrets.push(token.clone());
                settings.auth_info = AuthInfo { token: Some(token.into()), ..AuthInfo::default() };
            }
            Some(Credentials::Basic { user, password }) => {
                let password = secret(password, variables)?;
                secrets.push(password.clone());
                let (username, password) = (Some(user.clone()), Some(password.into()));
                settings.auth_info = AuthInfo { username, password, ..AuthInfo::default() };
            }
            None => {}
        }
        let wrong = |what: String| config(words::of_server(&format!("{}: {what}", login.url), &secrets));
        reached_directly(&settings, None, https, variables).map_err(wrong)?;
        settings.connect_timeout = Some(login.timeout.min(Duration::from_secs(30)));
        settings.read_timeout = None;
        settings.default_retry = false;
        let agent = concat!("watershed/", env!("CARGO_PKG_VERSION"));
        settings.headers.push((header::USER_AGENT, HeaderValue::from_static(agent)));
        settings.headers.push((HeaderName::from_static("accept"), HeaderValue::from_static("application/json")));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| config(format!("no connection can be kept: {e}")))?;
        let client = {
            let _entered = runtime.enter();
            let builder = ClientBuilder::try_from(settings);
            builder.map(ClientBuilder::build).map_err(|e| wrong(format!("it cannot be asked: {}", chain(&e))))?
        };
        Ok(Site { client, runtime, limits, secrets, door: Door::default(), known: login.credentials.is_some() })
    }

    /// The answer; `None` where Grafana itself says that there is no such object.
    fn ask(&self, path: String, doing: &str) -> Result<Option<Json>, Failure> {
        let question = Question::get(path, doing);
        let asker = Asker { client: &self.client, limits: self.limits, secrets: &self.secrets, door: &self.door };
        let answer = self.runtime.block_on(request::answer(asker, &question)).map_err(|refusal| refusal.failure)?;
        let json: Option<Json> = serde_json::from_slice(&answer.body).ok();
        let message = json.as_ref().and_then(|j| j.get("message")).and_then(Json::as_str);
        match (answer.status, json.as_ref()) {
            (status, Some(_)) if status.is_success() => Ok(json),
            (StatusCode::NOT_FOUND, Some(_)) if message.is_some_and(|m| !m.eq_ignore_ascii_case("not found")) => {
                Ok(None)
            }
            _ => Err(self.refusal(&answer, message, doing)),
        }
    }

    /// What an answer means that is none.
    fn refusal(&self, answer: &Answer, message: Option<&str>, doing: &str) -> Failure {
        use FailureKind as K;
        let page = answer.body.trim_ascii_start().starts_with(b"<");
        let place = answer.place.as_deref().map(|place| place.split(['?', '#']).next().unwrap_or_default());
        let place = place.map(|place| words::of_server(place, &self.secrets)).unwrap_or_default();
        let logs_in = ["login", "signin", "sign_in", "oauth", "authorize", "/auth"].iter().any(|w| place.contains(w));
        let (kind, what) = match answer.status.as_u16() {
            200..=299 if page => (
                K::Garbage,
                "the answer is a web page, none of Grafana's API: something stands before it (a login page, a portal), or \
                 this is not its root"
                    .to_owned(),
            ),
            200..=299 => (K::Garbage, "the answer is no JSON".to_owned()),
            300..=399 if logs_in => (
                K::Unauthorized,
                format!("the answer leads to a login page ({place}): something before Grafana wants people to log in, and takes no token"),
            ),
            300..=399 => (K::Garbage, format!("the answer leads to `{place}`: name that address, if it is this Grafana's")),
            401 if self.known => {
                (K::Unauthorized, "the token or password is not accepted: it may have expired, or be of another Grafana".to_owned())
            }
            401 => (K::Unauthorized, "it wants to know who asks: name a token with --grafana-token-env or --grafana-token-file".to_owned()),
            403 => (K::Forbidden, "is not permitted: the account needs the role Viewer, and for data sources `datasources:read`".to_owned()),
            404 | 405 => (K::Missing, NO_PATH.to_owned()),
            429 => (K::Busy, "it is too busy, and still was after waiting".to_owned()),
            500.. => (K::Server, "Grafana, or what stands before it, failed".to_owned()),
            _ => (K::Invalid, "is refused".to_owned()),
        };
        let said = message.map(|m| words::of_server(m, &self.secrets)).filter(|m| !m.is_empty());
        let said = said.map(|m| format!(": {m}")).unwrap_or_default();
        let join = if what.starts_with("is ") { " " } else { ": " };
        Failure::new(kind, format!("{doing}{join}{what} ({}){said}", answer.status.as_u16()))
    }

    fn list(&self, path: &str, doing: &str) -> Result<Vec<Json>, Failure> {
        match self.ask(path.to_owned(), doing)? {
            Some(Json::Array(items)) => Ok(items),
            None => Err(Failure::new(FailureKind::Missing, format!("{doing}: {NO_PATH} (404)"))),
            _ => Err(garbage(doing, "it is no list")),
        }
    }

    /// A list that comes in pages; each item has a uid.
    fn pages(&self, path: &str, doing: &str) -> Result<Vec<Json>, Failure> {
        let mut all: Vec<Json> = Vec::new();
        let mut known: BTreeSet<String> = BTreeSet::new();
        for page in 1..=PAGES {
            let items = self.list(&format!("{path}limit={PAGE}&page={page}"), doing)?;
            let (count, before) = (items.len(), all.len());
            for item in items {
                let uid = item.get("uid").and_then(Json::as_str).ok_or_else(|| garbage(doing, "an item has no uid"))?;
                if known.insert(uid.to_owned()) {
                    all.push(item);
                }
            }
            if count < PAGE {
                return Ok(all);
            }
            if all.len() == before {
                return Err(garbage(doing, "every page is the first one: this Grafana is too old to hand out pages"));
            }
        }
        Err(garbage(doing, "it does not end"))
    }
}

impl Grafana for Site {
    fn version(&self) -> Result<String, Failure> {
        let doing = "asking Grafana how it is";
        let answer = self.ask("/api/health".to_owned(), doing)?;
        let health = answer.filter(|a| a.get("database").is_some());
        let health = health.ok_or_else(|| garbage(doing, "what answers there is no Grafana"))?;
        let version = health.get("version").and_then(Json::as_str).unwrap_or_default();
        let version = words::of_server(version, &self.secrets);
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        match major {
            Some(major) if major < OLDEST => {
                let message = format!("Grafana {version} is too old: its API is asked from {OLDEST}.0 on");
                Err(Failure::new(FailureKind::Missing, message))
            }
            _ => Ok(version),
        }
    }

    fn dashboard(&self, uid: &str) -> Result<Option<Json>, Failure> {
        let doing = format!("reading the dashboard {}", words::of_server(uid, &[]));
        let Some(answer) = self.ask(format!("/api/dashboards/uid/{}", path::segment(uid)), &doing)? else {
            return Ok(None);
        };
        let is_one = |answer: &Json| answer.get("dashboard").is_some_and(Json::is_object);
        if is_one(&answer) { Ok(Some(answer)) } else { Err(garbage(&doing, "it has no `dashboard`")) }
    }

    fn search(&self, tag: &str) -> Result<Vec<Json>, Failure> {
        let path = format!("/api/search?type=dash-db&tag={}&", path::segment(tag));
        self.pages(&path, &format!("looking for dashboards with the tag {}", words::of_server(tag, &[])))
    }

    fn folders(&self) -> Result<Vec<Json>, Failure> {
        self.pages("/api/folders?", "listing folders")
    }

    fn data_source(&self, uid: &str) -> Result<Option<Json>, Failure> {
        let doing = format!("reading the data source {}", words::of_server(uid, &[]));
        let Some(answer) = self.ask(format!("/api/datasources/uid/{}", path::segment(uid)), &doing)? else {
            return Ok(None);
        };
        let is_it = answer.get("uid").and_then(Json::as_str) == Some(uid);
        if is_it { Ok(Some(answer)) } else { Err(garbage(&doing, "it is not that one")) }
    }

    fn data_sources(&self) -> Result<Vec<Json>, Failure> {
        self.list("/api/datasources", "listing data sources")
    }
}

fn garbage(doing: &str, why: &str) -> Failure {
    Failure::new(FailureKind::Garbage, format!("{doing}: the answer is none of Grafana's: {why}"))
}

/// The address, if it is one and holds no secret.
fn address(text: &str) -> Result<Uri, Failure> {
    let wrong = |what: &str| config(format!("`{}` {what}", words::of_server(text, &[])));
    let url: Uri = text.parse().map_err(|_| wrong("is no URL"))?;
    if !matches!(url.scheme_str(), Some("https" | "http")) {
        return Err(wrong("is no address of a Grafana: it begins with https:// or http://"));
    }
    if url.authority().is_some_and(|a| a.as_str().contains('@')) {
        return Err(wrong(
            "holds who asks: name the user with --grafana-user, and the password with --grafana-password-env",
        ));
    }
    if url.query().is_some() {
        return Err(wrong("has a query: name the root of the Grafana, without `?` and what follows"));
    }
    Ok(url)
}

/// A secret, from where it is held.
fn secret(held: &Held, variables: Variables<'_>) -> Result<String, Failure> {
    let (name, text) = match held {
        Held::Variable(name) => {
            let shown = words::of_server(name, &[]);
            let value = variables(name).map(|value| value.to_string_lossy().into_owned());
            (
                format!("the variable `{shown}`"),
                value.ok_or_else(|| config(format!("the variable `{shown}` is not set")))?,
            )
        }
        Held::File(path) => {
            let shown = format!("the file `{}`", words::of_server(path, &[]));
            (shown.clone(), read(Path::new(path)).map_err(|why| config(format!("{shown} {why}")))?)
        }
    };
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(config(format!("{name} holds no token or password: a single line of ASCII is expected")));
    }
    Ok(text.to_owned())
}

fn read(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|e| format!("cannot be read: {e}"))?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::Read::take(file, LONGEST), &mut text)
        .map_err(|_| "cannot be read as text".to_owned())?;
    Ok(text)
}
