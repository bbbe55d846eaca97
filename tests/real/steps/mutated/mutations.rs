//! What may be done to an object: every value of it changed, everything in it taken away, and to every map and list
//! something put that nobody asked for.

use serde_json::{Value, json};
use watershed::catalog::fields::{Field, Type};

use super::places::{Step, document};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Changed,
    Removed,
    Added,
}

#[derive(Debug, Clone)]
pub struct Mutation {
    pub kind: Kind,
    pub at: Vec<Step>,
    /// What to put there: the first that the API server takes. Nothing of what is taken away.
    pub values: Vec<Value>,
}

/// How many fields nobody asked for are put into one map.
const FOREIGN: usize = 8;
/// How many values of a document inside a string are changed and taken away; every so-manieth of a larger one.
const OF_A_DOCUMENT: usize = 60;

/// All that can be done to an object whose fields are those of a table.
pub fn of(object: &Value, table: Field) -> Vec<Mutation> {
    let mut all = Vec::new();
    walk(object, Some(table), &mut Vec::new(), &mut all);
    // An object of another name is another object.
    let is_identity = |m: &Mutation| {
        let keys: Vec<&str> = m.at.iter().map(|s| if let Step::Key(key) = s { key.as_str() } else { "" }).collect();
        matches!(keys[..], ["apiVersion" | "kind" | "metadata"] | ["metadata", "name" | "namespace"])
    };
    all.retain(|m| !is_identity(m));
    all
}

fn walk(value: &Value, field: Option<Field>, at: &mut Vec<Step>, all: &mut Vec<Mutation>) {
    let put = |kind, at: &[Step], values, all: &mut Vec<Mutation>| all.push(Mutation { kind, at: at.to_vec(), values });
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                at.push(Step::Key(key.clone()));
                put(Kind::Removed, at, Vec::new(), all);
                walk(value, field.and_then(|f| f.child(key)), at, all);
                if let Some(document) = value.as_str().and_then(|text| document(key, text)) {
                    inside(&document, at, all);
                }
                at.pop();
            }
            for (key, values) in foreign(entries, field, at) {
                at.push(Step::Key(key));
                put(Kind::Added, at, values, all);
                at.pop();
            }
        }
        Value::Array(items) => {
            let of_items = field.and_then(Field::items);
            for (i, item) in items.iter().enumerate() {
                at.push(Step::Item(i));
                put(Kind::Removed, at, Vec::new(), all);
                walk(item, of_items, at, all);
                at.pop();
            }
            at.push(Step::Item(items.len()));
            let values = match items.last() {
                Some(last) => another(last, of_items),
                None => of_items.map(example).unwrap_or_default(),
            };
            put(Kind::Added, at, values, all);
            at.pop();
        }
        scalar => put(Kind::Changed, at, changed(scalar, field), all),
    }
}

/// A document inside a string: a sample of it.
fn inside(document: &Value, at: &mut Vec<Step>, all: &mut Vec<Mutation>) {
    let mut inner = Vec::new();
    at.push(Step::Text);
    walk(document, None, at, &mut inner);
    at.pop();
    let every = inner.len().div_ceil(2 * OF_A_DOCUMENT).max(1);
    all.extend(inner.into_iter().step_by(every));
}

