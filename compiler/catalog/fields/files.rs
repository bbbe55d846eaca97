//! The table files that are part of the program. A test holds this list complete and sorted.

use super::table::Table;
use std::sync::OnceLock;

pub(super) struct TableSource {
    pub api_version: &'static str,
    pub kind: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the folder"))]
    pub path: &'static str,
    text: &'static str,
    table: OnceLock<Option<Table>>,
}

impl TableSource {
    const fn new(api_version: &'static str, kind: &'static str, path: &'static str, text: &'static str) -> Self {
        TableSource { api_version, kind, path, text, table: OnceLock::new() }
    }

    /// Parsed on first use. A test parses all of them, so `None` does not happen.
    pub fn table(&'static self) -> Option<&'static Table> {
        self.table.get_or_init(|| Table::parse(self.text).ok()).as_ref()
    }
}

macro_rules! tables {
    ($(($api_version:literal, $kind:literal, $path:literal),)*) => {
        [$(TableSource::new(
            $api_version,
            $kind,
            $path,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/targets/", $path)),
        ),)*]
    };
}

pub(super) static TYPES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/targets/kubernetes/1.35.0/types.tsv"));

/// API version, kind and file, sorted by kind.
pub(super) static KINDS: [TableSource; 41] = tables![
    ("monitoring.coreos.com/v1", "Alertmanager", "prometheus-operator/0.93.0/Alertmanager.tsv"),
    ("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", "prometheus-operator/0.93.0/AlertmanagerConfig.tsv"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "kubernetes/1.35.0/ClusterRole.tsv"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "kubernetes/1.35.0/ClusterRoleBinding.tsv"),
    ("v1", "ConfigMap", "kubernetes/1.35.0/ConfigMap.tsv"),
    ("batch/v1", "CronJob", "kubernetes/1.35.0/CronJob.tsv"),
    ("apps/v1", "DaemonSet", "kubernetes/1.35.0/DaemonSet.tsv"),
    ("apps/v1", "Deployment", "kubernetes/1.35.0/Deployment.tsv"),
    ("discovery.k8s.io/v1", "EndpointSlice", "kubernetes/1.35.0/EndpointSlice.tsv"),
    ("v1", "Endpoints", "kubernetes/1.35.0/Endpoints.tsv"),
    ("grafana.integreatly.org/v1beta1", "GrafanaDashboard", "grafana-operator/5.24.0/GrafanaDashboard.tsv"),
    ("grafana.integreatly.org/v1beta1", "GrafanaDatasource", "grafana-operator/5.24.0/GrafanaDatasource.tsv"),
    ("grafana.integreatly.org/v1beta1", "GrafanaFolder", "grafana-operator/5.24.0/GrafanaFolder.tsv"),
    ("autoscaling/v2", "HorizontalPodAutoscaler", "kubernetes/1.35.0/HorizontalPodAutoscaler.tsv"),
    ("networking.k8s.io/v1", "Ingress", "kubernetes/1.35.0/Ingress.tsv"),
    ("networking.k8s.io/v1", "IngressClass", "kubernetes/1.35.0/IngressClass.tsv"),
    ("batch/v1", "Job", "kubernetes/1.35.0/Job.tsv"),
    ("v1", "LimitRange", "kubernetes/1.35.0/LimitRange.tsv"),
    ("v1", "Namespace", "kubernetes/1.35.0/Namespace.tsv"),
    ("networking.k8s.io/v1", "NetworkPolicy", "kubernetes/1.35.0/NetworkPolicy.tsv"),
    ("v1", "PersistentVolume", "kubernetes/1.35.0/PersistentVolume.tsv"),
    ("v1", "PersistentVolumeClaim", "kubernetes/1.35.0/PersistentVolumeClaim.tsv"),
    ("v1", "Pod", "kubernetes/1.35.0/Pod.tsv"),
    ("policy/v1", "PodDisruptionBudget", "kubernetes/1.35.0/PodDisruptionBudget.tsv"),
    ("monitoring.coreos.com/v1", "PodMonitor", "prometheus-operator/0.93.0/PodMonitor.tsv"),
    ("scheduling.k8s.io/v1", "PriorityClass", "kubernetes/1.35.0/PriorityClass.tsv"),
    ("monitoring.coreos.com/v1", "Probe", "prometheus-operator/0.93.0/Probe.tsv"),
    ("monitoring.coreos.com/v1", "Prometheus", "prometheus-operator/0.93.0/Prometheus.tsv"),
    ("monitoring.coreos.com/v1alpha1", "PrometheusAgent", "prometheus-operator/0.93.0/PrometheusAgent.tsv"),
    ("monitoring.coreos.com/v1", "PrometheusRule", "prometheus-operator/0.93.0/PrometheusRule.tsv"),
    ("v1", "ResourceQuota", "kubernetes/1.35.0/ResourceQuota.tsv"),
    ("rbac.authorization.k8s.io/v1", "Role", "kubernetes/1.35.0/Role.tsv"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "kubernetes/1.35.0/RoleBinding.tsv"),
    ("monitoring.coreos.com/v1alpha1", "ScrapeConfig", "prometheus-operator/0.93.0/ScrapeConfig.tsv"),
    ("v1", "Secret", "kubernetes/1.35.0/Secret.tsv"),
    ("v1", "Service", "kubernetes/1.35.0/Service.tsv"),
    ("v1", "ServiceAccount", "kubernetes/1.35.0/ServiceAccount.tsv"),
    ("monitoring.coreos.com/v1", "ServiceMonitor", "prometheus-operator/0.93.0/ServiceMonitor.tsv"),
    ("apps/v1", "StatefulSet", "kubernetes/1.35.0/StatefulSet.tsv"),
    ("storage.k8s.io/v1", "StorageClass", "kubernetes/1.35.0/StorageClass.tsv"),
    ("monitoring.coreos.com/v1", "ThanosRuler", "prometheus-operator/0.93.0/ThanosRuler.tsv"),
];

/// Chart version, chart and file.
pub(super) static CHARTS: [TableSource; 2] = tables![
    ("0.47.0", "victoria-metrics-alert", "charts/victoria-metrics-alert/0.47.0/values.tsv"),
    ("0.49.0", "victoria-metrics-cluster", "charts/victoria-metrics-cluster/0.49.0/values.tsv"),
];
