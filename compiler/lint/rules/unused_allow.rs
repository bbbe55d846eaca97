//! An `allow` that allows nothing.

use super::super::{Check, Rule};
use crate::diag::{Allowed, Code, Diagnostic, Sink, Stage};

const CODE: Code = Code {
    allowable: false,
    ..Code::warning(
        "LNT104",
        Stage::Plan,
        "an `allow` that allows nothing",
        "It would hide the next finding of that rule in this block, for a reason that was about another one.",
        "take it out, or move it into the block the finding points into",
    )
};

pub const RULE: Rule = Rule { code: &CODE, check: Check::Last };

/// Reports the `allow` nodes that took nothing back.
pub fn unused_allows(allows: &[Allowed], used: &[bool], sink: &mut Sink) {
    for (allow, _) in allows.iter().zip(used).filter(|(_, used)| !**used) {
        let what = format!("nothing in this block raises `{}`", allow.code);
        sink.push(Diagnostic::new(&CODE, allow.at, what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{FileId, Span};

    #[test]
    fn only_the_unused_are_reported() {
        let span = |at| Span::new(FileId(0), at, at + 1);
        let allow = |at| Allowed { code: "LNT101".into(), block: span(0), why: "so".into(), at: span(at) };
        let mut sink = Sink::default();
        unused_allows(&[allow(1), allow(2)], &[true, false], &mut sink);
        let found = sink.into_sorted();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].at, span(2));
    }
}
