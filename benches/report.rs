//! Figures as text: a block for each size, then the bars of the design.

use std::fmt::Write as _;
use std::time::Duration;

use crate::measure::{Size, median};

/// One size of fleet.
pub struct Figures {
    pub clusters: usize,
    pub tree: Size,
    pub rounds: Vec<Round>,
    /// Bytes, of a cold build; none where the system has no `/proc`.
    pub peak: Option<u64>,
    /// Milliseconds each, on one thread.
    pub phases: Vec<(String, f64)>,
}

/// What was measured one after the other.
pub struct Round {
    pub cold: Duration,
    pub copied: Duration,
    pub unchanged: Duration,
    pub copied_again: Duration,
    pub check: Duration,
    pub one: Duration,
}

impl Figures {
    fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(of))
    }

    /// The median of ratios, not the ratio of medians: both sides of a pair had the same weather.
    fn ratio(&self, of: impl Fn(&Round) -> (Duration, Duration)) -> f64 {
        self.median(|r| {
            let (a, b) = of(r);
            a.as_secs_f64() / b.as_secs_f64()
        })
    }

    fn cold_to_copy(&self) -> f64 {
        self.ratio(|r| (r.cold, r.copied))
    }

    fn unchanged_to_copy(&self) -> f64 {
        self.ratio(|r| (r.unchanged, r.copied_again))
    }

    fn one_to_cold(&self) -> f64 {
        self.ratio(|r| (r.one, r.cold))
    }

    fn check_to_cold(&self) -> f64 {
        self.ratio(|r| (r.check, r.cold))
    }
}

pub fn size(figures: &Figures) -> String {
    let ms = |of: fn(&Round) -> Duration| figures.median(|r| of(r).as_secs_f64() * 1e3);
    let mut out = String::new();
    let (clusters, files) = (figures.clusters, figures.tree.files);
    let mebibytes = figures.tree.bytes as f64 / f64::from(1 << 20);
    let _ = writeln!(out, "\n{clusters} clusters, {files} files, {mebibytes:.1} MiB");
    let lines = [
        ("cp -r of the output", ms(|r| r.copied), None),
        ("cold build", ms(|r| r.cold), Some((figures.cold_to_copy(), "cp -r"))),
        ("unchanged build", ms(|r| r.unchanged), Some((figures.unchanged_to_copy(), "cp -r"))),
        ("one changed cluster", ms(|r| r.one), Some((figures.one_to_cold(), "cold"))),
        ("check", ms(|r| r.check), Some((figures.check_to_cold(), "cold"))),
    ];
    for (name, ms, ratio) in lines {
        let ratio = ratio.map(|(ratio, of)| format!("{ratio:8.2} × {of}")).unwrap_or_default();
        let _ = writeln!(out, "  {name:<22}{ms:>10.1} ms{ratio}");
    }
    if let Some(peak) = figures.peak {
        let _ = writeln!(out, "  {:<22}{:>10.1} MiB", "peak memory, cold", peak as f64 / f64::from(1 << 20));
    }
    let sum: f64 = figures.phases.iter().map(|(_, ms)| ms).sum();
    let _ = writeln!(out, "  phases on one thread, sum {sum:.1} ms");
    for (name, ms) in &figures.phases {
        let _ = writeln!(out, "    {name:<20}{ms:>10.1} ms{:>7.1} %", 100.0 * ms / sum);
    }
    out
}

/// A fleet whose pools are split by namespace.
pub struct Split {
    pub tenants: usize,
    pub pools: usize,
    pub took: Vec<Duration>,
}

/// What many namespaces on one route cost beside few: the first cluster, for which each is proven, and further ones.
pub fn split(all: &[Split]) -> String {
    let mut out = String::from("\ncheck of pools that two stores share by namespace\n");
    let ms = |s: &Split| median(s.took.iter().map(|t| t.as_secs_f64() * 1e3));
    let mut few: Option<(f64, f64)> = None;
    for pair in all.chunks(2) {
        let [one, more] = pair else { continue };
        let (first, further) = (ms(one), (ms(more) - ms(one)) / (more.pools - one.pools).max(1) as f64);
        let _ = write!(
            out,
            "  {:>5} namespaces{first:>10.1} ms the fleet with one{further:>10.2} ms each further four clusters",
            one.tenants
        );
        let _ = match few {
            Some((f, each)) => {
                writeln!(out, "{:>8.2} and {:.2} × {} namespaces", first / f, further / each, all[0].tenants)
            }
            None => writeln!(out),
        };
        few = few.or(Some((first, further)));
    }
    out
}

/// The bars that the sizes measured can answer.
pub fn bars(all: &[Figures]) -> String {
    let of_size = |n: usize| all.iter().find(|f| f.clusters == n);
    let mut bars: Vec<(&str, f64, f64, &str)> = Vec::new();
    if let Some(f) = of_size(1_000) {
        bars.push(("1,000 clusters, cold", f.cold_to_copy(), 2.0, "× cp -r"));
        bars.push(("1,000 clusters, unchanged", f.unchanged_to_copy(), 1.2, "× cp -r"));
        bars.push(("one of 1,000", f.one_to_cold(), 0.25, "× cold"));
        bars.push(("check of 1,000", f.check_to_cold(), 0.5, "× cold"));
        if let Some(peak) = f.peak {
            bars.push(("1,000 clusters, peak memory", peak as f64 / f64::from(1 << 20), 128.0, "MiB"));
            if let Some(fewer) = of_size(100).and_then(|f| f.peak) {
                let further = (peak as f64 - fewer as f64) / 900.0 / 1024.0;
                bars.push(("memory, each further cluster", further, 64.0, "KiB"));
            }
        }
    }
    if let Some(f) = of_size(1) {
        bars.push(("one cluster, whole process", f.median(|r| r.cold.as_secs_f64() * 1e3), 8.0, "ms"));
    }
    let mut out = String::from("\nbars\n");
    for (name, measured, bar, unit) in bars {
        let verdict = if measured <= bar { "met" } else { "MISSED" };
        let _ = writeln!(out, "  {name:<30}{measured:>9.2}  of {bar:>6} {unit:<8} {verdict}");
    }
    out
}
