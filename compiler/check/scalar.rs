//! Whether a value is what its field holds.

use crate::catalog::fields::Type;
use crate::object::Value;

/// Whether a value fits a type, its form included. Maps and lists are told apart only.
pub(super) fn fits(value: Value<'_>, ty: Type) -> bool {
    match (ty, value) {
        (Type::Any, _) => true,
        // A shared type whose table is missing says nothing.
        (Type::Shared(_), _) => true,
        (Type::Map | Type::Open, v) => v == Value::Map,
        (Type::List, v) => v == Value::Seq,
        (Type::Bool, v) => matches!(v, Value::Bool(_)),
        (Type::Int, v) => matches!(v, Value::Int(_)),
        (Type::Number, v) => matches!(v, Value::Int(_) | Value::Float(_)),
        (Type::IntOrString, v) => matches!(v, Value::Int(_) | Value::Str(_)),
        (Type::Quantity, Value::Int(_)) => true,
        (_, Value::Embedded(_)) => matches!(ty, Type::String),
        (ty, Value::Str(s)) => match ty {
            Type::Quantity => is_quantity(s),
            Type::Duration => is_duration(s),
            Type::Size => is_size(s),
            Type::Base64 => is_base64(s),
            Type::Time => is_time(s),
            _ => true,
        },
        _ => false,
    }
}

/// How a value is named in a message.
pub(super) fn words(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => format!("`{b}`"),
        Value::Int(i) => format!("the number {i}"),
        Value::Float(f) => format!("the number {f:?}"),
        Value::Str(s) if s.chars().count() > 60 => {
            format!("the string \"{}…\"", s.chars().take(60).collect::<String>().escape_debug())
        }
        Value::Str(s) => format!("the string \"{}\"", s.escape_debug()),
        Value::Map => "a map".to_owned(),
        Value::Seq => "a list".to_owned(),
        Value::Embedded(_) => "a document".to_owned(),
    }
}

/// `resource.Quantity` of Kubernetes: sign, digits with an optional point, and a suffix or exponent.
fn is_quantity(s: &str) -> bool {
    let unsigned = s.strip_prefix(['+', '-']).unwrap_or(s);
    let digits = unsigned.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &unsigned[..unsigned.len() - digits.len()];
    let exponent = |e: &str| {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        !e.is_empty() && e.bytes().all(|b| b.is_ascii_digit())
    };
    const SUFFIXES: [&str; 16] = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    number.bytes().any(|b| b.is_ascii_digit())
        && number.bytes().filter(|b| *b == b'.').count() <= 1
        && (SUFFIXES.contains(&digits) || digits.strip_prefix(['e', 'E']).is_some_and(exponent))
}

/// A duration of Prometheus, `1d12h`: units from years to milliseconds, each at most once, in order.
/// Some fields allow none; an empty string is then the same as no value.
fn is_duration(s: &str) -> bool {
    if s == "0" || s.is_empty() {
        return true;
    }
    let mut rest = s;
    for unit in ["y", "w", "d", "h", "m", "s", "ms"] {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if after.len() == rest.len() {
            break;
        }
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        if &after[..end] == unit {
            rest = &after[end..];
        }
    }
    rest.is_empty()
}

/// A size of Prometheus: `512MB`, `1.5GiB`, `0`.
fn is_size(s: &str) -> bool {
    let Some(number) = s.strip_suffix('B') else { return s == "0" || s.is_empty() };
    let number = number.strip_suffix('i').filter(|n| n.ends_with(['K', 'M', 'G', 'T', 'E', 'P'])).unwrap_or(number);
    let number = number.strip_suffix(['K', 'M', 'G', 'T', 'E', 'P']).unwrap_or(number);
    let (whole, part) = number.split_once('.').unwrap_or(("", number));
    !part.is_empty() && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
}

fn is_base64(s: &str) -> bool {
    let text = s.trim_end_matches('=');
    s.len().is_multiple_of(4)
        && s.len() - text.len() <= 2
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// RFC 3339, by its form.
fn is_time(s: &str) -> bool {
    let form = b"0000-00-00T00:00:00";
    let bytes = s.as_bytes();
    let zone = bytes.get(form.len()..).unwrap_or_default();
    bytes.len() > form.len()
        && form.iter().zip(bytes).all(|(f, b)| if *f == b'0' { b.is_ascii_digit() } else { f == b })
        && (zone.ends_with(b"Z") || zone.iter().any(|b| matches!(b, b'+' | b'-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_those_of_kubernetes_and_prometheus() {
        let all = |check: fn(&str) -> bool, good: &[&str], bad: &[&str]| {
            good.iter().for_each(|s| assert!(check(s), "{s}"));
            bad.iter().for_each(|s| assert!(!check(s), "{s}"));
        };
        all(
            is_quantity,
            &["1", "0.5", ".5", "5.", "-1", "100Gi", "500m", "1e3", "2E-3", "1E"],
            &["", "Gi", "1GB", "1 Gi", "1..2", "1ei", "--1", "1K"],
        );
        all(
            is_duration,
            &["", "0", "30s", "1d12h", "1h30m5s100ms", "5m", "100ms"],
            &["1", "30", "1h1d", "1.5h", "s", "5M", "1d 2h", "1s1s"],
        );
        all(is_size, &["0", "512MB", "1.5GiB", "10B", ".5GB"], &["512", "512Mi", "MB", "1iB", "1.B", "1.5.5GB"]);
        all(is_base64, &["", "aGk=", "aGVsbG8h"], &["a", "a===", "hi there", "===="]);
        all(
            is_time,
            &["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+02:00"],
            &["2026-01-31", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00"],
        );
    }

    #[test]
    fn a_number_is_no_string_and_a_string_is_no_number() {
        assert!(!fits(Value::Int(1), Type::String) && !fits(Value::Str("1"), Type::Int));
        assert!(!fits(Value::Str("true"), Type::Bool) && !fits(Value::Float(1.5), Type::Int));
        assert!(fits(Value::Int(1), Type::Number) && fits(Value::Str("web"), Type::IntOrString));
        assert!(fits(Value::Embedded(crate::object::Format::Yaml), Type::String));
    }
}
