//! Receivers: who is told, by which service, and what each service has to be told.
//!
//! The kinds are a table: which list of an AlertmanagerConfig they become, where their credentials
//! go, which of the language's keys they need beside them. Field names are the operator's; a test
//! holds them against its field tables.

use std::collections::BTreeMap;

use super::codes;
use super::context::Context;
use super::merge::Block;
use super::names::list;
use crate::diag::{Diagnostic, Sourced, Span};
use crate::model::fleet::Receiver;
use crate::model::value::Version;

/// One shape that a kind can take in an AlertmanagerConfig.
#[derive(Debug)]
pub struct Form {
    /// `webhookConfigs`.
    pub list: &'static str,
    /// First operator and first Alertmanager that know it.
    pub operator: Version,
    pub alertmanager: Version,
    /// Path of a reference to a key of the Secret, and the key's name. `key` of the language is the
    /// first one's.
    pub secrets: &'static [(&'static str, &'static str)],
    pub settings: &'static [Setting],
}

/// A key of the language that becomes a field.
#[derive(Debug)]
pub struct Setting {
    pub key: &'static str,
    /// Path below the item of the list, `sigv4.region`.
    pub field: &'static str,
    pub required: bool,
    pub value: Value,
}

/// What the operator or Alertmanager takes for a setting. One receiver with another value, and the
/// operator takes in none of an AlertmanagerConfig; what only Alertmanager looks at fails with each
/// message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    Text,
    /// A whole number in the API, and not zero.
    Number,
    /// `host:port`.
    HostPort,
    /// Addresses of mail, with commas between them.
    Addresses,
    /// One address of mail.
    Address,
    /// The ARN of a topic of SNS.
    Topic,
}

/// Keys of `receiver` that only some kinds have.
const SETTINGS: [&str; 11] =
    ["agent-id", "channel", "chat-id", "corp-id", "from", "login", "region", "room", "routing-key", "smarthost", "to"];

const OLDEST: Version = Version::new(0, 0, 0);

const fn needs(key: &'static str, field: &'static str) -> Setting {
    Setting { key, field, required: true, value: Value::Text }
}

const fn takes(key: &'static str, field: &'static str) -> Setting {
    Setting { key, field, required: false, value: Value::Text }
}

impl Setting {
    const fn of(self, value: Value) -> Setting {
        Setting { value, ..self }
    }
}

const fn form(
    list: &'static str,
    secrets: &'static [(&'static str, &'static str)],
    settings: &'static [Setting],
) -> Form {
    Form { list, operator: OLDEST, alertmanager: OLDEST, secrets, settings }
}

impl Form {
    const fn since(self, operator: Version, alertmanager: Version) -> Form {
        Form { operator, alertmanager, ..self }
    }
}

