//! Credentials wherever somebody may have put one: under a key that tells, behind a flag, in a variable or header of such
//! a name, in a document within a text. What comes in their place is up to whoever shows or keeps the value.

use serde_json::Value as Json;

use super::secret;
use super::telling::{self, Handed, is_harmless, is_header, is_reference, smells};
use crate::diag::veil;
use crate::object::Tree;
use crate::syntax::plain;

/// Takes credentials out of values.
pub struct Conceal<'f> {
    /// What stands for a credential.
    pub hide: &'f mut dyn FnMut(&str) -> String,
    /// Of a text in which something is a credential by its looks, no more than that is taken out: texts are compared
    /// later. Otherwise all of it, for what is a credential may be longer than what looks like one; but of URLs their
    /// place is shown.
    pub exact: bool,
    pub variables: Variables<'f>,
}

/// Which values of environment variables are taken out, besides those that their name gives away.
#[derive(Clone, Copy)]
pub enum Variables<'f> {
    None,
    /// Nobody who compiles knows what a stranger's are.
    All,
    /// All but those that this takes for known.
    Unless(&'f dyn Fn(&str) -> bool),
}

impl Variables<'_> {
    fn takes(self, value: &Json) -> bool {
        match self {
            Variables::None => false,
            Variables::All => true,
            Variables::Unless(known) => !value.as_str().is_some_and(known),
        }
    }
}

/// What `kubectl apply` notes is the whole object once more.
const LAST_APPLIED: &str = "last-applied-configuration";
/// Shorter credentials are not looked for in the text around them.
pub const SHORT: usize = 4;

