//! Every Secret that what we emit refers to: where, under which name, with which keys, for whom.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use crate::model::fleet::{Auth, Credentials};
use crate::model::plan::{ClusterPlan, ReceiverField, SecretUse};

/// `(namespace, name, used by)` → keys.
type Uses = BTreeMap<(String, String, String), BTreeSet<String>>;

pub(super) fn secrets(cx: &Context<'_>, plan: &ClusterPlan<'_>) -> Vec<SecretUse> {
    let mut uses = Uses::new();
    let namespace = cx.cluster.namespace.value.as_str();
    for lane in &plan.lanes {
        let by = format!("Prometheus {}", lane.name);
        lane.remote_write.iter().for_each(|w| credentials(&mut uses, namespace, &by, &w.credentials));
        lane.alerting.iter().for_each(|a| credentials(&mut uses, namespace, &by, &a.credentials));
    }
    for alertmanager in &plan.alertmanagers {
        let by = format!("Alertmanager {}", alertmanager.name);
        for field in alertmanager.receivers.iter().flat_map(|r| r.fields.values()) {
            if let ReceiverField::Secret(key) = field {
                add(&mut uses, namespace, &key.secret.value, &by, &key.key);
            }
        }
    }
    for monitor in &plan.monitors {
        let by = format!("Prometheus {}", monitor.lane);
        for endpoint in &monitor.endpoints {
            credentials(&mut uses, namespace, &by, &endpoint.auth.credentials);
        }
    }
    for url in plan.relay.iter().flat_map(|r| &r.urls) {
        credentials(&mut uses, namespace, "relay", &url.credentials);
    }
    for scrape in plan.relay.iter().flat_map(|r| &r.scrapes) {
        credentials(&mut uses, namespace, "relay", &scrape.endpoint.auth.credentials);
    }
    for standing in &plan.stores {
        let store = cx.fleet.store(standing.store);
        let by = format!("store {}", store.name);
        // Its own certificate is for whatever stands before it; the front door checks users.
        standing.users.iter().for_each(|user| auth_keys(&mut uses, &standing.namespace, &by, &user.auth));
        let hosts = standing.outside.ingress.iter().flat_map(|i| &i.hosts);
        for secret in hosts.filter_map(|h| h.tls_secret.as_ref()) {
            let by = format!("Ingress of store {}", store.name);
            ["tls.crt", "tls.key"].iter().for_each(|key| add(&mut uses, &standing.namespace, secret, &by, key));
        }
    }
    for rules in &plan.store_rules {
        let by = format!("rules of store {}", cx.fleet.store(rules.store).name);
        rules.notifiers.iter().for_each(|n| credentials(&mut uses, &rules.namespace, &by, &n.credentials));
    }
    for reader in &plan.readers {
        let by = format!("reader {}", reader.reader.name);
        reader.sources.iter().for_each(|s| credentials(&mut uses, &reader.namespace, &by, &s.credentials));
    }
    for pull in &cx.cluster.pull_secrets {
        let exporters = plan.exporters.iter().map(|e| e.namespace.as_str());
        let namespaces = exporters.chain(plan.stores.iter().map(|s| s.namespace.as_str())).chain([namespace]);
        for namespace in namespaces.collect::<BTreeSet<_>>() {
            add(&mut uses, namespace, &pull.value, "image pulls", ".dockerconfigjson");
        }
    }
    let used = |((namespace, name, used_by), keys): (_, BTreeSet<String>)| SecretUse {
        namespace,
        name,
        keys: keys.into_iter().collect(),
        used_by,
    };
    uses.into_iter().map(used).collect()
}

fn credentials(uses: &mut Uses, namespace: &str, by: &str, said: &Credentials) {
    if let Some(auth) = &said.auth {
        auth_keys(uses, namespace, by, auth);
    }
    if let Some(ca) = &said.ca {
        add(uses, namespace, &ca.secret.value, by, &ca.key);
    }
    if let Some(client) = &said.client_cert {
        add(uses, namespace, &client.secret.value, by, &client.cert_key);
        add(uses, namespace, &client.secret.value, by, &client.key_key);
    }
}

fn auth_keys(uses: &mut Uses, namespace: &str, by: &str, auth: &Auth) {
    for key in keys(auth) {
        add(uses, namespace, &auth.secret().value, by, key);
    }
}

fn keys(auth: &Auth) -> Vec<&str> {
    match auth {
        Auth::Basic { username_key, password_key, .. } => vec![username_key, password_key],
        Auth::Bearer(key) => vec![&key.key],
    }
}

fn add(uses: &mut Uses, namespace: &str, name: &str, by: &str, key: &str) {
    let use_of = (namespace.to_owned(), name.to_owned(), by.to_owned());
    uses.entry(use_of).or_default().insert(key.to_owned());
}
