//! What a change does to what runs, as data: facts about Prometheus, its operator, Kubernetes and
//! the charts of VictoriaMetrics.
//!
//! Sources: prometheus `storage/remote/write.go` (queues are re-made when the hash of their entry or
//! any external label changes) and `tsdb/wlog/watcher.go` (a new queue starts at the present);
//! Kubernetes' list of immutable fields of StatefulSets; vmagent.md (queues are named by position
//! and URL); VictoriaMetrics' flags documentation (deduplication, retention).

use serde_json::Value as Json;

use super::{Edit, shrinking};

/// Ordered from harmless to grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing that runs notices.
    None,
    /// Read anew without a restart.
    Reload,
    /// Pods are replaced one after the other.
    Restart,
    /// What a remote-write queue had not sent yet is lost.
    QueueReset,
    /// Series go on under other labels: graphs and alerts start anew.
    NewSeries,
    /// The API server refuses the change in place: the object has to be deleted and made again.
    Recreate,
    /// Stored samples are lost, or out of reach.
    DataLoss,
}

impl Effect {
    pub fn name(self) -> &'static str {
        match self {
            Effect::None => "none",
            Effect::Reload => "reload",
            Effect::Restart => "restart",
            Effect::QueueReset => "queue reset",
            Effect::NewSeries => "new series",
            Effect::Recreate => "recreate",
            Effect::DataLoss => "data loss",
        }
    }
}

struct Row {
    /// Separated by `|`.
    kinds: &'static str,
    /// A field and everything below it; `*` is any one step. The longest that fits decides.
    path: &'static str,
    effect: Effect,
    consequence: &'static str,
}

const fn row(kinds: &'static str, path: &'static str, effect: Effect, consequence: &'static str) -> Row {
    Row { kinds, path, effect, consequence }
}

const PROMETHEUS: &str = "Prometheus|PrometheusAgent";
const MONITORS: &str = "ServiceMonitor|PodMonitor|ScrapeConfig|Probe";
const WORKLOADS: &str = "Deployment|DaemonSet|StatefulSet";
/// Of a Helm values file.
pub(super) const VALUES: &str = "values";

const RESTARTED: &str = "Prometheus restarts; what its remote-write queues had not sent yet is lost";
const RELABELLED: &str = "series may go on under other labels, or no longer be collected";
const TEMPLATE: &str = "volumeClaimTemplates are immutable: helm upgrade fails until the StatefulSet is deleted with \
                        --cascade=orphan and the claims are changed by hand, which may grow and never shrink";

