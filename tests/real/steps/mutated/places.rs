//! Places in objects: as they are walked to, as a comparison of two JSON values finds them, and as our output writes them.

use serde_json::Value;

/// A step from a value into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Item(usize),
    /// Into the document that a string holds.
    Text,
}

/// How one value differs from another at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Added,
    Removed,
    Changed,
}

#[derive(Debug, Clone)]
pub struct Difference {
    pub at: Vec<Step>,
    pub way: Way,
}

/// How the place a report names stands to the place of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near {
    Exactly,
    /// It names something inside.
    Inside,
    /// It names something that this stands in.
    Around,
}

/// Where a string is a document: its key says so, and it reads as one.
pub fn document(key: &str, text: &str) -> Option<Value> {
    let named = [".json", ".yaml", ".yml"].iter().any(|ending| key.ends_with(ending));
    let value: Value = if named { serde_yaml::from_str(text).ok()? } else { return None };
    (value.is_object() || value.is_array()).then_some(value)
}

/// Changes what stands at a place through its parent; whether the place is there.
pub fn edit(value: &mut Value, at: &[Step], change: &mut dyn FnMut(&mut Value, &Step)) -> bool {
    let [step, rest @ ..] = at else { return false };
    if rest.is_empty() {
        change(value, step);
        return true;
    }
    match (step, value) {
        (Step::Key(key), Value::Object(entries)) => entries.get_mut(key).is_some_and(|v| edit(v, rest, change)),
        (Step::Item(i), Value::Array(items)) => items.get_mut(*i).is_some_and(|v| edit(v, rest, change)),
        (Step::Text, Value::String(text)) => {
            let Ok(mut inner) = serde_yaml::from_str::<Value>(text) else { return false };
            let is_there = edit(&mut inner, rest, change);
            let as_json = text.trim_start().starts_with(['{', '[']);
            *text = if as_json { inner.to_string() } else { serde_yaml::to_string(&inner).unwrap_or_default() };
            is_there
        }
        _ => false,
    }
}

/// What stands at a place.
pub fn get(value: &Value, at: &[Step]) -> Option<Value> {
    let [step, rest @ ..] = at else { return Some(value.clone()) };
    match (step, value) {
        (Step::Key(key), Value::Object(entries)) => get(entries.get(key)?, rest),
        (Step::Item(i), Value::Array(items)) => get(items.get(*i)?, rest),
        (Step::Text, Value::String(text)) => get(&serde_yaml::from_str(text).ok()?, rest),
        _ => None,
    }
}

