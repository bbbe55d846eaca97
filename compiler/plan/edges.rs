//! Who opens a connection to whom: from the monitors, remote writes, Alertmanagers, rules of stores and
//! readers that are planned.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::relay;
use super::source::LANE_LABEL;
use crate::model::ids::AlertmanagerId;
use crate::model::plan::{ClusterPlan, DataSource, Edge, Monitor, MonitorKind, Peer};

/// Port of Prometheus, and of the reloader beside it, in its pods and in its Service.
const LANE_PORTS: [(&str, &str); 2] = [("web", "9090"), ("reloader-web", "8080")];

/// Ports of an Alertmanager in its pods: of its API, and of the reloader beside it. Its replicas talk to
/// each other on a third one, over TCP and UDP.
const ALERTMANAGER_PORTS: [(&str, &str); 2] = [("web", "9093"), ("reloader-web", "8080")];

/// Every connection that is planned, each once, sorted.
pub(super) fn edges(cx: &Context<'_>, plan: &ClusterPlan<'_>) -> Vec<Edge> {
    let mut edges = BTreeSet::new();
    let mut add = |from: Peer, to: Peer, port: Option<String>, what: String| {
        edges.insert(Edge { from, to, port, what });
    };
    let ours = ours(cx, plan);
    for monitor in &plan.monitors {
        let what = format!("scrapes `{}`", monitor.job);
        let hit: Vec<&Ours> = ours.iter().filter(|o| o.is_hit_by(monitor)).collect();
        for endpoint in &monitor.endpoints {
            for from in scrapers(plan, monitor) {
                for target in &hit {
                    add(from.clone(), target.peer.clone(), target.port(&endpoint.port), what.clone());
                }
                if hit.is_empty() {
                    let port = (monitor.kind != MonitorKind::Annotations).then(|| endpoint.port.clone());
                    add(from, targets(plan, monitor), port, what.clone());
                }
            }
        }
    }
    for lane in &plan.lanes {
        let from = || Peer::Lane(lane.name.to_owned());
        if lane.exposure.is_some() {
            add(Peer::Anybody, from(), Some(LANE_PORTS[0].1.to_owned()), "opens its pages".to_owned());
        }
        add(from(), Peer::ApiServer, None, "finds its targets".to_owned());
        for write in &lane.remote_write {
            if plan.relay.is_some() {
                add(from(), Peer::Relay, Some(relay::PORT.to_string()), "writes".to_owned());
            } else {
                add(from(), Peer::Url(write.url.value.clone()), None, format!("writes to `{}`", write.name));
            }
        }
        for target in &lane.alerting {
            let (to, port) = match (standing(plan, target.alertmanager), &target.address) {
                (_, Some(url)) => (Peer::Url(url.clone()), None),
                (Some(ours), None) => (ours, Some(ALERTMANAGER_PORTS[0].1.to_owned())),
                (None, None) => {
                    let (namespace, name) = (target.namespace.clone(), target.name.clone());
                    (Peer::Service { namespace, name }, Some(target.port.clone()))
                }
            };
            add(from(), to, port, "sends alerts".to_owned());
        }
    }
    for rules in &plan.store_rules {
        let from = || Peer::StoreRules(cx.fleet.store(rules.store).name.clone());
        add(from(), Peer::Url(rules.read_url.clone()), None, "queries for its rules".to_owned());
        add(from(), Peer::Url(rules.write_url.clone()), None, "writes what it records".to_owned());
        for notifier in &rules.notifiers {
            let (to, port) = match standing(plan, notifier.alertmanager).filter(|_| !notifier.by_address) {
                Some(ours) => (ours, Some(ALERTMANAGER_PORTS[0].1.to_owned())),
                None => (Peer::Url(notifier.url.value.clone()), None),
            };
            add(from(), to, port, "sends alerts".to_owned());
        }
    }
    for alertmanager in &plan.alertmanagers {
        let from = || Peer::Alertmanager(alertmanager.name.to_owned());
        if !cx.fleet.alertmanager(alertmanager.alertmanager).addresses.is_empty() {
            let port = Some(ALERTMANAGER_PORTS[0].1.to_owned());
            add(Peer::Anybody, from(), port, "sends alerts, over its addresses".to_owned());
        }
        if alertmanager.replicas.value > 1 {
            add(from(), from(), None, "shares silences and what was told".to_owned());
        }
        for receiver in &alertmanager.receivers {
            let to = Peer::Receiver { alertmanager: alertmanager.name.to_owned(), name: receiver.name.to_owned() };
            add(from(), to, None, "notifies".to_owned());
        }
    }
    if plan.relay.as_ref().is_some_and(|r| !r.scrapes.is_empty()) {
        add(Peer::Relay, Peer::ApiServer, None, "finds critical targets".to_owned());
    }
    for url in plan.relay.iter().flat_map(|r| &r.urls) {
        add(Peer::Relay, Peer::Url(url.url.value.clone()), None, format!("writes to `{}`", url.name));
    }
    for reader in &plan.readers {
        let from = || Peer::Reader(reader.reader.name.clone());
        let is_lane = |s: &DataSource| plan.lanes.iter().any(|l| l.name == s.name);
        for source in &reader.sources {
            if is_lane(source) {
                add(from(), Peer::Lane(source.name.clone()), Some(LANE_PORTS[0].1.to_owned()), "queries".to_owned());
            } else {
                add(from(), Peer::Url(source.url.value.clone()), None, format!("queries `{}`", source.name));
            }
        }
    }
    edges.into_iter().collect()
}