#[rustfmt::skip]
const FIELDS: &[Row] = &[
    row("*", "metadata.labels", Effect::None, ""),
    row("*", "metadata.annotations", Effect::None, ""),
    row("*", "metadata.namespace", Effect::Recreate, "it is made anew there, with the Secrets it refers to; the one in the old namespace stays until it is deleted"),
    row(PROMETHEUS, "metadata.namespace", Effect::DataLoss, "starts on empty volumes there, and its series have another label `prometheus`; the old one scrapes and sends on until it is deleted"),
    row(WORKLOADS, "metadata.namespace", Effect::Recreate, "it is made anew there; the one in the old namespace runs on until it is deleted"),
    row("StatefulSet", "metadata.namespace", Effect::DataLoss, "starts on empty volumes there; what those of the old one hold, queues that are not sent too, stays with it until it is deleted: let it drain first"),

    row(PROMETHEUS, "spec", Effect::Restart, RESTARTED),
    row(PROMETHEUS, "spec.paused", Effect::None, "while it is true the operator carries out no change of this Prometheus"),
    row(PROMETHEUS, "spec.externalLabels", Effect::NewSeries, "every series sent gets a new identity, and the backlog of every remote-write queue is lost"),
    row(PROMETHEUS, "spec.prometheusExternalLabelName", Effect::NewSeries, "every series sent gets a new identity, and the backlog of every remote-write queue is lost"),
    row(PROMETHEUS, "spec.replicaExternalLabelName", Effect::NewSeries, "every series sent gets a new identity, and the backlog of every remote-write queue is lost"),
    row(PROMETHEUS, "spec.remoteWrite", Effect::Reload, "queues of entries that stay as they are keep their backlog"),
    row(PROMETHEUS, "spec.remoteWrite.*", Effect::QueueReset, "what this queue had not sent yet is lost; other queues keep theirs"),
    row(PROMETHEUS, "spec.shards", Effect::Restart, "targets move to other shards; their older samples stay where they are"),
    row(PROMETHEUS, "spec.replicas", Effect::None, "pods are added or removed; the volumes of removed ones stay"),
    row(PROMETHEUS, "spec.storage", Effect::DataLoss, "instances start on other volumes; the samples on the old ones are out of reach"),
    row(PROMETHEUS, "spec.storage.volumeClaimTemplate.spec", Effect::Recreate, "the StatefulSet is made again; volumes that exist keep their size and class until changed by hand"),
    row(PROMETHEUS, "spec.serviceName", Effect::Recreate, "the StatefulSet is made again; its volumes stay"),
    row(PROMETHEUS, "spec.retention", Effect::Restart, "samples are kept longer"),
    row(PROMETHEUS, "spec.retentionSize", Effect::Restart, "more samples fit"),
    row(PROMETHEUS, "spec.scrapeInterval", Effect::Reload, "monitors without an interval of their own follow"),
    row(PROMETHEUS, "spec.scrapeTimeout", Effect::Reload, ""),
    row(PROMETHEUS, "spec.evaluationInterval", Effect::Reload, ""),
    row(PROMETHEUS, "spec.alerting", Effect::Reload, ""),
    row(PROMETHEUS, "spec.remoteRead", Effect::Reload, ""),
    row(PROMETHEUS, "spec.additionalScrapeConfigs", Effect::Reload, ""),
    row(PROMETHEUS, "spec.additionalAlertRelabelConfigs", Effect::Reload, ""),
    row(PROMETHEUS, "spec.scrapeClasses", Effect::Reload, ""),
    row(PROMETHEUS, "spec.scrapeClasses.*.relabelings", Effect::NewSeries, RELABELLED),
    row(PROMETHEUS, "spec.scrapeClasses.*.metricRelabelings", Effect::NewSeries, RELABELLED),
    row(PROMETHEUS, "spec.enforcedNamespaceLabel", Effect::NewSeries, RELABELLED),
    row(PROMETHEUS, "spec.overrideHonorLabels", Effect::NewSeries, RELABELLED),
    row(PROMETHEUS, "spec.serviceMonitorSelector", Effect::Reload, "other monitors are selected"),
    row(PROMETHEUS, "spec.serviceMonitorNamespaceSelector", Effect::Reload, "other monitors are selected"),
    row(PROMETHEUS, "spec.podMonitorSelector", Effect::Reload, "other monitors are selected"),
    row(PROMETHEUS, "spec.podMonitorNamespaceSelector", Effect::Reload, "other monitors are selected"),
    row(PROMETHEUS, "spec.probeSelector", Effect::Reload, "other probes are selected"),
    row(PROMETHEUS, "spec.probeNamespaceSelector", Effect::Reload, "other probes are selected"),
    row(PROMETHEUS, "spec.scrapeConfigSelector", Effect::Reload, "other scrape configs are selected"),
    row(PROMETHEUS, "spec.scrapeConfigNamespaceSelector", Effect::Reload, "other scrape configs are selected"),
    row(PROMETHEUS, "spec.ruleSelector", Effect::Reload, "other rules are selected"),
    row(PROMETHEUS, "spec.ruleNamespaceSelector", Effect::Reload, "other rules are selected"),
    row(PROMETHEUS, "spec.sampleLimit", Effect::Reload, "targets over the limit are not collected at all"),
    row(PROMETHEUS, "spec.targetLimit", Effect::Reload, "jobs over the limit are not collected at all"),
    row(PROMETHEUS, "spec.enforcedSampleLimit", Effect::Reload, "targets over the limit are not collected at all"),
    row(PROMETHEUS, "spec.enforcedTargetLimit", Effect::Reload, "jobs over the limit are not collected at all"),
    row(PROMETHEUS, "spec.enforcedLabelLimit", Effect::Reload, "targets over the limit are not collected at all"),

    row(MONITORS, "spec", Effect::Reload, ""),
    row(MONITORS, "spec.jobLabel", Effect::NewSeries, RELABELLED),
    row(MONITORS, "spec.jobName", Effect::NewSeries, RELABELLED),
    row(MONITORS, "spec.targetLabels", Effect::NewSeries, RELABELLED),
    row(MONITORS, "spec.podTargetLabels", Effect::NewSeries, RELABELLED),
    row(MONITORS, "spec.relabelings", Effect::NewSeries, RELABELLED),
    row(MONITORS, "spec.metricRelabelings", Effect::NewSeries, RELABELLED),
    row(MONITORS, "spec.honorLabels", Effect::NewSeries, RELABELLED),
    row("ScrapeConfig", "spec.staticConfigs.*.labels", Effect::NewSeries, RELABELLED),
    row("Probe", "spec.targets.staticConfig.labels", Effect::NewSeries, RELABELLED),
    row(MONITORS, "spec.*.*.relabelings", Effect::NewSeries, RELABELLED),
    row(MONITORS, "spec.*.*.metricRelabelings", Effect::NewSeries, RELABELLED),
    row(MONITORS, "spec.*.*.honorLabels", Effect::NewSeries, RELABELLED),
    row(MONITORS, "metadata.labels.watershed/prometheus", Effect::NewSeries, "another Prometheus collects its targets: series begin anew under its label `prometheus`, with its replicas and retention; what the old one has stays there until its own retention ends"),
    row("PrometheusRule", "metadata.labels.watershed/prometheus", Effect::NewSeries, "another Prometheus evaluates it: what it records begins anew under its label `prometheus`, and its alerts start pending anew"),
    row("PrometheusRule", "spec", Effect::Reload, "alerts of a changed rule start pending anew"),
    row("AlertmanagerConfig", "spec", Effect::Reload, ""),
    row("Alertmanager", "spec", Effect::Restart, "pods are replaced one after the other"),
    row("Alertmanager", "spec.alertmanagerConfiguration", Effect::Reload, ""),
    row("Alertmanager", "spec.alertmanagerConfigSelector", Effect::Reload, "other configurations are selected"),
    row("Alertmanager", "spec.alertmanagerConfigNamespaceSelector", Effect::Reload, "other configurations are selected"),
    row("Alertmanager", "spec.configSecret", Effect::Reload, ""),
    row("Alertmanager", "spec.replicas", Effect::Restart, "pods are added, and told to the others"),
    row("Alertmanager", "spec.storage", Effect::DataLoss, "instances start on other volumes: silences, and what was notified already, are on the old ones, out of reach"),
    row("Alertmanager", "spec.storage.volumeClaimTemplate.spec", Effect::Recreate, "the StatefulSet is made again; volumes that exist keep their size and class until changed by hand"),
    row("Alertmanager", "metadata.namespace", Effect::DataLoss, "starts on empty volumes there, without silences; the old one goes on until it is deleted"),
    row("ConfigMap|Secret", "data", Effect::Reload, ""),
    row("ConfigMap|Secret", "stringData", Effect::Reload, ""),

    row(WORKLOADS, "spec.template", Effect::Restart, "pods are replaced one after the other"),
    row(WORKLOADS, "spec.selector", Effect::Recreate, "the selector is immutable"),
    row("StatefulSet", "spec.volumeClaimTemplates", Effect::Recreate, "immutable: the API server refuses the whole StatefulSet, its other changes too, until it is deleted with --cascade=orphan, which comes first: until then a pod that restarts has old arguments and new files, and may not come up; claims keep their size: enlarge them before, and they never shrink"),
    row("StatefulSet", "spec.serviceName", Effect::Recreate, "immutable"),
    row("StatefulSet", "spec.podManagementPolicy", Effect::Recreate, "immutable"),
    row("Service", "spec.clusterIP", Effect::Recreate, "immutable"),
    row("RoleBinding|ClusterRoleBinding", "roleRef", Effect::Recreate, "immutable"),
    row("PersistentVolumeClaim", "spec", Effect::Recreate, "immutable, but for a larger request"),

    row(VALUES, "", Effect::Restart, "what the values are for is rolled out again"),
    row(VALUES, "nameOverride", Effect::Recreate, "selectors and names of all objects of the release change"),
    row(VALUES, "fullnameOverride", Effect::Recreate, "selectors and names of all objects of the release change"),
    row(VALUES, "*.fullnameOverride", Effect::DataLoss, "objects get other names: a StatefulSet starts on empty volumes"),
    row(VALUES, "*.name", Effect::DataLoss, "objects get other names: a StatefulSet starts on empty volumes"),
    row(VALUES, "*.podManagementPolicy", Effect::Recreate, TEMPLATE),
    row(VALUES, "*.persistentVolume", Effect::Recreate, TEMPLATE),
    row(VALUES, "*.persistentVolume.enabled", Effect::DataLoss, "pods start on other volumes"),
    row(VALUES, "*.persistentVolume.name", Effect::DataLoss, "pods start on other volumes"),
    row(VALUES, "persistentVolume", Effect::Recreate, TEMPLATE),
    row(VALUES, "persistentVolume.enabled", Effect::DataLoss, "pods start on other volumes"),
    row(VALUES, "vmstorage.replicaCount", Effect::Restart, "vminsert and vmselect roll; new samples are spread over all nodes, stored ones stay where they are"),
    row(VALUES, "vmstorage.retentionPeriod", Effect::Restart, "samples are kept longer"),
    row(VALUES, "server.retentionPeriod", Effect::Restart, "samples are kept longer"),
    row(VALUES, "*.extraArgs.retentionPeriod", Effect::Restart, "samples are kept longer"),
    row(VALUES, "*.extraArgs.dedup.minScrapeInterval", Effect::DataLoss, "one sample per interval is kept, all others are deleted"),
    row(VALUES, "vmselect.extraArgs.dedup.minScrapeInterval", Effect::Restart, "queries show one sample per interval; what is stored stays"),
    row(VALUES, "*.extraArgs.replicationFactor", Effect::Restart, "only new samples are written with the new number of copies"),
    row(VALUES, "remoteWrite", Effect::QueueReset, "vmagent names its disk queues by position and URL: a queue whose place or URL changes stays on the volume, and is sent only by a list that has it in its old place"),
    row(VALUES, "remoteWrite.*.urlRelabelConfig", Effect::Reload, ""),
];

