//! The part of a cluster's page about alerts: who tells whom, and who is told of what.

use super::markdown::table;
use crate::model::fleet::Fleet;
use crate::model::plan::ClusterPlan;

pub fn section(fleet: &Fleet, plan: &ClusterPlan<'_>, out: &mut String) {
    let told = plan.lanes.iter().any(|l| !l.alerting.is_empty());
    if !told && plan.alertmanagers.is_empty() && plan.store_rules.is_empty() {
        return;
    }
    out.push_str("## Alerts\n\n");
    if told {
        tells(fleet, plan, out);
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
