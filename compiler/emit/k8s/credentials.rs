//! Credentials in the operator's types: references to Secrets, never values.

use crate::model::fleet::{Auth, Credentials, SecretKey};
use crate::model::plan::{ScrapeAuth, Verify};
use crate::object::Build;

const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// `basicAuth` or `authorization`.
pub fn credentials(b: &mut Build<'_>, credentials: &Credentials) {
    match &credentials.auth {
        Some(Auth::Basic { secret, username_key, password_key }) => b.from(secret.origin).object("basicAuth", |a| {
            key_ref(a, "username", &secret.value, username_key);
            key_ref(a, "password", &secret.value, password_key);
        }),
        Some(Auth::Bearer(SecretKey { secret, key })) => b.from(secret.origin).object("authorization", |a| {
            a.str("type", "Bearer");
            key_ref(a, "credentials", &secret.value, key);
        }),
        None => {}
    }
}

/// `tlsConfig`, where there is a CA, a client certificate or a server name.
pub fn tls(b: &mut Build<'_>, credentials: &Credentials) {
    if has_tls(credentials) {
        b.object("tlsConfig", |t| tls_fields(t, credentials));
    }
}

/// `tlsConfig` with files of Secrets that `spec.secrets` mounts into the pods of a Prometheus.
pub fn mounted_tls(b: &mut Build<'_>, credentials: &Credentials) {
    let file = |secret: &str, key: &str| format!("/etc/prometheus/secrets/{secret}/{key}");
    b.object("tlsConfig", |t| {
        if let Some(SecretKey { secret, key }) = &credentials.ca {
            t.from(secret.origin).str("caFile", file(&secret.value, key));
        }
        if let Some(cert) = &credentials.client_cert {
            t.from(cert.secret.origin).str("certFile", file(&cert.secret.value, &cert.cert_key));
            t.from(cert.secret.origin).str("keyFile", file(&cert.secret.value, &cert.key_key));
        }
        if let Some(name) = &credentials.server_name {
            t.from(name.origin).str("serverName", &name.value);
        }
    });
}

/// Of a scrape: the service account's token and CA too.
pub fn scrape(b: &mut Build<'_>, auth: &ScrapeAuth) {
    if auth.service_account {
        b.str("bearerTokenFile", token_file());
    }
    scrape_tls(b, auth, true);
}

/// Of a scrape whose files are in its scrape class: what is said here goes before.
pub fn scrape_in_class(b: &mut Build<'_>, auth: &ScrapeAuth) {
    scrape_tls(b, auth, false);
}

/// An entry of `scrapeClasses` with the service account's token.
pub fn token_class(c: &mut Build<'_>, name: &str) {
    c.str("name", name);
    c.object("authorization", |a| a.str("credentialsFile", token_file()));
}

fn token_file() -> String {
    format!("{SERVICE_ACCOUNT}/token")
}

fn ca_file() -> String {
    format!("{SERVICE_ACCOUNT}/ca.crt")
}

fn scrape_tls(b: &mut Build<'_>, auth: &ScrapeAuth, files: bool) {
    credentials(b, &auth.credentials);
    let says = match auth.verify {
        Verify::Credentials => false,
        Verify::Cluster => files,
        Verify::Nothing => true,
    };
    if !says && !has_tls(&auth.credentials) {
        return;
    }
    b.object("tlsConfig", |t| {
        match auth.verify {
            Verify::Credentials => {}
            Verify::Cluster if files => t.str("caFile", ca_file()),
            Verify::Cluster => {}
            Verify::Nothing => t.bool("insecureSkipVerify", true),
        }
        tls_fields(t, &auth.credentials);
    });
}

fn has_tls(credentials: &Credentials) -> bool {
    credentials.ca.is_some() || credentials.client_cert.is_some() || credentials.server_name.is_some()
}

fn tls_fields(t: &mut Build<'_>, credentials: &Credentials) {
    let Credentials { ca, client_cert, server_name, .. } = credentials;
    if let Some(SecretKey { secret, key }) = ca {
        t.from(secret.origin).object("ca", |c| key_ref(c, "secret", &secret.value, key));
    }
    if let Some(cert) = client_cert {
        t.from(cert.secret.origin).object("cert", |c| key_ref(c, "secret", &cert.secret.value, &cert.cert_key));
        t.from(cert.secret.origin);
        key_ref(t, "keySecret", &cert.secret.value, &cert.key_key);
    }
    if let Some(name) = server_name {
        t.from(name.origin).str("serverName", &name.value);
    }
}

/// A `SecretKeySelector`.
fn key_ref(b: &mut Build<'_>, field: &str, secret: &str, key: &str) {
    b.object(field, |r| {
        r.str("name", secret);
        r.str("key", key);
    });
}