/// Of a field of an object: what happens when it is applied.
pub(super) fn of_field(
    kind: &str,
    path: &[String],
    edit: Edit,
    before: Option<&Json>,
    after: Option<&Json>,
) -> (Effect, &'static str) {
    if WORKLOADS.split('|').any(|k| k == kind) && [before, after].into_iter().flatten().any(is_queue_flag) {
        return (
            Effect::QueueReset,
            "vmagent names its disk queues by position and URL: a queue whose place or URL changes stays on the volume, and is sent only by a list that has it in its old place",
        );
    }
    // A map of flags that comes or goes as a whole is as grave as the gravest of them.
    if path.last().is_some_and(|field| field == "extraArgs")
        && let Some((flags, came)) =
            [(before, false), (after, true)].into_iter().find_map(|(v, came)| Some((v?.as_object()?, came)))
    {
        let each = flags.iter().map(|(flag, value)| {
            let path = [path, std::slice::from_ref(flag)].concat();
            let (before, after) = if came { (None, Some(value)) } else { (Some(value), None) };
            of_field(kind, &path, edit, before, after)
        });
        return each.max_by_key(|(effect, _)| *effect).unwrap_or((Effect::Restart, ""));
    }
    let added_queue = PROMETHEUS.split('|').any(|k| k == kind) && edit == Edit::Added && path.len() == 3;
    if added_queue && path[..2] == ["spec", "remoteWrite"] {
        return (Effect::Reload, "a new queue, which starts at the present");
    }
    if kind == "StatefulSet" && path == ["spec", "replicas"] {
        let pods = |value: Option<&Json>| value.and_then(Json::as_u64).unwrap_or(1);
        return match pods(after) < pods(before) {
            true => {
                (Effect::DataLoss, "what the queues of the pods that go have not sent stays on their volumes, unsent")
            }
            false => (Effect::None, "pods are added"),
        };
    }
    if kind == "PrometheusRule" && edit == Edit::Removed && before.is_some_and(|rule| rule.get("record").is_some()) {
        return (Effect::NewSeries, "recorded no longer: what asks for it finds nothing new");
    }
    if is_smaller_queue(before, after) {
        return (Effect::QueueReset, "what a queue holds beyond its new size is dropped, the oldest first");
    }
    if edit == Edit::Removed && path.last().is_some_and(|field| field == "dedup.minScrapeInterval") {
        return (Effect::Restart, "replicas' samples are no longer merged: queries count each, and the store grows");
    }
    let fits = FIELDS.iter().filter(|r| r.kinds == "*" || r.kinds.split('|').any(|k| k == kind));
    let fits = fits.filter_map(|r| Some((specificity(r.path, path)?, r)));
    let row = fits.max_by_key(|(specific, _)| *specific).map(|(_, row)| row);
    let row = shrinking::of(kind, path, before, after).or_else(|| row.map(|r| (r.effect, r.consequence)));
    let row = row.unwrap_or((Effect::None, ""));
    // What goes as a whole takes along all that is in it; and values that come stand for what charts did without them.
    let whole = [before, after].into_iter().flatten().any(|v| v.is_object() || v.is_array());
    if whole && (edit == Edit::Removed || edit == Edit::Added && kind == VALUES) {
        let below = FIELDS.iter().filter(|r| r.kinds.split('|').any(|k| k == kind) && is_below(r.path, path));
        let gravest = below.map(|r| (r.effect, r.consequence)).max_by_key(|(effect, _)| *effect);
        return gravest.filter(|(effect, _)| *effect > row.0).unwrap_or(row);
    }
    row
}

