//! A rule as it is written.

use std::fmt;

use crate::diag::Origin;

use super::Action;
use super::regex::Paste;

/// One entry of `relabel_configs`, `metricRelabelings` and the like. A field that is not written is
/// `None` or empty; written and empty are different from not written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    pub source_labels: Vec<String>,
    pub separator: Option<String>,
    /// vmagent's list form is the list joined with `|`, see [`Rule::regex_of`].
    pub regex: Option<String>,
    pub modulus: Option<u64>,
    pub target_label: Option<String>,
    pub replacement: Option<String>,
    pub action: Option<Action>,
    /// vmagent's `if`: series selectors, one of which has to match.
    pub condition: Vec<String>,
    pub origin: Origin,
}

/// Whose rules they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// Prometheus 2.41 up to 2.55, by its minor version.
    Prometheus2 {
        minor: u32,
    },
    /// Prometheus 3, by its minor version. `names` is the name validation scheme in force; before
    /// 3.2 targets of rules are legacy whatever it says.
    Prometheus3 {
        minor: u32,
        names: Names,
    },
    Vmagent,
}

impl Dialect {
    /// The last Prometheus 2.
    pub const PROMETHEUS2: Dialect = Dialect::Prometheus2 { minor: 55 };

    /// A new Prometheus 3 as it comes.
    pub const PROMETHEUS3: Dialect = Dialect::Prometheus3 { minor: 14, names: Names::Utf8 };

    pub fn is_vmagent(self) -> bool {
        self == Dialect::Vmagent
    }

    pub(super) fn names(self) -> Names {
        match self {
            Dialect::Prometheus2 { .. } => Names::Legacy,
            Dialect::Prometheus3 { names, .. } => names,
            Dialect::Vmagent => Names::Utf8,
        }
    }

    pub(super) fn paste(self) -> Paste {
        if self.is_prometheus2() { Paste::Plain } else { Paste::DotAll }
    }

    pub(super) fn is_prometheus2(self) -> bool {
        matches!(self, Dialect::Prometheus2 { .. })
    }

    /// Each rule visits all labels by name, those too that rules before it have added.
    pub(super) fn sorts_between_rules(self) -> bool {
        self.is_before(43)
    }

    /// `exported_` is repeated until the name is neither exposed, empty or not, nor the target's.
    pub(super) fn counts_empty_exposed_labels(self) -> bool {
        self.is_before(44)
    }

    /// `replace` with an empty result, or a target that turns out to be no name, deletes the label
    /// called as `target_label` is written.
    pub(super) fn deletes_target_as_written(self) -> bool {
        self.is_before(50)
    }

    /// What has no label left behind write rules is not sent.
    pub(super) fn sends_no_empty_series(self) -> bool {
        self.is_before(51)
    }

    /// Metric rules visit the merged labels by name, and not the exposed ones first.
    pub(super) fn sorts_merged_labels(self) -> bool {
        match self {
            Dialect::Prometheus2 { .. } => true,
            Dialect::Prometheus3 { minor, .. } => minor < 10,
            Dialect::Vmagent => false,
        }
    }

    /// Write rules visit all labels by name, and not external ones last.
    pub(super) fn sorts_external_labels(self) -> bool {
        self.is_before(51)
    }

    fn is_before(self, version: u32) -> bool {
        matches!(self, Dialect::Prometheus2 { minor } if minor < version)
    }
}

/// Which label names are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Names {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`
    Legacy,
    /// Any text but the empty one.
    Utf8,
}

impl Names {
    pub fn allow(self, name: &str) -> bool {
        match self {
            Names::Legacy => {
                !name.starts_with(|c: char| c.is_ascii_digit())
                    && !name.is_empty()
                    && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
            }
            Names::Utf8 => !name.is_empty(),
        }
    }

