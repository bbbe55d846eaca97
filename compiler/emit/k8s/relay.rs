//! The relay: a vmagent with a queue on disk for each destination.
//!
//! Facts behind the flags: a queue's folder is made of the URL's place in the list and a hash of
//! the URL, so the order is part of the state and dangling queues are kept; a per-URL flag with
//! exactly one value applies to *every* URL, so each list is written out to its full length.

use super::super::{Emit, Meta, volume};
use super::rbac::relay_roles;
use super::relabeling::native;
use super::{pull_secrets, relay_scrape, resources, scheduling, spread};
use crate::diag::{Origin, Sourced};
use crate::model::fleet::{Auth, Credentials};
use crate::model::plan::{RelayPlan, RelayUrl};
use crate::object::{Build, Format, Place};

const CONFIG: &str = "/etc/relay";
pub(super) const SECRETS: &str = "/etc/relay-secrets";
const QUEUES: &str = "/queues";
const PORT: i64 = 8429;

pub fn relay(out: &mut Emit<'_, '_>, relay: &RelayPlan) {
    let namespace = out.namespace().to_owned();
    let name = relay.name.as_str();
    let config = format!("{name}-relabel");
    let headless = format!("{name}-headless");
    let labelled = |api_version, kind, name, labels| Meta {
        place: Place::Prometheus,
        api_version,
        kind,
        namespace: &namespace,
        name,
        unit: ("relay", ""),
        origin: relay.origin,
        labels,
    };
    let meta = |api_version, kind, name| labelled(api_version, kind, name, &[]);
    let found_by: Vec<(&str, &str)> = relay.found_by.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let pods = [("app.kubernetes.io/name", name)];

    let scrapes = !relay.scrapes.is_empty();
    // It talks to the API server only to find what it scrapes itself.
    out.object(&meta("v1", "ServiceAccount", name), |o| o.bool("automountServiceAccountToken", scrapes));
    if scrapes {
        relay_roles(out, relay);
    }
    out.object(&meta("v1", "ConfigMap", &config), |o| {
        o.object("data", |data| {
            for url in &relay.urls {
                let rules = |b: &mut Build<'_>| native(b, "", &url.rules);
                if url.rules.is_empty() {
                    data.str(&rules_file(url), "[]\n");
                } else {
                    data.document(&rules_file(url), Format::Yaml, rules);
                }
            }
            if scrapes {
                data.document(relay_scrape::COMMON, Format::Yaml, |b| native(b, "", &relay.common));
                data.embedded(relay_scrape::FILE, Format::Yaml, |b| relay_scrape::config(b, relay));
            }
        });
    });
    for (service, headless, labels) in [(name, false, &found_by[..]), (headless.as_str(), true, &[])] {
        out.object(&labelled("v1", "Service", service, labels), |o| {
            o.object("spec", |s| {
                if headless {
                    s.str("clusterIP", "None");
                }
                s.list("ports", |l| {
                    l.object("", |p| {
                        p.str("name", "http");
                        p.int("port", PORT);
                        p.str("protocol", "TCP");
                        p.str("targetPort", "http");
                    });
                });
                s.str_map("selector", pods);
            });
        });
    }
    if relay.replicas.value > 1 {
        out.object(&meta("policy/v1", "PodDisruptionBudget", name), |o| {
            o.object("spec", |s| {
                s.int("maxUnavailable", 1);
                s.object("selector", |m| m.str_map("matchLabels", pods));
            });
        });
    }
    let cluster = out.plan.cluster;
    out.object(&meta("apps/v1", "StatefulSet", name), |o| {
        o.object("spec", |s| {
            s.from(relay.replicas.origin).int("replicas", relay.replicas.value.into());
            s.str("serviceName", &headless);
            s.object("selector", |m| m.str_map("matchLabels", pods));
            s.object("template", |t| {
                t.object("metadata", |m| m.str_map("labels", pods));
                t.object("spec", |p| {
                    p.str("serviceAccountName", name);
                    p.bool("automountServiceAccountToken", scrapes);
                    pull_secrets(p, &cluster.pull_secrets);
                    scheduling(p, &cluster.scheduling);
                    spread(p, relay.replicas.value, &pods);
                    p.object("securityContext", |c| {
                        c.int("fsGroup", 2000);
                        c.bool("runAsNonRoot", true);
                        c.int("runAsUser", 1000);
                        c.object("seccompProfile", |s| s.str("type", "RuntimeDefault"));
                    });
                    // In-memory blocks are flushed to disk on SIGTERM; a minute is ample for that.
                    p.int("terminationGracePeriodSeconds", 60);
                    p.list("containers", |l| {
                        l.object("", |c| vmagent(c, relay));
                        l.object("", |c| reloader(c, relay));
                    });
                    p.list("volumes", |v| volumes(v, relay, &config));
                });
            });
            s.list("volumeClaimTemplates", |l| {
                l.object("", |v| {
                    v.object("metadata", |m| m.str("name", "queues"));
                    v.object("spec", |spec| {
                        spec.strs("accessModes", ["ReadWriteOnce"]);
                        if let Some(class) = &relay.storage_class {
                            spec.from(class.origin).str("storageClassName", &class.value);
                        }
                        spec.object("resources", |r| {
                            r.object("requests", |q| {
                                q.from(relay.storage.origin).str("storage", relay.storage.value.to_string());
                            });
                        });
                    });
                });
            });
        });
    });
}

