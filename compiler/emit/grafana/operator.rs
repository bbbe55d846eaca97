//! Data sources and dashboards as resources of the Grafana operator.
//!
//! Every selector names labels; the plan has refused the rest. The operator puts the value of a
//! Secret's key where `${key}` stands.

use super::super::{Emit, Meta};
use super::json_data;
use crate::model::fleet::Auth;
use crate::model::plan::{DataSource, ReaderPlan};
use crate::object::{Build, Format, NodeId, Place, Tree};

const API: &str = "grafana.integreatly.org/v1beta1";

pub fn folder(out: &mut Emit<'_, '_>, reader: &ReaderPlan<'_>) {
    resource(out, reader, "GrafanaFolder", &reader.reader.name, |s| s.str("title", "Watershed"));
}

pub fn data_source(out: &mut Emit<'_, '_>, reader: &ReaderPlan<'_>, source: &DataSource) {
    let name = format!("{}-{}", reader.reader.name, source.uid);
    let secrets = secrets(source);
    resource(out, reader, "GrafanaDatasource", &name, |s| {
        s.str("uid", &source.uid);
        s.object("datasource", |d| {
            d.str("name", &source.name);
            d.str("type", "prometheus");
            d.str("access", "proxy");
            d.from(source.url.origin).str("url", &source.url.value);
            d.bool("isDefault", false);
            d.bool("editable", false);
            if let Some(Auth::Basic { username_key, .. }) = &source.credentials.auth {
                d.bool("basicAuth", true);
                d.str("basicAuthUser", format!("${{{username_key}}}"));
            }
            d.object("jsonData", |j| json_data(j, source));
            let secure = secrets.iter().filter_map(|s| Some((s.path.strip_prefix("secureJsonData.")?, s)));
            let secure: Vec<_> = secure.collect();
            if !secure.is_empty() {
                d.object("secureJsonData", |j| {
                    secure.iter().for_each(|(field, s)| j.str(field, format!("{}${{{}}}", s.before, s.key)));
                });
            }
        });
        if !secrets.is_empty() {
            s.list("valuesFrom", |l| {
                for secret in &secrets {
                    l.object("", |v| {
                        v.str("targetPath", secret.path);
                        v.object("valueFrom", |f| {
                            f.object("secretKeyRef", |r| {
                                r.str("name", secret.name);
                                r.str("key", secret.key);
                            });
                        });
                    });
                }
            });
        }
    });
}

/// A dashboard, by the name of the object it is in.
pub fn dashboard(out: &mut Emit<'_, '_>, reader: &ReaderPlan<'_>, name: &str, document: &Tree, root: NodeId) {
    resource(out, reader, "GrafanaDashboard", name, |s| {
        s.str("folderRef", &reader.reader.name);
        s.document("json", Format::Json, |j| j.copy("", document, root));
    });
}

fn resource(
    out: &mut Emit<'_, '_>,
    reader: &ReaderPlan<'_>,
    kind: &str,
    name: &str,
    body: impl FnOnce(&mut Build<'_>),
) {
    let meta = Meta {
        place: Place::Grafana,
        api_version: API,
        kind,
        namespace: &reader.namespace,
        name,
        unit: ("reader", &reader.reader.name),
        origin: reader.reader.origin,
        labels: &[],
    };
    let labels = &out.plan.cluster.grafana.labels;
    out.object(&meta, |o| {
        o.object("spec", |s| {
            s.object("instanceSelector", |i| {
                i.object("matchLabels", |m| {
                    labels.iter().for_each(|(k, v)| m.from(v.origin).str(k, &v.value));
                });
            });
            // The Grafana may be in another namespace than what it shows.
            s.bool("allowCrossNamespaceImport", true);
            body(s);
        });
    });
}

/// A value out of a Secret: where it goes, and what stands before it there.
struct FromSecret<'s> {
    path: &'static str,
    before: &'static str,
    name: &'s str,
    key: &'s str,
}

fn secrets(source: &DataSource) -> Vec<FromSecret<'_>> {
    let from = |path, before, name, key| FromSecret { path, before, name, key };
    let credentials = &source.credentials;
    let mut all = Vec::new();
    match &credentials.auth {
        Some(Auth::Basic { secret, username_key, password_key }) => {
            all.push(from("basicAuthUser", "", &secret.value, username_key));
            all.push(from("secureJsonData.basicAuthPassword", "", &secret.value, password_key));
        }
        Some(Auth::Bearer(key)) => {
            all.push(from("secureJsonData.httpHeaderValue1", "Bearer ", &key.secret.value, &key.key));
        }
        None => {}
    }
    if let Some(ca) = &credentials.ca {
        all.push(from("secureJsonData.tlsCACert", "", &ca.secret.value, &ca.key));
    }
    if let Some(cert) = &credentials.client_cert {
        all.push(from("secureJsonData.tlsClientCert", "", &cert.secret.value, &cert.cert_key));
        all.push(from("secureJsonData.tlsClientKey", "", &cert.secret.value, &cert.key_key));
    }
    all
}
