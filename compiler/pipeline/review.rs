//! What a branch does: the spec before and after, both compiled by this compiler, and apart from that what
//! this compiler writes differently than the one whose output was checked in.

use std::collections::BTreeMap;

use super::checked_in::{CheckedIn, checked_in, fleet_index};
use super::diff::{Against, ClusterChanges, diff};
use super::exceptions::{Exception, exceptions};
use super::loads::loads;
use super::revision::{Absent, Past, Which, label, open, past, resolve, trouble};
use super::{Compiled, SpecPath, codes, compile};
use crate::diag::{Diagnostic, Severity, Span};
use crate::diff::Loads;
use crate::tree::FleetIndex;
use crate::world::{History, World};

/// Which two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    pub base: Base,
    /// `None`: the files as they stand.
    pub head: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    Given(Which),
    /// Where HEAD parted from the main branch.
    Main,
}

/// What the main branch is called, the surest first.
const MAIN: [&str; 5] = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

impl Range {
    /// `A..B`, `A...B` (from where the two parted), `A..`, `A...` and `A`, the last three up to the files
    /// as they stand; nothing: from where HEAD parted from the main branch.
    pub fn parse(text: &str) -> Range {
        let side = |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
        let head = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        let given = |which, head| Range { base: Base::Given(which), head };
        if text.is_empty() {
            return Range { base: Base::Main, head: None };
        }
        if let Some((one, two)) = text.split_once("...") {
            return given(Which::Parting(side(one), side(two)), head(two));
        }
        match text.split_once("..") {
            Some((one, two)) => given(Which::At(side(one)), head(two)),
            None => given(Which::At(text.to_owned()), None),
        }
    }
}

/// A comparison of two specs, for people who decide about it.
pub struct Review {
    pub base: Before,
    pub head: Compiled,
    /// `abc1234 (topic)`, or that it is the working tree.
    pub head_label: String,
    /// Empty where one side does not compile.
    pub changes: Vec<ClusterChanges>,
    pub before: Loads,
    pub after: Loads,
    /// Findings of the new side that the old one does not have.
    pub found: Vec<Diagnostic>,
    /// How many findings of the old side are gone.
    pub gone: usize,
    /// What was checked in at the base, where anything was.
    pub checked_in: Option<CheckedIn>,
    /// What is checked in on the new side, as far as it is otherwise out of date than that of the base.
    pub built: Option<CheckedIn>,
    /// Why the one or the other is not known.
    pub unread: Option<Diagnostic>,
    /// What the changes are against where the spec of the base does not compile.
    pub stand_in: Option<StandIn>,
    /// What the branch excepts from the rules.
    pub exceptions: Vec<Exception>,
}

/// The old side.
pub enum Before {
    Spec(Box<Past>),
    /// There was no spec yet.
    Nothing {
        label: String,
    },
}

/// The output that was checked in at the base, in the place of its spec. What it carried cannot be told, and what another
/// compiler writes otherwise is among the changes.
pub struct StandIn {
    pub compiler: String,
    pub catalog: String,
}

impl Review {
    pub fn base_label(&self) -> String {
        match &self.base {
            Before::Spec(past) => past.label(),
            Before::Nothing { label } => label.clone(),
        }
    }

    pub fn past(&self) -> Option<&Past> {
        match &self.base {
            Before::Spec(past) => Some(past),
            Before::Nothing { .. } => None,
        }
    }
}

/// Compiles and compares both sides; `out` is where output is checked in.
///
/// # Errors
/// No repository, no such revision, a history cut too short, a spec that is not on the new side. What is
/// wrong with a spec is in the review.
pub fn review(world: &dyn World, path: &SpecPath, range: &Range, out: &str) -> Result<Review, Diagnostic> {
    let history = open(world, path)?;
    let revision = match &range.base {
        Base::Given(which) => resolve(&*history, which)?,
        Base::Main => main_branch(&*history)?,
    };
    let base_label = label(&revision);
    let then = history.at(&revision).map_err(|t| trouble(&t, Some(&*history)))?;
    let base = match past(&*then, path, revision) {
        Ok(past) => Before::Spec(Box::new(past)),
        Err(Absent::Spec(_)) => Before::Nothing { label: base_label },
        Err(Absent::Unusable(finding)) => return Err(*finding),
    };
    let revision = range.head.as_ref().map(|name| resolve(&*history, &Which::At(name.clone()))).transpose()?;
    let at_head = revision.as_ref().map(|revision| history.at(revision)).transpose();
    let at_head = at_head.map_err(|t| trouble(&t, Some(&*history)))?;
    let now: &dyn World = at_head.as_deref().unwrap_or(world);
    let (head, head_label) = match revision {
        None => (compile(world, path), "the working tree".to_owned()),
        Some(revision) => {
            let label = label(&revision);
            match past(now, path, revision) {
                Ok(mut past) => {
                    // The new side is what people look at: its lines need no revision.
                    past.compiled.document.sources.as_of("");
                    (past.compiled, label)
                }
                Err(Absent::Spec(_)) => {
                    let what = format!("`{}` is not in {label}", path.0);
                    return Err(Diagnostic::new(&codes::NOT_THEN, Span::NONE, what));
                }
                Err(Absent::Unusable(finding)) => return Err(*finding),
            }
        }
    };
    let mut review = Review {
        base,
        head,
        head_label,
        changes: Vec::new(),
        before: Loads::default(),
        after: Loads::default(),
        found: Vec::new(),
        gone: 0,
        checked_in: None,
        built: None,
        unread: None,
        stand_in: None,
        exceptions: Vec::new(),
    };
    let old = review.past().map(|past| &past.compiled);
    let (found, gone) = new_findings(old.map_or(&[], |old| &old.findings), &review.head.findings);
    let exceptions = exceptions(old, &review.head);
    if compiles(&review.head) {
        if let Some(old) = old.filter(|old| !compiles(old)) {
            // Of what is there of it, the name; a spec that cannot even be read had that of today.
            let fleet = [old, &review.head].into_iter().find_map(|c| c.fleet.as_ref());
            match fleet.map(|f| against_output(&*then, &f.name.value, &review.head, out)).transpose() {
                Ok(Some(Some((index, changes)))) => {
                    (review.changes, review.after) = (changes, loads(&review.head));
                    review.stand_in = Some(StandIn { compiler: index.compiler, catalog: index.catalog });
                }
                Ok(_) => {}
                Err(finding) => review.unread = Some(*finding),
            }
        } else {
            let against = old.map_or(Against::Nothing, Against::Spec);
            let changes = diff(world, &review.head, against, &[]).map_err(first)?;
            let (before, after) = (old.map(loads).unwrap_or_default(), loads(&review.head));
            let was = old.map(|old| checked_in(&*then, old, out)).transpose().map(Option::flatten);
            let is = checked_in(now, &review.head, out);
            (review.changes, review.before, review.after) = (changes, before, after);
            // That output cannot be read keeps nobody from comparing specs.
            match (was, is) {
                (Ok(was), Ok(is)) => {
                    review.built = is.map(|is| is.without(was.as_ref()));
                    review.checked_in = was;
                }
                (Ok(was), Err(finding)) => (review.checked_in, review.unread) = (was, Some(*finding)),
                (Err(finding), _) => review.unread = Some(*finding),
            }
        }
    }
    (review.found, review.gone, review.exceptions) = (found, gone, exceptions);
    Ok(review)
}