impl Conceal<'_> {
    /// Takes them out of a value that stands under a key.
    pub fn value(&mut self, key: &str, value: &mut Json) {
        match value {
            Json::String(text) => self.string(key, text),
            Json::Number(number) if smells(key) => *value = Json::String((self.hide)(&number.to_string())),
            Json::Array(items) => {
                let texts: Vec<Option<&str>> = items.iter().map(Json::as_str).collect();
                let handed = telling::arguments(&texts);
                let key = telling::of_items(key);
                for (at, item) in items.iter_mut().enumerate() {
                    let how = handed.iter().find(|(behind, _)| *behind == at).map(|(_, how)| *how);
                    match (item, how) {
                        (Json::String(text), Some(Handed::Whole)) => self.whole(text),
                        (Json::String(text), Some(Handed::Login)) => self.login(text),
                        (Json::String(text), Some(Handed::Glued(at))) => {
                            let mut value = text.split_off(at);
                            self.whole(&mut value);
                            text.push_str(&value);
                        }
                        (item, _) => self.value(key, item),
                    }
                }
            }
            Json::Object(entries) => {
                // `{name: DB_PASSWORD, value: …}`: an environment variable, a header.
                let named = ["name", "key"].iter().find_map(|n| entries.get(*n)?.as_str()).map(str::to_owned);
                let variables = if key == "env" { self.variables } else { Variables::None };
                let all = std::mem::take(entries).into_iter().map(|(mut below, mut value)| {
                    match &named {
                        Some(_) if below == "value" && variables.takes(&value) => self.value("password", &mut value),
                        Some(name) if below == "value" && smells(name) => self.value(name, &mut value),
                        // `tokens: [{value: …}]`, `license: {key: …}`.
                        _ if below == "value" && smells(key) => self.value(key, &mut value),
                        _ if below == "key" && key == "license" => self.value(key, &mut value),
                        _ => match telling::of_entry(key, &below) {
                            Some(one) if value.is_string() || value.is_number() => self.value(one, &mut value),
                            Some(_) => self.value(key, &mut value),
                            None => self.value(&below, &mut value),
                        },
                    }
                    if self.exact {
                        self.words(&mut below)
                    } else {
                        self.text(&mut below)
                    }
                    (below, value)
                });
                *entries = all.collect();
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    /// Takes out of a text what is a credential by its looks.
    pub fn text(&mut self, text: &mut String) {
        if self.exact {
            if secret::look(text).is_some() {
                return self.whole(text);
            }
        } else {
            if let Some(veiled) = veil::veiled(text) {
                *text = veiled;
            }
            // Of URLs only what is secret in them goes, and that is gone.
            if secret::look(text).is_some_and(|look| !look.starts_with("a URL")) {
                return self.whole(text);
            }
        }
        self.words(text);
    }

    /// A name that somebody has put one into still says the rest; and the same word is the same everywhere.
    fn words(&mut self, text: &mut String) {
        let words: Vec<String> = secret::by_chance(text).map(str::to_owned).collect();
        for word in words.iter().filter(|word| !is_hidden(word)) {
            *text = text.replace(word.as_str(), &(self.hide)(word));
        }
    }

    fn string(&mut self, key: &str, text: &mut String) {
        if text.is_empty() || is_reference(text) || is_hidden(text) {
            return;
        }
        if let Some(flag) = telling::flag(text).map(str::len) {
            let mut value = text.split_off(flag + 1);
            self.whole(&mut value);
            text.push_str(&value);
            return;
        }
        let telling = smells(key) && !is_harmless(text);
        let looks = key.ends_with(LAST_APPLIED) || secret::by_chance(text).next().is_some();
        if telling || (looks && !self.exact) {
            return self.whole(text);
        }
        // Selectors of queries are written as settings are.
        if !matches!(key, "expr" | "query") {
            self.document(text);
        }
        self.text(text);
    }

    /// Of `user:password` the password.
    fn login(&mut self, text: &mut String) {
        if let Some(at) = text.find(':') {
            let mut password = text.split_off(at + 1);
            self.whole(&mut password);
            text.push_str(&password);
        }
    }

    /// What stands behind flags in a command line.
    fn command(&mut self, text: &mut String) {
        for (at, how) in telling::in_command(text).into_iter().rev() {
            let mut value = text[at.clone()].to_owned();
            match how {
                Handed::Whole => self.whole(&mut value),
                Handed::Login => self.login(&mut value),
                Handed::Glued(_) => {}
            }
            text.replace_range(at, &value);
        }
    }

    fn whole(&mut self, text: &mut String) {
        if !is_hidden(text) {
            *text = (self.hide)(text);
        }
    }

    /// A text that may be YAML, JSON, or lines of settings.
    fn document(&mut self, text: &mut String) {
        let mut found: Vec<String> = Vec::new();
        let mut tree = Tree::new();
        let lines = text.contains('\n') || text.trim_start().starts_with(['{', '[']);
        let roots = if lines { plain::read_tree(text, &mut tree).unwrap_or_default() } else { Vec::new() };
        for root in roots {
            let mut value = tree.to_json(root);
            if value.is_object() || value.is_array() {
                let mut note = |credential: &str| {
                    found.push(credential.to_owned());
                    HIDDEN.to_owned()
                };
                // What is compared as text may hold no more than is known of it.
                let variables = if self.exact { Variables::None } else { self.variables };
                Conceal { hide: &mut note, exact: self.exact, variables }.value("", &mut value);
            }
        }
        found.sort_unstable_by_key(|credential| std::cmp::Reverse(credential.len()));
        found.dedup();
        for credential in &found {
            if credential.len() >= SHORT && text.contains(credential.as_str()) {
                *text = text.replace(credential.as_str(), &(self.hide)(credential));
            } else if credential.len() >= SHORT && !found.iter().any(|f| f != credential && f.contains(credential)) {
                // It is written otherwise than it is read.
                return self.whole(text);
            }
        }
        self.settings(text);
        self.command(text);
    }

    /// Lines such as `admin_password = …` and `"token": "…",`.
    fn settings(&mut self, text: &mut String) {
        if !text.contains([':', '=']) {
            return;
        }
        let mut out = String::with_capacity(text.len());
        let mut block: Option<usize> = None;
        for line in text.split_inclusive('\n') {
            let body = line.trim_start();
            let indent = line.len() - body.len();
            match block {
                Some(depth) if body.trim_end().is_empty() || indent > depth => {
                    let value = body.trim_end();
                    out.push_str(&line[..indent]);
                    if !value.is_empty() {
                        out.push_str(&(self.hide)(value));
                    }
                    out.push_str(&body[value.len()..]);
                    continue;
                }
                _ => block = None,
            }
            let mut from = 0;
            while let Some((value, rest)) = next_setting(line, from) {
                let given = &line[value.clone()];
                if given.is_empty() || is_block(given) {
                    block = is_block(given).then_some(indent);
                } else if !is_reference(given) && !is_hidden(given) && !is_harmless(given) {
                    out.push_str(&line[from..value.start]);
                    out.push_str(&(self.hide)(given));
                    from = value.end;
                    continue;
                }
                out.push_str(&line[from..rest]);
                from = rest;
            }
            out.push_str(&line[from..]);
        }
        *text = out;
    }
}

/// Where the value of the next setting stands whose name tells that it is a credential, and where to look on.
fn next_setting(line: &str, from: usize) -> Option<(std::ops::Range<usize>, usize)> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    for (at, sign) in line[from..].char_indices().filter(|(_, c)| matches!(c, ':' | '=')) {
        let at = from + at;
        let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
        let start =
            before.rfind(|c: char| !in_name(c)).map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        let name = &before[start..];
        if start < from || !smells(name) {
            continue;
        }
        let after = line[at + 1..].trim_start_matches(['=', '>', ' ', '\t']);
        let begin = line.len() - after.len();
        // `http:` and `token::` are none, `Authorization:x` is one.
        if sign == ':'
            && begin == at + 1
            && !after.starts_with(['"', '\''])
            && !is_header(name)
            && !after.trim().is_empty()
        {
            continue;
        }
        if let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            // As Grafana's settings have it, so that a password may have quotes.
            let triple = String::from(quote).repeat(3);
            if let Some(value) = after.strip_prefix(&triple) {
                let end = begin + 3 + value.find(&triple).unwrap_or(value.trim_end().len());
                return Some((begin + 3..end, end));
            }
            let mut escaped = false;
            let end = after[1..].find(|c: char| {
                let ends = c == quote && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let end = begin + 1 + end.unwrap_or_else(|| after[1..].trim_end().len());
            return Some((begin + 1..end, end));
        }
        let first =
            line[..start].trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '#' | '"' | '\'')).is_empty();
        let length = if first || is_header(name) {
            let value = after.trim_end().trim_end_matches(',');
            value.find(['"', '\'']).filter(|_| !first).unwrap_or(value.len())
        } else {
            let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '}' | ']' | '&' | '"' | '\'');
            after.find(ends).unwrap_or(after.len())
        };
        let end = begin + length;
        return Some((begin..end, end.max(at + 1)));
    }
    None
}

