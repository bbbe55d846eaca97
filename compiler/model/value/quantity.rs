//! Kubernetes quantities: bytes, rates and everything else that is counted; and percentages.

use std::cmp::Ordering;
use std::fmt;

use super::{Malformed, quoted};

/// A number of bytes, with the spelling it was written in.
#[derive(Debug, Clone, Copy)]
pub struct Bytes {
    bytes: u64,
    spelling: Spelling,
}

/// Bytes per second, `"25Mi/s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(Bytes);

/// A quantity of anything, in thousandths: `"500m"`, `"2"`.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    milli: u64,
    spelling: Spelling,
}

/// Whole percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u32);

/// `12.5Gi` as 125, 1, `Gi`.
#[derive(Debug, Clone, Copy)]
struct Spelling {
    digits: u64,
    decimals: u32,
    suffix: &'static str,
}

/// Suffixes of Kubernetes with the factor they stand for, in thousandths.
const SUFFIXES: [(&str, u128); 14] = [
    ("m", 1),
    ("", 1_000),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000),
    ("Ki", 1_000 << 10),
    ("Mi", 1_000 << 20),
    ("Gi", 1_000 << 30),
    ("Ti", 1_000 << 40),
    ("Pi", 1_000 << 50),
    ("Ei", 1_000 << 60),
];

const SIZE: &str = "write a number with a suffix of Kubernetes: `\"500Gi\"`, `\"512Mi\"`, `\"2Ti\"`";

impl Bytes {
    /// Spelled in the largest binary suffix that divides it.
    pub fn new(bytes: u64) -> Self {
        let (suffix, size) = [("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)]
            .into_iter()
            .find(|(_, shift)| bytes != 0 && bytes.trailing_zeros() >= *shift)
            .unwrap_or(("", 0));
        Bytes { bytes, spelling: Spelling { digits: bytes >> size, decimals: 0, suffix } }
    }

    pub fn get(self) -> u64 {
        self.bytes
    }

    /// So many percent of it, rounded down to whole mebibytes where there is at least one.
    pub fn percent(self, percent: u32) -> Self {
        const MEBI: u64 = 1 << 20;
        let part = (u128::from(self.bytes) * u128::from(percent) / 100).min(u128::from(u64::MAX)) as u64;
        Bytes::new(if part >= MEBI { part / MEBI * MEBI } else { part })
    }

    /// In a binary suffix whatever it was written in, for software that reads `G` as 2³⁰. Rounded
    /// down to whole mebibytes where there is at least one.
    pub fn binary(self) -> String {
        self.percent(100).to_string()
    }

    /// `"500Gi"`; whole bytes, above zero.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (spelling, milli) = number(text, SIZE)?;
        if spelling.suffix == "m" {
            let what = format!("{} is thousandths of a byte", quoted(text));
            return Err(Malformed::instead(what, format!("{}Mi", text.trim_end_matches('m'))));
        }
        if milli == 0 {
            return Err(Malformed::new(format!("{} is nothing", quoted(text)), SIZE));
        }
        if !milli.is_multiple_of(1_000) {
            return Err(Malformed::new(format!("{} is no whole number of bytes", quoted(text)), SIZE));
        }
        let bytes = u64::try_from(milli / 1_000)
            .map_err(|_| Malformed::new(format!("{} is more than 2⁶⁴ bytes", quoted(text)), SIZE))?;
        Ok(Bytes { bytes, spelling })
    }
}

impl Rate {
    pub fn bytes_per_second(self) -> u64 {
        self.0.get()
    }

    /// `"25Mi/s"`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const FORM: &str = "write bytes and `/s`: `\"25Mi/s\"`; of a line in bits, that is an eighth";
        if let Some(bytes) = bytes_of_bits(text) {
            let what = format!("{} counts bits; rates are bytes per second", quoted(text));
            let mebibytes = bytes / 1_048_576.0;
            // Rounded down: a line takes no more than it takes.
            let instead = match mebibytes {
                m if (1.0..1e9).contains(&m) => format!("{}Mi/s", m.floor()),
                m if m * 1024.0 >= 1.0 && m < 1.0 => format!("{}Ki/s", (m * 1024.0).floor()),
                _ => return Err(Malformed::new(what, FORM)),
            };
            let help = format!("{} is about {mebibytes:.1} MiB/s: write `\"{instead}\"`", quoted(text));
            return Err(Malformed { what, help, instead: Some(instead) });
        }
        if let Some(size) = text.strip_suffix("/s") {
            return Bytes::parse(size).map(Rate).map_err(|m| Malformed { help: FORM.into(), instead: None, ..m });
        }
        if Bytes::parse(text).is_ok() {
            return Err(Malformed::instead(format!("{} does not say per what", quoted(text)), format!("{text}/s")));
        }
        Err(Malformed::new(format!("{} is no rate", quoted(text)), FORM))
    }
}

