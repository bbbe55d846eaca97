//! Who is told: Alertmanagers of ours, and the way from each Prometheus to those it tells.
//!
//! `spec.alerting` of a Prometheus names Services of its own cluster. An Alertmanager elsewhere gets a
//! Service of ours without a selector, with the address behind it: an IP address in Endpoints or an
//! EndpointSlice, a host name in an EndpointSlice of names, which Prometheus resolves itself. So the
//! credentials stay references to Secrets, and no configuration text has to be carried in one.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::codes;
use super::context::Context;
use super::lanes::{self, SLICES_SINCE};
use crate::diag::{Diagnostic, Origin, Origins, Sink, Sourced, Why};
use crate::fleet::{self, ReceiverForm, ReceiverValue, Way, receiver_forms};
use crate::model::fleet::{Address, Alertmanager, BaseKind, Credentials, Lane, Receiver, SecretKey};
use crate::model::ids::AlertmanagerId;
use crate::model::plan::{AlertService, AlertTarget, AlertmanagerPlan, Host, Notifier, ReceiverField, ReceiverPlan};
use crate::model::value::{Url, Version};

/// Name of the port, which is the operator's for its own Alertmanagers.
const PORT: &str = "web";
/// Notifications are small; this is what they and the silences of a fleet need.
const START: [(&str, &str); 2] = [("cpu", "50m"), ("memory", "128Mi")];
/// Alertmanager's configuration in kube-prometheus goes by this name.
const STOCK: &str = "main";

/// Alertmanagers that a Prometheus tells: the cluster's where it says nothing; `alerts {}` means none.
pub(super) fn targets(cx: &Context<'_>, lane: &Lane) -> Vec<AlertTarget> {
    lane.alerts.iter().filter_map(|said| target(cx, said)).collect()
}

fn target(cx: &Context<'_>, said: &Sourced<AlertmanagerId>) -> Option<AlertTarget> {
    let to = cx.fleet.alertmanager(said.value);
    let plain = |namespace: String, name: String| AlertTarget {
        alertmanager: said.value,
        namespace,
        name,
        port: PORT.to_owned(),
        https: false,
        path_prefix: None,
        credentials: Credentials::default(),
        mounted: false,
        address: None,
        origin: said.origin,
    };
    let here = &cx.cluster.namespace.value;
    if let Some(service) = &to.service {
        return Some(plain(service.value.0.clone(), service.value.1.clone()));
    }
    let Some(address) = way(cx, to)? else { return Some(plain(here.clone(), service_name(&to.name))) };
    let url = Url::parse(&address.url.value).ok()?;
    let path = url.path.trim_end_matches('/');
    Some(AlertTarget {
        https: url.https,
        path_prefix: (!path.is_empty()).then(|| path.to_owned()),
        mounted: !knows_slices(cx) && (address.credentials.ca.is_some() || address.credentials.client_cert.is_some()),
        credentials: address.credentials.clone(),
        address: Some(address.url.value.clone()),
        ..plain(here.clone(), address_service(&to.name))
    })
}

/// An Alertmanager as the rules of a store on this cluster tell it.
pub(super) fn notifier(cx: &Context<'_>, said: &Sourced<AlertmanagerId>, origins: &mut Origins) -> Option<Notifier> {
    let to = cx.fleet.alertmanager(said.value);
    let domain = &cx.cluster.dns_domain.value;
    let service = |namespace: &str, name: &str| format!("http://{name}.{namespace}.svc.{domain}:9093");
    let by_address = to.service.is_none() && matches!(way(cx, to), Some(Some(_)));
    let (url, credentials) = match (&to.service, way(cx, to)) {
        (Some(s), _) => (Sourced::new(service(&s.value.0, &s.value.1), s.origin), Credentials::default()),
        (None, None) => return None,
        (None, Some(None)) => {
            let url = service(&cx.cluster.namespace.value, &service_name(&to.name));
            (Sourced::new(url, to.origin), Credentials::default())
        }
        (None, Some(Some(address))) => {
            let reason = "the address of the alertmanager";
            let origin = origins.add(Why::Derived { reason, from: vec![address.url.origin] });
            let url = address.url.value.trim_end_matches('/').to_owned();
            (Sourced::new(url, origin), address.credentials.clone())
        }
    };
    Some(Notifier { alertmanager: said.value, url, by_address, credentials, origin: said.origin })
}

