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
    collector, id, kube_name, label_key, label_name, label_value, name, object_name, rule_id, secret_key, unit,
};
pub use pattern::{JobGlob, MetricGlob, NamespacePattern, glob};
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
        Malformed { what: what.into(), help: format!("write `\"{text}\"`"), instead: Some(text) }
    }
}

/// Text as a message quotes it: in backticks, one line, not endless.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
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
