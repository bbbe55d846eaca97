//! Which names tell that their value is a credential: keys, variables, headers, flags. What a spec may not say is
//! narrower, see [`secret`]: there a mistake refuses somebody's spec, here it only hides too much.

use std::ops::Range;

use super::conceal::is_hidden;
use super::secret;

/// How much of what stands behind a flag is a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    Whole,
    /// What comes after the colon of `user:password`.
    Login,
}

/// Flags of curl, wget and the like that take user and password at once.
const LOGINS: [&str; 4] = ["-u", "-U", "--user", "--proxy-user"];
/// In a text that may be no command line, shorter words behind a flag are words.
const SHORT: usize = 4;

/// The name of a flag that an argument hands a credential to, in one word: `--pass=…`.
pub fn flag(argument: &str) -> Option<&str> {
    let (name, value) = argument.split_once('=')?;
    (is_flag(name) && smells(name) && is_given(value)).then_some(name)
}

/// Where in a row of arguments something stands that is handed to the flag before it: `--pass`, `…`.
pub fn arguments(all: &[Option<&str>]) -> Vec<(usize, Handed)> {
    let behind = |(at, pair): (usize, &[Option<&str>])| Some((at + 1, handed(pair[0]?, pair[1]?)?));
    all.windows(2).enumerate().filter_map(behind).collect()
}

/// The same within one text, in the order of the text: `curl -u admin:…`.
pub(super) fn in_command(text: &str) -> Vec<(Range<usize>, Handed)> {
    let mut found = Vec::new();
    for line in text.split_inclusive('\n').filter(|line| line.contains('-')) {
        let from = line.as_ptr() as usize - text.as_ptr() as usize;
        let mut at = 0;
        while let Some(word) = word(line, at, false) {
            at = word.end.max(at + 1);
            let name = &line[word.clone()];
            if let Some((value, how)) = together(name) {
                found.push((from + word.start + value..from + word.end, how));
            } else if let Some(next) = self::word(line, word.end, true) {
                let value = &line[next.clone()];
                if let Some(how) = handed(name, value).filter(|_| value.len() >= SHORT) {
                    found.push((from + next.start..from + next.end, how));
                    at = next.end;
                }
            }
        }
    }
    found
}

/// The next word of a command line, without its quotes; `whole`: with what they hold together.
fn word(line: &str, from: usize, whole: bool) -> Option<Range<usize>> {
    let blank = |c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '`' | ',' | '[' | ']');
    let rest = line[from..].trim_start_matches(|c| blank(c) || matches!(c, '"' | '\''));
    let start = line.len() - rest.len();
    let quote = line[..start].chars().next_back().filter(|c| matches!(c, '"' | '\''));
    let quote = quote.filter(|_| whole && start > from);
    let end = rest.find(|c: char| quote.map_or(blank(c) || matches!(c, '"' | '\''), |q| c == q));
    // A quote without its end is that of the whole command.
    let end = end.or_else(|| rest.find(|c| blank(c) || matches!(c, '"' | '\'')));
    (!rest.is_empty()).then(|| start..start + end.unwrap_or(rest.len()))
}

/// Where the value begins in `-uadmin:…` and `--user=admin:…`.
fn together(word: &str) -> Option<(usize, Handed)> {
    let long = LOGINS
        .iter()
        .filter(|f| f.starts_with("--"))
        .find(|f| word.strip_prefix(**f).is_some_and(|rest| rest.starts_with('=') && is_login(&rest[1..])));
    let short = || {
        let starts = |f: &&&str| !f.starts_with("--") && word.strip_prefix(**f).is_some_and(is_login);
        LOGINS.iter().find(starts).map(|f| f.len())
    };
    long.map(|f| f.len() + 1).or_else(short).map(|at| (at, Handed::Login))
}

fn handed(name: &str, value: &str) -> Option<Handed> {
    if !is_given(value) || value.starts_with('-') {
        return None;
    }
    if LOGINS.contains(&name) && is_login(value) {
        return Some(Handed::Login);
    }
    (is_flag(name) && smells(name)).then_some(Handed::Whole)
}

/// `user:password`; not `1000:1000`, which are a user and a group.
fn is_login(text: &str) -> bool {
    let Some((user, password)) = text.split_once(':') else { return false };
    let ids = [user, password].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    is_given(password) && !user.contains(['/', '=']) && !password.starts_with("//") && !ids
}

