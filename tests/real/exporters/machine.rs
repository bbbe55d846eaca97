//! What machines and workloads say: node_exporter, GPUs, a pod that asks to be scraped.

use super::About;
use super::page::Page;

/// Collectors of the stand-in for node_exporter; any other is refused, as it refuses one that is off.
const COLLECTORS: [&str; 7] = ["cpu", "loadavg", "meminfo", "netdev", "netclass", "diskstats", "filesystem"];

/// node_exporter: `collect[]` names the only collectors, `exclude[]` those to leave out, never both.
pub fn node(page: &mut Page, query: &[(String, String)], seconds: f64) -> Result<(), String> {
    let named = |name: &str| query.iter().filter(|(k, _)| k == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
    let (only, without) = (named("collect[]"), named("exclude[]"));
    if !only.is_empty() && !without.is_empty() {
        return Err("Combined collect and exclude queries are not allowed.\n".to_owned());
    }
    if let Some(unknown) = only.iter().find(|name| !COLLECTORS.contains(name)) {
        return Err(format!("missing collector: {unknown}\n"));
    }
    let chosen = |name: &&str| if only.is_empty() { !without.contains(name) } else { only.contains(name) };
    let chosen: Vec<&str> = COLLECTORS.into_iter().filter(|name| chosen(name)).collect();
    let mut success = page.gauge("node_scrape_collector_success");
    for collector in &chosen {
        success.is(&[("collector", collector)], 1.0);
    }
    for collector in chosen {
        one(page, collector, seconds);
    }
    page.process(seconds);
    Ok(())
}

fn one(page: &mut Page, collector: &str, seconds: f64) {
    match collector {
        "cpu" => {
            let mut cpu = page.counter("node_cpu_seconds_total");
            for (core, mode) in ["0", "1"].into_iter().flat_map(|c| ["idle", "system", "user"].map(|m| (c, m))) {
                cpu.is(&[("cpu", core), ("mode", mode)], seconds / 3.0);
            }
        }
        "loadavg" => drop(page.gauge("node_load1").is(&[], 0.5)),
        "meminfo" => {
            page.gauge("node_memory_MemTotal_bytes").is(&[], 3.4e10);
            page.gauge("node_memory_MemAvailable_bytes").is(&[], 2e10);
        }
        "netdev" => {
            for family in ["node_network_receive_bytes_total", "node_network_transmit_bytes_total"] {
                page.counter(family).is(&[("device", "eth0")], seconds * 1e6);
            }
        }
        "netclass" => drop(page.gauge("node_network_up").is(&[("device", "eth0")], 1.0)),
        "diskstats" => drop(page.counter("node_disk_io_time_seconds_total").is(&[("device", "sda")], seconds / 10.0)),
        _ => {
            let root = [("device", "/dev/sda1"), ("fstype", "ext4"), ("mountpoint", "/")];
            page.gauge("node_filesystem_avail_bytes").is(&root, 5e10);
            page.gauge("node_filesystem_size_bytes").is(&root, 1e11);
        }
    }
}

/// The collectors infiniband and ethtool of node_exporter, for one RDMA port.
pub fn ports(page: &mut Page, seconds: f64) {
    for family in [
        "port_data_received_bytes_total",
        "port_data_transmitted_bytes_total",
        "np_ecn_marked_roce_packets_received_total",
        "np_cnp_packets_sent_total",
        "rp_cnp_packets_handled_total",
        "out_of_sequence_packets_received_total",
        "packet_sequence_errors_total",
        "local_ack_timeout_errors_total",
        "port_discards_received_total",
        "port_discards_transmitted_total",
        "out_of_buffer_drops_total",
    ] {
        page.counter(&format!("node_infiniband_{family}")).is(&[("device", "mlx5_0"), ("port", "1")], seconds * 1e3);
    }
    for (way, priority) in ["received", "transmitted"].into_iter().flat_map(|w| (0..8).map(move |p| (w, p))) {
        for what in ["pause", "pause_duration"] {
            let family = format!("node_ethtool_{way}_prio{priority}_{what}");
            page.counter(&family).is(&[("device", "ens1f0")], seconds);
        }
    }
}

/// dcgm-exporter: a card for each namespace, and one that nobody holds.
pub fn gpus(page: &mut Page, about: &About, seconds: f64) {
    let held = about.namespaces.iter().map(|n| Some(n.as_str()));
    let cards: Vec<Option<&str>> = held.chain([None]).collect();
    for (family, counts, value) in [
        ("DCGM_FI_DEV_GPU_UTIL", false, 80.0),
        ("DCGM_FI_DEV_FB_USED", false, 40_000.0),
        ("DCGM_FI_DEV_POWER_USAGE", false, 400.0),
        ("DCGM_FI_DEV_XID_ERRORS", false, 0.0),
        ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", false, 0.4),
        ("DCGM_FI_DEV_GPU_TEMP", false, 60.0),
        ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", true, seconds * 300_000.0),
    ] {
        let mut family = if counts { page.counter(family) } else { page.gauge(family) };
        for (i, namespace) in cards.iter().enumerate() {
            let (gpu, uuid, device) = (i.to_string(), format!("GPU-{i}"), format!("nvidia{i}"));
            let mut labels = vec![
                ("gpu", gpu.as_str()),
                ("UUID", &uuid),
                ("pci_bus_id", "00000000:07:00.0"),
                ("device", &device),
                ("modelName", "NVIDIA H100"),
                ("Hostname", &about.node),
            ];
            if let Some(namespace) = namespace {
                labels.extend([("container", "main"), ("namespace", namespace), ("pod", "work-0")]);
            }
            family.is(&labels, value);
        }
    }
}

/// A service of a tenant.
pub fn pod(page: &mut Page, seconds: f64) {
    let mut requests = page.counter("http_requests_total");
    for code in ["200", "500"] {
        requests.is(&[("code", code), ("method", "GET")], seconds);
    }
    page.process(seconds);
}
