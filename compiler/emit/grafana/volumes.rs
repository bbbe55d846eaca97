//! What the Deployment of kube-prometheus' Grafana has to mount: a strategic merge patch for it.
//!
//! That Grafana has no sidecar. Dashboards are a volume each below the folder its provider reads; data
//! sources are one Secret that is mounted as a folder, into which nothing else can be mounted, so that
//! the volume becomes a projection of the Secret and of what is ours.

use std::collections::BTreeSet;

use super::super::volume;
use super::{GRAFANA_SECRETS, dashboard_name, data_sources_name, secrets_of};
use crate::model::fleet::{GrafanaBy, ReaderKind};
use crate::model::plan::{ClusterPlan, ReaderPlan};
use crate::object::{Build, NodeId, Tree};

/// Folder that its provider of dashboards reads, with all below it.
const DASHBOARDS: &str = "/grafana-dashboard-definitions/0";
/// Name of its Secret of data sources, and of the volume with it.
const DATA_SOURCES: &str = "grafana-datasources";

struct Volume<'a> {
    name: String,
    /// Where it is mounted.
    path: String,
    of: Content<'a>,
}

enum Content<'a> {
    Secret(&'a str),
    ConfigMap(String),
}

/// The patch; `None` where no Grafana of kube-prometheus reads anything here.
pub fn grafana_patch(plan: &ClusterPlan<'_>, tree: &mut Tree) -> Option<NodeId> {
    if plan.cluster.grafana.by.value != GrafanaBy::KubePrometheus {
        return None;
    }
    let readers: Vec<&ReaderPlan<'_>> = plan.readers.iter().filter(|r| r.reader.kind == ReaderKind::Grafana).collect();
    if readers.is_empty() {
        return None;
    }
    let secrets: BTreeSet<&str> =
        readers.iter().flat_map(|r| &r.sources).flat_map(|s| secrets_of(&s.credentials)).collect();
    let mut volumes: Vec<Volume<'_>> = Vec::new();
    for reader in &readers {
        for board in &reader.dashboards {
            let object = dashboard_name(reader, &board.name);
            let (name, path) = (volume::of_config_map(&object), format!("{DASHBOARDS}/{object}"));
            volumes.push(Volume { name, path, of: Content::ConfigMap(object) });
        }
    }
    volumes.extend(secrets.into_iter().map(|secret| Volume {
        name: volume::of_secret(secret),
        path: format!("{GRAFANA_SECRETS}/{secret}"),
        of: Content::Secret(secret),
    }));
    Some(Build::map(tree, |p| {
        nested(p, &["spec", "template", "spec"], &mut |pod| {
            pod.list("containers", |l| {
                l.object("", |c| {
                    c.str("name", "grafana");
                    c.list("volumeMounts", |m| volumes.iter().for_each(|v| mount(m, &v.name, &v.path)));
                });
            });
            pod.list("volumes", |l| {
                l.object("", |v| {
                    v.str("name", DATA_SOURCES);
                    // Without this the Secret would stay beside the projection, which is refused.
                    v.strs("$retainKeys", ["name", "projected"]);
                    v.object("projected", |p| {
                        p.list("sources", |s| {
                            s.object("", |o| o.object("secret", |o| o.str("name", DATA_SOURCES)));
                            for reader in &readers {
                                s.object("", |o| o.object("configMap", |o| o.str("name", data_sources_name(reader))));
                            }
                        });
                    });
                });
                for volume in &volumes {
                    l.object("", |v| {
                        v.str("name", &volume.name);
                        match &volume.of {
                            Content::Secret(secret) => v.object("secret", |s| s.str("secretName", secret)),
                            Content::ConfigMap(map) => v.object("configMap", |c| c.str("name", map)),
                        }
                    });
                }
            });
        });
    }))
}

fn nested(b: &mut Build<'_>, path: &[&str], body: &mut dyn FnMut(&mut Build<'_>)) {
    match path.split_first() {
        Some((first, rest)) => b.object(first, |inner| nested(inner, rest, body)),
        None => body(b),
    }
}

fn mount(m: &mut Build<'_>, name: &str, path: &str) {
    m.object("", |v| {
        v.str("name", name);
        v.str("mountPath", path);
        v.bool("readOnly", true);
    });
}
