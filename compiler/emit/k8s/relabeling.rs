//! Relabel rules in the operator's spelling, and in Prometheus' own.

use crate::object::Build;
use crate::relabel::Rule;

/// A list of `RelabelConfig` under `key`; nothing for no rules.
pub fn relabelings(b: &mut Build<'_>, key: &str, rules: &[Rule]) {
    write(b, key, rules, ["sourceLabels", "targetLabel"]);
}

/// The same in the spelling of Prometheus' and vmagent's configuration files.
pub fn native(b: &mut Build<'_>, key: &str, rules: &[Rule]) {
    write(b, key, rules, ["source_labels", "target_label"]);
}

fn write(b: &mut Build<'_>, key: &str, rules: &[Rule], [sources, target]: [&str; 2]) {
    if rules.is_empty() {
        return;
    }
    b.list(key, |l| {
        for rule in rules {
            l.from(rule.origin).object("", |r| {
                if !rule.source_labels.is_empty() {
                    r.strs(sources, &rule.source_labels);
                }
                for (key, value) in [("separator", &rule.separator), ("regex", &rule.regex)] {
                    if let Some(value) = value {
                        r.str(key, value);
                    }
                }
                if let Some(modulus) = rule.modulus {
                    r.int("modulus", modulus as i64);
                }
                if let Some(label) = &rule.target_label {
                    r.str(target, label);
                }
                if let Some(replacement) = &rule.replacement {
                    r.str("replacement", replacement);
                }
                if let Some(action) = rule.action {
                    r.str("action", action.name());
                }
            });
        }
    });
}
