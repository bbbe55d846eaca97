//! Plain HTTP to the programs under test. An answer that is no success is an error with its text.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;
pub use ureq::http::Method;
use ureq::http::{Request, Response, StatusCode};
use ureq::{Agent, Body};

use super::{During, Outcome, Trouble};

const PATIENCE: Duration = Duration::from_secs(20);
/// What is shown of an answer that was not expected.
const SHOWN: usize = 600;

const AGAIN: Duration = Duration::from_millis(300);

type Ask<'a> = &'a dyn Fn() -> Result<Response<Body>, ureq::Error>;

static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    // Proxies of the environment lead outside, where nothing is.
    Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).proxy(None).build().into()
});

/// # Errors
/// No connection, or an answer that is not 2xx.
pub fn get(url: &str) -> Outcome<String> {
    answer(url, &|| AGENT.get(url).call())
}

/// # Errors
/// As for [`get`], or the answer is not JSON.
pub fn get_json(url: &str) -> Outcome<Value> {
    parse(url, &get(url)?)
}

/// # Errors
/// As for [`get_json`].
pub fn post_json(url: &str, body: &Value) -> Outcome<Value> {
    parse(url, &post(url, "application/json", body.to_string().as_bytes())?)
}

/// # Errors
/// As for [`get`].
pub fn post(url: &str, content_type: &str, body: &[u8]) -> Outcome<String> {
    answer(url, &|| AGENT.post(url).content_type(content_type).send(body))
}

/// # Errors
/// As for [`get`].
pub fn patch(url: &str, content_type: &str, body: &[u8]) -> Outcome<String> {
    answer(url, &|| AGENT.patch(url).content_type(content_type).send(body))
}

/// Any request with a body of JSON, and whatever is answered: its status and its text.
///
/// # Errors
/// No connection.
pub fn send(method: Method, url: &str, body: &str) -> Outcome<(u16, String)> {
    let request = || Request::builder().method(method.clone()).uri(url).header("content-type", "application/json");
    let mut response = asked(url, &|| AGENT.run(request().body(body.to_owned())?))?;
    let text = response.body_mut().with_config().limit(1 << 30).read_to_string().during(url)?;
    Ok((response.status().as_u16(), text))
}

/// # Errors
/// As for [`get`], but for 404, which is nothing.
pub fn get_if_there(url: &str) -> Outcome<Option<String>> {
    let mut response = asked(url, &|| AGENT.get(url).call())?;
    if response.status() == StatusCode::NOT_FOUND { Ok(None) } else { text(url, &mut response).map(Some) }
}

/// `base?a=b&…` with the values encoded.
pub fn with_query(base: &str, query: &[(&str, &str)]) -> String {
    let mut url = base.to_owned();
    for (i, (name, value)) in query.iter().enumerate() {
        url.push(if i == 0 { '?' } else { '&' });
        for (at, text) in [name, value].into_iter().enumerate() {
            if at == 1 {
                url.push('=');
            }
            for byte in text.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => url.push(byte.into()),
                    _ => url.push_str(&format!("%{byte:02X}")),
                }
            }
        }
    }
    url
}

fn answer(url: &str, ask: Ask<'_>) -> Outcome<String> {
    text(url, &mut asked(url, ask)?)
}

/// Asks again as long as it is told to, as every client of Kubernetes does.
fn asked(url: &str, ask: Ask<'_>) -> Outcome<Response<Body>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let response = ask().during(url)?;
        if response.status() != StatusCode::TOO_MANY_REQUESTS || Instant::now() > deadline {
            return Ok(response);
        }
        std::thread::sleep(AGAIN);
    }
}

fn text(url: &str, response: &mut Response<Body>) -> Outcome<String> {
    let body = response.body_mut().with_config().limit(1 << 30).read_to_string().during(url)?;
    if response.status().is_success() {
        return Ok(body);
    }
    let shown: String = body.chars().take(SHOWN).collect();
    Err(Trouble::new(format!("{url} answers {}: {}", response.status(), shown.trim())))
}

fn parse(url: &str, body: &str) -> Outcome<Value> {
    serde_json::from_str(body).during(format!("{url} answers no JSON"))
}
