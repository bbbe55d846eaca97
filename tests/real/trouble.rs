//! What stops the suite: which part, what it was about to do, and the component's own words.

use std::fmt;

/// The last lines of what a program printed are enough to see why it stopped.
const TAIL: usize = 40;

pub struct Trouble {
    what: String,
    said: String,
}

impl Trouble {
    pub fn new(what: impl Into<String>) -> Self {
        Trouble { what: what.into(), said: String::new() }
    }

    /// Puts what was being done in front: `etcd 3.5: …`.
    #[must_use]
    pub fn during(mut self, what: impl fmt::Display) -> Self {
        self.what = format!("{what}: {}", self.what);
        self
    }

    /// With all that the component printed.
    #[must_use]
    pub fn said(mut self, text: impl Into<String>) -> Self {
        self.said = text.into();
        self
    }

    /// All that the component printed, where that is more than is shown.
    pub fn whole(&self) -> Option<&str> {
        (self.said.trim_end().lines().count() > TAIL).then_some(&self.said)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        let lines: Vec<&str> = self.said.trim_end().lines().collect();
        let left_out = lines.len().saturating_sub(TAIL);
        if left_out > 0 {
            write!(f, "\n    | ({left_out} lines before)")?;
        }
        for line in &lines[left_out..] {
            write!(f, "\n    | {line}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For `map_err`: what could not be done, and the system's word.
pub fn failed<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Trouble {
    move |error| Trouble::new(format!("{what}: {error}"))
}
