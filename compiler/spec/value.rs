//! One value against the type of its key.

use super::codes;
use super::secret;
use crate::diag::{Code, Diagnostic, Span, nearest};
use crate::model::value::{self, *};
use crate::syntax::{Reference, Scalar, Type};
use crate::world::Date;

/// A day of the calendar, `"2027-03-31"`.
pub fn date(text: &str) -> Result<Date, Malformed> {
    let form = |what: String| Malformed {
        what,
        help: "write year, month and day, UTC: `\"2027-03-31\"`".to_owned(),
        instead: None,
    };
    let digits = |part: &str, length: usize| {
        (part.len() == length && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u16>().ok()).flatten()
    };
    let mut parts = text.split('-');
    let date = (|| {
        let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        parts.next().is_none().then_some((year, month as u8, day as u8))
    })();
    match date {
        Some((year, month, day)) if day >= 1 && day <= days_of(year, month) => {
            Ok(Date { year: i32::from(year), month, day })
        }
        Some(_) => Err(form(format!("{} is a day that no calendar has", quoted(text)))),
        None => Err(form(format!("{} is no date", quoted(text)))),
    }
}

fn days_of(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

/// A word of the field that we recognise in order to answer it.
pub(super) fn known_elsewhere(key: &str, word: &str) -> Option<(&'static str, &'static str)> {
    const KINDS: [(&str, &str, &str); 3] = [
        (
            "promscale",
            "Promscale is no longer developed",
            "use `\"victoriametrics-cluster\"`, or `\"greptimedb\"` where SQL is needed",
        ),
        (
            "timescaledb",
            "TimescaleDB takes no remote write since Promscale ended",
            "use `\"victoriametrics-cluster\"`, or `\"greptimedb\"` where SQL is needed",
        ),
        (
            "m3db",
            "M3DB takes no sample older than its buffer, so no outage can be promised to lose nothing",
            "use `\"victoriametrics-cluster\"`",
        ),
    ];
    (key == "kind")
        .then(|| KINDS.iter().find(|(known, ..)| *known == word))
        .flatten()
        .map(|(_, why, help)| (*why, *help))
}

/// What is wrong with the value of `key` that stands at `at`, if anything; null is never wrong.
pub fn examine(key: &str, ty: Type, scalar: &Scalar, at: Span) -> Option<Diagnostic> {
    match (ty, scalar) {
        (_, Scalar::Null) => None,
        (_, Scalar::Str(text)) if secret::look(text).is_some() => Some(literal_secret(key, text, at)),
        (_, Scalar::Str(text)) if secret::is_random(key, text) => {
            let what = format!("the value of `{key}` looks like a credential");
            Some(Diagnostic::new(&codes::SECRET, at, what).here("not shown").hide(at))
        }
        (Type::Any, _) => None,
        (Type::Count | Type::Positive, Scalar::Int(n)) => count(key, ty, *n, at),
        (Type::Count | Type::Positive, Scalar::Float(_)) => {
            let what = format!("`{key}` is a whole number");
            Some(Diagnostic::new(&codes::NUMBER, at, what).here("this has a fraction"))
        }
        (Type::Count | Type::Positive, Scalar::Str(text)) => {
            let found = Diagnostic::new(&codes::KIND, at, format!("`{key}` is a whole number, not text"));
            let digits = text.replace('_', "");
            let number = !digits.is_empty() && digits.len() < 18 && digits.bytes().all(|b| b.is_ascii_digit());
            Some(match number {
                true => found.help("take the quotes away").fix(at, digits, "take the quotes away"),
                false => found.help(format!("write a number without quotes: `{key} 3`")),
            })
        }
        (Type::Port, Scalar::Int(n)) => match u16::try_from(*n) {
            Ok(1..) => None,
            _ => Some(
                Diagnostic::new(&codes::HOST, at, format!("{n} is no port")).help("write a number from 1 to 65535"),
            ),
        },
        (_, Scalar::Str(text)) => text_of(key, ty, text, at),
        (_, other) => Some(not_text(key, ty, other, at)),
    }
}

fn count(key: &str, ty: Type, n: i128, at: Span) -> Option<Diagnostic> {
    let least = if ty == Type::Positive { 1 } else { 0 };
    if n < least {
        let what = format!("`{key}` cannot be {n}");
        return Some(Diagnostic::new(&codes::NUMBER, at, what).help(format!("write a whole number, at least {least}")));
    }
    let most = most(key);
    if n > most {
        let what = format!("`{key}` cannot be {n}");
        let found = Diagnostic::new(&codes::NUMBER, at, what).here(format!("more than {most}"));
        return Some(found.help(format!("write a whole number, at most {most}; was a digit typed twice?")));
    }
    None
}

/// The largest number a key takes. All but those that count series and samples stay far below 32
/// bits, in which they are held: what does not fit must not count as not said.
fn most(key: &str) -> i128 {
    match key {
        // Written into fields of 64 bits with a sign.
        "series" | "samples-per-second" | "sample-limit" | "samples" | "burst" | "toleration-seconds" => {
            i64::MAX.into()
        }
        // VictoriaMetrics' account numbers have 32 bits.
        "id" => u32::MAX.into(),
        "pods" => 1_000_000_000,
        "replicas" | "shards" | "gpus-per-node" | "npus-per-node" | "roce-ports-per-node" => 10_000,
        "replication" => 100,
        _ => 1_000_000,
    }
}

fn not_text(key: &str, ty: Type, scalar: &Scalar, at: Span) -> Diagnostic {
    let (found, spelled) = match scalar {
        Scalar::Bool(b) => ("a yes-or-no", b.to_string()),
        Scalar::Int(n) => ("a number", n.to_string()),
        Scalar::Float(n) => ("a number", n.to_string()),
        Scalar::Str(_) | Scalar::Null => ("text", String::new()),
    };
    let finding = Diagnostic::new(&codes::KIND, at, format!("`{key}` is text, this is {found}"));
    match (ty, scalar) {
        (Type::Duration | Type::DurationOrZero, Scalar::Int(n)) => {
            finding.help(format!("write it with its unit, in quotes: {}", units(key, &n.to_string())))
        }
        (Type::Size, Scalar::Int(n)) => finding.help(format!("write it with its suffix, in quotes: `\"{n}Gi\"`")),
        (Type::Percent, Scalar::Int(n)) => finding.help(format!("write it with its sign, in quotes: `\"{n}%\"`")),
        (Type::Version, _) => finding
            .why("as a number, 1.30 is 1.3, and Kubernetes 1.3 is another release")
            .help("put the version in quotes: `\"1.30\"`"),
        (Type::Enum(words), _) => finding.help(format!("write {}", one_of(words))),
        _ => finding.help(format!("put it in quotes: `\"{spelled}\"`")),
    }
}

fn literal_secret(key: &str, text: &str, at: Span) -> Diagnostic {
    let look = secret::look(text).unwrap_or("a credential");
    Diagnostic::new(&codes::SECRET, at, format!("the value of `{key}` looks like {look}")).here("not shown").hide(at)
}

/// Text against its type.
fn text_of(key: &str, ty: Type, text: &str, at: Span) -> Option<Diagnostic> {
    let (code, result): (&'static Code, Result<(), Malformed>) = match ty {
        Type::Name => (&codes::NAME, name(text)),
        Type::KubeName => (&codes::KUBE_NAME, kube_name(text)),
        Type::ObjectName => (&codes::KUBE_NAME, object_name(text)),
        Type::SecretKey => (&codes::KUBE_NAME, secret_key(text)),
        Type::NamespacedName => (&codes::KUBE_NAME, NamespacedName::parse(text).map(drop)),
        Type::Duration => (&codes::DURATION, duration(text)),
        Type::DurationOrZero => (&codes::DURATION, Duration::parse(text).map(drop)),
        Type::Size => (&codes::SIZE, size(text)),
        Type::Rate => (&codes::SIZE, Rate::parse(text).map(drop)),
        Type::Quantity => (&codes::QUANTITY, Quantity::parse(text).map(drop)),
        Type::Percent => (&codes::PERCENT, Percent::parse(text).map(drop)),
        Type::Version => (&codes::VERSION, Version::parse(text).map(drop)),
        Type::VersionRange => (&codes::VERSION, VersionRange::parse(text).map(drop)),
        Type::Date => (&codes::DATE, date(text).map(drop)),
        Type::Id => (&codes::ID, id(text)),
        Type::LabelName => (&codes::LABEL, label_name(text)),
        Type::LabelKey => (&codes::LABEL, label_key(text)),
        Type::LabelValue => (&codes::LABEL, label_value(text)),
        Type::NamespacePattern => (&codes::NAMESPACE, NamespacePattern::parse(text).map(drop)),
        Type::MetricGlob => (&codes::METRIC, MetricGlob::parse(text).map(drop)),
        Type::JobClass => (&codes::REFERENCE, job_class(text).map(drop)),
        Type::JobGlob => (&codes::REFERENCE, JobGlob::parse(text).map(drop)),
        Type::Destination => (&codes::REFERENCE, DestinationName::parse(text).map(drop)),
        Type::Selector => (&codes::SELECTOR, Selector::parse(text).map(drop)),
        Type::Target => (&codes::TARGET, Target::parse(text).map(drop)),
        Type::JsonPointer => (&codes::TARGET, JsonPointer::parse(text).map(drop)),
        Type::Path => (&codes::FILE, path(text)),
        Type::Url => (&codes::URL, Url::parse(text).map(drop)),
        Type::Domain => (&codes::HOST, domain(text)),
        Type::Endpoint => (&codes::HOST, Endpoint::parse(text).map(drop)),
        Type::Port => (&codes::HOST, Port::parse(text).map(drop)),
        Type::UrlPath => (&codes::HOST, url_path(text)),
        Type::Image => (&codes::IMAGE, image(text)),
        Type::Registry => (&codes::IMAGE, registry(text)),
        Type::Unit => (&codes::REFERENCE, unit(text)),
        Type::Collector => (&codes::REFERENCE, collector(text)),
        Type::Ref(Reference::Rule) => (&codes::REFERENCE, rule_id(text)),
        Type::Ref(_) => (&codes::REFERENCE, name(text)),
        Type::Enum(words) => return word(key, words, text, at),
        Type::Text => (&codes::KIND, value::text(text)),
        // Decided before text is looked at.
        Type::Any | Type::Count | Type::Positive => return None,
    };
    let unitless = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if matches!(ty, Type::Duration | Type::DurationOrZero) && unitless && lasts_days(key) && text.len() < 10 {
        let what = format!("{} has no unit", quoted(text));
        return Some(Diagnostic::new(code, at, what).help(format!("write {}", units(key, text))));
    }
    let malformed = result.err().map(|m| malformed(code, m, at))?;
    if ty == Type::ObjectName && matches!(key, "secret" | "previous") {
        // No Secret has such a name: it may be the credential itself.
        let what = format!("the value of `{key}` can be no name of a Secret");
        return Some(Diagnostic::new(code, at, what).here("not shown: is it the credential?").hide(at));
    }
    Some(malformed)
}

/// Keys that are written in days or hours: a unit that was forgotten is never the second.
fn lasts_days(key: &str) -> bool {
    matches!(key, "retention" | "survive" | "accepts-late" | "keep")
}

/// A number with the units that can be meant.
fn units(key: &str, number: &str) -> String {
    match lasts_days(key) {
        true => format!("`\"{number}d\"` for days or `\"{number}h\"` for hours"),
        false => format!("`\"{number}s\"`"),
    }
}

/// `"0s"` is a duration, but no interval and no retention.
fn duration(text: &str) -> Result<(), Malformed> {
    match Duration::parse(text)? {
        Duration::ZERO => Err(Malformed {
            what: format!("{} is no time at all", quoted(text)),
            help: "write a duration above zero, or leave the key out".to_owned(),
            instead: None,
        }),
        _ => Ok(()),
    }
}

/// Below a mebibyte a suffix was forgotten, or `Ki` written for `Gi`.
fn size(text: &str) -> Result<(), Malformed> {
    let size = Bytes::parse(text)?;
    if size.get() >= 1 << 20 {
        return Ok(());
    }
    let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    Err(Malformed {
        what: format!("{} is only {} bytes", quoted(text), size.get()),
        help: format!("write a suffix: `\"{digits}Gi\"` or `\"{digits}Mi\"`"),
        instead: None,
    })
}

fn word(key: &str, words: &'static [&'static str], text: &str, at: Span) -> Option<Diagnostic> {
    if words.contains(&text) {
        return None;
    }
    let found = Diagnostic::new(&codes::WORD, at, format!("`{key}` cannot be {}", quoted(text)));
    if let Some((why, help)) = known_elsewhere(key, text) {
        return Some(found.why(why).help(help));
    }
    let found = found.help(format!("write {}", one_of(words)));
    Some(match nearest(text, words.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`? `{key}` is {}", one_of(words))).fix(
            at,
            format!("\"{near}\""),
            format!("write `{near}`"),
        ),
        None => found,
    })
}

pub(super) fn malformed(code: &'static Code, m: Malformed, at: Span) -> Diagnostic {
    let found = Diagnostic::new(code, at, m.what).help(m.help);
    match m.instead {
        Some(text) => {
            let title = format!("write `{text}`");
            found.fix(at, format!("\"{text}\""), title)
        }
        None => found,
    }
}

/// `` `a`, `b` or `c` ``.
fn one_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [rest @ .., last] => {
            let rest: Vec<_> = rest.iter().map(|w| format!("`{w}`")).collect();
            format!("{} or `{last}`", rest.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(ty: Type, scalar: Scalar) -> Option<Diagnostic> {
        examine("key", ty, &scalar, Span::NONE)
    }

    fn text(ty: Type, text: &str) -> Option<Diagnostic> {
        finding(ty, Scalar::Str(text.into()))
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!(date("2028-02-29").unwrap(), Date { year: 2028, month: 2, day: 29 });
        for bad in [
            "",
            "2027-02-29",
            "2027-13-01",
            "2027-00-01",
            "2027-01-00",
            "27-01-01",
            "2027-1-1",
            "2027/01/01",
            "2027-01-01-",
            "+027-01-01",
        ] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn kinds_of_values_are_not_mixed_up() {
        assert!(finding(Type::Positive, Scalar::Int(3)).is_none());
        assert!(finding(Type::Count, Scalar::Int(0)).is_none());
        assert_eq!(finding(Type::Positive, Scalar::Int(0)).unwrap().code.id, "SPC113");
        assert_eq!(finding(Type::Count, Scalar::Int(-1)).unwrap().code.id, "SPC113");
        assert_eq!(finding(Type::Count, Scalar::Int(i128::MAX)).unwrap().code.id, "SPC113");
        assert_eq!(finding(Type::Count, Scalar::Float(1.5)).unwrap().code.id, "SPC113");
        assert_eq!(text(Type::Count, "3_000").unwrap().fix.unwrap().replacement, "3000");
        assert_eq!(
            finding(Type::Duration, Scalar::Int(15)).unwrap().help,
            "write it with its unit, in quotes: `\"15s\"`"
        );
        for scalar in [Scalar::Int(14), Scalar::Str("14".into())] {
            for key in ["retention", "survive", "accepts-late"] {
                let found = examine(key, Type::Duration, &scalar, Span::NONE).unwrap();
                assert!(found.help.contains("`\"14d\"` for days or `\"14h\"` for hours"), "{found:?}");
                assert!(found.fix.is_none() && !found.help.contains("14s"), "{found:?}");
            }
        }
        assert!(finding(Type::Version, Scalar::Float(1.3)).unwrap().why.contains("1.30 is 1.3"));
        assert_eq!(finding(Type::Text, Scalar::Bool(true)).unwrap().code.id, "SPC104");
        assert!(finding(Type::Port, Scalar::Int(9100)).is_none());
        assert_eq!(finding(Type::Port, Scalar::Int(0)).unwrap().code.id, "SPC131");
        assert!(finding(Type::Any, Scalar::Float(0.5)).is_none());
    }

    #[test]
    fn a_number_that_is_too_large_for_its_key_is_refused_and_not_dropped() {
        let number = |key, n| examine(key, Type::Positive, &Scalar::Int(n), Span::NONE);
        let wide = i128::from(u32::MAX) + 1;
        for key in ["nodes", "replicas", "shards", "replication", "storage", "id", "gpus-per-node", "pods"] {
            let found = number(key, wide).unwrap_or_else(|| panic!("{key} takes {wide}"));
            assert_eq!((found.code.id, found.what), ("SPC113", format!("`{key}` cannot be {wide}")));
            assert!(found.help.contains("at most"), "{}", found.help);
        }
        for (key, n) in [("id", wide - 1), ("nodes", 130_000), ("series", wide), ("sample-limit", i64::MAX.into())] {
            assert!(number(key, n).is_none(), "{key} {n}");
        }
        assert!(number("sample-limit", i128::from(i64::MAX) + 1).is_some());
    }

    #[test]
    fn zero_is_a_promise_but_no_interval() {
        assert!(text(Type::DurationOrZero, "0s").is_none());
        assert_eq!(text(Type::Duration, "0s").unwrap().code.id, "SPC110");
    }

    #[test]
    fn a_forgotten_suffix_is_no_small_volume() {
        assert!(text(Type::Size, "500Gi").is_none());
        assert!(text(Type::Size, "500").unwrap().help.contains("500Gi"));
    }

    #[test]
    fn words_are_suggested_and_dead_stores_answered() {
        let kind = Type::Enum(&["victoriametrics-cluster", "mimir"]);
        let near = text(kind, "victoriametric-cluster").unwrap();
        assert!(near.help.starts_with("did you mean `victoriametrics-cluster`?"));
        let dead = examine("kind", kind, &Scalar::Str("promscale".into()), Span::NONE).unwrap();
        assert!(dead.why.contains("no longer developed") && dead.help.contains("victoriametrics-cluster"));
    }

    #[test]
    fn a_secret_is_never_repeated_whatever_the_type() {
        for ty in [Type::Url, Type::Text, Type::ObjectName, Type::Enum(&["a"]), Type::Any, Type::Count] {
            let found = text(ty, "https://admin:hunter2@example.com").unwrap();
            assert_eq!(found.code.id, "SPC140");
            assert!(!format!("{found:?}").contains("hunter2"));
        }
    }
}