/// The Alertmanager, where it is ours and stands here.
fn standing(plan: &ClusterPlan<'_>, id: AlertmanagerId) -> Option<Peer> {
    let here = plan.alertmanagers.iter().find(|a| a.alertmanager == id)?;
    Some(Peer::Alertmanager(here.name.to_owned()))
}

/// The Prometheus that selects the monitor, and the relay where it scrapes the same by itself.
fn scrapers(plan: &ClusterPlan<'_>, monitor: &Monitor) -> Vec<Peer> {
    let relayed = plan.relay.iter().flat_map(|r| &r.scrapes).any(|s| monitor.owned && s.job == monitor.job);
    let lane = Peer::Lane(monitor.lane.clone());
    if relayed { vec![lane, Peer::Relay] } else { vec![lane] }
}

/// Pods of ours, with the labels by which a monitor may select them or the Service before them.
struct Ours {
    peer: Peer,
    namespace: String,
    labels: BTreeMap<String, String>,
}

impl Ours {
    /// Annotations select pods that carry them, which none of ours does.
    fn is_hit_by(&self, monitor: &Monitor) -> bool {
        monitor.kind != MonitorKind::Annotations
            && (monitor.any_namespace || monitor.namespaces.contains(&self.namespace))
            && !monitor.selector.is_empty()
            && monitor.selector.iter().all(|(k, v)| self.labels.get(k) == Some(v))
    }

    /// The port of the pod behind one of a Service; `None` where only the Service knows.
    fn port(&self, said: &str) -> Option<String> {
        let known = match &self.peer {
            Peer::Alertmanager(_) => {
                ALERTMANAGER_PORTS.iter().find(|(name, _)| *name == said).map(|(_, number)| *number)
            }
            Peer::Lane(_) => LANE_PORTS.iter().find(|(name, _)| *name == said).map(|(_, number)| *number),
            Peer::Relay if said == "http" => return Some(relay::PORT.to_string()),
            _ => None,
        };
        known.map(str::to_owned)
    }
}

fn ours(cx: &Context<'_>, plan: &ClusterPlan<'_>) -> Vec<Ours> {
    let one = |peer, namespace: &str, unit: String, more: &[(&str, &str)]| {
        let owned = [
            ("app.kubernetes.io/managed-by", "watershed"),
            ("watershed/cluster", &cx.cluster.id.value),
            ("watershed/fleet", &cx.fleet.name.value),
            ("watershed/unit", &unit),
        ];
        let labels = owned.iter().chain(more).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Ours { peer, namespace: namespace.to_owned(), labels }
    };
    let here = cx.cluster.namespace.value.as_str();
    let lanes = plan.lanes.iter().map(|lane| {
        let labels = [
            ("app.kubernetes.io/name", "prometheus"),
            ("operator.prometheus.io/name", lane.name),
            (LANE_LABEL, lane.name),
        ];
        one(Peer::Lane(lane.name.to_owned()), here, format!("prometheus.{}", lane.name), &labels)
    });
    let relay = plan.relay.iter().map(|relay| {
        let found_by = relay.found_by.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let labels: Vec<_> = found_by.chain([("app.kubernetes.io/name", relay.name.as_str())]).collect();
        one(Peer::Relay, here, "relay".to_owned(), &labels)
    });
    let alertmanagers = plan.alertmanagers.iter().map(|alertmanager| {
        let labels = [("app.kubernetes.io/name", "alertmanager"), ("watershed/alertmanager", alertmanager.name)];
        let peer = Peer::Alertmanager(alertmanager.name.to_owned());
        one(peer, here, format!("alertmanager.{}", alertmanager.name), &labels)
    });
    let exporters = plan.exporters.iter().map(|exporter| {
        let labels = [("app.kubernetes.io/name", exporter.job.as_str())];
        let peer = Peer::Exporter(exporter.job.clone());
        one(peer, &exporter.namespace, format!("exporter.{}", exporter.job), &labels)
    });
    lanes.chain(relay).chain(alertmanagers).chain(exporters).collect()
}

/// Targets that somebody else runs, or that are no pods.
fn targets(plan: &ClusterPlan<'_>, monitor: &Monitor) -> Peer {
    if let Some(service) = plan.addresses.iter().find(|s| s.job == monitor.job) {
        return Peer::Addresses(service.targets());
    }
    let (namespaces, labels) = (monitor.namespaces.clone(), monitor.selector.clone());
    match monitor.kind {
        MonitorKind::Annotations => Peer::Annotated { namespaces },
        MonitorKind::Service | MonitorKind::Address => Peer::Selected { by: "Service", namespaces, labels },
        MonitorKind::Probe => Peer::Url(monitor.probe.as_ref().map_or_else(String::new, |p| p.prober.value.clone())),
        MonitorKind::Pod => Peer::Selected { by: "Pod", namespaces, labels },
    }
}
