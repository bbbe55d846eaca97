//! Values of the chart `victoria-metrics-cluster`.

use crate::diag::Origin;
use crate::model::fleet::{Auth, Cluster, Resources, Store};
use crate::model::plan::{DoorService, Outside, StorePlan};
use crate::object::Build;

pub fn values(b: &mut Build<'_>, cluster: &Cluster, store: &Store, plan: &StorePlan) {
    b.object("global", |g| {
        if let Some(mirror) = &cluster.image_mirror {
            g.object("image", |i| i.from(mirror.origin).str("registry", &mirror.value));
        }
        if !cluster.pull_secrets.is_empty() {
            g.list("imagePullSecrets", |l| {
                cluster.pull_secrets.iter().for_each(|s| l.object("", |o| o.from(s.origin).str("name", &s.value)));
            });
        }
        // With its final dot the name is absolute: no search domain is tried first.
        g.object("cluster", |c| {
            c.from(cluster.dns_domain.origin).str("dnsDomain", format!("{}.", cluster.dns_domain.value));
        });
    });
    component(b, "vminsert", cluster, store, plan, |c| {
        if plan.replication > 1 {
            let origin = store.replication.origin;
            c.from(origin)
                .object("extraArgs", |a| a.from(origin).str("replicationFactor", plan.replication.to_string()));
        }
    });
    component(b, "vmselect", cluster, store, plan, |c| {
        if plan.replication > 1 || plan.dedup.is_some() {
            c.from(of_arguments(store, plan)).object("extraArgs", |a| {
                dedup(a, plan);
                if plan.replication > 1 {
                    a.from(store.replication.origin).str("replicationFactor", plan.replication.to_string());
                }
            });
        }
    });
    component(b, "vmstorage", cluster, store, plan, |c| {
        if let Some(retention) = &store.retention {
            // A bare number would be months; below one day the process does not start.
            c.from(retention.origin).str("retentionPeriod", format!("{}d", plan.retention_days));
        }
        if plan.dedup.is_some() {
            c.from(of_arguments(store, plan)).object("extraArgs", |a| dedup(a, plan));
        }
        if let Some(storage) = &store.storage {
            c.from(storage.size.origin).object("persistentVolume", |v| {
                v.bool("enabled", true);
                if let Some(class) = storage.class.as_ref().or(cluster.storage_class.as_ref()) {
                    v.from(class.origin).str("storageClassName", &class.value);
                }
                v.from(storage.size.origin).str("size", storage.size.value.to_string());
            });
        }
    });
    if plan.front_door {
        component(b, "vmauth", cluster, store, plan, |c| {
            front_door(c, cluster, plan);
            outside(c, &plan.outside);
        });
    }
}

/// What asks for arguments of the process.
fn of_arguments(store: &Store, plan: &StorePlan) -> Origin {
    plan.dedup.as_ref().map_or(store.replication.origin, |window| window.origin)
}

fn dedup(a: &mut Build<'_>, plan: &StorePlan) {
    if let Some(window) = &plan.dedup {
        a.from(window.origin).str("dedup.minScrapeInterval", window.value.to_string());
    }
}

