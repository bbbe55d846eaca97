//! Who talks to whom: what firewalls have to let through, and what policies of ours admit.

use super::markdown::table;
use crate::model::plan::{ClusterPlan, Peer, Policy};

pub fn connections(plan: &ClusterPlan<'_>, out: &mut String) {
    if plan.edges.is_empty() {
        return;
    }
    out.push_str("## Who talks to whom\n\n");
    let rows: Vec<_> = plan
        .edges
        .iter()
        .map(|edge| {
            let port = edge.port.clone().unwrap_or_else(|| "–".to_owned());
            vec![peer(plan, &edge.from), peer(plan, &edge.to), port, edge.what.clone()]
        })
        .collect();
    table(out, &["from", "to", "port", "what for"], &rows);
    out.push_str(
        "A port is the pod's own where the pod is ours, else its Service's; `–` stands for the one in the URL or annotation, \
         or for any. What exporters ask of the API server or of devices is not listed.\n\n",
    );
    if !plan.policies.is_empty() {
        policies(plan, out);
    }
}

fn policies(plan: &ClusterPlan<'_>, out: &mut String) {
    out.push_str("NetworkPolicies let these connections into pods of ours, and no others:\n\n");
    for policy in &plan.policies {
        let from = if policy.admits.is_empty() { "nobody".to_owned() } else { admitted(plan, policy) };
        out.push_str(&format!("- {}: {from}\n", peer(plan, &policy.protects)));
    }
    out.push('\n');
    let host: Vec<String> = plan.exporters.iter().filter(|e| e.host_network).map(|e| format!("`{}`", e.job)).collect();
    if !host.is_empty() {
        out.push_str(&format!(
            "Not covered: {}, in the network of their hosts, which no policy reaches; close their ports to others on the \
             nodes.\n",
            host.join(", ")
        ));
    }
    out.push_str(
        "They need a network plugin that enforces policies. The kubelet's probes come from the pod's own node and are always \
         let in. Whoever queries from a host's network matches no labels and is kept out. What our pods may reach is left \
         alone, and so are the pods of Helm charts and Alertmanagers of others.\n\n",
    );
}

fn admitted(plan: &ClusterPlan<'_>, policy: &Policy) -> String {
    let mut from: Vec<String> = plan
        .edges
        .iter()
        .filter(|e| e.to == policy.protects)
        .map(|e| match &e.from {
            Peer::Anybody => "anybody, for it is exposed".to_owned(),
            other => peer(plan, other),
        })
        .collect();
    from.dedup();
    from.join(", ")
}

fn peer(plan: &ClusterPlan<'_>, peer: &Peer) -> String {
    let places = |namespaces: &[String]| match namespaces {
        [] => "any namespace".to_owned(),
        named => format!("`{}`", named.join("`, `")),
    };
    let labels = |labels: &mut dyn Iterator<Item = (&String, &String)>| {
        labels.map(|(k, v)| format!("`{k}={v}`")).collect::<Vec<_>>().join(" ")
    };
    match peer {
        Peer::Lane(name) => format!("prometheus `{name}`"),
        Peer::Relay => "the relay".to_owned(),
        Peer::Alertmanager(name) => format!("alertmanager `{name}`"),
        Peer::StoreRules(store) => format!("rules of store `{store}`"),
        Peer::Receiver { name, .. } => format!("its receiver `{name}`"),
        Peer::Exporter(job) => format!("our `{job}`"),
        Peer::Anybody => "anybody".to_owned(),
        Peer::ApiServer => "the API server".to_owned(),
        Peer::Service { namespace, name } => format!("Service `{namespace}/{name}`"),
        Peer::Annotated { namespaces } => format!("annotated pods in {}", places(namespaces)),
        Peer::Addresses(addresses) => addresses.join(", "),
        Peer::Url(url) => format!("`{url}`"),
        Peer::Selected { by, namespaces, labels: wanted } => {
            format!("{by} {} in {}", labels(&mut wanted.iter()), places(namespaces))
        }
        Peer::Reader(name) => match plan.readers.iter().find(|r| r.reader.name == *name) {
            Some(reader) if reader.reader.labels.is_empty() => {
                format!("reader `{name}`: every pod in `{}`", reader.namespace)
            }
            Some(reader) => {
                let wanted = reader.reader.labels.iter().map(|(k, v)| (k, &v.value));
                format!("reader `{name}`: {} in `{}`", labels(&mut wanted.into_iter()), reader.namespace)
            }
            None => format!("reader `{name}`"),
        },
    }
}
