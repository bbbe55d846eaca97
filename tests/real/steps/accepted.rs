//! The API server takes every object as it is: applied stage by stage, strictly, nothing refused, warned about or
//! pruned; applied again, nothing changes.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use watershed::model::plan::ClusterPlan;
use watershed::model::value::Version;

use crate::ground::kubectl::{Applied, Kubectl};
use crate::ground::{During as _, Outcome};
use crate::subject::Subject;

/// Applies everything of a cluster; what was wrong with it.
///
/// # Errors
/// An object is refused: the API server's words.
pub fn apply(kubectl: &Kubectl, subject: &Subject<'_>) -> Outcome<(Vec<Value>, Vec<String>)> {
    let mut objects = Vec::new();
    let mut wrong = Vec::new();
    for stage in subject.emitted.stages()? {
        let emitted = emitted(&stage)?;
        let applied = kubectl.apply(std::slice::from_ref(&stage))?;
        wrong.extend(warnings(&subject.plan, &applied).map(|w| format!("the API server warns: {w}")));
        let live: BTreeMap<String, &Value> = applied.objects.iter().map(|o| (identity(o), o)).collect();
        for object in &emitted {
            let name = identity(object);
            match live.get(&name) {
                Some(live) => lost(object, live, &name, &mut wrong),
                None => wrong.push(format!("{name} is emitted and was not applied")),
            }
        }
        objects.extend(applied.objects);
    }
    Ok((objects, wrong))
}

/// A Prometheus is led to a host name by a slice of names and by nothing else; they are deprecated, and served.
const KNOWN: &str = "FQDN endpoints are deprecated";

/// What the API server warns about that holds for the version of a plan: `v1 Endpoints is deprecated in v1.33+` is
/// nothing to one that knows nothing newer.
pub fn warnings<'a>(plan: &'a ClusterPlan<'_>, applied: &'a Applied) -> impl Iterator<Item = &'a String> {
    let declared = plan.cluster.versions.get("kubernetes").map(|v| v.value);
    let later = move |warning: &str| {
        let since = warning.split(" is deprecated in v").nth(1)?.split('+').next()?;
        Some(!declared?.at_least(Version::parse(since).ok()?))
    };
    applied.warnings.iter().filter(move |w| !w.ends_with(KNOWN) && !later(w).unwrap_or(false))
}

/// Applies everything again: what that changed.
///
/// # Errors
/// As for [`apply`].
pub fn apply_again(kubectl: &Kubectl, subject: &Subject<'_>, before: &[Value]) -> Outcome<Vec<String>> {
    // The generation stands for what somebody asked for: controllers that write the status don't raise it.
    let state = |o: &Value| (o["metadata"]["generation"].clone(), ours(o));
    let known: BTreeMap<String, _> = before.iter().map(|o| (identity(o), state(o))).collect();
    let mut changed = Vec::new();
    for stage in subject.emitted.stages()? {
        for object in kubectl.apply(&[stage])?.objects {
            let name = identity(&object);
            if known.get(&name) != Some(&state(&object)) {
                changed.push(format!("{name} is changed by applying it again"));
            }
        }
    }
    Ok(changed)
}

/// What Watershed is on record as having set, and when.
fn ours(object: &Value) -> Option<Value> {
    let all = object["metadata"]["managedFields"].as_array()?;
    all.iter().find(|m| m["manager"] == crate::ground::kubectl::OWNER && m["operation"] == "Apply").cloned()
}

/// The objects of a stage's files.
fn emitted(stage: &Path) -> Outcome<Vec<Value>> {
    let mut objects = Vec::new();
    for entry in std::fs::read_dir(stage).during(stage.display())? {
        let path = entry.during(stage.display())?.path();
        if path.extension().is_some_and(|e| e == "yaml") && !path.ends_with("kustomization.yaml") {
            let text = std::fs::read_to_string(&path).during(path.display())?;
            objects.push(serde_yaml::from_str(&text).during(path.display())?);
        }
    }
    Ok(objects)
}

fn identity(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or("");
    let (kind, namespace, name) = (text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
}

/// Every field that was emitted and is not what the API server keeps.
fn lost(emitted: &Value, live: &Value, path: &str, wrong: &mut Vec<String>) {
    match (emitted, live) {
        (Value::Object(emitted), Value::Object(live)) => {
            for (key, value) in emitted {
                match live.get(key) {
                    Some(live) => lost(value, live, &format!("{path}.{key}"), wrong),
                    // An empty map or list, and null, say nothing that an absent one does not.
                    None if says_nothing(value) => {}
                    None => wrong.push(format!("{path}.{key} is pruned")),
                }
            }
        }
        (Value::Array(emitted), Value::Array(live)) if emitted.len() == live.len() => {
            for (i, (emitted, live)) in emitted.iter().zip(live).enumerate() {
                lost(emitted, live, &format!("{path}[{i}]"), wrong);
            }
        }
        _ if emitted == live => {}
        _ => wrong.push(format!("{path} is emitted as {emitted} and kept as {live}")),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
