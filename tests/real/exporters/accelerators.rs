//! NPUs, RDMA ports, a mesh, an object store and card-hours. Names and labels of NPUs, Istio and MinIO are those of the
//! real ones; the others are private.

use super::About;
use super::page::Page;

/// npu-exporter: a chip for each namespace, and one that nobody holds. Values carry the time they were collected at.
pub fn npus(page: &mut Page, about: &About) {
    let held = about.namespaces.iter().map(|n| Some(n.as_str()));
    let chips: Vec<Option<&str>> = held.chain([None]).collect();
    for (family, value) in [
        ("npu_chip_info_utilization", 80.0),
        ("npu_chip_info_temperature", 50.0),
        ("npu_chip_info_hbm_used_memory", 30_000.0),
        ("npu_chip_info_health_status", 1.0),
    ] {
        let mut family = page.gauge(family).stamped();
        for (i, namespace) in chips.iter().enumerate() {
            let (id, vdie) = (i.to_string(), format!("vdie-{i}"));
            let pod = if namespace.is_some() { "work-0" } else { "" };
            let container = if namespace.is_some() { "main" } else { "" };
            let chip =
                [("id", id.as_str()), ("model_name", "910B"), ("vdie_id", &vdie), ("pcie_bus_info", "0000:C1:00.0")];
            let own = [("namespace", namespace.unwrap_or_default()), ("pod_name", pod), ("container_name", container)];
            family.is(&[&chip[..], &own[..]].concat(), value);
        }
    }
    page.gauge("machine_npu_nums").is(&[], 8.0);
}

pub fn network(page: &mut Page, about: &About, seconds: f64) {
    for family in ["hero_pause_frames_total", "hero_ecn_marked_packets_total"] {
        let mut family = page.counter(family);
        for device in ["mlx5_0", "mlx5_1"] {
            let labels = [("device", device), ("port", "1")];
            if about.batch > 1 {
                family.batch(&labels, about.batch, about.apart, |at| (at % 1_000_000_000) as f64);
            } else {
                family.is(&labels, seconds * 100.0);
            }
        }
    }
}

pub fn mesh(page: &mut Page, seconds: f64) {
    let mut requests = page.counter("istio_requests_total");
    for code in ["200", "503"] {
        let labels = [("reporter", "destination"), ("destination_workload", "inference"), ("response_code", code)];
        requests.is(&labels, seconds);
    }
    page.gauge("istio_build").is(&[("component", "proxy"), ("tag", "1.27.0")], 1.0);
}

pub fn minio(page: &mut Page, path: &str, seconds: f64) {
    let server = [("server", "127.0.0.1:9000")];
    match path {
        "/minio/metrics/v3/system" => {
            page.gauge("minio_system_process_file_descriptor_open_total").is(&server, 40.0);
        }
        "/minio/metrics/v3/api" => {
            page.counter("minio_api_requests_total").is(&[("name", "GetObject"), ("type", "s3")], seconds);
        }
        "/minio/metrics/v3/cluster" => {
            page.gauge("minio_cluster_health_capacity_usable_total_bytes").is(&[], 1e14);
        }
        "/minio/v2/metrics/node" => {
            page.counter("minio_s3_requests_total").is(&[("api", "getobject"), server[0]], seconds);
        }
        "/minio/v2/metrics/bucket" => {
            page.gauge("minio_bucket_usage_total_bytes").is(&[("bucket", "models")], 1e12);
        }
        _ => {
            page.gauge("minio_cluster_capacity_usable_total_bytes").is(&[], 1e14);
        }
    }
}

pub fn card_hours(page: &mut Page, about: &About, seconds: f64) {
    let mut hours = page.counter("hero_card_hours_total");
    for namespace in &about.namespaces {
        hours.is(&[("namespace", namespace), ("model", "910B")], seconds / 3600.0);
    }
    hours.is(&[("model", "910B")], 0.0);
}
