//! The fleets that are measured: one control plane, members that differ and of which a quarter works for two
//! stores by namespace, custom jobs up to at least eighty files a cluster. The same size gives the same text on every machine.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Custom jobs on every cluster; with them each has more than eighty files.
const JOBS: usize = 44;
const CLUSTERS_PER_FILE: usize = 100;

/// A generated spec: a folder with one file for the fleet and one for each hundred clusters.
pub struct Fleet {
    folder: PathBuf,
    size: usize,
    /// Namespaces that the route of the pools names beside a few, half of them for each store.
    tenants: usize,
}

impl Fleet {
    /// Writes a fleet of `size` clusters, the control plane included.
    pub fn write(folder: &Path, size: usize) -> io::Result<Fleet> {
        Fleet::split(folder, size, 0)
    }

    /// The same with a route that names many namespaces.
    pub fn split(folder: &Path, size: usize, tenants: usize) -> io::Result<Fleet> {
        fs::create_dir_all(folder.join("clusters"))?;
        fs::write(folder.join("fleet.kdl"), fleet_block(size, tenants))?;
        let fleet = Fleet { folder: folder.to_owned(), size, tenants };
        for part in 0..size.div_ceil(CLUSTERS_PER_FILE) {
            fleet.write_part(part, None)?;
        }
        Ok(fleet)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn size(&self) -> usize {
        self.size
    }

    pub fn tenants(&self) -> usize {
        self.tenants
    }

    /// How many clusters have the route that is split.
    pub fn pools(&self) -> usize {
        (0..self.size).filter(|c| is_pool(*c)).count()
    }

    /// The cluster that [`Fleet::change`] changes: one in the middle.
    pub fn changed(&self) -> String {
        name(self.size / 2)
    }

    /// Gives one cluster another scrape interval; another one with each `round`.
    pub fn change(&self, round: usize) -> io::Result<()> {
        let cluster = self.size / 2;
        self.write_part(cluster / CLUSTERS_PER_FILE, Some((cluster, 20 + round)))
    }

    fn write_part(&self, part: usize, changed: Option<(usize, usize)>) -> io::Result<()> {
        let first = part * CLUSTERS_PER_FILE;
        let mut text = String::new();
        for cluster in first..self.size.min(first + CLUSTERS_PER_FILE) {
            let seconds = changed.and_then(|(which, seconds)| (which == cluster).then_some(seconds));
            cluster_block(&mut text, cluster, seconds);
        }
        fs::write(self.folder.join(format!("clusters/part-{part:02}.kdl")), text)
    }
}

/// Pools send each namespace to its owner, the others all they have to one store.
fn name(cluster: usize) -> String {
    match cluster {
        0 => "control-a".to_owned(),
        _ if is_pool(cluster) => format!("pool-{cluster:04}"),
        _ => format!("edge-{cluster:04}"),
    }
}

fn is_pool(cluster: usize) -> bool {
    cluster % 4 == 2
}

fn fleet_block(size: usize, tenants: usize) -> String {
    let mut text = String::from(
        r#"fleet "bench" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"

    prometheus "user" {
        jobs "node-exporter" "kube-state-metrics" "cadvisor" "dcgm-exporter" "kubernetes-pods"
        retention "3d"
        storage "100Gi"
        replicas 2
    }
    prometheus "system" {
        rest
        retention "2d"
        storage "20Gi"
    }
    job "node-exporter" {
        class "network" interval="10s"
    }
"#,
    );
    for job in 0..JOBS {
        let (by, team, series) = (if job % 3 == 0 { "pod" } else { "service" }, job % 7, 200 + 10 * job);
        let _ = write!(
            text,
            r#"    job "app-{job:02}" interval="{}s" {{
        discover "{by}" namespace="team-{team}" port="metrics" {{
            labels app="app-{job:02}" tier="backend"
        }}
        drop "go_gc_*" "app_{job}_debug_*"
        series {series}
        honor-labels #false
    }}
"#,
            15 + 15 * (job % 2),
        );
    }
    text.push_str(
        r#"}

profile "public" {
    survive "12h"
}
profile "gpu" {
    gpus-per-node 8
}

zone "idc"
zone "wan" uplink="100Mi/s"

store "central" kind="victoriametrics-cluster" cluster="control-a" {
    retention "90d"
    replication 2
    replicas storage=3
    storage "500Gi" class="local-path"
    basic-auth secret="central-write"
    ca secret="central-ca"
    address "lan" url="https://metrics.idc.example.com" zones="idc"
    address "public" url="https://metrics.example.com"
}

route "plane" from="control-a" to="central"
"#,
    );
    if size > 1 {
        text.push_str("route \"members\" from=\"edge-*\" to=\"central\"\n");
    }
    if (0..size).any(is_pool) {
        let names =
            |of: usize| (0..tenants).filter(|t| t % 2 == of).map(|t| format!(" tenant-{t:05}")).collect::<String>();
        let _ = write!(
            text,
            r#"
store "tenants" kind="victoriametrics-cluster" cluster="control-a" {{
    retention "30d"
    replication 2
    replicas storage=3
    storage "200Gi" class="local-path"
    basic-auth secret="tenants-write"
    ca secret="central-ca"
    address "public" url="https://tenants.example.com"
}}

route "pools" from="pool-*" {{
    to "central" namespaces="team-0 team-1 team-2 kube-system monitoring{}"
    to "tenants" namespaces="team-3 team-4 customer-*{}"
    shared "central" "tenants"
    unowned "central"
}}
"#,
            names(0),
            names(1),
        );
    }
    text
}

fn cluster_block(text: &mut String, cluster: usize, seconds: Option<usize>) {
    let (zone, profile) = match cluster % 4 {
        _ if cluster == 0 => ("idc", ""),
        1 => ("wan", " profile=\"gpu public\""),
        2 => ("wan", " profile=\"public\""),
        _ => ("idc", " profile=\"gpu\""),
    };
    let _ = write!(
        text,
        "cluster \"{}\" zone=\"{zone}\"{profile} nodes={} pods={} {{\n    labels site=\"site-{:02}\"\n    \
         external-labels site=\"site-{:02}\" rack=\"r{cluster}\"\n",
        name(cluster),
        8 + cluster % 57,
        300 + cluster % 1_000,
        cluster % 50,
        cluster % 50,
    );
    if cluster % 10 == 5 {
        text.push_str("    job \"kube-state-metrics\" interval=\"30s\"\n");
    }
    if cluster == 0 {
        text.push_str(
            "    reader \"resource-manager\" reads=\"central\"\n    reader \"grafana\" reads=\"central user system\"\n",
        );
    }
    if let Some(seconds) = seconds {
        let _ = writeln!(text, "    interval \"{seconds}s\"");
    }
    text.push_str("}\n");
}
