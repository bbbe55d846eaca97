//! Values that look like credentials, with a number in their place: who reads a change still sees which of them are one
//! and the same.
//!
//! A spec takes none, so that these come from live clusters and from files edited by hand. What gives one away is the
//! kind of the object, the key it stands under, the flag it is handed to, or its own looks.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::diag::veil;
use crate::spec::secret;

/// The numbers given so far; one for everything that is shown together.
#[derive(Debug, Default)]
pub(super) struct Masks {
    numbers: BTreeMap<String, usize>,
}

impl Masks {
    /// Hides what has to be hidden in a value that stands at a path, as people read it.
    pub fn value(&mut self, path: &str, value: &mut Json) {
        let (parent, key) = last_two(path);
        let named = key == "value" && smells(parent);
        self.below(if named { parent } else { key }, value);
    }

    /// Hides credentials in a text that is no value: a path, a consequence.
    pub fn text(&mut self, text: &mut String) {
        if let Some(veiled) = veil::veiled(text) {
            *text = veiled;
        }
        // Of URLs only what is secret in them goes, and that is gone.
        if secret::look(text).is_some_and(|look| !look.starts_with("a URL")) {
            self.hide(text);
        }
        // A name that somebody has put one into still says the rest.
        let words: Vec<String> = secret::by_chance(text).map(str::to_owned).collect();
        for word in words {
            let mut hidden = word.clone();
            self.hide(&mut hidden);
            *text = text.replace(&word, &hidden);
        }
    }

