//! What Kubernetes says of itself: kube-state-metrics, a kubelet with cAdvisor. Names and labels
//! are those of the real ones; one pod `work-0` with one container stands in each namespace.

use super::About;
use super::page::Page;

const POD: &str = "work-0";
const CONTAINER: &str = "main";

/// What kube-state-metrics exposes: series of objects with a namespace and without.
pub fn objects(page: &mut Page, about: &About) {
    let node = about.node.as_str();
    page.gauge("kube_node_info")
        .is(&[("node", node), ("kernel_version", "6.1.0"), ("kubelet_version", "v1.34.0")], 1.0);
    let mut conditions = page.gauge("kube_node_status_condition");
    for (status, value) in [("true", 1.0), ("false", 0.0), ("unknown", 0.0)] {
        conditions.is(&[("node", node), ("condition", "Ready"), ("status", status)], value);
    }
    let mut allocatable = page.gauge("kube_node_status_allocatable");
    for (resource, unit, value) in
        [("cpu", "core", 8.0), ("memory", "byte", 3.2e10), ("nvidia_com_gpu", "integer", 8.0)]
    {
        allocatable.is(&[("node", node), ("resource", resource), ("unit", unit)], value);
    }
    let mut phases = page.gauge("kube_namespace_status_phase");
    for namespace in &about.namespaces {
        phases.is(&[("namespace", namespace), ("phase", "Active")], 1.0);
        phases.is(&[("namespace", namespace), ("phase", "Terminating")], 0.0);
    }
    let mut info = page.gauge("kube_pod_info");
    for namespace in &about.namespaces {
        info.is(
            &[
                ("namespace", namespace),
                ("pod", POD),
                ("uid", &uid(namespace)),
                ("node", node),
                ("created_by_kind", "StatefulSet"),
            ],
            1.0,
        );
    }
    let mut phases = page.gauge("kube_pod_status_phase");
    for namespace in &about.namespaces {
        for phase in ["Pending", "Succeeded", "Failed", "Unknown", "Running"] {
            let labels = [("namespace", namespace.as_str()), ("pod", POD), ("uid", &uid(namespace)), ("phase", phase)];
            phases.is(&labels, f64::from(u8::from(phase == "Running")));
        }
    }
    for family in ["kube_pod_container_resource_requests", "kube_pod_container_resource_limits"] {
        let mut resources = page.gauge(family);
        for namespace in &about.namespaces {
            for (resource, unit, value) in
                [("cpu", "core", 2.0), ("memory", "byte", 4e9), ("nvidia_com_gpu", "integer", 1.0)]
            {
                let pod = [("namespace", namespace.as_str()), ("pod", POD), ("uid", &uid(namespace))];
                let rest = [("container", CONTAINER), ("node", node), ("resource", resource), ("unit", unit)];
                resources.is(&[&pod[..], &rest[..]].concat(), value);
            }
        }
    }
    let mut replicas = page.gauge("kube_statefulset_replicas");
    for namespace in &about.namespaces {
        replicas.is(&[("namespace", namespace), ("statefulset", "work")], 1.0);
    }
    let mut volumes = page.gauge("kube_persistentvolume_capacity_bytes");
    volumes.is(&[("persistentvolume", "pv-0")], 1e11);
}

/// kube-state-metrics on its telemetry port.
pub fn kube_state_metrics(page: &mut Page, seconds: f64) {
    page.gauge("kube_state_metrics_build_info").is(&[("version", "v2.19.1")], 1.0);
    page.counter("kube_state_metrics_list_total")
        .is(&[("resource", "*v1.Pod"), ("result", "success")], 1.0 + seconds / 60.0);
    page.process(seconds);
}

pub fn kubelet(page: &mut Page, about: &About, seconds: f64) {
    page.gauge("kubelet_node_name").is(&[("node", &about.node)], 1.0);
    page.gauge("kubelet_running_pods").is(&[], f64::from(u32::try_from(about.namespaces.len()).unwrap_or(u32::MAX)));
    let mut operations = page.counter("kubelet_runtime_operations_total");
    for operation in ["container_status", "list_containers", "version"] {
        operations.is(&[("operation_type", operation)], seconds);
    }
    for (family, value) in [("kubelet_volume_stats_used_bytes", 1e9), ("kubelet_volume_stats_capacity_bytes", 1e11)] {
        let mut volumes = page.gauge(family);
        for namespace in &about.namespaces {
            volumes.is(&[("namespace", namespace), ("persistentvolumeclaim", "data-work-0")], value);
        }
    }
    page.process(seconds);
}

/// cAdvisor, below the kubelet: cgroups of pods, and of the machine without a namespace.
pub fn cadvisor(page: &mut Page, about: &About, seconds: f64) {
    page.gauge("machine_memory_bytes").is(&[("boot_id", "b"), ("machine_id", "m"), ("system_uuid", "u")], 3.4e10);
    for (family, counts, value) in [
        ("container_cpu_usage_seconds_total", true, seconds * 0.5),
        ("container_memory_working_set_bytes", false, 1e9),
        ("container_spec_memory_limit_bytes", false, 4e9),
        // Switched off in kubelets, and exported all the same.
        ("container_tasks_state", false, 0.0),
    ] {
        let family = if counts { page.counter(family) } else { page.gauge(family) };
        let mut family = family.stamped();
        for id in ["/", "/system.slice"] {
            let none = [("container", ""), ("id", id), ("image", ""), ("name", ""), ("namespace", ""), ("pod", "")];
            family.is(&none, value);
        }
        for namespace in &about.namespaces {
            let id = format!("/kubepods/pod{}/main", uid(namespace));
            let own =
                [("container", CONTAINER), ("id", &id), ("image", "registry.example.com/work:1"), ("name", "c0ffee")];
            family.is(&[&own[..], &[("namespace", namespace), ("pod", POD)]].concat(), value);
        }
    }
    let mut received = page.counter("container_network_receive_bytes_total").stamped();
    for namespace in &about.namespaces {
        let id = format!("/kubepods/pod{}", uid(namespace));
        let own = [("container", ""), ("id", &id), ("image", ""), ("interface", "eth0"), ("name", "")];
        received.is(&[&own[..], &[("namespace", namespace), ("pod", POD)]].concat(), seconds * 1000.0);
    }
}

pub fn probes(page: &mut Page, about: &About, seconds: f64) {
    let mut probes = page.counter("prober_probe_total");
    for namespace in &about.namespaces {
        let pod = [("namespace", namespace.as_str()), ("pod", POD), ("pod_uid", &uid(namespace))];
        let rest = [("container", CONTAINER), ("probe_type", "Readiness"), ("result", "successful")];
        probes.is(&[&pod[..], &rest[..]].concat(), seconds / 10.0);
    }
}

pub fn indicators(page: &mut Page, seconds: f64) {
    page.gauge("kubernetes_healthcheck").is(&[("name", "syncloop"), ("type", "healthz")], 1.0);
    page.counter("kubernetes_healthchecks_total")
        .is(&[("name", "syncloop"), ("status", "success"), ("type", "healthz")], seconds);
    page.gauge("process_start_time_seconds").is(&[], 1.7e9);
}

fn uid(namespace: &str) -> String {
    format!("uid-{namespace}")
}
