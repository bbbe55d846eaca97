//! What a rule does.

/// An action of Prometheus or of vmagent. vmagent's `graphite` is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Action {
    #[default]
    Replace,
    Keep,
    Drop,
    KeepEqual,
    DropEqual,
    HashMod,
    LabelMap,
    LabelDrop,
    LabelKeep,
    Lowercase,
    Uppercase,
    ReplaceAll,
    LabelMapAll,
    KeepIfEqual,
    DropIfEqual,
    KeepIfContains,
    DropIfContains,
    KeepMetrics,
    DropMetrics,
}

impl Action {
    pub const ALL: [Action; 19] = [
        Action::Replace,
        Action::Keep,
        Action::Drop,
        Action::KeepEqual,
        Action::DropEqual,
        Action::HashMod,
        Action::LabelMap,
        Action::LabelDrop,
        Action::LabelKeep,
        Action::Lowercase,
        Action::Uppercase,
        Action::ReplaceAll,
        Action::LabelMapAll,
        Action::KeepIfEqual,
        Action::DropIfEqual,
        Action::KeepIfContains,
        Action::DropIfContains,
        Action::KeepMetrics,
        Action::DropMetrics,
    ];

    /// The action as it is written in a configuration file.
    pub fn name(self) -> &'static str {
        match self {
            Action::Replace => "replace",
            Action::Keep => "keep",
            Action::Drop => "drop",
            Action::KeepEqual => "keepequal",
            Action::DropEqual => "dropequal",
            Action::HashMod => "hashmod",
            Action::LabelMap => "labelmap",
            Action::LabelDrop => "labeldrop",
            Action::LabelKeep => "labelkeep",
            Action::Lowercase => "lowercase",
            Action::Uppercase => "uppercase",
            Action::ReplaceAll => "replace_all",
            Action::LabelMapAll => "labelmap_all",
            Action::KeepIfEqual => "keep_if_equal",
            Action::DropIfEqual => "drop_if_equal",
            Action::KeepIfContains => "keep_if_contains",
            Action::DropIfContains => "drop_if_contains",
            Action::KeepMetrics => "keep_metrics",
            Action::DropMetrics => "drop_metrics",
        }
    }

    /// Reads an action of a configuration file, where case does not count.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        Action::ALL.into_iter().find(|action| action.name() == text)
    }

    /// Reads an action of a custom resource, whose schema lists two spellings of each.
    pub fn parse_in_cr(text: &str) -> Option<Self> {
        let action = Action::parse(text).filter(|action| action.is_prometheus())?;
        let camel = match action {
            Action::KeepEqual => "KeepEqual",
            Action::DropEqual => "DropEqual",
            Action::HashMod => "HashMod",
            Action::LabelMap => "LabelMap",
            Action::LabelDrop => "LabelDrop",
            Action::LabelKeep => "LabelKeep",
            Action::Replace => "Replace",
            Action::Keep => "Keep",
            Action::Drop => "Drop",
            Action::Lowercase => "Lowercase",
            _ => "Uppercase",
        };
        (text == action.name() || text == camel).then_some(action)
    }

    /// Whether Prometheus knows the action; vmagent knows all.
    pub fn is_prometheus(self) -> bool {
        self <= Action::Uppercase
    }
}
