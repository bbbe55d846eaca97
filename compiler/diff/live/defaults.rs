//! What the API server fills in.
//!
//! Custom resources take their defaults from their definitions, which the field tables hold. Those of built-in kinds
//! are Go code (`pkg/apis/*/v1/defaults.go` of kubernetes); the ones of the kinds we emit stand below. That nobody owns
//! a value makes it no default: webhooks own nothing of what they write, and who creates an object without applying it
//! owns its defaults, too.

use crate::catalog::fields::{Field, Type};
use crate::diag::Origin;
use crate::object::{Kind, NodeId, Tree, Value};

use Filled::{Assigned, Directions, Is, Like, OnHost, Pulled};

/// What a field becomes of which nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    /// This, as JSON.
    Is(&'static str),
    /// What the field beside it says.
    Like(&'static str),
    /// The same, of a pod in the network of its node; since 1.28 no longer.
    OnHost(&'static str),
    /// `Ingress`, and `Egress` where there are rules of that.
    Directions,
    /// When an image is pulled: `Always` where its tag may be another tomorrow.
    Pulled,
    /// Whatever the server gives out: an address, a port. Of that it keeps no owner.
    Assigned,
}

/// Path below an object, `*` for an item of a list or any key; and the default.
type Row = (&'static str, Filled);

const WORKLOAD: &[Row] = &[
    ("spec.revisionHistoryLimit", Is("10")),
    ("spec.progressDeadlineSeconds", Is("600")),
    ("spec.replicas", Is("1")),
    ("spec.podManagementPolicy", Is("\"OrderedReady\"")),
    ("spec.persistentVolumeClaimRetentionPolicy", Is(r#"{"whenDeleted":"Retain","whenScaled":"Retain"}"#)),
    ("spec.strategy", Is(r#"{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"},"type":"RollingUpdate"}"#)),
    ("spec.strategy.rollingUpdate", Is(r#"{"maxSurge":"25%","maxUnavailable":"25%"}"#)),
    ("spec.strategy.rollingUpdate.maxSurge", Is("\"25%\"")),
    ("spec.strategy.rollingUpdate.maxUnavailable", Is("\"25%\"")),
    ("spec.updateStrategy.type", Is("\"RollingUpdate\"")),
    ("spec.updateStrategy.rollingUpdate.partition", Is("0")),
    ("spec.updateStrategy.rollingUpdate.maxSurge", Is("0")),
    ("spec.updateStrategy.rollingUpdate.maxUnavailable", Is("1")),
    ("spec.template.metadata.creationTimestamp", Is("null")),
    ("spec.volumeClaimTemplates.*.apiVersion", Is("\"v1\"")),
    ("spec.volumeClaimTemplates.*.kind", Is("\"PersistentVolumeClaim\"")),
    ("spec.volumeClaimTemplates.*.status", Is(r#"{"phase":"Pending"}"#)),
    ("spec.volumeClaimTemplates.*.metadata.creationTimestamp", Is("null")),
    ("spec.volumeClaimTemplates.*.spec.volumeMode", Is("\"Filesystem\"")),
    ("spec.template.spec.dnsPolicy", Is("\"ClusterFirst\"")),
    ("spec.template.spec.restartPolicy", Is("\"Always\"")),
    ("spec.template.spec.schedulerName", Is("\"default-scheduler\"")),
    ("spec.template.spec.securityContext", Is("{}")),
    ("spec.template.spec.terminationGracePeriodSeconds", Is("30")),
    // The old name of the field beside it.
    ("spec.template.spec.serviceAccount", Like("serviceAccountName")),
    ("spec.template.spec.volumes.*.configMap.defaultMode", Is("420")),
    ("spec.template.spec.volumes.*.secret.defaultMode", Is("420")),
    ("spec.template.spec.volumes.*.projected.defaultMode", Is("420")),
    ("spec.template.spec.volumes.*.downwardAPI.defaultMode", Is("420")),
    ("spec.template.spec.volumes.*.emptyDir", Is("{}")),
    ("spec.template.spec.volumes.*.ephemeral.volumeClaimTemplate.spec.volumeMode", Is("\"Filesystem\"")),
    ("spec.template.spec.volumes.*.hostPath.type", Is("\"\"")),
    ("spec.template.spec.volumes.*.projected.sources.*.serviceAccountToken.expirationSeconds", Is("3600")),
    ("spec.template.spec.volumes.*.projected.sources.*.downwardAPI.items.*.fieldRef.apiVersion", Is("\"v1\"")),
    ("spec.template.spec.volumes.*.downwardAPI.items.*.fieldRef.apiVersion", Is("\"v1\"")),
];

/// Below `containers.*` and `initContainers.*` of a pod's spec.
const CONTAINER: &[Row] = &[
    ("imagePullPolicy", Pulled),
    ("resources", Is("{}")),
    ("terminationMessagePath", Is("\"/dev/termination-log\"")),
    ("terminationMessagePolicy", Is("\"File\"")),
    ("securityContext", Is("{}")),
    ("ports.*.protocol", Is("\"TCP\"")),
    ("env.*.valueFrom.fieldRef.apiVersion", Is("\"v1\"")),
    ("env.*.value", Is("\"\"")),
    ("*.timeoutSeconds", Is("1")),
    ("*.periodSeconds", Is("10")),
    ("*.successThreshold", Is("1")),
    ("*.failureThreshold", Is("3")),
    ("*.httpGet.scheme", Is("\"HTTP\"")),
    ("*.httpGet.path", Is("\"/\"")),
    ("*.grpc.service", Is("\"\"")),
    ("lifecycle.*.httpGet.scheme", Is("\"HTTP\"")),
    ("lifecycle.*.httpGet.path", Is("\"/\"")),
    ("ports.*.hostPort", OnHost("containerPort")),
];

const CONTAINERS: [&str; 2] = ["spec.template.spec.containers.*.", "spec.template.spec.initContainers.*."];

const SERVICE: &[Row] = &[
    ("spec.clusterIP", Assigned),
    ("spec.clusterIPs", Assigned),
    ("spec.ipFamilies", Assigned),
    ("spec.ipFamilyPolicy", Is("\"SingleStack\"")),
    // Of a headless Service without a selector it is another.
    ("spec.ipFamilyPolicy", Assigned),
    ("spec.internalTrafficPolicy", Is("\"Cluster\"")),
    ("spec.externalTrafficPolicy", Is("\"Cluster\"")),
    ("spec.allocateLoadBalancerNodePorts", Is("true")),
    ("spec.sessionAffinity", Is("\"None\"")),
    ("spec.sessionAffinityConfig", Is(r#"{"clientIP":{"timeoutSeconds":10800}}"#)),
    ("spec.sessionAffinityConfig.clientIP.timeoutSeconds", Is("10800")),
    ("spec.type", Is("\"ClusterIP\"")),
    ("spec.ports.*.protocol", Is("\"TCP\"")),
    ("spec.ports.*.targetPort", Like("port")),
    ("spec.ports.*.nodePort", Assigned),
    ("spec.healthCheckNodePort", Assigned),
];

const OTHERS: &[(&str, &[Row])] = &[
    ("Service", SERVICE),
    (
        "NetworkPolicy",
        &[
            ("spec.policyTypes", Directions),
            ("spec.ingress.*.ports.*.protocol", Is("\"TCP\"")),
            ("spec.egress.*.ports.*.protocol", Is("\"TCP\"")),
        ],
    ),
    ("EndpointSlice", &[("ports.*.protocol", Is("\"TCP\"")), ("ports.*.name", Is("\"\""))]),
    ("Endpoints", &[("subsets.*.ports.*.protocol", Is("\"TCP\""))]),
    ("RoleBinding", &[("subjects.*.apiGroup", Is("\"rbac.authorization.k8s.io\""))]),
    ("ClusterRoleBinding", &[("subjects.*.apiGroup", Is("\"rbac.authorization.k8s.io\""))]),
    (
        "Namespace",
        &[("spec", Is(r#"{"finalizers":["kubernetes"]}"#)), ("metadata.labels.kubernetes.io/metadata.name", Assigned)],
    ),
    ("PersistentVolumeClaim", &[("spec.volumeMode", Is("\"Filesystem\"")), ("spec.volumeName", Assigned)]),
    ("Secret", &[("type", Is("\"Opaque\""))]),
    ("StorageClass", &[("reclaimPolicy", Is("\"Delete\"")), ("volumeBindingMode", Is("\"Immediate\""))]),
    ("PriorityClass", &[("preemptionPolicy", Is("\"PreemptLowerPriority\"")), ("value", Is("0"))]),
];

const HOST_NETWORK: [&str; 4] = ["spec", "template", "spec", "hostNetwork"];

/// Kinds that nobody compiles here, and of which no defaults are written down.
const UNKNOWN: [&str; 6] = ["CronJob", "HorizontalPodAutoscaler", "Job", "LimitRange", "PersistentVolume", "Pod"];

/// Whether the defaults of a kind are known, all of them.
pub(super) fn are_known(kind: &str, table: Option<Field>) -> bool {
    table.is_some() && !UNKNOWN.contains(&kind)
}

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct At<'t> {
    pub tree: &'t Tree,
    /// The whole object.
    pub root: NodeId,
    pub parent: NodeId,
    pub node: NodeId,
}

/// Whether a value is what the server fills in where nobody says anything; `path` has `*` for items. `any`: also where
/// it gives out what it likes.
pub(super) fn is_default(kind: &str, path: &[String], field: Option<Field>, at: At<'_>, any: bool) -> bool {
    let At { tree, root, parent, node } = at;
    let said = field.and_then(Field::default_json).is_some_and(|json| is_json(tree, node, json));
    let known = || {
        let like = |other| tree.get(parent, other).is_some_and(|other| tree.to_json(other) == tree.to_json(node));
        let on_host = || tree.at(root, &HOST_NETWORK).is_some_and(|n| matches!(tree.value(n), Value::Bool(true)));
        built_in(kind, path).any(|default| match default {
            Is(json) => is_json(tree, node, json),
            Like(other) => like(other),
            OnHost(other) => like(other) && on_host(),
            Directions => {
                let outwards = tree.get(parent, "egress").is_some_and(|rules| !tree.is_empty(rules));
                is_json(tree, node, if outwards { r#"["Ingress","Egress"]"# } else { r#"["Ingress"]"# })
            }
            Pulled => is_pulled(tree, parent, node),
            Assigned => any,
        })
    };
    // Of a map the server fills in each field by itself.
    let each = || {
        tree.kind(node) == Kind::Map && !tree.is_empty(node) && {
            let mut path = path.to_vec();
            tree.children(node).all(|child| {
                path.push(tree.key(child).to_owned());
                let below = field.and_then(|f| f.child(tree.key(child)));
                let is = is_default(kind, &path, below, At { parent: node, node: child, ..at }, any);
                path.pop();
                is
            })
        }
    };
    said || known() || each()
}

/// Whether a policy is the one that goes with the container's image (`SetDefaults_Container`). It stays where the image
/// is changed later.
fn is_pulled(tree: &Tree, container: NodeId, policy: NodeId) -> bool {
    let image = tree.get(container, "image").and_then(|image| tree.as_str(image)).unwrap_or_default();
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let moves = match name.rsplit('/').next().and_then(|name| name.split_once(':')) {
        Some((_, tag)) => tag == "latest",
        None => digest.is_none(),
    };
    match tree.as_str(policy) {
        Some("IfNotPresent") => true,
        Some("Always") => moves,
        _ => false,
    }
}

fn is_json(tree: &Tree, node: NodeId, json: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(json).is_ok_and(|default| tree.to_json(node) == default)
}

fn built_in<'p>(kind: &'p str, path: &'p [String]) -> impl Iterator<Item = Filled> + 'p {
    let workload = matches!(kind, "Deployment" | "DaemonSet" | "StatefulSet");
    let of_kind = OTHERS.iter().filter(move |(k, _)| *k == kind).flat_map(|(_, rows)| rows.iter());
    let of_workload = WORKLOAD.iter().filter(move |_| workload);
    let plain = of_kind.chain(of_workload).filter(|(pattern, _)| fits("", pattern, path));
    let in_container = CONTAINER
        .iter()
        .filter(move |(pattern, _)| workload && CONTAINERS.iter().any(|prefix| fits(prefix, pattern, path)));
    plain.chain(in_container).map(|(_, default)| *default)
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
    rows.filter_map(|(pattern, default)| {
        let Is(json) = default else { return None };
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
        assert_eq!(built_in("Deployment", &probe).collect::<Vec<_>>(), [Is("10")]);
        assert_eq!(built_in("ServiceMonitor", &probe).count(), 0);
    }

    #[test]
    fn a_pull_policy_goes_with_the_tag() {
        let is = |image: &str, policy: &str| {
            let mut tree = Tree::new();
            let json = serde_json::json!({"image": image, "imagePullPolicy": policy});
            let container = tree.add_json("", &json, Origin::INHERIT);
            let policy = tree.get(container, "imagePullPolicy").expect("it is there");
            is_pulled(&tree, container, policy)
        };
        assert!(is("a:1", "IfNotPresent") && is("a", "Always") && is("host:5000/a", "Always"));
        assert!(is("host/a:latest", "Always") && is("a:latest@sha256:1", "Always"));
        assert!(!is("a:1", "Always") && !is("host:5000/a:1", "Always") && !is("a@sha256:1", "Always"));
        assert!(!is("a", "Never") && !is("a:1", "Never"));
    }
}
