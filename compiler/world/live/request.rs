//! One question to a server and its answer: bounded in time and size, asked again where that may help.

use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::Value as Json;

use super::at_once::Door;
use super::login::chain;
use super::words;
use crate::object::json_values;
use crate::world::server::{Failure, FailureKind};

/// What one answer may be, and how patient we are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For one request, answer included.
    pub timeout: Duration,
    /// Of an answer, in bytes.
    pub size: usize,
    /// Of an answer or a whole list as it is held in memory, in bytes.
    pub held: usize,
    /// How often a server that is too busy (429) is asked again.
    pub waits: u32,
    /// The longest it is waited at once, whatever the server asks for.
    pub longest_wait: Duration,
    /// How often a server that failed (5xx) is asked again.
    pub retries: u32,
    /// Before the first of these; doubled each time.
    pub pause: Duration,
}

impl Limits {
    pub(super) fn of(timeout: Duration) -> Limits {
        Limits {
            timeout,
            size: 128 * 1024 * 1024,
            held: 384 * 1024 * 1024,
            waits: 5,
            longest_wait: Duration::from_secs(30),
            retries: 2,
            pause: Duration::from_millis(250),
        }
    }
}

/// With whom, and within which bounds.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub client: &'a Client,
    pub limits: Limits,
    /// What no message may say.
    pub secrets: &'a [String],
    pub door: &'a Door,
}

/// A question.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub method: Method,
    pub path: String,
    pub content_type: Option<&'static str>,
    pub body: Vec<u8>,
    /// For messages: `listing pods in monitoring`.
    pub doing: &'a str,
    /// Asking twice does what asking once does.
    pub again: bool,
}

impl<'a> Question<'a> {
    pub(super) fn get(path: String, doing: &'a str) -> Question<'a> {
        Question { method: Method::GET, path, content_type: None, body: Vec::new(), doing, again: true }
    }
}

/// A question that was not answered, with what HTTP calls it.
pub(super) struct Refusal {
    pub status: Option<StatusCode>,
    pub failure: Failure,
}

impl Refusal {
    fn new(status: Option<StatusCode>, kind: FailureKind, message: String) -> Refusal {
        Refusal { status, failure: Failure::new(kind, message) }
    }

