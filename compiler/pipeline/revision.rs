//! A spec as it was at a revision of the git repository it is checked in to.

use super::{Compiled, SpecPath, codes, compile};
use crate::diag::{Code, Diagnostic, Severity, Span};
use crate::world::{History, Revision, Trouble, TroubleKind, World};

/// Which revision is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// `REV`
    At(String),
    /// `A...B`: where the histories of the two parted. Without B, HEAD.
    Parting(String, String),
}

impl Which {
    /// Reads `REV`, `A...` or `A...B`; nothing is HEAD.
    ///
    /// # Errors
    /// What to write instead of a range of two sides.
    pub fn parse(text: &str) -> Result<Self, String> {
        let or_head = |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
        if let Some((one, two)) = text.split_once("...") {
            return Ok(Which::Parting(or_head(one), or_head(two)));
        }
        match text.split_once("..") {
            Some((one, _)) => Err(format!(
                "one revision is one side: write `{one}`, or `{one}...` for the commit where the branch parted from it"
            )),
            None => Ok(Which::At(or_head(text))),
        }
    }
}

/// A spec compiled as of a revision, by this compiler.
pub struct Past {
    pub revision: Revision,
    pub compiled: Compiled,
}

impl Past {
    /// `abc1234 (origin/main)`.
    pub fn label(&self) -> String {
        label(&self.revision)
    }

    /// What keeps the spec of then from being compiled: the first finding says so, the others stand in its
    /// text. Empty where it compiles.
    pub fn broken(&self) -> Vec<Diagnostic> {
        let errors = self.compiled.findings.iter().filter(|d| d.severity == Severity::Error);
        let mut found: Vec<Diagnostic> = errors.cloned().collect();
        if !found.is_empty() {
            let what =
                format!("the spec does not compile at {}, so that nothing can be compared with it", self.label());
            found.insert(0, Diagnostic::new(&codes::PAST_BROKEN, Span::NONE, what));
        }
        found
    }
}

/// Compiles the spec as it was at a revision; `path` is where it stands today.
///
/// # Errors
/// No repository, no such revision, a history cut too short, no spec there at that time. What is wrong with
/// the spec itself is in its findings.
pub fn compile_at(world: &dyn World, path: &SpecPath, which: &Which) -> Result<Past, Diagnostic> {
    let history = open(world, path)?;
    let revision = resolve(&*history, which)?;
    let then = history.at(&revision).map_err(|t| trouble(&t, Some(&*history)))?;
    match past(&*then, path, revision) {
        Ok(past) => Ok(past),
        Err(Absent::Spec(revision)) => {
            let what = format!("`{}` is not in {}", path.0, label(&revision));
            Err(Diagnostic::new(&codes::NOT_THEN, Span::NONE, what))
        }
        Err(Absent::Unusable(finding)) => Err(*finding),
    }
}

/// The history of the repository the spec is in.
pub(super) fn open<'w>(world: &'w dyn World, path: &SpecPath) -> Result<Box<dyn History + 'w>, Diagnostic> {
    world.history(&path.0).map_err(|t| trouble(&t, None))
}

/// Why there is no spec of then.
pub(super) enum Absent {
    Spec(Revision),
    Unusable(Box<Diagnostic>),
}

/// Compiles the spec that `then` holds.
pub(super) fn past(then: &dyn World, path: &SpecPath, revision: Revision) -> Result<Past, Absent> {
    match then.list(&path.0) {
        Err(t) if t.kind == TroubleKind::Missing => return Err(Absent::Spec(revision)),
        Err(t) if t.kind == TroubleKind::Name => {
            let what = format!("`{}`: {}", t.path, t.message);
            return Err(Absent::Unusable(Box::new(Diagnostic::new(&codes::NO_REPOSITORY, Span::NONE, what))));
        }
        _ => {}
    }
    let mut compiled = compile(then, path);
    if let Some(torn) = torn(then, path, &compiled) {
        return Err(Absent::Unusable(Box::new(trouble(&torn, None))));
    }
    compiled.document.sources.as_of(&revision.short);
    Ok(Past { revision, compiled })
}

/// What keeps a file of then from being read that is no fault of the spec: the repository does not have it.
fn torn(then: &dyn World, path: &SpecPath, compiled: &Compiled) -> Option<Trouble> {
    if compiled.findings.iter().all(|d| d.severity < Severity::Error) {
        return None;
    }
    let of_repository = |t: &Trouble| t.kind == TroubleKind::Repository;
    match then.list(&path.0) {
        Err(t) => Some(t).filter(of_repository),
        // A byte is enough: what is there is refused as too large, of another kind.
        Ok(entries) => entries.iter().filter_map(|e| then.read(&e.location, 1).err()).find(of_repository),
    }
}

pub(super) fn resolve(history: &dyn History, which: &Which) -> Result<Revision, Diagnostic> {
    let named = |name: &str| history.revision(name).map_err(|t| trouble(&t, Some(history)));
    match which {
        Which::At(name) => named(name),
        Which::Parting(one, two) => {
            let (one, two) = (named(one)?, named(two)?);
            history.merge_base(&one, &two).map_err(|t| trouble(&t, Some(history)))
        }
    }
}

pub(super) fn trouble(trouble: &Trouble, history: Option<&dyn History>) -> Diagnostic {
    let code: &'static Code = match trouble.kind {
        TroubleKind::Revision => &codes::NO_REVISION,
        TroubleKind::Shallow => &codes::SHALLOW,
        _ => &codes::NO_REPOSITORY,
    };
    let finding = Diagnostic::new(code, Span::NONE, format!("`{}`: {}", trouble.path, trouble.message));
    match (trouble.kind, history) {
        (TroubleKind::Revision, Some(history)) => {
            let names = history.names();
            finding.did_you_mean(&trouble.path, names.iter().map(String::as_str))
        }
        _ => finding,
    }
}

/// `abc1234 (origin/main)`.
pub(super) fn label(revision: &Revision) -> String {
    if revision.id.starts_with(&revision.name) {
        revision.short.clone()
    } else {
        format!("{} ({})", revision.short, revision.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_spelt_as_git_spells_it() {
        let parting = |a: &str, b: &str| Ok(Which::Parting(a.to_owned(), b.to_owned()));
        assert_eq!(Which::parse("v1.2~3"), Ok(Which::At("v1.2~3".to_owned())));
        assert_eq!(Which::parse(""), Ok(Which::At("HEAD".to_owned())));
        assert_eq!(Which::parse("origin/main..."), parting("origin/main", "HEAD"));
        assert_eq!(Which::parse("main...topic"), parting("main", "topic"));
        assert!(Which::parse("main..topic").unwrap_err().contains("`main...`"));
    }
}
