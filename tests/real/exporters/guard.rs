//! What stands in for kube-rbac-proxy before an exporter: HTTPS, and no page for whoever shows no token that the API
//! server knows, or one of an account that may not read the path. The API server is asked as the real one asks it.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tiny_http::{Header, Request, Response, Server};

use super::tls;
use crate::ground::certificates::Pair;
use crate::ground::kubectl::Kubectl;
use crate::ground::process::Process;
use crate::ground::{During, Outcome, Trouble, http};

/// How long a verdict of the API server's holds.
const HOLDS: Duration = Duration::from_secs(10);
/// Each Prometheus asks for several classes at a time.
const THREADS: usize = 4;

/// Runs until it is dropped.
pub struct Guard {
    // Nothing is let in any more before nobody answers.
    _front: Process,
    server: Arc<Server>,
    threads: Vec<JoinHandle<()>>,
}

/// Where a guard stands.
pub struct Place<'a> {
    /// The network namespace of its pod.
    pub namespace: &'a Path,
    /// Where it serves HTTPS.
    pub listen: SocketAddr,
    pub certificate: &'a Pair,
    /// Host and port of the exporter.
    pub upstream: String,
}

impl Guard {
    /// Lets those through to an exporter who may read it. `behind` is where what comes out of HTTPS is taken.
    ///
    /// # Errors
    /// It does not come up, or lets somebody through who shows nothing.
    pub fn start(
        vmauth: &Path,
        kubectl: &Kubectl,
        behind: TcpListener,
        place: &Place<'_>,
        scratch: &Path,
    ) -> Outcome<Guard> {
        let address = behind.local_addr().during("guard")?;
        let server = Server::from_listener(behind, None).map_err(|e| Trouble::new(format!("guard: {e}")))?;
        let server = Arc::new(server);
        let threads = (0..THREADS).map(|_| {
            let (server, kubectl, upstream) = (Arc::clone(&server), kubectl.clone(), place.upstream.clone());
            std::thread::spawn(move || serve(&server, &kubectl, &upstream))
        });
        let threads = threads.collect();
        let front = tls::front(vmauth, Some(place.namespace), place.listen, address, place.certificate, scratch)?;
        let guard = Guard { _front: front, server, threads };
        match http::get(&format!("http://{address}/metrics")) {
            Err(refused) if refused.to_string().contains("401") => Ok(guard),
            _ => Err(Trouble::new(format!("the guard before {} lets everybody through", place.upstream))),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Each call ends one of those that wait, whichever it is.
        self.threads.iter().for_each(|_| self.server.unblock());
        for thread in self.threads.drain(..) {
            // One that has panicked has nothing left to end.
            let _ = thread.join();
        }
    }
}

fn serve(server: &Server, kubectl: &Kubectl, upstream: &str) {
    let mut verdicts: BTreeMap<(String, String), (Instant, u16)> = BTreeMap::new();
    for request in server.incoming_requests() {
        let path = request.url().split('?').next().unwrap_or_default().to_owned();
        let verdict = match token(&request) {
            None => Ok(401),
            Some(token) => {
                let asked = (token, path);
                match verdicts.get(&asked) {
                    Some((since, verdict)) if since.elapsed() < HOLDS => Ok(*verdict),
                    _ => kubectl.may_read(&asked.0, &asked.1).inspect(|verdict| {
                        verdicts.insert(asked, (Instant::now(), *verdict));
                    }),
                }
            }
        };
        let answer = match verdict {
            Ok(200) => http::get(&format!("http://{upstream}{}", request.url())).map_err(|e| (502, e.to_string())),
            Ok(status) => Err((status, "no\n".to_owned())),
            Err(trouble) => Err((500, trouble.to_string())),
        };
        let (status, text) = match answer {
            Ok(page) => (200, page),
            Err(refused) => refused,
        };
        let mut response = Response::from_string(text).with_status_code(status);
        if let Ok(format) = Header::from_bytes("Content-Type", "text/plain; version=0.0.4; charset=utf-8") {
            response = response.with_header(format);
        }
        // Whoever has hung up does not want it any more.
        let _ = request.respond(response);
    }
}

fn token(request: &Request) -> Option<String> {
    let shown = request.headers().iter().find(|h| h.field.equiv("Authorization"))?;
    shown.value.as_str().strip_prefix("Bearer ").map(str::to_owned)
}