/// A flag of vmagent that bounds queues on disk, with less than before.
fn is_smaller_queue(before: Option<&Json>, after: Option<&Json>) -> bool {
    let size = |value: Option<&Json>| {
        let text = value?.as_str()?.trim_start_matches('-').strip_prefix("remoteWrite.maxDiskUsagePerURL=")?;
        text.split(',').map(|n| n.parse::<u64>().ok()).collect::<Option<Vec<_>>>()
    };
    let (Some(before), Some(after)) = (size(before), size(after)) else { return false };
    before.iter().zip(&after).any(|(before, after)| after < before)
}

/// A flag that names a queue, or a reordered list with one.
fn is_queue_flag(value: &Json) -> bool {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().any(is_queue_flag)
        || value.as_str().is_some_and(|s| s.trim_start_matches('-').starts_with("remoteWrite.url="))
}

/// How many steps of a pattern fit, and how many of them word by word; `None` where it does not.
fn specificity(pattern: &str, path: &[String]) -> Option<(usize, usize)> {
    let (mut steps, mut literal) = (0, 0);
    let mut path = path.iter().map(String::as_str).flat_map(|step| step.split('.'));
    for wanted in pattern.split('.').filter(|p| !p.is_empty()) {
        let step = path.next()?;
        if wanted != "*" && wanted != step {
            return None;
        }
        steps += 1;
        literal += usize::from(wanted != "*");
    }
    Some((steps, literal))
}

