//! A target as service discovery shows it, made up so that a monitor of ours selects it, and what the
//! rules of the monitor make of it.

use super::context::Context;
use super::critical;
use super::lanes::SLICES_SINCE;
use super::parts::Part;
use super::source::Found;
use crate::model::plan::{Endpoint, Monitor, MonitorKind, RelayScrape};
use crate::relabel::regex::Cache;
use crate::relabel::stages::{self, Job, Target};
use crate::relabel::{Action, Chain, Dialect, Labels, Rule, RuleError, Written, sanitize};

/// How Prometheus finds the targets of one endpoint.
pub(super) struct Discovery<'m> {
    pub monitor: &'m Monitor,
    pub endpoint: &'m Endpoint,
    /// All rules, those that the operator puts around the monitor's included.
    pub rules: Vec<Rule>,
    /// Of the scrape job that the operator makes: what targets are called where no rule names them.
    job_name: String,
    chain: Chain,
    /// Its addresses are nodes, not pods.
    on_nodes: bool,
    slices: bool,
}

impl<'m> Discovery<'m> {
    /// # Errors
    /// Rules that the program refuses, with their indices.
    pub fn of(
        cx: &Context<'_>,
        part: &Part<'_>,
        (monitor, endpoint): (&'m Monitor, &'m Endpoint),
        dialect: Dialect,
        cache: &Cache,
    ) -> Result<Self, Vec<(usize, RuleError)>> {
        let home = &cx.cluster.namespace.value;
        let index = monitor.endpoints.iter().position(|e| std::ptr::eq(e, endpoint)).unwrap_or_default();
        let slices = monitor.discovery_role.is_some() || cx.version("operator").value.at_least(SLICES_SINCE);
        let rules = critical::made_by_the_operator(home, monitor, endpoint, slices);
        let on_nodes = matches!(part.source.found, Found::Kubelet(_));
        let chain = Chain::compile(&rules, dialect, Written::File, cache)?;
        let job_name = critical::job_name(home, monitor, index);
        Ok(Discovery { monitor, endpoint, rules, job_name, chain, on_nodes, slices })
    }

    /// The same targets by the rules of the relay.
    ///
    /// # Errors
    /// Rules that it refuses, with their indices.
    pub fn by_relay(&self, scrape: &'m RelayScrape, cache: &Cache) -> Result<Self, Vec<(usize, RuleError)>> {
        let chain = Chain::compile(&scrape.relabelings, Dialect::Vmagent, Written::File, cache)?;
        let (rules, job_name) = (scrape.relabelings.clone(), scrape.job_name.clone());
        Ok(Discovery { endpoint: &scrape.endpoint, rules, job_name, chain, ..*self })
    }

    /// A target that the monitor selects.
    pub fn found(&self, names: &Names<'_>) -> Labels {
        let mut found = target(self.monitor, self.endpoint, names, self.on_nodes, self.slices);
        satisfy(&mut found, &self.rules);
        found
    }

    /// What the rules make of it.
    pub fn target(&self, found: &Labels) -> Target {
        let e = self.endpoint;
        let interval = e.interval.value.to_string();
        let params: Vec<(&str, &str)> =
            e.params.iter().filter_map(|(n, v)| Some((n.as_str(), v.first()?.as_str()))).collect();
        let job = Job {
            job_name: &self.job_name,
            scheme: &e.scheme,
            metrics_path: &e.path,
            scrape_interval: &interval,
            scrape_timeout: &interval,
            params: &params,
        };
        stages::target(found, &job, &self.chain)
    }
}

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

fn target(monitor: &Monitor, e: &Endpoint, names: &Names<'_>, on_nodes: bool, slices: bool) -> Labels {
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
fn satisfy(target: &mut Labels, rules: &[Rule]) {
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
