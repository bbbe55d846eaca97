//! The rules prometheus-operator puts around those of a monitor (`pkg/prometheus/promcfg.go`,
//! v0.93).
//!
//! Left out are topology-aware sharding and retained shards, which are off unless their feature
//! gates are set.

use super::{Action, Rule};

/// `selector` of a monitor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// `matchLabels`
    pub labels: Vec<(String, String)>,
    /// `matchExpressions`
    pub expressions: Vec<Expression>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    pub key: String,
    pub operator: Operator,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

/// How an endpoint names its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// `port`: of the service for a ServiceMonitor, of the container for a PodMonitor.
    Name(String),
    /// `targetPort` as text: the container port's name.
    TargetName(String),
    /// `targetPort` as a number.
    TargetNumber(u16),
    /// `portNumber` of a PodMonitor.
    Number(u16),
}

/// Which share of the targets a Prometheus scrapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sharding {
    /// 1 without sharding; the rules are there all the same.
    pub shards: u32,
    /// From 0.
    pub shard: u32,
}

impl Default for Sharding {
    fn default() -> Self {
        Sharding { shards: 1, shard: 0 }
    }
}

/// `enforcedNamespaceLabel` for a monitor that is not excluded from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforced {
    pub label: String,
    /// The monitor's namespace.
    pub namespace: String,
}

/// What the operator reads of a ServiceMonitor and one of its endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceMonitor {
    pub selector: Selector,
    /// Role `endpointslice` instead of `endpoints`.
    pub endpoint_slices: bool,
    pub port: Option<Port>,
    /// `filterRunning: false`
    pub all_phases: bool,
    /// `selectorMechanism: RoleSelector`: the API server selects, no rule does.
    pub role_selector: bool,
    pub target_labels: Vec<String>,
    /// Of the monitor, then of the Prometheus.
    pub pod_target_labels: Vec<String>,
    pub job_label: Option<String>,
    /// `relabelings` of the scrape class.
    pub class_relabelings: Vec<Rule>,
    pub relabelings: Vec<Rule>,
    pub enforced: Option<Enforced>,
    pub sharding: Sharding,
}

impl ServiceMonitor {
    /// `relabel_configs` of the generated job.
    pub fn rules(&self) -> Vec<Rule> {
        let mut rules = vec![job_name()];
        if !self.role_selector {
            self.selector.rules("service", &mut rules);
        }
        let endpoint = if self.endpoint_slices { "endpointslice" } else { "endpoint" };
        match &self.port {
            Some(Port::Name(name)) => rules.push(keep(format!("__meta_kubernetes_{endpoint}_port_name"), name)),
            Some(port) => rules.push(port.keep()),
            None => {}
        }
        let kind = format!("__meta_kubernetes_{endpoint}_address_target_kind");
        let name = format!("__meta_kubernetes_{endpoint}_address_target_name");
        for (wanted, target) in [("Node;(.*)", "node"), ("Pod;(.*)", "pod")] {
            let rule = replace(target).source([&kind, &name]).separator(";").regex(wanted).replacement("${1}");
            rules.push(rule);
        }
        rules.push(copy("__meta_kubernetes_namespace", "namespace"));
        rules.push(copy("__meta_kubernetes_service_name", "service"));
        rules.push(copy("__meta_kubernetes_pod_name", "pod"));
        rules.push(copy("__meta_kubernetes_pod_container_name", "container"));
        if !self.all_phases {
            rules.push(running());
        }
        rules.extend(self.target_labels.iter().map(|label| copy_label("service", label, &sanitize(label))));
        rules.extend(self.pod_target_labels.iter().map(|label| copy_label("pod", label, &sanitize(label))));
        rules.push(copy("__meta_kubernetes_service_name", "job").replacement("${1}"));
        rules.extend(self.job_label.iter().map(|label| copy_label("service", label, "job")));
        rules.extend(self.port.as_ref().and_then(Port::endpoint).map(|port| set("endpoint", port)));
        rules.extend(self.class_relabelings.iter().cloned());
        rules.extend(self.relabelings.iter().cloned());
        rules.extend(self.enforced.as_ref().map(Enforced::rule));
        rules.extend(self.sharding.rules());
        rules
    }
}

/// What the operator reads of a PodMonitor and one of its endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodMonitor {
    pub namespace: String,
    pub name: String,
    pub selector: Selector,
    pub port: Option<Port>,
    /// `filterRunning: false`
    pub all_phases: bool,
    /// `selectorMechanism: RoleSelector`
    pub role_selector: bool,
    /// Of the monitor, then of the Prometheus.
    pub pod_target_labels: Vec<String>,
    pub job_label: Option<String>,
    pub class_relabelings: Vec<Rule>,
    pub relabelings: Vec<Rule>,
    pub enforced: Option<Enforced>,
    /// `None` for an agent that runs as a DaemonSet, which does not shard.
    pub sharding: Option<Sharding>,
}

impl PodMonitor {
    /// `relabel_configs` of the generated job.
    pub fn rules(&self) -> Vec<Rule> {
        let mut rules = vec![job_name()];
        if !self.all_phases {
            rules.push(running());
        }
        if !self.role_selector {
            self.selector.rules("pod", &mut rules);
        }
        rules.extend(self.port.as_ref().map(Port::keep));
        rules.push(copy("__meta_kubernetes_namespace", "namespace"));
        rules.push(copy("__meta_kubernetes_pod_container_name", "container"));
        rules.push(copy("__meta_kubernetes_pod_name", "pod"));
        rules.extend(self.pod_target_labels.iter().map(|label| copy_label("pod", label, &sanitize(label))));
        rules.push(set("job", format!("{}/{}", self.namespace, self.name)));
        rules.extend(self.job_label.iter().map(|label| copy_label("pod", label, "job")));
        rules.extend(self.port.as_ref().and_then(Port::endpoint).map(|port| set("endpoint", port)));
        rules.extend(self.class_relabelings.iter().cloned());
        rules.extend(self.relabelings.iter().cloned());
        rules.extend(self.enforced.as_ref().map(Enforced::rule));
        rules.extend(self.sharding.iter().flat_map(|sharding| sharding.rules()));
        rules
    }
}