/// The address taken, or the Service where it stands on this cluster. No way at all is a finding of
/// the phase before.
fn way<'a>(cx: &Context<'a>, to: &'a Alertmanager) -> Option<Option<&'a Address>> {
    let zone = cx.cluster.zone.map(|z| z.value);
    match fleet::way_of(&to.addresses, to.cluster.map(|c| c.value), cx.id, zone).ok()? {
        Way::Service => Some(None),
        Way::Address(index) => to.addresses.get(index).map(Some),
    }
}

fn knows_slices(cx: &Context<'_>) -> bool {
    cx.version("operator").value.at_least(SLICES_SINCE)
}

/// The Service of one of ours.
fn service_name(alertmanager: &str) -> String {
    format!("alertmanager-{alertmanager}")
}

/// Not the name of any Alertmanager's own Service, which may stand in this namespace.
fn address_service(alertmanager: &str) -> String {
    format!("alerts-to-{alertmanager}")
}

/// One Service for each Alertmanager that some Prometheus of the cluster reaches over an address.
pub(super) fn services(cx: &Context<'_>, sink: &mut Sink) -> Vec<AlertService> {
    let mut out: Vec<AlertService> = Vec::new();
    for said in cx.cluster.lanes.iter().flat_map(|l| &l.alerts) {
        let to = cx.fleet.alertmanager(said.value);
        if to.service.is_some() || out.iter().any(|s| s.alertmanager == to.name) {
            continue;
        }
        let Some(Some(address)) = way(cx, to) else { continue };
        let Ok(url) = Url::parse(&address.url.value) else { continue };
        let host = host(&url.host);
        if matches!(host, Host::Name(_)) && !knows_slices(cx) {
            too_old(cx, to, address, &url.host, sink);
            continue;
        }
        out.push(AlertService {
            name: address_service(&to.name),
            alertmanager: to.name.clone(),
            host,
            port: url.port.unwrap_or(if url.https { 443 } else { 80 }),
            slice: knows_slices(cx),
            origin: address.url.origin,
        });
    }
    out
}

fn host(text: &str) -> Host {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    match (bare.parse::<Ipv4Addr>(), bare.parse::<Ipv6Addr>()) {
        (Ok(_), _) => Host::V4(bare.to_owned()),
        (_, Ok(_)) => Host::V6(bare.to_owned()),
        _ => Host::Name(bare.to_owned()),
    }
}

fn too_old(cx: &Context<'_>, to: &Alertmanager, address: &Address, host: &str, sink: &mut Sink) {
    let operator = cx.version("operator");
    let what = format!(
        "operator {} of cluster `{}` cannot send alerts to a host name, `{host}`",
        operator.value, cx.cluster.name
    );
    let found = Diagnostic::new(&codes::ALERTS_TO_NAME, cx.place(address.url.origin, to.origin), what)
        .here("a name, not an IP address");
    sink.push(cx.labelled(found, operator.origin, "the operator's version"));
}

/// Alertmanagers of ours that stand on this cluster.
pub(super) fn alertmanagers<'f>(cx: &Context<'f>, origins: &mut Origins, sink: &mut Sink) -> Vec<AlertmanagerPlan<'f>> {
    let here = |a: &&Alertmanager| a.cluster.is_some_and(|c| c.value == cx.id);
    let ids = (0..).map(AlertmanagerId);
    let standing = ids.zip(&cx.fleet.alertmanagers).filter(|(_, a)| here(a));
    standing.map(|(id, a)| alertmanager(cx, id, a, origins, sink)).collect()
}

