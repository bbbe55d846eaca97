//! Findings of one file, with an upper bound: a garbled file of megabytes must not fill the memory
//! with messages about itself.

use super::codes;
use crate::diag::{Diagnostic, Sink, Span};

/// Enough to correct a file in one go, few enough to read.
const LIMIT: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Faults {
    sink: Sink,
    count: usize,
}

impl Faults {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.count += 1;
        if self.count <= LIMIT {
            self.sink.push(diagnostic);
        } else if self.count == LIMIT + 1 {
            let what = format!("this file has more than {LIMIT} faults; those from here on are not shown");
            self.sink.push(Diagnostic::new(&codes::TOO_MANY_FAULTS, diagnostic.at, what));
        }
    }

    /// A finding with the why and help of its code.
    pub fn add(&mut self, code: &'static crate::diag::Code, at: Span, what: impl Into<String>) {
        self.push(Diagnostic::new(code, at, what));
    }

    /// Whether further findings would be dropped: nothing more need be looked up for them.
    pub fn full(&self) -> bool {
        self.count > LIMIT
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn into_sink(self) -> Sink {
        self.sink
    }
}
