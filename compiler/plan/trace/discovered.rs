//! A target as service discovery shows it, made up so that a monitor of ours selects it.

use crate::model::plan::{Endpoint, Monitor, MonitorKind};
use crate::relabel::{Action, Labels, Rule, sanitize};

/// What the made-up parts of a target are called.
pub(super) struct Names<'n> {
    pub namespace: &'n str,
    pub pod: &'n str,
    pub node: &'n str,
    pub container: &'n str,
}

const ADDRESS: &str = "10.0.0.1";
/// Where a port has a name only.
const PORT: u16 = 9100;

/// `on_nodes`: its addresses are nodes, not pods.
pub(super) fn target(monitor: &Monitor, e: &Endpoint, names: &Names<'_>, on_nodes: bool, slices: bool) -> Labels {
    let mut labels = Labels::new();
    let mut meta = |name: &str, value: &str| labels.set(format!("__meta_kubernetes_{name}"), value);
    let number: u16 = e.port.parse().unwrap_or(PORT);
    meta("namespace", names.namespace);
    let port = number.to_string();
    if !on_nodes {
        meta("pod_name", names.pod);
        meta("pod_node_name", names.node);
        meta("pod_container_name", names.container);
        meta("pod_container_port_number", &port);
        meta("pod_container_port_name", &e.port);
        meta("pod_ip", ADDRESS);
        meta("pod_phase", "Running");
        meta("pod_ready", "true");
    }
    let of_service = |meta: &mut dyn FnMut(&str, &str)| {
        meta("service_name", &monitor.job_value);
        for (name, value) in &monitor.selector {
            meta(&format!("service_label_{}", sanitize(name)), value);
            meta(&format!("service_labelpresent_{}", sanitize(name)), "true");
        }
        if let Some(label) = &monitor.job_label {
            meta(&format!("service_label_{}", sanitize(label)), &monitor.job_value);
            meta(&format!("service_labelpresent_{}", sanitize(label)), "true");
        }
    };
    match monitor.kind {
        MonitorKind::Service => {
            let kind = if slices { "endpointslice" } else { "endpoint" };
            let (what, name) = if on_nodes { ("Node", names.node) } else { ("Pod", names.pod) };
            of_service(&mut meta);
            meta(&format!("{kind}_port_name"), &e.port);
            meta(&format!("{kind}_address_target_kind"), what);
            meta(&format!("{kind}_address_target_name"), name);
        }
        MonitorKind::Address => {
            of_service(&mut meta);
            meta("service_port_name", &e.port);
            meta("service_port_number", &port);
        }
        MonitorKind::Pod | MonitorKind::Annotations | MonitorKind::Probe => {
            let job = monitor.job_label.iter().map(|label| (label, &monitor.job_value));
            for (name, value) in monitor.selector.iter().chain(job) {
                meta(&format!("pod_label_{}", sanitize(name)), value);
                meta(&format!("pod_labelpresent_{}", sanitize(name)), "true");
            }
        }
    }
    if monitor.kind == MonitorKind::Annotations {
        for (annotation, value) in [("scrape", "true"), ("port", port.as_str()), ("path", "/metrics")] {
            meta(&format!("pod_annotation_prometheus_io_{annotation}"), value);
        }
    }
    labels.set("__address__", format!("{ADDRESS}:{number}"));
    labels.settle();
    labels
}

/// What rules ask of a target by a plain value it gets, where nothing has given it another meaning.
pub(super) fn satisfy(target: &mut Labels, rules: &[Rule]) {
    let plain = |regex: &&String| regex.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/'));
    for rule in rules.iter().filter(|r| r.action == Some(Action::Keep)) {
        if let ([label], Some(regex)) = (&rule.source_labels[..], rule.regex.as_ref().filter(plain))
            && label.starts_with("__meta_")
        {
            target.set(label.as_str(), regex.as_str());
        }
    }
    target.settle();
}
