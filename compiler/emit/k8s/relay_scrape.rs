//! What the relay scrapes by itself: its scrape configuration.

use super::relabeling::native;
use super::relay::SECRETS;
use crate::diag::Sourced;
use crate::model::fleet::{Auth, Credentials, SecretKey};
use crate::model::plan::{RelayPlan, RelayScrape, ScrapeAuth, Verify};
use crate::object::Build;

/// In the relay's ConfigMap. Destinations are names without a dot, so that none is called so.
pub(super) const FILE: &str = "promscrape.config.yaml";
/// Rules for all it sends, beside it.
pub(super) const COMMON: &str = "common.relabel.yaml";
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The file, in vmagent's spelling of Prometheus' own.
pub(super) fn config(b: &mut Build<'_>, relay: &RelayPlan) {
    b.list("scrape_configs", |l| {
        for scrape in &relay.scrapes {
            l.from(scrape.origin).object("", |s| job(s, scrape));
        }
    });
}

fn job(s: &mut Build<'_>, scrape: &RelayScrape) {
    let e = &scrape.endpoint;
    s.str("job_name", &scrape.job_name);
    s.list("kubernetes_sd_configs", |l| {
        l.object("", |c| {
            c.str("role", scrape.role);
            if !scrape.namespaces.is_empty() {
                c.object("namespaces", |n| n.strs("names", &scrape.namespaces));
            }
            if !scrape.selector.is_empty() {
                c.list("selectors", |l| {
                    l.object("", |o| {
                        o.str("role", scrape.role);
                        o.str("label", &scrape.selector);
                    });
                });
            }
        });
    });
    s.from(e.interval.origin).str("scrape_interval", e.interval.value.to_string());
    if let Some(timeout) = &scrape.timeout {
        s.from(timeout.origin).str("scrape_timeout", timeout.value.to_string());
    }
    s.str("metrics_path", &e.path);
    s.str("scheme", &e.scheme);
    if !e.params.is_empty() {
        s.object("params", |p| e.params.iter().for_each(|(name, values)| p.strs(name, values)));
    }
    s.bool("honor_labels", e.honor_labels);
    // Unlike Prometheus, vmagent takes no timestamps of a target unless told.
    s.bool("honor_timestamps", e.honor_timestamps.unwrap_or(true));
    if let Some(limit) = &scrape.sample_limit {
        s.from(limit.origin).int("sample_limit", limit.value as i64);
    }
    auth(s, &e.auth);
    native(s, "relabel_configs", &scrape.relabelings);
    native(s, "metric_relabel_configs", &e.metric_relabelings);
}

fn auth(s: &mut Build<'_>, auth: &ScrapeAuth) {
    let file = |secret: &Sourced<String>, key: &str| format!("{SECRETS}/{}/{key}", secret.value);
    if auth.service_account {
        s.str("bearer_token_file", format!("{SERVICE_ACCOUNT}/token"));
    }
    match &auth.credentials.auth {
        Some(Auth::Basic { secret, username_key, password_key }) => s.from(secret.origin).object("basic_auth", |b| {
            b.str("username_file", file(secret, username_key));
            b.str("password_file", file(secret, password_key));
        }),
        Some(Auth::Bearer(SecretKey { secret, key })) => s.from(secret.origin).object("authorization", |b| {
            b.str("type", "Bearer");
            b.str("credentials_file", file(secret, key));
        }),
        None => {}
    }
    let Credentials { ca, client_cert, server_name, .. } = &auth.credentials;
    let said = ca.is_some() || client_cert.is_some() || server_name.is_some();
    if auth.verify == Verify::Credentials && !said {
        return;
    }
    s.object("tls_config", |t| {
        match auth.verify {
            Verify::Credentials => {}
            Verify::Cluster => t.str("ca_file", format!("{SERVICE_ACCOUNT}/ca.crt")),
            Verify::Nothing => t.bool("insecure_skip_verify", true),
        }
        if let Some(SecretKey { secret, key }) = ca {
            t.from(secret.origin).str("ca_file", file(secret, key));
        }
        if let Some(cert) = client_cert {
            t.from(cert.secret.origin).str("cert_file", file(&cert.secret, &cert.cert_key));
            t.from(cert.secret.origin).str("key_file", file(&cert.secret, &cert.key_key));
        }
        if let Some(name) = server_name {
            t.from(name.origin).str("server_name", &name.value);
        }
    });
}
