//! Keys of one block that only make sense together, or not together.

use super::codes;
use crate::diag::{Diagnostic, Severity, Span};
use crate::model::value::{Duration, quoted};
use crate::syntax::{Data, Node, Object, Scalar, Spanned};

/// What is wrong with the keys of one block taken together; `head` is its name or key.
pub(super) fn examine(object: &Object, head: Span) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    found.extend(exclude(object, "basic-auth", "bearer", "a request carries one credential"));
    match object.shape.name {
        "fleet" => {
            found.extend(identity(object));
            external_labels(object, &mut found);
        }
        "profile" | "cluster" => {
            found.extend(growth(object));
            external_labels(object, &mut found);
        }
        "prometheus" => found.extend(short_retention(object)),
        "store" => store(object, head, &mut found),
        "alertmanager" => alertmanager(object, head, &mut found),
        "patch" => found.extend(needs_one(object, head, ["merge", "remove"])),
        "ignore" => found.extend(needs_one(object, head, ["fields", "managers"])),
        "toleration" => toleration(object, head, &mut found),
        _ => {}
    }
    found
}

fn exclude(object: &Object, one: &str, other: &str, because: &str) -> Option<Diagnostic> {
    let (one, other) = (said(object, one)?, said(object, other)?);
    let (first, second) = if one.key_span <= other.key_span { (one, other) } else { (other, one) };
    let what = format!("`{}` and `{}` stand in one block, but {because}", first.key.name, second.key.name);
    Some(Diagnostic::new(&codes::CONFLICT, second.key_span, what).label(first.key_span, "the other one"))
}

fn needs_one(object: &Object, head: Span, keys: [&str; 2]) -> Option<Diagnostic> {
    if keys.iter().any(|key| said(object, key).is_some()) {
        return None;
    }
    let what = format!("this `{}` has neither `{}` nor `{}`", object.shape.name, keys[0], keys[1]);
    Some(Diagnostic::new(&codes::EMPTY, head, what))
}

/// Labels that targets, Prometheus or the catalog set themselves.
const TAKEN: [&str; 14] = [
    "alertname",
    "alertstate",
    "container",
    "endpoint",
    "instance",
    "job",
    "job_class",
    "le",
    "namespace",
    "node",
    "pod",
    "prometheus",
    "quantile",
    "service",
];

/// Tells the replicas of a Prometheus apart, until a store drops it.
const REPLICA: &str = "prometheus_replica";

fn identity(fleet: &Object) -> Option<Diagnostic> {
    let label = scalar(fleet, "identity")?;
    let name = label.value.as_str().filter(|name| TAKEN.contains(name))?;
    Some(Diagnostic::new(&codes::IDENTITY, label.span, format!("series carry the label `{name}` already")))
}

/// Tells the endpoints of one target apart, and rules ask for it.
const PATH: &str = "metrics_path";
/// Before the labels of pods that lines of a route ask for.
const OF_PODS: &str = "pod_label_";

/// Labels that a Prometheus puts on what leaves it; `TAKEN` and the replica's are there already.
fn external_labels(place: &Object, found: &mut Vec<Diagnostic>) {
    let Some(Data::Map(labels)) = said(place, "external-labels").map(|n| &n.data) else { return };
    for (name, _) in labels {
        let text = name.value.as_str();
        if TAKEN.contains(&text) || text == REPLICA || text == PATH || text.starts_with(OF_PODS) {
            let what = format!("series carry the label `{text}` already");
            found.push(Diagnostic::new(&codes::EXTERNAL, name.span, what));
        }
    }
}

fn growth(place: &Object) -> Option<Diagnostic> {
    let Data::Object(budget) = &said(place, "budget")?.data else { return None };
    let growth = said(budget, "growth")?;
    let what = format!("`growth` is asked of the whole fleet, this is a `{}`", place.shape.name);
    Some(Diagnostic::new(&codes::PLACE, growth.key_span, what).help("move it into the `budget` of `fleet`"))
}

/// What a block of Prometheus' TSDB spans (its `storage.tsdb.min-block-duration`): data goes by
/// whole blocks only.
const BLOCK: Duration = Duration::from_secs(2 * 3_600);

fn short_retention(prometheus: &Object) -> Option<Diagnostic> {
    let retention = scalar(prometheus, "retention")?;
    let text = retention.value.as_str()?;
    Duration::parse(text).ok().filter(|d| !d.is_zero() && *d < BLOCK)?;
    let what = format!("a Prometheus writes blocks of two hours, a retention of {} is less than one", quoted(text));
    Some(
        Diagnostic::new(&codes::DURATION, retention.span, what)
            .severity(Severity::Warning)
            .why(
                "blocks are deleted whole: it keeps some hours all the same, and a unit typed wrongly (`s` or `m` for `d`) \
                 takes away the days that dashboards and alerts look back",
            )
            .help("write at least `\"2h\"`; days are written `\"14d\"`"),
    )
}