/// Whether what a pattern is for stands in what is at the path.
fn is_below(pattern: &str, path: &[String]) -> bool {
    let steps: Vec<&str> = pattern.split('.').filter(|p| !p.is_empty()).collect();
    let path: Vec<&str> = path.iter().flat_map(|step| step.split('.')).collect();
    steps.len() > path.len() && steps.iter().zip(&path).all(|(wanted, step)| *wanted == "*" || wanted == step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(kind: &str, path: &[&str], edit: Edit) -> Effect {
        let path: Vec<String> = path.iter().map(|s| (*s).to_owned()).collect();
        of_field(kind, &path, edit, None, None).0
    }

    #[test]
    fn the_dearest_fields_of_the_fleet_say_so() {
        use Edit::{Added, Changed};
        assert_eq!(effect("Prometheus", &["spec", "externalLabels", "cluster"], Changed), Effect::NewSeries);
        assert_eq!(effect("Prometheus", &["spec", "remoteWrite", "*", "url"], Changed), Effect::QueueReset);
        assert_eq!(effect("Prometheus", &["spec", "remoteWrite", "*"], Added), Effect::Reload);
        assert_eq!(effect("Prometheus", &["spec", "remoteWrite"], Edit::Reordered), Effect::Reload);
        assert_eq!(effect("Prometheus", &["spec", "version"], Changed), Effect::Restart);
        assert_eq!(effect("Prometheus", &["metadata", "labels", "a"], Added), Effect::None);
        let endpoint = ["spec", "endpoints", "*", "interval"];
        assert_eq!(effect("ServiceMonitor", &endpoint, Changed), Effect::Reload);
        let relabelings = ["spec", "endpoints", "*", "relabelings", "*", "action"];
        assert_eq!(effect("ServiceMonitor", &relabelings, Changed), Effect::NewSeries);
        for (kind, expected) in [
            ("Prometheus", Effect::DataLoss),
            ("StatefulSet", Effect::DataLoss),
            ("DaemonSet", Effect::Recreate),
            ("ConfigMap", Effect::Recreate),
        ] {
            assert_eq!(effect(kind, &["metadata", "namespace"], Changed), expected, "{kind}");
        }
        assert_eq!(effect("Prometheus", &["spec", "paused"], Added), Effect::None);
        let owner = ["metadata", "labels", "watershed/prometheus"];
        assert_eq!(effect("ServiceMonitor", &owner, Changed), Effect::NewSeries);
        assert_eq!(effect("ServiceMonitor", &["metadata", "labels", "team"], Added), Effect::None);
        assert_eq!(effect("Alertmanager", &["spec", "storage"], Edit::Removed), Effect::DataLoss);
        assert_eq!(effect("Alertmanager", &["spec", "resources", "limits"], Changed), Effect::Restart);
        assert_eq!(
            effect("ScrapeConfig", &["spec", "staticConfigs", "*", "labels", "site"], Changed),
            Effect::NewSeries
        );
        let of = |path: &[&str], before: Json, after: Json| {
            let path: Vec<String> = path.iter().map(|s| (*s).to_owned()).collect();
            of_field("StatefulSet", &path, Changed, Some(&before), Some(&after)).0
        };
        let replicas = ["spec", "replicas"];
        assert_eq!(of(&replicas, 2.into(), 1.into()), Effect::DataLoss);
        assert_eq!(of(&replicas, 1.into(), 2.into()), Effect::None);
        let args = ["spec", "template", "spec", "containers", "vmagent", "args", "*"];
        let size = |n: &str| Json::from(format!("-remoteWrite.maxDiskUsagePerURL={n}"));
        assert_eq!(of(&args, size("200,300"), size("200,100")), Effect::QueueReset);
        assert_eq!(of(&args, size("200"), size("300")), Effect::Restart);
        assert_eq!(effect("DaemonSet", &["spec", "template", "spec"], Changed), Effect::Restart);
        assert_eq!(effect("StatefulSet", &["spec", "volumeClaimTemplates"], Changed), Effect::Recreate);
        let dedup = ["vmstorage", "extraArgs", "dedup.minScrapeInterval"];
        assert_eq!(effect("values", &dedup, Changed), Effect::DataLoss);
        assert_eq!(effect("values", &dedup, Edit::Removed), Effect::Restart);
        assert_eq!(effect("values", &["vmstorage", "persistentVolume", "size"], Changed), Effect::Recreate);
        assert_eq!(effect("values", &["vmselect", "replicaCount"], Changed), Effect::Restart);
    }

    #[test]
    fn what_shrinks_deletes_and_what_grows_does_not() {
        let of = |kind: &str, path: &[&str], before: &str, after: &str| {
            let path: Vec<String> = path.iter().map(|s| (*s).to_owned()).collect();
            of_field(kind, &path, Edit::Changed, Some(&before.into()), Some(&after.into())).0
        };
        assert_eq!(of("Prometheus", &["spec", "retention"], "15d", "7d"), Effect::DataLoss);
        assert_eq!(of("Prometheus", &["spec", "retention"], "7d", "15d"), Effect::Restart);
        assert_eq!(of("Prometheus", &["spec", "retentionSize"], "80GB", "409MB"), Effect::DataLoss);
        assert_eq!(of("values", &["vmstorage", "retentionPeriod"], "90d", "60d"), Effect::DataLoss);
        let dedup = ["vmstorage", "extraArgs", "dedup.minScrapeInterval"];
        assert_eq!(of("values", &dedup, "15s", "1ms"), Effect::Restart);
        assert_eq!(of("values", &dedup, "1ms", "15s"), Effect::DataLoss);
    }

    #[test]
    fn what_goes_as_a_whole_is_as_grave_as_the_gravest_in_it() {
        let of = |kind: &str, path: &[&str], before: Json| {
            let path: Vec<String> = path.iter().map(|s| (*s).to_owned()).collect();
            of_field(kind, &path, Edit::Removed, Some(&before), None).0
        };
        assert_eq!(of("Prometheus", &["spec", "remoteWrite"], serde_json::json!([{"url": "a"}])), Effect::QueueReset);
        let volume = serde_json::json!({"enabled": true, "size": "1Gi"});
        assert_eq!(of("values", &["server", "persistentVolume"], volume), Effect::DataLoss);
        assert_eq!(of("ServiceMonitor", &["spec", "endpoints"], serde_json::json!([{"port": "a"}])), Effect::NewSeries);
        assert_eq!(of("Prometheus", &["spec", "alerting"], serde_json::json!({"alertmanagers": []})), Effect::Reload);
    }

    #[test]
    fn a_record_that_goes_ends_series_and_an_alert_does_not() {
        let path = ["spec", "groups", "*", "rules", "*"].map(str::to_owned);
        let of = |rule: Json| of_field("PrometheusRule", &path, Edit::Removed, Some(&rule), None).0;
        assert_eq!(of(serde_json::json!({"record": "a:b", "expr": "b"})), Effect::NewSeries);
        assert_eq!(of(serde_json::json!({"alert": "A", "expr": "b", "labels": {"a": "b"}})), Effect::Reload);
    }

    #[test]
    fn a_node_of_vmstorage_that_goes_takes_its_samples_along() {
        let of = |before: u64, after: u64| {
            let path = ["vmstorage", "replicaCount"].map(str::to_owned);
            of_field("values", &path, Edit::Changed, Some(&before.into()), Some(&after.into())).0
        };
        assert_eq!((of(5, 3), of(3, 5)), (Effect::DataLoss, Effect::Restart));
    }

    #[test]
    fn flags_that_come_as_a_whole_map_are_judged_one_by_one() {
        let path = ["vmstorage", "extraArgs"].map(str::to_owned);
        let of = |flags: Json| of_field("values", &path, Edit::Added, None, Some(&flags)).0;
        assert_eq!(of(serde_json::json!({"dedup.minScrapeInterval": "30s"})), Effect::DataLoss);
        assert_eq!(of(serde_json::json!({"loggerFormat": "json"})), Effect::Restart);
    }

    #[test]
    fn queues_that_change_places_are_reset() {
        let path: Vec<String> = ["spec", "template", "spec", "containers", "*", "args"].map(str::to_owned).into();
        let order = |urls: [&str; 2]| serde_json::json!(urls.map(|u| format!("-remoteWrite.url={u}")));
        let (before, after) = (order(["a", "b"]), order(["b", "a"]));
        let effect = of_field("StatefulSet", &path, Edit::Reordered, Some(&before), Some(&after)).0;
        assert_eq!(effect, Effect::QueueReset);
    }

    #[test]
    fn an_argument_that_names_a_queue_is_one_wherever_it_stands() {
        let path: Vec<String> = ["spec", "template", "spec", "containers", "*", "args", "*"].map(str::to_owned).into();
        let (before, after) = (Json::from("-remoteWrite.url=http://a"), Json::from("-remoteWrite.url=http://b"));
        let found = of_field("StatefulSet", &path, Edit::Changed, Some(&before), Some(&after));
        assert_eq!(found.0, Effect::QueueReset);
    }
}