    fn below(&mut self, key: &str, value: &mut Json) {
        match value {
            Json::String(text) => self.string(key, text),
            Json::Array(items) => {
                let texts: Vec<Option<&str>> = items.iter().map(Json::as_str).collect();
                let handed: Vec<usize> = secret::arguments(&texts).into_iter().map(|(at, _)| at).collect();
                for (at, item) in items.iter_mut().enumerate() {
                    match item {
                        // A word of its own behind its flag; one with its flag is cut behind the `=`.
                        Json::String(text) if handed.contains(&at) && !text.starts_with('-') => self.hide(text),
                        item => self.below("", item),
                    }
                }
            }
            Json::Object(entries) => {
                // `{name: DB_PASSWORD, value: …}`: an environment variable, a header.
                let named = entries.get("name").and_then(Json::as_str).filter(|name| smells(name)).map(str::to_owned);
                let all = std::mem::take(entries).into_iter().map(|(mut key, mut value)| {
                    let known = named.as_deref().filter(|_| key == "value");
                    self.below(known.unwrap_or(&key), &mut value);
                    self.text(&mut key);
                    (key, value)
                });
                *entries = all.collect();
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn string(&mut self, key: &str, text: &mut String) {
        if text.is_empty() || is_reference(text) {
            return;
        }
        if let Some(flag) = secret::flag(text).map(str::len) {
            let mut value = text.split_off(flag + 1);
            self.hide(&mut value);
            text.push_str(&value);
            return;
        }
        if smells(key) || key.ends_with(LAST_APPLIED) || secret::by_chance(text).next().is_some() {
            self.hide(text);
            return;
        }
        // A document with URLs in it is shown without what is secret in them.
        self.text(text);
    }

    fn hide(&mut self, text: &mut String) {
        let next = self.numbers.len() + 1;
        let number = *self.numbers.entry(std::mem::take(text)).or_insert(next);
        *text = format!("(hidden #{number})");
    }
}

/// What `kubectl apply` notes is the whole object once more.
const LAST_APPLIED: &str = "last-applied-configuration";

/// Keys whose values are credentials.
fn smells(key: &str) -> bool {
    const HEADERS: [&str; 4] = ["authorization", "x-api-key", "x-auth-token", "cookie"];
    secret::is_credential_key(key) || HEADERS.iter().any(|h| key.eq_ignore_ascii_case(h))
}

/// Text that names where the credential is.
fn is_reference(text: &str) -> bool {
    text.starts_with("$(") || text.starts_with("${") || text.starts_with("{{") || text.starts_with("(hidden")
}

/// The last key of a path and the one before it: `…env[DB_PASSWORD].value`.
fn last_two(path: &str) -> (&str, &str) {
    let mut steps = path.rsplit(['.', '[']).map(|step| step.trim_end_matches(']').trim_matches('"'));
    let last = steps.next().unwrap_or_default();
    (steps.next().unwrap_or_default(), last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CANARY: &str = "kA9rQ2xV7bT4mZ1pL8wE5sY3";

    fn masked(path: &str, mut value: Json) -> String {
        Masks::default().value(path, &mut value);
        value.to_string()
    }

    #[test]
    fn a_credential_is_hidden_by_its_key_its_flag_its_name_and_its_looks() {
        for (path, value) in [
            ("spec.remoteWrite[a].bearerToken", json!("canary")),
            ("spec.remoteWrite[a].headers.Authorization", json!("canary")),
            ("spec.containers[a].env[DB_PASSWORD].value", json!("canary")),
            ("spec.containers[a].env", json!([{"name": "DB_PASSWORD", "value": "canary"}])),
            ("spec.containers[a].args", json!(["--web.password", "canary"])),
            ("spec.containers[a].args[3]", json!("-remoteWrite.basicAuth.password=canary")),
            ("metadata.annotations[\"example.com/token\"]", json!("canary")),
            ("data[\"admin-password\"]", json!("canary")),
            ("spec.remoteWrite[a].url", json!("https://user:canary@example.com")),
            ("spec.remoteWrite[a].url", json!("https://example.com/write?token=canary")),
            (
                "metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]",
                json!("{\"data\":{\"a\":\"canary\"}}"),
            ),
            ("metadata.annotations.note", json!("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.canary")),
        ] {
            let shown = masked(path, value);
            assert!(!shown.contains("canary"), "{path}: {shown}");
        }
        for text in [CANARY.to_owned(), format!("key is {CANARY}"), format!("password: \"{CANARY}\"\n")] {
            assert!(!masked("data.config", json!(text)).contains(CANARY), "{text}");
        }
        let mut by = format!("somebody-{CANARY} at 2026-11-22T10:00:00Z");
        Masks::default().text(&mut by);
        assert_eq!(by, "somebody-(hidden #1) at 2026-11-22T10:00:00Z");
    }

    #[test]
    fn what_is_no_credential_stays() {
        for (path, value) in [
            ("spec.template.spec.automountServiceAccountToken", json!(true)),
            ("spec.remoteWrite[a].basicAuth.password", json!({"name": "secret", "key": "password"})),
            ("spec.containers[a].env[DB_PASSWORD].valueFrom", json!({"secretKeyRef": {"name": "a", "key": "b"}})),
            (
                "spec.image",
                json!("quay.io/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
            ),
            ("metadata.uid", json!("2f4a8e0c-6a3b-4a53-9a55-2f1a6d7b8c9d")),
            ("spec.expr", json!("sum(rate(container_cpu_usage_seconds_total[5m])) by (namespace)")),
            ("spec.name", json!("ClusterMonitoringErrorBudgetBurnV2Alpha1Beta")),
            ("spec.args[0]", json!("--web.password=$(PASSWORD)")),
        ] {
            let text = value.to_string();
            assert_eq!(masked(path, value), text, "{path}");
        }
    }

    #[test]
    fn equal_values_have_equal_numbers() {
        let mut value = json!({"a": {"password": "one"}, "b": {"password": "two"}, "c": {"password": "one"}});
        let mut masks = Masks::default();
        masks.value("data", &mut value);
        assert_eq!(
            value,
            json!({"a": {"password": "(hidden #1)"}, "b": {"password": "(hidden #2)"}, "c": {"password": "(hidden #1)"}})
        );
        let mut again = json!("two");
        masks.value("spec.password", &mut again);
        assert_eq!(again, json!("(hidden #2)"));
    }
}