/// An object without what the server alone writes.
pub fn bare(object: &Value) -> Value {
    let mut bare = object.clone();
    bare.as_object_mut().map(|o| o.remove("status"));
    if let Some(metadata) = bare.get_mut("metadata").and_then(Value::as_object_mut) {
        for own in ["managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"] {
            metadata.remove(own);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    bare
}

/// Where two values differ, told without anything that is under test.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    differ(before, after, "", &mut Vec::new(), &mut found);
    found
}

fn differ(before: &Value, after: &Value, key: &str, at: &mut Vec<Step>, found: &mut Vec<Difference>) {
    let mut tell = |at: &[Step], way| found.push(Difference { at: at.to_vec(), way });
    match (before, after) {
        _ if before == after => {}
        (Value::Object(b), Value::Object(a)) => {
            let mut keys: Vec<&String> = b.keys().chain(a.keys().filter(|k| !b.contains_key(*k))).collect();
            keys.sort();
            for key in keys {
                at.push(Step::Key(key.clone()));
                match (b.get(key), a.get(key)) {
                    (Some(b), Some(a)) => differ(b, a, key, at, found),
                    (None, _) => found.push(Difference { at: at.clone(), way: Way::Added }),
                    (_, None) => found.push(Difference { at: at.clone(), way: Way::Removed }),
                }
                at.pop();
            }
        }
        (Value::Array(b), Value::Array(a)) => {
            let same = b.iter().zip(a).take_while(|(b, a)| b == a).count();
            let (way, number) = match a.len().cmp(&b.len()) {
                std::cmp::Ordering::Equal => (Way::Changed, 0),
                std::cmp::Ordering::Greater => (Way::Added, a.len() - b.len()),
                std::cmp::Ordering::Less => (Way::Removed, b.len() - a.len()),
            };
            if number == 0 {
                for (i, (b, a)) in b.iter().zip(a).enumerate() {
                    at.push(Step::Item(i));
                    differ(b, a, "", at, found);
                    at.pop();
                }
            }
            for i in same..same + number {
                at.push(Step::Item(i));
                found.push(Difference { at: at.clone(), way });
                at.pop();
            }
        }
        (Value::String(b), Value::String(a)) => match (document(key, b), document(key, a)) {
            (Some(b), Some(a)) if b != a => {
                at.push(Step::Text);
                differ(&b, &a, "", at, found);
                at.pop();
            }
            _ => tell(at, Way::Changed),
        },
        _ => tell(at, Way::Changed),
    }
}

/// `spec.containers[0].image`: for what is told.
pub fn shown(at: &[Step]) -> String {
    let mut text = String::new();
    for step in at {
        match step {
            Step::Key(key) => text.push_str(&format!(".{key}")),
            Step::Item(i) => text.push_str(&format!("[{i}]")),
            Step::Text => text.push_str(" : "),
        }
    }
    text.trim_start_matches('.').to_owned()
}

/// A step of a path as our output writes it.
#[derive(Debug)]
enum Word {
    Key(String),
    /// What an item of a list is called.
    Label(String),
    /// A key that is no plain word, or an item that is a text.
    Quoted(String),
}

fn words(path: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let mut texts = serde_json::Deserializer::from_str(inside).into_iter::<String>();
            let quoted = texts.next().and_then(Result::ok).map(|text| (text, texts.byte_offset()));
            if let Some((text, end)) = quoted.filter(|(_, end)| inside[*end..].starts_with(']')) {
                words.push(Word::Quoted(text));
                rest = &inside[end + 1..];
                continue;
            }
            let ends = inside.match_indices(']').map(|(i, _)| i);
            let end = ends.clone().find(|i| {
                let after = &inside[i + 1..];
                after.is_empty() || after.starts_with(['.', '['])
            });
            let Some(end) = end else { break };
            words.push(Word::Label(inside[..end].to_owned()));
            rest = &inside[end + 1..];
        } else {
            let word = rest.strip_prefix('.').unwrap_or(rest);
            let end = word.find(['.', '[']).unwrap_or(word.len());
            words.push(Word::Key(word[..end].to_owned()));
            rest = &word[end..];
        }
    }
    words
}

/// How a path of our output stands to a place, which is in at least one of two objects.
pub fn near(path: &str, at: &[Step], objects: [&Value; 2]) -> Option<Near> {
    let words = words(path);
    let steps: Vec<(usize, &Step)> = at.iter().enumerate().filter(|(_, step)| **step != Step::Text).collect();
    for (word, (i, step)) in words.iter().zip(&steps) {
        let is_it = match (word, step) {
            (Word::Key(key) | Word::Quoted(key), Step::Key(own)) => key == own,
            (Word::Label(label) | Word::Quoted(label), Step::Item(place)) => {
                let items = objects.map(|o| get(o, &at[..=*i]));
                label.parse() == Ok(*place)
                    || items.iter().flatten().any(|item| is_called(item, label))
                    // Of several that are alike any may be meant.
                    || objects.iter().any(|o| is_alike(o, &at[..*i], label, *place))
            }
            _ => false,
        };
        if !is_it {
            return None;
        }
    }
    Some(match words.len().cmp(&steps.len()) {
        std::cmp::Ordering::Equal => Near::Exactly,
        std::cmp::Ordering::Greater => Near::Inside,
        std::cmp::Ordering::Less => Near::Around,
    })
}

fn is_called(item: &Value, label: &str) -> bool {
    // Which of several of one name it is does not tell more.
    let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    let label = label.rsplit_once(" #").filter(|(_, n)| is_number(n)).map_or(label, |(name, _)| name);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_it = |text: String| text == label;
    match item {
        Value::Object(fields) => {
            // By one of its fields, or by several.
            let has = |part: &str| fields.values().any(|v| text(v) == part);
            has(label) || label.split(',').all(has)
        }
        // An argument, by its flag.
        Value::String(argument) if argument.split('=').next() == Some(label) => true,
        item => is_it(text(item)) || is_it(item.to_string()),
    }
}

fn is_alike(object: &Value, list: &[Step], label: &str, place: usize) -> bool {
    let Some(Value::Array(items)) = get(object, list) else { return false };
    let there = label.parse::<usize>().ok().and_then(|i| items.get(i));
    there.is_some() && there == items.get(place)
}