/// Bytes per second of a line as its provider writes it: `100Mbps`, `1.5 Gbit/s`.
fn bytes_of_bits(text: &str) -> Option<f64> {
    let number = ["bits/s", "bit/s", "bps", "b/s"].iter().find_map(|unit| text.strip_suffix(unit))?;
    let (number, factor) = match number.char_indices().next_back()? {
        (at, 'k' | 'K') => (&number[..at], 1e3),
        (at, 'm' | 'M') => (&number[..at], 1e6),
        (at, 'g' | 'G') => (&number[..at], 1e9),
        _ => (number, 1.0),
    };
    let number = number.trim_end();
    let plain = number.len() < 16 && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let bits = number.parse::<f64>().ok().filter(|_| plain)?;
    Some(bits * factor / 8.0)
}

impl Quantity {
    pub fn milli(self) -> u64 {
        self.milli
    }

    /// `"500m"`, `"2"`, `"0.5"`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const FORM: &str = "write cores, or thousandths of one with `m`: `\"2\"`, `\"500m\"`";
        let (spelling, milli) = number(text, FORM)?;
        let milli = u64::try_from(milli).map_err(|_| Malformed::new(format!("{} is too much", quoted(text)), FORM))?;
        Ok(Quantity { milli, spelling })
    }
}

impl Percent {
    /// `"10%"`, at least 1.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let number = text.strip_suffix('%').unwrap_or(text);
        match number.parse::<u32>() {
            Ok(n) if n > 0 && !number.starts_with('+') && text.ends_with('%') => Ok(Percent(n)),
            Ok(n) if n > 0 => {
                Err(Malformed::instead(format!("{} does not say of what", quoted(text)), format!("{n}%")))
            }
            _ => Err(Malformed::new(format!("{} is no percentage", quoted(text)), "write whole percent: `\"10%\"`")),
        }
    }
}

