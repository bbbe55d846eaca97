//! Which pods of ours admit whom, for `network-policies "enforce"`: what the edges say and nobody else.
//!
//! Traffic that comes from the node a pod runs on is always let through, and with it the kubelet's
//! probes; a policy does nothing for pods in their host's network, and such pods match no selector.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use crate::model::plan::{Admitted, ClusterPlan, Edge, Peer, Policy};

pub(super) fn policies(cx: &Context<'_>, plan: &ClusterPlan<'_>) -> Vec<Policy> {
    let here = cx.cluster.namespace.value.as_str();
    let make =
        |peer: Peer, name: String, namespace: &str, unit: (&'static str, String), pods: &[(&str, &str)], origin| {
            Policy {
                name,
                namespace: namespace.to_owned(),
                unit,
                pods: labels(pods),
                admits: admits(cx, plan, &peer),
                protects: peer,
                origin,
            }
        };
    let lanes = plan.lanes.iter().map(|lane| {
        let pods = [("app.kubernetes.io/name", "prometheus"), ("operator.prometheus.io/name", lane.name)];
        let unit = ("prometheus", lane.name.to_owned());
        make(Peer::Lane(lane.name.to_owned()), named("prometheus-", lane.name), here, unit, &pods, lane.origin)
    });
    let relay = plan.relay.iter().map(|relay| {
        let pods = [("app.kubernetes.io/name", relay.name.as_str())];
        make(Peer::Relay, named("", &relay.name), here, ("relay", String::new()), &pods, relay.origin)
    });
    let alertmanagers = plan.alertmanagers.iter().map(|alertmanager| {
        let pods = [("alertmanager", alertmanager.name), ("app.kubernetes.io/name", "alertmanager")];
        let unit = ("alertmanager", alertmanager.name.to_owned());
        let peer = Peer::Alertmanager(alertmanager.name.to_owned());
        make(peer, named("alertmanager-", alertmanager.name), here, unit, &pods, alertmanager.origin)
    });
    let exporters = plan.exporters.iter().filter(|e| !e.host_network).map(|exporter| {
        let pods = [("app.kubernetes.io/managed-by", "watershed"), ("app.kubernetes.io/name", exporter.job.as_str())];
        let unit = ("exporter", exporter.job.clone());
        let peer = Peer::Exporter(exporter.job.clone());
        make(peer, named("", &exporter.job), &exporter.namespace, unit, &pods, exporter.origin)
    });
    lanes.chain(relay).chain(alertmanagers).chain(exporters).collect()
}

/// Our mark in front: what the cluster's base brings has policies named after its own pods.
fn named(kind: &str, name: &str) -> String {
    format!("watershed-{kind}{name}")
}

fn labels(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// By whom, on which ports; no ports are all of them.
fn admits(cx: &Context<'_>, plan: &ClusterPlan<'_>, to: &Peer) -> Vec<(Admitted, Vec<u16>)> {
    let mut by: BTreeMap<Admitted, BTreeSet<Option<u16>>> = BTreeMap::new();
    for Edge { from, port, .. } in plan.edges.iter().filter(|e| e.to == *to) {
        let admitted = match from {
            Peer::Lane(lane) => Admitted::Lane(lane.clone()),
            Peer::Anybody => Admitted::Anybody,
            Peer::Relay => match &plan.relay {
                Some(relay) => Admitted::Pods {
                    namespace: plan.cluster.namespace.value.clone(),
                    labels: BTreeMap::from([("app.kubernetes.io/name".to_owned(), relay.name.clone())]),
                },
                None => continue,
            },
            Peer::Reader(name) => match plan.readers.iter().find(|r| r.reader.name == *name) {
                Some(reader) => Admitted::Pods {
                    namespace: reader.namespace.clone(),
                    labels: reader.reader.labels.iter().map(|(k, v)| (k.clone(), v.value.clone())).collect(),
                },
                None => continue,
            },
            Peer::Alertmanager(name) => Admitted::Pods {
                namespace: plan.cluster.namespace.value.clone(),
                labels: labels(&[("alertmanager", name), ("app.kubernetes.io/name", "alertmanager")]),
            },
            Peer::StoreRules(store) => match plan.store_rules.iter().find(|r| cx.fleet.store(r.store).name == *store) {
                Some(rules) => Admitted::Pods {
                    namespace: rules.namespace.clone(),
                    labels: labels(&[("app.kubernetes.io/instance", &rules.release)]),
                },
                None => continue,
            },
            _ => continue,
        };
        by.entry(admitted).or_default().insert(port.as_deref().and_then(|p| p.parse().ok()));
    }
    by.into_iter()
        .map(|(admitted, ports)| {
            let every = ports.contains(&None);
            (admitted, if every { Vec::new() } else { ports.into_iter().flatten().collect() })
        })
        .collect()
}
