//! Alertmanagers of ours: what the operator makes of one is accepted by amtool, and tells whom the plan says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use watershed::model::plan::{AlertmanagerPlan, ClusterPlan, ReceiverField, ReceiverPlan};

use super::stores;
use crate::ground::cluster::Cluster;
use crate::ground::operator;
use crate::ground::process;
use crate::ground::{During, Outcome};

/// What the operator has made of the Alertmanagers of a plan: accepted by amtool, or its words; and what it says
/// otherwise than the plan.
///
/// # Errors
/// The operator made nothing, or amtool refuses it.
pub fn differences(amtool: &Path, scratch: &Path, cluster: &Cluster, plan: &ClusterPlan<'_>) -> Outcome<Vec<String>> {
    let mut wrong = Vec::new();
    let namespace = &plan.cluster.namespace.value;
    for planned in &plan.alertmanagers {
        let made = operator::alertmanager(cluster, namespace, planned.name)?;
        let file = scratch.join(format!("{}-alertmanager-{}.yaml", plan.cluster.id.value, planned.name));
        std::fs::write(&file, &made.configuration).during(file.display())?;
        process::run(Command::new(amtool).arg("check-config").arg(&file))?;
        let config: Value = serde_yaml::from_str(&made.configuration).during(file.display())?;
        let name = |receiver: &str| format!("{namespace}/{}/{receiver}", planned.name);
        let mut found = receivers(planned, &config["receivers"], &name);
        found.extend(routes(amtool, &file, planned, &name)?);
        wrong.extend(found.into_iter().map(|d| format!("Alertmanager {}: {d}", planned.name)));
    }
    Ok(wrong)
}

/// Each receiver is there, of its kind, with the contents of its Secrets.
fn receivers(planned: &AlertmanagerPlan<'_>, made: &Value, name: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut wrong = Vec::new();
    for receiver in &planned.receivers {
        let list = receiver.list.replace("Configs", "_configs");
        let all = made.as_array().into_iter().flatten();
        let found = all.filter(|r| r["name"] == name(receiver.name)).filter_map(|r| r[&list].as_array());
        let [config] = found.flatten().collect::<Vec<_>>()[..] else {
            wrong.push(format!("receiver {} has not one of {list}", receiver.name));
            continue;
        };
        for (field, value) in &receiver.fields {
            let value = match value {
                ReceiverField::Secret(of) => stores::secret(&of.secret.value, &of.key),
                ReceiverField::Text(text) => text.value.clone(),
                ReceiverField::Int(number) => number.value.to_string(),
            };
            if !config.to_string().contains(&value) {
                wrong.push(format!("receiver {}: {field} is not {value}: {config}", receiver.name));
            }
        }
    }
    wrong
}

/// Alerts with the labels of each receiver, of all of them and of none are told to whom the plan says.
fn routes(
    amtool: &Path,
    config: &Path,
    planned: &AlertmanagerPlan<'_>,
    name: &dyn Fn(&str) -> String,
) -> Outcome<Vec<String>> {
    let of = |r: &ReceiverPlan<'_>| -> BTreeMap<String, String> {
        r.matches.iter().map(|(label, value)| (label.clone(), value.value.clone())).collect()
    };
    let mut alerts: BTreeSet<BTreeMap<String, String>> = planned.receivers.iter().map(of).collect();
    alerts.insert(planned.receivers.iter().flat_map(of).collect());
    alerts.insert(BTreeMap::from([("alertname".to_owned(), "Another".to_owned())]));
    let mut wrong = Vec::new();
    for alert in alerts {
        let takes = |r: &&ReceiverPlan<'_>| {
            !r.matches.is_empty() && r.matches.iter().all(|(label, value)| alert.get(label) == Some(&value.value))
        };
        let mut meant: BTreeSet<String> = planned.receivers.iter().filter(takes).map(|r| name(r.name)).collect();
        if meant.is_empty() {
            meant.insert(name(planned.rest));
        }
        let mut command = Command::new(amtool);
        command.args(["config", "routes", "test"]).arg(format!("--config.file={}", config.display()));
        let said = process::run(command.args(alert.iter().map(|(label, value)| format!("{label}={value}"))))?;
        let told: BTreeSet<String> = said.trim().split(',').map(str::to_owned).collect();
        if told != meant {
            wrong.push(format!("an alert with {alert:?} is told to {told:?}, not to {meant:?}"));
        }
    }
    Ok(wrong)
}