    /// As [`Names::allow`] for a name that may hold `$name` and `${name}`.
    pub fn allow_template(self, template: &str) -> bool {
        if self == Names::Utf8 {
            return self.allow(template);
        }
        let word = |b: u8| b == b'_' || b.is_ascii_alphanumeric();
        let bytes = template.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            if bytes[i] == b'$' {
                let braced = bytes.get(i + 1) == Some(&b'{');
                let from = i + 1 + usize::from(braced);
                let length = bytes[from..].iter().take_while(|b| word(**b)).count();
                let closed = !braced || bytes.get(from + length) == Some(&b'}');
                if length == 0 || !closed {
                    return false;
                }
                i = from + length + usize::from(braced);
            } else if word(bytes[i]) && (i > 0 || !bytes[i].is_ascii_digit()) {
                i += 1;
            } else {
                return false;
            }
        }
        !template.is_empty()
    }
}

/// Where a rule is written, which decides what reaches the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Written {
    /// In a configuration file.
    File,
    /// In a custom resource that prometheus-operator turns into a file: it leaves out `regex: ""`,
    /// which then means `(.*)`.
    CustomResource,
}

impl Rule {
    pub fn new(action: Action) -> Self {
        Rule { action: Some(action), ..Rule::default() }
    }

    #[must_use]
    pub fn source<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Self {
        self.source_labels = labels.into_iter().map(Into::into).collect();
        self
    }

    #[must_use]
    pub fn separator(mut self, separator: impl Into<String>) -> Self {
        self.separator = Some(separator.into());
        self
    }

    #[must_use]
    pub fn regex(mut self, regex: impl Into<String>) -> Self {
        self.regex = Some(regex.into());
        self
    }

    /// vmagent's list-valued regex.
    #[must_use]
    pub fn regex_of(self, list: &[&str]) -> Self {
        self.regex(list.join("|"))
    }

    #[must_use]
    pub fn modulus(mut self, modulus: u64) -> Self {
        self.modulus = Some(modulus);
        self
    }

    #[must_use]
    pub fn target(mut self, label: impl Into<String>) -> Self {
        self.target_label = Some(label.into());
        self
    }

    #[must_use]
    pub fn replacement(mut self, template: impl Into<String>) -> Self {
        self.replacement = Some(template.into());
        self
    }

    #[must_use]
    pub fn when(mut self, selector: impl Into<String>) -> Self {
        self.condition.push(selector.into());
        self
    }

    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }
}

/// What it does, in one line: `keep namespace=~"a|b"`, `replace namespace=~"a.*" → owner="1"`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = self.action.unwrap_or_default();
        write!(f, "{}", action.name())?;
        if !self.source_labels.is_empty() {
            write!(f, " {}", self.source_labels.join(self.separator.as_deref().unwrap_or(";")))?;
        }
        if let Some(regex) = &self.regex {
            let between = if self.source_labels.is_empty() { " " } else { "" };
            write!(f, "{between}=~{regex:?}")?;
        }
        if let Some(target) = &self.target_label {
            write!(f, " → {target}")?;
            if let Some(replacement) = &self.replacement {
                write!(f, "={replacement:?}")?;
            }
        }
        self.condition.iter().try_for_each(|condition| write!(f, " if {condition}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_scheme() {
        for (name, legacy) in [("a", true), ("_1", true), ("1a", false), ("a-b", false), ("a:b", false), ("é", false)]
        {
            assert_eq!(Names::Legacy.allow(name), legacy, "{name}");
            assert!(Names::Utf8.allow(name), "{name}");
        }
        assert!(!Names::Legacy.allow("") && !Names::Utf8.allow(""));
    }

    #[test]
    fn legacy_targets_may_hold_references() {
        for template in ["label_${1}", "$1", "${name}_x", "a$1b", "$1_${2}", "_"] {
            assert!(Names::Legacy.allow_template(template), "{template}");
        }
        for template in ["", "1$1", "a-$1", "$", "${}", "${a", "$$", "${a-b}", "a:$1"] {
            assert!(!Names::Legacy.allow_template(template), "{template}");
        }
    }
}
