//! The rules of vmagent (VictoriaMetrics `lib/promrelabel`).
//!
//! They differ from Prometheus' in more than the extra actions: anchors are taken off a regex and
//! put back, matching lets `.` match a newline and groups are captured without that, no target name
//! is checked, an empty value stays a label until the end of the chain, and `hashmod` hashes with
//! XXH64. `labelmap_all` may give vmagent two labels of one name; here the later one counts.

use std::sync::Arc;

use super::compile::{Compiled, Op};
use super::regex::{Cache, Paste, Regex, Template, is_everything};
use super::{Action, Condition, Labels, Lint, Rule, RuleError, case, hash};

#[derive(Debug, Clone)]
pub(super) struct Vm {
    /// `(.*)` or the like, for which groups are not asked.
    default: bool,
    /// Anchored, `.` matches a newline.
    matcher: Regex,
    /// Anchored, `.` matches no newline.
    groups: Regex,
    /// As written.
    bare: Regex,
    modulus: u64,
    target: Arc<str>,
    target_template: Option<Template>,
    replacement: Arc<str>,
    template: Template,
    bare_template: Template,
}

pub(super) fn compile(rule: &Rule, cache: &Cache) -> Result<Compiled, RuleError> {
    let action = rule.action.unwrap_or_default();
    check(rule, action)?;
    let conditions = rule.condition.iter().map(|text| Condition::parse(text, cache));
    let condition = Condition::any(conditions.collect::<Result<_, _>>()?);
    let pattern = rule.regex.as_deref().unwrap_or(".*");
    let default = is_everything(pattern);
    let inside_out = matches!(action, Action::ReplaceAll | Action::LabelMapAll);
    let (anchored, bare) = match (default, inside_out) {
        (true, _) => ("(.*)", ".*"),
        (false, true) => (pattern, pattern),
        (false, false) => (unanchored(pattern), unanchored(pattern)),
    };
    let regex = |text, paste| cache.regex(text, paste).map_err(RuleError::Regex);
    let bare = regex(bare, Paste::Bare)?;
    let groups = regex(anchored, Paste::Plain)?;
    let replacement = rule.replacement.as_deref().unwrap_or("$1");
    let target = rule.target_label.as_deref().unwrap_or_default();
    let target_template = target.contains('$').then(|| Template::new(target, &groups));
    let template = Template::new(replacement, &groups);
    let bare_template = Template::new(replacement, &bare);
    let mut lints: Vec<Lint> = bare.since().map(Lint::NewerGo).into_iter().collect();
    let used = if inside_out { &bare_template } else { &template };
    let mut unknown = |template: &Template, field| {
        let references = template.unknown().iter().cloned();
        lints.extend(references.map(|reference| Lint::UnknownReference { field, reference }));
    };
    if matches!(action, Action::Replace | Action::LabelMap | Action::ReplaceAll | Action::LabelMapAll) {
        unknown(used, "replacement");
    }
    if let Some(template) = &target_template {
        unknown(template, "target_label");
    }
    let vm = Vm {
        default,
        matcher: regex(anchored, Paste::DotAll)?,
        groups,
        bare,
        modulus: rule.modulus.unwrap_or(0),
        target: target.into(),
        target_template,
        replacement: replacement.into(),
        template,
        bare_template,
    };
    let mut compiled = Compiled::new(rule, action, Op::Vm(vm), lints);
    compiled.condition = condition;
    if matches!(action, Action::KeepMetrics | Action::DropMetrics) {
        compiled.source = vec!["__name__".into()];
    }
    Ok(compiled)
}

pub(super) fn apply(rule: &Compiled, vm: &Vm, labels: &mut Labels) -> bool {
    if rule.condition.as_ref().is_some_and(|condition| !condition.matches(labels)) {
        return !matches!(rule.action, Action::Keep | Action::KeepMetrics);
    }
    match rule.action {
        Action::Replace => vm.replace(&rule.joined(labels), labels),
        Action::ReplaceAll => {
            let joined = rule.joined(labels);
            let value = vm.bare.replace_all(&joined, &vm.bare_template);
            if value != *joined {
                labels.set_in_place(&vm.target, value.into());
            }
        }
        Action::Keep | Action::KeepMetrics => return vm.default || vm.matcher.is_match(&rule.joined(labels)),
        Action::Drop | Action::DropMetrics => return !vm.default && !vm.matcher.is_match(&rule.joined(labels)),
        Action::KeepEqual => return *rule.joined(labels) == *labels.get(&vm.target),
        Action::DropEqual => return *rule.joined(labels) != *labels.get(&vm.target),
        Action::KeepIfEqual => return all_equal(rule, labels),
        Action::DropIfEqual => return !all_equal(rule, labels),
        Action::KeepIfContains => return contains_all(rule, vm, labels),
        Action::DropIfContains => return !contains_all(rule, vm, labels),
        Action::HashMod => {
            let hash = hash::xxh64(&rule.joined(labels)) % vm.modulus;
            labels.set_in_place(&vm.target, hash.to_string().into());
        }
        Action::LabelMap => {
            for label in labels.visited() {
                let Some(captures) = vm.groups.captures(&label.name) else { continue };
                let name: Arc<str> = vm.template.expand(&captures).into();
                if name != label.name {
                    // Read now: vmagent sees what this very rule has written so far.
                    let value = labels.shared(&label.name).cloned().unwrap_or_default();
                    labels.set_in_place(&name, value);
                }
            }
        }
        Action::LabelMapAll => {
            let renamed: Vec<_> = labels
                .visited()
                .into_iter()
                .map(|label| (vm.bare.replace_all(&label.name, &vm.bare_template), label.value))
                .collect();
            labels.retain(|_| false);
            for (name, value) in renamed {
                // An emptied label beside another of its name goes at the end of the chain.
                if !value.is_empty() || !labels.has(&name) {
                    labels.set_in_place(&name.into(), value);
                }
            }
        }
        Action::LabelDrop => labels.retain(|label| !vm.matcher.is_match(&label.name)),
        Action::LabelKeep => labels.retain(|label| vm.matcher.is_match(&label.name)),
        Action::Lowercase => labels.set_in_place(&vm.target, case::lower(&rule.joined(labels)).into()),
        Action::Uppercase => labels.set_in_place(&vm.target, case::upper(&rule.joined(labels)).into()),
    }
    true
}