/// The value stands in the lines that follow.
fn is_block(value: &str) -> bool {
    value.starts_with(['|', '>']) && value.len() <= 3
}

/// While a document is looked through.
const HIDDEN: &str = "(hidden)";

/// Was taken out before.
pub(super) fn is_hidden(text: &str) -> bool {
    let hash = |hex: &str| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    text.starts_with("(hidden") || text.strip_prefix("sha256:").is_some_and(hash)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HEX: &str = "9f86d081884c7d659a2feaa0c55ad015";
    const WORD: &str = "hunter2canary";

    fn concealed(key: &str, mut value: Json, exact: bool) -> String {
        let mut hide = |_: &str| "(hidden #1)".to_owned();
        Conceal { hide: &mut hide, exact, variables: Variables::None }.value(key, &mut value);
        value.to_string()
    }

    #[test]
    fn a_credential_is_hidden_wherever_it_stands() {
        for canary in [HEX, WORD] {
            for (key, value) in [
                (
                    "",
                    json!([{"name": "OAUTH_CLIENT_SECRET", "value": canary}, {"name": "AWS_SECRET_KEY", "value": canary}]),
                ),
                ("env", json!([{"name": "DB_PASS", "value": canary}])),
                ("headers", json!({"Authorization": format!("Basic {canary}"), "X-Api-Key": canary, "Cookie": canary})),
                ("httpHeaders", json!([{"name": "Proxy-Authorization", "value": canary}])),
                ("passphrase", json!(canary)),
                ("sshPrivateKey", json!(canary)),
                ("config.yaml", json!(format!("# it\na:\n  password: {canary}\n  b: c\n"))),
                ("config.yaml", json!(format!("a:\n- name: DB_PASSWORD\n  value: \"{canary}\"\n"))),
                ("config.yaml", json!(format!("a:\n  password: |\n    {canary}\n  b: c\n"))),
                ("datasources.yaml", json!(format!("d:\n- secureJsonData:\n    basicAuthPassword: {canary}\n"))),
                ("datasources.yaml", json!(format!("d:\n- secureJsonData:\n    httpHeaderValue1: {canary}\n"))),
                ("datasources.yaml", json!(format!("d: [{{\"secureJsonData\": {{\"path\": \"{canary}\"}}}}]\n"))),
                ("config.json", json!(format!("{{\"a\": {{\"apiKey\": \"{canary}\"}}}}"))),
                ("config.json", json!(json!({"nested": json!({"token": canary}).to_string()}).to_string())),
                ("config.yaml", json!(format!("a: |\n  b:\n    client_secret: {canary}\n"))),
                ("grafana.ini", json!(format!("[security]\nadmin_password = {canary}\nsecret_key={canary}\n"))),
                ("grafana.ini", json!(format!(";x\n[smtp]\npassword = \"\"\"{canary}\"\"\"\n"))),
                ("app.env", json!(format!("export DB_PASS={canary}\nA=b"))),
                ("a.conf", json!(format!("curl -H 'Authorization: Basic {canary}' x"))),
                ("dsn", json!(format!("host=a user=b password={canary} port=5"))),
                ("url", json!(format!("https://u:{canary}@example.com/x"))),
                ("extraArgs", json!({"httpAuth.password": [canary], "remoteWrite.bearerToken": ["a", canary]})),
                ("extraArgs", json!({"remoteWrite.basicAuth.password": [canary], "snapshotAuthKey": [canary]})),
                ("auth", json!({"tokens": [canary], "apiKeys": [[canary]]})),
                ("passwords", json!([canary])),
                ("passwords", json!({"admin": canary, "other": {"a": canary}})),
                ("a", json!({"tokens": {"admin": canary}, "dbCredentials": {"user": "u", "word": canary}})),
                ("config.yaml", json!(format!("credentials:\n  admin: {canary}\n"))),
                ("command", json!(["mysql", "-uroot", format!("-p{canary}"), "db"])),
                ("command", json!(["sh", "-c", format!("/usr/bin/mysqldump -p'{canary}' db | gzip")])),
                ("args", json!(["redis-cli", "-a", canary])),
                ("a", json!(format!("sshpass -p {canary} ssh x"))),
                ("credentials", json!([canary])),
                ("clientSecrets", json!([canary])),
                ("tokens", json!([{"name": "a", "value": canary}])),
                ("args", json!(["--pass", canary])),
                ("args", json!([format!("--db.pass={canary}"), format!("-license={canary}")])),
                ("command", json!(["curl", "-u", format!("admin:{canary}"), "x"])),
                ("command", json!(["curl", format!("-uadmin:{canary}"), format!("--user=admin:{canary}")])),
                ("command", json!(["sh", "-c", format!("a && curl -s --user 'admin:{canary}' x; b")])),
                ("command", json!(["sh", "-c", format!("curl -u admin:{canary} x")])),
                ("args", json!([format!("run --pass {canary}")])),
                ("license", json!(canary)),
                ("license", json!({"key": canary})),
            ] {
                for exact in [false, true] {
                    let shown = concealed(key, value.clone(), exact);
                    assert!(!shown.contains(canary), "{key}: {value}: {shown}");
                }
            }
        }
        assert_eq!(concealed("password", json!(1234), false), "\"(hidden #1)\"");
    }

    #[test]
    fn the_rest_of_a_document_stays() {
        let text = format!("# c\na: b\npassword: {WORD}  \nurl: http://x:9090/y\n");
        let shown = concealed("config.yaml", json!(text), false);
        assert_eq!(shown, json!("# c\na: b\npassword: (hidden #1)  \nurl: http://x:9090/y\n").to_string());
    }

    #[test]
    fn what_is_no_credential_stays() {
        for (key, value) in [
            ("topologyKey", json!("kubernetes.io/hostname")),
            ("secretName", json!("tls")),
            ("secrets", json!(["a", "b"])),
            ("imagePullSecrets", json!(["a"])),
            ("matchLabelKeys", json!(["pod-template-hash"])),
            ("args", json!(["--web.auth", "basic", "--token", "$(TOKEN)", "--password-file", "x", "--user", "nobody"])),
            ("command", json!(["chroot", "-u", "1000:1000", "chown -u 65534:65534 /x"])),
            ("args", json!(["mysqld", "-port", "3306", "-path=/x", "-p", "9090"])),
            ("command", json!(["sh", "-c", "serve -port 9090 -path /x -p 9090 -phttp"])),
            (
                "a",
                json!({"credentials": {"name": "a", "key": "b"}, "tokens": {"secretName": "a", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}}),
            ),
            ("license", json!({"keyRef": {"name": "a", "key": "b"}})),
            ("basicAuth", json!({"password": {"name": "secret", "key": "password"}})),
            ("env", json!([{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}])),
            ("expr", json!("sum(kube_secret_info{secret=\"a\"}) by (token)")),
            ("a", json!("password: $(PASSWORD)\ntokenFile: /var/run/token\npassword_file: x\nauth: basic\n")),
            ("a", json!("key: value\nmonkey = a\nhttp://token:9090\n")),
            ("automountServiceAccountToken", json!(true)),
            ("passwordFile", json!("/etc/x")),
            ("publicKey", json!("abc")),
        ] {
            assert_eq!(concealed(key, value.clone(), false), value.to_string(), "{key}");
            assert_eq!(concealed(key, value.clone(), true), value.to_string(), "{key}");
        }
    }

    #[test]
    fn variables_of_strangers_are_hidden_all() {
        let mut value = json!({"containers": [{"name": "x", "env": [{"name": "PLAIN", "value": WORD}]}]});
        let mut hide = |_: &str| "-".to_owned();
        Conceal { hide: &mut hide, exact: false, variables: Variables::All }.value("spec", &mut value);
        assert_eq!(value["containers"][0]["env"][0], json!({"name": "PLAIN", "value": "-"}));
    }
}
