//! Durations, as Prometheus writes them.

use std::fmt;

use super::{Malformed, quoted};

/// A span of time in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

/// Units, long to short, which is the only order Prometheus reads them in.
const UNITS: [(&str, u64); 7] =
    [("y", 365 * DAY), ("w", 7 * DAY), ("d", DAY), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
const DAY: u64 = 86_400_000;

/// What Prometheus can hold: nanoseconds in 63 bits, some 292 years.
const LONGEST: u64 = i64::MAX as u64 / 1_000_000;

impl Duration {
    pub const ZERO: Duration = Duration(0);

    pub const fn from_millis(millis: u64) -> Self {
        Duration(millis)
    }

    pub const fn from_secs(secs: u64) -> Self {
        Duration(secs * 1_000)
    }

    pub const fn from_days(days: u64) -> Self {
        Duration(days * DAY)
    }

    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds, rounded up.
    pub const fn secs(self) -> u64 {
        self.0.div_ceil(1_000)
    }

    /// Whole days, rounded up.
    pub const fn days(self) -> u64 {
        self.0.div_ceil(DAY)
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `"15s"`, `"1d12h"`: numbers with the units y (365 days), w, d, h, m, s, ms, long before
    /// short, each at most once.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Err(Malformed::new("an empty text is no duration", FORM));
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Malformed::instead(format!("{} has no unit", quoted(text)), format!("{text}s")));
        }
        let (mut rest, mut total, mut next) = (text, 0_u64, 0);
        while !rest.is_empty() {
            let (number, unit, tail) = split(rest).ok_or_else(|| unreadable(text))?;
            let at = UNITS.iter().position(|(name, _)| *name == unit).ok_or_else(|| unknown_unit(text, unit))?;
            if at < next {
                let what = format!("{} has its units out of order, or one twice", quoted(text));
                return Err(Malformed::new(what, "write long units before short ones, each once: `\"1d12h\"`"));
            }
            next = at + 1;
            total = number
                .parse::<u64>()
                .ok()
                .and_then(|n| n.checked_mul(UNITS[at].1))
                .and_then(|n| n.checked_add(total))
                .filter(|n| *n <= LONGEST)
                .ok_or_else(|| {
                    Malformed::new(format!("{} is longer than Prometheus can hold", quoted(text)), "at most `\"292y\"`")
                })?;
            rest = tail;
        }
        Ok(Duration(total))
    }
}

const FORM: &str = "write numbers with units, `\"15s\"`, `\"12h\"` or `\"1d12h\"`; units are ms, s, m, h, d, w, y";

/// The leading number, the letters behind it, and what is left.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let letters = text[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
    (digits > 0 && letters > 0).then(|| (&text[..digits], &text[digits..digits + letters], &text[digits + letters..]))
}

fn unreadable(text: &str) -> Malformed {
    let tight: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if tight != text && Duration::parse(&tight).is_ok() {
        return Malformed::instead(format!("{} has spaces in it", quoted(text)), tight);
    }
    if text.contains('.') {
        let what = format!("{} has a fraction, which Prometheus does not read", quoted(text));
        return Malformed::new(what, "write whole numbers with a smaller unit: `\"1h30m\"`, `\"1500ms\"`");
    }
    if text.starts_with('-') {
        return Malformed::new(format!("{} is negative", quoted(text)), FORM);
    }
    Malformed::new(format!("{} is no duration", quoted(text)), FORM)
}

fn unknown_unit(text: &str, unit: &str) -> Malformed {
    let known = match unit.to_ascii_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        "week" | "weeks" => "w",
        "year" | "years" => "y",
        "msec" | "millis" => "ms",
        "mo" | "month" | "months" => {
            let what = format!("{}: Prometheus has no months", quoted(text));
            return Malformed::new(what, "write days: a month is `\"30d\"`");
        }
        "us" | "µs" | "ns" => {
            return Malformed::new(format!("{} is finer than a millisecond", quoted(text)), FORM);
        }
        // `15S`: the letters are right but for their case.
        lower => match UNITS.iter().find(|(name, _)| *name == lower) {
            Some((name, _)) => name,
            None => return Malformed::new(format!("{}: `{unit}` is no unit of time", quoted(text)), FORM),
        },
    };
    match text.matches(unit).count() {
        1 => {
            Malformed::instead(format!("{}: `{unit}` is no unit of time", quoted(text)), text.replacen(unit, known, 1))
        }
        _ => Malformed::new(format!("{}: `{unit}` is no unit of time", quoted(text)), FORM),
    }
}

impl fmt::Display for Duration {
    /// Canonical: days, hours, minutes, seconds, milliseconds. Weeks and years are not used, so
    /// that `"7d"` and `"365d"` stay what people wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, size) in &UNITS[2..] {
            if rest >= *size {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> u64 {
        Duration::parse(text).unwrap().millis()
    }

    #[test]
    fn reads_what_prometheus_reads() {
        assert_eq!(millis("15s"), 15_000);
        assert_eq!(millis("1d12h"), 36 * 3_600_000);
        assert_eq!(millis("1y2w3d4h5m6s7ms"), (365 + 14 + 3) * DAY + 4 * 3_600_000 + 5 * 60_000 + 6_007);
        assert_eq!(millis("0s"), 0);
        assert_eq!(millis("250ms"), 250);
    }

    #[test]
    fn refuses_what_prometheus_refuses_and_says_what_was_meant() {
        let instead = |text: &str| Duration::parse(text).unwrap_err().instead;
        assert_eq!(instead("90").as_deref(), Some("90s"));
        assert_eq!(instead("15 s").as_deref(), Some("15s"));
        assert_eq!(instead("15S").as_deref(), Some("15s"));
        assert_eq!(instead("2hours").as_deref(), Some("2h"));
        assert_eq!(instead("5min").as_deref(), Some("5m"));
        for text in
            ["", "s", "1.5h", "-1h", "1h1d", "1h1h", "3mo", "1us", "99999999999999999999s", "300y", "集", "1h集"]
        {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn prints_one_spelling_that_reads_back() {
        for (text, canonical) in
            [("36h", "1d12h"), ("90s", "1m30s"), ("1w", "7d"), ("1y", "365d"), ("1500ms", "1s500ms")]
        {
            let value = Duration::parse(text).unwrap();
            assert_eq!(value.to_string(), canonical);
            assert_eq!(Duration::parse(canonical).unwrap(), value);
        }
    }
}
