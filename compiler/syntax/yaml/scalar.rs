//! What a plain scalar is: by YAML 1.2's core schema for specs, which refuses what YAML 1.1 reads
//! otherwise, and the way Kubernetes reads it for everything else.

use crate::syntax::Scalar;

/// What a plain scalar of a spec is.
#[derive(Debug, PartialEq)]
pub(in crate::syntax) enum Plain {
    Is(Scalar),
    /// YAML 1.1 and 1.2 disagree; the text says what YAML 1.1 or 1.2 make of it.
    Ambiguous(&'static str),
    /// Beyond what a number may be, or infinite, or none.
    NoNumber,
}

/// By the core schema of YAML 1.2, where YAML 1.1 agrees.
pub(in crate::syntax) fn resolve(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Is(Scalar::Null),
        "true" | "True" | "TRUE" => return Plain::Is(Scalar::Bool(true)),
        "false" | "False" | "FALSE" => return Plain::Is(Scalar::Bool(false)),
        "=" => return Plain::Ambiguous("YAML 1.1 gives it a meaning of its own"),
        "<<" => return Plain::Ambiguous("YAML 1.1 takes it for a merge key"),
        _ => {}
    }
    if is_old_bool(text) {
        return Plain::Ambiguous("YAML 1.1 reads it as a boolean, YAML 1.2 as a string");
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Plain::NoNumber;
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Plain::Is(Scalar::Str(text.to_owned()));
    }
    number(text, unsigned).unwrap_or_else(|| Plain::Is(Scalar::Str(text.to_owned())))
}

fn number(text: &str, unsigned: &str) -> Option<Plain> {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if let Some(hex) = unsigned.strip_prefix("0x")
        && !hex.is_empty()
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
    {
        if unsigned.len() < text.len() {
            return Some(Plain::Ambiguous("YAML 1.1 reads it as a number, YAML 1.2 as a string"));
        }
        return Some(i128::from_str_radix(hex, 16).map_or(Plain::NoNumber, |i| Plain::Is(Scalar::Int(i))));
    }
    if digits(unsigned) {
        if unsigned.len() > 1 && unsigned.starts_with('0') {
            return Some(Plain::Ambiguous("YAML 1.1 reads it as an octal number, YAML 1.2 as a decimal one"));
        }
        return Some(text.parse().map_or(Plain::NoNumber, |i| Plain::Is(Scalar::Int(i))));
    }
    if is_float(unsigned) {
        let exponent = unsigned.find(['e', 'E']);
        let signed = exponent.is_some_and(|e| unsigned[e + 1..].starts_with(['+', '-']));
        if exponent.is_some() && !(signed && unsigned.contains('.')) {
            return Some(Plain::Ambiguous("YAML 1.1 reads it as a string, YAML 1.2 as a number"));
        }
        return Some(match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Plain::Is(Scalar::Float(value)),
            _ => Plain::NoNumber,
        });
    }
    old_number(unsigned).map(Plain::Ambiguous)
}

/// `[0-9]+(\.[0-9]*)?` or `\.[0-9]+`, and an exponent.
fn is_float(unsigned: &str) -> bool {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}

/// Numbers and times of YAML 1.1 that YAML 1.2 has not.
fn old_number(unsigned: &str) -> Option<&'static str> {
    let of = |extra: &str| unsigned.bytes().all(|b| b.is_ascii_digit() || extra.as_bytes().contains(&b));
    let number = "YAML 1.1 reads it as a number, YAML 1.2 as a string";
    if let Some(octal) = unsigned.strip_prefix("0o") {
        let all = !octal.is_empty() && octal.bytes().all(|b| matches!(b, b'0'..=b'7'));
        return all.then_some("YAML 1.1 reads it as a string, YAML 1.2 as a number");
    }
    if let Some(binary) = unsigned.strip_prefix("0b") {
        return (!binary.is_empty() && binary.bytes().all(|b| matches!(b, b'0' | b'1' | b'_'))).then_some(number);
    }
    if let Some(hex) = unsigned.strip_prefix("0x") {
        return hex.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_').then_some(number);
    }
    if of("_.") && unsigned.contains('_') {
        return Some(number);
    }
    if of(":._") && is_sexagesimal(unsigned) {
        return Some("YAML 1.1 reads it as a number to the base of 60, YAML 1.2 as a string");
    }
    is_date(unsigned).then_some("YAML 1.1 reads it as a time, YAML 1.2 as a string")
}

fn is_sexagesimal(text: &str) -> bool {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or("");
    let mut count = 0;
    let minutes = parts.all(|p| {
        count += 1;
        let whole = p.split('.').next().unwrap_or("");
        matches!(whole.len(), 1 | 2) && whole.parse::<u32>().is_ok_and(|n| n < 60)
    });
    minutes && count > 0 && first.starts_with(|c: char| c.is_ascii_digit())
}

