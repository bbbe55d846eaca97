//! Jobs that the spec names and a cluster does not have: in words for its README, as findings where
//! somebody asks for one.

use super::cluster::Raw;
use super::codes;
use super::context::Context;
use super::job::Looked;
use crate::catalog::{Shut, Unmet};
use crate::diag::{Diagnostic, Span};
use crate::model::fleet::Cluster;

/// What keeps a job of the catalog from a cluster.
pub(super) enum Lack {
    Of(Unmet),
    Version(Shut),
}

impl Lack {
    /// Why it is not there, behind the job's name.
    pub fn reason(&self) -> String {
        match self {
            Lack::Of(unmet) => unmet_in_words(unmet),
            Lack::Version(shut) => too_old(shut),
        }
    }
}

/// Reports a job that is named and not there. Inside the cluster's own block that is a contradiction;
/// named for many clusters, it is for those that can have it, and what decides a version or a person is
/// told once. Hardware a cluster does not have is what such names are for: nothing is said.
pub(super) fn report(
    cx: &mut Context<'_, '_>,
    raw: &Raw<'_>,
    cluster: &Cluster,
    job: &Looked<'_, '_>,
    lack: &Lack,
    at: Span,
) {
    let own =
        |at: Span| raw.named.span.file == at.file && raw.named.span.start <= at.start && at.end <= raw.named.span.end;
    let reason = lack.reason();
    // The words name no cluster: a line for many is one finding.
    let what = match own(at) {
        true => format!("the job `{}` cannot be had here: {reason}", job.name),
        false => format!("the job `{}` is not scraped everywhere it is asked for: {reason}", job.name),
    };
    let (found, decided) = match lack {
        Lack::Of(Unmet::ManagedControlPlane) => {
            let flag = cluster.managed_control_plane.origin;
            let flag = cx.read.span(flag);
            // Said for the fleet, it holds wherever the job is named.
            let contradicts = own(at) || raw.block.is_of_fleet("managed-control-plane");
            let found = if contradicts {
                let what = format!("the job `{}` is asked for where the provider runs the control plane", job.name);
                Diagnostic::new(&codes::MANAGED, at, what).here("nobody but the provider reaches it")
            } else {
                Diagnostic::new(&codes::NOT_EVERYWHERE, at, what)
            };
            (found, Some(flag))
        }
        Lack::Of(Unmet::NotReachable(component)) => {
            let help = format!(
                "do what the README of the cluster lists under `To be set by hand`, then say `reachable \"{component}\"`"
            );
            (Diagnostic::new(&codes::NOT_EVERYWHERE, at, what).help(help), None)
        }
        Lack::Version(shut) => {
            let declared = cluster.versions.get(&shut.component).map(|v| cx.read.span(v.origin));
            let code = if own(at) { &codes::NOT_THERE } else { &codes::NOT_EVERYWHERE };
            let help = format!(
                "raise `{}` in `versions`, or say `job \"{}\" disabled=#true` for the clusters that are older",
                shut.component, job.name
            );
            (Diagnostic::new(code, at, what).help(help), declared)
        }
        Lack::Of(_) if own(at) => (Diagnostic::new(&codes::NOT_THERE, at, what), None),
        Lack::Of(_) => return,
    };
    let decided = decided.filter(|span| !span.is_none() && *span != at);
    cx.read.report(match decided {
        Some(span) => found.label(span, "decided here"),
        None => found,
    });
}

fn too_old(shut: &Shut) -> String {
    let Shut { component, bound, since, .. } = shut;
    let declared = shut.declared.map_or_else(|| "none is declared".to_owned(), |v| format!("{v} is declared"));
    let word = if *since { "from" } else { "before" };
    format!("it needs {component} {word} {bound}{}; {declared}", if *since { " on" } else { "" })
}

fn unmet_in_words(unmet: &Unmet) -> String {
    match unmet {
        Unmet::NoGpus => "its nodes have no GPUs (`gpus-per-node`)".to_owned(),
        Unmet::NoNpus => "its nodes have no NPUs (`npus-per-node`)".to_owned(),
        Unmet::NoRocePorts => "its nodes have no RoCE ports (`roce-ports-per-node`)".to_owned(),
        Unmet::ManagedControlPlane => "nobody but the provider reaches it (`managed-control-plane`)".to_owned(),
        Unmet::NotReachable(component) => format!("`{component}` is not in `reachable`: it listens on loopback only"),
        Unmet::NoAlertmanager => "no Alertmanager runs there".to_owned(),
    }
}
