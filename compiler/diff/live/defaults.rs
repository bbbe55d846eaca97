//! What the API server fills in.
//!
//! Custom resources take their defaults from their definitions, which the field tables hold. Those of built-in kinds
//! are Go code (`pkg/apis/*/v1/defaults.go` of kubernetes); the ones of the kinds we emit stand below. Where the
//! server tells owners they are only needed inside lists that are replaced whole: everywhere else a default is what
//! nobody owns.

use crate::catalog::fields::{Field, Type};
use crate::diag::Origin;
use crate::object::{Kind, NodeId, Tree, Value};

/// Whatever the server has put there is a default: an address, a port. Only where it keeps no owners; where it does, a
/// default is what nobody owns.
const ANY: &str = "*";

/// Path below an object, `*` for an item of a list or any key; and the default as JSON.
type Row = (&'static str, &'static str);

const WORKLOAD: &[Row] = &[
    ("spec.revisionHistoryLimit", "10"),
    ("spec.progressDeadlineSeconds", "600"),
    ("spec.replicas", "1"),
    ("spec.podManagementPolicy", "\"OrderedReady\""),
    ("spec.persistentVolumeClaimRetentionPolicy", r#"{"whenDeleted":"Retain","whenScaled":"Retain"}"#),
    ("spec.strategy", r#"{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"},"type":"RollingUpdate"}"#),
    ("spec.strategy.rollingUpdate", r#"{"maxSurge":"25%","maxUnavailable":"25%"}"#),
    ("spec.strategy.rollingUpdate.maxSurge", "\"25%\""),
    ("spec.strategy.rollingUpdate.maxUnavailable", "\"25%\""),
    ("spec.updateStrategy", ANY),
    ("spec.updateStrategy.rollingUpdate", ANY),
    ("spec.updateStrategy.rollingUpdate.partition", "0"),
    ("spec.updateStrategy.rollingUpdate.maxSurge", "0"),
    ("spec.updateStrategy.rollingUpdate.maxUnavailable", "1"),
    ("spec.template.metadata.creationTimestamp", "null"),
    ("spec.volumeClaimTemplates.*.apiVersion", "\"v1\""),
    ("spec.volumeClaimTemplates.*.kind", "\"PersistentVolumeClaim\""),
    ("spec.volumeClaimTemplates.*.status", r#"{"phase":"Pending"}"#),
    ("spec.volumeClaimTemplates.*.metadata.creationTimestamp", "null"),
    ("spec.volumeClaimTemplates.*.spec.volumeMode", "\"Filesystem\""),
    ("spec.template.spec.dnsPolicy", "\"ClusterFirst\""),
    ("spec.template.spec.restartPolicy", "\"Always\""),
    ("spec.template.spec.schedulerName", "\"default-scheduler\""),
    ("spec.template.spec.securityContext", "{}"),
    ("spec.template.spec.terminationGracePeriodSeconds", "30"),
    // The old name of the field beside it.
    ("spec.template.spec.serviceAccount", ANY),
    ("spec.template.spec.volumes.*.configMap.defaultMode", "420"),
    ("spec.template.spec.volumes.*.secret.defaultMode", "420"),
    ("spec.template.spec.volumes.*.projected.defaultMode", "420"),
    ("spec.template.spec.volumes.*.downwardAPI.defaultMode", "420"),
    ("spec.template.spec.volumes.*.hostPath.type", "\"\""),
    ("spec.template.spec.volumes.*.projected.sources.*.serviceAccountToken.expirationSeconds", "3600"),
    ("spec.template.spec.volumes.*.projected.sources.*.downwardAPI.items.*.fieldRef.apiVersion", "\"v1\""),
    ("spec.template.spec.volumes.*.downwardAPI.items.*.fieldRef.apiVersion", "\"v1\""),
];

/// Below `containers.*` and `initContainers.*` of a pod's spec.
const CONTAINER: &[Row] = &[
    ("imagePullPolicy", ANY),
    ("resources", "{}"),
    ("terminationMessagePath", "\"/dev/termination-log\""),
    ("terminationMessagePolicy", "\"File\""),
    ("securityContext", "{}"),
    ("ports.*.protocol", "\"TCP\""),
    ("env.*.valueFrom.fieldRef.apiVersion", "\"v1\""),
    ("env.*.value", "\"\""),
    ("*.timeoutSeconds", "1"),
    ("*.periodSeconds", "10"),
    ("*.successThreshold", "1"),
    ("*.failureThreshold", "3"),
    ("*.httpGet.scheme", "\"HTTP\""),
];

const CONTAINERS: [&str; 2] = ["spec.template.spec.containers.*.", "spec.template.spec.initContainers.*."];

const SERVICE: &[Row] = &[
    ("spec.clusterIP", ANY),
    ("spec.clusterIPs", ANY),
    ("spec.ipFamilies", ANY),
    ("spec.ipFamilyPolicy", ANY),
    ("spec.internalTrafficPolicy", "\"Cluster\""),
    ("spec.externalTrafficPolicy", "\"Cluster\""),
    ("spec.allocateLoadBalancerNodePorts", "true"),
    ("spec.sessionAffinity", "\"None\""),
    ("spec.sessionAffinityConfig", r#"{"clientIP":{"timeoutSeconds":10800}}"#),
    ("spec.sessionAffinityConfig.clientIP.timeoutSeconds", "10800"),
    ("spec.type", "\"ClusterIP\""),
    ("spec.ports.*.protocol", "\"TCP\""),
    ("spec.ports.*.targetPort", ANY),
    ("spec.ports.*.nodePort", ANY),
    ("spec.healthCheckNodePort", ANY),
];

const OTHERS: &[(&str, &[Row])] = &[
    ("Service", SERVICE),
    ("NetworkPolicy", &[("spec.ingress.*.ports.*.protocol", "\"TCP\""), ("spec.egress.*.ports.*.protocol", "\"TCP\"")]),
    ("EndpointSlice", &[("ports.*.protocol", "\"TCP\""), ("ports.*.name", "\"\"")]),
    ("Endpoints", &[("subsets.*.ports.*.protocol", "\"TCP\"")]),
    ("RoleBinding", &[("subjects.*.apiGroup", "\"rbac.authorization.k8s.io\"")]),
    ("ClusterRoleBinding", &[("subjects.*.apiGroup", "\"rbac.authorization.k8s.io\"")]),
    (
        "Namespace",
        &[
            ("spec", r#"{"finalizers":["kubernetes"]}"#),
            ("spec", ANY),
            ("metadata.labels.kubernetes.io/metadata.name", ANY),
        ],
    ),
    ("PersistentVolumeClaim", &[("spec.volumeMode", "\"Filesystem\""), ("spec.volumeName", ANY)]),
    ("PodDisruptionBudget", &[]),
];

/// Whether a value is what the server fills in where nobody says anything; `path` has `*` for items. `any`: also where
/// that can be anything.
pub(super) fn is_default(
    kind: &str,
    path: &[String],
    field: Option<Field>,
    (tree, node): (&Tree, NodeId),
    any: bool,
) -> bool {
    let said = field.and_then(Field::default_json).into_iter();
    said.chain(built_in(kind, path)).any(|json| if json == ANY { any } else { is_json(tree, node, json) })
}

fn is_json(tree: &Tree, node: NodeId, json: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(json).is_ok_and(|default| tree.to_json(node) == default)
}

fn built_in<'p>(kind: &'p str, path: &'p [String]) -> impl Iterator<Item = &'static str> + 'p {
    let workload = matches!(kind, "Deployment" | "DaemonSet" | "StatefulSet");
    let of_kind = OTHERS.iter().filter(move |(k, _)| *k == kind).flat_map(|(_, rows)| rows.iter());
    let of_workload = WORKLOAD.iter().filter(move |_| workload);
    let plain = of_kind.chain(of_workload).filter(|(pattern, _)| fits("", pattern, path));
    let in_container = CONTAINER
        .iter()
        .filter(move |(pattern, _)| workload && CONTAINERS.iter().any(|prefix| fits(prefix, pattern, path)));
    plain.chain(in_container).map(|(_, json)| *json)
}

fn fits(prefix: &str, pattern: &str, path: &[String]) -> bool {
    // A label's key has dots of its own, so that the last steps are compared as one.
    let mut left = path;
    let steps = prefix.split('.').filter(|s| !s.is_empty()).chain(pattern.split('.'));
    let mut pending = String::new();
    for step in steps {
        let Some((first, rest)) = left.split_first() else { return false };
        if pending.is_empty() && (step == "*" || step == first) {
            left = rest;
            continue;
        }
        pending = if pending.is_empty() { step.to_owned() } else { format!("{pending}.{step}") };
        if pending == *first {
            (left, pending) = (rest, String::new());
        } else if !first.starts_with(&pending) {
            return false;
        }
    }
    left.is_empty() && pending.is_empty()
}

/// Fills in what the server would inside of a value that is replaced whole.
pub(super) fn fill(kind: &str, path: &mut Vec<String>, field: Option<Field>, tree: &mut Tree, node: NodeId) {
    let node = tree.document(node);
    match tree.kind(node) {
        Kind::Map => {
            for child in field.into_iter().flat_map(Field::children) {
                let absent = tree.get(node, child.name).is_none();
                if let Some(json) = child.default_json().filter(|_| absent) {
                    put(tree, node, child.name, json);
                }
            }
            for (name, json) in missing(kind, path, tree, node) {
                put(tree, node, name, json);
            }
            let children: Vec<(NodeId, String)> = tree.children(node).map(|c| (c, tree.key(c).to_owned())).collect();
            for (child, key) in children {
                let below = field.and_then(|f| f.child(&key));
                path.push(key);
                fill(kind, path, below, tree, child);
                path.pop();
            }
        }
        Kind::Seq => {
            let items: Vec<NodeId> = tree.children(node).collect();
            let below = field.and_then(Field::items);
            for item in items {
                path.push("*".to_owned());
                fill(kind, path, below, tree, item);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Fields of a map that are absent and have a built-in default which is one value.
fn missing(kind: &str, path: &[String], tree: &Tree, node: NodeId) -> Vec<(&'static str, &'static str)> {
    let rows = OTHERS.iter().filter(|(k, _)| *k == kind).flat_map(|(_, rows)| rows.iter());
    let workload = matches!(kind, "Deployment" | "DaemonSet" | "StatefulSet");
    let rows = rows.chain(WORKLOAD.iter().filter(|_| workload));
    rows.filter(|(_, json)| *json != ANY)
        .filter_map(|(pattern, json)| {
            let (parent, name) = pattern.rsplit_once('.')?;
            (fits("", parent, path) && tree.get(node, name).is_none()).then_some((name, *json))
        })
        .collect()
}

fn put(tree: &mut Tree, map: NodeId, name: &str, json: &str) {
    if let Ok(value) = serde_json::from_str(json) {
        let made = tree.add_json(name, &value, Origin::INHERIT);
        tree.append(map, made);
    }
}

/// Whether two scalars are one value in the eyes of those who read them: `1000m` and `1`, `1024Mi` and `1Gi`, `360h` and
/// `15d`.
pub(super) fn is_one_value(field: Option<Field>, a: Value<'_>, b: Value<'_>) -> bool {
    match field.map(|f| f.target().ty) {
        Some(Type::Quantity) => matches!((quantity(a), quantity(b)), (Some(a), Some(b)) if a == b),
        Some(Type::Duration) => matches!((duration(a), duration(b)), (Some(a), Some(b)) if a == b),
        _ => false,
    }
}

/// In nanoseconds: what Prometheus (`1d12h`) or Go (`1.5h`) takes.
fn duration(value: Value<'_>) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    let Value::Str(text) = value else { return None };
    let mut rest = text;
    let mut sum = 0_i128;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|at| *at > 0)?;
        let (digits, tail) = rest.split_at(number);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let scale = match unit {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => SECOND / 1_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3_600 * SECOND,
            "d" => 86_400 * SECOND,
            "w" => 7 * 86_400 * SECOND,
            "y" => 365 * 86_400 * SECOND,
            _ => return None,
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all: i128 = format!("{whole}{fraction}").parse().ok()?;
        sum = sum.checked_add(all.checked_mul(scale)? / 10_i128.checked_pow(fraction.len() as u32)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

/// In units of 10⁻⁹.
fn quantity(value: Value<'_>) -> Option<i128> {
    let text = match value {
        Value::Str(text) => text.to_owned(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => f.to_string(),
        _ => return None,
    };
    let split = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    // Kubernetes, apimachinery `resource/suffix.go`.
    let scale: i128 = match suffix {
        "n" => 1,
        "u" => 1_000,
        "m" => 1_000_000,
        "" => 1_000_000_000,
        "k" => 1_000_000_000_000,
        "M" => 1_000_000_000_000_000,
        "G" => 1_000_000_000_000_000_000,
        "T" => 1_000_000_000_000_000_000_000,
        "P" => 1_000_000_000_000_000_000_000_000,
        "Ki" => 1_000_000_000 << 10,
        "Mi" => 1_000_000_000 << 20,
        "Gi" => 1_000_000_000 << 30,
        "Ti" => 1_000_000_000 << 40,
        "Pi" => 1_000_000_000 << 50,
        _ => {
            let exponent: u32 = suffix.strip_prefix(['e', 'E'])?.parse().ok().filter(|e| *e <= 15)?;
            1_000_000_000 * 10_i128.pow(exponent)
        }
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let divisor = 10_i128.checked_pow(fraction.len() as u32)?;
    let scaled = digits.checked_mul(scale)?;
    (scaled % divisor == 0).then_some(scaled / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn quantities_are_one_by_value() {
        let one = |a, b| quantity(Value::Str(a)) == quantity(Value::Str(b)) && quantity(Value::Str(a)).is_some();
        assert!(
            one("1000m", "1")
                && one("1024Mi", "1Gi")
                && one("0.5", "500m")
                && one("1e3", "1k")
                && one("1.5Gi", "1536Mi")
        );
        assert!(!one("1G", "1Gi") && !one("100m", "1") && !one("x", "x"));
        assert_eq!(quantity(Value::Int(2)), quantity(Value::Str("2")));
    }

    #[test]
    fn durations_are_one_by_value() {
        let one = |a, b| duration(Value::Str(a)) == duration(Value::Str(b)) && duration(Value::Str(a)).is_some();
        assert!(one("360h", "15d") && one("30000ms", "30s") && one("1h30m", "90m") && one("1.5h", "90m"));
        assert!(!one("15d", "15h") && !one("x", "x") && !one("", "") && !one("15", "15"));
        let retention = crate::catalog::fields::table("monitoring.coreos.com/v1", "Prometheus");
        let retention = retention.and_then(|t| t.field("spec.retention"));
        assert!(is_one_value(retention, Value::Str("360h"), Value::Str("15d")));
        assert!(!is_one_value(None, Value::Str("360h"), Value::Str("15d")));
    }

    #[test]
    fn patterns_fit_items_containers_and_keys_with_dots() {
        assert!(fits("", "spec.ports.*.protocol", &path("spec/ports/*/protocol")));
        assert!(!fits("", "spec.ports.*.protocol", &path("spec/ports/*")));
        assert!(!fits("", "spec.ports", &path("spec/ports/*")));
        let label = path("metadata/labels/kubernetes.io/metadata.name");
        let label = [&label[..2], &["kubernetes.io/metadata.name".to_owned()]].concat();
        assert!(fits("", "metadata.labels.kubernetes.io/metadata.name", &label));
        let probe = path("spec/template/spec/containers/*/livenessProbe/periodSeconds");
        assert_eq!(built_in("Deployment", &probe).collect::<Vec<_>>(), ["10"]);
        assert_eq!(built_in("ServiceMonitor", &probe).count(), 0);
    }
}
