//! Samples, told apart by series and millisecond, on both sides.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::ground::{During, Outcome, http};
use crate::steps::meaning::Series;
use crate::steps::stores::Store;

/// The whole life of a scene.
const LIFE: &str = "900s";
/// What senders put on a series.
const ADDED: [&str; 2] = ["cluster", "prometheus"];

/// Milliseconds since 1970.
pub type Moment = u64;

pub fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(Moment::MAX)
}

/// Series as it was scraped, and when.
pub type Samples = BTreeSet<(Series, Moment)>;

/// What a Prometheus has of the series a selector selects.
///
/// # Errors
/// Its own words.
pub fn scraped(prometheus: &str, selector: &str) -> Outcome<Samples> {
    let query = format!("{selector}[{LIFE}]");
    let answer = http::get_json(&http::with_query(&format!("{prometheus}/api/v1/query"), &[("query", &query)]))?;
    let mut all = Samples::new();
    for found in answer["data"]["result"].as_array().into_iter().flatten() {
        let series: Series = serde_json::from_value(found["metric"].clone()).during(prometheus)?;
        let moments = found["values"].as_array().into_iter().flatten().filter_map(|v| v[0].as_f64());
        // Seconds, with thousandths behind the point.
        all.extend(moments.map(|seconds| (series.clone(), (seconds * 1000.0).round() as Moment)));
    }
    Ok(all)
}

/// What a store has of them.
///
/// # Errors
/// Its own words.
pub fn arrived(store: &Store, selector: &str) -> Outcome<Samples> {
    let mut all = Samples::new();
    for line in store.samples(selector)?.lines() {
        let found: Value = serde_json::from_str(line).during(line)?;
        let mut series: Series = serde_json::from_value(found["metric"].clone()).during(line)?;
        series.retain(|name, _| !ADDED.contains(&name.as_str()));
        let moments = found["timestamps"].as_array().into_iter().flatten().filter_map(Value::as_u64);
        all.extend(moments.map(|at| (series.clone(), at)));
    }
    Ok(all)
}

/// What was scraped from one moment to another, and what of it is nowhere else.
#[derive(Debug, Clone, Default)]
pub struct Lost {
    pub scraped: usize,
    /// When the lost ones were scraped, in order.
    pub moments: Vec<Moment>,
    from: Moment,
}

impl Lost {
    pub fn of(scraped: &Samples, arrived: &Samples, [from, until]: [Moment; 2]) -> Lost {
        let due = scraped.iter().filter(|(_, at)| (from..until).contains(at));
        let (mut lost, mut count) = (Lost { from, ..Lost::default() }, 0);
        for sample in due {
            count += 1;
            if !arrived.contains(sample) {
                lost.moments.push(sample.1);
            }
        }
        lost.moments.sort_unstable();
        lost.scraped = count;
        lost
    }

    pub fn is_none(&self) -> bool {
        self.moments.is_empty()
    }

    /// The time in which samples were lost: from a sample to the next one less than `apart` later is one stretch.
    pub fn stretches(&self) -> Vec<[Moment; 2]> {
        const APART: Moment = 2500;
        let mut out: Vec<[Moment; 2]> = Vec::new();
        for &at in &self.moments {
            match out.last_mut() {
                Some([_, end]) if at < *end + APART => *end = at,
                _ => out.push([at, at]),
            }
        }
        out
    }

    /// Those scraped outside of all of these times.
    pub fn outside(&self, times: &[[Moment; 2]]) -> usize {
        let inside = |at: &Moment| times.iter().any(|[from, until]| (from..=until).contains(&at));
        self.moments.iter().filter(|at| !inside(at)).count()
    }

    /// All of it together.
    pub fn time(&self) -> Duration {
        // The last sample of a stretch stands for the second after it.
        let each = self.stretches().into_iter().map(|[from, until]| until - from + 1000);
        Duration::from_millis(each.sum())
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} samples lost", self.moments.len(), self.scraped)?;
        let seconds = |at: Moment| at.saturating_sub(self.from) as f64 / 1000.0;
        for [from, until] in self.stretches() {
            write!(f, ", {:.1} s to {:.1} s", seconds(from), seconds(until))?;
        }
        Ok(())
    }
}
