//! Credentials of a scrape that others can read or ask for.

use std::collections::BTreeSet;

use super::super::{Check, Rule};
use crate::catalog::Catalog;
use crate::diag::{Code, Diagnostic, Origin, Sink, Stage};
use crate::model::fleet::{Auth, Fleet};
use crate::model::plan::{ClusterPlan, Endpoint, Monitor, MonitorKind, Verify};

const CODE: Code = Code::warning(
    "LNT161",
    Stage::Plan,
    "a scrape that shows its credential to others",
    "Prometheus sends it with every scrape: over plain HTTP to whoever listens on the way, and where targets are looked for in \
     every namespace, to whoever may make a pod or Service with the same labels in any of them.",
    "scrape over TLS, `scheme \"https\"` with the `ca` of the target; name the namespace of the targets, `discover \"service\" \
     namespace=\"…\"`; or `allow` this where the credential opens nothing but these metrics",
);

pub const RULE: Rule = Rule { code: &CODE, check: Check::Cluster(check) };

fn check(fleet: &Fleet, plan: &ClusterPlan<'_>, _: &Catalog, sink: &mut Sink) {
    let mut told: BTreeSet<(&str, String)> = BTreeSet::new();
    for monitor in &plan.monitors {
        for endpoint in &monitor.endpoints {
            let Some((what, origin)) = shown(monitor, endpoint) else { continue };
            if !told.insert((&monitor.job, what.clone())) {
                continue;
            }
            let places = [origin, monitor.origin].map(|o| plan.origins.span(&fleet.origins, o));
            let at = places.into_iter().find(|s| !s.is_none()).unwrap_or(plan.cluster.at);
            sink.push(Diagnostic::new(&CODE, at, what).here("sent with every scrape"));
        }
    }
}

/// What is shown to whom, and where the credential is named.
fn shown(monitor: &Monitor, endpoint: &Endpoint) -> Option<(String, Origin)> {
    let auth = &endpoint.auth;
    let (credential, origin) = match &auth.credentials.auth {
        Some(Auth::Bearer(key)) => ("token", key.secret.origin),
        Some(Auth::Basic { secret, .. }) => ("password", secret.origin),
        None if auth.service_account => ("service account's token", monitor.origin),
        None => return None,
    };
    let plain = endpoint.scheme == "http";
    // A certificate that is verified keeps it from others.
    let anybody =
        monitor.any_namespace && monitor.kind != MonitorKind::Probe && (plain || auth.verify == Verify::Nothing);
    let whom = match (plain, anybody) {
        (false, false) => return None,
        (true, false) => "over plain HTTP",
        (false, true) => "to whatever has the labels of its targets, in any namespace",
        (true, true) => "over plain HTTP, to whatever has the labels of its targets, in any namespace",
    };
    Some((format!("`{}` shows its {credential} {whom}", monitor.job), origin))
}
