//! Where a cluster's series are written, and which namespace goes where.

use std::collections::BTreeSet;

use super::markdown::{table, thousands};
use super::routing;
use crate::model::fleet::{Auth, Credentials, Destination, Fleet};
use crate::model::ids::StoreId;
use crate::model::plan::ClusterPlan;

/// A destination of the cluster: through the relay, or from its Prometheis.
pub(super) struct Written<'p> {
    pub name: &'p str,
    pub store: Option<StoreId>,
    pub url: &'p str,
    credentials: &'p Credentials,
    /// Prometheis that send there by themselves; empty: the relay does.
    pub from: Vec<&'p str>,
}

/// Every destination once, in the order of the queues.
pub(super) fn written<'p>(fleet: &Fleet, plan: &'p ClusterPlan<'_>) -> Vec<Written<'p>> {
    if let Some(relay) = &plan.relay {
        let of = |u: &'p crate::model::plan::RelayUrl| Written {
            name: &u.name,
            store: Some(u.store),
            url: &u.url.value,
            credentials: &u.credentials,
            from: Vec::new(),
        };
        return relay.urls.iter().map(of).collect();
    }
    let mut out: Vec<Written<'p>> = Vec::new();
    for lane in &plan.lanes {
        for write in &lane.remote_write {
            match out.iter_mut().find(|w| w.name == write.name) {
                Some(known) => known.from.push(lane.name),
                None => out.push(Written {
                    name: &write.name,
                    store: store_of(fleet, plan, &write.name),
                    url: &write.url.value,
                    credentials: &write.credentials,
                    from: vec![lane.name],
                }),
            }
        }
    }
    out
}

/// The store behind a destination's name: its own, or that with the longest name it begins with.
fn store_of(fleet: &Fleet, plan: &ClusterPlan<'_>, name: &str) -> Option<StoreId> {
    let routes = fleet.routes.iter().filter(|r| r.from.iter().any(|c| c.value == plan.id));
    let stores = routes.flat_map(|r| r.destinations()).filter_map(|d| match d.value {
        Destination::Store(id, _) => Some(id),
        Destination::None => None,
    });
    let fits = |id: &StoreId| {
        let store = &fleet.store(*id).name;
        name.strip_prefix(store.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("-t"))
    };
    stores.filter(fits).max_by_key(|id| fleet.store(*id).name.len())
}

/// The section: URLs, how long it is kept there, with what credential.
pub(super) fn section(fleet: &Fleet, plan: &ClusterPlan<'_>, out: &mut String) {
    let all = written(fleet, plan);
    if all.is_empty() {
        out.push_str(
            "## Where it is written\n\nNowhere: what is collected here stays in the Prometheis of this cluster.\n\n",
        );
        return;
    }
    out.push_str("## Where it is written\n\n");
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|w| {
            let store = w.store.map(|id| fleet.store(id));
            let kept = store.and_then(|s| s.retention.as_ref());
            vec![
                w.name.to_owned(),
                store.map_or_else(|| "-".to_owned(), |s| place(fleet, plan, s)),
                kept.map_or_else(|| "as its owner says".to_owned(), |r| r.value.to_string()),
                if w.from.is_empty() { "relay".to_owned() } else { w.from.join(", ") },
                format!("`{}`", w.url),
                credential(w.credentials),
            ]
        })
        .collect();
    table(out, &["destination", "stands on", "kept there", "sent by", "URL", "credential"], &rows);
    routing::section(fleet, plan, out);
    relay(plan, out);
}

fn place(fleet: &Fleet, plan: &ClusterPlan<'_>, store: &crate::model::fleet::Store) -> String {
    match &store.cluster {
        Some(c) if c.value == plan.id => "this cluster".to_owned(),
        Some(c) => fleet.cluster(c.value).name.clone(),
        None => "somebody else runs it".to_owned(),
    }
}

fn credential(credentials: &Credentials) -> String {
    let mut all: Vec<String> = Vec::new();
    match &credentials.auth {
        Some(Auth::Basic { secret, .. }) => all.push(format!("user of Secret `{}`", secret.value)),
        Some(Auth::Bearer(key)) => all.push(format!("token of Secret `{}`", key.secret.value)),
        None => {}
    }
    all.extend(credentials.client_cert.as_ref().map(|c| format!("certificate of Secret `{}`", c.secret.value)));
    all.extend(credentials.ca.as_ref().map(|c| format!("CA of Secret `{}`", c.secret.value)));
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn relay(plan: &ClusterPlan<'_>, out: &mut String) {
    let Some(relay) = &plan.relay else { return };
    out.push_str("### The relay\n\n");
    out.push_str(
        "A vmagent that all Prometheis of this cluster write to; it sorts series by destination and keeps what a store \
         does not take in a queue on disk.",
    );
    let why = match &relay.because[..] {
        [only] => format!(" It is here because {only}.\n\n"),
        several => {
            format!(" It is here because\n\n{}\n", several.iter().map(|b| format!("- {b}\n")).collect::<String>())
        }
    };
    out.push_str(&why);
    let rows: Vec<_> = relay
        .urls
        .iter()
        .enumerate()
        .map(|(i, url)| {
            vec![
                (i + 1).to_string(),
                url.name.clone(),
                thousands(url.samples_per_second.round() as u64),
                survives(url.survive.value),
                url.queue.value.to_string(),
            ]
        })
        .collect();
    table(out, &["place", "destination", "samples/s (estimate)", "outage without loss", "queue on disk"], &rows);
    let critical: BTreeSet<&str> = relay.scrapes.iter().map(|s| s.job.as_str()).collect();
    if !critical.is_empty() {
        let jobs: Vec<String> = critical.into_iter().map(|job| format!("`{job}`")).collect();
        out.push_str(&format!(
            "It scrapes {} by itself too, at the same intervals, so that their series arrive whatever becomes of a \
             Prometheus. They have the labels of those that Prometheus sends, but for `prometheus`, which ends in \
             `/relay`: what must not count them twice asks for `prometheus!~\".+/relay\"`, or for the other half.{}\n\n",
            jobs.join(", "),
            if relay.replicas.value > 1 { " Its replicas share the targets among them: each is scraped by one." } else { "" }
        ));
    }
}

fn survives(survive: crate::model::value::Duration) -> String {
    if survive.is_zero() { "no promise".to_owned() } else { survive.to_string() }
}