/// The spelling, and the value in thousandths.
fn number(text: &str, form: &str) -> Result<(Spelling, u128), Malformed> {
    let unreadable = || Malformed::new(format!("{} is no quantity", quoted(text)), form);
    let length = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let (number, suffix) = text.split_at(length);
    let Some((suffix, factor)) = SUFFIXES.iter().find(|(s, _)| *s == suffix) else {
        return Err(foreign_suffix(text, number, suffix, form));
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || (number.contains('.') && fraction.is_empty()) || fraction.contains('.') {
        return Err(unreadable());
    }
    // Eighteen digits fit a u64 and, times the largest factor, a u128.
    let digits = format!("{whole}{fraction}");
    if digits.len() > 18 {
        return Err(Malformed::new(format!("{} has more digits than a quantity can hold", quoted(text)), form));
    }
    let spelling =
        Spelling { digits: digits.parse().map_err(|_| unreadable())?, decimals: fraction.len() as u32, suffix };
    let scale = 10_u128.pow(spelling.decimals);
    let value = u128::from(spelling.digits) * factor;
    if !value.is_multiple_of(scale) {
        return Err(Malformed::new(format!("{} is finer than a thousandth", quoted(text)), form));
    }
    Ok((spelling, value / scale))
}

fn foreign_suffix(text: &str, number: &str, suffix: &str, form: &str) -> Malformed {
    if number.is_empty() {
        return Malformed::new(format!("{} is no quantity", quoted(text)), form);
    }
    let trimmed = suffix.trim();
    let base = trimmed.trim_end_matches(['b', 'B', 'i']);
    let meant = match base.to_ascii_uppercase().as_str() {
        "K" => "Ki",
        "M" => "Mi",
        "G" => "Gi",
        "T" => "Ti",
        "P" => "Pi",
        _ => return Malformed::new(format!("{}: `{trimmed}` is no suffix of Kubernetes", quoted(text)), form),
    };
    Malformed::instead(format!("{}: `{trimmed}` is no suffix of Kubernetes", quoted(text)), format!("{number}{meant}"))
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u64.pow(self.decimals);
        write!(f, "{}", self.digits / scale)?;
        if self.decimals > 0 {
            write!(f, ".{:0width$}", self.digits % scale, width = self.decimals as usize)?;
        }
        f.write_str(self.suffix)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spelling.fmt(f)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spelling.fmt(f)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// By value: `1Gi` and `1024Mi` are equal.
impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Bytes {}

impl PartialOrd for Bytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bytes {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

/// By value: `1` and `1000m` are equal.
impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.milli == other.milli
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.milli.cmp(&other.milli)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_value_kubernetes_gives_them_and_keep_their_spelling() {
        for (text, bytes) in [
            ("500Gi", 500 << 30),
            ("1Ti", 1 << 40),
            ("1.5Gi", 3 << 29),
            ("0.50Gi", 1 << 29),
            ("100G", 100_000_000_000),
            ("2k", 2_000),
            ("1073741824", 1 << 30),
        ] {
            let size = Bytes::parse(text).unwrap();
            assert_eq!(size.get(), bytes, "{text}");
            assert_eq!(size.to_string(), text);
        }
        assert_eq!(Bytes::parse("1Gi").unwrap(), Bytes::parse("1024Mi").unwrap());
    }

    #[test]
    fn sizes_of_other_tools_are_answered_with_ours() {
        let instead = |text: &str| Bytes::parse(text).unwrap_err().instead;
        for text in ["500GB", "500GiB", "500gb", "500Gib", "500 Gi", "500g"] {
            assert_eq!(instead(text).as_deref(), Some("500Gi"), "{text}");
        }
        assert_eq!(instead("100m").as_deref(), Some("100Mi"));
        for text in [
            "",
            "Gi",
            "-1Gi",
            "1e3",
            "1..2Gi",
            ".5Gi",
            "5.Gi",
            "0Gi",
            "0.0001Ki",
            "99Ei",
            "1234567890123456789Gi",
            "多Gi",
        ] {
            assert!(Bytes::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn computed_sizes_are_spelled_the_shortest_exact_way() {
        assert_eq!(Bytes::parse("100Gi").unwrap().percent(80).to_string(), "80Gi");
        assert_eq!(Bytes::parse("1Ti").unwrap().percent(80).to_string(), "838860Mi");
        assert_eq!(Bytes::parse("100G").unwrap().binary(), "95367Mi");
        assert_eq!(Bytes::new(0).to_string(), "0");
    }

    #[test]
    fn rates_are_bytes_per_second() {
        assert_eq!(Rate::parse("25Mi/s").unwrap().bytes_per_second(), 25 << 20);
        assert_eq!(Rate::parse("25Mi/s").unwrap().to_string(), "25Mi/s");
        assert_eq!(Rate::parse("25Mi").unwrap_err().instead.as_deref(), Some("25Mi/s"));
        for (bits, bytes) in [
            ("100Mbps", "11Mi/s"),
            ("100 Mbit/s", "11Mi/s"),
            ("100Mb/s", "11Mi/s"),
            ("200Mbps", "23Mi/s"),
            ("1.5Gbit/s", "178Mi/s"),
            ("512kbps", "62Ki/s"),
        ] {
            let refused = Rate::parse(bits).unwrap_err();
            assert!(refused.what.contains("counts bits") && refused.help.contains(bytes), "{refused:?}");
            assert_eq!(refused.instead.as_deref(), Some(bytes));
            assert!(Rate::parse(bytes).is_ok(), "{bytes}");
        }
        assert!(Rate::parse("100Mbps").unwrap_err().help.contains("11.9 MiB/s"));
        for text in ["0bps", "x Mbps", "Mbps", "bps", "100MBps", "1e9bps", "9999999999999Gbps"] {
            let refused = Rate::parse(text).unwrap_err();
            assert!(refused.instead.is_none() && refused.help.contains("write bytes and `/s`"), "{refused:?}");
        }
        assert!(Rate::parse("25/m").is_err());
    }

    #[test]
    fn cpu_and_percent() {
        assert_eq!(Quantity::parse("500m").unwrap(), Quantity::parse("0.5").unwrap());
        assert!(Quantity::parse("0.0001").is_err());
        assert_eq!(Percent::parse("10%").unwrap(), Percent(10));
        assert_eq!(Percent::parse("10").unwrap_err().instead.as_deref(), Some("10%"));
        assert!(Percent::parse("+10%").is_err());
        assert!(Percent::parse("-1%").is_err());
    }
}
