//! Services that lead somewhere: endpoints of the pods they select, names in `/etc/hosts`, and for each service address
//! a relay to a ready endpoint, as kube-proxy would.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::kubectl::Kubectl;
use super::pod::{Pod, port};
use super::volumes::text;
use super::{During, Outcome, write};

const CONNECT: Duration = Duration::from_secs(5);

pub struct Services {
    /// Names that are no service's.
    pub outside: BTreeMap<String, Ipv4Addr>,
    kubectl: Kubectl,
    hosts: PathBuf,
    relays: BTreeMap<SocketAddrV4, Backends>,
}

/// Where a service address leads at present.
type Backends = Arc<Mutex<Vec<SocketAddrV4>>>;

impl Services {
    pub fn new(kubectl: Kubectl, hosts: PathBuf) -> Self {
        Self { outside: BTreeMap::new(), kubectl, hosts, relays: BTreeMap::new() }
    }

    /// # Errors
    /// The API server does not take endpoints, or an address cannot be listened on.
    pub fn settle(&mut self, pods: &[Pod]) -> Outcome<()> {
        let services = self.kubectl.list("services")?;
        let selected: Vec<_> = services.iter().filter(|s| s["spec"]["selector"].is_object()).collect();
        let objects: Vec<_> = selected.iter().flat_map(|s| endpoints(s, pods)).collect();
        self.kubectl.put(&objects)?;
        let slices = self.kubectl.list("endpointslices.discovery.k8s.io")?;
        let mut names = BTreeMap::from([("localhost".to_owned(), vec![Ipv4Addr::LOCALHOST])]);
        names.extend(self.outside.iter().map(|(n, a)| (n.clone(), vec![*a])));
        for service in &services {
            let own: Vec<_> = slices.iter().filter(|s| leads(s, service)).collect();
            name(service, &own, &mut names);
            self.relay(service, &own)?;
        }
        let mut text = String::new();
        for (name, addresses) in &names {
            for address in addresses {
                let _ = writeln!(text, "{address} {name}");
            }
        }
        // In place: it is mounted into every pod.
        write(&self.hosts, text)
    }

    fn relay(&mut self, service: &Value, slices: &[&Value]) -> Outcome<()> {
        let Ok(address) = text(service, "/spec/clusterIP").parse::<Ipv4Addr>() else { return Ok(()) };
        for wanted in service["spec"]["ports"].as_array().into_iter().flatten() {
            let number = wanted["port"].as_u64().and_then(|p| u16::try_from(p).ok()).unwrap_or_default();
            let mut found = Vec::new();
            for slice in slices {
                let ports = slice["ports"].as_array().into_iter().flatten();
                let target =
                    ports.filter(|p| text(p, "/name") == text(wanted, "/name")).find_map(|p| p["port"].as_u64());
                let Some(target) = target.and_then(|p| u16::try_from(p).ok()) else { continue };
                found.extend(ready(slice).map(|a| SocketAddrV4::new(a, target)));
            }
            let socket = SocketAddrV4::new(address, number);
            if let Some(backends) = self.relays.get(&socket) {
                *backends.lock().unwrap_or_else(PoisonError::into_inner) = found;
                continue;
            }
            let backends = Arc::new(Mutex::new(found));
            let listener =
                TcpListener::bind(socket).during(format!("service {} on {socket}", text(service, "/metadata/name")))?;
            self.relays.insert(socket, Arc::clone(&backends));
            std::thread::spawn(move || serve(&listener, &backends));
        }
        Ok(())
    }
}