/// Named after the destination, never after its place: rules are read anew before the pod is
/// replaced, and under a place's name they would for a while be those of another store.
fn rules_file(url: &RelayUrl) -> String {
    format!("{}.yaml", url.name)
}

fn vmagent(c: &mut Build<'_>, relay: &RelayPlan) {
    c.str("name", "vmagent");
    c.from(relay.image.origin).str("image", &relay.image.value);
    c.list("args", |l| arguments(relay).into_iter().for_each(|(origin, arg)| l.from(origin).str("", arg)));
    if shared_out(relay) {
        c.list("env", |l| {
            l.object("", |e| {
                e.str("name", "POD_NAME");
                e.object("valueFrom", |v| v.object("fieldRef", |f| f.str("fieldPath", "metadata.name")));
            });
        });
    }
    c.list("ports", |l| {
        l.object("", |p| {
            p.str("name", "http");
            p.int("containerPort", PORT);
            p.str("protocol", "TCP");
        });
    });
    for (probe, path) in [("readinessProbe", "/ready"), ("livenessProbe", "/health")] {
        c.object(probe, |p| {
            p.object("httpGet", |h| {
                h.str("path", path);
                h.str("port", "http");
            });
        });
    }
    resources(c, &relay.requests, &relay.limits);
    locked_down(c);
    c.list("volumeMounts", |m| {
        mount(m, "queues", QUEUES, false);
        mount(m, "relabel", CONFIG, true);
        for secret in secrets(relay) {
            mount(m, &volume::of_secret(secret), &format!("{SECRETS}/{secret}"), true);
        }
    });
}

/// Tells vmagent to read its relabel rules again when the ConfigMap changes, so that a new tenant
/// restarts nothing and no queue is lost.
fn reloader(c: &mut Build<'_>, relay: &RelayPlan) {
    c.str("name", "config-reloader");
    c.from(relay.reloader_image.origin).str("image", &relay.reloader_image.value);
    c.strs(
        "args",
        [
            "--listen-address=:8080".to_owned(),
            format!("--watched-dir={CONFIG}"),
            format!("--reload-url=http://127.0.0.1:{PORT}/-/reload"),
        ],
    );
    locked_down(c);
    c.list("volumeMounts", |m| mount(m, "relabel", CONFIG, true));
}

fn locked_down(c: &mut Build<'_>) {
    c.object("securityContext", |s| {
        s.bool("allowPrivilegeEscalation", false);
        s.object("capabilities", |c| c.strs("drop", ["ALL"]));
        s.bool("readOnlyRootFilesystem", true);
    });
}

fn mount(m: &mut Build<'_>, name: &str, path: &str, read_only: bool) {
    m.object("", |v| {
        v.str("name", name);
        v.str("mountPath", path);
        if read_only {
            v.bool("readOnly", true);
        }
    });
}

fn volumes(v: &mut Build<'_>, relay: &RelayPlan, config: &str) {
    v.object("", |c| {
        c.str("name", "relabel");
        c.object("configMap", |m| m.str("name", config));
    });
    for secret in secrets(relay) {
        v.object("", |s| {
            s.str("name", volume::of_secret(secret));
            s.object("secret", |r| r.str("secretName", secret));
        });
    }
}

