//! Applying rules to labels.

use std::sync::Arc;

use super::compile::{Op, Target, Value};
use super::regex::Cache;
use super::{Compiled, Dialect, Labels, Rule, RuleError, Written, case, hash, vmagent};

/// Rules of one stage, applied in order.
#[derive(Debug, Clone)]
pub struct Chain {
    rules: Vec<Compiled>,
    dialect: Dialect,
}

/// What became of a target or a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Kept,
    /// By the rule of this index; the rules behind it were not applied.
    Dropped {
        by: usize,
    },
}

/// What one rule of a chain did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub rule: usize,
    pub changes: Vec<Change>,
}

/// A label before and after; `None` where it was not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub name: Arc<str>,
    pub before: Option<Arc<str>>,
    pub after: Option<Arc<str>>,
}

impl Chain {
    /// Compiles all rules.
    ///
    /// # Errors
    /// Every rule that is refused, with its index.
    pub fn compile(
        rules: &[Rule],
        dialect: Dialect,
        written: Written,
        cache: &Cache,
    ) -> Result<Self, Vec<(usize, RuleError)>> {
        let mut compiled = Vec::with_capacity(rules.len());
        let mut errors = Vec::new();
        for (i, rule) in rules.iter().enumerate() {
            match rule.compile(dialect, written, cache) {
                Ok(rule) => compiled.push(rule),
                Err(error) => errors.push((i, error)),
            }
        }
        if errors.is_empty() { Ok(Chain { rules: compiled, dialect }) } else { Err(errors) }
    }

    /// Whose rules they are.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub fn rules(&self) -> &[Compiled] {
        &self.rules
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Applies the rules until one drops.
    ///
    /// vmagent also drops what has no label left; Prometheus leaves that to the stage.
    pub fn apply(&self, labels: &mut Labels) -> Outcome {
        labels.settle();
        self.run(labels, |_, _, _| ())
    }

    /// As [`Chain::apply`] for labels another step of the same stage has already added to: the
    /// order rules visit them in goes on.
    pub(super) fn continue_on(&self, labels: &mut Labels) -> Outcome {
        self.run(labels, |_, _, _| ())
    }

    /// As [`Chain::apply`], and tells what each rule that was applied changed. The step of the rule
    /// that drops holds no change, and so does that of a rule that did not match.
    pub fn trace(&self, labels: &mut Labels) -> (Outcome, Vec<Step>) {
        labels.settle();
        self.trace_on(labels)
    }

    /// As [`Chain::trace`] for labels another step has already added to.
    pub(super) fn trace_on(&self, labels: &mut Labels) -> (Outcome, Vec<Step>) {
        let mut steps = Vec::new();
        let mut before = labels.clone();
        let outcome = self.run(labels, |rule, after, kept| {
            let changes = if kept { changes(&before, after) } else { Vec::new() };
            steps.push(Step { rule, changes });
            before.clone_from(after);
        });
        (outcome, steps)
    }

    fn run(&self, labels: &mut Labels, mut seen: impl FnMut(usize, &Labels, bool)) -> Outcome {
        let vmagent = self.dialect.is_vmagent();
        let sorts = self.dialect.sorts_between_rules();
        let mut outcome = Outcome::Kept;
        for (by, rule) in self.rules.iter().enumerate() {
            if sorts {
                labels.settle();
            }
            let kept = rule.apply(labels) && !(vmagent && labels.is_empty());
            seen(by, labels, kept);
            if !kept {
                outcome = Outcome::Dropped { by };
                break;
            }
        }
        if vmagent && outcome == Outcome::Kept && !self.rules.is_empty() {
            labels.retain(|label| !label.name.is_empty() && !label.value.is_empty());
            if labels.is_empty() {
                outcome = Outcome::Dropped { by: self.rules.len() - 1 };
            }
        }
        // vmagent keeps the order from one list of rules to the next.
        if !vmagent {
            labels.settle();
        }
        outcome
    }
}

