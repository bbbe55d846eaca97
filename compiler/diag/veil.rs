//! Credentials in URLs: where they stand in a text, and the text without them.
//!
//! Looks at spelling only; what a key of the language is for is not known here.

use std::ops::Range;

/// Where URLs have `user:password@` or `user@` before their host, the `@` left out.
pub fn user_information(text: &str) -> Vec<Range<usize>> {
    let of = |(at, sign): (usize, &str)| {
        let start = at + sign.len();
        let end = text[start..].find(|c: char| matches!(c, '/' | '?' | '#') || ends(c)).unwrap_or(text.len() - start);
        text[start..start + end].rfind('@').map(|length| start..start + length)
    };
    text.match_indices("://").filter_map(of).collect()
}

/// Where values of parameters stand whose names smell of a credential: `?token=…`, `&X-Amz-Signature=…`.
/// A reference, `?token=$(TOKEN)` or `?token=${TOKEN}`, is none.
pub fn secret_parameters(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices(['?', '&', '#']) {
        let name = &text[at + 1..];
        let name = &name[..name.bytes().take(LONGEST_NAME).take_while(|b| in_name(*b)).count()];
        let start = at + 1 + name.len() + 1;
        let given = !name.is_empty() && text[start - 1..].starts_with('=') && found.last().is_none_or(|f| f.end <= at);
        if !given || !smells(name) || is_reference(&text[start..]) {
            continue;
        }
        let length = text[start..].find(|c: char| c == '&' || ends(c)).unwrap_or(text.len() - start);
        if length > 0 {
            found.push(start..start + length);
        }
    }
    found
}

/// The text with `***` for each credential in a URL, however long it is; `None` where it has none.
pub fn veiled(text: &str) -> Option<String> {
    replaced(text, |_| "***".to_owned())
}

/// The text with `*` over all credentials in URLs, as long as before, so that places in it stay where they are; `None`
/// where it has none.
pub fn covered(text: &str) -> Option<String> {
    replaced(text, |length| "*".repeat(length))
}

/// What stands there was hidden before, and tells which other is the same.
fn is_hidden(text: &str) -> bool {
    text.starts_with("(hidden") || text.starts_with("sha256:") || text.chars().all(|c| c == '*')
}

fn replaced(text: &str, by: impl Fn(usize) -> String) -> Option<String> {
    let mut ranges = user_information(text);
    ranges.extend(secret_parameters(text));
    ranges.retain(|range| !is_hidden(&text[range.clone()]));
    if ranges.is_empty() {
        return None;
    }
    ranges.sort_unstable_by_key(|r| r.start);
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for range in ranges.into_iter().filter(|r| !r.is_empty()) {
        let start = range.start.max(from);
        let end = range.end.max(start);
        out.push_str(&text[from..start]);
        out.push_str(&by(end - start));
        from = end;
    }
    out.push_str(&text[from..]);
    Some(out)
}

/// Names of parameters are short; what is longer is none.
const LONGEST_NAME: usize = 64;

fn in_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']' | b'%')
}

fn ends(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`')
}

fn smells(name: &str) -> bool {
    const WITHIN: [&str; 6] = ["token", "password", "passwd", "secret", "signature", "credential"];
    const LAST: [&str; 7] = ["key", "keyid", "sig", "auth", "authorization", "pwd", "jwt"];
    let folded: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    WITHIN.iter().any(|w| folded.contains(w)) || LAST.iter().any(|w| folded.ends_with(w))
}

fn is_reference(value: &str) -> bool {
    let variable = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '(' | '{' | '_'));
    value.starts_with("{{") || value.starts_with('<') || value.strip_prefix('$').is_some_and(variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_urls_are_covered_and_nothing_else() {
        for (text, shown) in [
            ("https://x/write?token=abc", "https://x/write?token=***"),
            ("`https://x/write?a=1&api_key=abc&b=2` has a query", "`https://x/write?a=1&api_key=***&b=2` has a query"),
            ("\"x/w?X-Amz-Signature=äb\" \"c\"", "\"x/w?X-Amz-Signature=***\" \"c\""),
            ("https://x#access_token=abc", "https://x#access_token=***"),
            ("?sig=a&auth=b&Password=c", "?sig=*&auth=*&Password=*"),
            ("https://admin:hunter2@x/y@z", "https://*************@x/y@z"),
            ("https://u@x?secret=a?b", "https://*@x?secret=***"),
        ] {
            assert_eq!(covered(text).as_deref(), Some(shown));
            assert_eq!(text.len(), shown.len());
        }
        let shown = "https://***@x/write?token=***&a=1";
        for text in ["https://u:p@x/write?token=abc&a=1", "https://admin:hunter2@x/write?token=abcdefgh&a=1", shown] {
            assert_eq!(veiled(text).as_deref().unwrap_or(text), shown, "how long it is is not told");
        }
        for text in [
            "https://x/write?tenant=1&extra_label=a",
            "https://x?token=",
            "https://x?token=$(TOKEN)",
            "https://x?token=${TOKEN}&var-key=$key",
            "bearer { token secret=\"x\" }",
            "token=abc",
            "is this it? key = value",
            "https://@x",
            "https://x?token=(hidden #5)",
        ] {
            assert_eq!(veiled(text).filter(|v| v != text), None, "{text}");
        }
    }

    #[test]
    fn long_runs_are_read_in_one_pass() {
        let text = "?token=".repeat(200_000);
        assert_eq!(covered(&text).map(|v| v.len()), Some(text.len()));
    }
}