fn store(store: &Object, head: Span, found: &mut Vec<Diagnostic>) {
    let kind = scalar(store, "kind").and_then(|s| s.value.as_str()).unwrap_or_default();
    let cluster = said(store, "cluster");
    match cluster {
        Some(cluster) if matches!(kind, "cortex" | "greptimedb" | "remote-write") => {
            let what = format!("a store of kind `{kind}` is not deployed by us");
            let help = "take `cluster` out and write an `address` for the store that runs already";
            found.push(Diagnostic::new(&codes::CONFLICT, cluster.key_span, what).help(help));
        }
        Some(_) => {
            for key in ["retention", "storage"].into_iter().filter(|key| said(store, key).is_none()) {
                let what = format!("a store that we deploy needs `{key}`");
                let help = format!(
                    "write `{key}`: {}",
                    if key == "retention" { "`retention \"90d\"`" } else { "`storage \"500Gi\"`" }
                );
                found.push(Diagnostic::new(&codes::MISSING, head, what).here("it is missing here").help(help));
            }
        }
        None => elsewhere(store, head, kind, found),
    }
    if let Some(retention) = scalar(store, "retention")
        && let Some(text) = retention.value.as_str()
        && Duration::parse(text).is_ok_and(|d| !d.is_zero() && d < Duration::from_days(1))
    {
        let what = format!("a store keeps samples for at least a day, this is {}", quoted(text));
        found.push(Diagnostic::new(&codes::DURATION, retention.span, what).help("write at least `\"1d\"`"));
    }
}

/// A store that somebody else runs: only its addresses are used.
fn elsewhere(store: &Object, head: Span, kind: &str, found: &mut Vec<Diagnostic>) {
    const DEPLOYED: [&str; 14] = [
        "rules",
        "alerts",
        "install",
        "release",
        "namespace",
        "versions",
        "replication",
        "replicas",
        "storage",
        "objects",
        "requests",
        "limits",
        "backup",
        "ingestion-limit",
    ];
    for node in DEPLOYED.iter().filter_map(|key| said(store, key)) {
        let what = format!("`{}` is about a store that we deploy; this one has no `cluster`", node.key.name);
        let help = "write the `cluster` it is deployed on, or take this out";
        found.push(Diagnostic::new(&codes::PLACE, node.key_span, what).help(help));
    }
    if said(store, "address").is_none() {
        let what = "a store that somebody else runs needs an `address`";
        let help = "write `address \"public\" url=\"https://…\"`, or the `cluster` it is to be deployed on";
        found.push(Diagnostic::new(&codes::MISSING, head, what).help(help));
    }
    if kind == "remote-write" && said(store, "accepts-late").is_none() {
        let what = "of a store of kind `remote-write` we do not know how late a sample may come";
        let help = "write `accepts-late`, the oldest sample it takes: `accepts-late \"1h\"`";
        found.push(Diagnostic::new(&codes::MISSING, head, what).help(help));
    }
}

fn alertmanager(object: &Object, head: Span, found: &mut Vec<Diagnostic>) {
    /// What only one of ours has.
    const OURS: [&str; 5] = ["replicas", "storage", "receiver", "patch", "raw"];
    found.extend(exclude(object, "service", "cluster", "one that runs already is not deployed by us"));
    if said(object, "cluster").is_some() {
        return;
    }
    if said(object, "service").is_none() && said(object, "address").is_none() {
        let what = "this `alertmanager` cannot be reached: it has neither `service` nor `address`";
        let help = "write `service \"namespace/name\"` for one that runs in each cluster, `address` for one elsewhere, \
                    or `cluster` for one of ours";
        found.push(Diagnostic::new(&codes::MISSING, head, what).help(help));
    }
    for node in OURS.iter().filter_map(|key| said(object, key)) {
        let what = format!("`{}` is about an Alertmanager that we deploy; this one has no `cluster`", node.key.name);
        let help = "write the `cluster` it is deployed on, or take this out";
        found.push(Diagnostic::new(&codes::PLACE, node.key_span, what).help(help));
    }
}

/// As the API server validates them.
fn toleration(object: &Object, head: Span, found: &mut Vec<Diagnostic>) {
    let word = |key: &str| scalar(object, key).and_then(|s| s.value.as_str());
    let exists = word("operator") == Some("Exists");
    if let Some(value) = said(object, "value").filter(|_| exists) {
        let what = "`operator \"Exists\"` compares no value";
        found.push(Diagnostic::new(&codes::CONFLICT, value.key_span, what).help("take `value` or `operator` out"));
    }
    if said(object, "key").is_none() && !exists {
        let what = "a toleration without `key` tolerates every taint, and then its operator is `Exists`";
        found.push(Diagnostic::new(&codes::MISSING, head, what).help("write `key`, or `operator \"Exists\"`"));
    }
    if let Some(seconds) = said(object, "toleration-seconds").filter(|_| word("effect") != Some("NoExecute")) {
        let what = "`toleration-seconds` holds for `NoExecute` only";
        found.push(Diagnostic::new(&codes::CONFLICT, seconds.key_span, what).help("write `effect=\"NoExecute\"` too"));
    }
}

/// A key that is there and not null.
fn said<'a>(object: &'a Object, key: &str) -> Option<&'a Node> {
    object.get(key).filter(|node| match &node.data {
        Data::Null => false,
        Data::Scalar(scalar) => scalar.value != Scalar::Null,
        _ => true,
    })
}

fn scalar<'a>(object: &'a Object, key: &str) -> Option<&'a Spanned<Scalar>> {
    match &said(object, key)?.data {
        Data::Scalar(scalar) => Some(scalar),
        _ => None,
    }
}
