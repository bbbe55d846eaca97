//! Pods of ours that hold data, by the names that the operator, Kubernetes and charts give them.

use crate::model::fleet::Resources;
use crate::model::plan::{ClusterPlan, Workload};
use crate::model::value::Bytes;

pub(super) fn workloads(plan: &ClusterPlan<'_>) -> Vec<Workload> {
    let here = &plan.cluster.namespace.value;
    // The operator puts the kind before the name, and both into the name of the claim.
    let operated = |kind: &str, name: &str, memory, claimed: bool| {
        let pods = format!("{kind}-{name}-[0-9]+");
        Workload {
            unit: format!("{kind}/{name}"),
            namespace: here.clone(),
            claims: claimed.then(|| format!("{kind}-{name}-db-{pods}")),
            pods,
            container: kind.to_owned(),
            memory,
        }
    };
    let lanes = plan.lanes.iter().map(|lane| operated("prometheus", lane.name, memory(&lane.limits), true));
    let alertmanagers = plan.alertmanagers.iter().map(|a| operated("alertmanager", a.name, None, a.storage.is_some()));
    let relay = plan.relay.iter().map(|relay| {
        let pods = format!("{}-[0-9]+", relay.name);
        Workload {
            unit: "relay".to_owned(),
            namespace: here.clone(),
            claims: Some(format!("queues-{pods}")),
            pods,
            container: "vmagent".to_owned(),
            memory: memory(&relay.limits),
        }
    });
    let stores = plan.stores.iter().map(|store| store.keeper.clone());
    lanes.chain(relay).chain(alertmanagers).chain(stores).collect()
}

fn memory(limits: &Resources) -> Option<Bytes> {
    limits.get("memory").and_then(|m| Bytes::parse(&m.value).ok())
}