impl Compiled {
    /// Whether the labels are kept.
    fn apply(&self, labels: &mut Labels) -> bool {
        match &self.op {
            Op::Replace { matcher, target, value, dialect } => {
                let joined = self.joined(labels);
                match (target, value) {
                    (Target::Name(name), Value::Constant(value)) => {
                        if matcher.is_match(&joined) {
                            labels.set(name.clone(), value.clone());
                        }
                    }
                    (Target::Name(name), Value::Whole) => {
                        if matcher.is_match(&joined) {
                            labels.set(name.clone(), joined);
                        }
                    }
                    _ => {
                        let Some(captures) = matcher.regex.captures(&joined) else { return true };
                        let value: Arc<str> = match value {
                            Value::Constant(value) => value.clone(),
                            Value::Whole => joined.clone(),
                            Value::Template(template) => template.expand(&captures).into(),
                        };
                        match target {
                            Target::Name(name) => labels.set(name.clone(), value),
                            Target::Template(template, written) => {
                                let name = template.expand(&captures);
                                let valid = dialect.names().allow(&name);
                                if dialect.deletes_target_as_written() && (!valid || value.is_empty()) {
                                    labels.remove(written);
                                } else if valid {
                                    labels.set(Arc::<str>::from(name), value);
                                }
                            }
                        }
                    }
                }
                true
            }
            Op::Keep(matcher) => matcher.is_match(&self.joined(labels)),
            Op::Drop(matcher) => !matcher.is_match(&self.joined(labels)),
            Op::KeepEqual(target) => *self.joined(labels) == *labels.get(target),
            Op::DropEqual(target) => *self.joined(labels) != *labels.get(target),
            Op::HashMod { modulus, target } => {
                let hash = hash::md5(&self.joined(labels));
                labels.set(target.clone(), (hash % modulus).to_string());
                true
            }
            Op::LabelMap { matcher, template } => {
                for label in labels.visited() {
                    if matcher.is_match(&label.name) {
                        let name: Arc<str> = matcher.regex.replace_all(&label.name, template).into();
                        labels.set(name, label.value);
                    }
                }
                true
            }
            Op::LabelDrop(matcher) => {
                labels.retain(|label| !matcher.is_match(&label.name));
                true
            }
            Op::LabelKeep(matcher) => {
                labels.retain(|label| matcher.is_match(&label.name));
                true
            }
            Op::Lowercase(target) => {
                let value = case::lower(&self.joined(labels));
                labels.set(target.clone(), value);
                true
            }
            Op::Uppercase(target) => {
                let value = case::upper(&self.joined(labels));
                labels.set(target.clone(), value);
                true
            }
            Op::Vm(vm) => vmagent::apply(self, vm, labels),
        }
    }

    /// The source labels' values with the separator between them.
    pub(super) fn joined(&self, labels: &Labels) -> Arc<str> {
        match self.source.as_slice() {
            [] => Arc::default(),
            [one] => labels.shared(one).cloned().unwrap_or_default(),
            [first, rest @ ..] => {
                let mut joined = String::from(labels.get(first));
                for name in rest {
                    joined.push_str(&self.separator);
                    joined.push_str(labels.get(name));
                }
                joined.into()
            }
        }
    }
}

/// What differs, by name.
fn changes(before: &Labels, after: &Labels) -> Vec<Change> {
    let gone = before.iter().filter(|label| !after.has(&label.name)).map(|label| Change {
        name: label.name.clone(),
        before: Some(label.value.clone()),
        after: None,
    });
    let set = after.iter().filter(|label| before.shared(&label.name) != Some(&label.value)).map(|label| Change {
        name: label.name.clone(),
        before: before.shared(&label.name).cloned(),
        after: Some(label.value.clone()),
    });
    let mut changes: Vec<Change> = gone.chain(set).collect();
    changes.sort_by(|a, b| a.name.cmp(&b.name));
    changes
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