/// The forms of each kind, the one to prefer first.
static KINDS: [(&str, &[Form]); 14] = [
    ("discord", &[form("discordConfigs", &[("apiURL", "url")], &[])]),
    (
        "email",
        &[form(
            "emailConfigs",
            &[("authPassword", "password")],
            &[
                needs("to", "to").of(Value::Addresses),
                needs("from", "from").of(Value::Address),
                needs("smarthost", "smarthost").of(Value::HostPort),
                takes("login", "authUsername"),
            ],
        )],
    ),
    (
        "msteams",
        &[
            // The connectors behind the older form have been switched off by their maker.
            form("msteamsv2Configs", &[("webhookURL", "url")], &[])
                .since(Version::new(0, 82, 0), Version::new(0, 28, 0)),
            form("msteamsConfigs", &[("webhookUrl", "url")], &[]).since(Version::new(0, 70, 0), Version::new(0, 26, 0)),
        ],
    ),
    ("opsgenie", &[form("opsgenieConfigs", &[("apiKey", "api-key")], &[])]),
    ("pagerduty", &[form("pagerdutyConfigs", &[("routingKey", "routing-key")], &[])]),
    ("pushover", &[form("pushoverConfigs", &[("token", "token"), ("userKey", "user-key")], &[])]),
    (
        "rocketchat",
        &[form("rocketchatConfigs", &[("token", "token"), ("tokenID", "token-id")], &[takes("channel", "channel")])
            .since(Version::new(0, 85, 0), Version::new(0, 28, 0))],
    ),
    ("slack", &[form("slackConfigs", &[("apiURL", "url")], &[takes("channel", "channel")])]),
    (
        "sns",
        &[form(
            "snsConfigs",
            &[("sigv4.accessKey", "access-key"), ("sigv4.secretKey", "secret-key")],
            &[needs("to", "topicARN").of(Value::Topic), needs("region", "sigv4.region")],
        )],
    ),
    ("telegram", &[form("telegramConfigs", &[("botToken", "token")], &[needs("chat-id", "chatID").of(Value::Number)])]),
    ("victorops", &[form("victoropsConfigs", &[("apiKey", "api-key")], &[needs("routing-key", "routingKey")])]),
    (
        "webex",
        &[form("webexConfigs", &[("httpConfig.authorization.credentials", "token")], &[needs("room", "roomID")])],
    ),
    ("webhook", &[form("webhookConfigs", &[("urlSecret", "url")], &[])]),
    (
        "wechat",
        &[form(
            "wechatConfigs",
            &[("apiSecret", "api-secret")],
            &[needs("corp-id", "corpID"), needs("to", "toUser"), takes("agent-id", "agentID")],
        )],
    ),
];

/// What a kind of receiver can become, the form to prefer first; empty for a word that is no kind.
pub fn forms(kind: &str) -> &'static [Form] {
    KINDS.iter().find(|(word, _)| *word == kind).map_or(&[], |(_, forms)| forms)
}

/// The receivers of an Alertmanager of ours, in the order of their names. `at` is the name of the
/// Alertmanager.
pub(super) fn receivers(cx: &mut Context<'_, '_>, block: &Block<'_>, of: &str, at: Span) -> Vec<Receiver> {
    let mut all: Vec<(Receiver, Span)> = Vec::new();
    for (name, member, block) in block.members("receiver") {
        let Some(kind) = cx.read.text(block, "kind") else { continue };
        let receiver = Receiver {
            name: name.to_owned(),
            origin: cx.read.spec(member.at()),
            secret: cx.read.text(block, "secret"),
            key: block.scalar("key").and_then(|s| s.value.as_str()).map(str::to_owned),
            settings: settings(cx, block),
            matches: cx.read.map(block, "match"),
            kind,
        };
        check(cx, block, &receiver, member.at());
        all.push((receiver, member.at()));
    }
    all.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    check_rest(cx, &all, of, at);
    all.into_iter().map(|(receiver, _)| receiver).collect()
}

