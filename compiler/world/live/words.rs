//! What servers and plugins say, as it may be shown: no credentials, nothing that could fool a terminal, no novels.

use crate::diag::{shown, veil};

/// Nobody reads more of one message.
const LONGEST: usize = 700;
/// What is not even looked at.
const READ: usize = 64 * 1024;

/// What a server says. `secrets` are the credentials it was shown.
pub(super) fn of_server(text: &str, secrets: &[String]) -> String {
    let mut text = start(text, READ).to_owned();
    for secret in secrets.iter().filter(|s| s.len() >= 4) {
        text = text.replace(secret.as_str(), "***");
    }
    let text = veil::veiled(&text).unwrap_or(text);
    // Servers put each field of a conflict on a line of its own.
    let lines: Vec<&str> =
        text.lines().map(|line| line.trim().trim_start_matches("- ")).filter(|l| !l.is_empty()).collect();
    let text = shown::one_line(hide_tokens(&lines.join(" ")).trim());
    if text.len() > LONGEST { format!("{}…", start(&text, LONGEST)) } else { text }
}

/// What a plugin says: it knows more credentials than we do, and may tell them with their names.
pub(super) fn of_plugin(text: &str) -> String {
    let mut out = String::new();
    let mut hide = false;
    for piece in
        start(text, READ).split_inclusive(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '{' | '}' | '&'))
    {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, ':' | '='));
        let named = word.find(['=', ':']).filter(|at| smells(&word[..*at]));
        match named {
            Some(at) if word.len() > at + 1 => {
                out.push_str(&piece[..=at]);
                out.push_str("***");
                out.extend(piece.chars().next_back().filter(|c| c.is_whitespace() || matches!(c, ',' | ';' | '}')));
                hide = false;
            }
            None if hide && !word.is_empty() => {
                out.push_str("*** ");
                hide = false;
            }
            _ => {
                hide = named.is_some() || (hide && word.is_empty());
                out.push_str(piece);
            }
        }
    }
    of_server(&out, &[])
}

fn smells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "password", "passwd", "secret", "authorization", "credential", "key"].iter().any(|w| name.ends_with(w))
        || name.trim_end_matches(['"', '\'']).ends_with("token")
        || name.trim_end_matches(['"', '\'']).ends_with("password")
        || name.trim_end_matches(['"', '\'']).ends_with("secret")
        || name.trim_end_matches(['"', '\'']).ends_with("data")
}

/// Words that are credentials whatever stands before them: JSON web tokens, signed URLs of clouds, what follows `Bearer`.
fn hide_tokens(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ')' | '}' | '<' | '>');
    let mut out = String::with_capacity(text.len());
    let mut bearer = false;
    for piece in text.split_inclusive(ends) {
        let word = piece.trim_end_matches(ends);
        let is_token = word.len() > 20 && (word.starts_with("eyJ") || word.starts_with("k8s-aws-v1."));
        if !word.is_empty() && (is_token || bearer) {
            out.push_str("***");
            out.push_str(&piece[word.len()..]);
        } else {
            out.push_str(piece);
        }
        bearer = if word.is_empty() { bearer } else { word.eq_ignore_ascii_case("bearer") };
    }
    out
}

/// At most so many bytes from the start, cut between two characters.
fn start(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_control_characters_are_not_shown() {
        let secrets = ["hunter2hunter2".to_owned()];
        let jwt = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEyMyJ9.eyJpc3MiOiJrdWJl.c2ln";
        for (said, shown) in [
            ("the password hunter2hunter2 is wrong".to_owned(), "the password *** is wrong"),
            (format!("token \"{jwt}\" has expired"), "token \"***\" has expired"),
            ("got `Authorization: Bearer abcdef`".to_owned(), "got `Authorization: Bearer ***`"),
            ("see https://u:p@x/y?token=abc".to_owned(), "see https://***@x/y?token=***"),
            ("a\x1b[2Jb\u{202e}c\nd".to_owned(), "a\\u{1b}[2Jb\\u{202e}c d"),
            ("secrets \"grafana-password\" is forbidden".to_owned(), "secrets \"grafana-password\" is forbidden"),
        ] {
            assert_eq!(of_server(&said, &secrets), shown);
        }
        let long = of_server(&"ä".repeat(100_000), &[]);
        assert!(long.len() < 710 && long.ends_with('…'));
    }

    #[test]
    fn what_a_plugin_names_is_hidden_even_if_nobody_else_knows_it() {
        for (said, shown) in [
            ("refresh_token=abc123 was refused", "refresh_token=*** was refused"),
            ("client_secret: abc123 was refused", "client_secret: *** was refused"),
            ("{\"id_token\":\"abc123\",\"error\":\"no\"}", "{\"id_token\":***,\"error\":\"no\"}"),
            ("no such profile: prod", "no such profile: prod"),
        ] {
            assert_eq!(of_plugin(said), shown);
        }
    }
}
