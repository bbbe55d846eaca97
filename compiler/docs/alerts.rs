//! The part of a cluster's page about alerts: who tells whom, and who is told of what.

use super::markdown::table;
use crate::catalog::{Catalog, Kind, Notices};
use crate::diag::Sourced;
use crate::emit::store_alert_waits;
use crate::model::fleet::Fleet;
use crate::model::ids::StoreId;
use crate::model::plan::{AlertmanagerPlan, ClusterPlan};

pub fn section(fleet: &Fleet, catalog: &Catalog, plan: &ClusterPlan<'_>, out: &mut String) {
    let told = plan.lanes.iter().any(|l| !l.alerting.is_empty());
    let missed = missed(fleet, catalog, plan);
    if !told && plan.alertmanagers.is_empty() && plan.store_rules.is_empty() && missed.is_none() {
        return;
    }
    out.push_str("## Alerts\n\n");
    if told {
        tells(fleet, plan, out);
    }
    if let Some(missed) = missed {
        out.push_str(&format!(
            "When all of this cluster is gone, or its way to the store, no rule here can say so: {missed} does.\n\n"
        ));
    }
    for rules in &plan.store_rules {
        let packs: Vec<String> = rules.packs.iter().map(|p| format!("`{}`", p.value)).collect();
        let told: Vec<String> = rules.notifiers.iter().map(|n| format!("`{}`", n.url.value)).collect();
        let told = if told.is_empty() { "nobody".to_owned() } else { told.join(", ") };
        out.push_str(&format!(
            "At the store `{}` vmalert ({} {}, release `{}/{}`) evaluates {} over {}, and tells {told}. What fires is \
             written to the store as `ALERTS`.\n\n",
            fleet.store(rules.store).name,
            rules.chart,
            rules.chart_version,
            rules.namespace,
            rules.release,
            packs.join(", "),
            match rules.clusters.as_slice() {
                [] => "no cluster, for none sends to it without a tenant".to_owned(),
                all => all.join(", "),
            },
        ));
    }
    for alertmanager in &plan.alertmanagers {
        let silences = match alertmanager.storage {
            Some(storage) => format!("keeps silences on a volume of {}", storage.size.value),
            None => "has no volume: silences are lost when its last pod restarts".to_owned(),
        };
        out.push_str(&format!(
            "The Alertmanager `{}` stands here, version {}, replicas: {}; it {silences}. Its own Service asks for no \
             credentials: where an address leads to it from outside, what stands before it has to.\n\n",
            alertmanager.name, alertmanager.version.value, alertmanager.replicas.value
        ));
        let rows: Vec<Vec<String>> = alertmanager
            .receivers
            .iter()
            .map(|r| {
                let matches = r.matches.iter().map(|(label, value)| format!("`{label}=\"{}\"`", value.value));
                let matches: Vec<String> = matches.collect();
                let what =
                    if matches.is_empty() { "what no other receiver takes".to_owned() } else { matches.join(", ") };
                vec![format!("`{}`", r.name), r.list.trim_end_matches("Configs").to_owned(), what]
            })
            .collect();
        table(out, &["receiver", "by", "is told of"], &rows);
        out.push_str(
            "Alerts of severity `none` reach only receivers whose `match` has an `alertname` or a `severity`. While an \
             alert is critical, nobody is told of its warnings in the same cluster and namespace, and while it warns of \
             nothing that is only `info`.\n\n",
        );
    }
}

