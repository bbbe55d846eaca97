//! Values of the chart `victoria-metrics-alert`: vmalert beside a store.
//!
//! Credentials are files of Secrets that are mounted; no value stands here. Facts behind the flags: a
//! flag with exactly one value applies to *every* notifier, so that each list is written out to its
//! full length; the chart's own `notifiers` leave out what is empty, so they are given as flags.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::super::volume;
use crate::diag::{Origin, Sourced};
use crate::model::fleet::{Auth, Cluster, SecretKey};
use crate::model::plan::{Notifier, StoreRulesPlan, UserNames};
use crate::object::{Build, NodeId, Tree};

/// Where Secrets are mounted, each in a folder of its name.
const SECRETS: &str = "/etc/watershed/secrets";

/// `groups` are lists of rule groups, one for each pack.
pub fn values(b: &mut Build<'_>, cluster: &Cluster, plan: &StoreRulesPlan, groups: &[(Tree, NodeId)]) {
    b.object("global", |g| {
        if let Some(mirror) = &cluster.image_mirror {
            g.object("image", |i| i.from(mirror.origin).str("registry", &mirror.value));
        }
        if !cluster.pull_secrets.is_empty() {
            g.list("imagePullSecrets", |l| {
                cluster.pull_secrets.iter().for_each(|s| l.object("", |o| o.from(s.origin).str("name", &s.value)));
            });
        }
        g.object("cluster", |c| {
            c.from(cluster.dns_domain.origin).str("dnsDomain", format!("{}.", cluster.dns_domain.value));
        });
    });
    // It asks nothing of the API server.
    b.object("serviceAccount", |s| s.bool("automountToken", false));
    b.object("server", |s| {
        s.from(plan.app_version.origin).object("image", |i| i.str("tag", format!("v{}", plan.app_version.value)));
        s.object("datasource", |d| d.str("url", &plan.read_url));
        // What is pending and what fires survives a restart: it is written to the store and read back.
        s.object("remoteWrite", |d| d.str("url", &plan.write_url));
        s.object("remoteRead", |d| d.str("url", &plan.read_url));
        s.object("extraArgs", |a| match plan.notifiers.as_slice() {
            // vmalert refuses to start without a notifier, unless it is told that nobody listens.
            [] => a.str("notifier.blackhole", "true"),
            all => notifiers(a, all, plan.user_names),
        });
        if plan.user_names == UserNames::Environment {
            users(s, &plan.notifiers);
        }
        mounts(s, plan);
        s.object("resources", |r| {
            r.object("requests", |m| plan.requests.iter().for_each(|(k, q)| m.from(q.origin).str(k, &q.value)));
        });
        scheduling(s, cluster);
        s.object("config", |c| {
            c.object("alerts", |a| {
                a.list("groups", |l| {
                    for (tree, root) in groups {
                        tree.children(*root).for_each(|group| l.copy("", tree, group));
                    }
                });
            });
        });
    });
}

fn notifiers(a: &mut Build<'_>, all: &[Notifier], user_names: UserNames) {
    let file = |secret: &Sourced<String>, key: &str| Some((secret.origin, format!("{SECRETS}/{}/{key}", secret.value)));
    let said = |text: &Sourced<String>| Some((text.origin, quoted(&text.value).into_owned()));
    flag(a, "url", all, |_, n| said(&n.url));
    match user_names {
        UserNames::File => flag(a, "basicAuth.usernameFile", all, |_, n| match &n.credentials.auth {
            Some(Auth::Basic { secret, username_key, .. }) => file(secret, username_key),
            _ => None,
        }),
        // Quoted, for a name may have a comma, which would begin another notifier's.
        UserNames::Environment => flag(a, "basicAuth.username", all, |index, n| match &n.credentials.auth {
            Some(Auth::Basic { secret, .. }) => Some((secret.origin, format!("'%{{{}}}'", user(index)))),
            _ => None,
        }),
    }
    flag(a, "basicAuth.passwordFile", all, |_, n| match &n.credentials.auth {
        Some(Auth::Basic { secret, password_key, .. }) => file(secret, password_key),
        _ => None,
    });
    flag(a, "bearerTokenFile", all, |_, n| match &n.credentials.auth {
        Some(Auth::Bearer(SecretKey { secret, key })) => file(secret, key),
        _ => None,
    });
    flag(a, "tlsCAFile", all, |_, n| n.credentials.ca.as_ref().and_then(|ca| file(&ca.secret, &ca.key)));
    let cert = |n: &Notifier| n.credentials.client_cert.clone();
    flag(a, "tlsCertFile", all, |_, n| cert(n).and_then(|c| file(&c.secret, &c.cert_key)));
    flag(a, "tlsKeyFile", all, |_, n| cert(n).and_then(|c| file(&c.secret, &c.key_key)));
    flag(a, "tlsServerName", all, |_, n| n.credentials.server_name.as_ref().and_then(said));
}