/// What every component has: replicas, resources, scheduling, a disruption budget.
fn component(
    b: &mut Build<'_>,
    name: &'static str,
    cluster: &Cluster,
    store: &Store,
    plan: &StorePlan,
    own: impl FnOnce(&mut Build<'_>),
) {
    // The language says `insert`, the chart `vminsert`.
    let word = name.trim_start_matches("vm");
    let origin = store.replicas.get(word).map_or(plan.origin, |r| r.origin);
    let replicas = plan.replicas.get(word).copied().unwrap_or(2);
    b.from(origin).object(name, |c| {
        if name == "vmauth" {
            c.bool("enabled", true);
        }
        c.from(origin).int("replicaCount", replicas.into());
        if let Some(version) = &store.app_version {
            // A tag that is given is taken as it stands: the chart adds its variant to its own only.
            let variant = if name == "vmauth" { "" } else { "-cluster" };
            c.from(version.origin).object("image", |i| i.str("tag", format!("v{}{variant}", plan.app_version)));
        }
        own(c);
        resources(c, store.requests.get(word), store.limits.get(word));
        if replicas > 1 {
            c.object("podDisruptionBudget", |p| {
                p.bool("enabled", true);
                p.int("maxUnavailable", 1);
            });
            // The chart fills in the label selector.
            c.list("topologySpreadConstraints", |l| {
                l.object("", |t| {
                    t.int("maxSkew", 1);
                    t.str("topologyKey", "kubernetes.io/hostname");
                    t.str("whenUnsatisfiable", "ScheduleAnyway");
                });
            });
        }
        let scheduling = &cluster.scheduling;
        if let Some(class) = &scheduling.priority_class {
            c.from(class.origin).str("priorityClassName", &class.value);
        }
        if !scheduling.node_selector.is_empty() {
            c.object("nodeSelector", |s| {
                scheduling.node_selector.iter().for_each(|(k, v)| s.from(v.origin).str(k, &v.value));
            });
        }
        crate::emit::k8s::tolerations(c, scheduling);
    });
}

fn resources(c: &mut Build<'_>, requests: Option<&Resources>, limits: Option<&Resources>) {
    let both = [("requests", requests), ("limits", limits)];
    if both.iter().all(|(_, r)| r.is_none_or(|r| r.is_empty())) {
        return;
    }
    c.object("resources", |o| {
        for (key, values) in both.into_iter().filter_map(|(key, r)| Some((key, r?))) {
            o.object(key, |m| values.iter().for_each(|(k, q)| m.from(q.origin).str(k, &q.value)));
        }
    });
}

/// vmauth with users of its own: the chart's default routing admits everybody and matches no write
/// path. Credentials come out of Secrets as environment variables, which vmauth puts in place of
/// `%{NAME}` in its configuration.
fn front_door(c: &mut Build<'_>, cluster: &Cluster, plan: &StorePlan) {
    c.list("env", |env| {
        for user in &plan.users {
            let secret = user.auth.secret();
            for (_, name, key) in fields(&user.auth) {
                env.from(secret.origin).object("", |e| {
                    e.str("name", format!("{}_{name}", user.variable));
                    e.object("valueFrom", |v| {
                        v.object("secretKeyRef", |r| {
                            r.str("name", &secret.value);
                            r.str("key", key);
                        });
                    });
                });
            }
        }
    });
    let host = |part: &str, port: u16| {
        let (full, namespace, domain) = (&plan.fullname, &plan.namespace, &cluster.dns_domain.value);
        format!("http://{full}-{part}.{namespace}.svc.{domain}.:{port}/")
    };
    c.object("config", |config| {
        config.list("users", |users| {
            for user in &plan.users {
                users.from(user.auth.secret().origin).object("", |u| {
                    for (field, name, _) in fields(&user.auth) {
                        u.str(field, format!("%{{{}_{name}}}", user.variable));
                    }
                    u.list("url_map", |map| {
                        for (path, url) in
                            [("/insert/.+", host("vminsert", 8480)), ("/select/.+", host("vmselect", 8481))]
                        {
                            map.object("", |m| {
                                m.strs("src_paths", [path]);
                                m.str("url_prefix", url);
                            });
                        }
                    });
                });
            }
        });
    });
}

/// The door's Service and Ingress, as far as they are not the chart's own.
fn outside(c: &mut Build<'_>, outside: &Outside) {
    match &outside.service {
        None => {}
        Some(DoorService::NodePort(port)) => c.from(port.origin).object("service", |s| {
            s.str("type", "NodePort");
            s.int("nodePort", port.value.into());
        }),
        Some(DoorService::LoadBalancer(port)) => c.from(port.origin).object("service", |s| {
            s.str("type", "LoadBalancer");
            s.int("servicePort", port.value.into());
        }),
    }
    let Some(ingress) = &outside.ingress else { return };
    c.object("ingress", |i| {
        i.bool("enabled", true);
        // A block of samples is larger than the megabyte that NGINX takes; other controllers do not
        // know the annotation.
        i.object("annotations", |a| a.str("nginx.ingress.kubernetes.io/proxy-body-size", "32m"));
        if let Some(class) = &ingress.class {
            i.from(class.origin).str("ingressClassName", &class.value);
        }
        i.list("hosts", |l| {
            for host in &ingress.hosts {
                l.from(host.host.origin).object("", |h| {
                    h.str("name", &host.host.value);
                    h.strs("path", ["/"]);
                    h.str("port", "http");
                });
            }
        });
        i.list("tls", |l| {
            for (host, secret) in ingress.hosts.iter().filter_map(|h| Some((h, h.tls_secret.as_ref()?))) {
                l.from(host.host.origin).object("", |t| {
                    t.str("secretName", secret);
                    t.strs("hosts", [&host.host.value]);
                });
            }
        });
    });
}

/// Field of a vmauth user, end of the variable's name, key in the Secret.
fn fields(auth: &Auth) -> Vec<(&'static str, &'static str, &str)> {
    match auth {
        Auth::Basic { username_key, password_key, .. } => {
            vec![("username", "USERNAME", username_key), ("password", "PASSWORD", password_key)]
        }
        Auth::Bearer(key) => vec![("bearer_token", "TOKEN", &key.key)],
    }
}
