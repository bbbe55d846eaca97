//! Both ends of a program under test, one server: the pages it scrapes and the queues it writes to.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tiny_http::{Header, Method, Request, Response, Server};

use super::wire::Sent;
use crate::ground::{During, Outcome, Trouble};

/// Runs until it is dropped.
pub struct Ends {
    pub port: u16,
    server: Arc<Server>,
    sent: Arc<Mutex<Received>>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Received {
    queues: Vec<Sent>,
    trouble: Option<Trouble>,
}

const THREADS: usize = 6;

impl Ends {
    /// A port on every address of the machine.
    ///
    /// # Errors
    /// There is none to be had.
    pub fn listen() -> Outcome<(TcpListener, u16)> {
        let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)).during("a page")?;
        let port = listener.local_addr().during("a page")?.port();
        Ok((listener, port))
    }

    /// Serves pages by path and listens to as many queues as are asked for.
    ///
    /// # Errors
    /// The listener is none.
    pub fn start(listener: TcpListener, pages: BTreeMap<String, String>, queues: usize) -> Outcome<Ends> {
        let port = listener.local_addr().during("a page")?.port();
        let server = Server::from_listener(listener, None).map_err(|e| Trouble::new(format!("a page: {e}")))?;
        let server = Arc::new(server);
        let sent = Arc::new(Mutex::new(Received { queues: vec![Sent::default(); queues], trouble: None }));
        let pages = Arc::new(pages);
        let answer = || {
            let (server, sent, pages) = (Arc::clone(&server), Arc::clone(&sent), Arc::clone(&pages));
            std::thread::spawn(move || server.incoming_requests().for_each(|request| serve(request, &pages, &sent)))
        };
        let threads = (0..THREADS).map(|_| answer()).collect();
        Ok(Ends { port, server, sent, threads })
    }

    /// Where a queue writes to.
    pub fn write_url(&self, queue: usize) -> String {
        format!("http://127.0.0.1:{}/w/{queue}", self.port)
    }

    /// Looks at what has come so far.
    ///
    /// # Errors
    /// Something came that could not be read.
    pub fn look<T>(&self, at: impl FnOnce(&[Sent]) -> T) -> Outcome<T> {
        let mut received = held(&self.sent);
        match received.trouble.take() {
            Some(trouble) => Err(trouble),
            None => Ok(at(&received.queues)),
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        // Each call lets one thread go.
        self.threads.iter().for_each(|_| self.server.unblock());
        for thread in self.threads.drain(..) {
            // One that has panicked has nothing left to end.
            let _ = thread.join();
        }
    }
}

fn held(sent: &Mutex<Received>) -> MutexGuard<'_, Received> {
    sent.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut request: Request, pages: &BTreeMap<String, String>, sent: &Mutex<Received>) {
    let path = request.url().split('?').next().unwrap_or_default().to_owned();
    if *request.method() == Method::Post {
        let mut body = Vec::new();
        let read = request.as_reader().read_to_end(&mut body).during("a remote write");
        let taken = read.and_then(|_| Sent::read(&body));
        let mut received = held(sent);
        let queue = path.strip_prefix("/w/").and_then(|n| n.parse::<usize>().ok());
        match (taken, queue.and_then(|n| received.queues.get_mut(n))) {
            (Ok(series), Some(queue)) => queue.add(series),
            (Err(trouble), _) => received.trouble = Some(trouble),
            (_, None) => received.trouble = Some(Trouble::new(format!("nobody listens at {path}"))),
        }
        drop(received);
        let _ = request.respond(Response::empty(204));
        return;
    }
    let mut response = match pages.get(&path) {
        Some(page) => Response::from_string(page),
        None => Response::from_string("nothing here\n").with_status_code(404),
    };
    // Prometheus 3 takes names of any kind only from who says so.
    if let Ok(format) = Header::from_bytes("Content-Type", "text/plain; version=1.0.0; escaping=allow-utf-8") {
        response = response.with_header(format);
    }
    // Whoever has hung up does not want it any more.
    let _ = request.respond(response);
}