/// What the operator reads of a ScrapeConfig.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScrapeConfig {
    /// `jobName`; without it `job` is `scrapeConfig/namespace/name`.
    pub job_name: Option<String>,
    pub class_relabelings: Vec<Rule>,
    pub relabelings: Vec<Rule>,
    pub enforced: Option<Enforced>,
    pub sharding: Sharding,
}

impl ScrapeConfig {
    /// `relabel_configs` of the generated job. The scrape class comes before everything else here;
    /// without `relabelings` of its own nothing enforces the namespace, and with one shard or with
    /// a `hashmod` among the rules there is no sharding.
    pub fn rules(&self) -> Vec<Rule> {
        let mut rules = vec![job_name()];
        rules.extend(self.class_relabelings.iter().cloned());
        rules.extend(self.job_name.iter().map(|job| set("job", job)));
        if !self.relabelings.is_empty() {
            rules.extend(self.relabelings.iter().cloned());
            rules.extend(self.enforced.as_ref().map(Enforced::rule));
        }
        let hashed = rules.iter().any(|rule| rule.action == Some(Action::HashMod));
        if self.sharding.shards != 1 && !hashed {
            rules.extend(self.sharding.rules());
        }
        rules
    }
}

/// `metric_relabel_configs` of the generated job, for any kind of monitor.
pub fn metric_rules(class: &[Rule], own: &[Rule], enforced: Option<&Enforced>) -> Vec<Rule> {
    class.iter().chain(own).cloned().chain(enforced.map(Enforced::rule)).collect()
}

/// A Kubernetes label's name as it stands in a Prometheus label: what is no letter, digit or `_`
/// becomes `_`.
pub fn sanitize(label: &str) -> String {
    label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

impl Selector {
    fn rules(&self, object: &str, rules: &mut Vec<Rule>) {
        let value = |key: &str| format!("__meta_kubernetes_{object}_label_{}", sanitize(key));
        let present = |key: &str| format!("__meta_kubernetes_{object}_labelpresent_{}", sanitize(key));
        let mut labels: Vec<_> = self.labels.iter().collect();
        labels.sort();
        for (key, wanted) in labels {
            let sources = [value(key), present(key)];
            rules.push(Rule::new(Action::Keep).source(sources).regex(format!("({wanted});true")));
        }
        for Expression { key, operator } in &self.expressions {
            let (action, values) = match operator {
                Operator::In(values) => (Action::Keep, Some(values)),
                Operator::NotIn(values) => (Action::Drop, Some(values)),
                Operator::Exists => (Action::Keep, None),
                Operator::DoesNotExist => (Action::Drop, None),
            };
            let rule = Rule::new(action);
            rules.push(match values {
                Some(values) => rule.source([value(key), present(key)]).regex(format!("({});true", values.join("|"))),
                None => rule.source([present(key)]).regex("true"),
            });
        }
    }
}

impl Port {
    fn keep(&self) -> Rule {
        match self {
            Port::Name(name) | Port::TargetName(name) => keep("__meta_kubernetes_pod_container_port_name", name),
            Port::TargetNumber(number) | Port::Number(number) => {
                keep("__meta_kubernetes_pod_container_port_number", number.to_string())
            }
        }
    }

    /// What the label `endpoint` says; `portNumber` leaves it out.
    fn endpoint(&self) -> Option<String> {
        match self {
            Port::Name(name) | Port::TargetName(name) => Some(name.clone()),
            Port::TargetNumber(number) => Some(number.to_string()),
            Port::Number(_) => None,
        }
    }
}

impl Enforced {
    fn rule(&self) -> Rule {
        Rule { action: None, ..set(self.label.clone(), self.namespace.clone()) }
    }
}

impl Sharding {
    fn rules(self) -> [Rule; 3] {
        const HASH: &str = "__tmp_hash";
        const OFF: &str = "__tmp_disable_sharding";
        [
            replace(HASH).source(["__address__", HASH]).regex("(.+);").replacement("$1"),
            Rule::new(Action::HashMod).source([HASH]).target(HASH).modulus(u64::from(self.shards)),
            Rule::new(Action::Keep).source([HASH, OFF]).regex(format!("{};|.+;.+", self.shard)),
        ]
    }
}

fn job_name() -> Rule {
    copy("job", "__tmp_prometheus_job_name")
}

fn running() -> Rule {
    Rule::new(Action::Drop).source(["__meta_kubernetes_pod_phase"]).regex("(Failed|Succeeded)")
}

fn replace(target: impl Into<String>) -> Rule {
    Rule::new(Action::Replace).target(target)
}

fn copy(source: &str, target: &str) -> Rule {
    replace(target).source([source])
}

fn set(target: impl Into<String>, value: impl Into<String>) -> Rule {
    replace(target).replacement(value)
}

fn keep(source: impl Into<String>, regex: impl Into<String>) -> Rule {
    Rule::new(Action::Keep).source([source]).regex(regex)
}

fn copy_label(object: &str, label: &str, target: &str) -> Rule {
    let source = format!("__meta_kubernetes_{object}_label_{}", sanitize(label));
    copy(&source, target).regex("(.+)").replacement("${1}")
}

#[cfg(test)]
#[path = "operator_tests.rs"]
mod tests;
