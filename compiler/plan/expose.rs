//! How the pages of each Prometheus are reached from outside, and that nothing else is reached there.

use std::collections::BTreeMap;

use super::codes;
use super::context::Context;
use crate::diag::{Diagnostic, Origin, Sink, Sourced};
use crate::model::fleet::{ExposeBy, Lane};
use crate::model::plan::{DoorService, Exposure, LanePlan, StorePlan};

/// Ports that an API server hands out to Services, unless it is told otherwise.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

/// What is made for a Prometheus; `None` for one that stays inside, and where `sink` got an error.
pub(super) fn exposure(cx: &Context<'_>, lane: &Lane, sink: &mut Sink) -> Option<Exposure> {
    let said = lane.expose.as_ref()?;
    let by = said.by.value;
    for (key, origin, ways) in [
        ("host", said.host.as_ref().map(|h| h.origin), &[ExposeBy::Ingress, ExposeBy::NodePort][..]),
        ("port", said.port.as_ref().map(|p| p.origin), &[ExposeBy::NodePort]),
        ("class", said.class.as_ref().map(|c| c.origin), &[ExposeBy::Ingress]),
    ] {
        if let Some(origin) = origin.filter(|_| !ways.contains(&by)) {
            let what = format!("`{key}` does nothing for `expose \"{}\"` of `{}`", word(by), lane.name);
            let diagnostic = Diagnostic::new(&codes::EXPOSE, cx.place(origin, lane.origin), what);
            sink.push(diagnostic.here("does nothing").help(format!("take `{key}` out, or choose another way")));
        }
    }
    let missing = |key: &str, example: &str, sink: &mut Sink| {
        let what = format!("`expose \"{}\"` of `{}` does not say its `{key}`", word(by), lane.name);
        let diagnostic = Diagnostic::new(&codes::EXPOSE, cx.place(said.by.origin, lane.origin), what);
        sink.push(diagnostic.here(format!("no `{key}`")).help(format!("say it: `{example}`")));
    };
    let exposure = match by {
        ExposeBy::None => return None,
        ExposeBy::NodePort => {
            let Some(port) = said.port else {
                missing("port", "expose \"node-port\" port=30090", sink);
                return None;
            };
            if !NODE_PORTS.contains(&port.value) {
                let what = format!("{} is no port that nodes are usually asked for", port.value);
                let at = cx.place(port.origin, lane.origin);
                sink.push(Diagnostic::new(&codes::NODE_PORT, at, what).here("outside of 30000 to 32767"));
            }
            Exposure::NodePort { port, host: said.host.clone() }
        }
        ExposeBy::Ingress => {
            let Some(host) = &said.host else {
                missing("host", "expose \"ingress\" host=\"prometheus.example.com\"", sink);
                return None;
            };
            Exposure::Ingress { host: host.clone(), class: said.class.clone() }
        }
    };
    let what = format!("the pages of `{}` are open to whoever reaches them", lane.name);
    let at = cx.place(said.by.origin, lane.origin);
    sink.push(Diagnostic::new(&codes::OPEN_PAGES, at, what).here("asks for no password"));
    Some(exposure)
}

/// The address under which people open the pages, where it is known: alerts link to it.
pub(super) fn external_url(exposure: &Exposure) -> Option<Sourced<String>> {
    match exposure {
        Exposure::Ingress { host, .. } => Some(host.clone().map(|h| format!("http://{h}"))),
        Exposure::NodePort { port, host } => {
            let host = host.clone()?;
            Some(host.map(|h| format!("http://{h}:{}", port.value)))
        }
    }
}

/// Who is reached where from outside of the cluster: a port of the nodes and a host of an Ingress lead
/// to one of them, be it a Prometheus or a store.
pub(super) fn check_shared(cx: &Context<'_>, lanes: &[LanePlan<'_>], stores: &[StorePlan], sink: &mut Sink) {
    let of_lane = |lane: &LanePlan<'_>| {
        let way = match lane.exposure.as_ref()? {
            Exposure::NodePort { port, .. } => (node_port(port.value), port.origin),
            Exposure::Ingress { host, .. } => (behind_host(&host.value), host.origin),
        };
        Some((format!("the pages of `{}`", lane.name), lane.origin, way))
    };
    let of_store = |plan: &StorePlan| {
        let store = cx.fleet.store(plan.store);
        let port = match plan.outside.service {
            Some(DoorService::NodePort(port)) => Some((node_port(port.value), port.origin)),
            Some(DoorService::LoadBalancer(_)) | None => None,
        };
        let hosts = plan.outside.ingress.iter().flat_map(|i| &i.hosts);
        let hosts = hosts.map(|h| (behind_host(&h.host.value), h.host.origin));
        let ways: Vec<_> = port.into_iter().chain(hosts).collect();
        ways.into_iter().map(|way| (format!("the store `{}`", store.name), plan.origin, way)).collect::<Vec<_>>()
    };
    let mut taken: BTreeMap<String, (String, Origin)> = BTreeMap::new();
    for (who, origin, (way, at)) in lanes.iter().filter_map(of_lane).chain(stores.iter().flat_map(of_store)) {
        let Some((first, other)) = taken.get(&way) else {
            taken.insert(way, (who, at));
            continue;
        };
        let what = format!("{first} and {who} are both behind {way}");
        let diagnostic = Diagnostic::new(&codes::EXPOSE, cx.place(at, origin), what).here("taken");
        let diagnostic = diagnostic.help("give each its own: of two that share it, one would never be reached");
        sink.push(cx.labelled(diagnostic, *other, "the other one"));
    }
}

fn node_port(port: u16) -> String {
    format!("the node port {port}")
}

fn behind_host(host: &str) -> String {
    format!("the host `{}`", host.to_ascii_lowercase())
}

fn word(by: ExposeBy) -> &'static str {
    match by {
        ExposeBy::None => "none",
        ExposeBy::NodePort => "node-port",
        ExposeBy::Ingress => "ingress",
    }
}
