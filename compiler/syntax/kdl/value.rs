//! Tokens to values: escapes, multi-line strings, numbers.

use super::lexer::{Kind, Token, is_newline, is_space};
use crate::syntax::Scalar;
use std::borrow::Cow;
use std::ops::Range;

/// Why a token has no value, and the bytes to point at.
#[derive(Debug, PartialEq)]
pub(in crate::syntax) enum Unreadable {
    Escape(Range<usize>),
    /// A line of a multi-line string that does not begin with the indentation of its closing quotes.
    Indentation(Range<usize>),
    /// Text before the closing quotes of a multi-line string.
    TextBeforeQuotes(Range<usize>),
    Number(&'static str),
}

/// The text of a string token.
pub(in crate::syntax) fn string(text: &str, token: Token) -> Result<Cow<'_, str>, Unreadable> {
    let raw = &text[token.range()];
    match token.kind {
        Kind::Quoted => unescape(&raw[1..raw.len() - 1], token.start + 1),
        Kind::Raw => {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            Ok(Cow::Borrowed(&raw[hashes + 1..raw.len() - hashes - 1]))
        }
        Kind::MultiLine => {
            // Escaped blanks are taken out before indentation, other escapes after it.
            let body = without_escaped_blanks(&raw[3..raw.len() - 3]);
            let dedented = dedent(&body, token.range())?;
            unescape(&dedented, token.start)
                .map(|s| Cow::Owned(s.into_owned()))
                .map_err(|_| Unreadable::Escape(token.range()))
        }
        Kind::RawMultiLine => {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            dedent(&raw[hashes + 3..raw.len() - hashes - 3], token.range()).map(Cow::Owned)
        }
        _ => Ok(Cow::Borrowed(raw)),
    }
}

fn unescape(body: &str, offset: usize) -> Result<Cow<'_, str>, Unreadable> {
    let Some(first) = body.find('\\') else { return Ok(Cow::Borrowed(body)) };
    let mut out = String::with_capacity(body.len());
    out.push_str(&body[..first]);
    let mut rest = &body[first..];
    while let Some(c) = rest.chars().next() {
        if c != '\\' {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let at = offset + body.len() - rest.len();
        let escaped = rest[1..].chars().next().unwrap_or('\\');
        let mut length = 1 + escaped.len_utf8();
        match escaped {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{C}'),
            's' => out.push(' '),
            '"' | '\\' => out.push(escaped),
            'u' => {
                let (c, taken) = unicode(&rest[2..]).ok_or(Unreadable::Escape(at..at + length))?;
                out.push(c);
                length += taken;
            }
            c if is_space(c) || is_newline(c) => {
                length = rest.len() - rest[1..].trim_start_matches(|c| is_space(c) || is_newline(c)).len();
            }
            _ => return Err(Unreadable::Escape(at..at + length)),
        }
        rest = rest.get(length..).unwrap_or("");
    }
    Ok(Cow::Owned(out))
}

/// `{1F600}`: the character and the bytes taken.
fn unicode(text: &str) -> Option<(char, usize)> {
    let (digits, _) = text.strip_prefix('{')?.split_once('}')?;
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    Some((c, digits.len() + 2))
}

fn without_escaped_blanks(body: &str) -> Cow<'_, str> {
    if !body.contains('\\') {
        return Cow::Borrowed(body);
    }
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let kept = behind.trim_start_matches(|c| is_space(c) || is_newline(c));
        if kept.len() < behind.len() {
            rest = kept;
        } else {
            let length = 1 + behind.chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[at..at + length]);
            rest = &rest[at + length..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Lines without the indentation of the last one, which holds the closing quotes.
fn dedent(body: &str, range: Range<usize>) -> Result<String, Unreadable> {
    let lines = lines(body);
    // The first line is what stands behind the opening quotes: nothing.
    let Some((indentation, lines)) = lines.split_last().and_then(|(last, rest)| Some((*last, rest.get(1..)?))) else {
        return Err(Unreadable::TextBeforeQuotes(range));
    };
    if !indentation.chars().all(is_space) {
        return Err(Unreadable::TextBeforeQuotes(range.end.saturating_sub(3)..range.end));
    }
    let mut out = String::with_capacity(body.len());
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        if line.chars().all(is_space) {
            continue;
        }
        out.push_str(line.strip_prefix(indentation).ok_or_else(|| Unreadable::Indentation(range.clone()))?);
    }
    Ok(out)
}