fn settings(cx: &mut Context<'_, '_>, block: &Block<'_>) -> BTreeMap<&'static str, Sourced<String>> {
    SETTINGS.into_iter().filter_map(|key| Some((key, cx.read.plain(block, key)?))).collect()
}

/// Exactly one takes what no other does.
fn check_rest(cx: &mut Context<'_, '_>, all: &[(Receiver, Span)], of: &str, at: Span) {
    let rest: Vec<&(Receiver, Span)> = all.iter().filter(|(r, _)| r.matches.is_empty()).collect();
    match rest.as_slice() {
        [] => {
            let what = match all.is_empty() {
                true => format!("{of} is deployed and has no `receiver`"),
                false => format!("every receiver of {of} has a `match`"),
            };
            let found = Diagnostic::new(&codes::MISSING, at, what)
                .here("nobody takes the rest")
                .why("an alert that no receiver matches would reach nobody")
                .help("write one receiver without `match`: `receiver \"oncall\" kind=\"webhook\" secret=\"oncall\"`");
            cx.read.report_each(found);
        }
        [_] => {}
        [first, others @ ..] => {
            for (receiver, at) in others {
                let what = format!("`{}` and `{}` both take what no other receiver takes", first.0.name, receiver.name);
                let found = Diagnostic::new(&codes::TWO_RESTS, *at, what)
                    .here("has no `match`")
                    .label(first.1, "nor has this one")
                    .why("which of them is told would depend on their order, and order means nothing here")
                    .help("give all but one a `match`; one that is to hear everything as well needs labels all alerts carry");
                cx.read.report_each(found);
            }
        }
    }
}

fn check(cx: &mut Context<'_, '_>, block: &Block<'_>, receiver: &Receiver, at: Span) {
    let kind = &receiver.kind.value;
    let Some(form) = forms(kind).first() else { return };
    if receiver.secret.is_none() && kind != "email" && !cx.said(block, "secret") {
        let keys: Vec<&str> = form.secrets.iter().map(|(_, key)| *key).collect();
        let what = format!("receiver `{}` does not say which Secret holds its credential", receiver.name);
        let found = Diagnostic::new(&codes::MISSING, at, what)
            .why("without it nothing can be sent, and a value has no place in a spec")
            .help(format!("write `secret=\"…\"`, a Secret with {}", list(&keys)));
        cx.read.report_each(found);
    }
    for setting in form.settings.iter().filter(|s| s.required) {
        if cx.said(block, setting.key) {
            continue;
        }
        let what = format!("receiver `{}` of kind `{kind}` does not say `{}`", receiver.name, setting.key);
        let found = Diagnostic::new(&codes::MISSING, at, what)
            .why("the operator or Alertmanager refuses such a receiver, and with it the whole configuration")
            .help(format!("write `{}=\"…\"`", setting.key));
        cx.read.report_each(found);
    }
    for (key, said) in &receiver.settings {
        let at = cx.read.span(said.origin);
        let Some(setting) = form.settings.iter().find(|s| s.key == *key) else {
            let known: Vec<&str> = form.settings.iter().map(|s| s.key).collect();
            let help = match known.is_empty() {
                true => "take it out: all it needs is in its Secret".to_owned(),
                false => format!("take it out; of these keys it takes {}", list(&known)),
            };
            let what = format!("a receiver of kind `{kind}` takes no `{key}`");
            // It may be the credential itself, in the key it seems to belong to.
            cx.read.report_each(Diagnostic::new(&codes::RECEIVER, at, what).here("not shown").help(help).hide(at));
            continue;
        };
        if let Some((is, help)) = setting.value.refuses(&said.value) {
            let what = format!("`{key}` of a receiver of kind `{kind}` is {is}");
            let found = Diagnostic::new(&codes::RECEIVER_VALUE, at, what).here("not shown").hide(at);
            cx.read.report_each(found.help(help));
        }
    }
}

impl Value {
    /// What the value should be and what to write, where it is something else.
    fn refuses(self, said: &str) -> Option<(&'static str, &'static str)> {
        if said.trim().is_empty() {
            return Some(("not to be empty", "write what the service asks for"));
        }
        // Alertmanager fills templates in when it tells somebody; nobody knows what with.
        let template = said.contains("{{");
        let (sound, is, help) = match self {
            Value::Text => return None,
            Value::Number => (
                said.parse::<i64>().is_ok_and(|n| n != 0),
                "a whole number, and not 0",
                "write the number, with its minus sign where it has one: `chat-id=\"-1001234567890\"`",
            ),
            Value::HostPort => {
                (host_port(said), "a host and a port", "write both: `smarthost=\"mail.example.com:587\"`")
            }
            Value::Addresses => (
                template || said.split(',').all(is_address),
                "one or several addresses of mail",
                "write them with commas between them: `to=\"oncall@example.com, lead@example.com\"`",
            ),
            Value::Address => (
                template || is_address(said),
                "one address of mail",
                "write it as it stands in a message: `from=\"watershed@example.com\"`",
            ),
            Value::Topic => (
                template || topic(said),
                "the ARN of a topic",
                "write it whole: `to=\"arn:aws:sns:eu-central-1:123456789012:alerts\"`",
            ),
        };
        (!sound).then_some((is, help))
    }
}

/// As Go's `net.SplitHostPort` takes it, with neither part empty: the operator asks for the first,
/// Alertmanager for the second.
fn host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').unwrap_or_default(),
        None if host.contains(':') => return false,
        None => host,
    };
    let plain = |c: char| !c.is_whitespace() && !matches!(c, '/' | '[' | ']' | '@');
    !host.is_empty() && host.chars().all(plain) && port.parse::<u16>().is_ok_and(|n| n > 0)
}

