//! Differences that the spec leaves to somebody else.

use crate::diff::Change;
use crate::object::ObjectId;

/// What is not to be told of some objects: differences of these fields, or made by these managers.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    pub kind: String,
    /// `*` stands for anything.
    pub name: String,
    /// Keys from the top.
    pub fields: Vec<Vec<String>>,
    pub managers: Vec<String>,
    pub why: String,
}

impl Ignore {
    pub fn is_about(&self, id: &ObjectId) -> bool {
        self.kind == id.kind && crate::model::value::glob(&self.name, &id.name)
    }

    /// Whether it takes a difference back; `managers` are those who own the live value.
    pub(in crate::diff) fn takes(&self, change: &Change, managers: &[&str]) -> bool {
        let by_manager = !managers.is_empty() && managers.iter().all(|m| self.managers.iter().any(|i| i == m));
        by_manager || self.fields.iter().any(|field| leads_to(field, &change.path))
    }
}

/// Whether the keys of a pointer are those of a path as people read it, or of something it stands in. An item of a
/// list is known by what the path calls it: its name, or its place.
fn leads_to(keys: &[String], shown: &str) -> bool {
    let mut rest = shown;
    for key in keys {
        let quoted = format!("[{}]", serde_json::Value::from(key.as_str()));
        let item = format!("[{key}]");
        let dotted = format!(".{key}");
        let bare = if rest.len() == shown.len() { key.as_str() } else { dotted.as_str() };
        let after = [bare, &quoted, &item].into_iter().find_map(|step| rest.strip_prefix(step));
        match after.filter(|after| after.is_empty() || after.starts_with(['.', '['])) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_to_paths() {
        let leads = |pointer: &str, path: &str| {
            let keys: Vec<String> = pointer.split('/').skip(1).map(|k| k.replace("~1", "/")).collect();
            leads_to(&keys, path)
        };
        assert!(leads("/spec/replicas", "spec.replicas"));
        assert!(leads("/spec", "spec.replicas"));
        assert!(!leads("/spec/replica", "spec.replicas") && !leads("/spec/replicas/a", "spec.replicas"));
        assert!(leads("/metadata/annotations/a.b~1c", "metadata.annotations[\"a.b/c\"]"));
        assert!(leads("/spec/containers/app/image", "spec.containers[app].image"));
        assert!(leads("/spec/endpoints/0", "spec.endpoints[0].interval"));
    }
}
