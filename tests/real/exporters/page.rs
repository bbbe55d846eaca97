//! A page in Prometheus' text format.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Families one after the other; a family's samples follow its head.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

impl Page {
    pub fn counter(&mut self, name: &str) -> Family<'_> {
        self.family(name, "counter")
    }

    pub fn gauge(&mut self, name: &str) -> Family<'_> {
        self.family(name, "gauge")
    }

    /// Where the process behind the page stands, as every exporter in Go says.
    pub fn process(&mut self, seconds: f64) {
        self.counter("process_cpu_seconds_total").is(&[], seconds * 0.05);
        self.gauge("process_resident_memory_bytes").is(&[], 5e7);
        self.gauge("go_goroutines").is(&[], 40.0);
    }

    fn family(&mut self, name: &str, kind: &str) -> Family<'_> {
        let _ = writeln!(self.text, "# HELP {name} Stand-in.\n# TYPE {name} {kind}");
        Family { page: self, name: name.to_owned(), stamped: false }
    }

    pub fn text(self) -> String {
        self.text
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub struct Family<'p> {
    page: &'p mut Page,
    name: String,
    stamped: bool,
}

impl Family<'_> {
    /// Its samples carry the time they were taken at, as cAdvisor's do.
    #[must_use]
    pub fn stamped(mut self) -> Self {
        self.stamped = true;
        self
    }

    pub fn is(&mut self, labels: &[(&str, &str)], value: f64) -> &mut Self {
        self.page.text.push_str(&self.name);
        for (i, (name, value)) in labels.iter().enumerate() {
            let _ = write!(self.page.text, "{}{name}=\"{value}\"", if i == 0 { '{' } else { ',' });
        }
        if !labels.is_empty() {
            self.page.text.push('}');
        }
        let _ = write!(self.page.text, " {value}");
        if self.stamped {
            let _ = write!(self.page.text, " {}", now());
        }
        self.page.text.push('\n');
        self
    }

    /// The last values with their timestamps, oldest first: they are taken at whole multiples of `apart` milliseconds.
    pub fn batch(&mut self, labels: &[(&str, &str)], length: u32, apart: u64, value: impl Fn(u64) -> f64) {
        let newest = now() / apart.max(1) * apart.max(1);
        for back in (0..u64::from(length)).rev() {
            let at = newest.saturating_sub(back * apart);
            self.is(labels, value(at));
            self.page.text.pop();
            let _ = writeln!(self.page.text, " {at}");
        }
    }
}
