//! Positions, provenance and diagnostics: what every phase speaks.
//!
//! A message lives with the check that raises it; this module only knows how a diagnostic is
//! built, collected, suppressed and ordered. Renderers are in `report/`.

mod code;
mod origin;
mod sink;
mod source;
mod suggest;
pub mod shown;
pub mod veil;

pub use code::{Code, Severity, Stage};
pub use origin::{Origin, Origins, Sourced, Why};
pub use sink::{Allowed, Sink};
pub use source::{FileId, Position, Sources, Span};
pub use suggest::nearest;

/// One finding. `what` says what is wrong, `why` why it matters to the people who run the fleet,
/// `help` what to write instead. Never a position-less message: findings about no line of a spec
/// (an output folder, say) carry `Span::NONE` and name the path in `what`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: &'static Code,
    pub severity: Severity,
    /// The smallest span that has to change.
    pub at: Span,
    /// What stands under the primary span in a rendered snippet.
    pub at_label: String,
    /// Secondary places: what it conflicts with, or the level a value came from.
    pub labels: Vec<Label>,
    pub what: String,
    pub why: String,
    pub help: String,
    pub fix: Option<Fix>,
    /// Text that no renderer may show, in the snippet of this finding or of any other: a credential.
    pub hidden: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// A replacement a machine may apply as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub span: Span,
    pub replacement: String,
    pub title: String,
}

impl Diagnostic {
    /// A finding with the severity, the why and the help its code declares; each can be replaced.
    pub fn new(code: &'static Code, at: Span, what: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity,
            at,
            at_label: String::new(),
            labels: Vec::new(),
            what: what.into(),
            why: code.why.to_owned(),
            help: code.help.to_owned(),
            fix: None,
            hidden: None,
        }
    }

    /// The text shown under the primary span.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Self {
        self.at_label = text.into();
        self
    }

    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    #[must_use]
    pub fn fix(mut self, span: Span, replacement: impl Into<String>, title: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into(), title: title.into() });
        self
    }

    /// Keeps the text at `span` out of everything that is printed.
    #[must_use]
    pub fn hide(mut self, span: Span) -> Self {
        self.hidden = Some(span);
        self
    }

    /// The finding with `*` over credentials in URLs, wherever its words repeat them.
    #[must_use]
    pub fn veiled(&self) -> Self {
        let mut found = self.clone();
        let words = [&mut found.what, &mut found.at_label, &mut found.why, &mut found.help].into_iter();
        let labels = found.labels.iter_mut().map(|l| &mut l.text);
        let fix = found.fix.iter_mut().flat_map(|f| [&mut f.replacement, &mut f.title]);
        for text in words.chain(labels).chain(fix) {
            if let Some(veiled) = veil::veiled(text) {
                *text = veiled;
            }
        }
        found
    }

    /// Replaces the help by "did you mean …?" where a known word is near `word`.
    #[must_use]
    pub fn did_you_mean<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(word, known) {
            Some(near) => {
                let help = format!("did you mean `{near}`?");
                self.help(help)
            }
            None => self,
        }
    }
}
