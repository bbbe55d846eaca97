//! How the front door of a VictoriaMetrics cluster is reached from outside: what the chart's vmauth
//! can stand behind, for each address that asks for it.
//!
//! The door speaks plain HTTP: TLS ends at the Ingress, or where somebody else ends it.

use super::{Standing, codes};
use crate::diag::{Diagnostic, Origin, Sink, Sourced};
use crate::model::fleet::{Address, AddressBy};
use crate::model::plan::{DoorHost, DoorIngress, DoorService, Outside};

/// What stands before the door; `front_door`: whether there is one.
pub(super) fn outside(standing: &Standing<'_>, front_door: bool, sink: &mut Sink) -> Outside {
    let mut outside = Outside::default();
    for address in &standing.store.addresses {
        let Some(expose) = address.expose.as_ref().filter(|e| e.by.value != AddressBy::Elsewhere) else { continue };
        let mut refuse = |at: Origin, what: String, help: &str| {
            let diagnostic = Diagnostic::new(&codes::EXPOSE, super::victoriametrics_cluster::place(standing, at), what);
            sink.push(diagnostic.here("cannot work").help(help.to_owned()));
        };
        if !front_door {
            let what = format!("`{}` has no front door that could be exposed", standing.store.name);
            refuse(
                expose.by.origin,
                what,
                "give the store or the address `basic-auth` or `bearer`: vmauth runs where somebody is asked for credentials",
            );
            continue;
        }
        let Some(url) = Parts::of(&address.url.value) else { continue };
        if let Some(class) = expose.class.as_ref().filter(|_| expose.by.value != AddressBy::Ingress) {
            let what = format!("`class` of the address `{}` is of no Ingress", address.name);
            refuse(
                class.origin,
                what,
                "take it out: the chart has no value for the class of a load balancer, and a node port has none",
            );
        }
        let at = address.url.origin;
        if !url.path.is_empty() {
            let what =
                format!("the address `{}` has the path `{}`, which the door would pass on", address.name, url.path);
            refuse(
                at,
                what,
                "write the URL without a path, or say `expose \"elsewhere\"` where somebody takes it off on the way",
            );
            continue;
        }
        match expose.by.value {
            AddressBy::Elsewhere => {}
            AddressBy::Ingress => ingress(standing, address, &url, &mut outside, &mut refuse),
            AddressBy::NodePort | AddressBy::LoadBalancer if url.tls => {
                let what = format!("the address `{}` says https, and the door speaks plain HTTP", address.name);
                refuse(
                    at,
                    what,
                    "expose it by `ingress`, where TLS ends; or say `http` and the `zones` it serves; or see to it yourself, `expose \"elsewhere\"`",
                );
            }
            AddressBy::NodePort => {
                let port = url.port.filter(|p| (30000..=32767).contains(p));
                match port {
                    None => {
                        let what = format!(
                            "the URL of the address `{}` has no port that nodes can be asked for",
                            address.name
                        );
                        refuse(at, what, "write the node port into the URL, 30000 to 32767: `http://10.0.0.1:30427`");
                    }
                    Some(port) => {
                        service(DoorService::NodePort(Sourced::new(port, at)), address, &mut outside, &mut refuse)
                    }
                }
            }
            AddressBy::LoadBalancer => {
                let port = Sourced::new(url.port.unwrap_or(80), at);
                service(DoorService::LoadBalancer(port), address, &mut outside, &mut refuse);
            }
        }
    }
    outside
}

fn ingress(
    standing: &Standing<'_>,
    address: &Address,
    url: &Parts<'_>,
    outside: &mut Outside,
    refuse: &mut dyn FnMut(Origin, String, &str),
) {
    if url.host.starts_with('[') || url.host.parse::<std::net::IpAddr>().is_ok() {
        let what = format!("the address `{}` is an IP address, and an Ingress goes by names", address.name);
        refuse(
            address.url.origin,
            what,
            "write a host name that leads to the Ingress; or expose it by `load-balancer` or `node-port`",
        );
        return;
    }
    let class = address.expose.as_ref().and_then(|e| e.class.clone());
    let secret = url.tls.then(|| format!("{}-{}-tls", standing.store.release.value, address.name));
    let host = DoorHost { host: Sourced::new(url.host.to_ascii_lowercase(), address.url.origin), tls_secret: secret };
    match &mut outside.ingress {
        None => outside.ingress = Some(DoorIngress { class, hosts: vec![host] }),
        Some(there) if there.class.as_ref().map(|c| &c.value) != class.as_ref().map(|c| &c.value) => {
            let what =
                format!("the address `{}` asks for an Ingress of another class than one before it", address.name);
            let at = class.map_or(address.origin, |c| c.origin);
            refuse(at, what, "the chart makes one Ingress for all hosts: say the same `class` in each address");
        }
        Some(there) if there.hosts.iter().any(|h| h.host.value == host.host.value) => {}
        Some(there) => there.hosts.push(host),
    }
}

fn service(
    wanted: DoorService,
    address: &Address,
    outside: &mut Outside,
    refuse: &mut dyn FnMut(Origin, String, &str),
) {
    match &outside.service {
        None => outside.service = Some(wanted),
        Some(there) if there.same(&wanted) => {}
        Some(_) => {
            let what = format!("the address `{}` asks for another Service than one before it", address.name);
            refuse(
                address.url.origin,
                what,
                "the door has one Service, of one type, with one port: say the same in each address, or leave one to somebody else with `expose \"elsewhere\"`",
            );
        }
    }
}

/// A URL that has been checked to be one.
struct Parts<'u> {
    tls: bool,
    host: &'u str,
    port: Option<u16>,
    /// Without its last slash.
    path: &'u str,
}

impl<'u> Parts<'u> {
    fn of(url: &'u str) -> Option<Parts<'u>> {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (authority, None),
        };
        Some(Parts { tls: scheme.eq_ignore_ascii_case("https"), host, port, path: path.trim_end_matches('/') })
    }
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn urls_come_apart() {
        let parts = |url| Parts::of(url).map(|p| (p.tls, p.host, p.port, p.path));
        assert_eq!(parts("https://m.example.com/"), Some((true, "m.example.com", None, "")));
        assert_eq!(parts("http://10.0.0.1:30427"), Some((false, "10.0.0.1", Some(30427), "")));
        assert_eq!(parts("http://[fd00::1]:30427/vm/"), Some((false, "[fd00::1]", Some(30427), "/vm")));
        assert_eq!(parts("http://[fd00::1]"), Some((false, "[fd00::1]", None, "")));
    }
}
