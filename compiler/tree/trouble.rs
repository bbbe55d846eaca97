//! What went wrong in the output folder, as diagnostics.

use super::Twice;
use super::codes;
use crate::diag::{Code, Diagnostic, Span};
use crate::world::{Committed, Trouble, TroubleKind};

/// Paths named in one message; the rest is counted.
const NAMED: usize = 3;

/// A trouble with the output folder, as a finding.
pub fn trouble(trouble: &Trouble) -> Diagnostic {
    Diagnostic::new(code(trouble.kind), Span::NONE, format!("`{}`: {}", trouble.path, trouble.message))
}

fn code(kind: TroubleKind) -> &'static Code {
    match kind {
        TroubleKind::Symlink => &codes::SYMLINK,
        TroubleKind::Foreign | TroubleKind::NotAFile => &codes::FOREIGN,
        TroubleKind::Locked => &codes::LOCKED,
        TroubleKind::Full => &codes::FULL,
        TroubleKind::Denied => &codes::DENIED,
        TroubleKind::Name => &codes::NAME,
        TroubleKind::Corrupt => &codes::CORRUPT,
        TroubleKind::Missing
        | TroubleKind::TooLarge
        | TroubleKind::Closed
        | TroubleKind::Repository
        | TroubleKind::Revision
        | TroubleKind::Shallow
        | TroubleKind::Io => &codes::IO,
    }
}

impl From<&Twice> for Diagnostic {
    fn from(twice: &Twice) -> Self {
        Diagnostic::new(&codes::TWICE, Span::NONE, twice.to_string())
    }
}

/// A finding for each file that should have gone but was edited.
pub fn kept(folder: &str, done: &Committed) -> Vec<Diagnostic> {
    let finding = |path: &String| {
        let what = format!("`{folder}/{path}` is no longer generated, but was edited since it was: it was left alone");
        Diagnostic::new(&codes::EDITED, Span::NONE, what)
    };
    done.kept.iter().map(finding).collect()
}

/// What `build --check` says of a folder that a build would change.
pub fn stale(folder: &str, would: &Committed) -> Option<Diagnostic> {
    let (written, removed) = (would.written.len(), would.removed.len());
    if written + removed == 0 {
        return None;
    }
    let mut what = format!("`{folder}` is out of date:");
    for (verb, paths) in [("write", &would.written), ("remove", &would.removed)] {
        if paths.is_empty() {
            continue;
        }
        let separator = if what.ends_with(':') { "" } else { ", and" };
        let named = paths.iter().take(NAMED).map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", ");
        let more = match paths.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        what.push_str(&format!("{separator} a build would {verb} {named}{more}"));
    }
    Some(Diagnostic::new(&codes::STALE, Span::NONE, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_has_a_code_with_a_why_and_a_help() {
        use TroubleKind::*;
        for kind in [Missing, Symlink, TooLarge, NotAFile, Foreign, Locked, Name, Corrupt, Full, Denied, Closed, Io] {
            let finding = trouble(&Trouble::new("output/acme", kind, "some cause"));
            assert!(!finding.why.is_empty() && !finding.help.is_empty(), "{kind:?}");
            assert_eq!(finding.what, "`output/acme`: some cause");
        }
        assert!(codes::ALL.windows(2).all(|c| c[0].id < c[1].id));
    }

    #[test]
    fn a_stale_folder_names_a_few_files_and_counts_the_rest() {
        let written = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let would = Committed { written, removed: vec!["z".to_owned()], ..Committed::default() };
        assert_eq!(
            stale("acme/edge-1", &would).unwrap().what,
            "`acme/edge-1` is out of date: a build would write `a`, `b`, `c` and 2 more, and a build would remove `z`"
        );
        assert_eq!(stale("acme/edge-1", &Committed::default()), None);
    }
}
