//! What readers get: data sources and dashboards for Grafana, endpoint lists for HTTP clients.

mod operator;
mod volumes;

pub use volumes::grafana_patch;

use super::{Emit, Meta};
use crate::catalog::{Dashboard, DashboardInput, PanelInput, QueryInput, VariableInput};
use crate::model::fleet::{Auth, Credentials, GrafanaBy, ReaderKind};
use crate::model::plan::{DashboardPlan, DataSource, PanelPlan, ReaderPlan, TargetPlan};
use crate::model::value::Duration;
use crate::object::{Build, Format, Place};

/// Where Grafana finds the Secrets of data sources: each mounted under its name.
pub const GRAFANA_SECRETS: &str = "/etc/grafana/secrets";

pub fn reader(out: &mut Emit<'_, '_>, reader: &ReaderPlan<'_>) {
    match reader.reader.kind {
        ReaderKind::Http => endpoints(out, reader),
        ReaderKind::Grafana if out.plan.cluster.grafana.by.value == GrafanaBy::None => {}
        ReaderKind::Grafana => {
            if out.plan.cluster.grafana.by.value == GrafanaBy::Operator {
                if !reader.dashboards.is_empty() {
                    operator::folder(out, reader);
                }
                reader.sources.iter().for_each(|s| operator::data_source(out, reader, s));
            } else {
                data_sources(out, reader);
            }
            for plan in &reader.dashboards {
                dashboard(out, reader, plan);
            }
        }
    }
}

/// A ConfigMap with one URL a line for clients of the HTTP API (resource-manager).
fn endpoints(out: &mut Emit<'_, '_>, reader: &ReaderPlan<'_>) {
    let name = format!("{}-endpoints", reader.reader.name);
    let meta = meta(reader, &name, &[]);
    out.object(&meta, |o| {
        o.object("data", |d| {
            d.embedded("endpoints.json", Format::Json, |j| {
                j.list("endpoints", |l| {
                    for source in &reader.sources {
                        l.from(source.origin).object("", |e| {
                            e.str("name", &source.name);
                            e.from(source.url.origin).str("url", &source.url.value);
                            if let Some(secret) = secret_of(&source.credentials) {
                                e.str("secret", secret);
                            }
                        });
                    }
                });
            });
        });
    });
}

fn data_sources(out: &mut Emit<'_, '_>, reader: &ReaderPlan<'_>) {
    let name = data_sources_name(reader);
    let extra = sidecar_labels(out, ("grafana_datasource", "1"));
    let labels: Vec<(&str, &str)> = extra.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let meta = meta(reader, &name, &labels);
    let file = format!("watershed-{}.yaml", reader.reader.name);
    out.object(&meta, |o| {
        o.object("data", |d| {
            d.embedded(&file, Format::Yaml, |y| {
                y.int("apiVersion", 1);
                y.list("datasources", |l| reader.sources.iter().for_each(|s| l.object("", |b| data_source(b, s))));
            });
        });
    });
}

fn data_source(b: &mut Build<'_>, source: &DataSource) {
    b.str("name", &source.name);
    b.str("uid", &source.uid);
    b.str("type", "prometheus");
    b.str("access", "proxy");
    b.from(source.url.origin).str("url", &source.url.value);
    // Two data sources that say they are the default keep Grafana from starting.
    b.bool("isDefault", false);
    b.bool("editable", false);
    let file = |secret: &str, key: &str| format!("$__file{{{GRAFANA_SECRETS}/{secret}/{key}}}");
    let credentials = &source.credentials;
    if let Some(Auth::Basic { secret, username_key, .. }) = &credentials.auth {
        b.bool("basicAuth", true);
        b.str("basicAuthUser", file(&secret.value, username_key));
    }
    b.object("jsonData", |j| json_data(j, source));
    if credentials.auth.is_none() && credentials.ca.is_none() && credentials.client_cert.is_none() {
        return;
    }
    b.object("secureJsonData", |j| {
        match &credentials.auth {
            Some(Auth::Basic { secret, password_key, .. }) => {
                j.str("basicAuthPassword", file(&secret.value, password_key));
            }
            Some(Auth::Bearer(key)) => {
                j.str("httpHeaderValue1", format!("Bearer {}", file(&key.secret.value, &key.key)));
            }
            None => {}
        }
        if let Some(ca) = &credentials.ca {
            j.str("tlsCACert", file(&ca.secret.value, &ca.key));
        }
        if let Some(cert) = &credentials.client_cert {
            j.str("tlsClientCert", file(&cert.secret.value, &cert.cert_key));
            j.str("tlsClientKey", file(&cert.secret.value, &cert.key_key));
        }
    });
}

/// What a data source says in clear.
fn json_data(j: &mut Build<'_>, source: &DataSource) {
    let credentials = &source.credentials;
    j.str("httpMethod", "POST");
    j.str("timeInterval", source.time_interval.to_string());
    if let Some(Auth::Bearer(_)) = &credentials.auth {
        j.str("httpHeaderName1", "Authorization");
    }
    if credentials.ca.is_some() {
        j.bool("tlsAuthWithCACert", true);
    }
    if credentials.client_cert.is_some() {
        j.bool("tlsAuth", true);
    }
    if let Some(name) = &credentials.server_name {
        j.str("serverName", &name.value);
    }
}

