//! Stand-ins for exporters that cannot run here: HTTP servers that expose series of the same names and
//! labels, for the namespaces they are told.

mod accelerators;
pub mod guard;
mod kubernetes;
mod machine;
mod page;
pub mod tls;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use tiny_http::{Header, Response, Server};

use crate::ground::{During, Outcome, Trouble};
use page::Page;

pub use guard::Guard;

/// What is stood in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The objects of a cluster.
    KubeStateMetrics,
    /// kube-state-metrics about itself, on its second port.
    KubeStateMetricsSelf,
    /// A kubelet: itself, its probes and indicators, and cAdvisor, by path.
    Kubelet,
    /// The GPUs of a node: one for each namespace, one that nobody holds.
    Dcgm,
    /// What dashboards ask of one node: node_exporter with RDMA ports, GPUs, a node of the API server's.
    Hardware,
    /// A pod that asks to be scraped.
    Pod,
    /// The NPUs of a node, as its GPUs.
    Npu,
    /// Counters of RDMA ports, in batches where there are any.
    Network,
    /// A sidecar of Istio.
    Mesh,
    /// MinIO, in both versions of its paths.
    Minio,
    /// Card-hours by namespace.
    CardHours,
    /// A program in Go that says nothing but how it does.
    Plain,
    /// A component of Kubernetes with indicators, which answers only who shows a token.
    Component,
}

/// What the series are about.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The node it runs on.
    pub node: String,
    /// Namespaces that have pods, one each on this node.
    pub namespaces: Vec<String>,
    /// Values of each series in an answer; 0 is as 1.
    pub batch: u32,
    /// How far apart these are, milliseconds.
    pub apart: u64,
}

/// Runs until it is dropped.
pub struct Exporter {
    pub address: SocketAddr,
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

impl Exporter {
    /// Answers on a listener, which may stand in a network namespace of its own.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn start(listener: TcpListener, kind: Kind, about: About) -> Outcome<Exporter> {
        let address = listener.local_addr().during(format!("{kind:?}"))?;
        let server = Server::from_listener(listener, None).map_err(|e| Trouble::new(format!("{kind:?}: {e}")))?;
        let server = Arc::new(server);
        let answering = Arc::clone(&server);
        let thread = std::thread::spawn(move || serve(&answering, kind, &about));
        Ok(Exporter { address, server, thread: Some(thread) })
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            // One that has panicked has nothing left to end.
            let _ = thread.join();
        }
    }
}

fn serve(server: &Server, kind: Kind, about: &About) {
    let since = Instant::now();
    for request in server.incoming_requests() {
        let url = request.url().to_owned();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let shown = |h: &Header| h.field.equiv("Authorization") && h.value.as_str().starts_with("Bearer ey");
        if kind == Kind::Component && !request.headers().iter().any(shown) {
            let _ = request.respond(Response::from_string("no token\n").with_status_code(401));
            continue;
        }
        let answer = page(kind, about, path, &parameters(query), since.elapsed().as_secs_f64());
        let (status, text) = match answer {
            Ok(page) => (200, page.text()),
            Err((status, why)) => (status, why),
        };
        let mut response = Response::from_string(text).with_status_code(status);
        // Prometheus 3 refuses pages that do not say what they are.
        if let Ok(format) = Header::from_bytes("Content-Type", "text/plain; version=0.0.4; charset=utf-8") {
            response = response.with_header(format);
        }
        // Whoever has hung up does not want it any more.
        let _ = request.respond(response);
    }
}

/// The page below a path, `seconds` after the start; or a status and why.
fn page(
    kind: Kind,
    about: &About,
    path: &str,
    query: &[(String, String)],
    seconds: f64,
) -> Result<Page, (u16, String)> {
    let mut page = Page::default();
    match (kind, path) {
        (Kind::KubeStateMetrics, "/metrics") => kubernetes::objects(&mut page, about),
        (Kind::KubeStateMetricsSelf, "/metrics") => kubernetes::kube_state_metrics(&mut page, seconds),
        (Kind::Kubelet, "/metrics") => kubernetes::kubelet(&mut page, about, seconds),
        (Kind::Kubelet, "/metrics/cadvisor") => kubernetes::cadvisor(&mut page, about, seconds),
        (Kind::Kubelet, "/metrics/probes") => kubernetes::probes(&mut page, about, seconds),
        (Kind::Kubelet, "/metrics/slis") => kubernetes::indicators(&mut page, seconds),
        (Kind::Dcgm, "/metrics") => machine::gpus(&mut page, about, seconds),
        (Kind::Hardware, "/metrics") => {
            machine::node(&mut page, query, seconds).map_err(|why| (400, why))?;
            machine::ports(&mut page, seconds);
            machine::gpus(&mut page, about, seconds);
            kubernetes::objects(&mut page, about);
        }
        (Kind::Npu, "/metrics") => accelerators::npus(&mut page, about),
        (Kind::Network, "/metrics") => accelerators::network(&mut page, about, seconds),
        (Kind::Mesh, "/stats/prometheus") => accelerators::mesh(&mut page, seconds),
        (Kind::Minio, path) if path.starts_with("/minio/") => accelerators::minio(&mut page, path, seconds),
        (Kind::CardHours, "/metrics") => accelerators::card_hours(&mut page, about, seconds),
        (Kind::Plain | Kind::Component, "/metrics") => page.process(seconds),
        (Kind::Component, "/metrics/slis") => kubernetes::indicators(&mut page, seconds),
        (Kind::Pod, _) => machine::pod(&mut page, seconds),
        (_, "/healthz" | "/livez" | "/readyz" | "/health") => {}
        _ => return Err((404, format!("nothing at {path}\n"))),
    }
    Ok(page)
}

/// Names and values of a query, decoded.
fn parameters(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let (mut out, mut rest) = (Vec::new(), text.as_bytes());
        while let [first, tail @ ..] = rest {
            let hex =
                tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
            (rest, _) = match (first, hex) {
                (b'%', Some(byte)) => (&tail[2..], out.push(byte)),
                (b'+', _) => (tail, out.push(b' ')),
                (byte, _) => (tail, out.push(*byte)),
            };
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    let pairs = query.split('&').filter(|p| !p.is_empty());
    pairs.map(|p| p.split_once('=').unwrap_or((p, ""))).map(|(k, v)| (decoded(k), decoded(v))).collect()
}