impl Vm {
    fn replace(&self, joined: &Arc<str>, labels: &mut Labels) {
        let filled = self.replacement.contains("{{").then(|| fill(&self.replacement, labels));
        let replacement = filled.as_deref().unwrap_or(&self.replacement);
        if self.default && self.target_template.is_none() {
            if replacement == "$1" {
                labels.set_in_place(&self.target, joined.clone());
                return;
            }
            if !self.replacement.contains('$') {
                labels.set_in_place(&self.target, replacement.into());
                return;
            }
        }
        if !self.matcher.is_match(joined) {
            return;
        }
        // None for a value with a newline that only the matcher's `.` matches.
        let captures = self.groups.captures(joined);
        let value: Arc<str> = match (&filled, &captures) {
            (None, Some(captures)) => self.template.expand(captures).into(),
            (None, None) => joined.clone(),
            (Some(text), Some(captures)) => Template::new(text, &self.groups).expand(captures).into(),
            (Some(text), None) => Template::new(text, &self.groups).expand_unmatched().into(),
        };
        let name: Arc<str> = match (&self.target_template, &captures) {
            (None, _) => self.target.clone(),
            (Some(template), Some(captures)) => template.expand(captures).into(),
            (Some(template), None) => template.expand_unmatched().into(),
        };
        labels.set_in_place(&name, value);
    }
}

/// `{{label}}` replaced by the label's value.
fn fill(replacement: &str, labels: &Labels) -> String {
    let mut out = String::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            break;
        };
        out.push_str(labels.get(name));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn all_equal(rule: &Compiled, labels: &Labels) -> bool {
    rule.source.windows(2).all(|pair| labels.get(&pair[0]) == labels.get(&pair[1]))
}

fn contains_all(rule: &Compiled, vm: &Vm, labels: &Labels) -> bool {
    let target = labels.get(&vm.target);
    rule.source.iter().all(|name| target.contains(labels.get(name)))
}

/// The regex without `^` in front and `$` behind.
fn unanchored(pattern: &str) -> &str {
    let mut rest = pattern.trim_start_matches('^');
    while rest.ends_with('$') && !rest.ends_with(r"\$") {
        rest = &rest[..rest.len() - 1];
    }
    rest
}

fn check(rule: &Rule, action: Action) -> Result<(), RuleError> {
    use Action::{
        Drop, DropEqual, DropIfContains, DropIfEqual, DropMetrics, HashMod, Keep, KeepEqual, KeepIfContains,
        KeepIfEqual, KeepMetrics, LabelDrop, LabelKeep, LabelMap, LabelMapAll, Lowercase, Replace, ReplaceAll,
        Uppercase,
    };
    let target = rule.target_label.as_deref().unwrap_or_default();
    let need_source = |needed: bool| match needed && rule.source_labels.is_empty() {
        true => Err(RuleError::MissingSource(action)),
        false => Ok(()),
    };
    let need_target = || match target.is_empty() {
        true => Err(RuleError::MissingTarget(action)),
        false => Ok(()),
    };
    let needless = |there: bool, field| match there {
        true => Err(RuleError::Needless { action, field }),
        false => Ok(()),
    };
    match action {
        Replace => need_target(),
        ReplaceAll | Lowercase | Uppercase => need_source(true).and_then(|()| need_target()),
        KeepIfContains | DropIfContains => {
            need_target()?;
            need_source(true)?;
            needless(rule.regex.is_some(), "regex")
        }
        KeepIfEqual | DropIfEqual => {
            if rule.source_labels.len() < 2 {
                return Err(RuleError::FewSources(action));
            }
            needless(!target.is_empty(), "target_label")?;
            needless(rule.regex.is_some(), "regex")
        }
        KeepEqual | DropEqual => {
            need_target()?;
            needless(rule.regex.is_some(), "regex")
        }
        Keep | Drop => need_source(rule.condition.is_empty()),
        HashMod => {
            need_source(true)?;
            need_target()?;
            if rule.modulus.unwrap_or(0) == 0 { Err(RuleError::ZeroModulus) } else { Ok(()) }
        }
        KeepMetrics | DropMetrics => {
            if rule.regex.as_deref().unwrap_or_default().is_empty() && rule.condition.is_empty() {
                return Err(RuleError::MissingRegex(action));
            }
            needless(!rule.source_labels.is_empty(), "source_labels")
        }
        LabelMap | LabelMapAll | LabelDrop | LabelKeep => Ok(()),
    }
}
