//! Stable names of faults.

/// A kind of fault: a stable id and everything `watershed explain ID` prints.
///
/// Ids are three capital letters for the phase that finds it and a number, `REF104`. Each phase
/// keeps its own in a `codes.rs` beside the checks that raise them; a test holds the union unique
/// and sorted.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    pub id: &'static str,
    pub severity: Severity,
    pub stage: Stage,
    /// What the fault is, in one line: "a key the language does not know".
    pub title: &'static str,
    /// Why it matters in monitoring terms. May be empty where every message brings its own.
    pub why: &'static str,
    /// What to do. May be empty where every message brings its own.
    pub help: &'static str,
    /// Whether an `allow` node may take it back. Never for faults of form and reference.
    pub allowable: bool,
}

impl Code {
    /// An error that cannot be allowed: a fault of form or reference.
    pub const fn error(
        id: &'static str,
        stage: Stage,
        title: &'static str,
        why: &'static str,
        help: &'static str,
    ) -> Self {
        Code { id, severity: Severity::Error, stage, title, why, help, allowable: false }
    }

    /// A warning that an `allow` node may take back.
    pub const fn warning(
        id: &'static str,
        stage: Stage,
        title: &'static str,
        why: &'static str,
        help: &'static str,
    ) -> Self {
        Code { id, severity: Severity::Warning, stage, title, why, help, allowable: true }
    }

    /// A remark that an `allow` node may take back.
    pub const fn info(
        id: &'static str,
        stage: Stage,
        title: &'static str,
        why: &'static str,
        help: &'static str,
    ) -> Self {
        Code { id, severity: Severity::Info, stage, title, why, help, allowable: true }
    }

    /// The same code, open to `allow`.
    pub const fn allowable(self) -> Self {
        Code { allowable: true, ..self }
    }
}

/// Ordered from mild to grave, so that `severity >= fail_on` reads as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// The phase that finds a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Syntax,
    Spec,
    Fleet,
    Plan,
    Objects,
    Output,
    /// How a command was called: nothing of the spec is wrong.
    Usage,
    Live,
}