/// `a@b` or `Name <a@b>`: a mail server has the last word.
fn is_address(text: &str) -> bool {
    let text = text.trim();
    let bare = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(at), Some(closed)) => &closed[at + 1..],
        (None, None) => text,
        _ => return false,
    };
    let part = |p: &str| !p.is_empty() && !p.chars().any(|c| c.is_whitespace() || matches!(c, '@' | '<' | '>' | ':'));
    bare.rsplit_once('@').is_some_and(|(user, host)| part(user) && part(host))
}

/// `arn:partition:sns:region:account:name`.
fn topic(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    parts.len() == 6 && parts[0] == "arn" && parts[2] == "sns" && parts.iter().all(|p| !p.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fields;
    use crate::spec::ROOT;
    use crate::syntax::{Form as Shape, Type};

    #[test]
    fn every_kind_of_the_language_has_a_form_that_the_operator_knows() {
        let Some(Shape::Named(_, alertmanager)) = ROOT.key("alertmanager").map(|k| k.form) else { panic!() };
        let Some(Shape::Named(_, receiver)) = alertmanager.key("receiver").map(|k| k.form) else { panic!() };
        let Some(Shape::Scalar(Type::Enum(kinds))) = receiver.key("kind").map(|k| k.form) else { panic!() };
        let mut kinds: Vec<&str> = kinds.to_vec();
        kinds.sort_unstable();
        assert_eq!(kinds, KINDS.iter().map(|(word, _)| *word).collect::<Vec<_>>());
        let table = fields::table("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig").unwrap();
        for form in KINDS.iter().flat_map(|(_, forms)| *forms) {
            let fields = form.secrets.iter().map(|(path, _)| *path).chain(form.settings.iter().map(|s| s.field));
            for path in std::iter::once("sendResolved").chain(fields) {
                let full = format!("spec.receivers[].{}[].{path}", form.list);
                // What a Secret is referred to by is described with its type.
                assert!(table.field(&full).is_some(), "{full}");
            }
            assert!(form.settings.iter().all(|s| SETTINGS.contains(&s.key)), "{}", form.list);
        }
        assert!(SETTINGS.iter().all(|key| receiver.key(key).is_some()));
    }

    #[test]
    fn values_are_those_that_the_operator_and_alertmanager_take() {
        for (value, taken, refused) in [
            (Value::Text, &["ops", "{{ .x }}"][..], &["", "  "][..]),
            (Value::Number, &["-1001234567890", "7"], &["0", "-0", "ops", "1.5", "@ops"]),
            (
                Value::HostPort,
                &["mail.example.com:587", "10.0.0.1:25", "[fd00::1]:25", "relay:25"],
                &["mail.example.com", "mail:", ":25", "mail:0", "mail:smtp", "fd00::1:25", "smtp://mail:25", "a b:25"],
            ),
            (
                Value::Addresses,
                &["ops@example.com", "a@x, b@y", "On Call <a@x>", "{{ .CommonLabels.owner }}@example.com"],
                &["ops", "a@x,", "a@", "@x", "a@x b@y", "On Call <a@x"],
            ),
            (Value::Address, &["ops@example.com"], &["ops", "a@x, b@y"]),
            (
                Value::Topic,
                &["arn:aws-cn:sns:cn-north-1:123456789012:alerts"],
                &["alerts", "arn:aws:sqs:a:1:b", "arn:aws:sns:a:1"],
            ),
        ] {
            for text in taken {
                assert_eq!(value.refuses(text), None, "{value:?} {text}");
            }
            for text in refused {
                assert!(value.refuses(text).is_some(), "{value:?} {text}");
            }
        }
    }
}
