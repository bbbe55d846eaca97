//! Which series of which namespace go where: a table on the cluster's page, lines of its index.

use super::fleet::STAYS;
use super::markdown::table;
use crate::model::fleet::Fleet;
use crate::model::plan::{Answered, AnsweredSeries, ClassRef, ClusterPlan, InNamespace, Reach};
use crate::tree::IndexedRoute;

/// So many names are told one by one; a route may have thousands.
const TOLD: usize = 12;

/// The answers of the routes that split by namespace.
pub(super) fn section(fleet: &Fleet, plan: &ClusterPlan<'_>, out: &mut String) {
    for route in &fleet.routes {
        let answered: Vec<&Answered> = plan.answered.iter().filter(|a| a.split && a.route == route.name).collect();
        if answered.is_empty() {
            continue;
        }
        out.push_str(&format!("### By namespace: route `{}`\n\n", route.name));
        out.push_str(
            "The namespace is that of the pod a series is about, not of the exporter that measured it. Nodes, idle \
             accelerators, the Kubernetes control plane and what Prometheus says of its scrapes belong to none. ",
        );
        out.push_str(match plan.is_changed_by_hand(fleet) {
            false => {
                "Each line was proven: such series, sent through the emitted write rules and those of the relay, arrive there \
                 and nowhere else.\n\n"
            }
            true => {
                "The lines were proven of the rules as they are without what is changed by hand, further down.\n\n"
            }
        });
        let targets: Vec<&ClassRef> = answered.iter().flat_map(|a| &a.series.scrapes).collect();
        let rows: Vec<Vec<String>> = answered.iter().flat_map(|a| rows(a, &targets)).collect();
        table(out, &["series", "in", "go to"], &rows);
        let of_others = |r: &&Reach| r.namespaces.contains(&InNamespace::Other) && r.pod_labels.is_empty();
        let mut others = answered.iter().flat_map(|a| &a.reaches).filter(of_others).peekable();
        if others.peek().is_some() && others.all(|r| r.to.is_empty()) {
            out.push_str("A new namespace is nobody's until a line of the route names it: it reaches no store.\n\n");
        }
    }
}

fn rows(answered: &Answered, targets: &[&ClassRef]) -> impl Iterator<Item = Vec<String>> {
    answered.reaches.iter().enumerate().map(|(i, reach)| {
        let which = if i == 0 { which(&answered.series, targets) } else { String::new() };
        vec![which, within(reach), if reach.to.is_empty() { STAYS.to_owned() } else { reach.to.join(", ") }]
    })
}

fn which(series: &AnsweredSeries, targets: &[&ClassRef]) -> String {
    let names =
        |classes: &mut dyn Iterator<Item = &ClassRef>| classes.map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if !series.measured.is_empty() {
        parts.push(names(&mut series.measured.iter()));
    }
    if !series.peaks.is_empty() {
        parts.push(format!("peaks of {}", names(&mut series.peaks.iter())));
    }
    let others = targets.len() - series.scrapes.len();
    if !series.scrapes.is_empty() {
        let of = match others {
            0 => "every target".to_owned(),
            _ if others >= series.scrapes.len() => names(&mut series.scrapes.iter()),
            _ => {
                let others = targets.iter().copied().filter(|t| !series.scrapes.contains(t));
                format!("every target but those of {}", names(&mut others.into_iter()))
            }
        };
        parts.push(format!("`up` and `scrape_*` of {of}"));
    }
    if series.of_no_job {
        parts.push("recorded series and alerts of no job".to_owned());
    }
    parts.join("; ")
}

fn within(reach: &Reach) -> String {
    let mut parts: Vec<String> = Vec::new();
    let named: Vec<String> = reach.namespaces.iter().filter_map(named).map(|n| format!("`{n}`")).collect();
    match named.len().checked_sub(TOLD) {
        None | Some(0 | 1) => parts.extend(named),
        Some(rest) => {
            parts.extend(named.into_iter().take(TOLD));
            parts.push(format!("{rest} more namespaces"));
        }
    }
    for kind in &reach.namespaces {
        match kind {
            InNamespace::Like(_) => {}
            InNamespace::Any => parts.push("any namespace, or none".to_owned()),
            InNamespace::None => parts.push("no namespace".to_owned()),
            InNamespace::Other => parts.push("a namespace nobody owns".to_owned()),
        }
    }
    let labels: Vec<String> = reach.pod_labels.iter().map(|(k, v)| format!("`{k}={v}`")).collect();
    let pods = if labels.is_empty() { String::new() } else { format!(": pods with {}", labels.join(", ")) };
    format!("{}{pods}", parts.join(", "))
}

fn named(kind: &InNamespace) -> Option<&str> {
    match kind {
        InNamespace::Like(pattern) => Some(pattern),
        InNamespace::Any | InNamespace::None | InNamespace::Other => None,
    }
}

/// The same for programs, with every name.
pub fn routing(plan: &ClusterPlan<'_>) -> Vec<IndexedRoute> {
    let texts = |classes: &[ClassRef]| classes.iter().map(ToString::to_string).collect();
    let line = |answered: &Answered, reach: &Reach| IndexedRoute {
        route: answered.route.clone(),
        series: texts(&answered.series.measured),
        peaks: texts(&answered.series.peaks),
        up: texts(&answered.series.scrapes),
        of_no_job: answered.series.of_no_job,
        namespaces: reach.namespaces.iter().flat_map(in_index).collect(),
        pod_labels: reach.pod_labels.iter().cloned().collect(),
        to: reach.to.clone(),
    };
    plan.answered.iter().flat_map(|a| a.reaches.iter().map(move |r| line(a, r))).collect()
}

fn in_index(kind: &InNamespace) -> Vec<String> {
    match kind {
        InNamespace::Any => vec![String::new(), "*".to_owned()],
        InNamespace::None => vec![String::new()],
        InNamespace::Other => vec!["*".to_owned()],
        InNamespace::Like(pattern) => vec![pattern.clone()],
    }
}
