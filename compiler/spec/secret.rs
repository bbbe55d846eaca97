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
    if is_webhook(text) {
        return Some("a webhook, whose URL is the credential");
    }
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',' | ';' | '(' | ')' | '{' | '}' | ':'))
        .find_map(token)
        .or_else(|| bearer(text))
}

/// Long words in a text in which capitals, small letters and digits are mixed as chance mixes them: no name and no digest
/// is.
pub fn by_chance(text: &str) -> impl Iterator<Item = &str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_');
    text.split(move |c: char| !plain(c)).map(|word| word.trim_matches('=')).filter(|word| is_mixed(word))
}

fn is_mixed(word: &str) -> bool {
    const LONG: usize = 24;
    let count = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    let (digits, capitals, small) =
        (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    word.len() >= LONG && digits.min(capitals).min(small) >= 3 && changes(word) * 3 >= word.len()
}

/// How often neighbours are of different kinds: a capital, a small letter, a digit.
fn changes(word: &str) -> usize {
    let kind = |b: u8| (b.is_ascii_digit(), b.is_ascii_uppercase());
    word.as_bytes().windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count()
}

/// URLs that let everybody who knows them write to a chat: there is no other credential.
fn is_webhook(text: &str) -> bool {
    const PATHS: [&str; 7] = [
        "hooks.slack.com/services/",
        "hooks.slack.com/workflows/",
        "hooks.slack.com/triggers/",
        "discord.com/api/webhooks/",
        "discordapp.com/api/webhooks/",
        ".webhook.office.com/webhook",
        "/open-apis/bot/v2/hook/",
    ];
    let more = |path: &str| text.split_once(path).is_some_and(|(_, rest)| rest.len() >= 8);
    PATHS.into_iter().any(more)
}

/// What a key whose value is no credential is given by mistake, where it looks like one: the routing
/// key of VictorOps is a word, that of PagerDuty 32 random letters and digits.
pub fn is_random(key: &str, text: &str) -> bool {
    let (digits, letters) = (text.bytes().any(|b| b.is_ascii_digit()), text.bytes().any(|b| b.is_ascii_alphabetic()));
    let plain = text.len() >= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    key == "routing-key" && plain && digits && letters
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

/// As [`flag`], for arguments in a row: where a credential stands, and the name of its flag. It may
/// be a word of its own, `--web.password` and then `…`.
pub fn arguments<'a>(all: &[Option<&'a str>]) -> Vec<(usize, &'a str)> {
    let own = |(at, argument): (usize, &Option<&'a str>)| Some((at, flag((*argument)?)?));
    let next = |(at, pair): (usize, &[Option<&'a str>])| {
        let (Some(name), Some(value)) = (pair[0], pair[1]) else { return None };
        let named = name.starts_with('-') && is_credential_key(name);
        (named && !value.is_empty() && !value.starts_with(['-', '$'])).then_some((at + 1, name))
    };
    let mut found: Vec<_> = all.iter().enumerate().filter_map(own).collect();
    found.extend(all.windows(2).enumerate().filter_map(next));
    found.sort_unstable();
    found.dedup_by_key(|(at, _)| *at);
    found
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
            "https://hooks.slack.com/services/T00000000/B00000000/abcdefgh",
            "https://x.webhook.office.com/webhookb2/0123-4567@89ab",
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
            "https://hooks.slack.com/services/",
            "#alerts",
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
        assert_eq!(
            arguments(&[Some("--token"), Some("abc"), Some("--a.password=b"), Some("--c.token"), Some("--d")]),
            [(1, "--token"), (2, "--a.password")]
        );
        assert_eq!(
            arguments(&[Some("--token"), Some("$(TOKEN)"), Some("token"), Some("x"), Some("--token"), None]),
            []
        );
        assert!(is_random("routing-key", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"));
        assert!(!is_random("routing-key", "platform-oncall") && !is_random("room", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"));
        for key in ["passwordSecret", "tokenFile", "password-key", "secretName", "key"] {
            assert!(!is_credential_key(key), "{key}");
        }
    }
}
