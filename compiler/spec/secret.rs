//! What looks like a credential. The text itself is never shown.

use crate::diag::veil;

/// What a text looks like, if it looks like a credential; said as "looks like …".
pub fn look(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN ") {
        let key = text.contains("PRIVATE KEY-----");
        return Some(if key { "a private key" } else { "a PEM block" });
    }
    if !veil::user_information(text).is_empty() {
        return Some("a URL with user and password in it");
    }
    if !veil::secret_parameters(text).is_empty() {
        return Some("a URL with a credential among its parameters");
    }
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | ';' | '(' | ')' | '{' | '}' | ':'))
        .find_map(token)
        .or_else(|| bearer(text))
}

/// Keys below which a value of one's own is a credential: `password`, `token`, `api-key`. Names of
/// Secrets, files and keys of Secrets are not.
pub fn is_credential_key(key: &str) -> bool {
    const WORDS: [&str; 7] = ["password", "passwd", "token", "apikey", "secretaccesskey", "privatekey", "credentials"];
    let folded: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    WORDS.iter().any(|word| folded.ends_with(word))
}

/// The name of a flag that an argument hands a credential to: `--web.password=…`. A reference to
/// the environment, `$(PASSWORD)`, is none.
pub fn flag(argument: &str) -> Option<&str> {
    let (name, value) = argument.split_once('=')?;
    let named = name.starts_with('-') && is_credential_key(name);
    (named && !value.is_empty() && !value.starts_with("$(")).then_some(name)
}

/// Credentials with a mark of their own.
fn token(word: &str) -> Option<&'static str> {
    const MARKS: [(&str, usize, &str); 16] = [
        ("AKIA", 20, "an access key of AWS"),
        ("ASIA", 20, "an access key of AWS"),
        ("LTAI", 16, "an access key of Alibaba Cloud"),
        ("AKID", 32, "an access key of Tencent Cloud"),
        ("ghp_", 36, "a token of GitHub"),
        ("gho_", 36, "a token of GitHub"),
        ("ghs_", 36, "a token of GitHub"),
        ("ghu_", 36, "a token of GitHub"),
        ("github_pat_", 30, "a token of GitHub"),
        ("glpat-", 20, "a token of GitLab"),
        ("glsa_", 30, "a token of Grafana"),
        ("xoxb-", 20, "a token of Slack"),
        ("xoxp-", 20, "a token of Slack"),
        ("hvs.", 20, "a token of Vault"),
        ("sk-", 35, "an API key"),
        ("AIza", 39, "an API key of Google"),
    ];
    let plain = |w: &str| w.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    for (mark, length, what) in MARKS {
        if word.starts_with(mark) && word.len() >= length && plain(word) {
            return Some(what);
        }
    }
    // A JSON web token: header and payload are objects, hence begin with `{"` in base64.
    let mut parts = word.split('.');
    let jwt = parts.next().is_some_and(|p| p.starts_with("eyJ") && p.len() > 10)
        && parts.next().is_some_and(|p| p.starts_with("eyJ") && p.len() > 10);
    jwt.then_some("a JSON web token")
}

/// `Bearer …` and `Basic …` with something long behind it.
fn bearer(text: &str) -> Option<&'static str> {
    for (scheme, what) in [("bearer ", "a bearer token"), ("basic ", "user and password in base64")] {
        let lower = text.to_ascii_lowercase();
        let mut from = 0;
        while let Some(at) = lower[from..].find(scheme).map(|at| from + at) {
            let rest = lower[at + scheme.len()..].trim_start();
            let word = rest.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).next().unwrap_or("");
            let encoded =
                word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_' | b'.'));
            // Base64 of anything has digits among its letters; words of a sentence have none.
            if word.len() >= 12 && encoded && word.bytes().any(|b| b.is_ascii_digit()) {
                return Some(what);
            }
            from = at + scheme.len();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_seen_wherever_they_stand() {
        for text in [
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
            "-----BEGIN CERTIFICATE-----",
            "https://admin:hunter2@example.com",
            "postgres://user@db/x",
            "https://metrics.example.com/write?tenant=1&token=abc",
            "metrics.example.com/write?X-Amz-Signature=abc",
            "AKIAIOSFODNN7EXAMPLE",
            "--key=AKIAIOSFODNN7EXAMPLE",
            "ghp_0123456789abcdefghijABCDEFGHIJ012345",
            "Authorization: Bearer 0123456789abcdef",
            "--header=Authorization: Basic YWRtaW46aHVudGVyMg==",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
        ] {
            assert!(look(text).is_some(), "{text}");
        }
    }

    #[test]
    fn ordinary_text_is_not_suspected() {
        for text in [
            "the bearer of bad news reads this line",
            "basic monitoring of the platform",
            "https://metrics.example.com:8427/a@b",
            "https://metrics.example.com/write?tenant=1&token=$(TOKEN)",
            "AKIA",
            "eyJ",
            "sk-1",
            "central-write",
            "mail oncall@example.com",
            "--collector.netdev.device-exclude=^(veth.*|cali.*)$",
            "BEGIN",
        ] {
            assert_eq!(look(text), None, "{text}");
        }
    }

    #[test]
    fn keys_that_hold_credentials() {
        for key in ["password", "bearer_token", "api-key", "apiKey", "adminPassword", "AWS_SECRET_ACCESS_KEY"] {
            assert!(is_credential_key(key), "{key}");
        }
        assert_eq!(flag("--remote.password=hunter2"), Some("--remote.password"));
        assert_eq!(flag("--remote.password=$(PASSWORD)"), None);
        assert_eq!(flag("--remote.password-file=/x"), None);
        for key in ["passwordSecret", "tokenFile", "password-key", "secretName", "key"] {
            assert!(!is_credential_key(key), "{key}");
        }
    }
}
