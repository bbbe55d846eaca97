//! Whether what a spec says of the way to a target fits the catalog's ways in.

use super::codes;
use super::context::Context;
use super::source::needs;
use crate::catalog::{self, Access, Auth, Port, Variant};
use crate::diag::{Diagnostic, Origin, Sink};
use crate::model::fleet::Job;

/// # Errors
/// Why nothing can be scraped that way; reported.
pub(super) fn check(
    cx: &Context<'_>,
    job: &Job,
    entry: Option<&catalog::Job>,
    variant: &Variant,
    sink: &mut Sink,
) -> Result<(), String> {
    let Some(entry) = entry else { return Ok(()) };
    check_path(cx, job, entry, sink)?;
    check_certificate(cx, job, entry, variant, sink)
}

/// A path of the entry that the declared versions do not serve: the target would be down for ever.
fn check_path(cx: &Context<'_>, job: &Job, entry: &catalog::Job, sink: &mut Sink) -> Result<(), String> {
    let Some(path) = &job.path else { return Ok(()) };
    let served = entry.endpoints.iter().find(|e| e.path == path.value).map(|e| e.gate.check(&cx.versions));
    let Some(Err(shut)) = served else { return Ok(()) };
    let what = format!("`{}` of `{}` {}", path.value, job.name, needs(&shut));
    let at = cx.place(path.origin, job.origin);
    let found = Diagnostic::new(&codes::SHUT_PATH, at, what).here("answered 404");
    let declared = cx.cluster.versions.get(&shut.component).map_or(Origin::INHERIT, |v| v.origin);
    sink.push(cx.labelled(found, declared, "declared here"));
    Err(format!("its path {}", needs(&shut)))
}

/// A port or scheme that asks for a client certificate, where the spec names no Secret with one.
fn check_certificate(
    cx: &Context<'_>,
    job: &Job,
    entry: &catalog::Job,
    variant: &Variant,
    sink: &mut Sink,
) -> Result<(), String> {
    if job.credentials.client_cert.is_some() {
        return Ok(());
    }
    let certified = |v: &&Variant| v.ports.values().any(wants_certificate);
    let (reason, origin) = if certified(&variant) {
        (format!("`{}`", variant.name), job.exporter.managed.origin)
    } else if let Some(sibling) = entry.variants.iter().find(certified) {
        let accesses = || sibling.ports.values().filter(|a| wants_certificate(a));
        let port = job.discover.as_ref().and_then(|d| d.port.as_ref());
        let port = port.filter(|said| accesses().any(|a| is_port(a, &said.value)));
        let scheme = job.scheme.as_ref().filter(|said| accesses().any(|a| a.scheme.name() == said.value));
        match (port, scheme) {
            (Some(port), _) => (format!("port {}", port.value), port.origin),
            (None, Some(scheme)) => (format!("`{}`", scheme.value), scheme.origin),
            (None, None) => return Ok(()),
        }
    } else {
        return Ok(());
    };
    let what = format!("`{}` is to be scraped by {reason}, and no client certificate is named", job.name);
    let at = cx.place(origin, job.origin);
    sink.push(Diagnostic::new(&codes::NO_CLIENT_CERT, at, what).here("asks for a client certificate"));
    Err("no client certificate is named, which its port asks for".to_owned())
}

fn wants_certificate(access: &Access) -> bool {
    matches!(access.auth, Auth::ClientCert { .. })
}

fn is_port(access: &Access, said: &str) -> bool {
    match &access.port {
        Some(Port::Number(number)) => said.parse() == Ok(*number),
        Some(Port::Name(name)) => name == said,
        None => false,
    }
}
