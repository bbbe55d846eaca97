//! Values of a spec in one short line, for `explain`.

use super::merge::{Block, Value};
use crate::syntax::{Data, Node, Object, Scalar, Spanned};

/// How a line reads that takes the inherited value back.
pub const NULL: &str = "#null";

/// `None` where the value is dropped.
pub fn value(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Dropped => return None,
        Value::Scalar(s) => scalar(&s.value)?,
        Value::List(items) => list(items),
        Value::Map(map) => {
            let items = map.values().filter_map(|item| item.nearest());
            items.map(|(k, v)| pair(&k.value, &scalar(&v.value).unwrap_or_default())).collect::<Vec<_>>().join(" ")
        }
        Value::Object(block) => object(block),
        Value::Named(members) => {
            let live = members.iter().filter(|(_, m)| m.block.as_ref().is_some_and(|b| b.flag("disabled").is_none()));
            live.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
        }
        Value::Repeated(objects) => count(objects.len()),
        Value::Free(_) => "{…}".to_owned(),
    })
}

/// A block: the value of its argument, then its other keys.
fn object(block: &Block<'_>) -> String {
    let mut parts = Vec::new();
    for key in block.shape.keys {
        let Some(text) = block.entry(key.name).and_then(|e| value(&e.value)) else { continue };
        parts.push(if block.shape.argument == Some(key.name) { text } else { pair(key.name, &text) });
    }
    parts.join(" ")
}

/// One line as it is written.
pub fn data(data: &Data) -> String {
    match data {
        Data::Null => NULL.to_owned(),
        Data::Scalar(s) => scalar(&s.value).unwrap_or_else(|| NULL.to_owned()),
        Data::List(items) => list(items),
        Data::Map(items) => {
            let pairs = items.iter().map(|(k, v)| pair(&k.value, &scalar(&v.value).unwrap_or_else(|| NULL.to_owned())));
            pairs.collect::<Vec<_>>().join(" ")
        }
        Data::Object(object) => written(object),
        Data::Named(members) => members.iter().map(|m| m.name.value.as_str()).collect::<Vec<_>>().join(" "),
        Data::Repeated(objects) => count(objects.len()),
        Data::Free(_) => "{…}".to_owned(),
    }
}

/// A block as it is written, in one line.
pub fn written(object: &Object) -> String {
    let key = |n: &Node| {
        let text = data(&n.data);
        if object.shape.argument == Some(n.key.name) { text } else { pair(n.key.name, &text) }
    };
    object.nodes.iter().map(key).collect::<Vec<_>>().join(" ")
}

/// `None` for null.
pub fn scalar(scalar: &Scalar) -> Option<String> {
    Some(match scalar {
        Scalar::Null => return None,
        Scalar::Bool(b) => b.to_string(),
        Scalar::Int(i) => i.to_string(),
        Scalar::Float(f) => f.to_string(),
        Scalar::Str(s) => s.clone(),
    })
}

fn list(items: &[Spanned<Scalar>]) -> String {
    items.iter().filter_map(|i| scalar(&i.value)).collect::<Vec<_>>().join(" ")
}

fn pair(key: &str, value: &str) -> String {
    if value.contains(' ') { format!("{key}=\"{value}\"") } else { format!("{key}={value}") }
}

fn count(n: usize) -> String {
    if n == 1 { "1 line".to_owned() } else { format!("{n} lines") }
}
