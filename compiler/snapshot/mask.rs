//! What must not be kept of an object: contents of Secrets, and what looks like a credential elsewhere.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::spec::conceal::{Conceal, Variables};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Annotations of Secrets that are longer may hold a copy of them.
const SHORT: usize = 128;

/// Puts `sha256:…` in the place of every credential. Two of one snapshot can be told to be the same; without the salt,
/// which is not kept, nobody can try out what they are.
pub fn mask(object: &mut Json, salt: &[u8; 16]) {
    Mask { salt, known: None }.object(object);
}

/// The same, and every value of a variable that is not known: what somebody else has set may be anything.
pub(super) fn mask_unknown(object: &mut Json, salt: &[u8; 16], known: &Known) {
    Mask { salt, known: Some(known) }.object(object);
}

/// Values of variables that stand in objects which are checked in or compiled: what is in a repository is no secret.
#[derive(Debug, Clone, Default)]
pub struct Known(BTreeSet<String>);

impl Known {
    /// Takes in the variables of an object.
    pub fn add(&mut self, value: &Json) {
        match value {
            Json::Array(items) => items.iter().for_each(|item| self.add(item)),
            Json::Object(entries) => {
                let variables = entries.get("env").and_then(Json::as_array).into_iter().flatten();
                self.0.extend(variables.filter_map(|v| v.get("value")?.as_str()).map(str::to_owned));
                entries.values().for_each(|value| self.add(value));
            }
            _ => {}
        }
    }

    fn holds(&self, value: &str) -> bool {
        self.0.contains(value) || is_amount(value)
    }
}

/// A port, a number, a size or a time: `8080`, `1.5`, `512MiB`, `30s`.
fn is_amount(value: &str) -> bool {
    const DIGITS: usize = 5;
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &value[..value.len() - unit.len()];
    const UNITS: [&str; 16] = ["", "%", "ms", "s", "m", "h", "d", "B", "k", "M", "G", "Ki", "Mi", "Gi", "MiB", "GiB"];
    (1..=DIGITS).contains(&number.len()) && UNITS.contains(&unit)
}

struct Mask<'s> {
    salt: &'s [u8; 16],
    known: Option<&'s Known>,
}

impl Mask<'_> {
    fn object(&self, object: &mut Json) {
        let secret = object.get("kind").and_then(Json::as_str) == Some("Secret");
        if let Some(Json::Object(annotations)) = object.pointer_mut("/metadata/annotations") {
            for (name, value) in annotations {
                let Json::String(text) = value else { continue };
                if name == LAST_APPLIED {
                    *text = self.copy(text);
                } else if secret && (text.len() > SHORT || text.starts_with(['{', '['])) {
                    *text = self.hash(text);
                }
            }
        }
        for key in ["data", "stringData"] {
            match object.get_mut(key) {
                Some(Json::Object(data)) if secret => data.values_mut().for_each(|value| self.whole(value)),
                Some(Json::Null) | None => {}
                Some(value) if secret => self.whole(value),
                Some(_) => {}
            }
        }
        let mut hide = |text: &str| self.hash(text);
        let known = |value: &str| self.known.is_some_and(|known| known.holds(value));
        let variables = if self.known.is_some() { Variables::Unless(&known) } else { Variables::None };
        Conceal { hide: &mut hide, exact: true, variables }.value("", object);
    }

    /// An object within a string, masked as the object itself; what cannot be read is not kept.
    fn copy(&self, text: &str) -> String {
        match serde_json::from_str::<Json>(text) {
            Ok(mut copy @ Json::Object(_)) => {
                self.object(&mut copy);
                copy.to_string()
            }
            _ => self.hash(text),
        }
    }

    fn whole(&self, value: &mut Json) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        *value = self.hash(&text).into();
    }

    fn hash(&self, text: &str) -> String {
        if is_masked(text) {
            return text.to_owned();
        }
        let digest = Sha256::new().chain_update(self.salt).chain_update(text.as_bytes()).finalize();
        digest.iter().fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
    }
}

fn is_masked(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}
