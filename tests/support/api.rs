//! An API server as far as reading goes: it has what it is given, and may echo what it is asked, or die.

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::asked::{self, Asked};

/// Objects behind a URL.
pub struct Api {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// How it behaves.
#[derive(Clone, Default)]
pub struct Manner {
    /// It dies after so many answers: in the middle of the next one it hangs up, and then nothing is there any more.
    pub answers: Option<usize>,
    /// Plurals whose lists fail, each with a status; the answer repeats the credentials it was asked with.
    pub fails: Vec<(&'static str, u16)>,
}

impl Api {
    pub fn start(objects: Vec<Value>, manner: Manner) -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(Asked { path, credentials, .. }) = asked::read(&stream) else { continue };
                let number = log.lock().unwrap().len();
                log.lock().unwrap().push(path.clone());
                let (status, body) = answer(&objects, &path, &credentials, &manner);
                if manner.answers.is_some_and(|n| number >= n) {
                    let half = &body.as_bytes()[..body.len() / 2];
                    send(&stream, status, body.len(), half);
                    // The listener goes with the thread: whoever asks again is refused.
                    return;
                }
                send(&stream, status, body.len(), body.as_bytes());
            }
        });
        Api { url, asked }
    }

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A kubeconfig with one context.
    pub fn kubeconfig(&self, context: &str, token: &str) -> String {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": context,
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        })
        .to_string()
    }
}

fn send(mut stream: &TcpStream, status: u16, length: usize, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    // Whoever asked may be gone.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let _ = stream.shutdown(Shutdown::Both);
}

fn answer(objects: &[Value], path: &str, credentials: &str, manner: &Manner) -> (u16, String) {
    let (place, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parts: Vec<&str> = place.trim_matches('/').split('/').collect();
    if place == "/version" {
        return (200, json!({"gitVersion": "v1.35.0"}).to_string());
    }
    let grouped = parts.first() == Some(&"apis");
    parts.remove(0);
    let length = if grouped { 2 } else { 1 };
    let version = parts[..length].join("/");
    let of_version: Vec<&Value> = objects.iter().filter(|o| o["apiVersion"] == version.as_str()).collect();
    let rest = &parts[length..];
    let missing =
        || (404, json!({"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound"}).to_string());
    if rest.is_empty() {
        let mut kinds: Vec<(&str, bool)> = of_version.iter().map(|o| (kind(o), namespace(o).is_some())).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.is_empty() {
            return missing();
        }
        let one = |(kind, namespaced): (&str, bool)| json!({"kind": kind, "name": plural(kind), "singularName": "", "namespaced": namespaced, "verbs": ["list"]});
        let all: Vec<Value> = kinds.into_iter().map(one).collect();
        let list = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": all});
        return (200, list.to_string());
    }
    let (inside, name) = match rest {
        ["namespaces", namespace, name] => (Some(*namespace), *name),
        [name] => (None, *name),
        _ => return missing(),
    };
    if let Some((_, status)) = manner.fails.iter().find(|(plural, _)| *plural == name) {
        let message = format!("refused: {credentials} is not good enough");
        let said = json!({"kind": "Status", "status": "Failure", "code": status, "message": message});
        return (*status, said.to_string());
    }
    let labels = query.split('&').find_map(|q| q.strip_prefix("labelSelector=")).map(decoded).unwrap_or_default();
    let is_asked_for = |o: &&&Value| {
        plural(kind(o)) == name
            && inside.is_none_or(|n| namespace(o) == Some(n))
            && labels.split(',').filter(|l| !l.is_empty()).all(|label| {
                let labels = &o["metadata"]["labels"];
                match (label.split_once("!="), label.split_once('=')) {
                    (Some((key, value)), _) => labels[key] != value,
                    (None, Some((key, value))) => labels[key] == value,
                    (None, None) => labels[label].is_string(),
                }
            })
    };
    let items: Vec<&&Value> = of_version.iter().filter(is_asked_for).collect();
    let list = json!({"kind": "List", "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items});
    (200, list.to_string())
}

fn kind(object: &Value) -> &str {
    object["kind"].as_str().unwrap_or_default()
}

fn namespace(object: &Value) -> Option<&str> {
    object["metadata"]["namespace"].as_str()
}

fn plural(kind: &str) -> String {
    format!("{}s", kind.to_lowercase())
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
            let code = u8::from_str_radix(std::str::from_utf8(&hex).unwrap_or("3f"), 16);
            out.push(code.unwrap_or(b'?'));
        } else {
            out.push(byte);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
