//! From a rule as written to a rule that can be applied.

use std::sync::Arc;

use crate::diag::Origin;

use super::regex::{Cache, Regex, Template};
use super::vmagent::{self, Vm};
use super::{Action, Condition, Dialect, Lint, Names, Rule, RuleError, Written};

/// A rule ready to be applied.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub(super) action: Action,
    pub(super) op: Op,
    pub(super) source: Vec<Arc<str>>,
    pub(super) separator: Box<str>,
    pub(super) condition: Option<Condition>,
    origin: Origin,
    lints: Vec<Lint>,
}

#[derive(Debug, Clone)]
pub(super) enum Op {
    Replace { matcher: Matcher, target: Target, value: Value, dialect: Dialect },
    Keep(Matcher),
    Drop(Matcher),
    KeepEqual(Arc<str>),
    DropEqual(Arc<str>),
    HashMod { modulus: u64, target: Arc<str> },
    LabelMap { matcher: Matcher, template: Template },
    LabelDrop(Matcher),
    LabelKeep(Matcher),
    Lowercase(Arc<str>),
    Uppercase(Arc<str>),
    Vm(Vm),
}

#[derive(Debug, Clone)]
pub(super) struct Matcher {
    pub(super) regex: Regex,
    /// The pattern is `(.*)`: it matches whatever holds no newline or, with the flag, anything.
    pub(super) everything: Option<Newlines>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newlines {
    Too,
    Not,
}

#[derive(Debug, Clone)]
pub(super) enum Target {
    /// Valid, as checked when the rule was compiled.
    Name(Arc<str>),
    /// And as it is written.
    Template(Template, Arc<str>),
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Constant(Arc<str>),
    /// `$1` of `(.*)`: the joined value as it is.
    Whole,
    Template(Template),
}

impl Rule {
    /// Checks the rule as the program it is for does, and compiles its regex.
    ///
    /// # Errors
    /// What the program would refuse when it loads the rule, and `regex: ""` in a custom resource,
    /// which it would not refuse but never sees.
    pub fn compile(&self, dialect: Dialect, written: Written, cache: &Cache) -> Result<Compiled, RuleError> {
        if written == Written::CustomResource && self.regex.as_deref() == Some("") {
            return Err(RuleError::EmptyRegexInCr);
        }
        let mut compiled = if dialect.is_vmagent() {
            vmagent::compile(self, cache)?
        } else {
            self.compile_prometheus(dialect, cache)?
        };
        if self.regex.as_deref() == Some("") && !matches!(self.action, Some(Action::Lowercase | Action::Uppercase)) {
            compiled.lints.push(Lint::EmptyRegex);
        }
        if written == Written::CustomResource
            && dialect.is_prometheus2()
            && self.target_label.as_ref().is_some_and(|target| target.contains('$'))
        {
            compiled.lints.push(Lint::TemplatedTarget);
        }
        Ok(compiled)
    }

    fn compile_prometheus(&self, dialect: Dialect, cache: &Cache) -> Result<Compiled, RuleError> {
        let action = self.action.unwrap_or_default();
        if !action.is_prometheus() {
            return Err(RuleError::OnlyVmagent(action.name()));
        }
        if !self.condition.is_empty() {
            return Err(RuleError::OnlyVmagent("if"));
        }
        self.check(action, dialect)?;
        let matcher = Matcher::new(self.regex.as_deref(), dialect, cache)?;
        let target: Arc<str> = self.target_label.as_deref().unwrap_or_default().into();
        let mut lints: Vec<Lint> = matcher.regex.since().map(Lint::NewerGo).into_iter().collect();
        let mut template = |text: &str, field| {
            let template = Template::new(text, &matcher.regex);
            let unknown = template.unknown().iter().cloned();
            lints.extend(unknown.map(|reference| Lint::UnknownReference { field, reference }));
            template
        };
        let replacement = self.replacement.as_deref().unwrap_or("$1");
        let op = match action {
            Action::Replace => {
                let value = template(replacement, "replacement");
                let value = match value.constant() {
                    Some(text) => Value::Constant(text.into()),
                    None if matcher.everything.is_some() && value.is_group(1) => Value::Whole,
                    None => Value::Template(value),
                };
                let name = if target.contains('$') {
                    Target::Template(template(&target, "target_label"), target)
                } else {
                    Target::Name(target)
                };
                Op::Replace { matcher, target: name, value, dialect }
            }
            Action::LabelMap => {
                let template = template(replacement, "replacement");
                Op::LabelMap { matcher, template }
            }
            Action::Keep => Op::Keep(matcher),
            Action::Drop => Op::Drop(matcher),
            Action::LabelDrop => Op::LabelDrop(matcher),
            Action::LabelKeep => Op::LabelKeep(matcher),
            Action::KeepEqual => Op::KeepEqual(target),
            Action::DropEqual => Op::DropEqual(target),
            Action::HashMod => Op::HashMod { modulus: self.modulus.unwrap_or(0), target },
            Action::Lowercase => Op::Lowercase(target),
            _ => Op::Uppercase(target),
        };
        Ok(Compiled::new(self, action, op, lints))
    }

