//! Why a rule is refused, and what is legal but hardly meant.

use std::fmt;

use super::regex::{self, GoRelease};
use super::{Action, Names};

/// A rule that the program it is for would refuse to load, or that means something else there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    /// `regex: ""` in a custom resource, which becomes `(.*)`.
    EmptyRegexInCr,
    Regex(regex::Error),
    /// The action or the field `if` is vmagent's own.
    OnlyVmagent(&'static str),
    SourceLabel(String),
    MissingTarget(Action),
    Target {
        action: Action,
        target: String,
        names: Names,
    },
    LabelMapReplacement {
        replacement: String,
        names: Names,
    },
    ZeroModulus,
    ReplacementSet(Action),
    /// `keepequal` and `dropequal` take source labels and a target only.
    OnlySourceAndTarget(Action),
    /// `labeldrop` and `labelkeep` take a regex only.
    OnlyRegex(Action),
    MissingSource(Action),
    FewSources(Action),
    /// `source_labels`, `target_label` or `regex` where the action takes none.
    Needless {
        action: Action,
        field: &'static str,
    },
    MissingRegex(Action),
    Condition {
        selector: String,
        message: String,
    },
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleError::EmptyRegexInCr => {
                f.write_str("`regex: \"\"` in a custom resource becomes `(.*)` and matches everything")
            }
            RuleError::Regex(error) => error.fmt(f),
            RuleError::OnlyVmagent(what) => write!(f, "only vmagent knows `{what}`, Prometheus refuses it"),
            RuleError::SourceLabel(name) => write!(f, "`{name}` is not a valid label name"),
            RuleError::MissingTarget(action) => write!(f, "`{}` needs a target label", action.name()),
            RuleError::Target { action, target, .. } => {
                write!(f, "`{target}` is not a valid target label of `{}`", action.name())
            }
            RuleError::LabelMapReplacement { replacement, .. } => {
                write!(f, "`{replacement}` is not a valid label name to map to")
            }
            RuleError::ZeroModulus => f.write_str("`hashmod` needs a modulus above 0"),
            RuleError::ReplacementSet(action) => write!(f, "`{}` takes no replacement", action.name()),
            RuleError::OnlySourceAndTarget(action) => {
                write!(f, "`{}` takes source labels and a target label and nothing else", action.name())
            }
            RuleError::OnlyRegex(action) => write!(f, "`{}` takes a regex and nothing else", action.name()),
            RuleError::MissingSource(action) => write!(f, "`{}` needs source labels", action.name()),
            RuleError::FewSources(action) => write!(f, "`{}` needs two source labels or more", action.name()),
            RuleError::Needless { action, field } => write!(f, "`{}` takes no `{field}`", action.name()),
            RuleError::MissingRegex(action) => write!(f, "`{}` needs a regex", action.name()),
            RuleError::Condition { selector, message } => write!(f, "`if: {selector}` is not a selector: {message}"),
        }
    }
}

impl std::error::Error for RuleError {}

impl RuleError {
    /// What to write instead.
    pub fn help(&self) -> String {
        match self {
            RuleError::EmptyRegexInCr => "write `^$` to match an empty value".into(),
            RuleError::Regex(error) => match error.fault {
                regex::Fault::InvalidPerlOp => {
                    "Go's syntax has no look-around, no back-references and only the flags i, m, s and U".into()
                }
                regex::Fault::InvalidRepeatSize => "a count goes up to 1000, nested counts multiply".into(),
                regex::Fault::InvalidEscape => "write `\\\\` for a backslash; a letter is escaped by nothing".into(),
                _ => "the syntax is Go's, https://github.com/google/re2/wiki/Syntax".into(),
            },
            RuleError::OnlyVmagent(_) => "move the rule to a relay, or write it with Prometheus' actions".into(),
            RuleError::Target { names: Names::Legacy, .. }
            | RuleError::LabelMapReplacement { names: Names::Legacy, .. } => {
                "letters, digits and `_`, not beginning with a digit; `$1` and `${1}` where a template is allowed"
                    .into()
            }
            RuleError::SourceLabel(_) | RuleError::Target { .. } | RuleError::LabelMapReplacement { .. } => {
                "a label name is not empty; before Prometheus 3 it is letters, digits and `_`".into()
            }
            RuleError::MissingTarget(_) => "add the label the result is written to".into(),
            RuleError::ZeroModulus => "set the modulus to the number of shards".into(),
            RuleError::ReplacementSet(_)
            | RuleError::OnlySourceAndTarget(_)
            | RuleError::OnlyRegex(_)
            | RuleError::Needless { .. } => "remove the other fields; they would be refused, not ignored".into(),
            RuleError::MissingSource(_) | RuleError::FewSources(_) => "name the labels the value is taken from".into(),
            RuleError::MissingRegex(_) => "list the metric names as a regex, or write an `if`".into(),
            RuleError::Condition { .. } => "write a series selector, `up{job=~\"node.*\"}`".into(),
        }
    }
}

/// Legal, and most likely a mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lint {
    /// A reference that always expands to nothing: `$1_x` refers to a group *named* `1_x`.
    UnknownReference { field: &'static str, reference: String },
    /// Binaries built with an older Go refuse the regex.
    NewerGo(GoRelease),
    /// prometheus-operator 0.86 and later refuses templated targets when the Prometheus is a 2.x.
    TemplatedTarget,
    /// Matches only the empty value; in a file that is what is written, and rarely what is meant.
    EmptyRegex,
}
