//! Values of the chart `victoria-metrics-alert`: vmalert beside a store.
//!
//! The chart hands each key of a notifier on as a flag. Credentials are files of Secrets that are
//! mounted; no value stands here.

use std::collections::BTreeSet;

use crate::model::fleet::{Auth, Cluster, SecretKey};
use crate::model::plan::{Notifier, StoreRulesPlan};
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
        if plan.notifiers.is_empty() {
            // vmalert refuses to start without a notifier, unless it is told that nobody listens.
            s.object("extraArgs", |a| a.str("notifier.blackhole", "true"));
        } else {
            s.list("notifiers", |l| plan.notifiers.iter().for_each(|n| notifier(l, n)));
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

fn notifier(l: &mut Build<'_>, notifier: &Notifier) {
    let file = |secret: &str, key: &str| format!("{SECRETS}/{secret}/{key}");
    l.from(notifier.origin).object("", |n| {
        n.from(notifier.url.origin).str("url", &notifier.url.value);
        match &notifier.credentials.auth {
            Some(Auth::Basic { secret, username_key, password_key }) => {
                n.from(secret.origin).str("basicAuth.usernameFile", file(&secret.value, username_key));
                n.from(secret.origin).str("basicAuth.passwordFile", file(&secret.value, password_key));
            }
            Some(Auth::Bearer(SecretKey { secret, key })) => {
                n.from(secret.origin).str("bearerTokenFile", file(&secret.value, key));
            }
            None => {}
        }
        if let Some(SecretKey { secret, key }) = &notifier.credentials.ca {
            n.from(secret.origin).str("tlsCAFile", file(&secret.value, key));
        }
        if let Some(cert) = &notifier.credentials.client_cert {
            n.from(cert.secret.origin).str("tlsCertFile", file(&cert.secret.value, &cert.cert_key));
            n.from(cert.secret.origin).str("tlsKeyFile", file(&cert.secret.value, &cert.key_key));
        }
        if let Some(name) = &notifier.credentials.server_name {
            n.from(name.origin).str("tlsServerName", &name.value);
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
    // Names of Secrets may hold dots, which names of volumes may not.
    let volume = |index: usize| format!("secret-{index}");
    s.list("extraVolumes", |l| {
        for (index, secret) in secrets.iter().enumerate() {
            l.object("", |v| {
                v.str("name", volume(index));
                v.object("secret", |r| r.str("secretName", secret));
            });
        }
    });
    s.list("extraVolumeMounts", |l| {
        for (index, secret) in secrets.iter().enumerate() {
            l.object("", |m| {
                m.str("name", volume(index));
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