fn is_flag(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.starts_with('-') && name.bytes().all(plain) && name.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Something that somebody could log in with.
fn is_given(value: &str) -> bool {
    !value.is_empty() && !value.starts_with('$') && !is_reference(value) && !is_hidden(value) && !is_harmless(value)
}

/// Under which key the items of a list stand: that of the list, of one where it tells in the singular. Lists of `secrets`
/// are names of Secrets.
pub fn of_items(key: &str) -> &str {
    if matches!(key, "secrets" | "imagePullSecrets" | "pullSecrets") {
        return "";
    }
    match key.strip_suffix('s') {
        Some(one) if !smells(key) && smells(one) => one,
        _ => key,
    }
}

/// Keys, variables and headers whose values are credentials. Names of Secrets and files are not.
pub fn smells(key: &str) -> bool {
    const LAST: [&str; 13] = [
        "pass",
        "passphrase",
        "passcode",
        "pwd",
        "secret",
        "secrets",
        "credential",
        "auth",
        "jwt",
        "psk",
        "cookie",
        "htpasswd",
        "license",
    ];
    // What a key is for, where it is for one who holds it.
    const KEYS: [&str; 20] = [
        "api",
        "access",
        "secret",
        "private",
        "encryption",
        "encrypt",
        "signing",
        "sign",
        "master",
        "shared",
        "account",
        "client",
        "ssh",
        "hmac",
        "auth",
        "consumer",
        "license",
        "session",
        "integration",
        "storage",
    ];
    if secret::is_credential_key(key) || is_header(key) {
        return true;
    }
    let key = key.rsplit('/').next().unwrap_or(key);
    let words = words(key);
    let written = key.contains(['_', '-']);
    match &words[..] {
        [] => false,
        [.., last] if LAST.contains(&last.as_str()) => true,
        [.., before, last] if last == "key" => before != "public" && (written || KEYS.contains(&before.as_str())),
        _ => false,
    }
}

pub(super) fn is_header(key: &str) -> bool {
    const HEADERS: [&str; 6] =
        ["authorization", "proxy-authorization", "x-api-key", "x-auth-token", "set-cookie", "cookie"];
    HEADERS.iter().any(|h| key.eq_ignore_ascii_case(h))
}

/// `dbPassword`, `DB_PASSWORD` and `db-password` are `db`, `password`.
fn words(key: &str) -> Vec<String> {
    let mut all: Vec<String> = vec![String::new()];
    let mut small = false;
    for c in key.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && small) {
            all.push(String::new());
        }
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), all.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
        small = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    all.retain(|word| !word.is_empty());
    all
}

/// What may be set under such a key and is none: a choice, a place.
pub(super) fn is_harmless(text: &str) -> bool {
    const WORDS: [&str; 15] = [
        "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "~", "enabled", "disabled", "basic",
        "bearer", "optional",
    ];
    const PLACES: [&str; 7] = ["/etc/", "/var/", "/run/", "/opt/", "/home/", "/secrets/", "./"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)) || PLACES.iter().any(|place| text.starts_with(place))
}

/// Text that names where the credential is.
pub(super) fn is_reference(text: &str) -> bool {
    text.starts_with("$(") || text.starts_with("${") || text.starts_with("{{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_to_a_flag_is_found_in_rows_and_in_lines() {
        let row = ["--pass", "hunter2", "-u", "a:hunter2", "--user", "1:2", "--auth", "basic"].map(Some);
        assert_eq!(arguments(&row), [(1, Handed::Whole), (3, Handed::Login)]);
        let found =
            |text: &'static str| -> Vec<&str> { in_command(text).into_iter().map(|(at, _)| &text[at]).collect() };
        assert_eq!(found("a;curl -u a:hunter2 x\nb --pass 'hunter 2' c"), ["a:hunter2", "hunter 2"]);
        assert_eq!(found("bash -c \"mysql --password hunter2\""), ["hunter2"]);
        assert_eq!(found("- password: x\n--token $TOKEN --pass -v id -u x"), Vec::<&str>::new());
        assert_eq!([of_items("passwords"), of_items("secrets"), of_items("endpoints")], ["password", "", "endpoints"]);
    }
}
