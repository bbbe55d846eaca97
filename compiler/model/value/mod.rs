//! Values of the language, parsed: each type knows one spelling rule and how to print itself.
//!
//! Nothing here knows keys or positions; `spec/` turns a [`Malformed`] into a diagnostic.

mod duration;
mod image;
mod name;
mod pattern;
mod place;
mod quantity;
mod selector;
mod url;
mod version;

pub use duration::Duration;
pub use image::{image, registry};
pub use name::{
    collector, id, kube_name, label_key, label_name, label_value, name, object_name, rule_id, secret_key, text, unit,
};
pub use pattern::{JobGlob, MetricGlob, NamespacePattern, NamespacePatterns, glob};
pub use place::{DestinationName, JsonPointer, NamespacedName, Target, job_class, path};
pub use quantity::{Bytes, Percent, Quantity, Rate};
pub use selector::{Clause, Selector};
pub use url::{Endpoint, Port, Url, domain, url_path};
pub use version::{Version, VersionRange};

/// Text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong, as a sentence about the text: "`90` has no unit".
    pub what: String,
    /// What to write instead.
    pub help: String,
    /// The text that was most likely meant, where there is one.
    pub instead: Option<String>,
}

impl Malformed {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Malformed { what: what.into(), help: help.into(), instead: None }
    }

    /// With the text that was most likely meant, which becomes the help.
    fn instead(what: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        if text.len() > LONGEST {
            return Malformed::new(what, "write it in the form of its key; this is too long to be meant");
        }
        Malformed { what: what.into(), help: format!("write `\"{text}\"`"), instead: Some(text) }
    }
}

/// More than this of a text is not repeated: a garbled file may have a word of megabytes.
const LONGEST: usize = 60;

/// Text as a message quotes it: in backticks, one line, not endless.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("`");
    for (n, c) in text.chars().enumerate() {
        if n == LONGEST {
            out.push('…');
            break;
        }
        match c {
            '`' => out.push('\''),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_megabytes_makes_a_short_message() {
        let long = "9".repeat(1 << 20);
        for malformed in [
            Duration::parse(&long).unwrap_err(),
            Bytes::parse(&long).unwrap_err(),
            Version::parse(&format!("v{long}")).unwrap_err(),
            NamespacePattern::parse(&long).unwrap_err(),
            label_name(&long).unwrap_err(),
            kube_name(&long).unwrap_err(),
            Selector::parse(&format!("{long}=a b")).unwrap_err(),
            Url::parse(&long).unwrap_err(),
            JsonPointer::parse(&long).unwrap_err(),
        ] {
            assert!(format!("{malformed:?}").len() < 400, "{malformed:?}");
        }
    }

    #[test]
    fn quoted_text_is_one_line() {
        assert_eq!(quoted("a\n`b`"), "`a\\n'b'`");
    }
}