/// The Secrets it mounts, each once, by name.
fn secrets(relay: &RelayPlan) -> Vec<&str> {
    let written = relay.urls.iter().map(|u| &u.credentials);
    let scraped = relay.scrapes.iter().map(|s| &s.endpoint.auth.credentials);
    let mut all: Vec<&str> = written.chain(scraped).flat_map(secrets_of).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn secrets_of(credentials: &Credentials) -> impl Iterator<Item = &str> {
    let auth = credentials.auth.as_ref().map(|auth| match auth {
        Auth::Basic { secret, .. } => secret.value.as_str(),
        Auth::Bearer(key) => key.secret.value.as_str(),
    });
    let ca = credentials.ca.as_ref().map(|ca| ca.secret.value.as_str());
    let cert = credentials.client_cert.as_ref().map(|c| c.secret.value.as_str());
    auth.into_iter().chain(ca).chain(cert)
}

/// Whether several replicas divide the targets among them.
fn shared_out(relay: &RelayPlan) -> bool {
    relay.replicas.value > 1 && !relay.scrapes.is_empty()
}

/// Each argument with where it came from.
fn arguments(relay: &RelayPlan) -> Vec<(Origin, String)> {
    let urls = &relay.urls;
    let own = [
        format!("-httpListenAddr=:{PORT}"),
        format!("-remoteWrite.tmpDataPath={QUEUES}"),
        "-remoteWrite.keepDanglingQueues".to_owned(),
        "-loggerFormat=json".to_owned(),
    ];
    let mut args: Vec<(Origin, String)> = own.into_iter().map(|arg| (Origin::INHERIT, arg)).collect();
    if !relay.scrapes.is_empty() {
        args.push((Origin::INHERIT, format!("-promscrape.config={CONFIG}/{}", relay_scrape::FILE)));
        args.push((Origin::INHERIT, format!("-remoteWrite.relabelConfig={CONFIG}/{}", relay_scrape::COMMON)));
    }
    if shared_out(relay) {
        let members = relay.replicas;
        args.push((members.origin, format!("-promscrape.cluster.membersCount={}", members.value)));
        args.push((members.origin, "-promscrape.cluster.memberNum=$(POD_NAME)".to_owned()));
    }
    per_url(&mut args, "url", urls, |u| Some((u.url.origin, u.url.value.clone())));
    per_url(&mut args, "urlRelabelConfig", urls, |u| Some((u.origin, format!("{CONFIG}/{}", rules_file(u)))));
    per_url(&mut args, "maxDiskUsagePerURL", urls, |u| Some((u.queue.origin, u.queue.value.get().to_string())));
    per_url(&mut args, "queues", urls, |u| Some((u.senders.origin, u.senders.value.to_string())));
    let file = |secret: &Sourced<String>, key: &str| (secret.origin, format!("{SECRETS}/{}/{key}", secret.value));
    per_url(&mut args, "basicAuth.usernameFile", urls, |u| match &u.credentials.auth {
        Some(Auth::Basic { secret, username_key, .. }) => Some(file(secret, username_key)),
        _ => None,
    });
    per_url(&mut args, "basicAuth.passwordFile", urls, |u| match &u.credentials.auth {
        Some(Auth::Basic { secret, password_key, .. }) => Some(file(secret, password_key)),
        _ => None,
    });
    per_url(&mut args, "bearerTokenFile", urls, |u| match &u.credentials.auth {
        Some(Auth::Bearer(key)) => Some(file(&key.secret, &key.key)),
        _ => None,
    });
    per_url(&mut args, "tlsCAFile", urls, |u| u.credentials.ca.as_ref().map(|ca| file(&ca.secret, &ca.key)));
    per_url(&mut args, "tlsCertFile", urls, |u| {
        u.credentials.client_cert.as_ref().map(|c| file(&c.secret, &c.cert_key))
    });
    per_url(&mut args, "tlsKeyFile", urls, |u| u.credentials.client_cert.as_ref().map(|c| file(&c.secret, &c.key_key)));
    per_url(&mut args, "tlsServerName", urls, |u| {
        u.credentials.server_name.as_ref().map(|n| (n.origin, n.value.clone()))
    });
    args
}

/// `-remoteWrite.<flag>` once for each URL, empty where it has none; nothing where no URL has one.
fn per_url(
    args: &mut Vec<(Origin, String)>,
    flag: &str,
    urls: &[RelayUrl],
    value: impl Fn(&RelayUrl) -> Option<(Origin, String)>,
) {
    let values: Vec<_> = urls.iter().map(value).collect();
    if values.iter().any(Option::is_some) {
        args.extend(values.into_iter().zip(urls).map(|(v, u)| {
            let (origin, value) = v.unwrap_or_else(|| (u.origin, String::new()));
            (origin, format!("-remoteWrite.{flag}={value}"))
        }));
    }
}