fn compiles(compiled: &Compiled) -> bool {
    compiled.findings.iter().all(|d| d.severity < Severity::Error)
}

/// What a branch makes of the output that is checked in at its base.
type AgainstOutput = Option<(FleetIndex, Vec<ClusterChanges>)>;

fn against_output(then: &dyn World, fleet: &str, head: &Compiled, out: &str) -> Result<AgainstOutput, Box<Diagnostic>> {
    let Some(index) = fleet_index(then, fleet, out)? else { return Ok(None) };
    // A fleet that is called otherwise has another folder: against that everything would be new, and nothing gone.
    if head.fleet.as_ref().is_some_and(|f| f.name.value != fleet) {
        return Ok(None);
    }
    let changes = diff(then, head, Against::Folder(out), &[]).map_err(|found| Box::new(first(found)))?;
    Ok(Some((index, changes)))
}

/// Several findings are of one kind here: an output that cannot be read.
pub(super) fn first(findings: Vec<Diagnostic>) -> Diagnostic {
    let none = || Diagnostic::new(&codes::UNREADABLE, Span::NONE, "the two sides cannot be compared");
    findings.into_iter().next().unwrap_or_else(none)
}

fn main_branch(history: &dyn History) -> Result<crate::world::Revision, Diagnostic> {
    let Some(main) = MAIN.into_iter().find(|name| history.revision(name).is_ok()) else {
        let what = format!("none of `{}` is here to compare with", MAIN.join("`, `"));
        let help = "name the two sides, `watershed review origin/trunk...HEAD`; in a build, fetch the branch that is merged \
                    to: `fetch-depth: 0` for actions/checkout, the variable `GIT_DEPTH: 0` on GitLab";
        return Err(Diagnostic::new(&codes::NO_REVISION, Span::NONE, what).help(help));
    };
    resolve(history, &Which::Parting(main.to_owned(), "HEAD".to_owned()))
}

/// Findings of `now` that are not among those of `then`, and how many of those are gone. Places do not
/// count: a finding on a line that moved is the same one.
fn new_findings(then: &[Diagnostic], now: &[Diagnostic]) -> (Vec<Diagnostic>, usize) {
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in then {
        *known.entry((finding.code.id, &finding.what)).or_default() += 1;
    }
    let mut new = Vec::new();
    for finding in now {
        match known.get_mut(&(finding.code.id, &*finding.what)) {
            Some(left) if *left > 0 => *left -= 1,
            _ => new.push(finding.clone()),
        }
    }
    (new, known.values().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_two_sides_of_which_one_may_be_the_working_tree() {
        let given = |which, head: Option<&str>| Range { base: Base::Given(which), head: head.map(str::to_owned) };
        let at = |name: &str| Which::At(name.to_owned());
        let parting = |a: &str, b: &str| Which::Parting(a.to_owned(), b.to_owned());
        assert_eq!(Range::parse("a..b"), given(at("a"), Some("b")));
        assert_eq!(Range::parse("a...b"), given(parting("a", "b"), Some("b")));
        assert_eq!(Range::parse("a..."), given(parting("a", "HEAD"), None));
        assert_eq!(Range::parse("a.."), given(at("a"), None));
        assert_eq!(Range::parse("a"), given(at("a"), None));
        assert_eq!(Range::parse("..b"), given(at("HEAD"), Some("b")));
        assert_eq!(Range::parse(""), Range { base: Base::Main, head: None });
    }

    #[test]
    fn a_finding_that_moved_is_not_new_and_a_second_one_is() {
        let finding = |what: &str, at: usize| {
            Diagnostic::new(&codes::LEFT_BEHIND, Span::new(crate::diag::FileId(0), at, at), what)
        };
        let then = [finding("a", 1), finding("b", 2)];
        let (new, gone) = new_findings(&then, &[finding("a", 7), finding("a", 8), finding("c", 9)]);
        let told: Vec<(&str, u32)> = new.iter().map(|f| (f.what.as_str(), f.at.start)).collect();
        assert_eq!((told, gone), (vec![("a", 8), ("c", 9)], 1));
    }
}
