//! How the pages of each Prometheus are reached from outside.

use std::collections::BTreeMap;

use super::codes;
use super::context::Context;
use crate::diag::{Diagnostic, Origin, Sink, Sourced};
use crate::model::fleet::{Expose, ExposeBy, Lane};
use crate::model::plan::Exposure;

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

/// Two Prometheis of a cluster behind one port or one name.
pub(super) fn check_shared(cx: &Context<'_>, sink: &mut Sink) {
    let mut taken: BTreeMap<String, (&str, Origin)> = BTreeMap::new();
    for lane in &cx.cluster.lanes {
        let Some(Expose { by, host, port, .. }) = &lane.expose else { continue };
        let way = match (by.value, host, port) {
            (ExposeBy::NodePort, _, Some(port)) => (format!("the node port {}", port.value), port.origin),
            (ExposeBy::Ingress, Some(host), _) => (format!("the host `{}`", host.value), host.origin),
            _ => continue,
        };
        if let Some((first, origin)) = taken.get(&way.0) {
            let what = format!("`{first}` and `{}` are both behind {}", lane.name, way.0);
            let diagnostic = Diagnostic::new(&codes::EXPOSE, cx.place(way.1, lane.origin), what).here("taken");
            let diagnostic = diagnostic.help("give each its own: of two that share it, one would never be reached");
            sink.push(cx.labelled(diagnostic, *origin, "the other one"));
        } else {
            taken.insert(way.0, (&lane.name, way.1));
        }
    }
}

fn word(by: ExposeBy) -> &'static str {
    match by {
        ExposeBy::None => "none",
        ExposeBy::NodePort => "node-port",
        ExposeBy::Ingress => "ingress",
    }
}
