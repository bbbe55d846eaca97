//! Dates and times, UTC.

use std::fmt;
use std::time::Duration;

/// A civil date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: i32,
    pub month: u8,
    pub day: u8,
}

impl Date {
    /// The date `days` after 1970-01-01, by the proleptic Gregorian calendar (H. Hinnant,
    /// "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
    pub fn from_days(days: i64) -> Self {
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date { year: year as i32, month: month as u8, day: day as u8 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

const DAY: u64 = 86_400;
/// Of the last day whose date has four digits.
const LAST: u64 = 2_932_896 * DAY + DAY - 1;

impl Time {
    /// Reads what `Display` writes: `2026-11-23T12:00:00Z`.
    pub fn parse(text: &str) -> Option<Time> {
        let digits = |from: usize, to: usize| {
            let part = text.get(from..to)?;
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u64>().ok()).flatten()
        };
        let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
        let seconds = digits(11, 13)? * 3600 + digits(14, 16)? * 60 + digits(17, 19)?;
        // The proleptic Gregorian calendar again (`days_from_civil`), for years after 1970.
        let from_march = if month > 2 { year } else { year.checked_sub(1)? };
        let (era, of_era) = (from_march / 400, from_march % 400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        let time = days.checked_sub(719_468).map(|days| Time(days * DAY + seconds));
        // Days and hours that there are not come out as others.
        time.filter(|t| t.0 <= LAST && t.to_string() == text)
    }

    pub fn date(self) -> Date {
        Date::from_days((self.0.min(LAST) / DAY) as i64)
    }

    /// Zero, if the other is later.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day = self.0.min(LAST) % DAY;
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.date(), of_day / 3600, of_day / 60 % 60, of_day % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_civil_dates() {
        assert_eq!(Date::from_days(0).to_string(), "1970-01-01");
        assert_eq!(Date::from_days(-1).to_string(), "1969-12-31");
        assert_eq!(Date::from_days(19_782).to_string(), "2024-02-29");
        assert_eq!(Date::from_days(19_783).to_string(), "2024-03-01");
        assert_eq!(Date::from_days(11_016).to_string(), "2000-02-29");
    }

    #[test]
    fn times_read_back_and_nothing_else_does() {
        let mut seconds = 1;
        while seconds < LAST {
            assert_eq!(Time::parse(&Time(seconds).to_string()), Some(Time(seconds)));
            seconds += 86_399 * 41;
        }
        assert_eq!(Time(1_795_435_200).to_string(), "2026-11-23T12:00:00Z");
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T12:00:00",
            "2026-02-30T00:00:00Z",
            "2026-11-23T25:00:00Z",
            "1969-01-01T00:00:00Z",
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }
}
