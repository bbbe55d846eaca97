//! Collecting, suppressing and ordering findings.

use super::{Diagnostic, Severity, Span};

/// An `allow` node: which code it takes back, and the block it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub code: String,
    /// Findings whose primary place is inside this span are taken back.
    pub block: Span,
    pub why: String,
    pub at: Span,
}

/// Collects the findings of one run.
#[derive(Debug, Default, Clone)]
pub struct Sink {
    found: Vec<Diagnostic>,
}

impl Sink {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    pub fn extend(&mut self, other: Sink) {
        self.found.extend(other.found);
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub fn has_errors(&self) -> bool {
        self.worst() == Some(Severity::Error)
    }

    pub fn worst(&self) -> Option<Severity> {
        self.found.iter().map(|d| d.severity).max()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// Takes back what `allow` nodes allow. Returns, for each node, whether it took anything back.
    pub fn suppress(&mut self, allows: &[Allowed]) -> Vec<bool> {
        let mut used = vec![false; allows.len()];
        self.found.retain(|d| {
            let taken = allows.iter().position(|a| d.code.allowable && a.code == d.code.id && encloses(a.block, d.at));
            if let Some(i) = taken {
                used[i] = true;
            }
            taken.is_none()
        });
        used
    }

    /// The findings in the one order every renderer uses: by file and place, then code, then text;
    /// equal ones once.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|a, b| {
            (a.at.file, a.at.start, a.code.id, &a.what).cmp(&(b.at.file, b.at.start, b.code.id, &b.what))
        });
        self.found.dedup();
        self.found
    }
}

fn encloses(block: Span, at: Span) -> bool {
    block.file == at.file && block.start <= at.start && at.end <= block.end
}