/// The alerts of packs by what they notice.
fn noticing<'c>(catalog: &'c Catalog, packs: impl IntoIterator<Item = &'c str>, what: Notices) -> Vec<&'c str> {
    let rules = packs.into_iter().filter_map(|pack| catalog.rule_pack(pack)).flat_map(|pack| &pack.rules);
    let mut names: Vec<&str> = rules.filter(|r| r.notices == Some(what)).map(|r| r.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn named(packs: &[Sourced<String>]) -> impl Iterator<Item = &str> {
    packs.iter().map(|pack| pack.value.as_str())
}

/// The alerts at stores that notice when nothing comes from this cluster any more.
pub(super) fn missed(fleet: &Fleet, catalog: &Catalog, plan: &ClusterPlan<'_>) -> Option<String> {
    let of = |id: &StoreId| {
        let store = fleet.store(*id);
        let names = noticing(catalog, named(&store.rules), Notices::Member);
        (!names.is_empty()).then(|| format!("`{}` of the rules at `{}`", names.join("`, `"), store.name))
    };
    // Rules that are evaluated here are gone with the rest of it.
    let elsewhere = |id: &&StoreId| fleet.store(**id).cluster.is_none_or(|c| c.value != plan.id);
    let all: Vec<String> = plan.judged_at.iter().filter(elsewhere).filter_map(of).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// What has to be done beside Watershed for alerts to be missed when they stop.
pub(super) fn to_watch(catalog: &Catalog, plan: &ClusterPlan<'_>) -> Vec<String> {
    let packs = catalog.names(Kind::Rules);
    let always = noticing(catalog, packs, Notices::Silence);
    let unwatched = |alertmanager: &AlertmanagerPlan<'_>| {
        let open: Vec<&str> = always.iter().copied().filter(|name| !is_watched(alertmanager, name)).collect();
        (!open.is_empty()).then(|| {
            format!(
                "Alertmanager `{}`: `{}` fires always, and none of its receivers is told. Let a service outside of the \
                 fleet expect it and call when it stops: `receiver \"alive\" kind=\"webhook\" secret=\"…\" {{ match \
                 alertname=\"{}\" }}`.",
                alertmanager.name,
                open.join("`, `"),
                open[0]
            )
        })
    };
    plan.alertmanagers.iter().filter_map(unwatched).collect()
}

fn is_watched(alertmanager: &AlertmanagerPlan<'_>, alert: &str) -> bool {
    let takes = |label: &str, value: &str| match label {
        "alertname" => value == alert,
        "severity" => value == "none",
        _ => true,
    };
    let named = alertmanager.receivers.iter().filter(|r| r.names_alerts);
    named.into_iter().any(|r| r.matches.iter().all(|(label, value)| takes(label, &value.value)))
}

/// What fires while members are still to be applied.
pub(super) fn until_applied(fleet: &Fleet, catalog: &Catalog, plan: &ClusterPlan<'_>, out: &mut String) {
    for rules in &plan.store_rules {
        for alert in noticing(catalog, named(&rules.packs), Notices::Member) {
            let waits = store_alert_waits(plan, fleet, catalog, rules, alert);
            let waits = waits.map_or("at once".to_owned(), |w| format!("{w} after vmalert has begun"));
            out.push_str(&format!(
                "\n`{alert}` of the rules at `{}` fires {waits} for each cluster that is declared and has sent nothing \
                 yet: apply those that send there before, or silence it until they are.\n",
                fleet.store(rules.store).name
            ));
        }
    }
}

fn tells(fleet: &Fleet, plan: &ClusterPlan<'_>, out: &mut String) {
    let mut rows = Vec::new();
    for lane in &plan.lanes {
        for target in &lane.alerting {
            let way = match &target.address {
                Some(address) => format!("`{address}`, through Service `{}/{}`", target.namespace, target.name),
                None => format!("Service `{}/{}`", target.namespace, target.name),
            };
            let name = &fleet.alertmanager(target.alertmanager).name;
            rows.push(vec![format!("`{}`", lane.name), format!("`{name}`"), way]);
        }
    }
    table(out, &["Prometheus", "tells", "over"], &rows);
    let named = plan.alert_services.iter().any(|s| s.slice);
    if !plan.alert_services.is_empty() {
        out.push_str(&format!(
            "A Prometheus finds Alertmanagers by Service only, so each address elsewhere has a Service of ours without \
             a selector, and {} with the address.\n\n",
            if named { "an EndpointSlice" } else { "Endpoints" }
        ));
    }
}