/// Other values that might stand in the place of one.
fn changed(value: &Value, field: Option<Field>) -> Vec<Value> {
    match value {
        Value::Bool(b) => vec![json!(!b)],
        Value::Number(n) => match n.as_i64() {
            Some(i) => vec![json!(i + 1), json!(i - 1), json!(i * 2)],
            None => vec![json!(n.as_f64().unwrap_or(0.0) + 0.5)],
        },
        Value::String(text) => {
            let mut values: Vec<String> = Vec::new();
            let allowed: Vec<String> =
                field.map(|f| f.values().map(|(v, _)| v.to_owned()).collect()).unwrap_or_default();
            values.extend(allowed.into_iter().filter(|v| v != text && !v.is_empty()));
            let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            if let Ok(number) = text[..digits].parse::<u64>() {
                values.push(format!("{}{}", number + 1, &text[digits..]));
            }
            // What Kubernetes knows by a name of its own.
            let others = [
                ("ClusterRole", "Role"),
                ("RuntimeDefault", "Unconfined"),
                ("RollingUpdate", "OnDelete"),
                ("RollingUpdate", "Recreate"),
                ("TCP", "UDP"),
                ("HTTP", "HTTPS"),
                ("Parallel", "OrderedReady"),
                ("ALL", "NET_RAW"),
                ("ClusterFirst", "Default"),
                ("ClusterFirstWithHostNet", "ClusterFirst"),
                ("Exists", "DoesNotExist"),
                ("In", "NotIn"),
                ("NoSchedule", "NoExecute"),
                ("linux", "windows"),
                ("ScheduleAnyway", "DoNotSchedule"),
                ("restricted", "baseline"),
                ("baseline", "privileged"),
                ("privileged", "baseline"),
                ("Retain", "Delete"),
                ("Always", "IfNotPresent"),
                ("None", "10.96.77.77"),
                ("IfNotPresent", "Always"),
                ("File", "FallbackToLogsOnError"),
                ("DirectoryOrCreate", "Directory"),
                ("FQDN", "IPv4"),
                ("OnRootMismatch", "Always"),
                ("HostToContainer", "None"),
                ("get", "list"),
            ];
            values.extend(others.iter().filter(|(a, _)| a == text).map(|(_, b)| (*b).to_owned()));
            values.push(format!("{text}x"));
            values.push(format!("x{text}"));
            values.push(format!("{text}/x"));
            values.into_iter().map(Value::from).collect()
        }
        Value::Null | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

/// One more item beside one.
fn another(item: &Value, field: Option<Field>) -> Vec<Value> {
    let Value::Object(fields) = item else { return changed(item, field) };
    // What tells items apart is different in each.
    let texts: Vec<&String> = fields.iter().filter(|(_, v)| v.is_string()).map(|(k, _)| k).collect();
    let names = ["name", "alert", "record", "mountPath", "action"].map(str::to_owned);
    let mut keys: Vec<&String> = names.iter().filter(|n| texts.contains(n)).collect();
    keys.extend(texts);
    let mut all = Vec::new();
    for key in keys {
        for value in changed(&fields[key], field.and_then(|f| f.child(key))) {
            let mut other = item.clone();
            other[key] = value;
            // Ports are told apart by their numbers too.
            for number in ["containerPort", "hostPort", "port", "nodePort"] {
                if let Some(port) = other.get(number).and_then(Value::as_i64) {
                    other[number] = json!(port + 1_000);
                }
            }
            all.push(other);
        }
    }
    all.push(item.clone());
    all
}

/// Fields that a map does not have and might, each with what may be put there.
fn foreign(there: &serde_json::Map<String, Value>, field: Option<Field>, at: &[Step]) -> Vec<(String, Vec<Value>)> {
    let inside = at.contains(&Step::Text);
    let Some(field) = field.map(Field::target) else {
        return if inside { vec![("foreign".to_owned(), vec![json!("added")])] } else { Vec::new() };
    };
    let is = |name: &str| matches!(at.last(), Some(Step::Key(key)) if key == name);
    if field.ty == Type::Open {
        let values = field.items().map_or_else(Vec::new, example);
        let key = if is("labels") || is("annotations") { "example.com/foreign" } else { "foreign" };
        return vec![(key.to_owned(), values)];
    }
    let metadata = at == [Step::Key("metadata".to_owned())];
    if field.table().kind() == "Namespace" && at.is_empty() {
        // Nobody is there to obey what would be asked of it.
        return Vec::new();
    }
    let usable = |f: &Field| {
        let theirs = ["status", "apiVersion", "kind", "creationTimestamp", "deletionTimestamp", "finalizers"];
        let theirs = theirs.contains(&f.name) || (metadata && !["labels", "annotations"].contains(&f.name));
        !there.contains_key(f.name) && !theirs && !example(*f).is_empty()
    };
    let absent: Vec<Field> = field.children().filter(usable).collect();
    let every = absent.len().div_ceil(FOREIGN).max(1);
    absent.into_iter().step_by(every).map(|f| (f.name.to_owned(), example(f))).collect()
}

/// Something to put into a field of this type: nothing that the API server fills in by itself.
fn example(field: Field) -> Vec<Value> {
    let target = field.target();
    let default: Option<Value> = field.default_json().and_then(|json| serde_json::from_str(json).ok());
    let allowed: Vec<Value> = field.values().map(|(v, _)| json!(v)).filter(|v| *v != "").collect();
    let values = match target.ty {
        _ if !allowed.is_empty() => allowed,
        Type::String | Type::Any => vec![json!("foreign"), json!("/foreign"), json!("10m"), json!("10.0.0.77")],
        Type::Bool => vec![json!(true), json!(false)],
        Type::Int | Type::Number => vec![json!(7), json!(7_777), json!(1)],
        Type::IntOrString => vec![json!(7), json!("7")],
        Type::Quantity => vec![json!("7Mi"), json!("7")],
        Type::Duration => vec![json!("77s")],
        Type::Size => vec![json!("77MB")],
        Type::Time => vec![json!("2026-01-31T12:00:00Z")],
        Type::Base64 => vec![json!("Zm9yZWlnbg==")],
        Type::Open => {
            let inner = target.items().map(example).unwrap_or_default();
            inner.into_iter().map(|v| json!({"foreign": v})).collect()
        }
        Type::List => {
            let inner = target.items().map(example).unwrap_or_default();
            inner.into_iter().map(|v| json!([v])).collect()
        }
        Type::Map => {
            // All that it cannot be without; where there is nothing such, one field.
            let needed: Vec<Field> = target.children().filter(|f| f.required).collect();
            let some: Vec<Field> = target.children().take(if needed.is_empty() { 1 } else { 0 }).collect();
            let fields = needed.into_iter().chain(some);
            let pairs: Option<serde_json::Map<String, Value>> =
                fields.map(|f| Some((f.name.to_owned(), example(f).into_iter().next()?))).collect();
            pairs.filter(|p| !p.is_empty()).map(|p| vec![Value::Object(p)]).unwrap_or_default()
        }
        Type::Shared(_) => Vec::new(),
    };
    values.into_iter().filter(|v| Some(v) != default.as_ref()).collect()
}
