//! What the proof of a cluster depends on, as a fingerprint: two clusters with the same have the same
//! proof, whatever they are called.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3Default;

use super::super::critical;
use super::super::keep;
use super::super::parts::Part;
use super::super::routing::route_of;
use crate::diag::Sourced;
use crate::model::fleet::Fleet;
use crate::model::plan::{ClusterPlan, Endpoint, Monitor};
use crate::relabel::Rule;

/// XXH3, 64 bit, of all rules and senders of the plan and of what it says of its parts, without the cluster's
/// identity.
pub(super) fn of(fleet: &Fleet, plan: &ClusterPlan<'_>) -> u64 {
    let mut hash = Xxh3Default::new();
    let identity = (fleet.identity.value.as_str(), plan.cluster.id.value.as_str());
    let asked = asked(plan);
    (plan.parts, &plan.cluster.namespace.value, plan.lanes.len()).hash(&mut hash);
    // What the ways to stores follow from: which stand here, where the cluster is, what its Services are called.
    let here: Vec<bool> = fleet.stores.iter().map(|s| s.cluster.is_some_and(|c| c.value == plan.id)).collect();
    (here, plan.cluster.zone.map(|z| z.value.index()), &plan.cluster.dns_domain.value).hash(&mut hash);
    for (component, version) in &plan.cluster.versions {
        (component, version.value).hash(&mut hash);
    }
    for lane in &plan.lanes {
        let route = route_of(fleet, plan.id, lane.name);
        (lane.name, lane.version.value, &lane.replica_label, route.map(|r| r.0)).hash(&mut hash);
        (lane.external_labels.len(), lane.remote_write.len(), lane.peaks.len()).hash(&mut hash);
        for (name, value) in &lane.external_labels {
            // What no rule asks for can be anything: it comes through as it is.
            let matters = name != identity.0 && asked.iter().any(|a| a.contains(name.as_str()));
            (name, matters.then_some(&value.value)).hash(&mut hash);
        }
        for write in &lane.remote_write {
            (&write.name, &write.url.value).hash(&mut hash);
            rules(&write.rules, identity, &mut hash);
        }
        for peaks in &lane.peaks {
            format!("{:?}", (&peaks.job, &peaks.twin, &peaks.values, &peaks.records)).hash(&mut hash);
        }
    }
    plan.monitors.len().hash(&mut hash);
    plan.monitors.iter().for_each(|m| monitor(m, identity, &mut hash));
    if let Some(relay) = &plan.relay {
        relay.scrapes.len().hash(&mut hash);
        for scrape in &relay.scrapes {
            (&scrape.job, &scrape.job_name, scrape.role, &scrape.namespaces, &scrape.selector).hash(&mut hash);
            endpoint(&scrape.endpoint, identity, &mut hash);
            rules(&scrape.relabelings, identity, &mut hash);
        }
        relay.urls.len().hash(&mut hash);
        rules(&relay.common, identity, &mut hash);
        for url in &relay.urls {
            (&url.name, &url.url.value, url.store.0, url.tenant).hash(&mut hash);
            rules(&url.rules, identity, &mut hash);
        }
    }
    hash.finish()
}

/// Source labels and selectors of all rules that series pass after external labels are on them.
fn asked<'p>(plan: &'p ClusterPlan<'_>) -> BTreeSet<&'p str> {
    let written = plan.lanes.iter().flat_map(|l| &l.remote_write).map(|w| &w.rules);
    let relayed = plan.relay.iter().flat_map(|r| std::iter::once(&r.common).chain(r.urls.iter().map(|u| &u.rules)));
    let rules = written.chain(relayed).flatten();
    rules.flat_map(|r| r.source_labels.iter().chain(&r.condition)).map(String::as_str).collect()
}

/// The same of the parts of a cluster: what their series carry, and who has them.
pub(in crate::plan) fn of_parts(parts: &[Part<'_>]) -> u64 {
    let mut hash = Xxh3Default::new();
    parts.len().hash(&mut hash);
    for part in parts {
        let copies: Vec<&str> = part.copies.iter().map(|c| c.0.name.as_str()).collect();
        (&part.job().name, &part.class, &part.lane.name, copies, part.is_fast()).hash(&mut hash);
        (&part.source.values, critical::is_critical(part), keep::paths(part)).hash(&mut hash);
        format!("{:?}", part.source.workload).hash(&mut hash);
        // What its series are expected to be, beside what the rules make of them.
        let job = part.job();
        let globs = |globs: &[Sourced<String>]| globs.iter().map(|g| g.value.clone()).collect::<Vec<_>>();
        (globs(&job.keep), globs(&job.drop), job.honor_labels.map(|h| h.value)).hash(&mut hash);
        (&part.pick.keep, &part.pick.drop, part.is_scraped()).hash(&mut hash);
        let honours: Vec<(&str, bool)> =
            part.pick.endpoints.iter().map(|e| (e.path.as_str(), e.honor_labels)).collect();
        honours.hash(&mut hash);
    }
    hash.finish()
}

/// What target and metric rules of a monitor depend on.
fn monitor(monitor: &Monitor, identity: (&str, &str), hash: &mut Xxh3Default) {
    (monitor.kind as u8, &monitor.name, &monitor.job, &monitor.class, &monitor.lane, monitor.owned).hash(hash);
    (&monitor.selector, &monitor.namespaces, monitor.any_namespace, monitor.discovery_role).hash(hash);
    (&monitor.job_label, &monitor.job_value, monitor.endpoints.len()).hash(hash);
    monitor.endpoints.iter().for_each(|e| endpoint(e, identity, hash));
}

fn endpoint(e: &Endpoint, identity: (&str, &str), hash: &mut Xxh3Default) {
    (&e.port, e.undeclared, &e.path, &e.scheme, &e.params, e.honor_labels).hash(hash);
    rules(&e.relabelings, identity, hash);
    rules(&e.metric_relabelings, identity, hash);
}

/// Without the value that the identity label is set to, and without where rules come from.
fn rules(rules: &[Rule], (label, id): (&str, &str), hash: &mut Xxh3Default) {
    rules.len().hash(hash);
    for rule in rules {
        let sets_identity = rule.target_label.as_deref() == Some(label) && rule.replacement.as_deref() == Some(id);
        (&rule.source_labels, &rule.separator, &rule.regex, rule.modulus, &rule.target_label).hash(hash);
        (sets_identity, rule.replacement.as_ref().filter(|_| !sets_identity)).hash(hash);
        (rule.action.map(crate::relabel::Action::name), &rule.condition).hash(hash);
    }
}