/// `-notifier.<flag>` once for each notifier, empty where it has none; nothing where no notifier has
/// one.
fn flag(a: &mut Build<'_>, flag: &str, all: &[Notifier], value: impl Fn(usize, &Notifier) -> Option<(Origin, String)>) {
    let values: Vec<_> = all.iter().enumerate().map(|(index, n)| value(index, n)).collect();
    if values.iter().any(Option::is_some) {
        a.list(&format!("notifier.{flag}"), |l| {
            for (value, notifier) in values.into_iter().zip(all) {
                let (origin, text) = value.unwrap_or((notifier.origin, String::new()));
                l.from(origin).str("", text);
            }
        });
    }
}

/// A value that vmalert would otherwise read as several.
fn quoted(text: &str) -> Cow<'_, str> {
    match text.contains([',', '"', '\'', '[', '{', '(']) {
        true => Cow::Owned(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        false => Cow::Borrowed(text),
    }
}

/// The environment variable with a notifier's user; the chart reads flags from those that begin with
/// `VM_`.
fn user(index: usize) -> String {
    format!("NOTIFIER_{}_USERNAME", index + 1)
}

fn users(s: &mut Build<'_>, all: &[Notifier]) {
    let users = all.iter().enumerate().filter_map(|(index, n)| match &n.credentials.auth {
        Some(Auth::Basic { secret, username_key, .. }) => Some((index, secret, username_key)),
        _ => None,
    });
    let users: Vec<_> = users.collect();
    if users.is_empty() {
        return;
    }
    s.list("env", |l| {
        for (index, secret, key) in users {
            l.from(secret.origin).object("", |e| {
                e.str("name", user(index));
                e.object("valueFrom", |v| {
                    v.object("secretKeyRef", |r| {
                        r.str("name", &secret.value);
                        r.str("key", key);
                    });
                });
            });
        }
    });
}

fn mounts(s: &mut Build<'_>, plan: &StoreRulesPlan) {
    let secrets: BTreeSet<&str> = plan
        .notifiers
        .iter()
        .map(|n| &n.credentials)
        .flat_map(|c| {
            let auth = c.auth.iter().map(Auth::secret);
            auth.chain(c.ca.iter().map(|ca| &ca.secret)).chain(c.client_cert.iter().map(|cert| &cert.secret))
        })
        .map(|secret| secret.value.as_str())
        .collect();
    if secrets.is_empty() {
        return;
    }
    s.list("extraVolumes", |l| {
        for secret in &secrets {
            l.object("", |v| {
                v.str("name", volume::of_secret(secret));
                v.object("secret", |r| r.str("secretName", secret));
            });
        }
    });
    s.list("extraVolumeMounts", |l| {
        for secret in &secrets {
            l.object("", |m| {
                m.str("name", volume::of_secret(secret));
                m.str("mountPath", format!("{SECRETS}/{secret}"));
                m.bool("readOnly", true);
            });
        }
    });
}

fn scheduling(s: &mut Build<'_>, cluster: &Cluster) {
    let scheduling = &cluster.scheduling;
    if let Some(class) = &scheduling.priority_class {
        s.from(class.origin).str("priorityClassName", &class.value);
    }
    if !scheduling.node_selector.is_empty() {
        s.object("nodeSelector", |n| {
            scheduling.node_selector.iter().for_each(|(k, v)| n.from(v.origin).str(k, &v.value));
        });
    }
    crate::emit::k8s::tolerations(s, scheduling);
}