fn lines(body: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find(is_newline) {
        lines.push(&rest[..at]);
        let behind = &rest[at..];
        let length = if behind.starts_with("\r\n") { 2 } else { behind.chars().next().map_or(1, char::len_utf8) };
        rest = &behind[length..];
    }
    lines.push(rest);
    lines
}

/// The value of a number token.
pub(in crate::syntax) fn number(raw: &str) -> Result<Scalar, Unreadable> {
    let unsigned = raw.strip_prefix(['+', '-']).unwrap_or(raw);
    let (digits, radix) = match unsigned.get(..2) {
        Some("0x") => (&unsigned[2..], 16),
        Some("0o") => (&unsigned[2..], 8),
        Some("0b") => (&unsigned[2..], 2),
        _ => (unsigned, 10),
    };
    if radix == 10 && digits.contains(['.', 'e', 'E']) {
        return float(raw, unsigned);
    }
    let legal = |c: char| c == '_' || c.is_digit(radix);
    if !digits.starts_with(|c: char| c.is_digit(radix)) || !digits.chars().all(legal) {
        return Err(Unreadable::Number("a number has digits only; anything else is a string and takes quotes"));
    }
    let digits = digits.replace('_', "");
    let signed = if raw.starts_with('-') { format!("-{digits}") } else { digits };
    match i128::from_str_radix(&signed, radix) {
        Ok(value) => Ok(Scalar::Int(value)),
        Err(_) => Err(Unreadable::Number("the number is too large")),
    }
}

fn float(raw: &str, unsigned: &str) -> Result<Scalar, Unreadable> {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits =
        |s: &str| s.starts_with(|c: char| c.is_ascii_digit()) && s.chars().all(|c| c == '_' || c.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) || !exponent.is_none_or(digits) {
        return Err(Unreadable::Number("digits must stand on both sides of the point and behind `e`"));
    }
    match raw.replace('_', "").parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Scalar::Float(value)),
        _ => Err(Unreadable::Number("the number is too large")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::Lexer;
    use super::*;

    fn decoded(text: &str) -> Result<String, Unreadable> {
        let token = Lexer::new(text).next();
        assert!(token.is_string(), "{text:?} is {:?}", token.kind);
        string(text, token).map(Cow::into_owned)
    }

    #[test]
    fn escapes() {
        assert_eq!(decoded(r#""a\tb\"\\\s\u{96C6}""#).unwrap(), "a\tb\"\\ 集");
        assert_eq!(decoded("\"a\\\n    b\"").unwrap(), "ab");
        assert_eq!(decoded(r#""a\qb""#), Err(Unreadable::Escape(2..4)));
        assert_eq!(decoded(r#""\u{D800}""#), Err(Unreadable::Escape(1..3)));
        assert_eq!(decoded(r#""\u{}""#), Err(Unreadable::Escape(1..3)));
        assert_eq!(decoded(r##"#"a\q"#"##).unwrap(), "a\\q");
    }

    #[test]
    fn multi_line_strings_lose_the_indentation_of_their_last_line() {
        assert_eq!(decoded("\"\"\"\n    a\n      b\n\n    c\n    \"\"\"").unwrap(), "a\n  b\n\nc");
        assert_eq!(decoded("\"\"\"\r\n a\r\n b\r\n \"\"\"").unwrap(), "a\nb");
        assert_eq!(decoded("\"\"\"\n\"\"\"").unwrap(), "");
        assert_eq!(decoded("\"\"\"\n  a \\\n     b\n  \"\"\"").unwrap(), "a b");
        assert_eq!(decoded("#\"\"\"\n  a\\n\n  \"\"\"#").unwrap(), "a\\n");
        assert!(matches!(decoded("\"\"\"\n a\n  \"\"\""), Err(Unreadable::Indentation(_))));
        assert!(matches!(decoded("\"\"\"\n a\"\"\""), Err(Unreadable::TextBeforeQuotes(_))));
    }

    #[test]
    fn numbers_keep_their_type() {
        assert_eq!(number("3_000_000"), Ok(Scalar::Int(3_000_000)));
        assert_eq!(number("-0x1F"), Ok(Scalar::Int(-31)));
        assert_eq!(number("0b101"), Ok(Scalar::Int(5)));
        assert_eq!(number("1.0"), Ok(Scalar::Float(1.0)));
        assert_eq!(number("1e3"), Ok(Scalar::Float(1000.0)));
        for bad in ["1.", ".5", "1a", "0x", "1e", "1e999", "0o8", "1__.", "999999999999999999999999999999999999999999"]
        {
            assert!(number(bad).is_err(), "{bad}");
        }
    }
}
