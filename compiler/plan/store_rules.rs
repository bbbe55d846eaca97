//! Rules evaluated at stores: what reads them, whom they tell, over which clusters.

use super::context::Context;
use super::{alerting, codes, lanes};
use crate::catalog::Scope;
use crate::diag::{Diagnostic, Origins, Sink, Sourced};
use crate::model::fleet::{Auth, Destination};
use crate::model::ids::{ClusterId, StoreId};
use crate::model::plan::{FleetPlan, Notifier, StorePlan, StoreRulesPlan, UserNames};
use crate::model::value::Version;
use crate::store::{self, Door};

const CHART: &str = "victoria-metrics-alert";
const CHART_VERSION: Version = Version::new(0, 47, 0);
/// Rules over a fleet are few and read little; what they cost is the store's.
const START: [(&str, &str); 2] = [("cpu", "100m"), ("memory", "256Mi")];
/// vmalert reads the user of a notifier from a file since.
const USER_FILES: Version = Version::new(1, 144, 0);
/// Its flags take values out of the environment since.
const ENVIRONMENT: Version = Version::new(1, 84, 0);

/// One for each store of the cluster that has `rules`.
pub(super) fn store_rules(
    cx: &Context<'_>,
    stores: &[StorePlan],
    fleet_plan: &FleetPlan,
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
        let app_version = Sourced::new(standing.app_version, store.app_version.map_or(standing.origin, |v| v.origin));
        let notifiers: Vec<Notifier> =
            store.alerts.iter().filter_map(|said| alerting::notifier(cx, said, origins)).collect();
        check_users(cx, &notifiers, app_version, sink);
        let clusters = clusters(cx, fleet_plan, standing.store);
        if clusters.is_empty() {
            over_nothing(cx, standing.store, &packs, sink);
        }
        out.push(StoreRulesPlan {
            store: standing.store,
            release: format!("{}-alert", standing.release),
            namespace: standing.namespace.clone(),
            chart: CHART,
            chart_version: CHART_VERSION,
            app_version,
            origin: packs[0].origin,
            packs,
            read_url,
            write_url,
            notifiers,
            user_names: match app_version.value.at_least(USER_FILES) {
                true => UserNames::File,
                false => UserNames::Environment,
            },
            clusters,
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

/// Identities of the clusters that send to the store itself, sorted. Those of a route that reaches
/// none of their series are not missed when none arrives.
fn clusters(cx: &Context<'_>, fleet_plan: &FleetPlan, store: StoreId) -> Vec<String> {
    let senders = fleet_plan.stores.get(store.index()).map_or(&[][..], |load| &load.untenanted);
    let mut all: Vec<String> = senders.iter().map(|id| cx.fleet.cluster(*id).id.value.clone()).collect();
    all.sort_unstable();
    all
}

/// Stores whose rules are evaluated over a cluster.
pub(super) fn judged_at(cx: &Context<'_>, fleet_plan: &FleetPlan, cluster: ClusterId) -> Vec<StoreId> {
    let judges = |id: &StoreId| {
        let sends = fleet_plan.stores.get(id.index()).is_some_and(|load| load.untenanted.contains(&cluster));
        sends && !cx.fleet.store(*id).rules.is_empty()
    };
    cx.fleet.store_ids().filter(judges).collect()
}

fn over_nothing(cx: &Context<'_>, id: StoreId, packs: &[Sourced<String>], sink: &mut Sink) {
    let store = cx.fleet.store(id);
    let to_tenants = cx.fleet.routes.iter().flat_map(|r| r.destinations()).find(|d| match d.value {
        Destination::Store(store, tenant) => store == id && tenant != 0,
        Destination::None => false,
    });
    let what = match to_tenants {
        Some(_) => {
            format!("the rules of `{}` read what has no tenant, and all its series are sent to tenants", store.name)
        }
        None => format!("no cluster sends anything to `{}`, whose rules are evaluated", store.name),
    };
    let at = cx.place(packs[0].origin, store.origin);
    let found = Diagnostic::new(&codes::RULES_OVER_NOTHING, at, what).here("evaluated over no cluster");
    sink.push(match to_tenants {
        Some(said) => cx.labelled(found, said.origin, "series go to this tenant"),
        None => found,
    });
}

/// Users of notifiers need a vmalert that learns them without their being in the values.
fn check_users(cx: &Context<'_>, notifiers: &[Notifier], app: Sourced<Version>, sink: &mut Sink) {
    let named = notifiers.iter().find_map(|n| match &n.credentials.auth {
        Some(Auth::Basic { secret, .. }) => Some((n, secret)),
        _ => None,
    });
    let Some((notifier, secret)) = named.filter(|_| !app.value.at_least(ENVIRONMENT)) else { return };
    let what = format!("vmalert {} cannot take the user of an Alertmanager out of a Secret", app.value);
    let at = cx.place(app.origin, notifier.origin);
    let found = Diagnostic::new(&codes::RULES_TOO_OLD, at, what).here("too old");
    sink.push(cx.labelled(found, secret.origin, "its user and password"));
}