fn alertmanager<'f>(
    cx: &Context<'f>,
    id: AlertmanagerId,
    of: &'f Alertmanager,
    origins: &mut Origins,
    sink: &mut Sink,
) -> AlertmanagerPlan<'f> {
    let version = cx.version("alertmanager");
    let base = &cx.cluster.base;
    if base.kind.value == BaseKind::KubePrometheus && of.name == STOCK && base.namespace() == cx.cluster.namespace.value
    {
        let what =
            format!("kube-prometheus of cluster `{}` has an Alertmanager `{}` already", cx.cluster.name, of.name);
        let found = Diagnostic::new(&codes::ALERTMANAGER_TAKEN, cx.place(of.origin, Origin::INHERIT), what);
        sink.push(cx.labelled(found.here("would overwrite it"), base.kind.origin, "the base"));
    }
    AlertmanagerPlan {
        alertmanager: id,
        name: &of.name,
        origin: of.origin,
        image: Sourced::new(cx.image("alertmanager"), cx.image_origin(version.origin, origins)),
        version,
        replicas: of.replicas,
        storage: of.storage.as_ref(),
        storage_class: of.storage.as_ref().and_then(|s| s.class.as_ref()).or(cx.cluster.storage_class.as_ref()),
        requests: lanes::resources(&Default::default(), &START, origins),
        receivers: of.receivers.iter().filter_map(|r| receiver(cx, r, origins, sink)).collect(),
        rest: of.receivers.iter().find(|r| r.matches.is_empty()).map_or("", |r| &r.name),
        nobody: nobody(of),
        group_by: vec!["alertname".to_owned(), cx.fleet.identity.value.clone()],
        inhibits: vec!["alertname".to_owned(), cx.fleet.identity.value.clone(), "namespace".to_owned()],
    }
}

/// A name that no receiver has.
fn nobody(of: &Alertmanager) -> String {
    let mut name = "nobody".to_owned();
    while of.receivers.iter().any(|r| r.name == name) {
        name.push_str("-else");
    }
    name
}

fn receiver<'f>(
    cx: &Context<'_>,
    of: &'f Receiver,
    origins: &mut Origins,
    sink: &mut Sink,
) -> Option<ReceiverPlan<'f>> {
    let (operator, alertmanager) = (cx.version("operator"), cx.version("alertmanager"));
    let forms = receiver_forms(&of.kind.value);
    let known = |f: &&ReceiverForm| operator.value.at_least(f.operator) && alertmanager.value.at_least(f.alertmanager);
    let Some(form) = forms.iter().find(known) else {
        too_new(cx, of, forms.last()?, (&operator, &alertmanager), sink);
        return None;
    };
    let mut fields = std::collections::BTreeMap::new();
    if let Some(secret) = &of.secret {
        for (i, (path, key)) in form.secrets.iter().enumerate() {
            let said = of.key.as_deref().filter(|_| i == 0);
            let key = said.unwrap_or(key).to_owned();
            fields.insert(*path, ReceiverField::Secret(SecretKey { secret: secret.clone(), key }));
        }
    }
    for setting in form.settings {
        let Some(said) = of.settings.get(setting.key) else { continue };
        let field = match said.value.parse::<i64>() {
            Ok(number) if setting.value == ReceiverValue::Number => {
                ReceiverField::Int(Sourced::new(number, said.origin))
            }
            _ => ReceiverField::Text(said.clone()),
        };
        fields.insert(setting.field, field);
    }
    if of.kind.value == "email" && of.secret.is_some() && !of.settings.contains_key("login") {
        // A password without a user is no login: mail servers take the sender's address for it.
        if let Some(from) = of.settings.get("from") {
            let origin = origins.add(Why::Derived { reason: "the sender logs in", from: vec![from.origin] });
            fields.insert("authUsername", ReceiverField::Text(Sourced::new(from.value.clone(), origin)));
        }
    }
    let names_alerts = ["alertname", "severity"].iter().any(|label| of.matches.contains_key(*label));
    Some(ReceiverPlan {
        name: &of.name,
        list: form.list,
        fields,
        matches: &of.matches,
        names_alerts,
        origin: of.origin,
    })
}

fn too_new(
    cx: &Context<'_>,
    of: &Receiver,
    oldest: &ReceiverForm,
    (operator, alertmanager): (&Sourced<Version>, &Sourced<Version>),
    sink: &mut Sink,
) {
    let what = format!(
        "receivers of kind `{}` need operator {} and Alertmanager {}; cluster `{}` has {} and {}",
        of.kind.value, oldest.operator, oldest.alertmanager, cx.cluster.name, operator.value, alertmanager.value
    );
    let found = Diagnostic::new(&codes::RECEIVER_VERSION, cx.place(of.kind.origin, of.origin), what);
    let found = cx.labelled(found.here("not known there"), operator.origin, "the operator's version");
    sink.push(cx.labelled(found, alertmanager.origin, "Alertmanager's version"));
}