    /// Prometheus' own validation of a rule.
    fn check(&self, action: Action, dialect: Dialect) -> Result<(), RuleError> {
        use Action::{DropEqual, HashMod, KeepEqual, LabelDrop, LabelKeep, LabelMap, Lowercase, Replace, Uppercase};
        let names = dialect.names();
        // Prometheus 3 reads any text as a source label, whatever the scheme.
        let sources = if dialect.is_prometheus2() { Names::Legacy } else { Names::Utf8 };
        if let Some(label) = self.source_labels.iter().find(|label| !sources.allow(label)) {
            return Err(RuleError::SourceLabel(label.clone()));
        }
        let target = self.target_label.as_deref().unwrap_or_default();
        let default_replacement = self.replacement.as_deref().is_none_or(|text| text == "$1");
        let default_separator = self.separator.as_deref().is_none_or(|text| text == ";");
        let modulus = self.modulus.unwrap_or(0);
        if action == HashMod && modulus == 0 {
            return Err(RuleError::ZeroModulus);
        }
        if matches!(action, Replace | HashMod | Lowercase | Uppercase | KeepEqual | DropEqual) {
            if target.is_empty() {
                return Err(RuleError::MissingTarget(action));
            }
            let valid = if action == Replace && target.contains('$') {
                names.allow_template(target)
            } else {
                names.allow(target)
            };
            if !valid {
                return Err(RuleError::Target { action, target: target.to_owned(), names });
            }
        }
        if matches!(action, Lowercase | Uppercase) && !default_replacement {
            return Err(RuleError::ReplacementSet(action));
        }
        if action == LabelMap {
            let replacement = self.replacement.as_deref().unwrap_or("$1");
            if !names.allow_template(replacement) {
                return Err(RuleError::LabelMapReplacement { replacement: replacement.to_owned(), names });
            }
        }
        if matches!(action, KeepEqual | DropEqual)
            && (self.regex.is_some() || modulus != 0 || !default_separator || !default_replacement)
        {
            return Err(RuleError::OnlySourceAndTarget(action));
        }
        if matches!(action, LabelDrop | LabelKeep)
            && (!self.source_labels.is_empty()
                || !target.is_empty()
                || modulus != 0
                || !default_separator
                || !default_replacement)
        {
            return Err(RuleError::OnlyRegex(action));
        }
        Ok(())
    }
}

impl Compiled {
    pub(super) fn new(rule: &Rule, action: Action, op: Op, lints: Vec<Lint>) -> Self {
        Compiled {
            action,
            op,
            source: rule.source_labels.iter().map(|label| Arc::from(label.as_str())).collect(),
            separator: rule.separator.as_deref().unwrap_or(";").into(),
            condition: None,
            origin: rule.origin,
            lints,
        }
    }

    pub fn action(&self) -> Action {
        self.action
    }

    /// Where the rule was written.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// What is legal and most likely a mistake.
    pub fn lints(&self) -> &[Lint] {
        &self.lints
    }
}

impl Matcher {
    fn new(regex: Option<&str>, dialect: Dialect, cache: &Cache) -> Result<Self, RuleError> {
        let pattern = regex.unwrap_or("(.*)");
        let regex = cache.regex(pattern, dialect.paste()).map_err(RuleError::Regex)?;
        let newlines = if dialect.is_prometheus2() { Newlines::Not } else { Newlines::Too };
        Ok(Matcher { regex, everything: (pattern == "(.*)").then_some(newlines) })
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        match self.everything {
            Some(Newlines::Too) => true,
            Some(Newlines::Not) => !text.contains('\n'),
            None => self.regex.is_match(text),
        }
    }
}