/// `2027-05-31`, alone or before a time.
fn is_date(text: &str) -> bool {
    let date = text.split(['T', 't', ' ']).next().unwrap_or("");
    let parts: Vec<&str> = date.split('-').collect();
    let number = |s: &str, lengths: &[usize]| lengths.contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    matches!(parts.as_slice(), [y, m, d] if number(y, &[4]) && number(m, &[1, 2]) && number(d, &[1, 2]))
}

/// The booleans of YAML 1.1 that are strings in 1.2. Which of them a parser takes differs; mixed
/// case is taken by none.
fn is_old_bool(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    let known = matches!(word.as_str(), "y" | "n" | "yes" | "no" | "on" | "off");
    let rest = text.get(1..).unwrap_or("");
    known
        && (text == word
            || rest.bytes().all(|b| b.is_ascii_lowercase())
            || text.bytes().all(|b| b.is_ascii_uppercase()))
}

/// A plain scalar as `sigs.k8s.io/yaml` reads it, and with it kubectl and the API server: YAML 1.1
/// words and numbers, but dates and base-60 numbers are strings. (Compared with kubectl 1.37.)
pub(in crate::syntax) fn resolve_kubernetes(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        _ => {}
    }
    let string = || Scalar::Str(text.to_owned());
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return string();
    }
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let radix = |digits: &str, radix: u32| {
        let signed = if plain.starts_with('-') { format!("-{digits}") } else { digits.to_owned() };
        let sound = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        i128::from_str_radix(&signed, radix).ok().filter(|_| sound).map(Scalar::Int)
    };
    let prefix = unsigned.get(..2).map(str::to_ascii_lowercase);
    let prefixed = match prefix.as_deref() {
        Some("0x") => Some(radix(&unsigned[2..], 16)),
        Some("0o") => Some(radix(&unsigned[2..], 8)),
        Some("0b") => Some(radix(&unsigned[2..], 2)),
        _ => None,
    };
    if let Some(number) = prefixed {
        return number.unwrap_or_else(string);
    }
    if unsigned.len() > 1
        && unsigned.starts_with('0')
        && let Some(octal) = radix(unsigned, 8)
    {
        return octal;
    }
    if let Some(decimal) = radix(unsigned, 10) {
        return decimal;
    }
    if is_float(unsigned)
        && let Ok(value) = plain.parse::<f64>()
        && value.is_finite()
    {
        return Scalar::Float(value);
    }
    string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema_where_the_versions_agree() {
        let is = |text: &str, scalar: Scalar| assert_eq!(resolve(text), Plain::Is(scalar), "{text}");
        is("~", Scalar::Null);
        is("True", Scalar::Bool(true));
        is("12", Scalar::Int(12));
        is("-3", Scalar::Int(-3));
        is("0x1F", Scalar::Int(31));
        is("1.50", Scalar::Float(1.5));
        is("1.0e+300", Scalar::Float(1e300));
        for string in
            ["15s", "edge-1", "1.34.2", "10.0.0.1", "7d", "yES", "tRUE", "1d12h", ">=0.1", "-", "a:b", "100Gi", "10%"]
        {
            is(string, Scalar::Str(string.to_owned()));
        }
    }

    #[test]
    fn what_the_versions_read_differently_is_refused() {
        for text in [
            "yes",
            "No",
            "ON",
            "off",
            "y",
            "N",
            "012",
            "-012",
            "0o17",
            "1_000",
            "1_0.5",
            "0b11",
            "12:30",
            "12:30:45",
            "2027-05-31",
            "2027-05-31T10:00:00Z",
            "1e3",
            "1.5e3",
            "=",
            "<<",
            "-0x1F",
        ] {
            assert!(matches!(resolve(text), Plain::Ambiguous(_)), "{text}: {:?}", resolve(text));
        }
        for text in [".inf", "-.INF", ".nan", "99999999999999999999999999999999999999999", "1.0e+999"] {
            assert_eq!(resolve(text), Plain::NoNumber, "{text}");
        }
    }

    #[test]
    fn kubernetes_reads_the_old_words_and_numbers() {
        let is = |text: &str, scalar: Scalar| assert_eq!(resolve_kubernetes(text), scalar, "{text}");
        is("y", Scalar::Bool(true));
        is("Off", Scalar::Bool(false));
        is("017", Scalar::Int(15));
        is("0o17", Scalar::Int(15));
        is("0b11", Scalar::Int(3));
        is("-0x1F", Scalar::Int(-31));
        is("1_000", Scalar::Int(1000));
        is("1_0.5", Scalar::Float(10.5));
        is("1e3", Scalar::Float(1000.0));
        is("089", Scalar::Int(89));
        for string in ["yES", "2001-01-01", "12:30", "1.2.3", "0x", "-", "+", "."] {
            is(string, Scalar::Str(string.to_owned()));
        }
    }
}
