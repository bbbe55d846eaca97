//! How targets of a job are found, reached and labelled.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::job::Requires;
use super::version::{Gate, Versions};

/// One path of a target. The variant says on which port it is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    pub name: String,
    #[serde(default = "metrics")]
    pub path: String,
    #[serde(default)]
    pub honor_labels: bool,
    /// Absent: Prometheus' own default (true).
    pub honor_timestamps: Option<bool>,
    /// Series with timestamps of the exporter's own end with the scrape that no longer has them, where
    /// operator and Prometheus can do that; else they linger for five minutes.
    #[serde(default)]
    pub track_staleness: bool,
    /// Versions that serve this path; left out otherwise, for the target would be down for ever.
    #[serde(default)]
    pub gate: Gate,
    /// On the target, before the scrape.
    #[serde(default)]
    pub relabelings: Vec<Relabel>,
    /// On the samples, after it. Must hold for Prometheus 2 and 3 alike, or be gated: 3 writes
    /// integer `le` values as `3.0`.
    #[serde(default)]
    pub metric_relabelings: Vec<Relabel>,
}

fn metrics() -> String {
    "/metrics".to_owned()
}

/// A relabel rule in the words of the operator's API. Absent fields have Prometheus' defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Relabel {
    pub source_labels: Vec<String>,
    pub separator: Option<String>,
    pub regex: Option<String>,
    pub modulus: Option<u64>,
    pub target_label: Option<String>,
    pub replacement: Option<String>,
    pub action: Option<String>,
    /// Versions the rule is for.
    pub gate: Gate,
    /// Why the rule is there; goes to documentation, not to output.
    pub why: Option<String>,
}

/// Who runs what serves the job, and what that means for discovery.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub name: String,
    pub about: String,
    /// The exporter is the one of this entry, emitted by us.
    #[serde(default)]
    pub ours: bool,
    #[serde(default)]
    pub when: When,
    /// Versions that can have it; elsewhere the next variant that fits is taken.
    #[serde(default)]
    pub gate: Gate,
    /// In addition to what the job requires.
    #[serde(default)]
    pub requires: Requires,
    pub discovery: Discovery,
    pub job: JobLabel,
    /// Endpoint name to how it is reached; an endpoint that is not here does not exist in this variant.
    pub ports: BTreeMap<String, Access>,
    /// Default parts that this exporter does not run, where it is not ours.
    #[serde(default)]
    pub parts_disabled: Vec<String>,
    /// Optional parts that it runs.
    #[serde(default)]
    pub parts_enabled: Vec<String>,
    /// What one answer holds.
    #[serde(default)]
    pub serves: Serves,
    /// Labels of pods that the exporter's own NetworkPolicy lets in: every Prometheus that scrapes it
    /// has them.
    #[serde(default)]
    pub admits: BTreeMap<String, String>,
    /// Port that the annotations of these pods name where they mean what is scraped here; absent:
    /// whatever port they name, they mean it.
    pub annotated: Option<u16>,
    /// Ports of the node that its pods listen on.
    #[serde(default)]
    pub host_ports: Vec<u16>,
}

/// What one answer of an exporter holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Serves {
    /// The value of now, of each series.
    #[default]
    Values,
    /// The last so many values of each series with their timestamps, oldest first.
    Batch,
    /// The value of now, and what has happened since in the time between two scrapes: peaks, rates.
    Aggregate,
}

impl Serves {
    /// The word of an entry, which templates get.
    pub fn name(self) -> &'static str {
        match self {
            Serves::Values => "values",
            Serves::Batch => "batch",
            Serves::Aggregate => "aggregate",
        }
    }
}

/// For which choice a variant is taken; everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Only where a spec names the variant: nothing else tells that it is there.
    pub named: bool,
    /// Kinds of `base`; empty: any.
    pub base: Vec<String>,
    /// The spec gives a client certificate, or does not.
    pub client_cert: Option<bool>,
    /// The cluster tells an Alertmanager that the spec names by its Service, or does not.
    pub alertmanager_service: Option<bool>,
}

/// What a spec says about who runs a job and how it is reached.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// `watershed`, `elsewhere` or the name of a variant.
    pub managed: &'a str,
    /// `none`, `kube-prometheus`, `kube-prometheus-stack`.
    pub base: &'a str,
    /// `by` of `discover`.
    pub discover: Option<&'a str>,
    pub client_cert: bool,
    pub alertmanager_service: bool,
    pub versions: &'a Versions,
}

impl Variant {
    /// Whether this is the variant of a choice that names none. Addresses are given by the spec, so
    /// static discovery is taken only where it asks for it.
    pub fn fits(&self, choice: &Choice<'_>) -> bool {
        let when = &self.when;
        let discovered = match choice.discover {
            _ if self.discovery == Discovery::Said => true,
            Some(word) => self.discovery.word() == Some(word),
            None => self.discovery != Discovery::Static,
        };
        discovered
            && !when.named
            && (when.base.is_empty() || when.base.iter().any(|b| b == choice.base))
            && when.client_cert.is_none_or(|c| c == choice.client_cert)
            && when.alertmanager_service.is_none_or(|a| a == choice.alertmanager_service)
            && self.gate.open(choice.versions)
    }
}

