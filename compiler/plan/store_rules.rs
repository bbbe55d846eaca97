//! Rules evaluated at stores: what reads them, whom they tell, over which clusters.

use super::context::Context;
use super::{alerting, codes, lanes};
use crate::catalog::Scope;
use crate::diag::{Diagnostic, Origins, Sink, Sourced};
use crate::model::fleet::{Destination, Route};
use crate::model::ids::StoreId;
use crate::model::plan::{StorePlan, StoreRulesPlan};
use crate::model::value::Version;
use crate::store::{self, Door};

const CHART: &str = "victoria-metrics-alert";
const CHART_VERSION: Version = Version::new(0, 47, 0);
/// Rules over a fleet are few and read little; what they cost is the store's.
const START: [(&str, &str); 2] = [("cpu", "100m"), ("memory", "256Mi")];

/// One for each store of the cluster that has `rules`.
pub(super) fn store_rules(
    cx: &Context<'_>,
    stores: &[StorePlan],
    origins: &mut Origins,
    sink: &mut Sink,
) -> Vec<StoreRulesPlan> {
    let mut out = Vec::new();
    for standing in stores {
        let store = cx.fleet.store(standing.store);
        let packs = packs(cx, &store.rules, Scope::Store, sink);
        if packs.is_empty() {
            continue;
        }
        let Some(kind) = store::kind(&store.kind.value) else { continue };
        let door = Door::Service { store, dns_domain: &cx.cluster.dns_domain.value };
        // What nobody gave a tenant; packs that read single tenants have no word in the language yet.
        let Some(read_url) = kind.read_url(&door, 0) else { continue };
        // The paths of remote write are added by who writes.
        let write_url = kind.write_url(&door, 0).trim_end_matches("/api/v1/write").to_owned();
        out.push(StoreRulesPlan {
            store: standing.store,
            release: format!("{}-alert", standing.release),
            namespace: standing.namespace.clone(),
            chart: CHART,
            chart_version: CHART_VERSION,
            app_version: Sourced::new(standing.app_version, store.app_version.map_or(standing.origin, |v| v.origin)),
            origin: packs[0].origin,
            packs,
            read_url,
            write_url,
            notifiers: store.alerts.iter().filter_map(|said| alerting::notifier(cx, said, origins)).collect(),
            clusters: clusters(cx, standing.store),
            requests: lanes::resources(&Default::default(), &START, origins),
        });
    }
    out
}

/// The packs that are made for this place; others are a finding.
pub(super) fn packs(cx: &Context<'_>, said: &[Sourced<String>], here: Scope, sink: &mut Sink) -> Vec<Sourced<String>> {
    let mut out: Vec<Sourced<String>> = Vec::new();
    for pack in said {
        let Some(entry) = cx.catalog.rule_pack(&pack.value) else { continue };
        if entry.scope != here {
            let what = match here {
                Scope::Store => format!("the rule pack `{}` is made for a Prometheus, not for a store", pack.value),
                Scope::Prometheus => {
                    format!("the rule pack `{}` is made for a store, not for a Prometheus", pack.value)
                }
            };
            let at = cx.place(pack.origin, cx.cluster.origin);
            sink.push(Diagnostic::new(&codes::PACK_SCOPE, at, what).here("evaluated where its series are not"));
        } else if !out.iter().any(|p| p.value == pack.value) {
            out.push(pack.clone());
        }
    }
    out
}

/// Identities of the clusters whose routes lead to the store itself, sorted.
fn clusters(cx: &Context<'_>, store: StoreId) -> Vec<String> {
    let leads = |route: &&Route| {
        let lines = route.lines.iter().flat_map(|l| &l.stores);
        let others = route.shared.iter().chain(&route.unowned).flatten();
        lines.chain(others).any(|d| d.value == Destination::Store(store, 0))
    };
    let routes = cx.fleet.routes.iter().filter(leads);
    let mut all: Vec<String> =
        routes.flat_map(|r| &r.from).map(|c| cx.fleet.cluster(c.value).id.value.clone()).collect();
    all.sort_unstable();
    all.dedup();
    all
}