    /// No byte of an answer came.
    fn is_unsent(&self) -> bool {
        self.status.is_none() && self.failure.kind == FailureKind::Unreachable
    }
}

/// Asks; answers with the body of a success.
pub(super) async fn ask(asker: Asker<'_>, question: &Question<'_>) -> Result<Json, Refusal> {
    ask_how(asker, question).await.map(|answered| answered.body)
}

/// A success.
pub(super) struct Answered {
    pub body: Json,
    /// Bytes that it takes, about.
    pub held: usize,
}

/// What a JSON text takes as values: its bytes, and what each value has beside them.
fn held(json: &[u8]) -> usize {
    const VALUE: usize = 40;
    json.len() + json_values(json) * VALUE
}

/// Asks; answers also with what it takes.
pub(super) async fn ask_how(asker: Asker<'_>, question: &Question<'_>) -> Result<Answered, Refusal> {
    let Answer { status, body, .. } = answer(asker, question).await?;
    if !status.is_success() {
        return Err(refusal(status, &body, question.doing, asker.secrets));
    }
    let held = held(&body);
    if held > asker.limits.held {
        let message = format!("{}: the answer has more values than anything we would read", question.doing);
        return Err(Refusal::new(Some(status), FailureKind::Garbage, message));
    }
    serde_json::from_slice(&body).map(|body| Answered { body, held }).map_err(|e| {
        let message = format!("{}: the answer is no JSON (line {}, column {})", question.doing, e.line(), e.column());
        Refusal::new(Some(status), FailureKind::Garbage, message)
    })
}

/// Asks until there is an answer that asking again would not change.
pub(super) async fn answer(asker: Asker<'_>, question: &Question<'_>) -> Result<Answer, Refusal> {
    let limits = asker.limits;
    let (mut waits, mut retries, mut broken) = (0, 0, false);
    loop {
        let passed = asker.door.pass().await;
        let answer = tokio::time::timeout(limits.timeout, once(asker, question)).await;
        drop(passed);
        let late = |_| {
            let message = format!("{}: no answer within {} s", question.doing, limits.timeout.as_secs_f32());
            Refusal::new(None, FailureKind::Timeout, message)
        };
        let mut answer = match answer.map_err(late)? {
            // A connection that was kept may have been closed at its other end meanwhile.
            Err(refusal) if refusal.is_unsent() && question.again && !broken => {
                broken = true;
                continue;
            }
            answer => answer?,
        };
        if is_of_the_object(answer.status, &answer.body) {
            answer.status = StatusCode::UNPROCESSABLE_ENTITY;
        }
        let (status, wait) = (answer.status, answer.wait);
        if status == StatusCode::TOO_MANY_REQUESTS && waits < limits.waits {
            waits += 1;
            // What one is told holds for all that would ask the same server.
            let pause = wait.unwrap_or(limits.pause * 2u32.saturating_pow(waits));
            asker.door.close(pause.min(limits.longest_wait));
            continue;
        }
        let pause = if status.is_server_error() && question.again && retries < limits.retries {
            retries += 1;
            wait.unwrap_or(limits.pause * 2u32.saturating_pow(retries - 1))
        } else {
            return Ok(answer);
        };
        tokio::time::sleep(pause.min(limits.longest_wait)).await;
    }
}

/// What came back, whatever it says.
pub(super) struct Answer {
    pub status: StatusCode,
    /// `Retry-After`.
    wait: Option<Duration>,
    /// `Location`.
    pub place: Option<String>,
    pub body: Vec<u8>,
}

async fn once(asker: Asker<'_>, question: &Question<'_>) -> Result<Answer, Refusal> {
    let Asker { client, limits, secrets, .. } = asker;
    let mut request = Request::builder().method(&question.method).uri(&question.path);
    if let Some(content_type) = question.content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    let request = request.body(Body::from(question.body.clone())).map_err(|e| {
        Refusal::new(None, FailureKind::Invalid, format!("{}: this cannot be asked: {e}", question.doing))
    })?;
    let answer = client.send(request).await.map_err(|e| unsent(&e, question.doing, secrets))?;
    let status = answer.status();
    let wait = answer.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
    let place = answer.headers().get(header::LOCATION).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
    let body = whole(answer, limits.size, question.doing, secrets).await?;
    Ok(Answer { status, wait: wait.map(Duration::from_secs), place, body })
}

/// The body, to its end.
async fn whole(answer: Response<Body>, limit: usize, doing: &str, secrets: &[String]) -> Result<Vec<u8>, Refusal> {
    let status = answer.status();
    let mut body = answer.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| {
            let why = words::of_server(&chain(&e), secrets);
            let message = format!(
                "{doing}: the connection broke in the middle of the answer, after {} bytes: {why}",
                bytes.len()
            );
            Refusal::new(Some(status), FailureKind::Unreachable, message)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            let message =
                format!("{doing}: the answer is larger than {} MiB, and was not read on", limit.div_ceil(1024 * 1024));
            return Err(Refusal::new(Some(status), FailureKind::Garbage, message));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// No answer at all.
fn unsent(error: &kube::Error, doing: &str, secrets: &[String]) -> Refusal {
    let why = words::of_server(&chain(error), secrets);
    if matches!(error, kube::Error::Auth(_)) {
        return Refusal::new(
            None,
            FailureKind::Unauthorized,
            format!("{doing}: the credentials cannot be used: {why}"),
        );
    }
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    let mut late = false;
    while let Some(e) = cause {
        late |= e.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut);
        cause = e.source();
    }
    if late {
        return Refusal::new(None, FailureKind::Timeout, format!("{doing}: no connection in time: {why}"));
    }
    Refusal::new(None, FailureKind::Unreachable, format!("{doing}: the server cannot be reached: {why}"))
}

/// Server-side apply answers 500 to fields that a kind does not have, as to objects it cannot make sense of.
fn is_of_the_object(status: StatusCode, body: &[u8]) -> bool {
    status == StatusCode::INTERNAL_SERVER_ERROR && said(body).starts_with("failed to create typed patch object")
}

/// What an answer that is no success means.
fn refusal(status: StatusCode, body: &[u8], doing: &str, secrets: &[String]) -> Refusal {
    use FailureKind as K;
    let (kind, what) = match status.as_u16() {
        400 | 406 | 413 | 415 | 422 => (K::Invalid, "is refused"),
        401 => (K::Unauthorized, "the credentials are not accepted; they may have expired"),
        403 => (K::Forbidden, "is not permitted"),
        404 | 405 => (K::Missing, "the server does not have it"),
        409 => (K::Conflict, "conflicts with what is there"),
        410 => (K::Server, "the server has forgotten this state"),
        429 => (K::Busy, "the server is too busy, and still was after waiting"),
        300..=399 => (K::Garbage, "the answer leads elsewhere: is an API server behind this address?"),
        _ => (K::Server, "the server failed"),
    };
    let said = words::of_server(&said(body), secrets);
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    let join = if what.starts_with("is ") || what.starts_with("conflicts") { " " } else { ": " };
    Refusal::new(Some(status), kind, format!("{doing}{join}{what} ({}){said}", status.as_u16()))
}

/// The message of a `Status`, or the first line of a text.
fn said(body: &[u8]) -> String {
    if let Ok(status) = serde_json::from_slice::<Json>(body) {
        return status.get("message").and_then(Json::as_str).unwrap_or_default().to_owned();
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(1000)]);
    let line = text.trim().lines().next().unwrap_or_default();
    if line.starts_with('<') { "a web page, no answer of an API server".to_owned() } else { line.to_owned() }
}
