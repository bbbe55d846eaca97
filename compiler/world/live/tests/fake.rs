//! A server that says what a test wants it to say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;

pub(super) struct Fake {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub method: String,
    pub path: String,
    /// With small letters.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// How many were asked before.
    pub number: usize,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

pub(super) enum Reply {
    Says(u16, String),
    /// With one more header.
    With(u16, &'static str, String),
    /// Promises more than it sends, and hangs up.
    Breaks(String),
    /// Hangs up without a word.
    Closes,
    /// Says nothing.
    Waits,
}

impl Reply {
    pub(super) fn json(value: &Json) -> Reply {
        Reply::Says(200, value.to_string())
    }
}

impl Fake {
    pub(super) fn start(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = Arc::clone(&asked);
        let reply = Arc::new(reply);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                let (log, reply) = (Arc::clone(&log), Arc::clone(&reply));
                // Whoever waits for an answer keeps nobody else waiting.
                std::thread::spawn(move || {
                    let Some(mut request) = read(&stream) else { return };
                    {
                        let mut log = log.lock().unwrap();
                        request.number = log.len();
                        log.push(request.clone());
                    }
                    answer(stream, reply(&request));
                });
            }
        });
        Fake { url, asked }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut lines = BufReader::new(stream);
    let mut first = String::new();
    lines.read_line(&mut first).ok().filter(|n| *n > 0)?;
    let mut words = first.split_whitespace();
    let mut asked = Asked { method: words.next()?.to_owned(), path: words.next()?.to_owned(), ..Asked::default() };
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        asked.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = asked.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8(body).ok()?;
    Some(asked)
}

fn answer(mut stream: TcpStream, reply: Reply) {
    let (status, header, body, promised) = match reply {
        Reply::Says(status, body) => (status, "x: y", body, 0),
        Reply::With(status, header, body) => (status, header, body, 0),
        Reply::Breaks(body) => (200, "x: y", body, 1000),
        Reply::Closes => return,
        Reply::Waits => {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(5));
                drop(stream);
            });
            return;
        }
    };
    let length = body.len() + promised;
    // A client that hung up is what some tests are about.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Said\r\n{header}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
}
