//! Values that look like credentials, with a number in their place: who reads a change still sees which of them are one
//! and the same.
//!
//! A spec takes none, so that these come from live clusters and from files edited by hand. What gives one away is the
//! kind of the object, the key it stands under, the flag it is handed to, or its own looks.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::spec::conceal::{Conceal, SHORT, Variables};
use crate::spec::telling::{self, of_items, smells};

/// The numbers given so far; one for everything that is shown together.
#[derive(Debug, Default, Clone)]
pub struct Masks {
    numbers: BTreeMap<String, usize>,
}

impl Masks {
    /// Hides what has to be hidden in a value that stands at a path, as people read it.
    pub fn value(&mut self, path: &str, value: &mut Json) {
        self.hidden(path, value, false);
    }

    /// As [`value`](Masks::value), of something that only a live object has: its variables are a stranger's.
    pub fn strange(&mut self, path: &str, value: &mut Json) {
        self.hidden(path, value, true);
    }

    /// Hides credentials in a text that is no value: a path, a consequence.
    pub fn text(&mut self, text: &mut String) {
        self.with(false, |conceal| conceal.text(text));
    }

    /// Hides a value altogether: what stands before it tells that it is a credential.
    pub fn whole(&mut self, value: &mut Json) {
        self.with(false, |conceal| conceal.value("password", value));
    }

    /// A line of a spec as it may be quoted: what is hidden in the changes shown with it is hidden here too, and what is a
    /// credential by its looks.
    pub fn quoted(&self, line: &str) -> String {
        let mut line = line.to_owned();
        let mut known: Vec<(&String, &usize)> =
            self.numbers.iter().filter(|(text, _)| text.chars().count() >= SHORT && line.contains(*text)).collect();
        known.sort_by_key(|(text, _)| Reverse(text.len()));
        for (text, number) in known {
            line = line.replace(text.as_str(), &format!("(hidden #{number})"));
        }
        let mut hide = |_: &str| "(hidden)".to_owned();
        Conceal { hide: &mut hide, exact: false, variables: Variables::None }.text(&mut line);
        line
    }

    /// A path that ends with the value itself, as items of sets are called, with what stands for it.
    pub fn own_name(path: &mut String, value: &Json, masked: &Json) {
        if let Some(list) = path.strip_suffix(&label(value)).filter(|_| value != masked) {
            *path = format!("{list}{}", label(masked));
        }
    }

    fn hidden(&mut self, path: &str, value: &mut Json, variables: bool) {
        let of_set = path.strip_suffix(&label(value)).map(|list| format!("{list}[0]"));
        let path = of_set.as_deref().unwrap_or(path);
        let [grand, parent, key] = last_three(path);
        let leaf = value.is_string() || value.is_number();
        // `tokens.admin`, `credentials.db.word`: an entry of a map that tells.
        let entry = match telling::of_entry(parent, key) {
            Some(one) => Some(if leaf { one } else { parent }),
            None => telling::of_entry(grand, parent)
                .filter(|_| telling::of_entry(grand, key).is_some())
                .map(|one| if leaf { one } else { grand }),
        };
        let variable = variables && grand == "env" && key == "value";
        // An item that is known by its place alone: its name, which would tell, is another difference.
        let nameless = key == "value"
            && parent.bytes().all(|b| b.is_ascii_digit())
            && (grand == "env" || grand.to_ascii_lowercase().ends_with("headers"))
            && !value.as_str().is_some_and(is_number);
        let variable = variable || nameless;
        let key = match key {
            _ if variable => "password",
            // One variable, whole.
            _ if parent == "env" && value.is_object() => parent,
            "value" if smells(parent) => parent,
            _ if entry.is_some() => entry.unwrap_or(key),
            place if !place.is_empty() && place.bytes().all(|b| b.is_ascii_digit()) => of_items(parent),
            key => key,
        };
        self.with(variables, |conceal| conceal.value(key, value));
    }

    fn with(&mut self, variables: bool, f: impl FnOnce(&mut Conceal<'_>)) {
        let numbers = &mut self.numbers;
        let mut hide = |text: &str| {
            let next = numbers.len() + 1;
            format!("(hidden #{})", numbers.entry(text.to_owned()).or_insert(next))
        };
        let variables = if variables { Variables::All } else { Variables::None };
        f(&mut Conceal { hide: &mut hide, exact: false, variables });
    }
}

/// What an item of a set is called in paths.
fn label(value: &Json) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    format!("[{value}]")
}

/// `15000`, `30s`: nobody logs in with it.
fn is_number(text: &str) -> bool {
    text.len() <= 8 && text.starts_with(|c: char| c.is_ascii_digit())
}

/// The last keys of a path, outermost first: `…env[DB_PASSWORD].value`.
fn last_three(path: &str) -> [&str; 3] {
    let mut steps = path.rsplit(['.', '[']).map(|step| step.trim_end_matches(']').trim_matches('"'));
    let mut all = [steps.next(), steps.next(), steps.next()].map(Option::unwrap_or_default);
    all.reverse();
    all
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
            ("spec.passwords[0]", json!("canary")),
            ("spec.extraArgs[\"httpAuth.password\"][1]", json!("canary")),
            ("spec.extraArgs.snapshotAuthKey[0]", json!("canary")),
            ("spec.containers[a].args", json!(["--pass", "canary"])),
            ("spec.containers[a].command[2]", json!("curl -u admin:canary http://x")),
            ("spec.containers[a].args[3]", json!("-remoteWrite.basicAuth.password=canary")),
            ("metadata.annotations[\"example.com/token\"]", json!("canary")),
            ("data[\"a.yaml\"].datasources[a].secureJsonData.httpHeaderValue1", json!("canary")),
            ("data[\"a.yaml\"].datasources[a].secureJsonData", json!({"httpHeaderValue1": "canary"})),
            ("data[\"a.yaml\"].datasources", json!([{"name": "a", "secureJsonData": {"httpHeaderValue1": "canary"}}])),
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
        let mut plain = json!("canary");
        Masks::default().strange("spec.template.spec.containers[x].env[PLAIN].value", &mut plain);
        assert_eq!(plain, json!("(hidden #1)"));
        assert_eq!(masked("spec.containers[a].env[2].value", json!("canary")), "\"(hidden #1)\"");
        assert_eq!(masked("spec.containers[a].env[2].value", json!("15000")), "\"15000\"");
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
    fn an_item_of_a_set_is_not_told_by_its_name_either() {
        let (value, mut path) = (json!("hunter2"), "spec.tokens[\"hunter2\"]".to_owned());
        let mut masked = value.clone();
        Masks::default().value(&path, &mut masked);
        Masks::own_name(&mut path, &value, &masked);
        assert_eq!((path.as_str(), masked), ("spec.tokens[\"(hidden #1)\"]", json!("(hidden #1)")));
    }

    #[test]
    fn entries_of_a_map_that_tells_are_hidden_one_by_one() {
        for path in ["spec.passwords.admin", "data.credentials.db", "spec.tokens.a.b"] {
            assert_eq!(masked(path, json!("hunter2")), "\"(hidden #1)\"", "{path}");
        }
        assert_eq!(masked("spec.credentials.name", json!("a")), "\"a\"");
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