/// One ConfigMap for each dashboard; the file is named after its uid, for the sidecar puts all
/// files in one folder.
fn dashboard(out: &mut Emit<'_, '_>, reader: &ReaderPlan<'_>, plan: &DashboardPlan) {
    let name = &plan.name;
    let Some(entry) = out.catalog.dashboard(name) else { return };
    let Some(template) = out.catalog.dashboard_template(entry) else { return };
    let uid = format!("watershed-{name}");
    let identity = &out.fleet.identity.value;
    let cluster = VariableInput {
        name: "cluster".to_owned(),
        title: "Cluster".to_owned(),
        metric: "up".to_owned(),
        label: identity.clone(),
        hidden: plan.local,
    };
    let variables = plan.variables.iter().filter_map(|i| entry.variables.get(*i)).map(|v| VariableInput {
        name: v.name.clone(),
        title: v.title.clone(),
        metric: v.metric.clone(),
        label: v.label.clone(),
        hidden: false,
    });
    let input = DashboardInput {
        uid: uid.clone(),
        title: entry.title.clone(),
        about: entry.about.clone(),
        tags: vec![super::MANAGED_BY.to_owned(), out.fleet.name.value.clone()],
        identity: identity.clone(),
        datasource_type: "prometheus".to_owned(),
        interval_ms: millis(plan.interval),
        range: entry.range.clone(),
        variables: std::iter::once(cluster).chain(variables).collect(),
        panels: (1..).zip(&plan.panels).filter_map(|(id, p)| panel(id, p, entry, identity)).collect(),
    };
    let settings = input.settings(&out.versions);
    let mut document = crate::object::Tree::new();
    let Some(root) = out.evaluate(template, settings, &mut document) else { return };
    let object_name = dashboard_name(reader, name);
    if out.plan.cluster.grafana.by.value == GrafanaBy::Operator {
        operator::dashboard(out, reader, &object_name, &document, root);
        return;
    }
    let extra = sidecar_labels(out, ("grafana_dashboard", "1"));
    let labels: Vec<(&str, &str)> = extra.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let meta = meta(reader, &object_name, &labels);
    out.object(&meta, |o| {
        o.object("data", |d| {
            d.document(&format!("{uid}.json"), Format::Json, |j| j.copy("", &document, root));
        });
    });
}

fn panel(id: u32, plan: &PanelPlan, entry: &Dashboard, identity: &str) -> Option<PanelInput> {
    let panel = entry.panels.get(plan.panel)?;
    let choice = format!("{identity}=~\"$cluster\"");
    let query = |target: &TargetPlan| QueryInput {
        expr: target.expr.replace("$where", &choice).replace("$id", identity),
        legend: target.legend.replace("$id", identity),
        interval_ms: millis(target.interval),
    };
    Some(PanelInput {
        id,
        kind: panel.kind.name(),
        title: panel.title.clone(),
        about: panel.about.clone(),
        unit: panel.unit.clone(),
        place: [plan.x, plan.y, panel.width.into(), panel.height.into()],
        targets: plan.targets.iter().map(query).collect(),
    })
}

fn millis(interval: Duration) -> u32 {
    u32::try_from(interval.millis()).unwrap_or(u32::MAX)
}

/// Labels by which the sidecar finds a ConfigMap; the spec's own replace the usual one.
fn sidecar_labels(out: &Emit<'_, '_>, usual: (&str, &str)) -> Vec<(String, String)> {
    let grafana = &out.plan.cluster.grafana;
    match grafana.by.value {
        GrafanaBy::Sidecar if grafana.labels.is_empty() => vec![(usual.0.to_owned(), usual.1.to_owned())],
        GrafanaBy::Sidecar => grafana.labels.iter().map(|(k, v)| (k.clone(), v.value.clone())).collect(),
        GrafanaBy::KubePrometheus | GrafanaBy::Operator | GrafanaBy::Files | GrafanaBy::None => Vec::new(),
    }
}

fn data_sources_name(reader: &ReaderPlan<'_>) -> String {
    format!("{}-datasources", reader.reader.name)
}

fn dashboard_name(reader: &ReaderPlan<'_>, dashboard: &str) -> String {
    format!("{}-dashboard-{dashboard}", reader.reader.name)
}

/// The Secrets that credentials are in.
fn secrets_of(credentials: &Credentials) -> Vec<&str> {
    let client = credentials.client_cert.as_ref().map(|c| c.secret.value.as_str());
    let ca = credentials.ca.as_ref().map(|c| c.secret.value.as_str());
    [secret_of(credentials), ca, client].into_iter().flatten().collect()
}

fn meta<'m>(reader: &'m ReaderPlan<'_>, name: &'m str, labels: &'m [(&'m str, &'m str)]) -> Meta<'m> {
    Meta {
        place: Place::Grafana,
        api_version: "v1",
        kind: "ConfigMap",
        namespace: &reader.namespace,
        name,
        unit: ("reader", &reader.reader.name),
        origin: reader.reader.origin,
        labels,
    }
}

fn secret_of(credentials: &Credentials) -> Option<&str> {
    credentials.auth.as_ref().map(|auth| match auth {
        Auth::Basic { secret, .. } => secret.value.as_str(),
        Auth::Bearer(key) => key.secret.value.as_str(),
    })
}