/// The mechanisms we have to find targets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Discovery {
    /// A ServiceMonitor on Services with these labels.
    Service(Selector),
    /// A PodMonitor on pods with these labels.
    Pod(Selector),
    /// The Service that the operator keeps for the kubelets: a ServiceMonitor, and the operator's
    /// flags must maintain what the Prometheus reads (Endpoints or EndpointSlice).
    Kubelet(Selector),
    /// A ScrapeConfig over all pods that keeps the annotated ones, with the labels `namespace`, `pod`
    /// and `node`; the endpoint's relabelings come after.
    Annotations,
    /// A selector-less Service and an EndpointSlice of ours with the addresses of the spec, and a
    /// ServiceMonitor on them.
    Static,
    /// The Services of the Prometheis of this cluster: one ServiceMonitor each.
    Lanes,
    /// The Service of the relay: the job is there where the cluster has one.
    Relay,
    /// As `discover` of the spec says: nothing is known of where it runs. By our own labels where the
    /// spec gives the image of an exporter and we run it.
    Said,
}

impl Discovery {
    /// The word of `discover by=` in a spec; `None` for what a spec cannot choose.
    pub fn word(&self) -> Option<&'static str> {
        match self {
            Discovery::Service(_) | Discovery::Kubelet(_) => Some("service"),
            Discovery::Pod(_) => Some("pod"),
            Discovery::Annotations => Some("annotations"),
            Discovery::Static => Some("static"),
            Discovery::Lanes | Discovery::Relay | Discovery::Said => None,
        }
    }

    pub fn selector(&self) -> Option<&Selector> {
        match self {
            Discovery::Service(s) | Discovery::Pod(s) | Discovery::Kubelet(s) => Some(s),
            Discovery::Annotations | Discovery::Static | Discovery::Lanes | Discovery::Relay | Discovery::Said => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    pub namespaces: Namespaces,
    /// `matchLabels`; never empty (a test holds it).
    pub labels: BTreeMap<String, String>,
}

/// Where the targets are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Namespaces {
    /// Where the exporter of this job is: ours, or `exporter namespace=` of the spec.
    Exporter,
    /// Where the cluster's `base` is installed.
    Base,
    /// Where the Services of the Alertmanagers are that the cluster tells.
    Alertmanager,
    Any,
    Named(Vec<String>),
}

/// How the label `job` gets its value. Dashboards and alerts of others depend on the value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobLabel {
    /// A relabeling of the monitor sets it.
    Set(String),
    /// The Service or pod carries it under this label: `jobLabel` of the monitor.
    Label { label: String, value: String },
    /// The operator falls back to the Service's name.
    ServiceName,
}

impl JobLabel {
    /// The value that results, for a target whose Service has this name.
    pub fn value<'a>(&'a self, service: &'a str) -> &'a str {
        match self {
            JobLabel::Set(value) | JobLabel::Label { value, .. } => value,
            JobLabel::ServiceName => service,
        }
    }
}

/// How an endpoint is reached in a variant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Absent only for annotated pods, which name their own, and where the spec says it.
    pub port: Option<Port>,
    #[serde(default)]
    pub scheme: Scheme,
    #[serde(default)]
    pub auth: Auth,
    /// Through the address of the Service, one target for all its pods: what they say alike of the
    /// whole would be there once for each of them otherwise.
    #[serde(default)]
    pub one_address: bool,
}

/// A port by the name it has in its Service or pod, or by number: on a Service the target port, on
/// pods one that they need not declare.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Port {
    Number(u16),
    Name(String),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    #[default]
    Http,
    Https,
}

impl Scheme {
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// What a scrape shows to be let in, where the spec says nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    #[default]
    None,
    /// Nothing; the certificate is self-signed and not verified.
    Unverified,
    /// The service account token of the Prometheus; the certificate is self-signed and not verified.
    Token,
    /// The service account token; the certificate is verified with the cluster's CA.
    TokenVerified { server_name: Option<String> },
    /// A client certificate from a Secret that the spec names (`client-cert`, `ca`).
    ClientCert { server_name: Option<String> },
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

    fn chosen(job: &str, managed: &str, base: &str, discover: Option<&str>, client_cert: bool) -> Option<String> {
        let catalog = Catalog::builtin();
        let versions = catalog.components().into_iter().map(|c| (c.name.clone(), c.default)).collect();
        let choice = Choice { managed, base, discover, client_cert, alertmanager_service: false, versions: &versions };
        catalog.job(job).unwrap().variant(&choice).map(|v| v.name.clone())
    }

    #[test]
    fn who_runs_it_decides_the_variant() {
        let name = |v: Option<String>| v.unwrap_or_default();
        assert_eq!(name(chosen("node-exporter", "watershed", "kube-prometheus", None, false)), "watershed");
        assert_eq!(name(chosen("node-exporter", "elsewhere", "kube-prometheus", None, false)), "kube-prometheus");
        assert_eq!(
            name(chosen("node-exporter", "elsewhere", "kube-prometheus-stack", None, false)),
            "kube-prometheus-stack"
        );
        assert_eq!(name(chosen("dcgm-exporter", "gpu-operator", "none", None, false)), "gpu-operator");
        // Nothing tells which one is there: the spec has to say.
        assert_eq!(chosen("node-exporter", "elsewhere", "none", None, false), None);
        assert_eq!(chosen("dcgm-exporter", "elsewhere", "kube-prometheus", None, false), None);
        // No exporter of ours exists, so the word makes no difference.
        assert_eq!(name(chosen("kubelet", "elsewhere", "none", None, false)), "operator");
        assert_eq!(name(chosen("kubelet", "watershed", "none", None, false)), "operator");
    }

    #[test]
    fn addresses_and_certificates_decide_too() {
        let etcd = |discover, cert| chosen("kube-etcd", "watershed", "none", discover, cert).unwrap_or_default();
        assert_eq!(etcd(None, false), "kubeadm");
        assert_eq!(etcd(None, true), "kubeadm-client-cert");
        assert_eq!(etcd(Some("static"), false), "external");
        assert_eq!(etcd(Some("static"), true), "external-client-cert");
        assert_eq!(etcd(Some("probe"), true), "");
    }
}
