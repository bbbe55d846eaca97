//! A door before the API server that writes down what is asked for.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ground::{During as _, Outcome};

pub struct Counted {
    pub url: String,
    log: Arc<Mutex<Vec<Request>>>,
}

/// One request: what it asked for, and when it was under way.
struct Request {
    line: String,
    from: Instant,
    to: Instant,
}

/// What was asked for.
#[derive(Debug, Default)]
pub struct Asked {
    /// How often each list was asked for from its beginning: by its path, which has the kind and, if there is one, the
    /// namespace.
    pub lists: BTreeMap<String, usize>,
    /// Requests for pages of lists.
    pub pages: usize,
    /// Version and discovery.
    pub discovery: usize,
    /// Everything else.
    pub others: Vec<String>,
    /// How long at least one request was under way.
    pub busy: Duration,
    /// How long they took one by one.
    pub all: Duration,
}

impl Counted {
    /// Before a server of plain HTTP, as `kubectl proxy` is.
    ///
    /// # Errors
    /// No port is free.
    pub fn start(base: &str) -> Outcome<Counted> {
        let listener = TcpListener::bind("127.0.0.1:0").during("a door")?;
        let url = format!("http://{}", listener.local_addr().during("a door")?);
        let to = base.trim_start_matches("http://").to_owned();
        let kept: Arc<Mutex<Vec<Request>>> = Arc::default();
        let log = Arc::clone(&kept);
        // It stands until the run ends.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (to, log) = (to.clone(), Arc::clone(&log));
                // Whoever hangs up has what he wanted.
                std::thread::spawn(move || drop(pass(stream, &to, &log)));
            }
        });
        Ok(Counted { url, log: kept })
    }

    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.sort_by_key(|request| request.from);
        let mut until = None::<Instant>;
        for Request { line, from, to } in log.iter() {
            let since = until.map_or(*from, |until| until.max(*from));
            asked.busy += to.saturating_duration_since(since);
            asked.all += *to - *from;
            until = Some(until.map_or(*to, |until| until.max(*to)));
            let place = line.strip_prefix("GET ").and_then(|l| l.strip_suffix(" HTTP/1.1")).unwrap_or_default();
            let (path, query) = place.split_once('?').unwrap_or((place, ""));
            let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
            let below = match steps[..] {
                ["version"] => None,
                ["api", _, ref below @ ..] | ["apis", _, _, ref below @ ..] => Some(below),
                _ => Some(&["unknown", "place"][..]),
            };
            match below {
                None | Some([]) => asked.discovery += 1,
                Some([_] | ["namespaces", _, _]) => {
                    asked.pages += 1;
                    let first = !query.split('&').any(|q| q.starts_with("continue=") && q != "continue=");
                    *asked.lists.entry(path.to_owned()).or_default() += usize::from(first);
                }
                Some(_) => asked.others.push(line.clone()),
            }
        }
        asked
    }
}

/// One request, one answer: then both sides hang up.
fn pass(mut from: TcpStream, to: &str, log: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    let began = Instant::now();
    let mut lines = BufReader::new(from.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut head = format!("{first}\r\n");
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if !["connection", "host", "authorization"].contains(&name.as_str()) {
            head.push_str(&line);
            head.push_str("\r\n");
        }
    }
    let mut server = TcpStream::connect(to)?;
    server.write_all(format!("{head}Host: {to}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let request = Request { line: first, from: began, to: Instant::now() };
    log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    from.write_all(&answer)
}
