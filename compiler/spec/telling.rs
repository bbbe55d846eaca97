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
    /// What comes behind so many characters of the argument itself: `-pSECRET` of mysql.
    Glued(usize),
}

/// Flags of curl, wget and the like that take user and password at once.
const LOGINS: [&str; 4] = ["-u", "-U", "--user", "--proxy-user"];
/// Flags of one letter that take a password, by how the names of programs begin which know them. To others they are ports,
/// paths and profiles.
const LETTERS: [(&str, &str, Ways); 7] = [
    ("mysql", "-p", Ways::Glued),
    ("mariadb", "-p", Ways::Glued),
    ("sshpass", "-p", Ways::Both),
    ("mongo", "-p", Ways::Both),
    ("redis-cli", "-a", Ways::Behind),
    ("valkey-cli", "-a", Ways::Behind),
    ("ldap", "-w", Ways::Both),
];

/// How a value is handed to a flag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ways {
    Glued,
    Behind,
    Both,
}

/// In a text that may be no command line, shorter words behind a flag are words.
const SHORT: usize = 4;

/// The name of a flag that an argument hands a credential to, in one word: `--pass=…`.
pub fn flag(argument: &str) -> Option<&str> {
    let (name, value) = argument.split_once('=')?;
    (is_flag(name) && smells(name) && is_given(value)).then_some(name)
}

/// Where in a row of arguments something stands that is handed to the flag before it: `--pass`, `…`.
pub fn arguments(all: &[Option<&str>]) -> Vec<(usize, Handed)> {
    let program = all.iter().flatten().find_map(|argument| program(argument));
    let behind = |at: usize| handed(all.get(at.checked_sub(1)?).copied().flatten()?, all[at]?, program);
    let glued = |at: usize| Some(Handed::Glued(of_letter(all[at]?, program)?));
    (0..all.len()).filter_map(|at| Some((at, behind(at).or_else(|| glued(at))?))).collect()
}

/// The known program that a word names: `/usr/bin/mysqldump`. What begins so and goes on otherwise than programs are
/// called is none.
fn program(word: &str) -> Option<Program> {
    let name = word.rsplit('/').next().unwrap_or(word);
    let plain = |rest: &str| rest.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    LETTERS.iter().find(|(known, ..)| name.strip_prefix(known).is_some_and(plain))
}

type Program = &'static (&'static str, &'static str, Ways);

/// Where the value begins in `-pSECRET`, where the program reads it so.
fn of_letter(word: &str, program: Option<Program>) -> Option<usize> {
    let (_, flag, ways) = program?;
    let value = word.strip_prefix(flag).filter(|_| *ways != Ways::Behind)?;
    let other = ["ort", "ath", "rotocol", "rofile", "rint", "lugin"]
        .iter()
        .any(|rest| value.strip_prefix(rest).is_some_and(|rest| rest.is_empty() || rest.starts_with(['=', '-'])));
    (!other && is_given(value)).then_some(flag.len())
}

/// The same within one text, in the order of the text: `curl -u admin:…`.
pub(super) fn in_command(text: &str) -> Vec<(Range<usize>, Handed)> {
    let mut found = Vec::new();
    let (mut running, mut goes_on) = (None, false);
    for line in text.split_inclusive('\n') {
        let from = line.as_ptr() as usize - text.as_ptr() as usize;
        running = running.filter(|_| goes_on);
        goes_on = line.trim_end().ends_with('\\');
        let mut at = 0;
        while let Some(word) = word(line, at, false) {
            running = running.filter(|_| !line[at..word.start].contains([';', '|', '&', '(', ')', '`']));
            at = word.end.max(at + 1);
            let name = &line[word.clone()];
            running = program(name).or(running);
            let glued = || of_letter(name, running).map(|value| (value, Handed::Whole));
            if let Some((value, how)) = together(name).or_else(glued) {
                found.push((from + word.start + value..from + word.end, how));
            } else if let Some(next) = self::word(line, word.end, true) {
                let value = &line[next.clone()];
                let quoted = || {
                    let flag = running.is_some_and(|(_, flag, ways)| *flag == name && *ways != Ways::Behind);
                    (flag && line[word.end..].starts_with(['"', '\'']) && is_given(value)).then_some(Handed::Whole)
                };
                let how = handed(name, value, running).or_else(quoted);
                if let Some(how) = how.filter(|_| value.len() >= SHORT) {
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

fn handed(name: &str, value: &str, program: Option<Program>) -> Option<Handed> {
    if !is_given(value) || value.starts_with('-') {
        return None;
    }
    // What such a program starts has ports.
    let port = value.len() <= 5 && value.bytes().all(|b| b.is_ascii_digit());
    if !port && program.is_some_and(|(_, flag, ways)| *flag == name && *ways != Ways::Glued) {
        return Some(Handed::Whole);
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

/// Under which key a value stands that has a name of its own in a map: `tokens: {admin: …}`, `credentials: {…}`. `None`
/// where the map says nothing of what is in it, or the name does: one that refers to a Secret, or tells who and where.
pub fn of_entry<'k>(key: &'k str, name: &str) -> Option<&'k str> {
    const OTHER: [&str; 26] = [
        "name",
        "key",
        "optional",
        "namespace",
        "kind",
        "type",
        "group",
        "path",
        "file",
        "ref",
        "user",
        "username",
        "id",
        "email",
        "url",
        "host",
        "address",
        "server",
        "endpoint",
        "port",
        "region",
        "bucket",
        "from",
        "enabled",
        "version",
        "uid",
    ];
    // Of a data source of Grafana: nothing else is kept there, `httpHeaderValue1` neither.
    if key == "secureJsonData" {
        return Some("password");
    }
    let telling =
        key.to_ascii_lowercase().ends_with("credentials") || (of_items(key) != key && !of_items(key).is_empty());
    let other = words(name).last().is_none_or(|last| OTHER.contains(&last.as_str()));
    (telling && !other).then(|| of_items(key))
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
        assert_eq!(
            found("mysql -uroot -phunter2 x; a -port -pother\nmysqldump \\\n  -phunter3 x"),
            ["hunter2", "hunter3"]
        );
        assert_eq!(found("redis-cli -a hunter2; sshpass -phunter3 ssh -p 2222 x"), ["hunter2", "hunter3"]);
        assert_eq!(
            found("mysql -p 9090 -port -path=x -P3306\nserve -phttp\nmysql.default.svc -pxxxx"),
            Vec::<&str>::new()
        );
        let row = ["mysql", "-uroot", "-phunter2", "-port"].map(Some);
        assert_eq!(arguments(&row), [(2, Handed::Glued(2))]);
        assert_eq!(arguments(&["serve", "-pother", "-p", "9090"].map(Some)), []);
        assert_eq!(found("bash -c \"mysql --password hunter2\""), ["hunter2"]);
        assert_eq!(found("- password: x\n--token $TOKEN --pass -v id -u x"), Vec::<&str>::new());
        let of = |key, name| of_entry(key, name);
        assert_eq!([of("tokens", "admin"), of("dbCredentials", "admin")], [Some("token"), Some("dbCredentials")]);
        for (key, name) in [("tokens", "secretName"), ("credentials", "key"), ("secrets", "a"), ("labels", "a")] {
            assert_eq!(of(key, name), None, "{key}.{name}");
        }
        assert_eq!([of_items("passwords"), of_items("secrets"), of_items("endpoints")], ["password", "", "endpoints"]);
    }
}