/// The Endpoints and the EndpointSlice of a service that selects pods.
fn endpoints(service: &Value, pods: &[Pod]) -> Vec<Value> {
    let (namespace, name) = (text(service, "/metadata/namespace"), text(service, "/metadata/name"));
    let selector = service["spec"]["selector"].as_object();
    let chosen = |p: &&Pod| {
        let labels = &p.object["metadata"]["labels"];
        p.namespace == namespace && selector.into_iter().flatten().all(|(k, v)| labels[k] == *v)
    };
    let pods: Vec<_> = pods.iter().filter(chosen).collect();
    let unready = service["spec"]["publishNotReadyAddresses"].as_bool().unwrap_or(false);
    let mut ports = Vec::new();
    for wanted in service["spec"]["ports"].as_array().into_iter().flatten() {
        let target = match &wanted["targetPort"] {
            Value::Null => &wanted["port"],
            target => target,
        };
        // Pods of one service have the same ports here.
        let number = pods.first().and_then(|p| {
            p.object["spec"]["containers"].as_array().into_iter().flatten().find_map(|c| port(c, target))
        });
        if let Some(number) = number {
            let protocol = wanted["protocol"].as_str().unwrap_or("TCP");
            ports.push(json!({"name": text(wanted, "/name"), "port": number, "protocol": protocol}));
        }
    }
    let mut labels = service["metadata"]["labels"].clone();
    if !labels.is_object() {
        labels = json!({});
    }
    // These are a slice's and Endpoints' own; what applies and prunes by label must not take them for its objects.
    labels["endpointslice.kubernetes.io/managed-by"] = json!("endpointslice-controller.k8s.io");
    labels["kubernetes.io/service-name"] = json!(name);
    if text(service, "/spec/clusterIP") == "None" {
        labels["service.kubernetes.io/headless"] = json!("");
    }
    let endpoint = |p: &&Pod| {
        let ready = p.ready || unready;
        let mut endpoint = json!({
            "addresses": [p.address],
            "conditions": {"ready": ready, "serving": p.ready, "terminating": false},
            "nodeName": p.node,
            "targetRef": {"kind": "Pod", "namespace": p.namespace, "name": p.name, "uid": p.object["metadata"]["uid"]},
        });
        if p.object["spec"]["subdomain"] == *name {
            endpoint["hostname"] = p.object["spec"]["hostname"].clone();
        }
        endpoint
    };
    let metadata = |name: String, labels: &Value| json!({"name": name, "namespace": namespace, "labels": labels});
    let address = |p: &&Pod| json!({"ip": p.address, "nodeName": p.node, "targetRef": endpoint(p)["targetRef"]});
    let (ready, not): (Vec<&Pod>, Vec<&Pod>) = pods.iter().copied().partition(|p| p.ready || unready);
    let mut subset = json!({"ports": ports});
    for (field, pods) in [("addresses", ready), ("notReadyAddresses", not)] {
        if !pods.is_empty() {
            subset[field] = pods.iter().map(address).collect();
        }
    }
    let subsets = if pods.is_empty() || ports.is_empty() { json!([]) } else { json!([subset]) };
    let old = service["metadata"]["labels"].clone();
    vec![
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": metadata(format!("{name}-1"), &labels),
            "endpoints": pods.iter().map(endpoint).collect::<Vec<_>>(), "ports": ports,
        }),
        json!({
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": metadata(name.to_owned(), if old.is_object() { &old } else { &Value::Null }),
            "subsets": subsets,
        }),
    ]
}

fn leads(slice: &Value, service: &Value) -> bool {
    slice["metadata"]["namespace"] == service["metadata"]["namespace"]
        && slice["metadata"]["labels"]["kubernetes.io/service-name"] == service["metadata"]["name"]
}

/// The addresses of a slice's ready endpoints.
fn ready(slice: &Value) -> impl Iterator<Item = Ipv4Addr> {
    let endpoints = slice["endpoints"].as_array().into_iter().flatten();
    endpoints
        .filter(|e| e["conditions"]["ready"] != json!(false))
        .flat_map(|e| e["addresses"].as_array().into_iter().flatten())
        .filter_map(|a| a.as_str()?.parse().ok())
}

/// What cluster DNS would answer for a service, and for pods with a host name in it.
fn name(service: &Value, slices: &[&Value], names: &mut BTreeMap<String, Vec<Ipv4Addr>>) {
    let own = format!("{}.{}", text(service, "/metadata/name"), text(service, "/metadata/namespace"));
    let mut add = |name: &str, addresses: &[Ipv4Addr]| {
        for suffix in ["", ".svc", ".svc.cluster.local"] {
            names.insert(format!("{name}{suffix}"), addresses.to_vec());
        }
    };
    if let Ok(address) = text(service, "/spec/clusterIP").parse() {
        return add(&own, &[address]);
    }
    let all: Vec<_> = slices.iter().flat_map(|s| ready(s)).collect();
    add(&own, &all);
    for endpoint in slices.iter().flat_map(|s| s["endpoints"].as_array().into_iter().flatten()) {
        let address = text(endpoint, "/addresses/0").parse();
        if let (Some(host), Ok(address)) = (endpoint["hostname"].as_str(), address) {
            add(&format!("{host}.{own}"), &[address]);
        }
    }
}

fn serve(listener: &TcpListener, backends: &Backends) {
    let turn = AtomicUsize::new(0);
    for client in listener.incoming().flatten() {
        let backends = backends.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Without an endpoint the connection is closed, as it would be refused.
        let Some(n) = turn.fetch_add(1, Ordering::Relaxed).checked_rem(backends.len()) else { continue };
        let backend = backends[n];
        std::thread::spawn(move || {
            if let Ok(server) = TcpStream::connect_timeout(&backend.into(), CONNECT) {
                join(&client, &server);
            }
        });
    }
}

fn join(client: &TcpStream, server: &TcpStream) {
    let pass = |mut from: &TcpStream, mut to: &TcpStream| {
        // A connection that breaks is closed on both sides, which is all there is to do about it.
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| pass(client, server));
        pass(server, client);
    });
}
